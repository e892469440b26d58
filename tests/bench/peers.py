# SPDX-License-Identifier: MIT
"""Programs of others that do the same work, unpacked from Debian's packages, and what a program costs."""
import functools
import glob
import os
import subprocess
import time

from asterisk import SCRIPTS
from network import Host
from programs import Program, wait_for

TICKS = os.sysconf("SC_CLK_TCK")


class Unavailable(Exception):
    """The package cannot be fetched; the text says why."""


@functools.lru_cache(maxsize=None)
def fetch(package):
    """(folder, reason), and one of them is empty."""
    try:
        done = subprocess.run([os.path.join(SCRIPTS, "peer"), package], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=600, check=False)
    except subprocess.TimeoutExpired as reason:
        return "", str(reason)
    if done.returncode != 0:
        return "", (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
    return done.stdout.strip(), ""


def folder_of(package):
    folder, reason = fetch(package)
    if not folder:
        raise Unavailable(reason)
    return folder


def files(folder, name):
    return glob.glob(f"{folder}/**/{name}", recursive=True)


def words(package, program, *more, environment=()):
    """A command line of a program of the package."""
    folder = folder_of(package)
    libraries = ":".join(sorted({os.path.dirname(path) for path in files(folder, "*.so*")}))
    return ["env", f"LD_LIBRARY_PATH={libraries}", *environment, os.path.join(folder, program), *more]


class Pinned(Host):
    """A host as its programs see it that have one core to themselves, where the machine has two."""

    def __init__(self, host, core):
        super().__init__(host.namespace, host.name)
        self.address = host.address
        cores = sorted(os.sched_getaffinity(0))
        self.pin = ["taskset", "-c", str(cores[core])] if len(cores) > 1 else []

    def command(self, *more):
        return super().command(*self.pin, *more)


class Peer(Program):
    """One that serves, ended with its children by their process ids."""

    def __init__(self, lab, host, package, program, *more, environment=()):
        self.name = os.path.basename(program)
        super().__init__(host, words(package, program, *more, environment=environment),
                         os.path.join(lab.folder, f"{self.name}.log"), stdout_too=True)
        lab.close_later(self)

    def wait_listening(self, host, kind, port):
        """`kind` is t or u."""
        def listens():
            assert self.is_running(), f"{self.name} ended: {self.log()}"
            return host.run("ss", f"-Hln{kind}", "sport", "=", port).stdout

        wait_for(listens, f"{self.name} listens at {port}: {self.log()}", 20)
        return self

    def close(self):
        children = tree(self.pid)[1:] if self.is_running() else []
        self.end(seconds=5)
        for pid in children:
            try:
                os.kill(pid, 9)
            except ProcessLookupError:
                pass


def settled(pnpd):
    """Its first start makes RSA keys beside all else, which nobody else does."""
    pnpd.wait_status("HTTPS is served", lambda told: "https://" in told, 60)
    return pnpd


def parents():
    """Process id → its parent's."""
    found = {}
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                found[int(path.split("/")[2])] = int(file.read().rpartition(")")[2].split()[1])
        except OSError:
            pass
    return found


def tree(pid):
    """The process and those that come of it."""
    found, known = [pid], parents()
    for one in found:
        found += [child for child, parent in known.items() if parent == one]
    return found


def threads(pid):
    """(name, seconds of the processor) of each thread that is there; some may just end."""
    for folder in glob.glob(f"/proc/{pid}/task/*"):
        try:
            with open(f"{folder}/comm", encoding="utf-8") as name, open(
                    f"{folder}/schedstat", encoding="ascii") as times:
                yield name.read().strip(), int(times.read().split()[0]) / 1e9
        except OSError:
            pass


def cpu(pid):
    """Seconds of the processor that the process and its children took, with those that ended."""
    seconds = 0.0
    for one in tree(pid):
        there = sum(took for _, took in threads(one))
        try:
            with open(f"/proc/{one}/stat", encoding="utf-8", errors="replace") as file:
                ticks = list(map(int, file.read().rpartition(")")[2].split()[11:15]))
        except OSError:
            seconds += there
            continue
        # Threads that ended are only in the coarse figure.
        seconds += max(there, sum(ticks[:2]) / TICKS) + sum(ticks[2:]) / TICKS
    return seconds


def cpu_at_rest(pid, quiet=3, most=20):
    """As `cpu`, when the program has done what its phones left it to do: it stands still for `quiet`
    seconds then, since ours puts off a flush by some ticks."""
    end, still = time.monotonic() + most, 0
    found = before = cpu(pid)
    while still < quiet and time.monotonic() < end:
        time.sleep(1)
        now = cpu(pid)
        still += 1
        if now - before >= 0.01:
            found, still = now, 0
        before = now
    return found


def memory(pid):
    """Megabytes of the process and its children, where what they share counts once."""
    kilobytes = 0
    for one in tree(pid):
        try:
            with open(f"/proc/{one}/smaps_rollup", encoding="utf-8") as file:
                kilobytes += sum(int(line.split()[1]) for line in file if line.startswith("Pss:"))
        except OSError:
            pass
    return kilobytes / 1024
