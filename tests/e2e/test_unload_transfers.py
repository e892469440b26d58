# SPDX-License-Identifier: MIT
"""What happens to transfers under way when the module goes."""
import os
import re
import time

from bare_phone import http_get

IMAGE = "UT670_01.100.bin"
SECTION = f"[firmware ut670]\nvendor = panasonic\nversion = 01.100\nfile = {IMAGE}\n"
HALF_A_TRANSFER = r"""
import socket, sys, time
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
one.sendto(b"\0\1KX-UT670.cfg\0octet\0blksize\0" b"8\0timeout\0" b"10\0", (sys.argv[1], 69))
time.sleep(100)
"""


def test_an_unload_amid_transfers_by_tftp_and_of_firmware_leaves_no_descriptor(lab):
    desk = lab.desk(1, oui="00:80:f0")
    pbx = lab.pbx_with_module("tftp = on\n" + SECTION)
    before = usual_sockets_of(pbx)
    pbx.pnp("extension add 201")
    pbx.pnp(f"assign {desk.mac} 201")
    text = pbx.pnp(f"render {desk.mac} KX-UT670.cfg --reveal")
    url = re.search(r'CFG_PRODUCT_FILE_PATH="(http://[^"]*/)\{MODEL\}', text)[1]
    agent = f"Panasonic_KX-UT670/01.070 ({desk.mac})"
    http_get(desk, url + f"Config{desk.mac}.cfg", user_agent=agent)
    folder = firmware_of(pbx)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, IMAGE), "wb") as file:
        file.write(os.urandom(30 * 1024 * 1024))
    out = os.path.join(lab.folder, "part")
    slow = desk.start("curl", "-s", "--limit-rate", "300K", "-A", agent, "-o", out, url + IMAGE)
    lab.wait_for(lambda: os.path.exists(out) and os.path.getsize(out) > 0, "it comes")
    half = desk.start("python3", "-c", HALF_A_TRANSFER, lab.pbx.address)
    lab.wait_for(lambda: "1 open" in line(pbx, "TFTP requests"), "a transfer is open")
    for _ in range(3):
        pbx.cli("module reload res_pnp.so")
    assert slow.poll() is None, "a reload ends no download"
    assert "1 open" in line(pbx, "TFTP requests"), line(pbx, "TFTP requests")
    pbx.cli("module unload res_pnp.so")
    for client in (slow, half):  # what lies in sockets' buffers reaches them later
        client.kill()
        client.wait()
    assert not any("res_pnp" in path for path in pbx.maps()), sorted(pbx.maps())
    left = [path for path in files_of(pbx) if IMAGE in path]
    assert not left, left
    pbx.cli("module load res_pnp.so")
    lab.wait_for(lambda: sockets_of(pbx) == before, f"{before} sockets: {sockets_of(pbx)}")


def line(pbx, word):
    return next(text for text in pbx.pnp("status").splitlines() if word in text)


def firmware_of(pbx):
    database = re.search(r"database +(\S+)", pbx.pnp("status"))[1]
    return os.path.join(os.path.dirname(database), "firmware")


def files_of(pbx):
    paths = []
    for number in os.listdir(f"/proc/{pbx.pid}/fd"):
        try:
            paths.append(os.readlink(f"/proc/{pbx.pid}/fd/{number}"))
        except OSError:
            pass
    return paths


def usual_sockets_of(pbx):
    """When all is served, and without that of a console that just goes."""
    pbx.wait_cli("pnp status", "HTTPS is served", lambda said: ":5481" in said)
    looks = []
    while len(looks) < 10:
        looks.append(sockets_of(pbx))
        time.sleep(0.05)
    return min(looks)


def sockets_of(pbx):
    return len([path for path in files_of(pbx) if path.startswith("socket:")])
