// SPDX-License-Identifier: Apache-2.0
// A host made file by file.
#pragma once

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/fakes/driver_tree/stub_elf.h"
#include "tests/unit/nvidia/recorder.h"

namespace xpu::test {

class Host {
 public:
  // `inside`: absolute, as the host has it.
  std::string operator/(const std::string& inside) const { return root() + inside; }
  std::string root() const { return folder_.path().string(); }
  Options options() const { return below(folder_.path()); }

  void file(const std::string& path, const std::string& content) const {
    std::ofstream(made(path), std::ios::binary | std::ios::trunc) << content;
  }
  void library(const std::string& path, const std::string& soname,
               const std::vector<std::string>& needed = {}) const {
    file(path, fakes::stub_library(soname, needed, false));
  }
  void link(const std::string& path, const std::string& target) const {
    std::filesystem::create_symlink(target, made(path));
  }
  void node(const std::string& path) {
    if (mknod(made(path).c_str(), S_IFCHR | 0666, makedev(240, next_++)) != 0) {
      throw std::runtime_error("cannot make the node " + path);
    }
  }
  // A whole fake NVML, and the machine it tells of.
  void nvml(const std::string& path, const std::string& description) const {
    std::filesystem::remove(*this / path);  // the old one may be loaded
    std::filesystem::copy_file(FAKE_NVML_FULL, made(path));
    file(std::filesystem::path(path).parent_path() / "fake-nvml.conf", description);
  }

 private:
  std::string made(const std::string& path) const {
    const std::string whole = *this / path;
    std::filesystem::create_directories(std::filesystem::path(whole).parent_path());
    return whole;
  }

  Folder folder_;
  unsigned next_ = 0;
};

// "name in the container (+ further names) = path inside the root", of one scope.
inline std::vector<std::string> lines(const Description& found, const std::string& scope,
                                      const std::string& root) {
  std::vector<std::string> out;
  if (auto files = found.files.find(scope); files != found.files.end()) {
    for (const File& file : files->second) {
      const std::string name = file.container_path.empty() ? file.soname : file.container_path;
      const std::string more = file.links.empty() ? "" : " + " + file.links;
      out.push_back(name + more + " = " + file.host_path.substr(root.size()));
    }
  }
  return out;
}

#define XPU_NEEDS_MKNOD()                         \
  if (geteuid() != 0) {                           \
    GTEST_SKIP() << "needs root: mknod makes it"; \
  }

}  // namespace xpu::test
