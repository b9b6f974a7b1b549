"""Adit against a real strongSwan: both roles, every way to authenticate, traffic intact, nothing in clear on the wire.

usage: ADIT_PROGRAMS=build/release/bin python3 -m unittest strongswan_test
"""

import pathlib
import sys
import tempfile
import unittest

from with_strongswan import PROGRAMS, STREAM_OCTETS, WithCertificates, WithStrongswan, gateway

import pki  # found by the path that with_strongswan sets
import traffic
from adit import Host, wait_for
from strongswan import Strongswan, connection


class PresharedKey(WithStrongswan):
    def test_both_roles_carry_100_mb_each_way(self):
        self.both_roles(gateway(), connection(), octets=STREAM_OCTETS)

    def test_traffic_starts_the_tunnel(self):
        self.bring_up(gateway(), connection())
        wait_for(lambda: traffic.ping(self.net.east, "10.1.0.1", "10.2.0.1", count=1, wait=1) == 1, 10, "traffic to start the tunnel")

    def test_a_wrong_key_is_refused_and_told_at_both_ends(self):
        self.bring_up(gateway(), connection(secret="another secret than Adit's"))
        self.host.ipsec("-y", "activate", "-l", "net-to-net")
        wait_for(lambda: "ADT1003W" in self.host.daemons["iked"].log() or "AUTHENTICATION_FAILED" in self.host.daemons["iked"].log(), 10,
                 "Adit to say that authentication failed")
        self.peer.control("--initiate", "--child", "net", check=False)
        wait_for(lambda: "AUTH_FAILED" in self.peer.log(), 10, "strongSwan to hear AUTHENTICATION_FAILED")
        self.assertEqual(self.host.report("-y", "display")["entries"], [])

    def test_no_common_proposal_says_what_was_offered_and_what_was_acceptable(self):
        self.bring_up(gateway(), connection(ike="aes128-sha256-modp2048"))
        self.peer.control("--initiate", "--child", "net", check=False)
        wait_for(lambda: "NO_PROP" in self.peer.log(), 10, "strongSwan to hear NO_PROPOSAL_CHOSEN")
        line = next(line for line in self.host.daemons["iked"].log().splitlines() if "EZD1021I" in line)
        self.assertIn("AES_CBC-128", line)
        self.assertIn("AES_GCM_16-256", line)

    def test_selectors_outside_the_policy_are_refused(self):
        self.bring_up(gateway(), connection(local_ts="10.99.0.0/24"))
        self.peer.control("--initiate", "--child", "net", check=False)
        wait_for(lambda: "TS_UNACCEPT" in self.peer.log(), 10, "strongSwan to hear TS_UNACCEPTABLE")
        self.assertIn("EZD1795I", self.host.daemons["iked"].log())

    def test_the_wrong_group_guessed_first_is_retried(self):
        self.bring_up(gateway(), connection(ike="aes256gcm16-prfsha256-modp2048-curve25519"))
        self.activate_from_peer()
        self.check_traffic(1_000_000)

    def test_an_ike_sa_may_come_up_without_a_child(self):
        """RFC 6023: strongSwan begins so only where the responder has announced it."""
        self.bring_up(gateway(), connection(extra="childless = force"))
        self.peer.control("--initiate", "--ike", "lab")
        self.assertEqual(len(self.host.report("-k", "display")["entries"]), 1)
        self.assertEqual(self.host.report("-y", "display")["entries"], [])
        self.activate_from_peer()
        self.assertEqual(len(self.host.report("-k", "display")["entries"]), 1, "the child comes under the same IKE SA")
        self.check_traffic(1_000_000)

    def test_a_restart_of_strongswan_is_noticed(self):
        self.bring_up(gateway(), connection())
        self.activate_from_adit()
        self.peer.crash()
        self.peer.start()
        self.activate_from_peer()
        self.check_traffic(1_000_000)


class Algorithms(WithStrongswan):
    """One exchange and some traffic for each family that both have."""

    CASES = [
        # Adit's IKE encryption, integrity, PRF, group; data encryption, authentication; strongSwan's ike, esp
        ("AES_CBC KeyLength 128", "HMAC_SHA2_256_128", "HMAC_SHA2_256", "Group14", "AES_CBC KeyLength 128", "ESP HMAC_SHA2_256_128",
         "aes128-sha256-modp2048", "aes128-sha256"),
        ("AES_CBC KeyLength 256", "HMAC_SHA2_512_256", "HMAC_SHA2_512", "Group21", "AES_CBC KeyLength 256", "ESP HMAC_SHA2_512_256",
         "aes256-sha512-ecp521", "aes256-sha512"),
        ("AES_CBC KeyLength 256", "HMAC_SHA2_384_192", "HMAC_SHA2_384", "Group20", "AES_CBC KeyLength 256", "ESP HMAC_SHA2_384_192",
         "aes256-sha384-ecp384", "aes256-sha384"),
        ("AES_GCM_16 KeyLength 128", "None", "HMAC_SHA2_256", "Group19", "AES_GCM_16 KeyLength 128", "ESP Null",
         "aes128gcm16-prfsha256-ecp256", "aes128gcm16"),
        ("CHACHA20_POLY1305", "None", "HMAC_SHA2_256", "Group31", "CHACHA20_POLY1305", "ESP Null",
         "chacha20poly1305-prfsha256-curve25519", "chacha20poly1305"),
        ("AES_CBC KeyLength 128", "AES128_XCBC_96", "AES128_XCBC", "Group15", "AES_CBC KeyLength 128", "ESP AES128_XCBC_96",
         "aes128-aesxcbc-prfaesxcbc-modp3072", "aes128-sha1"),
        ("3DES", "HMAC_SHA1_96", "HMAC_SHA1", "Group2", "3DES", "ESP HMAC_SHA1", "3des-sha1-modp1024", "3des-sha1"),
        ("AES_CTR KeyLength 256", "AES128_CMAC_96", "AES128_CMAC", "Group16", "AES_CTR KeyLength 256", "ESP HMAC_SHA2_256_128",
         "aes256ctr-aescmac-prfaescmac-modp4096", "aes256ctr-sha256"),
        ("AES_CBC KeyLength 192", "HMAC_SHA2_256_128", "HMAC_SHA2_256", "Group32", "AES_CBC KeyLength 192", "ESP HMAC_SHA2_256_128",
         "aes192-sha256-curve448", "aes192-sha256"),
        ("AES_GCM_8 KeyLength 256", "None", "HMAC_SHA2_384", "Group17", "AES_GCM_8 KeyLength 256", "ESP Null",
         "aes256gcm8-prfsha384-modp6144", "aes256gcm8"),
        ("AES_GCM_12 KeyLength 128", "None", "HMAC_SHA2_512", "Group18", "AES_GCM_12 KeyLength 128", "ESP Null",
         "aes128gcm12-prfsha512-modp8192", "aes128gcm12"),
        ("AES_CCM_16 KeyLength 128", "None", "HMAC_SHA1", "Group5", "AES_CCM_16 KeyLength 128", "ESP Null",
         "aes128ccm16-prfsha1-modp1536", "aes128ccm16"),
        ("AES_CBC KeyLength 128", "HMAC_MD5_96", "HMAC_MD5", "Group24", "AES_CBC KeyLength 128", "ESP HMAC_MD5",
         "aes128-md5-modp2048s256", "aes128-md5"),
    ]

    def test_each_family(self):
        for encryption, integrity, prf, group, data, authentication, ike, esp in self.CASES:
            if "aesxcbc" in ike:
                authentication = "ESP HMAC_SHA1"  # strongSwan's libipsec has no XCBC for ESP
            with self.subTest(ike=ike, esp=esp):
                policy = gateway(encryption=encryption, integrity=integrity, prf=prf, group=group, data_encryption=data,
                                             data_authentication=authentication)
                self.folder = pathlib.Path(tempfile.mkdtemp(prefix="case-", dir=self.folder.parent if self.folder.name.startswith("case-") else self.folder))
                peer = Strongswan(self.net.west, self.folder / "west", connection(ike=ike, esp=esp))
                with peer, Host(PROGRAMS, self.net.east, self.folder / "east", policy, stack="east") as host:
                    self.peer, self.host = peer, host
                    try:
                        self.activate_from_adit()
                        self.check_traffic(1_000_000)
                    except BaseException:
                        print(host.logs(), "--- strongSwan", peer.log(), sep="\n", file=sys.stderr)
                        raise


class Certificates(WithCertificates):
    def with_kind(self, kind, adit_method, **leaf_options):
        nss = self.prove_by(kind, **leaf_options)
        return gateway(method=adit_method, **self.ADIT_NAMES), connection(**self.PEER_NAMES), nss

    def test_rsa_carries_100_mb_each_way(self):
        self.both_roles(*self.with_kind("rsa", "RsaSignature"), octets=STREAM_OCTETS)

    def test_rsa_by_digital_signature(self):
        self.both_roles(*self.with_kind("rsa", "DigitalSignature"))

    def test_ecdsa_256_carries_100_mb_each_way(self):
        self.both_roles(*self.with_kind("ecdsa256", "ECDSA-256"), octets=STREAM_OCTETS)

    def test_ecdsa_384_by_digital_signature(self):
        self.both_roles(*self.with_kind("ecdsa384", "DigitalSignature"))

    def test_an_expired_certificate_is_refused(self):
        policy, configuration, nss = self.with_kind("ecdsa256", "DigitalSignature", expired=True)
        self.bring_up(policy, configuration, nss)
        self.peer.control("--initiate", "--child", "net", check=False)
        wait_for(lambda: "AUTH_FAILED" in self.peer.log(), 10, "strongSwan to hear AUTHENTICATION_FAILED")
        self.assertRegex(self.host.daemons["iked"].log(), "ADT1003W.*expired")

    def test_an_untrusted_certificate_is_refused(self):
        policy, configuration, nss = self.with_kind("ecdsa256", "DigitalSignature")
        self.west = pki.Authority(self.folder / "other-pki", name="Other CA").leaf("west", "ecdsa256", dns="west.example.org")
        self.bring_up(policy, configuration, nss)
        self.peer.control("--initiate", "--child", "net", check=False)
        wait_for(lambda: "AUTH_FAILED" in self.peer.log(), 10, "strongSwan to hear AUTHENTICATION_FAILED")
        self.assertRegex(self.host.daemons["iked"].log(), "ADT1003W.*(trust|issuer)")


if __name__ == "__main__":
    unittest.main(verbosity=2)
