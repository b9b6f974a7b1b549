#include "stack/nftables_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

namespace adit::stack {
namespace {

using policy::Filter;

/// Rules that a packet may meet one after another: fewer than that are no worth of a map.
constexpr std::size_t few = 8;
/// Of rules for one filter on average, when its range spans others of the same map.
constexpr std::size_t most_copies = 4;

constexpr Dimensions every_dimension[] = {by_source, by_destination, by_protocol, by_source_port, by_destination_port};

std::string_view family_of(const Filter& filter) { return filter.source.family() == IpFamily::v4 ? "ip" : "ip6"; }

std::string expression_of(Dimensions one, std::string_view family) {
  if (one == by_source) return fmt::format("{} saddr", family);
  if (one == by_destination) return fmt::format("{} daddr", family);
  if (one == by_protocol) return "meta l4proto";
  return one == by_source_port ? "th sport" : "th dport";
}

std::string value_of(Dimensions one, const Filter& filter) {
  if (one == by_source) return filter.source.first.to_string();
  if (one == by_destination) return filter.destination.first.to_string();
  if (one == by_protocol) return fmt::to_string(filter.service.protocol);
  const bool is_source = one == by_source_port;
  return fmt::to_string(is_source ? filter.service.source_ports.first : filter.service.destination_ports.first);
}

/// `a . b . c` of the dimensions of a key
template <class Text>
std::string concatenation(Dimensions key, Text text) {
  std::string joined;
  for (const Dimensions one : every_dimension) {
    if (key.has(one)) joined += (joined.empty() ? "" : " . ") + text(one);
  }
  return joined;
}

const IpRange& range_of(const Filter& filter, Dimensions dimension) {
  return dimension == by_source ? filter.source : filter.destination;
}

/// Nothing after the highest address.
std::optional<IpAddress> successor(const IpAddress& address) {
  ByteString octets{address.octets().begin(), address.octets().end()};
  for (auto octet = octets.rbegin(); octet != octets.rend(); ++octet) {
    if (++*octet != 0) return IpAddress::from_octets(octets);
  }
  return std::nullopt;
}
IpAddress predecessor(const IpAddress& address) {
  ByteString octets{address.octets().begin(), address.octets().end()};
  for (auto octet = octets.rbegin(); octet != octets.rend(); ++octet) {
    if ((*octet)-- != 0) break;
  }
  return *IpAddress::from_octets(octets);
}

}  // namespace

std::string SearchWriter::remainder(const SearchEntry& entry, Dimensions fits) const {
  return remaining_expression(*entry.filter, options_, fits) + entry.condition;
}

std::string SearchWriter::common_remainder(const Entries& entries, Dimensions fits) const {
  std::string common = remainder(*entries.front(), fits);
  const auto has_it = [&](const SearchEntry* entry) { return remainder(*entry, fits) == common; };
  return std::ranges::all_of(entries, has_it) ? common : std::string{};
}

void SearchWriter::write_rule(std::string& chain, const SearchEntry& entry, Dimensions fits) {
  chain += "    " + remainder(entry, fits);
  if (entry.is_counted) {
    counters_.insert(entry.number);
    chain += fmt::format("counter name f{} ", entry.number);
  }
  chain += entry.verdict + "\n";
}

/// The element that a set of entries, each of which fits the key, becomes: the verdict of the first when nothing more
/// is to be asked, or a chain for the rest of the search.
SearchWriter::Element SearchWriter::element_for(std::string key, const Entries& entries, const std::string& common,
                                                Known known) {
  const SearchEntry& first = *entries.front();
  if (remainder(first, known.fits) == common) return {std::move(key), first.verdict, &first};
  const std::string name = fmt::format("s{}", chain_count_++);
  std::string chain = fmt::format("  chain {} {{\n", name);
  write_list(chain, entries, known);
  chains_ += chain + "  }\n";
  return {std::move(key), "jump " + name, nullptr};
}

void SearchWriter::write_map(std::string& chain, const std::string& common, std::string_view family, Dimensions key,
                             bool is_interval, const std::vector<Element>& elements) {
  const std::string expression = concatenation(key, [&](Dimensions one) { return expression_of(one, family); });
  const std::string name = fmt::format("m{}", map_count_++);
  maps_ += fmt::format("  map {} {{\n    typeof {} : verdict\n{}    counter\n    elements = {{\n", name, expression,
                       is_interval ? "    flags interval\n" : "");
  for (const Element& element : elements) {
    const bool is_counted = element.counted != nullptr && element.counted->is_counted;
    maps_ += "      " + element.key;
    if (is_counted) maps_ += fmt::format(" comment \"f{}\"", element.counted->number);
    maps_ += " : " + element.verdict + ",\n";
  }
  maps_ += "    }\n  }\n";
  chain += fmt::format("    {}{} vmap @{}\n", common, expression, name);
}

/// By the values that every entry has in the dimensions of the key.
void SearchWriter::write_exact(std::string& chain, const Entries& entries, Dimensions key, Known known) {
  const Known inside{known.fits | key, known.divided | key};
  std::map<std::string, Entries> groups;
  for (const SearchEntry* entry : entries) {
    groups[concatenation(key, [&](Dimensions one) { return value_of(one, *entry->filter); })].push_back(entry);
  }
  const std::string common = common_remainder(entries, inside.fits);
  std::vector<Element> elements;
  for (const auto& [value, group] : groups) elements.push_back(element_for(value, group, common, inside));
  write_map(chain, common, family_of(*entries.front()->filter), key, false, elements);
}

/// By the parts into which the ranges of the entries cut one dimension. Neighbouring parts share a chain while it is
/// short. @return false, and nothing written, when the ranges overlap too much
bool SearchWriter::write_intervals(std::string& chain, const Entries& entries, Dimensions dimension, Known known) {
  std::map<IpAddress, std::pair<std::vector<std::size_t>, std::vector<std::size_t>>> edges;  // what ends, what begins
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const IpRange& range = range_of(*entries[i]->filter, dimension);
    edges[range.first].second.push_back(i);
    if (const auto after = successor(range.last)) edges[*after].first.push_back(i);
  }
  std::vector<Interval> intervals;
  std::set<std::size_t> open;
  std::size_t copies = 0;
  for (auto edge = edges.begin(); edge != edges.end(); ++edge) {
    for (const std::size_t i : edge->second.first) open.erase(i);
    open.insert(edge->second.second.begin(), edge->second.second.end());
    if (open.empty()) continue;
    copies += open.size();
    if (copies > most_copies * entries.size()) return false;
    const auto next = std::next(edge);
    const IpAddress last = next == edges.end() ? IpAddress::highest(edge->first.family()) : predecessor(next->first);
    Interval interval{{edge->first, last}, {}};
    for (const std::size_t i : open) interval.entries.push_back(entries[i]);
    intervals.push_back(std::move(interval));
  }

  // Of a chain for several parts, each rule asks for its range again; one that stands for its part alone need not.
  const Known alone{known.fits | dimension, known.divided | dimension};
  const Known together{known.fits, known.divided | dimension};
  const std::string common = common_remainder(entries, alone.fits);
  const auto decides = [&](const Interval& interval) {
    return remainder(*interval.entries.front(), alone.fits) == common;
  };
  std::vector<Element> elements;
  for (std::size_t begin = 0; begin < intervals.size();) {
    Interval& shared = intervals[begin];
    std::size_t end = begin + 1;
    if (decides(shared) || shared.entries.size() > few) {
      elements.push_back(element_for(address_text(shared.range), shared.entries, common, alone));
      begin = end;
      continue;
    }
    std::set<const SearchEntry*> members{shared.entries.begin(), shared.entries.end()};
    for (; end < intervals.size() && !decides(intervals[end]); ++end) {
      std::set<const SearchEntry*> more = members;
      more.insert(intervals[end].entries.begin(), intervals[end].entries.end());
      if (more.size() > few) break;
      members = std::move(more);
      shared.range.last = intervals[end].range.last;
    }
    Entries in_order{members.begin(), members.end()};  // by address: all are of one vector, in the order of search
    elements.push_back(element_for(address_text(shared.range), in_order, common, end == begin + 1 ? alone : together));
    begin = end;
  }
  write_map(chain, common, family_of(*entries.front()->filter), dimension, true, elements);
  return true;
}

namespace {

/// The entries from `begin` on that have a value of their own in the same dimensions; an address among them is not
/// given up for a longer run.
template <class Entries>
std::pair<std::size_t, Dimensions> exact_run(const Entries& entries, std::size_t begin, Dimensions divided) {
  Dimensions key = single_dimensions(*entries[begin]->filter).without(divided);
  std::size_t end = begin;
  for (; end < entries.size(); ++end) {
    const Dimensions shared = key & single_dimensions(*entries[end]->filter);
    const bool loses_address = (shared & by_address) != (key & by_address);
    if (shared.empty() || (loses_address && end - begin >= few)) break;
    key = shared;
  }
  // What all of them share divides nothing: it is asked once, before the map.
  Dimensions varied;
  for (std::size_t i = begin; i < end; ++i) {
    for (const Dimensions one : every_dimension) {
      const bool differs = key.has(one) && value_of(one, *entries[i]->filter) != value_of(one, *entries[begin]->filter);
      if (differs) varied = varied | one;
    }
  }
  key = varied;
  return {key.empty() ? begin : end, key};
}

template <class Entries>
std::size_t interval_run(const Entries& entries, std::size_t begin, Dimensions dimension) {
  const IpRange& first = range_of(*entries[begin]->filter, dimension);
  bool differs = false;
  std::size_t end = begin;
  for (; end < entries.size() && !range_of(*entries[end]->filter, dimension).is_all(); ++end) {
    differs = differs || range_of(*entries[end]->filter, dimension) != first;
  }
  return differs ? end : begin;
}

}  // namespace

void SearchWriter::write_list(std::string& chain, const Entries& entries, Known known) {
  for (std::size_t begin = 0; begin < entries.size();) {
    const auto part = [&](std::size_t end) {
      return Entries{entries.begin() + static_cast<std::ptrdiff_t>(begin),
                     entries.begin() + static_cast<std::ptrdiff_t>(end)};
    };
    if (entries.size() - begin <= few) {
      write_rule(chain, *entries[begin++], known.fits);
      continue;
    }
    const auto [exact, key] = exact_run(entries, begin, known.divided);
    std::size_t widest = begin;
    Dimensions dimension;
    for (const Dimensions one : {by_destination, by_source}) {
      if (known.divided.has(one)) continue;
      const std::size_t end = interval_run(entries, begin, one);
      if (end > widest) widest = end, dimension = one;
    }
    const bool has_exact = exact - begin > few;
    if (has_exact && 2 * (exact - begin) >= widest - begin) {
      write_exact(chain, part(exact), key, known);
      begin = exact;
      continue;
    }
    // Where ranges overlap too much for a map of all, fewer of them may do.
    std::size_t size = widest - begin;
    while (size > few && !write_intervals(chain, part(begin + size), dimension, known)) size /= 2;
    if (size > few) {
      begin += size;
    } else if (has_exact) {
      write_exact(chain, part(exact), key, known);
      begin = exact;
    } else {  // all of the run at once: looking at it again from each of its rules on would take too long
      for (const std::size_t end = std::max(widest, begin + 1); begin < end;) {
        write_rule(chain, *entries[begin++], known.fits);
      }
    }
  }
}

void SearchWriter::add(std::string_view chain, const std::vector<std::string>& before,
                       const std::vector<SearchEntry>& entries, const std::vector<std::string>& otherwise) {
  std::string text = fmt::format("  chain {} {{\n", chain);
  for (const std::string& rule : before) text += "    " + rule + "\n";
  // Maps are of one family each; policies have their filters by family.
  Entries run;
  const auto flush = [&] {
    if (!run.empty()) write_list(text, run, {});
    run.clear();
  };
  for (const SearchEntry& entry : entries) {
    if (!run.empty() && run.front()->filter->source.family() != entry.filter->source.family()) flush();
    run.push_back(&entry);
  }
  flush();
  for (const std::string& rule : otherwise) text += "    " + rule + "\n";
  chains_ += text + "  }\n";
}

std::string SearchWriter::text() const {
  std::string counters;
  for (const std::size_t number : counters_) counters += fmt::format("  counter f{} {{ }}\n", number);
  return counters + maps_ + chains_;
}

}  // namespace adit::stack
