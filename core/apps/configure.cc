// SPDX-License-Identifier: Apache-2.0
#include "core/apps/configure.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "core/apps/commands.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/joined.h"
#include "core/base/nearest.h"
#include "core/base/platform.h"
#include "core/config/state_dir.h"
#include "core/log/log.h"
#include "core/setup/diff.h"
#include "core/setup/engine.h"
#include "core/setup/files.h"
#include "core/setup/program.h"

namespace xpu {
namespace {

using setup::Answer;
using setup::ConfigFile;
using setup::Engine;
using setup::FileEdit;
using setup::Plan;
using setup::SetupOptions;

constexpr std::string_view kRuntime = "xpu-container-runtime";
constexpr unsigned kRestartSeconds = 300;

std::string engine_names() {
  std::string out;
  for (const auto& engine : setup::engines()) {
    out += cat(out.empty() ? "" : ", ", engine->name());
  }
  return out;
}

const Engine* find_engine(const std::string& name) {
  for (const auto& engine : setup::engines()) {
    if (engine->name() == (name == "cri-o" ? "crio" : name)) {
      return engine.get();
    }
  }
  return nullptr;
}

bool is_executable(const std::string& path) {
  struct stat st {};
  return ::stat(path.c_str(), &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0111) != 0;
}

// The path of our runtime as the engine is to see it.
std::string runtime_program(const ConfigureOptions& options, const std::string& root) {
  std::string program = options.program;
  if (program.empty() && !root.empty()) {
    const std::string found = setup::find_program(root, std::string(kRuntime));
    program = found.empty() ? cat("/usr/bin/", kRuntime) : found.substr(root.size());
  } else if (program.empty()) {
    const std::string own = platform::own_program();
    program = cat(own.substr(0, own.rfind('/') + 1), kRuntime);
  }
  if (program.front() != '/') {
    fail("--executable-path ", program, ": must be an absolute path, as the engine calls it");
  }
  if (options.remove || is_executable(setup::resolve_in(root, program))) {
    return program;
  }
  const std::string problem =
      cat(root, program,
          " is missing or cannot be run; install the runtime, or say where it is "
          "with --executable-path");
  if (root.empty()) {
    fail(problem);
  }
  log::warn(problem);
  return program;
}

std::string config_home() {
  const std::string set = absolute_variable("XDG_CONFIG_HOME");
  const std::string home = absolute_variable("HOME");
  if (set.empty() && home.empty()) {
    fail("neither XDG_CONFIG_HOME nor HOME is set, so your engine's configuration cannot be found");
  }
  return set.empty() ? cat(home, "/.config") : set;
}

SetupOptions setup_options(const ConfigureOptions& options) {
  SetupOptions out;
  if (!options.root.empty()) {
    struct stat st {};
    const std::string root = absolute_path(options.root);
    if (::stat(root.c_str(), &st) != 0 || !S_ISDIR(st.st_mode)) {
      fail("--root ", options.root, " is no folder");
    }
    out.root = root == "/" ? "" : root;
  }
  out.rootless = out.root.empty() && !is_system_wide();
  out.config_home = out.rootless ? config_home() : "";
  const auto in_root = [&](const std::string& path) {
    return path.empty() || !out.root.empty() ? path : absolute_path(path);
  };
  out.config = in_root(options.config);
  out.drop_in_file = in_root(options.drop_in);
  for (const std::string* path : {&out.config, &out.drop_in_file}) {
    if (!path->empty() && path->front() != '/') {
      fail("with --root, paths must be absolute and are below it: ", *path);
    }
  }
  out.drop_in = options.use_drop_in;
  out.wish = {options.remove, options.set_as_default, options.cdi, options.name,
              runtime_program(options, out.root)};
  return out;
}

// --- which engines -------------------------------------------------------------------------------

struct Found {
  const Engine* engine;
  std::string evidence;
};

bool is_configured(const Engine& engine, const SetupOptions& options) {
  const std::vector<FileEdit> edits = engine.edits(options);
  return std::any_of(edits.begin(), edits.end(), [&](const FileEdit& edit) {
    return setup::is_configured(*edit.editor, ConfigFile(options.root, edit.path).kept());
  });
}

std::vector<Found> find_engines(const SetupOptions& options) {
  std::vector<Found> found;
  for (const auto& engine : setup::engines()) {
    const std::string evidence = engine->evidence(options);
    if (evidence.empty()) {
      continue;
    }
    try {
      if (!options.wish.remove || is_configured(*engine, options)) {
        found.push_back({engine.get(), evidence});
      }
    } catch (const Error& error) {
      log::warn(cat(engine->name(), " is left out: ", error.what()));
    }
  }
  return found;
}

bool says_yes(const Found& found, bool remove) {
  print(cat(remove ? "Take the runtime out of " : "Configure ", found.engine->name(), " (",
            found.evidence, ")? [Y/n] "));
  std::string answer;
  if (!std::getline(std::cin, answer)) {
    print("\n");
    return false;
  }
  return answer.empty() || answer.front() == 'y' || answer.front() == 'Y';
}

// Engines that nobody named: all that are there, or those that a person at the terminal agrees to.
// nullopt when there is nobody to ask.
std::optional<std::vector<const Engine*>> choose_engines(const ConfigureOptions& options,
                                                         const std::vector<Found>& found) {
  std::vector<const Engine*> out;
  if (!options.yes && ::isatty(STDIN_FILENO) == 0) {
    std::string list;
    for (const Found& one : found) {
      list += cat(list.empty() ? "" : ", ", one.engine->name(), " (", one.evidence, ')');
    }
    log::error(
        cat("which engine? Found: ", list, ". Name those that you mean, or add --yes for all"));
    return std::nullopt;
  }
  for (const Found& one : found) {
    if (options.yes || says_yes(one, options.remove)) {
      out.push_back(one.engine);
    }
  }
  return out;
}

// --- one engine ----------------------------------------------------------------------------------

struct Change {
  ConfigFile file;
  Plan plan;
};

std::vector<Change> changes_of(const Engine& engine, const SetupOptions& options) {
  std::vector<Change> out;
  for (const FileEdit& edit : engine.edits(options)) {
    ConfigFile file(options.root, edit.path);
    Plan plan = setup::plan_change(*edit.editor, file.kept(), edit.wish);
    out.push_back({std::move(file), std::move(plan)});
  }
  return out;
}

std::string first_lines(const std::string& text) {
  std::string out = text.substr(0, text.find_last_not_of(" \n") + 1);
  std::replace(out.begin(), out.end(), '\n', ' ');
  return out;
}

// All files of the engine or none: its own program has the last word.
void apply_all(const Engine& engine, const SetupOptions& options,
               const std::vector<Change>& changes) {
  std::size_t done = 0;
  const auto undo = [&] {
    while (done > 0) {
      --done;
      changes[done].file.undo(changes[done].plan.after);
    }
  };
  try {
    for (; done < changes.size(); ++done) {
      if (changes[done].plan.after != changes[done].file.kept()) {
        changes[done].file.apply(changes[done].plan.after);
      }
    }
  } catch (const Error&) {
    undo();
    throw;
  }
  const std::string objection = engine.objection(options);
  if (!objection.empty()) {
    undo();
    fail(engine.name(),
         " refuses the new configuration, so the old one is back: ", first_lines(objection));
  }
}

// How the engine is restarted on this machine; empty where only its administrator knows.
std::vector<std::string> restart_command(const Engine& engine, const SetupOptions& options) {
  struct stat st {};
  const std::string service = engine.service();
  if (engine.evidence(options).starts_with("/var/snap/")) {
    return {"snap", "restart", service};
  }
  if (::stat("/run/systemd/system", &st) == 0) {
    return options.rootless ? std::vector<std::string>{"systemctl", "--user", "restart", service}
                            : std::vector<std::string>{"systemctl", "restart", service};
  }
  if (!options.rootless && ::stat(cat("/etc/init.d/", service).c_str(), &st) == 0) {
    return {"service", service, "restart"};
  }
  return {};
}

std::string restart_advice(const Engine& engine, const SetupOptions& options) {
  if (engine.service().empty()) {
    return "nothing to restart: the next container sees it";
  }
  if (!options.root.empty()) {
    return cat("restart ", engine.service(), " where it runs");
  }
  const std::vector<std::string> command = restart_command(engine, options);
  if (command.empty()) {
    return cat("restart ", engine.service(), " the way it was started, so that it sees this");
  }
  return cat("restart it, so that it sees this: ", options.rootless ? "" : "sudo ",
             joined(command, " "), " (or --restart here)");
}

void restart(const Engine& engine, const SetupOptions& options) {
  if (engine.service().empty()) {
    return;
  }
  const std::vector<std::string> command = restart_command(engine, options);
  if (command.empty()) {
    fail("cannot restart ", engine.service(),
         ": neither systemd nor /etc/init.d runs it here; restart it the way it was started");
  }
  const Answer answer = setup::ask(command, kRestartSeconds);
  if (answer.status != 0) {
    fail("cannot restart ", engine.service(), ": '", joined(command, " "),
         "' failed: ", first_lines(answer.output));
  }
  print(cat("  restarted: ", joined(command, " "), '\n'));
}

std::string what_happened(const Change& change, const SetupOptions& options) {
  const ConfigFile& file = change.file;
  const std::string path = options.root + file.path();
  const std::string shown =
      file.real_path() == path ? path : cat(path, " (which is ", file.real_path(), ')');
  if (change.plan.foreign) {
    const std::string& program = *change.plan.foreign;
    return cat("the runtime \"", options.wish.name, "\" in ", shown, " stays: it is not ours",
               program.empty() ? "" : cat(", but runs ", program));
  }
  if (change.plan.after.text == file.text()) {
    return options.wish.remove ? cat("no runtime \"", options.wish.name, "\" in ", shown)
                               : cat(shown, " has it already");
  }
  if (!change.plan.after.text) {
    return cat("removed ", shown);
  }
  if (!file.text()) {
    return cat("wrote ", shown, ", which is new");
  }
  const std::string backup =
      change.plan.after.backup != file.kept().backup && change.plan.after.backup
          ? cat("; as it was: ", file.backup_path())
      : change.plan.edited
          ? cat("; it was changed since, so only the runtime was taken out; as it was "
                "before: ",
                file.backup_path())
          : "";
  return cat(options.wish.remove ? "took the runtime out of " : "wrote ", shown, backup);
}

void report(const Engine& engine, const SetupOptions& options, const std::vector<Change>& changes,
            bool restarts) {
  const bool changed = std::any_of(changes.begin(), changes.end(), [](const Change& change) {
    return change.plan.after.text != change.file.text();
  });
  std::string text;
  for (const Change& change : changes) {
    text += cat(text.empty() ? engine.name() + ": " : "  ", what_happened(change, options), '\n');
  }
  if (!options.wish.remove) {
    text += cat("  runtime \"", options.wish.name, "\": ", options.wish.program, '\n');
    if (options.rootless) {
      text += cat("  for your own (rootless) ", engine.name(),
                  "; for that of the machine: sudo xpu-runtime configure ", engine.name(), '\n');
    }
    for (const std::string& line : engine.notes(options).use) {
      text += cat("  ", line, '\n');
    }
  }
  if (changed && !restarts) {
    text += cat("  ", restart_advice(engine, options), '\n');
  }
  print(text);
}

void configure_one(const Engine& engine, const SetupOptions& options,
                   const ConfigureOptions& asked) {
  const std::vector<Change> changes = changes_of(engine, options);
  if (!options.wish.remove) {
    for (const std::string& warning : engine.notes(options).warnings) {
      log::warn(cat(engine.name(), ": ", warning));
    }
  }
  if (asked.dry_run) {
    for (const Change& change : changes) {
      print(
          setup::unified_diff(change.file.real_path(), change.file.text(), change.plan.after.text));
    }
    return;
  }
  const bool changed = std::any_of(changes.begin(), changes.end(), [](const Change& change) {
    return change.plan.after != change.file.kept();
  });
  if (changed) {
    apply_all(engine, options, changes);
  }
  report(engine, options, changes, asked.restart);
  if (asked.restart) {
    restart(engine, options);
  }
}

}  // namespace

std::string engine_problem(const std::string& name) {
  if (find_engine(name) != nullptr) {
    return "";
  }
  std::vector<std::string> names;
  for (const auto& engine : setup::engines()) {
    names.push_back(engine->name());
  }
  return cat("no engine '", name, "' is known here; those are: ", engine_names(),
             did_you_mean(name, std::vector<std::string_view>(names.begin(), names.end())));
}

std::string runtime_name_problem(const std::string& name) {
  constexpr std::string_view kFirst =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  if (name.empty() || kFirst.find(name.front()) == std::string_view::npos ||
      name.find_first_not_of(cat(kFirst, "._-")) != std::string::npos) {
    return cat('\'', name, "': a name has letters, digits, '.', '_' and '-'");
  }
  if (name == "runc" || name == "crun") {
    return cat(name, ": that is the low-level runtime, which ours starts");
  }
  return "";
}

int configure(const ConfigureOptions& asked) {
  const SetupOptions options = setup_options(asked);
  std::vector<const Engine*> chosen;
  for (const std::string& name : asked.engines) {
    const Engine* engine = find_engine(name);
    if (engine == nullptr) {
      fail(engine_problem(name));
    }
    if (std::find(chosen.begin(), chosen.end(), engine) == chosen.end()) {
      chosen.push_back(engine);
    }
  }
  if (chosen.empty()) {
    const std::vector<Found> found = find_engines(options);
    if (found.empty() && asked.remove) {
      print(cat("no engine has a runtime \"", asked.name, "\"; nothing was changed\n"));
      return 0;
    }
    if (found.empty()) {
      fail("no engine is installed that is known here (", engine_names(),
           "); name one to configure it all the same");
    }
    const auto agreed = choose_engines(asked, found);
    if (!agreed) {
      return kUsage;
    }
    chosen = *agreed;
  }
  if (chosen.size() > 1 && (!options.config.empty() || !options.drop_in_file.empty())) {
    fail("--config and --drop-in-config name a file of one engine; name that engine alone");
  }
  int status = 0;
  for (const Engine* engine : chosen) {
    try {
      configure_one(*engine, options, asked);
    } catch (const Error& error) {
      const bool rights = std::string_view(error.what()).ends_with("Permission denied");
      log::error(
          cat(engine->name(), ": ", error.what(), rights && ::geteuid() != 0 ? "; use sudo" : ""));
      status = kFailure;
    }
  }
  return status;
}

}  // namespace xpu
