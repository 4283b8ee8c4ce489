// SPDX-License-Identifier: Apache-2.0
#include "nodes.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>

namespace xpu::sdk {
namespace {

std::string text_of(DeviceNumber number) {
  return std::to_string(number.major) + ":" + std::to_string(number.minor);
}

}  // namespace

std::optional<DeviceNumber> parse_device_number(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    return std::nullopt;
  }
  const auto major = parse_number(text.substr(0, colon));
  const auto minor = parse_number(text.substr(colon + 1));
  if (!major || !minor || *major < 0 || *minor < 0 || *major > 0xfffff || *minor > 0xfffff) {
    return std::nullopt;
  }
  return DeviceNumber{static_cast<unsigned>(*major), static_cast<unsigned>(*minor)};
}

std::string node_problem(const Root& dev_root, const std::string& node,
                         std::optional<DeviceNumber> expected) {
  const auto real = dev_root.resolve(node);
  struct stat info {};
  if (!real || ::lstat(dev_root.host_path(*real).c_str(), &info) != 0 || !S_ISCHR(info.st_mode)) {
    return dev_root.host_path(node) + " does not exist or is no device";
  }
  const DeviceNumber found{gnu_dev_major(info.st_rdev), gnu_dev_minor(info.st_rdev)};
  if (!expected || (found.major == expected->major && found.minor == expected->minor)) {
    return "";
  }
  return dev_root.host_path(node) + " is device " + text_of(found) + " and should be " +
         text_of(*expected) + ": remove it";
}

void emit_node(Sink& sink, const Scope& scope, const Root& dev_root, const std::string& node) {
  sink.node(scope, {dev_root.host_path(dev_root.resolve(node).value_or(node)), node});
}

void watch_path(Sink& sink, const std::string& host_path) {
  struct stat info {};
  const bool there = ::stat(host_path.c_str(), &info) == 0;
  // A condition that cannot be taken would fail the whole description.
  if (there && S_ISDIR(info.st_mode)) {
    sink.valid_while_listing(host_path);
  } else if (there ? !S_ISFIFO(info.st_mode) : errno == ENOENT || errno == ENOTDIR) {
    sink.valid_while_same(host_path);
  }
}

}  // namespace xpu::sdk
