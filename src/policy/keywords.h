#pragma once
// Every statement and attribute of the policy language and of the daemons' configuration files, once: the parser, the
// diagnostics, the defaults and docs/policy.md all come from these rows.

#include <cstdint>
#include <span>
#include <string_view>

namespace adit::policy {

/// The release of z/OS that a policy is written for (`Compat`): its defaults hold, and nothing of ours is taken.
enum class Compat : std::uint8_t { none, v1r12, v2r1, v2r2 };

/// A word that an attribute may have as its value, and what it stands for: an enumerator of model.h or a number.
struct Choice {
  enum class Standing : std::uint8_t {
    standard,
    extension,    ///< ours: z/OS does not know it
    deprecated,   ///< taken, with a warning
    unsupported,  ///< known, and refused: this release cannot do it
    unsafe,       ///< known, and refused: not with keys that do not change
  };
  std::string_view word;
  unsigned value = 0;
  Standing standing = Standing::standard;
};

/// How the text after an attribute's name is read.
enum class Form : std::uint8_t {
  choice,          ///< one word of the choices
  choice_pair,     ///< one word, then perhaps one of the followers
  number,          ///< least to most
  number_or_none,  ///< None, or a number
  span,            ///< n [m], n:m or n-m
  span_or_any,     ///< Any, or a span
  limits,          ///< min max
  limits_or_none,  ///< None, or min max
  name,            ///< of a global statement: an attribute that ends in Ref
  word,            ///< one word, as it is
  rest,            ///< all of the line, as it is
  address,         ///< address, prefix, range, All, All4, All6
  single_address,  ///< one address, or All…
  prefix,          ///< address/length
  range,           ///< address-address
  protocol,        ///< a choice or 0 to 255
  encryption,      ///< algorithm [KeyLength n]
  authentication,  ///< AH|ESP algorithm
  identity,        ///< type value
  shared_key,      ///< Ascii|Ebcdic|Hex value
  manual_key,      ///< hexadecimal, or as shared_key
  spi,             ///< 256 and more, decimal or hexadecimal
  digits,          ///< zeros and ones, least or most of them
  time_span,       ///< yyyymmddhhmmss:yyyymmddhhmmss
  day_times,       ///< hh:mm-hh:mm[,…]
  server,          ///< host [Port n] [Identity type value]
  label_and_url,   ///< label url
  user,            ///< name AuthBy Password|Passticket …
  image,           ///< name [file] [FLUSH|NOFLUSH] [PURGE|NOPURGE] [seconds]
  block,           ///< a statement of its own, in braces
  ignored,         ///< of no concern to Adit; passed over with its block, with a note
};

enum class Attribute : std::uint8_t;
enum class StatementId : std::uint8_t;

enum class Occurs : std::uint8_t { once, many };
enum class Need : std::uint8_t { optional, required };

/// One attribute of one statement.
struct AttributeRow {
  Attribute id{};
  std::string_view name;
  Form form{};
  std::span<const Choice> choices = {};
  std::span<const Choice> followers = {};
  std::string_view followed = {};  ///< the choice after which alone they stand; empty: each
  std::uint64_t least = 0, most = 0;
  StatementId statement{};             ///< of a block or a name
  std::string_view preset = {};        ///< the value when it is absent, as it would be written
  std::string_view preset_v1r12 = {};  ///< the same by Compat V1R12 and V2R1, where it is another one
  std::string_view preset_v2r2 = {};   ///< the same by Compat V2R2
  std::string_view absent = {};        ///< what absence means, where that is no value
  Occurs occurs = Occurs::once;
  Need need = Need::optional;
  std::uint8_t slot = 0;              ///< rows of one slot stand for each other: of those that occur once, one is given
  std::string_view stands_for = {};   ///< an older or other spelling of this attribute
  std::string_view unsupported = {};  ///< why this release refuses it
  std::string_view idle = {};         ///< why another value than the preset changes nothing in this release
  bool is_ours = false;               ///< z/OS does not know it
  std::string_view help = {};

  std::string_view preset_in(Compat compat) const;
};

enum class Naming : std::uint8_t { none, optional, required };

/// One statement: its attributes, in the order of the reference.
struct StatementRow {
  StatementId id;
  std::string_view name;
  Naming naming = Naming::none;
  std::span<const AttributeRow> attributes = {};
  std::string_view help = {};
};

const StatementRow& row_of(StatementId id);
std::span<const StatementRow> statement_table();

enum class StatementId : std::uint8_t {
  // roots: what may stand at the top of a file
  policy_file,
  pagent_file,
  image_file,
  iked_file,
  nssd_file,
  // the policy language
  ip_filter_policy,
  ip_filter_group,
  ip_filter_rule,
  ip_service,
  ip_service_group,
  ip_time_condition,
  ip_generic_filter_action,
  ip_man_vpn_action,
  ip_dyn_vpn_action,
  ip_data_offer,
  ip_local_start_action,
  remote_identity,
  ip_addr,
  ip_addr_set,
  ip_addr_group,
  key_exchange_policy,
  key_exchange_group,
  key_exchange_rule,
  key_exchange_action,
  key_exchange_offer,
  local_security_endpoint,
  remote_security_endpoint,
  local_dyn_vpn_policy,
  local_dyn_vpn_group,
  local_dyn_vpn_rule,
  // the daemons' files
  ike_config,
  nss_stack_config,
  nss_config,
  ipsec_discipline_config,
  nss_client,
  // central policy, in pagent's files
  server_connection,
  policy_server,
  wanted_policy_type,
  client_connection_tls,
  dynamic_config_policy_load,
  loaded_policy_type,
  count,
};

enum class Attribute : std::uint8_t {
  statement,  // a block at the top of a file
  ignored,
  compat,
  // IpFilterPolicy
  pre_decap,
  filter_logging,
  allow_on_demand,
  implicit_discard_action,
  fips140,
  rule,
  group,
  // IpFilterRule
  source,
  destination,
  service,
  time_condition,
  remote_identity,
  generic_action,
  dyn_vpn_action,
  man_vpn_action,
  local_start_action,
  // IpService
  protocol,
  source_port_range,
  destination_port_range,
  type,
  code,
  direction,
  routing,
  fragments_only,
  security_class,
  // addresses
  address,
  // IpTimeCondition
  condition_time_range,
  month_of_year_mask,
  day_of_month_mask,
  day_of_week_mask,
  time_of_day_range,
  time_zone,
  // IpGenericFilterAction
  filter_action,
  filter_action_logging,
  discard_action,
  // IpManVpnAction
  active,
  local_endpoint,
  remote_endpoint,
  passthrough_df,
  passthrough_dscp,
  how_to_encap,
  how_to_encrypt,
  encrypt_inbound_spi,
  encrypt_inbound_key,
  encrypt_outbound_spi,
  encrypt_outbound_key,
  how_to_auth,
  auth_inbound_spi,
  auth_inbound_key,
  auth_outbound_spi,
  auth_outbound_key,
  lifetime,
  lifesize,
  // IpDynVpnAction
  initiation,
  vpn_life,
  initiate_with_pfs,
  acceptable_pfs,
  pfs,
  how_to_encap_ikev2,
  offer,
  refresh_lifetime_proposed,
  refresh_lifetime_accepted,
  refresh_lifesize_proposed,
  refresh_lifesize_accepted,
  // IpLocalStartAction
  local_ip_granularity,
  remote_ip_granularity,
  protocol_granularity,
  local_port_granularity,
  remote_port_granularity,
  icmp_type_granularity,
  icmp_code_granularity,
  icmpv6_type_granularity,
  icmpv6_code_granularity,
  mipv6_type_granularity,
  // key exchange
  allow_nat,
  force_udp_encapsulation,
  nat_keep_alive_interval,
  how_to_initiate,
  liveness_interval,
  bypass_ip_validation,
  certificate_url_lookup_preference,
  revocation_checking,
  filter_by_identity,
  how_to_respond_ikev1,
  how_to_auth_me,
  reauth_interval,
  how_to_auth_msgs,
  how_to_verify_msgs,
  pseudo_random_function,
  how_to_auth_peers,
  dh_group,
  additional_key_exchange_1,
  additional_key_exchange_2,
  additional_key_exchange_3,
  additional_key_exchange_4,
  additional_key_exchange_5,
  additional_key_exchange_6,
  additional_key_exchange_7,
  key_exchange_action,
  shared_key,
  shared_key_file,
  identity,
  location,
  initiate_to_location,
  ca_label,
  // LocalDynVpnRule
  local_data_port,
  remote_data_port,
  auto_activate,
  // pagent.conf
  image,
  common_ipsec_config,
  ipsec_config,
  log_level,
  codepage,
  server_host,
  server_port,
  server_identity,
  backup_server_host,
  backup_server_port,
  backup_server_identity,
  server_connect_wait,
  client_connection,
  policy_load,
  common_policy_load,
  // iked.conf
  ike_syslog_level,
  pagent_syslog_level,
  smf119,
  ike_retries,
  ike_init_wait,
  key_ring,
  echo,
  network_security_server,
  network_security_server_backup,
  nss_wait_limit,
  nss_wait_retries,
  pagent_wait,
  supported_cert_auth,
  tls_certificate,
  tls_key,
  tls_ca,
  client_name,
  service_type,
  user_id,
  // nssd.conf
  port,
  bind_address,
  syslog_level,
  discipline,
  url_cache_interval,
  certificate_url,
  certificate_bundle_url,
  tls_identity,
  sign_with,
  use_ca,
};

/// What Protocol Opaque and AES (AES_CBC KeyLength 128) stand for in their Choice.
inline constexpr unsigned protocol_opaque = 256;
inline constexpr unsigned encryption_aes = 0xffff;
/// What HowToAuthMsgs MD5 stands for (RFC 2409 Appendix A).
inline constexpr unsigned hash_md5 = 1;

}  // namespace adit::policy
