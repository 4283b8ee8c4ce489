// SPDX-License-Identifier: Apache-2.0
// Scratch trees for tests: a root file system, a canary tree beside it, and a way to run without
// openat2.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <thread>

namespace xpu::test {

namespace fs = std::filesystem;

inline void put(const fs::path& path, const std::string& text = "") {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

inline void link(const fs::path& path, const std::string& target) {
  fs::create_directories(path.parent_path());
  fs::create_symlink(target, path);
}

inline std::string slurp(const fs::path& path) {
  std::ostringstream out;
  out << std::ifstream(path).rdbuf();
  return out.str();
}

// A folder of its own that is gone with the object.
class Scratch {
 public:
  Scratch() {
    std::string pattern = (fs::temp_directory_path() / "xpu-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) {
      throw std::runtime_error("mkdtemp");
    }
    path_ = pattern;
    ::chmod(path_.c_str(), 0755);
  }
  ~Scratch() { fs::remove_all(path_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const fs::path& path() const { return path_; }
  fs::path operator/(const std::string& name) const { return path_ / name; }

 private:
  fs::path path_;
};

// Everything about a tree that must not change: names, types, modes, owners, times, contents, link
// targets. Without the link count: replacing a name that is a hard link to a canary lowers it.
inline std::map<std::string, std::string> manifest(const fs::path& root) {
  std::map<std::string, std::string> out;
  const auto add = [&](const fs::path& path) {
    struct stat st {};
    ASSERT_EQ(::lstat(path.c_str(), &st), 0) << path;
    std::ostringstream text;
    text << std::oct << st.st_mode << ' ' << st.st_uid << ':' << st.st_gid << ' ' << st.st_size
         << ' ' << st.st_mtim.tv_sec << '.' << st.st_mtim.tv_nsec << ' ' << st.st_rdev << ' ';
    if (S_ISREG(st.st_mode)) {
      text << slurp(path);
    } else if (S_ISLNK(st.st_mode)) {
      text << fs::read_symlink(path).string();
    }
    out[path.string()] = text.str();
  };
  add(root);
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    add(entry.path());
  }
  return out;
}

// Runs `body` on a thread where openat2 fails with `error`.
inline void without_openat2(int error, const std::function<void()>& body) {
  std::thread([&] {
    sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K,
                 SECCOMP_RET_ERRNO | (static_cast<unsigned>(error) & SECCOMP_RET_DATA)),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog program = {std::size(code), code};
    ASSERT_EQ(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    ASSERT_EQ(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
    ASSERT_EQ(::syscall(SYS_openat2, -1, nullptr, nullptr, 0), -1);
    ASSERT_EQ(errno, error);
    body();
  }).join();
}

}  // namespace xpu::test
