"""Adit against a real strongSwan whose data plane is the kernel's: transport mode, AH, ESP without UDP, what libipsec has not; and manual tunnels to it.

The machine's kernel need have neither ESP nor AH: all of it runs in a guest (tests/lab/guest.py), one for all the cases of guest/kernel_peer.py.

usage: ADIT_PROGRAMS=build/release/bin ADIT_GUEST=build/guest python3 -m unittest guest_test
"""

import os
import pathlib
import sys
import unittest

from with_strongswan import IS_ROOT, PROGRAMS, ROOT

import guest  # found by the path that with_strongswan sets

FOLDER = os.environ.get("ADIT_GUEST", ROOT / "build/guest")
SECONDS = int(os.environ.get("ADIT_GUEST_SECONDS", "1200"))  # a quiet machine takes less than a quarter
PATIENCE = "8"  # times as long as on the machine itself

sys.path.insert(0, str(pathlib.Path(__file__).parent / "guest"))
import kernel_peer  # noqa: E402


@unittest.skipUnless(IS_ROOT, "needs root: network namespaces in the guest")
@unittest.skipIf(guest.missing(FOLDER), f"needs a guest with a kernel of its own: {guest.missing(FOLDER)}")
class KernelPeer(unittest.TestCase):
    def test_every_mode_and_algorithm_of_the_kernel(self):
        script = pathlib.Path(kernel_peer.__file__)
        command = ["/usr/bin/python3", script, PROGRAMS, "/tmp/kernel-peer"]
        _, output = guest.run(FOLDER, command, {"ADIT_PATIENCE": PATIENCE, "PYTHONDONTWRITEBYTECODE": "1"}, SECONDS)
        print(output, file=sys.stderr)
        for case in (*kernel_peer.CASES, *kernel_peer.MANUAL_CASES):
            with self.subTest(case):
                self.assertIn(f"{case} ok", output)
