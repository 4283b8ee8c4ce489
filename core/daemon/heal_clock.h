// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "core/base/fd.h"

namespace xpu {

// When it is time to look whether containers have lost devices: after a `systemctl daemon-reload`,
// which makes systemd's folders of generated units anew, after a driver came back, and every ten
// minutes. What takes the access away comes a little after what is noticed, so there are several
// looks.
class HealClock {
 public:
  // `folder`: where systemd has its generated units, "/run/systemd"; without it there is only the
  // rest.
  explicit HealClock(const std::string& folder, std::int64_t now_ms);

  int fd() const { return watch_.get(); }  // -1: none
  // Reads what fd() has.
  void notice(std::int64_t now_ms);
  void driver_came(std::int64_t now_ms) { soon(now_ms); }

  std::int64_t due_ms() const { return *due_.begin(); }
  bool is_due(std::int64_t now_ms) const { return due_ms() <= now_ms; }
  // It is done now.
  void done(std::int64_t now_ms);

 private:
  void soon(std::int64_t now_ms);

  Fd watch_;
  std::set<std::int64_t> due_;  // never empty
};

}  // namespace xpu
