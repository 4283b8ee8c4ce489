// SPDX-License-Identifier: Apache-2.0
// The hardware file of the sim backend as plain values. example.toml documents the format.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "xpu/backend.hpp"

namespace xpu::sim {

struct SimNode {
  std::string capability;
  sdk::Node node;
};

struct SimFile {
  std::string capability;
  sdk::File file;
};

struct SimEnv {
  std::string capability, name, value;
};

struct SimLink {
  std::string capability, path, target;
};

// What a device, or the whole host, gives to a container.
struct Edits {
  std::vector<SimNode> nodes;
  std::vector<SimFile> files;
  std::vector<SimEnv> env;
  std::vector<SimLink> links;
};

using Properties = std::vector<std::pair<std::string, std::string>>;

struct SimDevice {
  sdk::Device device;
  std::vector<std::string> aliases;
  Properties properties;
  Edits edits;
};

struct SimInterconnect {
  std::size_t device = 0, peer = 0;  // places in Hardware.devices
  std::string type;
  std::uint32_t weight = 0;
};

struct Validity {
  std::vector<std::string> same, listing, content;
  std::uint64_t seconds = 0;  // 0: no limit
};

struct Hardware {
  std::vector<std::string> capabilities;
  Properties properties;
  std::vector<SimDevice> devices;
  std::vector<SimInterconnect> interconnects;
  Edits edits;
  Validity validity;
};

// Throws sdk::Invalid: "FILE:LINE: what is wrong".
Hardware parse_hardware(std::string_view text, const std::string& file);

}  // namespace xpu::sim
