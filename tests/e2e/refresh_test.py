"""Keys are replaced under traffic: by the operator and by lifetimes, at either end, and no packet is lost.

usage: ADIT_PROGRAMS=build/release/bin python3 -m unittest refresh_test
"""

import subprocess
import sys
import time
import unittest

from two_hosts_test import PROGRAMS, TwoAditHosts, east_policy, traffic, wait_for, west_policy

PATIENCE = 20
SHORT_LIFE = 60  # seconds: the least lifetime that a policy can ask for
SHORT = {"on_demand": "No", "offer_extra": "    RefreshLifetimeProposed 1\n", "ike_offer_extra": "    RefreshLifetimeProposed 1\n"}


class Refreshed(TwoAditHosts):
    def sa(self, host, *words):
        """The one SA that a display shows."""
        (entry,) = host.report(*words)["entries"]
        return entry

    def child(self, host):
        return self.sa(host, "-y", "display")

    def ike(self, host):
        return self.sa(host, "-k", "display")

    def without_loss(self, change):
        """Runs change() under a thousand datagrams a second in each direction; every one must come."""
        with traffic.Flow(self.net.east, "10.1.0.1", self.net.west, "10.2.0.1") as flow:
            time.sleep(0.3)  # some before, and some after
            change()
            time.sleep(0.3)
        print(f"{self.id()}: {flow.sent} sent", file=sys.stderr)
        self.assertGreater(min(flow.sent), 100)
        self.assertEqual(flow.missing, [[], []], f"of {flow.sent}")


class ByCommand(Refreshed):
    def refresh(self, *words, by, shown):
        """The command at each host of `by`, and the wait until both ends show another SA."""
        before = {at.stack: shown(at) for at in (self.east, self.west)}
        for host in by:
            host.ipsec(*words)
        for at in (self.east, self.west):
            wait_for(lambda: shown(at) != before[at.stack], PATIENCE, f"{at.stack} to have new keys")

    def spi(self, host):
        return self.child(host)["EncryptOutboundSpi"]

    def cookie(self, host):
        return self.ike(host)["InitiatorCookie"]

    def wait_until_alone(self):
        """The SAs that were replaced are gone: each end sends with what the other receives with."""
        wait_for(lambda: self.child(self.east)["EncryptOutboundSpi"] == self.child(self.west)["EncryptInboundSpi"]
                 and self.child(self.west)["EncryptOutboundSpi"] == self.child(self.east)["EncryptInboundSpi"], PATIENCE, "both ends to use one pair")

    def test_dynamic_tunnels_are_rekeyed_and_lose_no_packet(self):
        self.bring_up()
        self.activate()
        name, parent = self.child(self.east)["TunnelID"], self.cookie(self.east)

        def change():
            for _ in range(5):
                self.refresh("-y", "refresh", "-a", name, by=[self.east], shown=self.spi)
                self.refresh("-y", "refresh", "-a", self.child(self.west)["TunnelID"], by=[self.west], shown=self.spi)

        self.without_loss(change)
        self.wait_until_alone()
        self.assertEqual(self.child(self.east)["TunnelID"], name)
        self.assertEqual(self.cookie(self.east), parent)

    def test_ike_tunnels_are_reauthenticated_and_lose_no_packet(self):
        self.bring_up()
        self.activate()
        name = self.ike(self.east)["TunnelID"]

        def change():
            for _ in range(5):
                self.refresh("-k", "refresh", "-a", name, by=[self.east], shown=self.newest)
                self.wait_for_one_ike_sa()

        self.without_loss(change)
        self.wait_until_alone()
        self.assertEqual(self.ike(self.east)["TunnelID"], name)
        self.assertEqual(self.ike(self.east)["InitiatorCookie"], self.ike(self.west)["InitiatorCookie"])
        self.assertEqual(self.east.daemons["iked"].log().count("EZD1772I"), 5)

    def test_both_ends_at_once_come_to_one_pair_and_lose_no_packet(self):
        self.bring_up()
        self.activate()

        def change():
            for _ in range(3):
                self.refresh("-y", "refresh", "-a", "all", by=[self.east, self.west], shown=self.spi)
                self.wait_until_alone()
                self.refresh("-k", "refresh", "-a", "all", by=[self.east, self.west], shown=self.newest)
                self.wait_for_one_ike_sa()

        self.without_loss(change)
        self.wait_until_alone()

    def newest(self, host):
        """What tells one IKE SA from another. Who was asked for a reauthentication gives the new SA a number of its own."""
        return max((int(entry["TunnelID"][1:]), entry["InitiatorCookie"]) for entry in host.report("-k", "display")["entries"])

    def wait_for_one_ike_sa(self):
        for host in (self.east, self.west):
            wait_for(lambda: len(host.report("-k", "display")["entries"]) == 1 and len(host.report("-y", "display")["entries"]) == 1, PATIENCE,
                     f"{host.stack} to be without the old SAs")

    def test_reports_say_what_is_refreshed(self):
        self.bring_up()
        self.activate()
        ike, child = self.ike(self.east)["TunnelID"], self.child(self.east)["TunnelID"]
        for words, entry in ((("-y", "refresh", "-a", child), {"Tunnel ID": child, "LocalDynVpnRuleName": "net-to-net", "Status": "Refreshing"}),
                             (("-y", "refresh", "-l", "net-to-net"), {"Tunnel ID": child, "LocalDynVpnRuleName": "net-to-net", "Status": "Refreshing"}),
                             (("-y", "refresh", "-a", "all"), {"Tunnel ID": "All dynamic tunnels", "LocalDynVpnRuleName": "n/a", "Status": "Refreshing"}),
                             (("-k", "refresh", "-a", ike), {"Tunnel ID": ike, "Status": "Refreshing"}),
                             (("-k", "refresh", "-n", "peer"), {"Tunnel ID": ike, "Status": "Refreshing"}),
                             (("-k", "refresh", "-a", "all"), {"Tunnel ID": "All IKE tunnels", "Status": "Refreshing"})):
            with self.subTest(words):
                report = self.east.report(*words)
                self.assertEqual((report["function"], report["entries"]), ("Refresh", [entry]))
                # What is being replaced is not refreshed once more: let it end first.
                wait_for(lambda: "In negotiation" not in self.east.ipsec("-y", "display", "-b"), PATIENCE, "east's negotiation to end")
                self.wait_for_one_ike_sa()
                self.wait_until_alone()

    def test_what_is_not_there_is_named_and_the_command_fails(self):
        self.bring_up()
        for words, says in ((("-k", "refresh", "-a", "K77"), "K77 +Not found"), (("-y", "refresh", "-a", "Y77"), "Y77 +n/a +Not found"),
                            (("-k", "refresh", "-n", "peer"), "no tunnel of these rules is active"),
                            (("-y", "refresh", "-l", "net-to-net"), "no tunnel of these rules is active")):
            with self.subTest(words):
                done = subprocess.run([PROGRAMS / "ipsec", "-p", "east", "--socket-dir", self.east.sockets, *words], capture_output=True, text=True)
                self.assertEqual(done.returncode, 1)
                self.assertRegex(done.stdout + done.stderr, says)


RULE = """
  IpFilterRule           {name}
  {{
    IpSourceAddr         198.51.100.1
    IpDestAddr           {peer}
    IpService
    {{
      Protocol           Tcp
      DestinationPortRange {port}
    }}
    IpGenericFilterActionRef permit
  }}
"""


class ByPolicy(Refreshed):
    def test_one_rule_of_ten_thousand_changes_and_no_packet_is_lost(self):
        others = "".join(RULE.format(name=f"r{i}", peer=f"198.18.{i // 250}.{i % 250 + 1}", port=443) for i in range(9_998))

        def policy(port):
            return east_policy(extra_rules=RULE.format(name="changed", peer="198.51.100.2", port=port) + others)

        self.bring_up(east=policy(80))
        self.activate()
        before = self.child(self.east)["EncryptOutboundSpi"]

        def change():
            self.east.install_policy(policy(8080))
            wait_for(lambda: self.east.daemons["stackd"].log().count("ADT2001I") == 2, PATIENCE, "stackd to install the policy")

        self.without_loss(change)
        self.assertEqual(self.child(self.east)["EncryptOutboundSpi"], before)
        tried = self.east.report("-t", "198.51.100.1", "198.51.100.2", "tcp", "40000", "8080", "out")
        self.assertEqual(tried["Decision"], "outbound: permitted by changed 1")


    def test_a_policy_without_its_rule_ends_a_tunnel_at_both_ends_at_once(self):
        """The peer is told by a Delete (RFC 7296 §1.4.1): it does not go on until its own lifetimes or liveness checks end."""
        self.bring_up()
        self.activate()
        ike = self.ike(self.west)["TunnelID"]
        self.east.install_policy(east_policy().replace("IpFilterRule           nets", "IpFilterRule           others")
                                 .replace("10.2.0.0/24", "10.9.0.0/24"))
        for host in (self.east, self.west):
            wait_for(lambda: not host.report("-y", "display")["entries"], PATIENCE, f"{host.stack} to be without the tunnel")
        self.assertRegex(self.east.daemons["iked"].log(), r"ADT1001I dynamic tunnel \S+ deleted: .*policy")
        self.assertRegex(self.west.daemons["iked"].log(), r"ADT1001I dynamic tunnel \S+ deleted: .*peer")
        self.assertEqual(self.ping(1), 0)
        self.assertEqual(self.ike(self.west)["TunnelID"], ike)  # the IKE SA may have others


class ByLifetime(Refreshed):
    def test_both_kinds_of_sa_are_rekeyed_before_their_minute_ends_and_lose_no_packet(self):
        self.bring_up(east_policy(**SHORT), west_policy(**SHORT))
        self.activate()
        before = self.ike(self.east)
        self.assertEqual(before["Lifetime"], "1m")
        self.assertLess(before["LifetimeRefresh"], before["LifetimeExpires"])
        child = self.sa(self.east, "-y", "display", "-b")
        self.assertLess(child["LifetimeRefresh"], child["LifetimeExpires"])

        def change():
            wait_for(lambda: self.ike(self.east)["InitiatorCookie"] != before["InitiatorCookie"], SHORT_LIFE + PATIENCE, "the IKE SA to be rekeyed")
            wait_for(lambda: self.child(self.east)["EncryptOutboundSpi"] != child["EncryptOutboundSpi"], PATIENCE, "the Child SA to be rekeyed")
            time.sleep(SHORT_LIFE / 6)  # the ends of the first SAs pass

        self.without_loss(change)
        self.assertEqual(self.ike(self.east)["TunnelID"], before["TunnelID"])
        self.assertEqual(self.child(self.east)["TunnelID"], child["TunnelID"])
        self.assertIn("ADT1012I", self.east.daemons["iked"].log() + self.west.daemons["iked"].log())
        self.assertNotIn("EZD1791I", self.east.daemons["iked"].log())

    def test_peers_prove_themselves_again_by_interval_and_lose_no_packet(self):
        again = {"on_demand": "No", "action_extra": "  ReauthInterval 1\n"}
        self.bring_up(east_policy(**again), west_policy(on_demand="No"))
        self.activate()
        before = self.ike(self.east)
        self.assertEqual(before["ReauthInterval"], "1m")
        self.assertRegex(before["ReauthTime"], r"^\d{4}/")
        self.assertEqual(self.ike(self.west)["ReauthTime"], "n/a")

        def change():
            wait_for(lambda: "EZD1772I" in self.east.daemons["iked"].log(), SHORT_LIFE + PATIENCE, "east to be reauthenticated")
            time.sleep(1)  # and the old SAs to go

        self.without_loss(change)
        self.assertNotEqual(self.ike(self.east)["InitiatorCookie"], before["InitiatorCookie"])


del Refreshed, TwoAditHosts  # those bring the machinery, not tests

if __name__ == "__main__":
    unittest.main(verbosity=2)
