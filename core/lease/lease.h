// SPDX-License-Identifier: Apache-2.0
// Who holds which device, as plain values. A lease is a view of a container record and lives while
// the record does; core/record/ledger.h keeps the index of them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/catalog/catalog.h"

namespace xpu {

// What a device is called in leases: its UUID, else its PCI address (whole devices only), else its
// id, so that a device that gets another index stays the same one.
const std::string& lease_key(const Device& device);

struct HeldDevice {
  std::string id;          // "acme:0", when it was taken
  std::string key;         // lease_key()
  std::string parent_key;  // of the device that it is a part of; "" for none
  bool operator==(const HeldDevice&) const = default;
};

// What a device and the one that it is a part of are called in leases; borrowed.
struct DeviceKeys {
  DeviceKeys(std::string_view its, std::string_view of_parent) : key(its), parent_key(of_parent) {}
  DeviceKeys(const HeldDevice& device)  // implicit: a view of it
      : DeviceKeys(device.key, device.parent_key) {}
  std::string_view key, parent_key;
};

struct Lease {
  std::string id, runtime_root;  // of the container
  int pid = 0;                   // the creator's, with its start time; the boot is the ledger's
  std::uint64_t start_time = 0;
  bool exclusive = false;
  std::int64_t since_unix = 0;
  std::vector<HeldDevice> devices;
  // Of <runtime_root>/<id> when somebody asked for the container to be deleted: one of another
  // inode is another container's. 0: nobody asked.
  std::uint64_t ended_inode = 0;
  bool operator==(const Lease&) const = default;
};

// Somebody who waits for devices, in the order of arrival.
struct Waiter {
  std::string id, runtime_root;
  int pid = 0;
  std::uint64_t start_time = 0;
  std::int64_t since_unix = 0;
  std::vector<std::string> keys;         // of all devices that would do
  std::vector<std::string> parent_keys;  // of the devices that those are parts of
  bool operator==(const Waiter&) const = default;
};

// Who stands in the way of taking a device; nobody when `holder` is null.
struct Obstacle {
  const Lease* holder = nullptr;
  bool limit = false;  // not exclusive: as many share it as may
};

struct LeaseRows;

// The live leases and waiters, as one look found them. Copies share what they hold; pointers into
// it are good as long as one of them is there.
class Holdings {
 public:
  Holdings();
  Holdings(std::vector<Lease> leases, std::vector<Waiter> waiters);
  static Holdings of(LeaseRows rows, std::vector<Waiter> waiters);

  // Neither leases nor waiters.
  bool empty() const;
  // Made when they are asked for: a thousand of them take as long as all the rest of a look.
  const std::vector<Lease>& leases() const;
  const std::vector<Waiter>& waiters() const;
  const LeaseRows& rows() const;
  // nullptr for none. These look through all of them: ask once, not for every device.
  const Lease* lease_of(std::string_view runtime_root, std::string_view id) const;
  const Waiter* waiter_of(std::string_view runtime_root, std::string_view id) const;

  // Containers that hold the device itself or a part of it.
  unsigned holders(DeviceKeys device) const;
  // `share_limit`: 0 for none; counted are containers that hold the device, a part of it or the
  // device that it is a part of. A device and its parts stand in each other's way when either side
  // is exclusive; parts of one device do not. `except`: a lease of this container does not count.
  Obstacle obstacle(DeviceKeys device, bool exclusive, unsigned share_limit,
                    const Lease* except = nullptr) const;
  // Whether somebody who came before `me` (a waiter of waiters(), or nullptr for one who comes
  // now) waits for the device, for a part of it, or for what it is a part of.
  bool overtakes(const Waiter* me, DeviceKeys device) const;

 private:
  struct State;
  explicit Holdings(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

}  // namespace xpu
