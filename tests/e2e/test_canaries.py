# SPDX-License-Identifier: MIT
"""Secrets that were marked, and a search for them in all that we write, say and keep."""
import base64
import json
import os
import urllib.parse

from bare_phone import http_get, subscribe
from canaries import Canaries, writable_memory
from lab import Skip

# Every letter of them that some spelling changes, and a middle that no other text has.
TYPED = "c4nary-t & <w> \"k\" 'z' %20 +é"
OTHER = "c4nary-i & <q> \"v\" 'j' %41 +ö"
OFFERED = "c4nary-o%26w%3Ck%3E%20z"


def token_of(url):
    return url.rstrip("/").rsplit("/", 1)[1]


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


class Office:
    """A daemon that was given marked secrets, and the phone that got some of them."""

    def __init__(self, lab):
        self.lab = lab
        self.desk, self.other = lab.desk(1), lab.desk(2)
        self.canaries = Canaries()
        self.pnpd = lab.pnpd(self.config(), start=False)
        self.said = {}  # command → all that it said

    @staticmethod
    def config(more=""):
        return (f"log = debug\n{more}[profile elsewhere]\nvendor = snom\n"
                f"offer_url = http://admin:{OFFERED}@192.168.77.9/x/\n")

    def command(self, *words, stdin=None):
        done = self.pnpd.ctl(*words, check=False, stdin=stdin)
        self.said[" ".join(map(str, words))] = done.stdout + done.stderr
        return done

    def fill(self):
        """Secrets come in by every door."""
        self.canaries.add("typed password", TYPED)
        self.canaries.add("other password", OTHER)
        self.canaries.add("password of the offer_url", OFFERED)
        self.pnpd.start()
        assert self.command("extension", "add", "201", "--password-stdin",
                                stdin=TYPED + "\n").returncode == 0
        assert self.command("extension", "add", "202", "--name", "Second", "--password-stdin",
                            stdin=OTHER + "\n").returncode == 0
        table = write(f"{self.lab.folder}/phones.csv",
                      f"mac,extensions,name\n{self.other.mac},202 203,Second\n")
        assert self.command("import", table).returncode == 0, self.said
        assert self.command("assign", self.desk.mac, "201").returncode == 0

    def come_up(self):
        """A bare phone takes its URL and its file, as they are on the wire."""
        phone = self.lab.bare_phone(self.desk)
        url = phone.offered_url(subscribe(self.desk.mac, self.desk.address, 60000))
        self.canaries.add_token("first token", token_of(url))
        name = f"cfg{self.desk.mac}.xml"
        file = http_get(self.desk, url + name)
        assert b"c4nary-t &amp; &lt;w&gt;" in file, file
        steady = file.split(b"/p/")[1].split(b"<")[0].split(b"/")[0].decode()
        self.canaries.add_token("steady token", steady)
        again = http_get(self.desk, url.replace(token_of(url), steady) + name)
        assert again.startswith(b"HTTP/1.1 200"), again
        phone.close()
        return url, steady

    def provoke(self, url, steady):
        """Errors that could repeat what they were given."""
        token = token_of(url)
        for path in (f"/p/{token}/../{token}/passwd", f"/p/{steady}/cfg%00{steady}.xml",
                     f"/p/{steady}/{steady}/x", f"/p/{steady}/{token}", f"/{steady}",
                     f"/boot/htek/{steady}",
                     f"/p/{steady}/cfg{self.other.mac}.xml", f"/p/{token}/cfg{self.desk.mac}.xml",
                     f"/p/{steady}x/cfg{self.desk.mac}.xml", f"/?token={steady}",
                     f"/p/{steady}/cfg{self.desk.mac}.xml?token={token}"):
            http_get(self.desk, url, path, more=f"Cookie: {token}\r\n")
            http_get(self.other, url, path)
        # A table with a column of passwords, as other products export it, is refused.
        rows = ['"' + TYPED.replace('"', '""') + '"', OTHER, f'"{OTHER}', f'"{TYPED}" more']
        for number, row in enumerate(rows):
            for table in (f"mac,extensions,name,password\n001fc10000ff,20x,N,{row}\n",
                          f"mac,extensions,name,password\nno-mac,203,N,{row}\n",
                          f"mac,extensions,name,password\n001fc10000ff,203,N,N,{row}\n",
                          f"mac,extensions,password\n001fc10000ff,{row},203\n"):
                self.command("import", write(f"{self.lab.folder}/bad{number}.csv", table))
        self.command("extension", "add", "201", "--password-stdin", stdin=TYPED + "\n")
        self.command("extension", "add", "2 01", "--password-stdin", stdin=TYPED + "\n")
        self.command("extension", "add", "204", "--password-stdin", stdin=TYPED + "\x01\n")
        self.command("extension", "add", "204", "--password-stdin", stdin=TYPED + "\n" + TYPED)
        for bad in (f"offer_url = gopher://a:{OFFERED}@h/\n", f"offer_url = http://a:{OFFERED}@/\n",
                    f"offer_url = http://a:{OFFERED}@h/{{{{nothing}}}}\n",
                    f"offer_ulr = http://a:{OFFERED}@h/\n", f"offer_url http://a:{OFFERED}@h/\n"):
            self.pnpd.configure(self.config() + bad)
            assert self.command("reload").returncode == 1, (bad, self.said["reload"])
            self.said[f"reload with {bad[:12]}"] = self.said.pop("reload")
        self.pnpd.configure(self.config())
        folder = f"{self.pnpd.vendors}/htek"
        write(f"{folder}/base.mustache", "{{>htek/base}}\n<P9999>{{#lines}}{{password}}</P9998>\n")
        assert self.command("reload").returncode == 1, self.said["reload"]
        write(f"{folder}/base.mustache", "{{>htek/base}}\n<P9999>oops\n")
        assert self.command("reload").returncode == 1, self.said["reload"]
        os.remove(f"{folder}/base.mustache")
        assert self.command("reload").returncode == 0, self.said["reload"]

    def ask_everything(self):
        """All that a console, a script or a page can ask for, except `--reveal`."""
        for words in (("status",), ("show", "devices"), ("show", "device", self.desk.mac),
                      ("show", "device", self.other.mac), ("explain", self.desk.mac),
                      ("explain", self.other.mac), ("show", "extensions"), ("show", "audit"),
                      ("show", "tokens"), ("show", "rules"), ("show", "enrolments"),
                      ("show", "penalties"), ("show", "certificate"), ("show", "ca"), ("probe",),
                      ("export",), ("export", "audit"), ("help",), ("version",),
                      ("render", self.desk.mac, f"cfg{self.desk.mac}.xml")):
            self.command(*words)
            self.command(*words, "--json")

    def places(self):
        """Each place to search, with what stands there."""
        for words, text in self.said.items():
            yield f"what `pnp {words}` says", text.encode()
        yield "the log", self.pnpd.log().encode()
        for name in sorted(os.listdir(self.pnpd.data)):
            with open(os.path.join(self.pnpd.data, name), "rb") as file:
                yield name, file.read()

    def assert_nowhere(self, places):
        leaks = [f"{place}: {name} ({', '.join(sorted(kinds))})" for place, data in places
                 for name, kinds in self.canaries.found_in(data).items()]
        assert not leaks, "secrets stand where they should not:\n" + "\n".join(leaks)


def metrics(lab):
    """As the machine itself sees them: nobody else is let in."""
    answer = http_get(lab.pbx, "http://127.0.0.1:5482/metrics")
    assert answer.startswith(b"HTTP/1.1 200"), answer
    return answer


def refusals(office, url, steady):
    """What strangers are told by HTTP and by HTTPS: without a credential, and with one of others."""
    file = f"cfg{office.desk.mac}.xml"
    place = f"{office.lab.pbx.address}:5481"
    for path in (f"/{file}", f"/p/{steady}/{file}", f"/p/{token_of(url)}/{file}",
                 f"/p/{steady}x/{file}", f"/boot/htek/{file}", f"/{steady}", "/metrics"):
        yield f"HTTP {path}", http_get(office.other, url, path)
        said = office.other.run("curl", "-sik", f"https://{place}{path}")
        assert said.stdout.startswith("HTTP/1.1 404"), (path, said.stdout, said.stderr)
        yield f"HTTPS {path}", said.stdout.encode()


def office_with_a_past(lab):
    office = Office(lab)
    office.fill()
    office.provoke(*office.come_up())
    office.ask_everything()
    return office


def test_no_log_answer_error_or_database_holds_a_secret_in_any_spelling(lab):
    office = office_with_a_past(lab)
    office.assert_nowhere(office.places())
    office.pnpd.stop()  # the log's end, and the database without its write-ahead log
    office.assert_nowhere(office.places())


def test_no_metric_and_no_answer_to_strangers_holds_a_secret(lab):
    office = Office(lab)
    office.fill()
    office.pnpd.wait_status("HTTPS is served", lambda said: f"{lab.pbx.address}:5481" in said
                            and "listening at 192.168.77.10:5481" in office.pnpd.log())
    url, steady = office.come_up()
    office.assert_nowhere(refusals(office, url, steady))
    office.assert_nowhere([("/metrics", metrics(lab))])


def test_a_file_without_a_token_holds_no_secret_but_the_phone_s_own_url(lab):
    office = Office(lab)
    office.fill()
    name = f"cfg{office.desk.mac}.xml"
    answer = http_get(office.desk, f"http://{lab.pbx.address}:5480/boot/htek/{name}")
    assert answer.startswith(b"HTTP/1.1 200"), answer
    _, steady = office.come_up()
    assert office.canaries.found_in(answer) == {"steady token": {"plain"}}, answer
    assert answer.count(steady.encode()) == answer.count(b"/p/"), "other URLs than its own"


def test_the_memory_of_an_idle_daemon_holds_no_secret_in_any_spelling(lab):
    if lab.options.sanitized:
        raise Skip("a sanitizer keeps freed memory on purpose")
    office = office_with_a_past(lab)
    pid = office.pnpd.program.pid
    memory = list(writable_memory(pid))
    assert sum(len(data) for _, data in memory) > 1_000_000, "the memory could not be read"
    assert any(b"Second" in data for _, data in memory), "not even a name is found"
    office.assert_nowhere(memory)


test_the_memory_of_an_idle_daemon_holds_no_secret_in_any_spelling.optimised = True


def test_the_search_finds_each_spelling_that_it_looks_for(_lab):
    canaries = Canaries()
    canaries.add("it", TYPED)
    canaries.add_token("token", "AAECAwQFBgcICQoLDA0ODw")
    code = base64.b64encode
    for text in (TYPED, code(TYPED.encode()).decode(), code(b"1" + TYPED.encode() + b"2").decode(),
                 code(b"12" + TYPED.encode()).decode(), TYPED.encode().hex(),
                 urllib.parse.quote(TYPED), urllib.parse.quote_plus(TYPED),
                 TYPED.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"),
                 json.dumps({"password": TYPED})):
        assert canaries.found_in(f"before {text} behind") == {"it": canaries.found_in(text)["it"]}
    assert canaries.found_in(bytes(range(20))) == {"token": {"its bits"}}
    assert canaries.found_in("000102030405060708090a0b0c0d0e0f") == {"token": {"its bits"}}
    assert not canaries.found_in(TYPED[:-1] + TYPED[1:])
