// SPDX-License-Identifier: Apache-2.0
#include "core/health/health.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/host.h"
#include "core/base/lock.h"
#include "core/base/trust.h"
#include "core/base/utc.h"
#include "core/lease/lease.h"

namespace xpu {
namespace {

constexpr const char* kFile = "health";
constexpr const char* kLockFile = "health.lock";
constexpr std::string_view kHead = "xpu-health 1 ";
constexpr std::string_view kFailed = "failed", kDegraded = "degraded";
constexpr std::size_t kMostBytes = std::size_t{1} << 20, kReasonBytes = 1024, kFields = 6;
constexpr std::chrono::milliseconds kLockWait{10'000};
constexpr int kOpen = O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

bool is_ours(const Fd& fd) {
  struct stat status = {};
  return fd && ::fstat(fd.get(), &status) == 0 && S_ISREG(status.st_mode) &&
         trusted_owner(status.st_uid) && (status.st_mode & 022) == 0 && status.st_nlink == 1;
}

// nullopt for a line that is not one.
std::optional<HealthMark> parse_line(std::string_view line) {
  std::string_view fields[kFields];
  for (std::size_t i = 0; i < kFields; ++i) {
    const std::size_t tab = line.find('\t');
    if ((tab == line.npos) != (i + 1 == kFields)) {
      return std::nullopt;
    }
    fields[i] = line.substr(0, tab);
    line.remove_prefix(i + 1 == kFields ? line.size() : tab + 1);
  }
  HealthMark out{std::string(fields[0]),
                 std::string(fields[1]),
                 std::string(fields[2]),
                 fields[3] == kFailed,
                 0,
                 std::string(fields[5])};
  const std::string_view since = fields[4];
  const auto [stop, error] =
      std::from_chars(since.data(), since.data() + since.size(), out.since_unix);
  if (out.key.empty() || (fields[3] != kFailed && fields[3] != kDegraded) || error != std::errc() ||
      stop != since.data() + since.size()) {
    return std::nullopt;
  }
  return out;
}

// None of a text that is of another boot or damaged.
std::vector<HealthMark> parse(std::string_view text) {
  std::vector<HealthMark> out;
  const std::string head = cat(kHead, boot_id(), "\n");
  if (boot_id().empty() || !text.starts_with(head)) {
    return out;
  }
  for (std::size_t at = head.size(); at < text.size();) {
    const std::size_t end = text.find('\n', at);
    std::optional<HealthMark> mark =
        end == text.npos ? std::nullopt : parse_line(text.substr(at, end - at));
    if (!mark) {
      return {};
    }
    out.push_back(std::move(*mark));
    at = end + 1;
  }
  return out;
}

// A tab or a line end would be the next field or mark.
std::string one_field(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  return text.substr(0, kReasonBytes);
}

std::string text_of(const std::vector<HealthMark>& marks) {
  std::string out = cat(kHead, boot_id(), "\n");
  for (const HealthMark& mark : marks) {
    out += cat(one_field(mark.key), "\t", one_field(mark.id), "\t", one_field(mark.backend), "\t",
               mark.failed ? kFailed : kDegraded, "\t", mark.since_unix, "\t",
               one_field(mark.reason), "\n");
  }
  return out;
}

std::vector<HealthMark> read_marks(int fd, const std::string& path) {
  return parse(read_fd(fd, path, kMostBytes));
}

Fd take_lock(const Fd& folder, const std::string& state_dir) {
  const std::string path = cat(state_dir, '/', kLockFile);
  Fd fd(::openat(folder.get(), kLockFile, O_RDWR | O_CREAT | kOpen, 0600));
  if (!fd) {
    fail_errno("cannot open ", path);
  }
  if (!is_ours(fd)) {
    fail(path, " is no file of ours, or others can write it; remove it");
  }
  if (!lock_within(fd.get(), kLockWait, path.c_str())) {
    fail("cannot lock ", path, ": another process has held it for ", kLockWait.count() / 1000,
         " seconds; see which one: fuser -v ", path);
  }
  return fd;
}

// Borrowed of the device.
std::string_view property(const Device& device, std::string_view name) {
  const auto found = std::find_if(device.properties.begin(), device.properties.end(),
                                  [&](const auto& entry) { return entry.first == name; });
  return found == device.properties.end() ? std::string_view() : found->second;
}

const HealthMark* mark_of(std::string_view key, std::string_view parent_key,
                          const std::vector<HealthMark>& marks, bool failed) {
  const auto found = std::find_if(marks.begin(), marks.end(), [&](const HealthMark& mark) {
    return mark.failed == failed &&
           (mark.key == key || (!parent_key.empty() && mark.key == parent_key));
  });
  return found == marks.end() ? nullptr : &*found;
}

std::string reason_of(const HealthMark& mark) {
  return cat(mark.reason, " (since ", utc_text(mark.since_unix), ")");
}

// Why a backend says that the device is in that state; "" where it does not.
std::string said_of(const Device& device, std::string_view state) {
  if (property(device, "health") != state) {
    return "";
  }
  const std::string_view reason = property(device, "health-reason");
  return std::string(reason.empty() ? "its driver says so" : reason);
}

}  // namespace

std::vector<HealthMark> health_marks(const std::string& state_dir) {
  try {
    const std::string path = cat(state_dir, '/', kFile);
    const Fd fd(::open(path.c_str(), O_RDONLY | kOpen));
    return is_ours(fd) ? read_marks(fd.get(), path) : std::vector<HealthMark>();
  } catch (const std::exception&) {
    return {};
  }
}

void change_health_marks(const std::string& state_dir,
                         const std::function<void(std::vector<HealthMark>&)>& change) {
  const Fd folder = open_state_dir(state_dir);
  const Fd lock = take_lock(folder, state_dir);
  const std::vector<HealthMark> before = health_marks(state_dir);
  std::vector<HealthMark> after = before;
  change(after);
  if (after == before) {
    return;
  }
  if (after.empty()) {
    if (::unlinkat(folder.get(), kFile, 0) != 0 && errno != ENOENT) {
      fail_errno("cannot remove ", state_dir, '/', kFile);
    }
    return;
  }
  WriteOptions options;
  options.mode = 0600;
  write_file_atomic(folder.get(), state_dir, kFile, text_of(after), options);
}

std::string why_failed(const Device& device, std::string_view parent_key,
                       const std::vector<HealthMark>& marks) {
  const HealthMark* const mark = mark_of(lease_key(device), parent_key, marks, true);
  return mark != nullptr ? reason_of(*mark) : said_of(device, kFailed);
}

DeviceHealth health_of(const Device& device, const Device* whole,
                       const std::vector<HealthMark>& marks) {
  const std::string& parent_key = whole != nullptr ? lease_key(*whole) : device.parent;
  for (const std::string_view state : {kFailed, kDegraded}) {
    if (const HealthMark* const mark =
            mark_of(lease_key(device), parent_key, marks, state == kFailed)) {
      return {std::string(state), reason_of(*mark), mark};
    }
    for (const Device* const one : {&device, whole}) {
      if (std::string said = one == nullptr ? "" : said_of(*one, state); !said.empty()) {
        return {std::string(state), std::move(said), nullptr};
      }
    }
  }
  return {std::string(property(device, "health")), "", nullptr};
}

}  // namespace xpu
