# SPDX-License-Identifier: MIT
"""Several networks, networks that come and go, and the loopback."""
from bare_phone import subscribe
from capture import sip


def prepare(lab, pnpd, *desks):
    for number, desk in enumerate(desks):
        pnpd.ctl("extension", "add", str(201 + number))
        pnpd.ctl("assign", desk.mac, str(201 + number))


def test_two_networks_get_urls_with_their_own_addresses(lab):
    lab.network.plug(lab.pbx, "eth1", "10.20.0.1/24", "upstairs")
    pnpd = lab.pnpd()
    near, far = lab.desk(1), lab.desk(2, "upstairs", "10.20.0.102/24")
    prepare(lab, pnpd, near, far)
    for desk, own in ((near, lab.pbx.address), (far, "10.20.0.1")):
        capture = lab.capture(desk)
        report = lab.phone(desk).configured()
        capture.stop()
        assert report["accounts"][0]["server"] == f"{own}:5060", report
        answers = [packet for packet in sip(capture) if packet.answers == "SUBSCRIBE"]
        assert answers and {packet.source for packet in answers} == {f"{own}:5060"}, answers
        notifies = [packet for packet in sip(capture) if packet.method == "NOTIFY"]
        assert {packet.source for packet in notifies} == {f"{own}:5059"}, notifies
        assert all(packet.body.startswith(f"http://{own}:5480/".encode()) for packet in notifies)


def test_one_phone_that_is_heard_on_two_interfaces_is_offered_once(lab):
    lab.network.plug(lab.pbx, "eth1", "192.168.77.11/24")
    pnpd = lab.pnpd("[profile all]\noffer_url = http://{host}/p/\n")
    desk = lab.desk(1)
    pnpd.ctl("approve", desk.mac)
    capture = lab.capture(desk)
    phone = lab.bare_phone(desk)
    phone.offered_url(subscribe(desk.mac, desk.address, 60000))
    phone.listen(1)
    capture.stop()
    notifies = [packet for packet in sip(capture) if packet.method == "NOTIFY"]
    assert len(notifies) == 1, notifies
    answers = {packet.bytes for packet in sip(capture) if packet.answers == "SUBSCRIBE"}
    assert len(answers) == 1, answers


def test_an_interface_that_comes_later_goes_and_comes_again_is_served(lab):
    pnpd = lab.pnpd()
    desk = lab.desk(1, "annex", "10.30.0.101/24")
    prepare(lab, pnpd, desk)
    for _ in range(2):
        lab.network.plug(lab.pbx, "eth5", "10.30.0.1/24", "annex")
        pnpd.wait_status("eth5 is served",
                         lambda text: "eth5 10.30.0.1/24" in text and "//10.30.0.1:5480" in text)
        report = lab.phone(desk).configured()
        assert report["accounts"][0]["server"] == "10.30.0.1:5060", report
        lab.network.unplug(lab.pbx, "eth5")
        pnpd.wait_status("eth5 is no longer served", lambda text: "10.30.0.1" not in text)


def test_an_address_that_changes_is_followed(lab):
    pnpd = lab.pnpd()
    desk = lab.desk(1)
    prepare(lab, pnpd, desk)
    lab.pbx.ip("address", "add", "192.168.77.20/24", "dev", "eth0")
    lab.pbx.ip("address", "del", "192.168.77.10/24", "dev", "eth0")
    # Linux takes the other addresses of a network along unless told to promote them.
    if "192.168.77.20" not in lab.pbx.ip("address", "show", "dev", "eth0"):
        lab.pbx.ip("address", "add", "192.168.77.20/24", "dev", "eth0")
    pnpd.wait_status("the new address is served",
                     lambda text: "192.168.77.20:5480" in text and "192.168.77.10" not in text)
    report = lab.phone(desk).configured()
    assert report["accounts"][0]["server"] == "192.168.77.20:5060", report


def test_pnpd_and_a_phone_meet_on_the_loopback(lab):
    alone = lab.network.host("alone")
    pnpd = lab.pnpd("", "--interface", "lo", host=alone)
    pnpd.ctl("extension", "add", "201")
    pnpd.ctl("assign", "001fc1000001", "201")
    report = lab.phone(alone, "--interface", "lo", mac="001fc1000001").configured()
    assert report["accounts"][0]["server"] == "127.0.0.1:5060", report
