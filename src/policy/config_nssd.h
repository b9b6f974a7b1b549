#pragma once
// nssd.conf: NssConfig and IPSecDisciplineConfig of z/OS, with Adit's own parameters for TLS and for what each client
// may use (docs/policy.md). Text in, values out.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "policy/parsed.h"

namespace adit::policy {

/// CertificateURL and CertificateBundleURL: where a certificate, or a bundle, of the key ring can be fetched.
struct CertificateUrl {
  std::string label, url;
  auto operator<=>(const CertificateUrl&) const = default;
};

/// `NssClient name { … }`: what one client may use. What is not named is denied.
struct NssClientAccess {
  std::string name;                  ///< as in the client's ClientName
  std::string tls_identity;          ///< TlsIdentity: a DNS name or address of its certificate's subjectAltName, or its
                                     ///< subject's common name; absent: the client's name
  bool certificate_service = false;  ///< ServiceType Cert
  bool management_service = false;   ///< ServiceType RemoteMgmt
  std::vector<std::string> sign_with;    ///< SignWith: labels whose private key it may use
  std::vector<std::string> authorities;  ///< UseCa: labels of CA certificates it may know
  SourceRange at;

  bool may_sign_with(std::string_view label) const;  ///< `*` allows all
  bool may_use_ca(std::string_view label) const;
  auto operator<=>(const NssClientAccess&) const = default;
};

struct NssdConfig {
  std::uint16_t port = 4159;
  std::vector<std::string> addresses;  ///< Address, to bind to; none: all
  unsigned syslog_level = 0;
  std::optional<std::string> key_ring;  ///< KeyRing: the folder of the ring
  bool ipsec_enabled = true;            ///< Discipline IPSec Enable
  std::optional<TlsFiles> tls;          ///< TlsCertificate, TlsKey, TlsCa
  bool fips140 = false;
  Minutes url_cache_interval{10080};  ///< 0: no caching
  std::vector<CertificateUrl> certificate_urls, bundle_urls;
  std::vector<NssClientAccess> clients;  ///< NssClient, last statement for each name

  const NssClientAccess* find_client(std::string_view name) const;
  auto operator<=>(const NssdConfig&) const = default;
};
Parsed<NssdConfig> parse_nssd_config(const SourceFile& file);

}  // namespace adit::policy
