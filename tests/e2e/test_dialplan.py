# SPDX-License-Identifier: MIT
"""Digit maps beside a real PBX: what its dial plan takes, what phones are told, and who is right."""
import os
import random
import re
import subprocess

from asterisk import account
from lab import Skip

PLAN = """
[phones]
exten => 201,1,NoOp()
exten => 2-02,1,NoOp()
exten => _3XX,1,NoOp()
exten => _3[0-4]X,1,NoOp()
exten => 31,1,NoOp()
exten => _40Z,1,NoOp()
exten => _4N,1,NoOp()
exten => 440,hint,PJSIP/440
exten => 0,1,NoOp()
exten => s,1,NoOp()
exten => h,1,NoOp()
include => features
include => emergency
include => city
include => abroad
include => nowhere

[features]
exten => _*21*X.,1,NoOp()
exten => _*[3-5#]X,1,NoOp()
exten => _#9!,1,NoOp()
include => deeper

[deeper]
exten => _#91X,1,NoOp()
exten => _7[13-5]XX,1,NoOp()
exten => _7[13-5]!,1,NoOp()
exten => _75XXX,1,NoOp()
include => phones

[emergency]
exten => 110,1,NoOp()
exten => 112,1,NoOp()
exten => 1150,1,NoOp()

[city]
exten => _0[1-9].,1,NoOp()
exten => _75XXXX,1,NoOp()
exten => _8XXX/201,1,NoOp()

[abroad]
exten => _00.,1,NoOp()
exten => _+49X.,1,NoOp()
exten => _6!,1,NoOp()

[short]
exten => _2XX,1,NoOp()
exten => 112,1,NoOp()
exten => _0XXXXX,1,NoOp()
"""
BEGINNINGS = ("201", "202", "2", "3", "30", "31", "310", "35", "40", "4", "44", "440", "0", "01",
              "00", "004", "*8", "*21*", "*3", "*#", "#9", "#91", "#", "7", "71", "75", "751",
              "7512", "1", "11", "110", "115", "8", "81", "+49", "+", "6", "9", "h", "s")
PICKUP = "*8"  # what PJSIP takes without a dial plan


def sampled(count):
    """As many numbers that matter here, each time the same ones."""
    draw = random.Random(20261127)
    numbers = {PICKUP}
    while len(numbers) < count:
        number = draw.choice(BEGINNINGS) + "".join(
            draw.choice("0123456789*#") for _ in range(draw.randrange(5)))
        if re.fullmatch(r"[0-9*#+]+", number):
            numbers.add(number)
    return sorted(numbers)


def batches(numbers):
    """As many at a time as a line of Asterisk's console holds."""
    for start in range(0, len(numbers), 25):
        yield numbers[start:start + 25]


class Console:
    """Asterisk's console over the manager interface: hundreds of commands by one connection."""

    CONFIG = ("[general]\nenabled = yes\nport = 5038\nbindaddr = 0.0.0.0\n"
              "[test]\nsecret = test\nread = command\nwrite = command\n")

    def __init__(self, lab):
        self.connection = lab.close_later(lab.desk(1).tcp((lab.pbx.address, 5038)))
        self.text = b""
        self.ask("Login", "Username: test", "Secret: test", "Events: off")

    def ask(self, action, *lines):
        words = "\r\n".join((f"Action: {action}", *lines, "", ""))
        self.connection.sendall(words.encode())
        while b"\r\n\r\n" not in self.text:
            more = self.connection.recv(65536)
            assert more, self.text
            self.text += more
        answer, _, self.text = self.text.partition(b"\r\n\r\n")
        return answer.decode()

    def cli(self, command):
        answer = self.ask("Command", f"Command: {command}")
        return [line.removeprefix("Output: ") for line in answer.splitlines()
                if line.startswith("Output: ")]


def judged(lab, pbx, context, numbers):
    """{number: (taken, taken or may be with more, may be with more)} by Asterisk itself."""
    here = os.path.dirname(os.path.abspath(__file__))
    made = os.path.join(pbx.module_folder, "number_judge.so")
    if not os.path.exists(made):
        headers = os.path.join(pbx.place.root, "usr/include") if pbx.version == "16" else "/usr/include"
        try:
            subprocess.run(pbx.place.command(
                [pbx.folder], "gcc", "-shared", "-fPIC", "-O1", "-isystem", headers, "-o", made,
                os.path.join(here, "number_judge.c")), check=True, capture_output=True, text=True)
        except (OSError, subprocess.CalledProcessError) as problem:
            raise Skip(f"number_judge.c needs gcc: {getattr(problem, 'stderr', problem)}") from None
        pbx.cli("module load number_judge.so")
    found = {}
    for some in batches(numbers):
        for line in pbx.cli(f"judge {context} {' '.join(some)}").splitlines():
            number, *words = line.split()
            found[number] = tuple(word != "0" for word in words)  # yes is -1
    assert len(found) == len(numbers), found
    return found


def asked(pbx, context, vendor, numbers, *options):
    """What the product says of the same numbers: ({number: PBX}, {number: phone})."""
    of_pbx, of_phone = {}, {}
    for some in batches(numbers):
        said = pbx.pnp_json(" ".join(("dialplan", context, "--vendor", vendor, "--try",
                                      ",".join(some), *options)))
        of_pbx.update((row["number"], row) for row in said["pbx"])
        of_phone.update((row["keyed"], row) for row in said["maps"][0]["keyed"])
    return of_pbx, of_phone


WORDS = {(False, False, False): "no such number",
         (False, True, True): "incomplete",
         (True, True, False): "complete",
         (True, True, True): "complete, and a longer number begins so"}


def shown(console, number):
    """The first extension of `dialplan show NUMBER@phones` that takes calls, and its context."""
    context = ""
    name = ""
    for line in console.cli(f"dialplan show {number}@phones"):
        if found := re.match(r"\[ (?:Included c|C)ontext '([^']+)'", line):
            context = found[1]
        elif found := re.match(r"\s+'([^']+)'", line):
            name = found[1]
        if context and name and re.search(r"=>\s+1\. ", line):
            return name, context
    return "", ""


def test_numbers_are_to_us_what_they_are_to_asterisk(lab):
    pbx = lab.pbx_with_module(extensions=PLAN, files={"manager.conf": Console.CONFIG})
    console = Console(lab)
    numbers = sampled(500 if lab.options.full else 100)
    truth = judged(lab, pbx, "phones", numbers)
    ours, phones = asked(pbx, "phones", "panasonic", numbers)
    other = [(number, ours[number]["says"], truth[number]) for number in numbers
             if ours[number]["says"] != WORDS.get(truth[number])]
    assert not other, other
    kinds = {words: 0 for words in WORDS.values()}
    for number in numbers:
        kinds[ours[number]["says"]] += 1
        if number == PICKUP:
            continue
        name, context = shown(console, number)
        assert bool(name) == truth[number][0], (number, console.cli(f"dialplan show {number}@phones"))
        assert (ours[number]["extension"], ours[number]["context"]) == (name, context), number
    assert min(kinds.values()) > len(numbers) // 25, kinds
    assert ours[PICKUP]["says"] == "complete", ours[PICKUP]
    assert_phones_are_right(lab, pbx, "phones", phones, truth)
    _, phones = asked(pbx, "phones", "panasonic", numbers, "--block")
    assert_phones_are_right(lab, pbx, "phones", phones, truth)
    plain = [number for number in numbers if "+" not in number]  # a key that Htek phones lack
    for options in ((), ("--block",)):
        _, phones = asked(pbx, "phones", "htek", plain, *options)
        assert_phones_are_right(lab, pbx, "phones", phones, truth)


test_numbers_are_to_us_what_they_are_to_asterisk.seconds = 300
test_numbers_are_to_us_what_they_are_to_asterisk.optimised = True


def assert_phones_are_right(lab, pbx, context, phones, truth):
    """Nothing is called early, and nothing refused that the PBX takes."""
    early = {row["calls"] for row in phones.values() if row["calls"] and row["how"].startswith("at once")}
    assert len(early) > 10, early
    for number, word in judged(lab, pbx, context, sorted(early)).items():
        assert not word[2], f"{number} is called at once, and Asterisk would wait for more"
    for number, row in phones.items():
        if not row["calls"]:
            assert not truth[number][0], f"{number} is refused, and Asterisk takes it: {row}"
        elif row["how"].startswith("at once") and row["calls"] != number:
            assert not truth[number][0], f"{number} cannot be dialled: {row}"


def test_a_phone_gets_the_map_of_its_endpoints_context_and_keeps_none_by_default(lab):
    desk, kx = lab.desk(1), lab.desk(2, oui="00:80:f0")
    config = "emergency_numbers = 112, 110\n"
    pbx = lab.pbx_with_module(config, extensions=PLAN,
                              pjsip=account("301", "x", "short") + account("302", "y", "short"))
    pbx.pnp(f"assign {desk.mac} 301")
    pbx.pnp(f"assign {kx.mac} 302")
    htek_file = f"render {desk.mac} cfg{desk.mac}.xml"
    kx_file = f"render {kx.mac} Config{kx.mac}.cfg"
    assert "P4200" not in pbx.pnp(htek_file)
    assert 'DIAL_PLAN_1=""' in pbx.pnp(kx_file)
    pbx.configure("pnp.conf", f"[general]\nvendors = {lab.folder}/vendors\n{config}"
                              "[profile all]\ndigit_map = from-pbx\n")
    pbx.pnp("reload")
    said = pbx.pnp(htek_file)
    assert "{11[02]|*8|2xx|0xxxxx|[x*#]+}</P4200>" in said, said
    said = pbx.pnp(kx_file)
    assert 'DIAL_PLAN_1="11[02]|*8|2xx|0xxxxx"' in said, said
    assert 'DIAL_PLAN_NOT_MATCH_ENABLE_1="N"' in said, said
    said = pbx.pnp("dialplan short --vendor panasonic --try 112,2011")
    assert "keyed  112: calls 112, at once" in said, said
    assert "keyed  2011: calls 201, at once, before 1" in said, said
    assert "the PBX has no emergency number 110 in context short" in said, said
    assert "no dial plan context long" in pbx.pnp("dialplan long")
    pbx.cli("dialplan add extension 2010,1,NoOp into short")
    pbx.pnp("reload")
    said = pbx.pnp(kx_file)
    assert "2xx|" not in said and "201T" in said, said
