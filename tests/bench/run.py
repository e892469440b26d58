#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures ours beside what others do of the same work on the same machine, in the same run.

    python3 tests/bench/run.py --bin build/release/bin [--json build/bench.json] [NAME]

A benchmark is a file bench_NAME.py with a function `run(bench)`, which prints its tables as it goes.
A figure is worth no more than the machine was idle; a ratio of two of one run is worth more. Exit
status 1: something could not be measured, and is no figure; a goal that is missed is one.
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
import statistics
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
            self.skip(reason)
        except Exception as problem:  # pylint: disable=broad-except
            self.broken(problem)
            print(lab.logs(), flush=True)
        finally:
            lab.remove_files()

    def broken(self, problem):
        self.now["broken"].append(f"{type(problem).__name__}: {problem}")
        traceback.print_exc(file=sys.stdout)

    def skip(self, reason):
        """What is not measured this time, and why."""
        self.now["skipped"].append(str(reason))
        print(f"skipped: {reason}", flush=True)

    def table(self, title, *columns):
        table = Table(title, columns)
        self.now["tables"].append({"title": title, "rows": table.rows})
        return table

    def ratio(self, what, *runs, most=None, least=None):
        """A figure that stands for itself, the median of some runs; with its goal where there is one."""
        value, goal, met = statistics.median(runs), "", None
        if most is not None:
            goal, met = f"at most {most:g}", value <= most
        if least is not None:
            goal, met = f"at least {least:g}", value >= least
        self.now["ratios"].append({"what": what, "value": value, "runs": runs, "goal": goal, "met": met})
        told = f" ({goal}: {'met' if met else 'MISSED'})" if goal else ""
        each = f", of {', '.join(map(text_of, sorted(runs)))}" if len(runs) > 1 else ""
        print(f"  {what}: {text_of(value)}{each}{told}", flush=True)

    def run(self, name):
        began = time.monotonic()
        with open("/proc/loadavg", encoding="ascii") as file:
            load = file.read().split()[0]
        self.now = self.results[name] = {"load": load, "tables": [], "ratios": [], "skipped": [],
                                         "broken": []}
        print(f"\n== {name}", flush=True)
        try:
            importlib.import_module(f"bench_{name}").run(self)
        except Exception as problem:  # pylint: disable=broad-except
            self.broken(problem)
        self.now["seconds"] = round(time.monotonic() - began)

    def unmeasured(self):
        """A line for each thing that has no figure."""
        for name, result in self.results.items():
            yield from (f"{name}: BROKEN: {problem.splitlines()[0]}" for problem in result["broken"])
            yield from (f"{name}: skipped: {reason}" for reason in result["skipped"])
            yield from (f"{name}: {row['name']} is missing: {row['missing']}"
                        for table in result["tables"] for row in table["rows"] if "missing" in row)

    def summary(self):
        """All goals as a table in Markdown; returns whether all of it could be measured."""
        goals = [(name, row) for name, result in self.results.items() for row in result["ratios"]
                 if row["goal"]]
        print("\n| NAME | what | figure | goal | |\n|---|---|---|---|---|")
        for name, row in goals:
            each = f" ({', '.join(map(text_of, sorted(row['runs'])))})" if len(row["runs"]) > 1 else ""
            print(f"| {name} | {row['what']} | {text_of(row['value'])}{each} | {row['goal']} | "
                  f"{'met' if row['met'] else 'missed'} |")
        met = sum(row["met"] for _, row in goals)
        unmeasured = list(self.unmeasured())
        print(f"\n{met} goals met, {len(goals) - met} missed, {len(unmeasured)} not measured")
        for line in unmeasured:
            print(f"  {line}")
        return not unmeasured

    def write(self, path):
        """Beside what the file says of other benchmarks."""
        known = {}
        try:
            with open(path, encoding="utf-8") as file:
                known = json.load(file)["benchmarks"]
        except (OSError, ValueError, KeyError):
            pass  # there is none, or its writer was interrupted
        text = {"machine": {"cores": os.cpu_count(), "kernel": platform.release()},
                "benchmarks": {**known, **self.results}}
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
    for name in [options.name] if options.name else NAMES:
        bench.run(name)
        bench.write(options.json)
    all_well = bench.summary()
    print(f"All of it: {options.json}")
    return 0 if all_well else 1


if __name__ == "__main__":
    sys.exit(main())
