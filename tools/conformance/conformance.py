"""Which requirement of an RFC is done where, and which test shows it: docs/conformance.md, made and checked.

usage: conformance.py [--write] [--strict] [ROOT]

Reads every *.toml beside it (the requirements of one document each), the citations in the sources (`RFC 7296 §2.8.1`) and
the markers above the tests (`// Shows RFC 7296 2.1-3, 2.1-4.`). Prints what is wrong and exits 1 when there is any:
a MUST without a test, a marker of no requirement or above no test, a source that does not cite its section, a page that is
not what this tool makes. --write makes the page. --strict takes what awaits work to come for wrong too.
conformance_test.py feeds each check a tree that breaks it.
"""

import argparse
import dataclasses
import pathlib
import re
import subprocess
import sys
import tomllib

PAGE = "docs/conformance.md"
LISTS = "tools/conformance/"
SOURCES = (".h", ".cpp", ".inc")
BINDING = {"MUST", "MUST NOT", "SHALL", "SHALL NOT", "REQUIRED"}
ADVICE = {"SHOULD", "SHOULD NOT", "RECOMMENDED", "NOT RECOMMENDED"}
FIELDS = {"level", "says", "code", "same_as", "not_applicable", "awaits", "not_done"}
EXCUSES = ("not_applicable", "awaits", "not_done")

# Comment leaders, so that a citation or a marker may go on in the next line.
CONTINUED = re.compile(r"\n[ \t]*(?://[/!]?<?|#)[ \t]*")
# A section is a number, or the letter of an appendix.
SECTION = r"(?:\d+|[A-Z])(?:\.\d+)*"
CITED = re.compile(r"RFC (\d+)|§(\d+(?:\.\d+)*)|\b[Aa]ppendix ([A-Z](?:\.\d+)*)\b")
# A marker is a comment of its own: its lines, then what they stand above.
MARKED = re.compile(r"^[ \t]*(?://|#) Shows (?P<shown>RFC .*(?:\n[ \t]*(?://|#).*)*)\n(?P<below>.*)", re.MULTILINE)
SHOWN = re.compile(rf"(RFC \d+)|\b({SECTION}-\d+)")
TEST = re.compile(r"\s*(?:TEST|TEST_F|TEST_P)\((\w+), (\w+)\)|\s*def (test_\w+)\(")


@dataclasses.dataclass
class Requirement:
    document: str
    id: str
    fields: dict
    source: str
    tests: list = dataclasses.field(default_factory=list)

    section = property(lambda self: self.id.rpartition("-")[0])
    level = property(lambda self: self.fields["level"])
    says = property(lambda self: self.fields.get("says", ""))
    code = property(lambda self: self.fields.get("code", []))
    same_as = property(lambda self: self.fields.get("same_as"))
    binds = property(lambda self: self.level in BINDING)

    def excuse(self):
        return next((name for name in EXCUSES if name in self.fields), None)


@dataclasses.dataclass
class Document:
    name: str
    title: str
    url: str
    sections: dict
    requirements: list


@dataclasses.dataclass
class Tree:
    files: dict  # path from the root, with /, to text

    def texts(self, prefix, suffixes):
        for path, text in sorted(self.files.items()):
            if path.startswith(prefix) and path.endswith(suffixes):
                yield path, text


def place_of(section):
    return [(0, int(part)) if part.isdigit() else (1, ord(part)) for part in section.split(".")]  # appendices come last


def read_list(path, text):
    """One document's requirements, and what is wrong with the list itself."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:  # an entry that is there twice, too
        return None, [f"{path}:1: {error}"]
    findings = []
    document = Document(table["document"], table["title"], table["url"], table["sections"], [])
    before = None
    for id, fields in table["requirements"].items():
        requirement = Requirement(document.name, id, fields, path)
        at = f"{path}: {id}"
        if not re.fullmatch(rf"{SECTION}-\d+", id):
            findings.append(f"{at}: an id is a section and a number, such as 2.1-3")
            continue
        number = int(id.rpartition("-")[2])
        if before and (requirement.section, number) != (before.section, int(before.id.rpartition("-")[2]) + 1):
            if place_of(requirement.section) <= place_of(before.section) or number != 1:
                findings.append(f"{at}: comes after {before.id}; sections are in order, and numbers in each from 1 without a gap")
        before = requirement
        if requirement.section not in document.sections:
            findings.append(f"{at}: section {requirement.section} has no title in [sections]")
        if fields.get("level") not in BINDING | ADVICE:
            findings.append(f"{at}: level {fields.get('level')!r}; one of {', '.join(sorted(BINDING | ADVICE))}")
            continue
        for name in fields.keys() - FIELDS:
            findings.append(f"{at}: no field {name}; there are {', '.join(sorted(FIELDS))}")
        excuses = [name for name in EXCUSES if name in fields]
        if len(excuses) > 1:
            findings.append(f"{at}: has {' and '.join(excuses)}; one of them at most")
        if "not_done" in fields and requirement.binds:
            findings.append(f"{at}: a {requirement.level} that is not done is a bug, not a choice")
        if not requirement.says:
            findings.append(f"{at}: does not say what it asks for")
        document.requirements.append(requirement)
    return document, findings


def read_lists(tree):
    documents, findings = [], []
    for path, text in tree.texts(LISTS, ".toml"):
        document, wrong = read_list(path, text)
        findings += wrong
        if document:
            documents.append(document)
    return documents, findings


def citations(text):
    """(document, section) pairs that a source cites; a bare § is of the document named last."""
    document = None
    for found in CITED.finditer(CONTINUED.sub(" ", text)):
        if found[1]:
            document = f"RFC {found[1]}"
        elif document:
            yield document, found[2] or found[3]


def files_of(tree, named):
    """The files that an entry's code means: itself, or the header and source of that name."""
    return [path for path in (named, *(named + suffix for suffix in SOURCES)) if path in tree.files]


def check_code(tree, documents):
    for document in documents:
        for requirement in document.requirements:
            at = f"{requirement.source}: {requirement.id}"
            if not requirement.code and not requirement.same_as and not requirement.excuse():
                yield f"{at}: names no code that does it"
            for named in requirement.code:
                files = files_of(tree, named)
                if not files:
                    yield f"{at}: no file {named}"
                elif not any((document.name, requirement.section) in citations(tree.files[file]) for file in files):
                    yield f"{at}: {' and '.join(files)} do not cite {document.name} §{requirement.section}"


def check_repetitions(documents):
    """What an RFC asks for in two places is done and shown in one."""
    for document in documents:
        known = {requirement.id: requirement for requirement in document.requirements}
        for requirement in document.requirements:
            if not requirement.same_as:
                continue
            at = f"{requirement.source}: {requirement.id}"
            other = known.get(requirement.same_as)
            if other is None or other.same_as or other.excuse():
                yield f"{at}: same_as {requirement.same_as}, which is no requirement with code and tests of its own"
            elif requirement.code or requirement.excuse():
                yield f"{at}: same_as {requirement.same_as}, and more: that one has code and tests for both"


def check_markers(tree, documents):
    """Finds the tests of each requirement, and what is wrong with their markers."""
    known = {(document.name, requirement.id): requirement for document in documents for requirement in document.requirements}
    names = {document.name for document in documents}
    for path, text in tree.texts("tests/", (".cpp", ".py")):
        for marker in MARKED.finditer(text):
            at = f"{path}:{text.count(chr(10), 0, marker.start()) + 1}"
            test = TEST.match(marker["below"])
            if not test:
                yield f"{at}: a marker stands directly above the test that it is about"
                continue
            name = f"{test[1]}.{test[2]}" if test[1] else test[3]
            document = None
            for shown in SHOWN.finditer(marker["shown"]):
                document = shown[1] or document
                if shown[1]:
                    if document not in names:
                        yield f"{at}: there is no list of {document}"
                    continue
                requirement = known.get((document, shown[2]))
                if requirement is None:
                    yield f"{at}: {document} {shown[2]} is no requirement of the list"
                elif requirement.excuse() == "not_applicable":
                    yield f"{at}: {document} {shown[2]} is said not to apply"
                elif requirement.same_as:
                    yield f"{at}: {document} {shown[2]} is the same as {requirement.same_as}: name that one"
                elif (name, path) in requirement.tests:
                    yield f"{at}: {shown[2]} twice"
                else:
                    requirement.tests.append((name, path))


def check_tests(documents, strict):
    for document in documents:
        for requirement in document.requirements:
            at = f"{requirement.source}: {requirement.id}"
            if requirement.excuse() == "awaits":
                if strict:
                    yield f"{at}: awaits {requirement.fields['awaits']}"
            elif requirement.binds and not requirement.excuse() and not requirement.same_as and not requirement.tests:
                yield f"{at}: {requirement.level} without a test: {requirement.says}"


def link(path, text):
    return f"[{text}](../{path})"


def code_cell(tree, requirement):
    if requirement.same_as:
        return f"see {requirement.same_as}"
    files = [files_of(tree, named)[-1] for named in requirement.code if files_of(tree, named)]
    return "<br>".join(link(file, f"`{file.removeprefix('src/').rpartition('.')[0]}`") for file in files)


def test_cell(requirement):
    if "not_applicable" in requirement.fields:
        return f"does not apply: {requirement.fields['not_applicable']}"
    if "not_done" in requirement.fields:
        return f"not done: {requirement.fields['not_done']}"
    if requirement.same_as:
        return f"see {requirement.same_as}"
    shown = "<br>".join(link(path, name) for name, path in requirement.tests)
    if "awaits" in requirement.fields:
        return f"awaits {requirement.fields['awaits']}" + (f"<br>{shown}" if shown else "")
    return shown or "no test"


def counts(document):
    rows = []
    known = {requirement.id: requirement for requirement in document.requirements}
    for name, levels in (("MUST, MUST NOT", BINDING), ("SHOULD, SHOULD NOT", ADVICE)):
        of = [requirement for requirement in document.requirements if requirement.level in levels]
        excused = {excuse: sum(requirement.excuse() == excuse for requirement in of) for excuse in EXCUSES}
        plain = [requirement for requirement in of if not requirement.excuse()]
        tested = sum(bool(known.get(requirement.same_as, requirement).tests) for requirement in plain)
        rows.append((name, len(of), tested, len(plain) - tested, excused["awaits"], excused["not_done"], excused["not_applicable"]))
    return rows


INTRODUCTION = """# Conformance

You want to know whether Adit does what an RFC asks for, which code does it, and which test shows it. `tools/conformance` makes this page
from its lists of requirements, from the citations in the code and from the markers above the tests; `./run test` fails when it is out of
date, or when a MUST has no test. The column "asks" is our wording: the RFC's own decides.
"""


def page(tree, documents):
    lines = [INTRODUCTION]
    for document in documents:
        lines.append(f"## [{document.name}]({document.url}): {document.title}\n")
        lines.append("| level | all | shown by a test | without test | awaiting work | not done | not applicable |")
        lines.append("|---|---|---|---|---|---|---|")
        lines += [f"| {' | '.join(str(cell) for cell in row)} |" for row in counts(document)]
        section = None
        for requirement in document.requirements:
            if requirement.section != section:
                section = requirement.section
                lines.append(f"\n### {section} {document.sections.get(section, '')}\n")
                lines.append("| id | level | asks | done in | shown by |")
                lines.append("|---|---|---|---|---|")
            cells = (requirement.id, requirement.level, requirement.says, code_cell(tree, requirement), test_cell(requirement))
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def check(tree, strict=False):
    """All findings, and the page as it has to be."""
    documents, findings = read_lists(tree)
    findings += check_code(tree, documents)
    findings += check_repetitions(documents)
    findings += check_markers(tree, documents)
    findings += check_tests(documents, strict)
    made = page(tree, documents)
    return findings, made


def read_tree(root):
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", "src", "tests", LISTS, PAGE],
                            cwd=root, capture_output=True, text=True, check=True)
    wanted = (*SOURCES, ".py", ".toml", ".md")
    paths = [path for path in listed.stdout.splitlines() if path.endswith(wanted) and (root / path).is_file()]
    return Tree({path: (root / path).read_text(errors="replace") for path in paths})


def main():
    arguments = argparse.ArgumentParser(description="makes and checks docs/conformance.md")
    arguments.add_argument("--write", action="store_true", help="make the page")
    arguments.add_argument("--strict", action="store_true", help="what awaits work to come is wrong, too")
    arguments.add_argument("root", nargs="?", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2])
    options = arguments.parse_args()
    tree = read_tree(options.root)
    findings, made = check(tree, options.strict)
    if options.write:
        (options.root / PAGE).write_text(made)
    elif tree.files.get(PAGE) != made:
        findings.append(f"{PAGE}:1: out of date: run tools/conformance/conformance.py --write")
    print("\n".join(findings))
    print(f"conformance: {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
