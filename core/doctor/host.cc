// SPDX-License-Identifier: Apache-2.0
#include "core/doctor/host.h"

#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <set>
#include <tuple>

#include "core/base/error.h"
#include "core/base/fd.h"
#include "core/base/file.h"

namespace xpu::doctor {
namespace {

constexpr std::size_t kFileBytes = std::size_t{4} << 20;
constexpr uid_t kFirstUser = 1000;

// 0 for what is no number.
unsigned number_of(std::string_view text) {
  unsigned out = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && stop == text.data() + text.size() ? out : 0;
}

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;
File open_list(const std::string& path) {
  return {std::fopen(path.c_str(), "re"), std::fclose};
}

// The folders of a user below /run/user that rootless engines make.
bool has_rootless_engine(const Host& host, const std::string& run, bool* docker) {
  *docker = host.exists(run + "/docker.sock");
  return *docker || host.exists(run + "/libpod") || host.exists(run + "/containers") ||
         host.exists(run + "/containerd-rootless");
}

// Groups of a system's own directory services for this host; of a tree, of its files.
std::vector<gid_t> groups_of(const Host& host, const std::string& name, gid_t first) {
  std::vector<gid_t> out = {first};
  if (host.root.empty()) {
    int count = 64;
    out.resize(64);
    while (::getgrouplist(name.c_str(), first, out.data(), &count) < 0) {
      out.resize(static_cast<std::size_t>(count));
    }
    out.resize(static_cast<std::size_t>(count));
    return out;
  }
  const File file = open_list(host.path("/etc/group"));
  while (const group* entry = file ? ::fgetgrent(file.get()) : nullptr) {
    for (char** member = entry->gr_mem; *member != nullptr; ++member) {
      if (name == *member) {
        out.push_back(entry->gr_gid);
      }
    }
  }
  return out;
}

// nullopt for one that nobody knows.
std::optional<User> user_of(const Host& host, uid_t uid) {
  const auto filled = [&](const passwd& entry) {
    User out;
    out.name = entry.pw_name;
    out.uid = uid;
    out.home = entry.pw_dir;
    out.groups = groups_of(host, out.name, entry.pw_gid);
    return out;
  };
  if (host.root.empty()) {
    const passwd* const entry = ::getpwuid(uid);
    return entry == nullptr ? std::nullopt : std::optional(filled(*entry));
  }
  const File file = open_list(host.path("/etc/passwd"));
  while (const passwd* entry = file ? ::fgetpwent(file.get()) : nullptr) {
    if (entry->pw_uid == uid) {
      return filled(*entry);
    }
  }
  return std::nullopt;
}

// By "Uid:	0	0	0	0" of a process's status; one without is taken for root's.
bool is_of_root(std::string_view status) {
  const std::size_t at = status.find("\nUid:");
  if (at == status.npos) {
    return true;
  }
  status.remove_prefix(at + 5);
  status.remove_prefix(std::min(status.find_first_not_of(" \t"), status.size()));
  return status.starts_with("0\t");
}

// "pid:[4026531836]"; "" where it may not be read.
std::string namespace_of(const Host& host, const std::string& process, const char* type) {
  std::error_code error;
  return std::filesystem::read_symlink(host.path(cat("/proc/", process, "/ns/", type)), error)
      .string();
}

// "NSpid:	812	1": its number in each namespace that it is in, that of who asks first.
bool has_inner_number(std::string_view status) {
  const std::size_t at = status.find("\nNSpid:");
  const std::string_view line = at == status.npos ? "" : status.substr(at + 7);
  std::size_t numbers = 0;
  for (std::size_t i = 1; i < line.size() && line[i - 1] != '\n'; ++i) {
    const bool blank = line[i - 1] == ' ' || line[i - 1] == '\t';
    numbers += blank && line[i] >= '0' && line[i] <= '9' ? 1 : 0;
  }
  return numbers > 1;
}

bool has_same_root(const Host& host, const std::string& one, const std::string& other) {
  struct stat a {
  }, b{};
  return ::stat(host.path(cat("/proc/", one, "/root/")).c_str(), &a) == 0 &&
         ::stat(host.path(cat("/proc/", other, "/root/")).c_str(), &b) == 0 &&
         a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

// Whether a process sees another system than the host: services may have mounts of their own, but
// their files are the host's. What may not be looked at is taken for the host's.
bool is_in_container(const Host& host, const std::string& process, std::string_view status) {
  const std::string first = namespace_of(host, "1", "pid").empty() ? "self" : "1";
  const auto differs = [&](const char* type) {
    const std::string own = namespace_of(host, first, type);
    const std::string its = namespace_of(host, process, type);
    return !own.empty() && !its.empty() && own != its;
  };
  return has_inner_number(status) || differs("pid") ||
         (differs("mnt") && !has_same_root(host, process, first));
}

}  // namespace

bool Host::exists(const std::string& path) const {
  struct stat status {};
  return ::lstat(this->path(path).c_str(), &status) == 0;
}

bool Host::is_device(const std::string& path) const {
  struct stat status {};
  return ::stat(this->path(path).c_str(), &status) == 0 &&
         (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode));
}

std::optional<std::string> Host::read(const std::string& path) const {
  return read_file_if_present(this->path(path), kFileBytes);
}

std::string Host::line(const std::string& path) const {
  try {
    std::string text = read(path).value_or("");
    text.erase(text.find_last_not_of(" \t\n") + 1);
    return text;
  } catch (const Error&) {
    return "";
  }
}

std::vector<std::string> Host::list(const std::string& path) const {
  const Fd fd(::open(this->path(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return fd ? list_dir(fd.get(), path) : std::vector<std::string>();
}

std::vector<std::string> Host::glob(const std::string& pattern) const {
  std::string full;
  for (const char c : root) {
    full += std::string_view("*?[\\").find(c) == std::string_view::npos ? "" : "\\";
    full += c;
  }
  full += pattern;
  glob_t found{};
  std::vector<std::string> out;
  if (::glob(full.c_str(), 0, nullptr, &found) == 0) {
    for (std::size_t i = 0; i < found.gl_pathc; ++i) {
      out.push_back(std::string(found.gl_pathv[i]).substr(root.size()));
    }
  }
  ::globfree(&found);
  return out;
}

std::string Host::program(const std::string& name) const {
  for (const char* folder :
       {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"}) {
    std::string path = cat(folder, '/', name);
    if (exists(path)) {
      return path;
    }
  }
  return "";
}

std::vector<Process> Host::processes(const std::string& name) const {
  std::vector<Process> out;
  for (const std::string& entry : list("/proc")) {
    const unsigned pid = number_of(entry);
    const std::string folder = cat("/proc/", entry);
    if (pid == 0 || line(folder + "/comm") != name) {
      continue;
    }
    const std::string status = line(folder + "/status");
    if (!is_of_root(status) || is_in_container(*this, entry, status)) {
      continue;
    }
    Process process{static_cast<int>(pid), name, {}};
    std::string text = line(folder + "/cmdline");
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find('\0', at), text.size());
      process.arguments.push_back(text.substr(at, end - at));
      at = end + 1;
    }
    out.push_back(std::move(process));
  }
  return out;
}

std::vector<User> Host::rootless_users() const {
  std::vector<User> out;
  std::vector<uid_t> ids;
  if (uid != 0) {
    ids.push_back(uid);
  } else {
    for (const std::string& name : list("/run/user")) {
      if (const unsigned id = number_of(name); id >= kFirstUser) {
        ids.push_back(id);
      }
    }
  }
  for (const uid_t id : ids) {
    bool docker = false;
    const bool rootless = has_rootless_engine(*this, cat("/run/user/", id), &docker);
    std::optional<User> user = rootless || uid != 0 ? user_of(*this, id) : std::nullopt;
    if (user) {
      user->docker = docker;
      out.push_back(std::move(*user));
    }
  }
  return out;
}

std::string Host::group_name(gid_t gid) const {
  if (root.empty()) {
    const group* const entry = ::getgrgid(gid);
    return entry == nullptr ? text_of(gid) : entry->gr_name;
  }
  const File file = open_list(path("/etc/group"));
  while (const group* entry = file ? ::fgetgrent(file.get()) : nullptr) {
    if (entry->gr_gid == gid) {
      return entry->gr_name;
    }
  }
  return text_of(gid);
}

std::vector<const Device*> Host::devices() const {
  std::vector<const Device*> out;
  for (const Backend& backend : backends) {
    if (backend.status.state != BackendState::kReady) {
      continue;
    }
    for (const Device& device : backend.status.catalog.devices) {
      out.push_back(&device);
    }
  }
  return out;
}

std::vector<Node> Host::nodes() const {
  std::vector<Node> out;
  std::set<std::tuple<char, std::uint32_t, std::uint32_t>> seen;
  for (const Backend& backend : backends) {
    if (backend.status.state != BackendState::kReady) {
      continue;
    }
    for (const EditGroup& group : backend.status.catalog.edits) {
      for (const Node& node : group.nodes) {
        if (seen.emplace(node.type, node.major, node.minor).second) {
          out.push_back(node);
        }
      }
    }
  }
  return out;
}

}  // namespace xpu::doctor
