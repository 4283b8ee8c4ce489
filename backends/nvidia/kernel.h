// SPDX-License-Identifier: Apache-2.0
// Device nodes as the kernel modules know them: names, drivers, numbers, and who may have them.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "backends/nvidia/hardware.h"
#include "sdk/helpers/fs.h"

namespace xpu::nvidia {

// As /proc/devices spells them.
inline constexpr const char* kMainDriver = "nvidia";
inline constexpr const char* kUvmDriver = "nvidia-uvm";
inline constexpr const char* kCapsDriver = "nvidia-caps";

struct ControlNode {
  const char* path;
  const char* driver;
  unsigned minor;
  const char* module;                       // below /sys/module
  const char* command;                      // that loads the module and makes the node
  bool required;                            // no GPU works without it
  std::array<const char*, 2> capabilities;  // "": with everything; null: no more
};
inline constexpr ControlNode kControlNodes[] = {
    {"/dev/nvidiactl", kMainDriver, 255, "nvidia", "nvidia-modprobe -c 255", true, {"", nullptr}},
    // CUDA cannot start without it, and a container gets compute unless it asks for less.
    {"/dev/nvidia-uvm",
     kUvmDriver,
     0,
     "nvidia_uvm",
     "nvidia-modprobe -u -c 0",
     true,
     {"compute", nullptr}},
    {"/dev/nvidia-uvm-tools",
     kUvmDriver,
     1,
     "nvidia_uvm",
     "nvidia-modprobe -u -c 0",
     false,
     {"compute", nullptr}},
    {"/dev/nvidia-modeset",
     kMainDriver,
     254,
     "nvidia_modeset",
     "nvidia-modprobe -m",
     false,
     {"graphics", "display"}},
};

// Character devices of /proc/devices: driver → major number. Older modules register everything as
// "nvidia-frontend", which counts as "nvidia".
std::map<std::string, unsigned> driver_majors(const sdk::Root& sys_root);

std::string gpu_node(unsigned minor);

// Rights of a partition, or over all of them, are files below /proc/driver/nvidia/capabilities that
// name a device node: whoever may open the node has the right.
inline constexpr const char* kCapsFolder = "/dev/nvidia-caps";
inline constexpr const char* kMigConfig = "/proc/driver/nvidia/capabilities/mig/config";
inline constexpr const char* kMigMonitor = "/proc/driver/nvidia/capabilities/mig/monitor";

std::string mig_folder(unsigned gpu_minor);
std::string capability_node(unsigned minor);
// Of the GPU instance and of the compute instance in it.
std::array<std::string, 2> access_files(const Gpu& gpu, const MigDevice& mig);
// Of every instance of a GPU.
std::vector<std::string> access_files(const sdk::Root& sys_root, unsigned gpu_minor);

struct Instance {
  unsigned gpu_instance = 0, compute_instance = 0;
};
std::vector<Instance> instances(const sdk::Root& sys_root, unsigned gpu_minor);

// How the module wants nodes made: of the params file, or of an access file.
struct DeviceFile {
  std::optional<unsigned> minor;  // access files only
  unsigned mode = 0666, uid = 0, gid = 0;
  bool modify = true;  // others than udev may make it
};
DeviceFile device_file(const sdk::Root& sys_root, const std::string& path);

}  // namespace xpu::nvidia
