"""Network namespaces for tests: made under names of their own, taken down again whatever happens.

All traffic stays inside them: no namespace made here has a way out of the machine.
"""

import itertools
import os
import subprocess

_numbers = itertools.count()
# How much longer than usual the tests wait for anything: under emulation all is slow.
PATIENCE = float(os.environ.get("ADIT_PATIENCE", "1"))


class CommandFailed(Exception):
    pass


def run(*words, check=True, timeout=60, **options):
    """Runs a command and returns what it printed; what it printed is in the exception if it fails."""
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=timeout * PATIENCE, **options)
    if check and done.returncode != 0:
        raise CommandFailed(f"{' '.join(map(str, words))}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


class Namespace:
    """One network namespace; use it as a context manager, or close() it."""

    def __init__(self, label):
        self.label = label
        self.name = f"adit-{os.getpid()}-{next(_numbers)}-{label}"[:60]
        run("ip", "netns", "add", self.name)
        self.ip("link", "set", "lo", "up")

    def ip(self, *words):
        return run("ip", "-n", self.name, *words)

    def inside(self, *words):
        """The words of a command that runs in the namespace."""
        return ["ip", "netns", "exec", self.name, *map(str, words)]

    def run(self, *words, **options):
        return run(*self.inside(*words), **options)

    def popen(self, *words, **options):
        return subprocess.Popen(self.inside(*words), **options)

    def address(self, interface, *addresses):
        for address in addresses:
            family = ["nodad"] if ":" in address else []
            self.ip("addr", "add", address, "dev", interface, *family)

    def close(self):
        subprocess.run(["ip", "netns", "del", self.name], capture_output=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def join(left, right, left_name="wire", right_name="wire", mtu=1500):
    """Joins two namespaces by a veth pair, both ends up."""
    run("ip", "link", "add", left_name, "netns", left.name, "type", "veth", "peer", "name", right_name, "netns", right.name)
    left.ip("link", "set", left_name, "mtu", mtu, "up")
    right.ip("link", "set", right_name, "mtu", mtu, "up")


class TwoHosts:
    """Two namespaces on one wire, each with a net of its own behind it, as most tests want them.

    east 198.51.100.1, 2001:db8:100::1, net 10.1.0.0/24 (10.1.0.1 on lo), 2001:db8:1::/64
    west 198.51.100.2, 2001:db8:100::2, net 10.2.0.0/24 (10.2.0.1 on lo), 2001:db8:2::/64
    """

    def __init__(self, prefix="", mtu=1500):
        self.east = Namespace(prefix + "east")
        self.west = Namespace(prefix + "west")
        join(self.east, self.west, mtu=mtu)
        for here, number, other in ((self.east, 1, 2), (self.west, 2, 1)):
            here.address("wire", f"198.51.100.{number}/24", f"2001:db8:100::{number}/64")
            here.address("lo", f"10.{number}.0.1/32", f"2001:db8:{number}::1/128")
            here.ip("route", "add", f"10.{other}.0.0/24", "via", f"198.51.100.{other}", "src", f"10.{number}.0.1")
            here.ip("-6", "route", "add", f"2001:db8:{other}::/64", "via", f"2001:db8:100::{other}", "src", f"2001:db8:{number}::1")

    def close(self):
        self.east.close()
        self.west.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class NatBetween:
    """Like TwoHosts, but east is in a net of its own, 192.0.2.0/24, and a third namespace masquerades what leaves it.

    east 192.0.2.1, nat 192.0.2.254 and 198.51.100.3, west 198.51.100.2; the nets behind east and west as in TwoHosts
    """

    INSIDE, OUTSIDE = "192.0.2.1", "198.51.100.3"

    def __init__(self):
        self.east, self.nat, self.west = Namespace("east"), Namespace("nat"), Namespace("west")
        join(self.east, self.nat, right_name="inside")
        join(self.nat, self.west, left_name="outside")
        self.east.address("wire", f"{self.INSIDE}/24")
        self.nat.address("inside", "192.0.2.254/24")
        self.nat.address("outside", f"{self.OUTSIDE}/24")
        self.west.address("wire", "198.51.100.2/24")
        self.east.ip("route", "add", "198.51.100.0/24", "via", "192.0.2.254")
        for here, number, other, gateway in ((self.east, 1, 2, "192.0.2.254"), (self.west, 2, 1, self.OUTSIDE)):
            here.address("lo", f"10.{number}.0.1/32")
            here.ip("route", "add", f"10.{other}.0.0/24", "via", gateway, "src", f"10.{number}.0.1")
        self.nat.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
        self.nat.run("nft", "add table ip nat; add chain ip nat out { type nat hook postrouting priority srcnat; }; "
                            "add rule ip nat out oifname outside masquerade")

    def close(self):
        for namespace in (self.east, self.nat, self.west):
            namespace.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def hide_behind_nat(net, address="198.51.100.3"):
    """Makes east's IKE and ESP in UDP leave from another address, as a NAT in front of it would."""
    net.east.address("wire", f"{address}/24")
    net.east.run("nft", f"add table ip nat; add chain ip nat out {{ type nat hook postrouting priority srcnat; }}; "
                        f"add rule ip nat out ip saddr 198.51.100.1 udp dport {{ 500, 4500 }} snat to {address}")
