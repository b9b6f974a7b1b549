// Algorithms that the RFCs no longer want: one table, a row each, with the words of the RFC.

#include <fmt/format.h>

#include <array>
#include <set>
#include <utility>

#include "policy/lint/subject.h"
#include "policy/lint/versions.h"

namespace adit::policy::lint {
namespace {

/// Where an algorithm stands, and what says so.
struct Verdict {
  unsigned id = 0;
  Kind kind{};
  std::string_view says;
};
template <class Id>
constexpr Verdict verdict(Id id, Kind kind, std::string_view says) {
  return {static_cast<unsigned>(id), kind, says};
}

constexpr auto forbidden = Kind::forbidden_algorithm;
constexpr auto weak = Kind::weak_algorithm;
constexpr auto ageing = Kind::ageing_algorithm;

constexpr std::array ike_encryption = {
    verdict(EncryptionId::des, forbidden, "RFC 8247 §2.1: MUST NOT"),
    verdict(EncryptionId::triple_des, ageing, "RFC 8247 §2.1: MAY, since AES is everywhere"),
};
constexpr std::array prfs = {
    verdict(PrfId::hmac_md5, forbidden, "RFC 8247 §2.2: MUST NOT"),
    verdict(PrfId::hmac_sha1, ageing, "RFC 8247 §2.2: MUST-, to be given up"),
};
// Of the PRF of the same name, which the hash is in IKEv1 (RFC 2409 §4); RFC 8247 speaks of IKEv2.
constexpr std::array hashes = {
    verdict(PrfId::hmac_md5, forbidden, "RFC 8247 §2.2 of its PRF: MUST NOT"),
    verdict(PrfId::hmac_sha1, ageing, "RFC 8247 §2.2 of its PRF: MUST-, to be given up"),
};
constexpr std::array ike_integrity = {
    verdict(IntegrityId::hmac_md5_96, forbidden, "RFC 8247 §2.3: MUST NOT"),
    verdict(IntegrityId::hmac_sha1_96, ageing, "RFC 8247 §2.3: MUST-, to be given up"),
};
constexpr std::array groups = {
    verdict(GroupId::modp_768, forbidden, "RFC 8247 §2.4: MUST NOT"),
    verdict(GroupId::modp_1024_160, forbidden, "RFC 8247 §2.4: MUST NOT"),
    verdict(GroupId::modp_1024, weak, "RFC 8247 §2.4: SHOULD NOT"),
    verdict(GroupId::modp_1536, weak, "RFC 8247 §2.4: SHOULD NOT"),
    verdict(GroupId::modp_2048_224, weak, "RFC 8247 §2.4: SHOULD NOT"),
    verdict(GroupId::modp_2048_256, weak, "RFC 8247 §2.4: SHOULD NOT"),
};
constexpr std::array esp_encryption = {
    verdict(EncryptionId::des, forbidden, "RFC 8221 §5: MUST NOT"),
    verdict(EncryptionId::triple_des, weak, "RFC 8221 §5: SHOULD NOT"),
};
constexpr std::array esp_integrity = {
    verdict(IntegrityId::hmac_md5_96, forbidden, "RFC 8221 §6: MUST NOT"),
    verdict(IntegrityId::hmac_sha1_96, ageing, "RFC 8221 §6: MUST-, to be given up"),
};

constexpr std::string_view better_cipher = "AES_GCM_16 or AES_CBC with KeyLength 128 or 256";
constexpr std::string_view better_hash = "HMAC_SHA2_256_128 or HMAC_SHA2_512_256";
constexpr std::string_view better_hash_v1 = "HowToAuthMsgs SHA2_256 or SHA2_512";
constexpr std::string_view better_prf = "HMAC_SHA2_256 or HMAC_SHA2_512";
constexpr std::string_view better_group = "Group14, Group19 or Group31";

std::string word_of(GroupId group) { return fmt::format("Group{}", std::to_underlying(group)); }

std::string_view hash_word(PrfId hash) { return hash == PrfId::hmac_md5 ? "MD5" : "SHA1"; }

/// Tells of the algorithms of one statement.
class Judge {
 public:
  Judge(const Subject& subject, const SourceRange& at, std::string_view of, Remarks& remarks)
      : statement_{subject.origins.of(at)}, at_{at}, of_{of}, remarks_{remarks} {}

  template <class Id>
  void judge(std::span<const Verdict> table, Id id, Attribute attribute, const std::string& name,
             std::string_view advice) const {
    for (const Verdict& row : table) {
      if (row.id != static_cast<unsigned>(id)) continue;
      const Entry* entry = statement_ == nullptr ? nullptr : entry_saying(attribute, row.id);
      remarks_.add(
          {.kind = row.kind,
           .at = entry == nullptr ? at_ : entry->value_at.range(),
           .other = std::nullopt,
           .problem = fmt::format("{}{} in {}: {}", name, entry == nullptr ? ", the default," : "", of_, row.says),
           .advice = std::string{advice}});
    }
  }

 private:
  // Of an attribute that is given several times, the entry that says this.
  const Entry* entry_saying(Attribute attribute, unsigned id) const {
    for (const Entry& entry : statement_->entries) {
      const bool says_it = std::holds_alternative<Chosen>(entry.value) && chosen_of<unsigned>(entry.value, 0) == id;
      if (entry.row->id == attribute && entry.row->occurs == Occurs::many && says_it) return &entry;
    }
    return entry_of(*statement_, attribute);
  }

  const Statement* statement_;
  const SourceRange& at_;
  std::string_view of_;
  Remarks& remarks_;
};

void judge_action(const Subject& subject, const KeyExchangeAction& action, Remarks& remarks) {
  const bool is_for_v1 = is_meant_for_v1(action, subject.origins.of(action.at));
  for (const KeyExchangeOffer& offer : action.offers) {
    const std::string of = fmt::format("KeyExchangeOffer {} of {}", offer.name, action.name);
    const Judge judge{subject, offer.at, of, remarks};
    judge.judge(ike_encryption, offer.encryption, Attribute::how_to_encrypt,
                to_string(offer.encryption, offer.key_bits), better_cipher);
    judge.judge(ike_integrity, offer.integrity, Attribute::how_to_verify_msgs, to_string(offer.integrity), better_hash);
    judge.judge(prfs, offer.prf, Attribute::pseudo_random_function, "PRF " + to_string(offer.prf), better_prf);
    const Statement* coded = subject.origins.of(offer.at);
    if (is_for_v1 || (coded != nullptr && coded->find(Attribute::how_to_auth_msgs) != nullptr)) {
      judge.judge(hashes, offer.hash_v1, Attribute::how_to_auth_msgs,
                  fmt::format("the hash {}", hash_word(offer.hash_v1)), better_hash_v1);
    }
    judge.judge(groups, offer.group, Attribute::dh_group, word_of(offer.group), better_group);
  }
}

void judge_action(const Subject& subject, const DynVpnAction& action, Remarks& remarks) {
  const std::string of = "IpDynVpnAction " + action.name;
  const Judge pfs{subject, action.at, of, remarks};
  pfs.judge(groups, action.initiate_with_pfs, Attribute::initiate_with_pfs, word_of(action.initiate_with_pfs),
            better_group);
  for (const GroupId group : action.acceptable_pfs) {
    pfs.judge(groups, group, Attribute::acceptable_pfs, word_of(group), better_group);
  }
  for (const DataOffer& offer : action.offers) {
    const std::string of_offer = fmt::format("IpDataOffer {} of {}", offer.name, action.name);
    const Judge judge{subject, offer.at, of_offer, remarks};
    judge.judge(esp_encryption, offer.encryption, Attribute::how_to_encrypt,
                to_string(offer.encryption, offer.key_bits), better_cipher);
    judge.judge(esp_integrity, offer.integrity, Attribute::how_to_auth, to_string(offer.integrity), better_hash);
  }
}

void judge_action(const Subject& subject, const ManVpnAction& action, Remarks& remarks) {
  const std::string of = "IpManVpnAction " + action.name;
  const Judge judge{subject, action.at, of, remarks};
  judge.judge(esp_encryption, action.encryption, Attribute::how_to_encrypt,
              to_string(action.encryption, action.key_bits), "AES_CBC with KeyLength 128 or 256");
  judge.judge(esp_integrity, action.integrity, Attribute::how_to_auth, to_string(action.integrity), better_hash);
}

}  // namespace

void check_algorithms(const Subject& subject, Remarks& remarks) {
  std::set<const KeyExchangeAction*> actions;
  for (const KeyExchangeRule& rule : subject.policy.key_exchange.rules) {
    if (actions.insert(rule.action.get()).second) judge_action(subject, *rule.action, remarks);
  }
  std::set<const DynVpnAction*> tunnels;
  std::set<const ManVpnAction*> manual;
  for (const Filter& filter : subject.policy.filter.filters) {
    if (filter.manual != nullptr && manual.insert(filter.manual.get()).second) {
      judge_action(subject, *filter.manual, remarks);
    }
    if (filter.vpn != nullptr && tunnels.insert(filter.vpn.get()).second) judge_action(subject, *filter.vpn, remarks);
  }
}

}  // namespace adit::policy::lint
