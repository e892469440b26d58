# SPDX-License-Identifier: MIT
"""What really travelled: dumpcap captures in a namespace, tshark reads it; our parsers have no say."""
import collections
import itertools
import json
import os
import signal
import socket
import subprocess
import time

MARK_PORT = 9  # discard
DECODE = ["-d", "udp.port==5059,sip", "-d", "udp.port==60000,sip", "-d", "udp.port==1053,sip",
          "-d", "udp.port==5070,sip", "-d", "udp.port==5080,sip", "-d", "tcp.port==5480,http", "-d", "tcp.port==5481,tls",
          "-d", "tcp.port==18080,http"]
_marks = itertools.count(1)


class Capture:
    """Captures from the moment the constructor returns until stop(); both ends are proven by a
    marked datagram that must be found in the file. dumpcap is what tshark itself captures with,
    and it starts without loading all dissectors."""

    def __init__(self, host, folder, interface="eth0"):
        self.host = host
        self.interface = interface
        self.read = {}  # what tshark said: it takes a second to start
        self.file = os.path.join(folder, f"{host.name}-{interface}.pcapng")
        self.log = open(self.file + ".log", "wb")
        self.process = host.start("dumpcap", "-q", "-i", interface, "-w", self.file,
                                  stdout=self.log, stderr=self.log)
        try:
            self._mark("capture begins")
        except BaseException:
            self.close()
            raise

    def _mark(self, what):
        mark = f"{what} {os.getpid()} {next(_marks)}".encode()
        with self.host.inside():
            sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self.interface.encode())
        end = time.monotonic() + 60
        with sender:
            while time.monotonic() < end:
                sender.sendto(mark, ("255.255.255.255", MARK_PORT))
                time.sleep(0.1)
                if self._holds(mark):
                    return
                if self.process.poll() is not None:
                    break
        with open(self.file + ".log", encoding="utf-8", errors="replace") as said:
            raise RuntimeError(f"dumpcap does not capture on {self.host.name}: {said.read()}")

    def _holds(self, mark):
        try:
            with open(self.file, "rb") as file:
                file.seek(max(0, os.path.getsize(self.file) - 1_000_000))
                return mark in file.read()
        except OSError:
            return False

    def stop(self):
        if self.process.poll() is None:
            self._mark("capture ends")
        self.close()
        return self

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()

    def packets(self, display_filter, *fields):
        """One dictionary per packet: field → its first value, and None where it has none."""
        return [{field: (packet.get(field) or [None])[0] for field in fields}
                for packet in self.layers(display_filter, *fields)]

    def layers(self, display_filter, *fields):
        """One dictionary per packet: field → all of its values, in the order of the packet."""
        assert self.process.poll() is not None, "stop() the capture before reading it"
        if (display_filter, fields) not in self.read:
            self.read[display_filter, fields] = self._decode(display_filter, fields)
        return self.read[display_filter, fields]

    def _decode(self, display_filter, fields):
        words = ["tshark", "-r", self.file, *DECODE, "-Y", display_filter, "-T", "json"]
        for field in fields:
            words += ["-e", field]
        done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"tshark -r: {done.stderr.strip()}")
        return [row["_source"].get("layers", {}) for row in json.loads(done.stdout or "[]")]

    def count(self, display_filter):
        return len(self.layers(display_filter, "frame.number"))


SIP = ("frame.time_epoch", "ip.src", "ip.dst", "udp.srcport", "udp.dstport", "sip.Method",
       "sip.Status-Code", "sip.r-uri", "sip.Via", "sip.Via.branch", "sip.Via.rport",
       "sip.Via.received", "sip.From", "sip.from.tag", "sip.To", "sip.to.tag", "sip.Call-ID",
       "sip.CSeq", "sip.CSeq.method", "sip.Contact", "sip.Expires", "sip.Event",
       "sip.Subscription-State", "sip.Content-Type", "sip.Content-Length", "sip.msg_body",
       "udp.payload")


class SipPacket:
    """One SIP message as tshark reads it."""

    def __init__(self, row):
        self.time = float(row["frame.time_epoch"])
        self.source = f"{row['ip.src']}:{row['udp.srcport']}"
        self.to_whom = f"{row['ip.dst']}:{row['udp.dstport']}"
        self.method = row["sip.Method"]
        self.status = int(row["sip.Status-Code"]) if row["sip.Status-Code"] else None
        self.answers = row["sip.CSeq.method"] if self.status else None
        self.uri = row["sip.r-uri"]
        self.via = row["sip.Via"]
        self.branch = row["sip.Via.branch"]
        self.rport = row["sip.Via.rport"]
        self.received = row["sip.Via.received"]
        self.from_ = row["sip.From"]
        self.from_tag = row["sip.from.tag"]
        self.to = row["sip.To"]
        self.to_tag = row["sip.to.tag"]
        self.call_id = row["sip.Call-ID"]
        self.cseq = row["sip.CSeq"]
        self.contact = row["sip.Contact"]
        self.expires = row["sip.Expires"]
        self.event = row["sip.Event"]
        self.state = row["sip.Subscription-State"]
        self.content_type = row["sip.Content-Type"]
        self.content_length = int(row["sip.Content-Length"] or 0)
        self.bytes = bytes.fromhex((row["udp.payload"] or "").replace(":", ""))
        self.body = self.bytes.partition(b"\r\n\r\n")[2]

    def __repr__(self):
        what = self.method or f"{self.status} to {self.answers}"
        return f"<{what} {self.source} → {self.to_whom}>"


def sip(capture, display_filter="sip", repeats=False):
    packets = [SipPacket(row) for row in capture.packets(display_filter, *SIP)]
    return packets if repeats else list(without_repeats(packets))


def without_repeats(packets):
    """Without the requests that were sent again because no answer had come for half a second (RFC 3261
    17.1.1.2, 17.1.2.2), as it is on a busy machine, and without the answers to those. What is sent
    twice at once stays twice, and what is sent again long after its answer."""
    sent, answered, repeated = {}, {}, collections.Counter()
    for packet in packets:
        message = (packet.source, packet.to_whom, packet.bytes)
        dialog = (packet.call_id, packet.cseq)
        before = sent.setdefault(message, packet.time)
        if packet.status and packet.status >= 200:
            answered.setdefault(dialog, packet.time)
        is_late = packet.time - before > 0.4
        if packet.method and is_late and packet.time - answered.get(dialog, packet.time) < 0.4:
            repeated[dialog] += 1
        elif packet.status and before != packet.time and repeated[dialog] > 0:
            repeated[dialog] -= 1
        else:
            yield packet


def malformed(capture):
    """What tshark objects to in SIP or HTTP, in words."""
    rows = capture.packets("(sip or http) and (_ws.malformed or _ws.expert.severity >= 0x600000)",
                           "frame.number", "_ws.expert.message", "_ws.col.Info")
    return [f"frame {row['frame.number']}: {row['_ws.expert.message']}" for row in rows]


def requested_files(capture, source=None):
    """The HTTP exchanges in order: (path, status)."""
    which = "http.response" + (f" and ip.dst == {source}" if source else "")
    rows = capture.packets(which, "http.response_for.uri", "http.response.code")
    return [("/" + row["http.response_for.uri"].split("/", 3)[3], int(row["http.response.code"]))
            for row in rows]
