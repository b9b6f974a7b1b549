"""A host under a flood in both directions, from the boot on: nothing passes that the policy would not let pass, whatever is started, refreshed, chosen,
ended or killed meanwhile.

usage: ADIT_PROGRAMS=build/release/bin python3 -m unittest no_window_test
"""

import os
import pathlib
import signal
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/lab"))

import policy_text  # noqa: E402
from adit import Host, wait_for  # noqa: E402
from flood import Flood  # noqa: E402
from netns import CommandFailed, Namespace, TwoHosts, join  # noqa: E402
from outcome import has_failed  # noqa: E402

PROGRAMS = pathlib.Path(os.environ.get("ADIT_PROGRAMS", ROOT / "build/release/bin")).resolve()

# Own address, the other's, port. East is the host with Adit; west and a host behind east have nothing.
PERMITTED, DENIED, PROTECTED, DENIED_V6, FORWARDED = 7001, 7002, 7003, 7004, 7005
EAST_STREAMS = {
    "permitted": ("198.51.100.1", "198.51.100.2", PERMITTED),
    "denied": ("198.51.100.1", "198.51.100.2", DENIED),
    "protected": ("10.1.0.1", "10.2.0.1", PROTECTED),
    "denied v6": ("2001:db8:100::1", "2001:db8:100::2", DENIED_V6),
}
FORWARDED_STREAM = {"forwarded": ("198.51.100.2", "192.0.2.9", FORWARDED)}
# What keeps a wire alive, which the denial lets pass: neighbour discovery.
ALIVE = {"icmpv6 133", "icmpv6 134", "icmpv6 135", "icmpv6 136"}
# Long enough for some hundred of each stream.
A_WHILE = 0.3


def turned(streams):
    return {name: (there, here, port) for name, (here, there, port) in streams.items()}


def rule(name, peer, first, last, action="permit"):
    return f"""
  IpFilterRule           {name}
  {{
    IpSourceAddr         198.51.100.1
    IpDestAddr           {peer}
    IpService
    {{
      Protocol           Udp
      SourcePortRange    {first} {last}
      DestinationPortRange {first} {last}
      Direction          Bidirectional
      Routing            Local
    }}
    IpGenericFilterActionRef {action}
  }}
"""


def policy(version, others=2000):
    """Permits one stream. `version` makes all of its other rules different, so that a refresh is long."""
    many = "".join(rule(f"other{i}", f"198.18.{i // 250}.{i % 250 + 1}", 1 + i + version, 60000 - i) for i in range(others))
    return policy_text.gateway(extra_rules=rule("permitted", "198.51.100.2", PERMITTED, PERMITTED) + many, on_demand="Yes")


@unittest.skipUnless(os.geteuid() == 0, "needs root: network namespaces")
class Flooded(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="adit-window-")))
        self.net = self.enterContext(TwoHosts("window-"))
        self.behind = self.enterContext(Namespace("window-behind"))
        east, west, behind = self.net.east, self.net.west, self.behind
        join(east, behind, left_name="lan")
        east.address("lan", "192.0.2.254/24")
        behind.address("wire", "192.0.2.9/24")
        behind.ip("route", "add", "default", "via", "192.0.2.254")
        west.ip("route", "add", "192.0.2.0/24", "via", "198.51.100.1")
        east.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
        # The neighbours know each other whatever the filters say.
        for here, there, number in ((east, west, 2), (west, east, 1)):
            link = there.run("cat", "/sys/class/net/wire/address").strip()
            here.ip("-6", "neigh", "replace", f"2001:db8:100::{number}", "lladdr", link, "dev", "wire", "nud", "permanent")
        self.host = Host(PROGRAMS, east, self.folder / "east", policy(0), stack="east")
        self.stackd, self.pagent = self.host.daemons["stackd"], self.host.daemons["pagent"]
        self.addCleanup(self.host.stop)
        self.addCleanup(self.tell_if_failed)

    def tell_if_failed(self):
        if has_failed(self):
            print(self.host.logs(), file=sys.stderr)

    def begin_flood(self):
        ends = {"east": (self.net.east, EAST_STREAMS, None), "west": (self.net.west, turned(EAST_STREAMS) | FORWARDED_STREAM, "wire"),
                "behind": (self.behind, turned(FORWARDED_STREAM), "wire")}
        self.flood = self.enterContext(Flood(ends))

    def nothing_but(self, permitted, what, loses_none=False):
        """Ends a phase, after a while more of it: of all streams at most those named have passed, in either direction, and nothing else left east."""
        time.sleep(A_WHILE)
        told = self.flood.phase()
        east, west, behind = told["east"], told["west"], told["behind"]
        self.assertGreater(min(west["sent"][name] for name in west["sent"]), 100, "there was no flood")
        self.assertGreater(min((east["sent"].get(name, 0) + east["refused"].get(name, 0)) for name in EAST_STREAMS), 100, "there was no flood")
        ports = {f"udp {EAST_STREAMS[name][2]}" for name in permitted}
        self.assertEqual({name for name in east["arrived"]} - set(permitted), set(), f"{what}: came into the host: {told}")
        self.assertEqual(set(west["seen"]) - ports - ALIVE, set(), f"{what}: left the host: {told}")
        self.assertEqual(set(behind["seen"]) - ALIVE, set(), f"{what}: was forwarded: {told}")
        if loses_none:
            for end in (east, west):
                for name in permitted:
                    self.assertGreater(end["arrived"].get(name, 0), 100, f"{what}: {told}")
                    self.assertEqual(end["missing"][name], 0, f"{what}: of what is permitted was lost: {told}")
        return told

    def all_passes(self):
        """The host is open: each stream is seen, so that one that came through in another phase would have been."""
        time.sleep(A_WHILE)
        told = self.flood.phase()
        self.assertEqual(set(told["east"]["arrived"]), set(EAST_STREAMS), told)
        self.assertEqual(set(told["west"]["arrived"]), set(EAST_STREAMS) | {"forwarded"}, told)
        self.assertIn("forwarded", told["behind"]["arrived"], told)

    def wait_for_policy(self, installs):
        wait_for(lambda: self.stackd.log().count("ADT2001I") >= installs, 30, f"stackd to install policy {installs}")

    def restart(self, daemon, how):
        daemon.stop(how)
        self.nothing_but(["permitted"], f"{daemon.name} has gone by {how.name}", loses_none=True)
        daemon.start()


class Window(Flooded):
    def test_none_from_the_boot_to_the_policy_at_a_refresh_and_when_the_default_filter_is_chosen(self):
        self.begin_flood()
        self.all_passes()  # no filters yet: this shows that the flood is one
        self.net.east.run(PROGRAMS / "stackd", "--boot-filter")
        self.flood.phase()
        self.nothing_but([], "the filter of the boot")
        self.stackd.start()
        self.nothing_but([], "stackd without pagent")
        self.pagent.start()
        self.wait_for_policy(1)
        self.nothing_but(["permitted"], "the first policy")
        for version in range(1, 6):
            self.host.install_policy(policy(version))
            self.wait_for_policy(version + 1)
        self.nothing_but(["permitted"], "refreshes", loses_none=True)
        for _ in range(3):
            self.host.ipsec("-f", "default")
            self.host.ipsec("-f", "reload")
        self.nothing_but(["permitted"], "by command to and fro")
        self.host.ipsec("-f", "default")
        self.nothing_but(["permitted"], "to the default filter by command")
        self.nothing_but([], "the default filter")
        self.stackd.stop(signal.SIGKILL)
        self.nothing_but([], "the default filter, and stackd is killed")
        self.pagent.stop(signal.SIGKILL)
        self.stackd.start()
        self.nothing_but([], "stackd is back and pagent is not")

    def test_none_while_daemons_end_are_killed_and_come_back(self):
        self.stackd.start()
        self.pagent.start()
        self.wait_for_policy(1)
        self.begin_flood()
        installs = 1
        for how in (signal.SIGTERM, signal.SIGKILL):
            self.restart(self.stackd, how)
            installs += 1
            self.wait_for_policy(installs)
            self.nothing_but(["permitted"], f"stackd is back after {how.name}", loses_none=True)
            self.restart(self.pagent, how)
            self.nothing_but(["permitted"], f"pagent is back after {how.name}", loses_none=True)
            installs = self.stackd.log().count("ADT2001I")
            self.pagent.stop(how)
            self.restart(self.stackd, how)
            self.nothing_but(["permitted"], f"stackd is back after {how.name}, pagent is not", loses_none=True)
            with self.assertRaisesRegex(CommandFailed, "no policy yet; the filters that were in force when stackd started still are"):
                self.host.ipsec("-f", "display")
            self.pagent.start()
            self.wait_for_policy(installs + 1)
            installs += 1
            self.nothing_but(["permitted"], f"both are back after {how.name}", loses_none=True)


class PermitUntilPolicy(Flooded):
    def test_a_host_is_open_until_its_first_policy_and_never_again_but_by_command(self):
        self.host.add("stackd", ["--stack", "east", "--socket-dir", self.host.sockets, "--state-dir", self.host.folder / "state", "--permit-until-policy"], inside=True)
        self.stackd = self.host.daemons["stackd"]
        self.begin_flood()
        self.stackd.start()
        self.all_passes()
        self.pagent.start()
        self.wait_for_policy(1)
        self.flood.phase()
        self.nothing_but(["permitted"], "the policy", loses_none=True)
        self.pagent.stop()
        for how in (signal.SIGTERM, signal.SIGKILL):
            self.restart(self.stackd, how)
            self.nothing_but(["permitted"], f"stackd is back after {how.name}, pagent is not", loses_none=True)
        self.pagent.start()
        self.wait_for_policy(2)
        self.nothing_but(["permitted"], "pagent is back", loses_none=True)
        self.host.ipsec("-f", "default")
        self.all_passes()
        self.host.ipsec("-f", "reload")
        self.flood.phase()
        self.nothing_but(["permitted"], "the policy again, by command", loses_none=True)

    def test_it_opens_no_host_that_the_boot_has_closed(self):
        self.host.add("stackd", ["--stack", "east", "--socket-dir", self.host.sockets, "--state-dir", self.host.folder / "state", "--permit-until-policy"], inside=True)
        self.stackd = self.host.daemons["stackd"]
        self.net.east.run(PROGRAMS / "stackd", "--boot-filter")
        self.begin_flood()
        self.stackd.start()
        self.nothing_but([], "stackd without pagent")
        self.pagent.start()
        self.wait_for_policy(1)
        self.nothing_but(["permitted"], "the policy")


del Flooded  # it brings the machinery, not tests

if __name__ == "__main__":
    unittest.main(verbosity=2)
