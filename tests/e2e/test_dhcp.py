# SPDX-License-Identifier: MIT
"""A real dnsmasq with the configuration that pnp prints: options 66 and 43, and the phones that it makes known."""
import grp
import itertools
import json
import os
import pwd
import re
import shutil
import socket
import tempfile

from programs import Program

PHONE = "00:80:f0:12:34:56"
OPENSTAGE = "00:1a:e8:10:20:30"
LAPTOP = "3c:97:0e:00:00:01"
CLIENT = """#!/bin/sh
case $1 in
bound)
  ip address replace "$ip/$mask" dev "$interface" && echo "$ip" >"$NOTES"
  echo "${tftp:-$sname}" >"$NOTES-of-tftp"
  echo "$opt43" >"$NOTES-of-43";;
deconfig) ip address flush dev "$interface";;
esac
"""


class DhcpServer:
    """dnsmasq on the PBX's machine. What it starts for leases runs as nobody, who may open the second
    socket and not the first; both lie where nobody comes by."""

    def __init__(self, lab):
        self.lab = lab
        self.folder = tempfile.mkdtemp(prefix="pnp-e2e-dhcp-")
        os.chmod(self.folder, 0o755)
        self.sockets = os.path.join(self.folder, "sockets")
        os.mkdir(self.sockets)
        nobody = pwd.getpwnam("nobody")
        os.chown(self.sockets, 0, nobody.pw_gid)
        os.chmod(self.sockets, 0o2750)
        self.control = os.path.join(self.sockets, "pnp-dhcp.ctl")
        self.script = os.path.join(self.folder, "pnp-dhcp-event")
        shutil.copy(os.path.join(lab.options.bin, "pnpctl"), self.script)
        self.program = None

    def start(self, configuration):
        lines = configuration.replace("/usr/local/bin/pnp-dhcp-event", self.script)
        path = os.path.join(self.folder, "pnp.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(lines)
        self.program = Program(
            self.lab.pbx,
            ["env", f"PNP_CONTROL={self.control}", "dnsmasq", "--keep-in-foreground",
             f"--conf-file={path}", "--port=0", "--interface=eth0", "--bind-interfaces",
             "--dhcp-range=192.168.77.150,192.168.77.199,1h", "--no-ping",
             f"--dhcp-leasefile={self.folder}/leases", f"--pid-file={self.folder}/pid",
             "--user=root", "--dhcp-scriptuser=nobody", "--log-facility=-", "--log-dhcp"],
            os.path.join(self.lab.folder, "dnsmasq.log"), stdout_too=True)
        self.lab.wait_for(lambda: "DHCP, IP range" in self.program.log(), "dnsmasq is ready")
        return self

    def close(self):
        if self.program is not None:
            self.program.end()
        shutil.rmtree(self.folder, ignore_errors=True)


def client(lab, name, mac):
    """A machine without an address."""
    host = lab.network.host(name, "169.254.9.9/32", mac=mac)
    host.ip("address", "flush", "dev", "eth0")
    return host


def notes_of(lab, host):
    return os.path.join(lab.folder, f"{host.name}-address")


def option66(lab, host):
    """What the last lease of this machine said of TFTP."""
    with open(notes_of(lab, host) + "-of-tftp", encoding="ascii") as file:
        return file.read().strip()


def option43(lab, host):
    """The bytes of it in the last lease of this machine, as hex digits."""
    with open(notes_of(lab, host) + "-of-43", encoding="ascii") as file:
        return file.read().strip()


def lease(lab, host, *options):
    """What udhcpc was given; it releases nothing."""
    script = os.path.join(lab.folder, "udhcpc")
    with open(script, "w", encoding="utf-8") as file:
        file.write(CLIENT)
    os.chmod(script, 0o755)
    notes = notes_of(lab, host)
    done = host.run("env", f"NOTES={notes}", "busybox", "udhcpc", "-i", "eth0", "-n", "-q", "-f",
                    "-t", "10", "-T", "3", "-s", script, *options)
    assert done.returncode == 0, done.stdout + done.stderr
    with open(notes, encoding="ascii") as file:
        return file.read().strip()


def office(lab):
    server = lab.close_later(DhcpServer(lab))
    pnpd = lab.pnpd(f"dhcp_control = {server.control}\n")
    return server.start(pnpd.text("dhcp", "dnsmasq")), pnpd


def known(pnpd):
    return {device["mac"] for device in pnpd.json("show", "devices")["devices"]}


def test_a_lease_tells_a_phone_where_we_are_and_us_of_the_phone(lab):
    server, pnpd = office(lab)
    kx = client(lab, "kx", PHONE)
    capture = lab.close_later(lab.capture(lab.pbx))
    address = lease(lab, kx, "-O", "tftp", "-x", "hostname:KX-UT670")
    mac = PHONE.replace(":", "")
    lab.wait_for(lambda: mac in known(pnpd), "the phone is known")
    acks = capture.stop().packets("dhcp.option.dhcp == 5", "dhcp.option.tftp_server_name",
                                  "dhcp.hw.mac_addr", "dhcp.ip.your")
    assert acks == [{"dhcp.option.tftp_server_name": lab.pbx.address, "dhcp.hw.mac_addr": PHONE,
                     "dhcp.ip.your": address}], acks
    device = pnpd.json("show", "device", mac)
    assert device["state"] == "pending" and device["address"] == address, device
    story = pnpd.text("explain", mac)
    assert f"{address} got this address by DHCP: Panasonic" in story, story
    assert "host name KX-UT670" in story and "asked for nothing since" in story, story


def test_a_laptop_is_no_phone_and_gets_no_option_66(lab):
    server, pnpd = office(lab)
    laptop, kx = client(lab, "laptop", LAPTOP), client(lab, "kx", PHONE)
    capture = lab.close_later(lab.capture(lab.pbx))
    lease(lab, laptop, "-O", "tftp", "-x", "hostname:laptop")
    lease(lab, kx, "-O", "tftp")
    lab.wait_for(lambda: known(pnpd), "the phone is known")  # it came second
    assert known(pnpd) == {PHONE.replace(":", "")}
    acks = capture.stop().packets("dhcp.option.dhcp == 5", "dhcp.option.tftp_server_name",
                                  "dhcp.hw.mac_addr")
    assert [ack["dhcp.option.tftp_server_name"] for ack in acks] == [None, lab.pbx.address], acks
    assert "script process exited" not in server.program.log(), "dnsmasq complains of no status"


def test_who_says_it_is_an_openstage_is_told_its_service_and_nobody_else(lab):
    server = lab.close_later(DhcpServer(lab))
    pnpd = lab.pnpd("wpi = on\n")
    server.start(pnpd.text("dhcp", "dnsmasq"))
    phone = client(lab, "openstage", OPENSTAGE)
    twin = client(lab, "twin", OPENSTAGE[:-1] + "1")  # the maker's MAC, and says nothing
    laptop = client(lab, "laptop", LAPTOP)
    service = f"sdlp://{lab.pbx.address}:18443".encode()
    wanted = b"\x01\x07Siemens\x03" + bytes([len(service)]) + service + b"\xff"
    capture = lab.close_later(lab.capture(lab.pbx))
    lease(lab, phone, "-V", "OptiIpPhone")
    lease(lab, twin, "-O", "43")
    lease(lab, laptop, "-O", "43", "-V", "MSFT 5.0")
    assert option43(lab, phone) == wanted.hex()
    assert option43(lab, twin) == option43(lab, laptop) == ""
    acks = capture.stop().packets("dhcp.option.dhcp == 5 && dhcp.option.type == 43",
                                  "dhcp.hw.mac_addr")
    assert [ack["dhcp.hw.mac_addr"] for ack in acks] == [OPENSTAGE], acks


def test_an_openstage_is_told_its_vlan_where_one_is_given(lab):
    server = lab.close_later(DhcpServer(lab))
    pnpd = lab.pnpd("wpi = on\n")
    server.start(pnpd.text("dhcp", "dnsmasq", "--vlan", "20"))
    phone = client(lab, "openstage", OPENSTAGE)
    lease(lab, phone, "-V", "OptiIpPhone")
    service = f"sdlp://{lab.pbx.address}:18443".encode()
    assert option43(lab, phone) == (b"\x01\x07Siemens\x02\x04\x00\x00\x00\x14\x03"
                                    + bytes([len(service)]) + service + b"\xff").hex()


def test_a_server_that_starts_again_tells_of_the_phones_it_remembers(lab):
    server, pnpd = office(lab)
    lease(lab, client(lab, "kx", PHONE))
    lab.wait_for(lambda: known(pnpd), "the phone is known")
    server.program.end()
    pnpd.stop()
    shutil.rmtree(pnpd.data)
    pnpd.start()
    assert known(pnpd) == set()
    server.start(pnpd.text("dhcp", "dnsmasq"))
    lab.wait_for(lambda: known(pnpd) == {PHONE.replace(":", "")}, "the phone is known again")


def ask(path, *words):
    """The status and the text that a socket answers with."""
    with socket.socket(socket.AF_UNIX) as control:
        control.connect(path)
        control.sendall(json.dumps({"words": words}).encode() + b"\n")
        answer = b"".join(iter(lambda: control.recv(65536), b""))
    head, text = answer.split(b"\n", 1)
    return json.loads(head)["status"], text.decode()


def test_the_second_socket_takes_nothing_but_leases(lab):
    server, pnpd = office(lab)
    mode = os.stat(server.control)
    assert mode.st_mode & 0o777 == 0o660, oct(mode.st_mode)
    assert grp.getgrgid(mode.st_gid).gr_name == grp.getgrgid(pwd.getpwnam("nobody").pw_gid).gr_name
    pnpd.ctl("extension", "add", "201")
    mac = PHONE.replace(":", "")
    for command in json.loads(pnpd.ctl("help", "--json").stdout)["commands"]:
        words = list(itertools.takewhile(lambda word: re.fullmatch("[a-z-]+", word),
                                         command["usage"].split()))
        if words != ["dhcp-event"]:
            status, text = ask(server.control, *words, mac, "201")
            assert (status, "nothing else" in text) == (1, True), (words, status, text)
    assert ask(server.control, "dhcp-event", "add", mac, "192.168.77.9")[0] == 0
    assert pnpd.json("show", "device", mac)["state"] == "pending"
    assert "DHCP control" in pnpd.text("status")


def test_without_the_option_there_is_no_second_socket(lab):
    pnpd = lab.pnpd()
    assert "DHCP control" not in pnpd.text("status")
    assert pnpd.ctl("dhcp-event", "add", PHONE, "192.168.77.9").returncode == 0
