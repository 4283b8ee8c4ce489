// SPDX-License-Identifier: Apache-2.0
// The built library, asked to describe a machine, with the runtime's own checks of what it says.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/catalog/catalog.h"
#include "tests/fakes/amd_machine/machine.h"
#include "tests/unit/sdk/tree.h"
#include "xpu/backend.h"

namespace xpu::test {

struct Described {
  xpu_status status = XPU_OK;
  std::string error;
  std::vector<std::string> log;  // "2 text": severity first
  Catalog catalog;

  // Fails the test where there is no such device.
  const Device& device(const std::string& id) const;
  std::vector<std::string> ids() const;
  // "amd:0 amd:1 xgmi 985"
  std::vector<std::string> interconnects() const;
  // Container paths of the nodes that come with a device, and its links "path -> target".
  std::vector<std::string> nodes(const std::string& id) const;
  std::vector<std::string> links(const std::string& id) const;
  bool watches(ConditionKind kind, const std::string& path) const;
};

std::string property(const Device& device, const std::string& key);  // "" for none

// The options of the manifest, with `root` as driver-root, dev-root and sys-root, and `more`.
std::map<std::string, std::string> options_of(const std::string& root,
                                              const std::map<std::string, std::string>& more);
// What was logged, "2 text": severity first.
std::vector<std::string> lines_of(int fd);

// With `root` as driver-root, dev-root and sys-root, and options besides.
Described describe(const std::string& root, const std::map<std::string, std::string>& more = {});

// A machine in a folder of its own.
class Machine : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "needs root: mknod";
    }
    machine_.root = tree_.path();
  }
  fakes::AmdGpu& add(const std::string& pci) {
    machine_.gpus.emplace_back().pci = pci;
    return machine_.gpus.back();
  }
  Described describe_it(const std::map<std::string, std::string>& more = {}) {
    make_amd_machine(machine_);
    return describe(tree_.path(), more);
  }

  sdk::test::Tree tree_;
  fakes::AmdMachine machine_;
};

}  // namespace xpu::test
