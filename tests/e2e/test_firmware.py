# SPDX-License-Identifier: MIT
"""Firmware: a large file by ranges, the phones beside it, and the roll-out by its command."""
import hashlib
import os
import re
import time

from bare_phone import http_get

SIZE = 50 * 1024 * 1024
FILE = "UT670_01.100.bin"
SECTION = f"[firmware ut670]\nvendor = panasonic\nversion = 01.100\nfile = {FILE}\nat_a_time = 1\n"


def image(pnpd):
    """50 MB of which no two pieces are equal; its path and its bytes' sum."""
    folder = os.path.join(pnpd.data, "firmware")
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, FILE)
    with open(path, "wb") as file:
        for i in range(SIZE // 4096):
            file.write(hashlib.sha256(str(i).encode()).digest() * 128)
    return path, sum_of(path)


def sum_of(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Kx:
    """A configured KX-UT670 that asks by hand."""

    def __init__(self, lab, pnpd, number):
        self.mac = f"0080f00000{number:02x}"
        self.pnpd = pnpd
        self.host = lab.network.host(f"kx{number}", f"192.168.77.{100 + number}/24",
                                     mac=":".join(re.findall("..", self.mac)))
        pnpd.ctl("extension", "add", str(300 + number))
        pnpd.ctl("assign", self.mac, str(300 + number))
        # The file names the phone's own folder; nobody else's eyes see it.
        text = pnpd.text("render", self.mac, "KX-UT670.cfg", "--reveal")
        self.url = re.search(r'CFG_PRODUCT_FILE_PATH="(http://[^"]*/)\{MODEL\}', text)[1]
        self.get(f"Config{self.mac}.cfg")

    def agent(self, version):
        return f"Panasonic_KX-UT670/{version} ({self.mac})"

    def get(self, name, version="01.070", more=""):
        return http_get(self.host, self.url + name, user_agent=self.agent(version), more=more)

    def product(self, version="01.070"):
        return self.get("KX-UT670.cfg", version).decode()


def test_firmware_is_fetched_by_ranges_while_another_phone_gets_its_configuration(lab):
    pnpd = lab.pnpd(SECTION)
    path, wanted = image(pnpd)
    first, second = Kx(lab, pnpd, 1), Kx(lab, pnpd, 2)
    assert f'FIRM_FILE_PATH="{first.url}{FILE}"' in first.product()
    assert 'FIRM_UPGRADE_ENABLE="N"' in second.product(), "one at a time"
    part = first.get(FILE, more="Range: bytes=65530-65545\r\n")
    assert part.startswith(b"HTTP/1.1 206 ") and \
        f"Content-Range: bytes 65530-65545/{SIZE}\r\n".encode() in part, part[:400]
    with open(path, "rb") as file:
        file.seek(65530)
        assert part.endswith(b"\r\n\r\n" + file.read(16))
    before = pnpd.memory()
    out = os.path.join(lab.folder, "whole")
    slow = first.host.start("curl", "-sS", "--http1.0", "--limit-rate", "20M", "-A",
                            first.agent("01.070"), "-o", out, first.url + FILE)
    lab.wait_for(lambda: os.path.exists(out) and os.path.getsize(out) > 0, "it comes")
    during = 0
    while slow.poll() is None:
        answer = second.get(f"Config{second.mac}.cfg")
        assert answer.startswith(b"HTTP/1.1 200 "), answer[:200]
        during += 1
        time.sleep(0.02)  # no more than an address may ask
    assert slow.wait() == 0 and during > 0, during
    assert sum_of(out) == wanted
    most = pnpd.memory("VmHWM")
    if not lab.options.sanitized:  # a sanitizer keeps freed memory on purpose
        assert most - before < 16 * 1024 * 1024, f"{before} bytes before, {most} at most"
    # Broken off and taken up again, as a phone does that lost its power.
    again = os.path.join(lab.folder, "again")
    first.host.run("curl", "-sS", "-A", first.agent("01.070"), "-r", "0-20000000", "-o", again,
                   first.url + FILE)
    first.host.run("curl", "-sS", "-A", first.agent("01.070"), "-C", "-", "-o", again,
                   first.url + FILE)
    assert sum_of(again) == wanted
    row = pnpd.json("show", "firmware")["firmware"][0]
    assert row["on_way"] == [first.mac] and row["waits"] == [second.mac], row
    assert row["size"] == SIZE, row
    first.product("01.100")
    assert 'FIRM_VERSION="01.100"' in second.product(), "its turn"
    row = pnpd.json("show", "firmware")["firmware"][0]
    assert row["has"] == [first.mac] and row["on_way"] == [second.mac], row
    told = pnpd.text("explain", first.mac)
    assert "was told to fetch firmware: 01.100" in told and "came back with firmware" in told, told


test_firmware_is_fetched_by_ranges_while_another_phone_gets_its_configuration.optimised = True


def test_who_has_no_token_gets_no_firmware(lab):
    pnpd = lab.pnpd(SECTION)
    image(pnpd)
    phone = Kx(lab, pnpd, 1)
    nothing = phone.get("nothing.cfg")
    assert nothing.startswith(b"HTTP/1.1 404 "), nothing
    host = phone.url.split("/p/")[0]
    for path in (f"/p/{'A' * 22}/{FILE}", f"/{FILE}", f"/firmware/{FILE}",
                 phone.url.removeprefix(host) + "../" + FILE):
        assert http_get(phone.host, host + "/", path) == nothing, path
    os.symlink("/etc/passwd", os.path.join(pnpd.data, "firmware", "link"))
    assert phone.get("link") == nothing
    os.remove(os.path.join(pnpd.data, "firmware", FILE))
    os.symlink("/etc/passwd", os.path.join(pnpd.data, "firmware", FILE))
    assert phone.get(FILE) == nothing
    assert "symbolic link" in pnpd.text("show", "firmware")
