"""Checks that the documents agree with the tree, and with the program.

Usage: docs_checks.py                     the tree: paths, lengths, words, and names that must not be in it
       docs_checks.py --binary PROGRAM    `docs/usage.md` against what `--help` of the program prints
"""

import re
import subprocess
import sys

from checks import ROOT, Checks, expect, tracked_files

LINE_LIMITS = {"README.md": 130, "docs/ARCHITECTURE.md": 200}
FOLDERS = "src|controls|sources|chains|report-templates|samples|tests|docs|benches|fuzz|\\.ci"

# Joined at run time, so that this file does not hold what it looks for.
HOSTS = [
    ".".join(parts)
    for parts in [
        ("crates", "io"),
        ("docs", "rs"),
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("deb", "debian", "org"),
    ]
]
MACHINE_PATHS = ["/" + "root/.", "/" + "work/", "../" + "shared"]
# Cargo writes the registry's address into its lock file, and cannot do without.
LOCK_FILES = {"Cargo.lock", "fuzz/Cargo.lock", "tests/interop/emit/agt-rust/Cargo.lock"}

# Words that would be the assessor's opinion, or more than a signature can show.
CLAIMS = [
    r"compliant(?! state)",
    r"certified",
    r"certifies",
    r"passed the audit",
    r"audit[- ]proof",
    r"tamper[- ]?proof",
    r"tamper[- ]?evident",
    r"unforgeable",
    r"guarantee[sd]?",
    r"reasonable assurance",
    r"in our opinion",
    r"controls? (?:is|are|was|were) effective",
    r"nothing was deleted",
    r"blockchain",
]
DENIALS = r"\b(?:not|never|no|nor|neither|nothing|none|without|cannot)\b"


def main():
    checks = Checks()
    if sys.argv[1:2] == ["--binary"] and len(sys.argv) == 3:
        check_usage(checks, sys.argv[2])
    elif len(sys.argv) == 1:
        check_tree(checks)
    else:
        sys.exit(__doc__)
    checks.close()


def check_tree(checks):
    files = tracked_files()
    documents = [file for file in files if file.endswith(".md")]
    for name, limit in LINE_LIMITS.items():
        checks.run(f"`{name}` has at most {limit} lines", within, name, limit)
    for document in documents:
        checks.run(f"paths named in `{document}` exist", paths_exist, document)
    checks.run("documents make no claim that belongs to an assessor", no_claims, documents)
    checks.run("no place for output is left empty", no_placeholder, documents)
    checks.run("no path of a machine and no registry host is in the tree", no_names, files)


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def within(name, limit):
    lines = len(read(name).splitlines())
    expect(lines <= limit, f"it has {lines}")
    return f"{lines} lines"


def paths_exist(document):
    """A path is inline code that starts with a folder of the repository, or the target of a relative link."""
    text = re.sub(r"^```.*?^```", "", read(document), flags=re.S | re.M)
    folder = (ROOT / document).parent
    named = [(ROOT, path) for path in re.findall(rf"`((?:{FOLDERS})/[^`\s]*)`", text)]
    named += [
        (folder, target.split("#")[0])
        for target in re.findall(r"\]\(([^)\s]+)\)", text)
        if "://" not in target and not target.startswith(("#", "mailto:"))
    ]
    absent = sorted({path for base, path in named if not exists(base, path)})
    expect(not absent, f"not in the tree: {', '.join(absent)}")
    return f"{len(named)} paths"


def exists(base, path):
    """`<id>`, `*`, `…`, and `{a,b}` stand for any name; each alternative in braces must exist."""
    alternatives = re.search(r"\{([^}]*)\}", path)
    if alternatives:
        before, after = path[: alternatives.start()], path[alternatives.end() :]
        return all(exists(base, before + one.strip() + after) for one in alternatives.group(1).split(","))
    pattern = re.sub(r"<[^>]*>|…|NNNN", "*", path).rstrip("/")
    return pattern in ("", ".") or any(True for _ in base.resolve().glob(pattern)) or (base / pattern).exists()


def no_claims(documents):
    """A forbidden word may stand where its own sentence denies it, and in the glossary's table of words."""
    made = []
    sentences = 0
    for document in documents:
        text = read(document)
        if document == "docs/glossary.md":
            text = re.sub(r"^\|.*$", "", text, flags=re.M)
        for sentence in re.split(r"(?<=[.!?:])\s+|\n\s*\n|\n\s*[-|#]", text):
            sentences += 1
            for claim in CLAIMS:
                found = re.search(rf"\b{claim}\b", sentence, flags=re.I)
                if found and not re.search(DENIALS, sentence, flags=re.I):
                    made.append(f"{document}: `{found.group()}` in \"{' '.join(sentence.split())}\"")
    expect(not made, "; ".join(made))
    return f"{sentences} sentences"


def no_placeholder(documents):
    left = [document for document in documents if re.search(r"<!-- *output|\bTODO\b|\bTBD\b", read(document))]
    expect(not left, f"in {', '.join(left)}")


def no_names(files):
    found = []
    for file in files:
        if file in LOCK_FILES:
            continue
        try:
            text = read(file)
        except UnicodeDecodeError:
            continue
        found += [f"`{name}` in {file}" for name in HOSTS + MACHINE_PATHS if name in text]
    expect(not found, "; ".join(found))
    return f"{len(files)} files"


def check_usage(checks, program):
    usage = read("docs/usage.md")
    sections = dict(re.findall(r"^## `countersign (\w+).*?`\n(.*?)(?=^## |\Z)", usage, flags=re.S | re.M))
    checks.run("every verb of the program is in docs/usage.md, and no other", same_verbs, program, set(sections))
    for verb, section in sorted(sections.items()):
        checks.run(f"docs/usage.md names the subcommands of `{verb}`, and no other", same_parts, program, verb, section)
        checks.run(f"docs/usage.md names the options of `{verb}`, and no other", same_options, program, verb, section)


def same_verbs(program, described):
    has = subcommands(help_text(program))
    expect(has and has == described, f"the program has {sorted(has)}, the document {sorted(described)}")
    return f"{len(has)} verbs"


def same_parts(program, verb, section):
    has = subcommands(help_text(program, verb))
    described = set(re.findall(rf"`{verb} (\w+)", section))
    expect(has == described, f"the program has {sorted(has)}, the document {sorted(described)}")
    return f"{len(has)} subcommands"


def same_options(program, verb, section):
    text = help_text(program, verb)
    text += "".join(help_text(program, verb, part) for part in sorted(subcommands(text)))
    # Those that every verb takes are described once, under "Common options".
    common = options(re.search(r"^## Common options\n(.*?)(?=^## |\Z)", read("docs/usage.md"), re.S | re.M).group(1))
    has = options(text) - common - {"--help", "--version"}
    described = options(section) - common
    expect(
        has == described,
        f"only in the program: {sorted(has - described)}; only in the document: {sorted(described - has)}",
    )
    return f"{len(has)} options"


def subcommands(text):
    listed = re.search(r"^Commands:\n(.*?)(?:\n\n|\Z)", text, flags=re.S | re.M)
    return set(re.findall(r"^ {2}(\w+)", listed.group(1), flags=re.M)) - {"help"} if listed else set()


def options(text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text))


def help_text(program, *verbs):
    return subprocess.run([program, *verbs, "--help"], check=True, capture_output=True, text=True).stdout


main()
