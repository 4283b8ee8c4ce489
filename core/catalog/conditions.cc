// SPDX-License-Identifier: Apache-2.0
#include "core/catalog/conditions.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include <charconv>

#include "core/base/error.h"
#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/host.h"
#include "core/base/platform.h"
#include "core/catalog/kernel.h"
#include "core/catalog/limits.h"

namespace xpu {
namespace {

// What cannot be looked at is a value too: in a folder such as /tmp anybody can put a loop of
// links, and that must not take a backend's devices away from everybody.
constexpr const char* kMissing = "missing";
constexpr const char* kUnreadable = "unreadable";

const char* why_not(int error) {
  return error == ENOENT || error == ENOTDIR ? kMissing : kUnreadable;
}

std::string stat_now(const std::string& path) {
  struct stat st;
  if (stat(path.c_str(), &st) != 0) {
    return why_not(errno);
  }
  if (S_ISREG(st.st_mode)) {
    return cat(st.st_size, ":", platform::modified_ns(st), ":", st.st_ino, ":", st.st_dev);
  }
  if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode) || S_ISSOCK(st.st_mode)) {
    // Their times change with use.
    return cat(S_ISSOCK(st.st_mode) ? "socket" : "node", ":", st.st_rdev, ":", st.st_ino, ":",
               st.st_dev);
  }
  return cat("other:", S_ISDIR(st.st_mode) ? "folder" : "fifo", ":", st.st_dev, ":", st.st_ino);
}

std::string listing_now(const std::string& path) {
  Fd dir(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!dir) {
    return why_not(errno);
  }
  try {
    std::uint64_t hash = fnv1a("");
    for (const std::string& name : list_dir(dir.get(), path)) {
      hash = fnv1a(std::string_view(name.c_str(), name.size() + 1), hash);
    }
    return hex64(hash);
  } catch (const Error&) {
    return kUnreadable;
  }
}

std::string content_now(const std::string& path) {
  try {
    const auto bytes = read_file_if_present(path, limits::kContentBytes);
    return bytes ? hex64(fnv1a(*bytes)) : kMissing;
  } catch (const Error&) {
    // Too large, no file of bytes or not ours to read: what can be seen from outside must do.
    return stat_now(path);
  }
}

std::string found_now(const Condition& condition) {
  switch (condition.kind) {
    case ConditionKind::kStat:
      return stat_now(condition.path);
    case ConditionKind::kListing:
      return listing_now(condition.path);
    case ConditionKind::kContent:
      return content_now(condition.path);
    case ConditionKind::kSeconds:
      break;
  }
  fail("a time to live has nothing to look at");
}

// "END BOOT-ID" → still in the future of the same boot.
bool still_lives(const std::string& expected) {
  const std::size_t space = expected.find(' ');
  if (space == std::string::npos) {
    return false;
  }
  std::uint64_t end = 0;
  const auto [stop, error] = std::from_chars(expected.data(), expected.data() + space, end);
  return error == std::errc() && stop == expected.data() + space && boot_seconds() < end &&
         boot_id() == expected.substr(space + 1);
}

}  // namespace

std::uint64_t boot_seconds() {
  timespec now{};
  clock_gettime(clock_since_boot(), &now);
  return static_cast<std::uint64_t>(now.tv_sec);
}

bool on_kernel_filesystem(const std::string& path) {
  Fd place = platform::open_object(AT_FDCWD, "/");
  for (std::size_t at = 1; at < path.size();) {
    const std::size_t slash = std::min(path.find('/', at), path.size());
    const std::string name = path.substr(at, slash - at);
    // A link is not followed: it may be another user's, and the backend did not name its target.
    Fd next = platform::open_object(place.get(), name.c_str());
    if (!next) {
      break;
    }
    place = std::move(next);
    at = slash + 1;
  }
  return is_of_kernel(place.get());
}

void take_snapshot(std::vector<Condition>& conditions) {
  for (Condition& condition : conditions) {
    if (condition.kind != ConditionKind::kSeconds) {
      condition.expected = found_now(condition);
      continue;
    }
    std::uint64_t seconds = 0;
    std::from_chars(condition.expected.data(),
                    condition.expected.data() + condition.expected.size(), seconds);
    condition.expected = cat(boot_seconds() + seconds, " ", boot_id());
  }
}

bool still_valid(const std::vector<Condition>& conditions, std::string* changed) {
  for (const Condition& condition : conditions) {
    std::string what;
    if (condition.kind == ConditionKind::kSeconds) {
      what = still_lives(condition.expected) ? "" : "its time to live is over";
    } else {
      const std::string now = found_now(condition);
      if (now != condition.expected) {
        what = cat(condition.path, now == kMissing                  ? " is gone"
                                   : condition.expected == kMissing ? " appeared"
                                                                    : " changed");
      }
    }
    if (!what.empty()) {
      if (changed != nullptr) {
        *changed = what;
      }
      return false;
    }
  }
  return true;
}

}  // namespace xpu
