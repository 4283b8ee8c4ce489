// SPDX-License-Identifier: Apache-2.0
#include "backends/nvidia/missing_nodes.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "backends/nvidia/kernel.h"
#include "sdk/helpers/make_node.h"
#include "sdk/helpers/path.h"
#include "sdk/helpers/run_program.h"

namespace xpu::nvidia {
namespace {

constexpr const char* kParams = "/proc/driver/nvidia/params";
// For all programs together, of the 60 that a description may take; a GPU that wakes up takes 5 to
// 10.
constexpr std::chrono::seconds kProgramTime{20};

// "yes" and "no" of an option; a third word stands for `when_auto`.
bool choice(const sdk::Sink& sink, const char* name, const char* third, bool when_third) {
  const std::string value = sink.option(name);
  if (value == "true" || value == "false") {
    return value == "true";
  }
  if (!third || value != third) {
    throw sdk::Invalid("option " + std::string(name) + " is \"" + value + "\" and may be " +
                       (third ? std::string(third) + ", " : "") + "true or false");
  }
  return when_third;
}

}  // namespace

MissingNodes::MissingNodes(sdk::Sink& sink, const sdk::Root& driver_root, const sdk::Root& dev_root,
                           const sdk::Root& sys_root)
    : sink_(sink),
      driver_(driver_root),
      dev_(dev_root),
      sys_(sys_root),
      programs_end_(std::chrono::steady_clock::now() + kProgramTime) {
  const bool own_host = dev_.host_path("/") == "/" && sys_.host_path("/") == "/";
  const bool root = geteuid() == 0;
  make_ = choice(sink, "make-nodes", "auto", own_host) && root;
  // Both programs act on the kernel that runs and on its /dev.
  load_ = choice(sink, "load-modules", nullptr, false) && root && own_host;
  if (own_host && (make_ || load_)) {
    modprobe_ = first_program(driver_, {"/usr/bin/nvidia-modprobe", "/usr/sbin/nvidia-modprobe",
                                        "/sbin/nvidia-modprobe", "/bin/nvidia-modprobe"});
  }
}

// What runs as root must be root's to change.
std::string MissingNodes::first_program(const sdk::Root& root,
                                        std::initializer_list<const char*> names) const {
  for (const char* name : names) {
    const auto real = root.resolve(name);
    const std::string path = real ? root.host_path(*real) : "";
    struct stat info {};
    if (!real || stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode) ||
        access(path.c_str(), X_OK) != 0) {
      continue;
    }
    if (info.st_uid == 0 && (info.st_mode & (S_IWGRP | S_IWOTH)) == 0) {
      // One file may be several programs and go by the name, as kmod does.
      return root.host_path("/") == "/" ? name : path;
    }
    sink_.log(sdk::Severity::kWarn,
              path + " is not run: others than root may change it; chown root and chmod go-w it");
  }
  return "";
}

bool MissingNodes::loaded(const std::string& module) const {
  return sys_.is_folder("/sys/module/" + module) ||
         // The main module, in a procfs without its sysfs.
         (module == "nvidia" && sys_.read(sdk::join(kProc, "version")).has_value());
}

void MissingNodes::run(const std::string& program, const std::vector<std::string>& arguments) {
  const auto left = std::chrono::duration_cast<std::chrono::seconds>(
      programs_end_ - std::chrono::steady_clock::now());
  if (left.count() <= 0) {
    return;  // one of them did not end: the log has it
  }
  const std::string problem =
      sdk::run_program(program, arguments, static_cast<unsigned>(left.count()));
  if (!problem.empty()) {
    sink_.log(sdk::Severity::kWarn, problem);
  }
}

void MissingNodes::load(const std::string& module, const std::vector<std::string>& arguments) {
  if (loaded(module)) {
    return;
  }
  sink_.log(sdk::Severity::kInfo, "loading the kernel module " + module);
  if (!modprobe_.empty()) {
    run(modprobe_, arguments);
  }
  const std::string modprobe =
      first_program(sdk::Root("/"), {"/usr/sbin/modprobe", "/sbin/modprobe", "/usr/bin/modprobe"});
  if (!loaded(module) && !modprobe.empty()) {
    run(modprobe, {module});
  }
}

void MissingNodes::make(const std::vector<Wanted>& nodes) {
  const auto is_missing = [&](const Wanted& node) { return !dev_.resolve(node.path).has_value(); };
  std::set<std::vector<std::string>> asked;
  for (const Wanted& node : nodes) {
    if (!modprobe_.empty() && is_missing(node) && asked.insert(node.arguments).second) {
      run(modprobe_, node.arguments);
    }
  }
  const std::map<std::string, unsigned> majors = driver_majors(sys_);
  for (const Wanted& node : nodes) {
    const auto known = majors.find(node.driver);
    const DeviceFile rules = device_file(sys_, node.rules);
    if (!is_missing(node) || known == majors.end() || !rules.modify) {
      continue;
    }
    const std::string path = dev_.host_path(node.path);
    const std::string problem =
        sdk::make_node(path, {known->second, node.minor, rules.mode, rules.uid, rules.gid});
    sink_.log(problem.empty() ? sdk::Severity::kInfo : sdk::Severity::kWarn,
              problem.empty() ? "made the missing device node " + path : problem);
  }
}

void MissingNodes::make_for_driver() {
  if (load_) {
    load("nvidia", {"-c", "255"});
    if (loaded("nvidia")) {
      load("nvidia_uvm", {"-u", "-c", "0"});
      load("nvidia_modeset", {"-m"});
    }
  }
  if (!make_) {
    return;
  }
  std::vector<Wanted> nodes;
  const std::map<std::string, unsigned> majors = driver_majors(sys_);
  for (const ControlNode& node : kControlNodes) {
    // nvidia-modprobe would load a module that is not there.
    if (!loaded(node.module) || !majors.count(node.driver)) {
      continue;
    }
    std::vector<std::string> arguments = {"-c", "255"};
    if (node.driver == std::string(kUvmDriver)) {
      arguments = {"-u", "-c", "0"};
    } else if (node.module != std::string("nvidia")) {
      arguments = {"-m"};
    }
    nodes.push_back({node.path, node.driver, node.minor, kParams, arguments});
  }
  for (const Gpu& gpu : gpus_from_proc(sys_)) {
    if (gpu.minor && majors.count(kMainDriver)) {
      nodes.push_back({gpu_node(*gpu.minor),
                       kMainDriver,
                       *gpu.minor,
                       kParams,
                       {"-c", std::to_string(*gpu.minor)}});
    }
  }
  make(nodes);
}

void MissingNodes::make_for_partitions(const std::vector<Gpu>& gpus) {
  const bool can_divide = std::any_of(gpus.begin(), gpus.end(),
                                      [](const Gpu& gpu) { return gpu.mig_enabled.has_value(); });
  if (!make_ || !can_divide || !driver_majors(sys_).count(kCapsDriver)) {
    return;
  }
  std::vector<std::string> files = {kMigConfig, kMigMonitor};
  for (const Gpu& gpu : gpus) {
    if (gpu.minor && gpu.mig_enabled.value_or(false)) {
      const std::vector<std::string> own = access_files(sys_, *gpu.minor);
      files.insert(files.end(), own.begin(), own.end());
    }
  }
  std::vector<Wanted> nodes;
  for (const std::string& file : files) {
    if (const auto minor = device_file(sys_, file).minor) {
      nodes.push_back({capability_node(*minor), kCapsDriver, *minor, file, {"-f", file}});
    }
  }
  make(nodes);
}

}  // namespace xpu::nvidia
