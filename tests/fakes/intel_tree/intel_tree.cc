// SPDX-License-Identifier: Apache-2.0
#include "tests/fakes/intel_tree/intel_tree.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace xpu::fakes {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kDrmMajor = 226, kAccelMajor = 261, kControlMajor = 509, kVerbsMajor = 231,
                   kOldGaudiMajor = 510;

std::string hex(unsigned number, int digits) {
  char text[16];
  std::snprintf(text, sizeof text, "0x%0*x\n", digits, number);
  return text;
}

std::string text_of(Number number) {
  return std::to_string(number.first) + ":" + std::to_string(number.second);
}

}  // namespace

IntelTree::IntelTree(std::string root, std::map<std::string, Number> numbers)
    : root_(std::move(root)), numbers_(std::move(numbers)) {
  file("/proc/sys/kernel/osrelease", "6.12.38+deb13-amd64\n");
}

std::string IntelTree::device_folder(const std::string& address) const {
  return "/sys/devices/pci" + address.substr(0, address.rfind(':')) + "/" + address;
}

Number IntelTree::number_of(const std::string& path, Number of_kernel) const {
  const auto own = numbers_.find(path);
  return own == numbers_.end() ? of_kernel : own->second;
}

void IntelTree::file(const std::string& path, const std::string& content) {
  fs::create_directories(fs::path(root_ + path).parent_path());
  std::ofstream(root_ + path, std::ios::binary) << content;
}

void IntelTree::attribute(const std::string& address, const std::string& name,
                          const std::string& content) {
  file(device_folder(address) + "/" + name, content);
}

void IntelTree::card_attribute(unsigned card, const std::string& name, const std::string& content) {
  file("/sys/class/drm/card" + std::to_string(card) + "/" + name, content);
}

// Relative, as the kernel's are.
void IntelTree::link(const std::string& path, const std::string& target) {
  fs::create_directories(fs::path(root_ + path).parent_path());
  fs::create_symlink(fs::path(target).lexically_relative(fs::path(path).parent_path()),
                     root_ + path);
}

void IntelTree::node(const std::string& path, Number number) {
  fs::create_directories(fs::path(root_ + path).parent_path());
  if (::mknod((root_ + path).c_str(), S_IFCHR | 0660, makedev(number.first, number.second)) != 0) {
    throw std::runtime_error("cannot make the node " + root_ + path);
  }
  nodes.push_back(path + " " + text_of(number));
}

void IntelTree::pci(const std::string& address, unsigned vendor, unsigned device,
                    unsigned device_class, const std::string& driver, int numa_node) {
  const std::string folder = device_folder(address);
  attribute(address, "vendor", hex(vendor, 4));
  attribute(address, "device", hex(device, 4));
  attribute(address, "class", hex(device_class, 6));
  attribute(address, "numa_node", std::to_string(numa_node) + "\n");
  link("/sys/bus/pci/devices/" + address, folder);
  if (!driver.empty()) {
    link(folder + "/driver", "/sys/bus/pci/drivers/" + driver);
    link("/sys/bus/pci/drivers/" + driver + "/" + address, folder);
  }
}

void IntelTree::class_device(const std::string& address, const std::string& class_name,
                             const std::string& name, const std::string& path, Number of_kernel) {
  const std::string folder = device_folder(address) + "/" + class_name + "/" + name;
  const Number number = number_of(path, of_kernel);
  file(folder + "/dev", text_of(number) + "\n");
  link(folder + "/device", device_folder(address));
  link("/sys/class/" + class_name + "/" + name, folder);
  node(path, number);
}

void IntelTree::drm(const std::string& address, unsigned card) {
  const std::string render = "renderD" + std::to_string(128 + card);
  const std::string name = "card" + std::to_string(card);
  class_device(address, "drm", name, "/dev/dri/" + name, {kDrmMajor, card});
  class_device(address, "drm", render, "/dev/dri/" + render, {kDrmMajor, 128 + card});
}

void IntelTree::accel(const std::string& address, const std::string& name) {
  const unsigned number =
      static_cast<unsigned>(std::stoul(name.substr(name.find_first_of("0123456789"))));
  class_device(address, "accel", name, "/dev/accel/" + name, {kAccelMajor, number});
}

void IntelTree::accel_control(unsigned number) {
  const std::string name = "accel_controlD" + std::to_string(number);
  const std::string folder = "/sys/devices/virtual/accel/" + name;
  const Number of_node = number_of("/dev/accel/" + name, {kControlMajor, number});
  file(folder + "/dev", text_of(of_node) + "\n");
  link("/sys/class/accel/" + name, folder);
  node("/dev/accel/" + name, of_node);
}

void IntelTree::old_gaudi(const std::string& address, const std::string& name) {
  const unsigned number =
      static_cast<unsigned>(std::stoul(name.substr(name.find_first_of("0123456789"))));
  const unsigned minor = 2 * number + (name.find("control") == std::string::npos ? 0 : 1);
  const std::string folder = "/sys/devices/virtual/habanalabs/" + name;
  const std::string path = (name[0] == 'a' ? "/dev/accel/" : "/dev/") + name;
  const Number of_node = number_of(path, {kOldGaudiMajor, minor});
  file(folder + "/dev", text_of(of_node) + "\n");
  if (minor % 2 == 0) {
    file(folder + "/pci_addr", address + "\n");
  }
  link("/sys/class/habanalabs/" + name, folder);
  node(path, of_node);
}

void IntelTree::verbs(const std::string& address, unsigned number, const std::string& name) {
  const std::string node = "uverbs" + std::to_string(number);
  class_device(address, "infiniband_verbs", node, "/dev/infiniband/" + node,
               {kVerbsMajor, 192 + number});
  file(device_folder(address) + "/infiniband_verbs/" + node + "/ibdev", name + "\n");
}

void IntelTree::virtual_function(const std::string& physical, unsigned number,
                                 const std::string& address) {
  link(device_folder(physical) + "/virtfn" + std::to_string(number), device_folder(address));
  link(device_folder(address) + "/physfn", device_folder(physical));
}

void IntelTree::level_zero(const std::string& variant, const std::string& description) {
  const std::string folder = root_ + "/usr/lib/x86_64-linux-gnu";
  fs::create_directories(folder);
  // A new file: the old one may be mapped.
  fs::remove(folder + "/libze_loader.so.1");
  fs::copy_file(variant == "old" ? FAKE_ZE_OLD_LIBRARY : FAKE_ZE_FULL_LIBRARY,
                folder + "/libze_loader.so.1");
  if (!description.empty()) {
    file("/usr/lib/x86_64-linux-gnu/fake-ze.conf", description);
  }
}

}  // namespace xpu::fakes
