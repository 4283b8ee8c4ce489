// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdlib>
#include <map>

#include "core/base/contains.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/host.h"
#include "core/base/path.h"
#include "core/choose/load.h"
#include "core/figures/figures.h"
#include "core/log/log.h"
#include "core/select/candidates.h"
#include "core/select/qualified.h"
#include "core/spec/apply.h"
#include "core/start/concern.h"
#include "core/start/cpus.h"
#include "core/start/mode.h"
#include "core/start/start.h"

namespace xpu {
namespace {

constexpr std::size_t kLargestConfig = 16u << 20;

std::string rootfs_path(const Spec& spec, const Bundle& bundle) {
  if (spec.root_path.empty()) {
    fail(bundle.file(), ": root.path is missing, so there is no file system to bring drivers into");
  }
  return spec.root_path.front() == '/' ? spec.root_path : cat(bundle.dir(), "/", spec.root_path);
}

std::string path_of_config(const std::string& bundle, const std::string& config_file) {
  if (!config_file.empty()) {
    return config_file;
  }
  return bundle.empty() ? "config.json" : cat(bundle, "/config.json");
}

// What Slurm gave to the step that starts the container, from our own environment: a container's
// could say anything.
std::string slurm_devices() {
  if (std::getenv("SLURM_JOB_ID") == nullptr) {
    return "";
  }
  for (const char* const name : {"SLURM_STEP_GPUS", "SLURM_JOB_GPUS"}) {
    if (const char* const value = std::getenv(name); value != nullptr && *value != '\0') {
      return value;
    }
  }
  return "";
}

void read_spec(Asked& asked, const std::string& path) {
  asked.spec = std::make_unique<Spec>(*asked.text, path);
  asked.said.env = asked.spec->env();
  try {
    asked.spec->load();
  } catch (const Error& error) {
    asked.problem = error.what();
    return;
  }
  asked.said.annotations = asked.spec->annotations;
  for (const SpecMount& mount : asked.spec->mounts) {
    if (mount.source == "/dev/null") {
      asked.said.null_mounts.push_back(mount.destination);
    }
  }
  // Without a user namespace of its own a container may still be in ours.
  asked.said.privileged = asked.spec->process_administers_host && !in_user_namespace();
}

std::vector<std::string> ready_names(const std::vector<BackendStatus>& backends) {
  std::vector<std::string> out;
  for (const BackendStatus& backend : backends) {
    if (backend.state == BackendState::kReady) {
      out.push_back(backend.found.manifest.name);
    }
  }
  return out;
}

}  // namespace

Asked read_asked(const Config& config, const std::string& bundle, const std::string& config_file) {
  const std::string path = path_of_config(bundle, config_file);
  Asked asked;
  asked.said.slurm_devices = slurm_devices();
  asked.text = std::make_unique<const std::string>(
      has_journal(path) ? Bundle(bundle, config_file).pristine() : read_file(path, kLargestConfig));
  const Concern concern(*asked.text, config, !asked.said.slurm_devices.empty());
  asked.found =
      find_backends(config, [&](std::string_view manifest) { return concern.with(manifest); });
  if (concern.can_ask(asked.found)) {
    read_spec(asked, path);
  } else {
    asked.text.reset();
  }
  return asked;
}

Request read_request(const Asked& asked, const Config& config) {
  Request request = parse_request(asked.said, asked.found, config, known_variables_file());
  if (request.kind != RequestKind::kNone && !asked.problem.empty()) {
    fail(asked.problem);
  }
  check_mode(config, request);
  return request;
}

std::vector<VendorHook> vendor_hooks(const Asked& asked, const Request& request,
                                     const Selection& selection) {
  const auto served = [&](const std::string& backend) {
    return std::any_of(selection.backends.begin(), selection.backends.end(),
                       [&](const SelectedBackend& one) { return one.backend == backend; });
  };
  const auto decided = [&](const std::string& backend) {
    return contains(request.claimed_by, backend) || contains(request.overruled, backend);
  };
  const bool denied = !request.passed_over.empty() || !request.takes_vendor_variables;
  std::vector<std::string> names = {std::string(kOwnHook)};
  std::map<std::string, const char*> why = {
      {std::string(kOwnHook), "the runtime itself does what it is for"}};
  for (const FoundBackend& found : asked.found) {
    const std::string& backend = found.manifest.name;
    const bool serves = served(backend);
    // A vendor whose backend is off may be left to its own hook.
    if (!found.enabled || (!serves && !decided(backend) && !denied)) {
      continue;
    }
    for (const std::string& name : found.manifest.hooks) {
      names.push_back(name);
      const char*& reason = why[name];
      reason = serves                                 ? "its request is served"
               : reason != nullptr                    ? reason
               : denied                               ? "policy does not accept its request"
               : contains(request.overruled, backend) ? "its request does not count"
                                                      : "its request is decided here";
    }
  }
  std::vector<VendorHook> out = vendor_hooks(*asked.spec, names);
  for (VendorHook& hook : out) {
    hook.why = why[file_name_of(hook.path)];
  }
  return out;
}

bool takes_hooks_alone(const Request& request) {
  return !request.passed_over.empty() || !request.overruled.empty();
}

void take_back(const Asked& asked, const Request& request, const std::string& bundle,
               const std::string& config_file, bool sync) {
  const std::vector<VendorHook> hooks = takes_hooks_alone(request) && asked.spec != nullptr
                                            ? vendor_hooks(asked, request, {})
                                            : std::vector<VendorHook>();
  if (!hooks.empty()) {
    Bundle edited(bundle, config_file);
    refuse_changed(edited, asked);
    edited.write(splices(*asked.spec, {}, hooks), sync);
  } else if (has_journal(path_of_config(bundle, config_file))) {
    Bundle(bundle, config_file).write({}, sync);
  }
}

void refuse_changed(const Bundle& bundle, const Asked& asked) {
  if (bundle.pristine() != *asked.text) {
    fail(bundle.file(), " was changed while it was being read; start the container again");
  }
}

Decision look(const Config& config, const std::vector<FoundBackend>& found, const Request& request,
              const ContainerName& name, const std::string& cpus) {
  Decision decision;
  decision.request = request;
  if (const auto needed = backends_needed(request, found, config)) {
    decision.backends = load_backends(config, found, *needed, Freshness::kCacheIfValid);
  }
  Situation& situation = decision.situation;
  situation.policy = policy_of(config);
  situation.runtime_root = name.runtime_root;
  situation.id = name.id;
  if (request.kind != RequestKind::kDevices) {
    return decision;
  }
  situation.marks = health_marks(config.state_dir);
  resolve_names(decision.request, decision.backends, config);
  situation.figures = figures_of(config, decision.backends, &decision.warnings);
  if (request.wish || situation.policy.max_devices > 0) {
    situation.currency = situation.figures.usual_currency();
    situation.load =
        fresh_load(config.state_dir, ready_names(decision.backends), config.load_max_age_s);
    if (request.numa_local || strategy_of(request, config) == Strategy::kNumaLocal) {
      situation.numa_nodes = numa_nodes_of(cpus, "/sys/devices/system/node");
    }
  }
  return decision;
}

void choose_devices(const Config& config, const Selection* recorded, Decision& decision) {
  if (recorded != nullptr) {
    check_recorded(*recorded, decision.request, decision.backends, config, decision.situation);
    decision.selection = *recorded;
  } else {
    decision.selection = select(decision.request, decision.backends, config, decision.situation);
  }
  check_mode(config, decision.selection, decision.backends);
  const Judge judge(decision.request, decision.backends, config, decision.situation);
  decision.exclusive = judge.exclusive();
  for (const Device* device : devices_held(decision.selection, decision.backends)) {
    decision.held.push_back(judge.held_device(*device));
  }
}

void make_plan(const Start& start, const std::string& state_folder, Decision& decision) {
  const Spec& spec = *start.asked.spec;
  decision.edits = edits(decision.selection, decision.backends);
  decision.rootfs = std::make_unique<Rootfs>(rootfs_path(spec, start.bundle));
  decision.view = std::make_unique<ContainerView>(spec, *decision.rootfs, start.bundle.dir());
  decision.facts = gather_facts(spec, *decision.view, state_folder);
  decision.plan = make_plan(decision.edits, spec, *decision.view, decision.facts);
  decision.facts.ld_cache.reset();  // the text of the new configuration takes its memory
  decision.hooks = vendor_hooks(start.asked, decision.request, decision.selection);
  decision.splices = splices(spec, decision.plan, decision.hooks);
}

}  // namespace xpu
