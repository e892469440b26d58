# SPDX-License-Identifier: MIT
"""Who gets a file though nobody typed anything, and who gets none though it once had one."""
from bare_phone import subscribe

LOBBY = """
[rule lobby]
vendor = htek
action = assign
pool = 200-219
"""


def steps(pnpd, mac):
    return [event["step"] for event in pnpd.json("explain", mac)["events"]]


def reasons(pnpd, mac):
    return [event["detail"] for event in pnpd.json("explain", mac)["events"]]


def extensions(pnpd, numbers):
    for number in numbers:
        pnpd.ctl("extension", "add", number)


def states(pnpd):
    return [device["state"] for device in pnpd.json("show", "devices")["devices"]]


def ask_as_many(phone, numbers):
    """One host that says to be many phones."""
    for number in numbers:
        phone.send(subscribe(f"001fc10001{number:02x}", phone.host.address, 60000,
                             tag=f"7041{number:04}", branch=f"z9hG4bK7041{number:04}"))


def test_an_unknown_phone_comes_up_by_a_rule_without_anybody_typing(lab):
    desk = lab.desk(1)
    pnpd = lab.pnpd(LOBBY)
    extensions(pnpd, ("200", "201"))
    report = lab.phone(desk).configured()
    assert report["accounts"][0]["user"] == "200", report
    told = pnpd.json("explain", desk.mac)["events"]
    assert "rule lobby gives it the next free number of 200-219" in reasons(pnpd, desk.mac), told
    assert any("by rule lobby" in event["detail"] for event in told), told


def test_phones_that_are_plugged_in_together_get_a_number_each(lab):
    desks = [lab.desk(number) for number in range(1, 6)]
    pnpd = lab.pnpd(LOBBY)
    extensions(pnpd, range(200, 210))
    phones = [lab.phone(desk) for desk in desks]
    users = [phone.configured(90)["accounts"][0]["user"] for phone in phones]
    assert sorted(users) == ["200", "201", "202", "203", "204"], users


def test_phones_beyond_the_pool_wait_and_come_up_with_the_next_extension(lab):
    desks = [lab.desk(number) for number in (1, 2)]
    pnpd = lab.pnpd(LOBBY)
    extensions(pnpd, ("200",))
    lab.phone(desks[0]).configured()
    phone = lab.phone(desks[1])
    lab.wait_for(lambda: any("none of 200-219 is free" in reason
                             for reason in reasons(pnpd, desks[1].mac)), "the pool is empty")
    extensions(pnpd, ("207",))
    assert phone.configured()["accounts"][0]["user"] == "207"


def test_a_rule_that_is_written_while_phones_wait_is_about_them_too(lab):
    desk = lab.desk(1)
    pnpd = lab.pnpd()
    extensions(pnpd, ("200",))
    phone = lab.phone(desk)
    lab.wait_for(lambda: "held" in steps(pnpd, desk.mac), "the phone waits")
    pnpd.configure(LOBBY)
    pnpd.ctl("reload")
    assert phone.configured()["accounts"][0]["user"] == "200"


def test_a_rule_approves_no_more_than_its_most_however_often_pnpd_starts(lab):
    desk = lab.desk(1)
    pnpd = lab.pnpd("neighbour_check = off\n[rule all]\naction = approve\nmost = 3\n")
    phone = lab.bare_phone(desk)

    def approved():
        return states(pnpd).count("approved")

    ask_as_many(phone, range(0, 10))
    lab.wait_for(lambda: approved() == 3, "three are approved")
    pnpd.kill()
    pnpd.start()
    ask_as_many(phone, range(10, 20))
    lab.wait_for(lambda: pnpd.ctl("show", "device", "001fc1000113", check=False).returncode == 0,
                 "the last one is heard")
    assert approved() == 3
    lab.wait_for(lambda: any("its most" in reason for reason in reasons(pnpd, "001fc1000113")),
                 "it is told why")


def test_a_host_that_says_to_be_many_phones_has_none_of_them_approved(lab):
    desk = lab.desk(1)
    pnpd = lab.pnpd("[rule all]\naction = approve\n")
    phone = lab.bare_phone(desk)
    ask_as_many(phone, range(10))
    lab.wait_for(lambda: "is not believed" in pnpd.log(), "the lie is seen")
    phone.listen(4)
    assert "approved" not in states(pnpd), states(pnpd)
    assert not [data for data, _ in phone.received if data.startswith(b"NOTIFY")], phone.received


def test_a_blocking_rule_is_silent_and_leaves_no_trace_once_it_is_gone(lab):
    desk = lab.desk(1)
    pnpd = lab.pnpd("[rule out]\noui = 001fc1\naction = block\n")
    phone = lab.bare_phone(desk)
    phone.send(subscribe(desk.mac, desk.address, 60000))
    lab.wait_for(lambda: pnpd.json("show", "devices")["devices"], "it is heard")
    phone.listen(1)
    assert not phone.received, phone.received
    pnpd.configure("")
    pnpd.ctl("reload")
    phone.send(subscribe(desk.mac, desk.address, 60000, tag="9", branch="z9hG4bK9"))
    phone.listen(5 * lab.patience, until=b"SIP/2.0 200")


def test_a_second_phone_with_the_same_mac_gets_no_url_until_somebody_approves_it(lab):
    desk, other = lab.desk(1), lab.desk(2)
    pnpd = lab.pnpd("neighbour_check = off\n[profile all]\npnp_after = off\n")
    extensions(pnpd, ("201",))
    pnpd.ctl("assign", desk.mac, "201")
    lab.phone(desk).configured()  # and it has used its steady URL

    twin = lab.bare_phone(other)
    twin.send(subscribe(desk.mac, other.address, 60000))
    twin.listen(5 * lab.patience, until=b"SIP/2.0 200")
    lab.wait_for(lambda: "claim_refused" in steps(pnpd, desk.mac), "the claim is refused")
    twin.listen(1)
    assert not [data for data, _ in twin.received if data.startswith(b"NOTIFY")], twin.received
    lab.wait_for(lambda: "Two phones claim this MAC" in pnpd.text("explain", desk.mac), "it is raised")
    # The refusal survives a restart, and is about the first one as well.
    pnpd.kill()
    pnpd.start()
    twin.received.clear()
    twin.send(subscribe(desk.mac, other.address, 60000, tag="8", branch="z9hG4bK8"))
    twin.listen(5 * lab.patience, until=b"SIP/2.0 200")
    twin.listen(1)
    assert not [data for data, _ in twin.received if data.startswith(b"NOTIFY")], twin.received

    pnpd.ctl("approve", desk.mac)
    twin.listen(10 * lab.patience, until=b"NOTIFY ")


def test_while_the_pbx_has_a_phone_registered_its_mac_gets_nothing_elsewhere(lab):
    desk, other = lab.desk(1), lab.desk(2)
    pbx = lab.pbx_with_module("neighbour_check = off\n" + LOBBY)
    pbx.pnp("extension add 200")
    phone = lab.phone(desk, "--register", "--stay")
    pbx.wait_state(desk.mac, "registered")

    twin = lab.bare_phone(other)
    twin.send(subscribe(desk.mac, other.address, 60000))
    twin.listen(5 * lab.patience, until=b"SIP/2.0 200")
    lab.wait_for(lambda: "claim_refused" in pbx.pnp(f"explain {desk.mac} --json"), "it is told")
    twin.listen(2)
    assert not [data for data, _ in twin.received if data.startswith(b"NOTIFY")], twin.received
    assert f"{desk.address} is registered as it" in pbx.pnp(f"explain {desk.mac}")
    assert phone.stopped()["accounts"][0]["registered"]

    pbx.pnp(f"approve {desk.mac}")
    twin.listen(10 * lab.patience, until=b"NOTIFY ")


def test_an_enrolment_survives_a_power_cut_and_ends_when_it_is_stopped(lab):
    desks = [lab.desk(number) for number in (1, 2, 3)]
    pnpd = lab.pnpd(LOBBY + "when = enrolment\n")
    extensions(pnpd, range(200, 205))
    early = lab.phone(desks[0])
    lab.wait_for(lambda: "held" in steps(pnpd, desks[0].mac), "it waits")
    pnpd.ctl("enrol", "start", "1h", "--rule", "lobby")
    assert early.configured()["accounts"][0]["user"] == "200"  # though it asked before
    pnpd.kill()
    pnpd.start()
    assert lab.phone(desks[1]).configured()["accounts"][0]["user"] == "201"
    pnpd.ctl("enrol", "stop")
    phone = lab.bare_phone(desks[2])
    phone.send(subscribe(desks[2].mac, desks[2].address, 60000))
    phone.listen(5 * lab.patience, until=b"SIP/2.0 200")
    phone.listen(2)
    assert not [data for data, _ in phone.received if data.startswith(b"NOTIFY")], phone.received
    assert pnpd.json("show", "device", desks[2].mac)["state"] == "pending"


def test_an_enrolment_ends_by_itself(lab):
    desk = lab.desk(1)
    pnpd = lab.pnpd()
    pnpd.ctl("enrol", "start", "1s")
    lab.wait_for(lambda: not pnpd.json("show", "enrolments")["enrolments"], "it is over")
    lab.bare_phone(desk).send(subscribe(desk.mac, desk.address, 60000))
    lab.wait_for(lambda: states(pnpd) == ["pending"], "the phone is heard")
    lab.wait_for(lambda: "not approved: assign an extension to it" in reasons(pnpd, desk.mac),
                 "it is told why")


def test_a_phone_that_restarts_where_it_is_gets_its_url_each_time(lab):
    desk = lab.desk(1)
    pnpd = lab.pnpd()
    extensions(pnpd, ("201",))
    pnpd.ctl("assign", desk.mac, "201")
    for _ in range(3):
        lab.phone(desk).configured()
    assert "claim_refused" not in steps(pnpd, desk.mac)
