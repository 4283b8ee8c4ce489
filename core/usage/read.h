// SPDX-License-Identifier: Apache-2.0
// The journal, read: for reports, never on the way of a start.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/usage/usage.h"

namespace xpu {

// Every lease that overlaps [since, until), or may, by the time of its beginning. Of several
// beginnings or ends of one lease the first counts. Lines that are damaged, or of a newer version,
// are left out with one warning for each file; so is a file that others could have written. No
// journal is an empty one. Throws Error when the folder cannot be read.
//
// Of a lease without an end, known_until_unix says how far it went at least: to its stamp, else to
// the last event of any lease in the same boot. end_estimated is true unless there is a stamp.
std::vector<Usage> read_usage(const std::string& dir, std::int64_t since, std::int64_t until,
                              std::vector<std::string>* warnings);

// Leases without an end that are not in `live` ended unseen, at known_until_unix. One in `live` has
// no end yet, and is added where the journal lacks it.
void close_open(std::vector<Usage>* usages, const std::vector<Usage>& live);

}  // namespace xpu
