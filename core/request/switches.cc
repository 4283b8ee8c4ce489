// SPDX-License-Identifier: Apache-2.0
#include "core/request/switches.h"

#include <algorithm>
#include <unordered_set>

#include "core/base/ascii.h"
#include "core/base/error.h"
#include "core/catalog/grammar.h"
#include "core/require/require.h"

namespace xpu {
namespace {

constexpr std::size_t kItemLimit = 4096;
constexpr std::size_t kShown = 64;  // bytes of a value in a message

std::string setting(const std::string& variable, std::string_view value) {
  return cat(variable, "=", value.substr(0, kShown), value.size() > kShown ? "..." : "");
}

bool is_one_of(std::string_view value, const std::vector<std::string>& words) {
  return std::any_of(words.begin(), words.end(),
                     [&](const std::string& word) { return equal_in_any_case(word, value); });
}

// "a, b or c"
std::string alternatives(const std::vector<std::string>& words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    out += cat(i == 0 ? "" : i + 1 == words.size() ? " or " : ", ", words[i]);
  }
  return out;
}

// The elements without the prefix; {"all"} for all of them. What is wrong goes to `problem`.
std::vector<std::string> items_in(std::string_view value, const Feature& feature,
                                  std::string* problem) {
  std::vector<std::string> items;
  std::unordered_set<std::string_view> seen;
  for (std::string_view element : split_list(value)) {
    if (equal_in_any_case(element, "all")) {
      return {"all"};
    }
    if (element.size() > feature.prefix.size() && element.starts_with(feature.prefix)) {
      element.remove_prefix(feature.prefix.size());
    }
    if (!grammar::is_item(element)) {
      *problem = element.empty()
                     ? "the list holds an empty element; write one comma between two names"
                     : cat("'", element.substr(0, kShown), "' is no element of the feature ",
                           feature.name, "; letters, digits, '.', '_' and '-' are wanted");
      return {};
    }
    if (seen.insert(element).second && seen.size() > kItemLimit) {
      *problem = cat("the list holds more than ", kItemLimit, " different elements");
      return {};
    }
    if (items.size() < seen.size()) {
      items.emplace_back(element);
    }
  }
  return items;
}

// False when the value leaves the feature off.
bool read_feature(const Feature& feature, std::string_view value, FeatureRequest* request) {
  const std::vector<std::string_view> elements = split_list(value);
  const std::string_view word = elements.size() == 1 ? elements[0] : value;
  // In a list 0 may be an element.
  if (elements.empty() || (switches_off(word) && !(feature.list && word == "0"))) {
    return false;
  }
  std::string problem;
  if (feature.list) {
    request->items = items_in(value, feature, &problem);
  } else if (!is_one_of(word, feature.values)) {
    problem = cat(alternatives(feature.values), " switches the feature ", feature.name,
                  " on; 0, false, disabled, none, void or an empty value leaves it off");
  }
  if (!problem.empty()) {
    request->problem = cat(request->source, ": ", problem);
  }
  return true;
}

bool is_match(std::string_view name, const std::vector<std::string>& patterns) {
  return std::any_of(patterns.begin(), patterns.end(), [&](std::string_view pattern) {
    return pattern.ends_with('*') ? name.starts_with(pattern.substr(0, pattern.size() - 1))
                                  : name == pattern;
  });
}

// "VARIABLE=value" of the first that is true; "" when none is.
std::string switched_off_by(const Environment& env, const std::vector<std::string>& variables) {
  for (const std::string& variable : variables) {
    const auto value = env.find(variable);
    if (value && is_one_of(*value, {"true", "1", "yes", "on"})) {
      return setting(variable, *value);
    }
  }
  return "";
}

}  // namespace

std::vector<FeatureRequest> features_in(const Environment& env, const Manifest& manifest) {
  std::vector<FeatureRequest> out;
  for (const Feature& feature : manifest.features) {
    for (const std::string& variable : feature.variables) {
      const auto value = env.find(variable);
      if (!value) {
        continue;
      }
      FeatureRequest request{
          manifest.name, feature.name, {}, feature.privileged, setting(variable, *value), ""};
      if (read_feature(feature, *value, &request)) {
        out.push_back(std::move(request));
      }
      break;
    }
  }
  return out;
}

std::vector<RequirementRequest> requirements_in(const Environment& env, const Manifest& manifest) {
  std::vector<RequirementRequest> out;
  const Requirements& wanted = manifest.requirements;
  const std::string disabled_by = switched_off_by(env, wanted.disable);
  const auto add = [&](const std::string& variable, std::string text) {
    out.push_back({manifest.name, variable, std::move(text), disabled_by});
  };
  for (const auto& [name, value] : env.last_values([&](std::string_view name) {
         return is_match(name, wanted.variables) && !is_match(name, wanted.except);
       })) {
    if (value.find_first_not_of(" \t\r\n,") != value.npos) {
      add(std::string(name), std::string(value));
    }
  }
  for (const RequirementRule& rule : wanted.rules) {
    const auto value = env.find(rule.if_set);
    if (value && !value->empty() && (rule.if_unset.empty() || !env.find(rule.if_unset))) {
      add(rule.if_set, filled_in(rule.requires_text, *value));
    }
  }
  return out;
}

}  // namespace xpu
