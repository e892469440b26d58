# SPDX-License-Identifier: MIT
"""What `explain` says of a phone that is well and of phones that are stuck, each by a real cause.

What it says is in data/explain/*.txt, to be read as an administrator reads it. With PNP_UPDATE=1 in
the environment the files are written instead of compared."""
import os
import re
import socket
import struct
import threading

from asterisk import account
from bare_phone import GROUP, http_get, subscribe
from test_approval import LOBBY, extensions
from test_asterisk import STAYS, register_with_wrong_proof
from test_attackers import steady_url
from test_boot import NO_PNP, boot

SNAPSHOTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data", "explain")


def normal(said):
    """Without what differs from run to run."""
    said = re.sub(r"\d{4}-\d\d-\d\d ", "", said)
    said = re.sub(r"\b\d\d:\d\d:\d\d\b", "TIME", said)
    said = re.sub(r"\b(just now|\d+ (s|min|h|hours?|days?) ago)", "some time ago", said)
    said = re.sub(r", \d+ s after the phone asked", ", N s after the phone asked", said)
    said = re.sub(r"line \d+ column \d+", "line L column C", said)
    return re.sub(r" \(\d+ times, last TIME\)", "", said)  # who hears nothing asks again


def assert_told(name, said, at_once=0):
    """`at_once`: so many of the last lines are of one moment, and stand in any order."""
    path = os.path.join(SNAPSHOTS, f"{name}.txt")
    lines = normal(said).splitlines(keepends=True)
    first = len(lines) - at_once
    said = "".join(lines[:first] + sorted(lines[first:]))
    if os.environ.get("PNP_UPDATE"):
        os.makedirs(SNAPSHOTS, exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(said)
    with open(path, encoding="utf-8") as file:
        wanted = file.read()
    assert said == wanted, f"explain said:\n{said}\n{path} has:\n{wanted}"


class Clock:
    """The time of day as a program sees it, which can be set."""

    def __init__(self, lab):
        self.file = os.path.join(lab.folder, f"clock{len(os.listdir(lab.folder))}")
        self.set(0)
        shim = lab.compiled("wrong_clock", "-shared", "-fPIC")
        self.environment = (f"LD_PRELOAD={shim}", f"WRONG_CLOCK={self.file}",
                            "ASAN_OPTIONS=verify_asan_link_order=0")

    def set(self, seconds):
        # Never shorter for a moment: the program has it mapped, and would die of it.
        descriptor = os.open(self.file, os.O_WRONLY | os.O_CREAT, 0o600)
        os.pwrite(descriptor, struct.pack("=q", seconds), 0)
        os.close(descriptor)


def prepared(lab, desk, config="", **wishes):
    """A daemon that expects the phone as extension 201."""
    pnpd = lab.pnpd(config, **wishes)
    pnpd.ctl("extension", "add", "201")
    pnpd.ctl("assign", desk.mac, "201")
    return pnpd


def wait_told(lab, pnpd, desk, *words):
    def said():
        text = pnpd.text("explain", desk.mac)
        return text if all(each in text for each in words) else ""

    return lab.wait_for(said, f"explain says {words}", 60)


def test_explain_says_of_a_phone_that_is_registered_that_all_is_well(lab):
    desk = lab.desk(1)
    pbx = lab.pbx_with_module()
    phone = lab.phone(desk, *STAYS)
    phone.wait_trace("200")
    pbx.pnp("extension add 201")
    pbx.pnp(f"assign {desk.mac} 201")
    pbx.wait_state(desk.mac, "registered")
    assert_told("good", pbx.pnp(f"explain {desk.mac}"))


def test_explain_says_that_a_phone_is_in_the_wrong_subnet(lab):
    desk = lab.desk(1, address="10.9.9.9/24")
    pnpd = prepared(lab, desk)
    assert lab.phone(desk, "--wait", "3s").report()["outcome"] == "no_answer"
    assert_told("wrong_subnet", wait_told(lab, pnpd, desk, "10.9.9.9"))


def test_explain_says_that_a_template_makes_no_file_for_this_phone(lab):
    desk = lab.desk(1)
    pnpd = lab.pnpd(start=False)
    os.makedirs(f"{pnpd.vendors}/htek")
    with open(f"{pnpd.vendors}/htek/base.mustache", "w", encoding="utf-8") as file:
        file.write("{{>htek/base}}\n{{#lines}}\n    <Line{{number}}>{{name}}</Line{{number}}>\n"
                   "{{/lines}}\n")
    pnpd.start()
    pnpd.ctl("extension", "add", "*77")  # no element can be called <Line*77>
    pnpd.ctl("assign", desk.mac, "*77")
    assert lab.phone(desk).report()["outcome"] == "no_file"
    assert_told("template", wait_told(lab, pnpd, desk, "404, because"))


def test_explain_says_that_the_pbx_refuses_the_password(lab):
    desk = lab.desk(1)
    pbx = lab.pbx_with_module(pjsip=account("301", "first"))
    pbx.pnp(f"assign {desk.mac} 301")
    lab.phone(desk, "--register", "--unregister").configured()
    pbx.wait_cli(f"pnp explain {desk.mac}", "its farewell is told",
                 lambda said: "is no longer registered" in said)
    phone = lab.bare_phone(desk, 60001)
    phone.send(register_with_wrong_proof("301", desk.address), (lab.pbx.address, 5060))
    said = pbx.wait_cli(f"pnp explain {desk.mac}", "the refusal is told",
                        lambda said: "the PBX refuses to register it" in said)
    assert_told("wrong_password", said)


def hear_no_notify(desk):
    """Of ours; others send theirs from other ports."""
    for rule in ("add table ip lab", "add chain ip lab in { type filter hook input priority 0; }",
                 "add rule ip lab in udp sport 5059 drop"):
        done = desk.run("nft", rule)
        assert done.returncode == 0, done.stderr


def test_explain_says_that_a_firewall_keeps_the_notify_away(lab):
    desk = lab.desk(1)
    hear_no_notify(desk)
    pnpd = prepared(lab, desk, "notify_retries = 0\n")
    phone = lab.phone(desk, "--wait", "3s")
    assert_told("notify_unanswered", wait_told(lab, pnpd, desk, "did not answer."))
    assert phone.report()["outcome"] == "held"


def test_explain_says_that_a_phone_took_its_url_and_went_elsewhere(lab):
    desk = lab.desk(1)
    clock = Clock(lab)
    pnpd = prepared(lab, desk, environment=clock.environment)
    phone = lab.bare_phone(desk)
    phone.offered_url(subscribe(desk.mac, desk.address, 60000))
    wait_told(lab, pnpd, desk, "took the URL")
    clock.set(6 * 60)
    assert_told("never_fetched", pnpd.text("explain", desk.mac))


def test_explain_says_that_our_clock_was_set_back(lab):
    desk = lab.desk(1)
    clock = Clock(lab)
    clock.set(30 * 24 * 3600)
    pnpd = prepared(lab, desk, environment=clock.environment)
    lab.bare_phone(desk).offered_url(subscribe(desk.mac, desk.address, 60000))
    wait_told(lab, pnpd, desk, "took the URL")
    clock.set(0)
    assert_told("clock_set_back", pnpd.text("explain", desk.mac))


def test_explain_says_that_our_clock_leapt_and_the_url_expired(lab):
    desk = lab.desk(1)
    clock = Clock(lab)
    pnpd = prepared(lab, desk, environment=clock.environment)
    url = lab.bare_phone(desk).offered_url(subscribe(desk.mac, desk.address, 60000))
    wait_told(lab, pnpd, desk, "took the URL")
    clock.set(25 * 3600)
    assert b" 404 " in http_get(desk, url + f"cfg{desk.mac}.xml")
    assert_told("clock_leapt", pnpd.text("explain", desk.mac))


def test_explain_says_that_an_approval_came_too_late(lab):
    desk = lab.desk(1)
    pnpd = lab.pnpd("hold_for = 2s\n")
    pnpd.ctl("extension", "add", "201")
    assert lab.phone(desk, "--wait", "3s").report()["outcome"] == "held"
    wait_told(lab, pnpd, desk, "waited in vain")
    pnpd.ctl("assign", desk.mac, "201")
    assert_told("approved_too_late", pnpd.text("explain", desk.mac))


def test_explain_says_that_nobody_decided(lab):
    desk = lab.desk(1)
    pnpd = lab.pnpd()
    phone = lab.bare_phone(desk)
    phone.send(subscribe(desk.mac, desk.address, 60000))
    phone.listen(5 * lab.patience, until=b"SIP/2.0 200")
    assert_told("undecided", wait_told(lab, pnpd, desk, "waits for a decision"))


def test_explain_says_that_a_phone_is_blocked(lab):
    desk = lab.desk(1)
    pnpd = prepared(lab, desk)
    pnpd.ctl("block", desk.mac)
    assert lab.phone(desk, "--wait", "3s").report()["outcome"] == "no_answer"
    assert_told("blocked", wait_told(lab, pnpd, desk, "asked for its configuration"))


def test_explain_says_that_another_device_answers_at_the_address(lab):
    desk = lab.desk(1)
    liar = lab.network.host("liar", "192.168.77.166/24", mac="02:00:00:00:00:66")
    pnpd = prepared(lab, desk)
    phone = lab.bare_phone(liar)
    phone.send(subscribe(desk.mac, liar.address, 60000))
    phone.listen(5 * lab.patience, until=b"SIP/2.0 200")
    assert_told("another_device", wait_told(lab, pnpd, desk, "Another device answers"))


def test_explain_says_that_two_phones_claim_one_mac(lab):
    desk = lab.desk(1)
    pbx = lab.pbx_with_module(pjsip=account("301", "x"))
    pbx.pnp(f"assign {desk.mac} 301")
    lab.phone(desk, *STAYS)
    pbx.wait_state(desk.mac, "registered")
    clone = lab.network.host("clone", "192.168.77.166/24", mac="00:1f:c1:00:00:01")
    lab.bare_phone(clone).send(subscribe(desk.mac, clone.address, 60000, tag="1"))
    assert_told("two_phones", pbx.wait_cli(f"pnp explain {desk.mac}", "it is raised",
                                           lambda said: "got no URL yet" in said
                                           and "Two phones claim this MAC" in said), at_once=2)


def test_explain_says_that_a_phone_does_not_trust_our_certificate(lab):
    desk = lab.desk(1)
    other = os.path.join(lab.folder, "other-ca.pem")
    lab.run_here("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Other",
                 "-days", "2", "-keyout", os.devnull, "-out", other)
    pnpd = prepared(lab, desk, "[profile all]\nscheme = https\n")
    pnpd.wait_status("its certificate is made", lambda said: "listening at 192.168.77.10:5481"
                     in pnpd.log())
    assert lab.phone(desk, "--ca", other).report()["outcome"] != "configured"
    assert_told("tls_refused", wait_told(lab, pnpd, desk, "came by HTTPS"))


def offered(lab, desk):
    """The URL that a phone took, and its socket."""
    phone = lab.bare_phone(desk)
    return phone.offered_url(subscribe(desk.mac, desk.address, 60000)), phone


def fetched(desk, url):
    answer = http_get(desk, url + f"cfg{desk.mac}.xml")
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n"), answer
    return answer


def test_explain_says_that_a_phone_asks_too_often(lab):
    desk = lab.desk(1)
    pnpd = lab.pnpd()
    pnpd.ctl("approve", desk.mac)
    phone = lab.bare_phone(desk)
    phone.send(subscribe(desk.mac, desk.address, 60000))
    phone.listen(5 * lab.patience, until=b"SIP/2.0 200")
    wait_told(lab, pnpd, desk, "got no URL yet")
    for _ in range(20):  # as fast as this goes: 2,000 a second are a phone's share
        for _ in range(20_000):
            phone.send(subscribe(desk.mac, desk.address, 60000))
        if "asks too often" in pnpd.text("explain", desk.mac):
            break
    assert_told("asks_too_often", wait_told(lab, pnpd, desk, "asks too often"))


test_explain_says_that_a_phone_asks_too_often.alone = True  # asks as fast as it can


def test_explain_says_that_the_address_of_a_phone_is_shut_out(lab):
    desk = lab.desk(1)
    pnpd = prepared(lab, desk)
    url, _ = offered(lab, desk)
    wait_told(lab, pnpd, desk, "took the URL")
    for attempt in range(32):
        http_get(desk, url, f"/p/{attempt:022}/x.xml")
    assert_told("shut_out", wait_told(lab, pnpd, desk, "too many requests in vain"))


class Rival(threading.Thread):
    """Another server: it sends who asks the group to itself, and tells the group
    as well, which is how it can be heard here."""

    def __init__(self, host):
        super().__init__(daemon=True)
        self.host = host
        with host.inside():
            self.group = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.group.settimeout(60)
        self.group.bind(GROUP)
        self.group.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                              socket.inet_aton(GROUP[0]) + socket.inet_aton(host.address))
        self.own = host.udp(GROUP[1])
        self.start()

    def run(self):
        data, phone = self.group.recvfrom(65536)
        lines = data.decode().split("\r\n")
        asked = {line.partition(": ")[0]: line.partition(": ")[2] for line in lines[1:]}
        dialog = (f"Call-ID: {asked['Call-ID']}\r\nFrom: {asked['To']};tag=rival\r\n"
                  f"To: {asked['From']}\r\n")
        self.say(phone, "SIP/2.0 200 OK", f"Via: {asked['Via']}\r\nCall-ID: {asked['Call-ID']}\r\n"
                 f"From: {asked['From']}\r\nTo: {asked['To']};tag=rival\r\n"
                 "CSeq: 1 SUBSCRIBE\r\n")
        uri = asked["Contact"].strip("<>")
        self.say(phone, f"NOTIFY {uri} SIP/2.0",
                 f"Via: SIP/2.0/UDP {self.host.address}:5060;branch=z9hG4bKrival\r\n{dialog}"
                 "CSeq: 1 NOTIFY\r\nMax-Forwards: 70\r\nEvent: ua-profile\r\n"
                 "Subscription-State: terminated;reason=timeout\r\n"
                 "Content-Type: application/url\r\n", f"http://{self.host.address}/x/")

    def say(self, phone, first, header, body=""):
        data = f"{first}\r\n{header}Content-Length: {len(body)}\r\n\r\n{body}".encode()
        for place in (phone, GROUP):
            self.own.sendto(data, place)

    def close(self):
        self.join(60)
        self.group.close()
        self.own.close()


def test_explain_says_that_a_phone_went_to_another_server(lab):
    desk = lab.desk(1)
    pnpd = prepared(lab, desk)
    lab.close_later(Rival(lab.network.host("rival", "192.168.77.66/24")))
    hear_no_notify(desk)  # which would come first now and then
    report = lab.phone(desk).report()
    assert report["outcome"] != "configured" and "192.168.77.66" in report["url"], report
    head, story = normal(wait_told(
        lab, pnpd, desk, "NOTIFY sent", ": 192.168.77.66 answers it too",
        ": 192.168.77.66 sends it to")).split("\n\n")
    in_any_order = "\n".join(sorted(story.splitlines()))  # who answered first, is by chance
    assert_told("went_elsewhere", f"{head}\n\n{in_any_order}\n")


def test_explain_says_that_a_phone_asks_with_a_url_that_it_has_left_behind(lab):
    desk = lab.desk(1)
    pnpd = prepared(lab, desk)
    url, _ = offered(lab, desk)
    wait_told(lab, pnpd, desk, "took the URL")
    own = steady_url(url, fetched(desk, url))
    fetched(desk, own)
    wait_told(lab, pnpd, desk, "holds its configuration: asked with")
    http_get(desk, url + f"cfg{desk.mac}.xml")
    assert_told("spent_token", wait_told(lab, pnpd, desk, "tried a token"))


def test_explain_says_that_a_phone_used_up_its_files_without_a_token(lab):
    desk = lab.desk(1)
    pnpd = prepared(lab, desk, NO_PNP)
    for _ in range(4):
        answer = boot(lab, desk)
    assert answer.startswith(b"HTTP/1.1 404 "), answer
    assert_told("boot_used_up", wait_told(lab, pnpd, desk, "was refused a file"))


def test_explain_says_that_a_guest_waits(lab):
    desk = lab.desk(1)
    pnpd = lab.pnpd("unknown_phone = guest\n")
    assert boot(lab, desk).startswith(b"HTTP/1.1 200 OK\r\n")
    assert_told("guest_waiting", wait_told(lab, pnpd, desk, "makes it ask again"))


def test_explain_says_that_no_extension_is_left_for_a_phone(lab):
    desk, first = lab.desk(1), lab.desk(2)
    pnpd = lab.pnpd(LOBBY)
    extensions(pnpd, ("200",))
    pnpd.ctl("assign", first.mac, "200")
    phone = lab.bare_phone(desk)
    phone.send(subscribe(desk.mac, desk.address, 60000))
    phone.listen(5 * lab.patience, until=b"SIP/2.0 200")
    assert_told("pool_empty", wait_told(lab, pnpd, desk, "is free"))
