// SPDX-License-Identifier: Apache-2.0
#include "core/request/request.h"

#include <algorithm>
#include <iterator>
#include <unordered_set>

#include "core/base/ascii.h"
#include "core/base/error.h"
#include "core/request/elements.h"
#include "core/request/environment.h"
#include "core/request/known.h"
#include "core/request/switches.h"

namespace xpu {
namespace {

constexpr std::size_t kCapabilityLimit = 256;

bool contains(const std::vector<std::string>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

// Whether two variables of one backend are about a vendor in common; a variable without vendors is
// about all of them.
bool overlap(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return a.empty() || b.empty() || std::any_of(a.begin(), a.end(), [&](const std::string& vendor) {
           return contains(b, vendor);
         });
}

std::vector<std::string> vendors_of(const Manifest& manifest, const std::string& variable) {
  for (const VariableVendors& entry : manifest.variable_vendors) {
    if (entry.variable == variable) {
      return entry.vendors;
    }
  }
  return {};
}

class RequestParser {
 public:
  RequestParser(const std::vector<std::string>& entries, const std::vector<FoundBackend>& backends)
      : env_(entries), backends_(backends) {}

  std::string asking(const std::string& known_file) const {
    if (!env_.find(kNeutralVariable)) {
      for (const Source& source : claimed_sources()) {
        if (asks(source.value)) {
          return source.variable;
        }
      }
    }
    return asking_anybody(known_file);
  }

  Request parse(const std::string& known_file) {
    check_folders(known_file);
    if (const auto value = env_.find(kNeutralVariable)) {
      use({std::string(kNeutralVariable), *value, {}, {}});
    } else {
      for (const Source& source : claimed_sources()) {
        use(source);
      }
      for (std::string& warning : unclaimed_warnings(env_, backends_, known_file)) {
        request_.warnings.push_back(std::move(warning));
      }
    }
    add_what_backends_read();
    return std::move(request_);
  }

 private:
  // The vendor-neutral variable, or a well-known one that nobody claims, if it asks.
  std::string asking_anybody(const std::string& known_file) const {
    if (const auto value = env_.find(kNeutralVariable)) {
      return asks(*value) ? std::string(kNeutralVariable) : "";
    }
    return unclaimed_asking(env_, backends_, known_file);
  }

  // A folder that cannot be used may hold the backend that is asked for.
  void check_folders(const std::string& known_file) {
    for (const FoundBackend& found : backends_) {
      if (!found.is_folder) {
        continue;
      }
      const std::string problem =
          cat("the backend folder ", found.manifest.file, " cannot be used: ", found.reason);
      const std::string variable = asking_anybody(known_file);
      if (!variable.empty()) {
        fail(variable, " is set, but ", problem);
      }
      request_.warnings.push_back(problem);
    }
  }

  // The variables of each backend that are in force: of several about one vendor the first that
  // the manifest names.
  std::vector<Source> claimed_sources() const {
    std::vector<Source> sources;
    for (const FoundBackend& found : backends_) {
      std::vector<std::vector<std::string>> in_force;
      for (const std::string& variable : found.manifest.device_variables) {
        const auto value = env_.find(variable);
        std::vector<std::string> vendors = vendors_of(found.manifest, variable);
        if (value && std::none_of(in_force.begin(), in_force.end(),
                                  [&](const auto& other) { return overlap(vendors, other); })) {
          in_force.push_back(vendors);
          add_source(sources, {variable, *value, {found.manifest.name}, std::move(vendors)});
        }
      }
    }
    return sources;
  }

  // Backends may share a variable.
  static void add_source(std::vector<Source>& sources, Source source) {
    const auto same = std::find_if(sources.begin(), sources.end(), [&](const Source& other) {
      return other.variable == source.variable;
    });
    if (same == sources.end()) {
      sources.push_back(std::move(source));
      return;
    }
    same->claimed_by.push_back(source.claimed_by[0]);
    if (same->vendors.empty() || source.vendors.empty()) {
      same->vendors.clear();
    } else {
      add_missing(same->vendors, source.vendors);
    }
  }

  static void add_missing(std::vector<std::string>& list, const std::vector<std::string>& more) {
    std::copy_if(more.begin(), more.end(), std::back_inserter(list),
                 [&](const std::string& name) { return !contains(list, name); });
  }

  void use(Source source) {
    if (!asks(source.value)) {
      return;
    }
    const bool neutral = source.claimed_by.empty();
    std::erase_if(source.claimed_by,
                  [&](const std::string& name) { return !is_able(name, source.variable); });
    if (!neutral && source.claimed_by.empty()) {
      return;
    }
    request_.variable += cat(request_.variable.empty() ? "" : ", ", source.variable);
    add_missing(request_.claimed_by, source.claimed_by);
    for (Selector& selector : parse_elements(source)) {
      if (selector.name != "none") {
        request_.kind = RequestKind::kDevices;
      } else if (request_.kind == RequestKind::kNone) {
        request_.kind = RequestKind::kDriversOnly;
      }
      request_.selectors.push_back(std::move(selector));
    }
  }

  // False, with a warning, for a backend that the administrator has switched off.
  bool is_able(const std::string& name, const std::string& variable) {
    const FoundBackend& found =
        *std::find_if(backends_.begin(), backends_.end(),
                      [&](const FoundBackend& f) { return f.manifest.name == name; });
    if (!found.enabled) {
      request_.warnings.push_back(
          cat(variable, " is set, but the backend ", name, ", which serves it, is not enabled"));
      return false;
    }
    if (found.refused) {
      fail(variable, " is set, but the backend ", name,
           ", which serves it, was refused: ", found.reason);
    }
    return true;
  }

  void add_what_backends_read() {
    if (request_.kind == RequestKind::kNone) {
      return;
    }
    for (const FoundBackend& found : backends_) {
      if (!found.enabled || found.refused ||
          (!request_.claimed_by.empty() && !contains(request_.claimed_by, found.manifest.name))) {
        continue;
      }
      request_.capabilities.push_back(capabilities_of(found.manifest));
      if (request_.kind == RequestKind::kDevices) {
        append(request_.features, features_in(env_, found.manifest));
        append(request_.requirements, requirements_in(env_, found.manifest));
      }
    }
  }

  template <class T>
  static void append(std::vector<T>& list, std::vector<T> more) {
    std::move(more.begin(), more.end(), std::back_inserter(list));
  }

  CapabilityRequest capabilities_of(const Manifest& manifest) const {
    CapabilityRequest preset{manifest.name, manifest.default_capabilities,
                             cat("default-capabilities of ", manifest.file)};
    for (const std::string& variable : manifest.capability_variables) {
      const auto value = env_.find(variable);
      if (!value) {
        continue;
      }
      std::vector<std::string> named = capability_list(*value);
      return named.empty() ? preset : CapabilityRequest{manifest.name, std::move(named), variable};
    }
    for (const CapabilityRule& rule : manifest.capability_rules) {
      if (env_.find(rule.if_set) && (rule.if_unset.empty() || !env_.find(rule.if_unset))) {
        return {manifest.name, rule.capabilities, cat("capability-rules of ", manifest.file)};
      }
    }
    return preset;
  }

  static std::vector<std::string> capability_list(std::string_view value) {
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

  const Environment env_;
  const std::vector<FoundBackend>& backends_;
  Request request_;
};

}  // namespace

std::vector<std::string_view> split_list(std::string_view value) {
  const auto trim = [](std::string_view text) {
    const std::size_t first = text.find_first_not_of(' ');
    return first == text.npos ? std::string_view()
                              : text.substr(first, text.find_last_not_of(' ') - first + 1);
  };
  std::vector<std::string_view> elements;
  std::string_view rest = trim(value);
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    elements.push_back(trim(rest.substr(0, comma)));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return elements;
}

bool asks(std::string_view value) {
  const std::vector<std::string_view> elements = split_list(value);
  return !elements.empty() && std::none_of(elements.begin(), elements.end(), [](auto element) {
    return equal_in_any_case(element, "void");
  });
}

Request parse_request(const std::vector<std::string>& env,
                      const std::vector<FoundBackend>& backends, const std::string& known_file) {
  return RequestParser(env, backends).parse(known_file);
}

std::string asking_variable(const std::vector<std::string>& env,
                            const std::vector<FoundBackend>& backends,
                            const std::string& known_file) {
  return RequestParser(env, backends).asking(known_file);
}

}  // namespace xpu
