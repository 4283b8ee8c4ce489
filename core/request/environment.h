// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xpu {

// process.env of a container.
class Environment {
 public:
  explicit Environment(const std::vector<std::string>& entries) : entries_(entries) {}

  // The value of the last entry of that name; nullopt when it is not set.
  std::optional<std::string_view> find(std::string_view name) const {
    for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
      if (entry->size() > name.size() && (*entry)[name.size()] == '=' &&
          entry->compare(0, name.size(), name) == 0) {
        return std::string_view(*entry).substr(name.size() + 1);
      }
    }
    return std::nullopt;
  }

  const std::vector<std::string>& entries() const { return entries_; }

 private:
  const std::vector<std::string>& entries_;
};

// Elements of a comma list without the spaces around them; a comma at the end adds none. A value of
// nothing but spaces has no element.
std::vector<std::string_view> split_list(std::string_view value);

// The value of a request variable asks for something: it is neither empty nor `void`, in any case.
bool asks(std::string_view value);

}  // namespace xpu
