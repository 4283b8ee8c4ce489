// SPDX-License-Identifier: Apache-2.0
#include "core/usage/when.h"

#include <charconv>
#include <ctime>
#include <optional>

#include "core/base/error.h"
#include "core/base/utc.h"

namespace xpu {
namespace {

// `digits` digits at the beginning of the text, which is cut by them.
std::optional<int> take_number(std::string_view* text, std::size_t digits) {
  if (text->size() < digits ||
      text->substr(0, digits).find_first_not_of("0123456789") != std::string_view::npos) {
    return std::nullopt;
  }
  int out = 0;
  std::from_chars(text->data(), text->data() + digits, out);
  text->remove_prefix(digits);
  return out;
}

bool take(std::string_view* text, char c) {
  if (!text->starts_with(c)) {
    return false;
  }
  text->remove_prefix(1);
  return true;
}

// "-11" after `mark`, no more than `most`.
std::optional<int> take_field(std::string_view* text, char mark, int most) {
  if (!take(text, mark)) {
    return std::nullopt;
  }
  const std::optional<int> out = take_number(text, 2);
  return out && *out <= most ? out : std::nullopt;
}

// Seconds east of UTC; the whole text has to be a zone or empty.
std::optional<int> zone(std::string_view text) {
  if (text.empty() || text == "Z" || text == "z") {
    return 0;
  }
  const bool west = text.front() == '-';
  const std::optional<int> hours = take_field(&text, west ? '-' : '+', 23);
  const std::optional<int> minutes = hours ? take_field(&text, ':', 59) : std::nullopt;
  if (!minutes || !text.empty()) {
    return std::nullopt;
  }
  return (*hours * 3600 + *minutes * 60) * (west ? -1 : 1);
}

// "12:00:30+02:00" into `tm`; gives the seconds east of UTC.
std::optional<int> clock(std::string_view text, std::tm* tm) {
  const std::optional<int> hour = take_number(&text, 2);
  const std::optional<int> minute = hour ? take_field(&text, ':', 59) : std::nullopt;
  const std::optional<int> second =
      text.starts_with(':') ? take_field(&text, ':', 59) : std::optional(0);
  if (!minute || !second || *hour > 23) {
    return std::nullopt;
  }
  tm->tm_hour = *hour;
  tm->tm_min = *minute;
  tm->tm_sec = *second;
  return zone(text);
}

std::optional<std::int64_t> date(std::string_view text) {
  const std::optional<int> year = take_number(&text, 4);
  const std::optional<int> month = year ? take_field(&text, '-', 12) : std::nullopt;
  const std::optional<int> day =
      text.starts_with('-') ? take_field(&text, '-', 31) : std::optional(1);
  if (!month || !day) {
    return std::nullopt;
  }
  std::tm tm = {};
  tm.tm_year = *year - 1900;
  tm.tm_mon = *month - 1;
  tm.tm_mday = *day;
  std::optional<int> east = 0;
  if (!text.empty()) {
    const bool marked = take(&text, 'T') || take(&text, ' ');
    east = marked ? clock(text, &tm) : std::nullopt;
  }
  const std::int64_t out = ::timegm(&tm);
  // A month or day that is not in the calendar has become another one.
  return east && tm.tm_mon == *month - 1 && tm.tm_mday == *day ? std::optional(out - *east)
                                                               : std::nullopt;
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  const bool good = error == std::errc() && end == text.data() + text.size() && out >= 0 &&
                    out <= 1'000'000'000'000 && !text.empty() && text.front() != '-';
  return good ? std::optional(out) : std::nullopt;
}

std::optional<std::int64_t> ago(std::string_view text, std::int64_t now) {
  constexpr std::pair<char, std::int64_t> kUnits[] = {
      {'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 7 * 86400}};
  for (const auto& [name, seconds] : kUnits) {
    if (text.ends_with(name)) {
      const std::optional<std::int64_t> count = whole_number(text.substr(0, text.size() - 1));
      return count ? std::optional(now - *count * seconds) : std::nullopt;
    }
  }
  return std::nullopt;
}

}  // namespace

std::int64_t parse_time(std::string_view text, std::int64_t now) {
  if (text == "month") {
    return *date(month_text(month_of(now)));
  }
  std::optional<std::int64_t> out =
      text.starts_with('@') ? whole_number(text.substr(1)) : date(text);
  if (!out) {
    out = ago(text, now);
  }
  if (!out) {
    fail('"', text,
         "\" is no time; write 2026-11-01, 2026-11-01T12:00:00Z, 7d, 24h, 30m, month or "
         "@1700000000");
  }
  return *out;
}

}  // namespace xpu
