"""How Adit gets on with a real strongSwan that dies, begins at the same time, proves itself in another way, or sends a lot.

usage: ADIT_PROGRAMS=build/release/bin python3 -m unittest peers_test
"""

import contextlib
import threading
import unittest

from pairs import PATIENCE, WithPairs
from with_strongswan import PROGRAMS, gateway

import pki  # found by the path that with_strongswan sets
import traffic
from adit import wait_for
from netns import TwoHosts
from strongswan import connection

EAST, WEST = "east.example.org", "west.example.org"
LARGEST_DATAGRAM = 1280  # octets of IP: both ends send larger messages in fragments (RFC 7383)


class Liveness(WithPairs):
    def test_the_sas_of_a_killed_peer_go_and_an_automatic_tunnel_comes_back_with_it(self):
        policy = gateway(on_demand="No", auto="Yes", liveness=2)
        with contextlib.ExitStack() as stack:
            pair = self.enter(stack, "killed", TwoHosts(), policy, connection(), iked_settings="  IkeRetries 2\n  IkeInitWait 1\n")
            pair.settled()
            with traffic.EchoFlow(*pair.sides["east"], self.folder / "flow", interval=0.05) as flow:
                wait_for(flow.answered, PATIENCE, "traffic through the tunnel")
                pair.peer.crash()
                wait_for(lambda: not pair.ike_sas() and not pair.child_sas(), PATIENCE, "Adit to remove the SAs of its dead peer")
                pair.peer.start()
                answered = len(flow.answered())
                wait_for(lambda: len(flow.answered()) > answered, 2 * PATIENCE, "the tunnel to be back")
            pair.settled()


class Starts(WithPairs):
    """Of two SAs for the same traffic one goes, deleted by the end that made it (RFC 7296 §2.8.1). charon deletes none of them, so two may stay."""

    def test_from_both_sides_at_once_end_with_traffic_and_one_pair_in_use(self):
        for number in range(3):
            with self.subTest(number=number), contextlib.ExitStack() as stack:
                pair = self.enter(stack, f"start-{number}", TwoHosts(), gateway(on_demand="No"), connection())
                peer = threading.Thread(target=lambda: pair.peer.control("--initiate", "--child", "net", check=False))
                peer.start()
                pair.host.ipsec("-y", "activate", "-l", "net-to-net")
                peer.join()
                wait_for(pair.child_sas, PATIENCE, "Adit to have a pair")
                wait_for(lambda: len(self.spis_sent_with(pair)) == 1, PATIENCE, "Adit to send with one pair")
                self.assertIn(len(pair.child_sas()), (1, 2))
                self.assertEqual(pair.ping(), [3, 3])

    def spis_sent_with(self, pair):
        with traffic.Capture(pair.peer.namespace, "wire", self.folder / "wire.pcapng") as wire:
            self.assertEqual(pair.ping(), [3, 3])
        return set(wire.rows("esp.spi", only="esp && ip.src == 198.51.100.1"))


class WithLeaves(WithPairs):
    def nss(self, stack, pair_net, folder, authority, leaf):
        nss = pki.NssHost(PROGRAMS, pair_net.east, folder, authority.root, {})
        nss.install(leaf)
        return stack.enter_context(nss)

    def both_roles(self, pair, most_pings=3):
        for begin in (pair.activate_from_adit, pair.activate_from_peer):
            begin()
            self.assertEqual(pair.ping(), [most_pings, most_pings])
            pair.host.ipsec("-k", "deactivate", "-a", "all")
            wait_for(lambda: pair.at_peer() == (0, 0) and not pair.ike_sas(), PATIENCE, "both ends to have deleted their SAs")


class Proofs(WithLeaves):
    """Each end proves itself in its own way, in one SA (RFC 7296 §2.15)."""

    def test_adit_by_its_certificate_and_the_peer_by_the_shared_key(self):
        self.check("RsaSignature", "PresharedKey", local_auth="psk", remote_auth="pubkey")

    def test_adit_by_the_shared_key_and_the_peer_by_its_certificate(self):
        self.check("PresharedKey", "RsaSignature", local_auth="pubkey", remote_auth="psk", certificate="west.pem")

    def check(self, method, peer_method, **auth):
        authority = pki.Authority(self.folder / "pki")
        with contextlib.ExitStack() as stack:
            net = stack.enter_context(TwoHosts())
            nss = self.nss(stack, net, self.folder / "nss", authority, authority.leaf("east", "rsa", dns=EAST))
            policy = gateway(on_demand="No", method=method, peer_method=peer_method, local_id=f"Fqdn {EAST}", remote_id=f"Fqdn {WEST}")
            pair = self.enter(stack, "proofs", net, policy, connection(local_id=WEST, remote_id=EAST, **auth), nss=nss,
                              leaf=authority.leaf("west", "rsa", dns=WEST))
            self.both_roles(pair)


class Identities(WithLeaves):
    # type; Adit's and strongSwan's words for east, then for west
    SHARED_KEY = [("Fqdn", EAST, EAST, WEST, WEST),
                  ("UserAtFqdn", "alice@example.org", "alice@example.org", "bob@example.org", "bob@example.org"),
                  ("X500dn", "CN=east,O=Adit", "O=Adit, CN=east", "CN=west,O=Adit", "O=Adit, CN=west"),
                  ("KeyId", "Ascii east key", "@#" + b"east key".hex(), "Hex 0badcafe", "@#0badcafe")]
    CERTIFICATE = [("UserAtFqdn", "alice@example.org", "alice@example.org", "bob@example.org", "bob@example.org"),
                   ("X500dn", "CN=east,O=Adit", "O=Adit, CN=east", "CN=west,O=Adit", "O=Adit, CN=west")]

    def test_of_each_type_with_a_shared_key(self):
        for kind, east, east_there, west, west_there in self.SHARED_KEY:
            with self.subTest(kind), contextlib.ExitStack() as stack:
                policy = gateway(on_demand="No", local_id=f"{kind} {east}", remote_id=f"{kind} {west}")
                pair = self.enter(stack, kind, TwoHosts(), policy, connection(local_id=west_there, remote_id=east_there))
                self.both_roles(pair)

    def test_of_types_that_stand_in_certificates(self):
        authority = pki.Authority(self.folder / "pki")
        leaves = {name: authority.leaf(name, "ecdsa256", email=f"{user}@example.org", common_name=name) for name, user in (("east", "alice"), ("west", "bob"))}
        for kind, east, east_there, west, west_there in self.CERTIFICATE:
            with self.subTest(kind), contextlib.ExitStack() as stack:
                net = stack.enter_context(TwoHosts())
                nss = self.nss(stack, net, self.folder / f"nss-{kind}", authority, leaves["east"])
                policy = gateway(on_demand="No", method="DigitalSignature", local_id=f"{kind} {east}", remote_id=f"{kind} {west}")
                configuration = connection(local_id=west_there, remote_id=east_there, local_auth="pubkey", remote_auth="pubkey", certificate="west.pem")
                self.both_roles(self.enter(stack, kind, net, policy, configuration, nss=nss, leaf=leaves["west"]))


class Fragments(WithLeaves):
    INTERMEDIATES = 4

    def chain(self, side):
        authority = self.root
        for number in range(self.INTERMEDIATES):
            name = f"{side} intermediate {number}"
            authority = pki.Authority(self.folder / name.replace(" ", "-"), name=name, kind="rsa", parent=authority)
        return authority.leaf(side, "rsa", dns=f"{side}.example.org")

    def test_carry_long_certificate_chains_both_ways(self):
        self.root = pki.Authority(self.folder / "root")
        with contextlib.ExitStack() as stack:
            net = stack.enter_context(TwoHosts())
            nss = self.nss(stack, net, self.folder / "nss", self.root, self.chain("east"))
            policy = gateway(on_demand="No", method="RsaSignature", local_id=f"Fqdn {EAST}", remote_id=f"Fqdn {WEST}")
            configuration = connection(local_id=WEST, remote_id=EAST, local_auth="pubkey", remote_auth="pubkey", certificate="west.pem")
            pair = self.enter(stack, "chains", net, policy, configuration, nss=nss, leaf=self.chain("west"))
            with traffic.Capture(net.east, "wire", self.folder / "wire.pcapng") as wire:
                self.both_roles(pair)
        for source in ("198.51.100.1", "198.51.100.2"):
            with self.subTest(source):
                fragments = wire.rows("frame.number", "ip.len", only=f"isakmp.nextpayload == 53 && ip.src == {source}")
                # Both roles: four IKE_AUTH messages, two of each end, each of more than four certificates.
                self.assertGreaterEqual(len(fragments), 2 * self.INTERMEDIATES)
                self.assertLessEqual(max(int(length) for _, length in fragments), LARGEST_DATAGRAM)
        self.assertEqual(wire.lines("ip.flags.mf == 1 || ip.frag_offset > 0"), [], "IP had to fragment")


if __name__ == "__main__":
    unittest.main(verbosity=2)
