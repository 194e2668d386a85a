"""Checks the files that machines read with programs that know nothing of Countersign.

Usage: outputs_checks.py SCHEMAS COUNTERSIGN PACK...

SCHEMAS is the folder that `tests/run` fills from pinned packages. OSCAL goes through the NIST schemas and trestle, SARIF through
its schema, JUnit through xmllint, the workpaper through openpyxl and calamine, CSV through Python. Each validator is asked
again with one thing broken, and must refuse: no check here cannot fail.
"""

import csv
import datetime
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import zipfile

import openpyxl
import python_calamine

from checks import Checks, expect

BIN = pathlib.Path(sys.executable).parent
OSCAL = ["catalog", "assessment-plan", "assessment-results"]
TABS = [
    "README", "Summary", "Controls", "Population", "Sample", "Attributes", "Exceptions", "For_Review", "Reconciliation", "IPE",
    "Keys", "Mapping_SoA", "Changes", "Evidence_Index", "Tickmarks",
]  # fmt: skip
# Titles of the table of a tab.
TITLES = 10
NS_UUID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    schemas = pathlib.Path(sys.argv[1])
    checks = Checks()
    for pack in map(pathlib.Path, sys.argv[3:]):
        check_pack(checks, schemas, pack)
        for control in ["AUTHZ-01", "iso27001-2022:A.5.3"]:
            name = f"{pack.name}: Python draws the sample of {control} too"
            checks.run(name, sampled, sys.argv[2], pack, control)
    checks.close()


def check_pack(checks, schemas, pack):
    machine = pack / "data/02_machine"
    report = json.loads((pack / "data/01_report.json").read_bytes())
    results = hashlib.sha256((pack / "data/01_report.json").read_bytes()).hexdigest()
    name = pack.name
    for model in OSCAL:
        document = machine / f"oscal-{model}.json"
        schema = schemas / f"oscal_{model}_schema.json"
        checks.run(f"{name}: {document.name} fits the NIST schema", fits, schema, document, "uuid")
        checks.run(f"{name}: trestle imports {document.name}", trestle, document)
    checks.run(f"{name}: every OSCAL reference leads somewhere", references, machine)
    checks.run(f"{name}: OSCAL counts are those of the report", counts, machine, report, results)
    ci = pack / "data/08_ci"
    checks.run(f"{name}: SARIF fits its schema", fits, schemas / "sarif-2.1.0.json", ci / "results.sarif", "level")
    checks.run(f"{name}: JUnit fits its schema", xmllint, schemas / "junit-10.xsd", ci / "junit.xml")
    workpaper = pack / "data/01_workpaper.xlsx"
    checks.run(f"{name}: openpyxl reads every tab", by_openpyxl, workpaper, report, results)
    checks.run(f"{name}: calamine reads the same cells", by_calamine, workpaper)
    checks.run(f"{name}: the workpaper holds no formula, link, or macro", inert, workpaper)
    checks.run(f"{name}: the sample of the workpaper can be drawn again", drawn_again, workpaper, results)
    checks.run(f"{name}: exceptions.csv is the report's list", exceptions_csv, machine, report)


def ends(command):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True)


def fits(schema, document, member):
    """The schema must also refuse the document with a wrong value of `member`."""
    validator = [BIN / "check-jsonschema", "--schemafile", schema]
    result = ends([*validator, document])
    expect(result.returncode == 0, result.stdout + result.stderr)
    broken = re.sub(rf'("{member}": )"[^"]*"', r'\1"no such thing"', document.read_text(encoding="utf-8"), count=1)
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        file.write(broken)
        file.flush()
        expect(ends([*validator, file.name]).returncode == 1, f"it takes a wrong `{member}`")


def trestle(document):
    """`trestle validate` ends with 0 after a failed import, so the import itself is asked."""
    with tempfile.TemporaryDirectory() as folder:
        result = run_in(folder, "init")
        expect(result.returncode == 0, result.stdout + result.stderr)
        result = run_in(folder, "import", "-f", str(document.resolve()), "-o", "ours")
        expect(result.returncode == 0, result.stdout + result.stderr)
        twice = json.loads(document.read_bytes())
        root = next(iter(twice.values()))
        root["metadata"]["parties"].append(root["metadata"]["parties"][0])
        broken = pathlib.Path(folder) / "broken.json"
        broken.write_text(json.dumps(twice), encoding="utf-8")
        expect(run_in(folder, "import", "-f", str(broken), "-o", "broken").returncode != 0, "it takes one UUID twice")


def run_in(folder, *arguments):
    return subprocess.run([str(BIN / "trestle"), *arguments], cwd=folder, capture_output=True, text=True)


def texts(value, member=""):
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from texts(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner, member)
    elif isinstance(value, str):
        yield member, value


def references(machine):
    documents = [json.loads((machine / f"oscal-{model}.json").read_bytes()) for model in OSCAL]
    uuids = [text for document in documents for member, text in texts(document) if member == "uuid"]
    expect(len(uuids) == len(set(uuids)), "a UUID stands twice")
    expect(all(NS_UUID.match(uuid) for uuid in uuids), "a UUID is not of version 5")
    ids = {text for member, text in texts(documents[0]) if member == "id"}
    seen = 0
    for document in documents:
        own = {resource["uuid"] for resource in next(iter(document.values())).get("back-matter", {}).get("resources", [])}
        for member, text in texts(document):
            if member.endswith("-uuid") or member == "party-uuids":
                expect(text in uuids, f"{member} {text}")
            elif member in ("control-id", "objective-id", "target-id", "role-id"):
                expect(text in ids, f"{member} {text}")
            elif member == "href" and text.startswith("#"):
                expect(text[1:] in own, f"href {text}")
            elif member == "href":
                expect((machine / text).resolve().exists(), f"href {text}")
            else:
                continue
            seen += 1
    expect(seen > 20, f"only {seen} references")
    return f"{seen} references, {len(uuids)} UUIDs"


def counts(machine, report, results):
    [result] = json.loads((machine / "oscal-assessment-results.json").read_bytes())["assessment-results"]["results"]
    props = [{prop["name"]: prop["value"] for prop in observation["props"]} for observation in result["observations"]]
    for member in ["population", "exceptions", "accepted", "untestable", "pending"]:
        found = {prop["test"]: int(prop[member]) for prop in props}
        expected = {test["id"]: test[member] for test in report["tests"]}
        expect(found == expected, f"{member}: expected {expected}, found {found}")
    digest = next(prop["value"] for prop in result["props"] if prop["name"] == "results-digest")
    expect(digest == results, f"results digest {digest}")
    states = {"no_exception": "satisfied", "exception": "not-satisfied", "unable_to_test": "not-satisfied", "limited": "not-satisfied"}
    expected = {
        test["id"].lower() + "_obj": states[test["result"]]
        for test in report["tests"]
        if test["kind"] != "indicator" and test["result"] in states
    }
    found = {finding["target"]["target-id"]: finding["target"]["status"]["state"] for finding in result.get("findings", [])}
    expect(found == expected, f"findings: expected {expected}, found {found}")
    return f"{len(props)} observations, {len(found)} findings"


def xmllint(schema, document):
    validator = ["xmllint", "--noout", "--nonet", "--schema", schema]
    result = ends([*validator, document])
    expect(result.returncode == 0, result.stderr)
    with tempfile.NamedTemporaryFile("w", suffix=".xml", encoding="utf-8") as file:
        file.write(document.read_text(encoding="utf-8").replace("<testcase ", "<test ", 1))
        file.flush()
        expect(ends([*validator, file.name]).returncode != 0, "it takes an unknown element")


def by_openpyxl(workpaper, report, results):
    workbook = openpyxl.load_workbook(workpaper)
    expect(workbook.sheetnames == TABS, f"tabs {workbook.sheetnames}")
    rows = {}
    for sheet in workbook:
        digest = [cell.value for row in sheet.iter_rows(max_row=TITLES - 1) for cell in row if cell.value]
        expect(any(results in str(value) for value in digest), f"{sheet.title} does not print the results digest")
        expect(sheet.freeze_panes == f"B{TITLES + 1}", f"{sheet.title} freezes {sheet.freeze_panes}")
        expect(sheet.print_title_rows == f"${TITLES}:${TITLES}", f"{sheet.title} repeats {sheet.print_title_rows}")
        expect(sheet.page_setup.orientation == "landscape", f"{sheet.title} is not landscape")
        expect(all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row), f"{sheet.title} has a formula")
        rows[sheet.title] = sheet.max_row - TITLES
    for tab, member in [("Summary", "tests"), ("Controls", "controls"), ("Exceptions", "exceptions"), ("Mapping_SoA", "mappings")]:
        expect(rows[tab] == len(report[member]), f"{tab} has {rows[tab]} rows, the report {len(report[member])}")
    noted = len(report.get("review", [])) + len(report.get("limited", []))
    expect(rows["For_Review"] == noted, f"For_Review has {rows['For_Review']} rows, the report {noted}")
    shown = {sheet.title: len(sheet.data_validations.dataValidation) for sheet in workbook}
    for tab in ["Sample", "Attributes"] + (["Exceptions"] if report["exceptions"] else []):
        expect(rows[tab] == 0 or shown[tab] > 0, f"{tab} lets the auditor write anything")
    return f"{sum(rows.values())} rows"


def by_calamine(workpaper):
    """Both readers must see the same texts."""
    ours = python_calamine.CalamineWorkbook.from_path(str(workpaper))
    theirs = openpyxl.load_workbook(workpaper)
    cells = 0
    for tab in TABS:
        for row, other in zip(ours.get_sheet_by_name(tab).to_python(skip_empty_area=False), theirs[tab].iter_rows()):
            for value, cell in zip(row, other):
                # A moment at midnight is a date to calamine.
                if type(value) is datetime.date:
                    value = datetime.datetime.combine(value, datetime.time())
                expect((value or None) == (cell.value or None), f"{tab}!{cell.coordinate}: {value!r}, {cell.value!r}")
                cells += 1
    return f"{cells} cells"


def inert(workpaper):
    with zipfile.ZipFile(workpaper) as archive:
        for name in archive.namelist():
            text = archive.read(name).decode("utf-8")
            for what in ["<f>", "<f ", "<hyperlink", 'TargetMode="External"', "vbaProject", "<ddeLink"]:
                expect(what not in text, f"{what} in {name}")
        stamps = {entry.date_time for entry in archive.infolist()}
        expect(stamps == {(1980, 1, 1, 0, 0, 0)}, f"times of day in the archive: {stamps}")


def table(workpaper, tab):
    rows = openpyxl.load_workbook(workpaper)[tab].iter_rows(min_row=TITLES, values_only=True)
    titles = next(rows)
    return [dict(zip(titles, row)) for row in rows]


def drawn_again(workpaper, results):
    population = [row["Execution id"] for row in table(workpaper, "Population")]
    sample = [row["Execution id"] for row in table(workpaper, "Sample")]
    expected = sorted(population, key=lambda id: hashlib.sha256(f"{results}\0{id}".encode()).hexdigest())[:40]
    expect(sample == expected, "another sample")
    return f"{len(sample)} of {len(population)}"


def sampled(countersign, pack, control):
    """As `docs/formats/sample.md` says, from the pack's own files."""
    seed = "chosen afterwards, \u00e9"
    result = ends([countersign, "sample", pack, "--control", control, "--size", 25, "--seed", seed])
    expect(result.returncode == 0, result.stderr)
    rows = list(csv.DictReader(result.stdout.splitlines()))
    report = json.loads((pack / "data/01_report.json").read_bytes())
    kinds = {test["id"]: test["kind"] for test in report["tests"]}
    linked = {found["id"]: found["tests"] for found in report["controls"]}
    tests = [test for test in linked.get(control, [control]) if kinds[test] != "evidence-quality"]
    items = json.loads((pack / "data/02_machine/items.json").read_bytes())
    ids = {item["subject_id"] for test in tests for item in items[test]}
    expected = sorted(ids, key=lambda id: hashlib.sha256(seed.encode() + b"\0" + id.encode()).hexdigest())[:25]
    expect([undo(row["item"]) for row in rows] == expected, "another sample")
    digest = hashlib.sha256("".join(f"{id}\n" for id in sorted(ids)).encode()).hexdigest()
    expect(rows[0]["population_sha256"] == digest, f"population digest {rows[0]['population_sha256']}")
    return f"{len(rows)} of {len(ids)}"


def undo(field):
    return field[1:] if field.startswith("'") else field


def exceptions_csv(machine, report):
    with open(machine / "exceptions.csv", newline="", encoding="utf-8") as file:
        rows = [{name: undo(value) for name, value in row.items()} for row in csv.DictReader(file)]
    expect(len(rows) == len(report["exceptions"]), f"{len(rows)} rows")
    for row, exception in zip(rows, report["exceptions"]):
        found = (row["exception"], row["test"], row["source"], row["object"], int(row["line"]))
        expected = tuple(exception[name] for name in ("id", "test", "source", "object", "line"))
        expect(found == expected, f"expected {expected}, found {found}")
    with open(machine / "items.csv", newline="", encoding="utf-8") as file:
        items = list(csv.DictReader(file))
    expected = sum(test[name] for test in report["tests"] for name in ("exceptions", "untestable", "pending"))
    expect(len(items) == expected, f"items.csv has {len(items)} rows, the tests count {expected}")
    return f"{len(rows)} exceptions, {len(items)} items"


main()
