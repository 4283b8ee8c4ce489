// SPDX-License-Identifier: Apache-2.0
#include "core/apps/explain.h"

#include "core/apps/explain_report.h"
#include "core/base/error.h"
#include "core/record/ledger.h"
#include "core/spec/apply.h"
#include "core/start/mode.h"

namespace xpu {
namespace {

// What the container is given; `bundle`: null where there is none to plan for.
void decide(const Asked& asked, Bundle* bundle, ExplainReport& report) {
  const Config& config = report.config;
  const Request& request = *report.request;
  report.decision.emplace(look(config, asked.found, request, report.subject.name,
                               asked.spec == nullptr ? "" : asked.spec->cpus));
  Decision& decision = *report.decision;
  decision.situation.holdings = look_at_leases(config.state_dir);
  report.mode = mode_text(config, mode_of(config, request, decision.backends));
  if (request.kind == RequestKind::kDevices) {
    report.candidates.emplace(candidates_of(decision, config));
  }
  choose_devices(config, nullptr, decision);
  if (report.candidates) {
    mark_chosen(decision, *report.candidates);
  }
  if (bundle != nullptr && !decision.selection.empty()) {
    const Records records(config.state_dir);
    const Start start{config, asked, request, *bundle, report.subject.name};
    make_plan(start, records.state_folder(start.name.runtime_root, start.name.id), decision);
    report.planned = true;
  }
}

// As serve() and take_back() take them out.
std::vector<VendorHook> hooks_without_plan(const Asked& asked, const ExplainReport& report) {
  if (report.planned || asked.spec == nullptr ||
      !(report.decision || takes_hooks_alone(*report.request))) {
    return {};
  }
  return vendor_hooks(asked, *report.request,
                      report.decision ? report.decision->selection : Selection{});
}

// As serve() and take_back() would write it.
StartEdit edit_of(const Asked& asked, const Bundle& bundle, const ExplainReport& report) {
  StartEdit out;
  out.before = bundle.pristine();
  if (report.planned) {
    out.splices = report.decision->splices;
    out.coming = report.decision->facts.state_dir;
    for (const PlannedRootfsWrite& write : report.decision->plan.rootfs) {
      out.written.push_back(write.path);
    }
  } else if (!report.hooks.empty()) {
    out.splices = splices(*asked.spec, {}, report.hooks);
  }
  return out;
}

ExplainAnswer answer_of(const Asked& asked, Bundle* bundle, ExplainReport report, bool json) {
  report.spec = asked.spec.get();
  std::optional<StartEdit> edit;
  try {
    report.request = read_request(asked, report.config);
    if (report.request->kind != RequestKind::kNone) {
      decide(asked, bundle, report);
    }
    if (bundle != nullptr) {
      report.hooks = hooks_without_plan(asked, report);
      edit = edit_of(asked, *bundle, report);
    }
  } catch (const Error& error) {
    report.error = error.what();
  }
  report.sources = source_rows(asked.said, asked.found, report.config,
                               report.request ? &*report.request : nullptr);
  return {json ? json_of(report) : text_of(report), summary_of(report), report.error,
          std::move(edit)};
}

ExplainReport report_of(const Config& config, const ExplainSubject& subject) {
  return {config, subject, {}, {}, {}, {}, nullptr, false, {}, "", ""};
}

}  // namespace

ExplainAnswer explain_bundle(const Config& config, const std::string& bundle_dir,
                             const ExplainSubject& subject, bool json) {
  const Asked asked = read_asked(config, bundle_dir, "");
  Bundle bundle(bundle_dir, "");
  return answer_of(asked, &bundle, report_of(config, subject), json);
}

ExplainAnswer explain_said(const Config& config, Said said, const ExplainSubject& subject,
                           bool json) {
  Asked asked;
  asked.found = find_backends(config);
  asked.said = std::move(said);
  return answer_of(asked, nullptr, report_of(config, subject), json);
}

}  // namespace xpu
