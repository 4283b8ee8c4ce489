// SPDX-License-Identifier: Apache-2.0
// The NVIDIA backend: one description of this host's GPUs, driver files and nodes, and what becomes
// of them.
#include <algorithm>
#include <memory>
#include <stdexcept>

#include "backends/nvidia/detect.h"
#include "backends/nvidia/devices.h"
#include "backends/nvidia/driver_edits.h"
#include "backends/nvidia/driver_files.h"
#include "backends/nvidia/features.h"
#include "backends/nvidia/meters.h"
#include "backends/nvidia/missing_nodes.h"
#include "backends/nvidia/nodes.h"
#include "backends/nvidia/options.h"
#include "backends/nvidia/platform.h"
#include "backends/nvidia/watch.h"
#include "sdk/helpers/path.h"
#include "xpu/live.hpp"

namespace xpu::nvidia {
namespace {

// Partitioning can be switched on and off without a trace in procfs while no partition exists.
constexpr unsigned kMigSeconds = 600;

// What watching and measuring share.
struct Live {
  explicit Live(const sdk::Sink& sink)
      : options(read_options(sink)), xids(sink), session(options), watch(options, xids, session) {}

  Options options;
  Xids xids;
  NvmlSession session;
  Watch watch;
  Meters meters;
};

class Nvidia : public sdk::LiveBackend {
 public:
  void describe(sdk::Sink& sink) override;

  void start_watching(sdk::Events& events) override { live(events.options()).watch.start(); }
  int descriptor() const override { return live_ ? live_->watch.descriptor() : -1; }
  std::uint32_t dispatch(sdk::Events& events) override { return live_->watch.dispatch(events); }
  void stop_watching() override { live_->watch.stop(); }

  void start_sampling(sdk::Samples& samples) override { live(samples.options()); }
  void sample(sdk::Samples& samples) override;
  void stop_sampling() override { live_->watch.close_nvml(); }

 private:
  Live& live(const sdk::Sink& sink);

  std::unique_ptr<Live> live_;
};

// Conditions that hold whatever is found: a driver that appears is as much of a change as one that
// goes.
void watch_driver(sdk::Sink& sink, const Options& options) {
  sink.valid_while_listing(options.sys_root.host_path(sdk::join(kProc, "gpus")));
  sink.valid_while_same(options.driver_root.host_path("/etc/ld.so.cache"));
}

// Why no GPU of this host can serve a container; "" when nothing is known against it.
std::string driver_problem(const Options& options, const Detected& found,
                           const DriverFiles& driver) {
  const std::string& version = found.hardware.driver;
  if (found.wrong_version) {
    return found.nvml_problem + ": the kernel module is " + version +
           "; reload the module or restart the machine";
  }
  if (options.drivers != sdk::InjectDrivers::kNever && !driver.usable()) {
    return "no driver library of version " + version + " is below " +
           options.driver_root.host_path("/") + "; set driver-root where the driver is";
  }
  return "";
}

void describe_driver(sdk::Sink& sink, const Options& options) {
  watch_driver(sink, options);
  MissingNodes missing(sink, options.driver_root, options.dev_root, options.sys_root);
  missing.make_for_driver();
  const Detected found = detect(options.driver_root, options.sys_root);
  const DriverFiles driver =
      find_driver_files(options.driver_root, options.sys_root, found.hardware.driver);
  missing.make_for_partitions(found.hardware.gpus);
  const Nodes nodes(options.dev_root, options.sys_root);
  nodes.watch(sink, found.hardware.gpus);
  const Features features(options.driver_root, options.dev_root, options.sys_root, nodes);
  features.watch(sink);
  watch_files(sink, options.driver_root, driver);
  if (!found.from_nvml) {
    sink.valid_for_seconds(kRetrySeconds);
    sink.log(sdk::Severity::kWarn, "NVML does not answer (" + found.nvml_problem +
                                       "): memory, compute capability and MIG are not known");
  } else if (std::any_of(found.hardware.gpus.begin(), found.hardware.gpus.end(),
                         [](const Gpu& gpu) { return gpu.mig_enabled.has_value(); })) {
    sink.valid_for_seconds(kMigSeconds);
  }

  emit_capabilities(sink);
  emit_properties(sink, found.hardware, found.from_nvml ? "nvml" : "procfs");
  nodes.emit_control(sink);
  const std::vector<sdk::Device> devices =
      emit_devices(sink, nodes, found.hardware, driver_problem(options, found, driver));
  for (const Connection& connection : found.hardware.connections) {
    sink.interconnect(devices[connection.first], devices[connection.second], connection.type,
                      connection.weight);
  }
  features.emit(sink, found.hardware.gpus, devices);
  emit_files(sink, options, driver);
  emit_cuda(sink, options);
  emit_profile(sink, found.hardware);
  if (options.cuda_compat) {
    emit_cuda_compat(sink, found.hardware, "/usr/local/cuda/compat");
  }
}

Live& Nvidia::live(const sdk::Sink& sink) {
  if (!live_) {
    live_ = std::make_unique<Live>(sink);
  }
  return *live_;
}

void Nvidia::sample(sdk::Samples& samples) {
  NvmlSession& session = live_->session;
  if (session.is_open() && !session.is_current()) {
    live_->watch.close_nvml();
  }
  if (!session.wanted()) {
    return;  // a host whose driver is not loaded has nothing to measure
  }
  if (!session.open()) {
    throw std::runtime_error("NVML does not answer: " + session.problem());
  }
  live_->meters.sample(samples, session);
  if (!live_->options.watch_nvml) {
    session.close();
  }
}

void Nvidia::describe(sdk::Sink& sink) {
  const Options options = read_options(sink);
  const Xids checked(sink);  // so that what is wrong with the lists is said before an error comes
  watch_mode(sink, options);
  switch (mode_of(options)) {
    case Mode::kWsl:
      return describe_wsl(sink, options);
    case Mode::kCsv:
      return describe_tegra(sink, options);
    default:
      return describe_driver(sink, options);
  }
}

}  // namespace
}  // namespace xpu::nvidia

XPU_BACKEND(xpu::nvidia::Nvidia, "nvidia", XPU_VERSION)
