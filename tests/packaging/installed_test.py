"""What an installation places, and that systemd and the kernel take it: units, users, capabilities, order with the network.

usage: ADIT_PROGRAMS=build/release/bin python3 -m unittest installed_test
"""

import collections
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/lab"))

from netns import PATIENCE, Namespace, run  # noqa: E402

PROGRAMS = pathlib.Path(os.environ.get("ADIT_PROGRAMS", ROOT / "build/release/bin")).resolve()
BUILD = PROGRAMS.parent
SERVICES = ("adit-boot-filter", "adit-stackd", "adit-stackd@", "adit-pagent", "adit-iked", "adit-nssd")
# Of systemd-analyze, in tenths: 0 is the least exposed, 100 a program without any bound.
MOST_EXPOSURE = 30


class Installed(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="adit-installed-")))

    def install(self, prefix, destdir=None):
        environment = dict(os.environ, **({"DESTDIR": str(destdir)} if destdir else {}))
        run("cmake", "--install", BUILD, "--prefix", prefix, env=environment)

    def units(self):
        """The settings of each unit as placed for /usr: lists by name, in their order."""
        self.install("/usr", self.folder)
        found = {}
        for file in sorted((self.folder / "usr/lib/systemd/system").iterdir()):
            settings = collections.defaultdict(list)
            for line in file.read_text().splitlines():
                if "=" in line and not line.startswith("#"):
                    name, value = line.split("=", 1)
                    settings[name].append(value)
            found[file.name.removesuffix(".service")] = settings
        return found


class Layout(Installed):
    def test_all_of_it_lies_under_the_prefix_and_nothing_elsewhere(self):
        self.install("/usr", self.folder)
        self.assertEqual([entry.name for entry in self.folder.iterdir()], ["usr"])
        placed = {str(file.relative_to(self.folder / "usr")) for file in self.folder.rglob("*") if file.is_file()}
        wanted = {f"sbin/{name}" for name in ("pagent", "stackd", "iked", "nssd", "ipsec")} | {"bin/policy", "share/man/man1/policy.1"}
        wanted |= {f"share/man/man8/{name}.8" for name in ("pagent", "stackd", "iked", "nssd", "ipsec")}
        wanted |= {f"lib/systemd/system/{name}.service" for name in SERVICES}
        wanted |= {f"lib/{folder}/adit.conf" for folder in ("sysusers.d", "tmpfiles.d", "modules-load.d")}
        wanted |= {"share/doc/adit/operations.md", "share/doc/adit/examples/two-hosts/pagent.conf"}
        self.assertEqual(wanted - placed, set())

    def test_the_programs_run_where_they_are_placed(self):
        self.install(self.folder / "opt")
        for name in ("pagent", "stackd", "iked", "nssd"):
            self.assertIn(name, run(self.folder / "opt/sbin" / name, "--version"))


class Units(Installed):
    def test_they_start_the_programs_that_are_placed_with_options_that_these_have(self):
        units = self.units()
        self.assertEqual(set(units), set(SERVICES))
        for name, settings in units.items():
            with self.subTest(name):
                (words,) = (line.split() for line in settings["ExecStart"])
                program = self.folder / words[0].removeprefix("/")
                self.assertTrue(os.access(program, os.X_OK), program)
                known = run(program, "--help")
                for option in (word for word in words if word.startswith("--")):
                    self.assertRegex(known, rf"(?m)\s{option}\b")

    def test_systemd_takes_them(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("no systemd-analyze on this machine")
        self.install(self.folder / "usr")
        files = sorted((self.folder / "usr/lib/systemd/system").iterdir())

        def complaints(*units):
            done = subprocess.run(["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True)
            return done.returncode, [line for line in done.stderr.splitlines() if "adit-" in line]

        self.assertEqual(complaints(*files), (0, []))
        broken = self.folder / "adit-broken.service"
        broken.write_text(files[0].read_text().replace("Type=oneshot", "Type=oneshots"))
        self.assertNotEqual(complaints(broken)[1], [], "the check finds nothing")
        for file in files:
            with self.subTest(file.name):
                run("systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={MOST_EXPOSURE}", file)

    def test_filters_are_in_force_before_the_network_is_up(self):
        units = self.units()
        for name in ("adit-boot-filter", "adit-stackd"):
            unit = units[name]
            self.assertIn("network-pre.target", unit["Before"][0].split())
            self.assertIn("network-pre.target", unit["Wants"][0].split())
            self.assertEqual(unit["DefaultDependencies"], ["no"], "sysinit.target may itself wait for the network")
        self.assertIn("adit-boot-filter.service", units["adit-stackd"]["After"][0].split())
        self.assertIn("adit-boot-filter.service", units["adit-stackd"]["Wants"][0].split())
        self.assertEqual(units["adit-boot-filter"]["RemainAfterExit"], ["yes"])
        for name, unit in units.items():
            self.assertEqual(unit["ExecStop"] + unit["ExecStopPost"], [], f"{name}: a stop opens nothing")
            self.assertNotIn("--remove-filters", unit["ExecStart"][0])
            self.assertNotIn("--permit-until-policy", unit["ExecStart"][0])

    def test_each_has_a_user_of_its_own_and_no_more_privilege_than_it_needs(self):
        of_stack = "CAP_NET_ADMIN CAP_NET_RAW CAP_NET_BIND_SERVICE"
        wanted = {"adit-boot-filter": (None, "CAP_NET_ADMIN"), "adit-stackd": ("adit-stack", of_stack), "adit-stackd@": ("adit-stack", of_stack),
                  "adit-pagent": ("adit-policy", ""), "adit-iked": ("adit", ""), "adit-nssd": ("adit-nss", "")}
        users = re.findall(r"(?m)^u (\S+)", (ROOT / "packaging/sysusers/adit.conf").read_text())
        for name, unit in self.units().items():
            with self.subTest(name):
                user, capabilities = wanted[name]
                self.assertEqual(unit["User"], [user] if user else [])
                self.assertEqual(unit["CapabilityBoundingSet"], [capabilities])
                for setting, value in (("NoNewPrivileges", "yes"), ("ProtectSystem", "strict"), ("ProtectHome", "yes"), ("SystemCallFilter", "@system-service"),
                                       ("MemoryDenyWriteExecute", "yes"), ("RestrictNamespaces", "yes")):
                    self.assertEqual(unit[setting], [value], setting)
                for named in unit["User"] + unit["Group"]:
                    self.assertIn(named, users)
                # Those who are let in by name are users that exist.
                for named in re.findall(r"--allow(?:-stack)?-user ([a-z-]+)", unit["ExecStart"][0]):
                    self.assertIn(named, users)
                if name != "adit-boot-filter":
                    self.assertEqual((unit["Restart"], unit["Type"]), (["on-failure"], ["notify"]))

    def test_systemd_makes_the_users(self):
        if not shutil.which("systemd-sysusers"):
            self.skipTest("no systemd-sysusers on this machine")
        self.install("/usr", self.folder)
        (self.folder / "etc").mkdir()
        run("systemd-sysusers", f"--root={self.folder}", "adit.conf")
        groups = dict(re.findall(r"(?m)^([a-z-]+):[^:]*:\d+:(.*)$", (self.folder / "etc/group").read_text()))
        self.assertEqual(set(groups["adit"].split(",")), {"adit-stack", "adit-policy"})
        self.assertIn("adit-nss:", (self.folder / "etc/passwd").read_text())


@unittest.skipUnless(os.geteuid() == 0, "needs root: network namespaces, capabilities")
class Privileges(Installed):
    NOBODY = 65534

    def start(self, capabilities):
        """stackd as a user without privilege but for the capabilities. Returns what its supervisor was told, or nothing when it ended."""
        self.folder.chmod(0o755)
        sockets = self.folder / "run"
        sockets.mkdir(exist_ok=True)
        os.chown(sockets, self.NOBODY, self.NOBODY)
        path = sockets / "notify"
        path.unlink(missing_ok=True)
        with Namespace("least") as namespace, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
            supervisor.bind(str(path))
            path.chmod(0o666)
            supervisor.settimeout(0.1)
            chosen = ",".join(["-all", *("+" + name.removeprefix("CAP_").lower() for name in capabilities)])
            words = namespace.inside("setpriv", f"--reuid={self.NOBODY}", f"--regid={self.NOBODY}", "--clear-groups", "--no-new-privs", f"--inh-caps={chosen}",
                                     f"--ambient-caps={chosen}", f"--bounding-set={chosen}", PROGRAMS / "stackd", "--stack", "least", "--socket-dir", sockets)
            process = subprocess.Popen(words, env=dict(os.environ, NOTIFY_SOCKET=str(path)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            try:
                for _ in range(int(200 * PATIENCE)):
                    try:
                        return supervisor.recv(100).decode()
                    except TimeoutError:
                        if process.poll() is not None:
                            return None
                self.fail("neither ready nor ended")
            finally:
                process.terminate()
                self.said = process.communicate(timeout=20)[0]

    def test_stackd_runs_with_the_capabilities_of_its_unit_and_with_none_less(self):
        (settings,) = self.units()["adit-stackd"]["AmbientCapabilities"]
        capabilities = settings.split()
        told = self.start(capabilities)
        self.assertEqual(told, "READY=1", self.said)
        self.assertNotIn("ADT0005E", self.said)
        for name in capabilities:
            with self.subTest(without=name):
                self.assertIsNone(self.start([other for other in capabilities if other != name]))


del Installed  # it brings the machinery, not tests

if __name__ == "__main__":
    unittest.main(verbosity=2)
