// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

#include "tests/fakes/amd_machine/machine.h"
#include "tests/fakes/amd_machine/sensors.h"

int main(int argc, char** argv) {
  xpu::fakes::AmdMachine machine;
  std::string root;
  std::vector<std::string> numbers;
  unsigned gpus = 2, parts = 8, divided = 0;
  bool sensors = false;

  CLI::App app(
      "Builds the root of a host with AMD GPUs: sysfs, KFD's topology and device nodes. Give it\n"
      "to the backend as sys-root, dev-root and driver-root. Needs root (mknod). Prints one line\n"
      "per node: PATH MAJOR:MINOR.");
  app.add_option("--root", root, "where to build")->required();
  app.add_option("--gpus", gpus, "number of GPUs")->capture_default_str();
  app.add_option("--divided", divided, "how many GPUs are divided, the last ones")
      ->capture_default_str();
  app.add_option("--first-minor", machine.first_minor, "minor number of the first card")
      ->capture_default_str();
  app.add_option("--parts", parts, "parts of each of them")->capture_default_str();
  app.add_flag("--sensors", sensors, "with what can be measured");
  app.add_option("--numbers", numbers, "MAJOR:MINOR for the nodes: KFD, then card and render node");
  CLI11_PARSE(app, argc, argv);

  try {
    machine.root = root;
    for (const std::string& text : numbers) {
      const std::size_t colon = text.find(':');
      machine.numbers.emplace_back(std::stoul(text.substr(0, colon)),
                                   std::stoul(text.substr(colon + 1)));
    }
    for (unsigned place = 0; place < gpus; ++place) {
      xpu::fakes::AmdGpu gpu;
      gpu.pci = "0000:" + std::to_string(10 + place) + ":00.0";
      gpu.unique_id = 0x5eed000000000000 + place;
      gpu.hive = 0xa1;
      machine.gpus.push_back(gpu);
    }
    for (unsigned place = gpus - std::min(divided, gpus); place < gpus; ++place) {
      machine.gpus[place].compute_mode = "CPX";
      machine.gpus[place].memory_mode = "NPS1";
      machine.gpus[place].parts = parts;
    }
    for (const auto& [path, number] : make_amd_machine(machine)) {
      std::cout << path << ' ' << number.first << ':' << number.second << '\n';
    }
    for (const xpu::fakes::AmdGpu& gpu : machine.gpus) {
      if (sensors) {
        xpu::fakes::make_amd_sensors(machine.root / "sys/bus/pci/devices" / gpu.pci, 1 << 30);
      }
    }
  } catch (const std::exception& error) {
    std::cerr << "make_amd_machine: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
