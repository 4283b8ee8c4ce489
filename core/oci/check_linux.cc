// SPDX-License-Identifier: Apache-2.0
// linux, but for its resources and its system call filter.
#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "core/base/file.h"
#include "core/oci/check.h"

namespace xpu::check {
namespace {

constexpr std::size_t kSmallFile = 65536;

constexpr std::string_view kNamespaces[] = {"mount", "pid",  "network", "uts",
                                            "ipc",   "user", "cgroup",  "time"};
constexpr std::string_view kPropagations[] = {
    "", "private", "slave", "shared", "unbindable", "rprivate", "rslave", "rshared", "runbindable"};
// Kept per IPC namespace by the kernel.
constexpr std::string_view kIpcSettings[] = {
    "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem",
    "kernel.shmall", "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced"};

template <class Words>
bool is_among(const Words& words, std::string_view word) {
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

void check_namespace_path(const Place& entry, const Host& host, Findings& out) {
  const std::optional<std::string> path = entry.text("path");
  if (!path || path->empty()) {
    return;
  }
  if (path->front() != '/') {
    out.add(Refuses::kBoth, entry.path_of("path"), quoted(*path), " is not an absolute path");
    return;
  }
  if (!host.look) {
    return;
  }
  const Look found = look_at(*path), own = look_at("/proc/self/ns/mnt");
  if (found.known && !found.there) {
    out.add(Refuses::kBoth, entry.path_of("path"), quoted(*path), " does not exist on this host");
  } else if (found.there && own.there && found.status.st_dev != own.status.st_dev) {
    out.add(Refuses::kBoth, entry.path_of("path"), quoted(*path), " is no namespace");
  }
}

void check_namespaces(const Place& part, const Host& host, Findings& out) {
  std::set<std::string> seen;
  for (const Place& entry : part.elements("namespaces")) {
    const std::string type = entry.text("type").value_or("");
    if (!is_among(kNamespaces, type)) {
      out.add(Refuses::kBoth, entry.path_of("type"), type.empty() ? "is missing" : quoted(type),
              type.empty() ? "" : " is no namespace that is known");
    } else if (!seen.insert(type).second) {
      out.add(Refuses::kRunc, entry.path(), "the namespace ", quoted(type), " is there twice");
    } else if (type == "time") {
      out.add_before({{1, 2, 0}, {1, 9, 0}}, entry.path(),
                     "time namespaces are refused by runc before 1.2 and crun before 1.9");
    }
    check_namespace_path(entry, host, out);
  }
}

void check_mapping(const Place& part, std::string_view key, Findings& out) {
  const std::vector<Place> mappings = part.elements(key);
  bool has_root = false;
  for (const Place& mapping : mappings) {
    has_root = has_root || (mapping.integer("containerID").value_or(0) == 0 &&
                            mapping.integer("size").value_or(0) > 0);
    if (mapping.integer("size").value_or(0) == 0) {
      out.add(Refuses::kBoth, mapping.path_of("size"), "is missing or 0, so nothing is mapped");
    }
  }
  if (mappings.empty()) {
    out.add(Refuses::kBoth, part.path_of(key),
            "is missing or empty, and a new user namespace needs it");
  } else if (!has_root) {
    out.add(Refuses::kBoth, part.path_of(key), "has no entry for 0 in the container");
  }
}

void check_mappings(const Place& part, Findings& out) {
  const std::vector<Place> all = part.elements("namespaces");
  const auto user = std::find_if(all.begin(), all.end(),
                                 [](const Place& entry) { return entry.text("type") == "user"; });
  for (const std::string_view key : {"uidMappings", "gidMappings"}) {
    if (user == all.end()) {
      if (!part.elements(key).empty()) {
        out.add(Refuses::kNobody, part.path_of(key),
                "has no effect without a namespace of the type \"user\"");
      }
    } else if (user->text("path").value_or("").empty()) {
      check_mapping(part, key, out);
    }
  }
}

// Numbers of drivers in /proc/devices, "1 mem", of characters first.
std::map<char, std::set<std::int64_t>> drivers_of_host() {
  std::map<char, std::set<std::int64_t>> out;
  const std::string text = read_file_if_present("/proc/devices", kSmallFile).value_or("");
  char type = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    if (line.starts_with("Character") || line.starts_with("Block")) {
      type = line[0] == 'B' ? 'b' : 'c';
    } else if (!line.empty()) {
      out[type].insert(std::atoll(line.c_str()));
    }
    at = end + 1;
  }
  return out;
}

class DeviceChecker {
 public:
  DeviceChecker(const Host& host, Findings& out) : out_(out) {
    if (host.look) {
      drivers_ = drivers_of_host();
    }
  }

  void check(const Place& device) {
    const std::string path = device.text("path").value_or("");
    if (!path.empty() && path.front() != '/') {
      out_.add(Refuses::kCrun, device.path_of("path"), quoted(path), " is not an absolute path");
    } else if (!path.empty() && !paths_.insert(path).second) {
      out_.add(Refuses::kNobody, device.path_of("path"), quoted(path), " is there twice");
    }
    if (device.integer("fileMode").value_or(0) > 07777) {
      out_.add(Refuses::kCrun, device.path_of("fileMode"), *device.integer("fileMode"),
               " is no mode; it is written in decimal digits");
    }
    check_type(device);
  }

 private:
  void check_type(const Place& device) {
    const std::string type = device.text("type").value_or("");
    if (type.empty()) {
      out_.add(Refuses::kBoth, device.path_of("type"), "is missing; it is c, b, u or p");
    } else if (type != "c" && type != "b" && type != "u" && type != "p") {
      out_.add(Refuses::kRunc, device.path_of("type"), quoted(type),
               " is no type of device: c, b, u or p");
    } else if (type != "p") {
      check_numbers(device, type == "b" ? 'b' : 'c');
    }
  }

  void check_numbers(const Place& device, char type) {
    for (const std::string_view key : {"major", "minor"}) {
      if (device.integer(key).value_or(0) < 0) {
        out_.add(Refuses::kBoth, device.path_of(key), *device.integer(key),
                 " is no number of a device");
        return;
      }
    }
    const std::int64_t major = device.integer("major").value_or(0);
    if (!drivers_.empty() && drivers_[type].count(major) == 0) {
      out_.add(Refuses::kNobody, device.path_of("major"), "no driver of this host has the number ",
               major, " for ", type == 'b' ? "block" : "character", " devices now");
    }
  }

  Findings& out_;
  std::map<char, std::set<std::int64_t>> drivers_;
  std::set<std::string> paths_;
};

// "net/ipv4/conf/eth0.1/mtu" is "net.ipv4.conf.eth0/1.mtu".
std::string with_dots(std::string key) {
  const std::size_t first = key.find_first_of("./");
  if (first != key.npos && key[first] == '/') {
    for (char& c : key) {
      c = c == '/' ? '.' : c == '.' ? '/' : c;
    }
  }
  return key;
}

std::string file_of(std::string key) {
  for (char& c : key) {
    c = c == '.' ? '/' : c == '/' ? '.' : c;
  }
  return cat("/proc/sys/", key);
}

// Of linux.namespaces: what the settings of a container are judged by.
class SettingChecker {
 public:
  SettingChecker(const Place& part, const Host& host, Findings& out) : host_(host), out_(out) {
    for (const Place& entry : part.elements("namespaces")) {
      paths_.insert_or_assign(entry.text("type").value_or(""), entry.text("path").value_or(""));
    }
    const std::string network = path_of("network");
    const Look joined = host.look && !network.empty() ? look_at(network) : Look{};
    const Look own = joined.there ? look_at("/proc/self/ns/net") : Look{};
    in_own_network_ = own.there && joined.status.st_dev == own.status.st_dev &&
                      joined.status.st_ino == own.status.st_ino;
  }

  void check(const Place& setting, const std::string& key) {
    if (is_among(kIpcSettings, key) || key.starts_with("fs.mqueue.")) {
      needs(setting, key, "ipc");
    } else if (key.starts_with("net.")) {
      needs(setting, key, "network");
    } else if (key == "kernel.domainname") {
      needs(setting, key, "uts");
    } else if (key == "kernel.hostname") {
      out_.add(Refuses::kBoth, setting.path(), "is what the key hostname is for");
    } else {
      out_.add(Refuses::kBoth, setting.path(),
               "is a setting of the whole host, which a container may not change");
    }
  }

 private:
  std::string path_of(const std::string& type) const {
    const auto found = paths_.find(type);
    return found == paths_.end() ? "" : found->second;
  }

  void needs(const Place& setting, const std::string& key, const std::string& type) {
    if (paths_.count(type) == 0) {
      out_.add(Refuses::kBoth, setting.path(), "needs a namespace of the type ", quoted(type),
               "; the host's own may not be changed");
      return;
    }
    if (type == "network" && in_own_network_) {
      out_.add(Refuses::kRunc, setting.path(), "needs a network of its own, and ",
               quoted(path_of(type)), " is the host's");
      return;
    }
    // Another's may have interfaces, and with them settings, that nobody else has.
    const bool of_another = !path_of(type).empty();
    const Look found = host_.look && !of_another ? look_at(file_of(key)) : Look{false, false, {}};
    if (found.known && !found.there) {
      out_.add(Refuses::kBoth, setting.path(), "the kernel has no such setting (", file_of(key),
               ")");
    }
  }

  const Host& host_;
  Findings& out_;
  std::map<std::string, std::string> paths_;  // by type
  bool in_own_network_ = false;
};

void check_words(const Place& document, const Place& part, const Host& host, Findings& out) {
  const std::string propagation = part.text("rootfsPropagation").value_or("");
  if (!is_among(kPropagations, propagation)) {
    out.add(Refuses::kRunc, part.path_of("rootfsPropagation"), quoted(propagation),
            " is none of private, slave, shared and unbindable");
  }
  for (const std::string_view key : {"maskedPaths", "readonlyPaths"}) {
    const std::vector<Place> paths = part.elements(key);
    if (!paths.empty() && !has_namespace(document, "mount")) {
      out.add(Refuses::kRunc, part.path_of(key), "needs a namespace of the type \"mount\"");
    }
    for (const Place& path : paths) {
      if (!path.text().value_or("/").starts_with('/')) {
        out.add(Refuses::kNobody, path.path(), quoted(*path.text()), " is not an absolute path");
      }
    }
  }
  if (const std::string label = part.text("mountLabel").value_or("");
      host.look && !label.empty() && !look_at("/sys/fs/selinux/enforce").there) {
    out.add(Refuses::kRunc, part.path_of("mountLabel"), quoted(label),
            " cannot be applied: SELinux is not enabled on this host");
  }
  if (const std::optional<Place> personality = part.get("personality")) {
    const std::string domain = personality->text("domain").value_or("");
    if (domain != "LINUX" && domain != "LINUX32") {
      out.add(Refuses::kCrun, personality->path_of("domain"), quoted(domain),
              " is neither LINUX nor LINUX32");
    }
  }
  const std::optional<Place> rdt = part.get("intelRdt");
  if (host.look && rdt && !look_at("/sys/fs/resctrl/schemata").there) {
    for (const std::string_view key : {"l3CacheSchema", "memBwSchema"}) {
      if (!rdt->text(key).value_or("").empty()) {
        out.add(Refuses::kRunc, rdt->path_of(key),
                "cannot be applied: /sys/fs/resctrl is not mounted on this host");
      }
    }
  }
}

void check_cgroups_path(const Place& part, Findings& out) {
  const std::string path = part.text("cgroupsPath").value_or("");
  if (cat('/', path, '/').find("/../") != std::string::npos) {
    out.add(Refuses::kNobody, part.path_of("cgroupsPath"), quoted(path), " has \"..\" in it");
  }
}

}  // namespace

void check_linux(const Place& document, const Host& host, Findings& out) {
  const std::optional<Place> part = document.get("linux");
  if (!part) {
    out.add(Refuses::kCrun, "linux", "is missing; without it there are no namespaces");
    return;
  }
  if (!part->value().is_object()) {
    return;
  }
  check_namespaces(*part, host, out);
  check_mappings(*part, out);
  DeviceChecker devices(host, out);
  for (const Place& device : part->elements("devices")) {
    devices.check(device);
  }
  check_cgroups_path(*part, out);
  check_resources(*part, host, out);
  check_seccomp(*part, host, out);
  SettingChecker settings(*part, host, out);
  for (const auto& [key, setting] : part->entries("sysctl")) {
    settings.check(setting, with_dots(key));
  }
  check_words(document, *part, host, out);
}

}  // namespace xpu::check
