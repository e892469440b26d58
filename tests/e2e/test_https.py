# SPDX-License-Identifier: MIT
"""HTTPS: with our own CA, with an administrator's certificate, and with phones that do not trust it."""
import os
import re

HTTPS = "[profile all]\nscheme = https\n"


def assigned(lab, pnpd, desk):
    pnpd.ctl("extension", "add", "201")
    pnpd.ctl("assign", desk.mac, "201")
    pnpd.wait_status("HTTPS is served", lambda status: f"https://{lab.pbx.address}:5481" in status)


def ca_file(lab, pnpd, name="ca.crt"):
    path = os.path.join(lab.folder, name)
    with open(path, "w", encoding="ascii") as file:
        file.write(pnpd.text("show", "ca"))
    return path


def openssl(lab, *words):
    return lab.run_here("openssl", *words)


def own_certificate(lab, name, address):
    """An administrator's: a CA of the site and a server certificate, by OpenSSL's own program."""
    paths = {kind: os.path.join(lab.folder, f"{name}.{kind}")
             for kind in ("ca", "ca-key", "crt", "key")}
    openssl(lab, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj",
            f"/CN=CA of {name}", "-keyout", paths["ca-key"], "-out", paths["ca"])
    openssl(lab, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "20", "-subj",
            f"/CN={name}", "-addext", f"subjectAltName=IP:{address}", "-addext",
            "basicConstraints=critical,CA:FALSE", "-CA", paths["ca"], "-CAkey", paths["ca-key"],
            "-keyout", paths["key"], "-out", paths["crt"])
    os.chmod(paths["key"], 0o600)
    return paths


def test_a_phone_that_trusts_our_ca_comes_up_and_its_password_is_not_on_the_wire(lab):
    desk = lab.desk(1)
    pnpd = lab.pnpd(HTTPS, has_key=False)
    assigned(lab, pnpd, desk)
    ca = ca_file(lab, pnpd)
    capture = lab.capture(desk)
    report = lab.phone(desk, "--ca", ca).configured()
    capture.stop()
    assert report["url"].startswith("https://"), report
    assert pnpd.json("show", "device", desk.mac)["state"] == "configured"

    revealed = pnpd.text("render", desk.mac, f"cfg{desk.mac}.xml", "--reveal")
    password = re.search(r"<P34 [^>]*>([^<]+)<", revealed)[1]
    steady = re.search(r"/p/([A-Za-z0-9_-]{22})/", revealed)[1]
    with open(capture.file, "rb") as file:
        wire = file.read()
    assert password.encode() not in wire and steady.encode() not in wire
    assert capture.count("http") == 0 and capture.count("tls.handshake.type == 2") >= 1
    versions = {row["tls.handshake.version"] for row in
                capture.packets("tls.handshake.type == 2", "tls.handshake.version")}
    assert versions == {"0x0303"}, versions  # 1.2, and 1.3 which calls itself that


def test_openssl_verifies_us_by_our_ca_and_old_protocols_are_refused(lab):
    desk = lab.desk(1)
    pnpd = lab.pnpd(HTTPS)
    assigned(lab, pnpd, desk)
    ca = ca_file(lab, pnpd)

    def connect(*words):
        return desk.run("openssl", "s_client", "-connect", f"{lab.pbx.address}:5481", *words,
                        input="")

    good = connect("-CAfile", ca, "-verify_return_error", "-verify_ip", lab.pbx.address)
    assert "Verify return code: 0 (ok)" in good.stdout, good.stdout + good.stderr
    shown = pnpd.json("show", "certificate")
    assert lab.pbx.address in shown["names"] and shown["ca_file"].endswith("/pnp-ca.crt"), shown
    served = desk.run("sh", "-c", f"openssl s_client -connect {lab.pbx.address}:5481 </dev/null "
                      "2>/dev/null | openssl x509 -noout -fingerprint -sha256").stdout
    assert served.strip().endswith("=" + shown["sha256"]), (served, shown)
    old = connect("-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
    assert old.returncode != 0 and "Cipher is (NONE)" in old.stdout, old.stdout
    assert oct(os.stat(f"{pnpd.data}/pnp-ca.key").st_mode & 0o777) == "0o600"
    pnpd.kill()
    pnpd.start()
    pnpd.wait_status("HTTPS is back", lambda status: f"https://{lab.pbx.address}:5481" in status)
    again = connect("-CAfile", ca, "-verify_return_error")
    assert "Verify return code: 0 (ok)" in again.stdout, "the CA stays the same"


def test_a_phone_that_does_not_trust_our_ca_gets_nothing_and_explain_says_why(lab):
    desk = lab.desk(1)
    pnpd = lab.pnpd(HTTPS)
    assigned(lab, pnpd, desk)
    other = own_certificate(lab, "elsewhere", lab.pbx.address)["ca"]
    report = lab.phone(desk, "--ca", other).report()
    assert report["outcome"] == "untrusted" and report["exit_status"] == 11, report
    assert "pnp show ca" in report["message"], report
    lab.wait_for(lambda: "does not trust our CA" in pnpd.text("explain", desk.mac),
                 "explain names the reason")
    assert "install the CA's certificate" in pnpd.text("explain", desk.mac)
    lab.wait_for(lambda: "has no TLS with us" in pnpd.log(), "the log says it, too")


def test_an_administrators_certificate_is_read_again_by_reload(lab):
    desk = lab.desk(1)
    pnpd = lab.pnpd(HTTPS)
    assigned(lab, pnpd, desk)
    first = own_certificate(lab, "first", lab.pbx.address)
    second = own_certificate(lab, "second", lab.pbx.address)

    def configure(certificate, key):
        pnpd.configure(f"tls_certificate = {certificate}\ntls_key = {key}\n" + HTTPS)

    configure(first["crt"], second["key"])
    assert "does not belong to the certificate" in pnpd.refusal("reload")
    assert "our CA" not in pnpd.text("show", "certificate")
    configure(first["crt"], first["key"])
    os.chmod(first["key"], 0o644)
    assert "chmod 600" in pnpd.refusal("reload")
    os.chmod(first["key"], 0o600)
    pnpd.ctl("reload")
    lab.wait_for(lambda: "CA of first" in pnpd.text("show", "certificate"), "the first is served")
    lab.phone(desk, "--ca", first["ca"]).configured()
    assert "your own" in pnpd.refusal("show", "ca")

    os.replace(second["crt"], first["crt"])
    os.replace(second["key"], first["key"])
    pnpd.ctl("reload")
    lab.wait_for(lambda: "CA of second" in pnpd.text("show", "certificate"), "the second is served")
    lab.phone(desk, "--ca", second["ca"]).configured()


def test_a_new_address_gets_a_certificate_that_names_it(lab):
    desk = lab.desk(1)
    pnpd = lab.pnpd(HTTPS)
    assigned(lab, pnpd, desk)
    ca = ca_file(lab, pnpd)
    lab.network.plug(lab.pbx, "eth1", "10.9.0.1/24", "second")
    lab.wait_for(lambda: "10.9.0.1" in pnpd.json("show", "certificate")["names"],
                 "the certificate names the new address")
    other = lab.desk(2, "second", "10.9.0.7/24")
    pnpd.ctl("extension", "add", "202")
    pnpd.ctl("assign", other.mac, "202")
    lab.phone(other, "--ca", ca).configured()


def test_https_can_be_off(lab):
    desk = lab.desk(1)
    pnpd = lab.pnpd("https_port = off\n", has_key=False)
    assert "HTTPS is off" in pnpd.refusal("show", "certificate")
    assert not os.path.exists(f"{pnpd.data}/pnp-ca.key")
    pnpd.configure("https_port = off\n" + HTTPS)
    assert "https needs an https_port" in pnpd.refusal("reload")
    pnpd.configure("")
    pnpd.ctl("reload")
    assigned(lab, pnpd, desk)
