// SPDX-License-Identifier: Apache-2.0
#include "core/request/mounts.h"

#include <algorithm>
#include <unordered_set>

#include "core/base/error.h"
#include "core/base/path.h"
#include "core/cdi/name.h"
#include "core/request/attribute.h"
#include "core/request/claims.h"

namespace xpu {
namespace {

constexpr std::size_t kMountLimit = 4096;
constexpr std::size_t kShown = 64;
constexpr std::string_view kCdiFolder = "cdi/";

// Absolute, without "//", ".", ".." and a slash at the end.
std::string normalised(std::string_view path) {
  std::vector<std::string_view> kept;
  for (const std::string_view part : path_parts(path)) {
    if (part == "..") {
      if (!kept.empty()) {
        kept.pop_back();
      }
    } else if (part != ".") {
      kept.push_back(part);
    }
  }
  std::string out;
  for (const std::string_view part : kept) {
    out += cat("/", part);
  }
  return out;
}

// What stands below the folder; "" for a path that is not below it.
std::string_view below(std::string_view path, std::string_view folder) {
  return path.size() > folder.size() + 1 && path.starts_with(folder) && path[folder.size()] == '/'
             ? path.substr(folder.size() + 1)
             : std::string_view();
}

// Without a value for a path that is in no folder of devices.
Source source_of(const std::string& path, const std::vector<FoundBackend>& backends) {
  Source out{cat("mount ", path.substr(0, kShown), path.size() > kShown ? "..." : ""),
             std::string(below(path, kMountFolder)),
             {},
             {}};
  if (!out.value.empty()) {
    return out;
  }
  for (const FoundBackend& found : backends) {
    const Manifest& manifest = found.manifest;
    for (const std::string& folder : manifest.device_mounts) {
      const std::string_view rest = below(path, folder);
      if (rest.empty() || manifest.device_variables.empty()) {
        continue;
      }
      const Source one{out.variable,
                       std::string(rest),
                       {manifest.name},
                       vendors_of(manifest, manifest.device_variables[0])};
      if (out.value.empty()) {
        out = one;
      } else if (out.value == one.value) {
        merge(out, one);
      }
    }
  }
  return out;
}

// "cdi/vendor.com/class/name" or "cdi/vendor.com/class=name": a CDI device.
std::string qualified_name(const Source& mount) {
  const std::string name = mount.value.substr(kCdiFolder.size());
  std::string out = name;
  if (const std::size_t last = name.rfind('/');
      name.find('=') == std::string::npos && last != std::string::npos) {
    out[last] = '=';
  }
  if (!cdi::parse_name(out)) {
    fail(mount.variable, ": what stands below cdi/ is no CDI device; such as ",
         "vendor.com/class/name is wanted");
  }
  return out;
}

}  // namespace

std::vector<Source> device_mounts(const std::vector<std::string>& destinations,
                                  const std::vector<FoundBackend>& backends) {
  std::vector<Source> out;
  std::unordered_set<std::string> seen;
  for (const std::string& destination : destinations) {
    std::string path = normalised(destination);
    Source source = source_of(path, backends);
    if (asks(source.value) && seen.insert(std::move(path)).second) {
      out.push_back(std::move(source));
    }
    if (out.size() > kMountLimit) {
      break;
    }
  }
  return out;
}

Source as_element(Source mount) {
  if (mount.value.starts_with(kCdiFolder)) {
    mount.value = qualified_name(mount);
    return mount;
  }
  const std::size_t slash = std::min(mount.value.find('/'), mount.value.size());
  const bool one_element = split_list(mount.value).size() == 1 &&
                           mount.value.find(',') == std::string::npos &&
                           !attribute_text(mount.value);
  bool is_name = mount.value.find('/', slash + 1) == std::string::npos;
  if (slash < mount.value.size()) {
    const std::string vendor = mount.value.substr(0, slash);
    is_name = is_name && vendor.find(':') == std::string::npos && names_vendor(vendor, mount);
    mount.value[slash] = ':';
  }
  if (!one_element || !is_name) {
    fail(mount.variable,
         ": what stands below the folder of devices is no name of one device; such "
         "as 0, VENDOR/0 or a UUID are wanted");
  }
  return mount;
}

}  // namespace xpu
