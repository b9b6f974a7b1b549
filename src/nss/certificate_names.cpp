#include "nss/certificate_names.h"

#include <openssl/asn1.h>

#include <fmt/format.h>

#include "nss/openssl_pointer.h"

namespace adit::nss {

std::string text_of(const X509_name_st* name) {
  const BioPointer out{BIO_new(BIO_s_mem())};
  if (!out || X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253) < 0) return "(unreadable name)";
  char* octets = nullptr;
  const long size = BIO_get_mem_data(out.get(), &octets);
  if (size <= 0) return "(empty name)";
  std::string text{octets, static_cast<std::size_t>(size)};
  if (text.size() > longest_name) text = text.substr(0, longest_name) + "…";
  return text;
}

std::string text_of(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count());
}

WallTime wall_time_of(const asn1_string_st* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return WallTime{};
  using namespace std::chrono;
  const year_month_day date{year{parts.tm_year + 1900}, month{static_cast<unsigned>(parts.tm_mon + 1)},
                            day{static_cast<unsigned>(parts.tm_mday)}};
  return sys_days{date} + hours{parts.tm_hour} + minutes{parts.tm_min} + seconds{parts.tm_sec};
}

}  // namespace adit::nss
