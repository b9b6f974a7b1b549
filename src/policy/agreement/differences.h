#pragma once
// Which attributes of two lists of offers differ, told for the pair that is nearest to agreeing.

#include <string>
#include <utility>
#include <vector>

namespace adit::policy::agreement {

/// The attributes of one offer: name and value, the same names in the same order in all offers compared.
using Attributes = std::vector<std::pair<std::string, std::string>>;

/// Names and values that differ: `DH group: 14 here, 19 there`. Here is the initiator.
std::string differences(const Attributes& here, const Attributes& there);
std::size_t count_differences(const Attributes& here, const Attributes& there);

/// Places in both lists of the pair with the fewest differences; both lists hold something.
std::pair<std::size_t, std::size_t> nearest_pair(const std::vector<Attributes>& here,
                                                 const std::vector<Attributes>& there);

/// All values of an offer, for what was agreed: `AES_GCM_16-256, PRF HMAC_SHA2_256, DH group 31`.
std::string listed(const Attributes& attributes);

}  // namespace adit::policy::agreement
