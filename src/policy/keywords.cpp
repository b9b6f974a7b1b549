#include "policy/keywords.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#include "policy/model.h"

namespace adit::policy {
namespace {

using enum Choice::Standing;
using A = Attribute;
using S = StatementId;

template <class Enum>
constexpr Choice of(std::string_view word, Enum value, Choice::Standing standing = standard) {
  return {word, static_cast<unsigned>(value), standing};
}

/// Builds a row of the tables below, one fact a word. Defined before what uses it: constant evaluation asks for that.
struct Row : AttributeRow {
  template <class T>
  constexpr Row changed(T AttributeRow::* field, T value) const {
    Row with = *this;
    with.*field = value;
    return with;
  }

  constexpr Row taking(std::span<const Choice> words, std::span<const Choice> then = {},
                       std::string_view after = {}) const {
    Row with = *this;
    with.choices = words;
    with.followers = then;
    with.followed = after;
    return with;
  }
  constexpr Row within(std::uint64_t from, std::uint64_t to) const {
    Row with = *this;
    with.least = from;
    with.most = to;
    return with;
  }
  constexpr Row naming(StatementId of) const { return changed(&Row::statement, of); }
  constexpr Row repeatable() const { return changed(&Row::occurs, Occurs::many); }
  constexpr Row required() const { return changed(&Row::need, Need::required); }
  constexpr Row preset_to(std::string_view value) const { return changed(&Row::preset, value); }
  /// What z/OS takes where the attribute is absent: up to V2R1, and from V2R2 on.
  constexpr Row preset_of_zos(std::string_view v1r12, std::string_view v2r2) const {
    return changed(&Row::preset_v1r12, v1r12).changed(&Row::preset_v2r2, v2r2);
  }
  constexpr Row when_absent(std::string_view meaning) const { return changed(&Row::absent, meaning); }
  constexpr Row in_slot(std::uint8_t number) const { return changed(&Row::slot, number); }
  constexpr Row standing_for(std::string_view newer) const { return changed(&Row::stands_for, newer); }
  constexpr Row refused(std::string_view why) const { return changed(&Row::unsupported, why); }
  constexpr Row without_effect(std::string_view why) const { return changed(&Row::idle, why); }
  constexpr Row ours() const { return changed(&Row::is_ours, true); }
  constexpr Row helped_by(std::string_view text) const { return changed(&Row::help, text); }
};

constexpr Row row(Attribute id, std::string_view name, Form form) {
  Row made{};
  made.id = id;
  made.name = name;
  made.form = form;
  return made;
}

template <class... Rows>
constexpr std::array<AttributeRow, sizeof...(Rows)> rows(const Rows&... given) {
  return {given...};
}

// ---- values that several attributes share

constexpr std::array yes_no = {of("Yes", 1), of("No", 0)};
constexpr std::array compat_choices = {of("None", Compat::none), of("V1R12", Compat::v1r12), of("V2R1", Compat::v2r1),
                                       of("V2R2", Compat::v2r2)};
constexpr std::array on_off = {of("On", 1), of("Off", 0)};
constexpr std::array silent_icmp = {of("Silent", DiscardAction::silent), of("ICMP", DiscardAction::icmp)};
constexpr std::array initiate_choices = {of("Main", HowToInitiate::main), of("Aggressive", HowToInitiate::aggressive),
                                         of("IKEv2", HowToInitiate::ikev2), of("DoNot", HowToInitiate::do_not)};
constexpr std::array respond_choices = {of("Main", 0), of("Aggressive", 1), of("Either", 2)};
constexpr std::array url_choices = {of("Allow", UrlPreference::allow), of("Tolerate", UrlPreference::tolerate),
                                    of("Disallow", UrlPreference::disallow),
                                    of("None", UrlPreference::disallow, extension)};
constexpr std::array revocation_choices = {of("None", Revocation::none), of("Loose", Revocation::loose),
                                           of("Strict", Revocation::strict)};
constexpr std::array encap_choices = {of("Tunnel", EncapsulationChoice::tunnel),
                                      of("Transport", EncapsulationChoice::transport)};
constexpr std::array encap_ikev2_choices = {of("Tunnel", EncapsulationChoice::tunnel),
                                            of("Transport", EncapsulationChoice::transport),
                                            of("Either", EncapsulationChoice::either)};
constexpr std::array df_followers = {of("Clear", DfSetting::clear), of("Set", DfSetting::set)};
constexpr std::array granularity_choices = {of("Rule", Granularity::rule), of("Packet", Granularity::packet)};
constexpr std::array initiation_choices = {of("LocalOnly", Initiation::local_only),
                                           of("RemoteOnly", Initiation::remote_only), of("Either", Initiation::either)};
constexpr std::array filter_actions = {of("Permit", FilterAction::permit), of("Deny", FilterAction::deny),
                                       of("IpSec", FilterAction::ipsec)};
constexpr std::array logging_choices = {of("No", FilterLogging::none), of("Yes", FilterLogging::all),
                                        of("LogPermit", FilterLogging::permit), of("LogDeny", FilterLogging::deny)};
constexpr std::array zone_choices = {of("Local", 0), of("UTC", 1)};

constexpr std::array protocols = {of("All", IpProtocol::any),
                                  of("Tcp", 6),
                                  of("Udp", 17),
                                  of("Icmp", 1),
                                  of("Icmpv6", 58),
                                  of("Ospf", 89),
                                  of("MIPv6", 135),
                                  of("Ip", 4),
                                  of("Ipip", 94),
                                  of("Ah", 51),
                                  of("Esp", 50),
                                  of("Igmp", 2),
                                  of("Opaque", protocol_opaque)};
/// Direction: which of the two filters there are; the followers say who may open the connection.
constexpr std::array directions = {of("Bidirectional", 2), of("Inbound", Direction::inbound),
                                   of("Outbound", Direction::outbound)};
constexpr std::array connect_followers = {of("InboundConnect", ConnectQualifier::inbound),
                                          of("OutboundConnect", ConnectQualifier::outbound)};
constexpr std::array routings = {of("Local", Routing::local), of("Routed", Routing::routed),
                                 of("Either", Routing::either)};
constexpr std::array fragments_follower = {of("FragmentsOnly", 1, extension)};

#define ADIT_GROUPS(with)                                                                                             \
  of("Group1", GroupId::modp_768), of("Group2", GroupId::modp_1024), of("Group5", GroupId::modp_1536),                \
      of("Group14", GroupId::modp_2048), of("Group15", GroupId::modp_3072, extension),                                \
      of("Group16", GroupId::modp_4096, extension), of("Group17", GroupId::modp_6144, extension),                     \
      of("Group18", GroupId::modp_8192, extension), of("Group19", GroupId::ecp_256), of("Group20", GroupId::ecp_384), \
      of("Group21", GroupId::ecp_521), of("Group24", GroupId::modp_2048_256),                                         \
      of("Group31", GroupId::curve25519, extension), of("Group32", GroupId::curve448, extension) with
#define ADIT_NO_MORE
#define ADIT_AND_NONE , of("None", GroupId::none)
constexpr std::array groups = {ADIT_GROUPS(ADIT_NO_MORE)};
constexpr std::array pfs_groups = {ADIT_GROUPS(ADIT_AND_NONE)};
#undef ADIT_AND_NONE
#undef ADIT_NO_MORE
#undef ADIT_GROUPS

// ---- algorithms

constexpr std::array manual_encryption = {of("DoNot", EncryptionId::null),
                                          of("DES", EncryptionId::des),
                                          of("3DES", EncryptionId::triple_des),
                                          of("AES", encryption_aes, deprecated),
                                          of("AES_CBC", EncryptionId::aes_cbc),
                                          of("AES_GCM_16", EncryptionId::aes_gcm_16, unsafe),
                                          of("AES_CTR", EncryptionId::aes_ctr, unsafe),
                                          of("AES_GCM_8", EncryptionId::aes_gcm_8, unsafe),
                                          of("AES_GCM_12", EncryptionId::aes_gcm_12, unsafe),
                                          of("AES_CCM_16", EncryptionId::aes_ccm_16, unsafe),
                                          of("CHACHA20_POLY1305", EncryptionId::chacha20_poly1305, unsafe)};
constexpr std::array manual_authentication = {of("HMAC_MD5", IntegrityId::hmac_md5_96),
                                              of("HMAC_SHA", IntegrityId::hmac_sha1_96),
                                              of("HMAC_SHA1", IntegrityId::hmac_sha1_96),
                                              of("HMAC_SHA2_256_128", IntegrityId::hmac_sha2_256_128),
                                              of("HMAC_SHA2_384_192", IntegrityId::hmac_sha2_384_192),
                                              of("HMAC_SHA2_512_256", IntegrityId::hmac_sha2_512_256),
                                              of("AES128_XCBC_96", IntegrityId::aes_xcbc_96),
                                              of("AES128_CMAC_96", IntegrityId::aes_cmac_96, extension),
                                              of("AES_GMAC_128", IntegrityId::aes_128_gmac, unsafe),
                                              of("AES_GMAC_192", IntegrityId::aes_192_gmac, unsafe),
                                              of("AES_GMAC_256", IntegrityId::aes_256_gmac, unsafe),
                                              of("Null", IntegrityId::none, unsupported)};
constexpr std::array data_encryption = {of("DoNot", EncryptionId::null),
                                        of("DES", EncryptionId::des),
                                        of("3DES", EncryptionId::triple_des),
                                        of("AES", encryption_aes, deprecated),
                                        of("AES_CBC", EncryptionId::aes_cbc),
                                        of("AES_GCM_16", EncryptionId::aes_gcm_16),
                                        of("AES_CTR", EncryptionId::aes_ctr, extension),
                                        of("AES_GCM_8", EncryptionId::aes_gcm_8, extension),
                                        of("AES_GCM_12", EncryptionId::aes_gcm_12, extension),
                                        of("AES_CCM_16", EncryptionId::aes_ccm_16, extension),
                                        of("CHACHA20_POLY1305", EncryptionId::chacha20_poly1305, extension)};
constexpr std::array ike_encryption = {of("DES", EncryptionId::des),
                                       of("3DES", EncryptionId::triple_des),
                                       of("AES", encryption_aes, deprecated),
                                       of("AES_CBC", EncryptionId::aes_cbc),
                                       of("AES_CTR", EncryptionId::aes_ctr, extension),
                                       of("AES_GCM_8", EncryptionId::aes_gcm_8, extension),
                                       of("AES_GCM_12", EncryptionId::aes_gcm_12, extension),
                                       of("AES_GCM_16", EncryptionId::aes_gcm_16, extension),
                                       of("AES_CCM_16", EncryptionId::aes_ccm_16, extension),
                                       of("CHACHA20_POLY1305", EncryptionId::chacha20_poly1305, extension)};
constexpr std::array data_authentication = {of("Null", IntegrityId::none),
                                            of("AES_GMAC_128", IntegrityId::aes_128_gmac),
                                            of("AES_GMAC_192", IntegrityId::aes_192_gmac, extension),
                                            of("AES_GMAC_256", IntegrityId::aes_256_gmac),
                                            of("AES128_XCBC_96", IntegrityId::aes_xcbc_96),
                                            of("AES128_CMAC_96", IntegrityId::aes_cmac_96, extension),
                                            of("HMAC_MD5", IntegrityId::hmac_md5_96),
                                            of("HMAC_SHA", IntegrityId::hmac_sha1_96),
                                            of("HMAC_SHA1", IntegrityId::hmac_sha1_96),
                                            of("HMAC_SHA2_256_128", IntegrityId::hmac_sha2_256_128),
                                            of("HMAC_SHA2_384_192", IntegrityId::hmac_sha2_384_192),
                                            of("HMAC_SHA2_512_256", IntegrityId::hmac_sha2_512_256)};
constexpr std::array verify_choices = {of("AES128_XCBC_96", IntegrityId::aes_xcbc_96),
                                       of("AES128_CMAC_96", IntegrityId::aes_cmac_96, extension),
                                       of("HMAC_MD5_96", IntegrityId::hmac_md5_96),
                                       of("HMAC_SHA1_96", IntegrityId::hmac_sha1_96),
                                       of("HMAC_SHA2_256_128", IntegrityId::hmac_sha2_256_128),
                                       of("HMAC_SHA2_384_192", IntegrityId::hmac_sha2_384_192),
                                       of("HMAC_SHA2_512_256", IntegrityId::hmac_sha2_512_256),
                                       of("None", IntegrityId::none, extension)};
constexpr std::array prf_choices = {
    of("AES128_XCBC", PrfId::aes128_xcbc),     of("AES128_CMAC", PrfId::aes128_cmac, extension),
    of("HMAC_MD5", PrfId::hmac_md5),           of("HMAC_SHA1", PrfId::hmac_sha1),
    of("HMAC_SHA2_256", PrfId::hmac_sha2_256), of("HMAC_SHA2_384", PrfId::hmac_sha2_384),
    of("HMAC_SHA2_512", PrfId::hmac_sha2_512)};
constexpr std::array hash_choices = {of("MD5", hash_md5), of("SHA1", 2), of("SHA2_256", 4), of("SHA2_384", 5),
                                     of("SHA2_512", 6)};
constexpr std::array auth_me_choices = {of("PresharedKey", HowToAuthMe::preshared_key),
                                        of("RsaSignature", HowToAuthMe::rsa_signature),
                                        of("ECDSA-256", HowToAuthMe::ecdsa_256),
                                        of("ECDSA-384", HowToAuthMe::ecdsa_384),
                                        of("ECDSA-521", HowToAuthMe::ecdsa_521),
                                        of("DigitalSignature", HowToAuthMe::digital_signature),
                                        of("Ed25519", 0, unsupported),
                                        of("Ed448", 0, unsupported),
                                        of("RsaPss", 0, unsupported),
                                        of("Eap", 0, unsupported)};
constexpr std::array auth_peers_choices = {of("PresharedKey", HowToAuthPeers::preshared_key),
                                           of("RsaSignature", HowToAuthPeers::signature),
                                           of("DigitalSignature", HowToAuthPeers::signature, extension),
                                           of("ECDSA-256", HowToAuthPeers::signature, unsupported),
                                           of("ECDSA-384", HowToAuthPeers::signature, unsupported),
                                           of("ECDSA-521", HowToAuthPeers::signature, unsupported),
                                           of("Ed25519", 0, unsupported),
                                           of("Ed448", 0, unsupported),
                                           of("RsaPss", 0, unsupported),
                                           of("Eap", 0, unsupported)};
constexpr std::array additional_choices = {of("None", 0, extension), of("ML_KEM_512", 35, unsupported),
                                           of("ML_KEM_768", 36, unsupported), of("ML_KEM_1024", 37, unsupported)};

// ---- rows that several statements share

constexpr std::uint64_t longest_minutes = 525600;  // a year
constexpr std::uint64_t longest_refresh = 9999;    // minutes
constexpr std::uint64_t largest_size = 4194300;    // Kbytes
constexpr std::uint64_t largest = 4294967295;
constexpr std::uint64_t longest_check_interval = 604800;  // seconds: a week

constexpr std::string_view not_yet = "it has no effect in this release";
constexpr std::string_view log_option = "it has no effect in this release: --log-level says what is logged";
constexpr std::string_view of_policy = "as KeyExchangePolicy says";

// ---- the policy language

constexpr Row block(std::string_view name, S statement, std::string_view help) {
  return row(A::statement, name, Form::block).naming(statement).repeatable().helped_by(help);
}

constexpr auto policy_file_rows = rows(
    block("IpFilterPolicy", S::ip_filter_policy, "the IP filter rules, in order of search"),
    block("IpFilterGroup", S::ip_filter_group, ""), block("IpFilterRule", S::ip_filter_rule, ""),
    block("IpService", S::ip_service, ""), block("IpServiceGroup", S::ip_service_group, ""),
    block("IpTimeCondition", S::ip_time_condition, ""), block("IpGenericFilterAction", S::ip_generic_filter_action, ""),
    block("IpManVpnAction", S::ip_man_vpn_action, ""), block("IpDynVpnAction", S::ip_dyn_vpn_action, ""),
    block("IpDataOffer", S::ip_data_offer, ""), block("IpLocalStartAction", S::ip_local_start_action, ""),
    block("RemoteIdentity", S::remote_identity, ""), block("IpAddr", S::ip_addr, ""),
    block("IpAddrSet", S::ip_addr_set, ""), block("IpAddrGroup", S::ip_addr_group, ""),
    block("KeyExchangePolicy", S::key_exchange_policy, ""), block("KeyExchangeGroup", S::key_exchange_group, ""),
    block("KeyExchangeRule", S::key_exchange_rule, ""), block("KeyExchangeAction", S::key_exchange_action, ""),
    block("KeyExchangeOffer", S::key_exchange_offer, ""),
    block("LocalSecurityEndpoint", S::local_security_endpoint, ""),
    block("RemoteSecurityEndpoint", S::remote_security_endpoint, ""),
    block("LocalDynVpnPolicy", S::local_dyn_vpn_policy, ""), block("LocalDynVpnGroup", S::local_dyn_vpn_group, ""),
    block("LocalDynVpnRule", S::local_dyn_vpn_rule, ""),
    row(A::ignored, "Codepage", Form::ignored).helped_by("files are UTF-8"),
    row(A::compat, "Compat", Form::choice)
        .taking(compat_choices)
        .preset_to("None")
        .ours()
        .helped_by("before all statements: the release of z/OS whose defaults hold, and whose words alone are taken"));

constexpr auto ip_filter_policy_rows =
    rows(row(A::pre_decap, "PreDecap", Form::choice)
             .taking(on_off)
             .preset_to("Off")
             .helped_by("whether inbound AH and ESP packets are filtered before they are decapsulated, too"),
         row(A::filter_logging, "FilterLogging", Form::choice)
             .taking(on_off)
             .preset_to("On")
             .helped_by("master switch of all filter messages"),
         row(A::allow_on_demand, "AllowOnDemand", Form::choice)
             .taking(yes_no)
             .preset_to("No")
             .helped_by("whether an outbound packet may start a negotiation, where no IpLocalStartAction says"),
         row(A::implicit_discard_action, "ImplicitDiscardAction", Form::choice)
             .taking(silent_icmp)
             .preset_to("Silent")
             .helped_by("what the implicit deny tells the sender"),
         row(A::fips140, "FIPS140", Form::choice)
             .taking(yes_no)
             .preset_to("No")
             .helped_by("whether algorithms that FIPS 140 forbids make the policy fail"),
         row(A::rule, "IpFilterRule", Form::block)
             .naming(S::ip_filter_rule)
             .repeatable()
             .in_slot(1)
             .helped_by("a rule, in its place"),
         row(A::rule, "IpFilterRuleRef", Form::name)
             .naming(S::ip_filter_rule)
             .repeatable()
             .in_slot(1)
             .helped_by("a global rule, in its place"),
         row(A::group, "IpFilterGroupRef", Form::name)
             .naming(S::ip_filter_group)
             .repeatable()
             .in_slot(1)
             .helped_by("the rules of a group, in its place"));

constexpr auto ip_filter_group_rows = rows(
    row(A::rule, "IpFilterRule", Form::block).naming(S::ip_filter_rule).repeatable().helped_by("a rule, in its place"),
    row(A::rule, "IpFilterRuleRef", Form::name)
        .naming(S::ip_filter_rule)
        .repeatable()
        .helped_by("a global rule, in its place"));

constexpr auto ip_filter_rule_rows = rows(
    row(A::source, "IpSourceAddr", Form::address)
        .preset_to("All")
        .in_slot(1)
        .helped_by("source; of a bidirectional rule the local side"),
    row(A::source, "IpSourceAddrSet", Form::address).in_slot(1).helped_by("source as prefix or range"),
    row(A::source, "IpSourceAddrRef", Form::name).naming(S::ip_addr).in_slot(1).helped_by("source as IpAddr"),
    row(A::source, "IpSourceAddrSetRef", Form::name).naming(S::ip_addr_set).in_slot(1).helped_by("source as IpAddrSet"),
    row(A::source, "IpSourceAddrGroupRef", Form::name)
        .naming(S::ip_addr_group)
        .in_slot(1)
        .helped_by("sources as IpAddrGroup"),
    row(A::destination, "IpDestAddr", Form::address)
        .preset_to("All")
        .in_slot(2)
        .helped_by("destination; of a bidirectional rule the remote side"),
    row(A::destination, "IpDestAddrSet", Form::address).in_slot(2).helped_by("destination as prefix or range"),
    row(A::destination, "IpDestAddrRef", Form::name).naming(S::ip_addr).in_slot(2).helped_by("destination as IpAddr"),
    row(A::destination, "IpDestAddrSetRef", Form::name)
        .naming(S::ip_addr_set)
        .in_slot(2)
        .helped_by("destination as IpAddrSet"),
    row(A::destination, "IpDestAddrGroupRef", Form::name)
        .naming(S::ip_addr_group)
        .in_slot(2)
        .helped_by("destinations as IpAddrGroup"),
    row(A::service, "IpService", Form::block)
        .naming(S::ip_service)
        .required()
        .in_slot(3)
        .helped_by("protocol, ports, direction and routing"),
    row(A::service, "IpServiceRef", Form::name).naming(S::ip_service).in_slot(3).helped_by("a global service"),
    row(A::service, "IpServiceGroupRef", Form::name)
        .naming(S::ip_service_group)
        .in_slot(3)
        .helped_by("several services, one filter each"),
    row(A::time_condition, "IpTimeCondition", Form::block)
        .naming(S::ip_time_condition)
        .when_absent("always active")
        .in_slot(4)
        .helped_by("when the rule is active"),
    row(A::time_condition, "IpTimeConditionRef", Form::name)
        .naming(S::ip_time_condition)
        .in_slot(4)
        .helped_by("when the rule is active"),
    row(A::remote_identity, "RemoteIdentity", Form::block)
        .naming(S::remote_identity)
        .when_absent("any")
        .in_slot(5)
        .helped_by("who the peer must be, with FilterByIdentity Yes"),
    row(A::remote_identity, "RemoteIdentityRef", Form::name)
        .naming(S::remote_identity)
        .in_slot(5)
        .helped_by("who the peer must be, with FilterByIdentity Yes"),
    row(A::generic_action, "IpGenericFilterActionRef", Form::name)
        .naming(S::ip_generic_filter_action)
        .required()
        .in_slot(6)
        .helped_by("what is done"),
    row(A::generic_action, "IpGenericFilterAction", Form::block)
        .naming(S::ip_generic_filter_action)
        .in_slot(6)
        .helped_by("what is done, inline (ours)"),
    row(A::dyn_vpn_action, "IpDynVpnActionRef", Form::name)
        .naming(S::ip_dyn_vpn_action)
        .when_absent("only with IpSec")
        .in_slot(7)
        .helped_by("the dynamic tunnel"),
    row(A::dyn_vpn_action, "IpDynVpnAction", Form::block)
        .naming(S::ip_dyn_vpn_action)
        .in_slot(7)
        .helped_by("the dynamic tunnel, inline (ours)"),
    row(A::man_vpn_action, "IpManVpnActionRef", Form::name)
        .naming(S::ip_man_vpn_action)
        .in_slot(7)
        .helped_by("the manual tunnel"),
    row(A::man_vpn_action, "IpManVpnAction", Form::block)
        .naming(S::ip_man_vpn_action)
        .in_slot(7)
        .helped_by("the manual tunnel, inline (ours)"),
    row(A::local_start_action, "IpLocalStartAction", Form::block)
        .naming(S::ip_local_start_action)
        .when_absent("defaults")
        .in_slot(8)
        .helped_by("how this side starts a negotiation"),
    row(A::local_start_action, "IpLocalStartActionRef", Form::name)
        .naming(S::ip_local_start_action)
        .in_slot(8)
        .helped_by("how this side starts a negotiation"));

constexpr auto ip_service_rows = rows(
    row(A::protocol, "Protocol", Form::protocol)
        .taking(protocols)
        .within(0, 255)
        .preset_to("All")
        .helped_by("upper-layer protocol; Opaque: packets that hide it"),
    row(A::source_port_range, "SourcePortRange", Form::span)
        .within(0, 65535)
        .preset_to("0")
        .helped_by("source ports (Tcp, Udp), 0: all; of a bidirectional rule the local ports"),
    row(A::destination_port_range, "DestinationPortRange", Form::span)
        .within(0, 65535)
        .preset_to("0")
        .helped_by("destination ports (Tcp, Udp), 0: all"),
    row(A::type, "Type", Form::span_or_any)
        .within(0, 255)
        .preset_to("Any")
        .helped_by("message type (Icmp, Icmpv6, Ospf, MIPv6)"),
    row(A::type, "IcmpType", Form::span_or_any).within(0, 255).standing_for("Type"),
    row(A::type, "TypeRange", Form::span_or_any).within(0, 255).standing_for("Type"),
    row(A::code, "Code", Form::span_or_any).within(0, 255).preset_to("Any").helped_by("message code (Icmp, Icmpv6)"),
    row(A::code, "IcmpCode", Form::span_or_any).within(0, 255).standing_for("Code"),
    row(A::code, "CodeRange", Form::span_or_any).within(0, 255).standing_for("Code"),
    row(A::direction, "Direction", Form::choice_pair)
        .taking(directions, connect_followers, "Bidirectional")
        .preset_to("Bidirectional")
        .helped_by("which way packets go; who may open a Tcp connection"),
    row(A::routing, "Routing", Form::choice_pair)
        .taking(routings, fragments_follower)
        .preset_to("Local")
        .helped_by("packets of this host, forwarded ones, or both"),
    row(A::fragments_only, "FragmentsOnly", Form::choice)
        .taking(yes_no)
        .preset_to("No")
        .helped_by("matches fragments alone"),
    row(A::security_class, "SecurityClass", Form::number)
        .within(0, 255)
        .preset_to("0")
        .helped_by("class of the interface, 0: any"));

constexpr auto ip_service_group_rows =
    rows(row(A::service, "IpService", Form::block).naming(S::ip_service).repeatable().helped_by("a service"),
         row(A::service, "IpServiceRef", Form::name).naming(S::ip_service).repeatable().helped_by("a global service"));

constexpr auto ip_addr_rows = rows(AttributeRow{
    .id = A::address, .name = "Addr", .form = Form::single_address, .need = Need::required, .help = "the address"});
constexpr auto ip_addr_set_rows = rows(
    row(A::address, "Prefix", Form::prefix).required().in_slot(1).helped_by("all addresses of a prefix"),
    AttributeRow{
        .id = A::address, .name = "Range", .form = Form::range, .slot = 1, .help = "all addresses from one to another"},
    AttributeRow{.id = A::address,
                 .name = "Addr",
                 .form = Form::address,
                 .slot = 1,
                 .is_ours = true,
                 .help = "address, prefix or range"});
constexpr auto ip_addr_group_rows = rows(
    row(A::address, "IpAddr", Form::block).naming(S::ip_addr).repeatable().helped_by("an address"),
    row(A::address, "IpAddrRef", Form::name).naming(S::ip_addr).repeatable().helped_by("a global IpAddr"),
    row(A::address, "IpAddrSet", Form::block).naming(S::ip_addr_set).repeatable().helped_by("a prefix or range"),
    row(A::address, "IpAddrSetRef", Form::name).naming(S::ip_addr_set).repeatable().helped_by("a global IpAddrSet"));

constexpr auto ip_time_condition_rows =
    rows(row(A::condition_time_range, "ConditionTimeRange", Form::time_span)
             .when_absent("always")
             .helped_by("from the first to the last second, both in it"),
         row(A::month_of_year_mask, "MonthOfYearMask", Form::digits)
             .within(12, 12)
             .when_absent("every month")
             .helped_by("January first"),
         row(A::day_of_month_mask, "DayOfMonthMask", Form::digits)
             .within(31, 62)
             .when_absent("every day")
             .helped_by("from the start, then from the end of the month"),
         row(A::day_of_week_mask, "DayOfWeekMask", Form::digits)
             .within(7, 7)
             .when_absent("every day")
             .helped_by("Sunday first"),
         row(A::time_of_day_range, "TimeOfDayRange", Form::day_times)
             .when_absent("all day")
             .helped_by("times of day, the end not in it; over midnight when it is the smaller one"),
         row(A::time_zone, "TimeZone", Form::choice)
             .taking(zone_choices)
             .preset_to("Local")
             .helped_by("of the times above"));

constexpr auto ip_generic_filter_action_rows =
    rows(row(A::filter_action, "IpFilterAction", Form::choice)
             .taking(filter_actions)
             .required()
             .helped_by("pass, drop, or pass only with protection"),
         row(A::filter_action_logging, "IpFilterLogging", Form::choice)
             .taking(logging_choices)
             .preset_to("No")
             .helped_by("what is logged; LogPermit and LogDeny only with IpSec"),
         row(A::discard_action, "DiscardAction", Form::choice)
             .taking(silent_icmp)
             .preset_to("Silent")
             .helped_by("what the sender of a dropped packet is told"));

constexpr auto ip_man_vpn_action_rows = rows(
    row(A::active, "Active", Form::choice)
        .taking(yes_no)
        .preset_to("Yes")
        .helped_by("whether the tunnel is up once installed; No: its traffic is dropped until `ipsec -m activate`"),
    row(A::local_endpoint, "LocalSecurityEndpointAddr", Form::single_address)
        .required()
        .in_slot(1)
        .helped_by("this end; All…: the address that each packet has there"),
    row(A::local_endpoint, "LocalSecurityEndpointAddrRef", Form::name)
        .naming(S::ip_addr)
        .in_slot(1)
        .helped_by("this end as IpAddr"),
    row(A::remote_endpoint, "RemoteSecurityEndpointAddr", Form::single_address)
        .required()
        .in_slot(2)
        .helped_by("the other end; All…: the address that each packet has there"),
    row(A::remote_endpoint, "RemoteSecurityEndpointAddrRef", Form::name)
        .naming(S::ip_addr)
        .in_slot(2)
        .helped_by("the other end as IpAddr"),
    row(A::passthrough_df, "PassthroughDF", Form::choice_pair)
        .taking(yes_no, df_followers, "No")
        .preset_to("Yes")
        .helped_by("DF of the outer IPv4 header: copied, cleared or set"),
    row(A::passthrough_dscp, "PassthroughDSCP", Form::choice)
        .taking(yes_no)
        .preset_to("Yes")
        .helped_by("whether the outer header's DSCP is copied"),
    row(A::how_to_encap, "HowToEncap", Form::choice).taking(encap_choices).preset_to("Tunnel").helped_by("mode"),
    row(A::how_to_encrypt, "HowToEncrypt", Form::encryption)
        .taking(manual_encryption)
        .preset_to("AES_CBC KeyLength 128")
        .preset_of_zos("DES", "AES_CBC KeyLength 128")
        .helped_by("cipher; DoNot: none"),
    row(A::encrypt_inbound_spi, "EncryptInboundSpi", Form::spi)
        .within(256, largest)
        .when_absent("none")
        .helped_by("SPI that the other end sends with"),
    row(A::encrypt_inbound_spi, "EncryptInboundSa", Form::spi).within(256, largest).standing_for("EncryptInboundSpi"),
    row(A::encrypt_inbound_key, "EncryptInboundKey", Form::manual_key)
        .within(1, 900)
        .when_absent("none")
        .helped_by("key that the other end encrypts with"),
    row(A::encrypt_outbound_spi, "EncryptOutboundSpi", Form::spi)
        .within(256, largest)
        .when_absent("none")
        .helped_by("SPI that this end sends with"),
    row(A::encrypt_outbound_spi, "EncryptOutboundSa", Form::spi)
        .within(256, largest)
        .standing_for("EncryptOutboundSpi"),
    row(A::encrypt_outbound_key, "EncryptOutboundKey", Form::manual_key)
        .within(1, 900)
        .when_absent("none")
        .helped_by("key that this end encrypts with"),
    row(A::how_to_auth, "HowToAuth", Form::authentication)
        .taking(manual_authentication)
        .preset_to("ESP HMAC_SHA1")
        .preset_of_zos("ESP HMAC_MD5", "ESP HMAC_SHA1")
        .helped_by("protocol and integrity; AH with a cipher is AH around ESP"),
    row(A::auth_inbound_spi, "AuthInboundSpi", Form::spi)
        .within(256, largest)
        .when_absent("none")
        .helped_by("SPI that the other end sends with"),
    row(A::auth_inbound_spi, "AuthInboundSa", Form::spi).within(256, largest).standing_for("AuthInboundSpi"),
    row(A::auth_inbound_key, "AuthInboundKey", Form::manual_key)
        .within(1, 900)
        .when_absent("none")
        .helped_by("integrity key of the other end"),
    row(A::auth_outbound_spi, "AuthOutboundSpi", Form::spi)
        .within(256, largest)
        .when_absent("none")
        .helped_by("SPI that this end sends with"),
    row(A::auth_outbound_spi, "AuthOutboundSa", Form::spi).within(256, largest).standing_for("AuthOutboundSpi"),
    row(A::auth_outbound_key, "AuthOutboundKey", Form::manual_key)
        .within(1, 900)
        .when_absent("none")
        .helped_by("integrity key of this end"),
    row(A::lifetime, "Lifetime", Form::number)
        .within(1, longest_minutes)
        .when_absent("no limit")
        .ours()
        .helped_by("minutes after which the tunnel becomes inactive"),
    row(A::lifesize, "Lifesize", Form::number)
        .within(1, largest_size)
        .when_absent("no limit")
        .ours()
        .helped_by("Kbytes in one direction after which the tunnel becomes inactive"),
    row(A::time_condition, "IpTimeCondition", Form::block)
        .naming(S::ip_time_condition)
        .when_absent("always")
        .in_slot(3)
        .helped_by("when the tunnel is installed"),
    row(A::time_condition, "IpTimeConditionRef", Form::name)
        .naming(S::ip_time_condition)
        .in_slot(3)
        .helped_by("when the tunnel is installed"));

constexpr auto ip_dyn_vpn_action_rows =
    rows(row(A::initiation, "Initiation", Form::choice)
             .taking(initiation_choices)
             .preset_to("Either")
             .helped_by("who may start the negotiation"),
         row(A::vpn_life, "VpnLife", Form::number)
             .within(0, longest_minutes)
             .preset_to("1440")
             .helped_by("minutes for which the tunnel is kept up by rekeying, 0: without end"),
         row(A::initiate_with_pfs, "InitiateWithPfs", Form::choice)
             .taking(pfs_groups)
             .preset_to("None")
             .helped_by("Diffie-Hellman group that this side asks for"),
         row(A::acceptable_pfs, "AcceptablePfs", Form::choice)
             .taking(pfs_groups)
             .repeatable()
             .preset_to("None")
             .helped_by("Diffie-Hellman groups taken from the peer"),
         row(A::pfs, "Pfs", Form::choice)
             .taking(pfs_groups)
             .when_absent("not set")
             .helped_by("deprecated: InitiateWithPfs and AcceptablePfs in one"),
         row(A::how_to_encap_ikev2, "HowToEncapIKEv2", Form::choice)
             .taking(encap_ikev2_choices)
             .preset_to("Either")
             .helped_by("mode; Either: transport where it is possible"),
         row(A::passthrough_df, "PassthroughDF", Form::choice_pair)
             .taking(yes_no, df_followers, "No")
             .preset_to("Yes")
             .helped_by("DF of the outer IPv4 header: copied, cleared or set"),
         row(A::passthrough_dscp, "PassthroughDSCP", Form::choice)
             .taking(yes_no)
             .preset_to("Yes")
             .helped_by("whether the outer header's DSCP is copied"),
         row(A::offer, "IpDataOffer", Form::block)
             .naming(S::ip_data_offer)
             .repeatable()
             .required()
             .in_slot(1)
             .helped_by("a protection, in order of preference"),
         row(A::offer, "IpDataOfferRef", Form::name)
             .naming(S::ip_data_offer)
             .repeatable()
             .in_slot(1)
             .helped_by("a global offer"));

constexpr auto ip_data_offer_rows = rows(
    row(A::how_to_encap, "HowToEncap", Form::choice).taking(encap_choices).preset_to("Tunnel").helped_by("IKEv1: mode"),
    row(A::how_to_encrypt, "HowToEncrypt", Form::encryption)
        .taking(data_encryption)
        .preset_to("AES_CBC KeyLength 128")
        .preset_of_zos("DES", "AES_CBC KeyLength 128")
        .helped_by("cipher; DoNot: none"),
    row(A::how_to_auth, "HowToAuth", Form::authentication)
        .taking(data_authentication)
        .preset_to("ESP HMAC_SHA1")
        .preset_of_zos("ESP HMAC_MD5", "ESP HMAC_SHA1")
        .helped_by("protocol and integrity; ESP Null with a combined mode"),
    row(A::refresh_lifetime_proposed, "RefreshLifetimeProposed", Form::number)
        .within(1, longest_refresh)
        .preset_to("240")
        .helped_by("minutes an SA lives; it is rekeyed 4 to 10 % earlier"),
    row(A::refresh_lifetime_accepted, "RefreshLifetimeAccepted", Form::limits)
        .within(1, longest_refresh)
        .preset_to("120 480")
        .helped_by("IKEv1: minutes taken from the peer"),
    row(A::refresh_lifesize_proposed, "RefreshLifesizeProposed", Form::number_or_none)
        .within(1, largest_size)
        .preset_to("None")
        .helped_by("Kbytes an SA carries; it is rekeyed at 90 %"),
    row(A::refresh_lifesize_accepted, "RefreshLifesizeAccepted", Form::limits_or_none)
        .within(1, largest_size)
        .preset_to("None")
        .helped_by("IKEv1: Kbytes taken from the peer"));

constexpr auto ip_local_start_action_rows =
    rows(row(A::allow_on_demand, "AllowOnDemand", Form::choice)
             .taking(yes_no)
             .when_absent("as IpFilterPolicy says")
             .helped_by("whether packets of this rule may start a negotiation"),
         row(A::local_ip_granularity, "LocalIpGranularity", Form::choice)
             .taking(granularity_choices)
             .preset_to("Packet")
             .helped_by("local addresses of an on-demand SA"),
         row(A::remote_ip_granularity, "RemoteIpGranularity", Form::choice)
             .taking(granularity_choices)
             .preset_to("Packet")
             .helped_by("remote addresses of an on-demand SA"),
         row(A::protocol_granularity, "ProtocolGranularity", Form::choice)
             .taking(granularity_choices)
             .preset_to("Rule")
             .helped_by("protocol of an on-demand SA"),
         row(A::local_port_granularity, "LocalPortGranularity", Form::choice)
             .taking(granularity_choices)
             .preset_to("Rule")
             .helped_by("local ports of an on-demand SA"),
         row(A::remote_port_granularity, "RemotePortGranularity", Form::choice)
             .taking(granularity_choices)
             .preset_to("Rule")
             .helped_by("remote ports of an on-demand SA"),
         row(A::icmp_type_granularity, "ICMPTypeGranularity", Form::choice)
             .taking(granularity_choices)
             .preset_to("Rule")
             .helped_by("type of what this side sends in an on-demand SA; IKEv1 has no word for it"),
         row(A::icmp_code_granularity, "ICMPCodeGranularity", Form::choice)
             .taking(granularity_choices)
             .preset_to("Rule")
             .helped_by("code of what this side sends in an on-demand SA, where its type is one"),
         row(A::icmpv6_type_granularity, "ICMPv6TypeGranularity", Form::choice)
             .taking(granularity_choices)
             .preset_to("Rule")
             .helped_by("type of what this side sends in an on-demand SA; IKEv1 has no word for it"),
         row(A::icmpv6_code_granularity, "ICMPv6CodeGranularity", Form::choice)
             .taking(granularity_choices)
             .preset_to("Rule")
             .helped_by("code of what this side sends in an on-demand SA, where its type is one"),
         row(A::mipv6_type_granularity, "MIPv6TypeGranularity", Form::choice)
             .taking(granularity_choices)
             .preset_to("Rule")
             .helped_by("type of what this side sends in an on-demand SA; IKEv1 has no word for it"),
         row(A::local_endpoint, "LocalSecurityEndpoint", Form::block)
             .naming(S::local_security_endpoint)
             .when_absent("the packet's source")
             .in_slot(1)
             .helped_by("who this side is, and where"),
         row(A::local_endpoint, "LocalSecurityEndpointRef", Form::name)
             .naming(S::local_security_endpoint)
             .in_slot(1)
             .helped_by("who this side is, and where"),
         row(A::remote_endpoint, "RemoteSecurityEndpoint", Form::block)
             .naming(S::remote_security_endpoint)
             .when_absent("the packet's destination")
             .in_slot(2)
             .helped_by("the peer to negotiate with"),
         row(A::remote_endpoint, "RemoteSecurityEndpointRef", Form::name)
             .naming(S::remote_security_endpoint)
             .in_slot(2)
             .helped_by("the peer to negotiate with"));

constexpr auto remote_identity_rows =
    rows(row(A::identity, "Identity", Form::identity).required().helped_by("as in RemoteSecurityEndpoint"));

constexpr auto key_exchange_policy_rows =
    rows(row(A::allow_nat, "AllowNat", Form::choice)
             .taking(yes_no)
             .preset_to("No")
             .helped_by("whether NAT traversal is offered and taken"),
         row(A::nat_keep_alive_interval, "NatKeepAliveInterval", Form::number)
             .within(0, 999)
             .preset_to("20")
             .helped_by("seconds between keep-alives behind a NAT, 0: none"),
         row(A::how_to_initiate, "HowToInitiate", Form::choice)
             .taking(initiate_choices)
             .preset_to("IKEv2")
             .preset_of_zos("Main", "Main")
             .helped_by("how this side starts"),
         row(A::liveness_interval, "LivenessInterval", Form::number)
             .within(0, 86400)
             .preset_to("30")
             .helped_by("seconds of silence until the peer is asked for a sign of life, 0: never"),
         row(A::bypass_ip_validation, "BypassIpValidation", Form::choice)
             .taking(yes_no)
             .preset_to("No")
             .helped_by("whether an IpAddr identity may differ from the peer's address"),
         row(A::certificate_url_lookup_preference, "CertificateURLLookupPreference", Form::choice)
             .taking(url_choices)
             .preset_to("Tolerate")
             .helped_by("certificates by hash and URL"),
         row(A::revocation_checking, "RevocationChecking", Form::choice)
             .taking(revocation_choices)
             .preset_to("Loose")
             .helped_by("how far revocation lists are asked"),
         row(A::filter_by_identity, "FilterByIdentity", Form::choice)
             .taking(yes_no)
             .preset_to("No")
             .helped_by("whether RemoteIdentity of filter rules counts"),
         row(A::rule, "KeyExchangeRule", Form::block)
             .naming(S::key_exchange_rule)
             .repeatable()
             .helped_by("a rule, in its place"),
         row(A::rule, "KeyExchangeRuleRef", Form::name)
             .naming(S::key_exchange_rule)
             .repeatable()
             .helped_by("a global rule, in its place"),
         row(A::group, "KeyExchangeGroupRef", Form::name)
             .naming(S::key_exchange_group)
             .repeatable()
             .helped_by("the rules of a group, in its place"));

constexpr auto key_exchange_group_rows = rows(row(A::rule, "KeyExchangeRule", Form::block)
                                                  .naming(S::key_exchange_rule)
                                                  .repeatable()
                                                  .helped_by("a rule, in its place"),
                                              row(A::rule, "KeyExchangeRuleRef", Form::name)
                                                  .naming(S::key_exchange_rule)
                                                  .repeatable()
                                                  .helped_by("a global rule, in its place"));

constexpr auto key_exchange_rule_rows =
    rows(row(A::local_endpoint, "LocalSecurityEndpoint", Form::block)
             .naming(S::local_security_endpoint)
             .required()
             .in_slot(1)
             .helped_by("this side"),
         row(A::local_endpoint, "LocalSecurityEndpointRef", Form::name)
             .naming(S::local_security_endpoint)
             .in_slot(1)
             .helped_by("this side"),
         row(A::remote_endpoint, "RemoteSecurityEndpoint", Form::block)
             .naming(S::remote_security_endpoint)
             .required()
             .in_slot(2)
             .helped_by("the peer"),
         row(A::remote_endpoint, "RemoteSecurityEndpointRef", Form::name)
             .naming(S::remote_security_endpoint)
             .in_slot(2)
             .helped_by("the peer"),
         row(A::key_exchange_action, "KeyExchangeActionRef", Form::name)
             .naming(S::key_exchange_action)
             .required()
             .in_slot(3)
             .helped_by("how keys are exchanged"),
         row(A::key_exchange_action, "KeyExchangeAction", Form::block)
             .naming(S::key_exchange_action)
             .in_slot(3)
             .helped_by("how keys are exchanged, inline (ours)"),
         row(A::shared_key, "SharedKey", Form::shared_key)
             .within(1, 900)
             .when_absent("none")
             .in_slot(4)
             .helped_by("the pre-shared key; never shown"),
         row(A::shared_key_file, "SharedKeyFile", Form::rest)
             .within(1, 900)
             .in_slot(4)
             .ours()
             .helped_by("a file with the key, as what follows SharedKey; its path starts at the folder of this file"));

constexpr auto key_exchange_action_rows =
    rows(row(A::how_to_initiate, "HowToInitiate", Form::choice)
             .taking(initiate_choices)
             .when_absent(of_policy)
             .helped_by("how this side starts; DoNot: it only responds"),
         row(A::how_to_respond_ikev1, "HowToRespondIKEv1", Form::choice)
             .taking(respond_choices)
             .preset_to("Either")
             .helped_by("IKEv1: modes that are answered"),
         row(A::how_to_respond_ikev1, "HowToRespond", Form::choice)
             .taking(respond_choices)
             .standing_for("HowToRespondIKEv1"),
         row(A::how_to_auth_me, "HowToAuthMe", Form::choice)
             .taking(auth_me_choices)
             .preset_to("DigitalSignature")
             .helped_by("IKEv2: how this side proves itself"),
         row(A::allow_nat, "AllowNat", Form::choice)
             .taking(yes_no)
             .when_absent(of_policy)
             .helped_by("whether NAT traversal is offered and taken"),
         row(A::force_udp_encapsulation, "ForceUdpEncapsulation", Form::choice)
             .taking(yes_no)
             .preset_to("No")
             .ours()
             .helped_by("IKEv2: ESP goes in UDP where no NAT is, too; needs AllowNat Yes"),
         row(A::offer, "KeyExchangeOffer", Form::block)
             .naming(S::key_exchange_offer)
             .repeatable()
             .required()
             .in_slot(1)
             .helped_by("algorithms, in order of preference"),
         row(A::offer, "KeyExchangeOfferRef", Form::name)
             .naming(S::key_exchange_offer)
             .repeatable()
             .in_slot(1)
             .helped_by("a global offer"),
         row(A::reauth_interval, "ReauthInterval", Form::number)
             .within(0, longest_minutes)
             .preset_to("0")
             .helped_by("IKEv2: minutes until the peers prove themselves again, 0: by ipsec -k refresh alone"),
         row(A::filter_by_identity, "FilterByIdentity", Form::choice)
             .taking(yes_no)
             .when_absent(of_policy)
             .helped_by("whether RemoteIdentity of filter rules counts"),
         row(A::bypass_ip_validation, "BypassIpValidation", Form::choice)
             .taking(yes_no)
             .when_absent(of_policy)
             .helped_by("whether an IpAddr identity may differ from the peer's address"),
         row(A::certificate_url_lookup_preference, "CertificateURLLookupPreference", Form::choice)
             .taking(url_choices)
             .when_absent(of_policy)
             .helped_by("certificates by hash and URL"),
         row(A::revocation_checking, "RevocationChecking", Form::choice)
             .taking(revocation_choices)
             .when_absent(of_policy)
             .helped_by("how far revocation lists are asked"),
         row(A::liveness_interval, "LivenessInterval", Form::number)
             .within(0, 86400)
             .when_absent(of_policy)
             .ours()
             .helped_by("seconds of silence until the peer is asked for a sign of life"));

constexpr auto key_exchange_offer_rows =
    rows(row(A::how_to_encrypt, "HowToEncrypt", Form::encryption)
             .taking(ike_encryption)
             .preset_to("AES_CBC KeyLength 128")
             .preset_of_zos("DES", "AES_CBC KeyLength 128")
             .helped_by("cipher of IKE messages"),
         row(A::how_to_auth_msgs, "HowToAuthMsgs", Form::choice)
             .taking(hash_choices)
             .preset_to("SHA2_256")
             .preset_of_zos("MD5", "SHA1")
             .helped_by("IKEv1: hash"),
         row(A::how_to_verify_msgs, "HowToVerifyMsgs", Form::choice)
             .taking(verify_choices)
             .preset_to("HMAC_SHA2_256_128")
             .preset_of_zos("HMAC_SHA1_96", "HMAC_SHA1_96")
             .helped_by("IKEv2: integrity; None with a combined mode, and only there"),
         row(A::pseudo_random_function, "PseudoRandomFunction", Form::choice)
             .taking(prf_choices)
             .preset_to("HMAC_SHA2_256")
             .preset_of_zos("HMAC_SHA1", "HMAC_SHA1")
             .helped_by("IKEv2: what keys are derived with"),
         row(A::how_to_auth_peers, "HowToAuthPeers", Form::choice)
             .taking(auth_peers_choices)
             .preset_to("RsaSignature")
             .helped_by("how the peer must prove itself; RsaSignature: any signature"),
         row(A::dh_group, "DHGroup", Form::choice)
             .taking(groups)
             .preset_to("Group14")
             .preset_of_zos("Group1", "Group2")
             .helped_by("Diffie-Hellman group"),
         row(A::refresh_lifetime_proposed, "RefreshLifetimeProposed", Form::number)
             .within(1, longest_refresh)
             .preset_to("480")
             .helped_by("minutes an SA lives; it is rekeyed 4 to 10 % earlier"),
         row(A::refresh_lifetime_accepted, "RefreshLifetimeAccepted", Form::limits)
             .within(1, longest_refresh)
             .preset_to("240 1440")
             .helped_by("IKEv1: minutes taken from the peer"),
         row(A::refresh_lifesize_proposed, "RefreshLifesizeProposed", Form::number_or_none)
             .within(1, largest_size)
             .preset_to("None")
             .helped_by("Kbytes an SA carries; it is rekeyed at 90 %"),
         row(A::refresh_lifesize_accepted, "RefreshLifesizeAccepted", Form::limits_or_none)
             .within(1, largest_size)
             .preset_to("None")
             .helped_by("IKEv1: Kbytes taken from the peer"),
         row(A::additional_key_exchange_1, "AdditionalKeyExchange1", Form::choice)
             .taking(additional_choices)
             .preset_to("None")
             .ours()
             .helped_by("RFC 9370: one more key exchange"),
         row(A::additional_key_exchange_2, "AdditionalKeyExchange2", Form::choice)
             .taking(additional_choices)
             .preset_to("None")
             .ours()
             .helped_by("RFC 9370: one more key exchange"),
         row(A::additional_key_exchange_3, "AdditionalKeyExchange3", Form::choice)
             .taking(additional_choices)
             .preset_to("None")
             .ours()
             .helped_by("RFC 9370: one more key exchange"),
         row(A::additional_key_exchange_4, "AdditionalKeyExchange4", Form::choice)
             .taking(additional_choices)
             .preset_to("None")
             .ours()
             .helped_by("RFC 9370: one more key exchange"),
         row(A::additional_key_exchange_5, "AdditionalKeyExchange5", Form::choice)
             .taking(additional_choices)
             .preset_to("None")
             .ours()
             .helped_by("RFC 9370: one more key exchange"),
         row(A::additional_key_exchange_6, "AdditionalKeyExchange6", Form::choice)
             .taking(additional_choices)
             .preset_to("None")
             .ours()
             .helped_by("RFC 9370: one more key exchange"),
         row(A::additional_key_exchange_7, "AdditionalKeyExchange7", Form::choice)
             .taking(additional_choices)
             .preset_to("None")
             .ours()
             .helped_by("RFC 9370: one more key exchange"));

constexpr auto local_security_endpoint_rows =
    rows(row(A::identity, "Identity", Form::identity)
             .when_absent("none, in IpLocalStartAction")
             .helped_by("who this side says it is; exact"),
         row(A::location, "Location", Form::address).when_absent("any").in_slot(1).helped_by("addresses of this side"),
         row(A::location, "LocationRef", Form::name).naming(S::ip_addr).in_slot(1).helped_by("addresses of this side"),
         row(A::location, "LocationSetRef", Form::name)
             .naming(S::ip_addr_set)
             .in_slot(1)
             .helped_by("addresses of this side"),
         row(A::location, "LocationGroupRef", Form::name)
             .naming(S::ip_addr_group)
             .in_slot(1)
             .helped_by("addresses of this side"));
constexpr auto remote_security_endpoint_rows = rows(
    row(A::identity, "Identity", Form::identity)
        .when_absent("none, in IpLocalStartAction")
        .helped_by("who the peer must prove to be; wildcards allowed"),
    row(A::location, "Location", Form::address).when_absent("any").in_slot(1).helped_by("addresses of the peer"),
    row(A::location, "LocationRef", Form::name).naming(S::ip_addr).in_slot(1).helped_by("addresses of the peer"),
    row(A::location, "LocationSetRef", Form::name).naming(S::ip_addr_set).in_slot(1).helped_by("addresses of the peer"),
    row(A::location, "LocationGroupRef", Form::name)
        .naming(S::ip_addr_group)
        .in_slot(1)
        .helped_by("addresses of the peer"),
    row(A::initiate_to_location, "InitiateToLocation", Form::word)
        .when_absent("Location")
        .helped_by("address or host name that the first message goes to"),
    row(A::ca_label, "CaLabel", Form::rest)
        .repeatable()
        .when_absent("every CA of the ring")
        .helped_by("label of a CA that the peer's certificate may come from"));

constexpr auto local_dyn_vpn_policy_rows = rows(row(A::rule, "LocalDynVpnRule", Form::block)
                                                    .naming(S::local_dyn_vpn_rule)
                                                    .repeatable()
                                                    .helped_by("a tunnel that can be activated"),
                                                row(A::rule, "LocalDynVpnRuleRef", Form::name)
                                                    .naming(S::local_dyn_vpn_rule)
                                                    .repeatable()
                                                    .helped_by("a global rule"),
                                                row(A::group, "LocalDynVpnGroupRef", Form::name)
                                                    .naming(S::local_dyn_vpn_group)
                                                    .repeatable()
                                                    .helped_by("the rules of a group"));
constexpr auto local_dyn_vpn_group_rows = rows(row(A::rule, "LocalDynVpnRule", Form::block)
                                                   .naming(S::local_dyn_vpn_rule)
                                                   .repeatable()
                                                   .helped_by("a tunnel that can be activated"),
                                               row(A::rule, "LocalDynVpnRuleRef", Form::name)
                                                   .naming(S::local_dyn_vpn_rule)
                                                   .repeatable()
                                                   .helped_by("a global rule"));
constexpr auto local_dyn_vpn_rule_rows = rows(
    row(A::source, "LocalIp", Form::address).required().in_slot(1).helped_by("local addresses of the tunnel's traffic"),
    AttributeRow{.id = A::source,
                 .name = "LocalIpSet",
                 .form = Form::address,
                 .slot = 1,
                 .is_ours = true,
                 .help = "local addresses"},
    row(A::source, "LocalIpRef", Form::name).naming(S::ip_addr).in_slot(1).helped_by("local addresses"),
    row(A::source, "LocalIpSetRef", Form::name).naming(S::ip_addr_set).in_slot(1).helped_by("local addresses"),
    row(A::destination, "RemoteIp", Form::address)
        .required()
        .in_slot(2)
        .helped_by("remote addresses of the tunnel's traffic"),
    row(A::destination, "RemoteIpSet", Form::address).in_slot(2).ours().helped_by("remote addresses"),
    row(A::destination, "RemoteIpRef", Form::name).naming(S::ip_addr).in_slot(2).helped_by("remote addresses"),
    row(A::destination, "RemoteIpSetRef", Form::name).naming(S::ip_addr_set).in_slot(2).helped_by("remote addresses"),
    row(A::protocol, "Protocol", Form::protocol)
        .taking(protocols)
        .within(0, 255)
        .preset_to("All")
        .helped_by("upper-layer protocol"),
    row(A::local_data_port, "LocalDataPort", Form::span)
        .within(0, 65535)
        .preset_to("0")
        .helped_by("local ports (Tcp, Udp), 0: all"),
    row(A::remote_data_port, "RemoteDataPort", Form::span)
        .within(0, 65535)
        .preset_to("0")
        .helped_by("remote ports (Tcp, Udp), 0: all"),
    row(A::type, "Type", Form::span_or_any)
        .within(0, 255)
        .preset_to("Any")
        .helped_by("message type (Icmp, Icmpv6, Ospf, MIPv6)"),
    row(A::code, "Code", Form::span_or_any).within(0, 255).preset_to("Any").helped_by("message code (Icmp, Icmpv6)"),
    row(A::auto_activate, "AutoActivate", Form::choice)
        .taking(yes_no)
        .preset_to("No")
        .helped_by(
            "whether it is activated as soon as iked and the stack are up, and again after its tunnel has ended other "
            "than by command; with growing pauses while that fails"));

// ---- pagent.conf and image files

constexpr std::string_view other_policy = "policy of another kind than IPSec";

constexpr Row passed_over(std::string_view name, std::string_view why = other_policy) {
  return row(A::ignored, name, Form::ignored).repeatable().helped_by(why);
}

constexpr auto pagent_file_rows = rows(
    row(A::image, "TcpImage", Form::image)
        .within(1, longest_check_interval)
        .repeatable()
        .when_absent("tcpip, where a policy is named; of a policy server alone, none")
        .helped_by("a stack, its image configuration file, and how often its files are looked at"),
    row(A::image, "PEPInstance", Form::image).within(1, longest_check_interval).repeatable().standing_for("TcpImage"),
    row(A::common_ipsec_config, "CommonIPSecConfig", Form::rest)
        .when_absent("none")
        .helped_by("IPSec policy file for all stacks"),
    row(A::ipsec_config, "IPSecConfig", Form::rest)
        .when_absent("none")
        .helped_by("IPSec policy file of the stacks without an image file"),
    row(A::log_level, "LogLevel", Form::number)
        .within(0, 511)
        .preset_to("31")
        .without_effect(log_option)
        .helped_by("sum of 1 SYSERR, 2 OBJERR, 4 PROTERR, 8 WARNING, 16 EVENT, 32 ACTION, 64 INFO, 128 ACNTING, "
                   "256 TRACE"),
    passed_over("Codepage", "files are UTF-8"),
    passed_over("AutoMonitorParms", "the system's service manager restarts daemons"),
    passed_over("AutoMonitorApps", "the system's service manager restarts daemons"),
    block("ServerConnection", S::server_connection, "the policy servers that this pagent is a client of"),
    block("PolicyServer", S::policy_server, "for the stacks without an image file: their policy comes from there"),
    row(A::client_connection, "ClientConnection", Form::number)
        .within(1, 65535)
        .when_absent("this pagent is no policy server")
        .helped_by("TCP port for policy clients; 16310 is the usual one"),
    block("ClientConnectionTls", S::client_connection_tls, "what ClientConnection listens with (ours)"),
    block("DynamicConfigPolicyLoad", S::dynamic_config_policy_load, "what one policy client gets"),
    passed_over("CommonTTLSConfig"), passed_over("TTLSConfig"), passed_over("CommonRoutingConfig"),
    passed_over("RoutingConfig"), passed_over("QOSConfig"), passed_over("IDSConfig"), passed_over("CommonIDSConfig"),
    passed_over("ReadFromDirectory"));

constexpr auto image_file_rows = rows(
    row(A::ipsec_config, "IPSecConfig", Form::rest).when_absent("none").helped_by("the stack's own IPSec policy file"),
    passed_over("Codepage", "files are UTF-8"),
    block("PolicyServer", S::policy_server, "the stack's policy comes from a policy server"), passed_over("TTLSConfig"),
    passed_over("RoutingConfig"), passed_over("QOSConfig"), passed_over("IDSConfig"), passed_over("ReadFromDirectory"));

// ---- iked.conf

// What claimed to run in FIPS 140 mode and did not would be worse than what says that it cannot.
constexpr std::array fips_choices = {of("yes", 1, unsupported), of("no", 0)};
constexpr std::array lower_yes_no = {of("yes", 1), of("no", 0)};
constexpr std::array smf_choices = {of("None", 0), of("IKEALL", 3), of("IKETunnel", 1), of("DynTunnel", 2)};
constexpr std::array service_choices = {of("Cert", 1), of("RemoteMgmt", 2)};
constexpr std::string_view no_tls = "none: the three are given together";

constexpr Row tls(A id, std::string_view name, std::string_view help) {
  return row(id, name, Form::rest).when_absent(no_tls).helped_by(help);
}

// ---- central policy: statements of pagent.conf and of image files

constexpr std::string_view proven_by_tls = "the TLS certificate says who the client is";

constexpr auto server_connection_rows = rows(
    row(A::server_host, "ServerHost", Form::word).required().helped_by("the primary policy server: address or name"),
    row(A::server_port, "ServerPort", Form::number).within(1, 65535).preset_to("16310").helped_by("its TCP port"),
    row(A::server_identity, "ServerIdentity", Form::word)
        .when_absent("ServerHost")
        .helped_by("name or address that its TLS certificate must carry (ours)"),
    row(A::backup_server_host, "BackupServerHost", Form::word)
        .when_absent("none")
        .helped_by("asked while the primary does not answer"),
    row(A::backup_server_port, "BackupServerPort", Form::number)
        .within(1, 65535)
        .preset_to("16310")
        .helped_by("its TCP port"),
    row(A::backup_server_identity, "BackupServerIdentity", Form::word)
        .when_absent("BackupServerHost")
        .helped_by("name or address that its TLS certificate must carry (ours)"),
    row(A::server_connect_wait, "ServerConnectWait", Form::number)
        .within(1, 300)
        .preset_to("5")
        .helped_by("seconds without the primary before the backup is asked, too"),
    tls(A::tls_certificate, "TlsCertificate", "PEM file: certificate shown to the policy servers (ours)"),
    tls(A::tls_key, "TlsKey", "PEM file: its private key, for its owner alone to read (ours)"),
    tls(A::tls_ca, "TlsCa", "PEM file: who may have signed the servers' certificates (ours)"),
    passed_over("ServerSSL", "TlsCertificate, TlsKey and TlsCa say what the connection is proved with"));
constexpr auto policy_server_rows =
    rows(row(A::client_name, "ClientName", Form::word)
             .when_absent("host_stack")
             .helped_by("the DynamicConfigPolicyLoad that is asked for: 1 to 32 characters"),
         block("PolicyType", S::wanted_policy_type, "IPSec: that the IPSec policy comes from the server"),
         passed_over("Userid", proven_by_tls), passed_over("AuthBy", proven_by_tls));
constexpr std::string_view no_flush = "IPSec policy is always replaced as a whole, and stays when pagent ends";
constexpr auto wanted_policy_type_rows = rows(passed_over("FLUSH", no_flush), passed_over("NOFLUSH", no_flush),
                                              passed_over("PURGE", no_flush), passed_over("NOPURGE", no_flush));
constexpr auto client_connection_tls_rows =
    rows(row(A::bind_address, "Address", Form::word)
             .repeatable()
             .when_absent("all addresses")
             .helped_by("address to listen on (ours)"),
         tls(A::tls_certificate, "TlsCertificate", "PEM file: the server's certificate (ours)"),
         tls(A::tls_key, "TlsKey", "PEM file: its private key, for its owner alone to read (ours)"),
         tls(A::tls_ca, "TlsCa", "PEM file: who may have signed the clients' certificates (ours)"));
constexpr auto dynamic_config_policy_load_rows =
    rows(row(A::tls_identity, "TlsIdentity", Form::rest)
             .when_absent("the client's name")
             .helped_by("name or address in its TLS certificate (ours)"),
         block("PolicyType", S::loaded_policy_type, "IPSec: the files of its IPSec policy"));
constexpr auto loaded_policy_type_rows =
    rows(row(A::common_policy_load, "CommonPolicyLoad", Form::rest)
             .when_absent("none")
             .helped_by("IPSec policy file that several clients share; * stands for the client's name"),
         row(A::policy_load, "PolicyLoad", Form::rest)
             .when_absent("none")
             .helped_by("IPSec policy file of the client alone; * stands for the client's name"));

constexpr auto iked_file_rows =
    rows(block("IkeConfig", S::ike_config, "the daemon"),
         block("NssStackConfig", S::nss_stack_config, "a stack as a client of the certificate server"));
constexpr auto ike_config_rows =
    rows(row(A::ike_syslog_level, "IkeSyslogLevel", Form::number)
             .within(0, 255)
             .preset_to("1")
             .without_effect(log_option)
             .helped_by("bits of the daemon's log classes"),
         row(A::pagent_syslog_level, "PagentSyslogLevel", Form::number)
             .within(0, 255)
             .preset_to("0")
             .without_effect(log_option)
             .helped_by("bits of the log classes of the connection to pagent"),
         row(A::smf119, "SMF119", Form::choice)
             .taking(smf_choices)
             .repeatable()
             .preset_to("None")
             .without_effect(not_yet)
             .helped_by("SMF records; events are logged"),
         row(A::ike_retries, "IkeRetries", Form::number)
             .within(1, 20)
             .preset_to("6")
             .helped_by("retransmissions of a message"),
         row(A::ike_init_wait, "IkeInitWait", Form::number)
             .within(1, 15)
             .preset_to("2")
             .helped_by("seconds before the first retransmission; later waits double"),
         row(A::fips140, "FIPS140", Form::choice).taking(fips_choices).preset_to("no").helped_by("FIPS 140 mode"),
         row(A::key_ring, "KeyRing", Form::rest)
             .when_absent("none")
             .without_effect("nssd signs and judges for both versions: its KeyRing counts")
             .helped_by("folder of the key ring of IKEv1, or NoKeyRing"),
         row(A::echo, "Echo", Form::choice)
             .taking(lower_yes_no)
             .preset_to("no")
             .without_effect(not_yet)
             .helped_by("whether the log goes to standard output, too"),
         row(A::network_security_server, "NetworkSecurityServer", Form::server)
             .when_absent("none")
             .helped_by("the certificate server: host [Port n] [Identity type value]"),
         row(A::network_security_server_backup, "NetworkSecurityServerBackup", Form::server)
             .when_absent("none")
             .without_effect(not_yet)
             .helped_by("asked when the first does not answer"),
         row(A::nss_wait_limit, "NssWaitLimit", Form::number)
             .within(1, 300)
             .preset_to("60")
             .helped_by("seconds to wait for an answer of the certificate server"),
         row(A::nss_wait_retries, "NssWaitRetries", Form::number)
             .within(0, 10)
             .preset_to("3")
             .without_effect(not_yet)
             .helped_by("tries before the other server is asked"),
         row(A::pagent_wait, "PagentWait", Form::number)
             .within(0, 9999)
             .preset_to("0")
             .without_effect(not_yet)
             .helped_by("seconds to wait for pagent, 0: for ever"),
         row(A::supported_cert_auth, "SupportedCertAuth", Form::rest)
             .repeatable()
             .when_absent("none")
             .without_effect(not_yet)
             .helped_by("label of a CA for CERTREQ, where no CaLabel is coded"),
         tls(A::tls_certificate, "TlsCertificate", "PEM file: certificate shown to the certificate server (ours)"),
         tls(A::tls_key, "TlsKey", "PEM file: its private key, for its owner alone to read (ours)"),
         tls(A::tls_ca, "TlsCa", "PEM file: who may have signed the server's certificate (ours)"));
constexpr auto nss_stack_config_rows =
    rows(row(A::client_name, "ClientName", Form::word).when_absent("host_stack").helped_by("1 to 24 characters"),
         row(A::service_type, "ServiceType", Form::choice)
             .taking(service_choices)
             .repeatable()
             .required()
             .helped_by("services that the stack uses"),
         row(A::user_id, "UserId", Form::user)
             .when_absent("the TLS certificate decides")
             .without_effect(not_yet)
             .helped_by("name AuthBy Password pw, or name AuthBy Passticket"));

// ---- nssd.conf

constexpr std::array disciplines = {of("IPSec", 1), of("XMLAppliance", 2)};
constexpr std::array enable_followers = {of("Enable", 1), of("Disable", 0)};

constexpr auto nssd_file_rows =
    rows(block("NssConfig", S::nss_config, "the server"),
         block("IPSecDisciplineConfig", S::ipsec_discipline_config, "the certificate service"),
         block("NssClient", S::nss_client, "what one client may use (ours)"));
constexpr auto nss_config_rows = rows(
    row(A::port, "Port", Form::number).within(1, 65535).preset_to("4159").helped_by("TCP port"),
    row(A::bind_address, "Address", Form::word)
        .repeatable()
        .when_absent("all addresses")
        .helped_by("address to listen on (ours)"),
    row(A::syslog_level, "SyslogLevel", Form::number)
        .within(0, 255)
        .preset_to("0")
        .without_effect(log_option)
        .helped_by("bits of the log classes"),
    row(A::key_ring, "KeyRing", Form::rest).when_absent("none").helped_by("folder of the key ring: certs, private, ca"),
    row(A::discipline, "Discipline", Form::choice_pair)
        .taking(disciplines, enable_followers)
        .repeatable()
        .when_absent("IPSec Enable")
        .helped_by("services that are offered; XMLAppliance has no effect"),
    tls(A::tls_certificate, "TlsCertificate", "PEM file: the server's certificate (ours)"),
    tls(A::tls_key, "TlsKey", "PEM file: its private key, for its owner alone to read (ours)"),
    tls(A::tls_ca, "TlsCa", "PEM file: who may have signed the clients' certificates (ours)"));
constexpr auto ipsec_discipline_config_rows =
    rows(row(A::fips140, "FIPS140", Form::choice).taking(fips_choices).preset_to("no").helped_by("FIPS 140 mode"),
         row(A::url_cache_interval, "URLCacheInterval", Form::number)
             .within(0, largest)
             .preset_to("10080")
             .without_effect(not_yet)
             .helped_by("minutes for which what a URL gave is kept, 0: not at all"),
         row(A::certificate_url, "CertificateURL", Form::label_and_url)
             .repeatable()
             .when_absent("none")
             .without_effect(not_yet)
             .helped_by("where the certificate of that label can be fetched"),
         row(A::certificate_bundle_url, "CertificateBundleURL", Form::label_and_url)
             .repeatable()
             .when_absent("none")
             .without_effect(not_yet)
             .helped_by("where a bundle for that label can be fetched"));
constexpr auto nss_client_rows = rows(row(A::tls_identity, "TlsIdentity", Form::rest)
                                          .when_absent("the client's name")
                                          .helped_by("name or address in its TLS certificate"),
                                      row(A::service_type, "ServiceType", Form::choice)
                                          .taking(service_choices)
                                          .repeatable()
                                          .when_absent("none")
                                          .helped_by("services that it may use"),
                                      row(A::sign_with, "SignWith", Form::rest)
                                          .repeatable()
                                          .when_absent("none")
                                          .helped_by("label of a certificate that it may sign with; * for all"),
                                      row(A::use_ca, "UseCa", Form::rest)
                                          .repeatable()
                                          .when_absent("none")
                                          .helped_by("label of a CA certificate that it may use; * for all"));

// ---- statements, in the order of StatementId

constexpr std::array statements = {
    StatementRow{S::policy_file, "an IPSec policy file", Naming::none, policy_file_rows, ""},
    StatementRow{S::pagent_file, "pagent.conf", Naming::none, pagent_file_rows, ""},
    StatementRow{S::image_file, "an image configuration file", Naming::none, image_file_rows, ""},
    StatementRow{S::iked_file, "iked.conf", Naming::none, iked_file_rows, ""},
    StatementRow{S::nssd_file, "nssd.conf", Naming::none, nssd_file_rows, ""},
    StatementRow{S::ip_filter_policy, "IpFilterPolicy", Naming::none, ip_filter_policy_rows,
                 "The IP filter rules of a stack, in order of search, and what holds for all of them. Required."},
    StatementRow{S::ip_filter_group, "IpFilterGroup", Naming::required, ip_filter_group_rows,
                 "Filter rules under one name; IpFilterPolicy puts them in their place."},
    StatementRow{S::ip_filter_rule, "IpFilterRule", Naming::required, ip_filter_rule_rows,
                 "Which packets, and what is done with them."},
    StatementRow{S::ip_service, "IpService", Naming::optional, ip_service_rows,
                 "Protocol, ports, direction and routing of packets."},
    StatementRow{S::ip_service_group, "IpServiceGroup", Naming::required, ip_service_group_rows,
                 "Services under one name; a rule has filters for each."},
    StatementRow{S::ip_time_condition, "IpTimeCondition", Naming::optional, ip_time_condition_rows,
                 "When a rule is in force: while all that is given holds."},
    StatementRow{S::ip_generic_filter_action, "IpGenericFilterAction", Naming::required, ip_generic_filter_action_rows,
                 "Permit, deny, or protect; and what is logged."},
    StatementRow{S::ip_man_vpn_action, "IpManVpnAction", Naming::required, ip_man_vpn_action_rows,
                 "A tunnel with keys written in the policy: one pair of SAs."},
    StatementRow{S::ip_dyn_vpn_action, "IpDynVpnAction", Naming::required, ip_dyn_vpn_action_rows,
                 "A tunnel with negotiated keys: what is offered and taken."},
    StatementRow{S::ip_data_offer, "IpDataOffer", Naming::optional, ip_data_offer_rows, "One way to protect traffic."},
    StatementRow{S::ip_local_start_action, "IpLocalStartAction", Naming::optional, ip_local_start_action_rows,
                 "How this side starts negotiations for a rule."},
    StatementRow{S::remote_identity, "RemoteIdentity", Naming::optional, remote_identity_rows,
                 "The peer for whom a filter rule is meant."},
    StatementRow{S::ip_addr, "IpAddr", Naming::optional, ip_addr_rows, "An address under a name."},
    StatementRow{S::ip_addr_set, "IpAddrSet", Naming::optional, ip_addr_set_rows, "A prefix or range under a name."},
    StatementRow{S::ip_addr_group, "IpAddrGroup", Naming::required, ip_addr_group_rows,
                 "Addresses under one name; a rule has filters for each."},
    StatementRow{S::key_exchange_policy, "KeyExchangePolicy", Naming::none, key_exchange_policy_rows,
                 "The key exchange rules of a stack, in order of search, and defaults of their actions."},
    StatementRow{S::key_exchange_group, "KeyExchangeGroup", Naming::required, key_exchange_group_rows,
                 "Key exchange rules under one name."},
    StatementRow{S::key_exchange_rule, "KeyExchangeRule", Naming::required, key_exchange_rule_rows,
                 "Two ends of an IKE SA, and how they exchange keys."},
    StatementRow{S::key_exchange_action, "KeyExchangeAction", Naming::required, key_exchange_action_rows,
                 "How keys are exchanged and peers prove themselves."},
    StatementRow{S::key_exchange_offer, "KeyExchangeOffer", Naming::optional, key_exchange_offer_rows,
                 "Algorithms of an IKE SA."},
    StatementRow{S::local_security_endpoint, "LocalSecurityEndpoint", Naming::optional, local_security_endpoint_rows,
                 "This end of an IKE SA."},
    StatementRow{S::remote_security_endpoint, "RemoteSecurityEndpoint", Naming::optional, remote_security_endpoint_rows,
                 "The other end of an IKE SA."},
    StatementRow{S::local_dyn_vpn_policy, "LocalDynVpnPolicy", Naming::none, local_dyn_vpn_policy_rows,
                 "The tunnels that commands, and the start of the stack, can activate."},
    StatementRow{S::local_dyn_vpn_group, "LocalDynVpnGroup", Naming::required, local_dyn_vpn_group_rows,
                 "Such tunnels under one name."},
    StatementRow{S::local_dyn_vpn_rule, "LocalDynVpnRule", Naming::required, local_dyn_vpn_rule_rows,
                 "One tunnel that can be activated: its traffic, which must lie inside one dynamic filter rule."},
    StatementRow{S::ike_config, "IkeConfig", Naming::none, ike_config_rows, "The IKE daemon."},
    StatementRow{S::nss_stack_config, "NssStackConfig", Naming::required, nss_stack_config_rows,
                 "A stack that uses the certificate server."},
    StatementRow{S::nss_config, "NssConfig", Naming::none, nss_config_rows, "The certificate server."},
    StatementRow{S::ipsec_discipline_config, "IPSecDisciplineConfig", Naming::none, ipsec_discipline_config_rows,
                 "Its service for IPSec."},
    StatementRow{S::nss_client, "NssClient", Naming::required, nss_client_rows,
                 "What one client may use; what is not named is denied."},
    StatementRow{S::server_connection, "ServerConnection", Naming::none, server_connection_rows,
                 "The policy servers of a policy client (docs/central-policy.md)."},
    StatementRow{S::policy_server, "PolicyServer", Naming::none, policy_server_rows,
                 "A stack whose policy comes from a policy server."},
    StatementRow{S::wanted_policy_type, "PolicyType", Naming::required, wanted_policy_type_rows,
                 "Inside PolicyServer: `PolicyType IPSec`. Other types are ignored with a note."},
    StatementRow{S::client_connection_tls, "ClientConnectionTls", Naming::none, client_connection_tls_rows,
                 "How policy clients connect to this policy server (ours)."},
    StatementRow{S::dynamic_config_policy_load, "DynamicConfigPolicyLoad", Naming::required,
                 dynamic_config_policy_load_rows,
                 "One policy client, by its exact name, and who may be it. What is not named is denied."},
    StatementRow{S::loaded_policy_type, "PolicyType", Naming::required, loaded_policy_type_rows,
                 "Inside DynamicConfigPolicyLoad: `PolicyType IPSec`. Other types are ignored with a note."},
};
static_assert(statements.size() == std::to_underlying(S::count));
static_assert(std::ranges::is_sorted(statements, {}, &StatementRow::id));

}  // namespace

std::string_view AttributeRow::preset_in(Compat compat) const {
  const std::string_view of_zos = compat == Compat::v2r2   ? preset_v2r2
                                  : compat == Compat::none ? std::string_view{}
                                                           : preset_v1r12;
  return of_zos.empty() ? preset : of_zos;
}

const StatementRow& row_of(StatementId id) { return statements.at(std::to_underlying(id)); }
std::span<const StatementRow> statement_table() { return statements; }

}  // namespace adit::policy
