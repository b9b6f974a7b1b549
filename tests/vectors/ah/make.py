"""Makes ah.json: packets with AH (RFC 4302), computed without any code of Adit.

usage: make.py > ah.json

scapy 2.5 builds the packets and computes the ICVs of HMAC and CMAC. What it does not have is computed here from its packet with a zero ICV: GMAC by
the AES-GCM of python3-cryptography (RFC 4543 section 4), XCBC from AES (RFC 3566). Needs python3-scapy and python3-cryptography.
"""

import json
import logging
import warnings

warnings.simplefilter("ignore")
logging.disable()

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from scapy.layers.inet import IP, TCP, UDP, IPOption
from scapy.layers.inet6 import HBHOptUnknown, IPv6, IPv6ExtHdrHopByHop
from scapy.layers.ipsec import AH, SecurityAssociation, zero_mutable_fields

NAMES = {"HMAC_SHA1_96": ("HMAC-SHA1-96", 20), "HMAC_SHA2_256_128": ("SHA2-256-128", 32), "HMAC_SHA2_384_192": ("SHA2-384-192", 48),
         "HMAC_SHA2_512_256": ("SHA2-512-256", 64), "AES_CMAC_96": ("AES-CMAC-96", 16)}


def octets(count, first):
    return bytes((first + i) % 256 for i in range(count))


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def aes(key, block):
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    return encryptor.update(block) + encryptor.finalize()


def xcbc_96(key, message):
    k1, k2, k3 = (aes(key, bytes([n]) * 16) for n in (1, 2, 3))
    blocks = [message[i:i + 16] for i in range(0, len(message), 16)]
    mac = bytes(16)
    for block in blocks[:-1]:
        mac = aes(k1, xor(mac, block))
    last = blocks[-1]
    last = xor(last, k2) if len(last) == 16 else xor((last + b"\x80").ljust(16, b"\0"), k3)
    return aes(k1, xor(mac, last))[:12]


def by_scapy(clear, algorithm, tunnel, spi, sequence, high):
    name, size = NAMES[algorithm]
    key = octets(size, 0x40)
    sa = SecurityAssociation(AH, spi=spi, seq_num=sequence, auth_algo=name, auth_key=key, tunnel_header=tunnel, esn_en=high is not None, esn=high or 0)
    return key, bytes(sa.encrypt(clear, seq_num=sequence, esn_en=high is not None, esn=high or 0))


def by_hand(clear, algorithm, spi, sequence):
    """Transport mode; the packet is built by scapy, with `field` zeros for the ICV and its padding."""
    is_gmac = algorithm == "AES_128_GMAC"
    head, payload = clear, clear.payload
    field = 12
    if is_gmac:  # 36 octets of AH are 40 in IPv6 (RFC 4302 section 3.3.3.2.1)
        field = 24 if isinstance(head, IP) else 28
    head.remove_payload()
    number = head.proto if isinstance(head, IP) else head.nh
    iv = sequence.to_bytes(8, "big") if is_gmac else b""
    for name in ("proto", "nh", "len", "plen", "chksum"):
        if name in head.fields:
            del head.fields[name]
    ah = AH(nh=number, payloadlen=(12 + field) // 4 - 2, spi=spi, seq=sequence, icv=iv + bytes(field - len(iv)))
    if isinstance(head, IP):
        head.proto = 51
    else:
        head.nh = 51
    whole = head.__class__(bytes(head / ah / payload))
    covered = bytearray(bytes(zero_mutable_fields(whole.copy(), sending=True)))
    sent = bytearray(bytes(whole))
    at = len(sent) - len(bytes(payload)) - field
    covered[at:at + len(iv)] = iv  # the IV of GMAC is covered as it is (RFC 4543 section 7)
    if is_gmac:
        key = octets(20, 0x40)
        icv = AESGCM(key[:16]).encrypt(key[16:] + iv, b"", bytes(covered))
        at += len(iv)
    else:
        key = octets(16, 0x40)
        icv = xcbc_96(key, covered)
    sent[at:at + len(icv)] = icv
    return key, bytes(sent)


v4 = {"src": "192.0.2.1", "dst": "192.0.2.2"}
v6 = {"src": "2001:db8::1", "dst": "2001:db8::2"}
udp = UDP(sport=1000, dport=2000) / octets(21, 0)
router_alert, record_route = IPOption(b"\x94\x04\x00\x00"), IPOption(b"\x07\x0b\x08" + bytes([192, 0, 2, 77]) + bytes(4))
security, unknown = IPOption(b"\x82\x0b" + octets(9, 0x60)), IPOption(b"\xde\x06\x01\x02\x03\x04")
changing, lasting = HBHOptUnknown(otype=0x3E, optlen=4, optdata=b"\x0a\x0b\x0c\x0d"), HBHOptUnknown(otype=0x1E, optlen=4, optdata=b"\x1a\x1b\x1c\x1d")
hop_by_hop = IPv6ExtHdrHopByHop(options=[changing, lasting], autopad=1)

CASES = [
    # name, clear packet, algorithm, outer header, sequence, high half
    ("transport, IPv4", IP(id=7, tos=0xB9, ttl=33, **v4) / udp, "HMAC_SHA1_96", None, 5, None),
    ("transport, IPv4, DF", IP(id=7, flags="DF", **v4) / TCP(sport=1, dport=2) / octets(9, 0), "HMAC_SHA2_256_128", None, 5, None),
    ("transport, IPv4, extended numbers", IP(id=9, **v4) / udp, "HMAC_SHA2_512_256", None, 0xFFFFFFFE, 3),
    ("transport, IPv4, options", IP(id=8, options=[router_alert, record_route, security], **v4) / udp, "HMAC_SHA2_384_192", None, 1, None),
    ("transport, IPv4, an unknown option", IP(id=8, options=[unknown, router_alert], **v4) / udp, "HMAC_SHA2_256_128", None, 1, None),
    ("transport, IPv6", IPv6(tc=0xB9, fl=0x12345, hlim=3, **v6) / udp, "HMAC_SHA2_256_128", None, 5, None),
    ("transport, IPv6, hop-by-hop options", IPv6(**v6) / hop_by_hop / udp, "HMAC_SHA2_512_256", None, 6, None),
    ("transport, IPv6, extended numbers", IPv6(**v6) / udp, "HMAC_SHA1_96", None, 1, 7),
    ("transport, IPv6, CMAC", IPv6(**v6) / udp, "AES_CMAC_96", None, 5, None),
    ("tunnel, IPv4 in IPv4", IP(src="10.1.0.1", dst="10.2.0.1", id=1, tos=3) / udp, "HMAC_SHA2_256_128", IP(id=6, tos=3, ttl=64, **v4), 5, None),
    ("tunnel, IPv6 in IPv4", IPv6(src="fd00::1", dst="fd00::2") / udp, "HMAC_SHA1_96", IP(id=6, flags="DF", **v4), 5, None),
    ("tunnel, IPv6 in IPv6", IPv6(src="fd00::1", dst="fd00::2") / udp, "HMAC_SHA2_384_192", IPv6(**v6), 5, None),
    ("tunnel, IPv4 in IPv6", IP(src="10.1.0.1", dst="10.2.0.1", id=1) / udp, "HMAC_SHA2_512_256", IPv6(**v6), 5, None),
]
BY_HAND = [
    ("transport, IPv4, XCBC", IP(id=7, **v4) / udp, "AES_XCBC_96", 5),
    ("transport, IPv6, XCBC", IPv6(**v6) / udp, "AES_XCBC_96", 5),
    ("transport, IPv4, GMAC", IP(id=7, **v4) / udp, "AES_128_GMAC", 5),
    ("transport, IPv6, GMAC", IPv6(**v6) / udp, "AES_128_GMAC", 5),
]


def case(name, clear, algorithm, mode, sequence, high, key, sent):
    return {"name": name, "algorithm": algorithm, "key": key.hex(), "mode": mode, "spi": 0x1001, "sequence": sequence, "sequence_high": high,
            "clear": bytes(clear).hex(), "packet": sent.hex()}


cases = []
for name, clear, algorithm, tunnel, sequence, high in CASES:
    clear = clear.__class__(bytes(clear))
    key, sent = by_scapy(clear.copy(), algorithm, tunnel, 0x1001, sequence, high)
    cases.append(case(name, clear, algorithm, "tunnel" if tunnel else "transport", sequence, high, key, sent))
for name, clear, algorithm, sequence in BY_HAND:
    clear = clear.__class__(bytes(clear))
    key, sent = by_hand(clear.copy(), algorithm, 0x1001, sequence)
    cases.append(case(name, clear, algorithm, "transport", sequence, None, key, sent))
print(json.dumps({"source": "made by make.py with scapy 2.5.0", "cases": cases}, indent=1))
