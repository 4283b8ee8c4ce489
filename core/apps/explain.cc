// SPDX-License-Identifier: Apache-2.0
#include "core/apps/explain.h"

#include <boost/json.hpp>

#include "core/base/error.h"
#include "core/catalog/grammar.h"
#include "core/catalog/limits.h"
#include "core/log/format.h"
#include "core/start/mode.h"
#include "core/start/start.h"

namespace xpu {
namespace {

namespace bj = boost::json;

// One line of the diff: what goes ('-'), comes ('+') or is written before the start ('~').
struct Change {
  char sign;
  std::string section;  // "linux.devices", "mounts", "rootfs", ...
  std::string text;
  std::string why;
};

std::string rule_text(const Node& node) {
  return cat("allow ", node.type, " ", node.major, ":", node.minor, " rw");
}

void add_devices(const Spec& spec, const Plan& plan, std::vector<Change>* out) {
  for (const PlannedDevice& device : plan.devices) {
    for (const SpecDevice& old : spec.devices) {
      if (old.path == device.node.container_path) {
        out->push_back({'-', "linux.devices",
                        cat(old.path, " ", old.type, " ", old.major, ":", old.minor), ""});
      }
    }
    out->push_back({'+', "linux.devices",
                    cat(device.node.container_path, " ", device.node.type, " ", device.node.major,
                        ":", device.node.minor, " mode 0666"),
                    device.why});
  }
  if (spec.all_devices_allowed) {
    return;  // the engine's own rules cover every node
  }
  for (const PlannedDevice& device : plan.devices) {
    out->push_back({'+', "linux.resources.devices", rule_text(device.node), device.why});
  }
  for (const Node& node : plan.device_rules) {
    out->push_back({'+', "linux.resources.devices", rule_text(node), "device mounted below"});
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
  std::string out = bj::serialize(bj::string(content));
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

std::vector<Change> changes_of(const Spec& spec, const Decision& decision) {
  std::vector<Change> out;
  add_devices(spec, decision.plan, &out);
  add_mounts(spec, decision.plan, &out);
  add_env(spec, decision.plan, &out);
  add_rootfs(decision.plan, &out);
  add_generated(decision.plan, &out);
  return out;
}

std::string request_text(const Request& request) {
  if (request.wish) {
    return request.wish->source;
  }
  std::string value = request.kind == RequestKind::kDriversOnly ? "none" : "";
  for (const Selector& selector : request.selectors) {
    value += (value.empty() ? "" : ",") + selector.text;
  }
  return cat(request.variable, "=", value);
}

std::string selection_text(const Selection& selection) {
  std::string out;
  for (const SelectedBackend& selected : selection.backends) {
    std::string devices, capabilities, features;
    for (const std::string& device : selected.devices) {
      devices += (devices.empty() ? "" : ", ") + device;
    }
    for (const std::string& capability : selected.capabilities) {
      capabilities += (capabilities.empty() ? "" : ", ") + capability;
    }
    for (const SelectedFeature& feature : selected.features) {
      features += cat("; feature ", feature.name);
      for (const std::string& item : feature.items) {
        features += cat(&item == &feature.items.front() ? " " : ",", item);
      }
    }
    out += cat("Selected:  ", devices.empty() ? "drivers only" : devices, "  (backend ",
               selected.backend, "; ", capabilities.empty() ? "no capability" : capabilities,
               features, ")\n");
  }
  return out;
}

// What the image needs of the backends that give devices, and whether that was checked; a device
// that does not meet it has ended in an error before.
struct Check {
  std::string variable, text;
  std::string skipped_by;  // "" when it was checked and is met
};

std::vector<Check> checks_of(const Decision& decision, const Config& config) {
  std::vector<Check> out;
  for (const SelectedBackend& selected : decision.selection.backends) {
    for (const RequirementRequest& asked : decision.request.requirements) {
      if (asked.backend == selected.backend && !selected.devices.empty()) {
        out.push_back(
            {asked.variable, asked.text,
             config.disable_require ? cat("disable-require of ", config.file) : asked.disabled_by});
      }
    }
  }
  return out;
}

std::string checks_text(const std::vector<Check>& checks) {
  std::string out;
  for (const Check& check : checks) {
    out += cat(
        "Requires:  ", log::printable(check.text), "  (", log::printable(check.variable), "; ",
        check.skipped_by.empty() ? "met" : cat("not checked: ", log::printable(check.skipped_by)),
        ")\n");
  }
  return out;
}

std::string warnings_text(const std::vector<std::string>& warnings) {
  std::string out;
  for (const std::string& warning : warnings) {
    out += cat("\nWarning: ", log::printable(warning));
  }
  return out.empty() ? out : out + "\n";
}

// Of the request, of what was looked at, of the selection and of the plan.
std::vector<std::string> all_warnings(const Request& request, const Decision& decision) {
  std::vector<std::string> out = request.warnings;
  for (const std::vector<std::string>* more :
       {&decision.warnings, &decision.selection.warnings, &decision.plan.warnings}) {
    out.insert(out.end(), more->begin(), more->end());
  }
  return out;
}

std::string as_text(const Request& request, const Spec& spec, const Decision& decision,
                    const Config& config) {
  std::string out = cat(
      "Request:   ", log::printable(request_text(request)), "\n",
      "Source:    ", to_string(request.source), decision.exclusive ? "; exclusive\n" : "; shared\n",
      selection_text(decision.selection), checks_text(checks_of(decision, config)));
  std::string section;
  for (const Change& change : changes_of(spec, decision)) {
    if (change.section != section) {
      section = change.section;
      out += cat("\n", section, "\n");
    }
    out += cat("  ", change.sign, " ", log::printable(change.text),
               change.why.empty() ? "" : cat("    # ", change.why), "\n");
  }
  for (const std::string& note : request.notes) {
    out += cat("\nNote: ", log::printable(note));
  }
  for (const std::string& note : decision.plan.notes) {
    out += cat("\nNote: ", log::printable(note));
  }
  out += out.back() == '\n' ? "" : "\n";
  return cat(out, warnings_text(all_warnings(request, decision)));
}

bj::array lines(const std::vector<std::string>& items) {
  return bj::array(items.begin(), items.end());
}

bj::array features_json(const Selection& selection) {
  bj::array out;
  for (const SelectedBackend& selected : selection.backends) {
    for (const SelectedFeature& feature : selected.features) {
      out.push_back(bj::object{
          {"backend", selected.backend}, {"name", feature.name}, {"items", lines(feature.items)}});
    }
  }
  return out;
}

bj::array checks_json(const std::vector<Check>& checks) {
  bj::array out;
  for (const Check& check : checks) {
    out.push_back(bj::object{{"variable", check.variable},
                             {"text", check.text},
                             {"met", check.skipped_by.empty()},
                             {"skipped_by", check.skipped_by}});
  }
  return out;
}

std::string as_json(const Request& request, const Spec* spec, const Decision* decision,
                    const Config& config) {
  bj::object out{{"request", request.variable.empty() ? "" : request_text(request)},
                 {"asks", request.kind != RequestKind::kNone}};
  bj::array devices, changes;
  if (decision != nullptr) {
    for (const SelectedBackend& selected : decision->selection.backends) {
      devices.insert(devices.end(), selected.devices.begin(), selected.devices.end());
    }
    for (const Change& change : changes_of(*spec, *decision)) {
      changes.push_back(bj::object{{"op", std::string(1, change.sign)},
                                   {"section", change.section},
                                   {"text", change.text},
                                   {"why", change.why}});
    }
    out["features"] = features_json(decision->selection);
    out["requirements"] = checks_json(checks_of(*decision, config));
    out["notes"] = lines(decision->plan.notes);
    out["warnings"] = lines(all_warnings(request, *decision));
  }
  out["devices"] = std::move(devices);
  out["changes"] = std::move(changes);
  return bj::serialize(out) + "\n";
}

}  // namespace

std::string mode_of_host(const Config& config, const std::vector<BackendStatus>& backends) {
  return to_string(mode_of(config, {}, backends));
}

std::string explain(const Config& config, const std::string& bundle_dir, bool json) {
  const Asked asked = read_asked(config, bundle_dir, "");
  const Request request = read_request(asked, config);
  if (request.kind == RequestKind::kNone) {
    return json ? as_json(request, nullptr, nullptr, config)
                : cat(request.variable.empty()
                          ? std::string("This container asks for no accelerator")
                          : cat(request.variable, " asks for no accelerator"),
                      "; config.json stays as it is.\n", warnings_text(request.warnings));
  }
  Bundle bundle(bundle_dir, "");
  const Records records(config.state_dir);
  const Start start{config, asked, request, bundle, {"explain", "explain"}};
  const std::optional<Decision> decision =
      decide(start, records.state_folder(start.name.runtime_root, start.name.id));
  if (!decision) {
    return json ? as_json(request, nullptr, nullptr, config)
                : cat("Request:   ", log::printable(request_text(request)),
                      "\nNothing can be given; config.json stays as it is.\n");
  }
  return json ? as_json(request, asked.spec.get(), &*decision, config)
              : as_text(request, *asked.spec, *decision, config);
}

}  // namespace xpu
