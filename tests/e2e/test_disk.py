# SPDX-License-Identifier: MIT
"""A disk that takes nothing any more, while phones ask and an administrator decides."""
import os
import subprocess

from bare_phone import http_get, subscribe
from test_attackers import fetched, file_of, status, steady_url

SMALL = "https_port = 0\n"  # no key is made, which would be written at some time or other


def fill(folder):
    with open(os.path.join(folder, "fill"), "ab", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            pass  # no space left


class FullDisk:
    """A small one, which others fill."""

    said = "the disk is full"

    def __init__(self, lab):
        self.folder = os.path.join(lab.folder, "disk")
        self.environment = ()
        os.makedirs(self.folder)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", self.folder], check=True)
        lab.close_later(self)

    def fail(self):
        fill(self.folder)

    def mend(self):
        os.remove(os.path.join(self.folder, "fill"))

    def close(self):
        subprocess.run(["umount", "-l", self.folder], check=True)


class ReadOnlyDisk:
    """One that the kernel lets nobody write to any more, as after an error of its file system."""

    said = "Read-only file system"

    def __init__(self, lab):
        self.folder = os.path.join(lab.folder, "disk")
        self.flag = self.folder + ".read-only"
        shim = lab.compiled("bad_disk", "-shared", "-fPIC")
        self.environment = (f"LD_PRELOAD={shim}", f"BAD_DISK={self.folder}",
                            "ASAN_OPTIONS=verify_asan_link_order=0")
        os.makedirs(self.folder)

    def fail(self):
        with open(self.flag, "w", encoding="ascii"):
            pass

    def mend(self):
        os.remove(self.flag)


def devices(pnpd):
    return {row["mac"]: row["lines"] for row in pnpd.json("show", "devices")["devices"]}


def decide_until_refused(pnpd, disk, times):
    """Assigns one phone after the other; those that were confirmed, and those that were not."""
    confirmed, refused = set(), set()
    while len(refused) < times:
        mac = f"001fc10a{len(confirmed) + len(refused):04x}"
        done = pnpd.ctl("assign", mac, "202", check=False)
        said = done.stdout + done.stderr
        if done.returncode == 0:
            confirmed.add(mac)
        else:
            assert disk.said in said and "nothing was changed" in said, said
            refused.add(mac)
    return confirmed, refused


def assert_kept(pnpd, confirmed, refused):
    there = devices(pnpd)
    assert all(there.get(mac) == ["202"] for mac in confirmed), (confirmed, there)
    assert not refused & there.keys(), (refused, there)


def outlives(lab, disk):
    """Nothing that was confirmed is lost, what was refused is not there, and all goes on by itself."""
    old, new = lab.desk(1), lab.desk(2)
    pnpd = lab.pnpd(SMALL, start=False, environment=disk.environment)
    pnpd.data = disk.folder
    pnpd.start()
    for number in ("201", "202", "203"):
        pnpd.ctl("extension", "add", number)
    pnpd.ctl("assign", old.mac, "201")
    phone, other = lab.bare_phone(old), lab.bare_phone(new)
    url = phone.offered_url(subscribe(old.mac, old.address, 60000))
    steady = steady_url(url, fetched(old, url))
    confirmed, refused = set(), set()

    for time in range(10 if lab.options.soak else 2):
        fetched(old, steady)  # its first use after an offer is kept, or there is no answer
        disk.fail()
        more = decide_until_refused(pnpd, disk, 5)
        confirmed |= more[0]
        refused = (refused | more[1]) - confirmed
        assert_kept(pnpd, confirmed, refused)
        assert status(http_get(old, steady + file_of(old))) == 200
        for each, desk in ((phone, old), (other, new)):
            each.received.clear()
            each.send(subscribe(desk.mac, desk.address, 60000, branch=f"z9hG4bK{time}", tag=f"t{time}"))
            each.listen(5 * lab.patience, until=b"SIP/2.0 200")
        pnpd.wait_status("the problem is told", lambda text: "! disk" in text)
        lab.wait_for(lambda: disk.said in pnpd.log(), "the log says it, too")

        disk.mend()
        pnpd.ctl("assign", new.mac, "203")
        for each in (phone, other):
            if not any(data.startswith(b"NOTIFY ") for data, _ in each.received):
                each.listen(40 * lab.patience, until=b"NOTIFY ")
        pnpd.wait_status("no problem is left", lambda text: "! " not in text)
        pnpd.ctl("unassign", new.mac)

    disk.fail()
    more = decide_until_refused(pnpd, disk, 1)
    confirmed, refused = confirmed | more[0], (refused | more[1]) - confirmed
    pnpd.kill()
    disk.mend()
    pnpd.start()
    assert_kept(pnpd, confirmed, refused)
    pnpd.ctl("assign", new.mac, "203")
    other.close()
    lab.to_close.remove(other)
    lab.phone(new).configured()


def test_a_disk_that_is_full_loses_nothing_that_was_confirmed_and_all_goes_on_when_there_is_room(lab):
    outlives(lab, FullDisk(lab))


def test_a_disk_that_is_read_only_loses_nothing_that_was_confirmed_and_all_goes_on_when_it_is_mended(lab):
    outlives(lab, ReadOnlyDisk(lab))


for broken in [test for name, test in list(globals().items()) if name.startswith("test_")]:
    broken.soak_seconds = 1800
