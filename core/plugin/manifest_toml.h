// SPDX-License-Identifier: Apache-2.0
// Strict reading of the values of a manifest: what is not as wanted is an Error with file and line.
#pragma once

#include <toml++/toml.h>

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace xpu {

class ManifestToml {
 public:
  struct Text {
    std::string value;
    const toml::node* node;
  };

  explicit ManifestToml(const std::string& file) : file_(file) {}

  // A path with "${option}" in it, by the values of the options. Roots are often "/", so slashes
  // are made single again. `what`: "[detect] any", for messages. Throws Error for an option that is
  // not there, and for what then is no absolute path.
  std::string path(const toml::node* node, std::string_view what, const std::string& text,
                   const std::map<std::string, std::string>& options) const;

  // "FILE:LINE: ", or "FILE: " without a node.
  std::string place(const toml::node* node) const;
  void known_keys(const toml::table& table, std::string_view where,
                  std::initializer_list<std::string_view> known) const;

  // Of one line.
  std::string text(const toml::node& node, std::string_view what) const;
  // A text, a whole number or a truth, as text.
  std::string scalar(const toml::node& node, const std::string& what) const;
  // Empty when the key is not there.
  std::vector<Text> texts(const toml::table& table, std::string_view key,
                          const std::string& what) const;
  bool flag(const toml::table& table, std::string_view key, const std::string& what,
            bool otherwise) const;
  // nullptr when the key is not there.
  const toml::table* table(const toml::table& table, std::string_view key,
                           const std::string& what) const;
  std::vector<const toml::table*> tables(const toml::table& table, std::string_view key,
                                         const std::string& what) const;

 private:
  std::string file_;
};

// Not `quoted`: for a std::string that would be std::quoted.
std::string in_quotes(std::string_view text);

}  // namespace xpu
