// SPDX-License-Identifier: Apache-2.0
#include "core/apps/explain_diff.h"

#include <boost/json.hpp>
#include <cstdio>

#include "core/base/error.h"
#include "core/catalog/grammar.h"
#include "core/catalog/limits.h"

namespace xpu {
namespace {

std::string rule_text(const Node& node) {
  return cat("allow ", node.type, " ", node.major, ":", node.minor, " ",
             node.terms == nullptr ? "rw" : node.terms->access);
}

std::string octal(std::uint32_t mode) {
  char out[16];
  std::snprintf(out, sizeof(out), "%04o", mode);
  return out;
}

std::string device_text(const Node& node) {
  const std::string begin =
      node.type == 'p' ? cat(node.container_path, " named pipe")
                       : cat(node.container_path, " ", node.type, " ", node.major, ":", node.minor);
  const NodeTerms standard;
  const NodeTerms& terms = node.terms == nullptr ? standard : *node.terms;
  const std::uint32_t uid = terms.uid.value_or(0), gid = terms.gid.value_or(0);
  return cat(begin, " mode ", octal(terms.mode.value_or(0666)),
             uid == 0 && gid == 0 ? "" : cat(" owner ", uid, ":", gid));
}

bool has_rule(const Node& node) {
  return node.terms == nullptr || !node.terms->access.empty();
}

void add_devices(const Spec& spec, const Plan& plan, std::vector<Change>* out) {
  for (const PlannedDevice& device : plan.devices) {
    for (const SpecDevice& old : spec.devices) {
      if (old.path == device.node.container_path) {
        out->push_back({'-', "linux.devices",
                        cat(old.path, " ", old.type, " ", old.major, ":", old.minor), ""});
      }
    }
    out->push_back({'+', "linux.devices", device_text(device.node), device.why});
  }
  if (spec.all_devices_allowed) {
    return;  // the engine's own rules cover every node
  }
  for (const PlannedDevice& device : plan.devices) {
    if (has_rule(device.node)) {
      out->push_back({'+', "linux.resources.devices", rule_text(device.node), device.why});
    }
  }
  for (const Node& node : plan.device_rules) {
    if (has_rule(node)) {
      out->push_back({'+', "linux.resources.devices", rule_text(node), "device mounted below"});
    }
  }
}

void add_mounts(const Spec& spec, const Plan& plan, std::vector<Change>* out) {
  for (const PlannedMount& mount : plan.mounts) {
    for (const SpecMount& old : spec.mounts) {
      if (old.destination == mount.destination) {
        out->push_back({'-', "mounts", cat(old.destination, " <- ", old.source), ""});
      }
    }
    std::string options = mount.type == "bind" ? "" : mount.type;
    for (const std::string& option : mount.options) {
      options += (options.empty() ? "" : ",") + option;
    }
    out->push_back({'+', "mounts", cat(mount.destination, " <- ", mount.source, " (", options, ")"),
                    mount.why});
  }
}

void add_env(const Spec& spec, const Plan& plan, std::vector<Change>* out) {
  for (const PlannedEnv& env : plan.env) {
    for (const std::string& old : spec.env()) {
      if (old.rfind(env.name + "=", 0) == 0) {
        out->push_back({'-', "process.env", old, ""});
      }
    }
    out->push_back({'+', "process.env", cat(env.name, "=", env.value), env.why});
  }
}

void add_rootfs(const Plan& plan, std::vector<Change>* out) {
  for (const PlannedRootfsWrite& write : plan.rootfs) {
    switch (write.kind) {
      case PlannedRootfsWrite::Kind::kFile:
        out->push_back(
            {'~', "rootfs", cat(write.path, " (", write.content.size(), " bytes)"), write.why});
        break;
      case PlannedRootfsWrite::Kind::kSymlink:
        out->push_back({'~', "rootfs", cat(write.path, " -> ", write.content), write.why});
        break;
    }
  }
}

// The beginning of a file's content as a person may read it; "" for one that is no text.
std::string shown(const std::string& content) {
  constexpr std::size_t kShown = 200;
  if (!grammar::is_file_text(content, limits::kFileText)) {
    return "";
  }
  std::string out = boost::json::serialize(boost::json::string(content));
  if (out.size() > kShown) {
    out.resize(kShown);
    return cat(": ", out, "...");
  }
  return cat(": ", out);
}

// Files that are made for this container and mounted into it.
void add_generated(const Plan& plan, std::vector<Change>* out) {
  for (const PlannedState& item : plan.state) {
    for (const PlannedMount& mount : plan.mounts) {
      if (item.kind == PlannedState::Kind::kFile && mount.source.ends_with("/" + item.path)) {
        out->push_back(
            {'~', "generated files",
             cat(mount.destination, " (", item.content.size(), " bytes)", shown(item.content)),
             mount.why});
      }
    }
  }
}

void add_hooks(const std::vector<VendorHook>& hooks, std::vector<Change>* out) {
  for (const VendorHook& hook : hooks) {
    out->push_back({'-', "hooks", cat(hook.phase, "[", hook.index, "] ", hook.path), hook.why});
  }
}

// What only CDI files bring.
void add_cdi(const Plan& plan, std::vector<Change>* out) {
  for (const PlannedGid& planned : plan.gids) {
    out->push_back({'+', "process.user.additionalGids", std::to_string(planned.gid), planned.why});
  }
  for (const PlannedNetDevice& planned : plan.net_devices) {
    out->push_back({'+', "linux.netDevices",
                    cat(planned.device.host_name, " as ", planned.device.name), planned.why});
  }
  if (plan.rdt) {
    out->push_back({'+', "linux.intelRdt", cat("class ", plan.rdt->clos_id), ""});
  }
  for (const PlannedHook& planned : plan.hooks) {
    std::string text = planned.hook.path;
    for (std::size_t i = 1; i < planned.hook.args.size(); ++i) {
      text += cat(" ", planned.hook.args[i]);
    }
    out->push_back({'+', cat("hooks.", planned.hook.name), text, planned.why});
  }
}

}  // namespace

std::vector<Change> changes_of(const Spec& spec, const Decision& decision) {
  std::vector<Change> out;
  add_devices(spec, decision.plan, &out);
  add_mounts(spec, decision.plan, &out);
  add_env(spec, decision.plan, &out);
  add_rootfs(decision.plan, &out);
  add_generated(decision.plan, &out);
  add_hooks(decision.hooks, &out);
  add_cdi(decision.plan, &out);
  return out;
}

std::vector<Change> changes_of(const std::vector<VendorHook>& hooks) {
  std::vector<Change> out;
  add_hooks(hooks, &out);
  return out;
}

}  // namespace xpu
