# SPDX-License-Identifier: MIT
"""A branch office: phones behind a router that lets nothing in and hides them all behind one address."""
import re
import socket
import ssl

PROVIDER = "203.0.113.0/24"  # between the office's router and the PBX's
OUTSIDE = "203.0.113.2"  # of the office: all that the PBX ever sees of it
HOME = "10.20.0.0/24"
ON_THE_LAN = "192.168.77.150"  # a router in the PBX's own network
FIREWALL = """
table ip office {
  chain forward {
    type filter hook forward priority 0; policy drop;
    ct state established,related accept
    iifname "eth0" oifname "eth1" accept
  }
  chain leaving {
    type nat hook postrouting priority 100;
    oifname "eth1" masquerade
  }
}
"""


class BranchOffice:
    """phone and poser ── router (eth0, eth1) ── gateway ── PBX. Even the way back to the phones' own
    addresses is there, so that nothing but the router keeps the PBX from them."""

    def __init__(self, lab, oui):
        made = lab.network
        self.router = made.host("router", "10.20.0.1/24", "office")
        made.plug(self.router, "eth1", f"{OUTSIDE}/24", "provider")
        self.gateway = made.host("gateway", "203.0.113.1/24", "provider")
        made.plug(self.gateway, "eth1", "192.168.77.1/24")
        self.gateway.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
        self.gateway.ip("route", "add", HOME, "via", OUTSIDE)
        self.router.ip("route", "add", "default", "via", "203.0.113.1")
        lab.pbx.ip("route", "add", "default", "via", "192.168.77.1")
        self.phone, self.poser = hide_behind(self.router, made, oui)


class RoomBehindARouter:
    """phone and poser ── router (eth0, eth1) ── the PBX's own LAN, whose neighbour table shows the
    router, and never the phones."""

    def __init__(self, lab, oui):
        made = lab.network
        self.router = made.host("router", "10.20.0.1/24", "office")
        made.plug(self.router, "eth1", f"{ON_THE_LAN}/24")
        self.phone, self.poser = hide_behind(self.router, made, oui)


def hide_behind(router, made, oui):
    """Two desks, a phone's and a poser's, of which nothing but the router is seen outside."""
    router.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
    done = router.run("nft", "-f", "-", input=FIREWALL)
    assert done.returncode == 0, done.stderr
    desks = (made.host("phone", "10.20.0.11/24", "office", f"{oui}:00:00:01"),
             made.host("poser", "10.20.0.66/24", "office", "02:00:00:00:00:66"))
    for desk in desks:
        desk.ip("route", "add", "default", "via", "10.20.0.1")
    return desks


class Caller:
    """Speaks the Workpoint Interface by itself, and keeps every byte it is told. Each message goes by
    a connection of its own unless it is told to keep one."""

    def __init__(self, host, mac, to, keeps_connection=False):
        self.host, self.mac, self.to = host, mac, to
        self.keeps_connection = keeps_connection
        self.door = None
        self.received = b""
        self.cookie = ""
        self.count = 0

    def _message(self, reason, items):
        self.count += 1
        listed = "".join(f'<Item name="{name}">{value}</Item>' for name, value in items)
        opened = f"<ReasonForContact{reason[1]}>{reason[0]}</ReasonForContact>"
        return (f'<?xml version="1.0" encoding="UTF-8"?>\n<WorkpointMessage '
                f'xmlns="http://www.siemens.com/DLS"><Message nonce="{id(self):X}{self.count}" '
                f'maxItems="-1">{opened}<ItemList>{listed}</ItemList></Message></WorkpointMessage>')

    def basic(self):
        return [("device-type", "OpenStage 40"), ("software-version", "V3 R5.12.0"),
                ("contact-me-uri", f"http://{self.host.address}:8085/contact_dls.html/ContactDLS"),
                ("e164", ""), ("mac-addr", self.mac)]

    def _connect(self):
        if self.door is None:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            self.door = context.wrap_socket(self.host.tcp((self.to, 18443), 30))
        return self.door

    def say(self, reason, items, cookie=None, attributes=""):
        """Returns the action that the answer has, and all of the answer."""
        body = self._message((reason, attributes), items).encode()
        cookie = self.cookie if cookie is None else cookie
        shown = f"Cookie: {cookie}\r\n" if cookie else ""
        head = (f"POST /DeploymentService/LoginService HTTP/1.1\r\nHost: {self.to}:18443\r\n{shown}"
                f"Content-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n")
        door = self._connect()
        door.sendall(head.encode() + body)
        answer = self._read(door)
        if not self.keeps_connection or b"\r\nConnection: close" in answer:
            self.hang_up()
        text = answer.decode()
        given = re.search(r"Set-Cookie: ([^;\r]+)", text)
        self.cookie = given[1] if given else self.cookie
        action = re.search(r"<Action>([^<]*)</Action>", text)
        return (action[1] if action else ""), text

    def _read(self, door):
        answer = b""
        try:
            while True:
                more = door.recv(65536)
                answer += more
                self.received += more
                head, end, body = answer.partition(b"\r\n\r\n")
                length = re.search(rb"Content-Length: *(\d+)", head) if end else None
                if not more or (length and len(body) >= int(length[1])):
                    return answer
        except (TimeoutError, socket.timeout, ConnectionError, ssl.SSLError):
            return answer

    def hang_up(self):
        if self.door is not None:
            self.door.close()
            self.door = None

    def start(self, reason="start-up"):
        self.cookie = ""
        return self.say(reason, self.basic())

    def obey(self, action, cookie=None, items=()):
        """The reply of a phone that did what it was told."""
        return self.say("reply-to", items, cookie, f' status="accepted" action="{action}"')

    def all_of_it(self, reason="start-up"):
        """A whole conversation; the actions in their order."""
        action, _ = self.start(reason)
        actions = [action]
        while action not in ("CleanUp", "Restart", "") and len(actions) < 20:
            action, _ = self.obey(action)
            actions.append(action)
        self.hang_up()
        return actions
