"""Runs named checks, prints each, and closes with the line that `tests/run` counts."""

import pathlib
import subprocess
import sys
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Refused(Exception):
    """A check that did not hold; its text says what was expected and what was found."""


class Checks:
    """The checks of one script, in order; one that does not hold never stops the next."""

    def __init__(self):
        self.held = 0
        self.not_held = 0

    def run(self, name, check, *arguments):
        """Calls `check`; it holds unless it raises. What `check` returns is printed; `run` tells whether it held."""
        try:
            note = check(*arguments)
        except Refused as refused:
            self._fail(name, str(refused))
        except OSError as error:
            self._fail(name, str(error))
        except Exception:  # noqa: BLE001  a validator's own exception is its refusal
            self._fail(name, traceback.format_exc().strip())
        else:
            self.held += 1
            print(f"held     {name}" + (f": {note}" if note else ""))
            return True
        return False

    def _fail(self, name, why):
        self.not_held += 1
        print(f"NOT HELD {name}: {why}")

    def close(self):
        """Prints the counts and exits; no check at all is a failure."""
        print(f"checks: {self.held} held, {self.not_held} did not")
        sys.exit(0 if self.held and not self.not_held else 1)


def expect(condition, message):
    """Refuses with `message` unless `condition` holds."""
    if not condition:
        raise Refused(message)


def tracked_files():
    """Files of the tree, sorted: those that Git tracks or would track."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout
    return sorted(name for name in listed.split("\0") if name and (ROOT / name).is_file())
