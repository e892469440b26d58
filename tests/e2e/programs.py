# SPDX-License-Identifier: MIT
"""The programs under test as a test sees them: pnpd with pnpctl beside it, and pnp-phone."""
import json
import os
import signal
import subprocess
import time

SANITIZER_WORDS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:",
                   "WARNING: ThreadSanitizer")


def wait_for(question, what, seconds):
    """Asks until the answer is true and returns it; a test never just sleeps."""
    end = time.monotonic() + seconds
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds:g} s in vain: {what}")
        time.sleep(0.05)


class Program:
    """A process with a log file, ended by its process id."""

    def __init__(self, host, words, log, stdout_too=False):
        self.log_path = log
        with open(log, "ab") as file:
            self.process = host.start(*words, stdin=subprocess.DEVNULL, stderr=file,
                                      stdout=file if stdout_too else subprocess.PIPE)

    @property
    def pid(self):
        return self.process.pid

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def is_running(self):
        return self.process.poll() is None

    def end(self, with_signal=signal.SIGTERM, seconds=30):
        """Returns the exit status; a process that does not listen is killed and counts as -9."""
        if self.is_running():
            self.process.send_signal(with_signal)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
        status = self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
        return status


class Pnpd:
    """pnpd on a host, with its own data folder; it may be killed and started again."""

    def __init__(self, tools, host, folder, config="", options=(), patience=1, environment=()):
        self.tools = tools
        self.host = host
        self.folder = folder
        self.patience = patience
        self.options = list(options)
        self.environment = environment  # NAME=VALUE
        self.data = os.path.join(folder, "data")
        self.vendors = os.path.join(folder, "vendors")
        self.control = os.path.join(folder, "pnp.ctl")
        self.config_file = os.path.join(folder, "pnp.conf")
        self.log_path = os.path.join(folder, "pnpd.log")
        os.makedirs(self.vendors, exist_ok=True)
        self.program = None
        self.configure(config)

    def configure(self, text):
        """Writes pnp.conf, for a start or `reload`: options of [general], then any sections."""
        with open(self.config_file, "w", encoding="utf-8") as file:
            file.write(f"[general]\nvendors = {self.vendors}\n{text}")

    def start(self, ready=True):
        words = ["env", *self.environment] if self.environment else []
        words += [os.path.join(self.tools, "pnpd"), "--foreground", "--config", self.config_file,
                  "--data", self.data, "--control", self.control, *self.options]
        self.program = Program(self.host, words, self.log_path)
        if ready:
            self.wait_ready()
        return self

    def wait_ready(self):
        self.wait_answers()
        # The first start makes an RSA key, which takes as long as it takes.
        self.wait_status("it hears the group", lambda status: "NOT heard" not in status
                         and "not served" not in status, 60)

    def wait_answers(self):
        """Before that its socket may be there, and nobody listen."""
        def answers():
            if not self.program.is_running():
                raise AssertionError(f"pnpd ended with {self.program.end()}: {self.log()}")
            return os.path.exists(self.control) and self.ctl("status", check=False).returncode == 0

        wait_for(answers, "pnpd answers on its control socket", 20 * self.patience)

    def wait_status(self, what, holds, seconds=20):
        """Waits until the text of `status` satisfies `holds`."""
        seen = []

        def look():
            seen[:] = [self.ctl("status").stdout]
            return holds(seen[0])

        try:
            wait_for(look, what, seconds * self.patience)
        except AssertionError as error:
            raise AssertionError(f"{error}; status says:\n{seen[0]}") from None
        return seen[0]

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def ctl(self, *words, check=True, stdin=None):
        """One pnpctl command: its CompletedProcess."""
        command = [os.path.join(self.tools, "pnpctl"), "--control", self.control, *map(str, words)]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True,
                              timeout=60 * self.patience, check=False)
        if check and done.returncode != 0:
            raise AssertionError(f"pnpctl {' '.join(map(str, words))} said {done.returncode}: "
                                 f"{done.stdout}{done.stderr}")
        return done

    def text(self, *words, stdin=None):
        return self.ctl(*words, stdin=stdin).stdout

    def json(self, *words):
        return json.loads(self.ctl(*words, "--json").stdout)

    def refusal(self, *words):
        """What the command says when it is refused, as it must be."""
        done = self.ctl(*words, check=False)
        assert done.returncode == 1, f"pnpctl {words} was not refused: {done.stdout}"
        return done.stdout + done.stderr

    def memory(self, field="VmRSS"):
        """In bytes."""
        with open(f"/proc/{self.program.pid}/status", encoding="ascii") as status:
            for line in status:
                if line.startswith(field + ":"):
                    return int(line.split()[1]) * 1024
        raise AssertionError(f"no {field} in /proc/{self.program.pid}/status")

    def disk(self):
        """Bytes of the data folder."""
        return sum(os.path.getsize(os.path.join(self.data, name)) for name in os.listdir(self.data))

    def kill(self):
        """As a power cut would: no goodbye."""
        self.program.end(signal.SIGKILL)

    def stop(self):
        """Ends it as an administrator does; it must go in peace."""
        status = self.program.end(seconds=60 * self.patience)  # it may make a key, to the end
        complaints = [word for word in SANITIZER_WORDS if word in self.log()]
        assert not complaints, f"pnpd's log has {complaints[0]}"
        assert status == 0, f"pnpd ended with {status}"

    def close(self):
        if self.program is not None and self.program.is_running():
            self.stop()


class Phone:
    """A pnp-phone that was just plugged in."""

    def __init__(self, tools, host, folder, *options, mac=None, vendor="htek", patience=1):
        self.mac = mac or host.mac
        self.last = None  # report
        self.patience = patience
        words = [os.path.join(tools, "pnp-phone"), "--vendor", vendor, "--mac", self.mac, "--json"]
        if "--interface" not in options:
            words += ["--interface", "eth0"]
        self.program = Program(host, [*words, *options],
                               os.path.join(folder, f"phone-{self.mac}.log"))

    def trace(self):
        return self.program.log()

    def wait_trace(self, words, seconds=20):
        wait_for(lambda: words in self.trace(), f"the phone says {words!r}; it said: "
                 + self.trace(), seconds * self.patience)

    def report(self, seconds=60):
        """What the phone says when it ended by itself."""
        try:
            out, _ = self.program.process.communicate(timeout=seconds * self.patience)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the phone is not done after {seconds} s: {self.trace()}") from None
        assert out.strip(), f"the phone reported nothing: {self.trace()}"
        self.last = json.loads(out)
        assert self.last["exit_status"] == self.program.process.returncode, self.last
        return self.last

    def stopped(self):
        """The report of a phone that stays until it is told to go."""
        self.program.process.send_signal(signal.SIGTERM)
        return self.report()

    def configured(self, seconds=60):
        """The report of a phone that must have come up."""
        report = self.report(seconds)
        assert report["outcome"] == "configured", f"{report['message']}\n{self.trace()}"
        return report

    def close(self):
        self.program.end()
        complaints = [word for word in SANITIZER_WORDS if word in self.trace()]
        assert not complaints, f"pnp-phone's log has {complaints[0]}"
