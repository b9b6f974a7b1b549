"""Adit beside other programs' nftables tables, which translate addresses, set marks and flush everything: what a packet has become decides, and nothing that
is to be protected leaves in clear.

usage: ADIT_PROGRAMS=build/release/bin python3 -m unittest other_tables_test
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/lab"))

import policy_text  # noqa: E402
import traffic  # noqa: E402
from adit import Host, wait_for  # noqa: E402
from netns import TwoHosts  # noqa: E402
from outcome import has_failed  # noqa: E402

PROGRAMS = pathlib.Path(os.environ.get("ADIT_PROGRAMS", ROOT / "build/release/bin")).resolve()

PERMITTED, DENIED = 7001, 7002
PERMITS_A_PORT = f"""
  IpFilterRule           permitted
  {{
    IpSourceAddr         198.51.100.1
    IpDestAddr           198.51.100.2
    IpService
    {{
      Protocol           Udp
      DestinationPortRange {PERMITTED}
      Direction          Bidirectional
    }}
    IpGenericFilterActionRef permit
  }}
"""
SEND = """
import socket, sys
source, target, port, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
link.bind((source, 0))
for number in range(count):
    try:
        link.sendto(b"%d" % number, (target, port))
    except PermissionError:
        pass  # the filters deny it
"""
LISTEN = """
import socket, sys
link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
link.bind(("198.51.100.1", int(sys.argv[1])))
print("listening", flush=True)
link.recv(100)
print("heard", flush=True)
"""
# As policy routing by marks does (CONNMARK): what a connection had is put on its packets again, and it has nothing.
RESTORES_MARKS = """
table inet marks {
  chain out { type route hook output priority mangle; policy accept; meta mark set ct mark; }
  chain in { type filter hook prerouting priority mangle; policy accept; meta mark set ct mark; }
}
"""


def translated(what, to):
    return f"table ip translation {{\n chain out {{\n type nat hook output priority -100; policy accept;\n {what} dnat to {to}\n }}\n}}\n"


@unittest.skipUnless(os.geteuid() == 0, "needs root: network namespaces")
class BesideOthers(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="adit-tables-")))
        self.net = self.enterContext(TwoHosts("tables-"))
        east = policy_text.gateway(extra_rules=PERMITS_A_PORT)
        west = policy_text.gateway(local="198.51.100.2", remote="198.51.100.1", local_net="10.2.0.0/24", remote_net="10.1.0.0/24")
        self.east = Host(PROGRAMS, self.net.east, self.folder / "east", east, stack="east")
        self.west = Host(PROGRAMS, self.net.west, self.folder / "west", west, stack="west")
        self.addCleanup(lambda: has_failed(self) and print(self.east.logs(), self.west.logs(), sep="\n", file=sys.stderr))
        self.enterContext(self.east)
        self.enterContext(self.west)

    def add_table(self, text):
        self.net.east.run("nft", "-f", "-", input=text)

    def sent(self, source, target, port):
        """The UDP datagrams of ours that are seen on the wire in clear: where to."""
        with traffic.Capture(self.net.west, "wire", self.folder / f"{port}-{time.monotonic()}.pcapng") as wire:
            self.net.east.run("python3", "-c", SEND, source, target, port, 20)
            time.sleep(0.3)
        return {row for row in wire.rows("ip.dst", "udp.dstport", only="udp") if row[1] not in ("500", "4500")}

    def ping(self):
        return traffic.ping(self.net.east, "10.1.0.1", "10.2.0.1", wait=2)


class AddressTranslation(BesideOthers):
    def test_leads_no_packet_past_the_filters(self):
        self.assertEqual(self.sent("198.51.100.1", "198.51.100.2", PERMITTED), {("198.51.100.2", str(PERMITTED))})
        self.add_table(translated(f"udp dport {PERMITTED}", f"198.51.100.2:{DENIED}"))
        self.assertEqual(self.sent("198.51.100.1", "198.51.100.2", PERMITTED), set())

    def test_leads_no_packet_to_an_own_address_elsewhere(self):
        for to in (f"198.51.100.2:{DENIED}", f"10.2.0.1:{DENIED}"):
            self.add_table("table ip translation\ndelete table ip translation\n" + translated("ip daddr 198.51.100.1 udp dport 80", to))
            self.assertEqual(self.sent("198.51.100.1", "198.51.100.1", 80), set())

    def test_to_this_host_is_no_way_out(self):
        listener = self.net.east.popen("python3", "-c", LISTEN, "7003", stdout=subprocess.PIPE, text=True)
        self.addCleanup(listener.stdout.close)
        self.addCleanup(listener.wait)
        self.addCleanup(listener.kill)
        listener.stdout.readline()
        self.add_table(translated("ip daddr 198.51.100.2 udp dport 80", "198.51.100.1:7003"))
        self.net.east.run("python3", "-c", SEND, "198.51.100.1", "198.51.100.2", 80, 3)
        self.assertEqual(listener.stdout.readline().strip(), "heard")

    def test_leads_no_packet_past_the_tunnel(self):
        self.add_table(translated(f"udp dport {PERMITTED}", f"10.2.0.1:{DENIED}"))
        self.assertEqual(self.sent("10.1.0.1", "198.51.100.2", PERMITTED), set())
        # It took the tunnel, which is up for it.
        wait_for(lambda: self.east.report("-y", "display")["entries"], 15, "the tunnel")
        self.assertEqual(self.ping(), 3)


class Marks(BesideOthers):
    def test_of_others_take_nothing_out_of_the_tunnel(self):
        self.add_table(RESTORES_MARKS)
        with traffic.Capture(self.net.west, "wire", self.folder / "wire.pcapng") as wire:
            self.assertEqual(self.ping(), 3)
        self.assertEqual(wire.clear_text(), [])


class Flush(BesideOthers):
    def is_closed(self):
        return self.sent("198.51.100.1", "198.51.100.2", DENIED) == set()

    def test_of_all_tables_opens_the_host_for_a_moment_only(self):
        self.assertEqual(self.ping(), 3)
        self.assertTrue(self.is_closed())
        for times in (1, 2):
            self.net.east.run("nft", "flush", "ruleset")
            wait_for(lambda: self.east.daemons["stackd"].log().count("another program has deleted table inet adit") == times, 10, "stackd to notice")
            self.assertTrue(self.is_closed())
            self.assertEqual(self.sent("198.51.100.1", "198.51.100.2", PERMITTED), {("198.51.100.2", str(PERMITTED))})
            self.assertEqual(self.ping(), 3)
        # And it is the policy's own table again: it is refreshed and counts.
        self.east.install_policy(policy_text.gateway())
        wait_for(lambda: self.sent("198.51.100.1", "198.51.100.2", PERMITTED) == set(), 15, "another policy")
        self.assertEqual(self.ping(), 3)

    def test_that_brings_back_an_older_table_is_undone(self):
        older = self.net.east.run("nft", "list", "table", "inet", "adit")
        self.east.install_policy(policy_text.gateway())
        wait_for(lambda: self.sent("198.51.100.1", "198.51.100.2", PERMITTED) == set(), 15, "a policy that denies what the older one permits")
        self.add_table("flush ruleset\n" + older)
        wait_for(lambda: "another program has deleted table inet adit" in self.east.daemons["stackd"].log(), 10, "stackd to notice")
        self.assertEqual(self.sent("198.51.100.1", "198.51.100.2", PERMITTED), set())

    def test_before_the_first_policy_closes_it_again(self):
        for daemon in ("pagent", "stackd"):
            self.east.daemons[daemon].stop()
        self.net.east.run("nft", "delete", "table", "inet", "adit")
        self.east.daemons["stackd"].start()
        self.assertTrue(self.is_closed())
        self.net.east.run("nft", "flush", "ruleset")
        wait_for(lambda: "another program has deleted table inet adit" in self.east.daemons["stackd"].log(), 10, "stackd to notice")
        self.assertTrue(self.is_closed())


del BesideOthers  # it brings the machinery, not tests

if __name__ == "__main__":
    unittest.main(verbosity=2)
