// SPDX-License-Identifier: Apache-2.0
// Lists as JSON.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <vector>

namespace xpu {

inline boost::json::array strings(const std::vector<std::string>& items) {
  return boost::json::array(items.begin(), items.end());
}

template <class Items, class ToObject>
boost::json::array objects(const Items& items, ToObject to_object) {
  boost::json::array out;
  for (const auto& item : items) {
    out.push_back(to_object(item));
  }
  return out;
}

}  // namespace xpu
