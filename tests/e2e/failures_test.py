"""What goes wrong between two Adit hosts: each failure ends with one line at the end that knows why, and what waits goes on by itself.

usage: ADIT_PROGRAMS=build/release/bin python3 -m unittest failures_test
"""

import os
import pathlib
import re
import signal
import subprocess
import tempfile

import unittest

from two_hosts_test import PROGRAMS, Host, TwoAditHosts, east_policy, traffic, wait_for, west_policy

import pki  # found by the path that two_hosts_test sets
from netns import CommandFailed

EAST, WEST = "east.example.org", "west.example.org"


def lines_of(host, message, daemon="iked"):
    return [line for line in host.daemons[daemon].log().splitlines() if f" {message} " in line]


class Certificates(TwoAditHosts):
    """Both hosts prove themselves by signature, each with an nssd of its own."""

    def prepare(self, kind="ecdsa256", west_authority=None, west_name=WEST, iked_settings="", **west_leaf):
        authority = pki.Authority(self.folder / "pki")
        others = west_authority or authority
        self.east_nss = pki.NssHost(PROGRAMS, self.net.east, self.folder / "east-nss", authority, {"east": (kind, EAST)})
        self.west_nss = pki.NssHost(PROGRAMS, self.net.west, self.folder / "west-nss", others, {})
        self.west_nss.install(others.leaf("west", kind, dns=west_name, **west_leaf))
        names = {"method": "DigitalSignature", "on_demand": "No"}
        self.enterContext(self.east_nss)
        self.enterContext(self.west_nss)
        self.addCleanup(self.tell_if_failed)
        self.east = Host(PROGRAMS, self.net.east, self.folder / "east", east_policy(local_id=f"Fqdn {EAST}", remote_id=f"Fqdn {WEST}", **names),
                         stack="east", nss=self.east_nss, iked_settings=iked_settings)
        self.west = Host(PROGRAMS, self.net.west, self.folder / "west", west_policy(local_id=f"Fqdn {WEST}", remote_id=f"Fqdn {EAST}", **names),
                         stack="west", nss=self.west_nss, iked_settings=iked_settings)
        self.enterContext(self.east)
        self.enterContext(self.west)

    def failure(self, host):
        """The one line with which a host tells why the negotiation failed."""
        wait_for(lambda: lines_of(host, "ADT1004W") + lines_of(host, "ADT1003W"), 15, f"{host.stack} to say why the negotiation failed")
        (line,) = lines_of(host, "ADT1004W") + lines_of(host, "ADT1003W")
        return line

    def refused(self, host):
        self.east.ipsec("-y", "activate", "-l", "net-to-net")
        line = self.failure(host)
        for each in (self.east, self.west):
            self.assertEqual(each.report("-y", "display")["entries"], [])
        return line

    def test_prove_both_ends_and_traffic_flows(self):
        self.prepare()
        self.activate()
        self.assertEqual(self.ping(), 3)
        (tunnel,) = self.east.report("-k", "display")["entries"]
        self.assertEqual((tunnel["LocalID"], tunnel["RemoteID"]), (EAST, WEST))

    def test_of_rsa_keys(self):
        self.prepare(kind="rsa")
        self.activate()
        self.assertEqual(self.ping(), 3)

    def test_expired_are_not_signed_with(self):
        self.prepare(expired=True)
        self.assertRegex(self.refused(self.west), "'west': expired 2021-01-01")

    def test_without_the_identity_are_not_signed_with(self):
        self.prepare(west_name="other.example.org")
        self.assertRegex(self.refused(self.west), "west.example.org.*it has.*other.example.org")

    def test_of_an_authority_that_the_peer_does_not_trust_are_not_signed_with(self):
        self.prepare(west_authority=pki.Authority(self.folder / "other-pki", name="Other CA"))
        self.assertRegex(self.refused(self.east), "Adit Test CA.* not among the 1 authorities that the peer named")

    def test_wait_for_an_nssd_that_is_away(self):
        self.prepare()
        for nss in (self.east_nss, self.west_nss):
            with self.subTest(nss=nss.folder.name):
                nss.daemon.stop(signal.SIGKILL)
                self.east.ipsec("-y", "activate", "-l", "net-to-net")
                with self.assertRaises(CommandFailed):
                    wait_for(lambda: self.east.report("-y", "display")["entries"], 1, "what must not be")
                self.assertEqual(lines_of(self.east, "ADT1004W"), [])
                nss.daemon.start()
                self.wait_for_tunnel()
                self.assertEqual(self.ping(1), 1)
                self.east.ipsec("-k", "deactivate", "-a", "all")
                wait_for(lambda: not self.east.report("-k", "display")["entries"], 10, "east to be without the IKE tunnel")

    def test_of_a_client_that_is_not_named_are_not_served_until_a_refresh_names_it(self):
        self.prepare(iked_settings="  NssWaitLimit 5\n")
        for old, new, reason in (("TlsIdentity iked.example.org", "TlsIdentity other.example.org", "no NssClient statement lets this identity be this client"),
                                 ("SignWith *", "SignWith other", "no certificate that this client may sign with"),
                                 ("UseCa *", "UseCa other", "is not trusted"),
                                 ("ServiceType Cert", "ServiceType RemoteMgmt", "client east-host may not use the certificate service"),
                                 ("  Port ", "  Discipline IPSec Disable\n  Port ", "client east-host may not use the certificate service")):
            with self.subTest(new):
                self.east_nss.change(old, new)
                self.east_nss.refresh("EZD1353I")
                told = len(lines_of(self.east, "ADT1004W") + lines_of(self.east, "ADT1003W"))
                self.east.ipsec("-y", "activate", "-l", "net-to-net")
                wait_for(lambda: len(lines_of(self.east, "ADT1004W") + lines_of(self.east, "ADT1003W")) > told, 15, "east to say why it failed")
                self.assertRegex(self.east.daemons["iked"].log(), reason)
                self.assertIn("ADT3004W", self.east_nss.daemon.log())
                self.assertEqual(self.east.report("-y", "display")["entries"], [])
                self.east_nss.change(new, old)
                self.east_nss.refresh("EZD1353I")
        self.activate()
        self.assertEqual(self.ping(1), 1)

    def test_of_a_stack_that_iked_conf_lets_use_no_certificate_service_are_not_asked_for(self):
        self.prepare()
        self.east.write("iked.conf", f"IkeConfig\n{{\n{self.east_nss.client_lines()}}}\n")
        self.east.daemons["iked"].send(signal.SIGHUP)
        wait_for(lambda: len(lines_of(self.east, "ADT0007I")) == 2, 10, "east's iked to read its file again")
        self.assertRegex(self.refused(self.east), "iked.conf has no NssStackConfig east with ServiceType Cert")

    def test_outlive_a_refresh_that_finds_mistakes(self):
        self.prepare()
        key = self.east_nss.ring / "private" / "east.pem"
        key.chmod(0o644)
        self.east_nss.refresh("ADT3005W")
        self.assertIn("private/east.pem: mode 0644 opens a private key to others", self.east_nss.daemon.log())
        key.chmod(0o600)
        self.east_nss.change("SignWith", "SingWith")
        self.east_nss.refresh("ADT3005W")
        self.assertRegex(self.east_nss.daemon.log(), r"nssd\.conf:14:3: unknown attribute: found 'SingWith'.*SignWith")
        self.activate()

    def test_fail_with_that_reason_when_nssd_stays_away(self):
        self.prepare(iked_settings="  NssWaitLimit 5\n")
        self.east_nss.daemon.stop(signal.SIGKILL)
        self.assertRegex(self.refused(self.east), "certificate service is away: no answer within 5 s")


class Differences(TwoAditHosts):
    """One value differs between the two policies."""

    def refused(self, message, east=None, west=None):
        """The line of the responder, which knows what differs."""
        self.bring_up(east_policy(on_demand="No", **(east or {})), west_policy(on_demand="No", **(west or {})))
        self.east.ipsec("-y", "activate", "-l", "net-to-net")
        wait_for(lambda: lines_of(self.west, message), 10, f"west to tell {message}")
        self.assertEqual(self.ping(1), 0)
        return lines_of(self.west, message)[0]

    def test_of_the_shared_key(self):
        self.assertRegex(self.refused("ADT1003W", west={"secret": "another one"}), "the pre-shared keys differ.*KeyExchangeRule peer")
        self.assertRegex(lines_of(self.east, "ADT1004W")[0], "AUTHENTICATION_FAILED")

    def test_of_the_ike_proposal(self):
        self.assertRegex(self.refused("EZD1021I", west={"group": "Group19"}), r"offered .*CURVE25519; acceptable .*ECP_256 .*west\.policy:\d+")

    def test_of_the_child_proposal(self):
        line = self.refused("EZD1022I", west={"data_encryption": "AES_CBC KeyLength 128", "data_authentication": "ESP HMAC_SHA2_256_128"})
        self.assertRegex(line, "offered AES_GCM_16-256.*acceptable ESP AES_CBC-128 HMAC_SHA2_256_128")
        self.assertRegex(lines_of(self.east, "ADT1004W")[0], "NO_PROPOSAL_CHOSEN")

    def test_of_the_selectors(self):
        line = self.refused("EZD1795I", west={"local_net": "10.7.0.0/24"})
        self.assertIn("offered 10.2.0.0/24 here, 10.1.0.0/24 there; acceptable 10.7.0.0/24 here, 10.1.0.0/24 there (IpFilterRule nets)", line)
        self.assertRegex(lines_of(self.east, "ADT1004W")[0], "TS_UNACCEPTABLE")

    def test_of_the_identity(self):
        self.assertIn("other.example.org", self.refused("ADT1002W", east={"local_id": "Fqdn other.example.org"}))


class SecondInstances(TwoAditHosts):
    def test_are_refused_and_the_first_serve_on(self):
        self.bring_up()
        self.activate()
        for daemon in self.east.daemons.values():
            with self.subTest(daemon=daemon.name):
                done = subprocess.run(daemon.words, capture_output=True, text=True, timeout=10)
                self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
        words = [self.net.west.name if word == self.net.east.name else word for word in self.east.daemons["stackd"].words]
        self.west.daemons["stackd"].stop()  # its name is free, its namespace too: only the sockets of east are in the way
        done = subprocess.run(words, capture_output=True, text=True, timeout=10)
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
        self.west.daemons["stackd"].start()
        self.east.daemons["iked"].stop()
        self.east.daemons["iked"].start()
        wait_for(lambda: self.ping(1) == 1, 30, "traffic after a restart of east's iked")


class NssdFiles(unittest.TestCase):
    """nssd by hand, without a namespace."""

    def setUp(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="adit-e2e-")))
        self.nss = pki.NssHost(PROGRAMS, Here(), folder / "nss", pki.Authority(folder / "pki"), {"east": ("ecdsa256", EAST)}, port=0)
        self.nss.change("Port 0", "Port 4159")

    def ends(self, status, problem):
        done = subprocess.run(self.nss.daemon.words, capture_output=True, text=True, timeout=10)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertRegex(done.stderr, problem)

    def test_a_private_key_is_for_its_owner_alone(self):
        for key in (self.nss.ring / "private/east.pem", self.nss.server.key):
            with self.subTest(key.name):
                key.chmod(0o640)
                self.ends(1, f"{key.name}: mode 0640 opens a private key to others than its owner; expected 0600 or 0400")
                key.chmod(0o600)

    def test_tls_files_fit_each_other(self):
        key = self.nss.server.key.read_text()
        for path, text, problem in ((self.nss.server.key, self.nss.client.key.read_text(), "server.key: is not the private key of certificate"),
                                    (self.nss.server.key, "none", "server.key: is no PEM file"),
                                    (self.nss.server.certificate, key, "server.pem: holds a PRIVATE KEY; expected CERTIFICATE"),
                                    (self.nss.tls_ca, key, "ca.pem: holds a PRIVATE KEY; expected CERTIFICATE")):
            with self.subTest(problem):
                right = path.read_text()
                path.write_text(text)
                self.ends(1, problem)
                path.write_text(right)

    def test_a_folder_that_is_no_ring_is_named(self):
        self.nss.change(f"KeyRing {self.nss.ring}", "KeyRing /nowhere")
        self.ends(1, "key ring: /nowhere: ")


class Here:
    """In place of a namespace: the one that the test runs in."""

    def inside(self, *words):
        return list(words)


class Files(unittest.TestCase):
    def test_of_pagent_without_a_stack_are_refused(self):
        with tempfile.TemporaryDirectory(prefix="adit-e2e-") as folder:
            configuration = pathlib.Path(folder) / "pagent.conf"
            configuration.write_text("LogLevel 31\n")
            done = subprocess.run([PROGRAMS / "pagent", "-c", configuration, "--socket-dir", folder], capture_output=True, text=True, timeout=5)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertRegex(done.stderr, r"pagent\.conf:1:1: pagent.conf without TcpImage")

    def test_of_sockets_that_cannot_be_looked_for_are_named_by_ipsec(self):
        done = subprocess.run([PROGRAMS / "ipsec", "--socket-dir", "/nowhere", "-k", "display"], capture_output=True, text=True, timeout=5)
        self.assertEqual((done.returncode, done.stderr), (3, "ipsec: /nowhere: No such file or directory\n"))

    def test_that_are_none_are_named_as_such(self):
        with tempfile.TemporaryDirectory(prefix="adit-e2e-") as folder:
            fifo = pathlib.Path(folder) / "fifo"
            os.mkfifo(fifo)
            for path, problem in ((folder, "is a folder"), (fifo, "is no regular file"), (pathlib.Path(folder) / "none", "No such file")):
                done = subprocess.run([PROGRAMS / "pagent", "--check", path], capture_output=True, text=True, timeout=5)
                self.assertEqual(done.returncode, 1)
                self.assertTrue(re.search(problem, done.stdout + done.stderr), done.stdout + done.stderr)

    def test_of_a_stack_are_judged_beside_the_common_one(self):
        examples = pathlib.Path(__file__).parents[2] / "examples/two-hosts"
        own, _, common = (examples / "east.policy").read_text().partition("# ---- the two ends")
        with tempfile.TemporaryDirectory(prefix="adit-e2e-") as folder:
            own_file, common_file = pathlib.Path(folder) / "own", pathlib.Path(folder) / "common"
            own_file.write_text(own)
            common_file.write_text("# ---- the two ends" + common)

            def status(*words):
                done = subprocess.run([PROGRAMS / "pagent", *words], capture_output=True, text=True, timeout=5)
                return done.returncode, done.stdout + done.stderr

            beside = ["--common", common_file]
            self.assertEqual(status("--check", own_file)[0], 1)
            self.assertEqual(status("--check", own_file, *beside), (0, ""))
            self.assertEqual(status("--lint", own_file)[0], 1)
            self.assertEqual(status("--lint", own_file, *beside)[0], 0)
            code, text = status("--lint", own_file, *beside, "--against", examples / "west.policy")
            self.assertEqual(code, 0, text)
            self.assertIn("4 of 4 tunnels come up", text)
            self.assertIn(f"{common_file}:", text)
            self.assertEqual(status(*beside)[0], 2)

    def test_of_a_stack_are_shown_whatever_the_case_of_its_name(self):
        example = pathlib.Path(__file__).parents[2] / "examples/two-hosts/east.policy"
        with tempfile.TemporaryDirectory(prefix="adit-e2e-") as folder:
            configuration = pathlib.Path(folder) / "pagent.conf"
            configuration.write_text(f"TcpImage other none.image\nTcpImage TCPIP2\nIPSecConfig {example}\n")
            done = subprocess.run([PROGRAMS / "policy", "show", "-c", configuration, "-p", "tcpip2"], capture_output=True, text=True, timeout=5)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("IpFilterRule nets", done.stdout)

    def test_of_keys_are_read_where_the_policy_names_them_and_refused_where_everybody_reads_them(self):
        example = pathlib.Path(__file__).parents[2] / "examples/two-hosts/east.policy"
        text = re.sub(r"SharedKey +Ascii .*", "SharedKeyFile keys/west.key", example.read_text())
        with tempfile.TemporaryDirectory(prefix="adit-e2e-") as folder:
            policy = pathlib.Path(folder) / "east.policy"
            key = pathlib.Path(folder) / "keys/west.key"
            policy.write_text(text)
            key.parent.mkdir()

            def check(problem, content=None, mode=0o600):
                if content is not None:
                    key.write_text(content)
                    key.chmod(mode)
                done = subprocess.run([PROGRAMS / "pagent", "--check", policy], capture_output=True, text=True, timeout=5)
                self.assertEqual(done.returncode, 1 if problem else 0, done.stdout)
                self.assertNotIn("zebra", done.stdout + done.stderr)
                self.assertTrue(re.search(f"error: SharedKeyFile: {problem}", done.stdout) if problem else done.stdout == "", done.stdout)

            check("No such file")
            check("every user may read it", "Ascii zebra-zebra-zebra-zebra\n", 0o644)
            check("form of the key missing", "zebra-zebra-zebra-zebra\n")
            check("holds no key", "# later\n")
            check("holds more than a key", "Ascii zebra-zebra-zebra-zebra\nHex 00\n")
            check("is no key file", "#" * 20000)
            check("", "# of west\nAscii zebra-zebra-zebra-zebra\n")


del TwoAditHosts  # its tests are two_hosts_test's

if __name__ == "__main__":
    unittest.main(verbosity=2)
