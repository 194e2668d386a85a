#!/usr/bin/env python3
"""Measures the control tests against DuckDB, which runs the same SQL on the same Parquet, in one run.

The tables are those of a pack, many times over: each copy is an organisation of its own, with its own ids, people, and
sources, so that nothing joins across copies and everything joins within one. Each side reads the Parquet, runs the population
and the exceptions of every test, and holds the rows; Countersign besides decides the state of each item and prints it. Both
run on all cores, in turns, and the median of the turns' ratios counts. Exits with 1 where a budget is exceeded.

Usage: controls.py --countersign PROGRAM --pack PACK [--cases N] [--turns N] [--each]

Needs the PyPI package duckdb, Linux, and an optimised build. `--each` also lists every test by itself.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import duckdb

CONTROLS = pathlib.Path(__file__).resolve().parents[1] / "controls/tests"
TIMES = 2.5
MEMORY = 3 << 30


def identifies(column):
    """Tells whether the column names one thing of one organisation."""
    name, kind = column["name"], column["type"]
    return kind == "text" and (name.endswith("_id") or name in ("id", "chain", "log", "subject", "identity", "resource_group"))


def multiply(schema, pack, folder, cases):
    """Writes the tables of `pack` to `folder` until there are `cases` executions; returns the copies and all rows."""
    tables = pack / "data/04_population/tables"
    one = duckdb.connect()
    held = one.execute(f"SELECT COUNT(*) FROM '{tables}/execution.parquet'").fetchone()[0]
    copies, rows = -(-cases // held), 0
    for table, columns in schema.items():
        source = tables / f"{table}.parquet"
        if not source.exists():
            continue
        names = [f"{column['name']} || '#' || copy AS {column['name']}" if identifies(column) else column["name"] for column in columns]
        times = 1 if table == "param" else copies
        one.execute(
            f"COPY (SELECT {', '.join(names)} FROM '{source}', range({times}) AS copies(copy)) "
            f"TO '{folder}/{table}.parquet' (FORMAT parquet, ROW_GROUP_SIZE 122880)"
        )
        rows += one.execute(f"SELECT COUNT(*) FROM '{folder}/{table}.parquet'").fetchone()[0]
    return copies, rows


def duck(schema, folder, tests):
    """Runs every query in a fresh DuckDB; returns seconds in all and by test."""
    began, by_test = time.perf_counter(), {}
    database = duckdb.connect()
    for table, columns in schema.items():
        path = folder / f"{table}.parquet"
        if path.exists():
            database.execute(f"CREATE TABLE {table} AS SELECT * FROM '{path}'")
        else:
            spec = ", ".join(f"{column['name']} {TYPES[column['type']]}" for column in columns)
            database.execute(f"CREATE TABLE {table} ({spec})")
    for test in tests:
        start = time.perf_counter()
        for query in ("population", "exceptions"):
            sql = (CONTROLS / test / f"{query}.sql").read_text().rstrip().rstrip(";")
            database.execute(f"CREATE OR REPLACE TEMP TABLE found AS {sql}")
        by_test[test] = time.perf_counter() - start
    return time.perf_counter() - began, by_test


TYPES = {"text": "VARCHAR", "integer": "BIGINT", "flag": "BOOLEAN"}


def countersign(program, folder, tests):
    """Runs the program; returns its seconds and its peak memory in bytes."""
    began = time.perf_counter()
    child = subprocess.Popen([program, "controls", "test", "--tables", folder, *map(str.upper, tests)], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    if status != 0:
        sys.exit(f"error: `countersign controls test` ended with {os.waitstatus_to_exitcode(status)}")
    return time.perf_counter() - began, usage.ru_maxrss * 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--countersign", required=True, type=pathlib.Path)
    parser.add_argument("--pack", required=True, type=pathlib.Path)
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--each", action="store_true")
    arguments = parser.parse_args()

    said = subprocess.run([arguments.countersign, "controls", "schema"], check=True, capture_output=True).stdout
    schema = json.loads(said)["tables"]
    tests = sorted(folder.name for folder in CONTROLS.iterdir() if folder.is_dir())
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        copies, rows = multiply(schema, arguments.pack, folder, arguments.cases)
        print(f"{len(tests)} tests, {copies} organisations, {rows:,} rows of all tables, DuckDB {duckdb.__version__}, {os.cpu_count()} cores")
        turns, peak = [], 0
        for _ in range(arguments.turns):
            limit, by_test = duck(schema, folder, tests)
            own, memory = countersign(arguments.countersign, folder, tests)
            turns.append((limit, own))
            peak = max(peak, memory)
        ratio = statistics.median(own / limit for limit, own in turns)
        limit, own = (statistics.median(figures) for figures in zip(*turns))
        print(f"DuckDB {limit:.1f} s, Countersign {own:.1f} s: {ratio:.2f} x (at most {TIMES} x)")
        print(f"memory of Countersign {peak / (1 << 30):.2f} GiB (at most {MEMORY >> 30} GiB)")
        if arguments.each:
            for test in tests:
                own, _ = countersign(arguments.countersign, folder, [test])
                print(f"  {test:9} DuckDB {by_test[test]:6.2f} s, Countersign with reading {own:6.2f} s")
    return 0 if ratio <= TIMES and peak <= MEMORY else 1


if __name__ == "__main__":
    sys.exit(main())
