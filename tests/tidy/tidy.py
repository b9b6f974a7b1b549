"""Holds the style by machine: what docs/architecture.md and CONTRIBUTING.md ask for and a program can see.

usage: tidy.py [ROOT]

Each check takes a Tree (paths and texts) and yields findings "path:line: what, and what would be right". Exit status 1 when there is any.
tidy_test.py feeds each check a tree that breaks it.
"""

import dataclasses
import pathlib
import re
import subprocess
import sys

# The layer table of docs/architecture.md: a folder of src/, and the folders it may include from.
BASE = ["base"]
CRYPTO = BASE + ["crypto"]
CONTRACT = CRYPTO + ["contract"]
LAYERS = {
    "base": BASE,
    "crypto": CRYPTO,
    "policy": BASE + ["policy"],
    "policy/lint": BASE + ["policy", "policy/lint"],
    "policy/agreement": BASE + ["policy", "policy/agreement"],
    "policy/report": BASE + ["policy", "policy/lint", "policy/agreement", "policy/report"],
    "contract": CONTRACT,
    "ike/wire": CONTRACT + ["ike/wire"],
    "ike/wire/v1": CONTRACT + ["ike/wire", "ike/wire/v1"],
    "ike/v2": CONTRACT + ["policy", "ike/wire", "ike/v2"],
    "ike/v1": CONTRACT + ["policy", "ike/wire", "ike/wire/v1", "ike/v2", "ike/v1"],
    "ike/engine": CONTRACT + ["policy", "ike/wire", "ike/wire/v1", "ike/v1", "ike/v2", "ike/engine"],
    "nss": CONTRACT + ["nss"],
    "stack": CONTRACT + ["policy", "stack"],
    "stack/user": CONTRACT + ["policy", "stack", "stack/user"],
}
EVERYTHING = list(LAYERS) + ["rpc"]
LAYERS["rpc"] = EVERYTHING
for program in ("iked", "nssd", "pagent", "stackd"):
    LAYERS[f"daemons/{program}"] = EVERYTHING + ["daemons", f"daemons/{program}"]
LAYERS["daemons"] = EVERYTHING + ["daemons"]
for program in ("ipsec", "modify", "certbundle", "policy"):
    LAYERS[f"tools/{program}"] = EVERYTHING + [f"tools/{program}"]

# ike/v2 decides in the vocabulary that the engine shows to its callers: the two headers of values that both share.
ENGINE_VALUES = {"ike/engine/engine.h", "ike/engine/views.h", "ike/engine/step.h", "ike/engine/options.h", "ike/engine/per_second.h"}
SHARED_VALUES = {"ike/v1": ENGINE_VALUES, "ike/v2": ENGINE_VALUES}

PURE = ["base", "crypto", "policy", "policy/lint", "policy/agreement", "policy/report", "contract", "ike/wire", "ike/wire/v1", "ike/v1", "ike/v2", "ike/engine", "nss", "stack"]
# The shell inside a pure folder: the file says so by its place here, and why.
SHELL_FILES = {
    "src/base/log.cpp": "writes the log",
    "src/base/log.h": "writes the log",
    "src/base/ip_address.cpp": "inet_pton and inet_ntop, pure functions of text",
    "src/base/system_random.cpp": "the system's generator",
    "src/base/system_random.h": "the system's generator",
    "src/nss/ring_directory.cpp": "reads a key ring's files",
    "src/nss/ring_directory.h": "reads a key ring's files",
}
IMPURE = re.compile(
    r'#\s*include\s*<(sys/socket|sys/epoll|sys/un|arpa/inet|netinet/[a-z0-9_]+|netdb|thread|mutex|condition_variable|future|fstream|iostream|'
    r"unistd|random|ctime|time)(\.h)?>"
    r"|\b(system_clock|steady_clock|high_resolution_clock)\s*::\s*now|\b(gettimeofday|clock_gettime|getrandom|RAND_bytes|random_device)\b"
)
OPENSSL = re.compile(r"#\s*include\s*<openssl/")
GENERATED = re.compile(r'#\s*include\s*[<"](grpcpp/|grpc/|google/protobuf/|.*\.(pb|grpc\.pb)\.h)')
FORBIDDEN_NAME = re.compile(r"\b(?:class|struct|enum(?: class)?)\s+(?:\w+\s+)?(\w*(?:Manager|Helper|Util|Utils|Handler|Processor|Data|Info|Context|Impl))\b\s*[:{;]")
BOOLEAN_PARAMETER = re.compile(r"^\s*(?:[\w:<>,*& ]+\s)?\w+\((?:[^()]*,\s*)?bool (?!(?:value|succeeded|condition)\b)\w+(?:,[^()]*)?\)(?: const)?(?: noexcept)?;")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
USING_NAMESPACE = re.compile(r"^\s*using namespace\b")
DETAIL = re.compile(r"\bnamespace\s+(?:\w+::)*detail\b")
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"')
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
LONGEST_SOURCE = 400  # lines; tables of facts are listed below
LONG_TABLES = {"src/policy/keywords.cpp"}


@dataclasses.dataclass
class Tree:
    files: dict  # path from the root, with /, to text

    def sources(self, *prefixes):
        for path, text in sorted(self.files.items()):
            if path.endswith((".h", ".cpp")) and path.startswith(prefixes or ("",)):
                yield path, text


def lines(text):
    return enumerate(text.splitlines(), 1)


def folder_of(path):
    """The longest folder of the layer table that the path of a source, or of an include, lies in."""
    inside = path.removeprefix("src/").rsplit("/", 1)[0]
    while inside and inside not in LAYERS:
        inside = inside.rpartition("/")[0]
    return inside


def layers(tree):
    for path, text in tree.sources("src/"):
        folder = folder_of(path)
        if not folder:
            yield f"{path}:1: lies in no folder of the layer table"
            continue
        for number, line in lines(text):
            included = INCLUDE.match(line)
            if not included or included[1].endswith(".inc") or included[1].endswith(".pb.h"):
                continue
            if included[1] in SHARED_VALUES.get(folder, ()):
                continue
            if folder_of("src/" + included[1]) not in LAYERS[folder]:
                yield f"{path}:{number}: {folder} includes {included[1]}; it may use {', '.join(LAYERS[folder])}"


def purity(tree):
    for path, text in tree.sources("src/"):
        if folder_of(path) not in PURE or path in SHELL_FILES:
            continue
        for number, line in lines(text):
            if found := IMPURE.search(line):
                yield f"{path}:{number}: {found[0].strip()} in a pure folder: take it in as a value instead"


def openssl(tree):
    for path, text in tree.sources("src/"):
        if folder_of(path) in ("crypto", "nss"):
            continue
        for number, line in lines(text):
            if OPENSSL.search(line):
                yield f"{path}:{number}: OpenSSL outside crypto and nss"


def generated(tree):
    for path, text in tree.sources("src/"):
        if folder_of(path) == "rpc":
            continue
        for number, line in lines(text):
            if GENERATED.search(line):
                yield f"{path}:{number}: gRPC or generated headers outside rpc"


def names(tree):
    for path, text in tree.sources("src/"):
        for number, line in lines(text):
            if found := FORBIDDEN_NAME.search(line):
                yield f"{path}:{number}: {found[1]} hides an idea: name the idea"
            if path.endswith(".h") and BOOLEAN_PARAMETER.match(line):
                yield f"{path}:{number}: a boolean parameter: give its two values a type"


def unfinished(tree):
    for path, text in tree.sources("src/", "tests/", "bench/"):
        for number, line in lines(text):
            if found := UNFINISHED.search(line):
                yield f"{path}:{number}: {found[0]}: finish it, or write it into an issue"


def headers(tree):
    for path, text in tree.sources("src/"):
        if not path.endswith(".h"):
            continue
        body = [line for _, line in lines(text) if line.strip() and not line.lstrip().startswith("//")]
        if not text.startswith("#pragma once\n"):
            yield f"{path}:1: a header begins with #pragma once"
        if not re.match(r"#pragma once\n+//", text):
            yield f"{path}:2: a header says, under #pragma once, what it is for"
        if body and all(line.startswith("#") for line in body):
            yield f"{path}:1: an umbrella header: include what is used where it is used"
        for number, line in lines(text):
            if USING_NAMESPACE.match(line):
                yield f"{path}:{number}: using namespace in a header"
            if DETAIL.search(line):
                yield f"{path}:{number}: namespace detail: private functions live in the .cpp"


def lengths(tree):
    for path, text in tree.sources("src/"):
        count = text.count("\n")
        if count > LONGEST_SOURCE and path not in LONG_TABLES:
            yield f"{path}:{count}: {count} lines: find the second idea and move it out"


def dead_files(tree):
    included = set()
    for path, text in tree.sources():
        for _, line in lines(text):
            if found := INCLUDE.match(line):
                included.add("src/" + found[1])
                included.add("tests/" + found[1])
                included.add(path.rsplit("/", 1)[0] + "/" + found[1])
    for path, _ in tree.sources("src/", "tests/"):
        if path.endswith(".h") and path not in included:
            yield f"{path}:1: nobody includes it"


def folder_readmes(tree):
    folders = {folder_of(path) for path, _ in tree.sources("src/")} - {""}
    for folder in sorted(folders):
        if f"src/{folder}/README.md" not in tree.files:
            yield f"src/{folder}:1: no README.md: what it owns, what it may use, its files, how to add one more"


def headings(tree):
    """A heading without its blank is no heading: a formatter of C++ that meets a .md leaves such."""
    for path, text in sorted(tree.files.items()):
        if path.endswith(".md") and re.match(r"#+[^#\s]", text):
            yield f"{path}:1: a heading needs a blank after its #"


def links(tree):
    folders = {path.rsplit("/", i)[0] for path in tree.files for i in range(1, path.count("/") + 1)}
    for path, text in sorted(tree.files.items()):
        if not path.endswith(".md"):
            continue
        for number, line in lines(text):
            for target in LINK.findall(line):
                if "://" in target or target.startswith("mailto:"):
                    continue
                at = pathlib.PurePosixPath(path).parent / target
                parts = []
                for part in at.parts:
                    if part == ".." and parts:
                        parts.pop()
                    elif part != ".":
                        parts.append(part)
                resolved = "/".join(parts)
                if resolved not in tree.files and resolved not in folders:
                    yield f"{path}:{number}: broken link {target}"


def stands_alone(tree):
    for path, text in sorted(tree.files.items()):
        if path == "tests/tidy/tidy.py" or path == "tests/tidy/tidy_test.py" or path.startswith(("tests/vectors/", "tests/fuzz/corpus/")):
            continue
        for number, line in lines(text):
            if "../shared" in line or "/work/" in line:
                yield f"{path}:{number}: names a place outside the repository"


CHECKS = [layers, purity, openssl, generated, names, unfinished, headers, lengths, dead_files, folder_readmes, headings, links, stands_alone]


def read_tree(root):
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=root, capture_output=True, text=True, check=True)
    files = {}
    for path in listed.stdout.splitlines():
        file = root / path
        if file.is_file():
            octets = file.read_bytes()
            if b"\0" not in octets[:8192]:
                files[path] = octets.decode(errors="replace")
            else:
                files[path] = ""
    return Tree(files)


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2])
    tree = read_tree(root)
    findings = [finding for check in CHECKS for finding in check(tree)]
    print("\n".join(findings))
    print(f"tidy: {len(tree.files)} files, {len(CHECKS)} checks, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
