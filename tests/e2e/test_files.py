# SPDX-License-Identifier: MIT
"""The file server: the same bytes each time, the site's templates, and one and the same 404."""
import os

from bare_phone import http_get, subscribe

FILE = """<?xml version="1.0" encoding="UTF-8"?>
<hl_provision version="1"><config version="1">
{{! a comment of the site }}
<P9999 para="Site">%s {{mac}}</P9999>
</config></hl_provision>
"""


def site_template(pnpd, name, text):
    os.makedirs(f"{pnpd.vendors}/htek", exist_ok=True)
    with open(f"{pnpd.vendors}/htek/{name}", "w", encoding="utf-8") as file:
        file.write(text)


def delivered(report):
    """What each walk along the chain brought: name → sha256."""
    return [{row["name"]: row["sha256"] for row in walk if row["status"] == 200}
            for walk in report["requests"]]


def test_a_phone_that_fetches_restarts_and_fetches_gets_the_same_bytes(lab):
    desk = lab.desk(1)
    pnpd = lab.pnpd()
    pnpd.ctl("extension", "add", "201")
    pnpd.ctl("assign", desk.mac, "201")
    first = lab.phone(desk).configured()
    assert first["restarts"] == 1, first
    before, after = delivered(first)
    assert before == after and list(before) == [f"cfg{desk.mac}.xml"], first


def test_a_restart_of_pnpd_changes_no_byte_of_a_file(lab):
    desk = lab.desk(1)
    pnpd = lab.pnpd()
    pnpd.ctl("extension", "add", "201")
    pnpd.ctl("assign", desk.mac, "201")
    state = os.path.join(lab.folder, "flash")
    os.makedirs(state)
    first = lab.phone(desk, "--state", state).configured()
    pnpd.kill()
    pnpd.start()
    second = lab.phone(desk, "--state", state).configured()
    assert second["restarts"] == 0, second
    assert delivered(second)[0] == delivered(first)[0], (first, second)


def test_a_configured_phone_that_no_longer_asks_fetches_with_its_steady_url(lab):
    desk = lab.desk(1)
    pnpd = lab.pnpd("[profile all]\npnp_after = off\n")
    pnpd.ctl("extension", "add", "201")
    pnpd.ctl("assign", desk.mac, "201")
    report = lab.phone(desk).configured()
    assert report["restarts"] == 1 and report["notify_received"] == 1, report
    assert pnpd.json("show", "device", desk.mac)["state"] == "configured"
    before, after = delivered(report)
    assert before == after, report


def test_templates_of_the_site_for_earlier_names_of_the_chain_are_taken(lab):
    desk = lab.desk(1)
    pnpd = lab.pnpd(start=False)
    site_template(pnpd, "profile.conf", "[step cfg{code}.xml]\ntemplate = common\n"
                  "[step {mac}.cfg]\ntemplate = mine\n")
    site_template(pnpd, "common.mustache", FILE % "common")
    site_template(pnpd, "mine.mustache", FILE % "mine")
    pnpd.start()
    pnpd.ctl("extension", "add", "201")
    pnpd.ctl("assign", desk.mac, "201")
    report = lab.phone(desk, "--read-all").configured()
    walk = report["requests"][0]
    assert [(row["name"], row["status"]) for row in walk] == [
        ("factory0000.xml", 404), ("cfg0000.xml", 200), (f"{desk.mac}.cfg", 200),
        (f"cfg{desk.mac}", 404), (f"cfg{desk.mac}.xml", 200)], walk
    assert f"common {desk.mac}" in pnpd.text("render", desk.mac, "cfg0000.xml")
    assert report["accounts"][0]["user"] == "201", report


def test_a_template_of_the_site_extends_the_shipped_one(lab):
    desk = lab.desk(1)
    pnpd = lab.pnpd(start=False)
    site_template(pnpd, "base.mustache", '{{>htek/base}}\n    <P9999 para="Site">{{host}}</P9999>\n')
    pnpd.start()
    pnpd.ctl("extension", "add", "201", "--name", "Front desk")
    pnpd.ctl("assign", desk.mac, "201")
    assert lab.phone(desk).configured()["accounts"][0]["display_name"] == "Front desk"
    text = pnpd.text("render", desk.mac, f"cfg{desk.mac}.xml")
    assert f'<P9999 para="Site">{lab.pbx.address}</P9999>' in text, text


def test_every_refusal_is_one_and_the_same_404(lab):
    desk, other = lab.desk(1), lab.desk(2)
    pnpd = lab.pnpd()
    for number, place in (("201", desk), ("202", other)):
        pnpd.ctl("extension", "add", number)
        pnpd.ctl("assign", place.mac, number)
    urls = {}
    for place in (desk, other):
        urls[place] = lab.bare_phone(place).offered_url(
            subscribe(place.mac, place.address, 60000))
    url, file = urls[desk], f"cfg{desk.mac}.xml"
    folder = "/" + url.split("/", 3)[3]
    foreign = "/" + urls[other].split("/", 3)[3]
    wrong = folder[:-2] + ("A" if folder[-2] != "A" else "B") + "/"
    good = http_get(desk, url, folder + file)
    assert good.startswith(b"HTTP/1.1 200 OK\r\n") and b"<P35 " in good, good

    answers = {}

    def ask(why, path):
        answers[why] = http_get(desk, url, path)

    ask("a name that is served to nobody", folder + "factory0000.xml")
    ask("a name outside the chain", folder + "passwd")
    ask("no name", folder)
    ask("no token", "/" + file)
    ask("the root", "/")
    ask("an unknown folder", "/boot/acme/" + file)
    ask("without a token, another device's name", f"/boot/htek/cfg{other.mac}.xml")
    ask("without a token, a name that is served to nobody", "/boot/htek/factory0000.xml")
    ask("a wrong token", wrong + file)
    ask("a token that is too short", folder[:-3] + "/" + file)
    ask("another device's name", folder + f"cfg{other.mac}.xml")
    ask("another device's token", foreign + file)
    ask("an unknown device", folder + "cfg001fc1aabbcc.xml")
    ask("a query", folder + "cfg001fc1aabbcc.xml?x=1")
    for decision in ("unassign", "block"):
        pnpd.ctl(decision, desk.mac)
        ask("after " + decision, folder + file)
    pnpd.ctl("approve", desk.mac)
    ask("approved, without an extension", folder + file)
    different = {why: answer for why, answer in answers.items()
                 if answer != answers["a name outside the chain"]}
    assert not different, different
    assert answers["no name"].startswith(b"HTTP/1.1 404 Not Found\r\n"), answers["no name"]


def test_a_pending_phone_that_guesses_gets_the_same_404_and_appears(lab):
    desk = lab.desk(1)
    pnpd = lab.pnpd()
    base = f"http://{lab.pbx.address}:5480/"
    nowhere = http_get(desk, base + "x")
    guess = http_get(desk, base + "p/AAAAAAAAAAAAAAAAAAAAAA/cfg001fc1000077.xml")
    assert guess == nowhere, (guess, nowhere)
    lab.wait_for(lambda: "001fc1000077" in pnpd.text("show", "devices"), "the guesser is listed")
    assert pnpd.json("show", "device", "001fc1000077")["state"] == "pending"
