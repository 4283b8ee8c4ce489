// SPDX-License-Identifier: Apache-2.0
// What a container needs of an Apple GPU on Linux: nodes. The Vulkan driver is Mesa's, part of the
// image, and Vulkan's loader finds it there by the image's own ICD file. A variable that names one
// would take every driver away from an image that has it elsewhere or under another name, so that
// none is set unless the option vulkan-icd says which.
#include "backends/apple/describe_linux.h"

#include "backends/apple/describe.h"
#include "backends/apple/gpus.h"

namespace xpu::apple {
namespace {

sdk::Root root_option(const sdk::Sink& sink, const char* name) {
  const std::string value = sink.option(name);
  if (value.empty() || value[0] != '/') {
    throw sdk::Invalid("option " + std::string(name) + " is \"" + value +
                       "\", which is no absolute path");
  }
  return sdk::Root(value);
}

HostRule host_rule(const sdk::Sink& sink) {
  const std::string value = sink.option("apple-host");
  if (value == "auto") {
    return HostRule::kAuto;
  }
  if (value != "yes" && value != "no") {
    throw sdk::Invalid("option apple-host is \"" + value + "\"; it can be auto, yes or no");
  }
  return value == "yes" ? HostRule::kYes : HostRule::kNo;
}

// "" or absolute paths in the image, separated by ':'.
std::string icd_option(const sdk::Sink& sink) {
  const std::string value = sink.option("vulkan-icd");
  for (std::size_t at = 0; !value.empty() && at <= value.size();) {
    const std::size_t end = std::min(value.find(':', at), value.size());
    if (end == at || value[at] != '/') {
      throw sdk::Invalid("option vulkan-icd is \"" + value +
                         "\"; it takes absolute paths separated by ':'");
    }
    at = end + 1;
  }
  return value;
}

sdk::Device to_device(const Gpu& gpu, std::size_t index) {
  sdk::Device device;
  device.vendor = kVendor;
  device.index = std::to_string(index);
  device.name = gpu.name;
  device.architecture = gpu.architecture;
  device.driver = gpu.driver;
  device.pci = gpu.pci;
  device.available = gpu.problem.empty();
  device.reason = gpu.problem;
  return device;
}

void emit_facts(sdk::Sink& sink, const sdk::Device& device, const Gpu& gpu) {
  sink.alias(device, gpu.bus_name);
  sink.property(device, "integrated", "true");
  sink.property(device, "source", "sysfs");
  sink.property(device, "protocol", gpu.venus ? "venus" : "native");
  if (!gpu.driver.empty()) {
    sink.property(device, "driver", gpu.driver);
  }
  if (!gpu.chip.empty()) {
    sink.property(device, "chip", gpu.chip);
  }
  if (gpu.cores != 0) {
    sink.property(device, "compute-units", std::to_string(gpu.cores));
  }
}

// Says where Vulkan's loader looks that the image has no driver for this GPU.
void note_missing_driver(sdk::Sink& sink, const sdk::Device& device, const Gpu& gpu) {
  const std::string file = gpu.venus ? "virtio_icd*.json" : "asahi_icd*.json";
  std::string places;
  for (const char* folder : {"/usr/share", "/usr/local/share", "/etc"}) {
    places += (places.empty() ? "" : ",") + std::string(folder) + "/vulkan/icd.d/" + file;
  }
  sink.note(sdk::with(device).unless_image_has(places), sdk::Severity::kInfo,
            "the image has no " + file + " where Vulkan looks for drivers; its Mesa may lack the " +
                (gpu.venus ? "Venus" : "Asahi") + " driver, and Vulkan will not find this GPU");
}

void emit_gpu(sdk::Sink& sink, const sdk::Root& dev_root, const Gpu& gpu, std::size_t index,
              const std::string& icd) {
  const sdk::Device device = to_device(gpu, index);
  sink.device(device);
  sdk::watch_drm(sink, dev_root, gpu.drm);
  emit_facts(sink, device, gpu);
  if (!device.available) {
    return;
  }
  sdk::emit_drm(sink, sdk::with(device), dev_root, gpu.drm);
  if (icd.empty()) {
    note_missing_driver(sink, device, gpu);
    return;
  }
  // The second name is of Vulkan loaders before 1.3.207, and ignored by those that know the first.
  sink.env(sdk::with(device), "VK_DRIVER_FILES", icd);
  sink.env(sdk::with(device), "VK_ICD_FILENAMES", icd);
}

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) {
    out += (out.empty() ? "" : "; ") + text;
  }
  return out;
}

}  // namespace

void describe_linux(sdk::Sink& sink, const DrmCalls& calls) {
  const sdk::Root sys_root = root_option(sink, "sys-root");
  const sdk::Root dev_root = root_option(sink, "dev-root");
  const HostRule rule = host_rule(sink);
  const std::string icd = icd_option(sink);
  sink.valid_while_listing(sys_root.host_path(sdk::kDrmClass));
  sink.valid_while_listing(dev_root.host_path(sdk::kDrmNodes));
  const Gpus gpus = find_gpus(sys_root, dev_root, calls, rule);
  if (gpus.found.empty()) {
    throw sdk::Absent(gpus.passed_over.empty()
                          ? "no render node of " + sys_root.host_path(sdk::kDrmClass) +
                                " is of a virtio-gpu or of the asahi driver"
                          : joined(gpus.passed_over));
  }
  for (const std::string& text : gpus.passed_over) {
    sink.log(sdk::Severity::kInfo, text);
  }
  for (std::size_t i = 0; i < gpus.found.size(); ++i) {
    emit_gpu(sink, dev_root, gpus.found[i], i, icd);
  }
}

void describe_host(sdk::Sink& sink) {
  describe_linux(sink, kKernel);
}

}  // namespace xpu::apple
