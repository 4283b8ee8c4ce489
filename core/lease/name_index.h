// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/lease/fast_hash.h"

namespace xpu {

// Texts, which are borrowed, by numbers from 0. Filled once, asked often.
class NameIndex {
 public:
  // For at most that many texts.
  explicit NameIndex(std::size_t most) : slots_(std::bit_ceil(2 * most + 1)) {
    names_.reserve(most);
  }

  // The number of `name`, which is the next one when it was not there.
  std::uint32_t add(std::string_view name) {
    const auto hash = static_cast<std::uint32_t>(fast_hash(name));
    Slot& slot = slots_[place_of(name, hash)];
    if (slot.number == 0) {
      names_.push_back(name);
      slot = {hash, static_cast<std::uint32_t>(names_.size())};
    }
    return slot.number - 1;
  }
  std::optional<std::uint32_t> find(std::string_view name) const {
    const Slot& slot = slots_[place_of(name, static_cast<std::uint32_t>(fast_hash(name)))];
    return slot.number == 0 ? std::nullopt : std::optional(slot.number - 1);
  }

 private:
  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t number = 0;  // and 1; 0: free
  };

  std::size_t place_of(std::string_view name, std::uint32_t hash) const {
    std::size_t place = hash & (slots_.size() - 1);
    while (slots_[place].number != 0 &&
           (slots_[place].hash != hash || names_[slots_[place].number - 1] != name)) {
      place = (place + 1) & (slots_.size() - 1);
    }
    return place;
  }

  std::vector<Slot> slots_;
  std::vector<std::string_view> names_;
};

}  // namespace xpu
