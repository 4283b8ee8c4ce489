// SPDX-License-Identifier: Apache-2.0
#include "core/request/tests.h"

#include <algorithm>
#include <charconv>

#include "core/base/ascii.h"
#include "core/base/error.h"
#include "core/base/glob.h"
#include "core/request/sizes.h"
#include "core/require/require.h"

namespace xpu {
namespace {

using Key = Test::Key;
using Op = Test::Op;

constexpr std::string_view kDigits = "0123456789";

std::optional<std::uint64_t> number_of(std::string_view digits, int base = 10) {
  std::uint64_t number = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, number, base);
  return error == std::errc() && stop == end && !digits.empty() ? std::optional(number)
                                                                : std::nullopt;
}

int order_of(std::uint64_t a, std::uint64_t b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

// "sm_90a" → "9.0"; "9.0" stays; "" for a name of another family.
std::string as_numbers(std::string_view name) {
  constexpr std::string_view kPrefix = "sm_";
  if (!equal_in_any_case(name.substr(0, kPrefix.size()), kPrefix)) {
    return std::string(version_of(name));
  }
  std::string_view digits = name.substr(kPrefix.size());
  digits = digits.substr(0, digits.find_first_not_of(kDigits));
  return digits.size() < 2
             ? ""
             : cat(digits.substr(0, digits.size() - 1), ".", digits.substr(digits.size() - 1));
}

std::optional<std::uint64_t> as_gfx(std::string_view name) {
  constexpr std::string_view kPrefix = "gfx";
  return equal_in_any_case(name.substr(0, kPrefix.size()), kPrefix)
             ? number_of(name.substr(std::min(kPrefix.size(), name.size())), 16)
             : std::nullopt;
}

// Of two values of one key; nullopt where one cannot say which is greater.
std::optional<int> compare(Key key, std::string_view a, std::string_view b) {
  switch (key) {
    case Key::kMemory:
    case Key::kNumaNode: {
      const auto x = number_of(a), y = number_of(b);
      return x && y ? std::optional(order_of(*x, *y)) : std::nullopt;
    }
    case Key::kArchitecture:
      return compare_architectures(a, b);
    case Key::kDriver:
      return version_of(a).empty() || version_of(b).empty()
                 ? std::nullopt
                 : std::optional(compare_versions(version_of(a), version_of(b)));
    case Key::kModel:
      return matches_glob(a, b) ? std::optional(0) : std::nullopt;
    case Key::kVendor:
    case Key::kKind:
      break;
  }
  return equal_in_any_case(a, b) ? std::optional(0) : std::nullopt;
}

bool holds(Op op, std::optional<int> order) {
  switch (op) {
    case Op::kEqual:
      return order == 0;
    case Op::kNotEqual:
      return order != 0;
    case Op::kLess:
      return order && *order < 0;
    case Op::kAtMost:
      return order && *order <= 0;
    case Op::kMore:
      return order && *order > 0;
    case Op::kAtLeast:
      break;
  }
  return order && *order >= 0;
}

bool satisfies(const Test& test, std::string_view value) {
  const auto one = [&](const std::string& wanted) {
    return holds(test.op, compare(test.key, value, wanted));
  };
  return test.op == Op::kNotEqual ? std::all_of(test.values.begin(), test.values.end(), one)
                                  : std::any_of(test.values.begin(), test.values.end(), one);
}

// "" for unknown.
std::string value_of(Key key, const Device& device) {
  switch (key) {
    case Key::kMemory:
      return device.memory_bytes == 0 ? "" : std::to_string(device.memory_bytes);
    case Key::kArchitecture:
      return device.architecture;
    case Key::kVendor:
      return device.vendor;
    case Key::kModel:
      return device.name;
    case Key::kDriver:
      return device.driver;
    case Key::kNumaNode:
      return device.numa_node < 0 ? "" : std::to_string(device.numa_node);
    case Key::kKind:
      break;
  }
  return std::string(to_string(device.kind));
}

std::string_view noun(Key key) {
  switch (key) {
    case Key::kMemory:
      return "memory";
    case Key::kArchitecture:
      return "architecture";
    case Key::kVendor:
      return "vendor";
    case Key::kModel:
      return "model";
    case Key::kDriver:
      return "driver";
    case Key::kNumaNode:
      return "NUMA node";
    case Key::kKind:
      break;
  }
  return "kind";
}

std::string reason(const Test& test, const Device& device, const std::string& value) {
  if (value.empty()) {
    return cat("has no known ", noun(test.key), "; ", test.source, " asks for one");
  }
  if (test.key != Key::kMemory) {
    return cat("has the ", noun(test.key), " ", value, "; ", test.source, " asks for another");
  }
  const std::uint64_t wanted = number_of(test.values[0]).value_or(0);
  std::string has = size_text(device.memory_bytes), asked = size_text(wanted);
  if (has == asked) {
    has = cat(device.memory_bytes, " bytes");
    asked = cat(wanted, " bytes");
  }
  return cat("has ", has, " of memory; ", test.source, " asks for ",
             test.op == Op::kAtLeast  ? "at least "
             : test.op == Op::kMore   ? "more than "
             : test.op == Op::kAtMost ? "at most "
                                      : "less than ",
             asked);
}

bool is_lower_bound(Op op) {
  return op == Op::kMore || op == Op::kAtLeast;
}

bool is_upper_bound(Op op) {
  return op == Op::kLess || op == Op::kAtMost;
}

// No value is above `lower` and below `upper`.
bool is_empty_range(const Test& lower, const Test& upper) {
  const std::optional<int> order = compare(lower.key, lower.values[0], upper.values[0]);
  const bool both_included = lower.op == Op::kAtLeast && upper.op == Op::kAtMost;
  return !order || *order > 0 || (*order == 0 && !both_included);
}

bool none_of_its_values(const Test& equal, const Test& other) {
  return equal.op == Op::kEqual &&
         std::none_of(equal.values.begin(), equal.values.end(),
                      [&](const std::string& value) { return satisfies(other, value); });
}

}  // namespace

std::optional<int> compare_architectures(std::string_view a, std::string_view b) {
  if (const std::string x = as_numbers(a), y = as_numbers(b); !x.empty() && !y.empty()) {
    return compare_versions(x, y);
  }
  if (const auto x = as_gfx(a), y = as_gfx(b); x && y) {
    return order_of(*x, *y);
  }
  return equal_in_any_case(a, b) ? std::optional(0) : std::nullopt;
}

bool has_order(std::string_view architecture) {
  return !as_numbers(architecture).empty() || as_gfx(architecture).has_value();
}

bool meets(const Test& test, const Device& device, std::string* why) {
  const std::string value = value_of(test.key, device);
  if (!value.empty() && satisfies(test, value)) {
    return true;
  }
  *why = reason(test, device, value);
  return false;
}

bool contradict(const Test& a, const Test& b) {
  // Patterns overlap in ways that nobody has to know.
  if (a.key != b.key || a.key == Key::kModel) {
    return false;
  }
  if (is_lower_bound(a.op) && is_upper_bound(b.op)) {
    return is_empty_range(a, b);
  }
  if (is_upper_bound(a.op) && is_lower_bound(b.op)) {
    return is_empty_range(b, a);
  }
  return none_of_its_values(a, b) || none_of_its_values(b, a);
}

}  // namespace xpu
