// SPDX-License-Identifier: Apache-2.0
// explain, validate: what a start would do with a container, and whether it would start at all.
#include <memory>

#include "core/apps/commands.h"
#include "core/apps/engine_container.h"
#include "core/apps/explain.h"
#include "core/apps/image_env.h"
#include "core/apps/show.h"
#include "core/apps/validate.h"
#include "core/base/error.h"
#include "core/log/log.h"
#include "core/start/mode.h"

namespace xpu {
namespace {

struct Options {
  bool json = false, privileged = false;
  std::string bundle, image_env;
  std::vector<std::string> container;  // engine and name
};

ExplainAnswer explain(const Config& config, const Options& options) {
  if (!options.bundle.empty()) {
    return explain_bundle(config, options.bundle, {}, options.json);
  }
  if (!options.image_env.empty()) {
    Said said;
    said.env = read_image_env(options.image_env);
    said.privileged = options.privileged;
    return explain_said(config, std::move(said), {}, options.json);
  }
  EngineContainer found = container_of(config, options.container[0], options.container[1]);
  return found.bundle.empty()
             ? explain_said(config, std::move(found.said), found.subject, options.json)
             : explain_bundle(config, found.bundle, found.subject, options.json);
}

int run_explain(const Config& config, const Options& options) {
  const unsigned ways = (options.bundle.empty() ? 0U : 1U) + (options.image_env.empty() ? 0U : 1U) +
                        (options.container.empty() ? 0U : 1U);
  if (ways != 1 || options.container.size() == 1) {
    log::error(ways > 1
                   ? "explain takes one of --bundle, --image-env, and an engine and a container"
                   : cat("--bundle is required, or --image-env FILE, or an engine (", kEngines,
                         ") and a container"));
    return kUsage;
  }
  const ExplainAnswer answer = explain(config, options);
  print(answer.text);
  if (!answer.error.empty()) {
    log::error(answer.error);
    return kFailure;
  }
  return 0;
}

int run_validate(const Config& config, const Options& options) {
  const ValidateAnswer answer = validate_bundle(config, options.bundle, options.json);
  print(answer.text);
  return answer.good ? 0 : kFailure;
}

}  // namespace

std::string mode_of_host(const Config& config, const std::vector<BackendStatus>& backends) {
  return to_string(mode_of(config, {}, backends));
}

void add_explain_commands(CLI::App& program, Commands* commands) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      program, "explain",
      "show what a start would edit in a bundle and why, or what a container of an engine or of an "
      "image would get; changes nothing",
      &options->json);
  command->add_option("-b,--bundle", options->bundle, "folder with config.json");
  command->add_option("--image-env", options->image_env,
                      "file with the variables of an image: lines NAME=value or what `docker image "
                      "inspect` prints; - for standard input");
  command->add_flag("--privileged", options->privileged,
                    "with --image-env: as of a privileged container");
  command
      ->add_option("ENGINE CONTAINER", options->container,
                   cat("an engine (", kEngines, ") and the id or name of one of its containers"))
      ->expected(2);
  commands->push_back(
      {command, [options](const Config& config) { return run_explain(config, *options); }});

  const auto validate = std::make_shared<Options>();
  command = add_command(program, "validate",
                        "say whether a folder is an OCI bundle that the low-level runtime will "
                        "take, and what a start would do with it; changes nothing",
                        &validate->json);
  command->add_option("BUNDLE", validate->bundle, "folder with config.json")->required();
  commands->push_back(
      {command, [validate](const Config& config) { return run_validate(config, *validate); }});
}

}  // namespace xpu
