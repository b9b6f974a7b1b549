"""One pagent is a policy client of others: primary and backup servers, what happens when they are away, who is refused.

usage: ADIT_PROGRAMS=build/release/bin python3 -m unittest central_policy_test
"""

import os
import pathlib
import signal
import socket
import stat
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/lab"))

import policy_text  # noqa: E402
from adit import Daemon, Host, wait_for  # noqa: E402
from netns import Namespace  # noqa: E402
from outcome import has_failed  # noqa: E402
from pki import Authority  # noqa: E402

PROGRAMS = pathlib.Path(os.environ.get("ADIT_PROGRAMS", ROOT / "build/release/bin")).resolve()
PATIENCE = 20  # seconds
SECRET = "a shared secret only for tests"
MARKER = """
  IpFilterRule           {name}
  {{
    IpSourceAddr         198.51.100.1
    IpDestAddr           198.51.100.7
    IpService
    {{
      Protocol           Icmp
    }}
    IpGenericFilterActionRef permit
  }}
"""


def policy(*rules):
    """A policy whose filters show which version of it is in force."""
    return policy_text.gateway(secret=SECRET, extra_rules="".join(MARKER.format(name=rule) for rule in rules))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def occurrences(pid, octets):
    """How often they stand in what a process has written to its memory."""
    count = 0
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
            first, end = (int(address, 16) for address in line.split()[0].split("-"))
            if line.split()[1].startswith("rw"):
                memory.seek(first)
                count += memory.read(end - first).count(octets)
    return count


def tls_lines(leaf, authority):
    return f"  TlsCertificate {leaf.certificate}\n  TlsKey {leaf.key}\n  TlsCa {authority.certificate}\n"


class Server:
    """A pagent that is a policy server, and nothing else."""

    def __init__(self, name, folder, leaf, authority, text):
        self.folder, self.port = pathlib.Path(folder), free_port()
        (self.folder / "run").mkdir(parents=True)
        self.leaf, self.authority = leaf, authority
        self.policy_file, self.configuration = self.folder / "site_east.policy", self.folder / "pagent.conf"
        self.policy_file.touch(mode=0o600)
        self.policy_file.write_text(text)
        self.allow("site_east", "east.example.org")
        self.daemon = Daemon(name, [PROGRAMS / "pagent", "-c", self.configuration, "--socket-dir", self.folder / "run"], self.folder / "pagent.log")

    def allow(self, client, identity):
        """The one client that is served from now on, when pagent reads its files again."""
        self.configuration.write_text(f"ClientConnection {self.port}\nClientConnectionTls\n{{\n  Address 127.0.0.1\n{tls_lines(self.leaf, self.authority)}}}\n"
                                      f"DynamicConfigPolicyLoad {client}\n{{\n  TlsIdentity {identity}\n  PolicyType IPSec\n  {{\n    PolicyLoad {self.policy_file}\n  }}\n}}\n")

    def change(self, text):
        self.policy_file.write_text(text)
        self.daemon.send(signal.SIGHUP)

    def wait_for_line(self, message):
        wait_for(lambda: message in self.daemon.log(), PATIENCE, f"{self.daemon.name} to tell {message}")


@unittest.skipUnless(os.geteuid() == 0, "needs root: network namespaces")
class OneStack(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="adit-central-")))
        self.namespace = self.enterContext(Namespace("central-east"))
        self.namespace.ip("link", "add", "wire", "type", "veth", "peer", "name", "nowhere")
        self.namespace.ip("link", "set", "wire", "up")
        self.namespace.address("wire", "198.51.100.1/24")
        self.daemons = []
        self.addCleanup(self.end)

    def end(self):
        for daemon in reversed(self.daemons):
            daemon.stop()
        if has_failed(self):
            for log in sorted(self.folder.rglob("*.log")):
                print(f"--- {log}\n{log.read_text(errors='replace')}", file=sys.stderr)

    def start(self, daemon):
        if daemon not in self.daemons:
            self.daemons.append(daemon)
        daemon.start()

    def shows(self, rule):
        return rule in self.east.ipsec("-f", "display", check=False)

    def wait_for_rule(self, rule):
        wait_for(lambda: self.shows(rule), PATIENCE, f"{rule} to be in force")

    def wait_for_line(self, message, daemon="pagent"):
        wait_for(lambda: message in self.east.daemons[daemon].log(), PATIENCE, f"{daemon} to tell {message}")


class Central(OneStack):
    def setUp(self):
        super().setUp()
        self.authority = Authority(self.folder / "ca", name="Adit Test Policy CA")
        server = self.authority.leaf("server", "ecdsa256", dns="policy.example.org")
        self.client = self.authority.leaf("client", "ecdsa256", dns="east.example.org")
        self.primary = Server("primary", self.folder / "primary", server, self.authority, policy("from-primary"))
        self.backup = Server("backup", self.folder / "backup", server, self.authority, policy("from-backup"))
        self.east = Host(PROGRAMS, self.namespace, self.folder / "east", "", stack="east")
        self.state = self.east.folder / "state"
        self.last = self.state / "east.site_east.last-policy"

    def configure(self, client_name="site_east", leaf=None, authority=None, identity="policy.example.org"):
        self.east.write("pagent.conf", f"""TcpImage east
ServerConnection
{{
  ServerHost 127.0.0.1
  ServerPort {self.primary.port}
  ServerIdentity {identity}
  BackupServerHost 127.0.0.1
  BackupServerPort {self.backup.port}
  BackupServerIdentity {identity}
  ServerConnectWait 1
{tls_lines(leaf or self.client, authority or self.authority)}}}
PolicyServer
{{
  ClientName {client_name}
  PolicyType IPSec
  {{
  }}
}}
""")

    def start_servers(self):
        for server in (self.primary, self.backup):
            self.start(server.daemon)

    def start_client(self):
        for daemon in self.east.daemons.values():
            self.start(daemon)

    def bring_up(self):
        self.configure()
        self.start_servers()
        self.start_client()
        self.wait_for_rule("from-primary")


class Servers(Central):
    def test_a_policy_and_each_change_of_it_come_to_the_stack_and_to_iked(self):
        self.bring_up()
        self.wait_for_line("ADT4010I")
        self.primary.change(policy("changed").replace("net-to-net", "other-nets"))
        self.wait_for_rule("changed")
        self.assertFalse(self.shows("from-primary"))
        self.assertIn("Activating", wait_for(lambda: self.east.ipsec("-y", "activate", "-l", "other-nets", check=False), PATIENCE, "iked to know other-nets"))

    def test_a_wrong_file_at_the_server_changes_nothing_anywhere(self):
        self.bring_up()
        self.primary.change(policy("wrong") + "\nIpFilterPolicyy\n{\n}\n")
        self.primary.wait_for_line("ADT4022W")
        self.assertTrue(self.shows("from-primary"))
        self.primary.change(policy("right-again"))
        self.wait_for_rule("right-again")

    def test_the_backup_is_asked_while_the_primary_is_away_and_left_when_it_is_back(self):
        self.bring_up()
        self.primary.daemon.stop(signal.SIGKILL)
        self.wait_for_line("EZZ8782I")
        self.wait_for_rule("from-backup")
        self.backup.change(policy("changed-at-backup"))
        self.wait_for_rule("changed-at-backup")
        self.start(self.primary.daemon)
        self.wait_for_rule("from-primary")
        self.wait_for_line("ADT4011I")
        self.backup.wait_for_line("ADT4025I")

    def test_a_client_alone_among_dead_servers_finds_the_backup_when_it_starts(self):
        self.configure()
        self.start(self.backup.daemon)
        self.start_client()
        self.wait_for_rule("from-backup")
        self.wait_for_line("EZZ8780I")

    def test_a_client_goes_on_with_new_servers_and_then_with_its_own_file(self):
        self.bring_up()
        self.primary.port, self.backup.port = self.backup.port, self.primary.port
        self.configure()
        self.east.daemons["pagent"].send(signal.SIGHUP)
        self.wait_for_rule("from-backup")
        self.east.policy_file.write_text(policy("from-a-file"))
        self.east.write("pagent.conf", f"TcpImage east\nIPSecConfig {self.east.policy_file}\n")
        self.east.daemons["pagent"].send(signal.SIGHUP)
        self.wait_for_rule("from-a-file")
        self.assertFalse(self.last.exists(), "what a server said once must not come back by itself")


    def test_a_policy_is_judged_again_when_a_key_file_that_it_names_is_mended(self):
        key = self.folder / "keys" / "west.key"
        key.parent.mkdir()
        key.write_text(f"Ascii {SECRET}\n")
        key.chmod(0o644)  # every user may read it: refused
        with_key_file = policy("by-key-file").replace(f"SharedKey            Ascii {SECRET}", f"SharedKeyFile {key}")
        self.assertIn(f"SharedKeyFile {key}", with_key_file)
        self.bring_up()
        self.primary.change(with_key_file)
        self.wait_for_line("every user may read it")
        self.assertTrue(self.shows("from-primary"))
        key.chmod(0o600)
        self.wait_for_rule("by-key-file")  # without a word of the server, and without SIGHUP

    def test_a_kept_policy_goes_with_its_client_name_and_with_its_stack(self):
        self.bring_up()
        wait_for(self.last.exists, PATIENCE, "the policy to be kept")
        (self.state / "east.site_east.last-policy.new").write_bytes(b"ADIT pol")  # what a stopped pagent left
        other = self.state / "west.site_west.last-policy"
        other.write_bytes(b"of another pagent")
        def kept():
            return sorted(file.name for file in self.state.glob("*last-policy*"))
        self.configure(client_name="site_east_two")
        self.east.daemons["pagent"].send(signal.SIGHUP)
        wait_for(lambda: kept() == [other.name], PATIENCE, "the policy of the former client to go")
        self.configure()
        self.east.daemons["pagent"].send(signal.SIGHUP)
        wait_for(self.last.exists, PATIENCE, "the policy to be kept again")
        self.east.write("pagent.conf", f"TcpImage other\nIPSecConfig {self.east.policy_file}\n")
        self.east.policy_file.write_text(policy())
        self.east.daemons["pagent"].send(signal.SIGHUP)
        wait_for(lambda: kept() == [other.name], PATIENCE, "the policy of the former stack to go, and no other")


class LastPolicy(Central):
    def kill_servers(self):
        for server in (self.primary, self.backup):
            server.daemon.stop(signal.SIGKILL)

    def restart_client(self):
        """All of it, so that nothing of the policy is left but what pagent has kept."""
        for daemon in reversed(self.east.daemons.values()):
            daemon.stop(signal.SIGKILL)
        self.start_client()

    def test_is_in_force_after_a_restart_while_no_server_answers(self):
        self.bring_up()
        wait_for(self.last.exists, PATIENCE, "the policy to be kept")
        self.assertEqual(stat.S_IMODE(self.last.stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(self.state.stat().st_mode), 0o700)
        self.kill_servers()
        self.wait_for_line("EZZ8782I")
        self.assertTrue(self.shows("from-primary"), "the policy stays when its servers go")
        self.restart_client()
        self.wait_for_line("ADT4012I")
        self.wait_for_rule("from-primary")
        self.start(self.primary.daemon)
        self.primary.change(policy("after-the-night"))
        self.wait_for_rule("after-the-night")
        self.assertEqual([file.name for file in self.state.iterdir()], [self.last.name])

    def test_is_not_used_when_it_is_damaged_wrong_or_others_could_have_written_it(self):
        self.configure()
        self.state.mkdir(mode=0o700)
        wrong = b"IpFilterPolicy\n{\n  Nonsense\n}\n"
        for name, octets, mode, says in (("cut off", b"ADIT policy\n\x02\x00\x00\x10\x00IpFilter", 0o600, "ADT4014W"),
                                         ("no policy", b"ADIT policy\n\x02" + len(wrong).to_bytes(4, "big") + wrong, 0o600, "ADT4003E"),
                                         ("open to others", b"ADIT policy\n\x02\x00\x00\x00\x00", 0o666, "ADT4014W")):
            with self.subTest(name):
                self.last.write_bytes(octets)
                self.last.chmod(mode)
                pagent = self.east.daemons["pagent"]
                before = len(pagent.log())
                self.start(pagent)
                self.assertIn(says, pagent.log()[before:])
                self.assertNotIn("ADT4012I", pagent.log()[before:])
                pagent.stop()

    def test_is_not_lost_to_a_stop_in_the_middle_of_writing(self):
        self.bring_up()
        wait_for(self.last.exists, PATIENCE, "the policy to be kept")
        (self.state / (self.last.name + ".new")).write_bytes(b"ADIT pol")  # what a stopped pagent left
        self.kill_servers()
        self.restart_client()
        self.wait_for_rule("from-primary")
        self.start(self.primary.daemon)
        self.primary.change(policy("written-again"))
        self.wait_for_rule("written-again")
        wait_for(lambda: b"written-again" in self.last.read_bytes(), PATIENCE, "the policy to be kept")
        self.assertFalse((self.state / (self.last.name + ".new")).exists())


class Refused(Central):
    def refused_client(self, **configuration):
        self.configure(**configuration)
        self.start_servers()
        self.start_client()

    def assert_without_policy(self):
        self.assertFalse(self.shows("from-"))
        self.assertFalse(self.last.exists())
        for server in (self.primary, self.backup):
            self.assertNotIn("ADT4024I", server.daemon.log())

    def test_a_client_whose_certificate_another_authority_signed(self):
        other = Authority(self.folder / "other-ca", name="Adit Other CA")
        self.refused_client(leaf=other.leaf("stranger", "ecdsa256", dns="east.example.org"))
        self.wait_for_line("EZZ8780I")
        self.assert_without_policy()

    def test_a_server_under_another_name(self):
        self.refused_client(identity="other.example.org")
        self.wait_for_line("EZZ8780I")
        self.assert_without_policy()

    def test_a_stack_that_is_not_granted_to_the_certificate(self):
        west = self.authority.leaf("west", "ecdsa256", dns="west.example.org")
        self.refused_client(leaf=west)
        self.primary.wait_for_line("ADT4026W")
        self.wait_for_line("granted no such policy")
        self.assert_without_policy()

    def test_a_client_name_that_is_not_there_in_the_same_words(self):
        self.refused_client(client_name="site_west")
        self.primary.wait_for_line("ADT4026W")
        self.wait_for_line("granted no such policy")
        self.assert_without_policy()

    def test_a_client_whose_grant_is_taken_back_keeps_what_it_has_and_gets_no_more(self):
        self.bring_up()
        for server in (self.primary, self.backup):
            server.allow("site_east", "someone-else.example.org")
            server.change(policy("not-for-east"))
        self.wait_for_line("granted no such policy")
        self.assertTrue(self.shows("from-primary"))
        self.primary.wait_for_line("ADT4026W")
        self.assertFalse(self.shows("not-for-east"))


class Files(OneStack):
    """Changes of files are seen without SIGHUP."""

    def test_what_could_not_be_read_is_tried_again(self):
        self.bring_up()
        self.east.policy_file.rename(self.folder / "elsewhere")
        self.east.daemons["pagent"].send(signal.SIGHUP)
        self.wait_for_line("ADT4002W")
        (self.folder / "elsewhere").write_text(policy("after"))
        (self.folder / "elsewhere").rename(self.east.policy_file)
        self.wait_for_rule("after")  # long before the interval of half an hour

    def test_keys_are_told_of_where_everybody_reads_them_and_their_text_is_not_left_in_memory(self):
        shared, manual = policy("before"), policy_text.manual(keys=(("1d" * 16, "3f" * 32), ("2e" * 16, "4a" * 32)))
        for name, text, secret in (("shared", shared, f"Ascii {SECRET}"), ("manual", manual, "3f" * 32)):
            with self.subTest(name):
                self.assertIn(secret, text)
                host = Host(PROGRAMS, self.namespace, self.folder / name, text, stack=name)
                host.policy_file.chmod(0o644)
                pagent = host.daemons["pagent"]
                self.start(pagent)
                wait_for(lambda: "ADT4001I" in pagent.log(), PATIENCE, "the policy to be read")
                self.assertRegex(pagent.log(), rf"ADT0009W .*{name}\.policy: every user may read the keys in it")
                self.assertEqual(occurrences(pagent.process.pid, secret.encode()), 0)
                pagent.stop()

    def bring_up(self, *options, interval=""):
        self.east = Host(PROGRAMS, self.namespace, self.folder / "east", policy("before"), stack="east")
        self.east.write("pagent.conf", f"TcpImage east {self.east.folder / 'east.image'} {interval}\n")
        self.east.daemons["pagent"].words += options
        for daemon in self.east.daemons.values():
            self.start(daemon)
        self.wait_for_rule("before")

    def test_at_once_with_the_option(self):
        self.bring_up("-i")
        self.east.policy_file.write_text(policy("in-place"))
        self.wait_for_rule("in-place")
        fresh = self.east.folder / "fresh"
        fresh.write_text(policy("renamed-into-place"))
        fresh.rename(self.east.policy_file)
        self.wait_for_rule("renamed-into-place")
        # What is wrong stays out, and the next that is right comes in all the same.
        self.east.policy_file.write_text("IpFilterPolicy\n{\n")
        self.wait_for_line("ADT4002W")
        self.assertTrue(self.shows("renamed-into-place"))
        self.east.policy_file.write_text(policy("right-again"))
        self.wait_for_rule("right-again")

    def test_after_the_interval_of_the_stack(self):
        self.bring_up(interval="1")
        self.east.policy_file.write_text(policy("after-a-second"))
        self.wait_for_rule("after-a-second")
        self.east.write("pagent.conf", "TcpImagee east\n")
        self.wait_for_line("ADT3005W")
        self.east.write("pagent.conf", f"TcpImage east {self.east.folder / 'east.image'} 1\n")
        self.east.policy_file.write_text(policy("after-a-mistake"))
        self.wait_for_rule("after-a-mistake")


del Central, OneStack  # those bring the machinery, not tests

if __name__ == "__main__":
    unittest.main(verbosity=2)
