#include "tools/ipsec/report/layout.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/version.h"

namespace adit::tools::ipsec {
namespace {

constexpr std::size_t value_column = 30;
constexpr std::size_t rule_length = 71;  // of asterisks, after an entry of the detail layout
constexpr std::size_t action_column = 26;

std::tm local_time(WallTime when) { return fmt::localtime(std::chrono::system_clock::to_time_t(when)); }

std::string_view name_of(Format format) {
  switch (format) {
    case Format::brief:
      return "Short";
    case Format::wide:
      return "Wide";
    default:
      return "Detail";
  }
}

/// Names begin in columns 0, 26 and 55, values 10 columns further on, those of longer names 15.
std::string heading_line(const HeadingLine& line) {
  constexpr std::array<std::size_t, 3> columns = {0, 26, 55};
  std::string text;
  for (std::size_t i = 0; i < line.size() && i < columns.size(); ++i) {
    text.resize(std::max(text.size(), columns[i]), ' ');
    const std::string name = line[i].name + ":";
    text += fmt::format("{:<{}}{}", name, name.size() < 10 ? 10 : std::max<std::size_t>(15, name.size() + 1),
                        line[i].value);
  }
  return text + "\n";
}

std::string heading_text(const Heading& heading, Format format) {
  std::string text = fmt::format("CS Adit-{} ipsec  Stack Name: {}  {:%a %b %e %H:%M:%S %Y}\n", version, heading.stack,
                                 local_time(heading.now));
  if (heading.source.empty()) {
    return text + fmt::format("Primary:  {:<16}Function: {}\n", heading.primary, heading.function);
  }
  text +=
      fmt::format("Primary:  {:<16}Function: {:<19}Format:   {}\n", heading.primary, heading.function, name_of(format));
  text += fmt::format("Source:   {:<16}Scope:    {:<19}TotAvail: {}\n", heading.source, heading.scope,
                      heading.available ? std::to_string(*heading.available) : "n/a");
  for (const HeadingLine& line : heading.further) text += heading_line(line);
  return text;
}

std::string detail(const Entry& entry) {
  std::string text;
  for (const Field& field : entry.fields()) {
    text += fmt::format("{:<{}}{}\n", std::string(field.indent, ' ') + field.name + ":", value_column, field.value);
  }
  return text + std::string(rule_length, '*') + "\n";
}

std::string brief(const Entry& entry, bool of_names) {
  std::string text;
  for (const Field& field : entry.fields()) {
    if (field.place == Place::new_row && !text.empty()) text += "\n";
    if (!text.empty()) text += "|";
    text += !of_names ? field.value : field.short_name.empty() ? field.name : field.short_name;
  }
  return text + "\n";
}

std::string wide(const Entry& entry, bool of_names) {
  std::string text;
  for (const Field& field : entry.fields()) {
    if (!text.empty()) text += "|";
    text += of_names ? field.name : field.value;
  }
  return text + "\n";
}

nlohmann::ordered_json json_heading(const Heading& heading) {
  nlohmann::ordered_json json = {
      {"stack", heading.stack},
      {"time", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(heading.now)))},
      {"primary", heading.primary},
      {"function", heading.function}};
  if (!heading.source.empty()) json["source"] = heading.source;
  if (heading.available) json["available"] = *heading.available;
  for (const HeadingLine& line : heading.further) {
    for (const HeadingValue& value : line) json[value.name] = value.value;
  }
  return json;
}

}  // namespace

std::string laid_out(const Report& report, Format format) {
  if (format == Format::json) {
    nlohmann::ordered_json json = json_heading(report.heading);
    json["entries"] = nlohmann::ordered_json::array();
    for (const Entry& entry : report.entries) {
      nlohmann::ordered_json object = nlohmann::ordered_json::object();
      for (const Field& field : entry.fields()) object[field.name] = field.value;
      json["entries"].push_back(std::move(object));
    }
    return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  }
  std::string text = heading_text(report.heading, format) + "\n";
  if (!report.entries.empty() && format == Format::brief) text += brief(report.entries.front(), true) + "\n";
  if (!report.entries.empty() && format == Format::wide) text += wide(report.entries.front(), true);
  for (const Entry& entry : report.entries) {
    text += format == Format::brief ? brief(entry, false) : format == Format::wide ? wide(entry, false) : detail(entry);
  }
  return text + fmt::format("\n{} entries selected\n", report.entries.size());
}

std::string laid_out_action(const Heading& heading, const std::vector<std::string>& columns,
                            const std::vector<std::vector<std::string>>& rows, Format format) {
  if (format == Format::json) {
    nlohmann::ordered_json json = json_heading(heading);
    json["entries"] = nlohmann::ordered_json::array();
    for (const auto& row : rows) {
      nlohmann::ordered_json object = nlohmann::ordered_json::object();
      for (std::size_t i = 0; i < columns.size() && i < row.size(); ++i) object[columns[i]] = row[i];
      json["entries"].push_back(std::move(object));
    }
    return json.dump(2) + "\n";
  }
  const auto line_of = [](const std::vector<std::string>& cells) {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      line += i + 1 < cells.size() ? fmt::format("{:<{}}", cells[i], action_column) : cells[i];
    }
    return line + "\n";
  };
  std::string text = heading_text(heading, format) + "\n" + line_of(columns);
  for (const auto& row : rows) text += line_of(row);
  return text;
}

}  // namespace adit::tools::ipsec
