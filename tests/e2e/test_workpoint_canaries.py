# SPDX-License-Identifier: MIT
"""What OpenStage phones are told and tell, and a search for its secrets in all that is kept of it."""
import os

from branch_office import Caller
from canaries import Canaries, writable_memory
from lab import Skip
from test_workpoint import CONFIG, OUI, plug_in, wait_served

GIVEN = "c4nary-sip & <w> \"k\" 'z' +é"
TOLD = "c4nary-user-of-the-phone"


class Office:
    """A daemon, a phone that got its password, and what the phone said in its calls."""

    def __init__(self, lab):
        self.desk = lab.desk(1, oui=OUI)
        self.pnpd = lab.pnpd("log = debug\n" + CONFIG)
        self.canaries = Canaries()
        self.canaries.add("password", GIVEN)
        self.canaries.add("user's password", TOLD)
        wait_served(lab, self.pnpd)
        self.pnpd.ctl("extension", "add", "201", "--name", "Second", "--password-stdin",
                      stdin=GIVEN + "\n")
        self.pnpd.ctl("assign", self.desk.mac, "201")
        plug_in(lab, self.desk).configured()
        self.tell(lab)

    def tell(self, lab):
        caller = Caller(self.desk, self.desk.mac, lab.pbx.address)
        secrets = [(name, TOLD) for name in ("user-pwd", "user-pwd-unicode", "admin-pwd", "x-pin")]
        caller.say("start-up", caller.basic() + secrets)
        caller.obey("ReadAllItems", items=secrets)
        for action in ("WriteItems", "WriteItems"):
            caller.obey(action, items=secrets)
        caller.say("local-changes", caller.basic() + [("configuration-attached-flag", "true")] + secrets)
        caller.say("start-up", [("user-pwd", f"&{TOLD};")])
        caller.say("clean-up", [("user-pwd", TOLD)])

    def said(self):
        for words in (("status",), ("show", "devices"), ("show", "device", self.desk.mac),
                      ("explain", self.desk.mac), ("show", "items", self.desk.mac), ("show", "jobs"),
                      ("show", "audit"), ("export",)):
            yield " ".join(words), self.pnpd.text(*words).encode()
            yield " ".join(words) + " --json", self.pnpd.text(*words, "--json").encode()

    def assert_nowhere(self, places):
        leaks = [f"{place}: {name} ({', '.join(sorted(kinds))})" for place, data in places
                 for name, kinds in self.canaries.found_in(data).items()]
        assert not leaks, "secrets stand where they should not:\n" + "\n".join(leaks)


def test_no_log_answer_or_database_holds_what_an_openstage_was_given_or_told(lab):
    office = Office(lab)
    office.assert_nowhere(office.said())
    office.pnpd.stop()
    with open(office.pnpd.log_path, "rb") as file:
        office.assert_nowhere([("the log", file.read())])
    for name in sorted(os.listdir(office.pnpd.data)):
        with open(os.path.join(office.pnpd.data, name), "rb") as file:
            office.assert_nowhere([(name, file.read())])


def test_the_memory_of_an_idle_daemon_holds_no_password_of_an_openstage(lab):
    if lab.options.sanitized:
        raise Skip("a sanitizer keeps freed memory on purpose")
    office = Office(lab)
    list(office.said())
    memory = list(writable_memory(office.pnpd.program.pid))
    assert any(b"Second" in data for _, data in memory), "not even a name is found"
    office.assert_nowhere(memory)


test_the_memory_of_an_idle_daemon_holds_no_password_of_an_openstage.optimised = True
