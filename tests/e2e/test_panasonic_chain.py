# SPDX-License-Identifier: MIT
"""A KX-UT670 and nothing but what the network says: a real dnsmasq, a real DHCP client, a real Asterisk."""
import hashlib
import os
import re

from capture import malformed
from test_dhcp import PHONE, DhcpServer, client, lease, option66
from test_panasonic import add_extensions, all_files, assert_understood, names, wait_registered

IMAGE = "UT670_01.100.bin"
SIZE = 1_500_000  # six pieces
SECTION = f"[firmware ut670]\nvendor = panasonic\nversion = 01.100\nfile = {IMAGE}\n"
NUMBERS = [str(number) for number in range(201, 207)]


class Office:
    """A PBX whose DHCP server is dnsmasq, as `pnp dhcp dnsmasq` says, and a phone without an address."""

    def __init__(self, lab):
        self.lab = lab
        self.dhcp = lab.close_later(DhcpServer(lab))
        self.pbx = lab.pbx_with_module(self.options())
        self.dhcp.start(self.pbx.pnp("dhcp dnsmasq"))
        self.desk = client(lab, "kx", PHONE)

    def options(self):
        return f"tftp = on\ndhcp_control = {self.dhcp.control}\n"

    def plug_in(self):
        """The phone's own DHCP client first; then all it knows is what that was told."""
        self.desk.address = lease(self.lab, self.desk, "-O", "tftp", "-x", "hostname:KX-UT670")
        return self.lab.phone(self.desk, "--option66", option66(self.lab, self.desk), "--register",
                              "--stay", "--minute", "200ms", vendor="panasonic")

    def offer_firmware(self):
        """Its bytes' sum."""
        folder = os.path.join(self.pbx.folder, "var", "firmware")
        os.makedirs(folder, exist_ok=True)
        image = b"".join(hashlib.sha256(str(i).encode()).digest() for i in range(SIZE // 32 + 1))
        with open(os.path.join(folder, IMAGE), "wb") as file:
            file.write(image[:SIZE])
        self.pbx.configure("pnp.conf", f"[general]\nvendors = {self.lab.folder}/vendors\n"
                           + self.options() + SECTION)
        self.pbx.pnp("reload")
        return hashlib.sha256(image[:SIZE]).hexdigest()

    def wait_contacts(self, version):
        """All six lines are Asterisk's contacts, at the phone's leased address, with this firmware."""
        self.pbx.wait_state(self.desk.mac, "registered")
        for number in NUMBERS:
            said = self.pbx.cli(f"pjsip show aor {number}")
            (contact,) = re.findall(r"Contact: +\S+?/(sip:\S+)", said)
            assert contact.startswith(f"sip:{number}@{self.desk.address}:"), contact
        agents = self.pbx.cli("database show registrar/contact")
        assert agents.count(f"Panasonic_KX-UT670/{version} ({self.desk.mac})") == 6, agents


def assert_downloaded(firmware, wanted):
    assert (firmware["version"], firmware["bytes"], firmware["sha256"]) == ("01.100", SIZE, wanted)
    assert firmware["requests"] == 6 and not firmware["problem"], firmware


def test_from_the_lease_to_six_lines_a_refetch_and_new_firmware(lab):
    office = Office(lab)
    pbx, desk = office.pbx, office.desk
    add_extensions(pbx, *NUMBERS)
    said = pbx.pnp(f"assign {desk.mac} {','.join(NUMBERS)}")
    assert f"{desk.mac} has" in said, said
    capture = lab.capture(desk)
    phone = office.plug_in()
    assert option66(lab, desk) == lab.pbx.address
    wait_registered(lab, phone, 6)
    office.wait_contacts("01.070")
    pbx.pnp(f"resync {desk.mac}")
    phone.wait_trace("told to restart")
    wait_registered(lab, phone, 12)
    wanted = office.offer_firmware()
    pbx.pnp(f"resync {desk.mac}")
    phone.wait_trace("restarting with it")
    wait_registered(lab, phone, 18)
    office.wait_contacts("01.100")
    report = phone.stopped()
    capture.stop()
    assert report["outcome"] == "configured" and report["resyncs"] == 2, report
    assert report["address"] == desk.address, report
    assert [row["user"] for row in report["accounts"] if row["registered"]] == NUMBERS, report
    walks = [names(walk) for walk in report["requests"]]
    assert walks[:4] == [[("KX-UT670.cfg", 200)], [(f"Config{desk.mac}.cfg", 200)],
                         all_files(desk, 200), all_files(desk, 304)], walks
    assert report["restarts"] == 4, "two resyncs; before the download and after it"
    assert_downloaded(report["firmware"], wanted)
    assert_understood(report)
    assert not malformed(capture), malformed(capture)
    acks = capture.packets("dhcp.option.dhcp == 5", "dhcp.option.tftp_server_name", "dhcp.ip.your")
    assert acks == [{"dhcp.option.tftp_server_name": lab.pbx.address,
                     "dhcp.ip.your": desk.address}], acks
    pieces = capture.packets("http.response.code == 206", "http.content_length_header")
    assert [int(piece["http.content_length_header"]) for piece in pieces] == [
        262144] * 5 + [SIZE % 262144], pieces
    told = pbx.pnp(f"explain {desk.mac}")
    for words in ("got this address by DHCP", "told to fetch firmware: 01.100",
                  "came back with firmware"):
        assert words in told, told


def test_plugged_in_before_approval_it_comes_up_within_its_retry_interval(lab):
    office = Office(lab)
    pbx, desk = office.pbx, office.desk
    add_extensions(pbx, *NUMBERS)
    phone = office.plug_in()
    phone.wait_trace("(standard) → 404")
    (row,) = pbx.pnp_json("show devices")["devices"]
    assert (row["mac"], row["state"], row["address"]) == (desk.mac, "pending", desk.address), row
    pbx.pnp(f"assign {desk.mac} {','.join(NUMBERS)}")
    refused = phone.trace().count("→ 404")
    wait_registered(lab, phone, 6)
    office.wait_contacts("01.070")
    report = phone.stopped()
    assert report["restarts"] == 0 and report["resyncs"] == 0, "nobody touched it"
    walks = [names(walk) for walk in report["requests"]]
    own = f"Config{desk.mac}.cfg"
    held = [walk for walk in walks if walk == [(own, 404)]]
    assert 1 <= len(held) <= refused + 1, "its next try after the approval brings its URL"
    assert walks == [[("KX-UT670.cfg", 200)], *held, [(own, 200)], all_files(desk, 200)], walks
    assert_understood(report)
