// SPDX-License-Identifier: Apache-2.0
// Trees that look like Apple hosts and virtual machines on them, and DRM nodes that answer.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "backends/apple/drm.h"
#include "tests/unit/sdk/fake_host.h"

namespace xpu::apple::test {

// What a DRM node answers, by the name of its file.
struct FakeNode {
  int open_error = 0;
  std::map<std::uint64_t, std::uint64_t> virtio;  // parameter → value
  // asahi: nullopt refuses, as a kernel does that numbers the call otherwise.
  struct Asahi {
    std::uint32_t generation = 13, variant = 'G', clusters = 1;
    std::uint64_t mask = 0xff;
  };
  std::optional<Asahi> asahi{};
};

// The kernel of a test: which nodes answer, and which were opened.
struct FakeKernel {
  FakeKernel();
  ~FakeKernel();
  std::map<std::string, FakeNode> nodes;
  std::set<std::string> opened;
  int still_open = 0;
  int interruptions = 0;  // calls that first give up for a signal
  const DrmCalls& calls() const;
};

FakeNode venus();  // a virtio-gpu with everything that Venus needs

// A folder that plays "/".
class Tree {
 public:
  Tree();
  ~Tree();
  const std::filesystem::path& path() const { return path_; }
  std::string operator/(const std::string& inside) const { return (path_ / inside).string(); }

  void file(const std::string& inside, const std::string& text) const;
  void link(const std::string& inside, const std::string& target) const;
  void node(const std::string& inside, unsigned major, unsigned minor) const;

  // A DRM device in sysfs with its nodes in /dev/dri. `device`: "/sys/devices/...".
  void drm(const std::string& device, const std::string& driver,
           const std::map<std::string, unsigned>& nodes) const;
  // A virtio-gpu as Linux 6.1 and later show it, on the virtio device `number`.
  void virtio(const std::string& device, unsigned number,
              const std::map<std::string, unsigned>& nodes) const;
  void cpu(const std::string& implementer, const std::string& part) const;

 private:
  std::filesystem::path path_;
};

struct Result {
  sdk::test::FakeHost host;
  std::string absent, invalid, failed;  // the exception's text
  bool has(const std::string& call) const;
  std::string all() const;  // every call, a line each
};

// Describes the tree with the manifest's default options and `options`.
void describe(const Tree& tree, FakeKernel& kernel, Result& result,
              const std::map<std::string, std::string>& options = {});

// Nodes need root.
#define XPU_NEEDS_ROOT()                              \
  if (geteuid() != 0) {                               \
    GTEST_SKIP() << "needs root: the tree has nodes"; \
  }

}  // namespace xpu::apple::test
