// SPDX-License-Identifier: Apache-2.0
#include "core/base/error.h"
#include "core/config/state_dir.h"
#include "core/setup/engine.h"
#include "core/setup/program.h"
#include "core/setup/slurm_config.h"

namespace xpu {
namespace {

class Slurm : public Engine {
 public:
  std::string name() const override { return "slurm"; }
  std::string service() const override { return "slurmd"; }
  std::string evidence(const SetupOptions& options) const override {
    return find_program(options.root, "slurmd");
  }
  std::vector<FileEdit> edits(const SetupOptions& options) const override {
    if (options.drop_in) {
      refuse_drop_in("slurm", "has one file, oci.conf, and no drop-ins");
    }
    if (options.rootless && options.config.empty()) {
      fail("oci.conf of Slurm belongs to root; use sudo");
    }
    std::vector<FileEdit> out;
    out.push_back(file_edit<SlurmConfig>(options, config_file(options)));
    return out;
  }
  EngineNotes notes(const SetupOptions& options) const override {
    EngineNotes notes;
    notes.use = {"srun --container=BUNDLE ... (a folder with config.json and rootfs, on each node)",
                 "the runtime keeps its state in /run/user/UID, which logind makes: for users who "
                 "are not logged in on the nodes, once: loginctl enable-linger USER"};
    if (options.wish.set_as_default) {
      notes.warnings.push_back(
          "Slurm has one runtime for all containers; --set-as-default does nothing");
    }
    if (options.wish.cdi) {
      notes.warnings.push_back("Slurm has no CDI; --cdi does nothing");
    }
    return notes;
  }

 private:
  // Beside slurm.conf.
  static std::string config_file(const SetupOptions& options) {
    if (!options.config.empty()) {
      return options.config;
    }
    const std::string conf = options.root.empty() ? absolute_variable("SLURM_CONF") : "";
    if (!conf.empty()) {
      return cat(conf.substr(0, conf.rfind('/')), "/oci.conf");
    }
    for (const char* folder : {"/etc/slurm", "/etc/slurm-llnl", "/usr/local/etc"}) {
      if (exists(options, cat(folder, "/slurm.conf"))) {
        return cat(folder, "/oci.conf");
      }
    }
    return "/etc/slurm/oci.conf";
  }
};

}  // namespace

std::unique_ptr<Engine> slurm_engine() {
  return std::make_unique<Slurm>();
}

}  // namespace xpu
