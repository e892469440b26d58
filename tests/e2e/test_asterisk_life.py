# SPDX-License-Identifier: MIT
"""Our module in the life of a PBX: stock configuration, consoles, reloads, and what goes wrong."""
import json
import os
import re
import socket
import subprocess
import time

from bare_phone import http_get, subscribe
from lab import Skip
from test_asterisk import (STAYS, assert_answers_options, assert_silent_pbx, assign, steady_url,
                           wait_hint, wait_serving)
from test_disk import fill
from test_flood import received

MANAGER = {"manager.conf": "[general]\nenabled = yes\nport = 5038\nbindaddr = 127.0.0.1\n"
                           "[tester]\nsecret = s3cret\nread = all\nwrite = all\n"}


def test_with_debians_own_configuration_as_user_asterisk(lab):
    """autoload = yes: some 300 modules, chan_sip and the configuration wizard among them."""
    desk = lab.desk(1)
    pbx = lab.pbx_with_module(stock=True, user="nobody", bind="0.0.0.0:5060")
    wait_serving(pbx)
    assign(pbx, desk, "201", "Alice")
    capture = lab.capture(desk)
    phone = lab.phone(desk, *STAYS)
    pbx.wait_state(desk.mac, "registered", 60)
    wait_hint(pbx, "201", "Idle")
    capture.stop()
    assert_silent_pbx(capture)
    pbx.cli("module unload res_pnp.so")
    assert "Unable to find object 201" in pbx.cli("pjsip show endpoint 201")
    assert not any("res_pnp" in path for path in pbx.maps())
    pbx.cli("module load res_pnp.so")
    pbx.wait_state(desk.mac, "registered")
    phone.stopped()


test_with_debians_own_configuration_as_user_asterisk.seconds = 240


class Manager:
    """A client of Asterisk's manager interface."""

    def __init__(self, lab):
        self.socket = lab.pbx.tcp(("127.0.0.1", 5038))
        self.patience = lab.patience
        self.text = ""
        self.ask("Action: Login\r\nUsername: tester\r\nSecret: s3cret")

    def ask(self, action):
        self.socket.sendall(action.encode() + b"\r\nActionID: 7\r\n\r\n")
        return self.until("ActionID: 7")

    def until(self, words):
        """The block that holds these words; what came before it is gone."""
        end = time.monotonic() + 20 * self.patience
        while time.monotonic() < end:
            blocks = self.text.split("\r\n\r\n")
            for number, block in enumerate(blocks[:-1]):
                if words in block:
                    self.text = "\r\n\r\n".join(blocks[number + 1:])
                    return block
            self.text += self.socket.recv(65536).decode()
        raise AssertionError(f"no {words!r} from the manager interface: {self.text}")


def test_the_manager_interface_tells_each_step_and_takes_commands(lab):
    desk = lab.desk(1)
    pbx = lab.pbx_with_module(files=MANAGER)
    with Manager(lab).socket:
        pass
    manager = Manager(lab)
    phone = lab.phone(desk, *STAYS)
    heard = manager.until("Event: PnpDeviceHeard")
    assert f"MAC: {desk.mac}" in heard and f"Address: {desk.address}" in heard, heard
    said = manager.ask("Action: PnpCommand\r\nCommand: extension add 201 --name Alice")
    assert "Response: Success" in said and "Status: 0" in said, said
    said = manager.ask(f"Action: PnpCommand\r\nCommand: assign {desk.mac} 201")
    assert "Response: Success" in said, said
    output = json.loads(re.search(r"Output: (.*)", said)[1])
    assert output["lines"] == ["201"], output
    for event in ("Assigned", "Offered", "FileServed", "Registered"):
        block = manager.until(f"Event: PnpDevice{event}\r\n")
        assert f"MAC: {desk.mac}" in block and "Lines: 201" in block, block
    said = manager.ask("Action: PnpCommand\r\nCommand: assign nonsense 201")
    assert "Response: Error" in said and "Status: 2" in said, said
    manager.ask("Action: PnpDevices")
    entry = manager.until("Event: PnpDeviceEntry")
    assert f"MAC: {desk.mac}" in entry and "State: registered" in entry, entry
    assert "ListItems: 1" in manager.until("Event: PnpDevicesComplete")
    manager.socket.close()
    phone.stopped()


def test_the_console_completes_and_corrects(lab):
    desk = lab.desk(1)
    pbx = lab.pbx_with_module()
    assign(pbx, desk, "201")

    def completions(line):
        return pbx.cli(f'_command matchesarray "{line}" "{line.split()[-1]}"').split()

    assert desk.mac in completions("pnp explain 001"), completions("pnp explain 001")
    assert "201" in completions(f"pnp assign {desk.mac} 2")
    assert f"cfg{desk.mac}.xml" in completions(f"pnp render {desk.mac} cfg{desk.mac[:3]}")
    assert "registered" in completions("pnp show devices reg")
    assert "devices" in completions("pnp show dev")
    assert "did you mean 'status'" in pbx.pnp("statsu")
    assert "Usage: pnp explain MAC" in pbx.cli("core show help pnp explain")
    listed = pbx.pnp("help")
    assert "assign MAC" in listed and "show devices" in listed, listed


def test_a_reload_drops_no_transfer(lab):
    desk = lab.desk(1)
    pbx = lab.pbx_with_module()
    assign(pbx, desk, "201")
    lab.phone(desk, "--register").configured()
    url = steady_url(pbx, desk.mac)
    place, _, path = url.removeprefix("http://").partition("/")
    address, _, port = place.partition(":")
    with desk.tcp((address, int(port))) as connection:
        head = f"GET /{path}cfg{desk.mac}.xml HTTP/1.1\r\nHost: {place}\r\nConnection: close\r\n"
        connection.sendall(head.encode())
        pbx.configure("pnp.conf", "[general]\nlog = warn\n")
        pbx.cli("core reload")
        connection.sendall(b"\r\n")
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    assert answer.startswith(b"HTTP/1.1 200 ") and b"</hl_provision>" in answer, answer[:300]
    pbx.configure("pnp.conf", "[general]\nnonsense = 1\n")
    pbx.cli("module reload res_pnp.so")
    lab.wait_for(lambda: re.search(r"pnp.conf:2: .*nonsense", pbx.log()),
                 "the mistake is told with its place")  # a thread of its own writes the log
    assert http_get(desk, url + f"cfg{desk.mac}.xml").startswith(b"HTTP/1.1 200 ")


TALKS = ("--talk", "10m")


def still_talks(lab, pbx, caller, desk):
    """What the phone says of its call when it hangs up, after it has heard the other one for a while."""
    assert "1 active call" in pbx.cli("core show channels"), pbx.cli("core show channels")
    before = received(desk)
    lab.wait_for(lambda: received(desk) > before + 50, "sound comes on")
    report = caller.stopped()
    assert report["exit_status"] == 0 and report["call"]["rtp_received"] > 50, report


def test_what_goes_wrong_with_us_takes_no_call_down(lab):
    alice, bob = lab.desk(1), lab.desk(2)
    pbx = lab.pbx_with_module()
    assign(pbx, alice, "201")
    assign(pbx, bob, "202")
    called = lab.phone(bob, "--answer", "--stay")
    pbx.wait_state(bob.mac, "registered")
    caller = lab.phone(alice, "--call", "202", *TALKS)
    caller.wait_trace("RTP")
    pbx.wait_cli("core show channels", "the call stands",
                 lambda said: "1 active call" in said)
    pbx.cli("module unload res_pnp.so")  # its endpoints go, the call stays
    database = os.path.join(pbx.folder, "var", "pnp.sqlite3")
    with open(database, "r+b") as file:
        file.seek(0)
        file.write(b"this is no database, and never was one")
    said = pbx.cli("module load res_pnp.so")
    assert "Unable to load module" in said or "declined" in said.lower(), said
    lab.wait_for(lambda: "pnp.sqlite3" in pbx.log(), "the log names the file")
    still_talks(lab, pbx, caller, alice)
    called.stopped()
    assert_answers_options(lab, alice)


def test_a_full_disk_and_refused_ports_take_no_call_down(lab):
    alice, bob = lab.desk(1), lab.desk(2)
    disk = os.path.join(lab.folder, "asterisk0", "disk")
    pbx = lab.pbx_with_module(f"data = {disk}\n", start=False)
    os.makedirs(disk)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], check=True)
    try:
        pbx.start()
        assign(pbx, alice, "201")
        assign(pbx, bob, "202")
        called = lab.phone(bob, "--answer", "--stay")
        pbx.wait_state(bob.mac, "registered")
        caller = lab.phone(alice, "--call", "202", *TALKS)
        caller.wait_trace("RTP")
        for number in range(203, 223):  # the database's log may give room back
            fill(disk)
            said = pbx.pnp(f"extension add {number}")
            if "the disk is full" in said:
                break
        assert "the disk is full" in said and "nothing was changed" in said, said
        assert "1 active call" in pbx.cli("core show channels")
        pbx.cli("module unload res_pnp.so")
        os.remove(os.path.join(disk, "fill"))
        with lab.pbx.inside():
            files = socket.create_server((lab.pbx.address, 5480))
            notify = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            notify.bind((lab.pbx.address, 5059))
        with files, notify:
            pbx.cli("module load res_pnp.so")
            pbx.wait_cli("pnp status", "both ports are told",
                         lambda said: "5480 is taken" in said and "5059 is taken" in said)
            still_talks(lab, pbx, caller, alice)
        called.stopped()
        pbx.stop()
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def test_exceptions_in_all_of_our_threads_take_no_call_down(lab):
    """Each allocation of ours fails while a call stands, in callbacks of the PBX, too."""
    if lab.options.sanitized:
        raise Skip("a sanitizer has allocations of its own")
    alice, bob, carol = lab.desk(1), lab.desk(2), lab.desk(3)
    flag = os.path.join(lab.folder, "no-memory-now")
    shim = lab.compiled("no_memory", "-shared", "-fPIC")
    pbx = lab.pbx_with_module(environment=(f"LD_PRELOAD={shim}", f"NO_MEMORY={flag}"), version="16")
    for number, desk in (("201", alice), ("202", bob), ("203", carol)):
        assign(pbx, desk, number)
    called = lab.phone(bob, "--answer", "--stay")
    pbx.wait_state(bob.mac, "registered")
    url = steady_url(pbx, alice.mac)
    caller = lab.phone(alice, "--call", "202", *TALKS)
    caller.wait_trace("RTP")
    place, _, path = url.removeprefix("http://").partition("/")
    address, _, port = place.partition(":")
    phone = lab.bare_phone(carol)
    with open(flag, "w", encoding="utf-8"):
        for number in range(20):
            phone.send(subscribe(carol.mac, carol.address, 60000, branch=f"z9hG4bK{number}"))
            with carol.tcp((address, int(port))) as connection:
                connection.sendall(f"GET /{path}x HTTP/1.1\r\nHost: {place}\r\n\r\n".encode())
        assert "failed" in pbx.pnp("status")
        pbx.pnp(f"assign {alice.mac} 203")
        pbx.cli("module reload res_pnp.so")
        assert "1 active call" in pbx.cli("core show channels"), pbx.cli("core show channels")
    os.unlink(flag)
    still_talks(lab, pbx, caller, alice)
    called.stopped()
    phone.close()
    lab.to_close.remove(phone)
    wait_serving(pbx)
    lab.phone(carol, "--register").configured()  # as if nothing had been


test_exceptions_in_all_of_our_threads_take_no_call_down.optimised = True


def test_extensions_are_added_after_an_unload_and_asterisk_lives(lab):
    """An unload that takes something of the PBX along shows when the PBX next uses it."""
    pbx = lab.pbx_with_module()
    for number in range(201, 219):
        if number % 6 == 3:
            pbx.cli("module unload res_pnp.so")
            pbx.cli("module load res_pnp.so")
        assert f"Extension {number} is there" in pbx.pnp(f"extension add {number}")
        assert f"Dial(PJSIP/{number})" in pbx.cli(f"dialplan show {number}@pnp-extensions")
    pbx.pnp("extension remove 201")
    assert "PJSIP/201" not in pbx.cli("dialplan show pnp-extensions")
    assert not pbx.complaints(), pbx.complaints()


def test_a_port_that_was_taken_before_is_told_and_asterisk_goes_on(lab):
    desk = lab.desk(1)
    pbx = lab.pbx_with_module(start=False, config="http_port = 5480\n")
    with lab.pbx.inside():
        taken = socket.create_server((lab.pbx.address, 5480))
    with taken:
        pbx.start()
        said = pbx.wait_cli("pnp status", "the problem is told", lambda text: "5480 is" in text)
        assert "problem" in said, said
        assert_answers_options(lab, desk)
    pbx.wait_cli("pnp status", "the port is taken when it is free",
                 lambda text: f"http://{lab.pbx.address}:5480" in text)


def test_stopped_while_a_certificate_is_made_asterisk_ends_in_peace(lab):
    """`core stop now` unloads no module, and OpenSSL is gone before our threads are."""
    pbx = lab.pbx_with_module()
    for _ in range(6):
        pbx.stop()
        for name in os.listdir(os.path.join(pbx.folder, "var")):
            if name.startswith("pnp-ca"):
                os.remove(os.path.join(pbx.folder, "var", name))  # so that keys are made again
        pbx.start()


def test_switched_off_nothing_of_the_pbx_is_touched(lab):
    desk = lab.desk(1)
    pbx = lab.pbx_with_module("receive = off\n")
    said = pbx.pnp("status")
    assert "receive = off" in said and "4B0100E0" not in lab.pbx.run("cat", "/proc/net/igmp").stdout
    phone = lab.bare_phone(desk)
    assert_answers_options(lab, desk)
    pbx.configure("pnp.conf", "[general]\nreceive = socket\n")
    pbx.cli("module reload res_pnp.so")
    said = pbx.wait_cli("pnp status", "the port is the PBX's", lambda text: "problem" in text)
    assert "is taken by" in said and "0.0.0.0" in said, said
    phone.close()
    lab.to_close.remove(phone)
    pbx.configure("pnp.conf", "[general]\n")
    pbx.cli("module reload res_pnp.so")
    wait_serving(pbx)
