# SPDX-License-Identifier: MIT
"""TFTP clients that others wrote, and a relay that loses, repeats and reorders datagrams."""
import heapq
import os
import random
import selectors
import threading
import time


def curl(to, name, local):
    return ["curl", "-sS", "--max-time", "250", "-o", local, f"tftp://{to}/{name}"]


def curl_with_large_blocks(to, name, local):
    return ["curl", "-sS", "--max-time", "250", "--tftp-blksize", "1400", "-o", local,
            f"tftp://{to}/{name}"]


def tftp_hpa(to, name, local):
    return ["tftp", "-m", "binary", to, "-c", "get", name, local]


def tftp_hpa_netascii(to, name, local):
    return ["tftp", "-m", "netascii", to, "-c", "get", name, local]


def atftp(to, name, local):
    return ["atftp", "--get", "--remote-file", name, "--local-file", local, to]


def atftp_with_options(to, name, local):
    return ["atftp", "--option", "blksize 1428", "--option", "tsize", "--option", "timeout 2",
            "--get", "--remote-file", name, "--local-file", local, to]


def busybox(to, name, local):
    return ["busybox", "tftp", "-g", "-r", name, "-l", local, to]


def busybox_with_large_blocks(to, name, local):
    return ["busybox", "tftp", "-b", "65464", "-g", "-r", name, "-l", local, to]


CLIENTS = (curl, curl_with_large_blocks, tftp_hpa, tftp_hpa_netascii, atftp, atftp_with_options,
           busybox, busybox_with_large_blocks)
# atftp 0.8 gives up where an OACK comes a second time, as it does when its first ACK is lost.
PATIENT_CLIENTS = tuple(client for client in CLIENTS if client is not atftp_with_options)


class Fetch:
    """One client that runs on a host, and what it got."""

    def __init__(self, lab, host, client, name, to=None):
        self.client, self.host, self.folder = client, host, lab.folder
        self.local = os.path.join(lab.folder, f"{host.name}-{client.__name__}")
        self.log_path = self.local + ".log"
        self.words = client(to or lab.pbx.address, name, self.local)
        self.start()

    def start(self):
        if os.path.exists(self.local):
            os.remove(self.local)
        with open(self.log_path, "wb") as log:
            self.process = self.host.start(*self.words, stdout=log, stderr=log, cwd=self.folder)

    def got(self, seconds=270):
        """The bytes; a client that is not done is ended, by its process id."""
        try:
            self.process.wait(seconds)
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise
        if not os.path.exists(self.local):
            return None
        with open(self.local, "rb") as file:
            return file.read()

    def said(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def must_have(self, expected, attempts=1):
        """A client that says that it failed begins again, so often in all; one that says nothing
        must have it."""
        while True:
            got = self.got()
            if got == expected:
                return
            attempts -= 1
            assert attempts and (self.process.returncode or self.said()), (
                f"{self.client.__name__} has {len(got) if got is not None else 'no'} bytes of "
                f"{len(expected)}, status {self.process.returncode}: {self.said()}")
            self.start()


class Relay:
    """Takes datagrams at its own port 69 to a server and back, and treats them badly: some are
    lost, some come twice, some late, so that others overtake them. All it holds is bounded."""

    MOST_CLIENTS = 16
    MOST_WAITING = 256

    def __init__(self, host, server, seed, lost=0.1, twice=0.2, late=0.3):
        self.host = host
        self.server = server
        self.random = random.Random(seed)
        self.lost, self.twice, self.late = lost, twice, late
        self.front = host.udp(69)
        self.front.setblocking(False)
        self.ways = {}  # client → (socket towards the server, socket towards the client)
        self.transfer = {}  # client → the server's address of its transfer
        self.waiting = []  # (when, number, socket, to, bytes)
        self.counts = {"lost": 0, "twice": 0, "overtaken": 0}
        self.number = 0
        self.sent = 0
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.front, selectors.EVENT_READ, None)
        self.ends = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _way(self, client):
        if client not in self.ways and len(self.ways) < self.MOST_CLIENTS:
            pair = (self.host.udp(), self.host.udp())
            for side, made in zip(("server", "client"), pair):
                made.setblocking(False)
                self.selector.register(made, selectors.EVENT_READ, (side, client))
            self.ways[client] = pair
        return self.ways.get(client)

    def _run(self):
        while not self.ends.is_set():
            for key, _ in self.selector.select(0.005):
                try:
                    data, source = key.fileobj.recvfrom(65536)
                except OSError:  # the answer to an earlier one: nobody listens there
                    continue
                self._take(key.data, source, data)
            while self.waiting and self.waiting[0][0] <= time.monotonic():
                _, number, out, to, data = heapq.heappop(self.waiting)
                self.counts["overtaken"] += number < self.sent
                self.sent = max(self.sent, number)
                try:
                    out.sendto(data, to)
                except OSError:
                    pass

    def _take(self, place, source, data):
        if place is None:  # a request: what is known of an earlier transfer is over
            way = self._way(source)
            if way:
                self._send(way[0], self.server, data)
            return
        side, client = place
        to_server, to_client = self.ways[client]
        if side == "server":
            self.transfer[client] = source
            self._send(to_client, client, data)
        elif client in self.transfer:
            self._send(to_server, self.transfer[client], data)

    def _send(self, out, to, data):
        if self.random.random() < self.lost or len(self.waiting) >= self.MOST_WAITING:
            self.counts["lost"] += 1
            return
        again = self.random.random() < self.twice
        self.counts["twice"] += again
        for _ in range(1 + again):
            late = self.random.random() < self.late
            delay = self.random.uniform(0.01, 0.15) if late else 0.0
            self.number += 1
            heapq.heappush(self.waiting, (time.monotonic() + delay, self.number, out, to, data))

    def close(self):
        self.ends.set()
        self.thread.join(5)
        self.selector.close()
        for made in [self.front, *(one for way in self.ways.values() for one in way)]:
            made.close()
