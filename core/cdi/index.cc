// SPDX-License-Identifier: Apache-2.0
#include "core/cdi/index.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json.hpp>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/trust.h"
#include "core/log/log.h"

namespace xpu::cdi {
namespace {

namespace bj = boost::json;

constexpr const char* kName = "cdi-files.json";
constexpr std::size_t kMostIndexBytes = 16U << 20;
// Two changes within one tick of the kernel's coarse clock have the same time; a tick takes 10 ms
// at most.
constexpr std::int64_t kTickNs = 20'000'000;

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

std::string text(const bj::object& object, std::string_view key) {
  return std::string(object.at(key).as_string());
}

bool settled(const std::string& path, const timespec& begin) {
  struct stat status = {};
  return ::stat(path.c_str(), &status) != 0 ||
         nanoseconds(status.st_ctim) + kTickNs < nanoseconds(begin);
}

}  // namespace

std::string stamp_of(const struct stat& status) {
  return cat(status.st_dev, ":", status.st_ino, ":", status.st_mtim.tv_sec, ".",
             status.st_mtim.tv_nsec, ":", status.st_ctim.tv_sec, ".", status.st_ctim.tv_nsec, ":",
             status.st_size, ":", status.st_mode, ":", status.st_uid);
}

std::string stamp_now(const std::string& path) {
  struct stat status = {};
  return ::stat(path.c_str(), &status) == 0 ? stamp_of(status) : "";
}

Index::Index(const std::string& state_dir, const Where& where) : dir_(state_dir + "/catalog") {
  if (state_dir.empty()) {
    return;
  }
  try {
    fd_ = open_state_dir(dir_);
  } catch (const Error& error) {
    log::debug(cat("working without an index of CDI files: ", error.what()));
  }
  key_ = cat(XPU_VERSION, " ", ::geteuid(), where.allow_untrusted ? " any" : " trusted");
  for (const std::string& folder : where.folders) {
    key_ += cat("\n", folder);
  }
}

bool Index::read(std::vector<Folder>& folders, std::vector<File>& files) const {
  const Fd fd(fd_ ? ::openat(fd_.get(), kName, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
                  : -1);
  if (!fd) {
    return false;
  }
  try {
    const bj::value whole = bj::parse(read_fd(fd.get(), cat(dir_, "/", kName), kMostIndexBytes));
    const bj::object& root = whole.as_object();
    if (text(root, "key") != key_) {
      return false;
    }
    std::size_t at = 0;
    for (const bj::value& one : root.at("folders").as_array()) {
      Folder& folder = folders.at(at++);
      folder.stamp = text(one.as_object(), "stamp");
      folder.problem = text(one.as_object(), "problem");
      if (folder.stamp != stamp_now(folder.path)) {
        return false;
      }
    }
    for (const bj::value& one : root.at("files").as_array()) {
      const bj::object& object = one.as_object();
      File file{text(object, "path"),
                object.at("folder").to_number<std::size_t>(),
                text(object, "stamp"),
                text(object, "kind"),
                {},
                text(object, "problem")};
      if (file.stamp != stamp_now(file.path) || file.folder >= folders.size()) {
        files.clear();
        return false;
      }
      for (const bj::value& device : object.at("devices").as_array()) {
        file.devices.emplace_back(device.as_string());
      }
      files.push_back(std::move(file));
    }
    return at == folders.size();
  } catch (const std::exception& error) {
    log::debug(cat("not believing the index of CDI files: ", error.what()));
    files.clear();
    return false;
  }
}

void Index::write(const std::vector<Folder>& folders, const std::vector<File>& files,
                  const timespec& begin) const {
  if (!fd_) {
    return;
  }
  bj::array all_folders, all_files;
  for (const Folder& folder : folders) {
    // What is wrong with one may be mended elsewhere, in a folder above it.
    if (!settled(folder.path, begin) || !folder.problem.empty()) {
      return;
    }
    all_folders.push_back(bj::object{{"stamp", folder.stamp}, {"problem", folder.problem}});
  }
  for (const File& file : files) {
    if (!settled(file.path, begin) || !file.problem.empty()) {
      return;
    }
    all_files.push_back(bj::object{{"path", file.path},
                                   {"folder", file.folder},
                                   {"stamp", file.stamp},
                                   {"kind", file.kind},
                                   {"devices", bj::array(file.devices.begin(), file.devices.end())},
                                   {"problem", file.problem}});
  }
  try {
    remove_stale_temporaries(fd_.get(), kName);
    write_file_atomic(
        fd_.get(), dir_, kName,
        bj::serialize(bj::object{{"key", key_}, {"folders", all_folders}, {"files", all_files}}),
        {.mode = 0600});
  } catch (const Error& error) {
    log::debug(cat("cannot keep an index of CDI files: ", error.what()));
  }
}

}  // namespace xpu::cdi
