# SPDX-License-Identifier: MIT
"""All phones of a site start at once and ask for their URL: ours, a responder that sends constant
bytes and so shows what the kernel allows, and Kamailio's shortest script."""
import os
import statistics

import peers
from storm import PBX, Storm

FOLDER = os.path.dirname(os.path.abspath(__file__))
AT_ONCE = (1000, 10_000, 50_000)
ROUNDS = {10_000: 3}        # where one round says too little; the median counts
RATES = (1000, 2000, 5000)  # a second, of 10,000 phones
NEIGHBOURS = (1000, 2000)   # the second where gc_thresh3 is above the 1,024 of all kernels
DEFAULT_BUFFER = 212_992    # net.core.rmem_max of Debian 12: who asks for more gets the double of it
LARGE_BUFFER = 128 << 20
GOALS = {("pnpd", "time"): {"most": 2.5}, ("Kamailio", "time"): {"least": 3},
         ("Kamailio", "processor"): {"least": 3}}  # of 10,000 phones
COLUMNS = ("answered", "at first", "repeats", "drops", "median ms", "99 % ms", "last ms",
           "us/phone", "MB")


def drops(host):
    """Datagrams that found no room in a socket that is open."""
    lines = host.run("cat", "/proc/net/udp").stdout.splitlines()[1:]
    return sum(int(line.split()[-1]) for line in lines)


def measured(lab, storm, pid, *options):
    """The phones' report, and what it cost the program until it rests."""
    before, lost = peers.cpu(pid), drops(lab.pbx)
    report = storm.plug_in(*options)
    assert report["lost_here"] == 0, f"the phones lost {report['lost_here']} datagrams: no figure"
    report["cpu"] = (peers.cpu_at_rest(pid) - before) * 1e6 / storm.count
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


def tell(bench, what, count, *reports):
    """How many phones we lost, and how many had to ask again."""
    for name, key in (("have no URL of their own", "urls"), ("had to ask again", "right_at_first")):
        bench.ratio(f"{what}: {name}", *(count - report[key] for report in reports), most=0)


def compare(bench, count, runs, one, other):
    """The ratios of one server to another; none where phones were lost, which makes a short time."""
    for name in (one, other):
        lost = sum(count - report["answered"] for report in runs[name])
        if lost:
            print(f"  {count:,} phones: no ratio of {one} and {other}: {name} lost {lost:,}", flush=True)
            return
    for what, key in (("time", "took_us"), ("processor", "cpu")):
        bench.ratio(f"{count:,} phones: {one} / {other}, {what}",
                    *(mine[key] / its[key] for mine, its in zip(runs[one], runs[other])),
                    **(GOALS.get((one, what), {}) if count == 10_000 else {}))


def at_once(bench, count):
    servers = {"constant bytes": bare, "pnpd": ours, "Kamailio": kamailio}
    with bench.lab() as lab:
        storm = Storm(lab, count)
        table = bench.table(f"{count:,} phones at once", *COLUMNS)
        try:
            peers.folder_of("kamailio")
        except peers.Unavailable as reason:
            table.missing("Kamailio", reason)
            del servers["Kamailio"]
        runs = {name: [] for name in servers}
        for _ in range(ROUNDS.get(count, 1)):
            for name, serve in servers.items():
                runs[name].append(add(table, name, serve(lab, storm)))
        tell(bench, f"{count:,} phones", count, *runs["pnpd"])
        compare(bench, count, runs, "pnpd", "constant bytes")
        if "Kamailio" in runs:
            compare(bench, count, runs, "Kamailio", "pnpd")
        return statistics.median(report["cpu"] for report in runs["pnpd"])


def at_rates(bench, count):
    with bench.lab() as lab:
        storm = Storm(lab, count)
        table = bench.table(f"{count:,} phones, so many a second", *COLUMNS)
        for rate in RATES:
            add(table, f"constant bytes, {rate:,}/s", bare(lab, storm, "--rate", rate))
            own = add(table, f"pnpd, {rate:,}/s", ours(lab, storm, "--rate", rate))
            tell(bench, f"{rate:,} phones a second", count, own)


def with_default_buffer(bench, count):
    with bench.lab() as lab:
        table = bench.table(f"{count:,} phones at once, the default receive buffer", *COLUMNS)
        own = add(table, "pnpd", ours(lab, Storm(lab, count),
                                      environment=preloaded(lab, DEFAULT_BUFFER)))
        bench.ratio("default buffer: have no URL of their own", count - own["urls"], most=0)
        bench.ratio("default buffer: had to ask again", 1 - own["right_at_first"] / count, most=0.01)


def with_arp(bench, count):
    """As in the field: the PBX knows nobody, and has to ask whose each address is."""
    with bench.lab() as lab:
        table = bench.table(f"{count:,} phones at once, unknown to the neighbour table", *COLUMNS)
        own = add(table, "pnpd", ours(lab, Storm(lab, count, answer_arp=True)))
        bench.ratio(f"{count:,} unknown neighbours: have no URL of their own", count - own["urls"],
                    most=0)


def run(bench):
    costs = [at_once(bench, count) for count in bench.options.phones or AT_ONCE]
    if bench.options.phones:
        return
    if all(costs):
        bench.ratio("processor for a phone of 50,000 / of 1,000", costs[-1] / costs[0], most=1.25)
    at_rates(bench, 10_000)
    with_default_buffer(bench, 10_000)
    # How many a kernel keeps is a setting of the whole machine, which is not ours to change.
    with open("/proc/sys/net/ipv4/neigh/default/gc_thresh3", encoding="ascii") as file:
        kept = int(file.read())
    for count in NEIGHBOURS:
        if count < kept:
            with_arp(bench, count)
