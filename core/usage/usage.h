// SPDX-License-Identifier: Apache-2.0
// Who held which device for how long: an append-only journal of leases, one file a month.
//
// A line is one event of one lease as JSON, {"v":1,"event":"begin"|"stamp"|"end",...}; times are
// seconds since 1970, months are those of UTC. A lease that has an end has all of it in one line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace xpu {

struct UsedDevice {
  std::string id, key, vendor, model;
  std::optional<std::int64_t> price;  // millionths of `currency` per hour when the lease began
  std::string currency;
};

// One lease, from begin to end.
struct Usage {
  std::string lease;  // unique: "<hash of root and id>-<nanoseconds since 1970>"
  std::string container, name, image, engine, label;
  bool exclusive = false;
  std::int64_t begin_unix = 0;
  std::optional<std::int64_t> end_unix;  // nullopt: it goes on
  // Nobody saw the end: it is the time of the last sign of life or of the look that missed it.
  bool end_estimated = false;
  std::vector<UsedDevice> devices;
  // As read, of a lease without an end: when that was if it is over (see close_open()).
  std::int64_t known_until_unix = 0;
};

// Each appends to <dir>/usage-YYYY-MM.jsonl, which is made with its folder when it is missing (0640
// and 0750); making it removes files of months more than `keep_months` before (0: none). All throw
// Error; a caller goes on with a warning.
void append_begin(const std::string& dir, unsigned keep_months, const Usage& usage);
// Somebody asked for the container to be deleted. Counts as the end when no end is ever written, so
// that a reboot right after it loses nothing.
void append_stamp(const std::string& dir, unsigned keep_months, const std::string& lease,
                  std::int64_t unix_time);
// Says all of the lease again, so that the month of its beginning may be gone.
void append_end(const std::string& dir, unsigned keep_months, const Usage& usage);

}  // namespace xpu
