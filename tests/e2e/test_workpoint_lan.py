# SPDX-License-Identifier: MIT
"""OpenStage phones on the LAN, and a host there that says in turn that it is the phone and itself."""
import socket
import struct
import time

from branch_office import Caller
from forged import wire
from test_workpoint import CONFIG, OUI, plug_in, wait_served

SECRET = "5ecret-of-the-lan"


def raw(mac):
    return bytes.fromhex(mac.replace(":", ""))


class TwoFaced(Caller):
    """Its frames come from its own card. Whenever it asks, it says by ARP that its address is at the
    phone's MAC, and takes that back before TCP sends the answer once more."""

    def __init__(self, host, phone, to):
        super().__init__(host, phone.mac, to, keeps_connection=True)
        self.phone = phone
        self.wire = wire(host)

    def claim(self, mac):
        own = socket.inet_aton(self.host.address)
        self.wire.send(b"\xff" * 6 + raw(self.host.mac) + b"\x08\x06"
                       + struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + raw(mac) + own + bytes(6) + own)
        time.sleep(0.1)

    def say(self, *words, **wishes):
        self._connect()
        self.claim(self.phone.mac)
        try:
            return super().say(*words, **wishes)
        except OSError:
            self.hang_up()
            return "", ""

    def _read(self, door):
        time.sleep(0.2)
        self.claim(self.host.mac)
        return super()._read(door)


def test_who_lies_by_arp_in_turn_does_not_get_the_password_of_a_phone_that_is_there(lab):
    desk = lab.desk(1, oui=OUI)
    liar = lab.network.host("liar", "192.168.77.66/24", "lan", "02:00:00:00:00:66")
    pnpd = lab.pnpd(CONFIG)
    wait_served(lab, pnpd)
    pnpd.ctl("extension", "add", "201", "--password", SECRET)
    pnpd.ctl("assign", desk.mac, "201")
    plug_in(lab, desk).configured()
    changed = f"{liar.address} has another MAC than when it connected"
    for attempt in range(20):
        if attempt >= 3 and changed in pnpd.log():
            break
        caller = TwoFaced(liar, desk, lab.pbx.address)
        caller.all_of_it()
        assert b"sip-pwd" not in caller.received, pnpd.text("explain", desk.mac)
    told = pnpd.text("explain", desk.mac)
    assert f"{liar.address} was given its passwords" not in told, told
    assert changed in pnpd.log(), "it was seen"
    plug_in(lab, desk).configured()
