#include "stack/nftables_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "stack/range_parts.h"

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

/// What a part of a dimension is, and how it is written.
template <class Value>
struct DimensionOf;
template <>
struct DimensionOf<IpAddress> {
  static ValueRange<IpAddress> range(const Filter& filter, Dimensions dimension) {
    const IpRange& range = dimension == by_source ? filter.source : filter.destination;
    return {range.first, range.last};
  }
  static bool divides(const Filter& filter, Dimensions dimension) {
    return !(dimension == by_source ? filter.source : filter.destination).is_all();
  }
  static std::string text(const ValueRange<IpAddress>& range) { return address_text({range.first, range.last}); }
};
template <>
struct DimensionOf<std::uint16_t> {
  static ValueRange<std::uint16_t> range(const Filter& filter, Dimensions dimension) {
    const PortRange& ports = ports_of(filter, dimension);
    return {ports.first, ports.last};
  }
  static bool divides(const Filter& filter, Dimensions dimension) {
    return has_ports(filter.service) && !ports_of(filter, dimension).is_all();
  }
  static std::string text(const ValueRange<std::uint16_t>& range) {
    return range.first == range.last ? fmt::to_string(range.first) : fmt::format("{}-{}", range.first, range.last);
  }

 private:
  static const PortRange& ports_of(const Filter& filter, Dimensions dimension) {
    return dimension == by_source_port ? filter.service.source_ports : filter.service.destination_ports;
  }
};

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
template <class Value>
bool SearchWriter::write_intervals(std::string& chain, const Entries& entries, Dimensions dimension, Known known) {
  // Of a chain for several parts, each rule asks for its range again; one that stands for its part alone need not.
  const Known alone{known.fits | dimension, known.divided | dimension};
  const Known together{known.fits, known.divided | dimension};
  const std::string common = common_remainder(entries, alone.fits);
  std::vector<bool> deciding;
  using Of = DimensionOf<Value>;
  std::vector<ValueRange<Value>> ranges;
  ranges.reserve(entries.size());
  for (const SearchEntry* entry : entries) {
    ranges.push_back(Of::range(*entry->filter, dimension));
    deciding.push_back(remainder(*entry, alone.fits) == common);
  }
  const auto decides = [&](std::size_t i) { return deciding[i]; };
  auto parts = range_parts<Value>(ranges, decides, most_copies * entries.size());
  if (!parts) return false;

  const auto in_order = [&](const auto& numbers) {
    Entries chosen;
    for (const std::size_t i : numbers) chosen.push_back(entries[i]);
    return chosen;
  };
  std::vector<Element> elements;
  for (std::size_t begin = 0; begin < parts->size();) {
    RangePart<Value>& shared = (*parts)[begin];
    std::size_t end = begin + 1;
    if (decides(shared.members.front()) || shared.members.size() > few) {
      elements.push_back(element_for(Of::text(shared.range), in_order(shared.members), common, alone));
      begin = end;
      continue;
    }
    std::set<std::size_t> members{shared.members.begin(), shared.members.end()};
    for (; end < parts->size() && !decides((*parts)[end].members.front()); ++end) {
      std::set<std::size_t> more = members;
      more.insert((*parts)[end].members.begin(), (*parts)[end].members.end());
      if (more.size() > few) break;
      members = std::move(more);
      shared.range.last = (*parts)[end].range.last;
    }
    elements.push_back(
        element_for(Of::text(shared.range), in_order(members), common, end == begin + 1 ? alone : together));
    begin = end;
  }
  write_map(chain, common, family_of(*entries.front()->filter), dimension, true, elements);
  return true;
}

bool SearchWriter::write_ranges(std::string& chain, const Entries& entries, Dimensions dimension, Known known) {
  return by_address.has(dimension) ? write_intervals<IpAddress>(chain, entries, dimension, known)
                                   : write_intervals<std::uint16_t>(chain, entries, dimension, known);
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

/// The entries from `begin` on whose ranges in a dimension are not all, when they differ.
template <class Value, class Entries>
std::size_t interval_run(const Entries& entries, std::size_t begin, Dimensions dimension) {
  using Of = DimensionOf<Value>;
  const auto first = Of::range(*entries[begin]->filter, dimension);
  bool differs = false;
  std::size_t end = begin;
  for (; end < entries.size() && Of::divides(*entries[end]->filter, dimension); ++end) {
    differs = differs || Of::range(*entries[end]->filter, dimension) != first;
  }
  return differs ? end : begin;
}

struct Run {
  std::size_t end;
  Dimensions dimension;
};

/// Longest first; at equal length addresses before ports.
template <class Entries>
std::vector<Run> interval_runs(const Entries& entries, std::size_t begin, Dimensions divided) {
  std::vector<Run> runs;
  for (const Dimensions one : {by_destination, by_source, by_destination_port, by_source_port}) {
    if (divided.has(one)) continue;
    const std::size_t end = by_address.has(one) ? interval_run<IpAddress>(entries, begin, one)
                                                : interval_run<std::uint16_t>(entries, begin, one);
    if (end > begin) runs.push_back({end, one});
  }
  // Few, and in their order where they are equal: std::stable_sort would ask for memory in a way that is deprecated.
  for (auto run = runs.begin(); run != runs.end(); ++run) {
    std::rotate(std::ranges::upper_bound(runs.begin(), run, run->end, std::greater{}, &Run::end), run, run + 1);
  }
  return runs;
}

}  // namespace

void SearchWriter::write_list(std::string& chain, const Entries& entries, Known known) {
  std::size_t most = entries.size();  // that a map of ranges is tried for
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
    const std::vector<Run> runs = interval_runs(entries, begin, known.divided);
    const std::size_t widest = runs.empty() ? begin : runs.front().end;
    const bool has_exact = exact - begin > few;
    if (has_exact && 2 * (exact - begin) >= widest - begin) {
      write_exact(chain, part(exact), key, known);
      begin = exact;
      continue;
    }
    // Where ranges overlap too much for a map of all, another dimension may do, or fewer of them.
    std::size_t size = std::min(widest - begin, most);
    const auto is_written = [&](const Run& run) {
      return run.end - begin >= size && write_ranges(chain, part(begin + size), run.dimension, known);
    };
    while (size > few && std::ranges::none_of(runs, is_written)) size /= 2;
    if (size > few) {
      begin += size;
      most = 2 * size;  // what is near overlaps alike: trying all of the rest each time would take too long
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
