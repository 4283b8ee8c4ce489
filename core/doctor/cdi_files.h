// SPDX-License-Identifier: Apache-2.0
// CDI files of a host, for several checks. For core/doctor only.
#pragma once

#include <string>
#include <vector>

#include "core/doctor/host.h"

namespace xpu::doctor {

std::vector<std::string> all_cdi_files(const Host& host);
// How a file of that kind is written anew.
std::string cdi_remedy(const Host& host, const std::string& kind, const std::string& file);

}  // namespace xpu::doctor
