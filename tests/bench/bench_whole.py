# SPDX-License-Identifier: MIT
"""The whole way of many phones at once, from SUBSCRIBE over file and restart to REGISTER in a real
Asterisk with our module, and how much of it is ours: by what our threads there took of the processor,
and by the time that it takes phones that do not register."""
import json
import os
import subprocess

import peers
from storm import PBX, Storm, address_of, mac_of

PHONES, PATIENCE = 2000, 120
OURS = "pnp-"  # what the names of our threads begin with


def processor(pid):
    """Seconds: (of our threads, of Asterisk's)."""
    seconds = {True: 0.0, False: 0.0}
    for name, took in peers.threads(pid):
        seconds[name.startswith(OURS)] += took
    return seconds[True], seconds[False]


def plugged_in(lab, phones, *options):
    """What came of phones that are plugged in at once: (report, our seconds, Asterisk's seconds)."""
    storm = Storm(lab, phones)
    done = storm.host.run("ip", "-batch", "-", input="".join(
        f"address add {address_of(number)}/10 dev storm0\n" for number in range(phones)))
    assert done.returncode == 0, done.stderr
    pbx = lab.pbx_with_module("log = warn\n")
    table = os.path.join(lab.folder, "phones.csv")
    with open(table, "w", encoding="ascii") as file:
        file.write("mac,extensions,name\n")
        file.writelines(f"{mac_of(number)},{100_000 + number},Phone {number}\n"
                        for number in range(phones))
    said = pbx.pnp(f"import {table}")
    assert f"{phones} phones assigned" in said, said
    # The first start makes keys beside all else.
    pbx.wait_cli("pnp status", "files are served", lambda said: f"https://{PBX}:5481" in said, 60)
    before = processor(pbx.pid)
    done = storm.host.run(
        os.path.join(lab.options.bin, "pnp-phone"), "--vendor", "htek", "--mac", mac_of(0),
        "--interface", "storm0", "--address", address_of(0), "--phones", phones, "--wait",
        f"{PATIENCE}s", "--json", *options, stderr=subprocess.DEVNULL, timeout=5 * PATIENCE)
    after = processor(pbx.pid)
    return json.loads(done.stdout), after[0] - before[0], after[1] - before[1]


def run(bench):
    phones = (bench.options.phones or [PHONES])[0]
    table = bench.table(f"{phones:,} phones at once, Asterisk 16", "configured", "registered", "seconds",
                        "our us", "its us", "others")
    seconds = {}
    for name, options in (("to REGISTER", ["--register"]), ("to the file", [])):
        with bench.lab() as lab:
            report, ours, others = plugged_in(lab, phones, *options)
            seconds[name] = report["milliseconds"] / 1000
            configured = report["outcomes"].get("configured", 0)
            table.row(name, configured, report["accounts_registered"], seconds[name],
                      ours * 1e6 / phones, others * 1e6 / phones,
                      ", ".join(f"{count} {outcome}" for outcome, count in
                                report["outcomes"].items() if outcome != "configured") or "-")
            bench.ratio(f"{name}: of the phones are there", configured / phones, least=1)
            bench.ratio(f"{name}: our part of the processor", ours / (ours + others))
    if len(seconds) == 2:
        bench.ratio("to the file / to REGISTER, time", seconds["to the file"] / seconds["to REGISTER"])
