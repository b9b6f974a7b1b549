#pragma once
// Limits and times of one engine.

#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace adit::ike {

/// Limits and times of one engine. Defaults are iked.conf's.
struct EngineOptions {
  unsigned retries = 6;                 ///< IkeRetries: retransmissions of a request
  Seconds initial_wait{2};              ///< IkeInitWait; doubles with each retransmission
  Seconds half_open_life{30};           ///< a responder's half-open SA is dropped then
  std::size_t cookie_threshold = 1000;  ///< half-open SAs above which cookies are asked for (RFC 7296 §2.6)
  std::size_t half_open_limit = 10000;  ///< requests beyond it are dropped, with a right cookie or without
  /// Beyond it a cookie is asked for; as many more that have returned one, and what comes after those is dropped.
  std::size_t half_open_per_address = 20;
  /// The response to one IKE_SA_INIT request goes out so many times again: a peer that hears nothing asks four times in
  /// the life of a half-open SA, and a network may double each; who replays what he has recorded gets no amplifier.
  unsigned init_repeats = 10;
  /// To datagrams of no SA and of other versions (RFC 7296 §2.21.4), and of IKE_SA_INIT requests (§2.21.1): enough to
  /// show a few peers their mistake; a flood gets no more. A limit each, so that neither silences the other.
  unsigned stranger_answers_per_second = 20, refusals_per_second = 20;
  /// Of first messages in aggressive mode for which another one's SA goes: each costs about 1 ms.
  unsigned aggressive_displacements_per_second = 10;
  unsigned stranger_lines_per_second = 10;  ///< of the log, about IKE_SA_INIT requests refused
  /// Octets of IKE_AUTH requests, and of fragments of them (RFC 7383), kept of all peers that are not proved yet: a
  /// long certificate chain has 10 000. What comes beyond it is dropped; a peer repeats it.
  std::size_t unproved_octets = 4u << 20;
  /// Of them of one address, so that a few strangers do not keep everybody else out.
  std::size_t unproved_octets_per_address = 256u << 10;
  /// Of them under one SA: three times the longest chain.
  std::size_t unproved_octets_per_sa = 32u << 10;
  /// A request in one datagram of at most so many is taken whatever else is kept: there is one for each half-open SA,
  /// of which `half_open_limit` has the number.
  std::size_t small_request_octets = 1500;

  // What a peer may cost that has proved who it is, and then misbehaves.
  /// Between the same two identities: one, another while it is reauthenticated, those that a rekey leaves for a minute,
  /// and room. The oldest goes for a new one; a rekey is put off.
  std::size_t ike_sas_per_peer = 16;
  /// Under one IKE SA, all its nets and flows; twice as many while they are rekeyed. NO_ADDITIONAL_SAS then (RFC 7296
  /// §1.3).
  std::size_t child_sas_per_ike_sa = 1024;
  /// Each may cost a Diffie-Hellman exchange and work of the stack: a hundred take a tenth of a core. More are put off
  /// with TEMPORARY_FAILURE; kept count of through rekeys of the IKE SA.
  unsigned create_child_requests_per_second = 100;
  std::size_t fragment_octets =
      1232;  ///< largest IP payload before fragmentation (RFC 7383 §2.5.1), with IP and UDP headers of v6 within 1280
  Seconds certificate_wait{60};  ///< NssWaitLimit
  std::uint8_t shard = 0;        ///< top octet of the SPIs this engine draws
};

}  // namespace adit::ike
