# SPDX-License-Identifier: MIT
"""The file that fresh Panasonics ask for by TFTP, beside three servers that give the same bytes; without
loss, and where one of twenty datagrams is lost in each direction."""
import json
import os
import shutil

import peers
from storm import PBX, Storm, address_of
from test_tftp import NAME, exported, lose

PHONES, PHONES_LOSSY = 2000, 500
AT_ONCE, ROUNDS = 50, 3


class Office:
    """A server at one end of a cable and many phones at the other."""

    def __init__(self, lab, loss):
        self.lab = lab
        self.storm = Storm(lab, PHONES)
        self.phones = PHONES_LOSSY if loss else PHONES
        self.folder = os.path.join(lab.folder, "tftp")
        self.expected = b""
        self.load = lab.compiled("../bench/tftp_load")
        os.makedirs(self.folder)
        if loss:
            lose(lab.pbx, loss)
            lose(self.storm.host, loss)

    def ours(self):
        """pnpd with a site's template that makes nine blocks of the one that ships."""
        pnpd = self.lab.pnpd("log = warn\ntftp = on\n", start=False)
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
        made = peers.Peer(self.lab, self.lab.pbx, package, program, *words)
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
        load = self.storm.host.start(self.load, PBX, NAME, len(self.expected), address_of(0),
                                     self.phones, AT_ONCE, stdout=-1, text=True)
        report = json.loads(load.communicate(timeout=300)[0])
        report["cpu"] = (peers.cpu(pid) - before) * 1e6 / self.phones
        report["rate"] = report["fetched"] / report["seconds"]
        stop()
        return report


def compare(bench, loss):
    with bench.lab() as lab:
        office = Office(lab, loss)
        best = {}
        for _ in range(1 if loss else ROUNDS):
            for name, serve in office.servers().items():
                try:
                    report = office.fetch(serve)
                except peers.Unavailable as reason:
                    best[name] = str(reason)
                    continue
                if name not in best or report["rate"] > best[name]["rate"]:
                    best[name] = report
        table = bench.table(f"A file of {len(office.expected):,} bytes for {office.phones:,} phones, "
                            f"{AT_ONCE} at a time, {loss} % lost", "fetched", "gave up", "wrong",
                            "a second", "median ms", "99 % ms", "last ms", "CPU us")
        for name, report in best.items():
            if isinstance(report, str):
                table.missing(name, report)
                continue
            table.row(name, report["fetched"], report["gave_up"], report["wrong"], report["rate"],
                      *(report[key] / 1000 for key in ("us_median", "us_99", "us_last")), report["cpu"])
        own, other = best["pnpd"], best["dnsmasq"]
        assert own["fetched"] == office.phones and not own["wrong"], own
        if loss:
            bench.ratio(f"{loss} % lost: 99 % of the phones have it after, in seconds",
                        own["us_99"] / 1e6, most=1)
        if not isinstance(other, str):
            bench.ratio(f"{loss} % lost: pnpd / dnsmasq", own["rate"] / other["rate"],
                        least=None if loss else 1)
            if not loss:
                bench.ratio("pnpd / dnsmasq, processor", own["cpu"] / other["cpu"])


def run(bench):
    compare(bench, 0)
    compare(bench, 5)
