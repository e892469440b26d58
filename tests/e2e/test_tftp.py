# SPDX-License-Identifier: MIT
"""TFTP against the clients that others wrote, on networks that lose and reorder; tshark judges."""
import os
import random
import shutil

from lab import Skip
from programs import SANITIZER_WORDS, Program
from test_service import PortHolder
from tftp_clients import CLIENTS, PATIENT_CLIENTS, Fetch, Relay

NAME = "KX-UT670.cfg"
LOSSY_SIZE = 4500  # nine blocks, or four
OPCODES = {1: "RRQ", 2: "WRQ", 3: "DATA", 4: "ACK", 5: "ERROR", 6: "OACK"}


def needs_clients():
    missing = [name for name in ("tftp", "atftp", "busybox", "curl") if not shutil.which(name)]
    if missing:
        raise Skip(f"needs {' and '.join(missing)}; cmake/install-packages test installs them")


def exported(lab, pnpd, *options):
    """What everybody gets, as `export tftp` writes it."""
    folder = os.path.join(lab.folder, "exported")
    os.makedirs(folder, exist_ok=True)
    pnpd.ctl("export", "tftp", folder, *options)
    with open(os.path.join(folder, NAME), "rb") as file:
        return file.read()


def serve(lab, config=""):
    """A pnpd that gives NAME, and its bytes."""
    needs_clients()
    pnpd = lab.pnpd("tftp = on\n" + config)
    pnpd.wait_status("TFTP is served", lambda text: f"tftp://{lab.pbx.address}:69" in text)
    return pnpd, exported(lab, pnpd)


def lose(host, percent):
    """Of the datagrams that come to a host; dropped where they leave, the sender would notice."""
    for words in (("add", "table", "ip", "loss"),
                  ("add", "chain", "ip", "loss", "in", "{ type filter hook input priority 0 ; }"),
                  ("add", "rule", "ip", "loss", "in", "ip", "protocol", "udp", "numgen", "random",
                   "mod", "100", "<", percent, "drop")):
        done = host.run("nft", *words)
        assert done.returncode == 0, done.stderr


def desk_of(lab, number):
    return lab.network.hosts.get(f"desk{1 + number}") or lab.desk(1 + number)


def fetch_with_all(lab, expected, clients=CLIENTS, to=None, attempts=1):
    # curl 7.88 loses its way where a file is empty: "getpeername() failed".
    fetches = [Fetch(lab, desk_of(lab, number), client, NAME, to)
               for number, client in enumerate(clients)
               if expected or "curl" not in client.__name__]
    for fetch in fetches:
        fetch.must_have(expected, attempts)


def fetch_lossy(lab, expected, percent, clients=PATIENT_CLIENTS):
    """Where a fifth is lost each way, four sendings in a row stay unanswered once in sixty transfers,
    and ours are four before the first ACK: a client that gave up asks again, as a phone does."""
    fetches = []
    for number, client in enumerate(clients):
        desk = desk_of(lab, number)
        lose(desk, percent)
        fetches.append(Fetch(lab, desk, client, NAME))
    for fetch in fetches:
        fetch.must_have(expected, attempts=4)


class Exchange:
    """The TFTP of a capture, as tshark reads it; without `repeats` each packet once, though on a busy
    machine a block is sent again."""

    def __init__(self, capture, server, repeats=False):
        fields = ("tftp.opcode", "ip.src", "udp.srcport", "tftp.block", "tftp.data", "udp.length",
                  "tftp.error.code", "tftp.error.message", "tftp.option.name", "tftp.option.value",
                  "tftp.source_file", "tftp.type")
        rows = capture.layers("tftp", *fields)
        self.rows = rows if repeats else list(
            {(row["ip.src"][0], row["tftp.opcode"][0], *row.get("tftp.block", ())): row
             for row in reversed(rows)}.values())[::-1]
        self.server = server
        self.malformed = capture.count("tftp and _ws.malformed")

    def story(self):
        """The opcodes in their order, those of the server with a mark."""
        return [(">" if row["ip.src"][0] == self.server else "")
                + OPCODES[int(row["tftp.opcode"][0], 0)] for row in self.rows]

    def of(self, opcode):
        return [row for row in self.rows if OPCODES[int(row["tftp.opcode"][0], 0)] == opcode]


def test_all_clients_get_the_file_byte_by_byte(lab):
    pnpd, expected = serve(lab)
    fetch_with_all(lab, expected)
    status = pnpd.wait_status("all came to an end", lambda text: " 0 open" in text)
    line = next(line for line in status.splitlines() if "TFTP requests" in line)
    assert "8 understood, 8 complete, 0 timed out" in line, line


def test_all_clients_get_it_where_a_tenth_of_all_datagrams_is_lost(lab):
    _, expected = serve(lab)
    lose(lab.pbx, 10)
    fetch_lossy(lab, expected, 10)


def test_all_clients_get_it_where_a_fifth_of_all_datagrams_is_lost(lab):
    _, expected = serve(lab)
    lose(lab.pbx, 20)
    fetch_lossy(lab, expected, 20)


def test_all_clients_get_it_where_datagrams_overtake_each_other(lab):
    _, expected = serve(lab)
    middle = lab.network.host("middle", "192.168.77.50/24")
    relay = lab.close_later(Relay(middle, (lab.pbx.address, 69), seed=670))
    fetch_with_all(lab, expected, PATIENT_CLIENTS, middle.address, attempts=4)
    assert sum(relay.counts.values()) > 0, relay.counts


def serve_folder(lab, size):
    """Our server over a folder with a file of that size: what is public otherwise is small."""
    needs_clients()
    program = os.path.join(lab.options.bin, "tftp_folder")
    if not os.access(program, os.X_OK):
        raise Skip(f"there is no {program}; it is built with the unit tests")
    folder = os.path.join(lab.folder, "large")
    os.makedirs(folder)
    expected = random.Random(size).randbytes(size)
    with open(os.path.join(folder, NAME), "wb") as file:
        file.write(expected)
    served = Program(lab.pbx, [program, lab.pbx.address, "192.168.77.0/24", folder],
                     os.path.join(lab.folder, "tftp_folder.log"))
    lab.close_later(Closing(served))
    lab.wait_for(lambda: lab.pbx.run("ss", "-Hlun", "sport", "=", "69").stdout, "it listens")
    return expected


class Closing:
    """Ends a program with the test, and has it say that nothing was wrong."""

    def __init__(self, program):
        self.program = program

    def close(self):
        status = self.program.end()
        complaints = [word for word in SANITIZER_WORDS if word in self.program.log()]
        assert status == 0 and not complaints, self.program.log()


def test_large_files_arrive_whole(lab):
    for size in (0, 511, 512, 1428, 1468 * 3, 70000, 1_000_000):
        expected = serve_folder(lab, size)
        fetch_with_all(lab, expected)
        lab.to_close.pop().close()
        shutil.rmtree(os.path.join(lab.folder, "large"))


def test_large_files_arrive_whole_where_a_tenth_of_all_datagrams_is_lost(lab):
    expected = serve_folder(lab, LOSSY_SIZE)
    lose(lab.pbx, 10)
    fetch_lossy(lab, expected, 10)


def test_large_files_arrive_whole_where_a_fifth_of_all_datagrams_is_lost(lab):
    """curl asks for a timeout of six seconds and has it, at every third exchange: it is left to
    the long runs."""
    clients = [client for client in PATIENT_CLIENTS
               if lab.options.full or "curl" not in client.__name__]
    expected = serve_folder(lab, LOSSY_SIZE)
    lose(lab.pbx, 20)
    fetch_lossy(lab, expected, 20, clients)


test_all_clients_get_it_where_a_tenth_of_all_datagrams_is_lost.seconds = 300
test_all_clients_get_it_where_a_fifth_of_all_datagrams_is_lost.seconds = 300
test_large_files_arrive_whole_where_a_tenth_of_all_datagrams_is_lost.seconds = 300
test_large_files_arrive_whole_where_a_fifth_of_all_datagrams_is_lost.seconds = 300
test_large_files_arrive_whole_where_a_fifth_of_all_datagrams_is_lost.optimised = True


def test_large_files_arrive_whole_where_datagrams_overtake_each_other(lab):
    expected = serve_folder(lab, 8000)
    middle = lab.network.host("middle", "192.168.77.50/24")
    relay = lab.close_later(Relay(middle, (lab.pbx.address, 69), seed=670, lost=0.05))
    fetch_with_all(lab, expected, PATIENT_CLIENTS, middle.address, attempts=4)
    assert min(relay.counts.values()) >= 5, relay.counts


test_large_files_arrive_whole_where_datagrams_overtake_each_other.seconds = 300


def test_an_exchange_is_what_tshark_takes_for_tftp(lab):
    _, expected = serve(lab)
    desk = lab.desk(1)
    clients = {client.__name__: client for client in CLIENTS}
    for name, options in (("tftp_hpa", {}), ("atftp_with_options", {"blksize": "1428",
                          "tsize": str(len(expected)), "timeout": "2"})):
        capture = lab.capture(desk)
        Fetch(lab, desk, clients[name], NAME).must_have(expected)
        capture.stop()
        exchange = Exchange(capture, lab.pbx.address)
        assert exchange.malformed == 0
        size = int(options.get("blksize", 512))
        blocks = len(expected) // size + 1
        begin = ["RRQ", ">OACK", "ACK"] if options else ["RRQ"]
        assert exchange.story() == begin + [">DATA", "ACK"] * blocks, exchange.story()
        data = exchange.of("DATA")
        assert [int(row["tftp.block"][0], 0) for row in data] == list(range(1, blocks + 1))
        sizes = [int(row["udp.length"][0]) - 12 for row in data]
        assert sizes == [size] * (blocks - 1) + [len(expected) % size], sizes
        assert len({row["udp.srcport"][0] for row in data}) == 1
        assert data[0]["udp.srcport"][0] != "69", "a transfer has a port of its own"
        if options:
            (oack,) = exchange.of("OACK")
            agreed = dict(zip(oack["tftp.option.name"], oack["tftp.option.value"]))
            assert agreed == options, agreed


def test_who_asks_for_anything_else_gets_the_same_answer_and_no_secret(lab):
    pnpd, _ = serve(lab, "log = debug\n")
    desk = lab.desk(1)
    pnpd.ctl("extension", "add", "201")
    pnpd.ctl("assign", desk.mac, "201")
    lab.phone(desk).configured()
    token = "Zx81-not-a-token-but-as-long-as-one"
    phone = desk.udp()
    answers = set()
    for name in (f"cfg{desk.mac}.xml", f"p/{token}/cfg{desk.mac}.xml", f"/p/{token}", "pnp.sqlite3",
                 "../../etc/passwd", "..\\pnp.key", "KX-UT670", "", "a" * 129, "nobody\n.cfg"):
        phone.sendto(b"\0\1" + name.encode() + b"\0octet\0", (lab.pbx.address, 69))
        answers.add(phone.recv(2000))
    assert answers == {b"\0\5\0\1File not found\0"}, answers
    for request, answer in ((b"\0\2" + token.encode() + b"\0octet\0", b"\0\5\0\2Access violation\0"),
                            (b"\0\1" + token.encode() + b"\0mail\0",
                             b"\0\5\0\4Illegal TFTP operation\0")):
        phone.sendto(request, (lab.pbx.address, 69))
        assert phone.recv(2000) == answer
    phone.close()
    for words in (("status",), ("show", "devices"), ("explain", desk.mac), ("show", "audit")):
        assert token not in pnpd.text(*words), words
    assert token not in pnpd.log()


def test_what_another_tftp_server_has_is_replaced_only_when_told(lab):
    pnpd, expected = serve(lab)
    folder = os.path.join(lab.folder, "exported")
    path = os.path.join(folder, NAME)
    assert f"http://{lab.pbx.address}:5480/boot/panasonic/Config{{mac}}.cfg".encode() in expected
    assert pnpd.text("export", "tftp", folder) == f"There already: {path}.\n"
    with open(path, "w", encoding="ascii") as file:
        file.write("of somebody else")
    assert "--replace" in pnpd.refusal("export", "tftp", folder)
    assert exported(lab, pnpd, "--replace") == expected
    lab.network.plug(lab.pbx, "eth1", "10.30.0.1/24", "annex")
    pnpd.wait_status("two are served", lambda text: "tftp://10.30.0.1:69" in text)
    assert "--host ADDRESS" in pnpd.refusal("export", "tftp", folder)
    there = exported(lab, pnpd, "--replace", "--host", "10.30.0.1")
    assert there == expected.replace(lab.pbx.address.encode(), b"10.30.0.1")


def test_nobody_can_write(lab):
    serve(lab)
    desk = lab.desk(1)
    local = os.path.join(lab.folder, "mine.cfg")
    with open(local, "w", encoding="ascii") as file:
        file.write("mine")
    done = desk.run("tftp", "-m", "binary", lab.pbx.address, "-c", "put", local, NAME)
    assert "Access violation" in done.stdout + done.stderr, done


def test_a_source_outside_of_the_served_networks_gets_not_one_datagram(lab):
    pnpd, _ = serve(lab)
    desk = lab.network.host("stranger", "10.9.9.9/24")
    desk.ip("route", "add", f"{lab.pbx.address}/32", "dev", "eth0")
    lab.pbx.ip("route", "add", "10.9.9.9/32", "dev", "eth0")
    capture = lab.capture(desk)
    phone = desk.udp()
    for request in (b"\0\1KX-UT670.cfg\0octet\0", b"\0\1x\0octet\0", b"\0\2x\0octet\0", b"\0\1"):
        phone.sendto(request, (lab.pbx.address, 69))
    pnpd.wait_status("all are counted", lambda text: "4 from outside, 0 over the limit" in text)
    capture.stop()
    phone.close()
    assert capture.count(f"udp and ip.src == {lab.pbx.address} and not udp.port == 9") == 0


def test_an_address_that_never_says_a_word_gets_four_packets(lab):
    pnpd, expected = serve(lab)
    desk = lab.desk(1)
    capture = lab.capture(desk)
    phone = desk.udp()
    phone.sendto(b"\0\1KX-UT670.cfg\0octet\0", (lab.pbx.address, 69))
    pnpd.wait_status("it is given up", lambda text: "1 timed out" in text, 30)
    capture.stop()
    phone.close()
    assert Exchange(capture, lab.pbx.address, repeats=True).story() == ["RRQ"] + [">DATA"] * 4


def test_without_the_right_to_the_port_the_status_says_what_to_do(lab):
    pnpd = lab.pnpd("tftp = on\n", start=False,
                    environment=("setpriv", "--bounding-set", "-net_bind_service"))
    pnpd.start(ready=False)
    pnpd.wait_answers()
    status = pnpd.wait_status("the problem is told", lambda text: "TFTP: UDP" in text)
    for words in ("CAP_NET_BIND_SERVICE", "AmbientCapabilities=", "setcap",
                  "net.ipv4.ip_unprivileged_port_start", "pnp export tftp DIR"):
        assert words in status, f"no {words} in {status}"
    lab.pbx.run("sysctl", "-qw", "net.ipv4.ip_unprivileged_port_start=69")
    pnpd.wait_status("it is served", lambda text: f"tftp://{lab.pbx.address}:69" in text
                     and "problem" not in text, 30)


def test_a_port_that_another_server_has_is_told_with_its_holder(lab):
    holder = lab.close_later(PortHolder(lab, "udp", 69))
    pnpd = lab.pnpd("tftp = on\n", start=False).start(ready=False)
    pnpd.wait_answers()
    status = pnpd.wait_status("the problem is told", lambda text: "TFTP: UDP" in text)
    problem = next(line for line in status.splitlines() if "TFTP: UDP" in line)
    for words in (f"(pid {holder.process.pid})", "tftp = off", "pnp export tftp DIR"):
        assert words in problem, problem
    holder.close()
    pnpd.wait_status("it is served", lambda text: f"tftp://{lab.pbx.address}:69" in text
                     and "problem" not in text, 30)


def test_tftp_is_off_until_it_is_switched_on_and_follows_the_interfaces(lab):
    pnpd = lab.pnpd()
    assert not lab.pbx.run("ss", "-Hlun", "sport", "=", "69").stdout
    pnpd.configure("tftp = on\n")
    pnpd.ctl("reload")
    pnpd.wait_status("it is on", lambda text: f"tftp://{lab.pbx.address}:69" in text)
    lab.network.plug(lab.pbx, "eth1", "10.30.0.1/24", "annex")
    pnpd.wait_status("there, too", lambda text: "tftp://10.30.0.1:69" in text)
    lab.network.unplug(lab.pbx, "eth1")
    pnpd.wait_status("no longer there", lambda text: "10.30.0.1" not in text)
    pnpd.configure("tftp = off\n")
    pnpd.ctl("reload")
    pnpd.wait_status("it is off", lambda text: "tftp://" not in text)
    assert not lab.pbx.run("ss", "-Hlun", "sport", "=", "69").stdout
