"""Manual tunnels between two Adit hosts: keys of the policy protect traffic, while a tunnel is inactive nothing passes, and the policy's changes reach it.

usage: ADIT_PROGRAMS=build/release/bin python3 -m unittest manual_test
"""

import signal
import subprocess
import unittest

from two_hosts_test import PROGRAMS, TwoAditHosts, policy_text, traffic, wait_for

PATIENCE = 15
HERE, THERE = "10.1.0.1", "10.2.0.1"
ENDS = ("198.51.100.1", "198.51.100.2")
ENDS6 = ("2001:db8:100::1", "2001:db8:100::2")
KEY, HMAC = {"east": "1d" * 16, "west": "2e" * 16}, {"east": "3f" * 32, "west": "4a" * 32}
INACTIVE, ACTIVATED, DELETED, POLICY = "EZD0822I", "EZD0819I", "EZD0812I", "ADT2001I"
BUNDLE = {"authentication": "AH HMAC_SHA2_256_128", "ah_spis": (0x3001, 0x4002)}  # around ESP
AH = {"encryption": "DoNot", "authentication": "AH HMAC_SHA2_256_128", "keys": (("", HMAC["west"]), ("", HMAC["east"]))}
# What stands outside of the tunnels: the neighbours' link addresses are given (bring_up), so nothing but them is on the wire.
NOTHING_ELSE = "!(arp || icmpv6.type >= 130)"


def turned(pair):
    return (pair[1], pair[0])


def east_policy(**values):
    return policy_text.manual(**({"keys": ((KEY["west"], HMAC["west"]), (KEY["east"], HMAC["east"]))} | values))


def west_policy(**values):
    """The same tunnel as its other end writes it."""
    mine = {"local": ENDS[1], "remote": ENDS[0], "local_net": "10.2.0.0/24", "remote_net": "10.1.0.0/24", "spis": (0x2002, 0x1001)}
    values = dict(values)
    if "ah_spis" in values:
        values["ah_spis"] = turned(values["ah_spis"])
    values["keys"] = turned(values.get("keys") or ((KEY["west"], HMAC["west"]), (KEY["east"], HMAC["east"])))
    for one, other in (("local", "remote"), ("local_net", "remote_net")):
        if one in values or other in values:
            mine[one], mine[other] = values.get(other, mine[one]), values.get(one, mine[other])
    return policy_text.manual(**(values | mine))


class Manual(TwoAditHosts):
    def bring_up_tunnel(self, **values):
        self.bring_up(east_policy(**values), west_policy(**values))
        for host in (self.east, self.west):
            wait_for(lambda: self.tunnel(host)["State"] == "Active" or values.get("active") == "No", PATIENCE, f"{host.stack} to have the tunnel")

    def tunnel(self, host):
        (entry,) = host.report("-m", "display")["entries"]
        return entry

    def install_at_east(self, **values):
        before = self.east.daemons["stackd"].log().count(POLICY)
        self.east.install_policy(east_policy(**values))
        wait_for(lambda: self.east.daemons["stackd"].log().count(POLICY) > before, PATIENCE, "east to install the policy")

    def wait_for_state(self, host, state):
        wait_for(lambda: self.tunnel(host)["State"] == state, PATIENCE, f"the tunnel of {host.stack} to be {state}")

    def check_protected(self, here, there, protocol, octets=5_000_000):
        """Traffic arrives intact in both directions, and on the wire is nothing but the protocol."""
        with traffic.Capture(self.net.east, "wire", self.folder / "wire.pcapng") as wire:
            self.assertEqual(traffic.ping(self.net.east, here, there), 3)
            traffic.stream(self.net.east, here, self.net.west, there, octets)
            traffic.stream(self.net.west, there, self.net.east, here, octets)
        self.assertEqual(wire.lines(f"!{protocol} && {NOTHING_ELSE}"), [])
        self.assertTrue(wire.lines(protocol, count=1))

    def check_nothing_passes(self):
        with traffic.Capture(self.net.east, "wire", self.folder / "silent.pcapng") as wire:
            self.assertEqual(self.ping(2), 0)
        self.assertEqual(wire.lines(NOTHING_ELSE), [])


class Protection(Manual):
    def test_esp_tunnel_and_its_reports(self):
        self.bring_up_tunnel()
        self.check_protected(HERE, THERE, "esp")
        entry = self.tunnel(self.east)
        self.assertEqual({name: entry[name] for name in ("TunnelID", "VpnActionName", "State", "HowToEncap", "LocalEndPoint", "RemoteEndPoint", "HowToAuth",
                                                         "AuthAlgorithm", "HowToEncrypt", "KeyLength", "EncryptInboundSpi", "EncryptOutboundSpi")},
                         {"TunnelID": "M1", "VpnActionName": "by-hand", "State": "Active", "HowToEncap": "Tunnel", "LocalEndPoint": ENDS[0],
                          "RemoteEndPoint": ENDS[1], "HowToAuth": "ESP", "AuthAlgorithm": "HMAC-SHA2-256-128", "HowToEncrypt": "AES-CBC", "KeyLength": "128",
                          "EncryptInboundSpi": "4097 (0x00001001)", "EncryptOutboundSpi": "8194 (0x00002002)"})
        self.assertGreater(int(entry["OutboundPackets"]), 3)
        filters = self.east.report("-f", "display", "-n", "nets")["entries"]
        self.assertEqual({(one["Type"], one["TunnelID"], one["VpnActionName"]) for one in filters}, {("Manual", "M1", "by-hand")})
        self.assertEqual(self.east.report("-y", "display")["entries"], [])

    def test_ah_tunnel(self):
        self.bring_up_tunnel(**AH)
        self.check_protected(HERE, THERE, "ah")

    def test_ah_transport_for_any_peer(self):
        """Endpoints Any: the SAs have the addresses of the packets."""
        values = AH | {"mode": "Transport", "local_net": ENDS[0], "remote_net": ENDS[1], "local": "Any", "remote": "Any"}
        self.bring_up_tunnel(**values)
        self.check_protected(*ENDS, "ah")

    def test_ah_around_esp_tunnel_and_its_reports(self):
        self.bring_up_tunnel(**BUNDLE)
        self.check_protected(HERE, THERE, "(ip.proto == 51 && ah && esp)")
        entry = self.tunnel(self.east)
        self.assertEqual({name: entry[name] for name in ("HowToAuth", "AuthAlgorithm", "AuthInboundSpi", "AuthOutboundSpi", "HowToEncrypt", "KeyLength",
                                                         "EncryptInboundSpi", "EncryptOutboundSpi")},
                         {"HowToAuth": "AH", "AuthAlgorithm": "HMAC-SHA2-256-128", "AuthInboundSpi": "12289 (0x00003001)",
                          "AuthOutboundSpi": "16386 (0x00004002)", "HowToEncrypt": "AES-CBC", "KeyLength": "128", "EncryptInboundSpi": "4097 (0x00001001)",
                          "EncryptOutboundSpi": "8194 (0x00002002)"})
        self.assertGreater(int(entry["InboundPackets"]), 3)

    def test_ah_around_esp_transport_for_any_peer(self):
        values = BUNDLE | {"mode": "Transport", "local_net": ENDS[0], "remote_net": ENDS[1], "local": "Any", "remote": "Any"}
        self.bring_up_tunnel(**values)
        self.check_protected(*ENDS, "(ip.proto == 51 && ah && esp)")

    def test_esp_alone_does_not_pass_for_ah_around_esp(self):
        """The peer has the same ESP, and no AH around it."""
        self.bring_up(east_policy(**BUNDLE), west_policy())
        self.assertEqual(self.ping(2), 0)

    def test_transport_mode_is_between_the_ends_alone(self):
        """The rule is for the whole net; what is for another host of it does not go to the peer."""
        self.bring_up_tunnel(mode="Transport", local_net=ENDS[0], remote_net="198.51.100.0/24")
        self.check_protected(*ENDS, "esp", octets=100_000)
        with traffic.Capture(self.net.east, "wire", self.folder / "other.pcapng") as wire:
            self.assertEqual(traffic.ping(self.net.east, ENDS[0], "198.51.100.77", count=2, wait=1), 0)
        self.assertEqual(wire.lines(NOTHING_ELSE), [])

    def test_esp_transport_ipv6(self):
        for here, there, number in ((self.net.east, self.net.west, 2), (self.net.west, self.net.east, 1)):
            link = there.ip("-o", "link", "show", "wire").split("link/ether ")[1].split()[0]
            here.ip("-6", "neigh", "replace", f"2001:db8:100::{number}", "lladdr", link, "nud", "permanent", "dev", "wire")
        self.bring_up_tunnel(mode="Transport", local_net=ENDS6[0], remote_net=ENDS6[1], local=ENDS6[0], remote="Any6")
        self.check_protected(*ENDS6, "esp")

    def test_a_key_that_differs_lets_nothing_in(self):
        self.bring_up(east_policy(), west_policy(keys=((KEY["west"], HMAC["west"]), (KEY["east"], HMAC["west"]))))
        self.assertEqual(self.ping(2), 0)

    def test_keys_are_in_no_log_and_no_report(self):
        self.bring_up_tunnel()
        shown = "".join(self.east.ipsec(*words) for words in (("-m", "display"), ("-m", "display", "--json"), ("-f", "display", "--json")))
        shown += subprocess.run([PROGRAMS / "policy", "show", self.east.policy_file], capture_output=True, text=True).stdout
        shown += self.east.logs()
        self.assertIn("***", shown)
        for key in (*KEY.values(), *HMAC.values()):
            self.assertNotIn(key, shown.lower())


class Command(Manual):
    def test_while_inactive_nothing_passes_and_nothing_is_in_clear(self):
        self.bring_up_tunnel()
        self.assertEqual(self.ping(), 3)
        report = self.east.report("-m", "deactivate", "-n", "by-hand")
        self.assertEqual((report["primary"], report["function"]), ("Manual tunnel", "Deactivate"))
        self.assertEqual(report["entries"], [{"Tunnel ID": "M1", "VpnActionName": "by-hand", "Status": "Deactivating"}])
        self.assertEqual(self.tunnel(self.east)["State"], "Inactive")
        self.check_nothing_passes()
        wait_for(lambda: INACTIVE in self.east.daemons["stackd"].log(), PATIENCE, "the dropped packet to be logged")
        self.assertRegex(self.east.daemons["stackd"].log(), "manual tunnel by-hand of nets 1 is inactive: icmp 10.1.0.1")
        (again,) = self.east.report("-m", "deactivate", "-a", "all")["entries"]
        self.assertEqual(again["Status"], "Already inactive")
        (begun,) = self.east.report("-m", "activate", "-a", "M1")["entries"]
        self.assertEqual(begun["Status"], "Activating")
        self.assertEqual(self.ping(), 3)
        log = self.east.daemons["stackd"].log()
        self.assertEqual((log.count(ACTIVATED), log.count(DELETED)), (2, 1))

    def test_active_no_waits_for_the_command(self):
        self.bring_up_tunnel(active="No")
        self.assertEqual(self.tunnel(self.east)["State"], "Inactive")
        self.check_nothing_passes()
        for host in (self.east, self.west):
            host.ipsec("-m", "activate", "-n", "by-hand")
        self.assertEqual(self.ping(), 3)

    def test_what_is_not_there_is_named_and_the_command_fails(self):
        self.bring_up_tunnel()
        for words, says in ((("activate", "-a", "M77"), "stack east has no manual tunnel M77"),
                            (("deactivate", "-n", "nowhere"), "stack east has no manual tunnel of IpManVpnAction nowhere")):
            done = subprocess.run([PROGRAMS / "ipsec", "-p", "east", "--socket-dir", self.east.sockets, "-m", *words], capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stderr), (1, f"ipsec: {says}\n"))
            self.assertIn("Not found", done.stdout)
        self.assertEqual(self.ping(), 3)


class Changes(Manual):
    def test_a_refresh_keeps_an_unchanged_tunnel_and_loses_no_packet(self):
        self.bring_up_tunnel()
        with traffic.Flow(self.net.east, HERE, self.net.west, THERE) as flow:
            for count in range(3):
                self.install_at_east(extra_rules="\n" * (count + 1))  # the same at another place of the file
        self.assertEqual(flow.missing, [[], []], f"of {flow.sent}")
        self.assertGreater(min(flow.sent), 20)
        self.assertEqual(self.east.daemons["stackd"].log().count(ACTIVATED), 1)

    def test_what_the_operator_ended_stays_ended_over_a_refresh(self):
        self.bring_up_tunnel()
        self.east.ipsec("-m", "deactivate", "-a", "M1")
        self.install_at_east(extra_rules="\n")
        self.assertEqual(self.tunnel(self.east)["State"], "Inactive")
        self.check_nothing_passes()

    def test_a_changed_tunnel_is_replaced_and_one_that_has_gone_is_deleted(self):
        self.bring_up_tunnel()
        self.install_at_east(spis=(0x1001, 0x3003))
        wait_for(lambda: self.tunnel(self.east)["EncryptOutboundSpi"].startswith("12291 "), PATIENCE, "the SPI to change")
        self.assertEqual(self.ping(2), 0)
        before = self.west.daemons["stackd"].log().count(POLICY)
        self.west.install_policy(west_policy().replace("InboundSpi       8194", "InboundSpi       12291"))
        wait_for(lambda: self.west.daemons["stackd"].log().count(POLICY) > before, PATIENCE, "west to install the policy")
        self.assertEqual(self.ping(), 3)
        text = self.east.policy_file.read_text()
        self.east.install_policy(text.replace("    IpManVpnActionRef    by-hand\n", "").replace("IpFilterAction         IpSec", "IpFilterAction         Deny")
                                 .replace("  IpFilterLogging        LogDeny\n", ""))
        wait_for(lambda: not self.east.report("-m", "display")["entries"], PATIENCE, "the tunnel to go")
        self.check_nothing_passes()

    def test_the_default_filter_stops_it_and_reload_brings_it_back(self):
        self.bring_up_tunnel()
        self.east.ipsec("-f", "default")
        self.check_nothing_passes()
        self.east.ipsec("-f", "reload")
        self.assertEqual(self.ping(), 3)
        self.assertEqual(self.east.daemons["stackd"].log().count(ACTIVATED), 1)


class Restarts(Manual):
    def test_after_a_restart_of_stackd_the_tunnel_is_up_again(self):
        self.bring_up_tunnel()
        for number in (signal.SIGTERM, signal.SIGKILL):
            self.east.daemons["stackd"].stop(number)
            self.check_nothing_passes()
            self.east.daemons["stackd"].start()
            wait_for(lambda: self.east.report("-m", "display")["entries"], PATIENCE, "the policy to come back")
            self.wait_for_state(self.east, "Active")
            self.assertEqual(self.ping(), 3)

    def test_iked_and_pagent_may_come_and_go(self):
        self.bring_up_tunnel()
        for name in ("iked", "pagent"):
            self.east.daemons[name].stop(signal.SIGKILL)
            self.assertEqual(self.ping(), 3)
            self.east.daemons[name].start()
            self.assertEqual(self.ping(), 3)
        self.assertEqual(self.east.daemons["stackd"].log().count(ACTIVATED), 1)


del Manual, TwoAditHosts  # those bring the machinery, not tests

if __name__ == "__main__":
    unittest.main(verbosity=2)
