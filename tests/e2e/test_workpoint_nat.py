# SPDX-License-Identifier: MIT
"""OpenStage phones in a branch office behind a NAT, where nobody can call them and posers sit, too."""
import http.client
import os
import re
import time

from asterisk import account
from branch_office import ON_THE_LAN, OUTSIDE, PROVIDER, BranchOffice, Caller, RoomBehindARouter
from test_asterisk import STAYS
from test_workpoint import CONFIG, OUI, wait_served

SECRET, ANOTHER = "5ecret-of-the-first-day", "5ecret-of-the-next-day"
BEHIND_NAT = CONFIG + f"allow = {PROVIDER}\nwpi_poll_interval = 1m\n"
MINUTE = 4  # seconds, of the simulated phone


class Office:
    """The branch office, a PBX that has an account for its phone, and what the poser has got."""

    def __init__(self, lab, number="301"):
        self.lab = lab
        self.place = BranchOffice(lab, OUI)
        self.mac = self.place.phone.mac
        self.number = number
        self.pbx = lab.pbx_with_module(BEHIND_NAT, pjsip=self.account(SECRET, "Alice"))
        self.poser_got = b""
        wait_served(lab, self.pbx)

    def account(self, password, name):
        return account(self.number, password).replace(
            "type = endpoint\n", f'type = endpoint\ncallerid = "{name}" <{self.number}>\n')

    def change(self, before, after):
        """In pjsip.conf, and all of it is read again."""
        path = os.path.join(self.pbx.etc, "pjsip.conf")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        assert before in text, text
        self.pbx.configure("pjsip.conf", text.replace(before, after))
        said = self.pbx.cli("module reload res_pjsip.so")
        assert "reloaded successfully" in said, said
        self.lab.wait_for(lambda: after.strip('"').split(" = ")[-1] in
                          self.pbx.cli(f"pjsip show endpoint {self.number}")
                          + self.pbx.cli(f"pjsip show auth {self.number}"), f"the PBX has {after}")
        self.pbx.pnp("reload")

    def plug_in(self, *options):
        return self.lab.phone(self.place.phone, "--dls", self.lab.pbx.address, "--minute",
                              f"{MINUTE}s", "--state", os.path.join(self.lab.folder, "flash"),
                              *options, vendor="openstage")

    def flash(self):
        with open(os.path.join(self.lab.folder, "flash", f"{self.mac}.json"),
                  encoding="utf-8") as file:
            return file.read()

    def enrol(self):
        return self.pbx.pnp(f"enrol {self.mac} 30m --from {PROVIDER}")

    def explain(self):
        return self.pbx.pnp(f"explain {self.mac}")

    def caller(self, host, **wishes):
        return Caller(host, self.mac, self.lab.pbx.address, **wishes)

    def poser(self, **wishes):
        return self.caller(self.place.poser, **wishes)

    def got_no_secret(self, *posers):
        for poser in posers:
            assert b"<Action>" in poser.received, poser.received
            for secret in (SECRET, ANOTHER, "-pwd"):
                assert secret.encode() not in poser.received, poser.received.decode()


def polls(phone):
    return re.findall(r"poll → (\S+)", phone.trace())


def wait_next_poll(office, phone):
    """So that a change comes with nearly all of the interval before the next one."""
    before = len(polls(phone))
    office.lab.wait_for(lambda: len(polls(phone)) > before, "the phone polls", 4 * MINUTE)
    return before + 1


def wait_solicited(office, phone, count):
    office.lab.wait_for(lambda: phone.trace().count("solicited → ") >= count
                        and phone.trace().rstrip().rfind("CleanUp") > phone.trace().rfind("solicited → "),
                        f"the phone called {count} times because of a poll: {phone.trace()}",
                        4 * MINUTE)


def wait_known(office, phone):
    """Until the PBX knows that something waits for the phone, which the poser may ask as well: when
    that was, by the clock of captures."""
    asked = f"?device-id={office.mac}"
    office.lab.wait_for(
        lambda: poll(office.place.poser, office.lab.pbx.address, asked).startswith(b"HTTP/1.1 202 ")
        or "solicited → " in phone.trace() or time.sleep(0.6), "the PBX knows that something waits")
    return time.time()


def asked_and_called(capture, since):
    """What the phone did since then, in order: (when it asked, "200"), (when it called, "call")."""
    rows = capture.packets("http and tcp.port == 18080 or tcp.dstport == 18443 and tcp.flags.syn == 1",
                           "frame.time_epoch", "tcp.stream", "http.request.method",
                           "http.response.code")
    answers = {row["tcp.stream"]: row["http.response.code"] for row in rows
               if row["http.response.code"]}
    done = [(float(row["frame.time_epoch"]),
             answers.get(row["tcp.stream"]) if row["http.request.method"] else "call")
            for row in rows if not row["http.response.code"]]
    return [row for row in done if row[0] > since]


def opened_from(capture, network):
    return capture.packets(f"tcp.flags.syn == 1 and tcp.flags.ack == 0 and ip.src == {network}",
                           "ip.src", "ip.dst", "tcp.dstport")


def test_behind_a_nat_a_phone_is_enrolled_and_changes_reach_it_by_its_polls_alone(lab):
    office = Office(lab)
    office.pbx.pnp(f"assign {office.mac} {office.number}")
    office.enrol()
    at_phone = lab.capture(office.place.phone)
    outside = lab.capture(office.place.router, "eth1")
    phone = office.plug_in(*STAYS)
    office.pbx.wait_state(office.mac, "registered")
    office.pbx.wait_cli("pjsip show contacts", "its contact is there",
                        lambda said: office.number in said)

    # A name and a key: at the next poll.
    wait_next_poll(office, phone)
    office.pbx.add_config("pnp.conf", "[profile all]\nkeys = none, blf 302 Anna\n")
    began = time.time()
    office.change('"Alice"', '"Bob"')
    known = wait_known(office, phone)
    wait_solicited(office, phone, 1)
    done = wait_next_poll(office, phone)
    assert polls(phone)[done - 1] == "200", polls(phone)

    # Another password waits for another window, and says so.
    office.change(f"password = {SECRET}", f"password = {ANOTHER}")
    office.change('"Bob"', '"Carol"')  # which is what it is called for
    wait_solicited(office, phone, 2)
    told = office.explain()
    assert "was not given its passwords" in told and "pnp enrol" in told, told
    assert f"{OUTSIDE}" in told, told
    wait_next_poll(office, phone)
    wait_next_poll(office, phone)
    assert polls(phone)[-1] == "200", polls(phone)  # not called again and again for it
    report_so_far = phone.trace()
    assert SECRET not in report_so_far and ANOTHER not in report_so_far, "the phone tells passwords"
    office.enrol()
    wait_solicited(office, phone, 3)
    lab.wait_for(lambda: "All is well: it is registered" in office.explain(), office.explain())
    lab.wait_for(lambda: phone.trace().rfind("200 OK ← ") > phone.trace().rfind("solicited → "),
                 "it registers with the other password")
    report = phone.stopped()
    for capture in (at_phone, outside):
        capture.stop()

    # The first poll after the PBX knew is answered "call", and is: within one interval.
    did = asked_and_called(at_phone, began)
    words = [what for _, what in did]
    called = words.index("call")
    assert called > 0 and words[called - 1] == "202", did
    assert all(what == "200" and when < known for when, what in did[:called - 1]), (known, did)
    (row,) = [row for row in report["accounts"] if row["registered"]]
    assert (row["user"], row["display_name"]) == (office.number, "Carol"), row
    flash = office.flash()
    assert "Anna" in flash and ANOTHER in flash and SECRET not in flash, flash
    workpoint = report["workpoint"]
    assert workpoint["items_refused"] == 0 and not report["faults"], report
    assert workpoint["reasons"] == {"start-up": 1, "solicited": 3}, workpoint
    assert workpoint["contact_me_accepted"] == 0, workpoint
    for capture, network in ((at_phone, "0.0.0.0/0"), (outside, f"{lab.pbx.address}/32")):
        opened = [row for row in opened_from(capture, network)
                  if row["ip.src"] != office.place.phone.address]
        assert not opened, f"{capture.file}: the PBX calls: {opened}"
    assert opened_from(at_phone, office.place.phone.address), "the capture saw the phone's own"
    assert opened_from(outside, OUTSIDE), "and behind the NAT"


test_behind_a_nat_a_phone_is_enrolled_and_changes_reach_it_by_its_polls_alone.seconds = 300


def test_behind_the_same_nat_a_poser_gets_no_secret_before_in_and_after_the_window(lab):
    office = Office(lab)
    office.pbx.pnp(f"assign {office.mac} {office.number}")

    before = office.poser()  # plays the whole phone, and lies about what it has
    assert before.all_of_it()[-1] == "CleanUp"
    assert "pnp enrol" in office.explain(), office.explain()
    office.got_no_secret(before)

    # The phone opens its conversation within the window, and gets no further yet.
    office.enrol()
    phone = office.caller(office.place.phone)
    action, _ = phone.start()
    assert action != "CleanUp", phone.received
    owned = phone.cookie
    assert len(owned) > 20, "a cookie was given"

    posers = [office.poser() for _ in range(6)]
    posers[0].all_of_it()  # its own conversation
    posers[1].obey(action, cookie="")  # nothing but the address, from another port
    guesses = [f"JSESSIONID={number:032X}" for number in range(20)]
    guesses += [owned[:-1] + ("0" if owned[-1] != "0" else "1"), owned[:20], "JSESSIONID=",
                "JSESSIONID=*", f"SESSIONID={owned[11:]}", owned.lower()]
    for guess in guesses:
        posers[2].obey(action, cookie=guess)
    for reason in ("solicited", "local-changes", "inventory-changes", "status"):
        posers[3].all_of_it(reason)
    first, _ = posers[4].start()  # with its own cookie, the phone's answers
    for what in (first, action, "ReadAllItems", "WriteItems"):
        posers[4].obey(what)
    kept = posers[5]
    kept.keeps_connection = True  # the answers of the phone on a connection of its own
    kept.all_of_it()
    kept.obey(action, cookie="")
    office.got_no_secret(*posers)

    # All that did the phone no harm, and what it gets is worth the search.
    seen = [action]
    while action not in ("CleanUp", "") and len(seen) < 10:
        action, _ = phone.obey(action)
        seen.append(action)
    assert seen[-1] == "CleanUp" and SECRET.encode() in phone.received, (seen, office.explain())

    late = office.poser()  # the window is spent, though it has not ended
    late.all_of_it()
    late.obey("WriteItems", cookie=owned)  # and even the phone's cookie opens nothing more
    office.pbx.pnp("enrol stop")
    over = office.poser()
    over.all_of_it()
    over.obey("WriteItems", cookie=owned)
    office.got_no_secret(late, over, *posers)

    # The real one comes up in spite of what was said in its name.
    office.enrol()
    report = office.plug_in("--register").configured()
    assert [row["user"] for row in report["accounts"] if row["registered"]] == [office.number], report


def test_behind_a_router_of_the_pbxs_own_lan_a_phone_needs_a_window_and_the_router_a_name(lab):
    """The neighbour table can know who is on the LAN, and shows the router there, not the phone."""
    place = RoomBehindARouter(lab, OUI)
    mac = place.phone.mac
    pnpd = lab.pnpd(CONFIG)
    wait_served(lab, pnpd)
    pnpd.ctl("extension", "add", "201")
    pnpd.ctl("assign", mac, "201")

    def told(host):
        caller = Caller(host, mac, lab.pbx.address)
        return caller.all_of_it(), b'"sip-pwd"' in caller.received

    pnpd.ctl("enrol", mac, "30m")  # a window does not stand against what the table shows
    assert told(place.phone) == (["CleanUp"], False)
    assert f"neighbour_allow = {ON_THE_LAN}" in pnpd.text("explain", mac), pnpd.text("explain", mac)
    pnpd.ctl("enrol", "stop")

    pnpd.configure(f"neighbour_allow = {ON_THE_LAN}\n" + CONFIG)
    pnpd.ctl("reload")
    actions, has_secret = told(place.phone)  # its settings, and no password
    assert "WriteItems" in actions and not has_secret, actions
    assert "was not given its passwords" in pnpd.text("explain", mac), pnpd.text("explain", mac)
    assert not told(place.poser)[1]
    pnpd.ctl("enrol", mac, "30m", "--from", f"{ON_THE_LAN}/32")
    assert told(place.phone)[1], pnpd.text("explain", mac)
    assert not told(place.poser)[1] and not told(place.phone)[1], "once"


def poll(host, to, query, headers=()):
    """The whole answer without its date."""
    with host.tcp((to, 18080)) as door:
        asks = "".join(f"{header}\r\n" for header in headers)
        door.sendall(f"GET /dcmp/contact-me{query} HTTP/1.1\r\nHost: {to}\r\n{asks}"
                     "Connection: close\r\n\r\n".encode())
        answer = b""
        while more := door.recv(65536):
            answer += more
    return re.sub(rb"Date: [^\r]*\r\n", b"", answer)


def test_a_poll_tells_an_idle_phone_from_a_stranger_by_no_byte_and_has_its_limits(lab):
    place = BranchOffice(lab, OUI)
    pnpd = lab.pnpd(BEHIND_NAT)
    wait_served(lab, pnpd)
    pnpd.ctl("extension", "add", "201")
    pnpd.ctl("assign", place.phone.mac, "201")
    pnpd.ctl("enrol", place.phone.mac, "30m", "--from", PROVIDER)
    lab.phone(place.phone, "--dls", lab.pbx.address, vendor="openstage").configured()

    def asked(mac, **wishes):
        return poll(place.poser, lab.pbx.address, f"?device-id={mac}", **wishes)

    idle, stranger = asked(place.phone.mac), asked("00:1a:e8:99:99:99")
    assert idle == stranger and idle.startswith(b"HTTP/1.1 200 "), (idle, stranger)
    assert idle.endswith(b"\r\n\r\n") and b"Content-Length: 0\r\n" in idle, idle
    pnpd.ctl("approve", "00:1a:e8:00:00:77")  # approved, and never seen
    pnpd.ctl("block", "00:1a:e8:00:00:78")
    for mac in ("00:1a:e8:00:00:77", "00:1A:E8:00:00:78", "001ae8000099", "00%3A1a%3Ae8%3A00%3A00%3A01"):
        assert asked(mac) == idle, mac
    assert poll(place.poser, lab.pbx.address, "").startswith(b"HTTP/1.1 400 ")

    pnpd.ctl("resync", place.phone.mac)
    lab.wait_for(lambda: asked(place.phone.mac).startswith(b"HTTP/1.1 202 ") or time.sleep(0.6),
                 "something waits")
    pending = asked(place.phone.mac)
    assert pending.partition(b"\r\n")[2] == idle.partition(b"\r\n")[2], (pending, idle)
    assert asked("00:1a:e8:99:99:99") == idle

    door = http.client.HTTPConnection(lab.pbx.address, 18080)
    door.sock = place.poser.tcp((lab.pbx.address, 18080))
    said = []
    while len(said) < 60 or said[-1][0] != 503 and len(said) < 1000:
        door.request("GET", "/dcmp/contact-me?device-id=00:1a:e8:99:99:99")
        answer = door.getresponse()
        said.append((answer.status, answer.read()))
        if answer.will_close:
            door.close()
            door.sock = place.poser.tcp((lab.pbx.address, 18080))
    door.close()
    assert {status for status, _ in said} == {200, 503} and not any(body for _, body in said), said
    assert said[-1][0] == 503, said
    elsewhere = lab.desk(1)  # another address is not kept waiting
    assert poll(elsewhere, lab.pbx.address, "?device-id=00:1a:e8:99:99:99") == idle
