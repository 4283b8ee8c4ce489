// SPDX-License-Identifier: Apache-2.0
#include "core/select/cdi_backend.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <set>

#include "core/base/error.h"
#include "core/cdi/name.h"

namespace xpu {
namespace {

char type_of(const struct stat& status) {
  return S_ISCHR(status.st_mode)    ? 'c'
         : S_ISBLK(status.st_mode)  ? 'b'
         : S_ISFIFO(status.st_mode) ? 'p'
                                    : 0;
}

const char* name_of(char type) {
  return type == 'b' ? "block device" : type == 'p' ? "named pipe" : "character device";
}

NodeTerms terms_of(const cdi::DeviceNode& node) {
  NodeTerms out;
  if (node.permissions) {
    out.access = *node.permissions == "none" ? "" : *node.permissions;
  }
  out.mode = node.file_mode;
  out.uid = node.uid;
  out.gid = node.gid;
  return out;
}

struct OnHost {
  char type = 0;
  std::uint32_t major = 0, minor = 0;
};

OnHost look_up(const Node& node, const std::string& where) {
  struct stat status = {};
  if (::stat(node.host_path.c_str(), &status) != 0) {
    fail_errno(where, ": cannot look up the device node ", node.host_path);
  }
  const char found = type_of(status);
  if (found == 0 || (node.type != 0 && node.type != found)) {
    fail(where, ": ", node.host_path, " is no ",
         node.type == 0 ? "device node" : name_of(node.type));
  }
  return {found, major(status.st_rdev), minor(status.st_rdev)};
}

// What the file does not say of the node, the host does. As for all readers of CDI files, no device
// has the major number 0, and without one there is no minor number.
Node node_of(const cdi::DeviceNode& node, const std::string& where) {
  Node out;
  out.container_path = node.path;
  out.host_path = node.host_path.empty() ? node.path : node.host_path;
  out.type = node.type == 'u' ? 'c' : node.type;
  NodeTerms terms = terms_of(node);
  const bool has_number = node.major.value_or(0) != 0;
  OnHost host;
  if (out.type == 0 || (out.type != 'p' && !has_number)) {
    host = look_up(out, where);
    out.type = host.type;
  }
  if (out.type == 'p' ? node.type == 'p' : has_number) {
    terms.numbered = true;
    out.major = has_number ? static_cast<std::uint32_t>(*node.major) : 0;
    out.minor = has_number ? static_cast<std::uint32_t>(node.minor.value_or(0)) : 0;
  } else {
    out.major = host.major;
    out.minor = host.minor;
  }
  if (out.type == 'p') {
    terms.access.clear();
  }
  out.terms = std::make_shared<const NodeTerms>(std::move(terms));
  return out;
}

EditGroup group_of(const cdi::Edits& edits, Scope scope, const std::string& where) {
  EditGroup out;
  out.scope = std::move(scope);
  for (const cdi::DeviceNode& node : edits.nodes) {
    out.nodes.push_back(node_of(node, where));
  }
  for (const std::string& variable : edits.env) {
    const std::size_t equals = variable.find('=');
    out.env.push_back({variable.substr(0, equals), variable.substr(equals + 1)});
  }
  out.cdi = std::make_shared<const cdi::Edits>(edits);
  return out;
}

}  // namespace

BackendStatus cdi_backend(const cdi::Spec& spec, const std::string& file,
                          const std::vector<NamedInFile>& devices) {
  BackendStatus out;
  out.state = BackendState::kReady;
  out.found.manifest.name = cat(kCdiFile, file);
  out.found.manifest.file = file;
  out.catalog.backend = out.found.manifest.name;
  out.catalog.edits.push_back(group_of(spec.edits, {}, file));
  out.catalog.edits.back().turn = devices.empty() ? 0 : devices.front().turn;
  std::set<std::string_view> done;
  for (const NamedInFile& named : devices) {
    const auto device =
        std::find_if(spec.devices.begin(), spec.devices.end(),
                     [&](const cdi::Device& one) { return one.name == named.device; });
    if (device == spec.devices.end() || !done.insert(device->name).second) {
      continue;
    }
    Device described;
    described.id = cdi::qualified(spec.kind, device->name);
    described.vendor = cdi::vendor_of(spec.kind);
    described.index = device->name;
    described.name = described.id;
    described.kind = DeviceKind::kAccelerator;
    described.in_all = false;  // it has to be named
    out.catalog.edits.push_back(
        group_of(device->edits, {.device = described.id}, cat(file, ": device ", device->name)));
    out.catalog.edits.back().turn = named.turn;
    out.catalog.devices.push_back(std::move(described));
  }
  return out;
}

}  // namespace xpu
