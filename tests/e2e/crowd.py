# SPDX-License-Identifier: MIT
"""Many OpenStage phones on one host, each with a MAC and an address that the PBX's neighbour table shows."""
import json
import os

from test_workpoint import CONFIG, wait_served

FIRST_MAC, FIRST_ADDRESS = 0x001ae8010000, 0x0a1e4001  # 10.30.64.1
# Frames to all of these MACs arrive at one interface, whose kernel would pass over most of them.
TAKES_ALL = """
table netdev crowd {{
  chain entrance {{
    type filter hook ingress device "{}" priority 0;
    meta pkttype set host
  }}
}}
"""


def is_many(host, interface, pbx, pbx_interface, phones):
    """The host answers for each (MAC, address) of `phones`, and the PBX's neighbour table shows them."""
    done = host.run("nft", "-f", "-", input=TAKES_ALL.format(interface))
    assert done.returncode == 0, done.stderr
    rows = []
    for mac, address in phones:
        colons = ":".join(mac[at:at + 2] for at in range(0, 12, 2))
        rows.append(f"neigh replace {address} lladdr {colons} dev {pbx_interface} nud permanent\n")
    done = pbx.run("ip", "-batch", "-", input="".join(rows))
    assert done.returncode == 0, done.stderr


def give_extensions(lab, pnpd, macs, first):
    """One to each, counted up from `first`."""
    table = os.path.join(lab.folder, "crowd.csv")
    with open(table, "w", encoding="utf-8") as file:
        file.write("mac,extensions,name\n")
        file.writelines(f"{mac},{first + number},Phone {number}\n"
                        for number, mac in enumerate(macs))
    pnpd.ctl("import", table)


def mac_of(number):
    return f"{FIRST_MAC + number:012x}"


def address_of(number):
    return ".".join(str(byte) for byte in (FIRST_ADDRESS + number).to_bytes(4, "big"))


class Hall:
    """`count` phones that wait to be plugged in, and the daemon that has an extension for each."""

    def __init__(self, lab, count):
        self.lab, self.count = lab, count
        lab.network.plug(lab.pbx, "eth1", "10.30.0.1/16", "hall")
        self.host = lab.network.host("hall", "10.30.0.2/18", "hall")
        self.host.ip("address", "add", "10.30.64.1/18", "dev", "lo")
        is_many(self.host, "eth0", lab.pbx, "eth1",
                [(mac_of(number), address_of(number)) for number in range(count)])
        self.pnpd = lab.pnpd(CONFIG)
        wait_served(lab, self.pnpd)
        give_extensions(lab, self.pnpd, map(mac_of, range(count)), 10_000)

    def plug_in(self, seconds):
        """All at once; the report is the sum of theirs."""
        phones = self.lab.phone(self.host, "--phones", self.count, "--dls", "10.30.0.1",
                                "--interface", "lo", "--address", address_of(0), "--wait",
                                f"{seconds}s", "--contact-port", "0", "--sip-port", "0",
                                "--local-port", "0", mac=mac_of(0), vendor="openstage")
        out, _ = phones.program.process.communicate(timeout=2 * seconds + 60)
        assert out.strip(), phones.trace()
        return json.loads(out)

    def assert_all_came_up(self, report):
        assert report["outcomes"] == {"configured": self.count}, (report["outcomes"],
                                                                  report["problems"])
        workpoint = report["workpoint"]
        assert workpoint["reasons"] == {"start-up": self.count}, workpoint
        assert workpoint["items_refused"] == 0 and not report["problems"], report
        devices = self.pnpd.json("show", "devices")["devices"]
        states = [row["state"] for row in devices]
        assert states.count("configured") == self.count, {state: states.count(state)
                                                          for state in set(states)}

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pnpd.program.pid}/fd"))

    def wait_idle(self, descriptors):
        """No phone leaves a conversation, a connection or a descriptor behind."""
        self.lab.wait_for(lambda: self.descriptors() <= descriptors,
                          f"{descriptors} descriptors are open, as before", 60)
        status = self.pnpd.text("status")
        assert f"{self.count} conversations, 0 open" in status or \
            f"{2 * self.count} conversations, 0 open" in status, status

    def restart(self):
        self.pnpd.stop()
        self.pnpd.start()
        wait_served(self.lab, self.pnpd)

    def known(self):
        """By its MAC what is told of each phone, but for what follows from the time, and what some
        of them have."""
        rows = self.pnpd.json("show", "devices")["devices"]
        known = {row["mac"]: {key: value for key, value in row.items() if key != "next_poll"}
                 for row in rows}
        for number in range(0, self.count, max(self.count // 10, 1)):
            mac = mac_of(number)
            known[mac]["items"] = self.pnpd.json("show", "items", mac)
        return known
