# SPDX-License-Identifier: MIT
"""What more devices cost: start, memory, and what a person orders or asks for, timed at the control
socket; beside it what SQLite takes for one row that survives a power cut."""
import json
import os
import socket
import sqlite3
import statistics
import time

import peers
from crowd import give_extensions
from storm import mac_of

SIZES = (1000, 10_000, 30_000, 100_000)
ORDERS = 20


def call(pnpd, *words):
    """One command without the start of pnpctl: (reply, seconds)."""
    began = time.monotonic()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(120)
        connection.connect(pnpd.control)
        connection.sendall(json.dumps({"words": list(words), "input_bytes": 0}).encode() + b"\n")
        reply = b"".join(iter(lambda: connection.recv(1 << 20), b""))
    seconds = time.monotonic() - began
    head, _, text = reply.partition(b"\n")
    assert json.loads(head)["status"] == 0, reply[:500]
    return text, seconds


def restart(pnpd):
    """Seconds until a command is answered."""
    pnpd.stop()
    began = time.monotonic()
    pnpd.start(ready=False)
    while time.monotonic() - began < 60:
        try:
            call(pnpd, "version")
            return time.monotonic() - began
        except OSError:
            time.sleep(0.001)
    raise AssertionError(f"pnpd does not start: {pnpd.log()[-1000:]}")


def order(pnpd, number):
    """Seconds of one assignment, and until who asks is told of it."""
    extension, began = str(1_000_001 + number), time.monotonic()
    _, took = call(pnpd, "assign", mac_of(number), extension)
    while extension.encode() not in call(pnpd, "show", "device", mac_of(number), "--json")[0]:
        assert time.monotonic() - began < 60, "the order is not seen"
    return took, time.monotonic() - began


def median_ms(seconds):
    return statistics.median(seconds) * 1000


def sqlite_commit(folder):
    """Milliseconds that SQLite takes for one row on this disk."""
    path = os.path.join(folder, "bare.sqlite3")
    with sqlite3.connect(path, isolation_level=None) as database:
        database.execute("pragma journal_mode = wal")
        database.execute("pragma synchronous = full")
        database.execute("create table device (mac text primary key, line text)")
        times = []
        for number in range(ORDERS):
            began = time.monotonic()
            database.execute("insert into device values (?, ?)", (mac_of(number), "201"))
            times.append(time.monotonic() - began)
    return median_ms(times)


def with_devices(bench, table, count):
    """The row of so many, as a dictionary."""
    with bench.lab() as lab:
        pnpd = peers.settled(lab.pnpd("log = warn\n"))
        began = time.monotonic()
        give_extensions(lab, pnpd, map(mac_of, range(count)), 1_000_000)
        took = time.monotonic() - began
        found = {"import s": took, "start s": min(restart(pnpd) for _ in range(2))}
        found["RSS MB"] = pnpd.memory() / 1e6
        some = range(0, count, count // ORDERS)
        orders = [order(pnpd, number) for number in some]
        found["assign ms"], found["seen ms"] = map(median_ms, zip(*orders))
        found["look-up ms"] = median_ms(
            [call(pnpd, "show", "device", mac_of(number), "--json")[1] for number in some])
        text, took = call(pnpd, "show", "devices", "--json")
        assert len(json.loads(text)["devices"]) == count
        found["list ms"] = took * 1000
        found["then MB"] = pnpd.memory("VmHWM") / 1e6
        time.sleep(1)
        found["later MB"] = pnpd.memory() / 1e6
        found["disk MB"] = pnpd.disk() / 1e6
        table.row(f"{count:,}", *found.values())
        found["bare"] = sqlite_commit(lab.folder)
        return found


def run(bench):
    table = bench.table("Devices with an extension each", "import s", "start s", "RSS MB", "assign ms",
                        "seen ms", "look-up ms", "list ms", "then MB", "later MB", "disk MB")
    found = {count: with_devices(bench, table, count) for count in SIZES}
    few, many = found[SIZES[0]], found[SIZES[-1]]
    if many is None or few is None:
        return
    bench.ratio("100,000 devices: RSS in MB", many["RSS MB"], most=120)
    bench.ratio("100,000 devices: start in s", many["start s"], most=1)
    bench.ratio("100,000 devices: one assignment in ms", many["assign ms"], most=5)
    for count, row in found.items():
        if row:
            bench.ratio(f"{count:,}: assign / one row of SQLite", row["assign ms"] / row["bare"])
    for what in ("assign ms", "seen ms", "look-up ms"):
        bench.ratio(f"{what[:-3]}: 100,000 devices / 1,000", many[what] / few[what])
    for what in ("import s", "list ms", "RSS MB"):
        bench.ratio(f"{what.split()[0]}, for each device: 100,000 / 1,000",
                    many[what] / few[what] * SIZES[0] / SIZES[-1])
