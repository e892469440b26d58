# SPDX-License-Identifier: MIT
"""Thousands of Htek phones that start at once, at the other end of one cable."""
import json
import os

from crowd import give_extensions, is_many

FIRST_MAC, FIRST_ADDRESS = 0x001fc1010000, 0x0a400001  # 10.64.0.1
PBX = "10.127.0.1"
# Each phone's frames and its answers to ARP name its own MAC; frames to all of them are taken.
HAVE_THEIR_MACS = """
table netdev crowd {{
  map macs {{ type ipv4_addr : ether_addr; elements = {{ {} }} }}
  chain entrance {{
    type filter hook ingress device "storm0" priority 0;
    meta pkttype set host
  }}
  chain exit {{
    type filter hook egress device "storm0" priority 0;
    ip saddr 10.64.0.0/12 ether saddr set ip saddr map @macs
    arp saddr ip 10.64.0.0/12 arp saddr ether set arp saddr ip map @macs
    arp saddr ip 10.64.0.0/12 ether saddr set arp saddr ip map @macs
  }}
}}
"""


def mac_of(number):
    return f"{FIRST_MAC + number:012x}"


def address_of(number):
    return ".".join(str(byte) for byte in (FIRST_ADDRESS + number).to_bytes(4, "big"))


def colons(mac):
    return ":".join(mac[at:at + 2] for at in range(0, 12, 2))


class Storm:
    """`count` phones, each with a MAC and an address that the PBX's neighbour table shows for good,
    or that the PBX has to ask for where they `answer_arp`."""

    def __init__(self, lab, count, host=None, answer_arp=False):
        """On a host that is there, or on one of its own at the other end of a cable."""
        self.lab, self.count = lab, count
        self.host = host or lab.network.host("storm")
        if host:
            return
        lab.network.cable("storm0", (lab.pbx, f"{PBX}/10"), (self.host, "10.127.0.2/10"))
        self.host.ip("route", "add", "local", "10.64.0.0/12", "dev", "lo")
        phones = [(mac_of(number), address_of(number)) for number in range(count)]
        if answer_arp:
            rows = ", ".join(f"{address} : {colons(mac)}" for mac, address in phones)
            done = self.host.run("nft", "-f", "-", input=HAVE_THEIR_MACS.format(rows))
            assert done.returncode == 0, done.stderr
        else:
            is_many(self.host, "storm0", lab.pbx, "storm0", phones)

    def pnpd(self, config="", environment=()):
        """A daemon that has an extension for each."""
        pnpd = self.lab.pnpd(config, environment=environment)
        give_extensions(self.lab, pnpd, map(mac_of, range(self.count)), 100_000)
        return pnpd

    def plug_in(self, *options, patience="40s"):
        """All at once; the report is the sum of theirs."""
        done = self.host.run(os.path.join(self.lab.options.bin, "pnp-phone"), "--vendor", "htek",
                             "--mac", mac_of(0), "--interface", "storm0", "--address", address_of(0),
                             "--storm", self.count, "--wait", patience, *options, timeout=200)
        assert done.stdout, done.stderr
        return json.loads(done.stdout)
