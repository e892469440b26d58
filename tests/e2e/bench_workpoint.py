#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures how many OpenStage phones a second are configured over TLS when all of them start at once,
beside the TLS handshakes alone that the same server makes with the same key.

    python3 tests/e2e/bench_workpoint.py --bin build/release/bin [--phones 2000]
"""
import sys

sys.dont_write_bytecode = True

import argparse
import os
import re

import network
from crowd import Hall
from lab import Lab


def handshakes(hall, seconds):
    """Full ones a second, as `openssl s_time` counts them: one after another."""
    done = hall.host.run("openssl", "s_time", "-connect", "10.30.0.1:18443", "-new", "-time",
                         seconds)
    found = re.search(r"(\d+) connections in (\d+) real seconds", done.stdout)
    assert found and int(found[1]), done.stdout + done.stderr
    return int(found[1]) / int(found[2])


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", required=True, help="folder with pnpd, pnpctl and pnp-phone")
    parser.add_argument("--phones", type=int, default=2000)
    parser.add_argument("--wait", type=int, default=250, help="a phone's patience in seconds")
    options = parser.parse_args()
    options.bin = os.path.abspath(options.bin)
    options.full = options.soak = options.sanitized = False
    return options


def main():
    options = read_options()
    reason = network.why_not()
    if reason:
        print(f"bench: {reason}")
        return 2
    network.remove_leftovers()
    lab = Lab(options)
    with lab:
        hall = Hall(lab, options.phones)
        before = handshakes(hall, 10)
        report = hall.plug_in(options.wait)
        after = handshakes(hall, 10)
        for line in hall.pnpd.text("status").splitlines():
            if line[2:].startswith(("OpenStage calls", "HTTP")):
                print(line)
        hall.assert_all_came_up(report)
        took = report["first_ms_last"] / 1000
        alone = (before + after) / 2
        rate = options.phones / took
        print(f"{options.phones} phones came up in {took:.1f} s: {rate:.0f} sessions/s "
              f"(half of them after {report['first_ms_median'] / 1000:.1f} s, 95 % after "
              f"{report['first_ms_95'] / 1000:.1f} s)")
        print(f"openssl s_time -new: {before:.0f} handshakes/s before, {after:.0f} after; "
              f"sessions/handshakes = {rate / alone:.2f}")
        print(f"pnpd: {hall.pnpd.memory('VmHWM') / 1e6:.0f} MB at its most")
    lab.remove_files()
    return 0


if __name__ == "__main__":
    sys.exit(main())
