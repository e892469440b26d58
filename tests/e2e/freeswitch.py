# SPDX-License-Identifier: MIT
"""mod_pnp.so in a host that has 19 of FreeSWITCH's functions, with a registrar beside it that does what
mod_sofia does: it asks for users by the directory, tells of registrations, and sends NOTIFYs."""
import hashlib
import os
import re
import subprocess
import threading
import xml.etree.ElementTree as tree

from programs import SANITIZER_WORDS, wait_for

DOMAIN = "pbx.example"
STACK = 240 * 1024  # FreeSWITCH limits its process to that, and starts itself again


def document(folder, users):
    return f"""<document type="freeswitch/xml"><section name="configuration">
<configuration name="pnp.conf"><settings><param name="config" value="{folder}/pnp.conf"/>
<param name="data" value="{folder}"/><param name="control" value="{folder}/pnp.ctl"/>
<param name="domain" value="{DOMAIN}"/></settings></configuration></section>
<section name="dialplan"/><section name="directory"><domain name="{DOMAIN}">{users}</domain></section>
</document>"""


class Message:
    def __init__(self, text):
        head, _, self.body = text.partition("\r\n\r\n")
        self.first, *lines = head.split("\r\n")
        self.headers = [tuple(part.strip() for part in line.split(":", 1)) for line in lines]

    def get(self, name):
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    def answer(self, status, *more):
        """A response with what RFC 3261 8.2.6.2 has it copy."""
        lines = [f"SIP/2.0 {status}"]
        lines += [f"{key}: {value}" for key, value in self.headers
                  if key.lower() in ("via", "from", "call-id", "cseq")]
        to = self.get("To")
        lines.append(f"To: {to}" if ";tag=" in to else f"To: {to};tag=fake")
        return "\r\n".join([*lines, *more, "Content-Length: 0", "", ""]).encode()


def md5(*parts):
    return hashlib.md5(":".join(parts).encode()).hexdigest()


class Freeswitch:
    def __init__(self, tools, host, folder, config, users="", small_stack=True, patience=1):
        self.host = host
        self.patience = patience
        self.folder = folder
        self.lock = threading.Lock()
        self.answers = []  # to our NOTIFYs
        self.contacts = {}  # address by Call-ID
        self.refuses = False  # whoever comes
        self.ends = threading.Event()
        with open(os.path.join(folder, "pnp.conf"), "w", encoding="utf-8") as file:
            file.write(f"[general]\nvendors = {folder}/vendors\n{config}")
        os.makedirs(os.path.join(folder, "vendors"))
        path = os.path.join(folder, "freeswitch.xml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(document(folder, users))
        self.log_path = os.path.join(folder, "freeswitch.log")
        limit = ["prlimit", f"--stack={STACK}"] if small_stack else []
        with open(self.log_path, "ab") as log:
            self.process = host.start(*limit, os.path.join(tools, "fake_freeswitch"), path,
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
        self.socket = host.udp(5060, timeout=0.1)
        self.registrar = threading.Thread(target=self._serve)
        self.registrar.start()

    def ask(self, *words):
        with self.lock:
            self.process.stdin.write(("\t".join(words) + "\n").encode())
            self.process.stdin.flush()
            size = int(self.process.stdout.readline())
            return self.process.stdout.read(size).decode()

    def load(self):
        assert self.ask("load") == "0", self.ask("logged")
        return self

    def pnp(self, words):
        said = self.ask("pnp", words)
        assert not said.startswith("-ERR"), said
        return said

    def wait_pnp(self, words, part, seconds=30):
        wait_for(lambda: part in self.ask("pnp", words),
                 f"{part!r} in what pnp {words} says: {self.ask('pnp', words)}", seconds * self.patience)

    def _serve(self):
        while not self.ends.is_set():
            try:
                data, source = self.socket.recvfrom(65535)
                self._take(Message(data.decode()), source)
            except TimeoutError:
                pass
            if self.process.poll() is None:
                for line in self.ask("notifies").splitlines():
                    self._notify(dict(part.split("=", 1) for part in line.split("\t") if part))

    def _take(self, message, source):
        if message.first.startswith("REGISTER "):
            self.socket.sendto(self._register(message, source), source)
        elif message.first.startswith("SIP/2.0 "):
            self.answers.append(message)

    def _register(self, message, source):
        given = dict(re.findall(r'(\w+)="?([^",]*)"?', message.get("Authorization")))
        if not given:
            return message.answer("401 Unauthorized", 'WWW-Authenticate: Digest realm="fake", '
                                  'nonce="0123456789", algorithm=MD5, qop="auth"')
        number = re.search(r"sips?:([^@;>]+)@", message.get("To"))[1]
        told = ["profile-name=internal", f"network-ip={source[0]}", f"network-port={source[1]}",
                f"user-agent={message.get('User-Agent')}"]
        answer = self.ask("user", number, DOMAIN)
        password = (tree.fromstring(answer).find(".//user/params/param[@name='password']")
                    .get("value") if answer else None)
        if self.refuses or password is None or given["response"] != md5(
                md5(given["username"], given["realm"], password), given["nonce"], given["nc"],
                given["cnonce"], given["qop"], md5("REGISTER", given["uri"])):
            # The host as the phone wrote it; with force-register-domain others have DOMAIN.
            host = re.search(r"@([^:;>]+)", message.get("To"))[1]
            self.ask("event", "sofia::register_failure", *told, f"to-user={number}",
                     f"to-host={host}", "registration-type=REGISTER")
            return message.answer("403 Forbidden")
        self.contacts[message.get("Call-ID")] = source
        self.ask("event", "sofia::register", *told, f"from-user={number}", f"from-host={DOMAIN}",
                 f"call-id={message.get('Call-ID')}")
        return message.answer("200 OK", f"Contact: {message.get('Contact')};expires=3600")

    def _notify(self, wanted):
        if (wanted["profile"], wanted["host"]) != ("internal", DOMAIN):
            return  # mod_sofia finds no such profile
        source = self.contacts[wanted["call-id"]]
        here = f"{self.host.address}:5060"
        self.socket.sendto("\r\n".join([
            f"NOTIFY sip:{wanted['user']}@{source[0]}:{source[1]} SIP/2.0",
            f"Via: SIP/2.0/UDP {here};branch=z9hG4bKfake{len(self.answers)}",
            f"From: <sip:{wanted['user']}@{wanted['host']}>;tag=fake",
            f"To: <sip:{wanted['user']}@{wanted['host']}>", f"Call-ID: notify-{wanted['call-id']}",
            "CSeq: 1 NOTIFY", f"Contact: <sip:{here}>", "Max-Forwards: 70",
            f"Event: {wanted['event-string']}", "Subscription-State: terminated;reason=noresource",
            f"Content-Type: {wanted['content-type']}", "Content-Length: 0", "", ""]).encode(), source)

    def close(self):
        self.ends.set()
        self.registrar.join()
        self.socket.close()
        self.process.stdin.close()
        status = self.process.wait(60)
        self.process.stdout.close()
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            log = file.read()
        complaints = [word for word in SANITIZER_WORDS if word in log]
        assert not complaints, f"the host's log has {complaints[0]}"
        assert status == 0, f"the host ended with {status}: {log}"
