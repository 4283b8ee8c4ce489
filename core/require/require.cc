// SPDX-License-Identifier: Apache-2.0
#include "core/require/require.h"

#include <algorithm>
#include <optional>
#include <set>

#include "core/base/ascii.h"
#include "core/base/error.h"
#include "core/catalog/grammar.h"

namespace xpu {
namespace {

using Comparison = Clause::Comparison;

constexpr std::size_t kTextLimit = 16 << 10;
constexpr std::size_t kShown = 64;  // bytes of a clause in a message
constexpr std::size_t kShownAlternatives = 6;
constexpr std::string_view kOperatorCharacters = "<>=!";

constexpr std::pair<std::string_view, Comparison> kOperators[] = {
    {"=", Comparison::kEqual},   {"!=", Comparison::kNotEqual},
    {"<", Comparison::kLess},    {"<=", Comparison::kLessEqual},
    {">", Comparison::kGreater}, {">=", Comparison::kGreaterEqual},
};

std::string shown(std::string_view text) {
  return cat(text.substr(0, kShown), text.size() > kShown ? "..." : "");
}

bool is_order(Comparison comparison) {
  return comparison != Comparison::kEqual && comparison != Comparison::kNotEqual;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_version(std::string_view text) {
  return !text.empty() && is_digit(text[0]) &&
         text.find_first_not_of("0123456789.") == std::string_view::npos;
}

// The number before the first '.', without zeros at its front; taken off the text.
std::string_view next_number(std::string_view& text) {
  std::string_view number = text.substr(0, text.find('.'));
  text.remove_prefix(std::min(number.size() + 1, text.size()));
  number.remove_prefix(std::min(number.find_first_not_of('0'), number.size()));
  return number;
}

bool holds(Comparison comparison, int order) {
  switch (comparison) {
    case Comparison::kEqual:
      return order == 0;
    case Comparison::kNotEqual:
      return order != 0;
    case Comparison::kLess:
      return order < 0;
    case Comparison::kLessEqual:
      return order <= 0;
    case Comparison::kGreater:
      return order > 0;
    case Comparison::kGreaterEqual:
      break;
  }
  return order >= 0;
}

Clause parse_clause(std::string_view text, const std::string& source) {
  const std::size_t start = std::min(text.find_first_of(kOperatorCharacters), text.size());
  const std::size_t end = std::min(text.find_first_not_of(kOperatorCharacters, start), text.size());
  const std::string_view sign = text.substr(start, end - start);
  const auto known = std::find_if(std::begin(kOperators), std::end(kOperators),
                                  [&](const auto& entry) { return entry.first == sign; });
  Clause clause{to_lower(text.substr(0, start)), Comparison::kEqual, std::string(text.substr(end)),
                std::string(text)};
  if (known == std::end(kOperators) || !grammar::is_property(clause.property) ||
      clause.value.empty() || clause.value.find_first_of(kOperatorCharacters) != text.npos) {
    fail(source, ": '", shown(text),
         "' is not understood; a property, one of = != < <= > >= and a value are wanted, such as "
         "driver>=535");
  }
  clause.comparison = known->second;
  if (is_order(clause.comparison) && !is_version(clause.value)) {
    fail(source, ": '", shown(text), "' is not understood; ", sign,
         " is for versions, numbers with dots between them");
  }
  return clause;
}

// Calls `visit(name, value)` with what a device says of itself, its properties first.
template <class Visit>
void visit_device(const Device& device, Visit visit) {
  for (const auto& [name, value] : device.properties) {
    visit(name, value);
  }
  visit("arch", device.architecture);
  visit("architecture", device.architecture);
  visit("driver", device.driver);
  visit("memory", device.memory_bytes == 0 ? "" : std::to_string(device.memory_bytes));
  visit("name", device.name);
  visit("vendor", device.vendor);
}

template <class Visit>
void visit_all(const Device& device, const Catalog& catalog, Visit visit) {
  visit_device(device, visit);
  for (const Device& other : catalog.devices) {
    if (!device.parent.empty() && other.id == device.parent) {
      visit_device(other, visit);
    }
  }
  for (const auto& [name, value] : catalog.properties) {
    visit(name, value);
  }
}

std::optional<std::string> property(std::string_view wanted, const Device& device,
                                    const Catalog& catalog) {
  std::optional<std::string> found;
  visit_all(device, catalog, [&](std::string_view name, const std::string& value) {
    if (!found && name == wanted && !value.empty()) {
      found = value;
    }
  });
  return found;
}

std::string known_properties(const Device& device, const Catalog& catalog) {
  std::set<std::string, std::less<>> names;
  visit_all(device, catalog, [&](std::string_view name, const std::string& value) {
    if (!value.empty()) {
      names.emplace(name);
    }
  });
  std::string out;
  for (const std::string& name : names) {
    out += cat(out.empty() ? "" : ", ", name);
  }
  return out;
}

// "" when the clause holds, else what keeps it from that.
std::string obstacle(const Clause& clause, const Device& device, const Catalog& catalog) {
  const std::optional<std::string> has = property(clause.property, device, catalog);
  if (!has) {
    return cat("it has no ", clause.property);
  }
  if (is_order(clause.comparison)) {
    const std::string_view version = version_of(*has);
    if (version.empty()) {
      return cat("it has ", shown(*has), ", which is no version");
    }
    return holds(clause.comparison, compare_versions(version, clause.value))
               ? ""
               : cat("it has ", shown(*has));
  }
  const bool equal = is_version(*has) && is_version(clause.value)
                         ? compare_versions(*has, clause.value) == 0
                         : equal_in_any_case(*has, clause.value);
  return equal == (clause.comparison == Comparison::kEqual) ? "" : cat("it has ", shown(*has));
}

std::string text_of(const std::vector<Clause>& clauses) {
  std::string out;
  for (const Clause& clause : clauses) {
    out += cat(out.empty() ? "" : ",", clause.text);
  }
  return shown(out);
}

}  // namespace

std::string_view version_of(std::string_view text) {
  const std::string_view front = text.substr(0, text.find_first_of("-+~ "));
  return is_version(front) ? front : std::string_view();
}

int compare_versions(std::string_view a, std::string_view b) {
  while (!a.empty() || !b.empty()) {
    const std::string_view x = next_number(a), y = next_number(b);
    if (x.size() != y.size()) {
      return x.size() < y.size() ? -1 : 1;
    }
    if (const int order = x.compare(y); order != 0) {
      return order;
    }
  }
  return 0;
}

Requirement parse_requirement(std::string_view text, const std::string& source) {
  if (text.size() > kTextLimit) {
    fail(source, ": a requirement is at most ", kTextLimit, " bytes long, and this one is ",
         text.size());
  }
  Requirement out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find_first_of(" \t\r\n", at), text.size());
    std::vector<Clause> clauses;
    for (const std::string& clause : grammar::split(text.substr(at, end - at))) {
      if (!clause.empty()) {
        clauses.push_back(parse_clause(clause, source));
      }
    }
    if (!clauses.empty()) {
      out.push_back(std::move(clauses));
    }
    at = end + 1;
  }
  return out;
}

std::string unmet(const Requirement& requirement, const Device& device, const Catalog& catalog) {
  std::string out;
  std::size_t tried = 0;
  bool unknown = false;
  for (const std::vector<Clause>& clauses : requirement) {
    std::string problem;
    const auto failed = std::find_if(clauses.begin(), clauses.end(), [&](const Clause& clause) {
      problem = obstacle(clause, device, catalog);
      return !problem.empty();
    });
    if (failed == clauses.end()) {
      return "";
    }
    unknown = unknown || problem.starts_with("it has no ");
    if (tried++ < kShownAlternatives) {
      out +=
          cat(tried > 1 ? " or " : "", text_of(clauses), " (",
              clauses.size() > 1 ? cat(shown(failed->text), " does not hold: ") : "", problem, ")");
    }
  }
  if (tried > kShownAlternatives) {
    out += cat(" or one of ", tried - kShownAlternatives, " more");
  }
  return unknown ? cat(out, "; what it has is ", known_properties(device, catalog)) : out;
}

std::string filled_in(std::string_view pattern, std::string_view value) {
  const std::size_t dot = std::min(value.find('.'), value.size());
  const std::string_view rest = value.substr(std::min(dot + 1, value.size()));
  const std::string_view minor = rest.substr(0, rest.find('.'));
  const std::pair<std::string_view, std::string_view> parts[] = {
      {"${major}", value.substr(0, dot)},
      {"${minor}", minor.empty() ? "0" : minor},
      {"${value}", value},
  };
  std::string out;
  while (!pattern.empty()) {
    // What is put in is not looked at again: it is the image's.
    const auto* part = std::find_if(std::begin(parts), std::end(parts), [&](const auto& entry) {
      return pattern.starts_with(entry.first);
    });
    out += part == std::end(parts) ? pattern.substr(0, 1) : part->second;
    pattern.remove_prefix(part == std::end(parts) ? 1 : part->first.size());
  }
  return out;
}

}  // namespace xpu
