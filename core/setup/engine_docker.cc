// SPDX-License-Identifier: Apache-2.0
#include "core/base/error.h"
#include "core/setup/docker_config.h"
#include "core/setup/engine.h"
#include "core/setup/program.h"

namespace xpu {
namespace {

constexpr const char* kSnapFolder = "/var/snap/docker/current";

class Docker : public Engine {
 public:
  std::string name() const override { return "docker"; }
  std::string service() const override { return "docker"; }

  std::string evidence(const SetupOptions& options) const override {
    const std::string program = find_program(options.root, "dockerd");
    return !program.empty() ? program : is_snap(options) ? kSnapFolder : "";
  }

  std::vector<FileEdit> edits(const SetupOptions& options) const override {
    if (options.drop_in) {
      refuse_drop_in("docker", "has one file, daemon.json, and no drop-ins");
    }
    std::vector<FileEdit> out;
    out.push_back(file_edit<DockerConfig>(options, config_file(options)));
    return out;
  }

  EngineNotes notes(const SetupOptions& options) const override {
    EngineNotes notes;
    notes.use = {cat("docker run --runtime=", options.wish.name, " ...")};
    if (options.config.empty() && is_snap(options)) {
      notes.warnings.push_back(
          cat("docker is a snap, which cannot run ", options.wish.program,
              " of the host; install docker as a package (docker.io, or docker-ce)"));
    }
    const unsigned major = options.wish.cdi ? major_version(options, "dockerd") : 0;
    if (major != 0 && major < 25) {
      notes.warnings.push_back(
          cat("docker ", major, " has no CDI, which began with docker 25; --cdi does nothing yet"));
    }
    return notes;
  }

  // Docker 23 and later can check a file without starting.
  std::string objection(const SetupOptions& options) const override {
    const std::string program = options.root.empty() ? find_program("", "dockerd") : "";
    if (program.empty() || is_snap(options) || major_version(options, "dockerd") < 23 ||
        !exists(options, config_file(options))) {
      return "";
    }
    const Answer answer = ask({program, "--validate", "--config-file", config_file(options)}, 20);
    return answer.status == 0 || answer.status == -1 ? "" : answer.output;
  }

 private:
  static bool is_snap(const SetupOptions& options) {
    return !options.rootless && find_program(options.root, "dockerd").empty() &&
           exists(options, kSnapFolder);
  }

  static std::string config_file(const SetupOptions& options) {
    if (!options.config.empty()) {
      return options.config;
    }
    if (options.rootless) {
      return cat(options.config_home, "/docker/daemon.json");
    }
    return is_snap(options) ? cat(kSnapFolder, "/config/daemon.json") : "/etc/docker/daemon.json";
  }
};

}  // namespace

std::unique_ptr<Engine> docker_engine() {
  return std::make_unique<Docker>();
}

}  // namespace xpu
