// SPDX-License-Identifier: Apache-2.0
// Changes of a JSON file for people: the edited text is the original but for the pieces that were
// put in, in the style of what stands around them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/oci/text.h"
#include "core/setup/setting.h"

namespace xpu::setup {

class JsonDocument {
 public:
  // A byte order mark stays in front; a text of white space alone is an object without members that
  // has yet to be written. Throws Error "SOURCE:LINE: ..." for what is no JSON object.
  // `maps`: members of the top level whose keys are names that somebody chose, so that two may
  // differ in case only.
  JsonDocument(std::string_view text, std::string source, std::vector<std::string> maps = {});

  // The text as it is now.
  const std::string& text() const { return text_; }

  // The literal at `path`; nullopt when there is none. Throws Error for a key on the way that is
  // there twice, or in another spelling, or holds something that is no object (null counts as not
  // there).
  std::optional<std::string> literal(const KeyPath& path) const;
  std::optional<std::string> string_at(const KeyPath& path) const;
  // Keys of the object at `path`, as they read; empty where there is none.
  std::vector<std::string> keys(const KeyPath& path) const;

  // Gives the key the value, in place of what it has; objects on the way are made.
  void set(const KeyPath& path, const std::string& literal);
  // The same, but a value that is there is replaced by these very bytes, white space included.
  void put(const KeyPath& path, const std::string& text);
  // Takes the key out with its comma; false when it is not there. Never empties more than that.
  bool remove(const KeyPath& path);

 private:
  struct Style;
  Style style() const;
  std::string rendered(const std::vector<std::string>& keys, const std::string& literal,
                       const Style& style, const std::string& indent) const;
  std::optional<json::Value> find(const KeyPath& path) const;
  void replace(std::size_t begin, std::size_t length, std::string_view by);

  std::string text_, source_;
  std::vector<std::string> maps_;
  std::size_t start_ = 0;  // behind the byte order mark
};

}  // namespace xpu::setup
