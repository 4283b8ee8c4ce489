// SPDX-License-Identifier: Apache-2.0
#include "core/request/attribute.h"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "core/base/ascii.h"
#include "core/base/error.h"
#include "core/base/nearest.h"
#include "core/catalog/grammar.h"
#include "core/catalog/limits.h"
#include "core/request/sizes.h"
#include "core/request/tests.h"
#include "core/require/require.h"

namespace xpu {
namespace {

constexpr std::size_t kShown = 32;
constexpr std::string_view kSignCharacters = "=<>!";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(' ');
  return first == text.npos ? std::string_view()
                            : text.substr(first, text.find_last_not_of(' ') - first + 1);
}

std::string shown(std::string_view text) {
  return cat("'", text.substr(0, kShown), text.size() > kShown ? "..." : "", "'");
}

// "a, b or c"
template <class Words>
std::string one_of(const Words& words) {
  std::string out;
  const std::size_t count = std::size(words);
  for (std::size_t i = 0; i < count; ++i) {
    out += cat(i == 0 ? "" : i + 1 == count ? " or " : ", ", words[i]);
  }
  return out;
}

template <class Words>
std::string read_word(std::string_view value, const std::string& where, const Words& words) {
  const auto* const found =
      std::find_if(std::begin(words), std::end(words),
                   [&](std::string_view word) { return equal_in_any_case(word, value); });
  if (found == std::end(words)) {
    fail(where, ": ", shown(value), " is not ", one_of(words));
  }
  return std::string(*found);
}

std::string read_number(std::string_view value, const std::string& where, unsigned least,
                        unsigned most, std::string_view alternative) {
  unsigned number = 0;
  const char* const end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, number);
  if (error != std::errc() || stop != end || number < least || number > most) {
    fail(where, ": ", shown(value), " is no number from ", least, " to ", most, alternative);
  }
  return std::to_string(number);
}

std::string read_count(std::string_view value, const std::string& where) {
  return equal_in_any_case(value, "all")
             ? "all"
             : read_number(value, where, 1, limits::kDevices, ", nor all");
}

std::string read_node(std::string_view value, const std::string& where) {
  return read_number(value, where, 0, limits::kDevices, "");
}

std::string read_memory(std::string_view value, const std::string& where) {
  return std::to_string(parse_size(value, where));
}

std::string read_architecture(std::string_view value, const std::string& where) {
  if (!grammar::is_item(value)) {
    fail(where, ": ", shown(value),
         " is no name of an architecture; such as sm_90, 9.0 and gfx942 are wanted");
  }
  return std::string(value);
}

std::string read_version(std::string_view value, const std::string& where) {
  if (version_of(value) != value) {
    fail(where, ": ", shown(value),
         " is no version; numbers with dots between them are wanted, such as 535.129");
  }
  return std::string(value);
}

std::string read_vendor(std::string_view value, const std::string& where) {
  std::string name = to_lower(value);
  if (!grammar::is_name(name)) {
    fail(where, ": ", shown(value),
         " is no name of a vendor; letters, digits and '-' are wanted, at most 32");
  }
  return name;
}

std::string read_model(std::string_view value, const std::string& where) {
  if (!grammar::is_text(value, limits::kText)) {
    fail(where, ": the pattern of a model holds a character that no model has");
  }
  return std::string(value);
}

std::string read_kind(std::string_view value, const std::string& where) {
  return read_word(value, where, kDeviceKindNames);
}

std::string read_link(std::string_view value, const std::string& where) {
  if (!equal_in_any_case(value, "direct")) {
    fail(where, ": ", shown(value), " is not direct, which is all that can be asked of links");
  }
  return "direct";
}

std::string read_strategy(std::string_view value, const std::string& where) {
  return read_word(value, where, kStrategyNames);
}

std::string read_sharing(std::string_view value, const std::string& where) {
  constexpr std::string_view kWords[] = {"shared", "exclusive"};
  return read_word(value, where, kWords);
}

std::string read_affinity(std::string_view value, const std::string& where) {
  constexpr std::string_view kWords[] = {"numa-local", "none"};
  return read_word(value, where, kWords);
}

using Key = Test::Key;
using Op = Test::Op;

constexpr Attribute kAttributes[] = {
    {"count", true, false, true, read_count, std::nullopt},
    {"vram", false, false, true, read_memory, Key::kMemory},
    {"arch", true, true, true, read_architecture, Key::kArchitecture},
    {"driver", true, true, true, read_version, Key::kDriver},
    {"numa", true, true, true, read_node, Key::kNumaNode},
    {"vendor", true, true, false, read_vendor, Key::kVendor},
    {"model", true, true, false, read_model, Key::kModel},
    {"kind", true, true, false, read_kind, Key::kKind},
    {"link", true, false, false, read_link, std::nullopt},
    {"strategy", true, false, false, read_strategy, std::nullopt},
    {"sharing", true, false, false, read_sharing, std::nullopt},
    {"affinity", true, false, false, read_affinity, std::nullopt},
};

constexpr std::pair<std::string_view, Op> kSigns[] = {{"=", Op::kEqual}, {"!=", Op::kNotEqual},
                                                      {"<", Op::kLess},  {"<=", Op::kAtMost},
                                                      {">", Op::kMore},  {">=", Op::kAtLeast}};

bool is_count(const Attribute& attribute) {
  return attribute.name == "count";
}

bool allows(const Attribute& attribute, Op op) {
  if (op == Op::kEqual || op == Op::kNotEqual) {
    return op == Op::kEqual ? attribute.equal : attribute.unequal;
  }
  // One device more than none is not worth a second way to write it.
  return attribute.order && (!is_count(attribute) || op == Op::kAtMost || op == Op::kAtLeast);
}

std::string signs_of(const Attribute& attribute) {
  std::string out;
  for (const auto& [sign, op] : kSigns) {
    out += allows(attribute, op) ? cat(out.empty() ? "" : " ", sign) : "";
  }
  return out;
}

std::string read_value(const Attribute& attribute, Op op, std::string_view value,
                       const std::string& where) {
  std::string out = attribute.read(value, where);
  const bool is_order = op != Op::kEqual && op != Op::kNotEqual;
  if (is_order && attribute.key == Key::kArchitecture && !has_order(out)) {
    fail(where, ": the architecture ", shown(value),
         " is before or after no other; only such as sm_90, 9.0 and gfx942 have an order");
  }
  if (is_order && is_count(attribute) && out == "all") {
    fail(where, ": all is for count=all only");
  }
  return out;
}

}  // namespace

std::optional<AttributeText> attribute_text(std::string_view element) {
  const std::size_t start = std::min(element.find_first_of(kSignCharacters), element.size());
  const std::size_t end =
      std::min(element.find_first_not_of(kSignCharacters, start), element.size());
  const AttributeText out{trimmed(element.substr(0, start)), element.substr(start, end - start),
                          trimmed(element.substr(end))};
  const bool is_word =
      !out.name.empty() && std::all_of(out.name.begin(), out.name.end(), [](char c) {
        return (to_lower(c) >= 'a' && to_lower(c) <= 'z') || c == '-';
      });
  // A qualified name of CDI, vendor.com/class=name, has a slash before the sign: it is no word.
  if (!is_word || out.sign.find_first_of("=<>") == out.sign.npos) {
    return std::nullopt;
  }
  return out;
}

const Attribute& attribute_called(std::string_view name, const std::string& variable) {
  std::vector<std::string_view> names;
  for (const Attribute& attribute : kAttributes) {
    if (equal_in_any_case(attribute.name, name)) {
      return attribute;
    }
    names.push_back(attribute.name);
  }
  const std::string hint = did_you_mean(to_lower(name), names);
  fail(variable, ": there is no attribute ", shown(name),
       hint.empty() ? cat("; it is one of ", one_of(names)) : hint);
}

Test::Op op_of(const AttributeText& text, const Attribute& attribute, const std::string& where) {
  const auto* const known = std::find_if(std::begin(kSigns), std::end(kSigns),
                                         [&](const auto& sign) { return sign.first == text.sign; });
  if (known == std::end(kSigns) || !allows(attribute, known->second)) {
    fail(where, ": ", attribute.name, " is written with one of ", signs_of(attribute));
  }
  return known->second;
}

std::vector<std::string> values_of(const Attribute& attribute, Test::Op op, std::string_view value,
                                   std::string_view separators, const std::string& where) {
  std::vector<std::string> out;
  std::string_view rest = value;
  while (true) {
    const std::size_t end = std::min(rest.find_first_of(separators), rest.size());
    const std::string_view one = trimmed(rest.substr(0, end));
    if (one.empty()) {
      fail(where, ": a value is missing");
    }
    out.push_back(read_value(attribute, op, one, where));
    if (end == rest.size()) {
      break;
    }
    rest.remove_prefix(end + 1);
  }
  const bool alternatives =
      attribute.key && attribute.key != Key::kMemory && (op == Op::kEqual || op == Op::kNotEqual);
  if (out.size() > 1 && !alternatives) {
    fail(where, ": one value is wanted, without '|'");
  }
  return out;
}

}  // namespace xpu
