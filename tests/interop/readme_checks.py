"""Runs the commands of README.md as they are written, in a copy of the tree.

Usage: readme_checks.py COPY

COPY is a folder that is made anew; a lasting one keeps Cargo from compiling the crate each time. In a fenced
`console` block, a line that starts with `$ ` is a command (a trailing `\\` continues it) and the lines up to the
next one are its standard output, where `…` alone stands for any lines. A command without such lines may print
what it likes. It must exit with 0, or with what a following `$ echo $?` shows.
"""

import pathlib
import re
import shutil
import subprocess
import sys

from checks import ROOT, Checks, expect, tracked_files

# Makes the folder recognisable: nothing else is ever deleted.
MARK = ".countersign-readme-tree"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    copy = pathlib.Path(sys.argv[1])
    copy_tree(copy)
    checks = Checks()
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for block in re.findall(r"^```console\n(.*?)^```", text, flags=re.S | re.M):
        for command, exit_code, output in commands(block):
            checks.run(f"$ {command}", run, copy, command, exit_code, output)
    checks.close()


def copy_tree(copy):
    """Copies what Git tracks or would track, with the times that Cargo goes by."""
    if copy.exists():
        if not (copy / MARK).exists():
            sys.exit(f"error: `{copy}` exists and is not a copy made by this script")
        shutil.rmtree(copy)
    copy.mkdir(parents=True)
    (copy / MARK).touch()
    for name in tracked_files():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, copy / name)


def commands(block):
    """Yields each command of a block with its expected exit code and output lines."""
    found = []
    for line in block.replace("\\\n", "").splitlines():
        if line.startswith("$ "):
            found.append((line[2:].strip(), []))
        elif found:
            found[-1][1].append(line.rstrip())
    for (command, output), following in zip(found, found[1:] + [("", [])]):
        if command == "echo $?":
            continue
        exit_code = int(following[1][0]) if following[0] == "echo $?" else 0
        while output and not output[-1]:
            output.pop()
        yield command, exit_code, output


def run(copy, command, exit_code, output):
    result = subprocess.run(["bash", "-c", command], cwd=copy, capture_output=True, text=True)
    expect(
        result.returncode == exit_code,
        f"expected exit code {exit_code}, found {result.returncode}:\n{result.stdout}{result.stderr}",
    )
    if output:
        pattern = "".join(r"(?:[^\n]*\n)*" if line == "…" else re.escape(line) + "\n" for line in output)
        printed = "".join(line.rstrip() + "\n" for line in result.stdout.splitlines())
        expect(re.fullmatch(pattern, printed), "the output is not the one shown; it printed:\n" + printed)
    return f"exit code {exit_code}" + (", output as shown" if output else "")


main()
