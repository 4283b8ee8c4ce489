// SPDX-License-Identifier: Apache-2.0
// linux.resources
#include <algorithm>
#include <charconv>
#include <string_view>

#include "core/base/file.h"
#include "core/oci/check.h"

namespace xpu::check {
namespace {

constexpr std::size_t kSmallFile = 4096;
constexpr std::int64_t kLeastPeriod = 1000, kMostPeriod = 1'000'000;  // of the kernel, in µs

// The highest number of a list "0-3,8"; -1 for an empty one, nullopt for what is none.
std::optional<std::int64_t> highest_of(std::string_view list) {
  while (!list.empty() && (list.back() == '\n' || list.back() == ' ')) {
    list.remove_suffix(1);
  }
  std::int64_t most = -1;
  while (!list.empty()) {
    const std::string_view range = list.substr(0, list.find(','));
    const char* const end = range.data() + range.size();
    std::int64_t first = 0;
    std::from_chars_result got = std::from_chars(range.data(), end, first);
    std::int64_t last = first;
    if (got.ec == std::errc() && got.ptr != end && *got.ptr == '-') {
      got = std::from_chars(got.ptr + 1, end, last);
    }
    if (got.ec != std::errc() || got.ptr != end || first < 0 || last < first) {
      return std::nullopt;
    }
    most = std::max(most, last);
    list.remove_prefix(std::min(range.size() + 1, list.size()));
  }
  return most;
}

void check_rules(const Place& resources, Findings& out) {
  for (const Place& rule : resources.elements("devices")) {
    const std::string type = rule.text("type").value_or("");
    const std::string access = rule.text("access").value_or("");
    if (!type.empty() && type != "a" && type != "c" && type != "b") {
      out.add(Refuses::kBoth, rule.path_of("type"), quoted(type), " is none of a, c and b");
    }
    if (access.empty()) {
      out.add(Refuses::kBoth, rule.path_of("access"), "is missing or empty; it is of r, w and m");
    } else if (access.find_first_not_of("rwm") != access.npos) {
      out.add(Refuses::kCrun, rule.path_of("access"), quoted(access), " is not of r, w and m");
    }
    for (const std::string_view key : {"major", "minor"}) {
      if (rule.integer(key).value_or(0) < -1) {
        out.add(Refuses::kBoth, rule.path_of(key), *rule.integer(key),
                " is no number of a device; -1 stands for all");
      }
    }
  }
}

void check_memory(const Place& resources, Findings& out) {
  const std::optional<Place> memory = resources.get("memory");
  if (!memory) {
    return;
  }
  const std::int64_t limit = memory->integer("limit").value_or(0);
  const std::int64_t swap = memory->integer("swap").value_or(0);
  for (const std::string_view key : {"limit", "swap", "reservation"}) {
    if (memory->integer(key).value_or(0) < -1) {
      out.add(Refuses::kBoth, memory->path_of(key), *memory->integer(key),
              " is no number of bytes; -1 stands for no limit");
    }
  }
  if (swap > 0 && limit <= 0) {
    out.add(Refuses::kBoth, memory->path_of("swap"), "needs a limit too");
  } else if (swap > 0 && swap < limit) {
    out.add(Refuses::kBoth, memory->path_of("swap"), swap, " is less than limit, ", limit,
            "; it is memory and swap together");
  }
}

void check_list(const Place& cpu, std::string_view key, const char* possible, const Host& host,
                Findings& out) {
  const std::string list = cpu.text(key).value_or("");
  const std::optional<std::int64_t> highest = highest_of(list);
  if (!highest) {
    out.add(Refuses::kBoth, cpu.path_of(key), quoted(list), " is no list such as \"0-3,8\"");
    return;
  }
  const std::optional<std::int64_t> there =
      host.look ? highest_of(read_file_if_present(possible, kSmallFile).value_or(""))
                : std::nullopt;
  if (there && *there >= 0 && *highest > *there) {
    out.add(Refuses::kBoth, cpu.path_of(key), quoted(list), " goes beyond ", *there,
            ", the last of this host");
  }
}

void check_cpu(const Place& resources, const Host& host, Findings& out) {
  const std::optional<Place> cpu = resources.get("cpu");
  if (!cpu) {
    return;
  }
  check_list(*cpu, "cpus", "/sys/devices/system/cpu/possible", host, out);
  check_list(*cpu, "mems", "/sys/devices/system/node/possible", host, out);
  if (const std::int64_t shares = cpu->integer("shares").value_or(0); shares == 1) {
    out.add(Refuses::kRunc, cpu->path_of("shares"), "1 is less than 2, the least that there is");
  }
  const std::int64_t quota = cpu->integer("quota").value_or(0);
  if (quota > 0 && quota < kLeastPeriod) {
    out.add(Refuses::kBoth, cpu->path_of("quota"), quota, " is less than ", kLeastPeriod,
            " microseconds, the least that there is");
  }
  const std::int64_t period = cpu->integer("period").value_or(0);
  if (period > 0 && (period < kLeastPeriod || period > kMostPeriod)) {
    out.add(Refuses::kBoth, cpu->path_of("period"), period, " is not from ", kLeastPeriod, " to ",
            kMostPeriod, " microseconds");
  }
}

// "2MB" → 2048; 0 for what is no size of pages.
std::int64_t kilobytes_of(std::string_view size) {
  std::int64_t number = 0;
  const char* const end = size.data() + size.size();
  const auto [stop, error] = std::from_chars(size.data(), end, number);
  const std::string_view unit(stop, static_cast<std::size_t>(end - stop));
  if (error != std::errc() || number <= 0 || number > (1 << 20)) {
    return 0;
  }
  return unit == "KB" ? number : unit == "MB" ? number << 10 : unit == "GB" ? number << 20 : 0;
}

void check_pages(const Place& resources, const Host& host, Findings& out) {
  for (const Place& entry : resources.elements("hugepageLimits")) {
    const std::string size = entry.text("pageSize").value_or("");
    const std::int64_t kilobytes = kilobytes_of(size);
    if (kilobytes == 0) {
      out.add(Refuses::kBoth, entry.path_of("pageSize"), quoted(size),
              " is no size of pages such as \"2MB\" or \"1GB\"");
      continue;
    }
    const Look found = host.look
                           ? look_at(cat("/sys/kernel/mm/hugepages/hugepages-", kilobytes, "kB"))
                           : Look{true, true, {}};
    if (found.known && !found.there) {
      out.add(Refuses::kBoth, entry.path_of("pageSize"), "this host has no pages of ", size);
    }
  }
}

void check_unified(const Place& resources, const Host& host, Findings& out) {
  const auto entries = resources.entries("unified");
  if (entries.empty()) {
    return;
  }
  if (host.look && look_at("/sys/fs/cgroup").there &&
      !look_at("/sys/fs/cgroup/cgroup.controllers").there) {
    out.add(Refuses::kBoth, resources.path_of("unified"), "needs cgroup 2; this host has cgroup 1");
  }
  for (const auto& [key, value] : entries) {
    if (key.find('/') != key.npos || key.find('.') == key.npos) {
      out.add(Refuses::kBoth, value.path(), "is no file of a cgroup");
    }
  }
}

}  // namespace

void check_resources(const Place& linux_part, const Host& host, Findings& out) {
  const std::optional<Place> resources = linux_part.get("resources");
  if (!resources || !resources->value().is_object()) {
    return;
  }
  check_rules(*resources, out);
  check_memory(*resources, out);
  check_cpu(*resources, host, out);
  if (const std::optional<Place> pids = resources->get("pids");
      pids && pids->integer("limit").value_or(0) < 0) {
    out.add(Refuses::kCrun, pids->path_of("limit"), *pids->integer("limit"), " is less than 0");
  }
  if (const std::optional<Place> block = resources->get("blockIO")) {
    const std::int64_t weight = block->integer("weight").value_or(0);
    if (weight != 0 && (weight < 10 || weight > 1000)) {
      out.add(Refuses::kCrun, block->path_of("weight"), weight, " is not from 10 to 1000");
    }
  }
  check_pages(*resources, host, out);
  check_unified(*resources, host, out);
}

}  // namespace xpu::check
