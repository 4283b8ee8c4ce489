// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <iostream>

#include "tests/fakes/driver_tree/driver_tree.h"

namespace {

std::pair<unsigned, unsigned> pair_of(const std::string& text, char by) {
  std::size_t at = text.find(by);
  if (at == std::string::npos) {
    throw CLI::ValidationError(text, std::string("two numbers with '") + by + "' are needed");
  }
  return {static_cast<unsigned>(std::stoul(text.substr(0, at))),
          static_cast<unsigned>(std::stoul(text.substr(at + 1)))};
}

}  // namespace

int main(int argc, char** argv) {
  xpu::fakes::TreeOptions options;
  std::vector<std::string> mig, numbers, numbers_of;
  bool no_alternatives = false, unloaded = false, no_nodes = false, no_drm = false;

  CLI::App app(
      "Builds the root of a host with an NVIDIA driver and GPUs out of stubs: driver files after "
      "a\n"
      "package listing, loader cache, /proc/driver/nvidia, sysfs, device nodes and a fake NVML.\n"
      "Give the root to the backend as driver-root, dev-root and sys-root. Needs root (mknod,\n"
      "ldconfig -r). Prints one line per node: PATH MAJOR:MINOR.");
  app.add_option("--listing", options.listing, "folder with MERGED-ROOT.tsv and MERGED-ELF.tsv")
      ->required();
  app.add_option("--root", options.root, "where to build")->required();
  app.add_option("--dev-root", options.dev_root, "another root for dev");
  app.add_option("--sys-root", options.sys_root, "another root for proc and sys");
  app.add_option("--layout", options.layout, "debian, ubuntu, rhel or arch")->capture_default_str();
  app.add_flag("--no-alternatives", no_alternatives, "without the links Debian makes on install");
  app.add_flag("--compat32", options.compat32, "every library also as i386");
  app.add_flag("--firmware", options.firmware, "with GSP firmware");
  app.add_option("--other-version", options.other_versions,
                 "every library also as this driver version, which nothing may use");
  app.add_option("--gpus", options.gpus, "number of GPUs")->capture_default_str();
  app.add_option("--name", options.name, "name of the GPUs")->capture_default_str();
  app.add_option("--memory", options.memory, "bytes of each GPU")->capture_default_str();
  app.add_option("--capability", options.capability, "compute capability")->capture_default_str();
  app.add_option("--mig", mig, "GPU=COUNT: this GPU in MIG mode with COUNT partitions");
  app.add_flag("--unloaded", unloaded, "driver files only, as if the module were not loaded");
  app.add_option("--kernel-version", options.kernel_version,
                 "version of the loaded module, if not that of the files");
  app.add_flag("--no-nodes", no_nodes, "without device nodes");
  app.add_flag("--no-drm", no_drm, "without DRM devices");
  app.add_option("--nvml", options.nvml, "full, minimal, stub or none")->capture_default_str();
  app.add_option("--nvml-init", options.nvml_init, "what nvmlInit_v2 returns (18: wrong version)");
  app.add_option("--numbers", numbers,
                 "MAJOR:MINOR for the nodes, in the order GPUs, control, DRM, MIG; then 240:0 and\n"
                 "on. Default: misc devices outside runc's allow list, such as 10:237");
  app.add_option("--number-of", numbers_of, "PATH=MAJOR:MINOR for one node");
  app.add_flag("--kernel-numbers", options.kernel_numbers,
               "the numbers that the kernel gives such nodes, which nothing opens");
  CLI11_PARSE(app, argc, argv);

  try {
    for (const std::string& item : mig) {
      options.mig.insert(pair_of(item, '='));
    }
    for (const std::string& item : numbers) {
      options.numbers.push_back(pair_of(item, ':'));
    }
    for (const std::string& item : numbers_of) {
      const std::size_t at = item.find('=');
      if (at == std::string::npos) {
        throw CLI::ValidationError(item, "PATH=MAJOR:MINOR is needed");
      }
      options.numbers_of[item.substr(0, at)] = pair_of(item.substr(at + 1), ':');
    }
    options.alternatives = !no_alternatives;
    options.loaded = !unloaded;
    options.nodes = !no_nodes;
    options.drm = !no_drm;
    for (const auto& [path, number] : xpu::fakes::make_driver_tree(options).nodes) {
      std::cout << path << ' ' << number.first << ':' << number.second << '\n';
    }
  } catch (const std::exception& error) {
    std::cerr << "make_driver_tree: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
