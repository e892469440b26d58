# SPDX-License-Identifier: MIT
"""pnpd beside a real Asterisk on the same host, as another process: who has port 5060."""
import re
import shutil
import socket

from asterisk import account
from bare_phone import GROUP, subscribe
from capture import malformed, sip
from lab import Skip

PASSWORD = "Front; desk & <201>"


def prepare(pnpd, desk):
    pnpd.ctl("extension", "add", "201", "--password-stdin", stdin=PASSWORD + "\n")
    pnpd.ctl("assign", desk.mac, "201")


def problem_of(lab, pnpd):
    """What status says is wrong with the group."""
    pnpd.wait_answers()
    status = pnpd.wait_status("the problem is told", lambda text: "problem" in text)
    assert "NOT heard" in status, status
    return next(line for line in status.splitlines() if "5060" in line and "problem" in line)


def nft(host, *words):
    done = host.run("nft", *words)
    assert done.returncode == 0, f"nft {' '.join(words)}: {done.stderr}"


def follow_advice(host, problem):
    """Sets the rule that the message prints, in the chain that it names; returns group_port."""
    said = re.search(r"set (group_port = \d+) and let nft send the group there: (.+), "
                     r"in a prerouting chain of priority (-\d+)", problem)
    assert said, problem
    setting, rule, priority = said.groups()
    nft(host, "add", "table", "ip", "pnp")
    nft(host, "add", "chain", "ip", "pnp", "group",
        "{", "type", "filter", "hook", "prerouting", "priority", priority, ";", "}")
    nft(host, "add", "rule", "ip", "pnp", "group", *rule.split())
    return setting + "\n"


def assert_onboarded_and_registered(lab, pbx, desk):
    """A phone comes up and registers at the Asterisk; to its SUBSCRIBE nobody but pnpd answers."""
    capture = lab.capture(desk)
    report = lab.phone(desk, "--register").configured()
    (row,) = report["accounts"]
    assert row["registered"] and row["server"] == f"{lab.pbx.address}:5060", row
    contacts = pbx.cli("pjsip show contacts")
    assert re.search(rf"Contact: +201/sip:201@{desk.address}:", contacts), contacts
    capture.stop()
    assert not malformed(capture), malformed(capture)
    packets = sip(capture)
    answers = [packet.status for packet in packets if packet.answers == "SUBSCRIBE"]
    assert answers == [200, 200], packets  # plugged in, and the restart with the new file
    registered = [packet.status for packet in packets if packet.answers == "REGISTER"]
    assert registered == [401, 200], packets  # by digest, so the password is right
    refused = [packet for packet in packets if packet.status and packet.status >= 400
               and packet.answers != "REGISTER"]
    assert not refused, refused


def test_beside_an_asterisk_on_every_address_the_printed_rule_brings_phones_up(lab):
    if shutil.which("nft") is None:
        raise Skip("needs nft; cmake/install-packages test installs it")
    desk = lab.desk(1)
    pbx = lab.asterisk(pjsip=account("201", PASSWORD))
    pnpd = lab.pnpd(start=False).start(ready=False)
    problem = problem_of(lab, pnpd)
    assert f"is taken by asterisk (pid {pbx.pid})" in problem, problem
    assert "bind that SIP server to an address instead of 0.0.0.0" in problem, problem

    pnpd.stop()
    pnpd.configure(follow_advice(lab.pbx, problem))
    pnpd.start()
    prepare(pnpd, desk)
    assert_onboarded_and_registered(lab, pbx, desk)


def test_beside_an_asterisk_on_one_address_phones_come_up_and_register_there(lab):
    desk = lab.desk(1)
    pbx = lab.asterisk(bind=f"{lab.pbx.address}:5060", pjsip=account("201", PASSWORD))
    pnpd = lab.pnpd()
    prepare(pnpd, desk)
    assert_onboarded_and_registered(lab, pbx, desk)


def test_an_asterisk_on_one_address_starts_behind_pnpd_and_again(lab):
    desk = lab.desk(1)
    pnpd = lab.pnpd()
    prepare(pnpd, desk)
    pbx = lab.asterisk(bind=f"{lab.pbx.address}:5060", pjsip=account("201", PASSWORD))
    pbx.restart()
    assert not pbx.complaints(), pbx.complaints()
    assert_onboarded_and_registered(lab, pbx, desk)


def test_an_asterisk_on_every_address_refuses_what_the_group_is_asked(lab):
    """Why the rule is needed: Linux hands the group's datagrams to every socket on 0.0.0.0 as soon
    as anybody on the host has joined, and Asterisk answers 401. A phone takes the first answer."""
    desk = lab.desk(1)
    lab.asterisk()
    with lab.pbx.udp() as member:
        member.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                          socket.inet_aton(GROUP[0]) + socket.inet_aton(lab.pbx.address))
        phone = lab.bare_phone(desk)
        phone.send(subscribe(desk.mac, desk.address, 60000))
        phone.listen(5 * lab.patience, until=b"SIP/2.0 401 ")
