# SPDX-License-Identifier: MIT
"""What an administrator decides, when it is too late, and that it survives a power cut."""
from bare_phone import subscribe


def steps(pnpd, mac):
    return [event["step"] for event in pnpd.json("explain", mac)["events"]]


def write(lab, name, text):
    path = f"{lab.folder}/{name}"
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def test_a_decision_that_comes_too_late_says_to_plug_the_phone_in_again(lab):
    desk = lab.desk(1)
    pnpd = lab.pnpd("hold_for = 2s\n")
    pnpd.ctl("extension", "add", "201")
    phone = lab.bare_phone(desk)
    phone.send(subscribe(desk.mac, desk.address, 60000))
    phone.listen(5 * lab.patience, until=b"SIP/2.0 200")
    lab.wait_for(lambda: "waited_too_long" in steps(pnpd, desk.mac), "the hold ends")
    said = pnpd.text("assign", desk.mac, "201")
    assert "plug it in again" in said, said
    phone.listen(1)
    assert not [data for data, _ in phone.received if data.startswith(b"NOTIFY")], phone.received
    assert "plug it in again" in pnpd.json("explain", desk.mac)["next"]
    phone.close()
    lab.phone(desk).configured()
    assert "plug" not in pnpd.json("explain", desk.mac)["next"]


def test_an_assignment_survives_the_power_cut_right_after_it(lab):
    desk = lab.desk(1)
    pnpd = lab.pnpd()
    pnpd.ctl("extension", "add", "201", "--name", "Front desk")
    pnpd.ctl("assign", desk.mac, "201")
    pnpd.kill()
    pnpd.start()
    (device,) = pnpd.json("show", "devices")["devices"]
    assert (device["mac"], device["lines"], device["state"]) == (desk.mac, ["201"], "approved")
    assert lab.phone(desk).configured()["accounts"][0]["display_name"] == "Front desk"


def test_each_of_many_decisions_survives_when_the_power_is_cut_behind_it(lab):
    pnpd = lab.pnpd()
    pnpd.ctl("extension", "add", "201")
    for number in range(5):
        mac = f"001fc10000{number + 16:02x}"
        pnpd.ctl("assign" if number % 2 else "block", mac, *(["201"] if number % 2 else []))
        pnpd.kill()
        pnpd.start()
        device = pnpd.json("show", "device", mac)
        assert device["state"] == ("approved" if number % 2 else "blocked"), device


def test_a_resync_makes_the_phone_fetch_again_and_is_told(lab):
    desk = lab.desk(1)
    pnpd = lab.pnpd()
    pnpd.ctl("extension", "add", "201", "--name", "Before")
    pnpd.ctl("extension", "add", "202", "--name", "After")
    pnpd.ctl("assign", desk.mac, "201")
    phone = lab.phone(desk, "--stay")
    phone.wait_trace("staying up", 60)
    pnpd.ctl("assign", desk.mac, "202")
    pnpd.ctl("resync", desk.mac)
    lab.wait_for(lambda: "resync_answered" in steps(pnpd, desk.mac), "the resync is answered")
    phone.wait_trace("fetching again")
    lab.wait_for(lambda: phone.trace().count("brought nothing new") == 2
                 or phone.trace().count("restarting") == 2, "the phone fetched again", 60)
    report = phone.stopped()
    assert report["resyncs"] == 1 and report["outcome"] == "configured", report
    assert report["accounts"][0]["user"] == "202", report
    assert report["accounts"][0]["display_name"] == "After", report


def test_a_resync_with_reboot_restarts_the_phone(lab):
    desk = lab.desk(1)
    pnpd = lab.pnpd()
    pnpd.ctl("extension", "add", "201")
    pnpd.ctl("assign", desk.mac, "201")
    phone = lab.phone(desk, "--stay")
    phone.wait_trace("staying up", 60)
    starts = phone.trace().count("SUBSCRIBE →")
    pnpd.ctl("resync", desk.mac, "--reboot")
    phone.wait_trace("told to restart")
    lab.wait_for(lambda: phone.trace().count("SUBSCRIBE →") > starts, "it asks again", 60)
    lab.wait_for(lambda: "resync_answered" in steps(pnpd, desk.mac), "the resync is answered")
    report = phone.stopped()
    assert report["resyncs"] == 1, report


def test_a_resync_of_a_phone_that_is_gone_is_told_as_failed(lab):
    desk = lab.desk(1)
    pnpd = lab.pnpd("notify_retries = 1\n")
    pnpd.ctl("extension", "add", "201")
    pnpd.ctl("assign", desk.mac, "201")
    lab.phone(desk).configured()
    pnpd.ctl("resync", desk.mac)
    lab.wait_for(lambda: "resync_failed" in steps(pnpd, desk.mac), "nobody answered", 40)
    assert "plug it in again" in pnpd.json("explain", desk.mac)["next"]


def test_a_dry_import_changes_nothing_and_an_import_comes_back_by_export(lab):
    desk = lab.desk(1)
    pnpd = lab.pnpd()
    file = write(lab, "phones.csv", "mac,extensions,name\n"
                 f"{desk.mac},201,Front desk\n00:1f:c1:00:00:02,202 203,\"Äpfel, Birnen\"\n")
    before = pnpd.json("show", "devices"), pnpd.json("show", "extensions")
    said = pnpd.text("import", file, "--dry-run")
    assert "Dry run" in said and "201" in said, said
    assert (pnpd.json("show", "devices"), pnpd.json("show", "extensions")) == before
    pnpd.ctl("import", file)
    report = lab.phone(desk).configured()
    assert report["accounts"][0]["display_name"] == "Front desk", report

    exported = pnpd.text("export")
    assert exported.splitlines() == ["mac,extensions,name", f"{desk.mac},201,Front desk",
                                     "001fc1000002,202 203,\"Äpfel, Birnen\"",
                                     ",203,\"Äpfel, Birnen\""], exported
    again = pnpd.text("import", write(lab, "again.csv", exported))
    assert "3 rows held already" in again, again
    other = lab.pnpd(host=lab.network.host("other", "192.168.77.11/24"))
    other.ctl("import", write(lab, "moved.csv", exported))
    assert other.text("export") == exported


def test_an_import_with_one_bad_row_changes_nothing(lab):
    pnpd = lab.pnpd()
    file = write(lab, "bad.csv", "mac,extensions,name\n001fc1000001,201,A\n001fc10000,202,B\n")
    refusal = pnpd.refusal("import", file)
    assert "line 3" in refusal and "nothing was changed" in refusal, refusal
    assert not pnpd.json("show", "devices")["devices"]
    assert not pnpd.json("show", "extensions")["extensions"]
