// SPDX-License-Identifier: Apache-2.0
// Whether there is anything of AMD's here, and what is there where there is no more.
#pragma once

#include <string>

#include "sdk/helpers/fs.h"
#include "sdk/helpers/pci.h"

namespace xpu::amd {

// A graphics card or an accelerator of AMD's, whatever drives it.
bool is_our_gpu(const sdk::PciDevice& device);

// "; the GPU at 0000:03:00.0 is bound to no driver", for a message; "" where there is none.
std::string gpu_without_driver(const sdk::Root& sys_root);

// Why there is nothing to watch: neither the driver nor a GPU that it could drive. "" where there
// is something.
std::string why_absent(const sdk::Root& sys_root);

}  // namespace xpu::amd
