# SPDX-License-Identifier: MIT
"""The whole way of a phone, from being plugged in to holding its account."""
from capture import malformed, requested_files, sip

CHAIN = ("factory0000.xml", "cfg0000.xml", "{mac}.cfg", "cfg{mac}", "cfg{mac}.xml")


def dialogs(capture):
    """The SIP messages by Call-ID, in the order in which the dialogs began."""
    found = {}
    for packet in sip(capture):
        found.setdefault(packet.call_id, []).append(packet)
    return list(found.values())


def assert_one_offer(packets, desk, pbx):
    """Exactly SUBSCRIBE, 200, NOTIFY, 200, each once and each where RFC 6665 wants it."""
    told = [packet.method or packet.status for packet in packets]
    assert told == ["SUBSCRIBE", 200, "NOTIFY", 200], packets
    subscribe, answer, notify, taken = packets
    assert subscribe.to_whom == "224.0.1.75:5060", subscribe
    assert answer.source == f"{pbx.address}:5060", answer
    assert answer.to_whom == subscribe.source == f"{desk.address}:60000", answer
    assert answer.to_tag and answer.expires == "0" and answer.contact, vars(answer)
    assert notify.source == f"{pbx.address}:5059" and notify.to_whom == subscribe.source, notify
    assert notify.uri == subscribe.contact.strip("<>"), vars(notify)
    assert notify.from_ == answer.to and notify.to == subscribe.from_, vars(notify)
    assert notify.branch.startswith("z9hG4bK") and notify.branch != subscribe.branch, vars(notify)
    assert (notify.event, notify.state) == ("ua-profile", "terminated;reason=timeout"), vars(notify)
    assert notify.content_type == "application/url", vars(notify)
    assert len(notify.body) == notify.content_length, vars(notify)
    assert notify.body.decode().startswith(f"http://{pbx.address}:5480/p/"), notify.body
    assert taken.to_whom == notify.source and taken.branch == notify.branch, taken
    return notify.body.decode()


def assert_chain(exchanges, url, mac):
    """Five names in the order of the maker's page: four 404, and the file."""
    path = "/" + url.split("/", 3)[3]
    wanted = [path + name.format(mac=mac) for name in CHAIN]
    assert exchanges == list(zip(wanted, [404] * 4 + [200])), exchanges


def assert_account(report, number, name, pbx):
    (account,) = report["accounts"]
    assert account["line"] == 1 and account["user"] == number, account
    assert account["display_name"] == name, account
    assert account["server"] == f"{pbx.address}:5060", account
    assert account["password"] == "set", account


def test_an_unknown_phone_is_held_and_comes_up_when_it_is_assigned(lab):
    desk, pbx = lab.desk(1), lab.pbx
    pnpd = lab.pnpd()
    capture = lab.capture(desk)
    phone = lab.phone(desk)
    phone.wait_trace("200")
    lab.wait_for(lambda: pnpd.json("show", "devices")["devices"], "the phone is listed")
    (device,) = pnpd.json("show", "devices")["devices"]
    assert device["state"] == "pending" and device["address"] == desk.address, device
    assert (device["vendor"], device["model"]) == ("Htek", "UC924"), device
    assert phone.mac in pnpd.text("show", "devices")
    assert "assign" in pnpd.json("explain", phone.mac)["next"]

    pnpd.ctl("extension", "add", "201", "--name", "Front desk")
    assert "gets its URL now" in pnpd.text("assign", phone.mac, "201")
    report = phone.configured()

    capture.stop()
    assert not malformed(capture), malformed(capture)
    assert report["restarts"] == 1, report
    starts = dialogs(capture)
    assert len(starts) == 2, starts  # plugged in, and the restart with the new file
    exchanges = requested_files(capture)
    for number, packets in enumerate(starts):
        url = assert_one_offer(packets, desk, pbx)
        assert_chain(exchanges[5 * number:5 * number + 5], url, phone.mac)
    assert len(exchanges) == 10, exchanges
    assert_account(report, "201", "Front desk", pbx)
    assert all(report["notify_checks"].values()), report


def test_a_phone_that_goes_on_asking_at_each_start_ends_as_configured(lab):
    desk = lab.desk(1)
    pnpd = lab.pnpd()
    pnpd.ctl("extension", "add", "201")
    pnpd.ctl("assign", desk.mac, "201")
    report = lab.phone(desk).configured()
    assert report["notify_received"] == 2, report  # pnp_after = keep is the default
    assert pnpd.json("show", "device", desk.mac)["state"] == "configured"
    story = pnpd.json("explain", desk.mac)
    assert "holds its configuration" in story["now"] and not story["next"], story


def test_a_phone_prepared_before_it_was_heard_comes_up_at_once(lab):
    desk, pbx = lab.desk(1), lab.pbx
    pnpd = lab.pnpd()
    pnpd.ctl("extension", "add", "201")
    assert "never heard" in pnpd.text("assign", desk.mac, "201")
    capture = lab.capture(desk)
    report = lab.phone(desk).configured()
    capture.stop()
    for packets in dialogs(capture):
        assert_one_offer(packets, desk, pbx)
    assert_account(report, "201", "201", pbx)


def test_two_phones_at_once_get_their_own_files(lab):
    pnpd = lab.pnpd()
    desks = [lab.desk(1), lab.desk(2)]
    for number, desk in zip(("201", "202"), desks):
        pnpd.ctl("extension", "add", number)
        pnpd.ctl("assign", desk.mac, number)
    phones = [lab.phone(desk) for desk in desks]
    for number, phone in zip(("201", "202"), phones):
        assert_account(phone.configured(), number, number, lab.pbx)


def test_one_phone_with_two_extensions_holds_both(lab):
    desk = lab.desk(1)
    pnpd = lab.pnpd()
    for number in ("201", "202"):
        pnpd.ctl("extension", "add", number, "--name", f"Line {number}")
    pnpd.ctl("assign", desk.mac, "201,202")
    accounts = lab.phone(desk).configured()["accounts"]
    assert [(row["line"], row["user"], row["display_name"]) for row in accounts] == [
        (1, "201", "Line 201"), (2, "202", "Line 202")], accounts


def test_a_chosen_password_reaches_the_phone_and_no_log(lab):
    desk = lab.desk(1)
    pnpd = lab.pnpd("log = debug\n")
    password = "s3cret & <201> \"äö\""
    pnpd.ctl("extension", "add", "201", "--password-stdin", stdin=password + "\n")
    pnpd.ctl("assign", desk.mac, "201")
    lab.phone(desk).configured()
    name = f"cfg{desk.mac}.xml"
    assert "s3cret &amp; &lt;201&gt;" in pnpd.text("render", desk.mac, name, "--reveal")
    assert "s3cret" not in pnpd.text("render", desk.mac, name)
    for words in (("status",), ("show", "devices"), ("show", "device", desk.mac),
                  ("explain", desk.mac), ("show", "extensions"), ("show", "audit"), ("export",)):
        assert "s3cret" not in pnpd.text(*words), words
    assert "s3cret" not in pnpd.log()


def test_a_blocked_phone_hears_nothing_until_it_is_approved(lab):
    desk = lab.desk(1)
    pnpd = lab.pnpd()
    pnpd.ctl("extension", "add", "201")
    pnpd.ctl("assign", desk.mac, "201")
    pnpd.ctl("block", desk.mac)
    capture = lab.capture(desk)
    report = lab.phone(desk, "--wait", "2s").report()
    assert report["outcome"] == "no_answer" and report["ok_received"] == 0, report
    capture.stop()
    assert capture.count(f"udp and ip.src == {lab.pbx.address} and not udp.port == 9") == 0
    assert "pnp approve" in pnpd.json("explain", desk.mac)["next"]

    pnpd.ctl("approve", desk.mac)
    lab.phone(desk).configured()


def test_an_approved_phone_without_an_extension_waits_for_one(lab):
    desk = lab.desk(1)
    pnpd = lab.pnpd()
    pnpd.ctl("extension", "add", "201")
    pnpd.ctl("approve", desk.mac)
    phone = lab.phone(desk)
    phone.wait_trace("200")
    assert "assign" in pnpd.json("explain", desk.mac)["next"]
    pnpd.ctl("assign", desk.mac, "201")
    phone.configured()
