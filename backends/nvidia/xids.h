// SPDX-License-Identifier: Apache-2.0
// What an Xid, the driver's number of an error, says about the GPU that it is reported of.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "xpu/backend.hpp"

namespace xpu::nvidia {

enum class Verdict {
  kIgnored,   // an error of a program, or none at all
  kDegraded,  // the GPU works, but not as it did
  kFailed,    // it is reset, or the machine restarted, before it works again
};

struct Xid {
  Verdict verdict = Verdict::kDegraded;
  std::string meaning;  // "GPU has fallen off the bus"
};

class Xids {
 public:
  // The table, and over it the options failing-xids, degrading-xids and ignored-xids: numbers and
  // ranges ("144-150") with commas or spaces between; "all" is every one that no other option
  // names. Throws sdk::Invalid naming the option and what is wrong.
  explicit Xids(const sdk::Sink& options);

  // A number that the table does not know counts as degraded.
  Xid of(std::uint64_t code) const;

 private:
  std::map<std::uint64_t, Verdict> configured_;
  const Verdict* others_ = nullptr;  // of "all"
};

}  // namespace xpu::nvidia
