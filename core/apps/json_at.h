// SPDX-License-Identifier: Apache-2.0
// Looks into what engines print.
#pragma once

#include <boost/json.hpp>
#include <initializer_list>
#include <string>
#include <string_view>

namespace xpu {

// The value at a path of member names; null where there is none.
inline const boost::json::value& at(const boost::json::value& from,
                                    std::initializer_list<std::string_view> names) {
  static const boost::json::value kNull;
  const boost::json::value* value = &from;
  for (const std::string_view name : names) {
    const boost::json::object* const object = value->if_object();
    value = object == nullptr ? nullptr : object->if_contains(name);
    if (value == nullptr) {
      return kNull;
    }
  }
  return *value;
}

inline std::string text_at(const boost::json::value& from,
                           std::initializer_list<std::string_view> names) {
  const boost::json::string* const text = at(from, names).if_string();
  return text == nullptr ? std::string() : std::string(*text);
}

}  // namespace xpu
