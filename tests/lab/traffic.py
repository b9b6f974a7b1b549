"""Traffic through a tunnel, and proof of what was on the wire meanwhile."""

import hashlib
import os
import pathlib
import re
import subprocess
import threading
import time

from netns import CommandFailed

# A TCP sink and source without external programs: octets from a fixed pattern, digests compared at both ends.
RECEIVER = r"""
import hashlib, socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
listener = socket.socket(family)
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind((sys.argv[1], int(sys.argv[2])))
listener.listen(1)
print("listening", flush=True)
connection, _ = listener.accept()
digest, count = hashlib.sha256(), 0
while octets := connection.recv(1 << 20):
    digest.update(octets)
    count += len(octets)
print(count, digest.hexdigest(), flush=True)
"""
SENDER = r"""
import hashlib, os, random, socket, sys
source, target, port, size = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
family = socket.AF_INET6 if ":" in target else socket.AF_INET
connection = socket.socket(family)
connection.bind((source, 0))
connection.settimeout(60)
connection.connect((target, port))
block = random.Random(size).randbytes(1 << 20)
digest, left = hashlib.sha256(), size
while left:
    octets = block[:left]
    connection.sendall(octets)
    digest.update(octets)
    left -= len(octets)
connection.close()
print(size, digest.hexdigest())
"""


def ping(namespace, source, target, count=3, interval=0.2, wait=5):
    """How many of `count` pings were answered."""
    done = subprocess.run(namespace.inside("ping", "-n", "-c", count, "-i", interval, "-W", wait, "-I", source, target), capture_output=True,
                          text=True, timeout=count * (interval + wait) + 10)
    found = re.search(r"(\d+) received", done.stdout)
    return int(found[1]) if found else 0


def stream(sender, source, receiver, target, size, port=5001, timeout=180):
    """Sends `size` octets over TCP and returns the seconds it took; raises unless what arrives is what was sent."""
    sink = receiver.popen("python3", "-c", RECEIVER, target, port, stdout=subprocess.PIPE, text=True)
    try:
        if sink.stdout.readline().strip() != "listening":
            raise CommandFailed("the receiver did not start")
        begun = time.monotonic()
        sent = sender.run("python3", "-c", SENDER, source, target, port, size, timeout=timeout)
        received, _ = sink.communicate(timeout=timeout)
        if sent.split() != received.split():
            raise CommandFailed(f"sent {sent.strip()}, received {received.strip()}")
        return time.monotonic() - begun
    finally:
        sink.kill()
        sink.wait()


class Capture:
    """What an interface of a namespace sends and receives, while the context is open, as rows of tshark's fields."""

    def __init__(self, namespace, interface, file):
        self.namespace, self.interface, self.file = namespace, interface, pathlib.Path(file)

    def __enter__(self):
        self.process = self.namespace.popen("dumpcap", "-q", "-i", self.interface, "-w", str(self.file), "-s", 256, "-B", 64, stderr=subprocess.PIPE,
                                            stdout=subprocess.DEVNULL)
        # dumpcap says "File:" once it captures.
        for line in self.process.stderr:
            if line.startswith(b"File:"):
                break
        self.drain = threading.Thread(target=self.process.stderr.read, daemon=True)
        self.drain.start()
        return self

    def __exit__(self, *_):
        time.sleep(0.3)  # dumpcap writes what the kernel still holds for it
        self.process.terminate()
        self.process.wait(10)
        self.drain.join()
        self.process.stderr.close()

    def rows(self, *fields, only=None):
        words = ["tshark", "-r", str(self.file), "-T", "fields", "-E", "separator=|", "-n"]
        if only:
            words += ["-Y", only]
        for field in fields:
            words += ["-e", field]
        # tshark refuses to run as root only for live captures; reading needs no privilege.
        return [tuple(line.split("|")) for line in self.read(words)]

    def lines(self, only=None, count=5):
        words = ["tshark", "-r", str(self.file), "-n"] + (["-Y", only] if only else [])
        return self.read(words)[:count]

    def read(self, words):
        """What tshark prints; a capture that cannot be read whole proves nothing."""
        done = subprocess.run(words, capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise CommandFailed(f"{' '.join(words)}: exit status {done.returncode}\n{done.stderr}")
        return done.stdout.splitlines()

    def clear_text(self):
        """Packets on the wire that are neither IKE nor ESP, nor what keeps a wire alive (ARP, neighbour discovery, MLD)."""
        allowed = "esp || isakmp || udpencap || arp || icmpv6.type >= 130"
        return self.lines(f"!({allowed})", count=20)
