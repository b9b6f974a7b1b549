"""Two Adit hosts: tunnels come up in every way, traffic is protected and intact, what must not pass does not, daemons may restart.

usage: ADIT_PROGRAMS=build/release/bin python3 -m unittest two_hosts_test
"""

import datetime
import functools
import os
import pathlib
import re
import signal
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
from netns import TwoHosts, hide_behind_nat  # noqa: E402
from outcome import has_failed  # noqa: E402

PROGRAMS = pathlib.Path(os.environ.get("ADIT_PROGRAMS", ROOT / "build/release/bin")).resolve()

HOSTS_PING = """
  IpFilterRule           hosts-ping
  {
    IpSourceAddr         198.51.100.1
    IpDestAddr           198.51.100.2
    IpService
    {
      Protocol           Icmp
    }
    IpGenericFilterActionRef permit
  }
"""
# ESP and IKE messages that name SAs of the receiver and are not authentic; as a host on the way could send them. They bear
# stackd's own mark, which lets them past the sender's filters.
FORGER = """
import random, socket, struct, sys
target, spi, initiator, responder = sys.argv[1], int(sys.argv[2]), bytes.fromhex(sys.argv[3]), bytes.fromhex(sys.argv[4])
r = random.Random(11)
esp = socket.socket(socket.AF_INET, socket.SOCK_RAW, 50)
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for s in (esp, udp):
    s.setsockopt(socket.SOL_SOCKET, 36, struct.pack("I", 0xad170002))
for i in range(1000):
    body = struct.pack("!II", spi, r.choice([0, 1, i, 2**31, 2**32 - 1])) + r.randbytes(r.randrange(0, 1400))
    esp.sendto(body[:r.choice([3, 4, 7, 8, 20, len(body)])], (target, 0))
    udp.sendto(body, (target, 4500))
    text = r.randbytes(r.randrange(0, 400))
    size = r.choice([len(text) + 32, len(text) + 32, 0, 28, 2**32 - 1])
    ike = initiator + responder + struct.pack("!BBBBII", 46, 0x20, r.choice([35, 36, 37]), r.choice([0, 0x08, 0x20, 0x28]), r.randrange(4), size)
    ike += struct.pack("!BBH", r.choice([0, 41, 42]), 0, r.choice([len(text) + 4, 0, 4, 65535])) + text
    udp.sendto(ike, (target, 500))
    udp.sendto(bytes(4) + ike, (target, 4500))
"""


def east_policy(**values):
    return policy_text.gateway(**values)


def west_policy(**values):
    defaults = {"local": "198.51.100.2", "remote": "198.51.100.1", "local_net": "10.2.0.0/24", "remote_net": "10.1.0.0/24"}
    return policy_text.gateway(**(defaults | values))


def by_version_1(policy, mode):
    return policy(initiate=mode, encryption="AES_CBC KeyLength 256", integrity="HMAC_SHA2_256_128", group="Group14")


@unittest.skipUnless(os.geteuid() == 0, "needs root: network namespaces")
class TwoAditHosts(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="adit-e2e-")))
        self.net = self.enterContext(TwoHosts())

    def bring_up(self, east=None, west=None):
        self.east = Host(PROGRAMS, self.net.east, self.folder / "east", east or east_policy(), stack="east")
        self.west = Host(PROGRAMS, self.net.west, self.folder / "west", west or west_policy(), stack="west")
        self.addCleanup(self.tell_if_failed)
        self.enterContext(self.east)
        self.enterContext(self.west)

    def tell_if_failed(self):
        if has_failed(self):
            print(self.east.logs(), self.west.logs(), sep="\n", file=sys.stderr)

    def activate(self):
        self.east.ipsec("-y", "activate", "-l", "net-to-net")
        self.wait_for_tunnel()

    def wait_for_tunnel(self):
        for host in (self.east, self.west):
            wait_for(lambda: host.report("-y", "display")["entries"], 15, f"{host.stack} to have the tunnel")

    def ping(self, count=3):
        return traffic.ping(self.net.east, "10.1.0.1", "10.2.0.1", count=count, wait=1)


class Activation(TwoAditHosts):
    def test_by_command_with_reports_at_both_ends(self):
        self.bring_up()
        self.activate()
        self.assertEqual(self.ping(), 3)
        for host, role in ((self.east, "Initiator"), (self.west, "Responder")):
            (tunnel,) = host.report("-k", "display")["entries"]
            self.assertEqual(tunnel["Role"], role)
            self.assertEqual(tunnel["State"], "DONE")
            self.assertEqual(tunnel["IKEVersion"], "2.0")
            self.assertEqual(tunnel["LocalAuthenticationMethod"], "PresharedKey")
            self.assertEqual(tunnel["EncryptionAlgorithm"], "AES-GCM-16")
            self.assertEqual(tunnel["PseudoRandomFunction"], "HMAC-SHA2-256")
            (child,) = host.report("-y", "display")["entries"]
            self.assertEqual(child["HowToEncrypt"], "AES-GCM-16")
            self.assertGreaterEqual(int(child["OutboundPackets"]), 3)
        kinds = {entry["Type"] for entry in self.east.report("-f", "display")["entries"]}
        self.assertLessEqual({"Generic", "Dynamic Anchor", "Dynamic"}, kinds)
        for host in (self.east, self.west):  # 64-bit sequence numbers where both ends have them
            self.assertIn("ESP AES_GCM_16-256 ESN", host.daemons["iked"].log())
        (here,), (there,) = self.east.report("-y", "display")["entries"], self.west.report("-y", "display")["entries"]
        self.assertEqual(here["EncryptOutboundSpi"], there["EncryptInboundSpi"])

    def test_by_traffic_loses_no_packet(self):
        self.bring_up()
        self.assertEqual(self.ping(), 3)  # the packet that started it is kept and sent

    def test_by_traffic_loses_no_packet_by_version_1_either(self):
        for mode in ("Main", "Aggressive"):
            with self.subTest(mode):
                self.bring_up(east=by_version_1(east_policy, mode), west=by_version_1(west_policy, mode))
                self.assertEqual(self.ping(), 3)  # the responder has the pair before message 3 and the packets behind it
                self.assertEqual([entry["IKEVersion"] for entry in self.west.report("-y", "display")["entries"]], ["1.0"])
                self.doCleanups()
                self.setUp()

    def test_at_start(self):
        self.bring_up(east=east_policy(auto="Yes"))
        self.wait_for_tunnel()
        self.assertEqual(self.ping(), 3)

    def test_deactivation_reaches_the_peer_and_stops_the_traffic(self):
        self.bring_up(east=east_policy(on_demand="No"), west=west_policy(on_demand="No"))
        self.activate()
        self.assertEqual(self.ping(), 3)
        (child,) = self.east.report("-y", "display")["entries"]
        self.east.ipsec("-y", "deactivate", "-a", child["TunnelID"])
        for host in (self.east, self.west):
            wait_for(lambda: not host.report("-y", "display")["entries"], 10, f"{host.stack} to be without the tunnel")
        self.assertEqual(len(self.east.report("-k", "display")["entries"]), 1)
        self.assertEqual(self.ping(1), 0)
        self.east.ipsec("-k", "deactivate", "-a", "all")
        for host in (self.east, self.west):
            wait_for(lambda: not host.report("-k", "display")["entries"], 10, f"{host.stack} to be without the IKE tunnel")

    def test_an_unknown_rule_is_refused_with_its_name(self):
        self.bring_up()
        done = subprocess.run([PROGRAMS / "ipsec", "-p", "east", "--socket-dir", self.east.sockets, "-y", "activate", "-l", "nowhere"],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("nowhere", done.stdout + done.stderr)


class Traffic(TwoAditHosts):
    def check_streams(self, octets=20_000_000):
        with traffic.Capture(self.net.east, "wire", self.folder / "wire.pcapng") as wire:
            traffic.stream(self.net.east, "10.1.0.1", self.net.west, "10.2.0.1", octets)
            traffic.stream(self.net.west, "10.2.0.1", self.net.east, "10.1.0.1", octets)
        self.assertEqual(wire.clear_text(), [])
        self.assertTrue(wire.lines("esp", count=1))

    def test_100_mb_arrive_intact_both_ways(self):
        self.bring_up()
        self.activate()
        self.check_streams(100_000_000)

    def test_with_cbc_and_hmac(self):
        values = {"data_encryption": "AES_CBC KeyLength 256", "data_authentication": "ESP HMAC_SHA2_256_128"}
        self.bring_up(east_policy(**values), west_policy(**values))
        self.activate()
        self.check_streams()

    def test_a_stream_longer_than_the_lifesize_goes_on_with_new_keys(self):
        values = {"offer_extra": "    RefreshLifesizeProposed 4096\n"}
        self.bring_up(east_policy(**values), west_policy(**values))
        self.activate()
        (before,) = self.east.report("-y", "display")["entries"]
        self.check_streams(10_000_000)
        (after,) = self.east.report("-y", "display")["entries"]
        self.assertNotEqual(before["EncryptOutboundSpi"], after["EncryptOutboundSpi"])

    def test_null_encryption_with_integrity(self):
        values = {"data_encryption": "DoNot", "data_authentication": "ESP HMAC_SHA2_256_128"}
        self.bring_up(east_policy(**values), west_policy(**values))
        self.activate()
        self.check_streams()

    def test_null_encryption_with_gmac(self):
        values = {"data_encryption": "DoNot", "data_authentication": "ESP AES_GMAC_256"}
        self.bring_up(east_policy(**values), west_policy(**values))
        self.activate()
        self.check_streams()

    def check_ah(self, here, there, east, west, mode):
        self.bring_up(east_policy(**east), west_policy(**west))
        self.activate()
        (child,) = self.east.report("-y", "display")["entries"]
        self.assertEqual((child["HowToAuth"], child["HowToEncap"]), ("AH", mode))
        with traffic.Capture(self.net.east, "wire", self.folder / "wire.pcapng") as wire:
            self.assertEqual(traffic.ping(self.net.east, here, there), 3)
            traffic.stream(self.net.east, here, self.net.west, there, 20_000_000)
            traffic.stream(self.net.west, there, self.net.east, here, 20_000_000)
        self.assertEqual(wire.lines("!(ah || isakmp || arp || icmpv6.type >= 130)"), [])
        self.assertTrue(wire.lines("ah && tcp", count=1), "AH hides nothing")

    def test_ah_in_tunnel_mode(self):
        values = {"data_encryption": "DoNot", "data_authentication": "AH HMAC_SHA2_256_128"}
        self.check_ah("10.1.0.1", "10.2.0.1", values, values, "Tunnel")

    def test_ah_in_transport_mode(self):
        values = {"data_encryption": "DoNot", "data_authentication": "AH AES_GMAC_128", "encapsulation": "Transport"}
        here, there = "198.51.100.1", "198.51.100.2"
        self.check_ah(here, there, values | {"local_net": here, "remote_net": there}, values | {"local_net": there, "remote_net": here}, "Transport")

    def check_ah_around_esp(self, here, there, east, west, mode):
        """By IKEv1. Two Adit hosts show it: strongSwan proposes no two protocols together, and takes none."""
        self.bring_up(by_version_1(functools.partial(east_policy, **east), "Main"), by_version_1(functools.partial(west_policy, **west), "Main"))
        self.activate()
        entries = []
        for host in (self.east, self.west):
            (child,) = host.report("-y", "display")["entries"]
            self.assertEqual((child["HowToAuth"], child["AuthAlgorithm"], child["HowToEncrypt"], child["HowToEncap"]), ("AH", "HMAC-SHA2-256-128", "AES-CBC", mode))
            self.assertNotEqual(child["AuthInboundSpi"], child["EncryptInboundSpi"])
            entries.append(child)
        for protocol in ("Auth", "Encrypt"):
            self.assertEqual(entries[0][f"{protocol}InboundSpi"], entries[1][f"{protocol}OutboundSpi"])
        with traffic.Capture(self.net.east, "wire", self.folder / "wire.pcapng") as wire:
            self.assertEqual(traffic.ping(self.net.east, here, there), 3)
            traffic.stream(self.net.east, here, self.net.west, there, 20_000_000)
            traffic.stream(self.net.west, there, self.net.east, here, 20_000_000)
            self.east.ipsec("-y", "refresh", "-a", "all")
            wait_for(lambda: all(host.report("-y", "display")["entries"][0]["AuthInboundSpi"] != before["AuthInboundSpi"]
                                 for host, before in zip((self.east, self.west), entries)), 15, "both ends to have newer pairs")
            self.assertEqual(traffic.ping(self.net.east, here, there), 3)
        self.assertEqual(wire.lines("!(ah || isakmp || arp || icmpv6.type >= 130)"), [])
        self.assertEqual(wire.lines("ah && !(ah.next_header == 50)"), [], "AH, then ESP")
        self.assertTrue(wire.lines("ah && esp", count=1))
        self.assertEqual(wire.clear_text(), [])
        self.west.ipsec("-y", "deactivate", "-a", "all")
        wait_for(lambda: not any(host.report("-y", "display")["entries"] for host in (self.east, self.west)), 15, "both ends to have deleted both halves")

    def test_ah_around_esp_in_tunnel_mode(self):
        values = {"data_encryption": "AES_CBC KeyLength 256", "data_authentication": "AH HMAC_SHA2_256_128"}
        self.check_ah_around_esp("10.1.0.1", "10.2.0.1", values, values, "Tunnel")

    def test_ah_around_esp_in_transport_mode(self):
        values = {"data_encryption": "AES_CBC KeyLength 128", "data_authentication": "AH HMAC_SHA2_256_128", "offer_extra": "    HowToEncap           Transport\n"}
        here, there = "198.51.100.1", "198.51.100.2"
        self.check_ah_around_esp(here, there, values | {"local_net": here, "remote_net": there}, values | {"local_net": there, "remote_net": here}, "Transport")

    def test_ipv6_in_ipv6(self):
        self.check_ipv6()

    def test_ipv6_in_ipv6_with_the_most_octets_around_each_packet(self):
        self.check_ipv6(data_encryption="AES_CBC KeyLength 256", data_authentication="ESP HMAC_SHA2_512_256")

    def check_ipv6(self, **values):
        east = {"local": "2001:db8:100::1", "remote": "2001:db8:100::2", "local_net": "2001:db8:1::/64", "remote_net": "2001:db8:2::/64"}
        west = {"local": "2001:db8:100::2", "remote": "2001:db8:100::1", "local_net": "2001:db8:2::/64", "remote_net": "2001:db8:1::/64"}
        discovery = """
  IpFilterRule           neighbours
  {
    IpSourceAddr         All6
    IpDestAddr           All6
    IpService
    {
      Protocol           Icmpv6
      Type               133 137
    }
    IpGenericFilterActionRef permit
  }
"""
        self.bring_up(policy_text.gateway(**east, **values, extra_rules=discovery), policy_text.gateway(**west, **values, extra_rules=discovery))
        self.activate()
        with traffic.Capture(self.net.east, "wire", self.folder / "wire.pcapng") as wire:
            self.assertEqual(traffic.ping(self.net.east, "2001:db8:1::1", "2001:db8:2::1"), 3)
            traffic.stream(self.net.east, "2001:db8:1::1", self.net.west, "2001:db8:2::1", 20_000_000)
        self.assertEqual(wire.clear_text(), [])

    def test_transport_mode_between_the_hosts_themselves(self):
        values = {"local_net": "198.51.100.1", "remote_net": "198.51.100.2", "encapsulation": "Transport"}
        mirrored = {"local_net": "198.51.100.2", "remote_net": "198.51.100.1", "encapsulation": "Transport"}
        self.bring_up(east_policy(**values), west_policy(**mirrored))
        self.activate()
        (child,) = self.east.report("-y", "display")["entries"]
        self.assertEqual(child["HowToEncap"], "Transport")
        with traffic.Capture(self.net.east, "wire", self.folder / "wire.pcapng") as wire:
            self.assertEqual(traffic.ping(self.net.east, "198.51.100.1", "198.51.100.2"), 3)
            traffic.stream(self.net.east, "198.51.100.1", self.net.west, "198.51.100.2", 20_000_000)
        self.assertEqual(wire.clear_text(), [])


class BehindNat(TwoAditHosts):
    def test_esp_goes_in_udp_and_traffic_flows_both_ways(self):
        hide_behind_nat(self.net)
        self.bring_up(east_policy(allow_nat="Yes"),
                      west_policy(allow_nat="Yes", remote="198.51.100.3", remote_id="IpAddr 198.51.100.1", action_extra="  BypassIpValidation Yes"))
        with traffic.Capture(self.net.west, "wire", self.folder / "wire.pcapng") as wire:
            self.activate()
            self.assertEqual(self.ping(), 3)
            traffic.stream(self.net.east, "10.1.0.1", self.net.west, "10.2.0.1", 20_000_000)
            traffic.stream(self.net.west, "10.2.0.1", self.net.east, "10.1.0.1", 20_000_000)
        self.assertEqual(wire.clear_text(), [])
        self.assertTrue(wire.lines("esp && udp.port == 4500", count=1))
        (tunnel,) = self.west.report("-k", "display")["entries"]
        self.assertEqual((tunnel["NATInFrntLclScEndPnt"], tunnel["NATInFrntRmtScEndPnt"]), ("No", "Yes"))

    def check_forced(self, east, west, source, target):
        self.bring_up(east, west)
        with traffic.Capture(self.net.east, "wire", self.folder / "wire.pcapng") as wire:
            self.activate()
            self.assertEqual(traffic.ping(self.net.east, source, target), 3)
            traffic.stream(self.net.east, source, self.net.west, target, 5_000_000)
            traffic.stream(self.net.west, target, self.net.east, source, 5_000_000)
        self.assertEqual(wire.clear_text(), [])
        self.assertTrue(wire.lines("esp && udp.port == 4500", count=1))
        self.assertEqual(wire.lines("esp && !udp", count=1), [])
        for host in (self.east, self.west):
            self.assertEqual(host.report("-y", "display")["entries"][0]["UdpEncapMode"], "Yes")

    def test_esp_goes_in_udp_without_a_nat_where_one_end_forces_it(self):
        self.check_forced(east_policy(allow_nat="Yes", action_extra="  ForceUdpEncapsulation Yes"), west_policy(allow_nat="Yes"), "10.1.0.1", "10.2.0.1")

    def test_so_it_does_in_transport_mode(self):
        nets = {"local_net": "198.51.100.1", "remote_net": "198.51.100.2", "encapsulation": "Transport", "allow_nat": "Yes"}
        mirrored = nets | {"local_net": "198.51.100.2", "remote_net": "198.51.100.1"}
        self.check_forced(east_policy(**nets), west_policy(**mirrored, action_extra="  ForceUdpEncapsulation Yes"), "198.51.100.1", "198.51.100.2")

    def test_ah_is_refused_by_name(self):
        hide_behind_nat(self.net)
        values = {"allow_nat": "Yes", "data_encryption": "DoNot", "data_authentication": "AH HMAC_SHA2_256_128"}
        self.bring_up(east_policy(**values),
                      west_policy(**values, remote="198.51.100.3", remote_id="IpAddr 198.51.100.1", action_extra="  BypassIpValidation Yes"))
        self.east.ipsec("-y", "activate", "-l", "net-to-net", check=False)
        wait_for(lambda: "AH does not pass the NAT on the way" in self.east.daemons["iked"].log(), 20, "iked to say why")
        self.assertEqual(self.east.report("-y", "display")["entries"], [])


class Protection(TwoAditHosts):
    def test_nothing_leaves_in_clear_without_a_tunnel(self):
        self.bring_up(east=east_policy(on_demand="No"), west=west_policy(on_demand="No"))
        with traffic.Capture(self.net.east, "wire", self.folder / "wire.pcapng") as wire:
            self.assertEqual(self.ping(), 0)
        self.assertEqual(wire.clear_text(), [])

    def test_clear_text_that_should_have_been_protected_is_dropped_on_arrival(self):
        self.bring_up(east=east_policy(on_demand="No"))
        self.west.stop()  # west's filters are gone: it sends in clear
        self.net.west.run("nft", "flush", "ruleset")
        self.assertEqual(traffic.ping(self.net.west, "10.2.0.1", "10.1.0.1", count=2, wait=1), 0)
        anchors = [entry for entry in self.east.report("-f", "display")["entries"]
                   if entry["FilterName"] == "nets" and entry["Direction"] == "Inbound" and entry["Type"] == "Dynamic Anchor"]
        self.assertGreaterEqual(int(anchors[0]["FilterMatches"]), 2)

    def test_what_no_rule_permits_is_dropped(self):
        self.bring_up()
        self.assertEqual(traffic.ping(self.net.east, "198.51.100.1", "198.51.100.2", count=1, wait=1), 0)

    def test_hostile_datagrams_change_nothing(self):
        udp = """
  IpFilterRule           any-udp
  {{
    IpSourceAddr         {0}
    IpDestAddr           {1}
    IpService
    {{
      Protocol           Udp
    }}
    IpGenericFilterActionRef permit
  }}
"""
        self.bring_up(east_policy(extra_rules=udp.format("198.51.100.1", "198.51.100.2")), west_policy(extra_rules=udp.format("198.51.100.2", "198.51.100.1")))
        self.activate()
        before = self.east.report("-k", "display")["entries"]
        script = "import socket,random\nr=random.Random(7)\ns=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)\n" \
                 "for i in range(3000):\n s.sendto(r.randbytes(r.randrange(0,1400)),('198.51.100.1',r.choice([500,4500])))\n"
        self.net.west.run("python3", "-c", script)
        self.assertEqual(self.ping(), 3)
        (child,) = self.east.report("-y", "display")["entries"]
        self.net.west.run("python3", "-c", FORGER, "198.51.100.1", child["EncryptInboundSpi"].split()[0],
                          *(before[0][name].removeprefix("0x") for name in ("InitiatorCookie", "ResponderCookie")))
        self.assertEqual(self.ping(), 3)
        (still,) = self.east.report("-y", "display")["entries"]
        self.assertEqual(still["EncryptInboundSpi"], child["EncryptInboundSpi"])
        after = self.east.report("-k", "display")["entries"]
        self.assertEqual([entry["InitiatorCookie"] for entry in before], [entry["InitiatorCookie"] for entry in after])


class Policy(TwoAditHosts):
    def test_an_error_names_line_and_column_and_leaves_the_running_policy(self):
        self.bring_up()
        self.activate()
        broken = east_policy().replace("HowToEncapIKEv2", "HowToEncapsIKEv2")
        line = next(number for number, text in enumerate(broken.splitlines(), 1) if "HowToEncapsIKEv2" in text)
        self.east.install_policy(broken)
        wait_for(lambda: re.search(rf"east\.policy:{line}:3: unknown attribute", self.east.daemons["pagent"].log()), 10, "pagent to name line and column")
        self.assertIn("HowToEncapIKEv2", self.east.daemons["pagent"].log())  # the nearest word
        self.assertEqual(self.ping(), 3)

    def test_a_refresh_keeps_the_tunnel_whose_policy_did_not_change(self):
        self.bring_up()
        self.activate()
        (before,) = self.east.report("-y", "display")["entries"]
        self.east.install_policy(east_policy(extra_rules=HOSTS_PING))
        wait_for(lambda: "hosts-ping" in self.east.ipsec("-f", "display"), 10, "the new rule to be installed")
        (after,) = self.east.report("-y", "display")["entries"]
        self.assertEqual(before["EncryptOutboundSpi"], after["EncryptOutboundSpi"])
        self.assertEqual(self.ping(), 3)


    def test_a_pagent_conf_with_an_error_changes_nothing_and_one_that_names_the_stack_no_more_withdraws_its_policy(self):
        self.bring_up()
        self.activate()
        named = (self.east.folder / "pagent.conf").read_text()
        for text, message, answers in (("TcpImge east\n", "ADT3005W", 3), ("TcpImage other\n", "EZZ8773I", 0)):
            with self.subTest(text):
                self.east.write("pagent.conf", text)
                self.east.daemons["pagent"].send(signal.SIGHUP)
                wait_for(lambda: message in self.east.daemons["pagent"].log(), 10, f"pagent to tell {message}")
                self.assertEqual(self.ping(), answers)
        self.east.write("pagent.conf", named.replace("TcpImage east", "TcpImage EAST"))  # a stack is the same in whatever case
        self.east.install_policy(east_policy(liveness=31))
        wait_for(lambda: self.east.daemons["stackd"].log().count("ADT2001I") == 2, 10, "stackd to install the policy")
        self.activate()
        self.assertEqual(self.ping(), 3)


    def test_keys_that_every_user_may_read_are_told(self):
        self.bring_up()
        warning = "every user may read the keys in it"
        self.assertNotIn(warning, self.east.daemons["pagent"].log())
        self.east.policy_file.chmod(0o644)
        self.east.install_policy(east_policy(liveness=31))
        wait_for(lambda: re.search(f"ADT0009W .*east.policy: {warning}", self.east.daemons["pagent"].log()), 10, "pagent to warn")
        wait_for(lambda: self.east.daemons["stackd"].log().count("ADT2001I") == 2, 10, "stackd to install the policy all the same")


class Filters(TwoAditHosts):
    def stackd_tells(self, text, count=1):
        wait_for(lambda: self.east.daemons["stackd"].log().count(text) == count, 10, f"stackd to tell {text}")

    def test_the_default_filter_and_the_policy_change_places_by_command(self):
        self.bring_up()
        self.activate()
        self.assertEqual(self.ping(), 3)
        self.assertIn("Stack Profile", self.east.ipsec("-f", "default"))
        self.assertEqual(self.ping(1), 0)  # the default filter permits nothing
        self.assertEqual(self.east.report("-f", "display")["source"], "Stack Profile")
        self.assertEqual({entry["FilterName"] for entry in self.east.report("-f", "display")["entries"]}, {"SYSDEFAULTRULE", "SYSDEFAULTDENYRULE"})
        self.assertIn("nets", {entry["FilterName"] for entry in self.east.report("-f", "display", "-c", "policy")["entries"]})
        self.east.install_policy(east_policy(extra_rules=HOSTS_PING))  # does not end the operator's choice
        self.stackd_tells("ADT2007I")
        self.assertEqual(self.ping(1), 0)
        self.assertIn("Stack Policy", self.east.ipsec("-f", "REL"))
        shown = self.east.report("-f", "display")
        self.assertEqual(shown["source"], "Stack Policy")
        self.assertIn("hosts-ping", {entry["FilterName"] for entry in shown["entries"]})
        self.assertEqual(self.east.report("-f", "display", "-c", "profile")["source"], "Stack Profile")
        self.assertEqual(self.ping(), 3)  # through the SAs that were there before
        self.stackd_tells("ADT2006I", 2)

    def test_the_default_filter_stays_over_restarts_until_the_policy_is_reloaded(self):
        self.bring_up()
        self.activate()
        self.east.ipsec("-f", "default")
        for how in (signal.SIGKILL, signal.SIGTERM):
            for name in ("pagent", "stackd"):
                self.east.daemons[name].stop(how)
            for name in ("pagent", "stackd"):
                self.east.daemons[name].start()
            wait_for(lambda: "nets" in self.east.ipsec("-f", "display", "-c", "policy", check=False), 20, "the policy to come again")
            self.assertEqual(self.east.report("-f", "display")["source"], "Stack Profile")
            self.assertEqual(self.ping(1), 0)
        self.stackd_tells("ADT2010W", 2)
        self.east.ipsec("-f", "reload")
        self.east.daemons["stackd"].stop()
        self.east.daemons["stackd"].start()
        wait_for(lambda: self.east.report("-f", "display")["source"] == "Stack Policy", 20, "the policy to be in force after a restart")
        self.stackd_tells("ADT2010W", 2)

    def test_a_policy_that_the_kernel_refuses_is_shown_and_tried_again(self):
        self.bring_up()
        # Another process owns the table: to the kernel every change of it by stackd is forbidden.
        owner = subprocess.Popen(self.net.east.inside("nft", "-i"), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        self.addCleanup(owner.wait)
        self.addCleanup(owner.kill)
        owner.stdin.write("delete table inet adit; add table inet adit { flags owner; }\n")
        owner.stdin.flush()
        wait_for(lambda: "flags owner" in self.net.east.run("nft", "list", "ruleset"), 10, "the table to be owned")
        self.east.install_policy(east_policy(extra_rules=HOSTS_PING))
        self.stackd_tells("ADT2002E")
        shown = self.east.ipsec("-f", "display")
        self.assertRegex(shown, "NotInstalled: +policy 2: ")
        self.assertNotIn("hosts-ping", shown)
        time.sleep(3)  # some attempts more
        self.stackd_tells("ADT2002E")  # once for the reason, not for each attempt
        owner.kill()  # its table goes with it
        wait_for(lambda: "hosts-ping" in self.east.ipsec("-f", "display"), 20, "the policy to be installed after all")
        self.assertNotIn("NotInstalled", self.east.ipsec("-f", "display"))

    def test_what_filters_log_stands_in_the_log_of_stackd(self):
        logging = HOSTS_PING.replace("    IpGenericFilterActionRef permit\n", """    IpGenericFilterAction logged
    {
      IpFilterAction     Permit
      IpFilterLogging    Yes
    }
""")
        self.bring_up(east=east_policy(extra_rules=logging))
        traffic.ping(self.net.east, "198.51.100.1", "198.51.100.2", count=1, wait=1)
        traffic.ping(self.net.west, "198.51.100.2", "198.51.100.1", count=1, wait=1)
        self.stackd_tells("EZD0814I stack east: packet permitted by hosts-ping 1: ")
        self.assertRegex(self.east.daemons["stackd"].log(), r"hosts-ping 1: .*198\.51\.100\.1.* -> 198\.51\.100\.2.*, outbound local, interface wire, 84 octets")
        # Inbound alone is left to the implicit deny; in west, of which no rule permits it, too.
        wait_for(lambda: "EZD0815I stack west: packet denied by SYSDEFAULTDENYRULE 1" in self.west.daemons["stackd"].log(), 10, "west to tell of its implicit deny")

    def test_interfaces_with_their_security_classes(self):
        self.bring_up()
        self.east.daemons["stackd"].stop()
        self.east.daemons["stackd"].words += ["--security-class", "wire=7"]
        self.east.daemons["stackd"].start()
        wire = [entry for entry in self.east.report("-i")["entries"] if entry["InterfaceName"] == "wire"]
        self.assertIn(("198.51.100.1", "7"), {(entry["InterfaceAddress"], entry["SecurityClass"]) for entry in wire})
        self.assertIn(("adit0", "0"), {(entry["InterfaceName"], entry["SecurityClass"]) for entry in self.east.report("-i")["entries"]})

    def test_a_packet_is_tried_and_told_which_filters_it_meets(self):
        self.bring_up(east=east_policy(extra_rules=HOSTS_PING))
        self.activate()
        tried = self.east.report("-t", "10.1.0.1", "10.2.0.1", "tcp", "40000", "443", "out")
        self.assertEqual(tried["Decision"], "outbound: protected by nets 1")
        self.assertEqual([entry["Type"] for entry in tried["entries"]], ["Dynamic Anchor", "Dynamic", "Generic"])
        tried = self.east.report("-t", "198.51.100.1", "198.51.100.2", "udp", "500", "501", "out")
        self.assertEqual(tried["Decision"], "outbound: denied, no rule matches")
        self.assertEqual([entry["FilterName"] for entry in tried["entries"]], ["SYSDEFAULTDENYRULE"])
        self.assertIn("IKE 1: destination port or type", self.east.ipsec("-t", "198.51.100.1", "198.51.100.2", "udp", "500", "501", "out"))


class TimeConditions(TwoAditHosts):
    def span(self, first, seconds):
        def moment(second):
            return datetime.datetime.fromtimestamp(second, datetime.timezone.utc).strftime("%Y%m%d%H%M%S")

        return f"    IpTimeCondition\n    {{\n      ConditionTimeRange {moment(first)}:{moment(first + seconds - 1)}\n      TimeZone           UTC\n    }}\n"

    def seconds_of_changes(self):
        lines = re.findall(r"(?m)^(\S+ \S+)\.\d+ stackd ADT0011I", self.east.daemons["stackd"].log())
        return [int(datetime.datetime.strptime(line, "%Y-%m-%d %H:%M:%S").timestamp()) for line in lines]

    def test_a_rule_comes_and_goes_in_the_seconds_that_it_names(self):
        first = int(time.time()) + 10
        permit = "    IpGenericFilterActionRef permit\n"
        self.bring_up(east=east_policy(extra_rules=HOSTS_PING.replace(permit, self.span(first, 3) + permit)))
        self.assertNotIn("hosts-ping", self.east.ipsec("-f", "display"))
        wait_for(lambda: "hosts-ping" in self.east.ipsec("-f", "display"), 20, "the rule to come into force")
        wait_for(lambda: "hosts-ping" not in self.east.ipsec("-f", "display"), 20, "the rule to go out of force")
        self.assertEqual(self.seconds_of_changes(), [first, first + 3])

    def test_rules_begin_and_end_though_pagent_is_dead(self):
        """One that permits ends, and one that denies begins: neither needs a word of pagent."""
        first = int(time.time()) + 8
        permit = "    IpGenericFilterActionRef permit\n"
        deny = "    IpGenericFilterAction no\n    {\n      IpFilterAction Deny\n    }\n"
        of_night = HOSTS_PING.replace("hosts-ping", "night").replace(permit, self.span(first, 3600) + deny)
        both_ways = [rules.replace("Icmp\n", "Icmp\n      Direction Bidirectional\n") for rules in (of_night + HOSTS_PING, HOSTS_PING)]
        both_ways[1] = both_ways[1].replace("Source", "Other").replace("Dest", "Source").replace("Other", "Dest")  # as west sees it
        self.bring_up(east=east_policy(extra_rules=both_ways[0]), west=west_policy(extra_rules=both_ways[1]))
        self.east.daemons["pagent"].stop(signal.SIGKILL)
        self.assertEqual(traffic.ping(self.net.east, "198.51.100.1", "198.51.100.2", count=1, wait=1), 1)
        wait_for(lambda: "night" in self.east.ipsec("-f", "display"), 20, "the rule of the night to begin")
        self.assertEqual(self.seconds_of_changes(), [first])
        self.assertEqual(traffic.ping(self.net.east, "198.51.100.1", "198.51.100.2", count=1, wait=1), 0)

    def test_a_tunnel_goes_with_its_rule_though_pagent_is_dead(self):
        first = int(time.time())
        protect = "    IpGenericFilterActionRef protect\n"
        self.bring_up(east=east_policy().replace(protect, self.span(first, 15) + protect))
        self.activate()
        self.east.daemons["pagent"].stop(signal.SIGKILL)
        self.assertEqual(self.ping(1), 1)
        for host in (self.east, self.west):
            wait_for(lambda: not host.report("-y", "display")["entries"], 30, f"{host.stack} to be without the tunnel")
        self.assertEqual(self.ping(1), 0)

    def test_a_tunnel_goes_with_its_rule(self):
        first = int(time.time())
        protect = "    IpGenericFilterActionRef protect\n"
        self.bring_up(east=east_policy().replace(protect, self.span(first, 15) + protect))
        self.activate()
        self.assertEqual(self.ping(1), 1)
        for host in (self.east, self.west):
            wait_for(lambda: not host.report("-y", "display")["entries"], 30, f"{host.stack} to be without the tunnel")
        self.assertEqual(self.seconds_of_changes(), [first + 15])
        self.assertEqual(self.ping(1), 0)


class Restarts(TwoAditHosts):
    def restart(self, host, name, how=signal.SIGTERM):
        host.daemons[name].stop(how)
        host.daemons[name].start()

    def test_pagent_may_die_and_come_back(self):
        self.bring_up()
        self.activate()
        self.east.daemons["pagent"].stop(signal.SIGKILL)
        self.assertEqual(self.ping(), 3)
        self.east.daemons["pagent"].start()
        self.assertEqual(self.ping(), 3)
        # Both who want the policy are connected again: a rule that comes now is installed, and iked takes it too.
        self.east.install_policy(east_policy(extra_rules=HOSTS_PING))
        wait_for(lambda: "hosts-ping" in self.east.ipsec("-f", "display"), 10, "the new rule to be installed")
        wait_for(lambda: self.east.daemons["iked"].log().count("connected to pagent for stack east") == 2, 10, "iked to be connected to pagent again")

    def test_traffic_flows_while_iked_is_away_and_tunnels_work_after_it_is_back(self):
        self.bring_up()
        self.activate()
        self.east.daemons["iked"].stop(signal.SIGKILL)
        self.assertEqual(self.ping(), 3)
        self.east.daemons["iked"].start()
        wait_for(lambda: self.ping(1) == 1, 20, "traffic after iked is back")

    def test_stackd_may_die_and_the_tunnel_comes_back(self):
        self.bring_up()
        self.activate()
        self.restart(self.east, "stackd", signal.SIGKILL)
        wait_for(lambda: self.ping(1) == 1, 60, "traffic after stackd is back")

    def test_nothing_leaves_in_clear_while_daemons_are_killed_ended_and_started_again(self):
        self.bring_up()
        self.activate()
        with traffic.Capture(self.net.east, "wire", self.folder / "wire.pcapng") as wire:
            flow = self.net.east.popen("ping", "-n", "-q", "-i", "0.02", "-I", "10.1.0.1", "10.2.0.1", stdout=subprocess.DEVNULL)
            for how in (signal.SIGTERM, signal.SIGKILL):
                for order in (("stackd", "pagent", "iked"), ("iked", "pagent", "stackd")):
                    with self.subTest(how=how.name, order=order):
                        for name in order:
                            self.east.daemons[name].stop(how)
                        self.assertEqual(self.ping(1), 0)
                        for name in reversed(order):
                            self.east.daemons[name].start()
                        wait_for(lambda: self.ping(1) == 1, 60, "traffic after all are back")
            flow.kill()
            flow.wait()
        self.assertEqual(wire.clear_text(), [])
        self.assertTrue(wire.lines("esp", count=1))

    def test_daemons_end_cleanly_and_leave_nothing_but_filters_behind(self):
        self.bring_up()
        self.activate()
        statuses = {name: daemon.stop() for name, daemon in reversed(self.east.daemons.items())}
        self.assertEqual(set(statuses.values()), {0}, statuses)
        self.assertNotRegex(self.net.east.run("ip", "link"), r"(?m)^\d+: adit")
        self.assertNotIn("fwmark", self.net.east.run("ip", "rule"))
        self.assertIn("table inet adit", self.net.east.run("nft", "list", "tables"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
