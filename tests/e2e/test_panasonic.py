# SPDX-License-Identifier: MIT
"""A KX-UT670 from the box to its lines: option 66, TFTP, three files, and a real Asterisk."""
import signal

from capture import malformed, sip

OUI = "00:80:f0"
FILES = ("ConfigCommon.cfg", "KX-UT670.cfg", "Config{mac}.cfg")


def plug_in(lab, desk, *options):
    """A phone whose minutes last a fifth of a second."""
    return lab.phone(desk, "--option66", lab.pbx.address, "--register", "--stay", "--minute",
                     "200ms", *options, vendor="panasonic")


def add_extensions(pbx, *numbers):
    for number in numbers:
        pbx.pnp(f"extension add {number} --name Desk{number}")


def names(walk):
    return [(request["name"], request["status"]) for request in walk]


def wait_registered(lab, phone, count):
    lab.wait_for(lambda: phone.trace().count("200 OK ← 192.168.77.10:5060, to the REGISTER") >= count,
                 f"{count} registrations")


def all_files(desk, status):
    return [(name.format(mac=desk.mac), status) for name in FILES]


def assert_understood(report):
    """A strict phone found nothing to mind in its files."""
    assert not report["faults"] and not report["unknown_names"], report


def test_a_fresh_phone_has_six_registered_lines_and_fetches_again_when_told_to(lab):
    desk = lab.desk(1, oui=OUI)
    pbx = lab.pbx_with_module("tftp = on\n")
    numbers = [str(number) for number in range(201, 207)]
    add_extensions(pbx, *numbers)
    said = pbx.pnp(f"assign {desk.mac} {','.join(numbers)}")
    assert f"{desk.mac} has" in said, said
    capture = lab.capture(desk)
    phone = plug_in(lab, desk)
    wait_registered(lab, phone, 6)
    pbx.wait_state(desk.mac, "registered")
    pbx.pnp(f"resync {desk.mac}")
    phone.wait_trace("told to restart")
    wait_registered(lab, phone, 12)
    report = phone.stopped()
    capture.stop()
    assert report["outcome"] == "configured" and report["resyncs"] == 1, report
    assert [row["user"] for row in report["accounts"] if row["registered"]] == numbers, report
    assert [row["display_name"] for row in report["accounts"]] == [
        f"Desk{number}" for number in numbers], report
    assert names(report["requests"][0]) == [("KX-UT670.cfg", 200)], report["requests"]
    assert names(report["requests"][1]) == [(f"Config{desk.mac}.cfg", 200)], report["requests"]
    assert names(report["requests"][2]) == all_files(desk, 200), report["requests"]
    assert names(report["requests"][3]) == all_files(desk, 304), report["requests"]
    assert_understood(report)
    assert not malformed(capture), malformed(capture)
    refused = [packet for packet in sip(capture) if packet.status == 403]
    assert not refused, "a 403 ends its attempts for ever"
    versions = capture.layers("http", "http.request.version", "http.user_agent")
    asked = {(row["http.request.version"][0], row["http.user_agent"][0]) for row in versions
             if row.get("http.request.version")}
    assert asked == {("HTTP/1.0", f"Panasonic_KX-UT670/01.070 ({desk.mac})")}, asked


def test_a_phone_plugged_in_before_its_approval_comes_up_by_itself(lab):
    desk = lab.desk(1, oui=OUI)
    pbx = lab.pbx_with_module("tftp = on\n")
    add_extensions(pbx, "201")
    phone = plug_in(lab, desk)
    phone.wait_trace("(standard) → 404")
    said = pbx.pnp(f"assign {desk.mac} 201")
    assert f"{desk.mac} has 201" in said, said
    refused = phone.trace().count("→ 404")
    wait_registered(lab, phone, 1)
    pbx.wait_state(desk.mac, "registered")
    report = phone.stopped()
    assert report["restarts"] == 0, "nobody touched it"
    own = f"Config{desk.mac}.cfg"
    walks = [names(walk) for walk in report["requests"]]
    assert walks[0] == [("KX-UT670.cfg", 200)], walks
    assert walks[1:-2] and all(walk == [(own, 404)] for walk in walks[1:-2]), walks
    assert len(walks[1:-2]) <= refused + 1, "its next try after the approval brings its URL"
    assert walks[-2:] == [[(own, 200)], all_files(desk, 200)], walks
    assert_understood(report)


def test_a_phone_that_was_reset_comes_up_though_the_pbx_still_has_it_registered(lab):
    desk, neighbour = lab.desk(1, oui=OUI), lab.desk(2)
    pbx = lab.pbx_with_module("tftp = on\n")
    add_extensions(pbx, "201")
    pbx.pnp(f"assign {desk.mac} 201")
    phone = plug_in(lab, desk)
    wait_registered(lab, phone, 1)
    pbx.wait_state(desk.mac, "registered")
    phone.program.end(signal.SIGKILL)  # it says no goodbye, and forgets all
    url = f"http://{lab.pbx.address}:5480/boot/panasonic/Config{desk.mac}.cfg"
    status = neighbour.run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", url).stdout
    assert status == "404", status
    phone = plug_in(lab, desk)
    wait_registered(lab, phone, 2)  # both runs write into one log
    report = phone.stopped()
    assert [names(walk) for walk in report["requests"]] == [
        [("KX-UT670.cfg", 200)], [(f"Config{desk.mac}.cfg", 200)], all_files(desk, 200)], report
    story = pbx.pnp(f"explain {desk.mac}")
    assert "2 of 3 since it was approved" in story and "is registered from" in story, story


def test_it_calls_a_phone_of_another_maker_and_is_called(lab):
    kitchen, hall = lab.desk(1, oui=OUI), lab.desk(2)
    pbx = lab.pbx_with_module("tftp = on\n")
    add_extensions(pbx, "201", "202")
    pbx.pnp(f"assign {kitchen.mac} 201")
    pbx.pnp(f"assign {hall.mac} 202")
    htek = lab.phone(hall, "--answer", "--stay")
    pbx.wait_state(hall.mac, "registered")
    flash = ("--state", f"{lab.folder}/flash")
    caller = lab.phone(kitchen, "--option66", lab.pbx.address, "--minute", "200ms", "--call", "202",
                       *flash, vendor="panasonic")
    report = caller.report()
    assert report["exit_status"] == 0 and report["call"]["rtp_received"] > 20, report
    assert names(report["requests"][-1]) == all_files(kitchen, 200), "fresh from the box"
    htek.stopped()
    called = plug_in(lab, kitchen, "--answer", *flash)
    wait_registered(lab, called, 2)  # all runs write into one log
    report = lab.phone(hall, "--call", "201").report()
    assert report["exit_status"] == 0 and report["call"]["rtp_received"] > 20, report
    report = called.stopped()
    assert report["call"]["direction"] == "incoming", report
    assert [names(walk) for walk in report["requests"]] == [all_files(kitchen, 304)], (
        "the power was off, and it has its configuration")
