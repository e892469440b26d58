# SPDX-License-Identifier: MIT
"""A phone and mod_pnp.so over real sockets: heard, offered, served, registered, told to come again."""
import xml.etree.ElementTree as tree

from capture import requested_files
from test_onboarding import CHAIN, assert_one_offer, dialogs

STAYS = ("--register", "--stay")


def subscriptions(capture):
    return [packets for packets in dialogs(capture) if packets[0].method == "SUBSCRIBE"]


def assert_no_secret(pbx, capture):
    """Neither a password nor a token is in FreeSWITCH's log and events."""
    parts = {part for path, _ in requested_files(capture) for part in path.split("/")[:-1]}
    secrets = [part for part in parts if len(part) > 15]
    assert secrets, f"no path has a token: {parts}"
    password = tree.fromstring(pbx.ask("user", "201", "pbx.example")).find(
        ".//user/params/param[@name='password']").get("value")
    told = pbx.ask("logged") + pbx.ask("fired")
    assert "PnP-Step=registered" in told, told
    found = [secret for secret in [*secrets, password] if secret in told]
    assert not found, f"{len(found)} secrets are told"


def test_a_phone_onboards_through_freeswitch(lab):
    desk = lab.desk(1)
    pbx = lab.freeswitch()
    capture = lab.capture(desk)
    phone = lab.phone(desk, *STAYS)
    phone.wait_trace("200")
    pbx.wait_pnp("show devices", desk.mac)
    pbx.pnp("extension add 201 --name 'Front desk'")
    assert "gets its URL now" in pbx.pnp(f"assign {desk.mac} 201")
    pbx.wait_pnp(f"explain {desk.mac}", "All is well")
    assert "user/201@pbx.example" in pbx.ask("call", "201", "pnp-extensions")

    assert "goes out by the PBX" in pbx.pnp(f"resync {desk.mac}")
    lab.wait_for(lambda: pbx.answers, "the phone answers the check-sync")
    assert pbx.answers[0].first == "SIP/2.0 200 OK", pbx.answers[0].first
    phone.stopped()
    capture.stop()
    for packets in subscriptions(capture)[:2]:
        assert_one_offer(packets, desk, lab.pbx)
    names = [path.rsplit("/", 1)[1] for path, _ in requested_files(capture)]
    assert names[:5] == [name.format(mac=desk.mac) for name in CHAIN], names
    assert_no_secret(pbx, capture)


def test_a_user_of_freeswitchs_directory_goes_on_a_phone(lab):
    desk = lab.desk(1)
    pbx = lab.freeswitch(users="""<user id="1000"><params><param name="password"
        value="of the &amp; directory"/></params></user>""")
    pbx.pnp(f"assign {desk.mac} 1000")
    report = lab.phone(desk).configured()
    assert [row["user"] for row in report["accounts"]] == ["1000"], report
    assert pbx.ask("user", "1000", "pbx.example") == "", "its user stays the directory's"


def test_a_refused_password_is_in_what_pnp_explain_says(lab):
    desk = lab.desk(1)
    pbx = lab.freeswitch()
    pbx.refuses = True
    pbx.pnp("extension add 201")
    pbx.pnp(f"assign {desk.mac} 201")
    lab.phone(desk, *STAYS)
    pbx.wait_pnp(f"explain {desk.mac}", "wrong user or password")


def test_mod_pnp_is_unloaded_and_loaded_between_two_starts_of_a_phone(lab):
    desk = lab.desk(1)
    pbx = lab.freeswitch()
    pbx.pnp("extension add 201")
    pbx.pnp(f"assign {desk.mac} 201")
    lab.phone(desk).configured()
    assert pbx.ask("unload") == "0"
    report = lab.phone(desk, "--wait", "2s").report()
    assert report["ok_received"] == 0, report
    pbx.load()
    pbx.wait_pnp("status", "is heard")
    lab.phone(desk).configured()
