#include "rpc/key_exchange_messages.h"

#include "rpc/common_messages.h"
#include "rpc/filter_messages.h"

namespace adit::rpc {
namespace {

constexpr std::size_t longest_shared_key = 65535;
constexpr std::size_t most_locations = 10'000;
constexpr std::size_t most_labels = 1'000;

void write(const policy::KeyExchangeOffer& from, v1::KeyExchangeOffer& to) {
  to.set_name(from.name);
  to.set_encryption(std::to_underlying(from.encryption));
  to.set_key_bits(from.key_bits);
  to.set_integrity(std::to_underlying(from.integrity));
  to.set_prf(std::to_underlying(from.prf));
  to.set_hash_v1(std::to_underlying(from.hash_v1));
  to.set_group(std::to_underlying(from.group));
  to.set_auth_peers(choice<v1::HowToAuthPeers>(from.auth_peers));
  to.set_lifetime_minutes(static_cast<std::uint32_t>(from.lifetime.count()));
  to.set_lifetime_least_minutes(static_cast<std::uint32_t>(from.lifetime_least.count()));
  to.set_lifetime_most_minutes(static_cast<std::uint32_t>(from.lifetime_most.count()));
  if (from.lifesize_kbytes) to.set_lifesize_kbytes(*from.lifesize_kbytes);
  if (from.lifesize_accepted) {
    to.mutable_lifesize_accepted()->set_least_kbytes(from.lifesize_accepted->least);
    to.mutable_lifesize_accepted()->set_most_kbytes(from.lifesize_accepted->most);
  }
  rpc::write(from.at, *to.mutable_at());
}

policy::KeyExchangeOffer read(Intake& in, const v1::KeyExchangeOffer& from) {
  policy::KeyExchangeOffer offer{
      .name = in.text(from.name(), "KeyExchangeOffer name"),
      .encryption = read_encryption(in, from.encryption()),
      .key_bits = from.key_bits(),
      .integrity = read_integrity(in, from.integrity()),
      .prf = read_prf(in, from.prf()),
      .hash_v1 = read_prf(in, from.hash_v1()),
      .group = read_group(in, from.group()),
      .auth_peers = in.choice(from.auth_peers(), policy::HowToAuthPeers::signature, "HowToAuthPeers"),
      .lifetime = in.duration<Minutes>(from.lifetime_minutes(), "RefreshLifetimeProposed"),
      .lifetime_least = in.duration<Minutes>(from.lifetime_least_minutes(), "least RefreshLifetimeAccepted"),
      .lifetime_most = in.duration<Minutes>(from.lifetime_most_minutes(), "most RefreshLifetimeAccepted"),
      .at = rpc::read(in, from.at()),
  };
  if (from.has_lifesize_kbytes()) offer.lifesize_kbytes = from.lifesize_kbytes();
  if (from.has_lifesize_accepted()) {
    offer.lifesize_accepted = {.least = from.lifesize_accepted().least_kbytes(),
                               .most = from.lifesize_accepted().most_kbytes()};
  }
  return offer;
}

}  // namespace

void write(const policy::KeyExchangeAction& from, v1::KeyExchangeAction& to) {
  to.set_name(from.name);
  to.set_how_to_initiate(choice<v1::HowToInitiate>(from.how_to_initiate));
  to.set_how_to_respond(choice<v1::HowToRespondIkeV1>(from.how_to_respond));
  to.set_how_to_auth_me(choice<v1::HowToAuthMe>(from.how_to_auth_me));
  to.set_allow_nat(from.allow_nat);
  to.set_force_udp_encapsulation(from.force_udp_encapsulation);
  to.set_reauth_interval_minutes(static_cast<std::uint32_t>(from.reauth_interval.count()));
  to.set_filter_by_identity(from.filter_by_identity);
  to.set_bypass_ip_validation(from.bypass_ip_validation);
  to.set_url_preference(choice<v1::UrlPreference>(from.url_preference));
  to.set_revocation(choice<v1::Revocation>(from.revocation));
  to.set_liveness_interval_seconds(static_cast<std::uint32_t>(from.liveness_interval.count()));
  for (const policy::KeyExchangeOffer& offer : from.offers) write(offer, *to.add_offers());
  write(from.at, *to.mutable_at());
}

policy::KeyExchangeAction read(Intake& in, const v1::KeyExchangeAction& from) {
  policy::KeyExchangeAction action{
      .name = in.text(from.name(), "KeyExchangeAction name"),
      .how_to_initiate = in.choice(from.how_to_initiate(), policy::HowToInitiate::do_not, "HowToInitiate"),
      .how_to_respond = in.choice(from.how_to_respond(), policy::HowToRespondIkeV1::either, "HowToRespondIKEv1"),
      .how_to_auth_me = in.choice(from.how_to_auth_me(), policy::HowToAuthMe::digital_signature, "HowToAuthMe"),
      .allow_nat = from.allow_nat(),
      .force_udp_encapsulation = from.force_udp_encapsulation(),
      .reauth_interval = in.duration<Minutes>(from.reauth_interval_minutes(), "ReauthInterval"),
      .filter_by_identity = from.filter_by_identity(),
      .bypass_ip_validation = from.bypass_ip_validation(),
      .url_preference =
          in.choice(from.url_preference(), policy::UrlPreference::disallow, "CertificateURLLookupPreference"),
      .revocation = in.choice(from.revocation(), policy::Revocation::strict, "RevocationChecking"),
      .liveness_interval = in.duration<Seconds>(from.liveness_interval_seconds(), "LivenessInterval"),
      .at = read(in, from.at()),
  };
  in.bounded(from.offers_size(), most_offers, "KeyExchangeOffers");
  if (in.failed()) return action;
  for (const v1::KeyExchangeOffer& offer : from.offers()) action.offers.push_back(read(in, offer));
  return action;
}

void write(const policy::KeyExchangeRule& from, v1::KeyExchangeRule& to) {
  to.set_name(from.name);
  write(from.local_identity, *to.mutable_local_identity());
  for (const IpRange& range : from.local_locations) write(range, *to.add_local_locations());
  write(from.remote_identity, *to.mutable_remote_identity());
  for (const IpRange& range : from.remote_locations) write(range, *to.add_remote_locations());
  if (from.initiate_to) to.set_initiate_to(*from.initiate_to);
  for (const std::string& label : from.ca_labels) to.add_ca_labels(label);
  to.set_shared_key(as_string(from.shared_key.reveal()));
  write(from.at, *to.mutable_at());
}

policy::KeyExchangeRule read(Intake& in, const v1::KeyExchangeRule& from) {
  policy::KeyExchangeRule rule;
  rule.name = in.text(from.name(), "KeyExchangeRule name");
  rule.local_identity = read(in, from.local_identity());
  rule.remote_identity = read(in, from.remote_identity());
  in.bounded(from.local_locations_size(), most_locations, "local locations");
  in.bounded(from.remote_locations_size(), most_locations, "remote locations");
  in.bounded(from.ca_labels_size(), most_labels, "CaLabels");
  in.require(from.shared_key().size() <= longest_shared_key, "SharedKey");
  if (in.failed()) return rule;
  for (const v1::IpRange& range : from.local_locations()) rule.local_locations.push_back(read(in, range));
  for (const v1::IpRange& range : from.remote_locations()) rule.remote_locations.push_back(read(in, range));
  if (from.has_initiate_to()) rule.initiate_to = in.text(from.initiate_to(), "InitiateToLocation");
  for (const std::string& label : from.ca_labels()) rule.ca_labels.push_back(in.text(label, "CaLabel"));
  rule.shared_key = Secret{as_bytes(from.shared_key())};
  rule.at = read(in, from.at());
  return rule;
}

}  // namespace adit::rpc
