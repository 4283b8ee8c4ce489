// SPDX-License-Identifier: Apache-2.0
#include "core/request/request.h"

#include <algorithm>
#include <unordered_set>

#include "core/base/error.h"
#include "core/request/environment.h"
#include "core/request/known.h"

namespace xpu {
namespace {

constexpr std::size_t kElementLimit = 256;
constexpr std::size_t kDifferentLimit = 4096;  // as many devices as a host can describe

bool is_hex(std::string_view text) {
  return !text.empty() &&
         text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

// "0000:65:00.0" or "65:00.0"
bool is_pci_address(std::string_view text) {
  const std::size_t dot = text.rfind('.');
  const std::size_t colon = text.rfind(':', dot);
  if (dot == text.npos || colon == text.npos || dot - colon != 3 || text.size() - dot != 2 ||
      !is_hex(text.substr(colon + 1, 2)) || !is_hex(text.substr(dot + 1))) {
    return false;
  }
  const std::string_view front = text.substr(0, colon);
  const std::size_t middle = front.find(':');
  if (middle == front.npos) {
    return front.size() == 2 && is_hex(front);
  }
  return middle >= 4 && middle <= 8 && is_hex(front.substr(0, middle)) &&
         front.size() - middle == 3 && is_hex(front.substr(middle + 1));
}

bool is_vendor(std::string_view text) {
  return !text.empty() && text[0] >= 'a' && text[0] <= 'z' &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

// One request variable that is set, and whose it is.
struct Source {
  std::string variable;
  std::string_view value;
  std::vector<std::string> claimed_by;  // empty: vendor-neutral
};

Selector parse_element(std::string_view text, const Source& source) {
  if (text.empty()) {
    fail(source.variable, ": the list holds an empty element; write one comma between two names");
  }
  if (text.size() > kElementLimit) {
    fail(source.variable, ": the element '", text.substr(0, 32), "...' is longer than ",
         kElementLimit, " bytes");
  }
  Selector selector{std::string(text), "", std::string(text), source.variable, source.claimed_by};
  const std::size_t colon = text.find(':');
  if (source.claimed_by.empty() && colon != text.npos && is_vendor(text.substr(0, colon)) &&
      !is_pci_address(text)) {
    selector.backend = text.substr(0, colon);
    selector.name = text.substr(colon + 1);
    if (selector.name.empty()) {
      fail(source.variable, ": the element '", text, "' names no device; write ", text, "all or ",
           text, "0, for example");
    }
  }
  return selector;
}

std::vector<Selector> parse_elements(const std::vector<std::string_view>& elements,
                                     const Source& source) {
  std::vector<Selector> selectors;
  std::unordered_set<std::string_view> seen;
  for (const std::string_view element : elements) {
    if (!seen.insert(element).second) {
      continue;
    }
    if (seen.size() > kDifferentLimit) {
      fail(source.variable, ": more than ", kDifferentLimit, " different elements; '",
           element.substr(0, 32), "' is one too many");
    }
    selectors.push_back(parse_element(element, source));
  }
  if (seen.size() > 1 && seen.contains("none")) {
    fail(source.variable, ": 'none' cannot be combined with other elements");
  }
  return selectors;
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
      use({std::string(kNeutralVariable), *value, {}});
    } else {
      for (const Source& source : claimed_sources()) {
        use(source);
      }
      for (std::string& warning : unclaimed_warnings(env_, backends_, known_file)) {
        request_.warnings.push_back(std::move(warning));
      }
    }
    add_capabilities();
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

  // The variable of each backend that is in force: of several the first that the manifest names.
  std::vector<Source> claimed_sources() const {
    std::vector<Source> sources;
    for (const FoundBackend& found : backends_) {
      for (const std::string& variable : found.manifest.device_variables) {
        const auto value = env_.find(variable);
        if (!value) {
          continue;
        }
        const auto same = std::find_if(sources.begin(), sources.end(), [&](const Source& source) {
          return source.variable == variable;
        });
        if (same == sources.end()) {
          sources.push_back({variable, *value, {found.manifest.name}});
        } else {
          same->claimed_by.push_back(found.manifest.name);
        }
        break;
      }
    }
    return sources;
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
    request_.claimed_by.insert(request_.claimed_by.end(), source.claimed_by.begin(),
                               source.claimed_by.end());
    for (Selector& selector : parse_elements(split_list(source.value), source)) {
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

  void add_capabilities() {
    if (request_.kind == RequestKind::kNone) {
      return;
    }
    for (const FoundBackend& found : backends_) {
      const std::string& name = found.manifest.name;
      const auto& claimed = request_.claimed_by;
      if (found.enabled && !found.refused &&
          (claimed.empty() || std::find(claimed.begin(), claimed.end(), name) != claimed.end())) {
        request_.capabilities.push_back(capabilities_of(found.manifest));
      }
    }
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
      if (element == "all") {
        return {"all"};
      }
      if (!element.empty() && seen.insert(element).second) {
        out.emplace_back(element.substr(0, kElementLimit));
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
  return !elements.empty() && std::find(elements.begin(), elements.end(), "void") == elements.end();
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
