// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>

#include "backends/nvidia/hardware.h"
#include "backends/nvidia/kernel.h"
#include "sdk/helpers/path.h"
#include "sdk/helpers/pci.h"
#include "sdk/helpers/text.h"

namespace xpu::nvidia {
namespace {

bool all_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c); });
}

// The value of "Key: \t value" in a procfs text; "" when the line is missing.
std::string field(const std::string& text, std::string_view key) {
  std::size_t start = 0;
  while (start < text.size()) {
    std::size_t end = std::min(text.find('\n', start), text.size());
    std::string_view line(text.data() + start, end - start);
    if (sdk::starts_with(line, key) && line.size() > key.size() && line[key.size()] == ':') {
      return sdk::readable(sdk::trimmed(line.substr(key.size() + 1)));
    }
    start = end + 1;
  }
  return "";
}

// Without instances nothing tells whether MIG mode is on.
void add_partitions(const sdk::Root& sys_root, Gpu& gpu) {
  for (const Instance& instance : instances(sys_root, *gpu.minor)) {
    MigDevice mig;
    mig.gpu_instance = instance.gpu_instance;
    mig.compute_instance = instance.compute_instance;
    mig.name = (gpu.name.empty() ? "NVIDIA GPU" : gpu.name) + " MIG device";
    gpu.mig.push_back(std::move(mig));
    gpu.mig_enabled = true;
  }
}

}  // namespace

bool is_driver_version(std::string_view text) {
  std::size_t first = text.find('.');
  if (first == std::string_view::npos || first < 3 || !all_digits(text.substr(0, first))) {
    return false;
  }
  std::string_view rest = text.substr(first + 1);
  std::size_t second = rest.find('.');
  return second == std::string_view::npos
             ? all_digits(rest)
             : all_digits(rest.substr(0, second)) && all_digits(rest.substr(second + 1));
}

std::string parse_driver_version(const std::string& text) {
  std::size_t end = std::min(text.find('\n'), text.size());
  std::size_t start = 0;
  while (start < end) {
    std::size_t stop = std::min(text.find_first_of(" \t", start), end);
    std::string word = text.substr(start, stop - start);
    if (is_driver_version(word)) {
      return word;
    }
    start = stop + 1;
  }
  return "";
}

std::vector<Gpu> gpus_from_proc(const sdk::Root& sys_root) {
  std::vector<Gpu> gpus;
  const std::string folder = sdk::join(kProc, "gpus");
  for (const std::string& name : sys_root.list(folder)) {
    std::string text =
        sys_root.read(sdk::join(sdk::join(folder, name), "information")).value_or("");
    Gpu gpu;
    gpu.index = static_cast<unsigned>(gpus.size());
    gpu.pci = sdk::normal_pci_address(name).value_or("");
    gpu.name = field(text, "Model");
    gpu.uuid = field(text, "GPU UUID");
    // Question marks stand for a GPU that nothing has used since the driver was loaded.
    if (gpu.uuid.find('?') != std::string::npos || !sdk::starts_with(gpu.uuid, "GPU-")) {
      gpu.uuid.clear();
    }
    if (std::string minor = field(text, "Device Minor"); all_digits(minor) && minor.size() < 8) {
      gpu.minor = static_cast<unsigned>(std::stoul(minor));
    }
    if (auto device = sdk::pci_device(sys_root, gpu.pci)) {
      gpu.numa_node = device->numa_node;
    }
    if (gpu.minor) {
      add_partitions(sys_root, gpu);
    }
    gpus.push_back(std::move(gpu));
  }
  return gpus;
}

}  // namespace xpu::nvidia
