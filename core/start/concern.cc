// SPDX-License-Identifier: Apache-2.0
#include "core/start/concern.h"

#include <algorithm>

#include "core/policy/policy.h"
#include "core/request/mounts.h"
#include "core/request/settings.h"

namespace xpu {
namespace {

bool in_name(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

// The run of characters of names at the beginning.
std::string_view word_of(std::string_view text) {
  std::size_t size = 0;
  while (size < text.size() && in_name(text[size])) {
    ++size;
  }
  return text.substr(0, size);
}

// "/dev/null" in quotes, or what an escaped slash may make so.
bool is_null_device(std::string_view text) {
  return text.starts_with("/dev/null\"") || text.starts_with("\\/dev") ||
         text.starts_with("/dev\\/");
}

// Whether the value of a variable may hold a name of CDI, "vendor/class=device": that can be about
// any backend, whoever the variable belongs to.
bool may_be_qualified(std::string_view rest) {
  const std::string_view value = rest.substr(0, rest.find('"'));
  const std::size_t slash = value.find('/');
  return slash != value.npos && value.find('=', slash) != value.npos;
}

// Up to the first slash, which may be escaped.
bool begins_like(std::string_view text, std::string_view prefix) {
  return text.starts_with(prefix.substr(0, prefix.find('/')));
}

bool asks_everybody(std::string_view name, const Config& config) {
  const auto* const own =
      std::find(std::begin(kRequestVariables), std::end(kRequestVariables), name);
  return (own != std::end(kRequestVariables) &&
          own - std::begin(kRequestVariables) < static_cast<std::ptrdiff_t>(kFirstModifier)) ||
         std::any_of(config.aliases.begin(), config.aliases.end(),
                     [&](const Alias& alias) { return alias.name == name; });
}

}  // namespace

Concern::Concern(std::string_view text, const Config& config, bool slurm) : text_(text) {
  if (config.mode == "cdi") {
    kind_ = config.cdi_default_kind;
  }
  // Behind an escape there can be any name.
  everybody_ = slurm || policy_of(config).default_request_auto || text.find("\\u") != text.npos;
  for (std::size_t at = text.find('"'); at != text.npos && !everybody_;
       at = text.find('"', at + 1)) {
    read_string(at, config);
  }
  // Below a folder of devices "cdi" stands before such a name.
  everybody_ =
      everybody_ || mounts_below(kMountFolder) || (mounts_null_ && text.find("cdi") != text.npos);
  std::sort(names_.begin(), names_.end());
}

void Concern::read_string(std::size_t quote, const Config& config) {
  const std::string_view rest = text_.substr(quote + 1);
  const std::string_view name = word_of(rest);
  if (name.empty()) {
    mounts_null_ = mounts_null_ || is_null_device(rest);
  } else if (name.size() < rest.size() && rest[name.size()] == '=') {
    everybody_ = asks_everybody(name, config) || may_be_qualified(rest.substr(name.size() + 1));
    // One that begins as ours do may be a misspelt one.
    well_known_ = well_known_ || name.ends_with("_VISIBLE_DEVICES") || name.starts_with("XPU_");
    names_.push_back(name);
    lengths_[std::min(name.size(), lengths_.size() - 1)] = true;
  } else {
    everybody_ =
        begins_like(rest, kAnnotationPrefix) ||
        std::any_of(config.cdi_annotation_prefixes.begin(), config.cdi_annotation_prefixes.end(),
                    [&](const std::string& prefix) { return begins_like(rest, prefix); });
  }
}

bool Concern::with(std::string_view manifest) const {
  // A text of several lines can begin in any of them.
  if (everybody_ || manifest.find('\\') != manifest.npos ||
      (!kind_.empty() && manifest.find(kind_) != manifest.npos) ||
      manifest.find("\"\"\"") != manifest.npos || manifest.find("'''") != manifest.npos) {
    return true;
  }
  // Names of variables are texts, so each stands behind a quote.
  constexpr std::string_view kQuotes = "\"'";
  for (std::size_t at = manifest.find_first_of(kQuotes); at != manifest.npos;
       at = manifest.find_first_of(kQuotes, at + 1)) {
    if (sets(word_of(manifest.substr(at + 1)))) {
      return true;
    }
  }
  return mounts_null_ && has_folder_of(manifest);
}

// From each "device-mounts" to the end of its table, whatever looks like the end of a path.
bool Concern::has_folder_of(std::string_view manifest) const {
  constexpr std::string_view kKey = "device-mounts";
  for (std::size_t key = manifest.find(kKey); key != manifest.npos;
       key = manifest.find(kKey, key + 1)) {
    const std::string_view table = manifest.substr(key, manifest.find("\n[", key) - key);
    for (std::size_t quote = table.find_first_of("\"'"); quote != table.npos;
         quote = table.find_first_of("\"'", quote + 1)) {
      const std::size_t slash = table.rfind('/', quote);
      if (slash != table.npos && mounts_below(table.substr(slash, quote - slash))) {
        return true;
      }
    }
  }
  return false;
}

bool Concern::can_ask(const std::vector<FoundBackend>& found) const {
  return everybody_ || well_known_ ||
         std::any_of(found.begin(), found.end(), [&](const FoundBackend& backend) {
           const Manifest& manifest = backend.manifest;
           return std::any_of(manifest.device_variables.begin(), manifest.device_variables.end(),
                              [&](const std::string& name) { return sets(name); }) ||
                  std::any_of(manifest.device_mounts.begin(), manifest.device_mounts.end(),
                              [&](const std::string& folder) { return mounts_below(folder); });
         });
}

bool Concern::sets(std::string_view name) const {
  return lengths_[std::min(name.size(), lengths_.size() - 1)] &&
         std::binary_search(names_.begin(), names_.end(), name);
}

// By the folder's last name: the slashes before it may be doubled or escaped.
bool Concern::mounts_below(std::string_view folder) const {
  return mounts_null_ && text_.find(folder.substr(folder.rfind('/') + 1)) != text_.npos;
}

}  // namespace xpu
