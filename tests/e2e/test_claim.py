# SPDX-License-Identifier: MIT
"""A phone becomes somebody's by dialling, inside a real Asterisk, and a guest again."""
import os
import re
import threading
import time

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
    phone = lab.phone(desk, "--call", f"*77*201*{pin}", "--stay", *flash)
    wait_lines(lab, pbx, desk.mac, ["201"])
    phone.wait_trace("as 201, with proof", 40)
    pbx.wait_state(desk.mac, "registered")
    story = pbx.pnp(f"explain {desk.mac}")
    assert f"registered at the PBX: guest{desk.mac}" in story, story
    assert "registered with 201" in story and pin not in story, story
    phone.stopped()
    ours = [line for line in pbx.log().splitlines() if " res_pnp.c: " in line]
    assert ours and not [line for line in ours if pin in line], "Asterisk's own lines say what was dialled"
    again = lab.phone(desk, "--call", "*78", "--stay", *flash)
    wait_lines(lab, pbx, desk.mac, [f"guest{desk.mac}"])
    again.wait_trace(f"as guest{desk.mac}, with proof", 40)
    again.stopped()


class Office:
    """Two guests that the PBX sees at one address, and what they are told."""

    def __init__(self, lab):
        self.lab = lab
        place = BranchOffice(lab, OUI)
        self.pbx = lab.pbx_with_module(CODES, extensions=DIAL_PLAN, more=CALLS)
        self.pbx.pnp("extension add 201")
        self.pbx.pnp("extension add 202")
        self.pbx.pnp("extension pin 201 4711")
        self.pbx.pnp("extension pin 202 123456")
        self.a, self.b = (self.guest(host, mac) for host, mac in
                          ((place.phone, A), (place.poser, B)))
        contacts = self.pbx.cli("pjsip show contacts")
        assert contacts.count(f"@{OUTSIDE[:6]}") == 2, contacts  # of which it shows no more

    def guest(self, host, mac):
        self.pbx.pnp(f"guest {mac}")
        number = f"guest{mac}"
        phone = self.account(host, number, password_of(self.pbx, mac, number), 5060)
        assert phone.register() == 200
        return phone

    def account(self, host, number, password, port):
        return self.lab.close_later(SipAccount(host, number, password, self.lab.pbx.address, port))

    def lines(self):
        return [lines_of(self.pbx, mac) for mac in (A, B)]


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
    assert "was transferred to a code" in office.pbx.log()
    assert office.lines() == [["201"], [f"guest{B}"]]
    assert phone.call("*78") == 200
    assert office.lines() == [[f"guest{A}"], [f"guest{B}"]]


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


def test_a_restart_while_somebody_types_changes_nothing_and_nothing_is_left_after_an_unload(lab):
    office = Office(lab)
    pbx, a = office.pbx, office.a
    done = []
    call = threading.Thread(target=lambda: done.append(a.call("*77*201", [])), daemon=True)
    call.start()
    lab.wait_for(lambda: "PnpClaim" in pbx.cli("core show channels"), "the call is asked")
    restart_now(lab, pbx)
    call.join(30)
    assert office.lines() == [[f"guest{A}"], [f"guest{B}"]]
    assert a.call("*77*201*4711") == 200
    assert office.lines() == [["201"], [f"guest{B}"]]
    time.sleep(1)
    pbx.cli("module unload res_pnp.so")
    for command in ("dialplan show", "core show applications", "pjsip show endpoints"):
        said = pbx.cli(command)
        assert "pnp" not in said.lower() and "guest0" not in said, said
