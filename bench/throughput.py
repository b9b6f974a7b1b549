"""TCP between two hosts in one run: plain veth, strongSwan's kernel-libipsec, Adit's user engine (the aim: four times kernel-libipsec, or more).

usage: throughput.py PROGRAMS-FOLDER [SECONDS]

iperf3, one stream, AES-256-GCM for both tunnels. Everything of both hosts runs on this machine's cores, so the figures compare; alone they say little.
"""

import json
import pathlib
import statistics
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/lab"))

import policy_text  # noqa: E402
import traffic  # noqa: E402
from adit import Host, wait_for  # noqa: E402
from netns import TwoHosts, hide_behind_nat  # noqa: E402
from strongswan import Strongswan, connection  # noqa: E402


PEER = "strongSwan kernel-libipsec (ESP in UDP)"
IN_UDP = "Adit user engine, ESP in UDP"
NATIVE = "Adit user engine, native ESP"


def iperf(net, source, target, seconds):
    """Mbit/s of one TCP stream from east to west."""
    server = net.west.popen("iperf3", "-s", "-1", "-B", target, "-J", stdout=-3)
    try:
        wait_for(lambda: "5201" in net.west.run("ss", "-ltn"), 5, "iperf3 to listen")
        result = json.loads(net.east.run("iperf3", "-c", target, "-B", source, "-t", seconds, "-J", timeout=seconds + 30))
        server.wait(10)
        return result["end"]["sum_received"]["bits_per_second"] / 1e6
    finally:
        server.kill()
        server.wait()


def plain(seconds):
    with TwoHosts() as net:
        return iperf(net, "10.1.0.1", "10.2.0.1", seconds)


def peer_tunnel(seconds, folder):
    with TwoHosts() as net:
        here = connection(local="198.51.100.1", remote="198.51.100.2", local_ts="10.1.0.0/24", remote_ts="10.2.0.0/24")
        with Strongswan(net.east, folder / "east", here) as east, Strongswan(net.west, folder / "west", connection()):
            east.control("--initiate", "--child", "net")
            return iperf(net, "10.1.0.1", "10.2.0.1", seconds)


def adit_tunnel(programs, seconds, folder, in_udp):
    """Native ESP, or ESP in UDP as strongSwan's libipsec always sends it: there because a NAT hides east."""
    remote = "198.51.100.3" if in_udp else "198.51.100.1"
    nat = {"allow_nat": "Yes"} if in_udp else {}
    hidden = {"remote_id": "IpAddr 198.51.100.1", "action_extra": "  BypassIpValidation Yes"} if in_udp else {}
    west = policy_text.gateway(local="198.51.100.2", remote=remote, local_net="10.2.0.0/24", remote_net="10.1.0.0/24", **nat, **hidden)
    with TwoHosts() as net, Host(programs, net.east, folder / "east", policy_text.gateway(**nat), stack="east") as east, \
            Host(programs, net.west, folder / "west", west, stack="west"):
        if in_udp:
            hide_behind_nat(net)
        east.ipsec("-y", "activate", "-l", "net-to-net")
        wait_for(lambda: traffic.ping(net.east, "10.1.0.1", "10.2.0.1", count=1, wait=1) == 1, 10, "the tunnel")
        return iperf(net, "10.1.0.1", "10.2.0.1", seconds)


def measure(programs, seconds=5, rounds=3):
    """Medians of each, in Mbit/s, the three taken in turn in each round."""
    figures = {"plain veth": [], PEER: [], IN_UDP: [], NATIVE: []}
    for number in range(rounds):
        with tempfile.TemporaryDirectory(prefix="adit-bench-") as folder:
            folder = pathlib.Path(folder)
            figures["plain veth"].append(plain(seconds))
            figures[PEER].append(peer_tunnel(seconds, folder / "peer"))
            figures[IN_UDP].append(adit_tunnel(programs, seconds, folder / "udp", in_udp=True))
            figures[NATIVE].append(adit_tunnel(programs, seconds, folder / "native", in_udp=False))
        print(f"round {number + 1}: " + ", ".join(f"{name} {values[-1]:.0f} Mbit/s" for name, values in figures.items()), flush=True)
    return {name: statistics.median(values) for name, values in figures.items()}


def main():
    programs = pathlib.Path(sys.argv[1]).resolve()
    medians = measure(programs, int(sys.argv[2]) if len(sys.argv) > 2 else 5)
    for name, value in medians.items():
        print(f"{name:40} {value:8.0f} Mbit/s {value / medians[PEER]:8.1f} x kernel-libipsec")


if __name__ == "__main__":
    main()
