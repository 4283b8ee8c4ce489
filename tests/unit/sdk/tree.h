// SPDX-License-Identifier: Apache-2.0
// A temporary folder to build a small file tree in.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace xpu::sdk::test {

class Tree {
 public:
  Tree() {
    std::string name = std::filesystem::temp_directory_path() / "xpu-sdk-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) {
      ADD_FAILURE() << "cannot make " << name;
    }
    path_ = name;
  }
  ~Tree() { std::filesystem::remove_all(path_); }
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  std::string path() const { return path_; }
  std::string at(std::string_view inside) const { return path_ + std::string(inside); }

  void file(std::string_view inside, std::string_view bytes) const {
    make_parent(inside);
    std::ofstream(at(inside), std::ios::binary) << bytes;
  }
  void link(std::string_view inside, const std::string& target) const {
    make_parent(inside);
    std::filesystem::create_symlink(target, at(inside));
  }
  void folder(std::string_view inside) const { std::filesystem::create_directories(at(inside)); }

 private:
  void make_parent(std::string_view inside) const {
    std::filesystem::create_directories(std::filesystem::path(at(inside)).parent_path());
  }
  std::string path_;
};

inline std::string bytes_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// A path below the folder of fixtures; "" when it is not there.
inline std::string fixture(const std::string& name) {
  const char* folder = ::getenv("XPU_FIXTURES");
  const std::string path =
      (folder != nullptr ? folder : XPU_SOURCE_DIR "/../shared/fixtures") + ("/" + name);
  return std::filesystem::exists(path) ? path : "";
}

// Standard output of a shell command.
inline std::string output_of(const std::string& command) {
  std::string out;
  if (FILE* pipe = ::popen(command.c_str(), "r")) {
    char block[4096];
    while (const std::size_t count = ::fread(block, 1, sizeof block, pipe)) {
      out.append(block, count);
    }
    EXPECT_EQ(::pclose(pipe), 0) << command;
  }
  return out;
}

}  // namespace xpu::sdk::test
