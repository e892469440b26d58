# SPDX-License-Identifier: MIT
"""/metrics: Prometheus' format to the letter, on loopback only, and no phone in it."""
import re

NAME = r"pnp_[a-z][a-z0-9_]*"
SAMPLE = re.compile(rf'^({NAME})(?:\{{([a-z_]+)="([A-Za-z0-9_.+-]*)"\}})? (\d+)$')
HELP = re.compile(rf"^# HELP ({NAME}) [A-Z0-9].*\.$")
TYPE = re.compile(rf"^# TYPE ({NAME}) (counter|gauge)$")


def get(host, path, port=5482, at="127.0.0.1"):
    with host.tcp((at, port)) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    head, _, body = answer.decode().partition("\r\n\r\n")
    return head, body


def samples(text):
    """Reads the text as strictly as Prometheus' promtool does: {name or (name, label): value}."""
    assert text.endswith("\n") and "\r" not in text
    found, family, kind, helped = {}, None, None, None
    seen = set()
    for line in text.splitlines():
        if match := HELP.match(line):
            helped = match[1]
            assert helped not in seen, f"{helped} is told twice"
            seen.add(helped)
        elif match := TYPE.match(line):
            family, kind = match[1], match[2]
            assert family == helped, f"{family} has no help"
            assert (kind == "counter") == family.endswith("_total"), line
        else:
            match = SAMPLE.match(line)
            assert match, f"not in the format: {line!r}"
            assert match[1] == family, f"{line!r} stands in the family {family}"
            key = (match[1], match[3]) if match[2] else match[1]
            assert key not in found, f"{line!r} is told twice"
            found[key] = int(match[4])
    return found


def test_metrics_are_in_the_format_and_count_what_happens(lab):
    desk = lab.desk(1)
    pnpd = lab.pnpd()
    head, body = get(lab.pbx, "/metrics")
    assert head.startswith("HTTP/1.1 200 OK") and "text/plain; version=0.0.4" in head, head
    before = samples(body)
    assert before[("pnp_files_total", "served")] == 0, body
    pnpd.ctl("extension", "add", "201")
    pnpd.ctl("assign", desk.mac, "201")
    lab.phone(desk).configured()
    _, body = get(lab.pbx, "/metrics")
    after = samples(body)
    assert after[("pnp_files_total", "served")] >= 2, body
    assert after[("pnp_sip_subscribes_total", "understood")] >= 1, body
    assert after["pnp_http_requests_total"] > before["pnp_http_requests_total"], body
    assert after[("pnp_devices", "configured")] == 1 and after["pnp_extensions"] == 1, body
    assert after[("pnp_penalties", "slowed")] == after[("pnp_penalties", "shut_out")] == 0, body
    assert after[("pnp_file_refusals_total", "no_token")] == 0, body
    get(desk, "/p/AAAAAAAAAAAAAAAAAAAAAA/index.cfg", 5480, lab.pbx.address)
    _, body = get(lab.pbx, "/metrics")
    assert samples(body)[("pnp_file_refusals_total", "no_token")] == 1, body
    assert desk.mac not in body and desk.address not in body and "201" not in body, body
    head, body = get(lab.pbx, "/")
    assert head.startswith("HTTP/1.1 404"), head
    assert "http://127.0.0.1:5482/metrics" in pnpd.text("status")


def test_metrics_are_for_this_machine_alone(lab):
    desk = lab.desk(1)
    lab.pnpd()
    try:
        desk.tcp((lab.pbx.address, 5482)).close()
    except ConnectionRefusedError:
        return
    raise AssertionError("a phone reached the port of the metrics")


def test_of_two_on_a_machine_one_has_the_port_and_both_do_their_work(lab):
    holder = lab.pbx.start("python3", "-c", "import socket, time; s = socket.socket(); "
                           "s.bind(('127.0.0.1', 5482)); s.listen(); time.sleep(600)")
    try:
        lab.wait_for(lambda: lab.pbx.run("sh", "-c", "ss -ltn | grep 5482").returncode == 0,
                     "the port is taken")
        desk = lab.desk(1)
        pnpd = lab.pnpd()
        lab.wait_for(lambda: "metrics are not told: 127.0.0.1:5482 is taken by" in pnpd.log(),
                     "it is told whose the port is")
        pnpd.ctl("extension", "add", "201")
        pnpd.ctl("assign", desk.mac, "201")
        lab.phone(desk).configured()
        assert "problem" not in pnpd.text("status"), pnpd.text("status")
        pnpd.configure("admin_port = 5483\n")
        pnpd.ctl("reload")
        samples(get(lab.pbx, "/metrics", 5483)[1])
        pnpd.configure("admin_port = off\n")
        pnpd.ctl("reload")
        rows = [line.split() for line in pnpd.text("status").splitlines()]
        assert ["metrics", "off"] in rows, rows
    finally:
        holder.kill()
        holder.wait()
