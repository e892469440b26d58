# SPDX-License-Identifier: MIT
"""A phone becomes somebody's by dialling, inside a real Asterisk, and a guest again."""
import os
import re
import threading

from asterisk import account
from branch_office import BranchOffice, OUTSIDE
from sip_account import SipAccount

OUI = "00:1f:c1"
CODES = ("claim_code = *77\nemergency_numbers = 112\nemergency_context = phones\n")
GUESTS = "unknown_phone = guest\n" + CODES
DIAL_PLAN = "[phones]\nexten => 112,1,Answer()\n same => n,Wait(1)\n same => n,Hangup()\n"
CALLS = ("res_pjsip_nat",)
A, B = "001fc1000001", "001fc1000002"


def lines_of(pbx, mac):
    rows = pbx.pnp_json("show devices")["devices"]
    return next((row["lines"] for row in rows if row["mac"] == mac), None)


def wait_lines(lab, pbx, mac, lines):
    lab.wait_for(lambda: lines_of(pbx, mac) == lines, f"{mac} has {lines}")


def password_of(pbx, mac, number):
    """As it stands in the phone's own file."""
    said = pbx.pnp(f"render {mac} cfg{mac}.xml --reveal")
    assert number in said, said
    return re.search(r'Account1_AuthenticatePassword"?>([^<]+)<', said)[1]


def restart_now(lab, pbx):
    """As somebody types it: Asterisk begins anew in the same process, and calls end."""
    before = pbx.log().count("Asterisk Ready")
    pbx._try_cli("core restart now")
    lab.wait_for(lambda: pbx.log().count("Asterisk Ready") > before, "Asterisk began anew")
    pbx.wait_booted()


def test_a_guest_claims_an_extension_by_dialling_and_is_a_guest_again(lab):
    desk = lab.desk(1)
    pbx = lab.pbx_with_module(GUESTS, extensions=DIAL_PLAN)
    pbx.pnp("extension add 201")
    said = pbx.pnp("extension pin 201")
    pin = re.search(r"The PIN of 201 is (\d{6});", said)[1]
    flash = ("--state", os.path.join(lab.folder, "flash"))
    guest = lab.phone(desk, "--register", "--stay", *flash)
    lab.wait_for(lambda: f"registered at the PBX: guest{desk.mac}" in pbx.pnp(f"explain {desk.mac}"),
                 "the guest is registered")
    guest.stopped()
    phone = lab.phone(desk, "--call", f"*77*201*{pin}", "--stay", *flash)
    wait_lines(lab, pbx, desk.mac, ["201"])
    phone.wait_trace("as 201, with proof", 40)
    pbx.wait_state(desk.mac, "registered")
    story = pbx.pnp(f"explain {desk.mac}")
    assert "registered with 201" in story and pin not in story, story
    phone.stopped()
    ours = [line for line in pbx.log().splitlines() if " res_pnp.c: " in line]
    assert ours and not [line for line in ours if pin in line], "Asterisk's own lines say what was dialled"
    again = lab.phone(desk, "--call", "*78", "--stay", *flash)
    wait_lines(lab, pbx, desk.mac, [f"guest{desk.mac}"])
    again.wait_trace(f"as guest{desk.mac}, with proof", 40)
    again.stopped()


class Guests:
    """Two guests, and what they are told."""

    def __init__(self, lab, hosts, config=CODES, dial_plan=DIAL_PLAN, more=(), **wishes):
        self.lab = lab
        self.pbx = lab.pbx_with_module(config, extensions=dial_plan, more=(*CALLS, *more), **wishes)
        self.pbx.pnp("extension add 201")
        self.pbx.pnp("extension add 202")
        self.pbx.pnp("extension pin 201 4711")
        self.pbx.pnp("extension pin 202 123456")
        self.a, self.b = (self.guest(host, mac) for host, mac in zip(hosts, (A, B)))

    def guest(self, host, mac):
        self.pbx.pnp(f"guest {mac}")
        number = f"guest{mac}"
        phone = self.account(host, number, password_of(self.pbx, mac, number), 5060)
        assert phone.register(600) == 200  # which ends before what it registers later
        return phone

    def account(self, host, number, password, port, user_agent="test"):
        return self.lab.close_later(SipAccount(host, number, password, self.lab.pbx.address, port,
                                               user_agent, self.lab.patience))

    def claimed(self, guest, mac, number, pin, user_agent="test"):
        """The guest claims the number, and registers with it."""
        assert guest.call(f"*77*{number}*{pin}") == 200
        phone = self.account(guest.host, number, password_of(self.pbx, mac, number), 5070, user_agent)
        assert phone.register() == 200
        return phone

    def lines(self):
        return [lines_of(self.pbx, mac) for mac in (A, B)]


class Office(Guests):
    """The PBX sees both at one address."""

    def __init__(self, lab):
        place = BranchOffice(lab, OUI)
        super().__init__(lab, (place.phone, place.poser))
        contacts = self.pbx.cli("pjsip show contacts")
        assert contacts.count(f"@{OUTSIDE[:6]}") == 2, contacts  # of which it shows no more


class Room(Guests):
    """They are where the PBX is."""

    def __init__(self, lab, **wishes):
        super().__init__(lab, (lab.desk(1), lab.desk(2)), **wishes)


def test_of_two_guests_behind_one_address_the_one_that_dialled_is_claimed(lab):
    office = Office(lab)
    pbx, a, b = office.pbx, office.a, office.b
    assert a.call("*77*201*4711%23", caller=f"guest{B}") == 200
    assert office.lines() == [["201"], [f"guest{B}"]]
    a.wait(lambda: a.notified, "word to come again")
    assert b.notified == [], b.notified
    # What it was it stays until it comes: it is told again, also by an Asterisk that began anew.
    told = len(a.notified)
    restart_now(lab, pbx)
    assert office.lines() == [["201"], [f"guest{B}"]]
    a.wait(lambda: len(a.notified) > told, "word to come again after the restart", 40)
    assert b.notified == [], b.notified
    phone = office.account(a.host, "201", password_of(pbx, A, "201"), 5070)
    assert phone.register() == 200
    assert phone.call("*77*202*123456") == 200, "it is somebody's already"
    assert office.lines() == [["201"], [f"guest{B}"]]
    assert phone.call("*78") == 200
    assert office.lines() == [[f"guest{A}"], [f"guest{B}"]]
    phone.wait(lambda: phone.notified, "word to come again")
    assert b.notified == [], b.notified


def test_a_guest_reaches_the_codes_and_the_emergency_numbers_alone(lab):
    office = Office(lab)
    assert office.a.call("112") == 200
    for number in ("201", "113", f"guest{B}", "*79"):
        assert office.a.call(number) == 404, number
    assert "problem" not in office.pbx.pnp("status"), office.pbx.pnp("status")
    office.pbx.pnp("extension add 112")
    office.pbx.pnp("extension remove 112")
    assert office.a.call("112") == 200, "an extension of ours took the emergency number along"
    office.pbx.configure("extensions.conf", "[phones]\n")
    office.pbx.cli("dialplan reload")
    assert "guests cannot reach 112" in office.pbx.pnp("status")


def test_digits_that_are_missing_are_asked_for_and_typed(lab):
    office = Office(lab)
    assert office.b.call("*77", ["202#", "123456#"]) == 200
    assert office.lines() == [[f"guest{A}"], ["202"]]
    assert office.a.call("*77*201", ["4711#"]) == 200
    assert office.lines() == [["201"], ["202"]]


def test_a_hash_behind_the_extension_ends_it_and_the_pin_is_asked_for(lab):
    office = Office(lab)
    assert office.a.call("*77*201%23", ["4711#"]) == 200
    assert office.lines() == [["201"], [f"guest{B}"]]


def test_a_phone_that_is_called_or_sent_to_a_code_did_not_dial_it(lab):
    office = Office(lab)
    assert office.a.call("*77*201*4711") == 200
    phone = office.account(office.a.host, "201", password_of(office.pbx, A, "201"), 5070)
    assert phone.register() == 200
    office.pbx.configure("extensions.conf", DIAL_PLAN + "exten => 7,1,Set(BLINDTRANSFER=PJSIP/202)\n"
                         " same => n,PnpRelease()\n[pnp-extensions]\ninclude => phones\n")
    office.pbx.cli("dialplan reload")
    phone.call("7")
    lab.wait_for(lambda: "was transferred to a code" in office.pbx.log(), "it is refused")
    assert office.lines() == [["201"], [f"guest{B}"]]
    assert phone.call("*78") == 200
    assert office.lines() == [[f"guest{A}"], [f"guest{B}"]]


def test_a_phone_that_is_transferred_to_a_code_or_called_from_it_did_not_dial_it(lab):
    room = Room(lab, more=("res_pjsip_refer",))
    pbx = room.pbx
    one, other = room.claimed(room.a, A, "201", "4711"), room.claimed(room.b, B, "202", "123456")
    call = threading.Thread(target=other.call, args=("201",), daemon=True)
    call.start()
    lab.wait_for(lambda: re.search(r" 2 +basic ", pbx.cli("bridge show all")), "they talk")
    assert one.refer("*78") == 202
    lab.wait_for(lambda: not call.is_alive(), "its call ends", 30)
    lab.wait_for(lambda: pbx.log().count("was transferred to a code") == 1, "it is refused")
    assert room.lines() == [["201"], ["202"]]
    pbx.cli("channel originate PJSIP/202 extension *78@pnp-extensions")
    lab.wait_for(lambda: pbx.log().count("was transferred to a code") == 2, "it answered")
    assert room.lines() == [["201"], ["202"]]
    assert other.call("*78") == 200
    assert room.lines() == [["201"], [f"guest{B}"]]


def test_a_program_with_a_phones_password_does_not_release_it_from_elsewhere(lab):
    room = Room(lab)
    phone = room.claimed(room.a, A, "201", "4711")
    poser = room.account(room.b.host, "201", phone.password, 5070)
    assert poser.call("*78") == 200
    assert room.lines() == [["201"], [f"guest{B}"]]
    assert phone.call("*78") == 200
    assert room.lines() == [[f"guest{A}"], [f"guest{B}"]]


def test_a_phone_waits_for_the_end_of_its_own_call_and_not_of_another_s_with_its_number(lab):
    room = Room(lab, dial_plan=DIAL_PLAN + "exten => 7,1,Answer()\n same => n,Wait(300)\n"
                "[pnp-extensions]\ninclude => phones\n")
    one, other = (room.claimed(guest, mac, "201", "4711", f"Htek UC924 2.0.4.2 {mac}")
                  for guest, mac in ((room.a, A), (room.b, B)))
    assert [guest.register(0) for guest in (room.a, room.b)] == [200, 200]
    threading.Thread(target=one.call, args=("7",), daemon=True).start()
    lab.wait_for(lambda: "Wait" in room.pbx.cli("core show channels"), "it talks")
    assert one.call("*78") == 200
    assert other.call("*78") == 200
    assert room.lines() == [[f"guest{A}"], [f"guest{B}"]]
    other.wait(lambda: other.notified, "word to come, though another with its number talks")
    assert one.notified == [], "it talks"
    room.pbx.cli("channel request hangup all")
    one.wait(lambda: one.notified, "word to come when its call has ended")


def test_a_released_phone_that_names_no_mac_is_told_to_come_after_a_restart_of_asterisk(lab):
    office = Office(lab)
    phone = office.claimed(office.a, A, "201", "4711")
    assert phone.call("*78") == 200
    restart_now(lab, office.pbx)
    assert office.lines() == [[f"guest{A}"], [f"guest{B}"]]
    told = len(phone.notified)
    phone.wait(lambda: len(phone.notified) > told, "word to come after the restart", 90)
    assert office.b.notified == [], office.b.notified


def test_who_dials_hears_what_is_asked_and_what_came_of_it(lab):
    prompts = ("vm-extension", "agent-pass", "auth-thankyou", "vm-incorrect", "pbx-invalid",
               "vm-goodbye")
    sounds = {name: bytes([0x10 + i]) * 2400 for i, name in enumerate(prompts)}
    room = Room(lab, more=("format_pcm",), sounds=sounds)

    def heard_by(phone):
        return [prompts[sound - 0x10] for sound in phone.heard() if sound - 0x10 in range(len(prompts))]

    assert room.a.call("*77", ["202#", "123456#"]) == 200
    assert heard_by(room.a) == ["vm-extension", "agent-pass", "auth-thankyou"]
    assert room.lines() == [["202"], [f"guest{B}"]]
    assert room.b.call("*77*201*0000") == 200
    assert heard_by(room.b) == ["vm-incorrect", "vm-extension", "vm-goodbye"], "nobody types"
    assert room.a.call("*77*201*4711") == 200
    assert heard_by(room.a) == ["pbx-invalid", "vm-goodbye"], "it is somebody's already"


def test_a_guest_reaches_an_emergency_number_in_the_middle_of_reloads(lab):
    """There are so many that one would be away for long while all are put anew."""
    numbers = ", ".join(str(number) for number in range(1000, 1500))
    room = Room(lab, config=CODES.replace("112", f"112, {numbers}"),
                dial_plan=DIAL_PLAN + "exten => _1XXX,1,Hangup(17)\n")

    said, ends = [], threading.Event()

    def reload():
        while not ends.is_set():
            said.append(room.pbx.pnp("reload"))

    reloads = threading.Thread(target=reload, daemon=True)
    reloads.start()
    calls = []
    while reloads.is_alive() and (len(calls) <= 30 or len(said) < 15):
        calls.append(room.a.call("1499"))
    ends.set()
    reloads.join()
    assert len(said) >= 15 and all("were read again" in each for each in said), said
    assert set(calls) == {486}, calls
    room.pbx.configure("pnp.conf", f"[general]\nvendors = {lab.folder}/vendors\n" + CODES
                       + "guests_context = lobby\n")
    room.pbx.pnp("reload")
    assert "1499" not in room.pbx.cli("dialplan show pnp-guests"), "what is not wanted any more goes"
    assert room.a.call("1499") == 404 and room.a.call("112") == 200


test_a_guest_reaches_an_emergency_number_in_the_middle_of_reloads.seconds = 240


def test_a_code_is_no_extension_and_one_that_is_there_already_is_told_of(lab):
    pbx = lab.pbx_with_module(CODES, extensions=DIAL_PLAN)
    conf = f"[general]\nvendors = {lab.folder}/vendors\n"
    for number in ("*77", "*78", "*77*1"):
        said = pbx.pnp(f"extension add {number}")
        assert "claim_code = *77, release_code = *78" in said and "another number" in said, said
    rows = os.path.join(lab.folder, "rows.csv")
    with open(rows, "w", encoding="utf-8") as file:
        file.write(f"mac,extensions,name\n{A},*78,Alice\n")
    said = lab.pbx.run(os.path.join(lab.options.bin, "pnpctl"), "--control",
                       os.path.join(pbx.folder, "run/pnp.ctl"), "import", rows)
    assert said.returncode == 1 and "choose another number" in said.stdout + said.stderr, said
    assert "PnpClaim" in pbx.cli("dialplan show *77@pnp-extensions")
    assert "is there" in pbx.pnp("extension add *87")
    pbx.configure("pnp.conf", conf + CODES.replace("*77", "*87"))
    said = pbx.pnp("reload")
    assert "extension *87 is in the way" in said and "pnp extension remove *87" in said, said
    assert "PnpClaim" in pbx.cli("dialplan show *77@pnp-extensions"), "the old ones stay"
    pbx.restart()
    assert "extension *87 is in the way" in pbx.pnp("status")
    assert "Dial(PJSIP/*87" in pbx.cli("dialplan show *87@pnp-extensions")
    assert "'112' =>" in pbx.cli("dialplan show pnp-guests")
    assert "is gone" in pbx.pnp("extension remove *87")
    assert "were read again" in pbx.pnp("reload")
    assert "in the way" not in pbx.pnp("status")
    assert "PnpClaim" in pbx.cli("dialplan show *87@pnp-extensions")


def test_a_guest_transfers_nobody(lab):
    office = Office(lab)
    office.pbx.pnp(f"assign {B} 202")
    said = office.pbx.cli(f"pjsip show endpoint guest{A}")
    assert re.search(r"allow_transfer +: (false|no)", said), said
    said = office.pbx.cli("pjsip show endpoint 202")
    assert re.search(r"allow_transfer +: (true|yes)", said), said


def test_emergency_numbers_are_there_though_a_code_is_the_administrators(lab):
    pbx = lab.pbx_with_module(CODES, extensions=DIAL_PLAN + "[pnp-guests]\nexten => *77,1,NoOp()\n"
                              "[pnp-extensions]\nexten => *78,1,NoOp()\n")
    said = pbx.cli("dialplan show pnp-guests")
    assert "'112' =>" in said and "'*78' =>" in said, said
    assert "phones cannot be claimed by dialling" in pbx.pnp("status")


def test_beside_freepbx_a_guest_has_its_file_and_is_claimed(lab):
    pbx = lab.pbx_with_module(CODES, pjsip=account("201", "front desk 7"), extensions=DIAL_PLAN,
                              files={"pjsip.endpoint.conf": "; written by FreePBX\n"})
    pbx.pnp(f"guest {A}")
    assert password_of(pbx, A, f"guest{A}")
    pbx.pnp(f"assign {A} 201")
    assert password_of(pbx, A, "201") == "front desk 7"


def test_a_guest_that_nobody_could_claim_is_not_made(lab):
    pbx = lab.pbx_with_module("")
    assert "write claim_code = *77" in pbx.pnp(f"guest {A}")
    assert lines_of(pbx, A) is None


def test_five_wrong_pins_lock_the_phone_and_the_extension_also_after_a_restart(lab):
    office = Office(lab)
    pbx, a, b = office.pbx, office.a, office.b
    assert a.call("*77*201*0000", ["201#", "0001#", "201#", "0002#"]) == 200, "three of them"
    restart_now(lab, pbx)
    assert a.call("*77*201*0003", ["201#", "0004#"]) == 200
    assert "5 wrong PINs" in pbx.pnp(f"explain {A}"), pbx.pnp(f"explain {A}")
    assert a.call("*77*202*123456") == 200 and b.call("*77*201*4711") == 200
    assert office.lines() == [[f"guest{A}"], [f"guest{B}"]], "both are locked"
    assert f"lock {A} for claims and extension 201" in pbx.pnp("show audit")
    assert b.call("*77*202*123456") == 200
    assert office.lines() == [[f"guest{A}"], ["202"]], "and nobody else"
    pbx.pnp("unlock 201")
    pbx.pnp(f"unlock {A}")
    assert a.call("*77*201*4711") == 200
    assert office.lines() == [["201"], ["202"]]


test_five_wrong_pins_lock_the_phone_and_the_extension_also_after_a_restart.seconds = 240


def test_a_restart_while_somebody_types_changes_nothing_and_nothing_is_left_after_an_unload(lab):
    office = Office(lab)
    pbx, a = office.pbx, office.a
    done = []
    call = threading.Thread(target=lambda: done.append(a.call("*77*201", [])), daemon=True)
    call.start()
    lab.wait_for(lambda: "PnpClaim" in pbx.cli("core show channels"), "the call is asked")
    restart_now(lab, pbx)
    lab.wait_for(lambda: not call.is_alive(), "its call ends", 90)
    assert office.lines() == [[f"guest{A}"], [f"guest{B}"]]
    assert a.call("*77*201*4711") == 200
    assert office.lines() == [["201"], [f"guest{B}"]]
    pbx.wait_cli("core show channels", "no call is left", lambda said: "0 active channels" in said)
    pbx.cli("module unload res_pnp.so")
    for command in ("dialplan show", "core show applications", "pjsip show endpoints"):
        said = pbx.cli(command)
        assert "pnp" not in said.lower() and "guest0" not in said, said
