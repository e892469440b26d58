# SPDX-License-Identifier: MIT
"""Each phone's own file, made for it, beside nginx with files of the same bytes; a core for each server
and one for who asks. The best of some short rounds by turns, since others may use the machine.
Where a server had not its whole core to do, the client was the limit, or others were: then they are
compared by what they would do with a core each. pnpd keeps a timeline meanwhile, written once a second
(some 3 % of what it takes); nginx writes no log."""
import json
import os
import re

import peers
from bench_inventory import call
from crowd import give_extensions
from test_https import own_certificate

FOLDER = os.path.dirname(os.path.abspath(__file__))
DEVICES = 500  # of each maker
COLD = 6000    # asked for in turn, so that none is found among the 5,000 files that pnpd keeps
ROUNDS, SECONDS, CONNECTIONS = 3, 2, 32
AT_LIMIT = 0.95  # of a core
SERVER, CLIENT = "10.127.0.1", "10.127.0.2"
HTEK, PANASONIC = 0x001fc1010000, 0x0080f0010000
CHAIN = ("factory0000.xml", "cfg0000.xml", "{}.cfg", "cfg{}", "cfg{}.xml")
# The limits are there for strangers: here one client is a whole site, and believed to be each phone.
CONFIG = """log = warn
neighbour_allow = {client}
http_requests = 1000000
http_requests_per_source = 1000000
tls_certificate = {crt}
tls_key = {key}
"""
NGINX = """
daemon off;
worker_processes 1;
user root;
pid {folder}/nginx.pid;
error_log stderr;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush off;
  keepalive_requests 1000000000;
  log_not_found off;
  open_file_cache max=20000;
  open_file_cache_errors on;
  client_body_temp_path {folder}/t1;
  proxy_temp_path {folder}/t2;
  fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4;
  scgi_temp_path {folder}/t5;
  types {{ text/xml xml; text/plain cfg; }}
  server {{
    listen {server}:80;
    listen {server}:443 ssl;
    ssl_certificate {crt};
    ssl_certificate_key {key};
    root {folder}/root;
  }}
}}
"""
PORTS = {("pnpd", False): 5480, ("pnpd", True): 5481, ("nginx", False): 80, ("nginx", True): 443}


def mac_of(first, number):
    return f"{first + number:012x}"


class Site:
    """pnpd that knows the phones, nginx with the same files, and a client at the other end."""

    def __init__(self, lab):
        self.lab = lab
        self.client = lab.network.host("client")
        lab.network.cable("http0", (lab.pbx, f"{SERVER}/10"), (self.client, f"{CLIENT}/10"))
        self.client.address = CLIENT
        # Whoever hangs up first keeps the port for a minute, and with us that is the client.
        for name, value in (("tcp_tw_reuse", "1"), ("ip_local_port_range", "1024 65535")):
            self.client.run("sh", "-c", f"echo {value} > /proc/sys/net/ipv4/{name}")
        self.asks = peers.Pinned(self.client, 1)
        self.serves = peers.Pinned(lab.pbx, 0)
        self.certificate = own_certificate(lab, "bench", SERVER)  # one for both
        self.pnpd = peers.settled(lab.pnpd(CONFIG.format(client=CLIENT, **self.certificate),
                                           host=self.serves))
        self.pids = {"pnpd": self.pnpd.program.pid}
        self.lists = {}
        self.root = os.path.join(lab.folder, "root")
        devices = [(HTEK, COLD), (PANASONIC, DEVICES)]
        give_extensions(lab, self.pnpd, [mac_of(first, number) for first, count in devices
                                         for number in range(count)], 100_000)
        self.size = {}
        self.write("Htek", HTEK, "cfg{}.xml", DEVICES, CHAIN)
        self.write("Htek cold", HTEK, "cfg{}.xml", COLD)
        self.write("Panasonic", PANASONIC, "Config{}.cfg", DEVICES)

    def write(self, kind, first, name, count, chain=()):
        """The files into nginx's folder, and the lists of paths."""
        own, whole, size = [], [], 0
        for number in range(count):
            mac = mac_of(first, number)
            text, _ = call(self.pnpd, "render", mac, name.format(mac), "--reveal")
            folder = re.search(rb"/p/[A-Za-z0-9_-]{22}/", text)[0].decode()
            os.makedirs(self.root + folder, exist_ok=True)
            with open(self.root + folder + name.format(mac), "wb") as file:
                size += file.write(text)
            own.append(folder + name.format(mac))
            whole += [folder + each.format(mac) for each in chain]
        self.size[kind] = size // count
        for paths_of, paths in ((kind, own), (f"{kind} chain", whole)):
            self.lists[paths_of] = os.path.join(self.lab.folder, paths_of.replace(" ", "-"))
            with open(self.lists[paths_of], "w", encoding="ascii") as file:
                file.writelines(path + "\n" for path in paths)

    def start_nginx(self):
        config = os.path.join(self.lab.folder, "nginx.conf")
        with open(config, "w", encoding="ascii") as file:
            file.write(NGINX.format(folder=self.lab.folder, server=SERVER, **self.certificate))
        made = peers.Peer(self.lab, self.serves, "nginx", "usr/sbin/nginx", "-e", "stderr", "-c", config)
        made.wait_listening(self.lab.pbx, "t", 443)
        self.pids["nginx"] = made.pid

    def ask(self, server, paths, tls, close):
        """One round with wrk."""
        before = peers.cpu(self.pids[server])
        done = self.asks.run(*peers.words(
            "wrk", "usr/bin/wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-s",
            f"{FOLDER}/wrk.lua", f"http{'s' if tls else ''}://{SERVER}:{PORTS[server, tls]}", "--",
            self.lists[paths], *(["close"] if close else [])))
        assert done.returncode == 0, done.stdout + done.stderr
        report = json.loads(done.stdout.strip().splitlines()[-1])
        expected = 0.8 * report["requests"] if "chain" in paths else 0
        assert abs(report["refused"] - expected) < 100 and not report["lost"], (server, report)
        if not expected:
            head = report["bytes"] / report["requests"] - self.size[paths]
            assert 0 < head < 1024, (server, self.size[paths], report)
        return self.weighed(report, server, before, report["requests"])

    def weighed(self, report, server, before, count):
        """With what the server did a second, and with what part of a core."""
        seconds = peers.cpu(self.pids[server]) - before
        report["rate"] = count / report["seconds"]
        report["cpu"] = seconds * 1e6 / count
        report["core"] = seconds / report["seconds"]
        return report

    def shake_hands(self, server, kind):
        before = peers.cpu(self.pids[server])
        done = self.asks.run(self.lab.compiled("../bench/tls_load", "-lssl", "-lcrypto"), SERVER,
                             PORTS[server, True], SECONDS, 8, kind)
        report = json.loads(done.stdout)
        # Of each connection the first one is full, whatever follows.
        expected = report["handshakes"] - 8 if kind == "resumed" else 0
        assert not report["failed"] and report["resumed"] == expected, (server, report)
        return self.weighed(report, server, before, report["handshakes"])

    def by_turns(self, one_round, *words):
        """The best round of each server that is there."""
        best = {}
        for _ in range(ROUNDS):
            for server in self.pids:
                report = one_round(server, *words)
                if server not in best or report["rate"] > best[server]["rate"]:
                    best[server] = report
        return best


class Comparison:
    """One table of ours beside nginx's; the goals are told below it."""

    def __init__(self, bench, title):
        self.bench, self.goals = bench, []
        self.table = bench.table(title, "pnpd /s", "nginx /s", "/s ratio", "pnpd us", "nginx us",
                                 "us ratio", "pnpd core", "nginx core", "pnpd 99 %", "nginx 99 %")

    def add(self, what, best, least=None):
        own, other = best["pnpd"], best.get("nginx")
        if other is None:
            self.table.row(what, own["rate"], "-", "-", own["cpu"], "-", "-", own["core"])
            return
        ratios = {key: own[key] / other[key] for key in ("rate", "cpu")}
        self.table.row(what, *(each for key in ratios for each in (own[key], other[key], ratios[key])),
                       own["core"], other["core"],
                       *(one["us_99"] / 1000 for one in (own, other) if "us_99" in one))
        if min(own["core"], other["core"]) >= AT_LIMIT:
            self.goals.append((f"{what}: pnpd / nginx", ratios["rate"], least))
        else:
            self.goals.append((f"{what}: pnpd / nginx, for a core", 1 / ratios["cpu"], least))

    def close(self):
        for what, value, least in self.goals:
            self.bench.ratio(what, value, least=least)


def run(bench):
    try:
        peers.folder_of("wrk")
    except peers.Unavailable as reason:
        bench.table("HTTP").missing("wrk", reason)
        return
    with bench.lab() as lab:
        site = Site(lab)
        files = Comparison(
            bench, f"Files made for each phone, Htek's of {site.size['Htek']:,} bytes and Panasonic's "
            f"of {site.size['Panasonic']:,}: a second, processor, part of a core, 99 % after ms")
        try:
            site.start_nginx()
        except peers.Unavailable as reason:
            files.table.missing("nginx", reason)
        for maker in ("Htek", "Panasonic"):
            for tls in (False, True):
                for close in (False, True):
                    files.add(f"{maker}{' TLS' if tls else ''}{', close' if close else ''}",
                              site.by_turns(site.ask, maker, tls, close), None if close else 1.0)
        files.add(f"Htek, {COLD:,} in turn", site.by_turns(site.ask, "Htek cold", False, False))
        for tls in (False, True):
            # A start's five names in a row, over all connections; four of them nobody has.
            files.add(f"Htek, 5 names{' TLS' if tls else ''}",
                      site.by_turns(site.ask, "Htek chain", tls, False))
        files.close()
        shakes = Comparison(bench, "Handshakes of TLS 1.2")
        for kind in ("full", "resumed"):
            shakes.add(kind, site.by_turns(site.shake_hands, kind))
        shakes.close()
