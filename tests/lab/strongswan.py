"""A strongSwan peer in a namespace: charon with everything of its own (pid file, VICI socket, log) in one folder.

Debian's kernel-libipsec plugin does ESP in user space, so no kernel ESP is needed; it always encapsulates in UDP, and has neither
transport mode nor AH. Where the kernel has ESP and AH, charon can leave both to it.
"""

import os
import pathlib
import signal
import socket
import subprocess
import time

from netns import PATIENCE, CommandFailed, run

PLUGINS = ("random nonce openssl aes sha1 sha2 hmac kdf xcbc cmac ctr ccm gcm chapoly curve25519 drbg gmp mgf1 pem pkcs1 pkcs7 pkcs8 "
           "pkcs12 pubkey x509 revocation constraints kernel-netlink socket-default vici updown counters")


class Strongswan:
    """One charon. `folder` gets swanctl/ (its configuration) and run/ (what it leaves). `data_plane`: "libipsec" or "kernel"."""

    def __init__(self, namespace, folder, configuration, settings="", log_level=1, data_plane="libipsec"):
        plugins = PLUGINS if data_plane == "kernel" else PLUGINS.replace("kernel-netlink", "kernel-libipsec kernel-netlink")
        self.namespace = namespace
        self.folder = pathlib.Path(folder)
        self.run_folder = self.folder / "run"
        self.swanctl_folder = self.folder / "swanctl"
        for name in ("x509", "x509ca", "x509crl", "private", "pubkey", "rsa", "ecdsa", "pkcs8", "pkcs12", "x509ocsp", "x509aa", "x509ac", "bliss"):
            (self.swanctl_folder / name).mkdir(parents=True, exist_ok=True)
        self.run_folder.mkdir(parents=True, exist_ok=True)
        (self.swanctl_folder / "swanctl.conf").write_text(configuration)
        self.vici = self.run_folder / "charon.vici"
        self.log_file = self.run_folder / "charon.log"
        (self.run_folder / "strongswan.conf").write_text(f"""
charon {{
  load = {plugins}
  plugins {{
    vici {{
      socket = unix://{self.vici}
    }}
    kernel-libipsec {{
      allow_peer_ts = yes
    }}
  }}
  filelog {{
    log {{
      path = {self.log_file}
      time_format = %H:%M:%S
      flush_line = yes
      default = {log_level}
    }}
  }}
  {settings}
}}
swanctl {{
  load = random pem pkcs1 pkcs7 pkcs8 pkcs12 pubkey x509 openssl
}}
""")
        self.process = None

    def start(self):
        for left_over in (self.vici, self.run_folder / "charon.pid"):
            left_over.unlink(missing_ok=True)
        environment = dict(os.environ, STRONGSWAN_CONF=str(self.run_folder / "strongswan.conf"))
        # charon writes /run/charon.pid whatever its settings say: it gets a /run of its own.
        script = 'mount --bind "$1" /run && exec /usr/lib/ipsec/charon'
        with open(self.run_folder / "stdout", "wb") as output:
            self.process = self.namespace.popen("unshare", "-m", "sh", "-c", script, "sh", str(self.run_folder),
                                                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=environment)
        deadline = time.monotonic() + 15 * PATIENCE
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise CommandFailed("charon did not start:\n" + (self.run_folder / "stdout").read_text(errors="replace"))
            time.sleep(0.02)
        self.control("--load-all", "--noprompt")
        return self

    def answers(self):
        """Whether charon takes connections: its socket is there a little before it listens."""
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self.vici)) == 0

    def control(self, *words, check=True, timeout=60):
        environment = dict(os.environ, STRONGSWAN_CONF=str(self.run_folder / "strongswan.conf"), SWANCTL_DIR=str(self.swanctl_folder))
        return run("swanctl", *words, "--uri", f"unix://{self.vici}", check=check, timeout=timeout, env=environment)

    def log(self):
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def crash(self):
        """Ends charon as a power cut would: no peer hears of it."""
        self.stop(signal.SIGKILL)

    def stop(self, how=signal.SIGTERM):
        if self.process is None:
            return
        pid_file = self.run_folder / "charon.pid"
        pid = int(pid_file.read_text()) if pid_file.exists() else self.process.pid
        try:
            os.kill(pid, how)
            self.process.wait(10)
        except ProcessLookupError:
            pass
        except subprocess.TimeoutExpired:
            os.kill(pid, signal.SIGKILL)
            self.process.wait(10)
        self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


def connection(name="lab", local="198.51.100.2", remote="198.51.100.1", local_id=None, remote_id=None, local_ts="10.2.0.0/24",
               remote_ts="10.1.0.0/24", ike="aes256gcm16-prfsha256-curve25519", esp="aes256gcm16", local_auth="psk", remote_auth="psk",
               certificate=None, secret="a shared secret only for tests", extra="", child_extra="", version=2):
    """One connection with one child `net`, in swanctl.conf's syntax."""
    certs = f"certs = {certificate}" if certificate else ""
    return f"""
connections {{
  {name} {{
    version = {version}
    local_addrs = {local}
    remote_addrs = {remote}
    proposals = {ike}
    {extra}
    local {{
      auth = {local_auth}
      id = "{local_id or local}"
      {certs}
    }}
    remote {{
      auth = {remote_auth}
      id = "{remote_id or remote}"
    }}
    children {{
      net {{
        local_ts = {local_ts}
        remote_ts = {remote_ts}
        esp_proposals = {esp}
        {child_extra}
      }}
    }}
  }}
}}
secrets {{
  ike-1 {{
    secret = "{secret}"
  }}
}}
"""
