// SPDX-License-Identifier: Apache-2.0
#include "sdk/sim/file_watch.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>

#include "xpu/backend.hpp"

#if defined(__linux__)
#include <sys/inotify.h>
#endif

namespace xpu::sim {

void FileWatch::close() {
  if (fd_ >= 0) {
    ::close(fd_);
    fd_ = -1;
  }
}

#if defined(__linux__)
void FileWatch::open(const std::string& file) {
  close();
  const std::size_t slash = file.rfind('/');
  const std::string folder = slash == 0 ? "/" : file.substr(0, slash);
  name_ = file.substr(slash + 1);
  struct stat st;
  if (::stat(folder.c_str(), &st) != 0) {
    throw sdk::Absent("the folder of hardware file " + file + " does not exist");
  }
  // Without it (there is a limit for each user) the file is read from time to time.
  fd_ = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  constexpr std::uint32_t kEvents =
      IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF;
  if (fd_ >= 0 && inotify_add_watch(fd_, folder.c_str(), kEvents) < 0) {
    close();
  }
}

FileWatch::Got FileWatch::read() {
  if (fd_ < 0) {
    return Got::kChanged;
  }
  alignas(inotify_event) char buffer[16384];
  Got out = Got::kNothing;
  ssize_t got = 0;
  bool folder_gone = false;
  while ((got = ::read(fd_, buffer, sizeof buffer)) > 0) {
    for (const char* at = buffer; at < buffer + got;) {
      const auto* event = reinterpret_cast<const inotify_event*>(at);
      if ((event->mask & IN_Q_OVERFLOW) != 0) {
        out = Got::kLost;
      } else if (out == Got::kNothing && (event->len == 0 || name_ == event->name)) {
        out = Got::kChanged;
      }
      folder_gone =
          folder_gone || (event->mask & (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF)) != 0;
      at += sizeof(inotify_event) + event->len;
    }
  }
  if (folder_gone) {
    // A new folder of this name is found by looking.
    close();
  }
  return out;
}
#else
void FileWatch::open(const std::string&) {}

FileWatch::Got FileWatch::read() {
  return Got::kChanged;
}
#endif

}  // namespace xpu::sim
