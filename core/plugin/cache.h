// SPDX-License-Identifier: Apache-2.0
// <state_dir>/catalog: what backends described, and the locks under which they are asked again.
//   NAME.json   {"key":"...","catalog":{...}}; the key stands for everything the description was
//               made from, so that one look at the text's beginning tells whether it is ours
//   NAME.lock   flock()ed by the process that runs the backend's host
//   NAME.hangs  "KEY COUNT": how often in a row the host had to be killed
#pragma once

#include <optional>
#include <string>

#include "core/base/fd.h"
#include "core/catalog/catalog.h"

namespace xpu {

// Nothing here throws: without a cache everything works, only slower.
class CatalogCache {
 public:
  explicit CatalogCache(const std::string& state_dir);

  // The description when it was made from `key` and its conditions hold.
  std::optional<Catalog> read(const std::string& name, const std::string& key) const;
  void write(const std::string& name, const std::string& key, const Catalog& catalog) const;

  enum class Lock { kHeld, kTaken, kImpossible };
  // Tries to take the lock, which is held as long as `out` is open.
  Lock try_lock(const std::string& name, Fd* out) const;

  unsigned hangs(const std::string& name, const std::string& key) const;
  void set_hangs(const std::string& name, const std::string& key, unsigned count) const;

 private:
  std::string dir_;
  Fd fd_;  // empty: no cache
};

}  // namespace xpu
