"""What `./run demo` shows: two hosts in network namespaces, each with its own policy file, and an IKEv2 tunnel between them.

usage: demo.py PROGRAMS-FOLDER
"""

import pathlib
import sys
import tempfile
import time

import traffic
from adit import Host, wait_for
from netns import TwoHosts

ROOT = pathlib.Path(__file__).resolve().parents[2]
COPY_OCTETS = 20_000_000


def title(text):
    print(f"\n\033[1m# {text}\033[0m", flush=True)


def show(host, *words):
    print(f"{host.stack}$ ipsec {' '.join(words)}")
    print(host.ipsec(*words), flush=True)


def first_answer(net, begun):
    """Seconds from `begun` until a ping through the tunnel is answered."""
    wait_for(lambda: traffic.ping(net.east, "10.1.0.1", "10.2.0.1", count=1, wait=1) == 1, 10, "the first ping to be answered")
    return time.monotonic() - begun


def main():
    programs = pathlib.Path(sys.argv[1]).resolve()
    policies = {name: (ROOT / f"examples/two-hosts/{name}.policy").read_text() for name in ("east", "west")}
    with tempfile.TemporaryDirectory(prefix="adit-demo-") as folder, TwoHosts() as net:
        folder = pathlib.Path(folder)
        title("Two hosts: east 198.51.100.1 with net 10.1.0.0/24, west 198.51.100.2 with net 10.2.0.0/24")
        print("policies: examples/two-hosts/east.policy, examples/two-hosts/west.policy")
        with Host(programs, net.east, folder / "east", policies["east"], stack="east") as east, \
                Host(programs, net.west, folder / "west", policies["west"], stack="west") as west, \
                traffic.Capture(net.east, "wire", folder / "wire.pcapng") as wire:
            try:
                title("The operator of east activates the tunnel")
                begun = time.monotonic()
                show(east, "-y", "activate", "-l", "net-to-net")
                seconds = first_answer(net, begun)
                print(f"first ping through the tunnel answered after {seconds * 1000:.0f} ms")
                title("Both ends: the IKE tunnel, the dynamic tunnel")
                for host in (east, west):
                    show(host, "-k", "display")
                    show(host, "-y", "display")
                title("Traffic through it")
                answered = traffic.ping(net.east, "10.1.0.1", "10.2.0.1", count=5)
                print(f"ping: {answered} of 5 answered")
                taken = traffic.stream(net.east, "10.1.0.1", net.west, "10.2.0.1", COPY_OCTETS)
                print(f"file: {COPY_OCTETS // 1_000_000} MB copied over TCP in {taken:.2f} s, SHA-256 equal at both ends")
            except Exception:
                print(east.logs(), west.logs(), file=sys.stderr)
                raise
        title("On the wire meanwhile")
        print("\n".join(wire.lines("isakmp", count=4) + wire.lines("esp", count=3)))
        clear = wire.clear_text()
        print(f"packets that are neither IKE nor ESP: {len(clear)}")
        title("All taken down")
        return 0 if answered == 5 and not clear else 1


if __name__ == "__main__":
    sys.exit(main())
