// SPDX-License-Identifier: Apache-2.0
#include "core/usage/read.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/json.hpp>
#include <tuple>
#include <unordered_map>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/trust.h"
#include "core/usage/format.h"
#include "core/usage/lines.h"

namespace xpu {
namespace {

namespace bj = boost::json;

// The last second of the year 9999.
constexpr std::int64_t kLatest = 253402300799;
// A million of a currency per hour.
constexpr std::int64_t kHighestPrice = 1'000'000'000'000;

class Damaged {};

std::string string_of(const bj::object& object, std::string_view key) {
  const bj::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_string()) {
    throw Damaged();
  }
  return std::string(value->get_string());
}

std::int64_t integer_of(const bj::object& object, std::string_view key, std::int64_t most) {
  const bj::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_int64() || value->get_int64() < 0 ||
      value->get_int64() > most) {
    throw Damaged();
  }
  return value->get_int64();
}

bool bool_of(const bj::object& object, std::string_view key) {
  const bj::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_bool()) {
    throw Damaged();
  }
  return value->get_bool();
}

UsedDevice device_of(const bj::value& value) {
  if (!value.is_object()) {
    throw Damaged();
  }
  const bj::object& object = value.get_object();
  UsedDevice out;
  out.id = string_of(object, "id");
  out.key = string_of(object, "key");
  out.vendor = string_of(object, "vendor");
  out.model = string_of(object, "model");
  if (object.contains("price")) {
    out.price = integer_of(object, "price", kHighestPrice);
    out.currency = string_of(object, "currency");
  }
  return out;
}

Usage usage_of(const bj::object& object, const std::string& lease) {
  Usage out;
  out.lease = lease;
  out.container = string_of(object, "container");
  out.name = string_of(object, "name");
  out.image = string_of(object, "image");
  out.engine = string_of(object, "engine");
  out.label = string_of(object, "label");
  out.exclusive = bool_of(object, "exclusive");
  out.begin_unix = integer_of(object, "begin", kLatest);
  const bj::value* devices = object.if_contains("devices");
  if (devices == nullptr || !devices->is_array()) {
    throw Damaged();
  }
  for (const bj::value& device : devices->get_array()) {
    out.devices.push_back(device_of(device));
  }
  return out;
}

// What is known of one lease so far.
struct Found {
  std::optional<Usage> usage;
  std::string boot;  // of the event that `usage` is from
  std::optional<std::int64_t> stamp;
};

class Journal {
 public:
  // False for a line of a newer version. Throws Damaged.
  bool add(std::string_view line) {
    bj::error_code error;
    const bj::value value = bj::parse({line.data(), line.size()}, error);
    if (error || !value.is_object()) {
      throw Damaged();
    }
    const bj::object& object = value.get_object();
    if (integer_of(object, "v", INT64_MAX) > kUsageVersion) {
      return false;
    }
    add(object);
    return true;
  }

  std::vector<Usage> leases(std::int64_t since, std::int64_t until) {
    std::vector<Usage> out;
    for (auto& [lease, found] : leases_) {
      if (!found.usage || found.usage->begin_unix >= until) {
        continue;
      }
      settle(&found);
      // What began and ended within one second was there in that second.
      if (!found.usage->end_unix ||
          std::max(*found.usage->end_unix, found.usage->begin_unix + 1) > since) {
        out.push_back(std::move(*found.usage));
      }
    }
    std::sort(out.begin(), out.end(), [](const Usage& a, const Usage& b) {
      return std::tie(a.begin_unix, a.lease) < std::tie(b.begin_unix, b.lease);
    });
    return out;
  }

 private:
  void add(const bj::object& object) {
    const std::string event = string_of(object, "event");
    const std::string lease = string_of(object, "lease");
    const std::string boot = string_of(object, "boot");
    const std::int64_t time = integer_of(object, "time", kLatest);
    if (event == "stamp") {
      leases_[lease].stamp = time;  // of several the last: those before it were refused
    } else if (event == "begin" || event == "end") {
      Usage usage = usage_of(object, lease);
      if (event == "end") {
        usage.end_unix = std::max(integer_of(object, "end", kLatest), usage.begin_unix);
        usage.end_estimated = bool_of(object, "estimated");
      }
      Found& found = leases_[lease];
      if (!found.usage || (usage.end_unix && !found.usage->end_unix)) {
        found.usage = std::move(usage);
        found.boot = boot;
      }
    } else {
      throw Damaged();
    }
    std::int64_t& last = last_of_boot_[boot];
    last = std::max(last, time);
  }

  void settle(Found* found) const {
    Usage& usage = *found->usage;
    if (usage.end_unix) {
      return;
    }
    // Events of an unknown boot say nothing of each other.
    const std::int64_t sign =
        found->boot.empty() ? usage.begin_unix : last_of_boot_.at(found->boot);
    usage.known_until_unix = std::max(found->stamp.value_or(sign), usage.begin_unix);
    usage.end_estimated = !found->stamp;
  }

  std::unordered_map<std::string, Found> leases_;
  std::unordered_map<std::string, std::int64_t> last_of_boot_;
};

// "3 damaged lines were" or "1 damaged line was".
std::string lines_were(std::size_t count, std::string_view kind) {
  return count == 1 ? cat("1 ", kind, "line was") : cat(count, " ", kind, "lines were");
}

void read_file_into(Journal* journal, Fd fd, const std::string& path,
                    std::vector<std::string>* warnings) {
  Lines lines(std::move(fd), path);
  std::size_t number = 0, damaged = 0, first_damaged = 0, newer = 0;
  while (const std::optional<std::string_view> line = lines.next()) {
    ++number;
    if (line->empty()) {
      continue;
    }
    try {
      newer += journal->add(*line) ? 0 : 1;
    } catch (const Damaged&) {
      first_damaged = damaged++ == 0 ? number : first_damaged;
    }
  }
  if (damaged != 0) {
    warnings->push_back(cat(path, ": ", lines_were(damaged, "damaged "),
                            " left out, the first is line ", first_damaged));
  }
  if (newer != 0) {
    warnings->push_back(
        cat(path, ": ", lines_were(newer, ""), " left out: a newer version wrote them"));
  }
}

// Empty, with a warning, for what is not to be believed.
Fd open_month(int folder, const std::string& name, const std::string& path,
              std::vector<std::string>* warnings) {
  Fd fd(::openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status = {};
  if (!fd || ::fstat(fd.get(), &status) != 0) {
    warnings->push_back(cat(path, " was left out: ", std::strerror(errno)));
    return {};
  }
  if (!S_ISREG(status.st_mode) || !trusted_owner(status.st_uid) || (status.st_mode & 022) != 0) {
    warnings->push_back(
        cat(path,
            " was left out: it is not a regular file that only its owner, root or you, can write"));
    return {};
  }
  return fd;
}

}  // namespace

std::vector<Usage> read_usage(const std::string& dir, std::int64_t since, std::int64_t until,
                              std::vector<std::string>* warnings) {
  const Fd folder(::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder && errno == ENOENT) {
    return {};
  }
  if (!folder) {
    fail_errno("cannot read the journal in ", dir);
  }
  Journal journal;
  for (const std::string& name : list_dir(folder.get(), dir)) {
    if (!month_of_usage_file(name)) {
      continue;
    }
    const std::string path = cat(dir, '/', name);
    if (Fd fd = open_month(folder.get(), name, path, warnings)) {
      read_file_into(&journal, std::move(fd), path, warnings);
    }
  }
  return journal.leases(since, until);
}

void close_open(std::vector<Usage>* usages, const std::vector<Usage>& live) {
  std::unordered_map<std::string_view, const Usage*> missing;
  for (const Usage& usage : live) {
    missing.emplace(usage.lease, &usage);
  }
  for (Usage& usage : *usages) {
    const bool lives = missing.erase(usage.lease) != 0;
    if (usage.end_unix) {
      continue;
    }
    if (lives) {
      usage.end_estimated = false;
    } else {
      usage.end_unix = usage.known_until_unix;
    }
  }
  for (const Usage& usage : live) {
    if (missing.contains(usage.lease)) {
      usages->push_back(usage);
    }
  }
}

}  // namespace xpu
