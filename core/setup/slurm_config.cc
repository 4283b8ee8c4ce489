// SPDX-License-Identifier: Apache-2.0
#include "core/setup/slurm_config.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/setup/slurm_lines.h"

namespace xpu::setup {
namespace {

constexpr std::string_view kMark =
    "# Added by \"xpu-runtime configure\"; \"xpu-runtime configure --remove\" takes it out.";
// Unique for each task; the node, the user, the job, the step and the task.
constexpr std::string_view kId = "%n.%u.%j.%s.%t";
// Slurm has a shell run the line, as the user of the job; only its version 23.02 and later have a
// pattern (%U) for that number. logind makes the folder for users that are logged in or linger.
constexpr std::string_view kOptions = "--rootless=true --root=/run/user/$(id -u)/";
constexpr const char* kRun = "RunTimeRun";

struct Pair {
  const char* key;
  std::string arguments;
};

std::vector<Pair> pairs() {
  const auto line = [](const std::string& verb) { return cat(' ', kOptions, ' ', verb); };
  return {{"RunTimeQuery", line(cat("state ", kId))},
          {kRun, line(cat("run ", kId, " -b %b"))},
          {"RunTimeKill", line(cat("kill -a ", kId))},
          {"RunTimeDelete", line(cat("delete --force ", kId))}};
}

// The program as a word of the shell. Slurm itself takes quotes, comments, backslashes and patterns
// from the line before.
std::string shell_word(const std::string& program, const std::string& source) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+,:@";
  const std::size_t bad = program.find_first_of("\"'#\\%\r\n");
  if (bad != std::string::npos) {
    fail(source, ": Slurm cannot run ", program, ", as a line of this file cannot hold a ",
         program[bad] < ' ' ? std::string("line end") : cat('\'', program[bad], '\''),
         " there; install the runtime elsewhere");
  }
  return program.find_first_not_of(kPlain) == std::string::npos ? program
                                                                : cat('\'', program, '\'');
}

// What a command of ours runs, whatever its name; else the first word.
std::string program_in(const std::string& command) {
  for (const Pair& pair : pairs()) {
    if (command.ends_with(pair.arguments)) {
      const std::string word = command.substr(0, command.size() - pair.arguments.size());
      const bool quoted = word.size() > 1 && word.starts_with('\'') && word.ends_with('\'');
      return quoted ? word.substr(1, word.size() - 2) : word;
    }
  }
  const std::size_t begin = std::min(command.find_first_not_of("\"'"), command.size());
  return command.substr(begin, command.find_first_of(" \"'", begin) - begin);
}

bool is_our_line(const std::string& command) {
  const std::vector<Pair> all = pairs();
  return std::any_of(all.begin(), all.end(),
                     [&](const Pair& pair) { return command.ends_with(pair.arguments); });
}

}  // namespace

bool SlurmConfig::is_our_command(const std::string& command) const {
  return is_our_line(command) || is_our_program(program_in(command));
}

RuntimeState SlurmConfig::inspect(const Text& text) const {
  const std::vector<NamedRuntime> all = runtimes(text);
  RuntimeState state;
  state.present = !all.empty();
  state.program = all.empty() ? "" : all.front().program;
  return state;
}

std::vector<NamedRuntime> SlurmConfig::runtimes(const Text& text) const {
  const SlurmLines lines(text.value_or(""), source_);
  const SlurmPair* run = lines.find(kRun);
  if (run == nullptr || !is_our_command(run->text)) {
    return {};
  }
  std::string content;
  for (const Pair& pair : pairs()) {
    content += cat(lines.value(pair.key).value_or(""), '\n');
  }
  const bool marked = lines.text().find(kMark) != std::string::npos && is_our_line(run->text);
  return {{name_, program_in(run->text), content, marked}};
}

std::string SlurmConfig::configured(const Text& text, const RuntimeState& wanted) const {
  SlurmLines lines(text.value_or(""), source_);
  const std::string word = shell_word(wanted.program, source_);
  bool marked = false;
  for (const Pair& pair : pairs()) {
    const std::string value = cat('"', word, pair.arguments, '"');
    if (const std::optional<std::string> present = lines.value(pair.key)) {
      lines.replace(pair.key, *present, value);
      continue;
    }
    if (!marked) {
      if (!lines.empty()) {
        lines.append("");
      }
      lines.append(kMark);
      marked = true;
    }
    lines.append(cat(pair.key, '=', value));
  }
  return lines.text();
}

std::string SlurmConfig::removed(const std::string& text, const Record* record,
                                 const Removal& removal) const {
  SlurmLines lines(text, source_);
  if (removal.names.empty()) {
    return text;
  }
  for (const Pair& pair : pairs()) {
    const auto value_in = [&](const Text& version) {
      return SlurmLines(version.value_or(""), source_).value(pair.key);
    };
    const auto former = record == nullptr ? std::nullopt : value_in(record->before);
    const auto ours = record == nullptr ? std::nullopt : value_in(record->written);
    const auto give_back = [&](const std::string& present) {
      if (former) {
        lines.replace(pair.key, present, *former);
      } else {
        lines.remove(pair.key, present);
      }
    };
    const SlurmPair* present = lines.find(pair.key);
    const bool changed = record == nullptr || ours != former;
    if (changed && present != nullptr && is_our_command(present->text)) {
      give_back(*lines.value(pair.key));
    } else if (changed && ours) {
      give_back(*ours);
    }
  }
  lines.remove_comment(kMark);
  return lines.text();
}

bool SlurmConfig::concerns(const Text& text, const Record*) const {
  return inspect(text).present;
}

}  // namespace xpu::setup
