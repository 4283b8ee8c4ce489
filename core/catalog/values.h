// SPDX-License-Identifier: Apache-2.0
// What depends on the selection: the values of one backend, and the texts they are put into.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/catalog/catalog.h"

namespace xpu {

class Values {
 public:
  void add(const Value& value);
  // `text` with every ${name} put in; nullopt when it names a value to which nothing was added.
  std::optional<std::string> expand(std::string_view text) const;

 private:
  struct Sum {
    Combine combine = Combine::kList;
    std::vector<std::string> list;  // different ones, in the order they came
    std::uint64_t bits = 0;
    std::string text() const;
  };
  std::map<std::string, Sum, std::less<>> sums_;
};

}  // namespace xpu
