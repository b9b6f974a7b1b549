"""SAs replaced under traffic, Adit against a real strongSwan: rekeys and reauthentication from either side, NAT or not.

The traffic is 1000 pings a second each way. No answer may be missing, except where a test's name says so.

usage: ADIT_PROGRAMS=build/release/bin python3 -m unittest rekey_test
"""

import contextlib
import unittest

from pairs import WithPairs
from with_strongswan import gateway

from netns import PATIENCE, NatBetween, TwoHosts  # found by the path that with_strongswan sets
from strongswan import connection

MAKE_BEFORE_BREAK = "make_before_break = yes"
NAT, PRIVATE, OUTER = NatBetween.OUTSIDE, NatBetween.INSIDE, "198.51.100.2"


# charon keeps what it replaced for a while (5 s), to take what is on its way; the tests need not wait that long.
QUICK_DELETE = "delete_rekeyed_delay = 1"


# As a responder charon sends by the new SA as soon as it has answered IKE_AUTH: what comes before that answer has been taken finds no SA, whose keys its
# initiator cannot have. As an initiator it removes the older SA as soon as it has the newer one, and what is on its way by that is lost. Of 1000 a second
# that was none on a quiet machine, one packet in each of three runs on a busy one and up to eight on a busier one.
MOST_LOST_BY_A_REAUTHENTICATION = int(15 * PATIENCE)


class WithReauthentications(WithPairs):
    def check_reauthentications(self, pair, count):
        """Each has cost one short stretch of packets at most, and nothing else was lost."""
        for side, lost in pair.lost.items():
            stretches = []
            for number in lost:
                if not stretches or number > stretches[-1][-1] + 1000:
                    stretches.append([])
                stretches[-1].append(number)
            self.assertLessEqual(len(stretches), count, f"from {side} these were lost: {stretches}")
            for stretch in stretches:
                self.assertLess(stretch[-1] - stretch[0], MOST_LOST_BY_A_REAUTHENTICATION, f"from {side} these were lost: {stretch}")


class FromStrongswan(WithReauthentications):
    def test_child_and_ike_rekeys_lose_nothing(self):
        def check(pair):
            with pair.flows():
                child = pair.child_sas()
                pair.peer.control("--rekey", "--child", "net")
                pair.replaced(child=child)
                ike = pair.ike_sas()
                pair.peer.control("--rekey", "--ike", "lab")
                pair.replaced(ike=ike)
            self.check_flows(pair)

        self.for_each_role(check, settings=QUICK_DELETE)

    def test_child_rekeys_with_a_group_of_their_own_lose_nothing(self):
        with contextlib.ExitStack() as stack:
            policy = gateway(on_demand="No").replace("AcceptablePfs          None", "AcceptablePfs          Group31")
            pair = self.enter(stack, "pfs", TwoHosts(), policy, connection(esp="aes256gcm16-curve25519"), settings=QUICK_DELETE)
            pair.activate_from_peer()
            with pair.flows():
                child = pair.child_sas()
                pair.peer.control("--rekey", "--child", "net")
                pair.replaced(child=child)
            self.check_flows(pair)
            self.assertIn("CURVE_25519", pair.peer.control("--list-sas").split("net:")[1])

    def reauthenticate(self, pair):
        with pair.flows():
            ike = pair.ike_sas()
            child = pair.child_sas()
            pair.peer.control("--rekey", "--ike", "lab", "--reauth")
            pair.replaced(ike=ike, child=child)

    def test_reauthentication_that_makes_before_it_breaks_goes_over_to_the_new_sas(self):
        def check(pair):
            self.reauthenticate(pair)
            self.check_reauthentications(pair, count=1)

        self.for_each_role(check, roles=["peer"], settings=MAKE_BEFORE_BREAK)

    def test_reauthentication_that_breaks_before_it_makes_carries_traffic_again(self):
        def check(pair):
            self.reauthenticate(pair)
            self.assertEqual(pair.ping(), [3, 3])

        self.for_each_role(check, roles=["peer"])


class FromAdit(WithReauthentications):
    """Each pair lives its minute beside the others. Behind the NAT, strongSwan rekeys too, before Adit does."""

    LIFETIME = "    RefreshLifetimeProposed 1\n"
    def test_rekeys_lose_nothing_with_a_nat_and_without_and_reauthentication_no_more_than_its_exchange(self):
        with contextlib.ExitStack() as hosts:
            self.live_their_minute(hosts)

    def live_their_minute(self, hosts):
        brief = {"on_demand": "No", "offer_extra": self.LIFETIME, "ike_offer_extra": self.LIFETIME}
        plain = self.enter(hosts, "rekeys", TwoHosts(), gateway(**brief), connection(), settings=QUICK_DELETE)
        again = self.enter(hosts, "reauthentication", TwoHosts(), gateway(on_demand="No", action_extra="  ReauthInterval 1\n"), connection(),
                           settings=QUICK_DELETE)
        inside = self.enter(hosts, "adit-behind-nat", NatBetween(), gateway(local=PRIVATE, remote=OUTER, **brief),
                            connection(remote=NAT, remote_id=PRIVATE), settings=QUICK_DELETE)
        outside = self.enter(hosts, "strongswan-behind-nat", NatBetween(),
                             gateway(local=OUTER, remote=NAT, remote_id=f"IpAddr {PRIVATE}", local_net="10.2.0.0/24", remote_net="10.1.0.0/24", **brief).replace(
                                 "HowToAuthMe", "BypassIpValidation Yes\n  HowToAuthMe"),
                             connection(local=PRIVATE, remote=OUTER, local_ts="10.1.0.0/24", remote_ts="10.2.0.0/24"), settings=QUICK_DELETE, here="west")
        for pair in (plain, again, inside):
            pair.activate_from_adit()
        outside.activate_from_peer()
        behind_nat = (inside, outside)
        pairs = (plain, again, *behind_nat)
        with contextlib.ExitStack() as stack:
            for pair in pairs:
                stack.enter_context(pair.flows(interval=0.01 if pair in behind_nat else 0.001))
            for pair in behind_nat:
                child = pair.child_sas()
                pair.peer.control("--rekey", "--child", "net")
                pair.replaced(child=child)
                ike = pair.ike_sas()
                pair.peer.control("--rekey", "--ike", "lab")
                pair.replaced(ike=ike)
            before = {pair: (pair.ike_sas(), pair.child_sas()) for pair in pairs}
            for pair in pairs:
                pair.replaced(*before[pair])
        for pair in pairs:
            with self.subTest(pair.folder.name):
                if pair is again:
                    self.check_reauthentications(pair, pair.host.daemons["iked"].log().count("EZD1772I"))
                else:
                    self.check_flows(pair)
        self.assertEqual(self.peer_ends(inside), "198.51.100.3[4500]")

    @staticmethod
    def peer_ends(pair):
        """Where charon thinks that Adit is."""
        return next(line.split("@")[1].strip() for line in pair.peer.control("--list-sas").splitlines() if "remote" in line and "@" in line)


if __name__ == "__main__":
    unittest.main(verbosity=2)
