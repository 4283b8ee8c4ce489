// SPDX-License-Identifier: Apache-2.0
#include "core/cdi/checks.h"

#include <algorithm>
#include <iterator>

#include "core/base/error.h"
#include "core/cdi/name.h"
#include "core/oci/spec.h"

namespace xpu::cdi {
namespace {

constexpr std::string_view kVersions[] = {"0.1.0", "0.2.0", "0.3.0", "0.4.0", "0.5.0",
                                          "0.6.0", "0.7.0", "0.8.0", "1.0.0", "1.1.0"};
constexpr std::string_view kHooks[] = {"prestart",       "createRuntime", "createContainer",
                                       "startContainer", "poststart",     "poststop"};

std::ptrdiff_t place_of(std::string_view version) {
  return std::find(std::begin(kVersions), std::end(kVersions), version) - std::begin(kVersions);
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Of one set of edits.
std::string_view minimum_version(const Edits& edits) {
  if (!edits.net_devices.empty() ||
      (edits.rdt && (edits.rdt->enable_monitoring || !edits.rdt->schemata.empty()))) {
    return "1.1.0";
  }
  if (edits.rdt || !edits.gids.empty()) {
    return "0.7.0";
  }
  if (std::any_of(edits.nodes.begin(), edits.nodes.end(),
                  [](const DeviceNode& node) { return !node.host_path.empty(); })) {
    return "0.5.0";
  }
  if (std::any_of(edits.mounts.begin(), edits.mounts.end(),
                  [](const Mount& mount) { return !mount.type.empty(); })) {
    return "0.4.0";
  }
  return kLeastVersion;
}

}  // namespace

bool is_version(std::string_view text) {
  return place_of(text) != std::ssize(kVersions);
}

std::string versions() {
  std::string out;
  for (const std::string_view version : kVersions) {
    out += cat(out.empty() ? "" : ", ", version);
  }
  return out;
}

bool is_older(std::string_view version, std::string_view than) {
  return place_of(version) < place_of(than);
}

bool is_annotation_key(std::string_view text) {
  const auto is_name = [](std::string_view name, std::size_t most) {
    const auto is_end = [](char c) {
      return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    };
    return !name.empty() && name.size() <= most && is_end(name.front()) && is_end(name.back()) &&
           std::all_of(name.begin(), name.end(),
                       [&](char c) { return is_end(c) || c == '-' || c == '_' || c == '.'; });
  };
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) {
    return is_name(text, 63);
  }
  return is_name(text.substr(0, slash), 253) && is_name(text.substr(slash + 1), 63);
}

bool is_hook_name(std::string_view text) {
  return std::find(std::begin(kHooks), std::end(kHooks), text) != std::end(kHooks);
}

bool is_interface_name(std::string_view text) {
  return !text.empty() && text.size() <= 15 && text != "." && text != ".." &&
         text.find_first_of("/: \t") == std::string_view::npos;
}

bool is_bind(const Mount& mount) {
  return bind_asked(mount.options) || mount.type.empty() || mount.type == "bind" ||
         mount.type == "none";
}

std::string minimum_version(const Spec& spec) {
  std::string_view out = minimum_version(spec.edits);
  const auto at_least = [&](std::string_view version) {
    if (is_older(out, version)) {
      out = version;
    }
  };
  if (!spec.annotations.empty() || class_of(spec.kind).find('.') != std::string_view::npos) {
    at_least("0.6.0");
  }
  for (const Device& device : spec.devices) {
    at_least(minimum_version(device.edits));
    if (!device.annotations.empty()) {
      at_least("0.6.0");
    }
    if (is_digit(device.name.front())) {
      at_least("0.5.0");
    }
  }
  return std::string(out);
}

}  // namespace xpu::cdi
