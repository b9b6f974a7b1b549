"""Adit against a strongSwan that leaves ESP and AH to the kernel, and against SAs given to the kernel by hand: what runs inside the guest of guest_test.

usage: kernel_peer.py PROGRAMS FOLDER [CASE...]      prints a line "CASE ok" or "CASE failed: why" for each; as root, in a kernel with XFRM

All in one process and with few others: under emulation each start of a program costs most of a second.
"""

import contextlib
import ctypes
import os
import pathlib
import socket
import subprocess
import sys
import threading
import time
import traceback

LAB = pathlib.Path(__file__).resolve().parents[2] / "lab"
sys.path.insert(0, str(LAB))

import policy_text  # noqa: E402
from adit import Host, wait_for  # noqa: E402
from netns import TwoHosts  # noqa: E402
from strongswan import Strongswan, connection  # noqa: E402

PATIENCE = 60  # seconds, times ADIT_PATIENCE; a handshake takes two under emulation
OCTETS = 200_000
CLONE_NEWNET = 0x40000000
ESP, AH, UDP = 50, 51, 17
AH_ESP = (AH, ESP)
CREATED, REKEYED, DELETED, POLICY, ACTIVATED = "EZD1779I", "ADT1012I", "EZD1776I", "ADT2001I", "EZD0819I"

TUNNEL4 = (("10.1.0.0/24", "10.2.0.0/24"), ("10.1.0.1", "10.2.0.1"))
HOSTS4 = (("198.51.100.1", "198.51.100.2"), ("198.51.100.1", "198.51.100.2"))
HOSTS6 = (("2001:db8:100::1", "2001:db8:100::2"), ("2001:db8:100::1", "2001:db8:100::2"))
GCM = ("AES_GCM_16 KeyLength 256", "ESP Null")

# name: selectors and addresses of the traffic; Adit's data encryption and authentication; strongSwan's proposal
CASES = {
    "esp-tunnel-extended-numbers": (TUNNEL4, *GCM, "aes256gcm16-esn"),
    "esp-transport-ipv4": (HOSTS4, "AES_CBC KeyLength 128", "ESP HMAC_SHA2_256_128", "aes128-sha256"),
    "esp-transport-ipv6": (HOSTS6, *GCM, "aes256gcm16-noesn"),
    "ah-tunnel-extended-numbers": (TUNNEL4, "DoNot", "AH HMAC_SHA2_256_128", "sha256-esn"),
    "ah-transport-ipv4": (HOSTS4, "DoNot", "AH HMAC_SHA1", "sha1"),
    "ah-transport-ipv6": (HOSTS6, "DoNot", "AH HMAC_SHA2_512_256", "sha512"),
    "ah-xcbc": (TUNNEL4, "DoNot", "AH AES128_XCBC_96", "aesxcbc"),
    "esp-null": (TUNNEL4, "DoNot", "ESP HMAC_SHA2_384_192", "null-sha384"),
    "esp-gmac": (TUNNEL4, "DoNot", "ESP AES_GMAC_128", "aes128gmac"),
    "esp-chacha-extended-numbers": (TUNNEL4, "CHACHA20_POLY1305", "ESP Null", "chacha20poly1305-esn"),
    "esp-ccm": (TUNNEL4, "AES_CCM_16 KeyLength 128", "ESP Null", "aes128ccm16"),
    "esp-ctr-xcbc": (TUNNEL4, "AES_CTR KeyLength 128", "ESP AES128_XCBC_96", "aes128ctr-aesxcbc"),
    "esp-3des-sha1": (TUNNEL4, "3DES", "ESP HMAC_SHA1", "3des-sha1"),
    "v1-ah-transport-ipv4": (HOSTS4, "DoNot", "AH HMAC_SHA2_256_128", "sha256"),
    "v1-ah-tunnel": (TUNNEL4, "DoNot", "AH HMAC_SHA1", "sha1"),
    "v1-esp-transport-ipv6": (HOSTS6, "AES_CBC KeyLength 128", "ESP HMAC_SHA2_256_128", "aes128-sha256"),
}
# By IKEv1. strongSwan proposes an hour and six minutes for phase 2; z/OS' default takes two hours at least.
VERSION_1 = {"initiate": "Main", "encryption": "AES_CBC KeyLength 256", "integrity": "HMAC_SHA2_256_128", "group": "Group14",
             "offer_extra": "    RefreshLifetimeAccepted 30 480\n"}
# Manual tunnels, the kernel's SAs made by `ip xfrm`: selectors and addresses; what the policy has; of each SA, the innermost first, mode, protocol and
# algorithms in iproute2's words.
CIPHER_KEYS, HASH_KEYS = ("1d" * 16, "2e" * 16), ("3f" * 32, "4a" * 32)
SPIS = (0x1001, 0x2002)  # of what Adit receives, and sends
AH_SPIS = (0x3001, 0x4002)  # of AH around ESP
BUNDLE = {"keys": tuple(zip(CIPHER_KEYS, HASH_KEYS)), "authentication": "AH HMAC_SHA2_256_128", "ah_spis": AH_SPIS}
AUTHENTICATED = "auth-trunc hmac(sha256) 0x{hash} 128"
ALIGNED = AUTHENTICATED + " flag align4"  # 32 bits, as RFC 4302 §3.3.3.2.1 wants over IPv4; else the kernel takes 64
MANUAL_CASES = {
    "manual-esp-tunnel": (TUNNEL4, {"keys": tuple(zip(CIPHER_KEYS, HASH_KEYS))}, (("tunnel", "esp", "enc cbc(aes) 0x{cipher} " + AUTHENTICATED),)),
    "manual-ah-transport": (HOSTS4, {"keys": tuple(("", key) for key in HASH_KEYS), "encryption": "DoNot", "authentication": "AH HMAC_SHA2_256_128"},
                            (("transport", "ah", ALIGNED),)),
    "manual-ah-around-esp-tunnel": (TUNNEL4, BUNDLE, (("tunnel", "esp", "enc cbc(aes) 0x{cipher}"), ("transport", "ah", ALIGNED))),
    "manual-ah-around-esp-transport": (HOSTS4, BUNDLE, (("transport", "esp", "enc cbc(aes) 0x{cipher}"), ("transport", "ah", ALIGNED))),
}
REKEYED_BY = {"esp-transport-ipv4": "adit", "ah-tunnel-extended-numbers": "peer"}


def in_namespace(namespace, work):
    """What `work` returns, run by a thread that is in the namespace."""
    result = []

    def enter():
        with open(f"/run/netns/{namespace.name}") as file:
            if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
        result.append(work())

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    return result[0]


def transfer(sender, source, receiver, target):
    """Sends octets over TCP; raises unless they arrive as they were sent."""
    family = socket.AF_INET6 if ":" in target else socket.AF_INET

    def bound(address, port):
        made = socket.socket(family)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.settimeout(PATIENCE)
        made.bind((address, port))
        return made

    octets = os.urandom(OCTETS)
    with in_namespace(receiver, lambda: bound(target, 5001)) as listener, in_namespace(sender, lambda: bound(source, 0)) as link:
        listener.listen(1)
        link.connect((target, 5001))
        taken, _ = listener.accept()
        with taken:
            taken.settimeout(PATIENCE)
            threading.Thread(target=lambda: (link.sendall(octets), link.shutdown(socket.SHUT_WR))).start()
            arrived = b"".join(iter(lambda: taken.recv(1 << 16), b""))
    if arrived != octets:
        raise AssertionError(f"of {len(octets)} octets {len(arrived)} arrived, or others")


class Wire:
    """The IP protocols of what east sends and receives while the context is open; AH_ESP: AH with ESP behind it."""

    def __init__(self, east):
        self.socket = in_namespace(east, lambda: socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3)))
        self.socket.settimeout(0.2)
        self.protocols, self.open = set(), True

    def listen(self):
        while self.open:
            with contextlib.suppress(TimeoutError):
                octets, (interface, kind, *_) = self.socket.recvfrom(64)
                if interface == "wire" and kind in (0x0800, 0x86DD):
                    protocol, behind = (octets[9], octets[20]) if kind == 0x0800 else (octets[6], octets[40])
                    self.protocols.add(AH_ESP if (protocol, behind) == AH_ESP else protocol)

    def __enter__(self):
        self.thread = threading.Thread(target=self.listen)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.open = False
        self.thread.join()
        self.socket.close()


class Pair:
    """One Adit, east, and one strongSwan, west, for all cases: each changes the policy of both."""

    def __init__(self, programs, folder, net):
        self.net = net
        self.peer = Strongswan(net.west, folder / "west", "", data_plane="kernel")
        self.host = Host(programs, net.east, folder / "east", policy_text.gateway(), stack="east")

    def count(self, message):
        return sum(daemon.log().count(message) for daemon in self.host.daemons.values())

    def set_up(self, case):
        (selectors, addresses), encryption, authentication, proposal = CASES[case]
        is_v6 = ":" in addresses[0]
        local, remote = HOSTS6[1] if is_v6 else HOSTS4[1]
        is_transport = selectors is not TUNNEL4[0]
        by_version_1 = case.startswith("v1-")
        values = dict(VERSION_1) if by_version_1 else {}
        if by_version_1 and is_transport:
            values["offer_extra"] += "    HowToEncap             Transport\n"
        text = policy_text.gateway(**values, local=local, remote=remote, local_net=selectors[0], remote_net=selectors[1], data_encryption=encryption,
                                   data_authentication=authentication, encapsulation="Transport" if is_transport else "Tunnel", on_demand="No")
        policies = self.count(POLICY)
        self.host.install_policy(text)
        version = {"version": 1, "ike": "aes256-sha256-modp2048"} if by_version_1 else {}
        configuration = connection(**version, local=remote, remote=local, local_ts=selectors[1], remote_ts=selectors[0], esp=proposal,
                                   child_extra=f"mode = {'transport' if is_transport else 'tunnel'}")
        if authentication.startswith("AH"):
            configuration = configuration.replace("esp_proposals", "ah_proposals")
        (self.peer.swanctl_folder / "swanctl.conf").write_text(configuration)
        self.peer.control("--load-all", "--noprompt")
        wait_for(lambda: self.count(POLICY) > policies, PATIENCE, "the policy to be installed")

    def check(self, case, begun_by_adit):
        self.set_up(case)
        _, (here, there) = CASES[case][0]
        is_ah = CASES[case][2].startswith("AH")
        created = self.count(CREATED)
        if begun_by_adit:
            self.host.ipsec("-y", "activate", "-l", "net-to-net")
        else:
            self.peer.control("--initiate", "--child", "net")
        wait_for(lambda: self.count(CREATED) > created, PATIENCE, "the SAs to be up")
        if case.startswith("v1-"):
            # Its last message tells the responder to install: for that there is no answer to wait for.
            wait_for(lambda: "INSTALLED" in self.peer.control("--list-sas"), PATIENCE, "the peer to have installed the SAs")
        agreed = next(line for line in reversed(self.host.daemons["iked"].log().splitlines()) if CREATED in line)
        wanted = "transport" if "transport" in case else "tunnel"
        if f", {wanted}" not in agreed or ("ESN" in agreed) != CASES[case][3].endswith("-esn"):
            raise AssertionError(f"not {wanted} mode, or other sequence numbers than offered: {agreed}")
        with Wire(self.net.east) as wire:
            self.carry(here, there)
            if case in REKEYED_BY:
                rekeyed = self.count(REKEYED)
                if REKEYED_BY[case] == "adit":
                    self.host.ipsec("-y", "refresh", "-a", "all")
                else:
                    self.peer.control("--rekey", "--child", "net")
                wait_for(lambda: self.count(REKEYED) > rekeyed, PATIENCE, "the SAs to be rekeyed")
                self.carry(here, there)
        seen = wire.protocols - {UDP, 58}  # IKE, and neighbour discovery
        if seen != {AH if is_ah else ESP}:
            raise AssertionError(f"on the wire were the protocols {sorted(wire.protocols)}")
        deleted = self.count(DELETED)
        self.peer.control("--terminate", "--ike", "lab")
        wait_for(lambda: self.count(DELETED) > deleted, PATIENCE, "Adit to have deleted its SAs")

    def check_manual(self, case):
        ((here_net, there_net), (here, there)), values, sas = MANUAL_CASES[case]
        east, west = HOSTS4[1]
        self.net.west.ip("xfrm", "policy", "flush")
        self.net.west.ip("xfrm", "state", "flush")
        ways = ((west, east, there_net, here_net, "out", 0), (east, west, here_net, there_net, "in", 1))
        for source, target, source_net, target_net, direction, way in ways:
            templates = []
            for mode, protocol, algorithms in sas:
                ends = ("src", source, "dst", target, "proto", protocol)
                words = algorithms.format(cipher=CIPHER_KEYS[way], hash=HASH_KEYS[way]).split()
                spi = (AH_SPIS if len(templates) > 0 else SPIS)[way]
                self.net.west.ip("xfrm", "state", "add", *ends, "spi", spi, "mode", mode, *words)
                templates += ["tmpl", *ends, "mode", mode]
            self.net.west.ip("xfrm", "policy", "add", "src", source_net, "dst", target_net, "dir", direction, *templates)
        activated = self.count(ACTIVATED)
        mode = sas[0][0].capitalize()
        self.host.install_policy(policy_text.manual(local_net=here_net, remote_net=there_net, mode=mode, spis=SPIS, **values))
        wait_for(lambda: self.count(ACTIVATED) > activated, PATIENCE, "the tunnel to be active")
        with Wire(self.net.east) as wire:
            self.carry(here, there)
        protocols = [protocol for _, protocol, _ in sas]
        if wire.protocols - {58} != {AH_ESP if len(protocols) == 2 else AH if protocols == ["ah"] else ESP}:
            raise AssertionError(f"on the wire were the protocols {sorted(wire.protocols)}")

    def carry(self, here, there):
        done = subprocess.run(self.net.east.inside("ping", "-n", "-c", 2, "-i", 0.2, "-W", PATIENCE // 2, "-I", here, there), capture_output=True, text=True)
        if " 2 received" not in done.stdout:
            raise AssertionError(f"ping: {done.stdout[-300:]}{done.stderr[-300:]}")
        transfer(self.net.east, here, self.net.west, there)
        transfer(self.net.west, there, self.net.east, here)

    def __enter__(self):
        self.peer.start()
        self.host.start()
        return self

    def __exit__(self, *_):
        self.host.stop()
        self.peer.stop()


def main():
    programs, folder, names = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3:] or [*CASES, *MANUAL_CASES]
    failed = False
    with TwoHosts() as net:
        for here, there in ((net.east, net.west), (net.west, net.east)):
            other = 2 if here is net.east else 1
            link = there.ip("-o", "link", "show", "wire").split("link/ether ")[1].split()[0]
            # Else the policy of a host would have to let neighbour discovery pass, which is not what is tested.
            here.ip("-6", "neigh", "replace", f"2001:db8:100::{other}", "lladdr", link, "nud", "permanent", "dev", "wire")
        with Pair(programs, folder, net) as pair:
            for number, case in enumerate(names):
                begun = time.monotonic()
                try:
                    if case in MANUAL_CASES:
                        pair.check_manual(case)
                    else:
                        pair.check(case, begun_by_adit=number % 2 == 0)
                    print(f"{case} ok ({time.monotonic() - begun:.0f} s)", flush=True)
                except Exception as failure:
                    failed = True
                    print(f"{case} failed: {failure}", flush=True)
                    traceback.print_exc()
                    print(pair.host.logs()[-4000:], pair.peer.log()[-4000:], sep="\n", flush=True)
                    break  # what this one left would disturb the next
    sys.exit(failed)


if __name__ == "__main__":
    main()
