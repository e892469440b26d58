# SPDX-License-Identifier: MIT
"""What goes wrong while all phones of a site start: none is lost, and all goes on by itself."""
import glob
import os
import select
import subprocess
import threading
import time

from bare_phone import http_get, subscribe
from crowd import give_extensions
from lab import Skip
from storm import Storm, mac_of
from test_attackers import fetched, file_of, offered, path_of, status
from test_explain import Clock


class Beside:
    """A storm that goes on while a test breaks things; it is over when `report` returns."""

    def __init__(self, storm, *options, patience="60s"):
        self.told = None
        self.thread = threading.Thread(
            target=lambda: setattr(self, "told", storm.plug_in(*options, patience=patience)))
        self.thread.start()

    def is_on(self):
        return self.thread.is_alive()

    def report(self):
        self.thread.join()
        assert self.told is not None, "the storm did not end well"
        return self.told


def size_of(lab, short, long):
    return long if lab.options.soak else short


def assert_all_right(report, count):
    assert report["right"] == count and report["strange"] == 0, report


def assert_most_right(report, count):
    """Phones that had their 200 when it was broken get no NOTIFY and ask no more; they are few."""
    assert report["strange"] == 0 and report["right"] >= count // 2, report


def test_a_clock_that_jumps_while_phones_start_keeps_none_from_its_url(lab):
    count = size_of(lab, 150, 10_000)
    clock, storm, desk = Clock(lab), Storm(lab, count), lab.desk(1)
    pnpd = lab.pnpd("log = warn\n", environment=clock.environment)
    give_extensions(lab, pnpd, map(mac_of, range(count)), 100_000)
    waiting = lab.bare_phone(desk)
    waiting.send(subscribe(desk.mac, desk.address, 60000))
    waiting.listen(5 * lab.patience, until=b"SIP/2.0 200")
    beside = Beside(storm, "--rate", size_of(lab, 50, 200))
    day = 24 * 3600
    jumps = [400 * day, -20_000 * day, day, -day, 0]
    while beside.is_on():
        clock.set(jumps[0])
        jumps.append(jumps.pop(0))
        time.sleep(0.5)
    clock.set(0)
    assert_all_right(beside.report(), count)
    # One that waits does so by a clock that nobody sets.
    assert desk.mac in pnpd.text("show", "devices", "pending")
    pnpd.ctl("extension", "add", "201")
    pnpd.ctl("assign", desk.mac, "201")
    waiting.listen(10 * lab.patience, until=b"NOTIFY ")
    waiting.close()
    lab.to_close.remove(waiting)
    lab.phone(desk).configured()


def test_an_interface_that_flaps_while_phones_start_keeps_none_from_its_url(lab):
    count = size_of(lab, 150, 900)  # the kernel looks for each address, and has room for 1,024
    host = lab.network.host("storm")
    lab.network.plug(host, "storm0", "10.127.0.2/10", "storm")
    host.ip("route", "add", "local", "10.64.0.0/12", "dev", "lo")
    lab.network.plug(lab.pbx, "eth1", "10.127.0.1/10", "storm")
    pnpd = lab.pnpd("log = warn\nneighbour_check = off\n")
    give_extensions(lab, pnpd, map(mac_of, range(count)), 100_000)
    storm = Storm(lab, count, host)
    for _ in range(size_of(lab, 1, 20)):
        beside = Beside(storm, "--rate", 50, patience="10s")
        for flap in range(4):
            time.sleep(0.7)
            if flap % 2:
                lab.network.unplug(lab.pbx, "eth1")
                lab.network.plug(lab.pbx, "eth1", "10.127.0.1/10", "storm")
            else:
                lab.pbx.ip("link", "set", "eth1", "down")
                time.sleep(0.3)
                lab.pbx.ip("link", "set", "eth1", "up")
        disturbed = beside.report()
        assert_most_right(disturbed, count)
        lost = count - disturbed["right"]
        print(f"     {lost} of {count} were answered just before, and ask when they are plugged in again")
        pnpd.wait_status("it is served again", lambda text: "//10.127.0.1:5480" in text)
        assert_all_right(storm.plug_in(), count)


def test_a_kill_while_phones_start_loses_nothing_that_was_confirmed(lab):
    count = size_of(lab, 150, 5_000)
    storm, desk = Storm(lab, count), lab.desk(1)
    pnpd = storm.pnpd("log = warn\n")
    pnpd.ctl("extension", "add", "201")
    pnpd.ctl("assign", desk.mac, "201")
    confirmed, urls = {}, []
    for round_ in range(size_of(lab, 1, 10)):
        beside = Beside(storm, "--rate", count // 4, patience="20s")
        for number in range(2):
            url, phone = offered(lab, desk)
            urls.append(url)
            phone.close()
            lab.to_close.remove(phone)
            mac = f"001fc10b{round_:02x}{number:02x}"
            if pnpd.ctl("assign", mac, "201", check=False).returncode == 0:
                confirmed[mac] = ["201"]
            pnpd.kill()
            pnpd.start()
        # A phone that had its 200 already asks no more until it is plugged in again (RFC 3261 17.1.2.2).
        assert_most_right(beside.report(), count)
        there = {row["mac"]: row["lines"] for row in pnpd.json("show", "devices")["devices"]}
        assert len(confirmed) == 2 * (round_ + 1), confirmed
        assert all(there.get(mac) == lines for mac, lines in confirmed.items()), (confirmed, there)
        assert_all_right(storm.plug_in(), count)
    # The last URL that was sent before a kill opens the phone's file behind it.
    assert status(http_get(desk, urls[-1] + file_of(desk))) == 200
    assert b"201" in fetched(desk, urls[-1])


def limit_descriptors(pnpd, most):
    done = pnpd.host.run("prlimit", "--pid", pnpd.program.pid, f"--nofile={most}:1024")
    assert done.returncode == 0, done.stderr


def is_silent(connection):
    return not select.select([connection], [], [], 0)[0]


def wanted_seconds(pnpd):
    """By thread, on a processor or waiting for one: of one that spins all the time there is."""
    wanted = {}
    for task in glob.glob(f"/proc/{pnpd.program.pid}/task/*/schedstat"):
        with open(task, encoding="ascii") as stat:
            wanted[task] = sum(map(int, stat.read().split()[:2])) / 1e9
    assert wanted, "this kernel counts no such times (CONFIG_SCHED_INFO)"
    return wanted


def rests(pnpd):
    before, began = wanted_seconds(pnpd), time.monotonic()
    time.sleep(1)
    passed = time.monotonic() - began
    return all(now - before.get(task, now) < passed / 2 for task, now in wanted_seconds(pnpd).items())


def test_out_of_descriptors_phones_are_offered_their_urls_and_all_goes_on_afterwards(lab):
    count = size_of(lab, 150, 10_000)
    storm, desk = Storm(lab, count), lab.desk(1)
    pnpd = storm.pnpd("log = warn\n")
    pnpd.ctl("extension", "add", "201")
    pnpd.ctl("assign", desk.mac, "201")
    url, phone = offered(lab, desk)
    phone.close()
    lab.to_close.remove(phone)
    for _ in range(size_of(lab, 1, 20)):
        limit_descriptors(pnpd, 4)  # none that is to come has room
        waiting = [desk.tcp((lab.pbx.address, 5480)) for _ in range(20)]
        for each in waiting:
            each.sendall(f"GET {path_of(url)}{file_of(desk)} HTTP/1.1\r\nHost: pbx\r\n\r\n".encode())
        command = lab.pbx.start(os.path.join(lab.options.bin, "pnpctl"), "--control", pnpd.control,
                                "status", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        assert_all_right(storm.plug_in(), count)
        lab.wait_for(lambda: rests(pnpd), "it waits for descriptors and does not spin")
        assert command.poll() is None and all(is_silent(each) for each in waiting)
        limit_descriptors(pnpd, 1024)
        for each in waiting:
            assert status(each.recv(65536)) == 200
            each.close()
        lab.wait_for(lambda: command.poll() is not None, "the command that waited has ended")
        pnpd.wait_status("it takes commands again", lambda text: "is heard" in text)
    lab.phone(desk).configured()


def test_a_reload_of_asterisk_while_phones_start_keeps_none_from_its_url(lab):
    count = size_of(lab, 150, 2_000)
    storm = Storm(lab, count)
    pbx = lab.pbx_with_module()
    table = os.path.join(pbx.folder, "phones.csv")
    with open(table, "w", encoding="utf-8") as file:
        file.write("mac,extensions,name\n")
        file.writelines(f"{mac_of(number)},{100_000 + number},Phone\n" for number in range(count))
    said = pbx.pnp(f"import {table}")
    assert f"{count} phones assigned" in said, said
    for _ in range(size_of(lab, 1, 10)):
        beside = Beside(storm, "--rate", 50)
        commands = ["core reload", "module reload res_pjsip.so", "module reload res_pnp.so", "dialplan reload"]
        while beside.is_on():
            pbx.cli(commands[0])
            commands.append(commands.pop(0))
            time.sleep(0.2)
        assert_all_right(beside.report(), count)
    assert "is heard" in pbx.pnp("status"), pbx.pnp("status")


def test_without_memory_a_daemon_lives_on_and_phones_come_up_when_there_is_some(lab):
    if lab.options.sanitized:
        raise Skip("a sanitizer has allocations of its own")
    count = size_of(lab, 150, 5_000)
    storm, desk = Storm(lab, count), lab.desk(1)
    flags = [os.path.join(lab.folder, name) for name in ("no-memory-now", "no-malloc-now")]
    shim = lab.compiled("no_memory", "-shared", "-fPIC")
    pnpd = lab.pnpd("log = warn\n", environment=(f"LD_PRELOAD={shim}", f"NO_MEMORY={flags[0]}",
                                                 f"NO_MALLOC={flags[1]}"))
    give_extensions(lab, pnpd, map(mac_of, range(count)), 100_000)
    pnpd.ctl("extension", "add", "201")
    pnpd.ctl("assign", desk.mac, "201")
    for _ in range(size_of(lab, 1, 10)):
        beside = Beside(storm, "--rate", count // 4, patience="10s")
        given = []  # commands, whose callers must not wait for ever
        while beside.is_on():
            with open(flags[0], "w", encoding="ascii"):
                time.sleep(0.3)
                if len(given) < 20:
                    given.append(lab.pbx.start(
                        os.path.join(lab.options.bin, "pnpctl"), "--control", pnpd.control, "show",
                        "device", desk.mac, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            os.remove(flags[0])
            flags.reverse()
            time.sleep(0.3)
        lab.wait_for(lambda: all(each.poll() is not None for each in given), "each command has ended")
        assert beside.report()["strange"] == 0
        assert pnpd.program.is_running(), pnpd.log()
        if storm.plug_in(patience="10s")["right"] != count:
            assert_all_right(storm.plug_in(), count)
    lab.phone(desk).configured()


test_without_memory_a_daemon_lives_on_and_phones_come_up_when_there_is_some.optimised = True

for broken in [test for name, test in list(globals().items()) if name.startswith("test_")]:
    broken.soak_seconds = 1800
