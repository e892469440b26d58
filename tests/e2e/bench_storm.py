#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures how fast all phones of a site that start at once get their URL, beside a responder that sends
constant bytes and so shows what the kernel allows.

    python3 tests/e2e/bench_storm.py --bin build/release/bin [--phones 1000 --phones 10000]
"""
import sys

sys.dont_write_bytecode = True

import argparse
import os

import network
from lab import Lab
from storm import PBX, Storm

TICKS = os.sysconf("SC_CLK_TCK")


def cpu(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def bare(lab, storm):
    program = lab.pbx.start(lab.compiled("bare_responder"), PBX, "5059", stdout=-1, text=True)
    try:
        assert program.stdout.readline() == "ready\n"
        before = cpu(program.pid)
        report = storm.plug_in()
        report["cpu_us"] = (cpu(program.pid) - before) * 1e6 / storm.count
        return report
    finally:
        program.kill()
        program.wait()


def ours(storm):
    pnpd = storm.pnpd("log = warn\n")
    before = cpu(pnpd.program.pid)
    report = storm.plug_in()
    report["cpu_us"] = (cpu(pnpd.program.pid) - before) * 1e6 / storm.count
    report["rss_mb"] = pnpd.memory("VmHWM") / 1e6
    pnpd.stop()
    return report


def row(name, report):
    print(f"{name:<6} {report['answered']:>7} {report['repeats']:>8} {report['us_median'] / 1000:>9.1f} "
          f"{report['us_99'] / 1000:>9.1f} {report['took_us'] / 1000:>9.1f} {report['cpu_us']:>9.0f}")


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
            storm = Storm(lab, count)
            limit, own = bare(lab, storm), ours(storm)
            assert own["right"] == own["answered"] and own["lost_here"] == limit["lost_here"] == 0
            print(f"{count} phones: " + "answered  repeats  median ms   99 % ms   last ms  CPU us/phone")
            row("bare", limit)
            row("pnpd", own)
            print(f"pnpd takes {own['took_us'] / limit['took_us']:.1f} times as long and "
                  f"{own['cpu_us'] / limit['cpu_us']:.1f} times the CPU; {own['rss_mb']:.0f} MB at its most")
        lab.remove_files()
    return 0


if __name__ == "__main__":
    sys.exit(main())
