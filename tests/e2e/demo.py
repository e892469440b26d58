#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Plugs simulated phones into a private network beside a real Asterisk and tells how they come up.

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

import asterisk
import network
from programs import Phone, wait_for

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

    def command(self, pbx, words):
        """Says something on the PBX's console, shows what was typed and what came back."""
        self._line(f"*CLI> {words}", "36")
        out = pbx.cli(words)
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


def tell(teller, tools, folder, net):
    host = net.host("pbx", f"{PBX}/24")
    desks = [net.host("desk1", "192.168.77.101/24", mac="00:1f:c1:00:00:01"),
             net.host("desk2", "192.168.77.102/24", mac="00:1f:c1:00:00:02")]
    teller.say("""Three private network namespaces are joined by a virtual switch: “pbx” with the
               address 192.168.77.10, and two desks. Nothing here touches a real network.""")
    home = os.path.join(folder, "asterisk")
    os.makedirs(home)
    place = asterisk.installation("16")
    module = os.path.join(os.path.dirname(tools), "lib", f"res_pnp-{place.version}.so")
    pbx = asterisk.Asterisk(place, host, home, module=module, modules=asterisk.CALL_MODULES)
    phones = []
    try:
        pbx.start()
        teller.show("A real Asterisk starts in “pbx”, PJSIP on 0.0.0.0:5060 as usual, and loads "
                    "res_pnp.so with no configuration at all.")
        wait_for(lambda: "5480" in pbx.cli("pnp status"), "phones are served", 20)
        teller.command(pbx, "pnp status")
        first_phone(teller, tools, folder, desks[0], pbx, phones)
        second_phone(teller, tools, folder, desks[1], pbx, phones)
        call(teller, pbx, phones)
        teller.say("What did the first one do, step by step? This is what `explain` is for.")
        teller.command(pbx, f"pnp explain {FIRST}")
    finally:
        for phone in phones:
            phone.close()
        pbx.close()


def plug_in(teller, tools, folder, desk, name, phones, *options):
    phone = Phone(tools, desk, folder, *options)
    phones.append(phone)
    return teller.follow(phone, name)


def first_phone(teller, tools, folder, desk, pbx, phones):
    teller.say("""A phone that nobody knows is plugged in. It asks the multicast group 224.0.1.75
               where its configuration is. It is answered at once, so that it keeps waiting, but
               it gets no URL: nothing secret is sent to a stranger. Asterisk, which would refuse
               the question with 401, does not hear it.""")
    plug_in(teller, tools, folder, desk, "phone 1", phones, "--answer", "--stay")
    wait_for(lambda: FIRST in pbx.cli("pnp show devices pending"), "the phone is heard", 20)
    time.sleep(teller.pause / 2)
    teller.command(pbx, "pnp show devices")
    teller.say("The administrator makes an extension. Its password is made here; nobody needs "
               "to type it, ever. Asterisk has endpoint, auth, aor, hint and dial plan for it.")
    teller.command(pbx, "pnp extension add 201 --name Reception")
    teller.say("""And puts it on the phone, which still waits: it is offered a URL of its own
               now (NOTIFY), and asks for the five file names that phones of its maker ask
               for. The first four are refused on purpose, the fifth is its file.""")
    teller.command(pbx, f"pnp assign {FIRST} 201")
    pbx.wait_state(FIRST, "registered", 60)
    time.sleep(teller.pause / 2)
    teller.command(pbx, "pjsip show contacts")
    teller.command(pbx, "core show hints")


def second_phone(teller, tools, folder, desk, pbx, phones):
    teller.say("A second phone is prepared before anybody plugs it in: its MAC address stands on "
               "its box.")
    teller.command(pbx, "pnp extension add 202 --name Workshop")
    teller.command(pbx, f"pnp assign {SECOND} 202")
    teller.say("Now it is plugged in, comes up by itself, and its user calls the reception.")
    follower = plug_in(teller, tools, folder, desk, "phone 2", phones, "--call", "201")
    report = phones[-1].report(60)
    follower.join(5)
    must(report["exit_status"] == 0, f"the second phone did not come up: {report['message']}")
    walk = report["requests"][0]
    must([row["status"] for row in walk] == [404, 404, 404, 404, 200],
         f"the chain of files went otherwise than told: {walk}")


def call(teller, pbx, phones):
    report = phones[0].stopped()
    heard, made = report["call"], phones[1].last["call"]
    must(heard and heard["rtp_received"] > 0 and made["rtp_received"] > 0, "the call was silent")
    teller.say(f"""The call was answered: the reception heard {heard['rtp_received']} packets of
               sound and the workshop {made['rtp_received']}.""")
    devices = teller.command(pbx, "pnp show devices")
    must(" 201 " in devices and " 202 " in devices, "not both phones are known")


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
        except asterisk.Unavailable as reason:
            print(f"\nThe demo needs an Asterisk: {reason}", file=sys.stderr)
            return 1
        except (Failed, AssertionError, OSError, RuntimeError, subprocess.SubprocessError) as error:
            print(f"\nThe demo failed: {error}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print("\nStopped. The namespaces are gone.", file=sys.stderr)
            return 1
    teller.say("""That was all: nobody typed anything on a phone, and the namespaces are gone. To put
               the module into this machine's Asterisk: ./run --install; to serve phones without
               one: ./run""")
    return 0


if __name__ == "__main__":
    sys.exit(main())
