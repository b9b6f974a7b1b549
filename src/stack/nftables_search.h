#pragma once
// An ordered list of filters as chains and maps of nftables in which the first that matches decides. Filters that
// exclude each other by a value or a range of one dimension, addresses or ports, become elements of a map, so that a
// packet meets few of them however many there are; where they overlap in all dimensions they stay rules one after
// another.

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "stack/nftables_match.h"

namespace adit::stack {

struct SearchEntry {
  const policy::Filter* filter = nullptr;
  std::string verdict;    ///< of what matches; it ends the search: a goto of a chain that always decides, or accept
  std::string condition;  ///< besides the filter's own, with a blank at its end
  bool is_counted = true;
  std::size_t number = 0;  ///< of the filter; the name of its counter
};

class SearchWriter {
 public:
  explicit SearchWriter(const RulesetOptions& options) : options_{options} {}

  /// A chain that looks for the first entry which matches, with rules before and after. The entries' filters outlive
  /// the writer, and each can match a packet.
  void add(std::string_view chain, const std::vector<std::string>& before, const std::vector<SearchEntry>& entries,
           const std::vector<std::string>& otherwise);

  /// All that was added: the body of a table. The counters are as ruleset_for() says.
  std::string text() const;

 private:
  using Entries = std::vector<const SearchEntry*>;
  /// What a packet that comes to a chain is known to fit in, and in which dimensions it has been looked up.
  struct Known {
    Dimensions fits, divided;
  };
  /// An element of a map: where it leads, or at which entry the search ends.
  struct Element {
    std::string key, verdict;
    const SearchEntry* counted = nullptr;
  };

  void write_list(std::string& chain, const Entries& entries, Known known);
  void write_rule(std::string& chain, const SearchEntry& entry, Dimensions fits);
  void write_exact(std::string& chain, const Entries& entries, Dimensions key, Known known);
  template <class Value>  // IpAddress or a port
  bool write_intervals(std::string& chain, const Entries& entries, Dimensions dimension, Known known);
  bool write_ranges(std::string& chain, const Entries& entries, Dimensions dimension, Known known);
  void write_map(std::string& chain, const std::string& common, std::string_view family, Dimensions key,
                 bool is_interval, const std::vector<Element>& elements);
  Element element_for(std::string key, const Entries& entries, const std::string& common, Known known);
  /// What is left to ask of every one of them, when it is the same.
  std::string common_remainder(const Entries& entries, Dimensions fits) const;
  std::string remainder(const SearchEntry& entry, Dimensions fits) const;

  const RulesetOptions& options_;
  std::set<std::size_t> counters_;  // that rules use
  std::string maps_, chains_;
  unsigned chain_count_ = 0, map_count_ = 0;
};

}  // namespace adit::stack
