// SPDX-License-Identifier: Apache-2.0
// Running containers that lost a device, or will. systemd sets the device rules of a unit anew at
// every daemon-reload, from what it was told; what the low-level runtime could not tell it, because
// a link in /dev/char was missing, is gone then.
#include <algorithm>

#include "core/base/error.h"
#include "core/doctor/checks.h"
#include "core/engine/restart.h"
#include "core/record/cgroup.h"

namespace xpu::doctor {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    out.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

bool covers(std::string_view pattern, std::uint32_t number) {
  return pattern == "*" || pattern == text_of(number);
}

// Whether rights such as "rwm" let a container open the node as it was given it.
bool suffice(std::string_view rights, const Node& node) {
  const std::string access = access_of(node);
  return (!may(access, 'r') || rights.find('r') != rights.npos) &&
         (!may(access, 'w') || rights.find('w') != rights.npos);
}

// A line of devices.list, "c 195:* rwm", is about the node and lets a container open it.
bool allows(const std::string& line, const Node& node) {
  const std::size_t colon = line.find(':');
  const std::size_t space = colon == line.npos ? colon : line.find(' ', colon);
  if (line.size() < 3 || space == line.npos || (line[0] != 'a' && line[0] != node.type)) {
    return false;
  }
  const std::string_view text = line;
  const std::string_view rights = text.substr(space + 1);
  return covers(text.substr(2, colon - 2), node.major) &&
         covers(text.substr(colon + 1, space - colon - 1), node.minor) && suffice(rights, node);
}

std::string title(const Record& record) {
  return record.origin.name.empty() ? record.id.substr(0, 12) : record.origin.name;
}

std::string paths_of(const std::vector<Node>& nodes) {
  std::string out;
  for (const Node& node : nodes) {
    out += cat(out.empty() ? "" : ", ", node.host_path);
  }
  return out;
}

// Those of the container's nodes for which `allowed` does not hold.
template <class Allowed>
std::vector<Node> denied(const Record& record, Allowed allowed) {
  std::vector<Node> out;
  std::copy_if(record.nodes.begin(), record.nodes.end(), std::back_inserter(out),
               [&](const Node& node) {
                 // One that nobody is to open needs no rule.
                 const std::string access = access_of(node);
                 return (may(access, 'r') || may(access, 'w')) && !allowed(node);
               });
  return out;
}

// What systemd is told of a unit's devices.
struct Unit {
  bool limited = false;
  std::vector<std::string> allow;  // "/dev/char/195:0 rwm", "char-136 rwm", "char-* m"
};

void read_unit(const std::string& text, Unit& unit) {
  constexpr std::string_view kPolicy = "DevicePolicy=", kAllow = "DeviceAllow=";
  for (const std::string& line : lines_of(text)) {
    if (line.starts_with(kPolicy)) {
      unit.limited |= line.substr(kPolicy.size()) != "auto";
    } else if (line == kAllow) {
      unit.allow.clear();
    } else if (line.starts_with(kAllow)) {
      unit.limited = true;
      unit.allow.push_back(line.substr(kAllow.size()));
    }
  }
}

Unit unit_called(const Host& host, const std::string& name) {
  Unit out;
  for (const std::string folder : {"/run/systemd/transient/", "/run/systemd/system.control/"}) {
    read_unit(host.line(folder + name), out);
    for (const std::string& file : host.list(cat(folder, name, ".d"))) {
      read_unit(host.line(cat(folder, name, ".d/", file)), out);
    }
  }
  return out;
}

bool allows(const Unit& unit, const Node& node) {
  const std::string kind = node.type == 'b' ? "block" : "char";
  return !unit.limited ||
         std::any_of(unit.allow.begin(), unit.allow.end(), [&](const std::string& line) {
           const std::size_t space = std::min(line.find(' '), line.size());
           const std::string what = line.substr(0, space);
           const std::string rights = line.substr(space);
           return suffice(rights, node) &&
                  (what == cat("/dev/", kind, '/', node.major, ':', node.minor) ||
                   what == node.host_path || what == cat(kind, "-*") ||
                   what == cat(kind, '-', node.major));
         });
}

// "docker-1234.scope" of "/system.slice/docker-1234.scope/init"; "" for none.
std::string scope_in(const std::string& cgroup) {
  const std::size_t end = cgroup.find(".scope");
  if (end == cgroup.npos) {
    return "";
  }
  const std::size_t begin = cgroup.rfind('/', end);
  return cgroup.substr(begin + 1, end + 6 - begin - 1);
}

}  // namespace

Findings check_container_devices(const Host& host) {
  if (!host.records_problem.empty()) {
    fail(host.records_problem);
  }
  Findings out;
  std::size_t looked_at = 0, unreadable = 0, unified = 0;
  for (const Record& record : host.records) {
    const int pid = record.nodes.empty() ? 0 : init_process(host.root, record);
    if (pid == 0) {
      continue;
    }
    const std::string cgroup = cgroup_of(host.root, pid, "devices");
    const std::string list =
        cgroup.empty() ? "" : host.line(cat("/sys/fs/cgroup/devices", cgroup, "/devices.list"));
    if (list.empty()) {
      ++(cgroup.empty() ? unified : unreadable);
      continue;
    }
    ++looked_at;
    const std::vector<std::string> rules = lines_of(list);
    const std::vector<Node> lost = denied(record, [&](const Node& node) {
      return std::any_of(rules.begin(), rules.end(),
                         [&](const std::string& rule) { return allows(rule, node); });
    });
    if (!lost.empty()) {
      out.push_back(failure(cat("the container ", title(record), " may no longer open ",
                                paths_of(lost), ", which it was given"),
                            restart_of(record)));
    }
  }
  if (out.empty() && looked_at > 0) {
    out.push_back(
        pass(cat(looked_at, looked_at == 1 ? " container" : " containers", " looked at")));
  }
  if (out.empty() && unreadable > 0) {
    out.push_back(skipped("the device rules of the containers cannot be read here"));
  } else if (out.empty()) {
    out.push_back(skipped(unified > 0 ? "the kernel does not show device rules of cgroup v2; see "
                                        "container-units"
                                      : "no container with devices runs"));
  }
  return out;
}

Findings check_container_units(const Host& host) {
  if (!host.records_problem.empty()) {
    fail(host.records_problem);
  }
  Findings out;
  std::size_t looked_at = 0;
  for (const Record& record : host.records) {
    const int pid = record.nodes.empty() ? 0 : init_process(host.root, record);
    if (pid == 0) {
      continue;
    }
    std::string scope = scope_in(cgroup_of(host.root, pid, ""));
    scope = scope.empty() ? scope_in(cgroup_of(host.root, pid, "name=systemd")) : scope;
    if (scope.empty()) {
      continue;
    }
    ++looked_at;
    const Unit unit = unit_called(host, scope);
    const std::vector<Node> lost =
        denied(record, [&](const Node& node) { return allows(unit, node); });
    if (!lost.empty()) {
      out.push_back(
          failure(cat("systemd does not know that the container ", title(record), " may open ",
                      paths_of(lost), ": it loses them at the next systemctl daemon-reload"),
                  cat("xpu-runtime doctor --fix && ", restart_of(record))));
    }
  }
  if (out.empty()) {
    out.push_back(looked_at > 0 ? pass(cat(looked_at, looked_at == 1 ? " unit" : " units",
                                           " of containers looked at"))
                                : skipped("no container with devices runs in a unit of systemd"));
  }
  return out;
}

}  // namespace xpu::doctor
