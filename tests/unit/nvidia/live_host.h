// SPDX-License-Identifier: Apache-2.0
// A host with two GPUs, the second one divided, whose NVML says what a test wants.
#pragma once

#include "tests/unit/nvidia/host.h"
#include "tests/unit/nvidia/live.h"

namespace xpu::test {

inline const std::string kFirst = "GPU-11111111-0000-0000-0000-000000000000";
inline const std::string kSecond = "GPU-22222222-0000-0000-0000-000000000000";
inline const std::string kPart = "MIG-33333333-0000-0000-0000-000000000000";
inline const std::string kOtherPart = "MIG-44444444-0000-0000-0000-000000000000";

class LiveHost : public Host {
 public:
  LiveHost() {
    load_driver();
    nvml("/usr/lib64/libnvidia-ml.so.1",
         "driver 550.163.01\ncuda 12040\n"
         "gpu 00000000:65:00.0\nuuid " +
             kFirst +
             "\nname Acme\nmemory 40000000000\n"
             "gpu 00000000:ca:00.0\nuuid " +
             kSecond +
             "\nname Acme\nmemory 40000000000\nmig on\n"
             "partition 0 7 0 " +
             kPart +
             " 10000000000\n"
             "partition 1 8 0 " +
             kOtherPart + " 20000000000\n");
    for (const std::string gpu : {"0", "1"}) {
      say(gpu + " supported-events 0x10b");
    }
  }

  void load_driver() const {
    file("/proc/driver/nvidia/version", "NVRM version: NVIDIA UNIX  550.163.01  now\n");
    file("/proc/driver/nvidia/gpus/0000:65:00.0/information", "Device Minor: 0\n");
    file("/proc/driver/nvidia/gpus/0000:ca:00.0/information", "Device Minor: 1\n");
  }
  void unload_driver() const { std::filesystem::remove_all(*this / "/proc/driver/nvidia"); }

  // Adds a line to what NVML answers; see tests/fakes/nvml/fake_nvml_live.c.
  void say(const std::string& line) const { append("fake-nvml.values", line); }
  // Everything that was said about the first word, and no more.
  void forget(const std::string& start) const {
    const std::string path = *this / ("/usr/lib64/fake-nvml.values");
    std::ifstream in(path);
    std::string kept;
    for (std::string line; std::getline(in, line);) {
      kept += line.substr(0, start.size()) == start ? "" : line + "\n";
    }
    file("/usr/lib64/fake-nvml.values", kept);
  }
  // An event of a GPU: "TYPE DATA GI CI".
  void happens(unsigned gpu, const std::string& event) const {
    append("fake-nvml.events", std::to_string(gpu) + " " + event);
  }
  void xid(unsigned gpu, unsigned code, const std::string& instances = "- -") const {
    happens(gpu, "8 " + std::to_string(code) + " " + instances);
  }
  // How many have NVML open.
  int users_of_nvml() const {
    std::ifstream in(*this / "/usr/lib64/fake-nvml.open");
    int users = 0;
    in >> users;
    return users;
  }

 private:
  void append(const std::string& name, const std::string& line) const {
    std::ofstream(*this / ("/usr/lib64/" + name), std::ios::app) << line << "\n";
  }
};

}  // namespace xpu::test
