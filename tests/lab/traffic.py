"""Traffic through a tunnel, and proof of what was on the wire meanwhile."""

import hashlib
import os
import pathlib
import re
import subprocess
import sys
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
# One end of a Flow. Says "ready" once bound; sends from the first line on standard input to the second, then how many it has sent; the third says how
# many the other end has sent; then tells which of those never came. Fewer are under way than any queue between holds: the kernel loses none of them.
FLOW_END = r"""
import os, select, socket, struct, sys, time
here, there, pause = sys.argv[1], sys.argv[2], float(sys.argv[3])
PORT, MOST_UNDER_WAY, STALL, SILENCE = 5002, 100, 1.0, 3.0
link = socket.socket(socket.AF_INET6 if ":" in here else socket.AF_INET, socket.SOCK_DGRAM)
link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
link.bind((here, PORT))
link.connect((there, PORT))
link.setblocking(False)
came, sent, acknowledged, highest = set(), 0, 0, 0

def take():
    global acknowledged, highest
    while True:
        try:
            number, theirs = struct.unpack("!II", link.recv(100))
        except BlockingIOError:
            return
        except OSError:
            continue
        came.add(number)
        highest, acknowledged = max(highest, number), max(acknowledged, theirs)

print("ready", flush=True)
os.read(0, 100)
due = last = time.monotonic()
while True:
    ready, _, _ = select.select([link, 0], [], [], max(0, due - time.monotonic()))
    if link in ready:
        take()
    if 0 in ready:
        os.read(0, 100)
        break
    now = time.monotonic()
    if now < due:
        continue
    due = now + pause
    if sent - acknowledged >= MOST_UNDER_WAY and now - last < STALL:
        continue
    sent, last = sent + 1, now
    try:
        link.send(struct.pack("!II", sent, highest))
    except OSError:
        pass  # it never comes, and is told then
print(sent, flush=True)
due_in_all = int(os.read(0, 100))
while len(came) < due_in_all and select.select([link], [], [], SILENCE)[0]:
    take()
print(*(n for n in range(1, due_in_all + 1) if n not in came), flush=True)
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


class Flow:
    """Numbered datagrams in both directions, `rate` a second in each, while the context is open; afterwards how many each end sent, and which of the
    other's never came to it."""

    def __init__(self, east, east_address, west, west_address, rate=1000):
        self.ends = [(east, east_address, west_address), (west, west_address, east_address)]
        self.pause = 1 / rate

    def __enter__(self):
        self.processes = [namespace.popen("python3", "-c", FLOW_END, here, there, self.pause, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
                          for namespace, here, there in self.ends]
        if [process.stdout.readline() for process in self.processes] != [b"ready\n"] * 2:
            self.end()
            raise CommandFailed("an end of the flow did not start")
        self.tell("begin", "begin")
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is not None:
                return
            self.tell("stop", "stop")
            self.sent = [int(process.stdout.readline()) for process in self.processes]
            self.tell(*reversed(self.sent))
            self.missing = [[int(number) for number in process.stdout.readline().split()] for process in self.processes]
        finally:
            self.end()

    def tell(self, *lines):
        for process, line in zip(self.processes, lines):
            process.stdin.write(f"{line}\n".encode())
            process.stdin.flush()

    def end(self):
        for process in self.processes:
            process.kill()
            process.communicate()


# Echo requests at a steady rate, and the numbers of those answered. Not ping: at intervals this short it was seen to stop sending and to ignore SIGINT.
PINGER = r"""
import select, socket, struct, sys, time
source, target, interval = sys.argv[1], sys.argv[2], float(sys.argv[3])
wire = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
SO_RCVBUFFORCE = 33
wire.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 22)
wire.bind((source, 0))
wire.setblocking(False)
MARK, NAME = b"adit flow", hash((source, target)) & 0xFFFF
def checksum(octets):
    total = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
number, due = 0, time.monotonic()
while True:
    now = time.monotonic()
    if now >= due:
        number += 1
        body = struct.pack("!HHI", NAME, number & 0xFFFF, number) + (MARK + b"." * 56)[:56]
        try:
            wire.sendto(struct.pack("!BBH", 8, 0, checksum(struct.pack("!BBH", 8, 0, 0) + body)) + body, (target, 0))
        except OSError:
            pass  # a packet that does not leave is a packet lost
        due = max(due + interval, now - 0.1)  # what a busy machine kept from being sent is made good, but not in one burst
    answers = []
    try:
        while True:
            octets = wire.recv(2048)
            head = (octets[0] & 15) * 4
            if octets[head] == 0 and octets[head + 4:head + 6] == body[:2] and octets[head + 12:head + 12 + len(MARK)] == MARK:
                answers.append(struct.unpack("!I", octets[head + 8:head + 12])[0])
    except BlockingIOError:
        pass
    if answers:
        print(*answers, sep="\n", flush=True)
    select.select([wire], [], [], max(0, due - time.monotonic()))
"""


class EchoFlow:
    """Pings at a steady rate until it is stopped; it tells which of them were not answered.

    The pings sent after the last answered one are not counted, for their answers may still be on their way: who stops the flow waits for answers first.
    """

    def __init__(self, namespace, source, target, file, interval=0.001):
        self.words = namespace.inside(sys.executable, "-c", PINGER, source, target, interval)
        self.file = pathlib.Path(file)
        self.numbers, self.read = [], 0

    def __enter__(self):
        with open(self.file, "wb") as output:
            self.process = subprocess.Popen(self.words, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait(60)  # a machine that builds meanwhile was seen to take more than ten seconds

    def answered(self):
        """The numbers of the pings answered so far, in the order of the answers."""
        with open(self.file, "rb") as output:
            output.seek(self.read)
            octets = output.read()
        octets = octets[: octets.rfind(b"\n") + 1]  # the last line may be half written
        self.read += len(octets)
        self.numbers.extend(map(int, octets.split()))
        return self.numbers

    def lost(self):
        """The numbers of the pings before the last answered one that were not answered."""
        numbers = set(self.answered())
        return sorted(set(range(1, max(numbers, default=0) + 1)) - numbers)


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
