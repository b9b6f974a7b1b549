"""What the tests against a real strongSwan share: one Adit host, east, on a wire with one charon, west."""

import os
import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/lab"))

import pki  # noqa: E402
import policy_text  # noqa: E402
import traffic  # noqa: E402
from adit import Host, wait_for  # noqa: E402
from netns import TwoHosts  # noqa: E402
from outcome import has_failed  # noqa: E402
from strongswan import Strongswan  # noqa: E402

PROGRAMS = pathlib.Path(os.environ.get("ADIT_PROGRAMS", ROOT / "build/release/bin")).resolve()
STREAM_OCTETS = 100_000_000


def gateway(**values):
    # strongSwan's libipsec has only ESP in UDP: it pretends to be behind a NAT, which our side must be willing to see.
    return policy_text.gateway(allow_nat="Yes", **values)


IS_ROOT = os.geteuid() == 0


@unittest.skipUnless(IS_ROOT, "needs root: network namespaces")
class WithStrongswan(unittest.TestCase):
    """east is Adit, west is strongSwan."""

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="adit-interop-")))
        self.net = self.enterContext(TwoHosts())

    def bring_up(self, policy, configuration, nss=None, settings="", iked_settings=""):
        self.peer = Strongswan(self.net.west, self.folder / "west", configuration, settings=settings, log_level=1)
        self.prepare_peer()
        self.enterContext(self.peer)
        self.host = Host(PROGRAMS, self.net.east, self.folder / "east", policy, stack="east", nss=nss, iked_settings=iked_settings)
        self.addCleanup(self.tell_if_failed)
        self.enterContext(self.host)

    def prepare_peer(self):
        """Puts certificates into the peer's folder; none for pre-shared keys."""

    def tell_if_failed(self):
        # What failed is only to be understood with both logs.
        if has_failed(self):
            print(self.host.logs(), "--- strongSwan", self.peer.log(), sep="\n", file=sys.stderr)

    def activate_from_adit(self):
        self.host.ipsec("-y", "activate", "-l", "net-to-net")
        wait_for(lambda: "ESTABLISHED" in self.peer.control("--list-sas") and "INSTALLED" in self.peer.control("--list-sas"), 20,
                 "the SAs to be up at strongSwan")

    def activate_from_peer(self):
        self.peer.control("--initiate", "--child", "net")

    def check_traffic(self, octets=STREAM_OCTETS):
        with traffic.Capture(self.net.east, "wire", self.folder / "wire.pcapng") as wire:
            self.assertEqual(traffic.ping(self.net.east, "10.1.0.1", "10.2.0.1"), 3)
            traffic.stream(self.net.east, "10.1.0.1", self.net.west, "10.2.0.1", octets)
            traffic.stream(self.net.west, "10.2.0.1", self.net.east, "10.1.0.1", octets)
        self.assertEqual(wire.clear_text(), [])
        self.assertTrue(wire.lines("esp", count=1), "no ESP was seen at all")

    def both_roles(self, policy, configuration, nss=None, octets=5_000_000):
        self.bring_up(policy, configuration, nss)
        self.activate_from_adit()
        self.check_traffic(octets)
        self.host.ipsec("-k", "deactivate", "-a", "all")
        wait_for(lambda: not self.peer.control("--list-sas").strip(), 20, "strongSwan to have deleted its SAs")
        self.activate_from_peer()
        self.check_traffic(octets)
        tunnels = self.host.report("-k", "display")
        self.assertEqual(len(tunnels["entries"]), 1)
        self.peer.control("--terminate", "--ike", "lab")
        wait_for(lambda: not self.host.report("-k", "display")["entries"], 20, "Adit to have deleted its SAs")


class WithCertificates(WithStrongswan):
    """Both sides prove themselves by signature; nssd signs and judges for Adit."""

    EAST, WEST = "east.example.org", "west.example.org"
    ADIT_NAMES = {"local_id": f"Fqdn {EAST}", "remote_id": f"Fqdn {WEST}"}
    PEER_NAMES = {"local_auth": "pubkey", "remote_auth": "pubkey", "local_id": WEST, "remote_id": EAST, "certificate": "west.pem"}

    def prove_by(self, kind, **leaf_options):
        """Certificates of this kind for both ends; returns the nssd of Adit's end."""
        authority = pki.Authority(self.folder / "pki")
        self.west = authority.leaf("west", kind, dns=self.WEST, **leaf_options)
        return self.enterContext(pki.NssHost(PROGRAMS, self.net.east, self.folder / "nss", authority, {"east": (kind, self.EAST)}))

    def prepare_peer(self):
        if hasattr(self, "west"):
            self.west.install(self.folder / "west/swanctl")
