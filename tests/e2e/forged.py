# SPDX-License-Identifier: MIT
"""Frames whose sender is a lie: what a host writes that owns its network card and no honesty."""
import contextlib
import itertools
import socket
import struct
import threading
import time

from bare_phone import subscribe

LIAR = bytes.fromhex("020000000066")
GROUP = ("224.0.1.75", 5060)
GROUP_MAC = bytes.fromhex("01005e00014b")  # RFC 1112 6.4


def wire(host, interface="eth0"):
    """A socket that puts whole frames onto the host's network."""
    with host.inside():
        made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        made.bind((interface, 0))
    return made


def to_group(source, port, data):
    """A datagram to the group as if it came from there; RFC 768 lets the checksum be absent."""
    udp = struct.pack("!HHHH", port, GROUP[1], 8 + len(data), 0) + data
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 1, socket.IPPROTO_UDP, 0,
                       socket.inet_aton(source), socket.inet_aton(GROUP[0]))
    total = sum(struct.unpack("!10H", head))
    total = (total & 0xffff) + (total >> 16)
    return (GROUP_MAC + LIAR + b"\x08\x00" + head[:10] + struct.pack("!H", ~total & 0xffff)
            + head[12:] + udp)


def arp_request(claimed, wanted):
    """Who has `wanted`? Tell `claimed`, who is me."""
    return (b"\xff" * 6 + LIAR + b"\x08\x06" + struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + LIAR
            + socket.inet_aton(claimed) + bytes(6) + socket.inet_aton(wanted))


class Questions:
    """SUBSCRIBEs of a phone by somebody else: its MAC, its address, one port after the other."""

    def __init__(self, liar, phone):
        self.wire = wire(liar)
        self.phone = phone
        self.sent = 0
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        for number in itertools.count():
            data = subscribe(self.phone.mac, self.phone.address, 60000, tag=f"6{number}",
                             branch=f"z9hG4bKforged{number}")
            self.wire.send(to_group(self.phone.address, 20000 + number % 20000, data))
            self.sent += 1
            if number % 8 == 7:
                time.sleep(0.005)  # no more than 1,600 a second
            if self.stopped.is_set():
                return

    @contextlib.contextmanager
    def running(self):
        self.thread.start()
        try:
            yield self
        finally:
            self.stopped.set()
            self.thread.join()
            self.wire.close()
