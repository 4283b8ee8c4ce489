// SPDX-License-Identifier: Apache-2.0
// A host that keeps what the backend emits, and folders for it to describe.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/fakes/intel_tree/intel_tree.h"
#include "tests/unit/sdk/tree.h"
#include "xpu/backend.h"

namespace xpu::test {

struct Device {
  std::uint32_t kind = 0, flags = 0;
  int numa_node = -1;
  std::uint64_t memory_bytes = 0;
  std::string uuid, name, architecture, driver, pci, parent, reason;
  std::set<std::string> aliases;
  std::map<std::string, std::string> properties;
};

// Scopes are written "vendor:device/capability?image-lacks", with what is "" left out.
using ByScope = std::map<std::string, std::set<std::string>>;

struct Description {
  xpu_status status = XPU_OK;
  std::string error;
  std::vector<std::string> log;
  std::map<std::string, Device> devices;  // by id, "intel:0"
  std::map<std::string, std::string> properties;
  std::vector<std::string> capabilities;
  ByScope nodes;   // container paths
  ByScope links;   // "path -> target"
  ByScope files;   // "kind host-path container-path soname"
  ByScope texts;   // "path=content"
  ByScope env;     // "NAME=value", "NAME:=value" where expanded
  ByScope values;  // "name=value"
  ByScope notes;
  std::set<std::string> conditions;  // "content /x", "seconds 600"

  // Ids in the order of std::map: "habana:10" before "habana:2".
  std::vector<std::string> ids() const;
};

// The manifest's.
inline constexpr const char* kHealthFailed =
    "wedged,reset-unfinished,memory-replace,gaudi-malfunction,gaudi-needs-reset";
inline constexpr const char* kHealthDegraded =
    "hang,cache-parity,memory-critical,memory-degraded,repair,gaudi-in-reset,gaudi-other";

// Loads the built library and has it describe the tree, which is driver-root, dev-root and
// sys-root; options that differ from the manifest's. What no host would accept fails the test.
// With `refuse_facts` the host takes no alias and no property.
Description describe(const std::string& root,
                     const std::map<std::string, std::string>& options = {},
                     bool refuse_facts = false);

// A machine of the fakes in a folder of its own.
class Machine {
 public:
  explicit Machine(const std::string& name) : tree(folder.path()) {
    if (!name.empty()) {
      fakes::make_machine(tree, name);
    }
  }
  Description describe(const std::map<std::string, std::string>& options = {}) const {
    return test::describe(folder.path(), options);
  }

  sdk::test::Tree folder;
  fakes::IntelTree tree;
};

#define XPU_NEEDS_ROOT()                                \
  if (geteuid() != 0) {                                 \
    GTEST_SKIP() << "needs root: mknod makes the tree"; \
  }

}  // namespace xpu::test
