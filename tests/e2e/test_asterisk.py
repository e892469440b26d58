# SPDX-License-Identifier: MIT
"""Our module inside a real Asterisk: from SUBSCRIBE to REGISTER, and a call."""
import ctypes
import glob
import os
import re
import socket
import time

from asterisk import account
from bare_phone import GROUP, http_get, subscribe
from capture import malformed, requested_files, sip
from test_onboarding import CHAIN, assert_one_offer, dialogs

STAYS = ("--register", "--stay")


def subscriptions(capture):
    return [packets for packets in dialogs(capture) if packets[0].method == "SUBSCRIBE"]


def assert_silent_pbx(capture):
    """Nobody but us answered the group, and each REGISTER got its challenge and its 200."""
    packets = sip(capture)
    refused = [packet for packet in packets
               if packet.status and packet.status >= 400 and packet.answers != "REGISTER"]
    assert not refused, refused
    registered = [packet.status for packet in packets if packet.answers == "REGISTER"]
    assert registered == [401, 200], packets


def assign(pbx, desk, number, name=""):
    pbx.pnp(f"extension add {number}" + (f" --name {name}" if name else ""))
    said = pbx.pnp(f"assign {desk.mac} {number}")
    assert f"{desk.mac} has {number}" in said, said


def wait_hint(pbx, number, state):
    pbx.wait_cli("core show hints", f"the hint of {number} is {state}",
                 lambda said: re.search(rf"^{number}@\S+ *: PJSIP/{number} +State:{state} ", said,
                                        re.MULTILINE))


def test_a_phone_is_onboarded_and_registered_beside_pjsip_on_every_address(lab):
    desk = lab.desk(1)
    pbx = lab.pbx_with_module()
    wait_serving(pbx)
    assign(pbx, desk, "201", "Alice")
    capture = lab.capture(desk)
    phone = lab.phone(desk, *STAYS)
    pbx.wait_state(desk.mac, "registered")
    wait_hint(pbx, "201", "Idle")
    assert "All is well" in pbx.pnp(f"explain {desk.mac}"), pbx.pnp(f"explain {desk.mac}")
    assert desk.mac in pbx.cli("pjsip show endpoint 201"), "the endpoint names its phone"
    (row,) = phone.stopped()["accounts"]
    assert row["registered"] and row["display_name"] == "Alice", row
    capture.stop()
    assert not malformed(capture), malformed(capture)
    assert_silent_pbx(capture)
    starts = subscriptions(capture)
    assert len(starts) == 2, starts  # plugged in, and the restart with the new file
    for packets in starts:
        assert_one_offer(packets, desk, lab.pbx)
    names = [path.rsplit("/", 1)[1] for path, _ in requested_files(capture)]
    assert names == [name.format(mac=desk.mac) for name in CHAIN] * 2, names


def test_two_onboarded_phones_call_each_other(lab):
    alice, bob = lab.desk(1), lab.desk(2)
    pbx = lab.pbx_with_module()
    assign(pbx, alice, "201", "Alice")
    assign(pbx, bob, "202", "Bob")
    called = lab.phone(bob, "--answer", "--stay")
    pbx.wait_state(bob.mac, "registered")
    capture = lab.capture(bob)
    report = lab.phone(alice, "--call", "202").report()
    assert report["exit_status"] == 0, report
    assert report["call"]["status"] == 200 and report["call"]["rtp_received"] > 20, report["call"]
    heard = called.stopped()["call"]
    assert heard["direction"] == "incoming" and heard["rtp_received"] > 20, heard
    capture.stop()
    assert any(packet.method == "INVITE" for packet in sip(capture)), sip(capture)
    rtp = capture.count(f"udp and ip.src == {lab.pbx.address} and ip.dst == {bob.address} "
                        "and udp.length == 180")
    assert rtp > 20, rtp  # 20 ms of G.711 and an RTP header, as tshark counts it


def test_an_endpoint_of_the_administrator_is_put_on_a_phone_as_it_is(lab):
    desk = lab.desk(1)
    secret = "Admin's own & <secret>"
    pbx = lab.pbx_with_module(pjsip=account("301", secret))
    listed = pbx.pnp("show extensions")
    assert re.search(r"301 .*the PBX", listed), listed
    said = pbx.pnp(f"assign {desk.mac} 301")
    assert f"{desk.mac} has 301" in said, said
    lab.phone(desk, *STAYS)
    pbx.wait_state(desk.mac, "registered")
    wait_state_of_endpoint(pbx, "301", "Not in use")
    pbx.stop()
    for path in glob.glob(os.path.join(pbx.folder, "var", "pnp.sqlite3*")):
        with open(path, "rb") as file:
            assert secret.encode() not in file.read(), f"{path} holds the PBX's password"


def wait_state_of_endpoint(pbx, number, state):
    pbx.wait_cli(f"pjsip show endpoint {number}", f"endpoint {number} is {state}",
                 lambda said: re.search(rf"Endpoint: +{number} +{state} ", said))


def test_an_endpoint_with_a_hashed_password_is_refused_with_what_to_do(lab):
    desk = lab.desk(1)
    hashed = account("301", "x").replace("auth_type = userpass", "auth_type = md5").replace(
        "password = x", "md5_cred = 0123456789abcdef0123456789abcdef")
    pbx = lab.pbx_with_module(pjsip=hashed)
    said = pbx.pnp(f"assign {desk.mac} 301")
    assert "hash cannot be turned back" in said and "auth_type = userpass" in said, said
    assert pbx.pnp_json("show devices")["devices"] == [], "nothing was assigned"


def test_an_extension_that_the_administrator_has_is_not_made_again(lab):
    pbx = lab.pbx_with_module(pjsip=account("301", "x"),
                              extensions="[pnp-extensions]\nexten => 302,1,Answer()\n")
    said = pbx.pnp("extension add 301")
    assert "belongs to the PBX" in said and "pnp assign MAC 301" in said, said
    said = pbx.pnp("extension add 302")
    assert "context pnp-extensions has an extension 302" in said, said
    assert re.search(r"extensions.conf line \d", said) and "pnp.sqlite3" in said, said
    assert pbx.pnp_json("show extensions")["extensions"] == [
        {"number": "301", "name": "", "devices": [], "owner": "the PBX"}]


def test_on_freepbx_an_extension_is_added_on_its_page(lab):
    pbx = lab.pbx_with_module(files={"pjsip.endpoint.conf": "; written by FreePBX\n"})
    said = pbx.pnp("extension add 201")
    assert "Connectivity > Extensions > Add Extension" in said, said
    assert "pnp assign MAC 201" in said, said


def test_a_phone_with_a_wrong_password_is_explained(lab):
    desk = lab.desk(1)
    pbx = lab.pbx_with_module(pjsip=account("301", "first"))
    pbx.pnp(f"assign {desk.mac} 301")
    lab.phone(desk, "--register").configured()
    path = os.path.join(pbx.etc, "pjsip.conf")
    with open(path, encoding="utf-8") as file:
        changed = file.read().replace("password = first", "password = second")
    pbx.configure("pjsip.conf", changed)
    pbx.cli("module reload res_pjsip.so")
    phone = lab.bare_phone(desk)
    phone.send(register_with_wrong_proof("301", desk.address), (lab.pbx.address, 5060))
    pbx.wait_cli(f"pnp explain {desk.mac}", "the refusal is told",
                 lambda said: "was refused by the PBX when it wanted to register" in said
                 and "wrong user or password" in said)


def register_with_wrong_proof(number, address):
    return "\r\n".join([
        "REGISTER sip:192.168.77.10 SIP/2.0",
        f"Via: SIP/2.0/UDP {address}:60000;branch=z9hG4bKwrong;rport",
        f"From: <sip:{number}@192.168.77.10>;tag=1", f"To: <sip:{number}@192.168.77.10>",
        f"Call-ID: wrong@{address}", "CSeq: 1 REGISTER", "Max-Forwards: 70",
        f"Contact: <sip:{number}@{address}:60000>",
        f'Authorization: Digest username="{number}", realm="asterisk", nonce="0", '
        'uri="sip:192.168.77.10", response="00000000000000000000000000000000", algorithm=MD5',
        "Content-Length: 0", "", ""]).encode()


def test_a_resync_reaches_the_registered_phone_through_the_pbx(lab):
    desk = lab.desk(1)
    pbx = lab.pbx_with_module()
    assign(pbx, desk, "201")
    phone = lab.phone(desk, *STAYS)
    pbx.wait_state(desk.mac, "registered")
    capture = lab.capture(desk)
    said = pbx.pnp(f"resync {desk.mac}")
    assert "goes out by the PBX" in said, said
    phone.wait_trace("NOTIFY ← 192.168.77.10:5060")
    capture.stop()
    (notify,) = [packet for packet in sip(capture) if packet.method == "NOTIFY"]
    assert notify.source == f"{lab.pbx.address}:5060", notify
    assert notify.event == "resync", vars(notify)
    phone.stopped()


def test_a_phone_that_restarts_is_lost_and_registers_again(lab):
    desk = lab.desk(1)
    pbx = lab.pbx_with_module()
    assign(pbx, desk, "201")
    lab.phone(desk, *STAYS, "--unregister").wait_trace("staying up")
    pbx.wait_state(desk.mac, "registered")
    lab.to_close[-1].stopped()
    pbx.wait_state(desk.mac, "configured")
    assert "lost its registration" in pbx.pnp(f"explain {desk.mac}")
    wait_hint(pbx, "201", "Unavailable")
    lab.phone(desk, *STAYS)
    pbx.wait_state(desk.mac, "registered")
    wait_hint(pbx, "201", "Idle")


def test_extensions_are_back_after_restarts_and_reloads(lab):
    desk = lab.desk(1)
    pbx = lab.pbx_with_module()
    assign(pbx, desk, "201", "Alice")
    lab.phone(desk, *STAYS)
    pbx.wait_state(desk.mac, "registered")
    for command in ("module reload res_pjsip.so", "dialplan reload", "module reload res_pnp.so",
                    "core reload"):
        pbx.cli(command)
        assert re.search(r"Endpoint: +201/201", pbx.cli("pjsip show endpoint 201")), command
        assert "Dial(PJSIP/201)" in pbx.cli("dialplan show 201@pnp-extensions"), command
        wait_hint(pbx, "201", "Idle")
    pbx.restart()
    assert re.search(r"Endpoint: +201/201", pbx.cli("pjsip show endpoint 201"))
    assert "Dial(PJSIP/201)" in pbx.cli("dialplan show 201@pnp-extensions")
    wait_hint(pbx, "201", "Idle")  # its registration outlives a restart


def test_who_may_not_have_a_file_gets_the_same_404(lab):
    desks = [lab.desk(number) for number in range(1, 5)]
    pbx = lab.pbx_with_module()
    assign(pbx, desks[0], "201")
    pbx.pnp(f"approve {desks[1].mac}")
    lab.phone(desks[0], "--register").configured()
    url = steady_url(pbx, desks[0].mac)
    name = "cfg{}.xml".format
    good = http_get(desks[0], url + name(desks[0].mac))
    assert good.startswith(b"HTTP/1.1 200 "), good[:200]
    answers = {}

    def ask(why, path):
        answer = http_get(desks[0], path)
        answers[why] = re.sub(rb"\r\nDate: [^\r]*", b"", answer)

    wrong = url.rsplit("/", 2)[0] + "/" + "A" * 22 + "/"
    ask("a wrong token", wrong + name(desks[0].mac))
    ask("another phone's name", url + name(desks[1].mac))
    ask("a pending phone", wrong + name(desks[2].mac))
    pbx.pnp(f"unassign {desks[0].mac}")
    ask("unassigned later", url + name(desks[0].mac))
    pbx.pnp(f"assign {desks[0].mac} 201")
    pbx.pnp(f"block {desks[0].mac}")
    ask("blocked", url + name(desks[0].mac))
    assert all(answer.startswith(b"HTTP/1.1 404 ") for answer in answers.values()), answers
    assert len(set(answers.values())) == 1, answers


def steady_url(pbx, mac):
    file = pbx.pnp(f"render {mac} cfg{mac}.xml --reveal")
    return re.search(r"http://[0-9.:]+/p/[\w-]{22}/", file)[0]


def wait_serving(pbx):
    pbx.wait_cli("pnp status", "phones are heard and served",
                 lambda said: "224.0.1.75:5060 is heard" in said and ":5480" in said)


# The port that the PBX and we share.

def group_of(pbx):
    """(membership of the group, options of the PBX's own socket) as the kernel has them."""
    members = pbx.host.run("cat", "/proc/net/igmp").stdout
    return "4B0100E0" in members


def test_transports_may_change_while_phones_are_served(lab):
    desk = lab.desk(1)
    pbx = lab.pbx_with_module(bind=None, pjsip=transport(0))
    assign(pbx, desk, "201")
    for tos in (0x10, 0x18, 0x20):
        path = os.path.join(pbx.etc, "pjsip.conf")
        with open(path, encoding="utf-8") as file:
            text = re.sub(r"tos = \d+", f"tos = {tos}", file.read())
        pbx.configure("pjsip.conf", text)
        pbx.cli("module reload res_pjsip.so")
        wait_serving(pbx)
        assert_answers_options(lab, desk)
    assert not [line for line in pbx.complaints() if "ddress already in use" in line]
    lab.phone(desk, "--register").configured()


def transport(tos):
    return (f"\n[transport-udp]\ntype = transport\nprotocol = udp\nbind = 0.0.0.0:5060\n"
            f"allow_reload = yes\ntos = {tos}\n")


def assert_answers_options(lab, desk, port=60001):
    phone = lab.bare_phone(desk, port)
    phone.send("\r\n".join([
        f"OPTIONS sip:{lab.pbx.address} SIP/2.0",
        f"Via: SIP/2.0/UDP {desk.address}:{port};branch=z9hG4bKoptions;rport",
        f"From: <sip:probe@{desk.address}>;tag=1", f"To: <sip:{lab.pbx.address}>",
        f"Call-ID: options{port}@{desk.address}", "CSeq: 1 OPTIONS", "Max-Forwards: 70",
        "Content-Length: 0", "", ""]).encode(), (lab.pbx.address, 5060))
    phone.listen(5 * lab.patience, until=b"SIP/2.0 ")
    lab.to_close.remove(phone)
    phone.close()


def test_an_unload_leaves_no_trace(lab):
    desk = lab.desk(1)
    pbx = lab.pbx_with_module()
    assign(pbx, desk, "201")
    pbx.pnp("extension add 202")
    lab.phone(desk, *STAYS)
    pbx.wait_state(desk.mac, "registered")
    assert group_of(pbx)
    assert flags_of(pbx) == {"0.0.0.0": (0, 0), GROUP[0]: (0, 0)}, flags_of(pbx)
    assert any("res_pnp" in path for path in pbx.maps())
    pbx.cli("module unload res_pnp.so")
    assert not group_of(pbx), "the group is left"
    assert flags_of(pbx) == {"0.0.0.0": (0, 1)}, flags_of(pbx)
    assert not any("res_pnp" in path for path in pbx.maps()), sorted(pbx.maps())
    assert "Unable to find object 201" in pbx.cli("pjsip show endpoint 201")
    said = pbx.cli("dialplan show pnp-extensions")
    assert "There is no existence of 'pnp-extensions'" in said, said
    said = pbx.cli("core show hints")
    assert "no registered dialplan hint" in said, said
    assert not pbx.knows("pnp status")
    assert not os.path.exists(os.path.join(pbx.folder, "run", "pnp.ctl"))
    pbx.cli("module load res_pnp.so")
    pbx.wait_state(desk.mac, "registered")  # as it was


def flags_of(pbx):
    """SO_REUSEADDR and IP_MULTICAST_ALL of each UDP socket on the PBX's port, as we found them."""
    libc = ctypes.CDLL(None)
    process = libc.syscall(SYS_PIDFD_OPEN, pbx.pid, 0)
    flags = {}
    for number in os.listdir(f"/proc/{pbx.pid}/fd"):
        copy = libc.syscall(SYS_PIDFD_GETFD, process, int(number), 0)
        if copy < 0:
            continue
        if not os.readlink(f"/proc/self/fd/{copy}").startswith("socket:"):
            os.close(copy)
            continue
        with socket.socket(fileno=copy) as each:
            if (each.family, each.type) == (socket.AF_INET, socket.SOCK_DGRAM) \
                    and each.getsockname()[1] == 5060:
                flags[each.getsockname()[0]] = (
                    each.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR),
                    each.getsockopt(socket.IPPROTO_IP, IP_MULTICAST_ALL))
    os.close(process)
    return flags


SYS_PIDFD_OPEN, SYS_PIDFD_GETFD, IP_MULTICAST_ALL = 434, 438, 49


def fewest(pbx, folder):
    """How many there are without those of a console that just goes."""
    counts = []
    for _ in range(10):
        counts.append(len(os.listdir(f"/proc/{pbx.pid}/{folder}")))
        time.sleep(0.05)
    return min(counts)


class Traces:
    """What a process holds, as far as it should be the same again."""

    def __init__(self, pbx):
        self.counts = {
            "threads": fewest(pbx, "task"),
            "descriptors": fewest(pbx, "fd"),
            "mapped files": len(pbx.maps()),
            "group": group_of(pbx),
            "flags": flags_of(pbx),
            "endpoints": pbx.cli("pjsip show endpoints").count("Endpoint:"),
            "hints": pbx.cli("core show hints").count("@pnp-extensions"),
        }

    def are_those_of(self, before):
        """The same, but that the PBX's own pools of threads may have shrunk meanwhile."""
        threads, fewer = before.counts["threads"], self.counts["threads"]
        return fewer <= threads and self.counts == before.counts | {"threads": fewer}

    def __repr__(self):
        return repr(self.counts)


def test_fifty_loads_and_unloads_change_nothing(lab):
    """Each with a phone registered, a download stalled half way and a NOTIFY unanswered."""
    desk, other = lab.desk(1), lab.desk(2)
    pbx = lab.pbx_with_module()
    assign(pbx, desk, "201")
    assign(pbx, other, "202")
    lab.phone(desk, *STAYS)
    pbx.wait_state(desk.mac, "registered")
    url = steady_url(pbx, desk.mac)
    count = 50 if lab.options.full or not lab.options.sanitized else 10
    seen = {}
    for cycle in range(1, count + 1):
        with stalled_download(desk, url + f"cfg{desk.mac}.xml"), unanswered_notify(lab, other):
            pbx.cli("module unload res_pnp.so")
        assert not pbx.knows("pnp status")
        assert_answers_options(lab, desk)
        pbx.cli("module load res_pnp.so")
        wait_serving(pbx)
        if cycle in (5, count):
            pbx.wait_state(desk.mac, "registered")
            pbx.wait_cli("pnp status", "its certificate is made and shown",
                         lambda said: f"https://{lab.pbx.address}:5481" in said)
            seen[cycle] = Traces(pbx)
    assert seen[count].are_those_of(seen[5]), seen


test_fifty_loads_and_unloads_change_nothing.seconds = 240
test_fifty_loads_and_unloads_change_nothing.optimised = True


def stalled_download(host, url):
    place, _, path = url.removeprefix("http://").partition("/")
    address, _, port = place.partition(":")
    connection = host.tcp((address, int(port)))
    connection.sendall(f"GET /{path} HTTP/1.1\r\nHost: {place}\r\n".encode())  # and no more
    return connection


def unanswered_notify(lab, host):
    made = host.udp(60000)
    made.sendto(subscribe(host.mac, host.address, 60000), GROUP)
    assert made.recv(4096).startswith(b"SIP/2.0 200"), "it is answered"
    made.settimeout(5.0 * lab.patience)
    assert made.recv(4096).startswith(b"NOTIFY "), "it is offered"
    return made


def test_the_module_shows_and_takes_only_what_it_may(lab):
    """Exported or unique symbols would pin it in the PBX; FreeSWITCH and others bring another
    sofia-sip under the same name; and sofia's own unique ids delete a thread key of the PBX when
    they are unloaded."""
    module = lab.module()
    defined = lab.run_here("nm", "-D", "--defined-only", module).splitlines()
    assert defined == [], defined
    needed = re.findall(r"NEEDED\).*\[(.+)\]", lab.run_here("readelf", "-d", module))
    assert needed and not [name for name in needed if "sofia" in name], needed
    assert "uniqueid" not in lab.run_here("nm", module), "sofia's destructor is linked in"


test_fifty_loads_and_unloads_change_nothing.alone = True  # counts what grows
