"""What one handshake costs the responder: CPU and memory of iked (and of stackd beside it), over real sockets; strongSwan's charon as responder
in the same run.

usage: handshakes.py BUILD-FOLDER [COUNT]

IKEv2, pre-shared key, Curve25519, AES-256-GCM, PRF-HMAC-SHA2-256; the initiators are bench/handshake_load.
"""

import os
import pathlib
import re
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/lab"))

import policy_text  # noqa: E402
from adit import Host, wait_for  # noqa: E402
from netns import TwoHosts  # noqa: E402
from strongswan import Strongswan, connection  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")
SECRET = "a shared secret only for tests"


def cpu_seconds(pid):
    """User and system time of a process, all threads."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_octets(pid):
    status = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(kbytes) for kbytes in re.findall(r"^Private_(?:Clean|Dirty): +(\d+) kB", status, re.MULTILINE)) * 1024


def load(net, build, folder, count, at_once=16):
    """Runs the initiators in west against east."""
    policy = policy_text.gateway(local="198.51.100.2", remote="198.51.100.1", local_net="10.128.0.0/9", remote_net="10.1.0.0/24",
                                 remote_id="Fqdn east.example.org", local_id="Fqdn host.example.org", liveness=0, allow_nat="Yes")
    file = folder / "load.policy"
    file.write_text(policy)
    return net.west.run(build / "bench/handshake_load", file, "198.51.100.2", "198.51.100.1", count, at_once, timeout=300)


def adit(build, count):
    with tempfile.TemporaryDirectory(prefix="adit-bench-") as folder, TwoHosts() as net:
        folder = pathlib.Path(folder)
        policy = policy_text.gateway(remote_net="10.128.0.0/9", local_id="Fqdn east.example.org", remote_id="Fqdn *.example.org", liveness=0)
        with Host(build / "bin", net.east, folder / "east", policy, stack="east") as host:
            pids = {name: host.daemons[name].process.pid for name in ("iked", "stackd")}
            load(net, build, folder, 50)  # warm: allocators, connections
            wait_for(lambda: len(host.report("-k", "display")["entries"]) >= 50, 10, "the warm-up's tunnels")
            before = {name: (cpu_seconds(pid), resident_octets(pid)) for name, pid in pids.items()}
            print(load(net, build, folder, count).strip())
            after = {name: (cpu_seconds(pid), resident_octets(pid)) for name, pid in pids.items()}
            return {name: ((after[name][0] - before[name][0]) / count, (after[name][1] - before[name][1]) / count) for name in pids}


def charon(build, count):
    with tempfile.TemporaryDirectory(prefix="adit-bench-") as folder, TwoHosts() as net:
        folder = pathlib.Path(folder)
        responder = connection(local="198.51.100.1", remote="198.51.100.2", local_id="east.example.org", remote_id="*.example.org",
                               local_ts="10.1.0.0/24", remote_ts="10.128.0.0/9", secret=SECRET, extra="unique = no")
        with Strongswan(net.east, folder / "east", responder, log_level=0) as peer:
            pid = int((peer.run_folder / "charon.pid").read_text())
            load(net, build, folder, 50)
            before = cpu_seconds(pid)
            print(load(net, build, folder, count).strip())
            return (cpu_seconds(pid) - before) / count


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 2000
    ours = adit(build, count)
    theirs = charon(build, min(count, 500))
    iked, stackd = ours["iked"], ours["stackd"]
    print(f"iked    {iked[0] * 1e6:6.0f} us CPU a handshake (aim: 200 or less), {iked[1]:6.0f} octets an IKE SA with its child (aim: 3072 or less)")
    print(f"stackd  {stackd[0] * 1e6:6.0f} us CPU a handshake, {stackd[1]:6.0f} octets an SA pair")
    print(f"charon  {theirs * 1e6:6.0f} us CPU a handshake")
    print(f"charon / iked: {theirs / iked[0]:.1f}")


if __name__ == "__main__":
    main()
