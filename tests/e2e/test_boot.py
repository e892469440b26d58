# SPDX-License-Identifier: MIT
"""The door without a token: phones that know nothing but a server, and guests."""
import json
import os

from bare_phone import http_get

NO_PNP = "receive = off\n"  # so that nobody sends them a URL


def knows_a_server(lab, desk, **values):
    """A phone whose flash holds what an administrator typed in, or DHCP said."""
    folder = os.path.join(lab.folder, "flash")
    os.makedirs(folder, exist_ok=True)
    url = f"http://{lab.pbx.address}:5480/boot/htek/"
    with open(f"{folder}/{desk.mac}.json", "w", encoding="utf-8") as file:
        json.dump({"url": url, "values": {"P237": url, **values}}, file)
    return lab.phone(desk, "--state", folder, "--wait", "1s")


def boot(lab, desk, mac=None):
    url = f"http://{lab.pbx.address}:5480/"
    return http_get(desk, url, f"/boot/htek/cfg{mac or desk.mac}.xml")


def test_an_approved_phone_that_only_knows_the_server_comes_up(lab):
    desk = lab.desk(1)
    pnpd = lab.pnpd(NO_PNP)
    pnpd.ctl("extension", "add", "201", "--name", "Front desk")
    pnpd.ctl("assign", desk.mac, "201")
    report = knows_a_server(lab, desk).configured()
    assert report["accounts"][0]["display_name"] == "Front desk", report
    assert report["restarts"] == 2, report  # with its URL, and with its file
    story = pnpd.text("explain", desk.mac)
    assert "got a file without secrets that names its own URL" in story, story
    assert "holds its configuration" in story, story


def test_the_fourth_file_without_a_token_is_refused_until_the_phone_is_approved_again(lab):
    desk = lab.desk(1)
    pnpd = lab.pnpd(NO_PNP)
    pnpd.ctl("extension", "add", "201")
    pnpd.ctl("assign", desk.mac, "201")
    for _ in range(3):
        answer = boot(lab, desk)
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n") and b"<P34" not in answer, answer
    assert boot(lab, desk).startswith(b"HTTP/1.1 404 "), "a fourth one"
    assert "approve it again" in pnpd.text("explain", desk.mac)
    pnpd.ctl("approve", desk.mac)
    assert boot(lab, desk).startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_host_that_asks_without_a_token_for_another_phone_s_file_gets_the_404(lab):
    desk, liar = lab.desk(1), lab.desk(2)
    pnpd = lab.pnpd(NO_PNP)
    pnpd.ctl("extension", "add", "201")
    pnpd.ctl("assign", desk.mac, "201")
    assert boot(lab, liar, desk.mac).startswith(b"HTTP/1.1 404 ")
    story = pnpd.text("explain", desk.mac)
    assert f"the neighbour table shows {liar.mac} at {liar.address}" in story, story
    assert boot(lab, desk).startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_phone_behind_a_router_gets_its_url_while_an_enrolment_names_its_network(lab):
    desk = lab.desk(1)
    far = "10.99.0.5"
    desk.run("ip", "address", "add", f"{far}/32", "dev", "lo")
    lab.pbx.run("ip", "route", "add", "10.99.0.0/24", "via", desk.address)
    pnpd = lab.pnpd(NO_PNP + "allow = 10.99.0.0/24\n")
    pnpd.ctl("extension", "add", "201")
    pnpd.ctl("assign", desk.mac, "201")

    def ask():
        url = f"http://{lab.pbx.address}:5480/boot/htek/cfg{desk.mac}.xml"
        return desk.run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--interface", far,
                        url).stdout.strip()

    assert ask() == "404"
    pnpd.ctl("enrol", "start", "10m", "--from", "10.99.0.0/24")
    assert ask() == "200"
    pnpd.ctl("enrol", "stop")
    assert ask() == "404"


def test_a_guest_asks_again_and_comes_up_once_it_is_approved(lab):
    desk = lab.desk(1)
    pnpd = lab.pnpd("unknown_phone = guest\n")
    pnpd.ctl("extension", "add", "201")
    guest = knows_a_server(lab, desk, P20165="0")
    guest.report()
    assert pnpd.json("show", "device", desk.mac)["state"] == "pending"
    story = pnpd.text("explain", desk.mac)
    assert "got a file without secrets that makes it ask again" in story, story
    assert boot(lab, desk).startswith(b"HTTP/1.1 404 "), "it restarts with each file"
    pnpd.ctl("assign", desk.mac, "201")
    again = lab.phone(desk, "--state", os.path.join(lab.folder, "flash")).configured()
    assert again["accounts"][0]["user"] == "201", again


def test_a_phone_that_cannot_keep_a_path_logs_in(lab):
    desk = lab.desk(1)
    pnpd = lab.pnpd("[profile all]\ncredential = userinfo\n")
    pnpd.ctl("extension", "add", "201")
    pnpd.ctl("assign", desk.mac, "201")
    report = lab.phone(desk).configured()
    assert report["accounts"][0]["user"] == "201" and report["restarts"] == 1, report
    assert pnpd.json("show", "device", desk.mac)["state"] == "configured"
    url = f"http://{lab.pbx.address}:5480/"
    known = http_get(desk, url, f"/cfg{desk.mac}.xml")
    assert known.startswith(b"HTTP/1.1 401 ") and b'Basic realm="pnp"' in known, known
    assert known == http_get(desk, url, "/cfg001fc1aabbcc.xml"), "known or not"
