"""Writes the samples: `python3 samples/generate [FOLDER]`. The same generator always writes the same bytes."""

import sys
from pathlib import Path

from scenarios import SCENARIOS
from write import replace_folder


def main():
    """Writes every scenario below the folder given, by default the one this generator lies in."""
    base = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent
    for name, scenario in SCENARIOS.items():
        files, plan = scenario.build()
        replace_folder(base / name, files, keep=("README.md",))
        if plan is not None:
            facts = len(plan.requests) + len(plan.decisions) + len(plan.executions) + len(plan.resolutions)
            print(f"{name}: {facts} requests, decisions, executions, and resolutions, {len(plan.expected)} planned exceptions")
        else:
            print(f"{name}: {len(files)} files")


if __name__ == "__main__":
    main()
