// SPDX-License-Identifier: Apache-2.0
// Machines that somebody recorded, as a fake NVML and the kernel module's files would show them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/unit/nvidia/host.h"

namespace xpu::test {

struct RecordedPart {
  std::string index, gpu_instance, compute_instance;
  unsigned memory_mib = 0, multiprocessors = 0;
};

// "" and "N/A": not recorded. Texts are as recorded.
struct RecordedGpu {
  std::string name, brand, uuid, pci, minor, mig, capability, memory_bytes;
  std::vector<RecordedPart> parts;
  std::string numa_node;
  std::vector<std::string> links;  // peers of NVLink
};

struct RecordedMachine {
  std::string driver, cuda;
  std::vector<RecordedGpu> gpus;
};

// What `nvidia-smi -q -x` printed.
RecordedMachine from_smi(const std::string& file);
// The description of a mock NVML.
RecordedMachine from_mock(const std::string& file);

void build(Host& host, const RecordedMachine& machine);

}  // namespace xpu::test
