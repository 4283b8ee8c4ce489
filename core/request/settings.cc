// SPDX-License-Identifier: Apache-2.0
#include "core/request/settings.h"

#include <algorithm>
#include <unordered_map>

#include "core/base/ascii.h"
#include "core/base/error.h"
#include "core/base/nearest.h"

namespace xpu {
namespace {

constexpr std::size_t kShown = 64;  // bytes of a value or a key in a message

// How the engines of pods call a container.
constexpr std::string_view kContainerNames[] = {"io.kubernetes.cri.container-name",
                                                "io.kubernetes.cri-o.ContainerName",
                                                "io.kubernetes.container.name"};
constexpr std::string_view kContainerTypes[] = {"io.kubernetes.cri.container-type",
                                                "io.kubernetes.cri-o.ContainerType"};

std::string shown(std::string_view text) {
  return cat(text.substr(0, kShown), text.size() > kShown ? "..." : "");
}

template <class Names>
std::optional<Word> word_of(std::string_view name, const Names& names) {
  const auto* const found = std::find(std::begin(names), std::end(names), name);
  return found == std::end(names) ? std::nullopt
                                  : std::optional(static_cast<Word>(found - std::begin(names)));
}

// Not the spaces around it.
std::string trimmed(std::string_view value) {
  const std::size_t first = value.find_first_not_of(' ');
  return first == value.npos
             ? ""
             : std::string(value.substr(first, value.find_last_not_of(' ') - first + 1));
}

void set(Settings& settings, Word word, std::string name, std::string_view value,
         std::string stands_for = "") {
  std::string text = trimmed(value);
  if (word == Word::kVisibleDevices || !text.empty()) {
    settings.set(word, {std::move(name), std::move(text), std::move(stands_for)});
  }
}

// What the value of an alias stands for; nullopt for nothing.
std::optional<std::string> meaning(const Alias& alias, std::string_view value) {
  if (alias.values.empty()) {
    return std::string(value);
  }
  for (const auto& [from, to] : alias.values) {
    if (equal_in_any_case(from, value)) {
      return to;
    }
  }
  return std::nullopt;
}

// The first of the annotations of these names; "" for none.
template <class Names>
std::string_view annotation(const Said& said, const Names& names) {
  for (const std::string_view name : names) {
    for (const auto& [key, value] : said.annotations) {
      if (key == name) {
        return value;
      }
    }
  }
  return "";
}

std::string hint_for(std::string_view key) {
  std::string out = did_you_mean(key, {std::begin(kAnnotationKeys), std::end(kAnnotationKeys)});
  if (out.empty()) {
    for (const std::string_view known : kAnnotationKeys) {
      out += cat(out.empty() ? "; there are " : ", ", kAnnotationPrefix, known);
    }
  }
  return out;
}

}  // namespace

Settings Settings::modifiers() const {
  Settings out = *this;
  std::fill_n(out.settings_.begin(), static_cast<std::size_t>(kFirstModifier), std::nullopt);
  return out;
}

std::string Setting::where() const {
  return stands_for.empty() ? name : cat(name, " (for ", stands_for, ")");
}

std::string Setting::text() const {
  return cat(name, "=", shown(value));
}

std::vector<const Setting*> Settings::asking() const {
  std::vector<const Setting*> out;
  for (std::size_t i = 0; i < static_cast<std::size_t>(kFirstModifier); ++i) {
    if (settings_[i]) {
      out.push_back(&*settings_[i]);
    }
  }
  return out;
}

Settings settings_in_environment(const Environment& env, const Config& config) {
  Settings out;
  std::unordered_map<std::string_view, std::string_view> aliases;  // that are set, by name
  const auto is_alias = [&](std::string_view name) {
    return std::any_of(config.aliases.begin(), config.aliases.end(),
                       [&](const Alias& alias) { return alias.name == name; });
  };
  for (const auto& [name, value] : env.last_values([&](std::string_view one) {
         return word_of(one, kRequestVariables) || is_alias(one);
       })) {
    const std::optional<Word> word = word_of(name, kRequestVariables);
    if (!word) {
      aliases.emplace(name, value);
    } else {
      set(out, *word, std::string(name), value);
    }
  }
  for (const Alias& alias : config.aliases) {
    const auto found = aliases.find(alias.name);
    const std::optional<Word> word = word_of(alias.variable, kRequestVariables);
    if (found == aliases.end() || !word || out.find(*word) != nullptr) {
      continue;
    }
    if (const std::optional<std::string> value = meaning(alias, found->second)) {
      set(out, *word, alias.name, *value, alias.variable);
    }
  }
  return out;
}

Annotated settings_in_annotations(const Said& said) {
  Annotated out;
  Settings own;  // of keys that name this container
  const std::string_view container = annotation(said, kContainerNames);
  for (const auto& [key, value] : said.annotations) {
    if (!std::string_view(key).starts_with(kAnnotationPrefix)) {
      continue;
    }
    const std::string_view rest = std::string_view(key).substr(kAnnotationPrefix.size());
    const std::size_t dot = std::min(rest.find('.'), rest.size());
    const bool is_own = dot < rest.size();
    if (is_own && (container.empty() || rest.substr(dot + 1) != container)) {
      continue;
    }
    const std::optional<Word> word = word_of(rest.substr(0, dot), kAnnotationKeys);
    if (!word) {
      out.unknown = cat("annotation ", shown(key));
      out.hint = hint_for(rest.substr(0, dot));
    } else {
      set(is_own ? own : out.settings, *word, cat("annotation ", key), value);
    }
  }
  for (std::size_t i = 0; i < kWords; ++i) {
    if (const Setting* setting = own.find(static_cast<Word>(i))) {
      out.settings.set(static_cast<Word>(i), *setting);
    }
  }
  return out;
}

bool is_sandbox(const Said& said) {
  return std::any_of(
      std::begin(kContainerTypes), std::end(kContainerTypes),
      [&](std::string_view name) { return annotation(said, std::array{name}) == "sandbox"; });
}

}  // namespace xpu
