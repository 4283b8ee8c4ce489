// SPDX-License-Identifier: Apache-2.0
#include "core/choose/load.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "core/base/error.h"
#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/host.h"
#include "core/base/trust.h"
#include "core/catalog/conditions.h"
#include "core/oci/text.h"

namespace xpu {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{1} << 20;

using Load = std::map<std::string, LoadSample>;

bool is_ours(const Fd& fd) {
  struct stat status = {};
  return fd && ::fstat(fd.get(), &status) == 0 && trusted_owner(status.st_uid) &&
         (status.st_mode & 022) == 0;
}

// A number from 0 to `most`. Throws Error for anything else.
std::optional<std::uint64_t> number(const std::vector<json::Member>& object, std::string_view name,
                                    std::uint64_t most, const std::string& path) {
  const std::optional<json::Value> value = json::find(object, name, path);
  if (!value) {
    return std::nullopt;
  }
  const std::optional<std::int64_t> read = json::as_integer(*value);
  if (!read || *read < 0 || static_cast<std::uint64_t>(*read) > most) {
    fail(path, ": ", name, " is out of range");
  }
  return static_cast<std::uint64_t>(*read);
}

std::string text(const std::vector<json::Member>& object, std::string_view name,
                 const std::string& path) {
  const std::optional<json::Value> value = json::find(object, name, path);
  const std::optional<std::string> read = value ? json::as_string(*value) : std::nullopt;
  if (!read) {
    fail(path, ": no ", name);
  }
  return *read;
}

// Throws Error for a document that is not as it should be.
void parse(std::string_view document, const std::string& path, unsigned max_age_s, Load* load) {
  constexpr std::uint64_t kAny = INT64_MAX;
  json::validate(document, path);
  const std::vector<json::Member> top = json::members(document, json::root(document));
  const std::optional<json::Value> devices = json::find(top, "devices", path);
  if (number(top, "version", kAny, path) != 1U || !devices || !devices->is_array()) {
    fail(path, ": not of version 1");
  }
  if (boot_id().empty() || text(top, "boot", path) != boot_id()) {
    return;
  }
  const std::uint64_t now = boot_seconds();
  for (const json::Value& element : json::elements(document, *devices)) {
    if (!element.is_object()) {
      fail(path, ": a device is no object");
    }
    const std::vector<json::Member> device = json::members(document, element);
    const std::string id = text(device, "id", path);
    const std::optional<std::uint64_t> time = number(device, "time", kAny, path);
    LoadSample sample{number(device, "memory_free", kAny, path), std::nullopt};
    if (const auto percent = number(device, "utilisation", 100, path)) {
      sample.utilisation = static_cast<unsigned>(*percent);
    }
    if (!time) {
      fail(path, ": no time");
    }
    if (*time <= now && now - *time <= max_age_s) {
      load->emplace(id, sample);
    }
  }
}

}  // namespace

Load fresh_load(const std::string& state_dir, const std::vector<std::string>& backends,
                unsigned max_age_s) {
  Load all;
  const std::string dir = cat(state_dir, "/load");
  const Fd folder(::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!is_ours(folder)) {
    return all;
  }
  for (const std::string& backend : backends) {
    const std::string name = cat(backend, ".json");
    const Fd fd(::openat(folder.get(), name.c_str(),
                         O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!is_ours(fd)) {
      continue;
    }
    try {
      Load load;
      const std::string path = cat(dir, '/', name);
      parse(read_fd(fd.get(), path, kMaxBytes), path, max_age_s, &load);
      all.merge(load);
    } catch (const Error&) {
      // A sampler's mistake is no reason to choose worse than without it.
    }
  }
  return all;
}

}  // namespace xpu
