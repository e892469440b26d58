# SPDX-License-Identifier: MIT
"""OpenStage phones over the Workpoint Interface: on the LAN, in other hands, and when we go."""
import os
import socket
import ssl

from branch_office import OUTSIDE, BranchOffice
from test_asterisk import assign, wait_hint
from test_unload_transfers import sockets_of, usual_sockets_of

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


def test_firmware_is_fetched_and_what_the_phone_runs_then_ends_the_job(lab):
    desk = lab.desk(1, oui=OUI)
    pnpd = lab.pnpd(CONFIG)
    wait_served(lab, pnpd)
    pnpd.ctl("extension", "add", "201")
    pnpd.ctl("assign", desk.mac, "201")
    os.makedirs(os.path.join(pnpd.data, "firmware"), exist_ok=True)
    image = os.urandom(3_000_000)
    with open(os.path.join(pnpd.data, "firmware", "os40.img"), "wb") as file:
        file.write(image)
    phone = plug_in(lab, desk, "--stay")
    lab.wait_for(lambda: pnpd.json("show", "device", desk.mac)["state"] == "configured", "it is up")
    assert "which version" in pnpd.ctl("job", "deploy", desk.mac, "os40.img", "APP",
                                       check=False).stderr
    pnpd.ctl("job", "deploy", desk.mac, "os40.img", "APP", "3.5.21.0")
    jobs = lambda: pnpd.json("show", "jobs", desk.mac)["jobs"]
    lab.wait_for(lambda: jobs()[0]["state"] not in ("waiting", "sent"), f"the job ends: {jobs()}", 60)
    assert (jobs()[0]["state"], jobs()[0]["why"]) == ("done", "it runs V3 R5.21.0"), jobs()
    assert pnpd.json("show", "device", desk.mac)["version"] == "V3 R5.21.0"
    assert "already" in pnpd.refusal("job", "deploy", desk.mac, "os40.img", "APP", "V3R5.21.0")
    report = phone.stopped()
    assert report["restarts"] == 1 and not report["faults"], report
    assert report["workpoint"]["actions"]["SoftwareDeployment"] == 1, report["workpoint"]
    (fetched,) = [file for walk in report["requests"] for file in walk if file["bytes"] == len(image)]
    assert fetched["status"] == 200, fetched


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


def test_firmware_that_knows_only_old_tls_is_told_of_though_it_never_called(lab):
    desk = lab.desk(1, oui=OUI)
    pnpd = lab.pnpd(CONFIG)
    wait_served(lab, pnpd)
    pnpd.ctl("extension", "add", "201")
    pnpd.ctl("assign", desk.mac, "201")
    done = desk.run("openssl", "s_client", "-connect", f"{lab.pbx.address}:18443", "-tls1",
                    "-cipher", "DEFAULT@SECLEVEL=0", input="")
    assert "alert protocol version" in done.stderr, done.stderr
    lab.wait_for(lambda: "wpi_tls_legacy = on" in pnpd.text("explain", desk.mac),
                 pnpd.text("explain", desk.mac))


def test_a_phone_behind_a_router_that_nothing_allows_is_told_of_though_it_never_called(lab):
    place = BranchOffice(lab, OUI)
    pnpd = lab.pnpd(CONFIG)
    wait_served(lab, pnpd)
    pnpd.ctl("extension", "add", "201")
    pnpd.ctl("assign", place.phone.mac, "201")
    assert plug_in(lab, place.phone).report()["outcome"] != "configured"
    lab.wait_for(lambda: f"write allow = {OUTSIDE}" in pnpd.text("explain", place.phone.mac),
                 pnpd.text("explain", place.phone.mac))


def fits_a_client_of_2008(lab, desk, port):
    """TLS 1.0, RSA key exchange, AES-CBC with SHA-1. OpenSSL forbids them itself, which is no word
    of ours, unless its security level is 0."""
    done = desk.run("openssl", "s_client", "-connect", f"{lab.pbx.address}:{port}", "-tls1",
                    "-cipher", "AES128-SHA:@SECLEVEL=0", input="")
    said = done.stdout + done.stderr
    assert "CONNECTED" in said, said
    return done.returncode == 0 and "Cipher is AES128-SHA" in said


def test_a_phone_of_2008_connects_where_that_is_allowed_and_nowhere_else(lab):
    desk = lab.desk(1, oui=OUI)
    pnpd = lab.pnpd(CONFIG)
    wait_served(lab, pnpd)
    lab.wait_for(lambda: f"https://{lab.pbx.address}:5481" in pnpd.text("status"), "HTTPS is served")
    assert not fits_a_client_of_2008(lab, desk, 18443)
    lab.wait_for(lambda: "wpi_tls_legacy" in pnpd.log(), "the log says what helps")
    pnpd.configure(CONFIG + "wpi_tls_legacy = on\n")
    pnpd.ctl("reload")
    lab.wait_for(lambda: fits_a_client_of_2008(lab, desk, 18443), "it connects")
    assert not fits_a_client_of_2008(lab, desk, 5481), "files have what they had"
    assert plug_in(lab, desk).report()["workpoint"]["actions"] == {"CleanUp": 1}, "others as before"


def talk(lab, desk):
    trusting = ssl._create_unverified_context()  # as phones do
    return trusting.wrap_socket(desk.tcp((lab.pbx.address, 18443), 30))


def posted(length, body=b""):
    return (b"POST /DeploymentService/LoginService HTTP/1.1\r\nHost: pbx:18443\r\n"
            b"Content-Type: text/xml\r\nContent-Length: %d\r\n\r\n" % length) + body


def answer_to(lab, desk, data):
    with talk(lab, desk) as door:
        door.sendall(data)
        return door.recv(4096).partition(b"\r\n")[0]


def test_hostile_messages_are_refused_at_once_and_take_no_memory(lab):
    desk = lab.desk(1, oui=OUI)
    pnpd = lab.pnpd(CONFIG)
    wait_served(lab, pnpd)
    message = (b'<WorkpointMessage><Message nonce="1"><ReasonForContact>&%s;</ReasonForContact>'
               b'</Message></WorkpointMessage>')
    laughs = b"".join(b'<!ENTITY l%d "%s">' % (level, b"&l%d;" % (level - 1) * 10)
                      for level in range(1, 10))
    hostile = {
        "a file of ours": b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + message % b"e",
        "a host": f'<!DOCTYPE x SYSTEM "http://{desk.address}/x">'.encode() + message % b"e",
        "a billion laughs": b'<!DOCTYPE x [<!ENTITY l0 "lol">' + laughs + b"]>" + message % b"l9",
        "a deep nest": b"<a>" * 340_000,
        "attributes": b"<WorkpointMessage " + b"".join(b'a%d="" ' % at for at in range(90_000)) + b"/>",
    }
    assert answer_to(lab, desk, posted(6, b"no xml")) == b"HTTP/1.1 400 Bad Request"  # it is warm now
    before = pnpd.memory("VmHWM")
    for what, body in hostile.items():
        assert len(body) <= 1 << 20, what
        for _ in range(5):
            said = answer_to(lab, desk, posted(len(body), body))
            assert said == b"HTTP/1.1 400 Bad Request", (what, said)
    after_xml = pnpd.memory("VmHWM")
    large = 100 << 20
    for _ in range(5):
        assert answer_to(lab, desk, posted(large)) == b"HTTP/1.1 413 Content Too Large"
    sent = 0
    with talk(lab, desk) as door:  # one that does not listen
        try:
            door.sendall(posted(large))
            while sent < large:
                sent += door.send(b"x" * 65536)
        except OSError:
            pass
    chunked = posted(0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    assert answer_to(lab, desk, chunked).startswith(b"HTTP/1.1 4")
    after = pnpd.memory("VmHWM")
    print(f"     memory at its most: {before >> 10} KiB before, {after_xml >> 10} KiB after bombs of "
          f"1 MiB, {after >> 10} KiB after 100 MiB of which {sent >> 10} KiB left the client")
    assert sent < 32 << 20, "it is read on and on"
    if not lab.options.sanitized:  # which keeps what was freed
        assert after_xml - before < 16 << 20 and after - after_xml < 4 << 20, (before, after_xml, after)
    report = plug_in(lab, desk).report()  # and phones are served
    assert report["workpoint"]["actions"] == {"CleanUp": 1}, report


test_hostile_messages_are_refused_at_once_and_take_no_memory.optimised = True


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
    before = usual_sockets_of(pbx)
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
