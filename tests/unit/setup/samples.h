// SPDX-License-Identifier: Apache-2.0
// What the tests of the editors share.
#pragma once

#include <string>

#include "core/base/error.h"
#include "core/setup/editor.h"

namespace xpu::setup {

inline constexpr const char* kProgram = "/usr/bin/xpu-container-runtime";

inline Wish add(bool as_default = false, bool cdi = false) {
  return {false, as_default, cdi, "xpu", kProgram};
}

inline Wish take_out() {
  return {true, false, false, "xpu", kProgram};
}

// A file and what is kept beside it, as `configure` would leave them.
struct Disk {
  Text file, backup, written = std::nullopt;

  Plan run(const Editor& editor, const Wish& wish) {
    const Plan plan = plan_change(editor, {file, backup, written}, wish);
    file = plan.after.text;
    backup = plan.after.backup;
    written = plan.after.written;
    return plan;
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

}  // namespace xpu::setup
