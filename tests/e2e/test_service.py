# SPDX-License-Identifier: MIT
"""The service itself: reloads that are refused, ports that others hold."""
import os
import signal
import sys

from bare_phone import subscribe

HOLDER = """
import socket, sys, time
kind = socket.SOCK_STREAM if sys.argv[1] == "tcp" else socket.SOCK_DGRAM
held = socket.socket(socket.AF_INET, kind)
held.bind(("0.0.0.0", int(sys.argv[2])))
if kind == socket.SOCK_STREAM:
    held.listen()
print("held", flush=True)
time.sleep(600)
"""


class PortHolder:
    """Another program on the host, with a name of its own in /proc."""

    def __init__(self, lab, kind, port):
        program = os.path.join(lab.folder, "othersip")
        os.symlink(sys.executable, program)
        self.process = lab.pbx.start(program, "-c", HOLDER, kind, port, stdout=-1)
        assert self.process.stdout.readline() == b"held\n"

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def line_of(pnpd, text):
    with open(pnpd.config_file, encoding="utf-8") as file:
        return next(number for number, line in enumerate(file, 1) if line.startswith(text))


def test_a_bad_configuration_is_refused_and_the_old_one_goes_on(lab):
    desk = lab.desk(1)
    pnpd = lab.pnpd("[profile all]\noffer_url = http://old.example/\n")
    pnpd.ctl("approve", desk.mac)
    for bad, words in ((("hold_for = soon\n", "hold_for"), "hold_for"),
                       (("hold_fro = 2s\n", "hold_fro"), "did you mean hold_for"),
                       (("http_port = 99999\n", "http_port"), "http_port"),
                       (("[profile all]\noffer_url = gopher://x/\n", "offer_url"), "offer_url")):
        text, name = bad
        pnpd.configure(text)
        refusal = pnpd.refusal("reload")
        assert f"{pnpd.config_file}:{line_of(pnpd, name)}: " in refusal, refusal
        assert words in refusal, refusal
    phone = lab.bare_phone(desk)
    assert phone.offered_url(subscribe(desk.mac, desk.address, 60000)) == "http://old.example/"

    pnpd.configure("[profile all]\noffer_url = http://new.example/\n")
    assert "read again" in pnpd.text("reload")
    again = subscribe(desk.mac, desk.address, 60000, branch="z9hG4bK2", tag="2")
    lab.wait_for(lambda: "notify_accepted" in pnpd.text("explain", desk.mac, "--json"), "the end")
    phone.received.clear()
    assert phone.offered_url(again) == "http://new.example/"


def test_a_bad_template_is_refused_with_its_place_and_the_old_one_goes_on(lab):
    desk = lab.desk(1)
    pnpd = lab.pnpd()
    pnpd.ctl("extension", "add", "201")
    pnpd.ctl("assign", desk.mac, "201")
    folder = f"{pnpd.vendors}/htek"
    os.makedirs(folder)
    file = f"{folder}/base.mustache"

    def write(text):
        with open(file, "w", encoding="utf-8") as template:
            template.write(text)

    write("{{>htek/base}}\n    <P9999>{{no_such_name}}</P9999>\n")
    refusal = pnpd.refusal("reload")
    assert f"{file}:2:12: " in refusal and "no_such_name" in refusal, refusal
    write("{{>htek/base}}\n    <P9999>{{{mac}}}</P9999>\n")
    assert f"{file}:2:12: " in pnpd.refusal("reload")
    write("{{>htek/base}}\n    <P9999>oops</P9998>\n")
    assert file in pnpd.refusal("reload")
    report = lab.phone(desk).configured()
    assert report["accounts"][0]["user"] == "201", report

    write("{{>htek/base}}\n    <P9999>{{mac}}</P9999>\n")
    pnpd.ctl("reload")
    assert f"<P9999>{desk.mac}</P9999>" in pnpd.text("render", desk.mac, f"cfg{desk.mac}.xml")


def test_a_bad_configuration_at_the_start_is_refused_in_one_sentence(lab):
    pnpd = lab.pnpd("hold_for = soon\n", start=False).start(ready=False)
    status = pnpd.program.process.wait(20 * lab.patience)
    assert status == 1, status
    assert f"{pnpd.config_file}:{line_of(pnpd, 'hold_for')}: hold_for" in pnpd.log(), pnpd.log()


def test_a_start_in_the_background_says_how_it_went(lab):
    pnpd = lab.pnpd("hold_for = soon\n", start=False)
    words = [os.path.join(lab.options.bin, "pnpd"), "--config", pnpd.config_file,
             "--data", pnpd.data, "--control", pnpd.control]
    refused = lab.pbx.run(*words)
    assert refused.returncode == 1 and "hold_for" in refused.stderr, refused
    pnpd.configure("")
    started = lab.pbx.run(*words)
    assert started.returncode == 0 and not started.stderr, started
    try:
        assert "PBX PnP" in pnpd.text("status")
    finally:
        with open(os.path.join(pnpd.data, "pnp.sqlite3.lock"), encoding="ascii") as file:
            os.kill(int(file.read()), signal.SIGTERM)
    lab.wait_for(lambda: not os.path.exists(pnpd.control), "it has ended")


def test_a_taken_http_port_is_told_with_its_holder_and_taken_when_it_is_free(lab):
    desk = lab.desk(1)
    holder = lab.close_later(PortHolder(lab, "tcp", 5480))
    pnpd = lab.pnpd(start=False).start(ready=False)
    pnpd.wait_answers()
    status = pnpd.wait_status("the problem is told", lambda text: "not served" in text)
    problem = next(line for line in status.splitlines() if "5480" in line and "problem" in line)
    assert "othersip" in problem and str(holder.process.pid) in problem, problem
    pnpd.ctl("extension", "add", "201")
    pnpd.ctl("assign", desk.mac, "201")
    holder.close()
    pnpd.wait_status("it is served", lambda text: f"http://{lab.pbx.address}:5480" in text
                     and "problem" not in text, 30)
    lab.phone(desk).configured()


def test_a_taken_sip_port_is_told_with_both_remedies_and_taken_when_it_is_free(lab):
    desk = lab.desk(1)
    holder = lab.close_later(PortHolder(lab, "udp", 5060))
    pnpd = lab.pnpd(start=False).start(ready=False)
    pnpd.wait_answers()
    status = pnpd.wait_status("the problem is told", lambda text: "problem" in text)
    assert "NOT heard" in status, status
    problem = next(line for line in status.splitlines() if "5060" in line and "problem" in line)
    assert "othersip" in problem, problem
    assert "bind" in problem and "group_port" in problem and "nft" in problem, problem
    pnpd.ctl("extension", "add", "201")
    pnpd.ctl("assign", desk.mac, "201")
    holder.close()
    pnpd.wait_status("the group is heard", lambda text: "is heard" in text
                     and "problem" not in text, 30)
    lab.phone(desk).configured()


def test_a_second_pnpd_on_the_same_data_is_refused(lab):
    first = lab.pnpd()
    second = lab.pnpd(start=False)
    second.data = first.data
    second.start(ready=False)
    assert second.program.process.wait(20 * lab.patience) == 1
    assert first.text("status") and "ERROR" in second.log(), second.log()


def test_the_control_socket_is_for_its_owner_and_group_only(lab):
    pnpd = lab.pnpd()
    assert oct(os.stat(pnpd.control).st_mode & 0o777) == "0o660"
    assert oct(os.stat(os.path.join(pnpd.data, "pnp.sqlite3")).st_mode & 0o077) == "0o0"
