"""What `./run demo` shows: hosts in network namespaces, each with its own policy file, and tunnels between them: one made by IKEv2, one by IKEv1.

usage: demo.py PROGRAMS-FOLDER
"""

import contextlib
import pathlib
import sys
import tempfile
import time

import traffic
from adit import Host, wait_for
from netns import Namespace, TwoHosts, join

ROOT = pathlib.Path(__file__).resolve().parents[2]
COPY_OCTETS = 20_000_000


def title(text):
    print(f"\n\033[1m# {text}\033[0m", flush=True)


def show(host, *words):
    print(f"{host.stack}$ ipsec {' '.join(words)}")
    print(host.ipsec(*words), flush=True)


def first_answer(namespace, target, begun):
    """Seconds from `begun` until a ping through the tunnel is answered."""
    wait_for(lambda: traffic.ping(namespace, "10.1.0.1", target, count=1, wait=1) == 1, 10, "the first ping to be answered")
    return time.monotonic() - begun


def third_host(east):
    """Another namespace: north 203.0.113.3 with net 10.3.0.0/24, on a wire of its own to east, which is 203.0.113.1 there."""
    north = Namespace("north")
    join(east, north, left_name="wire-north")
    east.address("wire-north", "203.0.113.1/24")
    north.address("wire", "203.0.113.3/24")
    north.address("lo", "10.3.0.1/32")
    east.ip("route", "add", "10.3.0.0/24", "via", "203.0.113.3", "src", "10.1.0.1")
    north.ip("route", "add", "10.1.0.0/24", "via", "203.0.113.1", "src", "10.3.0.1")
    return north


def main():
    programs = pathlib.Path(sys.argv[1]).resolve()
    policies = {"east": "two-versions", "west": "two-hosts", "north": "two-versions"}
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="adit-demo-")))
        net = stack.enter_context(TwoHosts())
        namespaces = {"east": net.east, "west": net.west, "north": stack.enter_context(third_host(net.east))}
        title("Three hosts: east with net 10.1.0.0/24, west with net 10.2.0.0/24, and north, which is older, with net 10.3.0.0/24")
        for name, example in policies.items():
            print(f"policy of {name}: examples/{example}/{name}.policy")
        hosts = {name: stack.enter_context(Host(programs, namespaces[name], folder / name, (ROOT / f"examples/{example}/{name}.policy").read_text(),
                                                stack=name)) for name, example in policies.items()}
        wires = {target: stack.enter_context(traffic.Capture(net.east, interface, folder / f"{interface}.pcapng"))
                 for target, interface in (("10.2.0.1", "wire"), ("10.3.0.1", "wire-north"))}
        answered = {}
        try:
            for target, rule, peer in (("10.2.0.1", "net-to-net", "west by IKEv2"), ("10.3.0.1", "to-north", "north by IKEv1")):
                title(f"The operator of east activates the tunnel to {peer}")
                begun = time.monotonic()
                show(hosts["east"], "-y", "activate", "-l", rule)
                print(f"first ping through the tunnel answered after {first_answer(net.east, target, begun) * 1000:.0f} ms")
            title("One iked, both versions: the IKE tunnels and the dynamic tunnels")
            show(hosts["east"], "-k", "display")
            show(hosts["east"], "-y", "display")
            title("The other ends")
            for name in ("west", "north"):
                show(hosts[name], "-k", "display", "-r", "short")
            title("Traffic through them")
            for target, name in (("10.2.0.1", "west"), ("10.3.0.1", "north")):
                answered[target] = traffic.ping(net.east, "10.1.0.1", target, count=5)
                print(f"ping to {name}: {answered[target]} of 5 answered")
                taken = traffic.stream(net.east, "10.1.0.1", namespaces[name], target, COPY_OCTETS)
                print(f"file to {name}: {COPY_OCTETS // 1_000_000} MB copied over TCP in {taken:.2f} s, SHA-256 equal at both ends")
        except Exception:
            print(*(host.logs() for host in hosts.values()), file=sys.stderr)
            raise
        title("On the wires meanwhile")
        clear = []
        time.sleep(0.3)  # what the captures still hold
        for wire, exchanges in zip(wires.values(), (4, 9)):
            print("\n".join(wire.lines("isakmp", count=exchanges) + wire.lines("esp", count=3)))
            clear += wire.clear_text()
        print(f"packets that are neither IKE nor ESP: {len(clear)}")
        title("All taken down")
        return 0 if set(answered.values()) == {5} and not clear else 1


if __name__ == "__main__":
    sys.exit(main())
