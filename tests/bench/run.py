#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures ours beside what others do of the same work on the same machine, in the same run.

    python3 tests/bench/run.py --bin build/release/bin [--json build/bench.json] [NAME]

A benchmark is a file bench_NAME.py with a function `run(bench)`, which prints its tables as it goes.
A figure is worth no more than the machine was idle; a ratio of two of one run is worth more. Exit
status 1: something was broken, and is no figure; a goal that is missed is one.
"""
import sys

sys.dont_write_bytecode = True

import argparse
import contextlib
import importlib
import json
import os
import pathlib
import platform
import time
import traceback

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent / "e2e"))

import network
from lab import Lab, Skip

NAMES = ("storm", "http", "tftp", "wpi", "inventory", "whole")


def text_of(value):
    """Four digits are enough for anything that was measured."""
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


class Table:
    def __init__(self, title, columns):
        self.title, self.columns, self.rows = title, columns, []
        print(f"\n{title}\n{'':<22}" + "".join(f" {name:>11}" for name in columns), flush=True)

    def row(self, name, *values):
        self.rows.append({"name": name, **dict(zip(self.columns, values))})
        print(f"{name:<22}" + "".join(f" {text_of(value):>11}" for value in values), flush=True)

    def missing(self, name, why):
        """A peer that cannot be had on this machine."""
        self.rows.append({"name": name, "missing": str(why)})
        print(f"{name:<22}  {why}", flush=True)


class Bench:
    """What a benchmark is given, and all that it found."""

    def __init__(self, options):
        self.options = options
        self.results = {}
        self.now = None  # of `results`

    @contextlib.contextmanager
    def lab(self):
        """What goes wrong in it is told and counts as broken; the next one goes on."""
        lab = Lab(self.options)
        lab.patience = 4  # others may use the machine
        try:
            with lab:
                yield lab
        except Skip as reason:
            self.now["skipped"].append(str(reason))
            print(f"skipped: {reason}")
        except Exception as problem:  # pylint: disable=broad-except
            self.now["broken"].append(f"{type(problem).__name__}: {problem}")
            traceback.print_exc(file=sys.stdout)
            print(lab.logs(), flush=True)
        finally:
            lab.remove_files()

    def table(self, title, *columns):
        table = Table(title, columns)
        self.now["tables"].append({"title": title, "rows": table.rows})
        return table

    def ratio(self, what, value, most=None, least=None):
        """A figure that stands for itself, with its goal where there is one."""
        goal, met = "", None
        if most is not None:
            goal, met = f"at most {most:g}", value <= most
        if least is not None:
            goal, met = f"at least {least:g}", value >= least
        self.now["ratios"].append({"what": what, "value": value, "goal": goal, "met": met})
        told = f" ({goal}: {'met' if met else 'MISSED'})" if goal else ""
        print(f"  {what}: {value:.3g}{told}", flush=True)

    def run(self, name):
        """Whether all of it could be measured."""
        began = time.monotonic()
        self.now = self.results[name] = {"tables": [], "ratios": [], "skipped": [], "broken": []}
        print(f"\n== {name}", flush=True)
        importlib.import_module(f"bench_{name}").run(self)
        self.now["seconds"] = round(time.monotonic() - began)
        return not self.now["broken"]

    def summary(self):
        missed = [(name, row) for name, result in self.results.items() for row in result["ratios"]
                  if row["met"] is False]
        met = sum(row["met"] is True for result in self.results.values()
                  for row in result["ratios"])
        print(f"\n{met} goals met, {len(missed)} missed")
        for name, result in self.results.items():
            for problem in result["broken"]:
                print(f"  {name}: BROKEN: {problem.splitlines()[0]}")
        for name, row in missed:
            print(f"  {name}: {row['what']}: {row['value']:.3g}, {row['goal']}")

    def write(self, path):
        with open("/proc/loadavg", encoding="ascii") as file:
            load = file.read().split()[0]
        text = {"machine": {"cores": os.cpu_count(), "kernel": platform.release(), "load": load},
                "benchmarks": self.results}
        with open(path, "w", encoding="utf-8") as file:
            json.dump(text, file, indent=1)
            file.write("\n")


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", required=True, help="folder with pnpd, pnpctl and pnp-phone")
    parser.add_argument("--json", default="build/bench.json", help="default: %(default)s")
    parser.add_argument("--phones", type=int, action="append", metavar="N",
                        help="storm: only so many at once; whole and wpi: so many")
    parser.add_argument("name", nargs="?", choices=NAMES, help="only this one")
    options = parser.parse_args()
    options.bin = os.path.abspath(options.bin)
    options.full = options.soak = options.sanitized = False
    options.key = ""
    options.asterisk = "16"
    return options


def main():
    options = read_options()
    reason = network.why_not()
    if reason:
        print(f"bench: {reason}")
        return 2
    network.remove_leftovers()
    bench = Bench(options)
    all_well = True
    for name in [options.name] if options.name else NAMES:
        all_well &= bench.run(name)
        bench.write(options.json)
    bench.summary()
    print(f"All of it: {options.json}")
    return 0 if all_well else 1


if __name__ == "__main__":
    sys.exit(main())
