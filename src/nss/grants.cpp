#include "nss/grants.h"

#include <algorithm>

namespace adit::nss {
namespace {

constexpr std::string_view everything = "*";

bool names(const Grant& row, std::string_view client) { return row.client == client || row.client == everything; }

bool lists(const std::vector<std::string>& labels, std::string_view label) {
  return std::ranges::any_of(labels, [&](const std::string& one) { return one == label || one == everything; });
}

}  // namespace

bool Grants::knows(std::string_view client) const {
  return std::ranges::any_of(rows_, [&](const Grant& row) { return names(row, client); });
}

bool Grants::permits(std::string_view client, std::string_view label, LabelUse use) const {
  return std::ranges::any_of(rows_, [&](const Grant& row) {
    return names(row, client) && lists(use == LabelUse::sign ? row.sign_labels : row.authority_labels, label);
  });
}

}  // namespace adit::nss
