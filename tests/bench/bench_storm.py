# SPDX-License-Identifier: MIT
"""All phones of a site start at once and ask for their URL: ours, a responder that sends constant
bytes and so shows what the kernel allows, and Kamailio's shortest script."""
import os
import re

import peers
from storm import PBX, Storm

FOLDER = os.path.dirname(os.path.abspath(__file__))
AT_ONCE = (1000, 10_000, 50_000)
RATES = (1000, 2000, 5000)  # a second, of 10,000 phones
DEFAULT_BUFFER = 212_992    # net.core.rmem_default and rmem_max of Debian 12's kernel
LARGE_BUFFER = 128 << 20
COLUMNS = ("answered", "at first", "repeats", "drops", "median ms", "99 % ms", "last ms",
           "us/phone", "MB")


def drops(host):
    """Datagrams that found no room in a socket that is open."""
    lines = host.run("cat", "/proc/net/udp").stdout.splitlines()[1:]
    return sum(int(line.split()[-1]) for line in lines)


def measured(lab, storm, pid, *options):
    """The phones' report, and what it cost the program."""
    before, lost = peers.cpu(pid), drops(lab.pbx)
    report = storm.plug_in(*options)
    assert report["lost_here"] == 0, f"the phones lost {report['lost_here']} datagrams: no figure"
    report["cpu"] = (peers.cpu(pid) - before) * 1e6 / storm.count
    report["drops"] = drops(lab.pbx) - lost
    report["memory"] = peers.memory(pid)
    return report


def add(table, name, report):
    # Who sends constant bytes answers nobody's own question.
    at_first = report["right_at_first"] if report["right"] else "-"
    table.row(name, report["answered"], at_first, report["repeats"], report["drops"],
              *(report[key] / 1000 for key in ("us_median", "us_99", "took_us")), report["cpu"],
              report["memory"])
    return report


def bare(lab, storm, *options):
    program = lab.pbx.start(lab.compiled("../bench/bare_responder"), PBX, "5059", stdout=-1, text=True)
    try:
        assert program.stdout.readline() == "ready\n"
        return measured(lab, storm, program.pid, *options)
    finally:
        program.kill()
        program.wait()


def ours(lab, storm, *options, environment=()):
    pnpd = peers.settled(storm.pnpd("log = warn\n", environment))
    report = measured(lab, storm, pnpd.program.pid, *options)
    assert report["right"] == report["answered"], report
    pnpd.stop()
    return report


def preloaded(lab, size):
    library = lab.compiled("../bench/receive_buffer", "-shared", "-fPIC")
    return f"LD_PRELOAD={library}", f"RECEIVE_BUFFER={size}"


def kamailio(lab, storm):
    lab.pbx.ip("route", "replace", "224.0.1.75/32", "dev", "storm0")  # where it joins
    folder = peers.folder_of("kamailio")
    (modules,) = {os.path.dirname(path) for path in peers.files(folder, "tm.so")}
    server = peers.Peer(
        lab, lab.pbx, "kamailio", "usr/sbin/kamailio", "-DD", "-E", "-m", "1024", "-M", "16", "-f",
        f"{FOLDER}/kamailio.cfg", "-L", modules, "-Y", lab.folder, "-P", f"{lab.folder}/kamailio.pid",
        environment=preloaded(lab, LARGE_BUFFER))
    server.wait_listening(lab.pbx, "u", 5059)
    lab.wait_for(lambda: "01004BE0" in lab.pbx.run("cat", "/proc/net/igmp").stdout
                 or "4B0100E0" in lab.pbx.run("cat", "/proc/net/igmp").stdout, "it joins the group")
    report = measured(lab, storm, server.pid)
    server.close()
    return report


def at_once(bench, count):
    with bench.lab() as lab:
        storm = Storm(lab, count)
        table = bench.table(f"{count:,} phones at once", *COLUMNS)
        limit = add(table, "constant bytes", bare(lab, storm))
        own = add(table, "pnpd", ours(lab, storm))
        bench.ratio(f"{count:,} phones: without asking again", own["right_at_first"] / count,
                    least=1 if count == 10_000 else None)
        bench.ratio(f"{count:,} phones: pnpd / constant bytes, time", own["took_us"] / limit["took_us"],
                    most=2.5 if count == 10_000 else None)
        bench.ratio(f"{count:,} phones: pnpd / constant bytes, processor", own["cpu"] / limit["cpu"])
        try:
            other = add(table, "Kamailio", kamailio(lab, storm))
            assert other["right"] == other["answered"], other
            for what, key in (("time", "took_us"), ("processor", "cpu")):
                bench.ratio(f"{count:,} phones: Kamailio / pnpd, {what}", other[key] / own[key],
                            least=3 if count == 10_000 else None)
        except peers.Unavailable as reason:
            table.missing("Kamailio", reason)
        return own["cpu"]


def at_rates(bench, count):
    with bench.lab() as lab:
        storm = Storm(lab, count)
        table = bench.table(f"{count:,} phones, so many a second", *COLUMNS)
        for rate in RATES:
            for name, serve in (("constant bytes", bare), ("pnpd", ours)):
                add(table, f"{name}, {rate:,}/s", serve(lab, storm, "--rate", rate))


def with_default_buffer(bench, count):
    with bench.lab() as lab:
        table = bench.table(f"{count:,} phones at once, the default receive buffer", *COLUMNS)
        own = add(table, "pnpd", ours(lab, Storm(lab, count),
                                      environment=preloaded(lab, DEFAULT_BUFFER)))
        bench.ratio("default buffer: have to ask again", 1 - own["right_at_first"] / count, most=0.01)


def with_arp(bench, count):
    """As in the field: the PBX knows nobody, and has to ask whose each address is."""
    with bench.lab() as lab:
        table = bench.table(f"{count:,} phones at once, unknown to the neighbour table", *COLUMNS)
        own = add(table, "pnpd", ours(lab, Storm(lab, count, answer_arp=True)))
        bench.ratio("unknown neighbours: without asking again", own["right_at_first"] / count)


def run(bench):
    costs = [at_once(bench, count) for count in bench.options.phones or AT_ONCE]
    if bench.options.phones:
        return
    if all(costs):
        bench.ratio("processor for a phone of 50,000 / of 1,000", costs[-1] / costs[0], most=1.25)
    at_rates(bench, 10_000)
    with_default_buffer(bench, 10_000)
    with_arp(bench, 900)
