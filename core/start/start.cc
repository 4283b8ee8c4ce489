// SPDX-License-Identifier: Apache-2.0
#include "core/start/start.h"

#include <ctime>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/log/log.h"
#include "core/spec/apply.h"

namespace xpu {
namespace {

constexpr std::size_t kLargestConfig = 16u << 20;

std::string rootfs_path(const Spec& spec, const Bundle& bundle) {
  if (spec.root_path.empty()) {
    fail(bundle.file(), ": root.path is missing, so there is no file system to bring drivers into");
  }
  return spec.root_path.front() == '/' ? spec.root_path : cat(bundle.dir(), "/", spec.root_path);
}

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

}  // namespace

Request read_request(const std::string& config_file, const std::vector<FoundBackend>& found) {
  const std::string text = read_file(config_file, kLargestConfig);
  const Spec spec(text, config_file);
  return parse_request(spec.env(), found, cat(installation().data_dir, "/known-variables.toml"));
}

std::optional<Decision> decide(const Config& config, const std::vector<FoundBackend>& found,
                               const Request& request, const Bundle& bundle,
                               const std::string& state_folder, const Selection* recorded) {
  Decision decision;
  decision.request = request;
  decision.backends =
      load_backends(config, found, backends_needed(request), Freshness::kCacheIfValid);
  decision.selection = recorded != nullptr ? *recorded : select(request, decision.backends, config);
  decision.warnings = decision.selection.warnings;
  if (decision.selection.empty()) {
    for (const std::string& warning : decision.warnings) {
      log::warn(warning);
    }
    return std::nullopt;
  }
  decision.edits = edits(decision.selection, decision.backends);
  decision.spec = std::make_unique<Spec>(bundle.pristine(), bundle.file());
  decision.spec->load();
  decision.rootfs = std::make_unique<Rootfs>(rootfs_path(*decision.spec, bundle));
  decision.view = std::make_unique<ContainerView>(*decision.spec, *decision.rootfs, bundle.dir());
  decision.facts = gather_facts(*decision.spec, *decision.view, state_folder);
  decision.plan = make_plan(decision.edits, *decision.spec, *decision.view, decision.facts);
  decision.splices = splices(*decision.spec, decision.plan);
  decision.warnings.insert(decision.warnings.end(), decision.plan.warnings.begin(),
                           decision.plan.warnings.end());
  return decision;
}

void carry_out(const Decision& decision, Bundle& bundle, Records& records,
               const ContainerName& name, bool sync) {
  prepare_state(decision.plan, decision.facts.state_dir);
  prepare_rootfs(decision.plan, *decision.rootfs, decision.facts);
  const std::string after = bundle.write(decision.splices, sync);
  try {
    records.write(make_record(decision, bundle, name, after));
  } catch (const Error& error) {
    log::warn(cat("the container starts, but is not recorded: ", error.what()));
  }
  records.sweep(4);
}

}  // namespace xpu
