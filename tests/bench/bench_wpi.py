# SPDX-License-Identifier: MIT
"""OpenStage phones that start at once and are configured over TLS, beside the handshakes alone that the
same server makes with the same key."""
import json

import peers
from crowd import Hall

PHONES, PATIENCE, SECONDS = 2000, 250, 5


def handshakes(hall):
    """Full ones a second, eight at a time."""
    load = hall.lab.compiled("../bench/tls_load", "-lssl", "-lcrypto")
    report = json.loads(hall.host.run(load, "10.30.0.1", 18443, SECONDS, 8, "full").stdout)
    assert not report["failed"], report
    return report["handshakes"] / report["seconds"]


def run(bench):
    phones = (bench.options.phones or [PHONES])[0]
    with bench.lab() as lab:
        hall = Hall(lab, phones)
        pid = hall.pnpd.program.pid
        table = bench.table(f"{phones:,} OpenStage phones at once", "a second", "configured", "CPU us",
                            "half s", "95 % s", "last s", "MB")
        before, used = handshakes(hall), peers.cpu(pid)
        report = hall.plug_in(PATIENCE)
        used = (peers.cpu(pid) - used) * 1e6 / phones
        alone = (before + handshakes(hall)) / 2
        configured = report["outcomes"].get("configured", 0)
        rate = configured * 1000 / report["first_ms_last"]
        table.row("handshakes alone", alone)
        table.row("configured", rate, configured, used, *(report[f"first_ms_{which}"] / 1000
                                              for which in ("median", "95", "last")),
                  hall.pnpd.memory("VmHWM") / 1e6)
        bench.ratio("of the phones are configured", configured / phones, least=1)
        bench.ratio("configured / handshakes alone, a second", rate / alone, least=0.8)
