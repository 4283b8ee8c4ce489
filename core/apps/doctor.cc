// SPDX-License-Identifier: Apache-2.0
#include "core/apps/doctor.h"

#include <algorithm>
#include <boost/json.hpp>

#include "core/apps/json_array.h"
#include "core/apps/table.h"
#include "core/base/error.h"
#include "core/log/format.h"

namespace xpu {
namespace {

namespace bj = boost::json;

using doctor::Result;
using doctor::State;

constexpr std::size_t kWidth = 80, kStates = 9;

std::string padded(std::string text, std::size_t width) {
  text.append(width - std::min(characters(text), width), ' ');
  return text;
}

// Breaks between words; a word that is longer than a line has its own.
std::string wrapped(const std::string& text, std::size_t indent) {
  std::string out;
  std::size_t column = indent;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string word = text.substr(at, end - at);
    at = end + 1;
    if (column > indent && column + 1 + characters(word) > kWidth) {
      out += cat('\n', std::string(indent, ' '));
      column = indent;
    }
    out += cat(column > indent ? " " : "", word);
    column += characters(word) + (column > indent ? 1 : 0);
  }
  return out;
}

std::string counted(std::size_t count, const char* one, const char* many) {
  return cat(count, ' ', count == 1 ? one : many);
}

std::size_t count_of(const std::vector<Result>& results, State state) {
  return static_cast<std::size_t>(
      std::count_if(results.begin(), results.end(),
                    [&](const Result& result) { return result.finding.state == state; }));
}

std::string summary(const std::vector<Result>& results) {
  const std::size_t skipped = count_of(results, State::kSkipped);
  return cat(
      counted(count_of(results, State::kPass), "pass", "passes"), ", ",
      counted(count_of(results, State::kWarning), "warning", "warnings"), ", ",
      counted(count_of(results, State::kFailure), "failure", "failures"),
      skipped == 0 ? "" : cat("; ", counted(skipped, "check does", "checks do"), " not apply here"),
      ".\n");
}

std::size_t id_width() {
  std::size_t out = 0;
  for (const doctor::Check& check : doctor::checks()) {
    out = std::max(out, std::string_view(check.id).size());
  }
  return out + 2;
}

}  // namespace

std::string doctor_text(const DoctorView& view) {
  std::string out;
  for (const std::string& line : view.mended.done) {
    out += cat("mended: ", log::printable(line), "\n");
  }
  for (const std::string& line : view.mended.failed) {
    out += cat("not mended: ", log::printable(line), "\n");
  }
  const std::size_t width = id_width(), indent = kStates + width;
  for (const Result& result : view.results) {
    const doctor::Finding& finding = result.finding;
    if (finding.state == State::kSkipped && !view.all) {
      continue;
    }
    out += cat(padded(doctor::to_string(finding.state), kStates), padded(result.check->id, width),
               wrapped(log::printable(finding.found), indent), "\n");
    if (!finding.remedy.empty()) {
      out += cat(std::string(kStates, ' '), "> ", log::printable(finding.remedy), "\n");
    }
  }
  return cat(out, summary(view.results));
}

std::string doctor_json(const DoctorView& view) {
  bj::array checks;
  for (const Result& result : view.results) {
    checks.push_back(bj::object{{"check", result.check->id},
                                {"state", doctor::to_string(result.finding.state)},
                                {"found", result.finding.found},
                                {"remedy", result.finding.remedy}});
  }
  return bj::serialize(bj::object{{"worst", doctor::to_string(doctor::worst(view.results))},
                                  {"checks", std::move(checks)},
                                  {"mended", strings(view.mended.done)},
                                  {"not_mended", strings(view.mended.failed)}}) +
         "\n";
}

std::string doctor_list() {
  Table table({"CHECK", "PASSES WHEN"});
  for (const doctor::Check& check : doctor::checks()) {
    table.row({check.id, check.title});
  }
  return table.text();
}

int doctor_exit_code(const std::vector<Result>& results) {
  switch (doctor::worst(results)) {
    case State::kFailure:
      return 1;
    case State::kWarning:
      return 3;
    default:
      return 0;
  }
}

}  // namespace xpu
