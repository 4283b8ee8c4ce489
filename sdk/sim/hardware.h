// SPDX-License-Identifier: Apache-2.0
// The hardware file of the sim backend as plain values. example.toml documents the format.
#pragma once

#include <toml++/toml.h>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "xpu/live.hpp"

namespace xpu::sim {

// Beside the device that an item belongs to: when a container gets it.
struct When {
  std::string capability, item, image_lacks;
};

struct SimNode {
  When when;
  sdk::Node node;
};

struct SimFile {
  When when;
  sdk::File file;
};

struct SimEnv {
  When when;
  std::string name, value;
  bool expand = false;
};

struct SimLink {
  When when;
  std::string path, target;
};

struct SimValue {
  When when;
  sdk::Combine combine = sdk::Combine::kList;
  std::string name, value;
};

struct SimText {
  When when;
  std::string path, content;
  bool expand = false;
};

struct SimNote {
  When when;
  sdk::Severity severity = sdk::Severity::kInfo;
  std::string text;
};

struct SimImageFolder {
  When when;
  std::string folder, library, version;
};

// What a device, or the whole host, gives to a container.
struct Edits {
  std::vector<SimNode> nodes;
  std::vector<SimFile> files;
  std::vector<SimEnv> env;
  std::vector<SimLink> links;
  std::vector<SimValue> values;
  std::vector<SimText> texts;
  std::vector<SimNote> notes;
  std::vector<SimImageFolder> image_folders;
};

using Properties = std::vector<std::pair<std::string, std::string>>;

// What is measured; with a process also of that one.
struct SimMetric {
  std::string key, label;
  double value = 0;
  std::int32_t pid = 0;
  std::string pid_file;  // which holds the number, where `pid` is 0
};

struct SimDevice {
  sdk::Device device;
  std::vector<std::string> aliases;
  Properties properties;
  Edits edits;
  sdk::Health health = sdk::Health::kOk;
  std::string health_reason;
  std::vector<SimMetric> metrics, processes;
  toml::table described;  // all of it but health, metrics and processes
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

// What goes wrong while it is watched, for tests.
struct Faults {
  std::uint32_t sample_delay_ms = 0;
  bool lost = false;  // events were lost
};

struct Hardware {
  std::vector<std::string> capabilities;
  Properties properties;
  std::vector<SimDevice> devices;
  std::vector<SimInterconnect> interconnects;
  Edits edits;
  Validity validity;
  Faults faults;
  toml::table described;  // the file without its devices and faults
};

// Throws sdk::Invalid: "FILE:LINE: what is wrong".
Hardware parse_hardware(std::string_view text, const std::string& file);

}  // namespace xpu::sim
