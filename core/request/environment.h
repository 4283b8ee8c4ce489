// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
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

  // Names for which `wanted(name)` holds, in the order they first come, with their last values.
  // Looks at each entry once: there can be any number.
  template <class Wanted>
  std::vector<std::pair<std::string_view, std::string_view>> last_values(Wanted wanted) const {
    std::vector<std::pair<std::string_view, std::string_view>> out;
    std::unordered_map<std::string_view, std::size_t> places;
    for (const std::string_view entry : entries_) {
      const std::size_t equals = entry.find('=');
      const std::string_view name = entry.substr(0, equals);
      if (equals == entry.npos || name.empty() || !wanted(name)) {
        continue;
      }
      const auto [place, is_new] = places.emplace(name, out.size());
      if (is_new) {
        out.emplace_back(name, "");
      }
      out[place->second].second = entry.substr(equals + 1);
    }
    return out;
  }

 private:
  const std::vector<std::string>& entries_;
};

// Elements of a comma list without the spaces around them; a comma at the end adds none. A value of
// nothing but spaces has no element.
std::vector<std::string_view> split_list(std::string_view value);

// The value of a request variable asks for something: it is neither empty nor `void`, in any case.
bool asks(std::string_view value);

}  // namespace xpu
