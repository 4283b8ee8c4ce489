// SPDX-License-Identifier: Apache-2.0
#include "core/lease/lease.h"

#include <algorithm>
#include <array>
#include <limits>

#include "core/lease/lease_rows.h"
#include "core/lease/name_index.h"

namespace xpu {
namespace {

constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

// Leases by their places, ascending, each once.
struct List {
  std::uint32_t first = kNone, last = kNone;  // places in State::elements
  std::uint32_t first_exclusive = kNone;
};

struct Element {
  std::uint32_t lease;
  std::uint32_t next = kNone;
};

// Who has to do with one key.
struct Key {
  List held;                     // by themselves
  List parts;                    // hold a part of it
  std::uint32_t waiter = kNone;  // the first who waits for it
  std::uint32_t waiter_for_part = kNone;
};

std::size_t count_names(const LeaseRows& rows, const std::vector<Waiter>& waiters) {
  std::size_t count = 2 * rows.devices.size();
  for (const Waiter& waiter : waiters) {
    count += waiter.keys.size() + waiter.parent_keys.size();
  }
  return count;
}

template <class T>
const T* of_container(const std::vector<T>& items, std::string_view root, std::string_view id) {
  const auto found = std::find_if(items.begin(), items.end(), [&](const T& item) {
    return item.id == id && item.runtime_root == root;
  });
  return found == items.end() ? nullptr : &*found;
}

}  // namespace

struct Holdings::State {
  State(LeaseRows all_rows, std::vector<Waiter> all_waiters)
      : rows(std::move(all_rows)),
        waiters(std::move(all_waiters)),
        names(count_names(rows, waiters)) {
    keys.reserve(rows.devices.size());
    elements.reserve(2 * rows.devices.size());
    for (std::uint32_t i = 0; i < rows.leases.size(); ++i) {
      const LeaseRow& row = rows.leases[i];
      for (std::uint32_t j = row.first_device; j < row.first_device + row.devices; ++j) {
        append(key(rows.devices[j].key).held, i);
        if (!rows.devices[j].parent_key.empty()) {
          append(key(rows.devices[j].parent_key).parts, i);
        }
      }
    }
    for (std::uint32_t i = 0; i < waiters.size(); ++i) {
      for (const std::string& name : waiters[i].keys) {
        std::uint32_t& first = key(name).waiter;
        first = std::min(first, i);
      }
      for (const std::string& name : waiters[i].parent_keys) {
        std::uint32_t& first = key(name).waiter_for_part;
        first = std::min(first, i);
      }
    }
  }
  State(const State&) = delete;  // `names` borrows from `rows` and `waiters`
  State& operator=(const State&) = delete;

  Key& key(std::string_view name) {
    const std::uint32_t number = names.add(name);
    if (number == keys.size()) {
      keys.emplace_back();
    }
    return keys[number];
  }
  const Key* find(std::string_view name) const {
    const std::optional<std::uint32_t> number = name.empty() ? std::nullopt : names.find(name);
    return number ? &keys[*number] : nullptr;
  }

  void append(List& list, std::uint32_t lease) {
    if (list.last != kNone && elements[list.last].lease == lease) {
      return;
    }
    const auto place = static_cast<std::uint32_t>(elements.size());
    elements.push_back({lease});
    (list.last == kNone ? list.first : elements[list.last].next) = place;
    list.last = place;
    if (list.first_exclusive == kNone && rows.leases[lease].exclusive) {
      list.first_exclusive = place;
    }
  }

  bool is(std::uint32_t lease, const Lease* other) const {
    const LeaseRow& row = rows.leases[lease];
    return other != nullptr && row.id == other->id && row.runtime_root == other->runtime_root;
  }

  // The first lease of the list that is in the way of a newcomer; kNone for none.
  std::uint32_t in_the_way(const List& list, bool exclusive, const Lease* except) const {
    for (std::uint32_t at = exclusive ? list.first : list.first_exclusive; at != kNone;
         at = elements[at].next) {
      const std::uint32_t lease = elements[at].lease;
      if ((exclusive || rows.leases[lease].exclusive) && !is(lease, except)) {
        return lease;
      }
    }
    return kNone;
  }

  // How many different leases the lists hold together.
  template <std::size_t N>
  unsigned count(std::array<List, N> lists, const Lease* except, std::uint32_t& first) const {
    unsigned found = 0;
    for (;;) {
      std::uint32_t least = kNone;
      for (const List& list : lists) {
        least = std::min(least, list.first == kNone ? kNone : elements[list.first].lease);
      }
      if (least == kNone) {
        return found;
      }
      for (List& list : lists) {
        if (list.first != kNone && elements[list.first].lease == least) {
          list.first = elements[list.first].next;
        }
      }
      if (!is(least, except)) {
        first = found == 0 ? least : first;
        ++found;
      }
    }
  }

  const Lease* lease(std::uint32_t place) const {
    if (made.empty()) {
      made.resize(rows.leases.size());
    }
    if (made[place] == nullptr) {
      made[place] = std::make_unique<const Lease>(to_lease(rows, rows.leases[place]));
    }
    return made[place].get();
  }

  LeaseRows rows;
  std::vector<Waiter> waiters;
  NameIndex names;
  std::vector<Key> keys;
  std::vector<Element> elements;
  // Values that were asked for.
  mutable std::vector<std::unique_ptr<const Lease>> made;
  mutable std::vector<Lease> all_made;
};

const std::string& lease_key(const Device& device) {
  if (!device.uuid.empty()) {
    return device.uuid;
  }
  const bool whole = device.parent.empty() && device.kind != DeviceKind::kPartition;
  return whole && !device.pci.empty() ? device.pci : device.id;
}

Holdings Holdings::of(LeaseRows rows, std::vector<Waiter> waiters) {
  return Holdings(std::make_shared<const State>(std::move(rows), std::move(waiters)));
}

Holdings::Holdings()
    : Holdings(std::make_shared<const State>(LeaseRows(), std::vector<Waiter>())) {}

Holdings::Holdings(std::vector<Lease> leases, std::vector<Waiter> waiters) {
  LeaseRows rows;
  const auto kept = std::make_shared<const std::vector<Lease>>(std::move(leases));
  for (const Lease& lease : *kept) {
    add_row(rows, lease);
  }
  rows.text = kept;
  *this = of(std::move(rows), std::move(waiters));
}

bool Holdings::empty() const {
  return state_->rows.leases.empty() && state_->waiters.empty();
}

const std::vector<Lease>& Holdings::leases() const {
  if (state_->all_made.empty()) {
    for (const LeaseRow& row : state_->rows.leases) {
      state_->all_made.push_back(to_lease(state_->rows, row));
    }
  }
  return state_->all_made;
}

const std::vector<Waiter>& Holdings::waiters() const {
  return state_->waiters;
}

const LeaseRows& Holdings::rows() const {
  return state_->rows;
}

const Lease* Holdings::lease_of(std::string_view runtime_root, std::string_view id) const {
  const LeaseRow* const found = of_container(state_->rows.leases, runtime_root, id);
  return found == nullptr
             ? nullptr
             : state_->lease(static_cast<std::uint32_t>(found - state_->rows.leases.data()));
}

const Waiter* Holdings::waiter_of(std::string_view runtime_root, std::string_view id) const {
  return of_container(state_->waiters, runtime_root, id);
}

unsigned Holdings::holders(DeviceKeys device) const {
  const Key* const own = state_->find(device.key);
  std::uint32_t first = kNone;
  return own == nullptr ? 0 : state_->count(std::array{own->held, own->parts}, nullptr, first);
}

Obstacle Holdings::obstacle(DeviceKeys device, bool exclusive, unsigned share_limit,
                            const Lease* except) const {
  const Key* const own = state_->find(device.key);
  const Key* const parent = state_->find(device.parent_key);
  const std::array lists = {own == nullptr ? List() : own->held,
                            own == nullptr ? List() : own->parts,
                            parent == nullptr ? List() : parent->held};
  for (const List& list : lists) {
    const std::uint32_t holder = state_->in_the_way(list, exclusive, except);
    if (holder != kNone) {
      return {state_->lease(holder), false};
    }
  }
  std::uint32_t first = kNone;
  if (share_limit > 0 && state_->count(lists, except, first) >= share_limit) {
    return {state_->lease(first), true};
  }
  return {};
}

bool Holdings::overtakes(const Waiter* me, DeviceKeys device) const {
  if (state_->waiters.empty()) {
    return false;
  }
  const Waiter* const found = me == nullptr ? nullptr : waiter_of(me->runtime_root, me->id);
  const std::uint32_t place = found == nullptr
                                  ? static_cast<std::uint32_t>(state_->waiters.size())
                                  : static_cast<std::uint32_t>(found - state_->waiters.data());
  const Key* const own = state_->find(device.key);
  const Key* const parent = state_->find(device.parent_key);
  return (own != nullptr && (own->waiter < place || own->waiter_for_part < place)) ||
         (parent != nullptr && parent->waiter < place);
}

}  // namespace xpu
