# SPDX-License-Identifier: MIT
"""OpenStage phones over the Workpoint Interface: on the LAN, in other hands, and when we go."""
import socket

from test_asterisk import assign, wait_hint
from test_unload_transfers import sockets_of

OUI = "00:1a:e8"
CONFIG = "wpi = on\n"
HOLDS_A_CONVERSATION = r"""
import http.client, ssl, sys, time
MAC, US, THEM = sys.argv[1:4]
MESSAGE = '''<?xml version="1.0" encoding="UTF-8"?>
<WorkpointMessage xmlns="http://www.siemens.com/DLS"><Message nonce="%s" maxItems="-1">
<ReasonForContact>%s</ReasonForContact><ItemList>
<Item name="device-type">OpenStage 40</Item><Item name="software-version">V3 R5.12.0</Item>
<Item name="contact-me-uri">http://%s:8085/contact_dls.html/ContactDLS</Item>
<Item name="mac-addr">%s</Item></ItemList></Message></WorkpointMessage>'''
trusting = ssl._create_unverified_context()
door = http.client.HTTPSConnection(THEM, 18443, context=trusting)
def say(reason, cookie=""):
    door.request("POST", "/DeploymentService/LoginService", MESSAGE % (reason[:5], reason, US, MAC),
                 {"Content-Type": "text/xml", "Cookie": cookie})
    answer = door.getresponse()
    print(answer.read().decode(), flush=True)
    return (answer.getheader("Set-Cookie") or "").split(";")[0]
cookie = say("start-up")
"""
AND_WAITS = "time.sleep(100)\n"
AND_IS_CALLED_IN_VAIN = r"""
import socket
listener = socket.create_server((US, 8085))
say("clean-up", cookie)
called, _ = listener.accept()
print("asked to call", flush=True)
time.sleep(100)
"""


def wait_served(lab, pbx):
    said = lambda: pbx.pnp("status") if hasattr(pbx, "pnp") else pbx.text("status")
    lab.wait_for(lambda: f"https://{lab.pbx.address}:18443" in said(),
                 "OpenStage phones are served", 60)  # the first start makes an RSA key


def plug_in(lab, desk, *options, mac=None):
    return lab.phone(desk, "--dls", lab.pbx.address, *options, mac=mac, vendor="openstage")


def test_an_openstage_comes_up_and_a_change_reaches_it_without_a_restart(lab):
    desk = lab.desk(1, oui=OUI)
    pbx = lab.pbx_with_module(CONFIG)
    wait_served(lab, pbx)
    assign(pbx, desk, "201", "Alice")
    capture = lab.capture(desk)
    phone = plug_in(lab, desk, "--register", "--stay")
    pbx.wait_state(desk.mac, "registered")
    wait_hint(pbx, "201", "Idle")
    pbx.pnp("extension add 202 --name Bob")
    pbx.pnp(f"assign {desk.mac} 202")
    wait_hint(pbx, "202", "Idle")
    report = phone.stopped()
    capture.stop()
    (row,) = [row for row in report["accounts"] if row["registered"]]
    assert (row["user"], row["display_name"]) == ("202", "Bob"), row
    workpoint = report["workpoint"]
    assert workpoint["reasons"]["start-up"] == 1 and workpoint["reasons"]["solicited"] == 1, workpoint
    assert workpoint["contact_me_accepted"] == 1 and workpoint["contact_me_wrong"] == 0, workpoint
    assert workpoint["items_refused"] == 0, workpoint
    assert report["restarts"] == 0, report
    assert not report["faults"], report["faults"]
    assert capture.count("tcp.dstport == 8085 and tcp.flags.syn == 1 and tcp.flags.ack == 0") == 1
    with open(capture.file, "rb") as file:
        assert b"sip-pwd" not in file.read(), "what it is told is encrypted"


def test_an_openstage_that_nobody_approved_is_shown_and_told_nothing(lab):
    desk = lab.desk(1, oui=OUI)
    pnpd = lab.pnpd(CONFIG)
    wait_served(lab, pnpd)
    report = plug_in(lab, desk).report()
    assert report["exit_status"] == 4, report
    assert report["workpoint"]["actions"] == {"CleanUp": 1}, report["workpoint"]
    (row,) = pnpd.json("show", "devices")["devices"]
    assert (row["mac"], row["state"], row["model"]) == (desk.mac, "pending", "OpenStage 40"), row
    pnpd.ctl("extension", "add", "201")
    pnpd.ctl("assign", desk.mac, "201")
    report = plug_in(lab, desk).configured()
    assert [row["user"] for row in report["accounts"]] == ["201"], report["accounts"]
    assert pnpd.json("show", "device", desk.mac)["state"] == "configured"


def test_who_has_only_a_phones_mac_gets_no_secret_of_it(lab):
    desk, elsewhere = lab.desk(1, oui=OUI), lab.desk(2)
    pnpd = lab.pnpd(CONFIG)
    wait_served(lab, pnpd)
    pnpd.ctl("extension", "add", "201")
    pnpd.ctl("assign", desk.mac, "201")
    for _ in range(2):  # before the phone was there, and while it is
        report = plug_in(lab, elsewhere, mac=desk.mac).report()
        assert report["workpoint"]["actions"] == {"CleanUp": 1}, report["workpoint"]
        assert report["workpoint"]["items_written"] == 0 and not report["accounts"], report
        plug_in(lab, desk).configured()
    told = pnpd.text("explain", desk.mac)
    assert elsewhere.address in told, told


def test_a_taken_port_is_told_and_had_when_it_is_free(lab):
    with lab.pbx.inside():
        taken = socket.create_server((lab.pbx.address, 18443))
    with taken:
        pnpd = lab.pnpd(CONFIG, start=False).start(ready=False)
        lab.wait_for(lambda: "18443 is taken" in pnpd.ctl("status", check=False).stdout,
                     "it is told", 60)
    wait_served(lab, pnpd)
    pnpd.configure("")
    pnpd.ctl("reload")
    pnpd.wait_status("it is off", lambda said: ":18443" not in said and ":18080" not in said)
    pnpd.configure(CONFIG + "wpi_port = 18999\nwpi_poll_port = off\n")
    pnpd.ctl("reload")
    pnpd.wait_status("it is elsewhere", lambda said: ":18999" in said and ":18080" not in said)


def test_an_unload_amid_a_conversation_and_a_contact_me_leaves_no_trace(lab):
    talks, is_called = lab.desk(1, oui=OUI), lab.desk(2, oui=OUI)
    pbx = lab.pbx_with_module(CONFIG)
    wait_served(lab, pbx)
    before = sockets_of(pbx)
    assign(pbx, talks, "201")
    assign(pbx, is_called, "202")
    clients = []
    for desk, rest in ((talks, AND_WAITS), (is_called, AND_IS_CALLED_IN_VAIN)):
        path = f"{lab.folder}/said-{desk.name}.log"
        with open(path, "wb") as said:
            clients.append(desk.start("python3", "-c", HOLDS_A_CONVERSATION + rest, desk.mac,
                                      desk.address, lab.pbx.address, stdout=said, stderr=said))

    def has_said(desk, words):
        with open(f"{lab.folder}/said-{desk.name}.log", encoding="utf-8") as said:
            return words in said.read()

    lab.wait_for(lambda: has_said(talks, "ReadAllItems"), "a conversation is open", 60)
    lab.wait_for(lambda: has_said(is_called, "CleanUp"), "another one is over", 60)
    pbx.pnp(f"resync {is_called.mac}")
    lab.wait_for(lambda: has_said(is_called, "asked to call"), "a contact-me is under way")
    assert "1 open" in pbx.pnp("status"), pbx.pnp("status")
    pbx.cli("module unload res_pnp.so")
    for client in clients:
        client.kill()
        client.wait()
    assert not any("res_pnp" in path for path in pbx.maps()), sorted(pbx.maps())
    pbx.cli("module load res_pnp.so")
    wait_served(lab, pbx)
    lab.wait_for(lambda: sockets_of(pbx) == before, f"{before} sockets: {sockets_of(pbx)}")
