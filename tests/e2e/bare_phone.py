# SPDX-License-Identifier: MIT
"""A phone of bytes: sends exactly what a test wrote and keeps exactly what came back."""
import socket
import time

GROUP = ("224.0.1.75", 5060)


def subscribe(mac, host, port, *, uri=None, via=None, contact=None, branch="z9hG4bK70411250",
              tag="70411247", vendor="Htek", model="UC924", version="2.0.4.2"):
    """The Htek shape: 492 bytes with the values of the specification's example 9.1."""
    uri = uri or f"sip:MAC{mac}@224.0.1.75"
    return "\r\n".join([
        f"SUBSCRIBE {uri} SIP/2.0",
        f"Via: SIP/2.0/UDP {via or f'{host}:{port}'};branch={branch}",
        f"From: <{uri}>;tag={tag}",
        f"To: <{uri}>",
        f"Call-ID: {tag}@{host}",
        "CSeq: 1 SUBSCRIBE",
        f"Contact: <{contact or f'sip:MAC{mac}@{host}:{port}'}>",
        "Max-Forwards: 70",
        f"User-Agent: {vendor} {model} {version}",
        "Expires: 0",
        f'Event: ua-profile;profile-type="device";vendor="{vendor}";model="{model}";'
        f'version="{version}"',
        "Accept: application/url",
        "Content-Length: 0",
        "", ""]).encode()


class BarePhone:
    """One UDP socket; a NOTIFY is answered with 200 as a phone would."""

    def __init__(self, host, port, patience=1):
        self.host = host
        self.patience = patience
        self.socket = host.udp(port)
        self.received = []  # (bytes, (address, port))

    def send(self, data, to=GROUP):
        self.socket.sendto(data, to)

    def listen(self, seconds, until=None):
        """Takes what comes; ends early once `until` finds what it looks for in a datagram."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                data, source = self.socket.recvfrom(65536)
            except socket.timeout:
                break
            self.received.append((data, source))
            if data.startswith(b"NOTIFY "):
                self.socket.sendto(self.answer(data), source)
            if until is not None and data.startswith(until):
                return data
        assert until is None, (f"no {until.decode()} within {seconds} s; got: "
                               f"{[data.splitlines()[0] for data, _ in self.received]}")
        return None

    @staticmethod
    def answer(notify):
        keep = (b"via:", b"from:", b"to:", b"call-id:", b"cseq:")
        lines = [line for line in notify.partition(b"\r\n\r\n")[0].split(b"\r\n")
                 if line.lower().startswith(keep)]
        return b"\r\n".join([b"SIP/2.0 200 OK", *lines, b"Content-Length: 0", b"", b""])

    def offered_url(self, data, seconds=10):
        """Plugs in with this SUBSCRIBE and returns the URL of the NOTIFY."""
        self.send(data)
        notify = self.listen(seconds * self.patience, until=b"NOTIFY ")
        return notify.partition(b"\r\n\r\n")[2].decode()

    def close(self):
        self.socket.close()


def http_get(host, url, path=None, user_agent="Htek UC924 2.0.4.2", more=""):
    """All bytes that come back for one GET; `path` replaces the URL's."""
    place, _, own_path = url.removeprefix("http://").partition("/")
    address, _, port = place.partition(":")
    request = (f"GET {path or '/' + own_path} HTTP/1.1\r\nHost: {place}\r\n"
               f"User-Agent: {user_agent}\r\n{more}Connection: close\r\n\r\n")
    with host.tcp((address, int(port or 80))) as connection:
        connection.sendall(request.encode())
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    return answer
