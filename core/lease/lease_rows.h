// SPDX-License-Identifier: Apache-2.0
// Leases as they stand in a text, which they borrow from: a start looks at a thousand of them and
// needs two as values of their own.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/lease/lease.h"

namespace xpu {

struct DeviceRow {
  std::string_view id, key, parent_key;
};

// See Lease.
struct LeaseRow {
  std::string_view runtime_root, id;
  std::string_view line;  // all of it as it was read; "" for one that was not
  std::uint64_t start_time = 0, ended_inode = 0;
  std::int64_t since_unix = 0;
  std::uint32_t first_device = 0, devices = 0;  // places in LeaseRows::devices
  int pid = 0;
  bool exclusive = false;
};

struct LeaseRows {
  std::vector<LeaseRow> leases;
  std::vector<DeviceRow> devices;
  // What they borrow from, as far as it is not the caller's to keep.
  std::shared_ptr<const void> text;
  std::shared_ptr<std::deque<std::string>> unescaped;
};

// A row as a value, and a lease as a row that borrows from it.
Lease to_lease(const LeaseRows& rows, const LeaseRow& row);
void add_row(LeaseRows& rows, const Lease& lease);

}  // namespace xpu
