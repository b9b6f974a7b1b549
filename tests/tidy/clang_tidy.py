"""Runs clang-tidy over the sources of src/ and remembers what came out clean.

usage: clang_tidy.py BUILD-FOLDER CACHE-FOLDER

A source is passed over when the preprocessed text of everything of ours that it includes, the checks and the tool are as they were when it
last came out clean. Exit status 1 when any file has a finding.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

TOOL = "clang-tidy-19"
ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#include "([^"]+)"', re.MULTILINE)


def closure(source, seen):
    """Adds to `seen` the source and every header of src/ that it includes, directly or not."""
    if source in seen or not source.exists():
        return
    seen.add(source)
    for name in INCLUDE.findall(source.read_text(errors="replace")):
        closure(ROOT / "src" / name, seen)


def fingerprint(source):
    files = set()
    closure(source, files)
    digest = hashlib.sha256((ROOT / ".clang-tidy").read_bytes() + TOOL.encode())
    for file in sorted(files):
        digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def check(source, build):
    run = subprocess.run([TOOL, "--quiet", "-p", str(build), "--extra-arg=-Wno-unknown-warning-option", str(source)], capture_output=True, text=True)
    return run.returncode, run.stdout


def main():
    build, cache = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    cache.mkdir(parents=True, exist_ok=True)
    commands = json.loads((build / "compile_commands.json").read_text())
    sources = sorted({pathlib.Path(entry["file"]) for entry in commands if entry["file"].startswith(str(ROOT / "src"))})
    waiting = [(source, cache / fingerprint(source)) for source in sources]
    waiting = [(source, stamp) for source, stamp in waiting if not stamp.exists()]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = {pool.submit(check, source, build): (source, stamp) for source, stamp in waiting}
        for done in concurrent.futures.as_completed(runs):
            source, stamp = runs[done]
            status, output = done.result()
            if status == 0:
                stamp.touch()
                continue
            failed += 1
            print(f"{source.relative_to(ROOT)}:\n{output}", flush=True)
    print(f"clang-tidy: {len(sources)} files, {len(waiting)} read now, {failed} with findings")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
