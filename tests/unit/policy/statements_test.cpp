// Every statement, accepted and refused: one line of tests/vectors/policy/base.policy changed, and each diagnostic's
// line, column, severity, text and nearest word.

#include "sources.h"

namespace adit::policy {
namespace {

struct Change {
  const char* line;
  const char* instead;
  const char* want;  // "" accepted without a word
};

const Change changes[] = {
    // IpFilterPolicy
    {"PreDecap Off", "PREDECAP on", ""},
    {"PreDecap Off", "PreDecap Yes", "3:12: error: unknown value: \"Yes\""},
    {"PreDecap Off", "PreDecap", "3:11: error: value missing"},
    {"PreDecap Off", "FilterLogging Off\nAllowOnDemand Yes\nImplicitDiscardAction ICMP", ""},
    {"PreDecap Off", "ImplicitDiscardAction Loud", "3:25: error: unknown value: \"Loud\""},
    {"PreDecap Off", "PreDecap On\nPreDecap Off", "4:1: warning: PreDecap again: the one of line 3 has no effect"},
    {"PreDecap Off", "PreDecap Off # comment", ""},
    {"PreDecap Off", "PreDecap Off more", "3:16: warning: extra text ignored"},
    {"PreDecap Off", "IpFilterGroupRef nosuch", "3:20: error: no IpFilterGroup of this name: \"nosuch\""},
    {"PreDecap Off", "IpFilterRule Rule2",
     "3:3: error: statement without a block: \"IpFilterRule\"\n3:3: error: IpFilterRule without IpService: "
     "\"Rule2\"\n3:3: error: IpFilterRule without IpGenericFilterActionRef: \"Rule2\""},
    {"PreDecap Off", "Codepage IBM-1047", "3:3: error: unknown attribute: \"Codepage\""},
    // braces
    {"    {\n      Protocol Tcp\n", "    { Protocol Tcp\n", "9:7: error: text beside a brace"},
    {"    {\n      Protocol Tcp\n    }", "    {\n      Protocol Tcp\n    } Direction Inbound",
     "11:7: error: text beside a brace"},
    {"  IpFilterAction IpSec\n}", "  IpFilterAction IpSec\n} DiscardAction ICMP", "49:3: error: text beside a brace"},
    {"    IpService\n", "    IpService web Protocol Tcp\n", "8:19: error: attribute beside a statement: \"Protocol\""},
    {"    IpService\n", "    IpService web too\n", "8:19: warning: extra text ignored"},
    {"    {\n      Protocol Tcp\n    }", "    { # of the web\n      Protocol Tcp\n    }\t# Tcp", ""},
    // IpFilterRule
    {"IpFilterRule Rule", "IpFilterRule", "4:3: error: name missing: \"IpFilterRule\""},
    {"IpFilterRule Rule", "IpFilterRule 12345678901234567890123456789012", ""},
    {"IpFilterRule Rule", "IpFilterRule 123456789012345678901234567890123",
     "4:16: error: name too long: \"123456789012345678901234567890123\""},
    {"IpFilterRule Rule", "IpFilterRule a,b", "4:16: error: name that commands cannot take: \"a,b\""},
    {"IpFilterRule Rule", "IpFilterRule Rule~1", ""},
    {"IpSourceAddr 10.0.0.1", "IpSourceAddr 10.0.0.0/8", ""},
    {"IpSourceAddr 10.0.0.1", "IpSourceAddr 10.0.0.1/8",
     "6:18: warning: bits after the prefix are passed over: \"10.0.0.1/8\""},
    {"IpSourceAddr 10.0.0.1", "IpSourceAddr 10.0.0.1 - 10.0.0.9", ""},
    {"IpSourceAddr 10.0.0.1", "IpSourceAddr 10.0.0.0-10.0.0.9", ""},
    {"IpSourceAddr 10.0.0.1", "IpSourceAddr 10.0.0.9-10.0.0.1",
     "6:18: error: first address above the last: \"10.0.0.9-10.0.0.1\""},
    {"IpSourceAddr 10.0.0.1", "IpSourceAddr 10.0.0.1-2001:db8::1",
     "6:18: error: addresses of two families: \"10.0.0.1-2001:db8::1\""},
    {"IpSourceAddr 10.0.0.1", "IpSourceAddr 10.0.0.256", "6:18: error: not an address: \"10.0.0.256\""},
    {"IpSourceAddr 10.0.0.1", "IpSourceAddr All", ""},
    {"IpSourceAddr 10.0.0.1", "IpSourceAddr Any4", ""},
    {"IpSourceAddr 10.0.0.1", "IpSourceAddr 2001:db8::1", "7:5: error: source and destination of two families"},
    {"IpSourceAddr 10.0.0.1", "IpSourceAddrRef nosuch", "6:21: error: no IpAddr of this name: \"nosuch\""},
    {"IpSourceAddr 10.0.0.1", "IpSourceAddrGroupRef nosuch", "6:26: error: no IpAddrGroup of this name: \"nosuch\""},
    {"IpSourceAddr 10.0.0.1", "IpSourceAddr 10.0.0.1\nIpSourceAddrSet 10.0.0.0/8",
     "7:1: error: IpSourceAddrSet beside IpSourceAddr of line 6: \"IpSourceAddrSet\""},
    {"IpDynVpnActionRef vpn", "IpDynVpnActionRef vnp",
     "13:23: error: no IpDynVpnAction of this name: \"vnp\"; nearest vpn"},
    {"IpDynVpnActionRef vpn\n", "",
     "12:5: error: IpFilterAction IpSec without a tunnel\n13:9: error: IpLocalStartAction without IpDynVpnAction"},
    {"IpGenericFilterActionRef protect",
     "IpTimeCondition\n{\nDayOfWeekMask 0111110\n}\nIpGenericFilterActionRef protect", ""},
    {"IpGenericFilterActionRef protect",
     "RemoteIdentity\n{\nIdentity Fqdn *.example.com\n}\nIpGenericFilterActionRef protect",
     "4:16: warning: RemoteIdentity has no effect: no KeyExchangeAction has FilterByIdentity Yes: \"Rule\""},
    {"IpGenericFilterActionRef protect",
     "RemoteIdentity\n{\nIdentity Fqdn a.example.com\n}\nIpGenericFilterActionRef protect",
     "4:16: warning: RemoteIdentity has no effect: no KeyExchangeAction has FilterByIdentity Yes: \"Rule\""},
    // IpService
    {"Protocol Tcp", "Protocol 6", ""},
    {"Protocol Tcp", "Protocol 256", "10:16: error: number out of range: \"256\""},
    {"Protocol Tcp", "Protocol Tpc", "10:16: error: unknown value: \"Tpc\"; nearest Tcp"},
    {"Protocol Tcp", "Protocol Tcp\nSourcePortRange 1024 65535\nDestinationPortRange 22",
     "41:19: warning: no dynamic IpFilterRule covers this tunnel: it cannot be activated: \"Tunnel\""},
    {"Protocol Tcp", "Protocol Tcp\nSourcePortRange 1024:65535",
     "40:19: warning: no dynamic IpFilterRule covers this tunnel: it cannot be activated: \"Tunnel\""},
    {"Protocol Tcp", "Protocol Tcp\nSourcePortRange 1024 - 65535",
     "40:19: warning: no dynamic IpFilterRule covers this tunnel: it cannot be activated: \"Tunnel\""},
    {"Protocol Tcp", "Protocol Tcp\nSourcePortRange 65536", "11:17: error: number out of range: \"65536\""},
    {"Protocol Tcp", "Protocol Tcp\nSourcePortRange 2 1", "11:17: error: first number above the second: \"2 1\""},
    {"Protocol Tcp", "Protocol Icmp\nSourcePortRange 1",
     "11:1: error: ports of a protocol that has none: \"SourcePortRange\""},
    {"Protocol Tcp", "Protocol Icmp\nType 8",
     "40:19: warning: no dynamic IpFilterRule covers this tunnel: it cannot be activated: \"Tunnel\""},
    {"Protocol Tcp", "Protocol Icmp\nIcmpType 3\nIcmpCode 0 4",
     "11:1: note: IcmpType is read as Type\n12:1: note: IcmpCode is read as Code\n41:19: warning: no dynamic "
     "IpFilterRule covers this tunnel: it cannot be activated: \"Tunnel\""},
    {"Protocol Tcp", "Protocol Icmp\nCode 4",
     "40:19: warning: no dynamic IpFilterRule covers this tunnel: it cannot be activated: \"Tunnel\""},
    {"Protocol Tcp", "Protocol Icmp\nType 256", "11:6: error: number out of range: \"256\""},
    {"Protocol Tcp", "Protocol Icmp\nType Any",
     "40:19: warning: no dynamic IpFilterRule covers this tunnel: it cannot be activated: \"Tunnel\""},
    {"Protocol Tcp", "Protocol Tcp\nType 8", "11:1: error: type of a protocol that has none: \"Type\""},
    {"Protocol Tcp", "Protocol Tcp\nDirection Bidirectional InboundConnect", ""},
    {"Protocol Tcp", "Protocol Udp\nDirection Bidirectional InboundConnect",
     "11:25: error: who connects is a matter of Tcp alone: \"InboundConnect\""},
    {"Protocol Tcp", "Protocol Tcp\nDirection Outbound",
     "8:5: warning: an SA pair carries both directions, this rule one"},
    {"Protocol Tcp", "Protocol Tcp\nDirection Both", "11:11: error: unknown value: \"Both\""},
    {"Protocol Tcp", "Protocol Tcp\nRouting Routed FragmentsOnly",
     "8:5: error: FragmentsOnly with IpFilterAction IpSec"},
    {"Protocol Tcp", "Protocol Tcp\nFragmentsOnly Yes",
     "8:5: error: FragmentsOnly with IpFilterAction IpSec\n11:1: error: FragmentsOnly with Routing Local"},
    {"Protocol Tcp", "Protocol Tcp\nSecurityClass 255",
     "8:5: warning: SecurityClass with IpFilterAction IpSec: what would be protected is denied\n40:19: warning: no "
     "dynamic "
     "IpFilterRule covers this tunnel: it cannot be activated: \"Tunnel\""},
    {"Protocol Tcp", "Protocol Tcp\nSecurityClass 256", "11:15: error: number out of range: \"256\""},
    // IpGenericFilterAction
    {"IpFilterAction IpSec", "IpFilterAction Permit", "13:5: error: a tunnel with IpFilterAction Permit or Deny"},
    {"IpFilterAction IpSec", "IpFilterAction IpSec\nIpFilterLogging LogDeny\nDiscardAction ICMP", ""},
    {"IpFilterAction IpSec", "IpFilterLogging Yes",
     "46:1: error: IpGenericFilterAction without IpFilterAction: \"protect\""},
    // IpDynVpnAction
    {"VpnLife 1440", "VpnLife 0", ""},
    {"VpnLife 1440", "VpnLife 525601", "52:11: error: number out of range: \"525601\""},
    {"VpnLife 1440", "VpnLife -1", "52:11: error: not a number: \"-1\""},
    {"VpnLife 1440", "VpnLife 99999999999999999999999", "52:11: error: not a number: \"99999999999999999999999\""},
    {"VpnLife 1440", "Initiation LocalOnly\nInitiateWithPfs Group14\nAcceptablePfs Group14\nAcceptablePfs None", ""},
    {"VpnLife 1440", "InitiateWithPfs Group31", ""},
    {"VpnLife 1440", "InitiateWithPfs 14", "52:19: error: unknown value: \"14\""},
    {"VpnLife 1440", "Pfs Group14", "52:3: warning: Pfs is deprecated"},
    {"VpnLife 1440", "Pfs Group14\nInitiateWithPfs Group19",
     "52:3: warning: Pfs has no effect where InitiateWithPfs of line 53 says"},
    {"VpnLife 1440", "HowToEncapIKEv2 Transport\nPassthroughDF No Set\nPassthroughDSCP No", ""},
    {"VpnLife 1440", "PassthroughDF Clear", "52:17: error: unknown value: \"Clear\""},
    // IpDataOffer
    {"HowToEncrypt AES_GCM_16 KeyLength 256", "HowToEncrypt AES_GCM_16",
     "55:18: warning: key length not coded: 128 is used: \"AES_GCM_16\""},
    {"HowToEncrypt AES_GCM_16 KeyLength 256", "HowToEncrypt AES_GCM_16 KeyLen 256",
     "55:29: error: unknown value: \"KeyLen\"; nearest KeyLength"},
    {"HowToEncrypt AES_GCM_16 KeyLength 256", "HowToEncrypt AES_GCM_16 KeyLength 512",
     "55:39: error: no key length of this cipher: \"512\""},
    {"HowToEncrypt AES_GCM_16 KeyLength 256", "HowToEncrypt CHACHA20_POLY1305", ""},
    {"HowToEncrypt AES_GCM_16 KeyLength 256", "HowToEncrypt AES_CBC KeyLength 192",
     "56:15: error: ESP without integrity"},
    {"HowToEncrypt AES_GCM_16 KeyLength 256", "HowToEncrypt DoNot", "56:15: error: ESP without integrity"},
    {"HowToEncrypt AES_GCM_16 KeyLength 256", "HowToEncrypt Blowfish", "55:18: error: unknown value: \"Blowfish\""},
    {"HowToAuth ESP Null", "HowToAuth ESP HMAC_SHA1", "56:15: error: a combined mode brings its own integrity"},
    {"HowToAuth ESP Null", "HowToAuth AH Null", "56:15: error: a combined mode brings its own integrity"},
    {"HowToAuth ESP Null", "HowToAuth", "56:14: error: value missing"},
    {"HowToAuth ESP Null", "HowToAuth TLS Null", "56:15: error: unknown value: \"TLS\""},
    {"HowToAuth ESP Null", "HowToEncrypt AES\nHowToAuth ESP HMAC_SHA",
     "56:5: warning: HowToEncrypt again: the one of line 55 has no effect\n56:18: warning: deprecated value: \"AES\""},
    {"HowToAuth ESP Null", "HowToEncrypt DoNot\nHowToAuth AH HMAC_SHA2_256_128",
     "56:5: warning: HowToEncrypt again: the one of line 55 has no effect"},
    {"HowToAuth ESP Null", "HowToEncrypt DoNot\nHowToAuth ESP AES_GMAC_256",
     "56:5: warning: HowToEncrypt again: the one of line 55 has no effect"},
    {"HowToAuth ESP Null", "HowToEncrypt AES_CBC KeyLength 128\nHowToAuth ESP AES_GMAC_256",
     "56:5: warning: HowToEncrypt again: the one of line 55 has no effect\n57:11: error: AES_GMAC is integrity without "
     "encryption"},
    {"HowToAuth ESP Null", "HowToEncrypt AES_CBC KeyLength 128\nHowToAuth AH HMAC_SHA1",
     "50:16: warning: no offer for IKEv2, which alone is started here: what its rules match is dropped: \"vpn\"\n"
     "53:3: warning: AH with encryption: IKEv2, which alone is started here, passes the offer over: \"offer 1\"\n"
     "56:5: warning: HowToEncrypt again: the one of line 55 has no effect"},
    {"HowToAuth ESP Null", "HowToAuth ESP Null\nRefreshLifetimeProposed 10000",
     "57:25: error: number out of range: \"10000\""},
    {"HowToAuth ESP Null", "HowToAuth ESP Null\nRefreshLifetimeAccepted 480 120",
     "57:25: error: first number above the second: \"480 120\""},
    {"HowToAuth ESP Null", "HowToAuth ESP Null\nRefreshLifetimeAccepted 480", "57:28: error: second number missing"},
    {"HowToAuth ESP Null", "HowToAuth ESP Null\nRefreshLifetimeProposed 10\nRefreshLifetimeAccepted 120 480",
     "57:25: warning: proposed value outside what is accepted: \"10\""},
    {"HowToAuth ESP Null", "HowToAuth ESP Null\nRefreshLifesizeProposed 4194300\nRefreshLifesizeAccepted None", ""},
    {"HowToAuth ESP Null", "HowToAuth ESP Null\nRefreshLifesizeProposed 0", "57:25: error: number out of range: \"0\""},
    // IpLocalStartAction
    {"AllowOnDemand Yes", "LocalIpGranularity Rule\nRemoteIpGranularity Packet\nProtocolGranularity Packet", ""},
    {"AllowOnDemand Yes", "LocalPortGranularity Packet", ""},
    {"AllowOnDemand Yes", "ICMPTypeGranularity Packet", ""},
    {"AllowOnDemand Yes", "RemoteSecurityEndpoint\n{\nLocation 10.0.0.0/8\n}",
     "16:7: error: the peer to start with has no single address"},
    {"AllowOnDemand Yes", "RemoteSecurityEndpoint\n{\nLocation 10.0.0.0/8\nInitiateToLocation 10.0.0.2\n}", ""},
    {"AllowOnDemand Yes", "RemoteSecurityEndpoint\n{\nInitiateToLocation gw.example.com\n}", ""},
    // KeyExchangePolicy
    {"AllowNat No", "AllowNat Yes\nNatKeepAliveInterval 0\nLivenessInterval 0\nRevocationChecking Strict", ""},
    {"AllowNat No", "NatKeepAliveInterval 1000", "22:24: error: number out of range: \"1000\""},
    {"AllowNat No", "CertificateURLLookupPreference None\nBypassIpValidation Yes\nFilterByIdentity Yes", ""},
    {"AllowNat No", "HowToInitiate Main", ""},
    {"AllowNat No", "HowToInitiate IKEv3", "22:17: error: unknown value: \"IKEv3\"; nearest IKEv2"},
    {"AllowNat No", "KeyExchangeGroupRef nosuch", "22:23: error: no KeyExchangeGroup of this name: \"nosuch\""},
    // KeyExchangeRule
    {"KeyExchangeActionRef ike", "KeyExchangeActionRef nosuch",
     "33:26: error: no KeyExchangeAction of this name: \"nosuch\""},
    {"SharedKey Ascii 0123456789abcdefghijk", "", "23:3: error: PresharedKey without a key"},
    {"SharedKey Ascii 0123456789abcdefghijk", "SharedKey 0123456789abcdefghijk",
     "34:15: error: form of the key missing: \"***\""},
    {"SharedKey Ascii 0123456789abcdefghijk", "SharedKey Ascii", "34:20: error: value missing"},
    {"SharedKey Ascii 0123456789abcdefghijk", "SharedKey Hex 0x00112233445566778899aabbccddeeff00112233", ""},
    {"SharedKey Ascii 0123456789abcdefghijk", "SharedKey Hex 012", "34:19: error: not hexadecimal: \"***\""},
    {"SharedKey Ascii 0123456789abcdefghijk", "SharedKey Hex 0123456789abcdefghijk",
     "34:19: error: not hexadecimal: \"***\""},
    {"SharedKey Ascii 0123456789abcdefghijk", "SharedKey Ebcdic a key of twenty characters", ""},
    {"SharedKey Ascii 0123456789abcdefghijk", "SharedKey Ebcdic €", "34:22: error: key not in IBM-1047: \"***\""},
    {"SharedKey Ascii 0123456789abcdefghijk", "SharedKey Ascii short", "34:5: warning: SharedKey is short"},
    {"SharedKey Ascii 0123456789abcdefghijk", "SharedKeyFile /etc/key", ""},
    // SecurityEndpoint
    {"Identity IpAddr 10.0.0.1", "Identity IpAddr 10.0.0.0/8", "27:16: error: wildcard in the local identity"},
    {"Identity IpAddr 10.0.0.1", "Identity Fqdn *.example.com", "27:16: error: wildcard in the local identity"},
    {"Identity IpAddr 10.0.0.1", "Identity Fqdn", "27:20: error: value missing"},
    {"Identity IpAddr 10.0.0.1", "Identity Fdqn host", "27:16: error: unknown value: \"Fdqn\"; nearest Fqdn"},
    {"Identity IpAddr 10.0.0.1", "Location 10.0.0.1", "25:5: error: LocalSecurityEndpoint without Identity"},
    {"Identity IpAddr 10.0.0.1", "Identity X500dn CN=a b,O=c", ""},
    {"Identity IpAddr 10.0.0.1", "Identity X500dn nonsense", "27:23: error: not a distinguished name: \"nonsense\""},
    {"Identity IpAddr 10.0.0.1", "Identity UserAtFqdn user@host", ""},
    {"Identity IpAddr 10.0.0.1", "Identity UserAtFqdn user", "27:27: error: not an identity of this type: \"user\""},
    {"Identity IpAddr 10.0.0.1", "Identity KeyId Hex 0a0b", ""},
    {"Identity IpAddr 10.0.0.1", "Identity KeyId Hex 0g", "27:26: error: not hexadecimal: \"0g\""},
    {"Identity IpAddr 10.0.0.1", "CaLabel My CA",
     "25:5: error: LocalSecurityEndpoint without Identity\n27:7: error: unknown attribute: \"CaLabel\""},
    {"Identity IpAddr 10.0.0.2", "Identity IpAddr 0.0.0.0", ""},
    {"Identity IpAddr 10.0.0.2", "Identity IpAddr 10.0.0.0/8", ""},
    {"Identity IpAddr 10.0.0.2", "Identity Fqdn *.example.com", ""},
    {"Identity IpAddr 10.0.0.2", "Identity Fqdn host.*.com",
     "31:21: error: not an identity of this type: \"host.*.com\""},
    {"Identity IpAddr 10.0.0.2", "Identity UserAtFqdn *@example.com", ""},
    {"Identity IpAddr 10.0.0.2", "Identity X500dn *,OU=x,O=y", ""},
    {"Identity IpAddr 10.0.0.2", "Identity X500dn CN=*,O=y", ""},
    {"Identity IpAddr 10.0.0.2", "Identity X500dn *,", "31:23: error: not a distinguished name: \"*,\""},
    {"Identity IpAddr 10.0.0.2", "Identity KeyId *", ""},
    {"Identity IpAddr 10.0.0.2",
     "Identity Fqdn a.example\nCaLabel Root CA of us\nCaLabel Other # comment\nInitiateToLocation gw.example.com", ""},
    {"Identity IpAddr 10.0.0.2", "Identity IpAddr All", "31:23: error: not an address: \"All\""},
    {"Identity IpAddr 10.0.0.2", "Identity IpAddr 10.0.0.1-10.0.0.9", ""},
    {"Identity IpAddr 10.0.0.2", "Identity Fqdn a.example\nLocation 10.0.0.2\nLocationRef x",
     "33:1: error: LocationRef beside Location of line 32: \"LocationRef\"\n33:13: error: no IpAddr of this name: "
     "\"x\""},
    // KeyExchangeAction
    {"HowToAuthMe PresharedKey", "HowToAuthMe PresharedKey\nAllowNat Yes\nForceUdpEncapsulation Yes", ""},
    {"HowToAuthMe PresharedKey", "HowToAuthMe PresharedKey\nForceUdpEncapsulation Yes",
     "62:23: error: UDP encapsulation is a part of NAT traversal, which is not allowed: \"Yes\""},
    {"HowToAuthMe PresharedKey", "",
     "59:1: warning: the peer uses PresharedKey, this side DigitalSignature by default"},
    {"HowToAuthMe PresharedKey", "HowToAuthMe Ed25519", "61:15: error: not supported by this release: \"Ed25519\""},
    {"HowToAuthMe PresharedKey", "HowToAuthMe PresharedKey\nReauthInterval 1440\nLivenessInterval 10", ""},
    {"HowToAuthMe PresharedKey", "HowToAuthMe PresharedKey\nHowToRespond Main",
     "62:1: note: HowToRespond is read as HowToRespondIKEv1"},
    {"HowToAuthMe PresharedKey", "HowToAuthMe PresharedKey\nHowToRespondIKEv1 Either\nHowToRespond Main",
     "63:1: note: HowToRespond is read as HowToRespondIKEv1\n63:1: warning: HowToRespond has no effect: "
     "HowToRespondIKEv1 stands at line 62"},
    {"HowToAuthMe PresharedKey", "HowToAuthMe PresharedKey\nHowToInitiate Aggressive", ""},
    {"HowToAuthMe PresharedKey", "HowToAuthMe PresharedKey\nAllowNat Maybe", "62:10: error: unknown value: \"Maybe\""},
    {"HowToAuthMe PresharedKey", "HowToAuthMe PresharedKey\nLivenessInterval often",
     "62:18: error: not a number: \"often\""},
    // KeyExchangeOffer
    {"HowToAuthPeers PresharedKey", "HowToAuthPeers RsaSignature", ""},
    {"HowToAuthPeers PresharedKey", "HowToAuthPeers ECDSA-256",
     "64:20: error: not supported by this release: \"ECDSA-256\""},
    {"HowToAuthPeers PresharedKey", "HowToAuthPeers PresharedKey\nHowToEncrypt AES_GCM_16 KeyLength 256", ""},
    {"HowToAuthPeers PresharedKey",
     "HowToAuthPeers PresharedKey\nHowToEncrypt AES_GCM_16 KeyLength 256\nHowToVerifyMsgs None", ""},
    {"HowToAuthPeers PresharedKey",
     "HowToAuthPeers PresharedKey\nHowToEncrypt AES_GCM_16 KeyLength 256\nHowToVerifyMsgs HMAC_SHA1_96",
     "66:17: error: a combined mode brings its own integrity"},
    {"HowToAuthPeers PresharedKey", "HowToAuthPeers PresharedKey\nHowToVerifyMsgs None",
     "65:17: error: encryption without integrity"},
    {"HowToAuthPeers PresharedKey",
     "HowToAuthPeers PresharedKey\nDHGroup Group32\nPseudoRandomFunction AES128_CMAC\nHowToAuthMsgs SHA2_512", ""},
    {"HowToAuthPeers PresharedKey", "HowToAuthPeers PresharedKey\nDHGroup None",
     "65:9: error: unknown value: \"None\""},
    {"HowToAuthPeers PresharedKey", "HowToAuthPeers PresharedKey\nAdditionalKeyExchange1 None", ""},
    {"HowToAuthPeers PresharedKey", "HowToAuthPeers PresharedKey\nAdditionalKeyExchange7 ML_KEM_768",
     "65:24: error: not supported by this release: \"ML_KEM_768\""},
    // LocalDynVpnRule
    {"LocalIp 10.0.0.1", "LocalIp 10.0.0.3",
     "39:19: warning: no dynamic IpFilterRule covers this tunnel: it cannot be activated: \"Tunnel\""},
    {"LocalIp 10.0.0.1", "LocalIpRef nosuch", "41:16: error: no IpAddr of this name: \"nosuch\""},
    {"LocalIp 10.0.0.1", "LocalIp 2001:db8::1", "39:3: error: local and remote addresses of two families: \"Tunnel\""},
    {"LocalIp 10.0.0.1", "LocalDataPort 80\nLocalIp 10.0.0.1\nAutoActivate Yes", ""},
    {"LocalIp 10.0.0.1", "Type 8\nLocalIp 10.0.0.1", "41:5: error: type of a protocol that has none: \"Type\""},
    // structure
    {"KeyExchangePolicy", "KeyExchangePlicy",
     "20:1: error: unknown statement: \"KeyExchangePlicy\"; nearest KeyExchangePolicy"},
    {"IpGenericFilterAction protect\n{", "IpGenericFilterAction protect {",
     "46:31: error: brace beside a statement: \"{\""},
    {"IpGenericFilterAction protect\n{\n", "IpGenericFilterAction protect\n",
     "46:1: error: statement without a block: \"IpGenericFilterAction\""},
    {"IpFilterAction IpSec\n}\n", "IpFilterAction IpSec\n",
     "49:1: error: IpGenericFilterAction not closed: \"IpDynVpnAction\""},
    {"IpDynVpnAction vpn", "}\nIpDynVpnAction vpn", "50:1: error: brace without a statement: \"}\""},
    {"IpDynVpnAction vpn", "{\nx\n}\nIpDynVpnAction vpn", "50:1: error: brace without a statement: \"{\""},
    {"IpDynVpnAction vpn", "IpAddr unused\n{\nAddr nonsense\n}\nIpDynVpnAction vpn",
     "52:6: error: not an address: \"nonsense\""},
    {"IpDynVpnAction vpn", "IpAddrSet s\n{\nPrefix 10.0.0.0/8\nRange 10.0.0.1-10.0.0.2\n}\nIpDynVpnAction vpn",
     "53:1: error: Range beside Prefix of line 52: \"Range\""},
    {"IpDynVpnAction vpn", "IpAddrGroup g\n{\n}\nIpDynVpnAction vpn", "50:1: warning: group without members: \"g\""},
    {"IpDynVpnAction vpn", "IpServiceGroup g\n{\nIpServiceRef nosuch\n}\nIpDynVpnAction vpn",
     "52:14: error: no IpService of this name: \"nosuch\""},
    {"IpDynVpnAction vpn", "IpDynVpnAction vpn\n{\nIpDataOfferRef nosuch\n}\nIpDynVpnAction vpn",
     "54:16: warning: IpDynVpnAction again: the one of line 50 has no effect: \"vpn\""},
    {"IpDynVpnAction vpn",
     "IpTimeCondition t\n{\nConditionTimeRange 20260101000000:20261231235959\nMonthOfYearMask "
     "111111111111\nDayOfMonthMask 1111111111111111111111111111111\nTimeOfDayRange 07:00-19:00,22:00-24:00\nTimeZone "
     "UTC\n}\nIpDynVpnAction vpn",
     ""},
    {"IpDynVpnAction vpn", "IpTimeCondition t\n{\nTimeOfDayRange 07:00-07:00\n}\nIpDynVpnAction vpn",
     "52:16: error: not a time of this form: \"07:00-07:00\""},
    {"IpDynVpnAction vpn",
     "IpTimeCondition t\n{\nConditionTimeRange 20261301000000:20261231235959\nDayOfWeekMask 012\nTimeOfDayRange "
     "7-19\n}\nIpDynVpnAction vpn",
     "52:20: error: not a time of this form: \"20261301000000:20261231235959\"\n53:15: error: not a time of this form: "
     "\"012\"\n54:16: error: not a time of this form: \"7-19\""},
    {"IpDynVpnAction vpn",
     "IpManVpnAction m\n{\nLocalSecurityEndpointAddr 10.0.0.1\nRemoteSecurityEndpointAddr 10.0.0.2\nHowToEncrypt "
     "AES_CBC KeyLength 128\nEncryptInboundSpi 256\nEncryptOutboundSpi 0x101\nEncryptInboundKey "
     "0x00112233445566778899aabbccddeeff\nEncryptOutboundKey 00112233445566778899aabbccddeeff\nHowToAuth ESP "
     "HMAC_MD5\nAuthInboundKey 00112233445566778899aabbccddeeff\nAuthOutboundKey "
     "00112233445566778899aabbccddeeff\n}\nIpDynVpnAction vpn",
     ""},
    {"IpDynVpnAction vpn",
     "IpManVpnAction m\n{\nLocalSecurityEndpointAddr 0.0.0.0\nRemoteSecurityEndpointAddr 2001:db8::1\nHowToEncrypt "
     "DoNot\nAuthInboundSpi 255\nAuthOutboundSpi 0xfffffffff\nAuthInboundKey 00\nAuthOutboundKey "
     "secret\n}\nIpDynVpnAction vpn",
     "52:1: error: unspecified address\n53:1: error: endpoints of two families\n55:16: error: number out of range: "
     "\"255\"\n56:17: error: not a number: \"0xfffffffff\"\n57:1: error: key of 1 octets\n58:17: error: not "
     "hexadecimal: \"***\""},
};

std::string summary(const Diagnostic& diagnostic) {
  const std::string text = diagnostic.to_string("");
  const std::string first = text.substr(0, text.find('\n'));
  const std::string nearest = diagnostic.nearest.empty() ? "" : "; nearest " + diagnostic.nearest;
  return first.substr(first.find(':') + 1) + nearest;
}

TEST(Statements, AreTakenOrRefusedWithPlaceAndReason) {
  const SourceFile base = read_source("vectors/policy/base.policy");
  for (const auto& [line, instead, want] : changes) {
    SCOPED_TRACE(instead);
    SourceFile changed = base;
    const std::size_t at = changed.text.find(line);
    ASSERT_NE(at, std::string::npos) << line;
    changed.text.replace(at, std::string_view{line}.size(), instead);
    const ParseResult result = parsed(changed);
    std::string got;
    bool refused = false;
    for (const Diagnostic& diagnostic : result.diagnostics) {
      got += (got.empty() ? "" : "\n") + summary(diagnostic);
      refused |= diagnostic.severity == Diagnostic::Severity::error;
    }
    EXPECT_EQ(got, want);
    EXPECT_EQ(result.policy == nullptr, refused);  // all or nothing
  }
}

// AH around ESP is of IKEv1: where that is started, or the peer is waited for, nothing is to be said.
TEST(Statements, WarnOfAhAroundEspWhereIkeV2AloneIsStarted) {
  const struct {
    const char* how;
    bool warns;
  } cases[] = {{"IKEv2", true}, {"Main", false}, {"Aggressive", false}, {"DoNot", false}};
  for (const auto& [how, warns] : cases) {
    SCOPED_TRACE(how);
    SourceFile file = read_source("vectors/policy/base.policy");
    const auto replace = [&](std::string_view from, const std::string& to) {
      ASSERT_NE(file.text.find(from), std::string::npos) << from;
      file.text.replace(file.text.find(from), from.size(), to);
    };
    replace("HowToAuthMe PresharedKey", std::string{"HowToAuthMe PresharedKey\nHowToInitiate "} + how);
    replace("HowToEncrypt AES_GCM_16 KeyLength 256", "HowToEncrypt AES_CBC KeyLength 256");
    replace("HowToAuth ESP Null", "HowToAuth AH HMAC_SHA1");
    const ParseResult result = parsed(file);
    ASSERT_NE(result.policy, nullptr) << told(result, file);
    EXPECT_EQ(told(result, file).find("passes the offer over") != std::string::npos, warns) << told(result, file);
    const std::vector<DataOffer>& offers = result.policy->filter.filters.front().vpn->offers;
    ASSERT_EQ(offers.size(), 1u);
    EXPECT_TRUE(offers.front().is_bundle());
  }
}

TEST(Statements, OfTheBaseGiveNoWord) {
  const SourceFile base = read_source("vectors/policy/base.policy");
  const ParseResult result = parsed(base);
  EXPECT_EQ(told(result, base), "");
}

}  // namespace
}  // namespace adit::policy
