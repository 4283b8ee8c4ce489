// SPDX-License-Identifier: Apache-2.0
#include "core/apps/explain_report.h"

#include <algorithm>
#include <boost/json.hpp>

#include "core/apps/json_array.h"
#include "core/apps/table.h"
#include "core/base/ascii.h"
#include "core/base/error.h"
#include "core/log/format.h"
#include "core/policy/policy.h"

namespace xpu {
namespace {

namespace bj = boost::json;

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
std::vector<std::string> all_warnings(const ExplainReport& report) {
  std::vector<std::string> out =
      report.request ? report.request->warnings : std::vector<std::string>();
  if (report.decision) {
    for (const std::vector<std::string>* more :
         {&report.decision->warnings, &report.decision->selection.warnings,
          &report.decision->plan.warnings}) {
      out.insert(out.end(), more->begin(), more->end());
    }
  }
  return out;
}

bool asks(const ExplainReport& report) {
  return report.request && report.request->kind != RequestKind::kNone;
}

// The rows of policy that the request depended on; empty keys where there is none.
std::vector<PolicyRow> rules_of(const ExplainReport& report) {
  const std::string source = to_string(report.request->source);
  std::vector<PolicyRow> out;
  for (const PolicyRow& row : policy_rows(report.config)) {
    const bool features =
        row.key == "features" && report.decision && !report.request->features.empty();
    if (row.key == source || features || (row.key == "default-sharing" && report.decision)) {
      out.push_back(row);
    }
  }
  return out;
}

std::string facts_text(const ExplainSubject& subject) {
  std::string out;
  for (const auto& [name, value] : subject.facts) {
    std::string head = name + ":";
    head.resize(std::max<std::size_t>(head.size() + 1, 11), ' ');
    out += cat(head, log::printable(value), "\n");
  }
  return out;
}

// Where nothing is given.
std::string_view fate_of_config(const ExplainReport& report) {
  return report.hooks.empty() ? "config.json stays as it is."
                              : "config.json only loses hooks of vendors.";
}

std::string request_lines(const ExplainReport& report) {
  const Request& request = *report.request;
  const bool decided = report.decision.has_value();
  std::string out = cat("Request:   ", log::printable(request_text(request)), "\n",
                        "Source:    ", to_string(request.source),
                        !decided                     ? ""
                        : report.decision->exclusive ? "; exclusive"
                                                     : "; shared",
                        "\n");
  out += report.mode.empty() ? "" : cat("Mode:      ", report.mode, "\n");
  for (const PolicyRow& row : rules_of(report)) {
    out += cat("Policy:    ", row.key, " = ", row.value, "  (", row.why, ")\n");
  }
  if (decided) {
    out += selection_text(report.decision->selection);
    out += checks_text(checks_of(*report.decision, report.config));
    if (report.error.empty() && report.decision->selection.empty()) {
      out += cat("Nothing can be given; ", fate_of_config(report), "\n");
    }
  }
  return out;
}

std::string nothing_line(const ExplainReport& report) {
  const Request& request = *report.request;
  return cat(request.variable.empty() ? std::string("This container asks for no accelerator")
                                      : cat(request.variable, " asks for no accelerator"),
             "; ", fate_of_config(report), "\n");
}

std::string sources_text(const ExplainReport& report) {
  if (report.sources.empty()) {
    return "";
  }
  Table table({"", "SOURCE", "SAYS", "VERDICT"});
  for (const SourceRow& row : report.sources) {
    table.row({row.in_force ? "*" : "", source_name(row.source), log::printable(row.says),
               row.verdict.empty() ? "-" : log::printable(row.verdict)});
  }
  return cat("\n", table.text());
}

std::vector<Change> changes_in(const ExplainReport& report) {
  return report.planned ? changes_of(*report.spec, *report.decision) : changes_of(report.hooks);
}

std::string changes_text(const ExplainReport& report) {
  std::string out, section;
  for (const Change& change : changes_in(report)) {
    if (change.section != section) {
      section = change.section;
      out += cat("\n", section, "\n");
    }
    out += cat("  ", change.sign, " ", log::printable(change.text),
               change.why.empty() ? "" : cat("    # ", change.why), "\n");
  }
  return out;
}

std::string notes_text(const ExplainReport& report) {
  std::string out;
  for (const std::string& note : report.request->notes) {
    out += cat("\nNote: ", log::printable(note));
  }
  for (const std::string& note :
       report.decision ? report.decision->plan.notes : std::vector<std::string>()) {
    out += cat("\nNote: ", log::printable(note));
  }
  if (report.spec == nullptr && report.decision) {
    out += "\nNote: without a root file system nothing can be said about mounts and files";
  }
  return out.empty() ? out : out + "\n";
}

bj::array features_json(const Selection& selection) {
  bj::array out;
  for (const SelectedBackend& selected : selection.backends) {
    for (const SelectedFeature& feature : selected.features) {
      out.push_back(bj::object{{"backend", selected.backend},
                               {"name", feature.name},
                               {"items", strings(feature.items)}});
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

bj::array changes_json(const ExplainReport& report) {
  bj::array out;
  for (const Change& change : changes_in(report)) {
    out.push_back(bj::object{{"op", std::string(1, change.sign)},
                             {"section", change.section},
                             {"text", log::printable(change.text)},
                             {"why", change.why}});
  }
  return out;
}

bj::array sources_json(const ExplainReport& report) {
  bj::array out;
  for (const SourceRow& row : report.sources) {
    out.push_back(bj::object{{"source", to_string(row.source)},
                             {"kind", source_name(row.source)},
                             {"says", log::printable(row.says)},
                             {"in_force", row.in_force},
                             {"verdict", log::printable(row.verdict)},
                             {"rule", row.rule}});
  }
  return out;
}

bj::array policy_json(const ExplainReport& report) {
  bj::array out;
  for (const PolicyRow& row : asks(report) ? rules_of(report) : std::vector<PolicyRow>()) {
    out.push_back(bj::object{{"rule", row.key}, {"value", row.value}, {"why", row.why}});
  }
  return out;
}

bj::object facts_json(const ExplainSubject& subject) {
  bj::object out;
  for (const auto& [name, value] : subject.facts) {
    std::string key = to_lower(name);
    std::replace(key.begin(), key.end(), ' ', '_');
    out[key] = log::printable(value);
  }
  return out;
}

void add_decision(const ExplainReport& report, bj::object& out) {
  const Decision& decision = *report.decision;
  bj::array devices;
  for (const SelectedBackend& selected : decision.selection.backends) {
    devices.insert(devices.end(), selected.devices.begin(), selected.devices.end());
  }
  out["devices"] = std::move(devices);
  out["exclusive"] = decision.exclusive;
  out["features"] = features_json(decision.selection);
  out["requirements"] = checks_json(checks_of(decision, report.config));
  out["notes"] = strings(decision.plan.notes);
}

}  // namespace

std::string summary_of(const ExplainReport& report) {
  if (!report.request) {
    return facts_text(report.subject);
  }
  return facts_text(report.subject) + (asks(report) ? request_lines(report) : nothing_line(report));
}

std::string text_of(const ExplainReport& report) {
  std::string out = cat(summary_of(report), sources_text(report));
  if (!asks(report)) {
    return cat(out, changes_text(report), warnings_text(all_warnings(report)));
  }
  if (report.candidates) {
    out += cat("\n", candidates_text(*report.candidates));
  }
  return cat(out, changes_text(report), notes_text(report), warnings_text(all_warnings(report)));
}

std::string json_of(const ExplainReport& report) {
  bj::object out{
      {"request",
       report.request && !report.request->variable.empty() ? request_text(*report.request) : ""},
      {"asks", asks(report)},
      {"error", report.error},
      {"source", report.request ? to_string(report.request->source) : ""},
      {"mode", report.mode.substr(0, report.mode.find(' '))},
      {"mode_configured", report.config.mode},
      {"subject", facts_json(report.subject)},
      {"policy", policy_json(report)},
      {"sources", sources_json(report)},
      {"candidates", report.candidates ? candidates_json(*report.candidates) : bj::array()},
      {"warnings", strings(all_warnings(report))},
      {"devices", bj::array()},
      {"changes", changes_json(report)}};
  if (report.decision) {
    add_decision(report, out);
  }
  return bj::serialize(out) + "\n";
}

}  // namespace xpu
