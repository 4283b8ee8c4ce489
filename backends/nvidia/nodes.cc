// SPDX-License-Identifier: Apache-2.0
#include "backends/nvidia/nodes.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <array>
#include <cerrno>
#include <sstream>

#include "sdk/helpers/path.h"
#include "sdk/helpers/pci.h"

namespace xpu::nvidia {
namespace {

constexpr const char* kDevices = "/proc/devices";
constexpr const char* kByPath = "/dev/dri/by-path";
constexpr const char* kCaps = "/dev/nvidia-caps";

// As /proc/devices spells them.
constexpr const char* kMain = "nvidia";
constexpr const char* kMainOfOld = "nvidia-frontend";
constexpr const char* kUvm = "nvidia-uvm";
constexpr const char* kCapsDriver = "nvidia-caps";

struct ControlNode {
  const char* path;
  const char* driver;
  unsigned minor;
  const char* remedy;  // what makes the node; "" for one that a GPU can do without
  std::array<const char*, 2> capabilities;  // "": with everything; null: no more
};
constexpr ControlNode kControlNodes[] = {
    {"/dev/nvidiactl", kMain, 255, "nvidia-modprobe", {"", nullptr}},
    // CUDA cannot start without it, and a container gets compute unless it asks for less.
    {"/dev/nvidia-uvm", kUvm, 0, "nvidia-modprobe -u -c 0", {"compute", nullptr}},
    {"/dev/nvidia-uvm-tools", kUvm, 1, "", {"compute", nullptr}},
    {"/dev/nvidia-modeset", kMain, 254, "", {"graphics", "display"}},
};

std::string numbers(unsigned major, unsigned minor) {
  return std::to_string(major) + ":" + std::to_string(minor);
}

std::string capability_node(unsigned minor) {
  return std::string(kCaps) + "/nvidia-cap" + std::to_string(minor);
}

std::string gpu_node(unsigned minor) {
  return "/dev/nvidia" + std::to_string(minor);
}

std::string mig_folder(unsigned minor) {
  return sdk::join(kProc, "capabilities/gpu" + std::to_string(minor) + "/mig");
}

std::string instance_access(const Gpu& gpu, const MigDevice& mig) {
  return mig_folder(*gpu.minor) + "/gi" + std::to_string(mig.gpu_instance) + "/access";
}

std::string compute_access(const Gpu& gpu, const MigDevice& mig) {
  return mig_folder(*gpu.minor) + "/gi" + std::to_string(mig.gpu_instance) + "/ci" +
         std::to_string(mig.compute_instance) + "/access";
}

}  // namespace

void watch(sdk::Sink& sink, const std::string& host_path) {
  struct stat info {};
  const bool there = stat(host_path.c_str(), &info) == 0;
  // A condition that cannot be taken would fail the whole description.
  if (there && S_ISDIR(info.st_mode)) {
    sink.valid_while_listing(host_path);
  } else if (there ? !S_ISFIFO(info.st_mode) : errno == ENOENT || errno == ENOTDIR) {
    sink.valid_while_same(host_path);
  }
}

Nodes::Nodes(const sdk::Root& dev_root, const sdk::Root& sys_root)
    : dev_(dev_root), sys_(sys_root) {
  std::istringstream lines(sys_.read(kDevices).value_or(""));
  for (std::string line; std::getline(lines, line) && line != "Block devices:";) {
    std::istringstream words(line);
    unsigned number = 0;
    std::string name;
    if (words >> number >> name) {
      majors_[name == kMainOfOld ? kMain : name] = number;
    }
  }
}

std::string Nodes::wrong(const std::string& node, const std::string& driver, unsigned minor) const {
  const auto real = dev_.resolve(node);
  struct stat info {};
  if (!real || lstat(dev_.host_path(*real).c_str(), &info) != 0 || !S_ISCHR(info.st_mode)) {
    return dev_.host_path(node) + " does not exist or is no device";
  }
  const auto known = majors_.find(driver);
  if (known == majors_.end()) {
    return "";  // nothing to compare with
  }
  const std::string found = numbers(gnu_dev_major(info.st_rdev), gnu_dev_minor(info.st_rdev));
  const std::string expected = numbers(known->second, minor);
  return found == expected ? ""
                           : dev_.host_path(node) + " is device " + found + " and should be " +
                                 expected + ": remove it";
}

std::string Nodes::problem(const Gpu& gpu) const {
  if (!gpu.problem.empty()) {
    return gpu.problem;
  }
  if (!gpu.minor) {
    return "the number of its device node is not known";
  }
  for (const ControlNode& node : kControlNodes) {
    const std::string text = wrong(node.path, node.driver, node.minor);
    if (!text.empty() && *node.remedy) {
      return text + "; " + node.remedy + " makes it";
    }
    if (!text.empty() && dev_.is_device(node.path)) {
      return text;
    }
  }
  std::string text = wrong(gpu_node(*gpu.minor), kMain, *gpu.minor);
  return text.empty() ? ""
                      : text + "; nvidia-modprobe -c " + std::to_string(*gpu.minor) + " makes it";
}

std::string Nodes::problem(const Gpu& gpu, const MigDevice& mig) const {
  if (std::string text = problem(gpu); !text.empty()) {
    return text;
  }
  for (const std::string& access : {instance_access(gpu, mig), compute_access(gpu, mig)}) {
    const auto minor = capability_minor(access);
    if (!minor) {
      return sys_.host_path(access) + " names no device node";
    }
    if (std::string text = wrong(capability_node(*minor), kCapsDriver, *minor); !text.empty()) {
      return text + "; nvidia-modprobe -f " + access + " makes it";
    }
  }
  return "";
}

// "DeviceFileMinor: 21"
std::optional<unsigned> Nodes::capability_minor(const std::string& access) const {
  constexpr std::string_view key = "DeviceFileMinor:";
  std::string text = sys_.read(access).value_or("");
  std::size_t at = text.find(key);
  if (at == std::string::npos) {
    return std::nullopt;
  }
  std::size_t start = at + key.size();
  std::size_t end = std::min(text.find('\n', start), text.size());
  auto minor = sdk::parse_number(sdk::trimmed(text.substr(start, end - start)));
  return minor && *minor >= 0 ? std::optional(static_cast<unsigned>(*minor)) : std::nullopt;
}

void Nodes::watch(sdk::Sink& sink, const std::vector<Gpu>& gpus) const {
  sink.valid_while_content(sys_.host_path(kDevices));
  for (const ControlNode& node : kControlNodes) {
    nvidia::watch(sink, dev_.host_path(node.path));
  }
  bool partitioned = false;
  for (const Gpu& gpu : gpus) {
    if (gpu.minor) {
      nvidia::watch(sink, dev_.host_path(gpu_node(*gpu.minor)));
    }
    if (!gpu.pci.empty()) {
      sink.valid_while_listing(sys_.host_path(sdk::join(sdk::kPciDevices, gpu.pci) + "/drm"));
    }
    if (gpu.minor && gpu.mig_enabled) {
      partitioned = true;
      const std::string folder = mig_folder(*gpu.minor);
      sink.valid_while_listing(sys_.host_path(folder));
      for (const std::string& instance : sys_.list(folder)) {
        if (sdk::starts_with(instance, "gi")) {
          sink.valid_while_listing(sys_.host_path(sdk::join(folder, instance)));
        }
      }
    }
  }
  if (partitioned) {
    sink.valid_while_listing(dev_.host_path(kCaps));
  }
}

void Nodes::emit_node(sdk::Sink& sink, const sdk::Scope& scope, const std::string& node) const {
  // The host opens no link.
  sink.node(scope, {dev_.host_path(dev_.resolve(node).value_or(node)), node});
}

void Nodes::emit_control(sdk::Sink& sink) const {
  for (const ControlNode& node : kControlNodes) {
    for (const char* capability : node.capabilities) {
      if (capability && wrong(node.path, node.driver, node.minor).empty()) {
        emit_node(sink, sdk::with_capability(capability), node.path);
      }
    }
  }
}

void Nodes::emit(sdk::Sink& sink, const sdk::Device& device, const Gpu& gpu) const {
  if (gpu.minor && wrong(gpu_node(*gpu.minor), kMain, *gpu.minor).empty()) {
    emit_node(sink, sdk::with(device), gpu_node(*gpu.minor));
  }
  if (!gpu.pci.empty()) {
    emit_drm(sink, device, gpu);
  }
}

void Nodes::emit(sdk::Sink& sink, const sdk::Device& device, const Gpu& gpu,
                 const MigDevice& mig) const {
  if (!gpu.minor) {
    return;
  }
  if (wrong(gpu_node(*gpu.minor), kMain, *gpu.minor).empty()) {
    emit_node(sink, sdk::with(device), gpu_node(*gpu.minor));
  }
  for (const std::string& access : {instance_access(gpu, mig), compute_access(gpu, mig)}) {
    const auto minor = capability_minor(access);
    if (minor && wrong(capability_node(*minor), kCapsDriver, *minor).empty()) {
      emit_node(sink, sdk::with(device), capability_node(*minor));
    }
  }
}

void Nodes::emit_drm(sdk::Sink& sink, const sdk::Device& device, const Gpu& gpu) const {
  for (const std::string& name : sdk::drm_nodes(sys_, gpu.pci)) {
    const std::string node = sdk::join("/dev/dri", name);
    if (!dev_.is_device(node)) {
      continue;
    }
    const std::string link = std::string(kByPath) + "/pci-" + gpu.pci +
                             (sdk::starts_with(name, "card") ? "-card" : "-render");
    for (const char* capability : {"graphics", "display"}) {
      const sdk::Scope scope = sdk::with(device, capability);
      emit_node(sink, scope, node);
      sink.link(scope, link, "../" + name);
    }
  }
}

}  // namespace xpu::nvidia
