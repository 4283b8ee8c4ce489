// SPDX-License-Identifier: Apache-2.0
#include "core/lease/lease_rows.h"

namespace xpu {

Lease to_lease(const LeaseRows& rows, const LeaseRow& row) {
  Lease out;
  out.id = row.id;
  out.runtime_root = row.runtime_root;
  out.pid = row.pid;
  out.start_time = row.start_time;
  out.exclusive = row.exclusive;
  out.since_unix = row.since_unix;
  out.ended_inode = row.ended_inode;
  for (std::uint32_t i = row.first_device; i < row.first_device + row.devices; ++i) {
    const DeviceRow& device = rows.devices[i];
    out.devices.push_back(
        {std::string(device.id), std::string(device.key), std::string(device.parent_key)});
  }
  return out;
}

void add_row(LeaseRows& rows, const Lease& lease) {
  LeaseRow row;
  row.runtime_root = lease.runtime_root;
  row.id = lease.id;
  row.start_time = lease.start_time;
  row.ended_inode = lease.ended_inode;
  row.since_unix = lease.since_unix;
  row.first_device = static_cast<std::uint32_t>(rows.devices.size());
  row.devices = static_cast<std::uint32_t>(lease.devices.size());
  row.pid = lease.pid;
  row.exclusive = lease.exclusive;
  rows.leases.push_back(row);
  for (const HeldDevice& device : lease.devices) {
    rows.devices.push_back({device.id, device.key, device.parent_key});
  }
}

}  // namespace xpu
