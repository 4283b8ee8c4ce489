// SPDX-License-Identifier: Apache-2.0
#include "core/request/known.h"

#include <toml++/toml.h>

#include <algorithm>

#include "core/base/ascii.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/nearest.h"
#include "core/base/trust.h"
#include "core/request/request.h"

namespace xpu {
namespace {

constexpr std::string_view kSuffix = "_VISIBLE_DEVICES";
constexpr std::size_t kFileLimit = 1 << 16;
// An image can set any number.
constexpr std::size_t kMostMisspelt = 16, kMostLookedAt = 1000;

bool is_claimed(std::string_view name, const std::vector<FoundBackend>& backends) {
  return std::any_of(backends.begin(), backends.end(), [&](const FoundBackend& found) {
    const auto& variables = found.manifest.device_variables;
    return std::find(variables.begin(), variables.end(), name) != variables.end();
  });
}

bool asks_for_devices(std::string_view value) {
  const std::vector<std::string_view> elements = split_list(value);
  return asks(value) && std::any_of(elements.begin(), elements.end(), [](std::string_view e) {
           return !e.empty() && !equal_in_any_case(e, "none");
         });
}

// Names of the variables in question, without duplicates.
std::vector<std::string> unclaimed(const Environment& env,
                                   const std::vector<FoundBackend>& backends,
                                   bool (&in_question)(std::string_view value)) {
  std::vector<std::string> names;
  for (const auto& [name, value] : env.last_values([](std::string_view one) {
         return one.ends_with(kSuffix) && one != kNeutralVariable;
       })) {
    if (in_question(value) && !is_claimed(name, backends)) {
      names.emplace_back(name);
    }
  }
  return names;
}

toml::table read_known(const std::string& file) {
  const Fd fd = open_trusted(file, TrustKind::kFile);
  if (!fd) {
    return {};
  }
  try {
    return toml::parse(read_fd(fd.get(), file, kFileLimit), file);
  } catch (const toml::parse_error& error) {
    fail(file, ':', error.source().begin.line, ": ", error.description());
  }
}

}  // namespace

std::vector<std::string> unclaimed_warnings(const Environment& env,
                                            const std::vector<FoundBackend>& backends,
                                            const std::string& known_file) {
  std::vector<std::string> warnings;
  const std::vector<std::string> names = unclaimed(env, backends, asks_for_devices);
  if (names.empty() || known_file.empty()) {
    return warnings;
  }
  try {
    const toml::table known = read_known(known_file);
    for (const std::string& name : names) {
      if (const auto package = known[name].value<std::string>()) {
        warnings.push_back(cat(name,
                               " is set, but no installed backend serves it; install the "
                               "package ",
                               *package));
      }
    }
  } catch (const Error& error) {
    warnings.push_back(error.what());
  }
  return warnings;
}

std::vector<std::string> misspelt_warnings(const Environment& env) {
  static const std::vector<std::string_view> own(std::begin(kRequestVariables),
                                                 std::end(kRequestVariables));
  std::vector<std::string> warnings;
  std::size_t looked_at = 0;
  for (const auto& [name, value] : env.last_values([](std::string_view one) {
         return one.starts_with("XPU_") && std::find(own.begin(), own.end(), one) == own.end();
       })) {
    const std::string hint = did_you_mean(name, own);
    if (!hint.empty()) {
      warnings.push_back(cat(name, " is set, which means nothing here", hint));
    }
    if (warnings.size() == kMostMisspelt || ++looked_at == kMostLookedAt) {
      break;
    }
  }
  return warnings;
}

std::string unclaimed_asking(const Environment& env, const std::vector<FoundBackend>& backends,
                             const std::string& known_file) {
  const std::vector<std::string> names = unclaimed(env, backends, asks);
  if (names.empty() || known_file.empty()) {
    return "";
  }
  try {
    const toml::table known = read_known(known_file);
    const auto found = std::find_if(names.begin(), names.end(),
                                    [&](const std::string& name) { return known.contains(name); });
    return found == names.end() ? "" : *found;
  } catch (const Error&) {
    return names[0];
  }
}

}  // namespace xpu
