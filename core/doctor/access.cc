// SPDX-License-Identifier: Apache-2.0
// Who may open the devices: users of rootless engines, and containers under SELinux.
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "core/base/error.h"
#include "core/doctor/checks.h"
#include "core/doctor/registrations.h"

namespace xpu::doctor {
namespace {

// An access list may let a user in whom the mode does not, as that of whoever sits at the screen.
bool has_access_list(const std::string& path) {
  return ::getxattr(path.c_str(), "system.posix_acl_access", nullptr, 0) > 0;
}

// "rw" as bits of a mode; what a node is given for in no other way needs no more.
unsigned bits_of(const std::string& access) {
  return (access.find('r') == access.npos ? 0U : 4U) | (access.find('w') == access.npos ? 0U : 2U);
}

bool may_open(const Host& host, const User& user, const std::string& path, const Node& node,
              const struct stat& status) {
  const unsigned wanted = bits_of(access_of(node));
  if (user.uid == ::geteuid() && host.uid == user.uid) {
    const int mode = ((wanted & 4U) != 0 ? R_OK : 0) | ((wanted & 2U) != 0 ? W_OK : 0);
    return ::access(path.c_str(), mode) == 0;
  }
  const auto all = [&](unsigned shift) { return (status.st_mode >> shift & wanted) == wanted; };
  if (status.st_uid == user.uid) {
    return all(6);
  }
  const bool member =
      std::find(user.groups.begin(), user.groups.end(), status.st_gid) != user.groups.end();
  return member ? all(3) : all(0) || has_access_list(path);
}

Finding of_user(const Host& host, const User& user) {
  std::set<std::string> groups;
  std::string closed, some;
  for (const Node& node : host.nodes()) {
    const std::string path = host.path(node.host_path);
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0 || may_open(host, user, path, node, status)) {
      continue;
    }
    some += cat(some.empty() ? "" : ", ", node.host_path);
    const unsigned wanted = bits_of(access_of(node));
    if ((status.st_mode >> 3 & wanted) == wanted && status.st_gid != 0) {
      groups.insert(host.group_name(status.st_gid));
    } else {
      closed += cat(closed.empty() ? "" : " ", node.host_path);
    }
  }
  if (some.empty()) {
    return pass(cat(user.name, " may open all"));
  }
  std::string names;
  for (const std::string& group : groups) {
    names += cat(names.empty() ? "" : ",", group);
  }
  std::string remedy = names.empty()
                           ? ""
                           : cat("usermod -aG ", names, ' ', user.name,
                                 ", a new login, and --group-add keep-groups for podman run");
  if (!closed.empty()) {
    remedy += cat(remedy.empty() ? "" : "; ", "chmod 0666 ", closed);
  }
  return failure(cat(user.name, " may not open ", some,
                     "; rootless containers get them by the "
                     "rights of their user"),
                 remedy);
}

}  // namespace

Findings check_device_access(const Host& host) {
  if (host.nodes().empty()) {
    return {skipped("no device has a node")};
  }
  Findings out;
  for (const User& user : host.rootless_users()) {
    out.push_back(of_user(host, user));
  }
  if (out.empty()) {
    out.push_back(skipped("nobody has a rootless engine"));
  }
  return out;
}

Findings check_selinux(const Host& host) {
  const std::string folder = "/sys/fs/selinux";
  const std::string enforce = host.line(folder + "/enforce");
  if (enforce.empty()) {
    return {skipped("no SELinux here")};
  }
  if (enforce != "1") {
    return {pass("permissive")};
  }
  // "1 1": now, and after what is pending.
  const std::string value = host.line(folder + "/booleans/container_use_devices");
  if (value.starts_with('1')) {
    return {pass("enforcing, and containers may use devices")};
  }
  const bool labelled =
      !host.program("podman").empty() || !host.program("crio").empty() || docker_uses_selinux(host);
  const std::string found =
      value.empty() ? "SELinux enforces, and its policy has no container_use_devices: containers "
                      "that are labelled cannot open devices"
                    : "SELinux enforces, and container_use_devices is off: containers that are "
                      "labelled cannot open devices";
  const std::string remedy = value.empty()
                                 ? "dnf install container-selinux; until then run containers with "
                                   "--security-opt label=disable"
                                 : "setsebool -P container_use_devices=true";
  return {labelled ? failure(found, remedy) : warning(found, remedy)};
}

}  // namespace xpu::doctor
