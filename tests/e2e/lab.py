# SPDX-License-Identifier: MIT
"""One test's laboratory: a network, a PBX host, phones, captures; everything ends with it."""
import os
import shutil
import subprocess
import tempfile

import asterisk
import freeswitch
from bare_phone import BarePhone
from capture import Capture
from network import Network
from programs import Phone, Pnpd, wait_for


class Skip(Exception):
    """Raised by a test that cannot run here; the text says why."""


class Lab:
    def __init__(self, options):
        self.options = options  # of the runner: bin, full, soak, sanitized, asterisk, key
        self.patience = 4 if options.sanitized else 3  # others may build meanwhile
        self.folder = tempfile.mkdtemp(prefix="pnp-e2e-")
        self.network = Network()
        self.to_close = []
        self.pbx = None

    def __enter__(self):
        self.network.__enter__()
        self.pbx = self.network.host("pbx", "192.168.77.10/24")
        return self

    def __exit__(self, kind, error, trace):
        """Phones and daemons must end well; what they complain of at the end fails the test too."""
        problems = []
        for thing in reversed(self.to_close):
            try:
                thing.close()
            except Exception as problem:  # pylint: disable=broad-except
                problems.append(problem)
        self.network.__exit__(kind, error, trace)
        if kind is None and problems:
            raise problems[0]

    def remove_files(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def logs(self):
        """The ends of all logs, for a test that failed."""
        out = []
        for folder, _, names in os.walk(self.folder):
            for name in sorted(names):
                if name.endswith(".log") or name == "messages":
                    with open(os.path.join(folder, name), encoding="utf-8",
                              errors="replace") as file:
                        lines = file.read().splitlines()[-40:]
                    out += [f"--- {name}", *lines] if lines else []
        return "\n".join(out)

    def close_later(self, thing):
        self.to_close.append(thing)
        return thing

    def desk(self, number, link="lan", address=None, oui="00:1f:c1"):
        """A place where a phone can be plugged in: its interface has the phone's MAC."""
        return self.network.host(f"desk{number}", address or f"192.168.77.{100 + number}/24", link,
                                 f"{oui}:00:00:{number:02x}")

    def give_key(self, data):
        """The key of a CA, of which making one takes most of a second; the CA is made of it."""
        os.makedirs(data, mode=0o700, exist_ok=True)
        if self.options.key:
            shutil.copy(self.options.key, os.path.join(data, "pnp-ca.key"))

    def pnpd(self, config="", *options, host=None, start=True, environment=(), has_key=True):
        folder = os.path.join(self.folder, f"pnpd{len(self.to_close)}")
        os.makedirs(folder)
        if has_key:
            self.give_key(os.path.join(folder, "data"))
        made = self.close_later(Pnpd(self.options.bin, host or self.pbx, folder, config, options,
                                     self.patience, environment))
        return made.start() if start else made

    def asterisk(self, *, version=None, host=None, start=True, **wishes):
        """A real Asterisk, of the version that the runner was asked for; asterisk.Asterisk says
        what can be wished for. The test is skipped where none can be had."""
        try:
            place = asterisk.installation(version or self.options.asterisk)
        except asterisk.Unavailable as reason:
            raise Skip(str(reason)) from None
        folder = os.path.join(self.folder, f"asterisk{len(self.to_close)}")
        os.makedirs(folder)
        wishes.setdefault("sanitized", self.options.sanitized and "module" in wishes)
        if "module" in wishes:
            self.give_key(os.path.join(folder, "var"))
        made = self.close_later(asterisk.Asterisk(place, host or self.pbx, folder,
                                                  patience=self.patience, **wishes))
        return made.start() if start else made

    def module(self, version=None):
        """Our module for an Asterisk, beside the programs under test."""
        version = version or self.options.asterisk
        builds = os.path.dirname(os.path.dirname(self.options.bin))
        beside = os.path.basename(os.path.dirname(self.options.bin))
        for build in (beside, "forky"):  # the one for 22 is built where 22 is
            path = os.path.join(builds, build, "lib", f"res_pnp-{version}.so")
            if os.path.exists(path):
                return path
        raise Skip(f"there is no {path}; build with -DASTERISK_INCLUDE_DIR=…")

    def pbx_with_module(self, config="", *, files=None, more=(), **wishes):
        """An Asterisk that has our module loaded, with this pnp.conf and these modules more."""
        return self.asterisk(module=self.module(wishes.get("version")),
                             modules=(*asterisk.CALL_MODULES, *more), files={
                                 "pnp.conf": f"[general]\nvendors = {self.folder}/vendors\n"
                                             + config, **(files or {})}, **wishes)

    def freeswitch(self, config="", users=""):
        """Our module for FreeSWITCH in a host that has what it needs of one, and hears phones."""
        if not os.path.exists(os.path.join(self.options.bin, "fake_freeswitch")):
            raise Skip(f"there is no fake_freeswitch in {self.options.bin}: it is built with the tests")
        folder = os.path.join(self.folder, f"freeswitch{len(self.to_close)}")
        self.give_key(folder)
        made = self.close_later(freeswitch.Freeswitch(
            self.options.bin, self.pbx, folder, config, users,
            small_stack=not self.options.sanitized, patience=self.patience)).load()
        self.wait_for(lambda: "is heard" in made.pnp("status"), "it hears the group", 60)
        return made

    def phone(self, desk, *options, mac=None, vendor="htek"):
        return self.close_later(Phone(self.options.bin, desk, self.folder, *options, mac=mac,
                                      vendor=vendor, patience=self.patience))

    def bare_phone(self, desk, port=60000):
        return self.close_later(BarePhone(desk, port, self.patience))

    def capture(self, host, interface="eth0"):
        return self.close_later(Capture(host, self.folder, interface))

    def compiled(self, name, *options):
        """A program of this folder, or of one that NAME leads to, made from NAME.cpp."""
        made = os.path.join(self.folder, os.path.basename(name))
        source = os.path.join(os.path.dirname(os.path.abspath(__file__)), f"{name}.cpp")
        try:
            self.run_here("g++", "-std=c++20", "-O2", "-o", made, source, *options)
        except (OSError, subprocess.CalledProcessError) as problem:
            raise Skip(f"{name}.cpp needs g++: {problem}") from None
        return made

    @staticmethod
    def run_here(*words):
        """What a tool of this machine says."""
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout

    def wait_for(self, question, what, seconds=20):
        return wait_for(question, what, seconds * self.patience)
