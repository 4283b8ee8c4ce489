// SPDX-License-Identifier: Apache-2.0
#include "backends/nvidia/nodes.h"

#include <sys/stat.h>

#include <cerrno>

#include "sdk/helpers/path.h"
#include "sdk/helpers/pci.h"

namespace xpu::nvidia {
namespace {

constexpr const char* kByPath = "/dev/dri/by-path";
constexpr const char* kCaps = "/dev/nvidia-caps";

struct ControlNode {
  const char* path;
  const char* capability;  // "": with everything
};
constexpr ControlNode kControlNodes[] = {
    {"/dev/nvidiactl", ""},
    {"/dev/nvidia-uvm", "compute"},
    {"/dev/nvidia-uvm-tools", "compute"},
    {"/dev/nvidia-modeset", "graphics"},
    {"/dev/nvidia-modeset", "display"},
};

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

std::string Nodes::missing(const std::string& node) const {
  return dev_.is_device(node) ? "" : dev_.host_path(node) + " does not exist or is no device";
}

std::string Nodes::problem(const Gpu& gpu) const {
  if (!gpu.problem.empty()) {
    return gpu.problem;
  }
  if (!gpu.minor) {
    return "the number of its device node is not known";
  }
  if (std::string text = missing("/dev/nvidiactl"); !text.empty()) {
    return text + "; nvidia-modprobe makes it";
  }
  std::string text = missing(gpu_node(*gpu.minor));
  return text.empty() ? ""
                      : text + "; nvidia-modprobe -c " + std::to_string(*gpu.minor) + " makes it";
}

std::string Nodes::problem(const Gpu& gpu, const MigDevice& mig) const {
  if (std::string text = problem(gpu); !text.empty()) {
    return text;
  }
  for (const std::string& access : {instance_access(gpu, mig), compute_access(gpu, mig)}) {
    std::string node = capability_node(access);
    if (node.empty()) {
      return sys_.host_path(access) + " names no device node";
    }
    if (std::string text = missing(node); !text.empty()) {
      return text + "; nvidia-modprobe -f " + access + " makes it";
    }
  }
  return "";
}

// "DeviceFileMinor: 21"
std::string Nodes::capability_node(const std::string& access) const {
  constexpr std::string_view key = "DeviceFileMinor:";
  std::string text = sys_.read(access).value_or("");
  std::size_t at = text.find(key);
  if (at == std::string::npos) {
    return "";
  }
  std::size_t start = at + key.size();
  std::size_t end = std::min(text.find('\n', start), text.size());
  auto minor = sdk::parse_number(sdk::trimmed(text.substr(start, end - start)));
  return minor && *minor >= 0 ? std::string(kCaps) + "/nvidia-cap" + std::to_string(*minor) : "";
}

void Nodes::watch(sdk::Sink& sink, const std::vector<Gpu>& gpus) const {
  for (const ControlNode& node : kControlNodes) {
    if (std::string_view(node.capability) != "display") {  // the same path as for graphics
      nvidia::watch(sink, dev_.host_path(node.path));
    }
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

void Nodes::emit_if_there(sdk::Sink& sink, const sdk::Scope& scope, const std::string& node) const {
  // The host opens no link.
  if (auto real = dev_.resolve(node); real && dev_.is_device(*real)) {
    sink.node(scope, {dev_.host_path(*real), node});
  }
}

void Nodes::emit_control(sdk::Sink& sink) const {
  for (const ControlNode& node : kControlNodes) {
    emit_if_there(sink, sdk::with_capability(node.capability), node.path);
  }
}

void Nodes::emit(sdk::Sink& sink, const sdk::Device& device, const Gpu& gpu) const {
  if (gpu.minor) {
    emit_if_there(sink, sdk::with(device), gpu_node(*gpu.minor));
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
  emit_if_there(sink, sdk::with(device), gpu_node(*gpu.minor));
  for (const std::string& access : {instance_access(gpu, mig), compute_access(gpu, mig)}) {
    if (std::string node = capability_node(access); !node.empty()) {
      emit_if_there(sink, sdk::with(device), node);
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
      emit_if_there(sink, scope, node);
      sink.link(scope, link, "../" + name);
    }
  }
}

}  // namespace xpu::nvidia
