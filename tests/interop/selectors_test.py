"""Traffic selectors with a real strongSwan: several in one Child SA, protocols, ports and types, narrowed by either end; UDP encapsulation by our wish.

usage: ADIT_PROGRAMS=build/release/bin python3 -m unittest selectors_test
"""

import unittest

from with_strongswan import WithStrongswan, gateway

import traffic  # found by the path that with_strongswan sets
from adit import wait_for
from netns import CommandFailed
from strongswan import connection

PORT, OTHER_PORT = 7001, 7002
# Echo requests of east, replies of west, and one port of west for TCP: of two protocols, by type and by port.
SEVERAL = {"local_ts": f"10.2.0.0/28[icmp], 10.2.0.1/32[tcp/{PORT}]", "remote_ts": "10.1.0.0/24[icmp], 10.1.0.0/28[tcp]"}


class Several(WithStrongswan):
    """strongSwan has two selectors on each side, Adit one wide rule."""

    def entry(self):
        entries = self.host.report("-y", "display")["entries"]
        self.assertEqual(len(entries), 1)
        return entries[0]

    def check_selectors(self):
        entry = self.entry()
        self.assertEqual(entry["LocalSelectors"], "10.1.0.0/24[icmp], 10.1.0.0/28[tcp]")
        self.assertEqual(entry["RemoteSelectors"], f"10.2.0.0/28[icmp], 10.2.0.1[tcp/{PORT}]")

    def check_what_is_carried(self):
        with traffic.Capture(self.net.east, "wire", self.folder / "wire.pcapng") as wire:
            self.assertEqual(traffic.ping(self.net.east, "10.1.0.1", "10.2.0.1"), 3)
            self.assertEqual(traffic.ping(self.net.west, "10.2.0.1", "10.1.0.1"), 3)
            traffic.stream(self.net.east, "10.1.0.1", self.net.west, "10.2.0.1", 1_000_000, port=PORT)
            with self.assertRaises(CommandFailed):  # what no selector is for: neither through the tunnel nor beside it
                self.net.east.run("timeout", "2", "python3", "-c", traffic.SENDER, "10.1.0.1", "10.2.0.1", OTHER_PORT, 1000)
        self.assertEqual(wire.clear_text(), [])
        self.assertTrue(wire.lines("esp", count=1), "no ESP was seen at all")

    def check_over_rekeys(self):
        self.check_selectors()
        self.check_what_is_carried()
        for rekey in (lambda: self.peer.control("--rekey", "--child", "net"), lambda: self.host.ipsec("-y", "refresh", "-a", "all")):
            before = self.entry()["EncryptInboundSpi"]
            rekey()
            wait_for(lambda: self.entry()["EncryptInboundSpi"] != before, 20, "the Child SA to be rekeyed")
            self.check_selectors()
        self.check_what_is_carried()

    def test_proposed_by_strongswan(self):
        self.bring_up(gateway(on_demand="No"), connection(**SEVERAL))
        self.activate_from_peer()
        self.check_over_rekeys()

    def test_narrowed_by_strongswan(self):
        self.bring_up(gateway(on_demand="No"), connection(**SEVERAL))
        self.activate_from_adit()
        self.check_over_rekeys()

    def test_a_packet_gets_an_sa_that_has_it(self):
        self.bring_up(gateway(), connection(**SEVERAL))
        wait_for(lambda: traffic.ping(self.net.east, "10.1.0.1", "10.2.0.1", count=1, wait=1) == 1, 10, "traffic to start the tunnel")
        self.assertEqual(self.entry()["Protocol"], "ICMP(1)")


class Encapsulation(WithStrongswan):
    def test_strongswan_sees_a_nat_where_adit_wants_udp(self):
        """Its libipsec sends ESP in UDP alone, so that it pretends to have a NAT in front of it; here we do, too."""
        self.bring_up(gateway(action_extra="  ForceUdpEncapsulation Yes\n"), connection())
        self.activate_from_adit()
        self.check_traffic(1_000_000)
        self.assertIn("remote host is behind NAT", self.peer.log())
        self.assertEqual(self.host.report("-y", "display")["entries"][0]["UdpEncapMode"], "Yes")

    def test_sequence_numbers_of_32_bits_where_strongswan_has_no_others(self):
        self.bring_up(gateway(), connection(esp="aes256gcm16-noesn"))
        self.activate_from_adit()
        self.check_traffic(1_000_000)
        line = next(line for line in self.host.daemons["iked"].log().splitlines() if "ESP AES_GCM_16-256" in line)
        self.assertNotIn("ESN", line)


if __name__ == "__main__":
    unittest.main()
