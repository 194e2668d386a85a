"""Writes the licences of what the binary is linked from: every crate with its version and licence, and each text once.

Usage: third_party.py TARGET < metadata.json > THIRD-PARTY.txt

The input is `cargo metadata --format-version 1 --filter-platform TARGET`. Crates that only build or test the program are no part
of the binary and are left out. A crate without a licence is an error.
"""

import hashlib
import json
import os
import pathlib
import re
import sys

NAME = re.compile(r"^(un)?licen[sc]e|^copying|^copyright|^notice", re.IGNORECASE)
# Programs and data that carry such a name and are no text of a licence.
NOT_TEXT = {".rs", ".py", ".toml", ".json", ".yml", ".yaml", ".sh"}
RULE = "=" * 100


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    metadata = json.load(sys.stdin)
    packages = {package["id"]: package for package in metadata["packages"]}
    root = metadata["resolve"]["root"]
    linked = sorted(
        (packages[id] for id in reach(metadata["resolve"]["nodes"], root) if id != root),
        key=lambda package: (package["name"], package["version"]),
    )
    unknown = [package["name"] for package in linked if not (package["license"] or package["license_file"])]
    if unknown or not linked:
        sys.exit(f"error: no licence is known of: {', '.join(unknown) or 'any crate'}")
    texts, of_crate = {}, {}
    for package in linked:
        of_crate[package["id"]] = digests = []
        for path, text in licences(package):
            digest = hashlib.sha256(text.encode()).hexdigest()
            texts.setdefault(digest, (text, []))[1].append(f"{package['name']} {package['version']} ({path})")
            digests.append(digest)
    for path in own_fonts(pathlib.Path(packages[root]["manifest_path"]).parent):
        text = normal(path)
        texts.setdefault(hashlib.sha256(text.encode()).hexdigest(), (text, []))[1].append("Noto fonts, embedded")
    write(sys.argv[1], linked, of_crate, texts)


def reach(nodes, root):
    """Ids of the packages that `root` is linked from: those along normal dependencies."""
    by_id = {node["id"]: node for node in nodes}
    found, open_ids = {root}, [root]
    while open_ids:
        for dependency in by_id[open_ids.pop()]["deps"]:
            normal_kind = any(kind["kind"] is None for kind in dependency["dep_kinds"])
            if normal_kind and dependency["pkg"] not in found:
                found.add(dependency["pkg"])
                open_ids.append(dependency["pkg"])
    return found


def licences(package):
    """Paths and texts of the licences that a crate brings, those of the foreign code in it included.

    A GPL text in a crate that is not under the GPL belongs to programs beside the library, which nothing is linked from.
    """
    folder = pathlib.Path(package["manifest_path"]).parent
    found = {}
    for parent, folders, names in os.walk(folder):
        folders.sort()
        chosen = [name for name in sorted(names) if NAME.match(name) and pathlib.Path(name).suffix not in NOT_TEXT]
        # Code under a choice of licences is taken under the permissive one.
        if any(name.lower().startswith("licen") for name in chosen):
            chosen = [name for name in chosen if not name.lower().startswith("copying")]
        for name in chosen:
            path = pathlib.Path(parent, name)
            found[path.relative_to(folder).as_posix()] = normal(path)
    if package["license_file"]:
        found[pathlib.Path(package["license_file"]).as_posix()] = normal(folder / package["license_file"])
    return sorted((path, text) for path, text in found.items() if not foreign_gpl(package, text))


def foreign_gpl(package, text):
    return "GNU GENERAL PUBLIC LICENSE" in text and "GPL" not in (package["license"] or "GPL")


def own_fonts(folder):
    return sorted((folder / "report-templates").glob("**/OFL.txt"))


def normal(path):
    lines = path.read_text(encoding="utf-8", errors="replace").replace("\r\n", "\n").strip("\n").split("\n")
    return "\n".join(line.rstrip() for line in lines) + "\n"


def write(target, linked, of_crate, texts):
    order = sorted(texts, key=lambda digest: (texts[digest][1], digest))
    number = {digest: index for index, digest in enumerate(order, 1)}
    print(f"The countersign program for {target} is linked from the crates below, from the Rust standard library (MIT OR Apache-2.0),")
    print("and holds fonts of the Noto project. After each crate stands its licence, and the numbers of the texts that it brings;")
    print("a crate without a number brings no text, and its licence is the one it names.")
    print()
    for package in linked:
        numbers = " ".join(f"[{number[digest]}]" for digest in dict.fromkeys(of_crate[package["id"]]))
        licence = package["license"] or "its own text"
        print(f"{package['name']} {package['version']}: {licence} {numbers}".rstrip())
    for digest in order:
        text, sources = texts[digest]
        print(f"\n{RULE}\n[{number[digest]}] {'; '.join(sources)}\n{RULE}\n")
        print(text, end="")


main()
