// SPDX-License-Identifier: Apache-2.0
// A backend for one device: the character device that the option `node` names.
#include <sys/stat.h>

#include <xpu/backend.hpp>

namespace {

class Example : public xpu::sdk::Backend {
 public:
  void describe(xpu::sdk::Sink& sink) override {
    const std::string node = sink.option("node");
    // First of all: when to look again. The runtime keeps this description until then.
    sink.valid_while_listing(node.substr(0, node.rfind('/')));

    struct stat status {};
    if (::stat(node.c_str(), &status) != 0) {
      throw xpu::sdk::Absent("no device node " + node);
    }
    if (!S_ISCHR(status.st_mode)) {
      throw xpu::sdk::Invalid("option node: " + node + " is not a character device");
    }

    sink.capability("compute");

    xpu::sdk::Device device;
    device.vendor = "example";
    device.index = "0";
    device.name = "Example Accelerator";
    device.kind = xpu::sdk::Kind::kAccelerator;
    sink.device(device);

    // What a container gets with this device, and what it gets only with a capability.
    sink.node(with(device), {node, "/dev/example0"});
    sink.env(with(device, "compute"), "EXAMPLE_COMPUTE", "1");
  }
};

}  // namespace

XPU_BACKEND(Example, "example", "1.0")
