// SPDX-License-Identifier: Apache-2.0
#include "core/request/sizes.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "core/base/ascii.h"
#include "core/base/error.h"

namespace xpu {
namespace {

constexpr std::size_t kShown = 32;          // bytes of a value in a message
constexpr std::size_t kFractionDigits = 6;  // so that a fraction of a TiB stays below 2^64
constexpr std::uint64_t kFractionOne = 1'000'000;
constexpr std::string_view kDigits = "0123456789";

constexpr std::uint64_t kKilo = 1000, kKibi = 1024;
constexpr std::pair<std::string_view, std::uint64_t> kSizeUnits[] = {
    {"", 1},
    {"b", 1},
    {"k", kKilo},
    {"kb", kKilo},
    {"ki", kKibi},
    {"kib", kKibi},
    {"m", kKilo* kKilo},
    {"mb", kKilo* kKilo},
    {"mi", kKibi* kKibi},
    {"mib", kKibi* kKibi},
    {"g", kKilo* kKilo* kKilo},
    {"gb", kKilo* kKilo* kKilo},
    {"gi", kKibi* kKibi* kKibi},
    {"gib", kKibi* kKibi* kKibi},
    {"t", kKilo* kKilo* kKilo* kKilo},
    {"tb", kKilo* kKilo* kKilo* kKilo},
    {"ti", kKibi* kKibi* kKibi* kKibi},
    {"tib", kKibi* kKibi* kKibi* kKibi},
};
constexpr std::pair<std::string_view, std::uint64_t> kTimeUnits[] = {
    {"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}};

template <class Units>
std::optional<std::uint64_t> unit_of(std::string_view name, const Units& units) {
  const auto unit = std::find_if(std::begin(units), std::end(units), [&](const auto& known) {
    return equal_in_any_case(known.first, name);
  });
  return unit == std::end(units) ? std::nullopt : std::optional(unit->second);
}

// Takes the digits at the front off the text.
std::string_view take_digits(std::string_view& text) {
  const std::string_view digits = text.substr(0, text.find_first_not_of(kDigits));
  text.remove_prefix(digits.size());
  return digits;
}

std::optional<std::uint64_t> number_of(std::string_view digits) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return error == std::errc() ? std::optional(number) : std::nullopt;
}

// whole * unit + part; nullopt when that is too much.
std::optional<std::uint64_t> amount(std::string_view digits, std::uint64_t unit,
                                    std::uint64_t part) {
  const std::optional<std::uint64_t> whole = number_of(digits);
  std::uint64_t out = 0;
  if (!whole || __builtin_mul_overflow(*whole, unit, &out) ||
      __builtin_add_overflow(out, part, &out)) {
    return std::nullopt;
  }
  return out;
}

// Millionths.
std::uint64_t fraction_of(std::string_view digits) {
  std::string padded(digits);
  padded.resize(kFractionDigits, '0');
  return number_of(padded).value_or(0);
}

void skip_spaces(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
}

std::string shown(std::string_view text) {
  return cat("'", text.substr(0, kShown), text.size() > kShown ? "..." : "", "'");
}

}  // namespace

std::uint64_t parse_size(std::string_view text, const std::string& source) {
  std::string_view rest = text;
  const std::string_view whole = take_digits(rest);
  std::string_view fraction;
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    fraction = take_digits(rest);
    if (fraction.empty() || fraction.size() > kFractionDigits) {
      rest = ".";  // no unit
    }
  }
  skip_spaces(rest);
  const std::optional<std::uint64_t> unit = unit_of(rest, kSizeUnits);
  if (whole.empty() || !unit) {
    fail(source, ": ", shown(text),
         " is no size; a number and one of B, KB, MB, GB, TB (powers of 1000) or KiB, MiB, GiB, "
         "TiB (powers of 1024) is wanted, such as 24GB or 1.5GiB");
  }
  const std::optional<std::uint64_t> bytes =
      amount(whole, *unit, fraction_of(fraction) * *unit / kFractionOne);
  if (!bytes) {
    fail(source, ": the size ", shown(text), " is more than 64 bits hold");
  }
  return *bytes;
}

std::uint64_t parse_wait(std::string_view text, const std::string& source) {
  std::string_view rest = text;
  const std::string_view whole = take_digits(rest);
  skip_spaces(rest);
  const std::optional<std::uint64_t> unit = unit_of(rest, kTimeUnits);
  if (whole.empty() || !unit) {
    fail(source, ": ", shown(text),
         " is no time; a whole number and s, m or h is wanted, such as 30s or 2m");
  }
  const std::optional<std::uint64_t> seconds = amount(whole, *unit, 0);
  if (!seconds) {
    fail(source, ": the time ", shown(text), " is more than 64 bits hold");
  }
  return *seconds;
}

std::string size_text(std::uint64_t bytes) {
  constexpr std::pair<std::uint64_t, std::string_view> kUnits[] = {{kKibi * kKibi * kKibi, "GiB"},
                                                                   {kKibi * kKibi, "MiB"}};
  for (const auto& [unit, name] : kUnits) {
    if (bytes >= unit) {
      const std::uint64_t tenths = bytes % unit * 10 / unit;
      return cat(bytes / unit, ".", tenths, " ", name);
    }
  }
  return cat(bytes, " bytes");
}

}  // namespace xpu
