"""A flood of datagrams between namespaces, a thousand a second of each stream in each direction, and what of it came through, phase by phase."""

import json
import subprocess
import sys

from netns import CommandFailed

# One end. Sends a datagram of each stream each millisecond, counts what arrives at its sockets, and what of IP its device receives at all. Each line on
# standard input ends a phase and is answered by one line of JSON about it.
END = r"""
import collections, json, select, socket, struct, sys, time
plan = json.loads(sys.argv[1])
SO_RCVBUFFORCE, ETH_P_ALL, OUTGOING = 33, 3, 4
links, device = {}, None
for name, (here, there, port) in plan["streams"].items():
    family = socket.AF_INET6 if ":" in here else socket.AF_INET
    link = socket.socket(family, socket.SOCK_DGRAM)
    link.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 22)
    link.bind((here, port))
    link.setblocking(False)
    links[link] = (name, (there, port))
if plan["device"]:
    device = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
    device.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 24)
    device.bind((plan["device"], 0))
    device.setblocking(False)

def kind(octets, protocol):
    # "udp 7001", "icmpv6 135", "50"
    if protocol == 0x0800:
        upper, at = octets[9], (octets[0] & 15) * 4
    elif protocol == 0x86dd:
        upper, at = octets[6], 40
    else:
        return None
    if upper == 17:
        return "udp %d" % struct.unpack_from("!H", octets, at + 2)
    return "icmpv6 %d" % octets[at] if upper == 58 else str(upper)

def fresh():
    return {"sent": collections.Counter(), "refused": collections.Counter(), "arrived": collections.Counter(), "first": {}, "last": {},
            "seen": collections.Counter()}

def take(link):
    name = links[link][0]
    while True:
        try:
            number = struct.unpack("!I", link.recv(100)[:4])[0]
        except BlockingIOError:
            return
        except OSError:
            continue
        phase["arrived"][name] += 1
        phase["first"].setdefault(name, number)
        phase["last"][name] = number

def look():
    while True:
        try:
            octets, (_, protocol, direction, *_) = device.recvfrom(100)
        except BlockingIOError:
            return
        what = kind(octets, protocol)
        if what and direction != OUTGOING:
            phase["seen"][what] += 1

phase, number, numbers = fresh(), 0, collections.Counter()
print("ready", flush=True)
sys.stdin.readline()
due = time.monotonic()
readers = [*links, sys.stdin] + ([device] if device else [])
while True:
    ready, _, _ = select.select(readers, [], [], max(0, due - time.monotonic()))
    for source in ready:
        if source is sys.stdin:
            if not sys.stdin.readline():
                sys.exit()
            print(json.dumps(phase), flush=True)
            phase = fresh()
        elif source is device:
            look()
        else:
            take(source)
    now = time.monotonic()
    if now < due:
        continue
    due = max(due + 0.001, now - 0.02)  # what a busy machine kept from being sent is made good, in short bursts
    for link, (name, there) in links.items():
        numbers[name] += 1
        try:
            link.sendto(struct.pack("!I", numbers[name]), there)
            phase["sent"][name] += 1
        except OSError:
            phase["refused"][name] += 1
"""


class Flood:
    """`ends`: by name, a namespace, its streams (by name: own address, the other's, the port of both) and the device to be watched, or None."""

    def __init__(self, ends):
        self.ends = ends

    def __enter__(self):
        self.processes = {}
        for name, (namespace, streams, device) in self.ends.items():
            plan = json.dumps({"streams": streams, "device": device})
            self.processes[name] = namespace.popen(sys.executable, "-c", END, plan, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for name, process in self.processes.items():
            if process.stdout.readline() != "ready\n":
                self.__exit__()
                raise CommandFailed(f"the flood's end {name} did not start")
        self.ask("begin")
        return self

    def __exit__(self, *_):
        for process in self.processes.values():
            process.kill()
            process.communicate()

    def ask(self, line):
        for process in self.processes.values():
            process.stdin.write(line + "\n")
            process.stdin.flush()

    def phase(self):
        """Ends a phase: by end, how many datagrams of each stream were `sent`, `refused` and `arrived`, and all that its device has `seen`. `missing` are those
        between the first and the last that arrived."""
        self.ask("next")
        told = {name: json.loads(process.stdout.readline()) for name, process in self.processes.items()}
        for end in told.values():
            end["missing"] = {name: end["last"][name] - end["first"][name] + 1 - count for name, count in end["arrived"].items()}
        return told
