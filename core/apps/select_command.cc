// SPDX-License-Identifier: Apache-2.0
#include "core/apps/select_command.h"

#include <algorithm>
#include <boost/json.hpp>

#include "core/apps/table.h"
#include "core/base/error.h"
#include "core/base/nearest.h"
#include "core/choose/score.h"
#include "core/log/format.h"
#include "core/policy/policy.h"
#include "core/record/ledger.h"
#include "core/select/candidates.h"
#include "core/start/start.h"

namespace xpu {
namespace {

namespace bj = boost::json;

// "XPU_STRATEGY=cost", "ACME_VISIBLE_DEVICES=0"
bool is_variable(const std::string& word) {
  const std::size_t equals = word.find('=');
  return equals != word.npos && equals > 0 &&
         word.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == equals;
}

// Variables that say how, not what.
constexpr std::string_view kModifiers[] = {"XPU_SHARING", "XPU_AFFINITY", "XPU_WAIT", "XPU_LABEL",
                                           "XPU_DRIVER_CAPABILITIES"};

bool asks_for_devices(std::string_view variable) {
  return std::find(std::begin(kModifiers), std::end(kModifiers), variable) == std::end(kModifiers);
}

void check_variable(std::string_view name) {
  const std::vector<std::string_view> known(std::begin(kRequestVariables),
                                            std::end(kRequestVariables));
  if (name.starts_with("XPU_") && std::find(known.begin(), known.end(), name) == known.end()) {
    fail(name, " is no variable of this runtime", did_you_mean(name, known));
  }
}

Said said_by(const SelectRequest& request) {
  Said said;
  said.privileged = request.privileged;
  std::string list;
  bool asks = false;
  for (const std::string& word : request.words) {
    if (is_variable(word)) {
      const std::string name = word.substr(0, word.find('='));
      check_variable(name);
      asks |= asks_for_devices(name);
      said.env.push_back(word);
    } else {
      list += cat(list.empty() ? "" : ",", word);
    }
  }
  if (!list.empty()) {
    said.env.push_back(cat(kNeutralVariable, "=", list));
  } else if (!asks) {
    said.env.push_back("XPU_COUNT=1");
  }
  return said;
}

[[noreturn]] void fail_for_nothing(const Request& request, const Config& config) {
  const bool for_privileged = !request.privileged && !request.passed_over.empty() &&
                              policy_of(config).environment == Accept::kPrivileged;
  fail("this request asks for no device",
       request.warnings.empty() ? "" : cat(": ", request.warnings[0]),
       for_privileged ? "; --privileged asks as a privileged container does" : "");
}

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

// Everything that an answer is made of.
struct Answer {
  const Decision& decision;
  const Config& config;
  std::vector<Considered> considered;
  std::vector<std::string> chosen;  // ids
  std::string error;

  bool is_chosen(const Device& device) const {
    return std::find(chosen.begin(), chosen.end(), device.id) != chosen.end();
  }
};

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

std::string as_text(const Answer& answer) {
  const Decision& decision = answer.decision;
  const Request& request = decision.request;
  std::string out = cat("Strategy:  ", to_string(strategy_of(request, answer.config)), "\n",
                        "Chosen:    ", answer.chosen.empty() ? "nothing" : "");
  for (const std::string& id : answer.chosen) {
    out += cat(&id == &answer.chosen.front() ? "" : ", ", id);
  }
  out += "\n\n";
  const Strategy strategy = strategy_of(request, answer.config);
  Table table(
      {"", "DEVICE", "MODEL", "MEMORY", "TFLOPS", "PRICE/H", "HELD BY", "SCORE", "VERDICT"});
  const Judge judge(request, decision.backends, answer.config, decision.situation);
  for (const Considered& one : answer.considered) {
    const Device& device = *one.device;
    const Candidate candidate = candidate_of(device, decision.situation, judge);
    table.row({answer.is_chosen(device) ? "*" : "", device.id, log::printable(device.name),
               memory_text(device.memory_bytes),
               figure_text(decision.situation.figures, device.id, false),
               figure_text(decision.situation.figures, device.id, true),
               std::to_string(candidate.holders), score_text(candidate, strategy),
               answer.is_chosen(device)                     ? "chosen"
               : one.verdict.kind == Judgement::Kind::kFree ? "free"
                                                            : verdict_text(one.verdict)});
  }
  out += answer.considered.empty() ? "No device to choose from.\n" : table.text();
  for (const std::string& warning : decision.warnings) {
    out += cat("\nWarning: ", log::printable(warning), "\n");
  }
  return out;
}

bj::object candidate_object(const Answer& answer, const Considered& one, const Judge& judge) {
  const Device& device = *one.device;
  const Situation& situation = answer.decision.situation;
  const Candidate candidate = candidate_of(device, situation, judge);
  const Figure* const figure = situation.figures.find(device.id);
  bj::object out{
      {"id", device.id},
      {"vendor", device.vendor},
      {"model", device.name},
      {"memory_bytes", device.memory_bytes},
      {"holders", candidate.holders},
      {"local", candidate.local},
      {"score", score_text(candidate, strategy_of(answer.decision.request, answer.config))},
      {"verdict", word_of(one.verdict.kind)},
      {"why", one.verdict.text},
      {"rule", one.verdict.rule},
      {"chosen", answer.is_chosen(device)},
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

std::string as_json(const Answer& answer) {
  const Decision& decision = answer.decision;
  const Judge judge(decision.request, decision.backends, answer.config, decision.situation);
  bj::array candidates;
  for (const Considered& one : answer.considered) {
    candidates.push_back(candidate_object(answer, one, judge));
  }
  return bj::serialize(bj::object{
             {"strategy", to_string(strategy_of(decision.request, answer.config))},
             {"exclusive", judge.exclusive()},
             {"chosen", bj::array(answer.chosen.begin(), answer.chosen.end())},
             {"error", answer.error},
             {"candidates", std::move(candidates)},
             {"warnings", bj::array(decision.warnings.begin(), decision.warnings.end())}}) +
         "\n";
}

}  // namespace

SelectAnswer select_answer(const Config& config, const SelectRequest& wanted, bool json) {
  const std::vector<FoundBackend> found = find_backends(config);
  const Request request = parse_request(said_by(wanted), found, config, known_variables_file());
  if (request.kind != RequestKind::kDevices) {
    fail_for_nothing(request, config);
  }
  Decision decision = look(config, found, request, {"", ""}, wanted.cpus);
  decision.warnings.insert(decision.warnings.begin(), request.warnings.begin(),
                           request.warnings.end());
  decision.situation.holdings = look_at_leases(config.state_dir);
  Answer answer{decision, config, {}, {}, ""};
  answer.considered = consider(request, decision.backends, config, decision.situation);
  try {
    choose_devices(config, nullptr, decision);
    for (const HeldDevice& held : decision.held) {
      answer.chosen.push_back(held.id);
    }
    decision.warnings.insert(decision.warnings.end(), decision.selection.warnings.begin(),
                             decision.selection.warnings.end());
  } catch (const Error& error) {
    answer.error = error.what();
  }
  return {json ? as_json(answer) : as_text(answer), answer.error};
}

}  // namespace xpu
