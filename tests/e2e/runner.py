#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the end-to-end tests: real programs, real packets, judged by tshark.

    python3 tests/e2e/runner.py --bin build/release/bin [-j2] [--full] [--asterisk 22] [--only NAME]

Tests run beside each other where -j says so: each has its own namespaces. One that measures, or that
takes all the machine has, is marked with `alone` and comes at the end, when nothing else runs. So does
the second try of one that failed beside others; what it said the first time is printed all the same.
One that does more where no sanitizer slows it down is marked with `optimised`.
"""
import sys

sys.dont_write_bytecode = True

import argparse
import concurrent.futures
import contextlib
import importlib
import io
import multiprocessing
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import traceback

import network
from asterisk import VERSIONS
from lab import Lab, Skip

SECONDS = 120  # for one test, times the patience with sanitised programs
MOST_AGAIN = 3  # tests that are tried again; where more fail it is no chance
PROGRAMS = ("pnpd", "pnpctl", "pnp-phone")


class TooLong(Exception):
    pass


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", required=True, help="folder with pnpd, pnpctl and pnp-phone")
    parser.add_argument("--full", action="store_true", help="the long versions of long tests too")
    parser.add_argument("--soak", action="store_true", help="what takes long, at full length")
    parser.add_argument("--sanitized", action="store_true",
                        help="the programs are built with a sanitizer: slower, more memory")
    parser.add_argument("--optimised", action="store_true",
                        help="after a run with --sanitized: the first test of each file, and those "
                             "that do more with optimised programs")
    parser.add_argument("--asterisk", choices=VERSIONS, default=VERSIONS[0],
                        help="the version for tests with a real Asterisk (default: %(default)s)")
    parser.add_argument("-j", "--jobs", type=int, default=1, metavar="N",
                        help="so many tests at a time (default: %(default)s)")
    parser.add_argument("--only", default="", metavar="PATTERN",
                        help="only tests in whose name or file's name this regular expression is found")
    options = parser.parse_args()
    options.bin = os.path.abspath(options.bin)
    return options


def find_tests(only, optimised):
    """Each function test_… of each file test_….py, in the order of the files."""
    for file in sorted(pathlib.Path(__file__).parent.glob("test_*.py")):
        module = importlib.import_module(file.stem)
        tests = [row for row in vars(module).items() if row[0].startswith("test_")]
        for name, test in tests:
            sentence = name.removeprefix("test_").replace("_", " ")
            if optimised and name != tests[0][0] and not getattr(test, "optimised", False):
                continue
            if any(re.search(only, text) for text in (sentence, name, file.stem)):
                yield sentence, test


@contextlib.contextmanager
def key_of_a_ca():
    """A file with the key of the CAs of all tests; nothing where OpenSSL's program is not here."""
    with tempfile.TemporaryDirectory(prefix="pnp-e2e-") as folder:
        path = os.path.join(folder, "key")
        try:
            subprocess.run(["openssl", "genrsa", "-out", path, "3072"], check=True,
                           capture_output=True)
        except OSError:
            path = ""
        yield path


def why_not(options):
    """Why nothing can run here; empty when all is there."""
    missing = [name for name in ("ip", "tshark", "dumpcap") if shutil.which(name) is None]
    if missing:
        return f"needs {' and '.join(missing)}; cmake/install-packages test installs them"
    return network.why_not()


def too_long(*_):
    raise TooLong()


def run(test, options):
    """Returns (result, text): ok, FAIL or skip."""
    seconds = getattr(test, "seconds", SECONDS) * (4 if options.sanitized else 1)
    if options.soak:
        seconds = getattr(test, "soak_seconds", seconds)
    lab = None
    signal.signal(signal.SIGALRM, too_long)
    signal.alarm(seconds)
    try:
        lab = Lab(options)
        with lab:
            test(lab)
        signal.alarm(0)
        lab.remove_files()
        return "ok", ""
    except Skip as reason:
        signal.alarm(0)
        lab.remove_files()
        return "skip", str(reason)
    except TooLong:
        text = f"not done after {seconds} s\n{traceback.format_exc(limit=-3)}"
    except Exception as error:  # pylint: disable=broad-except
        where = traceback.format_tb(error.__traceback__)[-4:]
        text = f"{''.join(where)}{type(error).__name__}: {error}"
    finally:
        signal.alarm(0)
    logs = f"\n{lab.logs()}\n--- its captures are in {lab.folder}" if lab else ""
    return "FAIL", text + logs


def run_and_tell(test, sentence, options):
    """Returns (sentence, result, all that is to be printed about it)."""
    began = time.monotonic()
    with contextlib.redirect_stdout(io.StringIO()) as said:
        result, text = run(test, options)
    lines = [f"{result:<4} {sentence} ({time.monotonic() - began:.1f} s)"
             + (f": {text}" if result == "skip" else "")]
    if result == "FAIL":
        lines += ["     " + line for line in text.splitlines()]
    return sentence, result, said.getvalue() + "\n".join(lines)


def run_beside_each_other(tests, options):
    """Yields what run_and_tell returns, in the order in which the tests end."""
    fork = multiprocessing.get_context("fork")
    with concurrent.futures.ProcessPoolExecutor(options.jobs, mp_context=fork) as children:
        running = [children.submit(run_and_tell, test, sentence, options)
                   for sentence, test in tests]
        for one in concurrent.futures.as_completed(running):
            yield one.result()


def run_all(tests, options):
    if options.jobs > 1:
        beside = [row for row in tests if not getattr(row[1], "alone", False)]
        tests = [row for row in tests if getattr(row[1], "alone", False)]
        again = []
        for sentence, result, text in run_beside_each_other(beside, options):
            if result == "FAIL":
                again += [row for row in beside if row[0] == sentence]
                result = "again"
            yield sentence, result, text
        for sentence, test in again[:MOST_AGAIN]:
            sentence, result, text = run_and_tell(test, sentence, options)
            yield sentence, result, text + "\n     was the second try, by itself"
        for sentence, _ in again[MOST_AGAIN:]:
            yield sentence, "FAIL", f"FAIL {sentence}: too many failed for a second try"
    for sentence, test in tests:
        yield run_and_tell(test, sentence, options)


def main():
    options = read_options()
    missing = [name for name in PROGRAMS if not os.access(os.path.join(options.bin, name), os.X_OK)]
    if missing:
        print(f"e2e: there is no {' and no '.join(missing)} in {options.bin}; build first")
        return 2
    tests = list(find_tests(options.only, options.optimised))
    reason = why_not(options)
    names = {"ok": [], "FAIL": [], "skip": [], "again": []}
    if reason:
        results = ((sentence, "skip", f"skip {sentence} (0.0 s): {reason}") for sentence, _ in tests)
    else:
        network.remove_leftovers()
        results = run_all(tests, options)
    with key_of_a_ca() as options.key:
        for sentence, result, text in results:
            names[result].append(sentence)
            print(text, flush=True)
    for result, words in (("again", "tried again"), ("FAIL", "failed")):
        if names[result]:
            print(f"e2e {words}: {'; '.join(names[result])}")
    print(f"e2e: {len(names['ok'])} passed, {len(names['FAIL'])} failed, {len(names['skip'])} skipped")
    return 1 if names["FAIL"] else 0


if __name__ == "__main__":
    sys.exit(main())
