// SPDX-License-Identifier: Apache-2.0
#include "backends/nvidia/node_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "sdk/helpers/path.h"

namespace xpu::nvidia {
namespace {

constexpr std::array kFolders = {"/dev", "/dev/nvidia-caps", "/dev/nvidia-caps-imex-channels"};
constexpr std::uint32_t kChanges =
    IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR | IN_EXCL_UNLINK;

// In /dev; in the other folders everything is ours.
bool is_ours(const std::string& folder, const std::string& name) {
  if (folder != kFolders[0]) {
    return true;
  }
  for (const char* prefix : {"nvidia", "nvhost", "nvmap", "nvgpu", "dxg", "gdrdrv"}) {
    if (sdk::starts_with(name, prefix)) {
      return true;
    }
  }
  return false;
}

}  // namespace

void NodeWatch::open(const sdk::Root& dev_root) {
  close();
  fd_ = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd_ < 0) {
    throw std::runtime_error(std::string("cannot watch device nodes: inotify: ") +
                             std::strerror(errno));
  }
  for (const char* folder : kFolders) {
    folders_.push_back({folder, dev_root.host_path(folder), -1});
  }
  watch_folders();
}

void NodeWatch::watch_folders() {
  for (Folder& folder : folders_) {
    if (folder.watch < 0) {
      folder.watch = inotify_add_watch(fd_, folder.host_path.c_str(), kChanges);
    }
  }
}

void NodeWatch::close() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
  fd_ = -1;
  folders_.clear();
}

bool NodeWatch::read(const std::function<void(const std::string&)>& changed) {
  alignas(inotify_event) char buffer[16384];
  bool whole = true;
  while (fd_ >= 0) {
    const ssize_t size = ::read(fd_, buffer, sizeof buffer);
    if (size <= 0) {
      break;
    }
    for (ssize_t at = 0; at < size;) {
      inotify_event event;
      std::memcpy(&event, buffer + at, sizeof event);
      const std::string name = event.len > 0 ? buffer + at + sizeof event : "";
      at += static_cast<ssize_t>(sizeof event + event.len);
      whole &= (event.mask & IN_Q_OVERFLOW) == 0;
      for (Folder& folder : folders_) {
        if (folder.watch != event.wd) {
          continue;
        }
        if ((event.mask & IN_IGNORED) != 0) {
          folder.watch = -1;  // the folder itself went
        } else if (!name.empty() && is_ours(folder.path, name)) {
          const bool came = (event.mask & (IN_CREATE | IN_MOVED_TO)) != 0;
          changed(sdk::join(folder.path, name) + (came ? " appeared" : " went"));
        }
      }
    }
    watch_folders();
  }
  return whole;
}

}  // namespace xpu::nvidia
