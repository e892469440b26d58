# SPDX-License-Identifier: MIT
"""A real Asterisk as a test sees it: 16 unpacked for this machine, or 22 in a chroot."""
import contextlib
import functools
import glob
import json
import os
import shutil
import signal
import subprocess

from programs import SANITIZER_WORDS, Program, wait_for

SCRIPTS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "host")
VERSIONS = ("16", "22")
DEFAULT_BIND = "0.0.0.0:5060"  # what most pjsip.conf say

# Enough for phones that register and subscribe. Without res_pjsip_outbound_publish,
# res_pjsip_exten_state fails on an undefined symbol.
MODULES = ("pbx_config", "res_timing_timerfd", "res_sorcery_config", "res_sorcery_memory",
           "res_sorcery_astdb", "res_pjproject", "res_pjsip", "res_pjsip_pubsub",
           "res_pjsip_session", "res_pjsip_outbound_publish", "res_pjsip_exten_state",
           "res_pjsip_registrar", "res_pjsip_authenticator_digest",
           "res_pjsip_endpoint_identifier_user", "res_pjsip_notify", "chan_pjsip", "app_dial",
           "codec_ulaw")
# And these for phones that call each other.
CALL_MODULES = ("res_rtp_asterisk", "res_pjsip_sdp_rtp", "res_pjsip_caller_id", "bridge_simple",
                "bridge_native_rtp", "codec_alaw", "func_callerid", "app_playback", "app_echo",
                "res_clioriginate")

# Files that Asterisk would miss, or find its defaults without.
QUIET = ("acl", "ccss", "cdr", "cel", "codecs", "features", "http", "manager", "pjproject",
         "pjsip_notify", "rtp", "sorcery", "stasis", "udptl")


class Unavailable(Exception):
    """There is no Asterisk of this version here and none can be had; the text says why."""


@contextlib.contextmanager
def unhurried():
    """Stops the clock of a test for what is fetched once."""
    left = signal.alarm(0)
    try:
        yield
    finally:
        signal.alarm(left)


@functools.lru_cache(maxsize=None)
def script_says(name):
    """Runs a script of tests/host: (folder, reason), and one of them is empty. Only once, for a
    mirror that is out of reach is so for all tests."""
    with unhurried():
        try:
            done = subprocess.run([os.path.join(SCRIPTS, name)], stdin=subprocess.DEVNULL,
                                  capture_output=True, text=True, timeout=1200, check=False)
        except subprocess.TimeoutExpired:
            return "", f"{name} was not done after 20 minutes"
    if done.returncode != 0:
        return "", (done.stderr.strip().splitlines() or [f"{name}: {done.returncode}"])[-1]
    return done.stdout.strip(), ""


def folder_of(name):
    folder, reason = script_says(name)
    if not folder:
        raise Unavailable(reason)
    return folder


class Unpacked:
    """Asterisk 16 with this machine's own libraries."""

    version = "16"

    def __init__(self):
        self.root = folder_of("asterisk-prefix")
        self.stock_config = os.path.join(self.root, "etc/asterisk")
        self.modules = os.path.join(self.root, "usr/lib/asterisk/modules")
        self.data = os.path.join(self.root, "usr/share/asterisk")
        self.passwd = "/etc/passwd"

    def outside(self, path):
        """Where this program finds a file of Asterisk."""
        return path

    def command(self, _folders, *words):
        """The words that run a program where Asterisk is."""
        return list(words)

    def asterisk(self):
        return os.path.join(self.root, "bin/asterisk")


class Chroot:
    """Asterisk 22 with the libraries of the next Debian."""

    version = "22"

    def __init__(self):
        self.root = folder_of("asterisk-root")
        self.stock_config = os.path.join(self.root, "etc/asterisk")
        (modules,) = glob.glob(os.path.join(self.root, "usr/lib/*/asterisk/modules"))
        self.modules = modules.removeprefix(self.root)
        self.data = "/usr/share/asterisk"
        self.passwd = os.path.join(self.root, "etc/passwd")

    def outside(self, path):
        return self.root + path

    def command(self, folders, *words):
        binds = [word for folder in folders for word in ("--bind", folder)]
        return [os.path.join(SCRIPTS, "asterisk-in"), *binds, self.root, *words]

    def asterisk(self):
        return "/usr/sbin/asterisk"


def installation(version):
    """The Asterisk of a version; raises Unavailable."""
    return {"16": Unpacked, "22": Chroot}[str(version)]()


def user_ids(passwd, user):
    with open(passwd, encoding="utf-8") as file:
        for line in file:
            row = line.split(":")
            if row[0] == user:
                return int(row[2]), int(row[3])
    raise AssertionError(f"{passwd} knows no user {user}")


def account(number, password, context="phones"):
    """What pjsip.conf says of an extension that one phone registers."""
    return f"""
[{number}]
type = auth
auth_type = userpass
username = {number}
password = {password.replace(";", chr(92) + ";")}

[{number}]
type = aor
max_contacts = 1
remove_existing = yes

[{number}]
type = endpoint
context = {context}
disallow = all
allow = ulaw,alaw
auth = {number}
aors = {number}
"""


def udp_transport(bind):
    return f"\n[transport-udp]\ntype = transport\nprotocol = udp\nbind = {bind}\n"


class Asterisk:
    """An Asterisk on a host, all of it in one folder; it may be killed and started again.

    module     our module, to be loaded last as res_pnp.so
    stock      Debian's own /etc/asterisk, which loads every module; else the least that works
    bind       of PJSIP's UDP transport; None for no transport, which is what stock has
    pjsip, extensions   added to pjsip.conf and extensions.conf
    files      more files of the configuration, or instead of ours: name → text
    modules    more names to load, where not everything is loaded anyway
    sounds     prompts in place of the stock ones: name → µ-law
    user       whom Asterisk becomes, where not root
    sanitized  the module is built with AddressSanitizer
    environment  more of it, as NAME=VALUE
    """

    def __init__(self, place, host, folder, *, module=None, stock=False, bind="", pjsip="",
                 extensions="", files=None, modules=(), sounds=None, user=None, sanitized=False,
                 environment=(), patience=1):
        self.place = place
        self.version = place.version
        self.host = host
        self.folder = folder
        self.stock = stock
        self.user = user
        self.sanitized = sanitized
        self.environment = list(environment)
        self.patience = patience
        self.module = None
        self.program = None
        self.etc = self._folder("etc")
        self.data = place.data if sounds is None else self._data_with(sounds)
        self.module_folder = self._folder("modules")
        self.log_folder = self._folder("log")
        self.control = os.path.join(self._folder("run"), "asterisk.ctl")
        assert len(self.control) < 108, f"too long for a unix socket: {self.control}"
        self.folders = [folder]  # that a chroot must show
        for name in os.listdir(place.outside(place.modules)):
            os.symlink(os.path.join(place.modules, name), os.path.join(self.module_folder, name))
        if module is not None:
            self.install(module)
        if stock:
            self._copy_stock_config()
        else:
            self._write_least_config(modules)
        if bind == "":
            bind = None if stock else DEFAULT_BIND
        self.add_config("pjsip.conf", (udp_transport(bind) if bind else "") + pjsip)
        self.add_config("extensions.conf", extensions)
        for name, text in (files or {}).items():
            self.configure(name, text)
        if user is not None:
            self._give_to(user)

    # What lies in the folder.

    def _folder(self, name):
        path = os.path.join(self.folder, name)
        os.makedirs(path, exist_ok=True)
        return path

    def _data_with(self, sounds):
        data = self._folder("data")
        for name in os.listdir(self.place.outside(self.place.data)):
            if name != "sounds":
                os.symlink(os.path.join(self.place.data, name), os.path.join(data, name))
        for name, text in sounds.items():
            with open(os.path.join(self._folder("data/sounds/en"), f"{name}.ulaw"), "wb") as file:
                file.write(text)
        return data

    def directories(self):
        """[directories] of asterisk.conf: all that is written lies in the folder."""
        var = self._folder("var")
        self._folder("var/keys")
        return {"astcachedir": var, "astetcdir": self.etc, "astmoddir": self.module_folder,
                "astvarlibdir": var, "astdbdir": var, "astkeydir": var,
                "astdatadir": self.data, "astagidir": os.path.join(self.data, "agi-bin"),
                "astspooldir": self._folder("spool"), "astrundir": os.path.dirname(self.control),
                "astlogdir": self.log_folder}

    def _copy_stock_config(self):
        shutil.copytree(self.place.stock_config, self.etc, dirs_exist_ok=True)
        path = os.path.join(self.etc, "asterisk.conf")
        ours = self.directories()
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
        begin = next(i for i, line in enumerate(lines) if line.startswith("[directories]"))
        end = next((i for i, line in enumerate(lines) if i > begin and line.startswith("[")),
                   len(lines))
        section = ["[directories]", *(f"{name} => {value}" for name, value in ours.items())]
        self.configure("asterisk.conf", "\n".join(lines[:begin] + section + lines[end:]) + "\n")

    def _write_least_config(self, modules):
        lines = "".join(f"{name} => {value}\n" for name, value in self.directories().items())
        self.configure("asterisk.conf", f"[directories]\n{lines}[options]\nverbose = 3\n")
        self.configure("logger.conf", "[general]\ndateformat = %F %T.%3q\n[logfiles]\n"
                       "asterisk.log => notice,warning,error,verbose\n")
        names = [f"{name}.so" for name in (*MODULES, *modules)]
        if self.module:
            names.append(self.module)
        loads = "".join(f"load = {name}\n" for name in names)
        self.configure("modules.conf", f"[modules]\nautoload = no\n{loads}")
        self.configure("pjsip.conf", "[global]\ntype = global\n")
        self.configure("extensions.conf", "[phones]\n")
        self.configure("indications.conf", "[general]\ncountry = us\n"
                       "[us]\ndescription = tones\ndial = 350+440\n")
        for name in QUIET:
            self.configure(f"{name}.conf", "")

    def _give_to(self, user):
        uid, gid = user_ids(self.place.passwd, user)
        for folder, _, names in os.walk(self.folder):
            for path in (folder, *(os.path.join(folder, name) for name in names)):
                os.chown(path, uid, gid, follow_symlinks=False)
        os.chmod(os.path.dirname(self.folder), 0o711)

    def configure(self, name, text):
        """Writes a file of the configuration anew, for a start or a reload."""
        with open(os.path.join(self.etc, name), "w", encoding="utf-8") as file:
            file.write(text)

    def add_config(self, name, text):
        with open(os.path.join(self.etc, name), "a", encoding="utf-8") as file:
            file.write(text)

    def install(self, module):
        """Puts a module beside the stock ones by renaming, as an installation does: never by
        writing over a file that is loaded."""
        module = os.path.realpath(module)
        self.module = "res_pnp.so"  # whatever version it was built for
        self.folders.append(os.path.dirname(module))
        fresh = os.path.join(self.module_folder, ".new")
        os.symlink(module, fresh)
        os.rename(fresh, os.path.join(self.module_folder, self.module))

    # Its life.

    def _command(self, *words, preload=False):
        environment = self._sanitizer() if preload and self.sanitized else []
        environment += self.environment if preload else []
        return self.place.command(
            self.folders, "env", *environment, self.place.asterisk(),
            "-C", os.path.join(self.etc, "asterisk.conf"), *words)

    def _sanitizer(self):
        """The sanitizer must come before everything else. Asterisk 16 reads over the end of its
        own documentation when it prints it, and neither frees all at its end. libgnutls hangs in
        its constructor when a stock module brings it in under the sanitizer, but not before."""
        found = subprocess.run(self.place.command([], "gcc", "-print-file-name=libasan.so"),
                               capture_output=True, text=True, check=True).stdout.strip()
        early = f"{found}:libgnutls.so.30" if self.stock else found
        reports = os.path.join(self.log_folder, "sanitizer")
        return [f"LD_PRELOAD={early}", f"UBSAN_OPTIONS=print_stacktrace=1:log_path={reports}",
                f"ASAN_OPTIONS=check_printf=0:detect_leaks=0:log_path={reports}"]

    def start(self, ready=True):
        user = ["-U", self.user] if self.user else []
        self.program = Program(self.host, self._command("-f", *user, preload=True),
                               os.path.join(self.folder, "asterisk-said.log"), stdout_too=True)
        if ready:
            self.wait_booted()
        return self

    def wait_booted(self, seconds=60):
        def is_there():
            if not self.program.is_running():
                raise AssertionError(f"Asterisk ended with {self.program.end()}: {self.log()}")
            return os.path.exists(self.control) and "fully booted" in self._try_cli(
                "core waitfullybooted").stdout

        wait_for(is_there, "Asterisk has booted", seconds * self.patience)

    def _try_cli(self, command):
        return subprocess.run(self._command("-rx", command), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, errors="replace",
                              timeout=60 * self.patience, check=False)

    def cli(self, command):
        """What Asterisk says to a command of its console, which has to know it: one of another
        version would be none, and what was to come of it would not."""
        done = self._try_cli(command)
        if done.returncode != 0 or not self.is_running() or "No such command" in done.stdout:
            raise AssertionError(f"asterisk -rx '{command}' said {done.returncode}: "
                                 f"{done.stdout}{done.stderr}")
        return done.stdout

    def knows(self, command):
        return "No such command" not in self._try_cli(command).stdout

    def pnp(self, command):
        """What our module says to a command; it may be a refusal."""
        return self.cli(f"pnp {command}")

    def pnp_json(self, command):
        return json.loads(self.pnp(f"{command} --json"))

    def wait_state(self, mac, state, seconds=30):
        """Waits until a phone is in this state of `show devices`."""
        def look():
            devices = self.pnp_json("show devices")["devices"]
            return any((row["mac"], row["state"]) == (mac, state) for row in devices)

        wait_for(look, f"{mac} is {state}; {self.pnp('show devices')}", seconds * self.patience)

    def wait_cli(self, command, what, holds, seconds=20):
        """Waits until what the command says satisfies `holds`."""
        said = []

        def look():
            said[:] = [self.cli(command)]
            return holds(said[0])

        try:
            wait_for(look, what, seconds * self.patience)
        except AssertionError as error:
            raise AssertionError(f"{error}; {command} says:\n{said[0]}") from None
        return said[0]

    def is_running(self):
        return self.program is not None and self.program.is_running()

    @property
    def pid(self):
        return self.program.pid

    def log(self):
        """All that it logged and printed."""
        text = ""
        for path in (os.path.join(self.log_folder, "asterisk.log"),
                     os.path.join(self.log_folder, "messages"),
                     os.path.join(self.log_folder, "messages.log"),
                     os.path.join(self.folder, "asterisk-said.log")):
            with contextlib.suppress(FileNotFoundError):
                with open(path, encoding="utf-8", errors="replace") as file:
                    text += file.read()
        return text

    def complaints(self):
        """What it logged as a warning or an error, line by line."""
        return [line for line in self.log().splitlines() if " ERROR[" in line or " WARNING[" in line]

    def maps(self):
        """The files that are mapped into it."""
        with open(f"/proc/{self.pid}/maps", encoding="utf-8") as file:
            return {row[5].strip() for row in (line.split(None, 5) for line in file)
                    if len(row) == 6}

    def kill(self):
        """As a power cut would: no goodbye."""
        self.program.end(signal.SIGKILL)

    def stop(self):
        """Ends it as an administrator does; it must go in peace."""
        for _ in range(3):  # a command in the moment when it gets ready was seen to be lost
            self._try_cli("core stop now")  # the connection may break before the answer
            try:
                self._check_end(self.program.process.wait(15 * self.patience))
                return
            except subprocess.TimeoutExpired:
                pass
        self.kill()
        raise AssertionError(f"Asterisk does not stop: {self.log()[-2000:]}")

    def restart(self):
        self.stop()
        return self.start()

    def _check_end(self, status):
        reports = sorted(glob.glob(os.path.join(self.log_folder, "sanitizer.*")))
        for path in reports:
            with open(path, encoding="utf-8", errors="replace") as file:
                raise AssertionError(f"the sanitizer complains: {file.read()[:4000]}")
        complaints = [word for word in SANITIZER_WORDS if word in self.log()]
        assert not complaints, f"Asterisk's log has {complaints[0]}"
        assert status == 0, f"Asterisk ended with {status}: {self.log()[-2000:]}"

    def close(self):
        """Ends it if it runs. One that ended by itself, and not by kill(), fails the test."""
        if self.is_running():
            self.stop()
        elif self.program is not None:
            status = self.program.process.returncode
            if status != -signal.SIGKILL:
                self._check_end(status)
