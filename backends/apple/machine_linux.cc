// SPDX-License-Identifier: Apache-2.0
// How a Linux guest can tell that its host is Apple's.
//
// Not by the virtual machine's own names: libkrun's device tree says "linux,dummy-virt" and its
// SMBIOS tables "Libkrun" and "libkrun Virtual Machine" on a Linux host as well, and other monitors
// on macOS say "QEMU" or "Apple Virtualization". But a guest runs on the host's own processor, and
// Hypervisor.framework shows it as Apple's: implementer 'a' (0x61) in the register MIDR_EL1, which
// /proc/cpuinfo spells out. Older releases of macOS show implementer 0x00 and part 0x000 instead,
// which no silicon has and no emulator says (QEMU's "max" is part 0x051). A guest of Asahi Linux
// sees 0x61 as well, and its host is Apple's machine too.
//
// What runs on an emulated processor cannot be told; the option apple-host is for that.
#include "backends/apple/machine.h"

#include <algorithm>
#include <string_view>

#include "sdk/helpers/path.h"

namespace xpu::apple {
namespace {

constexpr const char* kDeviceTree = "/proc/device-tree";
constexpr const char* kCpuInfo = "/proc/cpuinfo";
constexpr std::size_t kCpuInfoBytes = 4 << 20;  // half a kilobyte for each processor
constexpr std::string_view kApple = "apple,";

struct Chip {
  std::string_view id, name, architecture;
};
// Those that the asahi driver supports.
constexpr Chip kChips[] = {
    {"t8103", "M1", "g13g"},       {"t6000", "M1 Pro", "g13s"},   {"t6001", "M1 Max", "g13c"},
    {"t6002", "M1 Ultra", "g13d"}, {"t8112", "M2", "g14g"},       {"t6020", "M2 Pro", "g14s"},
    {"t6021", "M2 Max", "g14c"},   {"t6022", "M2 Ultra", "g14d"},
};

const Chip* known(const std::string& id) {
  for (const Chip& chip : kChips) {
    if (chip.id == id) {
      return &chip;
    }
  }
  return nullptr;
}

// "t8103" and "t600x" are chips, "j274" is a board.
bool is_chip(std::string_view text) {
  return text.size() == 5 && text[0] == 't' &&
         text.find_first_not_of("0123456789", 1) == std::string_view::npos;
}

// The root's "compatible" property: strings that each end in NUL.
void read_device_tree(const sdk::Root& sys_root, Machine& machine) {
  const std::string text =
      sys_root.read(sdk::join(kDeviceTree, "compatible")).value_or(std::string());
  for (std::size_t at = 0; at < text.size();) {
    const std::string entry = text.substr(at, text.find('\0', at) - at);
    at += entry.size() + 1;
    if (!sdk::starts_with(entry, kApple)) {
      continue;
    }
    machine.apple = true;
    machine.evidence = "device tree \"" + entry + "\"";
    if (const std::string rest = entry.substr(kApple.size()); is_chip(rest)) {
      machine.chip = rest;
    }
  }
  if (machine.apple) {
    const std::string model = sys_root.read_line(sdk::join(kDeviceTree, "model"));
    machine.model = model.substr(0, model.find('\0'));
  }
}

// Value of the first line "KEY<white space>: VALUE"; "" for none.
std::string cpu_value(const std::string& text, std::string_view key) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line(text.data() + at, end - at);
    const std::size_t colon = line.find(':');
    if (colon != line.npos && sdk::trimmed(line.substr(0, colon)) == key) {
      return sdk::trimmed(line.substr(colon + 1));
    }
    at = end + 1;
  }
  return "";
}

void read_processor(const sdk::Root& sys_root, Machine& machine) {
  const std::string text = sys_root.read(kCpuInfo, kCpuInfoBytes).value_or(std::string());
  const std::string implementer = cpu_value(text, "CPU implementer");
  const auto code = sdk::parse_number(implementer);
  if (!code) {
    machine.evidence = "its processor is not an ARM one";
    return;
  }
  const auto part = sdk::parse_number(cpu_value(text, "CPU part"));
  machine.apple = code == 0x61 || (code == 0 && part == 0);
  machine.evidence = "CPU implementer " + implementer;
}

}  // namespace

Machine find_machine(const sdk::Root& sys_root) {
  Machine machine;
  read_device_tree(sys_root, machine);
  if (!machine.apple) {
    read_processor(sys_root, machine);
  }
  return machine;
}

std::string chip_name(const std::string& chip) {
  const Chip* found = known(chip);
  return found != nullptr ? std::string(found->name) : "";
}

std::string chip_architecture(const std::string& chip) {
  const Chip* found = known(chip);
  return found != nullptr ? std::string(found->architecture) : "";
}

}  // namespace xpu::apple
