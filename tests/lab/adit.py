"""One Adit host: its daemons, their files in one folder, and the operator's command.

A host is a network namespace (its TCP/IP stack) with one stackd; pagent, iked and nssd run beside it, outside the namespace, as they would on a host
with many stacks.
"""

import json
import pathlib
import signal
import subprocess
import time

from netns import PATIENCE, CommandFailed, run

READY = "ADT0001I"  # "… is ready", of every daemon


def wait_for(condition, seconds, what):
    """Polls until condition() is true and returns what it returned; a patient machine gets more than the seconds."""
    deadline = time.monotonic() + seconds * PATIENCE
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise CommandFailed(f"waited {seconds} s in vain for {what}")
        time.sleep(0.02)


class Daemon:
    """One process with its log."""

    def __init__(self, name, words, log_file):
        self.name, self.words, self.log_file = name, [str(word) for word in words], pathlib.Path(log_file)
        self.process = None

    def start(self):
        marks = self.log().count(READY)
        with open(self.log_file, "ab") as output:
            self.process = subprocess.Popen(self.words, stdin=subprocess.DEVNULL, stdout=output, stderr=output)

        def is_ready():
            if self.process.poll() is not None:
                raise CommandFailed(f"{self.name} ended with {self.process.returncode}:\n{self.log()}")
            return self.log().count(READY) > marks

        wait_for(is_ready, 20, f"{self.name} to be ready:\n{self.log()}")

    def log(self):
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def send(self, number):
        # `ip netns exec` replaces itself by the daemon, so the pid is the daemon's.
        self.process.send_signal(number)

    def stop(self, number=signal.SIGTERM):
        """Ends the daemon and returns its exit status."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(number)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)
        status, self.process = self.process.returncode, None
        return status


class Host:
    """The daemons of one host. `policy` is the text of its IPSec policy file; `ring` a key ring's folder for nssd, if it has one."""

    def __init__(self, programs, namespace, folder, policy, stack=None, nss=None, iked_settings=""):
        self.programs, self.namespace, self.folder = pathlib.Path(programs), namespace, pathlib.Path(folder)
        self.stack = stack or namespace.label
        self.sockets = self.folder / "run"
        self.sockets.mkdir(parents=True, exist_ok=True)
        self.policy_file = self.folder / f"{self.stack}.policy"
        self.policy_file.touch(mode=0o600)  # it may hold shared keys
        self.policy_file.write_text(policy)
        self.write("pagent.conf", f"TcpImage {self.stack} {self.folder / (self.stack + '.image')}\n")
        self.write(f"{self.stack}.image", f"IPSecConfig {self.policy_file}\n")
        self.nss = nss
        nss_lines = nss.client_lines() if nss else ""
        stack_lines = nss.stack_lines(self.stack) if nss else ""
        self.write("iked.conf", f"IkeConfig\n{{\n{nss_lines}{iked_settings}}}\n{stack_lines}")
        common = ["--socket-dir", self.sockets]
        self.daemons = {}
        state = ["--state-dir", self.folder / "state"]
        self.add("pagent", ["-c", self.folder / "pagent.conf", *state, *common])
        self.add("stackd", ["--stack", self.stack, *state, *common], inside=True)
        self.add("iked", ["-c", self.folder / "iked.conf", "--log-level", "debug", *common], inside=nss is not None)

    def write(self, name, text):
        (self.folder / name).write_text(text)

    def add(self, name, words, inside=False):
        words = [self.programs / name, *words]
        if inside:
            words = self.namespace.inside(*words)
        self.daemons[name] = Daemon(name, words, self.folder / f"{name}.log")

    def start(self):
        for daemon in self.daemons.values():
            daemon.start()
        wait_for(lambda: "Stack Policy" in self.ipsec("-f", "display", check=False), 20, "the policy to be installed")
        return self

    def stop(self):
        for daemon in reversed(self.daemons.values()):
            daemon.stop()

    def ipsec(self, *words, check=True):
        return run(self.programs / "ipsec", "-p", self.stack, "--socket-dir", self.sockets, *words, check=check)

    def report(self, *words):
        """A report as JSON."""
        return json.loads(self.ipsec(*words, "--json"))

    def install_policy(self, text):
        self.policy_file.write_text(text)
        self.daemons["pagent"].send(signal.SIGHUP)

    def logs(self):
        return "\n".join(f"--- {self.stack} {name}\n{daemon.log()}" for name, daemon in self.daemons.items())

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_):
        self.stop()
