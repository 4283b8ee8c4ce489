// SPDX-License-Identifier: Apache-2.0
// What the tests of the editors share.
#pragma once

#include <string>

#include "core/base/error.h"
#include "core/setup/editor.h"

namespace xpu {

inline constexpr const char* kProgram = "/usr/bin/xpu-container-runtime";

inline Wish add(bool as_default = false, bool cdi = false) {
  return {false, as_default, cdi, "xpu", kProgram};
}

inline Wish take_out() {
  return {true, false, false, "xpu", kProgram};
}

// A file and its backup, as `configure` would leave them.
struct Disk {
  Text file, backup;

  void run(const Editor& editor, const Wish& wish) {
    const Plan plan = plan_change(editor, file, backup, wish);
    if (plan.backup == Plan::Backup::kWrite) {
      backup = file;
    } else if (plan.backup == Plan::Backup::kDrop) {
      backup.reset();
    }
    file = plan.after;
  }
};

template <class Function>
std::string error_of(Function function) {
  try {
    function();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace xpu
