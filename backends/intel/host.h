// SPDX-License-Identifier: Apache-2.0
// Where the parts of this host are, and what all its devices have in common.
#pragma once

#include <string>

#include "sdk/helpers/fs.h"
#include "sdk/helpers/pci_ids.h"
#include "xpu/backend.hpp"

namespace xpu::intel {

inline constexpr const char* kGpuVendor = "intel";  // GPUs and NPUs
inline constexpr const char* kGaudiVendor = "habana";
inline constexpr const char* kRdma = "rdma";  // the feature of Gaudi's ports

inline constexpr const char* kDriversOnBus = "/sys/bus/pci/drivers/";
inline constexpr const char* kDrivers[] = {"i915", "xe", "intel_vpu", "habanalabs"};

struct Host {
  sdk::Root driver_root, dev_root, sys_root;
  sdk::PciIds pci_ids{driver_root};
};

// The folder that an option names; throws sdk::Invalid where it is no absolute path.
sdk::Root root_of(const char* option, const std::string& value);

template <class From>  // sdk::Sink, sdk::Events or sdk::Samples
Host host_of(const From& from) {
  const auto root = [&](const char* option) { return root_of(option, from.option(option)); };
  return Host{root("driver-root"), root("dev-root"), root("sys-root")};
}

// Version of a kernel driver: its module's where that has one, as those of the vendor's packages
// do, else the kernel's release, which drivers of the kernel itself go by.
std::string driver_version(const Host& host, const std::string& driver);

// A device of which the host refuses what a library or a file says, such as a name with control
// characters, is described by its numbers alone.
void emit_device(sdk::Sink& sink, sdk::Device& device);

// An alias or a property, which a device can do without: one that the host refuses, which it logs,
// is left out. A property without a value is none.
void emit_alias(sdk::Sink& sink, const sdk::Device& device, const std::string& name);
void emit_property(sdk::Sink& sink, const sdk::Device& device, const char* key,
                   const std::string& value);

// "Intel Arc A770" by pci.ids, else "Intel GPU 8086:56a0" for the kind "GPU", without
// the numbers where they are not known.
std::string fallback_name(const Host& host, const std::string& kind, std::uint16_t vendor,
                          std::uint16_t device_id);

}  // namespace xpu::intel
