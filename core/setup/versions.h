// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "core/setup/setting.h"

namespace xpu::setup {

// A file now and, where that is known, as it was before us and as we left it. A Document has
// literal(), put() and remove().
template <class Document>
struct Versions {
  Document now;
  std::optional<Document> before, written;

  std::optional<std::string> former(const KeyPath& path) const {
    return before ? before->literal(path) : std::nullopt;
  }
  // We changed the key, and nobody did since.
  bool is_as_written(const KeyPath& path) const {
    const std::optional<std::string> ours = written ? written->literal(path) : std::nullopt;
    return ours && now.literal(path) == ours && former(path) != ours;
  }
  // Gives the key its former value; takes it out when it had none.
  void give_back(const KeyPath& path) {
    if (const std::optional<std::string> old = former(path)) {
      now.put(path, *old);
    } else {
      now.remove(path);
    }
  }
};

}  // namespace xpu::setup
