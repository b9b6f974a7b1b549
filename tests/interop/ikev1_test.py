"""IKEv1 with a real strongSwan: every mode and proof that both have, both roles, refreshes under traffic, a NAT, a dead peer, IKEv2 beside it.

usage: ADIT_PROGRAMS=build/release/bin python3 -m unittest ikev1_test
"""

import contextlib
import pathlib
import re
import shutil
import sys
import tempfile
import unittest

from pairs import PATIENCE, WithPairs
from with_strongswan import IS_ROOT, PROGRAMS, WithCertificates, WithStrongswan, gateway

import pki  # found by the path that with_strongswan sets
import traffic
from adit import Host, wait_for
from netns import NatBetween, TwoHosts
from strongswan import Strongswan, connection

MAIN, AGGRESSIVE = "Main", "Aggressive"
# charon refuses to prove itself by a shared key in aggressive mode, for who records it can guess at the key, until it is told not to care.
TAKES_AGGRESSIVE_MODE = "i_dont_care_about_security_and_use_aggressive_mode_psk = yes"
# It proposes an hour and six minutes for phase 2; z/OS' default takes two hours at least.
TAKES_AN_HOUR = "    RefreshLifetimeAccepted 30 480\n"
SOON_GIVES_UP = "  IkeRetries 2\n  IkeInitWait 1\n"


def v1_gateway(mode=MAIN, group="Group14", **values):
    return gateway(initiate=mode, encryption="AES_CBC KeyLength 256", integrity="HMAC_SHA2_256_128", group=group,
                   **{"offer_extra": TAKES_AN_HOUR, "on_demand": "No", **values})


def v1_connection(mode=MAIN, ike="aes256-sha256-modp2048", extra="", **values):
    aggressive = "aggressive = yes" if mode == AGGRESSIVE else ""
    return connection(version=1, ike=ike, extra=f"{aggressive}\n    {extra}", **values)


class PresharedKey(WithPairs):
    def check(self, mode, **values):
        def carries_traffic(pair):
            with traffic.Capture(pair.host.namespace, "wire", pair.folder / "wire.pcapng") as wire:
                self.assertEqual(pair.ping(), [3, 3])
            self.assertEqual(wire.clear_text(), [])
            self.assertEqual([(entry["IKEVersion"], entry["ExchangeMode"]) for entry in pair.host.report("-k", "display")["entries"]], [("1.0", mode)])
            pair.host.ipsec("-k", "deactivate", "-a", "all")
            wait_for(lambda: pair.at_peer() == (0, 0) and not pair.ike_sas(), PATIENCE, "both ends to have deleted their SAs")

        self.for_each_role(carries_traffic, policy=v1_gateway(mode), configuration=v1_connection(mode, **values), settings=TAKES_AGGRESSIVE_MODE)

    # Shows RFC 2408 2.5.1-1.
    def test_in_main_mode(self):
        self.check(MAIN)

    def test_in_aggressive_mode(self):
        self.check(AGGRESSIVE)

    def test_with_pfs(self):
        self.for_each_role(lambda pair: self.assertEqual(pair.ping(), [3, 3]),
                           policy=v1_gateway().replace("InitiateWithPfs        None", "InitiateWithPfs        Group14")
                           .replace("AcceptablePfs          None", "AcceptablePfs          Group14"),
                           configuration=v1_connection(esp="aes256gcm16-modp2048"))


class Refusals(WithStrongswan):
    def test_a_wrong_key_is_told(self):
        self.bring_up(v1_gateway(), v1_connection(secret="another secret than Adit's"), iked_settings=SOON_GIVES_UP)
        self.host.ipsec("-y", "activate", "-l", "net-to-net")
        wait_for(lambda: "the pre-shared keys may differ" in self.host.daemons["iked"].log(), 3 * PATIENCE, "Adit to say what may be wrong")
        self.assertEqual(self.host.report("-y", "display")["entries"], [])

    def test_a_mode_that_is_not_wanted_is_refused(self):
        policy = v1_gateway(action_extra="  HowToRespondIKEv1 Main\n")
        self.bring_up(policy, v1_connection(AGGRESSIVE), settings=TAKES_AGGRESSIVE_MODE)
        self.peer.control("--initiate", "--child", "net", check=False)
        # UNSUPPORTED-EXCHANGE-TYPE (RFC 2408 §3.14.1), which charon has no name for.
        wait_for(lambda: "received (29) error notify" in self.peer.log(), PATIENCE, "strongSwan to hear UNSUPPORTED-EXCHANGE-TYPE")

    def test_no_common_proposal_is_told_at_both_ends(self):
        self.bring_up(v1_gateway(), v1_connection(ike="aes128-sha1-modp2048"))
        self.peer.control("--initiate", "--child", "net", check=False)
        wait_for(lambda: "NO_PROP" in self.peer.log(), PATIENCE, "strongSwan to hear NO-PROPOSAL-CHOSEN")
        self.assertRegex(self.host.daemons["iked"].log(), "EZD1021I.*AES_CBC-128")

    def test_traffic_outside_the_policy_is_refused(self):
        self.bring_up(v1_gateway(), v1_connection(local_ts="10.99.0.0/24"))
        self.peer.control("--initiate", "--child", "net", check=False)
        wait_for(lambda: "INVALID_ID" in self.peer.log(), PATIENCE, "strongSwan to hear INVALID-ID-INFORMATION")
        self.assertIn("EZD1795I", self.host.daemons["iked"].log())


class Certificates(WithCertificates):
    def check(self, kind, method, mode=MAIN, adit_hash="SHA2_256", **values):
        nss = self.prove_by(kind)
        policy = v1_gateway(mode, method=method, ike_offer_extra=f"    HowToAuthMsgs {adit_hash}\n", **self.ADIT_NAMES)
        self.both_roles(policy, v1_connection(mode, **self.PEER_NAMES, **values), nss)

    # Shows RFC 2409 5.1-2.
    def test_rsa(self):
        self.check("rsa", "RsaSignature")

    def test_rsa_in_aggressive_mode(self):
        """charon sends a certificate to who asks for one: the initiator does in message 1."""
        self.check("rsa", "RsaSignature", AGGRESSIVE)

    def test_each_end_names_its_authorities_and_the_certificate_fits(self):
        """nssd has a certificate for the identity from each of two authorities; charon knows one of them and asks for that."""
        nss = self.prove_by("rsa")
        other = pki.Authority(self.folder / "other", name="Other CA")
        nss.install(other.leaf("before-the-other", "rsa", dns=self.EAST))
        shutil.copy(other.certificate, nss.ring / "ca/other.pem")
        nss.refresh("EZD1353I")
        self.both_roles(v1_gateway(method="RsaSignature", **self.ADIT_NAMES), v1_connection(**self.PEER_NAMES), nss)
        for told in ("received cert request for ['\"].*CN=Adit Test CA", "received cert request for unknown ca .*CN=Other CA"):
            self.assertEqual(len(re.findall(told, self.peer.log())), 2, "one request an authority, in each role")

    def test_ecdsa_256(self):
        self.check("ecdsa256", "ECDSA-256")

    def test_ecdsa_256_in_aggressive_mode(self):
        self.check("ecdsa256", "ECDSA-256", AGGRESSIVE)

    def test_ecdsa_384(self):
        self.check("ecdsa384", "ECDSA-384", adit_hash="SHA2_384", ike="aes256-sha384-modp2048")

    def test_ecdsa_521(self):
        self.check("ecdsa521", "ECDSA-521", adit_hash="SHA2_512", ike="aes256-sha512-modp2048")


class Refreshes(WithPairs):
    """Both phases replaced, by either end, under 1000 pings a second each way."""

    def check_flows_over(self, pair, refresh_phase2, refresh_phase1):
        with pair.flows():
            child = pair.child_sas()
            refresh_phase2()
            pair.replaced(child=child)
            ike = pair.ike_sas()
            refresh_phase1()
            pair.replaced(ike=ike)
            self.assertEqual(len(pair.child_sas()), 1)
        self.check_flows(pair)

    def test_by_adit_lose_nothing(self):
        self.for_each_role(lambda pair: self.check_flows_over(pair, lambda: pair.host.ipsec("-y", "refresh", "-a", "all"),
                                                              lambda: pair.host.ipsec("-k", "refresh", "-a", "all")),
                           policy=v1_gateway(), configuration=v1_connection())

    def test_by_strongswan_lose_nothing(self):
        """Of IKEv1 charon deletes nothing that it has replaced; told to, it takes what is on its way to it no more."""
        def check(pair):
            with pair.flows():
                child = pair.child_sas()
                pair.peer.control("--rekey", "--child", "net")
                wait_for(lambda: pair.child_sas() - child, PATIENCE, "Adit to have a newer pair")
                ike = pair.ike_sas()
                pair.peer.control("--rekey", "--ike", "lab")
                wait_for(lambda: len(pair.ike_sas() - ike) == len(pair.ike_sas()) == pair.at_peer()[0] == 1, PATIENCE, "both ends to have the newer SA alone")
            self.check_flows(pair)
            newer = next(iter(pair.child_sas() - child))
            with traffic.Capture(pair.host.namespace, "wire", pair.folder / "wire.pcapng") as wire:
                self.assertEqual(pair.ping(), [3, 3])
            self.assertEqual({int(spi, 16) for spi, in wire.rows("esp.spi", only="esp")}, {int(spi.split()[0]) for spi in newer}, "both ends send by the newer pair")

        self.for_each_role(check, policy=v1_gateway(), configuration=v1_connection())


class Nat(WithPairs):
    INSIDE, OUTSIDE, OUTER = NatBetween.INSIDE, NatBetween.OUTSIDE, "198.51.100.2"

    def check(self, pair):
        self.assertEqual(pair.ping(), [3, 3])
        child = pair.child_sas()
        pair.host.ipsec("-y", "refresh", "-a", "all")
        pair.replaced(child=child)
        ike = pair.ike_sas()
        pair.host.ipsec("-k", "refresh", "-a", "all")
        pair.replaced(ike=ike)
        self.assertEqual(pair.ping(), [3, 3])
        self.assertEqual(pair.host.report("-y", "display")["entries"][0]["UdpEncapMode"], "Yes")

    def test_in_front_of_adit(self):
        for mode in (MAIN, AGGRESSIVE):
            with self.subTest(mode), contextlib.ExitStack() as stack:
                pair = self.enter(stack, f"adit-behind-nat-{mode}", NatBetween(), v1_gateway(mode, local=self.INSIDE, remote=self.OUTER),
                                  v1_connection(mode, remote=self.OUTSIDE, remote_id=self.INSIDE), settings=TAKES_AGGRESSIVE_MODE)
                pair.activate_from_adit()
                self.check(pair)

    def test_in_front_of_strongswan(self):
        with contextlib.ExitStack() as stack:
            policy = v1_gateway(local=self.OUTER, remote=self.OUTSIDE, remote_id=f"IpAddr {self.INSIDE}", local_net="10.2.0.0/24",
                                remote_net="10.1.0.0/24", action_extra="  BypassIpValidation Yes\n")
            configuration = v1_connection(local=self.INSIDE, remote=self.OUTER, local_ts="10.1.0.0/24", remote_ts="10.2.0.0/24")
            pair = self.enter(stack, "strongswan-behind-nat", NatBetween(), policy, configuration, here="west")
            pair.activate_from_peer()
            self.check(pair)


class Liveness(WithPairs):
    def test_the_sas_of_a_killed_peer_go_and_an_automatic_tunnel_comes_back_with_it(self):
        with contextlib.ExitStack() as stack:
            pair = self.enter(stack, "killed", TwoHosts(), v1_gateway(auto="Yes", liveness=2), v1_connection(),
                              iked_settings=SOON_GIVES_UP)
            pair.settled()
            with traffic.EchoFlow(*pair.sides["east"], self.folder / "flow", interval=0.05) as flow:
                wait_for(flow.answered, PATIENCE, "traffic through the tunnel")
                pair.peer.crash()
                wait_for(lambda: not pair.ike_sas() and not pair.child_sas(), PATIENCE, "Adit to remove the SAs of its dead peer")
                pair.peer.start()
                answered = len(flow.answered())
                wait_for(lambda: len(flow.answered()) > answered, 2 * PATIENCE, "the tunnel to be back")
            pair.settled()


@unittest.skipUnless(IS_ROOT, "needs root: network namespaces")
class BesideIkeV2(unittest.TestCase):
    """One iked, one policy file, one charon: IKEv2 to `lab`, IKEv1 to `old`, each by a rule of its own."""

    OLD_NET = "10.3.0.0/24"

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="adit-interop-")))
        self.net = self.enterContext(TwoHosts())
        self.net.west.address("lo", "10.3.0.1/32")

    def policy(self, old_address, old_id):
        suite = {"encryption": "AES_CBC KeyLength 256", "integrity": "HMAC_SHA2_256_128", "group": "Group14"}
        lab = gateway(on_demand="No", remote_id="Fqdn lab.example.org", offer_extra=TAKES_AN_HOUR, **suite)
        old = v1_gateway(remote=old_address, remote_net=self.OLD_NET, remote_id=old_id)
        # Of the other policy what differs, under names of its own.
        rules = old[old.index("  IpFilterRule           IKE"):old.index("KeyExchangePolicy")].rstrip().removesuffix("}")
        rules = rules.replace("IpFilterRule           IKE", "IpFilterRule           old-IKE").replace("IpFilterRule           nets", "IpFilterRule           old-nets")
        peer = old[old.index("  KeyExchangeRule        peer"):old.index("LocalDynVpnPolicy")].rstrip().removesuffix("}")
        peer = peer.replace("KeyExchangeRule        peer", "KeyExchangeRule        old-peer").replace("KeyExchangeActionRef ike", "KeyExchangeActionRef old-ike")
        local = old[old.index("  LocalDynVpnRule        net-to-net"):old.index("IpServiceGroup ")].rstrip().removesuffix("}").replace("net-to-net", "old-net")
        action = old[old.index("KeyExchangeAction        ike"):].replace("KeyExchangeAction        ike", "KeyExchangeAction        old-ike")
        lab = lab.replace("  IpFilterRule           nets", rules + "  IpFilterRule           nets")
        lab = lab.replace("  KeyExchangeRule        peer", peer + "  KeyExchangeRule        peer")
        return lab.replace("  LocalDynVpnRule        net-to-net", local + "  LocalDynVpnRule        net-to-net") + action

    def bring_up(self, old_address, old_id, old_id_there):
        self.net.east.ip("route", "add", self.OLD_NET, "via", old_address, "src", "10.1.0.1")
        configuration = (connection(local_id="lab.example.org", ike="aes256-sha256-modp2048") +
                         v1_connection(name="old", local=old_address, local_id=old_id_there, local_ts=self.OLD_NET).replace(" net {", " old-net {"))
        self.peer = self.enterContext(Strongswan(self.net.west, self.folder / "west", configuration))
        self.host = self.enterContext(Host(PROGRAMS, self.net.east, self.folder / "east", self.policy(old_address, old_id), stack="east"))

    def check(self):
        self.assertEqual(traffic.ping(self.net.east, "10.1.0.1", "10.2.0.1"), 3)
        self.assertEqual(traffic.ping(self.net.east, "10.1.0.1", "10.3.0.1"), 3)
        versions = {entry["KeyExchangeRuleName"]: entry["IKEVersion"] for entry in self.host.report("-k", "display")["entries"]}
        self.assertEqual(versions, {"peer": "2.0", "old-peer": "1.0"})
        self.host.ipsec("-k", "deactivate", "-a", "all")
        wait_for(lambda: not self.peer.control("--list-sas").strip(), PATIENCE, "strongSwan to have deleted its SAs")
        wait_for(lambda: not self.host.report("-k", "display")["entries"], PATIENCE, "Adit to have deleted its SAs")

    def both_roles(self):
        try:
            for rule in ("net-to-net", "old-net"):
                self.host.ipsec("-y", "activate", "-l", rule)
            wait_for(lambda: self.peer.control("--list-sas").count("INSTALLED") == 2, PATIENCE, "both tunnels to be up")
            self.check()
            for child in ("net", "old-net"):
                self.peer.control("--initiate", "--child", child)
            self.check()
        except BaseException:
            print(self.host.logs(), "--- strongSwan", self.peer.log(), sep="\n", file=sys.stderr)
            raise

    def test_to_two_peers(self):
        self.net.west.address("wire", "198.51.100.4/24")
        self.bring_up("198.51.100.4", "IpAddr 198.51.100.4", "198.51.100.4")
        self.both_roles()

    def test_to_one_peer_by_two_rules(self):
        self.bring_up("198.51.100.2", "Fqdn old.example.org", "old.example.org")
        self.both_roles()


if __name__ == "__main__":
    unittest.main(verbosity=2)
