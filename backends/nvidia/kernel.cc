// SPDX-License-Identifier: Apache-2.0
#include "backends/nvidia/kernel.h"

#include <algorithm>
#include <sstream>

#include "sdk/helpers/path.h"

namespace xpu::nvidia {
namespace {

constexpr const char* kMainOfOld = "nvidia-frontend";

// "gi7" → 7
std::optional<unsigned> number_after(const std::string& prefix, const std::string& name) {
  if (!sdk::starts_with(name, prefix) || name.size() > prefix.size() + 6 ||
      name.find_first_not_of("0123456789", prefix.size()) != std::string::npos) {
    return std::nullopt;
  }
  auto number = sdk::parse_number(name.substr(prefix.size()));
  return number ? std::optional(static_cast<unsigned>(*number)) : std::nullopt;
}

std::string instance_folder(unsigned gpu_minor, unsigned gpu_instance) {
  return mig_folder(gpu_minor) + "/gi" + std::to_string(gpu_instance);
}

std::string compute_folder(unsigned gpu_minor, const Instance& of) {
  return instance_folder(gpu_minor, of.gpu_instance) + "/ci" + std::to_string(of.compute_instance);
}

std::vector<unsigned> numbered(const sdk::Root& root, const std::string& folder,
                               const std::string& prefix) {
  std::vector<unsigned> numbers;
  for (const std::string& name : root.list(folder)) {
    if (auto number = number_after(prefix, name)) {
      numbers.push_back(*number);
    }
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

}  // namespace

std::map<std::string, unsigned> driver_majors(const sdk::Root& sys_root) {
  std::map<std::string, unsigned> majors;
  std::istringstream lines(sys_root.read("/proc/devices").value_or(""));
  for (std::string line; std::getline(lines, line) && line != "Block devices:";) {
    std::istringstream words(line);
    unsigned number = 0;
    std::string name;
    if (words >> number >> name) {
      majors[name == kMainOfOld ? kMainDriver : name] = number;
    }
  }
  return majors;
}

std::string gpu_node(unsigned minor) {
  return "/dev/nvidia" + std::to_string(minor);
}

std::string mig_folder(unsigned gpu_minor) {
  return sdk::join(kProc, "capabilities/gpu" + std::to_string(gpu_minor) + "/mig");
}

std::string capability_node(unsigned minor) {
  return std::string(kCapsFolder) + "/nvidia-cap" + std::to_string(minor);
}

std::array<std::string, 2> access_files(const Gpu& gpu, const MigDevice& mig) {
  return {instance_folder(*gpu.minor, mig.gpu_instance) + "/access",
          compute_folder(*gpu.minor, {mig.gpu_instance, mig.compute_instance}) + "/access"};
}

std::vector<std::string> access_files(const sdk::Root& sys_root, unsigned gpu_minor) {
  std::vector<std::string> files;
  for (unsigned gpu_instance : numbered(sys_root, mig_folder(gpu_minor), "gi")) {
    const std::string folder = instance_folder(gpu_minor, gpu_instance);
    files.push_back(folder + "/access");
    for (unsigned compute_instance : numbered(sys_root, folder, "ci")) {
      files.push_back(compute_folder(gpu_minor, {gpu_instance, compute_instance}) + "/access");
    }
  }
  return files;
}

std::vector<Instance> instances(const sdk::Root& sys_root, unsigned gpu_minor) {
  std::vector<Instance> found;
  for (unsigned gpu_instance : numbered(sys_root, mig_folder(gpu_minor), "gi")) {
    for (unsigned compute_instance :
         numbered(sys_root, instance_folder(gpu_minor, gpu_instance), "ci")) {
      found.push_back({gpu_instance, compute_instance});
    }
  }
  return found;
}

DeviceFile device_file(const sdk::Root& sys_root, const std::string& path) {
  DeviceFile file;
  std::istringstream lines(sys_root.read(path).value_or(""));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t colon = line.find(':');
    const auto value = colon == std::string::npos
                           ? std::nullopt
                           : sdk::parse_number(sdk::trimmed(line.substr(colon + 1)));
    if (!value || *value < 0 || *value > 0xffffffff) {
      continue;
    }
    const std::string key = line.substr(0, colon);
    const auto number = static_cast<unsigned>(*value);
    if (key == "DeviceFileMinor") {
      file.minor = number;
    } else if (key == "DeviceFileMode") {
      file.mode = number & 0777U;
    } else if (key == "DeviceFileUID") {
      file.uid = number;
    } else if (key == "DeviceFileGID") {
      file.gid = number;
    } else if (key == "ModifyDeviceFiles" || key == "DeviceFileModify") {
      file.modify = number != 0;
    }
  }
  return file;
}

}  // namespace xpu::nvidia
