// SPDX-License-Identifier: Apache-2.0
#include "core/apps/explain_sources.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/request/claims.h"
#include "core/request/environment.h"
#include "core/request/mounts.h"
#include "core/request/settings.h"

namespace xpu {
namespace {

constexpr std::size_t kShown = 120;

std::string shortened(std::string text) {
  if (text.size() > kShown) {
    text.resize(kShown);
    text += "...";
  }
  return text;
}

// "environment = "never" (/etc/...:3)"
std::string row_text(const std::string& key, const Config& config) {
  for (const PolicyRow& row : policy_rows(config)) {
    if (row.key == key) {
      return cat("[policy] ", key, " = \"", row.value, "\" (", row.why, ")");
    }
  }
  return cat("[policy] ", key);
}

class Rows {
 public:
  Rows(const Config& config, const Request* request) : config_(config), request_(request) {}

  // `nothing`: it says that no device is wanted.
  void add(RequestSource source, const std::string& says, bool nothing = false,
           const std::string& disabled = "") {
    SourceRow row;
    row.source = source;
    row.says = shortened(says);
    if (request_ != nullptr) {
      judge(row, nothing, disabled);
    }
    rows_.push_back(std::move(row));
  }
  std::vector<SourceRow> take() { return std::move(rows_); }

 private:
  void judge(SourceRow& row, bool nothing, const std::string& disabled) const {
    const auto passed =
        std::find_if(request_->passed_over.begin(), request_->passed_over.end(),
                     [&](const PassedOver& one) { return one.source == row.source; });
    if (nothing) {
      row.verdict = "says that nothing is wanted";
    } else if (!disabled.empty()) {
      row.verdict = cat("the backend ", disabled, " is not enabled");
    } else if (request_->kind != RequestKind::kNone && request_->source == row.source) {
      row.verdict = "in force";
      row.in_force = true;
    } else if (passed != request_->passed_over.end()) {
      row.rule = passed->rule;
      row.verdict = cat("does not count: ", row_text(row.rule, config_),
                        request_->privileged ? "" : ", and the container is not privileged");
    } else if (request_->kind != RequestKind::kNone) {
      row.verdict = cat(request_->variable, " goes before it");
    } else {
      row.verdict = "does not count: another says that nothing is wanted";
    }
  }

  const Config& config_;
  const Request* request_;
  std::vector<SourceRow> rows_;
};

void add_settings(const Settings& settings, RequestSource source, Rows& rows) {
  const Setting* const list = settings.find(Word::kVisibleDevices);
  const std::vector<const Setting*> asking = settings.asking();
  if (list != nullptr && std::find(asking.begin(), asking.end(), list) == asking.end()) {
    rows.add(source, list->text(), true);
  }
  for (const Setting* setting : asking) {
    rows.add(source, setting->text(), setting == list && !asks(setting->value));
  }
}

// The name of the one backend that would serve it, where that is switched off.
std::string disabled_backend(const Source& source, const std::vector<FoundBackend>& found) {
  for (const std::string& name : source.claimed_by) {
    const auto backend = std::find_if(found.begin(), found.end(), [&](const FoundBackend& one) {
      return one.manifest.name == name;
    });
    if (backend == found.end() || backend->enabled) {
      return "";
    }
  }
  return source.claimed_by.empty() ? "" : source.claimed_by.front();
}

}  // namespace

const char* source_name(RequestSource source) {
  switch (source) {
    case RequestSource::kVendorVariable:
      return "vendor's variable";
    case RequestSource::kMounts:
      return "volume mount";
    case RequestSource::kAnnotations:
      return "annotation";
    case RequestSource::kSlurm:
      return "Slurm";
    case RequestSource::kEnvironment:
      return "variable";
    case RequestSource::kDefault:
      return "default request";
    default:
      break;
  }
  return to_string(source);
}

std::vector<SourceRow> source_rows(const Said& said, const std::vector<FoundBackend>& found,
                                   const Config& config, const Request* request) {
  Rows rows(config, request);
  const Annotated annotated = settings_in_annotations(said);
  add_settings(annotated.settings, RequestSource::kAnnotations, rows);
  if (!annotated.unknown.empty()) {
    rows.add(RequestSource::kAnnotations, annotated.unknown);
  }
  for (const Source& mount : device_mounts(said.null_mounts, found)) {
    rows.add(RequestSource::kMounts, mount.variable, false, disabled_backend(mount, found));
  }
  if (!said.slurm_devices.empty()) {
    rows.add(RequestSource::kSlurm, cat("devices ", said.slurm_devices));
  }
  const Environment env(said.env);
  add_settings(settings_in_environment(env, config), RequestSource::kEnvironment, rows);
  for (const Source& source : claimed_sources(env, found)) {
    rows.add(RequestSource::kVendorVariable, cat(source.variable, "=", source.value),
             !asks(source.value), disabled_backend(source, found));
  }
  if (policy_of(config).default_request_auto) {
    rows.add(RequestSource::kDefault, "default-request = \"auto\"");
  }
  return rows.take();
}

}  // namespace xpu
