// SPDX-License-Identifier: Apache-2.0
#include "core/apps/validate.h"

#include <algorithm>
#include <boost/json.hpp>

#include "core/apps/explain.h"
#include "core/apps/program_output.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/log/format.h"
#include "core/oci/check_bundle.h"

namespace xpu {
namespace {

namespace bj = boost::json;

// Which low-level runtime's rules count.
struct Reader {
  BundleTaker taker = Taker::kAny;
  std::string path;     // "" for none
  std::string problem;  // why there is none
};

// nullopt where it does not say.
std::optional<TakerVersion> version_of(const std::string& program) {
  try {
    return taker_version(output_of({program, "--version"}, 5).out);
  } catch (const Error&) {
    return std::nullopt;
  }
}

Reader reader_of(const Config& config) {
  Reader out;
  try {
    out.path = find_low_level_runtime(config);
  } catch (const Error& error) {
    out.problem = error.what();
    return out;
  }
  const std::string name = out.path.substr(out.path.rfind('/') + 1);
  const Taker taker = name.find("crun") != name.npos   ? Taker::kCrun
                      : name.find("runc") != name.npos ? Taker::kRunc
                                                       : Taker::kAny;
  out.taker = {taker, taker == Taker::kAny ? std::nullopt : version_of(out.path)};
  return out;
}

std::size_t count(const std::vector<Finding>& findings, Severity severity) {
  return static_cast<std::size_t>(
      std::count_if(findings.begin(), findings.end(),
                    [&](const Finding& finding) { return finding.severity == severity; }));
}

std::string number_of(std::size_t number, const char* what) {
  return cat(number, " ", what, number == 1 ? "" : "s");
}

std::string taker_name(const Reader& reader) {
  return reader.path.empty() ? "low-level runtimes take" : cat(reader.path, " takes");
}

std::string as_text(const std::vector<Finding>& findings, const Reader& reader,
                    const std::string& file, const ExplainAnswer& start) {
  std::string out;
  for (const Finding& finding : findings) {
    std::string head = to_string(finding.severity);
    head.resize(9, ' ');
    out += cat(head, finding.place.empty() ? "" : cat(log::printable(finding.place), ": "),
               log::printable(finding.text), "\n");
  }
  const std::size_t errors = count(findings, Severity::kError);
  out += cat(out.empty() ? "" : "\n", file, errors == 0 ? ": a bundle that " : ": no bundle that ",
             taker_name(reader), " (", number_of(errors, "error"), ", ",
             number_of(count(findings, Severity::kWarning), "warning"), ")\n");
  if (!start.summary.empty()) {
    out += cat("\nWhat a start would do:\n", start.summary);
  }
  return out;
}

std::string as_json(const std::vector<Finding>& findings, const Reader& reader,
                    const std::string& bundle, const ExplainAnswer& start) {
  bj::array list;
  for (const Finding& finding : findings) {
    list.push_back(bj::object{{"severity", to_string(finding.severity)},
                              {"path", log::printable(finding.place)},
                              {"text", log::printable(finding.text)}});
  }
  bj::object out{{"bundle", log::printable(bundle)},
                 {"valid", count(findings, Severity::kError) == 0},
                 {"low_level_runtime", reader.path},
                 {"findings", std::move(list)},
                 {"start", nullptr}};
  if (!start.text.empty()) {
    out["start"] = bj::parse(start.text);
  }
  return bj::serialize(out) + "\n";
}

// What the start itself would fail with, which has no place in config.json.
ExplainAnswer start_of(const Config& config, const std::string& bundle, bool json,
                       std::vector<Finding>& findings) {
  ExplainAnswer out;
  try {
    out = explain_bundle(config, bundle, {}, json);
  } catch (const Error& error) {
    out.error = error.what();
  }
  if (!out.error.empty()) {
    findings.push_back({Severity::kError, "", out.error});
  }
  return out;
}

}  // namespace

ValidateAnswer validate_bundle(const Config& config, const std::string& bundle, bool json) {
  const Reader reader = reader_of(config);
  const std::string folder = absolute_path(bundle);
  std::vector<Finding> findings = check_bundle(folder, reader.taker);
  const bool readable = std::none_of(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.severity == Severity::kError &&
           (finding.place.empty() || finding.place.starts_with("line "));
  });
  ExplainAnswer start;
  if (readable) {
    std::vector<Finding> of_start;
    start = start_of(config, folder, json, of_start);
    if (start.edit) {
      findings = check_bundle(folder, *start.edit, reader.taker);
    }
    findings.insert(findings.end(), of_start.begin(), of_start.end());
  }
  if (!reader.problem.empty()) {
    findings.push_back({Severity::kWarning, "", reader.problem});
  }
  return {json ? as_json(findings, reader, folder, start)
               : as_text(findings, reader, log::printable(folder), start),
          count(findings, Severity::kError) == 0};
}

}  // namespace xpu
