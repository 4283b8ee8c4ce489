// SPDX-License-Identifier: Apache-2.0
// backends list, show, verify.
#include <unistd.h>

#include <memory>

#include "core/apps/commands.h"
#include "core/apps/show.h"
#include "core/base/error.h"

namespace xpu {
namespace {

struct Options {
  bool json = false;
  std::string backend;
  std::vector<std::string> files, backend_options;
  unsigned deadline = 60;
};

std::vector<BackendStatus> look(const Config& config) {
  return load_backends(config, find_backends(config), {}, Freshness::kCacheIfValid);
}

int show_backend(const Config& config, const std::string& name, bool json) {
  std::string known;
  for (const BackendStatus& backend : look(config)) {
    if (backend.found.manifest.name == name) {
      print(json ? backend_json(backend) : backend_text(backend));
      return 0;
    }
    known += (known.empty() ? "" : ", ") + backend.found.manifest.name;
  }
  fail("no backend is called \"", name, "\"; installed: ", known.empty() ? "none" : known);
}

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

}  // namespace

void add_backend_commands(CLI::App& program, Commands* commands) {
  const auto options = std::make_shared<Options>();
  CLI::App* backends = program.add_subcommand("backends", "list, show or verify backends");
  backends->require_subcommand(1);

  CLI::App* command =
      add_command(*backends, "list", "every manifest found, with its state", &options->json);
  commands->push_back({command, [options](const Config& config) {
                         const std::vector<BackendStatus> found = look(config);
                         print(options->json ? backends_json(found) : backends_text(found));
                         return 0;
                       }});

  command = add_command(*backends, "show", "one backend in full", &options->json);
  command->add_option("NAME", options->backend, "name of the backend")->required();
  commands->push_back({command, [options](const Config& config) {
                         return show_backend(config, options->backend, options->json);
                       }});

  command = add_command(*backends, "verify", "check backends against what the SDK demands of them",
                        &options->json);
  command->add_option("FILE", options->files, "manifests or libraries, installed or not")
      ->required();
  command
      ->add_option("--option", options->backend_options,
                   "NAME=VALUE in place of a default of the manifest; may be repeated")
      ->expected(1)
      ->take_all();
  command->add_option("--deadline", options->deadline, "seconds that a backend has")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  commands->push_back({command, [options](const Config&) -> int { verify(*options); }, true});
}

}  // namespace xpu
