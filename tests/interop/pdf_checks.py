"""Checks a PDF report with tools that share no code with it.

    python3 tests/interop/pdf_checks.py REPORT.pdf [--title TITLE] [--language LANG] [TEXT ...]

Needs qpdf and poppler (pdffonts, pdfinfo, pdftotext) on the path, and pikepdf. Each TEXT must be in the extracted
text, in the order given. Prints one line for each check and exits 1 if one does not hold.
"""

import argparse
import re
import subprocess
import sys

import pikepdf

# poppler wraps right-to-left words in these.
EMBEDDING_MARKS = re.compile("[\u202a-\u202e\u2066-\u2069]")


def run(*command):
    """Returns exit code and output of a tool."""
    done = subprocess.run(command, capture_output=True, check=False)
    return done.returncode, done.stdout.decode("utf-8", "replace")


def extracted(path):
    """Returns the text as poppler reads it, with every stretch of white space as one space."""
    _, text = run("pdftotext", "-enc", "UTF-8", path, "-")
    return " ".join(EMBEDDING_MARKS.sub("", text).split())


def fonts(path):
    """Returns name, embedded, subset, and Unicode flag of each font."""
    _, listing = run("pdffonts", path)
    rows = listing.splitlines()[2:]
    return [(row.split()[0], *re.search(r"(yes|no) +(yes|no) +(yes|no) +\d+ +\d+$", row).groups()) for row in rows]


def outline_titles(pdf):
    """Returns the titles of the bookmarks, in order, children after their parent."""

    def walk(items):
        for item in items:
            yield item.title
            yield from walk(item.children)

    with pdf.open_outline() as outline:
        return list(walk(outline.root))


def link_faults(pdf):
    """Returns the links that lead to no page of the file."""
    pages = {page.objgen for page in pdf.pages}
    faults = []
    for number, page in enumerate(pdf.pages, 1):
        for annotation in page.get("/Annots", []):
            if annotation.A.D[0].objgen not in pages:
                faults.append(f"page {number}")
    return faults


def footer_faults(path, pages):
    """Returns the pages whose footer does not say which page of how many they are."""
    faults = []
    for page in range(1, pages + 1):
        _, text = run("pdftotext", "-f", str(page), "-l", str(page), path, "-")
        if f"page {page} of {pages}" not in text:
            faults.append(page)
    return faults


def missing_texts(text, wanted):
    """Returns what is not in the text, or not after what was given before it."""
    missing, at = [], 0
    for each in wanted:
        each = " ".join(each.split())
        found = text.find(each, at)
        if found < 0:
            missing.append(each)
        else:
            at = found + len(each)
    return missing


def checks(arguments):
    """Yields name, whether it holds, and detail of each check."""
    path = arguments.pdf
    code, output = run("qpdf", "--check", path)
    yield "qpdf accepts the file", code == 0, output.strip().splitlines()[-1:]
    listed = fonts(path)
    embedded = bool(listed) and all(flags == ["yes", "yes", "yes"] for _, *flags in listed)
    yield "fonts are embedded subsets with Unicode", embedded, listed
    _, info = run("pdfinfo", path)
    title = re.search(r"^Title: +(.+)$", info, re.MULTILINE)
    yield "the file has a title", bool(title) and arguments.title in (None, title[1]), title and title[1]
    yield "no time of making is stated", "CreationDate" not in info and "ModDate" not in info, ""
    with pikepdf.open(path) as pdf:
        language = str(pdf.Root.get("/Lang", ""))
        yield "the file has a language", language != "" and arguments.language in (None, language), language
        yield "bookmarks are there", len(outline_titles(pdf)) > 0, outline_titles(pdf)[:5]
        claims = [key for key in pdf.docinfo if "GTS" in key]
        yield "no PDF/X is claimed", not claims and "/OutputIntents" not in pdf.Root, claims
        yield "no script and no attached file", not {"/OpenAction", "/AA", "/AF"} & set(pdf.Root.keys()), ""
        faults = link_faults(pdf)
        yield "links lead to pages", not faults, faults
        faults = footer_faults(path, len(pdf.pages))
        yield "each page says which it is", not faults, faults
    missing = missing_texts(extracted(path), arguments.text)
    yield f"{len(arguments.text)} texts are read in order", not missing, missing


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pdf")
    parser.add_argument("--title")
    parser.add_argument("--language")
    parser.add_argument("text", nargs="*")
    good = True
    for name, holds, detail in checks(parser.parse_intermixed_args()):
        good = good and holds
        print(f"ok       {name}" if holds else f"NOT HELD {name}: {detail}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
