// SPDX-License-Identifier: Apache-2.0
// The ledger as text:
//
//   xpu-leases 1
//   boot BOOT-ID
//   r RUNTIME-ROOT
//   l PID START x|s SINCE INODE ID, and of every device: DEVICE-ID KEY PARENT-KEY
//   w PID START SINCE ROOT ID NUMBER, that many keys, and the keys of their parents
//   end HASH
//
// The lines "l" are of the root in the line "r" above them, exclusive (x) or shared (s). The hash
// is of all bytes before its line.
//
// Fields are separated by one space. Bytes up to the space, '%', DEL and a lone "-" are written as
// %XX, and nothing as "-". The first and the last line are the same in every version.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/lease/lease.h"
#include "core/lease/lease_rows.h"

namespace xpu {

struct LeaseFile {
  enum class State {
    kGood,
    kDamaged,
    kFuture,     // whole, but of a version that this program does not know
    kOtherBoot,  // whole, and nothing in it lives any more
  } state = State::kGood;
  std::string problem;  // of kDamaged: "it is empty"; of kFuture the version
  LeaseRows rows;       // borrow from the text that was parsed
  std::vector<Waiter> waiters;
};

// Leases and waiters only of kGood.
LeaseFile parse_leases(std::string_view text, std::string_view boot_id);
// `kept` are of `rows`; a line that was read is written as it was.
std::string leases_text(std::string_view boot_id, const LeaseRows& rows,
                        const std::vector<const LeaseRow*>& kept, const std::vector<Lease>& more,
                        const std::vector<const Waiter*>& waiters);

}  // namespace xpu
