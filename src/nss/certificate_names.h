#pragma once
// How names and times of certificates read for people.

#include <string>

#include "base/time.h"

struct X509_name_st;
struct asn1_string_st;

namespace adit::nss {

/// Characters that a name takes in a message at most: names are a peer's words.
inline constexpr std::size_t longest_name = 256;

/// RFC 4514 text, most specific first; what is not printable is escaped, what is too long is cut.
std::string text_of(const X509_name_st* name);
/// `2024-01-01T00:00:00Z`
std::string text_of(WallTime time);
/// An ASN.1 time; the epoch for one that does not parse.
WallTime wall_time_of(const asn1_string_st* time);

}  // namespace adit::nss
