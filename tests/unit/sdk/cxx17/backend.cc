// SPDX-License-Identifier: Apache-2.0
// A whole backend in C++17, compiled and not run: the layer asks for no newer language.
#include "xpu/backend.hpp"
#include "sdk/helpers/elf.h"
#include "sdk/helpers/ld_cache.h"
#include "sdk/helpers/path.h"
#include "sdk/helpers/pci.h"

namespace {

class Plain : public xpu::sdk::Backend {
 public:
  void describe(xpu::sdk::Sink& sink) override {
    xpu::sdk::Device device;
    device.vendor = "acme";
    device.index = "0";
    device.name = "Acme One";
    sink.device(device);
    sink.node(xpu::sdk::with(device), {"/dev/acme0", "/dev/acme0"});
  }
};

}  // namespace

XPU_BACKEND(Plain, "plain", "1")
