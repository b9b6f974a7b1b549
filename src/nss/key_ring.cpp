#include "nss/key_ring.h"

#include <openssl/err.h>

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "nss/openssl_pointer.h"
#include "nss/ring_file.h"

namespace adit::nss {
namespace {

/// Collects what the files hold, and what is wrong with them.
class Assembly {
 public:
  void read(const RingFile& file) {
    switch (file.place) {
      case RingPlace::certificate:
        return read_certificates(file);
      case RingPlace::private_key:
        return read_private_key(file);
      case RingPlace::authority:
        return read_authority(file);
      case RingPlace::revocation_list:
        return read_revocation_lists(file);
    }
  }

  void join_private_keys() {
    for (auto& [label, held] : private_keys_) {
      const auto owner = std::ranges::find(certificates, label, &RingCertificate::label);
      if (owner == certificates.end()) {
        report(*held.file, fmt::format("no certificate has the label '{}'", label));
      } else if (X509_check_private_key(owner->certificate.native(), held.key.get()) != 1) {
        report(*held.file, fmt::format("is not the private key of certificate '{}', subject {}", label,
                                       owner->certificate.subject()));
      } else {
        owner->private_key = held.key;
      }
      ERR_clear_error();
    }
  }

  std::vector<RingCertificate> certificates;
  std::vector<RingAuthority> authorities;
  std::vector<RevocationList> revocation_lists;
  std::vector<RingProblem> problems;

 private:
  struct HeldKey {
    crypto::Key key;
    const RingFile* file;
  };

  void report(const RingFile& file, std::string reason) {
    problems.push_back({.file = file.name, .reason = std::move(reason)});
  }

  bool has_room(const RingFile& file, std::size_t held, std::size_t more) {
    if (held + more <= KeyRing::most_of_each) return true;
    report(file, fmt::format("makes more than {} of its kind, the most that a ring holds", KeyRing::most_of_each));
    return false;
  }

  template <class Labelled>
  bool has_own_label(const RingFile& file, const std::vector<Labelled>& others) {
    if (std::ranges::find(others, file.label, &Labelled::label) == others.end()) return true;
    report(file, fmt::format("another file has the label '{}' too", file.label));
    return false;
  }

  /// By label. The further certificates of a file, which have none, come first and keep their order.
  template <class Labelled>
  static void put_in_order(std::vector<Labelled>& others, Labelled added) {
    others.insert(std::ranges::upper_bound(others, added.label, {}, &Labelled::label), std::move(added));
  }

  void read_certificates(const RingFile& file) {
    auto parsed = parse_certificates(file.octets.reveal());
    if (!parsed) return report(file, parsed.error());
    if (!has_own_label(file, certificates) || !has_room(file, certificates.size(), parsed->size())) return;
    std::string label = file.label;
    for (Certificate& certificate : *parsed)
      put_in_order(certificates, RingCertificate{.label = std::exchange(label, {}),
                                                 .certificate = std::move(certificate),
                                                 .private_key = nullptr,
                                                 .issuers = {},
                                                 .has_whole_chain = false});
  }

  void read_private_key(const RingFile& file) {
    auto key = crypto::parse_private_key(file.octets.reveal());
    if (!key) return report(file, key.error());
    if (!has_room(file, private_keys_.size(), 1)) return;
    if (!private_keys_.try_emplace(file.label, HeldKey{.key = std::move(*key), .file = &file}).second)
      report(file, fmt::format("another file has the label '{}' too", file.label));
  }

  void read_authority(const RingFile& file) {
    auto parsed = parse_certificates(file.octets.reveal());
    if (!parsed) return report(file, parsed.error());
    if (parsed->size() != 1)
      return report(file, fmt::format("holds {} certificates; a CaLabel names one", parsed->size()));
    if (!parsed->front().is_authority())
      return report(file, fmt::format("subject {} is no certification authority", parsed->front().subject()));
    if (!has_own_label(file, authorities) || !has_room(file, authorities.size(), 1)) return;
    put_in_order(authorities, RingAuthority{.label = file.label, .certificate = std::move(parsed->front())});
  }

  void read_revocation_lists(const RingFile& file) {
    auto parsed = parse_revocation_lists(file.octets.reveal());
    if (!parsed) return report(file, parsed.error());
    if (!has_room(file, revocation_lists.size(), parsed->size())) return;
    std::ranges::move(*parsed, std::back_inserter(revocation_lists));
  }

  std::map<std::string, HeldKey> private_keys_;
};

bool holds(const std::vector<Certificate>& chain, const Certificate& certificate) {
  return std::ranges::find(chain, certificate) != chain.end();
}

}  // namespace

std::expected<std::shared_ptr<const KeyRing>, std::vector<RingProblem>> KeyRing::build(
    std::span<const RingFile> files) {
  Assembly assembly;
  for (const RingFile& file : files) assembly.read(file);
  assembly.join_private_keys();
  if (!assembly.problems.empty()) return std::unexpected{std::move(assembly.problems)};

  std::shared_ptr<KeyRing> ring{new KeyRing};
  ring->certificates_ = std::move(assembly.certificates);
  ring->authorities_ = std::move(assembly.authorities);
  ring->revocation_lists_ = std::move(assembly.revocation_lists);
  ring->link_chains();
  return ring;
}

const RingAuthority* KeyRing::find_authority(std::string_view label) const {
  const auto at = std::ranges::find(authorities_, label, &RingAuthority::label);
  return at == authorities_.end() ? nullptr : &*at;
}

// Chains of the certificates that can sign, once for the ring's life: they go out with every signature.
void KeyRing::link_chains() {
  const auto find_issuer = [this](const Certificate& of) -> const Certificate* {
    for (const RingAuthority& authority : authorities_)
      if (of.is_issued_by(authority.certificate)) return &authority.certificate;
    for (const RingCertificate& other : certificates_)
      if (other.certificate.is_authority() && of.is_issued_by(other.certificate)) return &other.certificate;
    return nullptr;
  };
  const auto is_anchor = [this](const Certificate& certificate) {
    return std::ranges::find(authorities_, certificate, &RingAuthority::certificate) != authorities_.end();
  };
  for (RingCertificate& signer : certificates_) {
    if (!signer.private_key) continue;
    const Certificate* top = &signer.certificate;
    while (!top->is_self_signed() && !is_anchor(*top) && signer.issuers.size() + 1 < longest_chain) {
      const Certificate* issuer = find_issuer(*top);
      if (issuer == nullptr || holds(signer.issuers, *issuer)) break;
      signer.issuers.push_back(*issuer);
      top = issuer;
    }
    signer.has_whole_chain = top->is_self_signed() || is_anchor(*top);
  }
}

}  // namespace adit::nss
