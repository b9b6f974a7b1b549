"""What ike-scan, which knows nothing of us, makes of our IKEv1: the transforms that are taken, and the answers of both modes.

usage: ADIT_PROGRAMS=build/release/bin python3 -m unittest ikescan_test
"""

import itertools
import pathlib
import re
import sys
import tempfile
import unittest

from with_strongswan import IS_ROOT, PROGRAMS

import policy_text  # found by the path that with_strongswan sets
from adit import Host
from netns import TwoHosts
from outcome import has_failed

SECRET = "guessable"  # one word, as psk-crack's dictionary has them
ADIT, SCANNER = "198.51.100.1", "198.51.100.2"
# Attribute values of RFC 2409 appendix A and its registries.
ENCRYPTIONS = {"3DES": "5", "AES-128": "7/128", "AES-256": "7/256"}
HASHES = {"MD5": "1", "SHA1": "2", "SHA2-256": "4"}
METHODS = {"PSK": "1", "RSA": "3"}
GROUPS = {"modp1024": "2", "modp2048": "14"}
ACCEPTED = {("AES-256", "SHA2-256", "PSK", "modp2048"), ("3DES", "SHA1", "PSK", "modp1024")}
SECOND_OFFER = """  }
  KeyExchangeOffer
  {
    HowToEncrypt         3DES
    HowToAuthMsgs        SHA1
    HowToAuthPeers       PresharedKey
    DHGroup              Group2
"""


@unittest.skipUnless(IS_ROOT, "needs root: network namespaces")
class Scan(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="adit-interop-")))
        self.net = self.enterContext(TwoHosts())

    def bring_up(self, **values):
        policy = policy_text.gateway(initiate="Main", secret=SECRET, encryption="AES_CBC KeyLength 256", integrity="HMAC_SHA2_256_128", group="Group14",
                                     ike_offer_extra=SECOND_OFFER, on_demand="No", **values)
        self.host = Host(PROGRAMS, self.net.east, self.folder / "east", policy, stack="east")
        self.addCleanup(self.tell_if_failed)
        self.enterContext(self.host)

    def tell_if_failed(self):
        if has_failed(self):
            print(self.host.logs(), file=sys.stderr)

    def scan(self, *words):
        """What ike-scan says of Adit, in one line."""
        output = self.net.west.run("ike-scan", "--nodns", "--retry=2", "--timeout=2000", *words, ADIT)
        return next((line for line in output.splitlines() if line.startswith(ADIT)), "")

    def transform(self, encryption, digest, method, group):
        return f"--trans={ENCRYPTIONS[encryption]},{HASHES[digest]},{METHODS[method]},{GROUPS[group]}"

    def test_the_transforms_that_are_taken_are_those_of_the_policy(self):
        self.bring_up()
        taken = set()
        for transform in itertools.product(ENCRYPTIONS, HASHES, METHODS, GROUPS):
            answer = self.scan(self.transform(*transform))
            if "Main Mode Handshake returned" in answer:
                taken.add(transform)
            else:
                self.assertIn("Notify message 14 (NO-PROPOSAL-CHOSEN)", answer, transform)
        self.assertEqual(taken, ACCEPTED)

    def test_main_mode_answers_with_the_transform_as_it_was_proposed(self):
        self.bring_up()
        wanted = "SA=(Enc=AES Hash=SHA2-256 Auth=PSK Group=14:modp2048 KeyLength=256 LifeType=Seconds LifeDuration(4)=0x00007080)"
        answer = self.scan(self.transform("AES-128", "MD5", "RSA", "modp1024"), self.transform("AES-256", "SHA2-256", "PSK", "modp2048"))
        self.assertIn("Main Mode Handshake returned", answer)
        self.assertIn(wanted, answer, "the one of the two that the policy has")
        self.assertIn("Dead Peer Detection", answer)
        self.assertNotEqual(re.search(r"CKY-R=([0-9a-f]{16})", answer)[1], "0" * 16)

    def test_aggressive_mode_answers_with_a_hash_that_the_key_makes(self):
        self.bring_up()
        crack = self.folder / "hash"
        ident = "0x" + "".join(f"{int(part):02x}" for part in SCANNER.split("."))
        answer = self.scan("--aggressive", "--idtype=1", f"--id={ident}", "--dhgroup=2", self.transform("3DES", "SHA1", "PSK", "modp1024"),
                           f"--pskcrack={crack}")
        self.assertIn("Aggressive Mode Handshake returned", answer)
        self.assertIn("SA=(Enc=3DES Hash=SHA1 Auth=PSK Group=2:modp1024 LifeType=Seconds LifeDuration(4)=0x00007080)", answer)
        self.assertIn("KeyExchange(128 bytes)", answer)
        self.assertIn(f"ID(Type=ID_IPV4_ADDR, Value={ADIT})", answer)
        # HASH_R is right when just our key makes it: so one answer is enough to try out keys, which the linter warns of.
        words = self.folder / "words"
        words.write_text(f"wrong\n{SECRET}\nalso-wrong\n")
        found = self.net.west.run("psk-crack", "-d", words, crack)
        self.assertIn(f'key "{SECRET}" matches SHA1 hash', found)

    def test_a_mode_that_the_policy_does_not_answer_is_refused(self):
        self.bring_up(action_extra="  HowToRespondIKEv1 Main\n")
        answer = self.scan("--aggressive", "--idtype=1", "--id=0xc6336402", "--dhgroup=2", self.transform("3DES", "SHA1", "PSK", "modp1024"))
        self.assertIn("UNSUPPORTED-EXCHANGE-TYPE", answer)


if __name__ == "__main__":
    unittest.main(verbosity=2)
