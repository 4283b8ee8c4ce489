// SPDX-License-Identifier: Apache-2.0
#include "core/usage/format.h"

#include <charconv>

#include "core/base/error.h"
#include "core/base/utc.h"
#include "core/oci/text.h"

namespace xpu {
namespace {

constexpr std::string_view kPrefix = "usage-";
constexpr std::string_view kSuffix = ".jsonl";
// Names, images and labels come from containers; one must not fill the disk by itself.
constexpr std::size_t kTextLimit = 1024;

// Cut between two characters of UTF-8.
std::string text(std::string_view value) {
  if (value.size() > kTextLimit) {
    std::size_t size = kTextLimit;
    while (size > 0 && (static_cast<unsigned char>(value[size]) & 0xc0) == 0x80) {
      --size;
    }
    value = value.substr(0, size);
  }
  return json::quote(value);
}

std::string head(std::string_view event, const std::string& lease, std::int64_t time,
                 const std::string& boot) {
  return cat(R"({"v":)", kUsageVersion, R"(,"event":")", event, R"(","lease":)", text(lease),
             R"(,"time":)", time, R"(,"boot":)", text(boot));
}

std::string device_json(const UsedDevice& device) {
  const std::string price =
      device.price ? cat(R"(,"price":)", *device.price, R"(,"currency":)", text(device.currency))
                   : "";
  return cat(R"({"id":)", text(device.id), R"(,"key":)", text(device.key), R"(,"vendor":)",
             text(device.vendor), R"(,"model":)", text(device.model), price, '}');
}

std::string lease_json(const Usage& usage) {
  std::string devices;
  for (const UsedDevice& device : usage.devices) {
    devices += devices.empty() ? "" : ",";
    devices += device_json(device);
  }
  return cat(R"(,"container":)", text(usage.container), R"(,"name":)", text(usage.name),
             R"(,"image":)", text(usage.image), R"(,"engine":)", text(usage.engine), R"(,"label":)",
             text(usage.label), R"(,"exclusive":)", usage.exclusive ? "true" : "false",
             R"(,"begin":)", usage.begin_unix, R"(,"devices":[)", devices, "]");
}

}  // namespace

std::string begin_line(const Usage& usage, const std::string& boot) {
  return cat(head("begin", usage.lease, usage.begin_unix, boot), lease_json(usage), '}');
}

std::string stamp_line(const std::string& lease, std::int64_t unix_time, const std::string& boot) {
  return cat(head("stamp", lease, unix_time, boot), '}');
}

std::string end_line(const Usage& usage, const std::string& boot) {
  const std::int64_t end = usage.end_unix.value_or(usage.begin_unix);
  return cat(head("end", usage.lease, end, boot), lease_json(usage), R"(,"end":)", end,
             R"(,"estimated":)", usage.end_estimated ? "true}" : "false}");
}

std::string usage_file(int month) {
  return cat(kPrefix, month_text(month), kSuffix);
}

std::optional<int> month_of_usage_file(std::string_view name) {
  int year = 0, month = 0;
  const std::size_t at = kPrefix.size();
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix) ||
      name.size() != usage_file(0).size()) {
    return std::nullopt;
  }
  std::from_chars(name.data() + at, name.data() + at + 4, year);
  std::from_chars(name.data() + at + 5, name.data() + at + 7, month);
  const int out = year * 12 + month - 1;
  // The one spelling of a month, so that nothing else is ever taken for a file of ours.
  return month >= 1 && month <= 12 && usage_file(out) == name ? std::optional(out) : std::nullopt;
}

}  // namespace xpu
