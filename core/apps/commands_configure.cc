// SPDX-License-Identifier: Apache-2.0
// configure: the runtime in the configuration of the engines.
#include <memory>

#include "core/apps/commands.h"
#include "core/apps/configure.h"

namespace xpu {

namespace {

constexpr const char* kFooter =
    "Files that are changed keep everything else that is in them, to the byte; what they were is\n"
    "kept beside them as FILE.xpu-backup until --remove gives it back, and what was written as\n"
    "FILE.xpu-written, so that what you change in between stays.\n"
    "  docker      /etc/docker/daemon.json (yours: ~/.config/docker/daemon.json)\n"
    "  containerd  /etc/containerd/config.toml, or a file that it imports\n"
    "  crio        /etc/crio/crio.conf.d/99-xpu.conf\n"
    "  podman      /etc/containers/containers.conf.d/99-xpu.conf (yours: "
    "~/.config/containers/...)\n"
    "  slurm       oci.conf beside slurm.conf\n"
    "Examples:\n"
    "  sudo xpu-runtime configure docker --dry-run\n"
    "  sudo xpu-runtime configure docker --set-as-default --restart\n"
    "  sudo xpu-runtime configure --remove --yes";

}  // namespace

void add_configure_command(CLI::App& program, Commands* commands) {
  const auto options = std::make_shared<ConfigureOptions>();
  CLI::App* command = program.add_subcommand(
      "configure", "make the runtime known to docker, containerd, crio, podman, slurm");
  command->footer(kFooter);
  command
      ->add_option("ENGINE", options->engines,
                   "docker, containerd, crio, podman, slurm; without one, those that are "
                   "installed, each after a question")
      ->check(CLI::Validator(engine_problem, ""));
  auto* as_default = command->add_flag("--set-as-default", options->set_as_default,
                                       "also for containers that name no runtime");
  command->add_option("--runtime-name", options->name, "the name that containers ask for")
      ->capture_default_str()
      ->check(CLI::Validator(runtime_name_problem, ""));
  command->add_option("--executable-path", options->program,
                      "our runtime, where it is not beside this program");
  auto* cdi =
      command->add_flag("--cdi", options->cdi, "also switch on the engine's own support of CDI");
  auto* remove = command->add_flag("--remove", options->remove, "take the runtime out again");
  remove->excludes(as_default)->excludes(cdi);
  command->add_flag("--dry-run", options->dry_run,
                    "print what would change as a unified diff, and change nothing");
  command->add_flag("--restart", options->restart, "restart the engine at the end")
      ->excludes("--dry-run");
  command->add_flag("-y,--yes", options->yes, "all engines that are installed, without questions");
  command->add_option("--config", options->config,
                      "the engine's file, where it is not the usual one");
  command->add_flag("--drop-in", options->use_drop_in,
                    "containerd 2: a file of its own in conf.d, which the main file imports");
  command->add_option_function<std::string>(
      "--drop-in-config",
      [options](const std::string& file) {
        options->drop_in = file;
        options->use_drop_in = true;
      },
      "the same, and which file");
  command
      ->add_option("--root", options->root,
                   "a folder that holds a system, for example an image that is being built")
      ->excludes("--restart");
  commands->push_back({command, [options](const Config&) { return configure(*options); }, true});
}

}  // namespace xpu
