// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/setup/editor.h"

namespace xpu::setup {

// oci.conf of Slurm: lines of KEY=VALUE, one runtime for all containers of the cluster. It counts
// as ours, whatever its name, when its lines are those that we write.
class SlurmConfig : public Editor {
 public:
  using Editor::Editor;
  RuntimeState inspect(const Text& text) const override;
  std::vector<NamedRuntime> runtimes(const Text& text) const override;
  // Throws Error for a program whose path Slurm cannot have there.
  std::string configured(const Text& text, const RuntimeState& wanted) const override;
  std::string removed(const std::string& text, const Record* record,
                      const Removal& removal) const override;
  bool concerns(const Text& text, const Record* record) const override;

 private:
  bool is_our_command(const std::string& command) const;
};

}  // namespace xpu::setup
