"""Pairs of one Adit and one strongSwan, as many as a test wants, and traffic between them whose every answer counts."""

import contextlib
import pathlib
import sys
import tempfile
import unittest

from with_strongswan import IS_ROOT, PROGRAMS, gateway

import traffic  # found by the path that with_strongswan sets
from adit import Host, wait_for
from netns import CommandFailed, TwoHosts
from strongswan import Strongswan, connection

PATIENCE = 30  # seconds; the machine may be busy
ANSWERS_AROUND = 500  # of each flow, before the SAs are replaced and after


class Pair:
    """One Adit and one strongSwan with traffic between them. Adit is the namespace `here` of the net, strongSwan the other."""

    def __init__(self, folder, net, policy, configuration, settings="", here="east", nss=None, leaf=None, iked_settings=""):
        there = "west" if here == "east" else "east"
        self.folder = folder
        self.sides = {"east": (net.east, "10.1.0.1", "10.2.0.1"), "west": (net.west, "10.2.0.1", "10.1.0.1")}
        self.peer = Strongswan(getattr(net, there), folder / "peer", configuration, settings=settings)
        if leaf is not None:
            leaf.install(self.peer.swanctl_folder)
        self.host = Host(PROGRAMS, getattr(net, here), folder / "adit", policy, stack="adit", nss=nss, iked_settings=iked_settings)

    def ike_sas(self):
        return {(entry["InitiatorCookie"], entry["ResponderCookie"]) for entry in self.host.report("-k", "display")["entries"]}

    def child_sas(self):
        return {(entry["EncryptInboundSpi"], entry["EncryptOutboundSpi"]) for entry in self.host.report("-y", "display")["entries"]}

    def at_peer(self):
        """How many IKE SAs and Child SAs charon has, in whatever state."""
        lines = self.peer.control("--list-sas").splitlines()
        return len([line for line in lines if line.startswith("lab:")]), len([line for line in lines if line.startswith("  net:")])

    def activate_from_adit(self):
        self.host.ipsec("-y", "activate", "-l", "net-to-net")
        self.settled()

    def activate_from_peer(self):
        self.peer.control("--initiate", "--child", "net")
        self.settled()

    def settled(self):
        """Waits until both ends have one IKE SA and one Child SA, and no more."""
        wait_for(lambda: len(self.ike_sas()) == len(self.child_sas()) == 1, PATIENCE, "Adit to have one IKE SA and one Child SA")
        wait_for(lambda: self.at_peer() == (1, 1), PATIENCE, "strongSwan to have one IKE SA and one Child SA")

    def replaced(self, ike=frozenset(), child=frozenset()):
        """Waits until none of these SAs is left and others are in their place."""
        wait_for(lambda: not ike & self.ike_sas() and not child & self.child_sas(), PATIENCE + 30, "the SAs to be replaced")
        self.settled()

    @contextlib.contextmanager
    def flows(self, interval=0.001):
        """Traffic both ways from a little before to a little after what is done meanwhile; self.lost is then what was lost, by direction."""
        flows = {side: traffic.EchoFlow(namespace, source, target, self.folder / f"{side}.flow", interval)
                 for side, (namespace, source, target) in self.sides.items()}
        with contextlib.ExitStack() as stack:
            for flow in flows.values():
                stack.enter_context(flow)
            self.wait_for_answers(flows.values())
            yield
            self.wait_for_answers(flows.values())
        self.lost = {side: flow.lost() for side, flow in flows.items()}
        self.count = {side: len(flow.answered()) for side, flow in flows.items()}
        print(f"{self.folder.name}: answered {self.count}, lost { {side: len(lost) for side, lost in self.lost.items()} }", file=sys.stderr)

    @staticmethod
    def wait_for_answers(flows):
        for flow in flows:
            before = len(flow.answered())
            try:
                wait_for(lambda: len(flow.answered()) >= before + ANSWERS_AROUND, PATIENCE, f"{ANSWERS_AROUND} answers more than {before} to {flow.file}")
            except CommandFailed as failure:
                raise CommandFailed(f"{failure}; it says:\n{flow.file.read_text(errors='replace')[-500:]}") from None

    def ping(self):
        return [traffic.ping(*self.sides[side]) for side in ("east", "west")]

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            stack.enter_context(self.peer)
            stack.enter_context(self.host)
            self.stack = stack.pop_all()
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            print(f"=== {self.folder.name}", self.host.logs(), "--- strongSwan", self.peer.log(), sep="\n", file=sys.stderr)
        self.stack.close()


@unittest.skipUnless(IS_ROOT, "needs root: network namespaces")
class WithPairs(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="adit-interop-")))

    def enter(self, stack, name, net, policy, configuration, **options):
        folder = self.folder / name
        folder.mkdir()
        return stack.enter_context(Pair(folder, stack.enter_context(net), policy, configuration, **options))

    def check_flows(self, pair):
        """Nothing was lost."""
        for side, lost in pair.lost.items():
            self.assertEqual(lost[:50], [], f"{pair.folder.name}, from {side}: of {pair.count[side]} these were lost")

    def for_each_role(self, check, roles=("adit", "peer"), policy=None, configuration=None, **options):
        """Checks a pair for each end that begins the initial exchanges."""
        for role in roles:
            with self.subTest(begun_by=role), contextlib.ExitStack() as stack:
                pair = self.enter(stack, f"begun-by-{role}", TwoHosts(), policy or gateway(on_demand="No"), configuration or connection(), **options)
                (pair.activate_from_adit if role == "adit" else pair.activate_from_peer)()
                check(pair)
