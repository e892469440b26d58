# SPDX-License-Identifier: MIT
"""Resyncs of many phones beside a real Asterisk: their pace, calls, a stop and a restart."""
import os

from capture import sip
from test_asterisk import STAYS, assign, wait_hint

NOTIFIED = "NOTIFY ← 192.168.77.10:5060, Event"  # and no retransmission


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
    phones = office(lab, pbx, 3)
    pbx.pnp("resync all --rate 4")  # the next turn is far from the restart
    lab.wait_for(lambda: "came" in states(pbx).values(), "the first one comes", 40)
    before = [notified(phone) for phone in phones.values()]
    assert 1 <= sum(before) < 3, before
    pbx.restart()
    wait_states(lab, pbx, dict.fromkeys(phones, "came"), 120)
    assert [notified(phone) for phone in phones.values()] == [1] * 3


def test_stopped_it_tells_nobody_else_until_it_goes_on(lab):
    pbx = lab.pbx_with_module()
    phones = office(lab, pbx, 3)
    pbx.pnp("resync all --rate 12")
    said = pbx.pnp("resync stop")
    assert "Stopped: " in said, said
    lab.wait_for(lambda: not {"sent", "answered"} & set(states(pbx).values()), "who was told has come")
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


def most_within(times, seconds):
    return max(sum(1 for other in times if first <= other < first + seconds) for first in times)


def test_a_resync_of_five_hundred_phones_keeps_its_rate_and_each_is_reported(lab):
    count, rate = (500, 300) if lab.options.full else (60, 360)
    lab.network.plug(lab.pbx, "eth1", "10.30.0.1/16", "hall")
    hall = lab.network.host("hall", "10.30.0.2/16", "hall")
    addresses = [f"10.30.{64 + number // 250}.{1 + number % 250}" for number in range(count)]
    done = hall.run("ip", "-batch", "-", input="".join(
        f"address add {address}/16 dev eth0\n" for address in addresses))
    assert done.returncode == 0, done.stderr
    macs = [f"001fc101{number:04x}" for number in range(count)]
    table = os.path.join(lab.folder, "hall.csv")
    with open(table, "w", encoding="utf-8") as file:
        file.write("mac,extensions,name\n")
        file.writelines(f"{mac},{1000 + number},Phone {number}\n" for number, mac in enumerate(macs))
    # All of them have the MAC of one interface.
    pnpd = lab.pnpd("neighbour_check = off\n")
    pnpd.ctl("import", table)
    for first in range(0, count, 250):  # addresses are counted up
        some = min(250, count - first)
        lab.phone(hall, "--phones", some, "--interface", "eth0", "--address", addresses[first],
                  "--local-port", "0", "--wait", "60s", "--stay", mac=macs[first])

    def configured():
        rows = pnpd.json("show", "devices")["devices"]
        return sum(row["state"] == "configured" for row in rows) == count

    lab.wait_for(configured, "all are configured", 120)
    capture = lab.capture(lab.pbx, "eth1")
    assert f"{count} phones are told, {rate} a minute" in pnpd.text("resync", "all", "--rate", rate)
    told = {}

    def over():
        told.update((row["mac"], row["state"]) for row in pnpd.json("show", "resync")["phones"])
        return set(told.values()) == {"came"}

    lab.wait_for(over, "each came", 90 * count / rate + 60)
    assert sorted(told) == macs
    capture.stop()
    notified = {}
    for packet in sip(capture):
        if packet.method == "NOTIFY" and packet.event == "resync":
            notified.setdefault(packet.to_whom.split(":")[0], packet.time)
    assert sorted(notified) == sorted(addresses)
    times = sorted(notified.values())
    for seconds in (1, 5, 60):  # a second of turns is told at once
        assert most_within(times, seconds) <= rate * (seconds + 1) / 60 + 2, (seconds, times)
    assert times[-1] - times[0] >= 60 * count / rate - 3, times


test_a_resync_of_five_hundred_phones_keeps_its_rate_and_each_is_reported.optimised = True
