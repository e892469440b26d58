# SPDX-License-Identifier: MIT
"""Keys that watch an extension: what is in the file, and what Asterisk says to whom it names."""
import hashlib
import re

from test_asterisk import wait_hint
from test_panasonic import OUI, add_extensions, plug_in, wait_registered

KEYS = """[profile boss]
extension = 203
keys = blf 201
[profile kx]
vendor = panasonic
keys = line 1, blf 202 Anna, blf 299 Nobody, pickup 202 Grab, voicemail
voicemail = *97
pickup = **
"""


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


class Watcher:
    """Watches an extension with the account of a phone, as its key would."""

    def __init__(self, desk, server, user, password):
        self.socket = desk.udp()
        self.address = ":".join(map(str, self.socket.getsockname()))
        self.server, self.user, self.password = server, user, password
        self.sequence = 0

    def _subscribe(self, number, more=""):
        self.sequence += 1
        self.socket.sendto("\r\n".join([
            f"SUBSCRIBE sip:{number}@{self.server} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.address};branch=z9hG4bK{number}{self.sequence};rport",
            f"From: <sip:{self.user}@{self.server}>;tag=w{number}",
            f"To: <sip:{number}@{self.server}>",
            f"Call-ID: key-{number}@{self.address}", f"CSeq: {self.sequence} SUBSCRIBE",
            f"Contact: <sip:{self.user}@{self.address}>", "Max-Forwards: 70", "Event: dialog",
            "Accept: application/dialog-info+xml", "Expires: 300", *([more] if more else []),
            "Content-Length: 0", "", ""]).encode(), (self.server, 5060))

    def _message(self, starts):
        while True:
            text = self.socket.recv(65535).decode()
            if text.startswith("NOTIFY"):
                self._confirm(text)
            if text.startswith(starts):
                return text

    def _confirm(self, notify):
        kept = [line for line in notify.split("\r\n\r\n")[0].split("\r\n")
                if re.match(r"(Via|From|To|Call-ID|CSeq):", line)]
        self.socket.sendto("\r\n".join(["SIP/2.0 200 OK", *kept, "Content-Length: 0", "", ""])
                           .encode(), (self.server, 5060))

    def watch(self, number):
        """The status of the answer."""
        self._subscribe(number)
        asked = self._message("SIP/2.0 401")
        realm, nonce = (re.search(rf'{name}="([^"]*)"', asked)[1] for name in ("realm", "nonce"))
        uri = f"sip:{number}@{self.server}"
        proof = md5(f"{md5(f'{self.user}:{realm}:{self.password}')}:{nonce}:00000001:c:auth:"
                    f"{md5(f'SUBSCRIBE:{uri}')}")
        self._subscribe(number, f'Authorization: Digest username="{self.user}", realm="{realm}", '
                                f'nonce="{nonce}", uri="{uri}", qop=auth, nc=00000001, cnonce="c", '
                                f'algorithm=MD5, response="{proof}"')
        return int(self._message("SIP/2.0")[8:11])

    def told(self):
        """The next state that a NOTIFY brings."""
        body = self._message("NOTIFY").split("\r\n\r\n", 1)[1]
        return re.search(r"<state>(\w+)</state>", body)[1]


def test_a_key_s_subscribe_gets_its_notify_and_one_without_a_hint_is_explained(lab):
    kitchen, hall = lab.desk(1, oui=OUI), lab.desk(2)
    pbx = lab.pbx_with_module("tftp = on\nclaim_code = *77\n" + KEYS,
                              more=("res_pjsip_dialog_info_body_generator",))
    add_extensions(pbx, "201", "202", "203")
    pbx.pnp(f"assign {kitchen.mac} 201")
    pbx.pnp(f"assign {hall.mac} 202")
    lab.phone(hall, "--answer", "--register", "--stay")
    pbx.wait_state(hall.mac, "registered")
    wait_registered(lab, plug_in(lab, kitchen), 1)
    text = pbx.pnp(f"render {kitchen.mac} Config{kitchen.mac}.cfg --reveal")
    assert 'FLEX_BUTTON_FACILITY_ACT2="X_PANASONIC_IPTEL_CONTACT"' in text, text
    assert 'FLEX_BUTTON_FACILITY_ARG4="**202"' in text, text
    assert 'FLEX_BUTTON_FACILITY_ARG5="*97"' in text and 'VM_NUMBER_1="*97"' in text, text
    watched = re.search(r'FLEX_BUTTON_FACILITY_ARG2="(\d+)"', text)[1]
    watcher = Watcher(kitchen, lab.pbx.address, "201", re.search(r'SIP_PASS_1="([^"]*)"', text)[1])
    assert watcher.watch(watched) == 200
    lab.wait_for(lambda: watcher.told() == "terminated", "nobody talks")
    pbx.cli("channel originate PJSIP/202 application Echo")
    lab.wait_for(lambda: watcher.told() == "confirmed", "the lamp")
    wait_hint(pbx, "202", "InUse")
    assert watcher.watch("299") == 404
    said = pbx.pnp(f"explain {kitchen.mac}")
    assert "Its keys watch 299, which has no hint in the context of 201" in said, said
    pbx.pnp(f"guest {kitchen.mac}")
    said = pbx.pnp(f"explain {kitchen.mac}")
    assert "Its keys watch" not in said, f"a guest's context has no hints at all\n{said}"
    pbx.pnp(f"assign {kitchen.mac} 203")
    text = pbx.pnp(f"render {kitchen.mac} Config{kitchen.mac}.cfg")
    assert 'FLEX_BUTTON_FACILITY_ARG1="201"' in text, re.findall('FLEX.*', text)[:24]
    assert "Its keys watch" not in pbx.pnp(f"explain {kitchen.mac}")
