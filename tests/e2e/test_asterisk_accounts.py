# SPDX-License-Identifier: MIT
"""The administrator's endpoints beside ours: which ones a phone can have, and whose is whose."""
import os
import re
import sqlite3

from asterisk import account
from test_asterisk import STAYS, assign
from test_keys import Watcher

HASH = "0123456789abcdef0123456789abcdef"


def test_an_endpoint_whose_aor_has_another_name_is_refused_with_what_to_do(lab):
    desk = lab.desk(1)
    apart = account("301", "x").replace("aors = 301", "aors = desk301").replace(
        "[301]\ntype = aor", "[desk301]\ntype = aor")
    pbx = lab.pbx_with_module(pjsip=apart)
    said = pbx.pnp(f"assign {desk.mac} 301")
    assert "endpoint 301 has no AOR 301" in said and "aors = desk301" in said, said
    assert pbx.pnp_json("show devices")["devices"] == [], "nothing was assigned"


def test_a_phone_with_a_line_of_pjsip_conf_and_one_of_ours_is_called_and_watched_on_both(lab):
    hall, kitchen = lab.desk(1), lab.desk(2)
    everybody = ("[everybody]\ninclude => pnp-extensions\ninclude => phones\n[phones]\n"
                 "exten => 301,hint,PJSIP/301\nexten => 301,1,Dial(PJSIP/301)\n"
                 "[pnp-extensions]\ninclude => phones\n")
    pbx = lab.pbx_with_module(pjsip=account("301", "front desk", "everybody"), extensions=everybody,
                              more=("res_pjsip_dialog_info_body_generator",))
    assign(pbx, kitchen, "202")
    pbx.pnp("extension add 201")
    said = pbx.pnp(f"assign {hall.mac} 301,201")
    assert f"{hall.mac} has 301" in said, said
    file = pbx.pnp(f"render {hall.mac} cfg{hall.mac}.xml --reveal")
    passwords = re.findall(r'Account\d_AuthenticatePassword"?>([^<]+)<', file)
    assert passwords[0] == "front desk" and len(passwords) == 2, passwords
    phone = lab.phone(hall, "--answer", "--register", "--stay")
    phone.wait_trace("as 201, with proof", 40)
    phone.wait_trace("as 301, with proof", 40)
    for number in ("201", "301"):
        report = lab.phone(kitchen, "--call", number).report()
        assert report["exit_status"] == 0 and report["call"]["rtp_received"] > 20, report["call"]
    for watcher, password, watched in zip(("301", "201"), passwords, ("201", "301")):
        key = Watcher(kitchen, lab.pbx.address, watcher, password)
        assert key.watch(watched) == 200
        lab.wait_for(lambda key=key: key.told() == "terminated", "nobody talks")
        pbx.cli(f"channel originate PJSIP/{watched} application Echo")
        lab.wait_for(lambda key=key: key.told() == "confirmed", "the lamp")
        pbx.cli("channel request hangup all")
    rows = phone.stopped()["accounts"]
    assert [(row["user"], row["registered"]) for row in rows] == [("301", True), ("201", True)], rows


def test_a_password_that_is_left_beside_a_hash_goes_on_no_phone(lab):
    desk = lab.desk(1)
    pbx = lab.pbx_with_module(pjsip=account("301", "obsolete").replace(
        "auth_type = userpass", f"auth_type = md5\nmd5_cred = {HASH}"))
    said = pbx.pnp(f"assign {desk.mac} 301")
    assert "hash cannot be turned back" in said, said


def test_of_several_auths_the_one_with_a_password_goes_on_the_phone(lab):
    desk = lab.desk(1)
    several = account("301", "usable").replace("auth = 301", "auth = hashed,301")
    several += f"\n[hashed]\ntype = auth\nauth_type = md5\nusername = 301\nmd5_cred = {HASH}\n"
    pbx = lab.pbx_with_module(pjsip=several)
    assert f"{desk.mac} has 301" in pbx.pnp(f"assign {desk.mac} 301")
    assert "usable" in pbx.pnp(f"render {desk.mac} cfg{desk.mac}.xml --reveal")


def test_what_the_dial_plan_reads_as_more_than_a_number_is_no_extension_of_ours(lab):
    pbx = lab.pbx_with_module()
    for number in ("_2XX", "_.", "h", "s", "i", "t", "2-01"):
        said = pbx.pnp(f"extension add {number}")
        assert "more than a number" in said, said
    for number in ("201", "*77", "alice"):
        assert f"Extension {number} is there" in pbx.pnp(f"extension add {number}")
    assert [row["number"] for row in pbx.pnp_json("show extensions")["extensions"]] == [
        "*77", "201", "alice"]


CACHED = "".join(f"{kind}/cache = memory_cache,object_lifetime_stale=600,object_lifetime_maximum=1800\n"
                 f"{kind} = config,pjsip.conf,criteria=type={kind}\n"
                 for kind in ("endpoint", "auth", "aor"))


def test_beside_a_cache_of_endpoints_ours_work_and_go(lab):
    desk = lab.desk(1)
    pbx = lab.pbx_with_module(start=False, pjsip=account("301", "x"),
                              files={"sorcery.conf": f"[res_pjsip]\n{CACHED}"})
    load_before_pjsip(pbx, "res_sorcery_memory_cache.so")
    pbx.start()
    assign(pbx, desk, "201")
    lab.phone(desk, *STAYS)
    pbx.wait_state(desk.mac, "registered")
    assert "201" in pbx.cli("sorcery memory cache dump res_pjsip/endpoint"), "it is in the cache"
    for command in ("pnp reload", "module reload res_pjsip.so", "core reload"):
        pbx.cli(command)
        assert "not in the PBX" not in pbx.pnp("status"), pbx.pnp("status")
    owners = {row["number"]: row["owner"] for row in pbx.pnp_json("show extensions")["extensions"]}
    assert owners["301"] == "the PBX" and owners["201"] != "the PBX", owners
    pbx.pnp(f"unassign {desk.mac}")
    pbx.pnp("extension remove 201")
    assert_gone(pbx, "201")
    pbx.pnp("extension add 202")
    assert re.search(r"Endpoint: +202/202", pbx.cli("pjsip show endpoint 202"))
    pbx.cli("module unload res_pnp.so")
    assert_gone(pbx, "202")
    assert re.search(r"Endpoint: +301 ", pbx.cli("pjsip show endpoint 301"))


def load_before_pjsip(pbx, module):
    path = os.path.join(pbx.etc, "modules.conf")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    pbx.configure("modules.conf", text.replace("load = res_pjsip.so",
                                               f"load = {module}\nload = res_pjsip.so"))


def assert_gone(pbx, number):
    for kind in ("endpoint", "auth", "aor"):
        said = pbx.cli(f"pjsip show {kind} {number}")
        assert f"Unable to find object {number}" in said, said


def test_a_phone_that_moved_while_its_endpoint_has_room_for_one_is_explained(lab):
    desk = lab.desk(1)
    pbx = lab.pbx_with_module(pjsip=account("301", "x").replace("remove_existing = yes\n", ""))
    pbx.pnp(f"assign {desk.mac} 301")
    lab.phone(desk, *STAYS)
    pbx.wait_state(desk.mac, "registered")
    lab.to_close[-1].stopped()  # unplugged: nobody tells the PBX
    desk.ip("link", "set", "eth0", "down")
    elsewhere = lab.network.host("elsewhere", "192.168.77.166/24", mac="00:1f:c1:00:00:01")
    pbx.pnp(f"enrol {desk.mac} 1h")  # it is the same one at another address
    lab.phone(elsewhere, *STAYS, mac=desk.mac)
    pbx.wait_cli(f"pnp explain {desk.mac}", "the refusal is told",
                 lambda said: "its AOR holds max_contacts registrations already" in said)


def test_a_login_that_the_manager_interface_refuses_is_no_phone_s_register(lab):
    desk = lab.desk(1)
    manager = ("[general]\nenabled = yes\nport = 5038\nbindaddr = 0.0.0.0\n"
               "[301]\nsecret = s3cret\nread = all\nwrite = all\n")
    pbx = lab.pbx_with_module(pjsip=account("301", "x"), files={"manager.conf": manager})
    pbx.pnp(f"assign {desk.mac} 301")
    lab.phone(desk, *STAYS)
    pbx.wait_state(desk.mac, "registered")
    with desk.tcp((lab.pbx.address, 5038)) as connection:
        connection.sendall(b"Action: Login\r\nUsername: 301\r\nSecret: wrong\r\n\r\n")
        answer = b""
        while b"Authentication failed" not in answer:
            more = connection.recv(4096)
            assert more, answer
            answer += more
    pbx.pnp("status")
    assert "refused" not in pbx.pnp(f"explain {desk.mac}"), pbx.pnp(f"explain {desk.mac}")


REALTIME = """
create table ps_auths (id text primary key, auth_type text, username text, password text);
create table ps_aors (id text primary key, max_contacts integer, remove_existing text);
create table ps_endpoints (id text primary key, context text, disallow text, allow text,
                           auth text, aors text);
"""


def realtime_files(folder):
    """sorcery.conf and what it leads to: PJSIP's objects in a database, as larger sites have them."""
    path = os.path.join(folder, "realtime.sqlite3")
    with sqlite3.connect(path) as database:
        database.executescript(REALTIME)
        database.execute("insert into ps_auths values ('301', 'userpass', '301', 'of realtime')")
        database.execute("insert into ps_aors values ('301', 1, 'yes')")
        database.execute("insert into ps_endpoints values ('301', 'phones', 'all', 'alaw', '301', '301')")
    kinds = ("endpoint", "auth", "aor")
    return path, {
        "sorcery.conf": "[res_pjsip]\n" + "".join(
            f"{kind} = config,pjsip.conf,criteria=type={kind}\n{kind} = realtime,ps_{kind}s\n"
            for kind in kinds),
        "extconfig.conf": "[settings]\n" + "".join(
            f"ps_{kind}s => sqlite3,site\n" for kind in kinds),
        "res_config_sqlite3.conf": f"[site]\ndbfile = {path}\n",
    }


def test_an_endpoint_of_realtime_is_put_on_a_phone_and_nothing_is_written_there(lab):
    desk, other = lab.desk(1), lab.desk(2)
    pbx = lab.pbx_with_module(start=False, more=("res_config_sqlite3", "res_sorcery_realtime"))
    path, files = realtime_files(pbx.folder)
    for name, text in files.items():
        pbx.configure(name, text)
    pbx.start()
    with sqlite3.connect(path) as database:
        before = list(database.iterdump())
    assert f"{desk.mac} has 301" in pbx.pnp(f"assign {desk.mac} 301")
    said = pbx.pnp("extension add 301")
    assert "belongs to the PBX" in said, said
    assign(pbx, other, "201")
    phones = [lab.phone(each, *STAYS) for each in (desk, other)]
    for each in (desk, other):
        pbx.wait_state(each.mac, "registered")
    for phone in phones:
        phone.stopped()
    pbx.pnp(f"unassign {other.mac}")
    pbx.pnp("extension remove 201")
    pbx.cli("module unload res_pnp.so")
    with sqlite3.connect(path) as database:
        assert list(database.iterdump()) == before


def test_a_resync_does_not_reach_contacts_that_are_written_down(lab):
    desk = lab.desk(1)
    fixed = account("301", "secret").replace("max_contacts = 1\n",
                                             "max_contacts = 2\ncontact = sip:301@192.168.77.99\n")
    pbx = lab.pbx_with_module(pjsip=fixed.replace("remove_existing = yes\n", ""))
    pbx.pnp(f"assign {desk.mac} 301")
    phone = lab.phone(desk, *STAYS)
    pbx.wait_state(desk.mac, "registered")
    said = pbx.pnp(f"resync {desk.mac}")
    assert "goes out by the PBX" not in said and f"was sent to {desk.address}" in said, said
    phone.wait_trace("NOTIFY ← 192.168.77.10:5059")
    phone.stopped()
