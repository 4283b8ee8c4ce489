// SPDX-License-Identifier: Apache-2.0
// Tells most names that are not in a small set at the price of a few instructions. An image's
// ld.so.cache names thousands of libraries, and hardly one of them is ours.
#pragma once

#include <bitset>
#include <string_view>

namespace xpu {

class NameFilter {
 public:
  void add(std::string_view name) { marks_.set(mark(name)); }
  // False: it was not added.
  bool may_have(std::string_view name) const { return marks_.test(mark(name)); }

 private:
  static constexpr std::size_t kMarks = 1024;

  // By length and two letters from the middle: names begin and end alike.
  static std::size_t mark(std::string_view name) {
    const auto letter = [&](std::size_t at) { return static_cast<unsigned char>(name[at]); };
    return name.empty()
               ? 0
               : (name.size() * 37 + letter(name.size() / 2) * 5 + letter(name.size() / 3) * 11) %
                     kMarks;
  }

  std::bitset<kMarks> marks_;
};

}  // namespace xpu
