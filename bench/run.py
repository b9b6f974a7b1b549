"""Every benchmark, one after the other: what `./run bench` runs.

usage: run.py BUILD-FOLDER [--quick]
"""

import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    quick = "--quick" in sys.argv
    failed = 0
    for program in sorted((build / "bench").glob("*_bench")):
        print(f"\n== {program.name}", flush=True)
        # 100 000 SAs take half a minute to set up: a quick run has two sizes to compare without them.
        sizes = ["--benchmark_filter=-/100000/"] if quick and program.name == "scale_bench" else []
        words = [program, *sizes, "--benchmark_min_time=0.05" if quick else "--benchmark_min_time=0.3", "--benchmark_counters_tabular=true"]
        failed |= subprocess.run(words).returncode
    if os.geteuid() == 0:
        print("\n== filter_load", flush=True)
        failed |= subprocess.run([build / "bench" / "filter_load", "10000" if quick else "100000"]).returncode
        print("\n== filter_cost", flush=True)
        failed |= subprocess.run([build / "bench" / "filter_cost"]).returncode
    for script, words in (("handshakes.py", [str(build), "300" if quick else "2000"]), ("throughput.py", [str(build / "bin"), "2" if quick else "5"])):
        print(f"\n== {script}", flush=True)
        failed |= subprocess.run([sys.executable, ROOT / "bench" / script, *words]).returncode
    return failed


if __name__ == "__main__":
    sys.exit(main())
