// SPDX-License-Identifier: Apache-2.0
#include "backends/nvidia/platform.h"

#include <algorithm>

#include "backends/nvidia/detect.h"
#include "backends/nvidia/driver_table.h"
#include "backends/nvidia/tegra_csv.h"
#include "backends/nvidia/wsl.h"
#include "sdk/helpers/path.h"

namespace xpu::nvidia {
namespace {

constexpr const char* kTegraRelease = "/etc/nv_tegra_release";
constexpr const char* kSocFamily = "/sys/devices/soc0/family";

bool has_kernel_driver(const Options& options) {
  return options.sys_root.is_file(sdk::join(kProc, "version"));
}

bool is_tegra(const Options& options) {
  return options.driver_root.is_file(kTegraRelease) ||
         sdk::starts_with(options.sys_root.read_line(kSocFamily), "Tegra");
}

}  // namespace

bool is_integrated(const Gpu& gpu) {
  return gpu.name.find("(nvgpu)") != std::string::npos ||
         gpu.name.find("Thor") != std::string::npos;
}

Mode mode_of(const Options& options) {
  if (options.mode != Mode::kAuto) {
    return options.mode;
  }
  if (!has_kernel_driver(options) && has_dxcore(options.driver_root)) {
    return Mode::kWsl;
  }
  const MountSpecs specs =
      read_mount_specs(options.driver_root, options.dev_root, options.csv_path);
  if (!is_tegra(options) || specs.files.empty()) {
    return Mode::kNvml;
  }
  // A Tegra board may have its own GPU switched off in favour of one in a slot.
  const NvmlAnswer nvml = ask_nvml(nvml_of_specs(options.driver_root, specs), options.sys_root);
  const bool only_in_slots =
      nvml.hardware && !nvml.hardware->gpus.empty() &&
      std::none_of(nvml.hardware->gpus.begin(), nvml.hardware->gpus.end(), is_integrated);
  return only_in_slots ? Mode::kNvml : Mode::kCsv;
}

void watch_mode(sdk::Sink& sink, const Options& options) {
  sink.valid_while_content(options.sys_root.host_path(sdk::join(kProc, "version")));
  sink.valid_while_same(options.driver_root.host_path(kTegraRelease));
  sink.valid_while_listing(options.driver_root.host_path(options.csv_path));
  sink.valid_while_listing(options.driver_root.host_path(kWslFolder));
}

void emit_capabilities(sdk::Sink& sink) {
  for (const CapabilityName& capability : kCapabilities) {
    sink.capability(capability.name);
  }
  sink.capability(kJetpackAll);
}

void emit_properties(sdk::Sink& sink, const Hardware& hardware, const std::string& source) {
  if (!hardware.driver.empty()) {
    sink.property("driver", hardware.driver);
  }
  if (!hardware.cuda.empty()) {
    sink.property("cuda", hardware.cuda);
  }
  sink.property("source", source);
}

}  // namespace xpu::nvidia
