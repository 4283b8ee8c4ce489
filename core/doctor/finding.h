// SPDX-License-Identifier: Apache-2.0
// What a check of the doctor says.
#pragma once

#include <string>
#include <vector>

#include "core/doctor/host.h"

namespace xpu::doctor {

enum class State { kPass, kSkipped, kWarning, kFailure };
// "pass", "skipped", "warning", "failure"
const char* to_string(State state);

struct Finding {
  State state = State::kPass;
  std::string found;   // one sentence, without a full stop
  std::string remedy;  // the command that mends it, or words where there is none; "" with kPass
};
using Findings = std::vector<Finding>;

inline Finding pass(std::string found) {
  return {State::kPass, std::move(found), ""};
}
// Nothing of the kind on this host.
inline Finding skipped(std::string found) {
  return {State::kSkipped, std::move(found), ""};
}
inline Finding warning(std::string found, std::string remedy) {
  return {State::kWarning, std::move(found), std::move(remedy)};
}
inline Finding failure(std::string found, std::string remedy) {
  return {State::kFailure, std::move(found), std::move(remedy)};
}

// A word of a command as a shell takes it, whatever characters it has.
std::string shell_word(const std::string& word);

// Of a message that says what is wrong and, after its last semicolon, what to do about it.
// `otherwise`: what to do where it does not say so.
Finding failure_of(const std::string& message, const std::string& otherwise);

// A check by its name, which never changes.
struct Check {
  const char* id;
  const char* title;                   // what it is about, for people
  Findings (*look)(const Host& host);  // at least one; may throw Error
};

// In the order in which they are shown.
const std::vector<Check>& checks();

struct Result {
  const Check* check = nullptr;
  Finding finding;
};
// What is wrong with an id of a check; "" for nothing.
std::string unknown_check(const std::string& id);
// Of the named checks, all where `ids` is empty. A check that throws is a warning.
std::vector<Result> examine(const Host& host, const std::vector<std::string>& ids);
State worst(const std::vector<Result>& results);

}  // namespace xpu::doctor
