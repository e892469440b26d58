# SPDX-License-Identifier: MIT
"""Strangers cost nothing that grows: a flood of phones that nobody knows."""
import re
import time


SETTLED = 20_000  # so many strangers fill every table that is bounded by number


class Flood:
    """Sends strangers as fast as pnpd takes them on this machine."""

    def __init__(self, lab, pnpd):
        self.pnpd = pnpd
        self.host = lab.network.host("flood", "192.168.77.200/24")
        self.program = lab.compiled("flood")
        self.per_second = 500 if lab.options.sanitized else 4000
        self.sent = 0

    def understood(self):
        """Those that came to the limits, too: one source gets few answers, but all of it is seen."""
        rows = {row["name"]: row["value"] for row in self.pnpd.json("status")["status"]}
        return sum(int(number) for number in re.findall(r"(\d+) (?:understood|over the limit)",
                                                        rows["SUBSCRIBE"]))

    def until(self, count, seconds):
        """Goes on until so many were understood, or until the time is over. Two seconds at a
        time; slower when some were lost, faster when none was."""
        end = time.monotonic() + seconds
        while (before := self.understood()) < count and time.monotonic() < end:
            many = min(2 * self.per_second, count - before + 100)
            done = self.host.run(self.program, self.host.address, many, self.per_second, self.sent)
            assert done.returncode == 0, done.stderr
            self.sent += many
            taken = (self.understood() - before) / many
            self.per_second = int(max(200, self.per_second * (1.2 if taken > 0.99 else 0.8)))


def settle(lab, pnpd, flood):
    """Waits until pnpd has taken all that is on the way to it, and written it down."""
    seen = []

    def is_quiet():
        seen.append((flood.understood(), pnpd.disk()))
        time.sleep(0.5)
        return len(seen) > 4 and len(set(seen[-4:])) == 1

    lab.wait_for(is_quiet, "it comes to rest", 60)
    return pnpd.memory(), pnpd.disk()


def test_a_flood_of_strangers_leaves_no_trace_that_grows(lab):
    count, seconds = (10_000_000, 2400) if lab.options.soak else (200_000, 100)
    if lab.options.sanitized:
        count = 2 * SETTLED
    desk = lab.desk(1)
    pnpd = lab.pnpd("log = warn\n")
    pnpd.ctl("extension", "add", "201")
    pnpd.ctl("assign", desk.mac, "201")
    flood = Flood(lab, pnpd)

    flood.until(SETTLED, 100 * lab.patience)
    memory, disk = settle(lab, pnpd, flood)
    phone = lab.phone(desk)
    flood.until(count, seconds)
    phone.configured(300)  # came up in the middle of it
    memory_now, disk_now = settle(lab, pnpd, flood)
    print(f"     {flood.sent} sent, {flood.understood()} understood, {flood.per_second}/s at last; "
          f"memory {memory >> 20} → {memory_now >> 20} MiB, "
          f"disk {disk >> 10} → {disk_now >> 10} KiB")

    if not lab.options.sanitized:  # a sanitizer keeps freed memory on purpose
        assert memory_now < 1.1 * memory, f"memory grew from {memory} to {memory_now} bytes"
    assert disk_now < 1.1 * disk + 100_000, f"the disk grew from {disk} to {disk_now} bytes"
    assert flood.understood() > 1.5 * SETTLED, "too few to tell; is the machine busy?"
    assert len(pnpd.json("show", "devices")["devices"]) <= 2001
    lab.phone(desk).configured()  # and behind it


test_a_flood_of_strangers_leaves_no_trace_that_grows.seconds = 400
test_a_flood_of_strangers_leaves_no_trace_that_grows.optimised = True
test_a_flood_of_strangers_leaves_no_trace_that_grows.soak_seconds = 3600
test_a_flood_of_strangers_leaves_no_trace_that_grows.alone = True  # takes a core for the flood
