"""Checks `docs/formats/chain-profile.schema.json` with a JSON Schema validator: shipped profiles fit it, bad ones do not.

Usage: chain_profiles.py
"""

import json
import re
import tomllib

import jsonschema

from checks import ROOT, Checks, expect

SCHEMA = ROOT / "docs/formats/chain-profile.schema.json"
PAGE = ROOT / "docs/formats/chain-profile.md"
REFUSED = ROOT / "tests/vectors/chain-profiles/refused.toml"
SHIPPED = 11
GOOD = """schema = "countersign/chain-profile/1"
id = "x"
version = "1"
product = "X"
read = { container = "lines" }
recognise = [{ where = [{ field = "/h", present = true }] }]
[[layer]]
name = "l"
"""
HASH = "hash = { over = { line = true } }\n"


def main():
    checks = Checks()
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    if checks.run("the schema is one", jsonschema.Draft202012Validator.check_schema, schema):
        validator = jsonschema.Draft202012Validator(schema)
        shipped = sorted((ROOT / "chains").glob("*.toml"))
        checks.run("no shipped profile is missing", expect, len(shipped) == SHIPPED, f"expected {SHIPPED}, found {len(shipped)}")
        for path in shipped:
            checks.run(f"`{path.name}` fits the schema", fits, validator, path.read_text(encoding="utf-8"))
        examples = re.findall(r"^```toml\n(schema = .*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
        checks.run("the page has its examples", expect, len(examples) == 2, f"expected 2, found {len(examples)}")
        for number, example in enumerate(examples, 1):
            checks.run(f"example {number} of the page fits the schema", fits, validator, example)
        checks.run("what the table of bad profiles changes fits the schema", fits, validator, GOOD + HASH)
        checks.run("the schema refuses what the loader refuses", refuses, validator)
    checks.close()


def fits(validator, text):
    error = jsonschema.exceptions.best_match(validator.iter_errors(tomllib.loads(text)))
    expect(error is None, error and f"{error.json_path}: {error.message}")


def refuses(validator):
    cases = tomllib.loads(REFUSED.read_text(encoding="utf-8"))["case"]
    wrong = []
    for case in cases:
        text = GOOD + case["layer"]
        if "from" in case:
            expect(case["from"] in text, f"`{case['from']}` does not stand in the profile")
            text = text.replace(case["from"], case["to"], 1)
        if validator.is_valid(tomllib.loads(text)) == case["schema"]:
            wrong.append(f"{'accepts' if case['schema'] else 'refuses'} what the loader calls `{case['error']}`: {case['layer']}")
    expect(not wrong, "\n".join(wrong))
    return f"{sum(case['schema'] for case in cases)} of {len(cases)}; the others take more than a schema"


if __name__ == "__main__":
    main()
