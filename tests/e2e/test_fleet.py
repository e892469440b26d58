# SPDX-License-Identifier: MIT
"""Resyncs of many phones beside a real Asterisk: their pace, calls, a stop and a restart."""
from test_asterisk import STAYS, assign, wait_hint

NOTIFIED = "NOTIFY ← 192.168.77.10:5060"


def office(lab, pbx, count, *options):
    """So many registered phones."""
    phones = {}
    for number in range(1, count + 1):
        desk = lab.desk(number)
        assign(pbx, desk, str(200 + number))
        phones[desk.mac] = lab.phone(desk, *STAYS, *options)
    for mac in phones:
        pbx.wait_state(mac, "registered")
    return phones


def states(pbx):
    return {row["mac"]: row["state"] for row in pbx.pnp_json("show resync")["phones"]}


def notified(phone):
    return phone.trace().count(NOTIFIED)


def wait_states(lab, pbx, wanted, seconds=30):
    lab.wait_for(lambda: states(pbx) == wanted, f"{wanted}\n{pbx.pnp('show resync')}", seconds)


def test_all_come_again_but_one_in_a_call_does_so_afterwards(lab):
    pbx = lab.pbx_with_module()
    phones = office(lab, pbx, 4, "--answer")
    talks = list(phones)[1]
    pbx.cli("channel originate PJSIP/202 application Echo")
    wait_hint(pbx, "202", "InUse")
    said = pbx.pnp("resync all --rate 600 --dry-run")
    assert f"{talks}  202    later: it is in a call" in said, said
    assert "4 phones would be told, 600 a minute" in said, said
    said = pbx.pnp("resync all --rate 600")
    assert "4 phones are told, 600 a minute" in said, said
    assert "another resync is under way" in pbx.pnp("resync all")
    wait_states(lab, pbx, {mac: "in_call" if mac == talks else "came" for mac in phones})
    assert notified(phones[talks]) == 0
    pbx.cli("channel request hangup all")
    wait_states(lab, pbx, dict.fromkeys(phones, "came"), 100)
    assert [notified(phone) for phone in phones.values()] == [1] * 4
    assert "It is over." in pbx.pnp("show resync")


def test_forced_it_comes_again_in_the_call(lab):
    pbx = lab.pbx_with_module()
    phones = office(lab, pbx, 1, "--answer")
    pbx.cli("channel originate PJSIP/201 application Echo")
    wait_hint(pbx, "201", "InUse")
    (mac, phone), = phones.items()
    pbx.pnp(f"resync {mac} --rate 600 --force")
    lab.wait_for(lambda: notified(phone) == 1, "the NOTIFY")


def test_after_a_restart_of_asterisk_the_rest_is_told_and_nobody_twice(lab):
    pbx = lab.pbx_with_module()
    phones = office(lab, pbx, 5)
    pbx.pnp("resync all --rate 20")
    lab.wait_for(lambda: "came" in states(pbx).values(), "the first one comes")
    before = [notified(phone) for phone in phones.values()]
    assert 1 <= sum(before) < 5, before
    pbx.restart()
    wait_states(lab, pbx, dict.fromkeys(phones, "came"), 60)
    assert [notified(phone) for phone in phones.values()] == [1] * 5


def test_stopped_it_tells_nobody_else_until_it_goes_on(lab):
    pbx = lab.pbx_with_module()
    phones = office(lab, pbx, 3)
    pbx.pnp("resync all --rate 6")
    said = pbx.pnp("resync stop")
    assert "Stopped: " in said, said
    pbx.restart()
    assert "It is stopped" in pbx.pnp("show resync")
    told = [notified(phone) for phone in phones.values()]
    assert "It goes on: " in pbx.pnp("resync resume")
    wait_states(lab, pbx, dict.fromkeys(phones, "came"), 60)
    assert sum(told) < 3
    assert [notified(phone) for phone in phones.values()] == [1] * 3


def test_the_daemon_tells_phones_by_itself(lab):
    pnpd = lab.pnpd()
    desks = [lab.desk(number) for number in (1, 2, 3)]
    for number, desk in enumerate(desks, 201):
        pnpd.ctl("extension", "add", str(number))
        pnpd.ctl("assign", desk.mac, str(number))
        lab.phone(desk, "--stay").wait_trace("staying up")
    assert "so they are told in calls too" in pnpd.text("resync", "all", "--rate", "600")
    lab.wait_for(lambda: {row["state"] for row in pnpd.json("show", "resync")["phones"]}
                 == {"came"}, "all come")
