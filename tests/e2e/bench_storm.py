#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures how fast all phones of a site that start at once get their URL, beside a responder that sends
constant bytes and so shows what the kernel allows.

    python3 tests/e2e/bench_storm.py --bin build/release/bin [--phones 1000 --phones 10000]
"""
import sys

sys.dont_write_bytecode = True

import argparse
import json
import os
import time

import network
from crowd import TAKES_ALL
from lab import Lab

FIRST_MAC, FIRST_ADDRESS = 0x001fc1010000, 0x0a400001  # 10.64.0.1
CONFIG = "log = warn\n"
TICKS = os.sysconf("SC_CLK_TCK")


def mac_of(number):
    return f"{FIRST_MAC + number:012x}"


def address_of(number):
    return ".".join(str(byte) for byte in (FIRST_ADDRESS + number).to_bytes(4, "big"))


class Site:
    """`count` phones behind one cable, each of which the PBX's neighbour table knows."""

    def __init__(self, lab, count):
        self.lab, self.count = lab, count
        lab.network.plug(lab.pbx, "eth1", "10.127.0.1/10", "site")
        self.host = lab.network.host("site", "10.127.0.2/10", "site")
        self.host.ip("route", "add", "local", "10.64.0.0/12", "dev", "lo")
        done = self.host.run("nft", "-f", "-", input=TAKES_ALL.replace("hall", "site"))
        assert done.returncode == 0, done.stderr
        rows = []
        for number in range(count):
            mac = mac_of(number)
            colons = ":".join(mac[at:at + 2] for at in range(0, 12, 2))
            rows.append(f"neigh replace {address_of(number)} lladdr {colons} dev eth1 nud permanent\n")
        done = lab.pbx.run("ip", "-batch", "-", input="".join(rows))
        assert done.returncode == 0, done.stderr

    def storm(self, *words):
        done = self.host.start(os.path.join(self.lab.options.bin, "pnp-phone"), "--vendor", "htek",
                               "--mac", mac_of(0), "--interface", "eth0", "--address", address_of(0),
                               "--storm", self.count, "--wait", "40s", *words, stdout=-1, text=True)
        out, _ = done.communicate(timeout=200)
        return json.loads(out)


def cpu(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def bare(lab, site):
    program = lab.pbx.start(lab.compiled("bare_responder"), "10.127.0.1", "5059", stdout=-1, text=True)
    try:
        assert program.stdout.readline() == "ready\n"
        before = cpu(program.pid)
        report = site.storm()
        report["cpu_us"] = (cpu(program.pid) - before) * 1e6 / site.count
        return report
    finally:
        program.kill()
        program.wait()


def ours(lab, site, config=CONFIG):
    pnpd = lab.pnpd(config)
    table = os.path.join(lab.folder, "site.csv")
    with open(table, "w", encoding="utf-8") as file:
        file.write("mac,extensions,name\n")
        file.writelines(f"{mac_of(number)},{100_000 + number},Phone {number}\n"
                        for number in range(site.count))
    pnpd.ctl("import", table)
    time.sleep(3)
    before = cpu(pnpd.program.pid)
    report = site.storm()
    time.sleep(2)
    report["cpu_us"] = (cpu(pnpd.program.pid) - before) * 1e6 / site.count
    report["rss_mb"] = pnpd.memory("VmHWM") / 1e6
    for line in pnpd.text("status").splitlines():
        if "SUBSCRIBE" in line or "drop" in line or "problem" in line:
            print("     " + line)
    pnpd.stop()
    return report


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", required=True, help="folder with pnpd, pnpctl and pnp-phone")
    parser.add_argument("--phones", type=int, action="append")
    options = parser.parse_args()
    options.bin = os.path.abspath(options.bin)
    options.full = options.soak = options.sanitized = False
    reason = network.why_not()
    if reason:
        print(f"bench: {reason}")
        return 2
    network.remove_leftovers()
    for count in options.phones or [1000, 10_000]:
        lab = Lab(options)
        with lab:
            site = Site(lab, count)
            limit = bare(lab, site)
            print("bare", limit)
            own = ours(lab, site)
            print("ours", own)
            print(f"{count} phones: {own['took_us'] / limit['took_us']:.2f} x the bare responder's time, "
                  f"{own['cpu_us'] / max(limit['cpu_us'], 0.1):.1f} x its CPU; {own['right_at_first']} at first")
        lab.remove_files()
    return 0


if __name__ == "__main__":
    sys.exit(main())
