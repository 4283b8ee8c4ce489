// SPDX-License-Identifier: Apache-2.0
// Verdicts for people and for programs.
#include <boost/json.hpp>
#include <cstdio>
#include <map>

#include "core/plugin_host/verify.h"

namespace xpu {
namespace {

namespace bj = boost::json;

std::string row(const char* mark, const ObligationResult& judgement) {
  char head[40];
  std::snprintf(head, sizeof head, "  %-6s  %-15s  ", mark, id_of(judgement.obligation).c_str());
  return cat(head, title(judgement.obligation), "\n");
}

// What was not judged because of something else, by the reason.
using Skipped = std::map<std::string, std::string>;

std::string skipped_text(const Skipped& skipped) {
  std::string out;
  for (const auto& [why, numbers] : skipped) {
    out += cat("  -       not judged, ", why, ":", numbers, "\n");
  }
  return out;
}

std::string verdict_text(const BackendVerdict& verdict) {
  std::string out = cat(verdict.manifest.empty() ? verdict.library : verdict.manifest, "\n");
  int counts[3] = {};
  Skipped skipped;
  for (const ObligationResult& judgement : verdict.judgements) {
    ++counts[judgement.result];
    switch (judgement.result) {
      case ObligationResult::kPassed:
        out += row("ok", judgement);
        break;
      case ObligationResult::kNotJudged:
        for (const std::string& text : judgement.texts) {
          skipped[text] += cat(" ", static_cast<int>(judgement.obligation));
        }
        break;
      case ObligationResult::kFailed:
        out += row("FAILED", judgement);
        for (const std::string& text : judgement.texts) {
          out += cat("            found:  ", text, "\n");
        }
        out += cat("            change: ", advice(judgement.obligation), "\n");
        break;
    }
  }
  out += skipped_text(skipped);
  if (!verdict.state.empty()) {
    out += cat("state: ", verdict.state, verdict.reason.empty() ? "" : cat(": ", verdict.reason),
               verdict.state == "ready"
                   ? cat(", ", verdict.devices, verdict.devices == 1 ? " device" : " devices")
                   : "",
               "\n");
  }
  return cat(out, counts[ObligationResult::kPassed], " ok, ", counts[ObligationResult::kFailed],
             " failed, ", counts[ObligationResult::kNotJudged], " not judged\n");
}

bj::object judgement_object(const ObligationResult& judgement) {
  static const char* const kResults[] = {"passed", "failed", "not-judged"};
  bj::object out = {{"id", id_of(judgement.obligation)},
                    {"title", title(judgement.obligation)},
                    {"result", kResults[judgement.result]},
                    {"texts", bj::array(judgement.texts.begin(), judgement.texts.end())}};
  if (judgement.result == ObligationResult::kFailed) {
    out["change"] = advice(judgement.obligation);
  }
  return out;
}

}  // namespace

std::string verdicts_text(const std::vector<BackendVerdict>& verdicts) {
  std::string out;
  for (const BackendVerdict& verdict : verdicts) {
    out += cat(out.empty() ? "" : "\n", verdict_text(verdict));
  }
  return out;
}

std::string verdicts_json(const std::vector<BackendVerdict>& verdicts) {
  bj::array list;
  for (const BackendVerdict& verdict : verdicts) {
    bj::array obligations;
    for (const ObligationResult& judgement : verdict.judgements) {
      obligations.push_back(judgement_object(judgement));
    }
    list.push_back(bj::object{{"manifest", verdict.manifest},
                              {"library", verdict.library},
                              {"name", verdict.name},
                              {"passed", verdict.passed()},
                              {"state", verdict.state},
                              {"reason", verdict.reason},
                              {"devices", verdict.devices},
                              {"obligations", std::move(obligations)}});
  }
  return bj::serialize(bj::object{{"backends", std::move(list)}}) + "\n";
}

}  // namespace xpu
