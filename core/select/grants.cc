// SPDX-License-Identifier: Apache-2.0
#include "core/select/grants.h"

#include <algorithm>

#include "core/base/contains.h"
#include "core/base/error.h"
#include "core/base/joined.h"
#include "core/catalog/grammar.h"
#include "core/policy/policy.h"
#include "core/require/require.h"

namespace xpu {
namespace {

constexpr std::size_t kListed = 16;  // names in one message
// Bytes of all requirements on one backend: each clause is compared for each device.
constexpr std::size_t kRequirementsLimit = 64 << 10;

const std::string& name_of(const BackendStatus& backend) {
  return backend.found.manifest.name;
}

std::string listed_or_none(const std::vector<std::string>& words) {
  return words.empty() ? "none" : listed(words);
}

std::string file_of(const Config& config) {
  return config.file.empty() ? config_path() : config.file;
}

// What the catalog offers, either features or capabilities that are none.
std::vector<std::string> offered(const BackendStatus& backend, bool features) {
  std::vector<std::string> out = backend.catalog.capabilities;
  std::erase_if(out, [&](const std::string& name) {
    return (feature_called(backend, name) != nullptr) != features;
  });
  return out;
}

void check_allowed(const FeatureRequest& request, const Config& config) {
  const auto backend = config.backends.find(request.backend);
  if (backend != config.backends.end() && backend->second.features &&
      !contains(*backend->second.features, request.name)) {
    throw Denied(cat("backends.", request.backend, ".features"),
                 cat(request.source, ": the feature ", request.name,
                     " is not among the features that [backends.", request.backend, "] of ",
                     file_of(config), " allows: ", listed_or_none(*backend->second.features)),
                 request.source);
  }
}

SelectedFeature choose_feature(const FeatureRequest& request, bool privileged,
                               const BackendStatus& backend, const Config& config) {
  if (!request.problem.empty()) {
    fail(request.problem);
  }
  check_allowed(request, config);
  if (!request.denied_by.empty()) {
    deny_setting(request.denied_by, request.source, ": the feature ", request.name,
                 " is not for this container");
  }
  if (request.privileged && !privileged) {
    throw Denied("features",
                 cat(request.source, ": the feature ", request.name,
                     " is for privileged containers; that means CAP_SYS_ADMIN in the bounding, "
                     "permitted and effective sets of process.capabilities (--privileged gives "
                     "it), and no user namespace of its own"),
                 request.source);
  }
  if (!contains(backend.catalog.capabilities, request.name)) {
    fail(request.source, ": this host has no ", request.name, "; features of the backend ",
         name_of(backend), " here: ", listed_or_none(offered(backend, true)), "; ",
         request.source.substr(0, request.source.find('=')), "=disabled leaves it off");
  }
  SelectedFeature out{request.name, {}};
  if (request.items.empty()) {
    return out;
  }
  out.items = items_of(backend, request.name);
  const bool all = contains(request.items, "all");
  for (const std::string& item : request.items) {
    if (all ? out.items.empty() : !contains(out.items, item)) {
      fail(request.source, ": the feature ", request.name, " has no '", item,
           "' on this host; there are ", listed_or_none(out.items));
    }
  }
  std::erase_if(out.items,
                [&](const std::string& item) { return !all && !contains(request.items, item); });
  return out;
}

Requirement understood(const RequirementRequest& asked, const std::string& advice) {
  try {
    return parse_requirement(asked.text, asked.variable);
  } catch (const Error& error) {
    fail(error.what(), advice);
  }
}

}  // namespace

const BackendStatus* backend_called(const std::vector<BackendStatus>& backends,
                                    const std::string& name) {
  const auto found = std::find_if(backends.begin(), backends.end(),
                                  [&](const BackendStatus& one) { return name_of(one) == name; });
  return found == backends.end() ? nullptr : &*found;
}

const Feature* feature_called(const BackendStatus& backend, const std::string& name) {
  const std::vector<Feature>& features = backend.found.manifest.features;
  const auto found = std::find_if(features.begin(), features.end(),
                                  [&](const Feature& feature) { return feature.name == name; });
  return found == features.end() ? nullptr : &*found;
}

std::string listed(const std::vector<std::string>& words) {
  return first_joined(words, kListed);
}

std::vector<std::string> items_of(const BackendStatus& backend, const std::string& feature) {
  std::vector<std::string> out;
  for (const EditGroup& group : backend.catalog.edits) {
    const Scope& scope = group.scope;
    if (!scope.item.empty() && contains(grammar::split(scope.capability), feature) &&
        !contains(out, scope.item)) {
      out.push_back(scope.item);
    }
  }
  return out;
}

std::vector<std::string> choose_capabilities(const Request& request, const BackendStatus& backend,
                                             const Config& config) {
  std::vector<std::string> out = offered(backend, false);
  const auto is_kept = [&](const std::string& capability) {
    return !request.privileged && contains(config.privileged_capabilities, capability);
  };
  const auto asked =
      std::find_if(request.capabilities.begin(), request.capabilities.end(),
                   [&](const auto& entry) { return entry.backend == name_of(backend); });
  if (asked == request.capabilities.end()) {
    return {};
  }
  if (contains(asked->names, "all")) {
    std::erase_if(out, is_kept);
    return out;
  }
  for (const std::string& capability : asked->names) {
    if (const Feature* feature = feature_called(backend, capability)) {
      fail(asked->source, ": '", capability, "' is a feature of the backend ", name_of(backend),
           ", which ", feature->variables[0], "=", feature->list ? "all" : feature->values[0],
           " switches on");
    }
    if (!contains(out, capability)) {
      fail(asked->source, ": the backend ", name_of(backend), " does not offer the capability '",
           capability, "'; it offers ", listed_or_none(out));
    }
    if (is_kept(capability)) {
      deny_setting("privileged-capabilities", asked->source, ": the capability ", capability,
                   " is for privileged containers");
    }
  }
  std::erase_if(out, [&](const std::string& c) { return !contains(asked->names, c); });
  return out;
}

std::vector<SelectedFeature> choose_features(const Request& request, const BackendStatus& backend,
                                             const Config& config) {
  std::vector<SelectedFeature> out;
  for (const FeatureRequest& feature : request.features) {
    if (feature.backend == name_of(backend)) {
      out.push_back(choose_feature(feature, request.privileged, backend, config));
    }
  }
  return out;
}

void check_requirements(const Request& request, const BackendStatus& backend,
                        const std::vector<const Device*>& devices, const Config& config) {
  const std::vector<std::string>& disable = backend.found.manifest.requirements.disable;
  const std::string advice =
      cat("; ", disable.empty() ? "" : cat(disable[0], "=true in the container or "),
          "disable-require = true in ", file_of(config), " skips this check");
  std::size_t bytes = 0;
  for (const RequirementRequest& asked : request.requirements) {
    if (asked.backend != name_of(backend) || !asked.disabled_by.empty() || config.disable_require) {
      continue;
    }
    bytes += asked.text.size();
    if (bytes > kRequirementsLimit) {
      fail(asked.variable, ": what the image needs of the backend ", name_of(backend),
           " takes more than ", kRequirementsLimit, " bytes", advice);
    }
    const Requirement requirement = understood(asked, advice);
    for (const Device* device : devices) {
      const std::string missing = unmet(requirement, *device, backend.catalog);
      if (!missing.empty()) {
        fail(asked.variable, ": ", device->id, " does not meet what the image needs: ", missing,
             advice);
      }
    }
  }
}

}  // namespace xpu
