// SPDX-License-Identifier: Apache-2.0
#include "core/spec/hooks.h"

#include <algorithm>

#include "core/base/error.h"

namespace xpu {
namespace {

// nullopt: missing, or no string.
std::optional<std::string> text_of(const std::vector<json::Member>& members, std::string_view key,
                                   const std::string& where) {
  const std::optional<json::Value> value = json::find(members, key, where);
  return value ? json::as_string(*value) : std::nullopt;
}

// "" when there is none.
std::string last_argument(std::string_view document, const std::vector<json::Member>& members,
                          const std::string& where) {
  const std::optional<json::Value> args = json::find(members, "args", where);
  if (!args || !args->is_array()) {
    return "";
  }
  const std::vector<json::Value> elements = json::elements(document, *args);
  return elements.size() < 2 ? "" : json::as_string(elements.back()).value_or("");
}

class Finder {
 public:
  Finder(const Spec& spec, const std::vector<std::string>& names) : spec_(spec), names_(names) {}

  void look_at(const json::Value& hooks, std::string_view phase) {
    const std::string place = cat(spec_.source(), ": hooks");
    const std::optional<json::Value> entries = json::find(spec_.document(), hooks, phase, place);
    if (!entries || !entries->is_array()) {
      return;
    }
    std::size_t index = 0;
    for (const json::Value& entry : json::elements(spec_.document(), *entries)) {
      const std::string where = cat(place, '.', phase, '[', index, ']');
      if (entry.is_object()) {
        const std::vector<json::Member> members = json::members(spec_.document(), entry);
        const std::string path = text_of(members, "path", where).value_or("");
        if (is_named(path) && fits(last_argument(spec_.document(), members, where), phase)) {
          found_.push_back({std::string(phase), index, path});
        }
      }
      ++index;
    }
  }
  std::vector<VendorHook> take() { return std::move(found_); }

 private:
  bool is_named(std::string_view path) const {
    const std::string_view name = path.substr(path.rfind('/') + 1);
    return std::find(names_.begin(), names_.end(), name) != names_.end();
  }
  static bool fits(std::string_view argument, std::string_view phase) {
    return argument == phase || argument == kHookPhases[0];
  }

  const Spec& spec_;
  const std::vector<std::string>& names_;
  std::vector<VendorHook> found_;
};

}  // namespace

std::vector<VendorHook> vendor_hooks(const Spec& spec, const std::vector<std::string>& names) {
  const std::optional<json::Value> hooks = json::find(spec.members(), "hooks", spec.source());
  if (!hooks || !hooks->is_object()) {
    return {};
  }
  Finder finder(spec, names);
  for (const std::string_view phase : kHookPhases) {
    finder.look_at(*hooks, phase);
  }
  return finder.take();
}

}  // namespace xpu
