// SPDX-License-Identifier: Apache-2.0
// A host that keeps what the backend emits, and a machine for the backend to describe.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/fakes/driver_tree/driver_tree.h"
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

struct File {
  std::uint32_t kind = 0;
  std::string host_path, container_path, soname, architecture, links;
};

// Scopes are written "device/capability": "0/", "/compute", "1/graphics", "/"; then "=item" of a
// feature and "?names" that the image must lack.
struct Description {
  xpu_status status = XPU_OK;
  std::string error;
  std::vector<std::string> log;
  std::map<std::string, Device> devices;  // by index
  std::map<std::string, std::string> properties;
  std::vector<std::string> capabilities;
  std::set<std::string> interconnects;                 // "0 1 nvlink 400"
  std::map<std::string, std::set<std::string>> nodes;  // scope → "host = container"
  std::map<std::string, std::vector<File>> files;
  std::map<std::string, std::set<std::string>> links;               // scope → "path -> target"
  std::map<std::string, std::map<std::string, std::string>> texts;  // scope → path → content
  std::map<std::string, std::set<std::string>> values;  // "name list value", "name bits value"
  std::map<std::string, std::set<std::string>> env;     // "NAME=value", expanded "NAME:=value"
  std::map<std::string, std::set<std::string>> notes;
  std::map<std::string, std::set<std::string>> image_folders;  // "folder library version"
  std::set<std::string> conditions;                            // "content /x", "seconds 600"
};

struct Options {
  std::string driver_root = "/", dev_root = "/", sys_root = "/";
  std::map<std::string, std::string> others{};  // where not the manifest's default
};

// Those of the manifest, with these over them.
std::map<std::string, std::string> values_of(const Options& options);

// Loads the built library and has it describe. What no host would accept fails the test.
Description describe(const Options& options);

// A folder of its own for a test, removed with it.
class Folder {
 public:
  Folder();
  ~Folder();
  const std::filesystem::path& path() const { return path_; }
  std::string operator/(const std::string& inside) const { return (path_ / inside).string(); }

 private:
  std::filesystem::path path_;
};

// Folder of a listing among the fixtures; "" when the fixtures are not there.
std::string listing(const std::string& name);
inline constexpr const char* kDriver550 = "debian-trixie-nvidia-550";
inline constexpr const char* kDriver535 = "debian-bookworm-backports-nvidia-535";

// Folder of a recorded host among the fixtures; "" when the fixtures are not there.
std::string lookup_fixture(const std::string& name);

// Skips the test where a tree cannot be built.
#define XPU_NEEDS_TREE()                                               \
  if (xpu::test::listing(xpu::test::kDriver550).empty()) {             \
    GTEST_SKIP() << "the fixtures' driver listings are not here";      \
  }                                                                    \
  if (geteuid() != 0) {                                                \
    GTEST_SKIP() << "needs root: mknod and ldconfig -r make the tree"; \
  }

// All three roots in one folder.
Options below(const std::filesystem::path& root);

}  // namespace xpu::test
