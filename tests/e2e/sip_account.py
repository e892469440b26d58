# SPDX-License-Identifier: MIT
"""One SIP account on one socket: registers, calls, types digits. It shares no code with the product
nor with pnp-phone, so that a claim is judged by what crosses the wire."""
import contextlib
import hashlib
import re
import secrets
import socket
import struct
import threading
import time


def digest(text):
    return hashlib.md5(text.encode()).hexdigest()


def header(message, name):
    found = re.search(rf"(?im)^{name}: *(.*?)\r?$", message)
    return found[1] if found else ""


class SipAccount:
    def __init__(self, host, number, password, server, port=5060, user_agent="test",
                 patience=1):
        self.host, self.number, self.password, self.server = host, number, password, server
        self.port, self.user_agent, self.patience = port, user_agent, patience
        self.socket = host.udp(port, host.address)
        self.media = host.udp(0, host.address)
        self.notified = []  # the Event of each NOTIFY
        self.ended = []  # the Call-ID of each call that the other side ended
        self.called = None  # the INVITE of the last call that was taken
        self.answers = []
        self.sequence = 0
        self.news = threading.Condition()
        threading.Thread(target=self._listen, daemon=True).start()

    # What comes.

    def _listen(self):
        while True:
            try:
                data, source = self.socket.recvfrom(65536)
            except socket.timeout:
                continue
            except OSError:
                return
            message = data.decode(errors="replace")
            with self.news:
                if message.startswith("SIP/2.0 "):
                    self.answers.append(message)
                else:
                    if message.startswith("NOTIFY "):
                        self.notified.append(header(message, "Event"))
                    if message.startswith("BYE "):
                        self.ended.append(header(message, "Call-ID"))
                    if not message.startswith("ACK "):
                        self._agree(message, source)
                self.news.notify_all()

    def _agree(self, request, source):
        keep = ("via:", "from:", "to:", "call-id:", "cseq:")
        lines = [line for line in request.split("\r\n\r\n")[0].split("\r\n")
                 if line.lower().startswith(keep)]
        body = ""
        if request.startswith("INVITE "):
            body = self._sdp()
            lines += [f"Contact: <sip:{self.number}@{self.host.address}:{self.port}>",
                      "Content-Type: application/sdp"]
            if ";tag=" not in header(request, "To"):
                self.called = request
                lines = [f"{line};tag=called" if line.startswith("To:") else line for line in lines]
        self.socket.sendto("\r\n".join(["SIP/2.0 200 OK", *lines,
                                        f"Content-Length: {len(body)}", "", body]).encode(), source)

    def wait(self, question, what, seconds=20):
        with self.news:
            found = self.news.wait_for(question, seconds * self.patience)
            assert found, f"{self.number}: no {what}"

    # What goes.

    def _sdp(self):
        return "\r\n".join([
            "v=0", f"o=- 1 1 IN IP4 {self.host.address}", "s=-", f"c=IN IP4 {self.host.address}",
            "t=0 0", f"m=audio {self.media.getsockname()[1]} RTP/AVP 0 101", "a=rtpmap:0 PCMU/8000",
            "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-16", ""])

    def _send(self, method, uri, call, cseq, to, more=(), body="", branch=None, tag=None):
        self.socket.sendto("\r\n".join([
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.host.address}:{self.port};rport;"
            f"branch=z9hG4bK{branch or secrets.token_hex(8)}",
            f"From: <sip:{self.number}@{self.server}>;tag={tag or call[:8]}", f"To: {to}",
            f"Call-ID: {call}", f"CSeq: {cseq} {method}", "Max-Forwards: 70",
            f"Contact: <sip:{self.number}@{self.host.address}:{self.port}>",
            f"User-Agent: {self.user_agent}", *more,
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}", "", body]).encode(), (self.server, 5060))

    def _final(self, call, cseq):
        def find():
            return next((each for each in self.answers if header(each, "Call-ID") == call
                         and header(each, "CSeq") == cseq and each[8] != "1"), None)

        self.wait(find, f"answer to {cseq}")
        return find()

    def _proof(self, method, uri, answer):
        asked = header(answer, "WWW-Authenticate")
        realm, nonce = (re.search(rf'{name}="([^"]*)"', asked)[1] for name in ("realm", "nonce"))
        one, two = digest(f"{self.number}:{realm}:{self.password}"), digest(f"{method}:{uri}")
        proof = digest(f"{one}:{nonce}:00000001:abc:auth:{two}")
        return (f'Authorization: Digest username="{self.number}", realm="{realm}", nonce="{nonce}",'
                f' uri="{uri}", response="{proof}", algorithm=MD5, qop=auth, nc=00000001, '
                'cnonce="abc"')

    def _ask(self, method, uri, to, more=(), body=""):
        """Once without proof, and again with it: the final answer and the call's id."""
        call, answer, proof = secrets.token_hex(8), None, ()
        for _ in range(2):
            self.sequence += 1
            branch = secrets.token_hex(8)
            self._send(method, uri, call, self.sequence, to, (*proof, *more), body, branch)
            answer = self._final(call, f"{self.sequence} {method}")
            if method == "INVITE":
                target = re.search(r"<([^>]*)>", header(answer, "Contact") or f"<{uri}>")[1]
                ok = answer.startswith("SIP/2.0 200")
                self._send("ACK", target if ok else uri, call, self.sequence,
                           header(answer, "To"), branch=None if ok else branch)
            if not answer.startswith("SIP/2.0 401"):
                break
            proof = (self._proof(method, uri, answer),)
        return answer, call

    def register(self, expires=900):
        answer, _ = self._ask("REGISTER", f"sip:{self.server}",
                              f"<sip:{self.number}@{self.server}>", [f"Expires: {expires}"])
        return int(answer[8:11])

    def call(self, number, typed=(), caller=None):
        """Calls, types what is to be typed, and waits until the other side hangs up. The status."""
        uri = f"sip:{number}@{self.server}"
        more = [f"P-Asserted-Identity: <sip:{caller}@{self.server}>"] if caller else []
        answer, call = self._ask("INVITE", uri, f"<{uri}>", more, self._sdp())
        status = int(answer[8:11])
        if status == 200:
            where = re.search(r"c=IN IP4 (\S+)", answer)[1], int(
                re.search(r"m=audio (\d+)", answer)[1])
            for digits in typed:
                time.sleep(0.5)
                self._type(digits, where)
            self.wait(lambda: call in self.ended, "end of the call", 60)
        return status

    def refer(self, number):
        """Transfers who called last to a number, without asking there first. The status."""
        uri = re.search(r"<([^>]*)>", header(self.called, "Contact"))[1]
        call = header(self.called, "Call-ID")
        self.sequence += 1
        self._send("REFER", uri, call, self.sequence, header(self.called, "From"),
                   [f"Refer-To: <sip:{number}@{self.server}>"], tag="called")
        return int(self._final(call, f"{self.sequence} REFER")[8:11])

    def heard(self):
        """What came since it was asked last, as sounds of one sample each."""
        sounds = []
        self.media.settimeout(0.2)
        with contextlib.suppress(TimeoutError):
            while True:
                sound = set(self.media.recv(2048)[12:])
                if len(sound) == 1 and [*sound] != sounds[-1:]:
                    sounds += sound
        return sounds

    def _type(self, digits, where):
        """RFC 4733: each digit an event of 100 ms, its end said three times."""
        source, number = secrets.randbits(32), secrets.randbits(15)
        stamp = secrets.randbits(31)
        for digit in digits:
            event = "0123456789*#".index(digit)
            for step, (end, length) in enumerate(
                    ((0, 160), (0, 320), (0, 480), (0, 640), (0x80, 800), (0x80, 800), (0x80, 800))):
                number += 1
                self.media.sendto(struct.pack("!BBHII BBH", 0x80, 101 | (0x80 if step == 0 else 0),
                                              number & 0xffff, stamp, source, event, end | 10,
                                              length), where)
                time.sleep(0.02)
            stamp += 1600
            time.sleep(0.1)

    def close(self):
        self.socket.close()
        self.media.close()
