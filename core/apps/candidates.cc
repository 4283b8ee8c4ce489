// SPDX-License-Identifier: Apache-2.0
#include "core/apps/candidates.h"

#include <algorithm>

#include "core/apps/table.h"
#include "core/base/error.h"
#include "core/choose/score.h"
#include "core/log/format.h"

namespace xpu {
namespace {

namespace bj = boost::json;

// The rule too where policy is why.
std::string verdict_text(const Judgement& verdict) {
  return cat(log::printable(verdict.text),
             verdict.rule.empty() ? "" : cat(" ([policy] ", verdict.rule, ")"));
}

const char* word_of(Judgement::Kind kind) {
  switch (kind) {
    case Judgement::Kind::kFree:
      return "free";
    case Judgement::Kind::kPolicy:
      return "denied";
    case Judgement::Kind::kUnavailable:
      return "unavailable";
    case Judgement::Kind::kUnfit:
      return "unfit";
    case Judgement::Kind::kHeld:
      break;
  }
  return "held";
}

std::string figure_text(const Figures& figures, const std::string& id, bool price) {
  const Figure* const figure = figures.find(id);
  if (figure == nullptr) {
    return "unknown";
  }
  if (price) {
    return figure->price ? cat(money_text(*figure->price), " ", figure->currency) : "unknown";
  }
  return figure->performance ? number_text(*figure->performance) : "unknown";
}

bj::object candidate_object(const Candidates& candidates, const Considered& one,
                            const Judge& judge) {
  const Device& device = *one.device;
  const Situation& situation = candidates.decision.situation;
  const Candidate candidate = candidate_of(device, situation, judge);
  const Figure* const figure = situation.figures.find(device.id);
  bj::object out{
      {"id", device.id},
      {"vendor", device.vendor},
      {"model", device.name},
      {"memory_bytes", device.memory_bytes},
      {"holders", candidate.holders},
      {"local", candidate.local},
      {"score", score_text(candidate, strategy_of(candidates.decision.request, candidates.config))},
      {"verdict", word_of(one.verdict.kind)},
      {"why", one.verdict.text},
      {"rule", one.verdict.rule},
      {"chosen", candidates.is_chosen(device)},
      {"performance_tflops", nullptr},
      {"price_per_hour", nullptr},
      {"currency", nullptr}};
  if (candidate.performance) {
    out["performance_tflops"] = *candidate.performance;
    out["performance_source"] = figure->performance_source;
  }
  if (candidate.price) {
    out["price_per_hour"] = static_cast<double>(*candidate.price) / 1e6;
    out["currency"] = figure->currency;
    out["price_source"] = figure->price_source;
  }
  if (candidate.utilisation) {
    out["utilisation_percent"] = *candidate.utilisation;
  }
  if (candidate.memory_free) {
    out["memory_free_bytes"] = *candidate.memory_free;
  }
  return out;
}

}  // namespace

bool Candidates::is_chosen(const Device& device) const {
  return std::find(chosen.begin(), chosen.end(), device.id) != chosen.end();
}

Candidates candidates_of(const Decision& decision, const Config& config) {
  return {decision,
          config,
          consider(decision.request, decision.backends, config, decision.situation),
          {}};
}

void mark_chosen(const Decision& decision, Candidates& candidates) {
  for (const HeldDevice& held : decision.held) {
    candidates.chosen.push_back(held.id);
  }
}

std::string candidates_text(const Candidates& candidates) {
  const Decision& decision = candidates.decision;
  const Strategy strategy = strategy_of(decision.request, candidates.config);
  Table table(
      {"", "DEVICE", "MODEL", "MEMORY", "TFLOPS", "PRICE/H", "HELD BY", "SCORE", "VERDICT"});
  const Judge judge(decision.request, decision.backends, candidates.config, decision.situation);
  for (const Considered& one : candidates.considered) {
    const Device& device = *one.device;
    const Candidate candidate = candidate_of(device, decision.situation, judge);
    const bool chosen = candidates.is_chosen(device);
    table.row({chosen ? "*" : "", device.id, log::printable(device.name),
               memory_text(device.memory_bytes),
               figure_text(decision.situation.figures, device.id, false),
               figure_text(decision.situation.figures, device.id, true),
               std::to_string(candidate.holders), score_text(candidate, strategy),
               chosen                                       ? "chosen"
               : one.verdict.kind == Judgement::Kind::kFree ? "free"
                                                            : verdict_text(one.verdict)});
  }
  return candidates.considered.empty() ? "No device to choose from.\n" : table.text();
}

bj::array candidates_json(const Candidates& candidates) {
  const Decision& decision = candidates.decision;
  const Judge judge(decision.request, decision.backends, candidates.config, decision.situation);
  bj::array out;
  for (const Considered& one : candidates.considered) {
    out.push_back(candidate_object(candidates, one, judge));
  }
  return out;
}

}  // namespace xpu
