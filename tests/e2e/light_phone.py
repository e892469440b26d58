# SPDX-License-Identifier: MIT
"""A phone of few lines, of which hundreds run beside each other: it asks, fetches and fetches again
with its own URL, as an Htek does when it restarts. What it is sent is read without any of our code."""
import re
import socket
import threading
import time

from bare_phone import GROUP, BarePhone, subscribe

CHAIN = ("factory0000.xml", "cfg0000.xml", "{mac}.cfg", "cfg{mac}", "cfg{mac}.xml")


def read_answer(connection, buffer=b""):
    """One HTTP answer of a connection that stays open: (status, header, body, what came behind)."""
    while b"\r\n\r\n" not in buffer:
        more = connection.recv(65536)
        if not more:
            raise ConnectionError(f"closed after {buffer!r}")
        buffer += more
    header, _, body = buffer.partition(b"\r\n\r\n")
    found = re.search(rb"\r\ncontent-length: *(\d+)", header, re.IGNORECASE)
    length = int(found[1]) if found else 0
    while len(body) < length:
        more = connection.recv(65536)
        if not more:
            raise ConnectionError(f"closed within {body!r}")
        body += more
    return int(header.split()[1]), header, body[:length], body[length:]


class Connection:
    """HTTP to one server, over a connection that is made again when it closes. It leaves from the
    network of the thread that uses it (Host.enter)."""

    def __init__(self, server):
        self.server = server
        self.socket = None

    def get(self, path, user_agent="Htek UC924 2.0.4.2"):
        request = (f"GET {path} HTTP/1.1\r\nHost: {self.server[0]}:{self.server[1]}\r\n"
                   f"User-Agent: {user_agent}\r\n\r\n").encode()
        for attempt in range(3):
            try:
                if self.socket is None:
                    self.socket = socket.create_connection(self.server, 30)
                self.socket.sendall(request)
                status, header, body, _ = read_answer(self.socket)
                if b"connection: close" in header.lower():
                    self.close()
                return status, header, body
            except OSError:
                self.close()
                if attempt == 2:
                    raise
        raise AssertionError("not reached")

    def close(self):
        if self.socket is not None:
            self.socket.close()
            self.socket = None


class LightPhone:
    """Runs in a thread of its own; `configured` is true once its own URL brought it its file."""

    def __init__(self, host, mac, port):
        self.host = host
        self.mac = mac
        self.port = port
        self.configured = False
        self.problem = None
        self.ended = None  # seconds since it was plugged in
        self.socket = host.udp(port)
        self.thread = threading.Thread(target=self._run, daemon=True)

    def plug_in(self):
        self.thread.start()
        return self

    def _run(self):
        began = time.monotonic()
        try:
            self.host.enter()
            self._come_up()
        except Exception as problem:  # pylint: disable=broad-except
            self.problem = f"{type(problem).__name__}: {problem}"
        finally:
            self.ended = time.monotonic() - began
            self.socket.close()

    def _come_up(self):
        url = self._asked()
        place, _, folder = url.removeprefix("http://").partition("/")
        address, _, port = place.partition(":")
        file = self._walked((address, int(port)), "/" + folder)
        own = re.search(rb"http://[^<]*?(/p/[^<]*/)<", file)
        assert own, file
        self._walked((address, int(port)), own[1].decode())
        self.configured = True

    def _asked(self):
        """SUBSCRIBE, repeated as RFC 3261 has it; answers the NOTIFY, returns its URL."""
        request = subscribe(self.mac, self.host.address, self.port, tag=f"7{self.port}",
                            branch=f"z9hG4bK{self.mac}")
        wait, end = 0.5, time.monotonic() + 60
        answered = False
        while time.monotonic() < end:
            if not answered:
                self.socket.sendto(request, GROUP)
            self.socket.settimeout(min(wait, 30) if not answered else end - time.monotonic())
            wait *= 2
            try:
                data, source = self.socket.recvfrom(65536)
            except socket.timeout:
                continue
            if data.startswith(b"NOTIFY "):
                self.socket.sendto(BarePhone.answer(data), source)
                return data.partition(b"\r\n\r\n")[2].decode().strip()
            answered = answered or data.startswith(b"SIP/2.0 200")
        raise AssertionError("no URL within a minute")

    def _walked(self, server, folder):
        """The chain in the maker's order; 503 is tried again when the server says."""
        connection = Connection(server)
        try:
            for name in CHAIN:
                while True:
                    status, header, body = connection.get(folder + name.format(mac=self.mac))
                    if status != 503:
                        break
                    found = re.search(rb"\r\nretry-after: *(\d+)", header, re.IGNORECASE)
                    time.sleep(int(found[1]) if found else 1)
                if status == 200:
                    return body
                assert status == 404, (status, header)
        finally:
            connection.close()
        raise AssertionError(f"no file of the chain below {folder[:7]}...")
