# SPDX-License-Identifier: MIT
"""More than the file server can take: slow clients, greedy ones, and the phones beside them."""
import collections
import selectors
import socket
import struct
import threading
import time

from bare_phone import http_get, subscribe
from test_attackers import attacker, fetched, file_of, offered, prepared, status, steady_url


def test_five_hundred_slow_clients_keep_no_phone_from_its_file(lab):
    desk, attacker = lab.desk(1), lab.network.host("attacker", "192.168.77.66/24")
    pnpd = lab.pnpd()
    pnpd.ctl("extension", "add", "201")
    pnpd.ctl("assign", desk.mac, "201")
    slow = [attacker.tcp((lab.pbx.address, 5480)) for _ in range(500)]
    try:
        for connection in slow:
            connection.sendall(b"GET / HTTP/1.1\r\nX: ")
        began = time.monotonic()
        report = lab.phone(desk).configured()
        assert report["accounts"][0]["user"] == "201", report
        assert time.monotonic() - began < (80 if lab.options.sanitized else 20), "it took as long as the slow ones"
        # Behind the very address that the slow ones come from, too: the slowest makes room.
        url = lab.bare_phone(desk).offered_url(subscribe(desk.mac, desk.address, 60000))
        answer = http_get(attacker, url, "/x")
        assert answer.startswith(b"HTTP/1.1 404"), answer
        # A byte now and then gives them no more time.
        pnpd.wait_status("the slow ones are gone", lambda told: " 0 open" in told, 40)
    finally:
        for connection in slow:
            connection.close()
    told = pnpd.text("status")
    assert "0 connections refused" in told, told


def test_a_greedy_client_is_told_when_to_come_again_and_a_phone_is_served(lab):
    desk, greedy = lab.desk(1), lab.network.host("greedy", "192.168.77.66/24")
    pnpd = lab.pnpd("http_requests_per_source = 1\n")  # thirty at once
    pnpd.ctl("extension", "add", "201")
    pnpd.ctl("assign", desk.mac, "201")
    with greedy.tcp((lab.pbx.address, 5480)) as connection:
        connection.sendall(b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n" * 200)
        answers = b""
        while answers.count(b"\r\n\r\n") < 200:
            answers += connection.recv(65536)
    assert answers.count(b"HTTP/1.1 404 ") >= 30, answers[:200]
    refused = answers.count(b"HTTP/1.1 503 ")
    assert refused >= 100 and answers.count(b"Retry-After: 5\r\n") == refused, answers[-200:]
    lab.phone(desk).configured()


class HangsUp:
    """Asks in vain over a connection of its own each time, and resets it before the answer."""

    def __init__(self, host, server, threads=8):
        self.host = host
        self.server = server
        self.asked = 0
        self.stopped = threading.Event()
        self.threads = [threading.Thread(target=self._run, args=(number,), daemon=True)
                        for number in range(threads)]
        for thread in self.threads:
            thread.start()

    def _run(self, number):
        self.host.enter()
        while not self.stopped.is_set():
            try:
                with socket.create_connection(self.server, 5) as connection:
                    connection.sendall(b"GET /cfg001fc1%06x.xml HTTP/1.1\r\nHost: a\r\n\r\n"
                                       % (number << 20 | self.asked & 0xfffff))
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                          struct.pack("ii", 1, 0))
                    time.sleep(0.003)
                self.asked += 1
            except OSError:
                pass

    def stop(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join()


def test_a_phone_has_its_file_beside_a_scanner_of_thousands_of_connections_from_its_address(lab):
    desk = lab.desk(1)
    pnpd = prepared(lab, desk)
    url, _ = offered(lab, desk)
    steady = steady_url(url, fetched(desk, url))
    fetched(desk, steady)
    scanner = HangsUp(desk, (lab.pbx.address, 5480))
    answers = collections.Counter()
    try:
        lab.wait_for(lambda: scanner.asked > 1000, "the scanner is at it", 60)
        for _ in range(60):
            try:
                answers[status(http_get(desk, steady + file_of(desk)))] += 1
            except (OSError, IndexError) as problem:
                answers[type(problem).__name__] += 1
            time.sleep(0.1)  # in all so long that the scanner has used up its share by far
    finally:
        scanner.stop()
    print(f"     {dict(answers)} beside {scanner.asked}")
    assert answers[200] >= 54, (answers, scanner.asked, pnpd.text("status"))


def test_a_stolen_url_that_brings_no_file_does_not_stop_the_files_of_all_phones(lab):
    desk, other, thief = lab.desk(1), lab.desk(2), attacker(lab)
    prepared(lab, desk, other)
    steadies = []
    for phone in (desk, other):
        url, _ = offered(lab, phone)
        steadies.append(steady_url(url, fetched(phone, url)))
    stolen = "/" + steadies[0].split("/", 3)[3] + file_of(desk)
    assert status(http_get(thief, steadies[0] + file_of(desk))) == 404
    counts, got, stopped = collections.Counter(), collections.Counter(), threading.Event()

    def flood():
        with selectors.DefaultSelector() as ready:
            for _ in range(200):
                ready.register(thief.tcp((lab.pbx.address, 5480)), selectors.EVENT_READ, [0])
            batch = b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % stolen.encode() * 50
            for key in list(ready.get_map().values()):
                key.fileobj.sendall(batch)
            while not stopped.is_set():
                for key, _ in ready.select(0.5):
                    answers = key.fileobj.recv(65536)
                    if not answers:
                        counts["closed"] += 1
                        ready.unregister(key.fileobj)
                        continue
                    counts[404] += answers.count(b" 404 ")
                    counts[503] += answers.count(b" 503 ")
                    key.data[0] += answers.count(b"\r\n\r\n")
                    if key.data[0] >= 50:
                        key.data[0] -= 50
                        key.fileobj.sendall(batch)

    thread = threading.Thread(target=flood, daemon=True)
    thread.start()
    began = time.monotonic()
    while counts[503] < 1000 and time.monotonic() - began < 80:
        time.sleep(0.2)
    for _ in range(20):
        try:
            got[status(http_get(other, steadies[1] + file_of(other)))] += 1
        except OSError as problem:
            got[type(problem).__name__] += 1
        time.sleep(0.1)
    stopped.set()
    thread.join()
    assert got[200] >= 18, (got, counts)


for measured in (test_five_hundred_slow_clients_keep_no_phone_from_its_file,
                 test_a_phone_has_its_file_beside_a_scanner_of_thousands_of_connections_from_its_address,
                 test_a_stolen_url_that_brings_no_file_does_not_stop_the_files_of_all_phones):
    measured.alone = True  # asks as fast as it can
