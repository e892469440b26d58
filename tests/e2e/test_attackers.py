# SPDX-License-Identifier: MIT
"""Attackers, each a host of its own on the phones' network, that know the product and get nothing.

They speak from sockets of bytes; where the wire is the claim, tshark has the last word."""
import base64
import contextlib
import os
import random
import re
import threading
import time

from asterisk import account
from bare_phone import http_get, subscribe
from capture import sip
from forged import Questions, to_group, wire
from light_phone import Connection, LightPhone
from test_asterisk import STAYS

OWN_MAC = "02:00:00:00:00:66"


def attacker(lab, name="attacker", address="192.168.77.166/24", mac=OWN_MAC, link="lan"):
    return lab.network.host(name, address, link, mac)


def prepared(lab, *desks, config=""):
    """A daemon that expects the phones, as 201 and so on."""
    pnpd = lab.pnpd(config)
    for number, desk in enumerate(desks, 201):
        pnpd.ctl("extension", "add", number)
        pnpd.ctl("assign", desk.mac, number)
    return pnpd


def file_of(desk):
    return f"cfg{desk.mac}.xml"


def path_of(url):
    return "/" + url.split("/", 3)[3]


def token_of(url):
    return url.rstrip("/").rsplit("/", 1)[1]


def status(answer):
    return int(answer.split(b" ", 2)[1])


def offered(lab, desk):
    """The URL that the honest phone gets, and the phone."""
    phone = lab.bare_phone(desk)
    return phone.offered_url(subscribe(desk.mac, desk.address, 60000)), phone


def steady_url(url, file):
    """The URL that the delivered file points the phone at."""
    own = re.search(rb"/p/([A-Za-z0-9_-]{22})/", file)
    assert own, file
    return url.replace(token_of(url), own[1].decode())


def fetched(desk, url):
    """The file, as the honest phone gets it."""
    answer = http_get(desk, url + file_of(desk))
    assert status(answer) == 200, answer
    return answer.partition(b"\r\n\r\n")[2]


def assert_nothing(answers):
    """One and the same 404, or 503 when it was too much; never a byte of a file."""
    for answer in answers:
        assert status(answer) in (404, 503), answer
        assert b"\r\nContent-Length: 0\r\n" in answer and answer.endswith(b"\r\n\r\n"), answer


def assert_told(lab, pnpd, desk, step):
    lab.wait_for(lambda: step in [row["step"] for row in pnpd.json("explain", desk.mac)["events"]],
                 f"explain tells {step}")


def test_who_names_the_mac_of_another_phone_in_its_subscribe_is_sent_no_url(lab):
    desk, liar = lab.desk(1), attacker(lab)
    pnpd = prepared(lab, desk)
    capture = lab.capture(liar)
    phone = lab.bare_phone(liar)
    for attempt in range(3):  # before and after the network knows who answers at its address
        phone.send(subscribe(desk.mac, liar.address, 60000, tag=f"704112{attempt}",
                             branch=f"z9hG4bK{attempt}"))
        phone.listen(1.5)
    capture.stop()
    packets = sip(capture, f"sip and ip.dst == {liar.address}")
    assert not [packet for packet in packets if packet.method == "NOTIFY"], packets
    assert capture.count(f'frame contains "/p/" and ip.dst == {liar.address}') == 0
    assert_told(lab, pnpd, desk, "neighbour_mismatch")
    lab.phone(desk).configured()


def test_the_right_url_brings_the_wrong_phone_nothing(lab):
    desk, thief = lab.desk(1), attacker(lab)
    pnpd = prepared(lab, desk)
    url, _ = offered(lab, desk)
    assert_nothing([http_get(thief, url + file_of(desk))])
    steady = steady_url(url, fetched(desk, url))
    assert_nothing([http_get(thief, steady + file_of(desk)), http_get(thief, url + file_of(desk))])
    fetched(desk, steady)
    assert_told(lab, pnpd, desk, "neighbour_mismatch")


def test_a_token_that_the_phone_has_left_behind_brings_nobody_anything(lab):
    desk, thief = lab.desk(1), attacker(lab)
    pnpd = prepared(lab, desk)
    url, _ = offered(lab, desk)
    steady = steady_url(url, fetched(desk, url))
    fetched(desk, url)  # as often as it likes, until it has its own
    fetched(desk, steady)
    lab.wait_for(lambda: status(http_get(desk, url + file_of(desk))) == 404, "the first URL ends")
    assert_nothing([http_get(place, url + file_of(desk)) for place in (desk, thief)])
    assert_told(lab, pnpd, desk, "token_refused")
    pnpd.ctl("rotate", desk.mac)
    newer = steady_url(url, fetched(desk, steady))
    assert newer != steady, "rotation gives a new URL"
    fetched(desk, newer)
    lab.wait_for(lambda: status(http_get(desk, steady + file_of(desk))) == 404, "the old URL ends")
    assert_nothing([http_get(place, steady + file_of(desk)) for place in (desk, thief)])


def test_one_s_own_token_brings_no_file_of_another_phone(lab):
    victim, insider = lab.desk(1), lab.desk(2)
    prepared(lab, victim, insider)
    url, _ = offered(lab, insider)
    offered(lab, victim)
    own = steady_url(url, fetched(insider, url))
    for folder in (path_of(url), path_of(own)):
        assert_nothing([http_get(insider, url, path) for path in (
            folder + file_of(victim), folder + f"{victim.mac}.cfg", folder + f"cfg{victim.mac}",
            f"{folder}../{file_of(victim)}", f"{folder}%2e%2e/{token_of(own)}/{file_of(victim)}")])
    fetched(insider, own)


def guesses(count, seed):
    """Tokens that are made as ours are, and some that are nearly right."""
    chance = random.Random(seed)
    for _ in range(count):
        yield base64.urlsafe_b64encode(chance.randbytes(16)).decode().rstrip("=")


def near(token):
    """The right token with one letter changed, and in other cases and lengths."""
    for place, letter in enumerate(token):
        yield token[:place] + ("A" if letter != "A" else "B") + token[place + 1:]
    yield from (token.lower(), token.upper(), token[:-1], token + "A", token + "%00", token[::-1])


class Scanner:
    """Asks for one path after the other, over some connections at once; counts what it got."""

    def __init__(self, host, server, paths, connections=16):
        self.host = host
        self.server = server
        self.paths = iter(paths)
        self.counts = {}
        self.bodies = []
        self.problems = []
        self.lock = threading.Lock()
        self.stopped = threading.Event()
        self.threads = [threading.Thread(target=self._run, daemon=True)
                        for _ in range(connections)]
        for thread in self.threads:
            thread.start()

    def _next(self):
        with self.lock:
            return None if self.stopped.is_set() else next(self.paths, None)

    def _run(self):
        try:
            self.host.enter()
            connection = Connection(self.server)
            while (path := self._next()) is not None:
                code, _, body = connection.get(path, user_agent="curl/7.88.1")
                with self.lock:
                    self.counts[code] = self.counts.get(code, 0) + 1
                    self.bodies += [body] if body else []
            connection.close()
        except Exception as problem:  # pylint: disable=broad-except
            self.problems.append(problem)

    def asked(self):
        return sum(self.counts.values())

    def join(self, seconds):
        end = time.monotonic() + seconds
        for thread in self.threads:
            thread.join(max(0.1, end - time.monotonic()))
            assert not thread.is_alive(), f"not done after {seconds} s: {self.counts}"

    def stop(self):
        self.stopped.set()
        self.join(60)

    def assert_nothing(self, at_least):
        assert set(self.counts) <= {404, 503}, self.counts
        assert not self.bodies, self.bodies[:3]
        assert self.asked() >= at_least, (self.counts, self.problems[:3])


def test_ten_thousand_guessed_tokens_bring_nothing_and_lock_no_phone_out(lab):
    desk, other, guesser = lab.desk(1), lab.desk(2), attacker(lab)
    pnpd = prepared(lab, desk, other)
    url, _ = offered(lab, desk)
    paths = [f"/p/{token}/{file_of(desk)}" for token in
             (*near(token_of(url)), *guesses(10_000, 1))]
    scanner = Scanner(guesser, (lab.pbx.address, 5480), paths)
    lab.wait_for(lambda: scanner.asked() > 200, "it is at it")
    report = lab.phone(other).configured()  # plugged in in the midst of it
    assert report["outcome"] == "configured", report
    steady = steady_url(url, fetched(desk, url))
    scanner.join(100 * lab.patience)
    scanner.assert_nothing(10_000)
    fetched(desk, steady)
    print(f"     {scanner.counts}")
    assert len(pnpd.json("show", "devices")["devices"]) == 2, "guesses make no devices"


def test_a_scan_of_macs_by_http_brings_no_file_and_no_hint_of_which_exist(lab):
    desk, scanning = lab.desk(1), attacker(lab)
    pnpd = prepared(lab, desk)
    phone = offered(lab, desk)[1]  # approved, and not yet configured: as open as it gets
    phone.close()
    count = 65_536 if lab.options.full else 5_000
    names = [f"001fc1{number:06x}" for number in range(0x1f, 0x1f + count // 4)] + [desk.mac]
    paths = [path.format(mac=mac) for mac in names for path in (
        "/cfg{mac}.xml", "/boot/htek/cfg{mac}.xml", "/p/AAAAAAAAAAAAAAAAAAAAAA/cfg{mac}.xml",
        "/boot/htek/{mac}.cfg")]
    scanner = Scanner(scanning, (lab.pbx.address, 5480), paths)
    scanner.join(100 * lab.patience)
    scanner.assert_nothing(count)
    print(f"     {scanner.counts}")
    existing = http_get(scanning, f"http://{lab.pbx.address}:5480/boot/htek/{file_of(desk)}")
    none = http_get(scanning, f"http://{lab.pbx.address}:5480/boot/htek/cfg001fc1fffffe.xml")
    assert existing == none, (existing, none)
    assert len(pnpd.json("show", "devices")["devices"]) <= 2001
    lab.phone(desk).configured()


test_a_scan_of_macs_by_http_brings_no_file_and_no_hint_of_which_exist.optimised = True


def test_a_clone_of_a_mac_is_refused_and_raised_while_the_phone_is_registered(lab):
    desk = lab.desk(1)
    pbx = lab.pbx_with_module(pjsip=account("301", "x"))
    pbx.pnp(f"assign {desk.mac} 301")
    lab.phone(desk, *STAYS)
    pbx.wait_state(desk.mac, "registered")
    clone = attacker(lab, mac="00:1f:c1:00:00:01")
    phone = lab.bare_phone(clone)
    phone.send(subscribe(desk.mac, clone.address, 60000, tag="1", branch="z9hG4bKclone"))
    phone.listen(3 * lab.patience)
    assert not [data for data, _ in phone.received if data.startswith(b"NOTIFY")], phone.received
    said = pbx.wait_cli(f"pnp explain {desk.mac}", "it is raised",
                        lambda said: "Two phones claim this MAC" in said)
    assert clone.address in said and f"pnp approve {desk.mac}" in said, said


def test_a_boot_file_is_not_had_from_behind_a_router(lab):
    desk = lab.desk(1)
    router = lab.network.host("router", "192.168.77.150/24")
    lab.network.plug(router, "eth1", "10.50.0.1/24", "outside")
    assert router.run("sysctl", "-qw", "net.ipv4.ip_forward=1").returncode == 0
    far = attacker(lab, "far", "10.50.0.66/24", link="outside")
    far.ip("route", "add", "default", "via", "10.50.0.1")
    lab.pbx.ip("route", "add", "10.50.0.0/24", "via", router.address)
    pnpd = prepared(lab, desk)
    url = f"http://{lab.pbx.address}:5480/boot/htek/{file_of(desk)}"
    assert_nothing([http_get(far, url)])  # it is answered: the way is open, the door is not
    right, _ = offered(lab, desk)
    assert_nothing([http_get(far, right + file_of(desk))])
    assert pnpd.json("show", "device", desk.mac)["state"] != "configured"
    fetched(desk, right)


def test_a_phone_is_offered_its_url_although_someone_forges_its_questions_by_the_thousand(lab):
    desk, liar = lab.desk(1), attacker(lab)
    pnpd = prepared(lab, desk)
    first, _ = offered(lab, desk)
    with Questions(liar, desk).running() as forged:
        lab.wait_for(lambda: forged.sent > 1000, "the forger is at it", 60)
        phone = lab.bare_phone(desk, 60001)
        for attempt in range(5):
            phone.send(subscribe(desk.mac, desk.address, 60001, tag=f"own{attempt}",
                                 branch=f"z9hG4bKown{attempt}"))
            phone.listen(2 * lab.patience)
            got = [data for data, _ in phone.received if data.startswith(b"NOTIFY ")]
            if got:
                break
        assert got, f"{forged.sent} forged; {phone.received} {pnpd.text('status')}"
        assert b"Call-ID: own" in got[0], got
        fetched(desk, first)
        fetched(desk, got[0].partition(b"\r\n\r\n")[2].decode())
        lab.phone(desk, "--local-port", "0").configured()


def write_table(lab, rows):
    path = os.path.join(lab.folder, "phones.csv")
    with open(path, "w", encoding="utf-8") as file:
        file.write("mac,extensions,name\n")
        file.writelines(f"{mac},{number},Phone {number}\n" for mac, number in rows)
    return path


def test_300_phones_behind_one_address_come_up_beside_a_scanner_that_gets_nothing(lab):
    count = 300
    router = lab.network.host("router", "192.168.77.150/24")  # its MAC is no phone's
    pnpd = lab.pnpd(f"neighbour_allow = {router.address}\n")
    macs = [f"001fc12{number:05x}" for number in range(count)]
    pnpd.ctl("import", write_table(lab, [(mac, 1000 + number) for number, mac in enumerate(macs)]))
    scanner = Scanner(router, (lab.pbx.address, 5480), (
        f"/p/{token}/cfg{macs[number % count]}.xml"
        for number, token in enumerate(guesses(10_000_000, 2))))
    lab.wait_for(lambda: scanner.asked() > 500, "the scanner is at it")
    began = time.monotonic()
    phones = [LightPhone(router, mac, 20000 + number).plug_in() for number, mac in enumerate(macs)]
    for phone in phones:
        phone.thread.join(max(1, began + 90 * lab.patience - time.monotonic()))
    took = time.monotonic() - began
    scanner.stop()
    problems = [f"{phone.mac}: {phone.problem or 'not done'}" for phone in phones
                if not phone.configured]
    print(f"     {count - len(problems)} phones in {took:.1f} s, scanner {scanner.counts}")
    assert not problems, problems[:5]
    scanner.assert_nothing(100)
    lab.wait_for(lambda: sum(row["state"] == "configured" for row in
                             pnpd.json("show", "devices")["devices"]) == count,
                 f"{count} are configured")


def clone_in_the_place_of(lab, desk):
    """It comes onto the network with MAC and address of a phone whose cable was moved."""
    desk.ip("link", "set", "eth0", "down")
    return attacker(lab, address=f"{desk.address}/24", mac="00:1f:c1:00:00:01")


def registered(lab, desk, config):
    """An Asterisk that has the phone registered, and goes on believing so."""
    pbx = lab.pbx_with_module(config, pjsip=account("301", "x"))
    pbx.pnp(f"assign {desk.mac} 301")
    lab.phone(desk, *STAYS, "--wait", f"{3 * lab.patience}s")  # it asks again with its file
    pbx.wait_state(desk.mac, "registered")
    return pbx


def test_a_clone_of_mac_and_address_passes_for_the_phone_once_that_is_gone(lab):
    """No look at the network tells it from the phone after a restart, though the PBX has that
    registered: against this help `reoffer = ask`, and better a VLAN and 802.1X."""
    desk = lab.desk(1)
    pbx = registered(lab, desk, "")
    clone = clone_in_the_place_of(lab, desk)
    url, _ = offered(lab, clone)
    fetched(clone, url)
    assert "claim_refused" not in pbx.pnp(f"explain {desk.mac} --json")


def test_with_reoffer_ask_a_clone_of_mac_and_address_gets_no_url_and_it_is_told(lab):
    desk = lab.desk(1)
    pbx = registered(lab, desk, "reoffer = ask\n")
    clone = clone_in_the_place_of(lab, desk)
    phone = lab.bare_phone(clone)
    phone.send(subscribe(desk.mac, clone.address, 60000, tag="1", branch="z9hG4bKclone"))
    phone.listen(3 * lab.patience)
    assert not [data for data, _ in phone.received if data.startswith(b"NOTIFY")], phone.received
    said = pbx.wait_cli(f"pnp explain {desk.mac}", "it is told",
                        lambda said: "reoffer = ask" in said)
    assert f"pnp approve {desk.mac}" in said, said


def test_a_phone_is_answered_although_four_hundred_asked_who_are_not_there(lab):
    """What is sent to an address where nobody is waits for three seconds in the sender's buffer."""
    desk, liar = lab.desk(1), attacker(lab)
    pnpd = prepared(lab, desk)
    offered(lab, desk)
    with contextlib.closing(wire(liar)) as forged:
        for number in range(400):
            address = f"192.168.77.{180 + number % 50}"
            forged.send(to_group(address, 30000 + number, subscribe(
                f"001fc1ff{number:04x}", address, 30000 + number, branch=f"z9hG4bKnone{number}")))
    lab.wait_for(lambda: int(re.search(r"SUBSCRIBE +(\d+)", pnpd.text("status"))[1]) > 300,
                 "they are heard")
    phone = lab.bare_phone(desk, 60001)
    phone.send(subscribe(desk.mac, desk.address, 60001, tag="once", branch="z9hG4bKonce"))
    phone.listen(1.5 * lab.patience, until=b"SIP/2.0 200")


def test_a_forger_cannot_push_what_an_administrator_did_out_of_a_phone_s_story(lab):
    desk, liar = lab.desk(1), attacker(lab)
    pnpd = prepared(lab, desk)
    url, _ = offered(lab, desk)
    fetched(desk, url)

    def steps():
        return {row["step"] for row in pnpd.json("explain", desk.mac)["events"]}

    lab.wait_for(lambda: "file_served" in steps(), "its file is told of", 10)
    before = steps()
    with Questions(liar, desk).running() as forged:
        lab.wait_for(lambda: forged.sent > 6000, "the forger is at it", 100)
    assert before <= steps(), before - steps()


for measured in (test_ten_thousand_guessed_tokens_bring_nothing_and_lock_no_phone_out,
                 test_a_scan_of_macs_by_http_brings_no_file_and_no_hint_of_which_exist,
                 test_a_phone_is_offered_its_url_although_someone_forges_its_questions_by_the_thousand,
                 test_300_phones_behind_one_address_come_up_beside_a_scanner_that_gets_nothing):
    measured.alone = True  # asks as fast as it can
