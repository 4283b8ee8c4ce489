// SPDX-License-Identifier: Apache-2.0
#include "core/start/concern.h"

#include <algorithm>

#include "core/request/request.h"

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

}  // namespace

Concern::Concern(std::string_view config) {
  // Behind an escape there can be any name.
  everybody_ = config.find("\\u") != config.npos;
  for (std::size_t at = config.find('"'); at != config.npos && !everybody_;
       at = config.find('"', at + 1)) {
    const std::string_view name = word_of(config.substr(at + 1));
    const std::size_t end = at + 1 + name.size();
    if (!name.empty() && end < config.size() && config[end] == '=') {
      everybody_ = name == kNeutralVariable;
      names_.push_back(name);
      lengths_[std::min(name.size(), lengths_.size() - 1)] = true;
    }
  }
  std::sort(names_.begin(), names_.end());
}

bool Concern::with(std::string_view manifest) const {
  if (everybody_ || manifest.find('\\') != manifest.npos) {
    return true;
  }
  for (std::size_t at = 0; at < manifest.size(); ++at) {
    const std::string_view word = word_of(manifest.substr(at));
    if (sets(word)) {
      return true;
    }
    at += word.size();
  }
  return false;
}

bool Concern::sets(std::string_view word) const {
  return lengths_[std::min(word.size(), lengths_.size() - 1)] &&
         std::binary_search(names_.begin(), names_.end(), word);
}

}  // namespace xpu
