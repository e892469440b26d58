#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Plugs simulated phones into a private network and tells how they are onboarded.

    ./run --demo            or: python3 tests/e2e/demo.py --bin build/release/bin
"""
import sys

sys.dont_write_bytecode = True

import argparse
import os
import signal
import subprocess
import tempfile
import textwrap
import threading
import time

import network
from programs import Phone, Pnpd, wait_for

PBX = "192.168.77.10"
FIRST, SECOND = "001fc1000001", "001fc1000002"


class Failed(Exception):
    """Something that the story told did not happen."""


class Teller:
    """Prints what happens with the seconds since the start; colours only on a terminal."""

    def __init__(self, quick):
        self.began = time.monotonic()
        self.colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        self.pause = 0 if quick else 2.0

    def _line(self, text, style=""):
        stamp = f"{time.monotonic() - self.began:5.1f} s  "
        if self.colour and style:
            text = f"\033[{style}m{text}\033[0m"
        print(stamp + text, flush=True)

    def say(self, text):
        """A paragraph of the story."""
        print(flush=True)
        for line in textwrap.wrap(" ".join(text.split()), 88):
            self._line(line, "1")
        time.sleep(self.pause)

    def show(self, text, prefix="  "):
        for line in text.rstrip("\n").splitlines():
            self._line(prefix + line)

    def command(self, pnpd, *words):
        """Runs pnpctl, shows what was typed and what came back."""
        self._line("$ pnpctl " + " ".join(f"'{word}'" if " " in word else word for word in words),
                   "36")
        out = pnpd.text(*words)
        self.show(out)
        time.sleep(self.pause / 2)
        return out

    def follow(self, phone, name):
        """Shows a phone's own words while they come, until it is done."""
        def run():
            shown = 0
            while True:
                is_done = not phone.program.is_running()
                lines = phone.trace().splitlines()
                self.show("\n".join(lines[shown:]), f"  {name} | ")
                shown = len(lines)
                if is_done:
                    return
                time.sleep(0.1)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread


def must(holds, what):
    if not holds:
        raise Failed(what)


def finish(phone, follower, teller, number):
    """Waits for a phone and checks what it says of itself."""
    report = phone.report(60)
    follower.join(5)
    must(report["exit_status"] == 0, f"the phone did not come up: {report['message']}")
    walk = report["requests"][0]
    must([row["status"] for row in walk] == [404, 404, 404, 404, 200],
         f"the chain of files went otherwise than told: {walk}")
    accounts = report["accounts"]
    must(len(accounts) == 1 and accounts[0]["user"] == number
         and accounts[0]["server"] == f"{PBX}:5060" and accounts[0]["password"] == "set",
         f"the phone does not hold extension {number}: {accounts}")
    teller.show(f"It holds: user {accounts[0]['user']}, shown as “{accounts[0]['display_name']}”, "
                f"to register at {accounts[0]['server']}.")


def tell(teller, tools, folder, net):
    pbx = net.host("pbx", f"{PBX}/24")
    phones = net.host("phones", "192.168.77.101/24")
    phones.ip("address", "add", "192.168.77.102/24", "dev", "eth0")
    teller.say("""Two private network namespaces are joined by a virtual switch: “pbx” with the
               address 192.168.77.10, and “phones”. Nothing here touches a real network.""")
    pnpd = Pnpd(tools, pbx, folder)
    teller.show("pnpd starts in “pbx” with no configuration at all.")
    try:
        pnpd.start()
        teller.command(pnpd, "status")
        first_phone(teller, tools, folder, phones, pnpd)
        second_phone(teller, tools, folder, phones, pnpd)
        teller.say("What did the first one do, step by step? This is what `explain` is for.")
        teller.command(pnpd, "explain", FIRST)
        devices = teller.command(pnpd, "show", "devices")
        must(devices.count(" configured ") == 2, "not both phones are known as configured")
    finally:
        pnpd.close()


def plug_in(teller, tools, folder, phones, mac, address, name):
    phone = Phone(tools, phones, folder, "--address", address, mac=mac)
    return phone, teller.follow(phone, name)


def first_phone(teller, tools, folder, phones, pnpd):
    teller.say("""A phone that nobody knows is plugged in. It asks the multicast group 224.0.1.75
               where its configuration is. It is answered at once, so that it keeps waiting, but
               it gets no URL: nothing secret is sent to a stranger.""")
    phone, follower = plug_in(teller, tools, folder, phones, FIRST, "192.168.77.101", "phone 1")
    try:
        wait_for(lambda: FIRST in pnpd.text("show", "devices", "pending"), "the phone is heard", 20)
        time.sleep(teller.pause / 2)
        teller.command(pnpd, "show", "devices")
        teller.say("The administrator makes an extension. Its password is made here; nobody needs "
                   "to type it, ever.")
        teller.command(pnpd, "extension", "add", "201", "--name", "Front desk")
        teller.say("""And puts it on the phone, which still waits: it is offered a URL of its own
                   now (NOTIFY), and asks for the five file names that phones of its maker ask
                   for. The first four are refused on purpose, the fifth is its file.""")
        teller.command(pnpd, "assign", FIRST, "201")
        finish(phone, follower, teller, "201")
    finally:
        phone.close()


def second_phone(teller, tools, folder, phones, pnpd):
    teller.say("A second phone is prepared before anybody plugs it in: its MAC address stands on "
               "its box.")
    teller.command(pnpd, "extension", "add", "202", "--name", "Meeting room")
    teller.command(pnpd, "assign", SECOND, "202")
    teller.say("Now it is plugged in, and comes up by itself.")
    phone, follower = plug_in(teller, tools, folder, phones, SECOND, "192.168.77.102", "phone 2")
    try:
        finish(phone, follower, teller, "202")
    finally:
        phone.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", required=True, help="folder with pnpd, pnpctl and pnp-phone")
    parser.add_argument("--quick", action="store_true", help="without the pauses for reading")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that everything is cleaned up
    reason = network.why_not()
    if reason:
        print(f"The demo {reason}. Nothing was done.", file=sys.stderr)
        return 1
    network.remove_leftovers()
    teller = Teller(options.quick)
    with tempfile.TemporaryDirectory(prefix="pnp-demo-") as folder:
        try:
            with network.Network() as net:
                tell(teller, os.path.abspath(options.bin), folder, net)
        except (Failed, AssertionError, OSError, RuntimeError, subprocess.SubprocessError) as error:
            print(f"\nThe demo failed: {error}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print("\nStopped. The namespaces are gone.", file=sys.stderr)
            return 1
    teller.say("""That was all: both phones hold their accounts, and the namespaces are gone. To
               serve real phones on this machine: ./run""")
    return 0


if __name__ == "__main__":
    sys.exit(main())
