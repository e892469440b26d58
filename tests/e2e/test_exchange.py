# SPDX-License-Identifier: MIT
"""Phones that take over from each other, and numbers that rest before another phone has them."""
from bare_phone import subscribe

POOL = "pool desks = 200-219\n"


def steps(pnpd, mac):
    return [event["step"] for event in pnpd.json("explain", mac)["events"]]


def lines(pnpd, mac):
    return pnpd.json("show", "device", mac)["lines"]


def user(report):
    return report["accounts"][0]["user"]


def test_a_new_phone_takes_the_place_of_a_broken_one_while_it_waits(lab):
    old, new = lab.desk(1), lab.desk(2)
    pnpd = lab.pnpd()
    pnpd.ctl("extension", "add", "201", "--name", "Front desk")
    pnpd.ctl("assign", old.mac, "201")
    lab.phone(old).configured()
    phone = lab.phone(new)
    lab.wait_for(lambda: "held" in steps(pnpd, new.mac), "the new phone waits")
    said = pnpd.text("replace", old.mac, new.mac)
    assert "it gets its URL now" in said and "the password of 201 too: unplug it" in said, said
    report = phone.configured()
    assert user(report) == "201" and report["accounts"][0]["display_name"] == "Front desk", report

    device = pnpd.json("show", "device", old.mac)
    assert (device["state"], device["lines"]) == ("blocked", []), device
    bare = lab.bare_phone(old)
    bare.send(subscribe(old.mac, old.address, 60000))
    bare.listen(3 * lab.patience)
    assert not bare.received, bare.received


def test_a_replacement_survives_the_power_cut_right_after_it(lab):
    old, new = lab.desk(1), lab.desk(2)
    pnpd = lab.pnpd()
    pnpd.ctl("extension", "add", "201")
    pnpd.ctl("assign", old.mac, "201")
    pnpd.ctl("replace", old.mac, new.mac)
    pnpd.kill()
    pnpd.start()
    assert lines(pnpd, new.mac) == ["201"] and lines(pnpd, old.mac) == []
    assert user(lab.phone(new).configured()) == "201"


def test_two_phones_that_are_swapped_fetch_each_others_extension(lab):
    desks = [lab.desk(number) for number in (1, 2)]
    pnpd = lab.pnpd()
    for number, desk in enumerate(desks):
        pnpd.ctl("extension", "add", str(201 + number))
        pnpd.ctl("assign", desk.mac, str(201 + number))
    phones = [lab.phone(desk, "--stay") for desk in desks]
    for phone in phones:
        phone.wait_trace("staying up", 60)
    said = pnpd.text("swap", *(desk.mac for desk in desks))
    assert said.count("It is told to fetch its new files") == 2, said
    for phone in phones:
        phone.wait_trace("fetching again")
        lab.wait_for(lambda phone=phone: phone.trace().count("brought nothing new") == 2
                     or phone.trace().count("restarting") == 2, "the phone fetched again", 60)
    reports = [phone.stopped() for phone in phones]
    assert [user(report) for report in reports] == ["202", "201"], reports
    assert [report["resyncs"] for report in reports] == [1, 1], reports


def test_a_number_that_a_phone_lost_rests_over_a_restart(lab):
    pnpd = lab.pnpd(POOL)
    macs = [f"001fc10000{number:02x}" for number in (1, 2, 3)]
    for number in ("200", "201"):
        pnpd.ctl("extension", "add", number)
    pnpd.ctl("assign", macs[0], "@desks")
    assert lines(pnpd, macs[0]) == ["200"]
    pnpd.ctl("unassign", macs[0])
    pnpd.kill()
    pnpd.start()
    (pool,) = pnpd.json("show", "pools")["pools"]
    assert (pool["free"], pool["quarantine"], pool["next"]) == (1, 1, "201"), pool
    pnpd.ctl("assign", macs[1], "@desks")
    assert lines(pnpd, macs[1]) == ["201"]
    said = pnpd.refusal("assign", macs[2], "@desks")
    assert "none of desks (200-219) is free" in said and "1 in quarantine" in said, said
    pnpd.configure(POOL + "pool_quarantine = 0s\n")
    pnpd.ctl("reload")
    pnpd.ctl("assign", macs[2], "@desks")
    assert lines(pnpd, macs[2]) == ["200"]


def test_a_rule_gives_numbers_of_a_pool_in_the_order_of_its_ranges(lab):
    desks = [lab.desk(number) for number in (1, 2)]
    pnpd = lab.pnpd("pool lobby = 310, 200-219\n"
                    "[rule all]\naction = assign\npool = lobby\n")
    for number in ("200", "310"):
        pnpd.ctl("extension", "add", number)
    assert user(lab.phone(desks[0]).configured()) == "310"
    assert user(lab.phone(desks[1]).configured()) == "200"
