// SPDX-License-Identifier: Apache-2.0
#include "core/apps/select_command.h"

#include <algorithm>
#include <boost/json.hpp>

#include "core/apps/candidates.h"
#include "core/base/error.h"
#include "core/base/nearest.h"
#include "core/log/format.h"
#include "core/policy/policy.h"
#include "core/record/ledger.h"
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

std::string as_text(const Candidates& candidates) {
  const Decision& decision = candidates.decision;
  std::string out = cat("Strategy:  ", to_string(strategy_of(decision.request, candidates.config)),
                        "\n", "Chosen:    ", candidates.chosen.empty() ? "nothing" : "");
  for (const std::string& id : candidates.chosen) {
    out += cat(&id == &candidates.chosen.front() ? "" : ", ", id);
  }
  out += cat("\n\n", candidates_text(candidates));
  for (const std::string& warning : decision.warnings) {
    out += cat("\nWarning: ", log::printable(warning), "\n");
  }
  return out;
}

std::string as_json(const Candidates& candidates, const std::string& error) {
  const Decision& decision = candidates.decision;
  const Judge judge(decision.request, decision.backends, candidates.config, decision.situation);
  return bj::serialize(bj::object{
             {"strategy", to_string(strategy_of(decision.request, candidates.config))},
             {"exclusive", judge.exclusive()},
             {"chosen", bj::array(candidates.chosen.begin(), candidates.chosen.end())},
             {"error", error},
             {"candidates", candidates_json(candidates)},
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
  Candidates candidates = candidates_of(decision, config);
  std::string error;
  try {
    choose_devices(config, nullptr, decision);
    mark_chosen(decision, candidates);
    decision.warnings.insert(decision.warnings.end(), decision.selection.warnings.begin(),
                             decision.selection.warnings.end());
  } catch (const Error& problem) {
    error = problem.what();
  }
  return {json ? as_json(candidates, error) : as_text(candidates), error};
}

}  // namespace xpu
