// SPDX-License-Identifier: Apache-2.0
#include "core/request/claims.h"

#include <algorithm>
#include <iterator>
#include <unordered_set>

#include "core/base/ascii.h"
#include "core/base/contains.h"
#include "core/base/error.h"

namespace xpu {
namespace {

constexpr std::size_t kCapabilityLimit = 256;

// Whether two variables of one backend are about a vendor in common; a variable without vendors is
// about all of them.
bool overlap(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return a.empty() || b.empty() || std::any_of(a.begin(), a.end(), [&](const std::string& vendor) {
           return contains(b, vendor);
         });
}

void add_source(std::vector<Source>& sources, Source source) {
  const auto same = std::find_if(sources.begin(), sources.end(), [&](const Source& other) {
    return other.variable == source.variable;
  });
  if (same == sources.end()) {
    sources.push_back(std::move(source));
  } else {
    merge(*same, source);
  }
}

}  // namespace

std::vector<std::string> vendors_of(const Manifest& manifest, const std::string& variable) {
  for (const VariableVendors& entry : manifest.variable_vendors) {
    if (entry.variable == variable) {
      return entry.vendors;
    }
  }
  return {};
}

void merge(Source& source, const Source& other) {
  const auto add_missing = [](std::vector<std::string>& list,
                              const std::vector<std::string>& more) {
    std::copy_if(more.begin(), more.end(), std::back_inserter(list),
                 [&](const std::string& name) { return !contains(list, name); });
  };
  add_missing(source.claimed_by, other.claimed_by);
  if (source.vendors.empty() || other.vendors.empty()) {
    source.vendors.clear();
  } else {
    add_missing(source.vendors, other.vendors);
  }
}

std::vector<Source> claimed_sources(const Environment& env,
                                    const std::vector<FoundBackend>& backends) {
  std::vector<Source> sources;
  for (const FoundBackend& found : backends) {
    std::vector<std::vector<std::string>> in_force;
    for (const std::string& variable : found.manifest.device_variables) {
      const auto value = env.find(variable);
      std::vector<std::string> vendors = vendors_of(found.manifest, variable);
      if (value && std::none_of(in_force.begin(), in_force.end(),
                                [&](const auto& other) { return overlap(vendors, other); })) {
        in_force.push_back(vendors);
        add_source(sources,
                   {variable, std::string(*value), {found.manifest.name}, std::move(vendors)});
      }
    }
  }
  return sources;
}

std::vector<std::string> capability_list(std::string_view value) {
  std::vector<std::string> out;
  std::unordered_set<std::string_view> seen;
  for (const std::string_view element : split_list(value)) {
    if (equal_in_any_case(element, "all")) {
      return {"all"};
    }
    if (!element.empty() && seen.insert(element).second) {
      out.emplace_back(element.substr(0, kCapabilityLimit));
    }
  }
  return out;
}

CapabilityRequest capabilities_in(const Environment& env, const Manifest& manifest) {
  CapabilityRequest preset{manifest.name, manifest.default_capabilities,
                           cat("default-capabilities of ", manifest.file)};
  for (const std::string& variable : manifest.capability_variables) {
    const auto value = env.find(variable);
    if (!value) {
      continue;
    }
    std::vector<std::string> named = capability_list(*value);
    return named.empty() ? preset : CapabilityRequest{manifest.name, std::move(named), variable};
  }
  for (const CapabilityRule& rule : manifest.capability_rules) {
    if (env.find(rule.if_set) && (rule.if_unset.empty() || !env.find(rule.if_unset))) {
      return {manifest.name, rule.capabilities, cat("capability-rules of ", manifest.file)};
    }
  }
  return preset;
}

}  // namespace xpu
