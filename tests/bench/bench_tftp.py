# SPDX-License-Identifier: MIT
"""The file that fresh Panasonics ask for by TFTP, beside three servers that give the same bytes; a core
for the server and one for the phones. Without loss the best of some rounds counts, since others may
use the machine; where one of twenty datagrams is lost in each direction, the worst of ours."""
import json
import os
import shutil

import peers
from bench_http import AT_LIMIT
from storm import PBX, Storm, address_of
from test_tftp import NAME, exported, lose

PHONES, PHONES_LOSSY = 2000, 500
AT_ONCE, ROUNDS = 50, 3


class Office:
    """A server at one end of a cable and many phones at the other."""

    def __init__(self, lab, loss):
        self.lab = lab
        self.storm = Storm(lab, PHONES)
        self.asks = peers.Pinned(self.storm.host, 1)
        self.serves = peers.Pinned(lab.pbx, 0)
        self.phones = PHONES_LOSSY if loss else PHONES
        self.folder = os.path.join(lab.folder, "tftp")
        self.expected = b""
        self.load = lab.compiled("../bench/tftp_load")
        os.makedirs(self.folder)
        if loss:
            lose(lab.pbx, loss)
            lose(self.storm.host, loss)

    def ours(self):
        """pnpd with a site's template that makes ten blocks of the one that ships."""
        pnpd = self.lab.pnpd("log = warn\ntftp = on\n", host=self.serves, start=False)
        template = os.path.join(pnpd.vendors, "panasonic", "guest.mustache")
        os.makedirs(os.path.dirname(template), exist_ok=True)
        with open(template, "w", encoding="ascii") as file:
            file.write("{{>panasonic/guest}}\n")
            file.writelines(f'OF_THE_SITE_{number}="{"x" * 90}"\n' for number in range(40))
        peers.settled(pnpd.start())
        pnpd.wait_status("TFTP is served", lambda text: f"tftp://{PBX}:69" in text)
        if not self.expected:
            self.expected = exported(self.lab, pnpd, "--host", PBX)
            shutil.copy(os.path.join(self.lab.folder, "exported", NAME), self.folder)
        return pnpd.program.pid, pnpd.stop

    def peer(self, package, program, *words):
        made = peers.Peer(self.lab, self.serves, package, program, *words)
        made.wait_listening(self.lab.pbx, "u", 69)
        return made.pid, made.close

    def servers(self):
        os.chmod(self.lab.folder, 0o755)
        return {
            "pnpd": self.ours,
            "dnsmasq": lambda: self.peer(
                "dnsmasq-base", "usr/sbin/dnsmasq", "-k", "-C", "/dev/null", "-p0", "-u", "root",
                "--enable-tftp", f"--tftp-root={self.folder}", "--tftp-max=200",
                f"--pid-file={self.lab.folder}/dnsmasq.pid", "--log-facility=/dev/null"),
            "atftpd": lambda: self.peer(
                "atftpd", "usr/sbin/atftpd", "--daemon", "--no-fork", "--user", "root.root",
                "--maxthread", "200", "--logfile", "/dev/null", self.folder),
            "tftpd-hpa": lambda: self.peer(
                "tftpd-hpa", "usr/sbin/in.tftpd", "-L", "-4", "-u", "root", "-s", self.folder)}

    def fetch(self, serve):
        """One round with a server that is started for it."""
        pid, stop = serve()
        before = peers.cpu(pid)
        done = self.asks.run(self.load, PBX, NAME, os.path.join(self.folder, NAME), address_of(0),
                             self.phones, AT_ONCE, timeout=300)
        report = json.loads(done.stdout)
        seconds = peers.cpu(pid) - before
        report["cpu"] = seconds * 1e6 / self.phones
        report["core"] = seconds / report["seconds"]
        report["rate"] = report["fetched"] / report["seconds"]
        stop()
        return report


def rounds(office, loss):
    """Of each server its report that counts, or why there is none; with loss, where there is a goal
    for us alone, one of the others, who take minutes."""
    found = {}
    for turn in range(ROUNDS):
        for name, serve in office.servers().items():
            if loss and turn > 0 and name != "pnpd":
                continue
            try:
                report = office.fetch(serve)
            except peers.Unavailable as reason:
                found[name] = str(reason)
                continue
            kept = found.setdefault(name, report)
            if (report["us_99"] > kept["us_99"]) if loss else (report["rate"] > kept["rate"]):
                found[name] = report
    return found


def compare(bench, loss):
    with bench.lab() as lab:
        office = Office(lab, loss)
        found = rounds(office, loss)
        table = bench.table(f"A file of {len(office.expected):,} bytes for {office.phones:,} phones, "
                            f"{AT_ONCE} at a time, {loss} % lost", "fetched", "gave up", "wrong",
                            "a second", "median ms", "99 % ms", "last ms", "CPU us", "core")
        for name, report in found.items():
            if isinstance(report, str):
                table.missing(name, report)
                continue
            table.row(name, report["fetched"], report["gave_up"], report["wrong"], report["rate"],
                      *(report[key] / 1000 for key in ("us_median", "us_99", "us_last")),
                      report["cpu"], report["core"])
        own, other = found["pnpd"], found["dnsmasq"]
        lost = office.phones - own["fetched"] + own["wrong"]
        bench.ratio(f"{loss} % lost: phones without their file", lost, most=0)
        if loss and not lost:
            bench.ratio(f"{loss} % lost: 99 % of the phones have it after, in seconds",
                        own["us_99"] / 1e6, most=1)
        elif not loss and not isinstance(other, str):
            bench.ratio("pnpd / dnsmasq, processor", own["cpu"] / other["cpu"])
            if min(own["core"], other["core"]) >= AT_LIMIT:
                bench.ratio("pnpd / dnsmasq", own["rate"] / other["rate"], least=1)
            else:
                bench.ratio("pnpd / dnsmasq, for a core", other["cpu"] / own["cpu"], least=1)


def run(bench):
    compare(bench, 0)
    compare(bench, 5)
