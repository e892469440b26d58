# SPDX-License-Identifier: MIT
"""More than the file server can take: slow clients, greedy ones, and the phones beside them."""
import time

from bare_phone import http_get, subscribe


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
        assert time.monotonic() - began < 20 * lab.patience, "it took as long as the slow ones"
        # Behind the very address that the slow ones come from, too: the slowest makes room.
        url = lab.bare_phone(desk).offered_url(subscribe(desk.mac, desk.address, 60000))
        answer = http_get(attacker, url, "/x")
        assert answer.startswith(b"HTTP/1.1 404"), answer
        # A byte now and then gives them no more time.
        pnpd.wait_status("the slow ones are gone", lambda status: " 0 open" in status, 40)
    finally:
        for connection in slow:
            connection.close()
    status = pnpd.text("status")
    assert "0 connections refused" in status, status


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
