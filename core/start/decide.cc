// SPDX-License-Identifier: Apache-2.0
#include "core/start/start.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/host.h"
#include "core/log/log.h"
#include "core/spec/apply.h"
#include "core/start/concern.h"

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

// Whether the text can hold a variable that asks: its name as it is, or anything behind an escape.
bool can_ask(const std::string& text, const std::vector<FoundBackend>& found) {
  const auto holds = [&](std::string_view name) { return text.find(name) != text.npos; };
  return holds("_VISIBLE_DEVICES") || holds("\\u") ||
         std::any_of(found.begin(), found.end(), [&](const FoundBackend& backend) {
           const std::vector<std::string>& names = backend.manifest.device_variables;
           return std::any_of(names.begin(), names.end(), holds);
         });
}

}  // namespace

Asked read_asked(const Config& config, const std::string& bundle, const std::string& config_file) {
  const std::string path = path_of_config(bundle, config_file);
  const std::string text =
      has_journal(path) ? Bundle(bundle, config_file).pristine() : read_file(path, kLargestConfig);
  const Concern concern(text);
  Asked asked;
  asked.found =
      find_backends(config, [&](std::string_view manifest) { return concern.with(manifest); });
  if (can_ask(text, asked.found)) {
    asked.environment = Spec(text, path).env();
  }
  return asked;
}

Request read_request(const Asked& asked) {
  return parse_request(asked.environment, asked.found, known_variables_file());
}

void take_back(const std::string& bundle, const std::string& config_file, bool sync) {
  if (has_journal(path_of_config(bundle, config_file))) {
    Bundle(bundle, config_file).write({}, sync);
  }
}

std::optional<Decision> decide(const Config& config, const std::vector<FoundBackend>& found,
                               const Request& request, const Bundle& bundle,
                               const std::string& state_folder, const Selection* recorded) {
  Decision decision;
  decision.request = request;
  decision.backends =
      load_backends(config, found, backends_needed(request), Freshness::kCacheIfValid);
  decision.spec = std::make_unique<Spec>(bundle.pristine(), bundle.file());
  decision.spec->load();
  // Without a user namespace of its own a container may still be in ours.
  decision.request.privileged = decision.spec->process_administers_host && !in_user_namespace();
  if (recorded != nullptr) {
    check_recorded(*recorded, decision.request, decision.backends);
    decision.selection = *recorded;
  } else {
    decision.selection = select(decision.request, decision.backends, config);
  }
  decision.warnings = decision.selection.warnings;
  if (decision.selection.empty()) {
    for (const std::string& warning : decision.warnings) {
      log::warn(warning);
    }
    return std::nullopt;
  }
  decision.edits = edits(decision.selection, decision.backends);
  decision.rootfs = std::make_unique<Rootfs>(rootfs_path(*decision.spec, bundle));
  decision.view = std::make_unique<ContainerView>(*decision.spec, *decision.rootfs, bundle.dir());
  decision.facts = gather_facts(*decision.spec, *decision.view, state_folder);
  decision.plan = make_plan(decision.edits, *decision.spec, *decision.view, decision.facts);
  decision.splices = splices(*decision.spec, decision.plan);
  decision.warnings.insert(decision.warnings.end(), decision.plan.warnings.begin(),
                           decision.plan.warnings.end());
  return decision;
}

}  // namespace xpu
