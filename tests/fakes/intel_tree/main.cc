// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <iostream>

#include "tests/fakes/intel_tree/intel_tree.h"

int main(int argc, char** argv) {
  std::string machine, root;
  std::vector<std::string> numbers;
  CLI::App app(
      "Builds the sysfs and the device nodes of a host with Intel devices. Needs root (mknod).\n"
      "Prints one line per node: PATH MAJOR:MINOR.");
  app.add_option("--machine", machine, "laptop, max, flex, gaudi, old-gaudi or mixed")->required();
  app.add_option("--root", root, "where to build")->required();
  app.add_option("--number", numbers,
                 "PATH=MAJOR:MINOR of a node that is not to have the kernel's");
  CLI11_PARSE(app, argc, argv);
  try {
    std::map<std::string, xpu::fakes::Number> own;
    for (const std::string& text : numbers) {
      const std::size_t equals = text.find('='), colon = text.find(':', equals);
      own[text.substr(0, equals)] = {std::stoul(text.substr(equals + 1)),
                                     std::stoul(text.substr(colon + 1))};
    }
    xpu::fakes::IntelTree tree(root, own);
    xpu::fakes::make_machine(tree, machine);
    for (const std::string& node : tree.nodes) {
      std::cout << node << "\n";
    }
  } catch (const std::exception& error) {
    std::cerr << "make_intel_tree: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
