// SPDX-License-Identifier: Apache-2.0
#include <ctime>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/log/log.h"
#include "core/plan/number_links.h"
#include "core/start/start.h"

namespace xpu {
namespace {

constexpr const char* kStateInBundle = ".xpu-state";

// One hash that changes when any catalog of the selection does.
std::string generation(const Decision& decision) {
  std::uint64_t hash = fnv1a("");
  for (const SelectedBackend& selected : decision.selection.backends) {
    for (const BackendStatus& status : decision.backends) {
      if (status.found.manifest.name == selected.backend) {
        for (const Condition& condition : status.catalog.conditions) {
          hash = fnv1a(condition.path, hash);
          hash = fnv1a(condition.expected, hash);
        }
      }
    }
  }
  return hex64(hash);
}

Record make_record(const Decision& decision, const Bundle& bundle, const ContainerName& name,
                   const std::string& after) {
  Record record;
  record.id = name.id;
  record.runtime_root = name.runtime_root;
  record.bundle = bundle.dir();
  record.request = decision.request.variable;
  for (const Selector& selector : decision.request.selectors) {
    record.request += (&selector == &decision.request.selectors.front() ? "=" : ",");
    record.request += selector.text;
  }
  record.selection = decision.selection;
  for (const Wanted<Node>& wanted : decision.edits.nodes) {
    record.nodes.push_back(wanted.item);
  }
  record.creator = this_process();
  record.config_before = hex64(fnv1a(bundle.pristine()));
  record.config_after = hex64(fnv1a(after));
  record.catalog_generation = generation(decision);
  record.created_unix = static_cast<std::int64_t>(std::time(nullptr));
  return record;
}

// Without the links the container works until systemd reloads: worth a warning, not its start.
void link_numbers(const Plan& plan) {
  try {
    make_number_links(plan, "/dev");
  } catch (const Error& error) {
    log::warn(cat("the container may lose its devices when systemd reloads: ", error.what()));
  }
}

std::optional<Decision> decide_for(const Start& start, const std::string& state_folder) {
  return decide(start.config, start.found, start.request, start.bundle, state_folder,
                start.recorded);
}

void write_record(const Start& start, const Decision& decision) {
  try {
    start.records.write(make_record(decision, start.bundle, start.name,
                                    json::apply(start.bundle.pristine(), decision.splices)));
  } catch (const Error& error) {
    log::warn(cat("the container starts, but is not recorded: ", error.what()));
  }
}

// False where the state folder cannot be written, as on a full or read-only /run.
bool make_state(const Decision& decision) {
  try {
    prepare_state(decision.plan, decision.facts.state_dir);
    return true;
  } catch (const Error& error) {
    log::warn(cat("generated files go into the bundle: ", error.what()));
    return false;
  }
}

}  // namespace

void serve(const Start& start) {
  const std::string state = start.records.state_folder(start.name.runtime_root, start.name.id);
  std::optional<Decision> decision = decide_for(start, state);
  if (!decision) {
    start.bundle.write({}, start.sync);
    return;
  }
  write_record(start, *decision);
  try {
    if (!make_state(*decision)) {
      decision = decide_for(start, cat(start.bundle.dir(), "/", kStateInBundle));
      prepare_state(decision->plan, decision->facts.state_dir);
    }
    prepare_rootfs(decision->plan, *decision->rootfs, decision->facts);
    start.bundle.write(decision->splices, start.sync);
  } catch (const Error&) {
    if (start.recorded == nullptr) {  // a restore can be tried again
      start.records.remove(start.name.runtime_root, start.name.id);
    }
    throw;
  }
  for (const std::string& warning : decision->warnings) {
    log::warn(warning);
  }
  for (const std::string& note : decision->plan.notes) {
    log::debug(note);
  }
  if (start.systemd_cgroup && decision->facts.caller_is_root &&
      !decision->facts.caller_in_user_namespace) {
    link_numbers(decision->plan);
  }
  start.records.sweep(4);
}

}  // namespace xpu
