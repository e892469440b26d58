# SPDX-License-Identifier: MIT
"""Strangers cost nothing that grows: a flood of phones that nobody knows."""
import os
import re
import subprocess
import time

from lab import Skip

FIRST = 20_000


def build_flood(lab):
    program = os.path.join(lab.folder, "pnp-flood")
    source = os.path.join(os.path.dirname(__file__), "flood.cpp")
    done = subprocess.run(["g++", "-std=c++20", "-O2", "-o", program, source],
                          capture_output=True, text=True, timeout=300, check=False)
    if done.returncode != 0:
        raise Skip(f"flood.cpp needs g++: {done.stderr.strip()[:200]}")
    return program


def understood(pnpd):
    rows = {row["name"]: row["value"] for row in pnpd.json("status")["status"]}
    return int(re.match(r"(\d+) understood", rows["SUBSCRIBE"])[1])


def settle(lab, pnpd):
    """Waits until pnpd has taken all that is on the way to it, and written it down."""
    seen = []

    def is_quiet():
        seen.append((understood(pnpd), pnpd.disk()))
        time.sleep(0.5)
        return len(seen) > 4 and len(set(seen[-4:])) == 1

    lab.wait_for(is_quiet, "it comes to rest", 60)


def test_a_flood_of_strangers_leaves_no_trace_that_grows(lab):
    count = 10_000_000 if lab.options.full else 200_000
    per_second = 20_000 if lab.options.full else 8_000
    if lab.options.sanitized:
        count, per_second = 60_000, 1_500
    program = build_flood(lab)
    desk, source = lab.desk(1), lab.network.host("flood", "192.168.77.200/24")
    pnpd = lab.pnpd("log = warn\n")
    pnpd.ctl("extension", "add", "201")
    pnpd.ctl("assign", desk.mac, "201")

    def flood(number, first):
        return source.start(program, source.address, number, per_second, first,
                            stdout=subprocess.PIPE)

    with flood(FIRST, 0) as first:
        first.wait(300)
    settle(lab, pnpd)
    before = pnpd.memory(), pnpd.disk()

    with flood(count - FIRST, FIRST) as rest:
        lab.phone(desk).configured()  # in the middle of it
        assert rest.wait(getattr(test_a_flood_of_strangers_leaves_no_trace_that_grows,
                                 "full_seconds")) == 0
    settle(lab, pnpd)
    after = pnpd.memory(), pnpd.disk()
    heard = understood(pnpd)
    print(f"     {count} sent, {heard} understood; memory {before[0] >> 20} → {after[0] >> 20} MiB, "
          f"disk {before[1] >> 10} → {after[1] >> 10} KiB")
    assert heard > 0.8 * count, f"only {heard} of {count} were understood; send slower"
    if not lab.options.sanitized:  # a sanitizer keeps freed memory on purpose
        assert after[0] < 1.1 * before[0], f"memory grew from {before[0]} to {after[0]} bytes"
    assert after[1] < 1.1 * before[1], f"the disk grew from {before[1]} to {after[1]} bytes"
    assert len(pnpd.json("show", "devices")["devices"]) <= 2001
    lab.phone(desk).configured()  # and behind it


test_a_flood_of_strangers_leaves_no_trace_that_grows.seconds = 300
test_a_flood_of_strangers_leaves_no_trace_that_grows.full_seconds = 1200
