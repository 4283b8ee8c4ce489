// SPDX-License-Identifier: Apache-2.0
// xpu-runtime: the command line for people and scripts.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

#include "core/apps/explain.h"
#include "core/apps/show.h"
#include "core/base/error.h"
#include "core/log/log.h"

namespace xpu {
namespace {

constexpr int kFailure = 1;
constexpr int kUsage = 2;

constexpr const char* kExitCodes =
    "Exit codes:\n"
    "  0  done; also when no device was found\n"
    "  1  failed: a backend that failed or was refused, a configuration that cannot be used,\n"
    "     a container that would not start; one line on stderr says why\n"
    "  2  wrong usage";

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

std::vector<BackendStatus> look(const Config& config, Freshness freshness) {
  return load_backends(config, find_backends(config), {}, freshness);
}

// Devices that could be described are printed all the same; the exit code tells of the others.
int report_broken(const std::vector<BackendStatus>& backends) {
  int code = 0;
  for (const BackendStatus& backend : backends) {
    if (backend.state == BackendState::kFailed || backend.state == BackendState::kRefused) {
      log::error(backend.reason);
      code = kFailure;
    }
  }
  return code;
}

int detect(const Config& config, bool json, bool refresh) {
  const std::vector<BackendStatus> backends =
      look(config, refresh ? Freshness::kRefresh : Freshness::kCacheIfValid);
  print(json ? devices_json(backends) : devices_text(backends));
  return report_broken(backends);
}

int info(const Config& config, bool json) {
  Info info;
  info.config = &config;
  info.config_file = config_path();
  int code = 0;
  try {
    info.low_level_runtime = find_low_level_runtime(config);
  } catch (const Error& error) {
    info.low_level_runtime = cat("none: ", error.what());
    code = kFailure;
  }
  info.backends = look(config, Freshness::kCacheIfValid);
  print(json ? info_json(info) : info_text(info));
  return code;
}

int show_backend(const Config& config, const std::string& name, bool json) {
  std::string known;
  for (const BackendStatus& backend : look(config, Freshness::kCacheIfValid)) {
    if (backend.found.manifest.name == name) {
      print(json ? backend_json(backend) : backend_text(backend));
      return 0;
    }
    known += (known.empty() ? "" : ", ") + backend.found.manifest.name;
  }
  fail("no backend is called \"", name, "\"; installed: ", known.empty() ? "none" : known);
}

struct Options {
  bool json = false, refresh = false, debug = false;
  std::string backend, bundle;
  std::vector<std::string> files, backend_options;
  unsigned deadline = 60;
};

// Becomes the backend's host, so that no code of a backend runs in this program.
[[noreturn]] void verify(const Options& options) {
  const std::string& program = installation().host_program;
  std::vector<std::string> words = {"xpu-runtime", "--verify", "--deadline",
                                    std::to_string(options.deadline)};
  if (options.json) {
    words.push_back("--json");
  }
  for (const std::string& option : options.backend_options) {
    words.push_back(cat("--option=", option));
  }
  words.push_back("--");
  words.insert(words.end(), options.files.begin(), options.files.end());
  std::vector<char*> argv;
  for (std::string& word : words) {
    argv.push_back(word.data());
  }
  argv.push_back(nullptr);
  execv(program.c_str(), argv.data());
  fail_errno("cannot start ", program);
}

CLI::App* add_command(CLI::App* to, const char* name, const char* what, Options* options) {
  CLI::App* command = to->add_subcommand(name, what);
  command->add_flag("--json", options->json, "print JSON instead of text");
  return command;
}

int run(int argc, char** argv) {
  Options options;
  CLI::App app("Shows and explains what the XPU Container Runtime gives to containers.",
               "xpu-runtime");
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(kExitCodes);
  app.set_version_flag("--version", cat("xpu-runtime ", XPU_VERSION));
  app.add_flag("--debug", options.debug, "log what is done on stderr");
  CLI::App* detect_command =
      add_command(&app, "detect", "list the accelerators of this host", &options);
  detect_command->add_flag("--refresh", options.refresh, "ask the backends anew, not the cache");
  CLI::App* info_command =
      add_command(&app, "info", "show configuration, low-level runtime and backends", &options);
  CLI::App* backends_command = app.add_subcommand("backends", "list, show or verify backends");
  backends_command->require_subcommand(1);
  CLI::App* list_command =
      add_command(backends_command, "list", "every manifest found, with its state", &options);
  CLI::App* show_command = add_command(backends_command, "show", "one backend in full", &options);
  show_command->add_option("NAME", options.backend, "name of the backend")->required();
  CLI::App* verify_command = add_command(
      backends_command, "verify", "check backends against what the SDK demands of them", &options);
  verify_command->add_option("FILE", options.files, "manifests or libraries, installed or not")
      ->required();
  verify_command
      ->add_option("--option", options.backend_options,
                   "NAME=VALUE in place of a default of the manifest; may be repeated")
      ->expected(1)
      ->take_all();
  verify_command->add_option("--deadline", options.deadline, "seconds that a backend has")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  CLI::App* explain_command =
      add_command(&app, "explain",
                  "show what a start would edit in a bundle and why; changes nothing", &options);
  explain_command->add_option("-b,--bundle", options.bundle, "folder with config.json")->required();
  CLI::App* version_command = app.add_subcommand("version", "print the version");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }

  log::Targets targets;
  targets.program = "xpu-runtime";
  targets.level = options.debug ? log::Level::kDebug : log::Level::kWarn;
  log::configure(targets);
  try {
    if (version_command->parsed()) {
      print(cat("xpu-runtime ", XPU_VERSION, "\n"));
      return 0;
    }
    if (verify_command->parsed()) {
      verify(options);
    }
    const Config config = load_config();
    if (detect_command->parsed()) {
      return detect(config, options.json, options.refresh);
    }
    if (info_command->parsed()) {
      return info(config, options.json);
    }
    if (list_command->parsed()) {
      const std::vector<BackendStatus> backends = look(config, Freshness::kCacheIfValid);
      print(options.json ? backends_json(backends) : backends_text(backends));
      return 0;
    }
    if (show_command->parsed()) {
      return show_backend(config, options.backend, options.json);
    }
    if (explain_command->parsed()) {
      print(explain(config, options.bundle, options.json));
    }
    return 0;
  } catch (const std::exception& error) {
    log::error(error.what());
    return kFailure;
  }
}

}  // namespace
}  // namespace xpu

int main(int argc, char** argv) {
  return xpu::run(argc, argv);
}
