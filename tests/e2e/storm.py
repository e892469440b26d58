# SPDX-License-Identifier: MIT
"""Thousands of Htek phones that start at once, at the other end of one cable."""
import json
import os

from crowd import TAKES_ALL

FIRST_MAC, FIRST_ADDRESS = 0x001fc1010000, 0x0a400001  # 10.64.0.1
PBX = "10.127.0.1"


def mac_of(number):
    return f"{FIRST_MAC + number:012x}"


def address_of(number):
    return ".".join(str(byte) for byte in (FIRST_ADDRESS + number).to_bytes(4, "big"))


class Storm:
    """`count` phones, each with a MAC and an address that the PBX's neighbour table shows."""

    def __init__(self, lab, count):
        self.lab, self.count = lab, count
        self.host = lab.network.host("storm")
        lab.network.cable("storm0", (lab.pbx, f"{PBX}/10"), (self.host, "10.127.0.2/10"))
        self.host.ip("route", "add", "local", "10.64.0.0/12", "dev", "lo")
        done = self.host.run("nft", "-f", "-", input=TAKES_ALL.replace("eth0", "storm0"))
        assert done.returncode == 0, done.stderr
        rows = []
        for number in range(count):
            mac = mac_of(number)
            colons = ":".join(mac[at:at + 2] for at in range(0, 12, 2))
            rows.append(f"neigh replace {address_of(number)} lladdr {colons} dev storm0 "
                        "nud permanent\n")
        done = lab.pbx.run("ip", "-batch", "-", input="".join(rows))
        assert done.returncode == 0, done.stderr

    def pnpd(self, config=""):
        """A daemon that has an extension for each."""
        pnpd = self.lab.pnpd(config)
        table = os.path.join(self.lab.folder, "storm.csv")
        with open(table, "w", encoding="utf-8") as file:
            file.write("mac,extensions,name\n")
            file.writelines(f"{mac_of(number)},{100_000 + number},Phone {number}\n"
                            for number in range(self.count))
        pnpd.ctl("import", table)
        return pnpd

    def plug_in(self, *options, patience="40s"):
        """All at once; the report is the sum of theirs."""
        phones = self.host.start(os.path.join(self.lab.options.bin, "pnp-phone"), "--vendor", "htek",
                                 "--mac", mac_of(0), "--interface", "storm0", "--address",
                                 address_of(0), "--storm", self.count, "--wait", patience, *options,
                                 stdout=-1, text=True)
        out, _ = phones.communicate(timeout=200)
        return json.loads(out)
