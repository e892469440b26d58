# SPDX-License-Identifier: MIT
"""Private networks: namespaces joined by veth pairs to switches that lead nowhere else."""
import contextlib
import ctypes
import os
import re
import socket
import subprocess
import threading

from programs import wait_for

PREFIX = "pnp-e2e-"
CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)
GROUP = "224.0.1.75"


def why_not():
    """The sentence that says why no namespace can be made here; empty when it can."""
    if os.geteuid() != 0:
        return "needs root to make network namespaces"
    name = f"{PREFIX}{os.getpid()}-try"
    try:
        ip("netns", "add", name)
        ip("netns", "exec", name, "ip", "link", "set", "lo", "up")
    except RuntimeError as error:
        return f"needs network namespaces, and none can be made here: {error}"
    finally:
        ip("netns", "del", name, check=False)
    return ""


def ip(*words, check=True):
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if check and done.returncode != 0:
        raise RuntimeError(f"ip {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def remove_leftovers():
    """Namespaces of runs that were killed: their process is gone."""
    for line in ip("netns", "list").splitlines():
        found = re.match(rf"{PREFIX}(\d+)-", line)
        if found and not os.path.exists(f"/proc/{found[1]}"):
            ip("netns", "del", line.split()[0], check=False)


class Host:
    """One machine: a namespace with its interfaces."""

    def __init__(self, namespace, name):
        self.namespace = namespace
        self.name = name
        self.address = None  # of the first interface
        self.mac = None

    def ip(self, *words):
        return ip("-n", self.namespace, *words)

    def command(self, *words):
        return ["ip", "netns", "exec", self.namespace, *map(str, words)]

    def run(self, *words, timeout=120, stderr=subprocess.PIPE, **options):
        """What came of a program, which does not outlive the call."""
        return subprocess.run(self.command(*words), stdout=subprocess.PIPE, stderr=stderr, text=True,
                              timeout=timeout, check=False, **options)

    def start(self, *words, **options):
        """`ip netns exec` becomes the program, so the process id is the program's."""
        return subprocess.Popen(self.command(*words), **options)

    @contextlib.contextmanager
    def inside(self):
        """Sockets that are made here live in the namespace, wherever they are used later."""
        home = f"/proc/{os.getpid()}/task/{threading.get_native_id()}/ns/net"
        with open(home, "rb") as before:
            self.enter()
            try:
                yield
            finally:
                if LIBC.setns(before.fileno(), CLONE_NEWNET) != 0:
                    os.abort()  # never go on in the wrong network

    def enter(self):
        """For the rest of the calling thread's life, which ends here or in `inside`."""
        path = f"/run/netns/{self.namespace}"
        with open(path, "rb") as namespace:
            if LIBC.setns(namespace.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), f"cannot enter {path}")

    def udp(self, port=0, address=None, timeout=30.0):
        address = address or self.address
        with self.inside():
            made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.bind((address, port))
        made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
        made.settimeout(timeout)
        return made

    def tcp(self, to, timeout=30.0):
        with self.inside():
            made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        made.settimeout(timeout)
        made.connect(to)
        return made


class Network:
    """Switches and hosts of one test; all of it is gone when the context ends."""

    def __init__(self):
        self.hosts = {}
        self.switch = None
        self.ports = 0
        self.links = set()

    def __enter__(self):
        self.switch = self._namespace("switch")
        return self

    def __exit__(self, *_):
        for host in [*self.hosts.values(), self.switch]:
            ip("netns", "del", host.namespace, check=False)

    def _namespace(self, name):
        namespace = f"{PREFIX}{os.getpid()}-{name}"
        ip("netns", "add", namespace)
        host = Host(namespace, name)
        # Neighbour discovery and the like would only stand between the packets of interest.
        for which in ("all", "default"):
            host.run("sysctl", "-qw", f"net.ipv6.conf.{which}.disable_ipv6=1")
        host.ip("link", "set", "lo", "up")
        return host

    def link(self, name):
        """A switch that floods multicast, as one without IGMP snooping does."""
        if name not in self.links:
            self.switch.ip("link", "add", name, "type", "bridge", "mcast_snooping", "0")
            self.switch.ip("link", "set", name, "up")
            self.links.add(name)
        return name

    def host(self, name, address=None, link="lan", mac=None):
        host = self._namespace(name)
        self.hosts[name] = host
        if address is not None:
            self.plug(host, "eth0", address, link, mac)
        return host

    def plug(self, host, interface, address, link="lan", mac=None):
        """Gives the host one more interface, with the address as ADDRESS/PREFIX."""
        self.ports += 1
        port = f"port{self.ports}"
        own_mac = ["address", mac] if mac else []
        ip("link", "add", interface, "netns", host.namespace, *own_mac, "type", "veth",
           "peer", "name", port, "netns", self.switch.namespace)
        self.switch.ip("link", "set", port, "master", self.link(link))
        self.switch.ip("link", "set", port, "up")
        host.ip("address", "add", address, "dev", interface)
        host.ip("link", "set", interface, "up")
        # The kernel tells the switch of the cable when it finds the time: before, it drops all.
        wait_for(lambda: "state forwarding" in self.switch.ip("-d", "link", "show", "dev", port),
                 f"{port} is open", 20)
        if host.address is None:
            host.address = address.split("/")[0]
            host.mac = mac.replace(":", "") if mac else None

    def cable(self, interface, *ends):
        """Two hosts without a switch between them: `ends` are (host, ADDRESS/PREFIX)."""
        (one, _), (other, _) = ends
        ip("link", "add", interface, "netns", one.namespace, "type", "veth",
           "peer", "name", interface, "netns", other.namespace)
        for host, address in ends:
            host.ip("address", "add", address, "dev", interface)
            host.ip("link", "set", interface, "up")

    def unplug(self, host, interface):
        host.ip("link", "del", interface)
