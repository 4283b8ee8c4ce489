// SPDX-License-Identifier: Apache-2.0
// podman and cri-o: a drop-in that is ours alone.
#include "core/base/error.h"
#include "core/setup/engine.h"
#include "core/setup/program.h"
#include "core/setup/toml_config.h"

namespace xpu {
namespace {

std::string file_of(const SetupOptions& options, const std::string& usual) {
  if (!options.config.empty() && !options.drop_in_file.empty()) {
    fail("--config and --drop-in name the same file here; leave one out");
  }
  return !options.config.empty()         ? options.config
         : !options.drop_in_file.empty() ? options.drop_in_file
                                         : usual;
}

class Podman : public Engine {
 public:
  std::string name() const override { return "podman"; }
  std::string service() const override { return ""; }
  std::string evidence(const SetupOptions& options) const override {
    return find_program(options.root, "podman");
  }
  std::vector<FileEdit> edits(const SetupOptions& options) const override {
    const std::string folder =
        options.rootless ? cat(options.config_home, "/containers") : "/etc/containers";
    const std::string file = file_of(options, cat(folder, "/containers.conf.d/99-xpu.conf"));
    std::vector<FileEdit> out;
    out.push_back(file_edit<PodmanConfig>(options, file));
    return out;
  }
  EngineNotes notes(const SetupOptions& options) const override {
    EngineNotes notes;
    notes.use = {cat("podman run --runtime=", options.wish.name, " ...")};
    if (options.wish.cdi) {
      notes.warnings.push_back("podman has its CDI support switched on always; --cdi does nothing");
    }
    return notes;
  }
};

class Crio : public Engine {
 public:
  std::string name() const override { return "crio"; }
  std::string service() const override { return "crio"; }
  std::string evidence(const SetupOptions& options) const override {
    return find_program(options.root, "crio");
  }
  std::vector<FileEdit> edits(const SetupOptions& options) const override {
    if (options.rootless && options.config.empty()) {
      fail("cri-o runs as root; use sudo");
    }
    const std::string file = file_of(options, "/etc/crio/crio.conf.d/99-xpu.conf");
    std::vector<FileEdit> out;
    out.push_back(file_edit<CrioConfig>(options, file));
    return out;
  }
  EngineNotes notes(const SetupOptions& options) const override {
    EngineNotes notes;
    notes.use = {cat("in Kubernetes: a RuntimeClass with the handler \"", options.wish.name,
                     "\", which pods name as runtimeClassName")};
    if (options.wish.cdi) {
      notes.warnings.push_back("cri-o has its CDI support switched on always; --cdi does nothing");
    }
    return notes;
  }
};

}  // namespace

std::unique_ptr<Engine> podman_engine() {
  return std::make_unique<Podman>();
}

std::unique_ptr<Engine> crio_engine() {
  return std::make_unique<Crio>();
}

}  // namespace xpu
