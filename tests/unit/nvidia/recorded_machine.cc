// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/nvidia/recorded_machine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <sstream>

namespace xpu::test {
namespace {

std::string bytes_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

struct Element {
  std::string name, text, id;
  std::vector<Element> children;

  const Element* child(const std::string& wanted) const {
    for (const Element& element : children) {
      if (element.name == wanted) {
        return &element;
      }
    }
    return nullptr;
  }
  // Text at "a/b/c"; "" when there is no such element or it says "N/A".
  std::string at(const std::string& path) const {
    const Element* here = this;
    std::istringstream names(path);
    for (std::string step; here && std::getline(names, step, '/');) {
      here = here->child(step);
    }
    return here && here->text != "N/A" ? here->text : "";
  }
};

// As much of XML as nvidia-smi writes: elements, text, and one attribute, id.
Element parse(const std::string& xml, std::size_t& at) {
  Element element;
  const std::size_t end = xml.find('>', at);
  const std::string tag = xml.substr(at + 1, end - at - 1);
  element.name = tag.substr(0, tag.find_first_of(" /"));
  if (const std::size_t id = tag.find("id=\""); id != std::string::npos) {
    element.id = tag.substr(id + 4, tag.find('"', id + 4) - id - 4);
  }
  at = end + 1;
  if (tag.back() == '/') {
    return element;
  }
  for (;;) {
    const std::size_t next = xml.find('<', at);
    if (next == std::string::npos) {
      throw std::runtime_error("no end of <" + element.name + ">");
    }
    if (element.children.empty()) {
      element.text = xml.substr(at, next - at);
    }
    if (xml[next + 1] == '/') {
      at = xml.find('>', next) + 1;
      return element;
    }
    at = next;
    element.children.push_back(parse(xml, at));
  }
}

unsigned leading_number(const std::string& text) {
  return text.empty() ? 0 : static_cast<unsigned>(std::stoul(text));
}

RecordedGpu gpu_of(const Element& element) {
  RecordedGpu gpu;
  gpu.name = element.at("product_name");
  gpu.brand = element.at("product_brand");
  gpu.uuid = element.at("uuid");
  gpu.pci = element.id;
  gpu.minor = element.at("minor_number");
  gpu.mig = element.at("mig_mode/current_mig");
  const std::uint64_t memory = leading_number(element.at("fb_memory_usage/total"));
  gpu.memory_bytes = std::to_string(memory << 20);
  if (const Element* parts = element.child("mig_devices")) {
    for (const Element& part : parts->children) {
      gpu.parts.push_back(
          {part.at("index"), part.at("gpu_instance_id"), part.at("compute_instance_id"),
           leading_number(part.at("fb_memory_usage/total")),
           leading_number(part.at("device_attributes/shared/multiprocessor_count"))});
    }
  }
  return gpu;
}

// NVML's number of a brand as nvidia-smi and mocks print it.
unsigned brand_number(std::string brand) {
  static const std::map<std::string, unsigned> numbers = {
      {"quadro", 1}, {"tesla", 2}, {"geforce", 5}, {"nvidia rtx", 13}, {"nvidia", 14}};
  std::transform(brand.begin(), brand.end(), brand.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return brand.empty() ? 0 : numbers.at(brand);
}

// "12.4" → 12040
std::string cuda_number(const std::string& version) {
  const std::size_t dot = version.find('.');
  return dot == std::string::npos ? "0"
                                  : std::to_string(std::stoul(version.substr(0, dot)) * 1000 +
                                                   std::stoul(version.substr(dot + 1)) * 10);
}

// A100 and H100 have 14 to 18 multiprocessors in each of their 7 slices.
unsigned slices_of(unsigned multiprocessors) {
  return std::max(multiprocessors / 14, 1u);
}

std::string nvml_lines(const RecordedGpu& gpu) {
  std::string text = "gpu " + gpu.pci + "\nuuid " + gpu.uuid + "\nname " + gpu.name + "\nbrand " +
                     std::to_string(brand_number(gpu.brand)) + "\nmemory " + gpu.memory_bytes +
                     "\n" + (gpu.minor.empty() ? "no-minor" : "minor " + gpu.minor) + "\n";
  if (!gpu.capability.empty()) {
    text += "capability " + gpu.capability + "\n";
  }
  if (!gpu.mig.empty()) {
    text += gpu.mig == "Enabled" ? "mig on\n" : "mig off\n";
  }
  for (const RecordedPart& part : gpu.parts) {
    const std::string slices = std::to_string(slices_of(part.multiprocessors));
    text += "partition " + part.index + " " + part.gpu_instance + " " + part.compute_instance +
            " MIG-" + gpu.uuid + "/" + part.gpu_instance + "/" + part.compute_instance + " " +
            std::to_string(std::uint64_t{part.memory_mib} << 20) + "\nslices " + part.index + " " +
            slices + " " + slices + "\n";
  }
  for (std::size_t link = 0; link < gpu.links.size(); ++link) {
    text += "link " + std::to_string(link) + " " + gpu.links[link] + "\n";
  }
  return text;
}

// As sysfs and procfs write it.
std::string address_of(const RecordedGpu& gpu) {
  std::string address = gpu.pci;
  if (address.find(':') == 8) {
    address.erase(0, 4);
  }
  std::transform(address.begin(), address.end(), address.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return address;
}

void build_gpu(Host& host, const RecordedGpu& gpu) {
  const std::string proc = "/proc/driver/nvidia/";
  const std::string device = "/sys/bus/pci/devices/" + address_of(gpu);
  host.file(device + "/vendor", "0x10de\n");
  host.file(device + "/device", "0x20b0\n");
  host.file(device + "/class", "0x030200\n");
  if (!gpu.numa_node.empty()) {
    host.file(device + "/numa_node", gpu.numa_node + "\n");
  }
  if (gpu.minor.empty()) {
    return;
  }
  host.file(proc + "gpus/" + address_of(gpu) + "/information",
            "Model: \t\t " + gpu.name + "\nGPU UUID: \t " + gpu.uuid + "\nBus Location: \t " +
                address_of(gpu) + "\nDevice Minor: \t " + gpu.minor + "\n");
  host.node("/dev/nvidia" + gpu.minor);
  unsigned minor = 3;
  for (const RecordedPart& part : gpu.parts) {
    const std::string folder =
        proc + "capabilities/gpu" + gpu.minor + "/mig/gi" + part.gpu_instance;
    for (const std::string& access : {folder, folder + "/ci" + part.compute_instance}) {
      host.file(access + "/access", "DeviceFileMinor: " + std::to_string(minor) + "\n");
      host.node("/dev/nvidia-caps/nvidia-cap" + std::to_string(minor++));
    }
  }
}

// The value of "key: value  # remark", without quotes; "" for another line.
std::string yaml_value(const std::string& line, const std::string& key) {
  const std::size_t start = line.find_first_not_of(" -");
  if (start == std::string::npos || line.compare(start, key.size() + 1, key + ":") != 0) {
    return "";
  }
  std::string value = line.substr(start + key.size() + 1);
  value.erase(std::min(value.find('#'), value.size()));
  value.erase(std::remove(value.begin(), value.end(), '"'), value.end());
  const std::size_t first = value.find_first_not_of(' ');
  const std::size_t last = value.find_last_not_of(' ');
  return first == std::string::npos ? "" : value.substr(first, last - first + 1);
}

}  // namespace

RecordedMachine from_smi(const std::string& file) {
  const std::string xml = bytes_of(file);
  std::size_t at = xml.find("<nvidia_smi_log>");
  const Element log = parse(xml, at);
  RecordedMachine machine{log.at("driver_version"), log.at("cuda_version"), {}};
  for (const Element& element : log.children) {
    if (element.name == "gpu") {
      machine.gpus.push_back(gpu_of(element));
    }
  }
  return machine;
}

RecordedMachine from_mock(const std::string& file) {
  RecordedMachine machine;
  RecordedGpu common;
  std::string section, part, major, numa_node;
  std::vector<std::string> switches;
  unsigned links = 0;
  std::istringstream lines(bytes_of(file));
  for (std::string line; std::getline(lines, line);) {
    const auto take = [&](const char* key, std::string& into) {
      if (std::string value = yaml_value(line, key); !value.empty() && into.empty()) {
        into = value;
      }
    };
    if (line.empty() || line[0] == '#') {
      continue;
    }
    if (line[0] != ' ') {
      section = line.substr(0, line.find(':'));
    } else if (line.compare(0, 3, "   ") != 0 && line.find(':') != std::string::npos) {
      part = line.substr(2, line.find(':') - 2);
    }
    if (section == "system") {
      take("driver_version", machine.driver);
      take("cuda_version", machine.cuda);
    } else if (section == "device_defaults") {
      take("name", common.name);
      take("brand", common.brand);
      if (part == "memory") {
        take("total_bytes", common.memory_bytes);
      } else if (part == "compute_capability") {
        take("major", major);
        if (std::string minor = yaml_value(line, "minor"); !minor.empty()) {
          common.capability = major + "." + minor;
        }
      } else if (part == "mig" && leading_number(yaml_value(line, "max_gpu_instances")) > 0) {
        common.mig = "Disabled";
      }
    } else if (section == "devices") {
      if (!yaml_value(line, "index").empty()) {
        machine.gpus.push_back(common);
      }
      if (!machine.gpus.empty()) {  // not on the line that only names the section
        take("uuid", machine.gpus.back().uuid);
        take("bus_id", machine.gpus.back().pci);
        take("minor_number", machine.gpus.back().minor);
      }
    } else if (section == "nvlink") {
      links = std::max(links, leading_number(yaml_value(line, "links_per_gpu")));
      if (std::string address = yaml_value(line, "bdf"); !address.empty()) {
        switches.push_back(address);
      }
    } else if (section == "pcie_topology") {
      if (std::string node = yaml_value(line, "numa_node"); !node.empty()) {
        numa_node = node;
      }
      for (RecordedGpu& gpu : machine.gpus) {
        if (line.find('"' + gpu.pci + '"') != std::string::npos) {
          gpu.numa_node = numa_node;
        }
      }
    }
  }
  for (RecordedGpu& gpu : machine.gpus) {
    for (unsigned link = 0; link < links && !switches.empty(); ++link) {
      gpu.links.push_back(switches[link % switches.size()]);
    }
  }
  return machine;
}

void build(Host& host, const RecordedMachine& machine) {
  const std::string driver = machine.driver.empty() ? "535.54.03" : machine.driver;
  std::string nvml = "driver " + driver + "\ncuda " + cuda_number(machine.cuda) + "\ninit 0\n";
  host.file("/proc/driver/nvidia/version",
            "NVRM version: NVIDIA UNIX x86_64 Kernel Module  " + driver + "  Tue Apr  8 2025\n");
  for (const char* node : {"/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools"}) {
    host.node(node);
  }
  for (const RecordedGpu& gpu : machine.gpus) {
    nvml += nvml_lines(gpu);
    build_gpu(host, gpu);
  }
  const std::string folder = "/usr/lib/x86_64-linux-gnu/";
  host.library(folder + "libcuda.so." + driver, "libcuda.so.1");
  host.nvml(folder + "libnvidia-ml.so.1", nvml);
}

}  // namespace xpu::test
