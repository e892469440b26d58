# SPDX-License-Identifier: MIT
"""Who claims the MAC of another phone gets nothing, unless the network shows it there."""
import time

from bare_phone import http_get, subscribe
from forged import arp_request, wire

OFFER = "[profile all]\noffer_url = http://{host}:8080/p/9k3v7q/\n"


def steps(pnpd, mac):
    return {event["step"]: event for event in pnpd.json("explain", mac)["events"]}


def ask(phone, mac, **how):
    phone.send(subscribe(mac, phone.host.address, 60000, **how))


def test_who_claims_anothers_mac_is_offered_no_url(lab):
    victim, liar = lab.desk(1), lab.desk(2)
    pnpd = lab.pnpd(OFFER)
    pnpd.ctl("approve", victim.mac)
    phone = lab.bare_phone(liar)
    ask(phone, victim.mac)
    phone.listen(3 * lab.patience)
    ask(phone, victim.mac, branch="z9hG4bKagain", tag="again")  # by now the liar's own MAC is known
    phone.listen(3 * lab.patience)
    assert not any(data.startswith(b"NOTIFY") for data, _ in phone.received), phone.received

    told = steps(pnpd, victim.mac)["neighbour_mismatch"]
    assert liar.mac in told["detail"] and told["address"] == liar.address, told
    assert f"neighbour_allow = {liar.address}" in told["detail"], told
    assert "offered" not in steps(pnpd, victim.mac)
    honest = lab.bare_phone(victim)
    url = honest.offered_url(subscribe(victim.mac, victim.address, 60000))
    assert url == f"http://{lab.pbx.address}:8080/p/9k3v7q/", url


def test_a_mac_that_is_made_up_is_not_even_listed(lab):
    desk = lab.desk(1)
    pnpd = lab.pnpd()
    phone = lab.bare_phone(desk)
    for number in range(5):
        ask(phone, f"001fc10000{number + 16:02x}", branch=f"z9hG4bK{number}", tag=str(number))
    phone.listen(2 * lab.patience)
    ask(phone, desk.mac, branch="z9hG4bKown", tag="own")
    lab.wait_for(lambda: pnpd.json("show", "devices")["devices"], "the phone is listed")
    assert [row["mac"] for row in pnpd.json("show", "devices")["devices"]] == [desk.mac]


def test_phones_behind_a_listed_router_are_offered_their_urls(lab):
    router = lab.network.host("router", "192.168.77.150/24")  # whose MAC is no phone's
    pnpd = lab.pnpd(f"neighbour_allow = {router.address}\n" + OFFER)
    pnpd.ctl("approve", "001fc1000001")
    phone = lab.bare_phone(router)
    assert phone.offered_url(subscribe("001fc1000001", router.address, 60000))


def test_with_log_a_mismatch_is_noted_and_served(lab):
    router = lab.network.host("router", "192.168.77.150/24")
    pnpd = lab.pnpd("neighbour_check = log\n" + OFFER)
    pnpd.ctl("approve", "001fc1000001")
    phone = lab.bare_phone(router)
    assert phone.offered_url(subscribe("001fc1000001", router.address, 60000))
    assert "neighbour_check = log" in steps(pnpd, "001fc1000001")["neighbour_mismatch"]["detail"]


def test_a_phone_that_left_before_it_was_approved_leaves_its_url_to_nobody(lab):
    desk = lab.desk(1)
    pnpd = lab.pnpd()
    pnpd.ctl("extension", "add", "201")
    phone = lab.bare_phone(desk)
    ask(phone, desk.mac)
    lab.wait_for(lambda: pnpd.json("show", "devices")["devices"], "the phone waits")
    heir = lab.network.host("heir", "192.168.77.151/24")  # takes the address over
    desk.ip("link", "set", "eth0", "down")
    heir.ip("address", "add", f"{desk.address}/24", "dev", "eth0")
    capture = lab.capture(heir)
    with heir.udp(0, desk.address) as known:
        known.sendto(b"hello", (lab.pbx.address, 9))  # so that the PBX learns who it is now
    pnpd.ctl("assign", desk.mac, "201")
    time.sleep(2 * lab.patience)
    capture.stop()
    assert capture.count("sip.Method == NOTIFY") == 0
    assert "neighbour_mismatch" in steps(pnpd, desk.mac)


def test_a_host_of_another_network_that_says_it_has_a_phones_address_keeps_no_file_from_it(lab):
    desk = lab.desk(1)
    lab.network.plug(lab.pbx, "eth1", "192.168.88.10/24", "office")
    office = lab.network.host("office", "192.168.88.66/24", "office")
    for name in ("all", "default", "eth0", "eth1"):  # as where routes are not the same both ways
        assert lab.pbx.run("sysctl", "-qw", f"net.ipv4.conf.{name}.rp_filter=0").returncode == 0
    pnpd = lab.pnpd("interfaces = eth0\n")
    pnpd.ctl("extension", "add", "201")
    pnpd.ctl("assign", desk.mac, "201")
    url = lab.bare_phone(desk).offered_url(subscribe(desk.mac, desk.address, 60000))
    path = f"/{url.split('/', 3)[3]}cfg{desk.mac}.xml"
    assert http_get(desk, url, path).startswith(b"HTTP/1.1 200 "), "before"
    with wire(office) as lies:
        def is_believed():
            lies.send(arp_request(desk.address, "192.168.88.10"))
            return f"{desk.address} dev eth1 lladdr" in lab.pbx.run("ip", "neigh").stdout

        lab.wait_for(is_believed, "the kernel has two entries for the phone's address")
    # The kernel's word travels to us by itself: the answer must be the same before and after.
    for _ in range(10):
        answer = http_get(desk, url, path)
        assert answer.startswith(b"HTTP/1.1 200 "), (answer, pnpd.text("explain", desk.mac))
        time.sleep(0.1)
    boot = http_get(desk, url, f"/boot/htek/cfg{desk.mac}.xml")
    assert boot.startswith(b"HTTP/1.1 200 "), (boot, pnpd.text("explain", desk.mac))


def test_a_phone_in_a_smaller_network_within_a_larger_one_gets_its_file(lab):
    desk = lab.network.host("far", "192.168.77.140/25", "inner", "00:1f:c1:00:00:09")
    lab.network.plug(lab.pbx, "eth1", "192.168.77.129/25", "inner")
    pnpd = lab.pnpd()
    pnpd.ctl("extension", "add", "201")
    pnpd.ctl("assign", desk.mac, "201")
    url = lab.bare_phone(desk).offered_url(subscribe(desk.mac, desk.address, 60000))
    answer = http_get(desk, url, f"/{url.split('/', 3)[3]}cfg{desk.mac}.xml")
    assert answer.startswith(b"HTTP/1.1 200 "), (answer, pnpd.text("explain", desk.mac),
                                                 lab.pbx.run("ip", "neigh").stdout)
