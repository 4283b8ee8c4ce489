// SPDX-License-Identifier: Apache-2.0
// What `xpu-runtime doctor` prints.
#pragma once

#include <string>
#include <vector>

#include "core/doctor/finding.h"
#include "core/doctor/fix.h"

namespace xpu {

struct DoctorView {
  std::vector<doctor::Result> results;
  doctor::Mended mended;  // by --fix
  bool all = false;       // also what does not apply to this host
};

// A line for each result, of at most 80 columns with the rest below it, and the command that mends
// it, which is never broken; then how many there are of each.
std::string doctor_text(const DoctorView& view);
std::string doctor_json(const DoctorView& view);
// The ids of the checks and what they are about.
std::string doctor_list();

// 0: nothing but passes, 1: a failure, 3: no failure but a warning.
int doctor_exit_code(const std::vector<doctor::Result>& results);

}  // namespace xpu
