// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/setup/editor.h"

namespace xpu {

// oci.conf of Slurm: lines of KEY=VALUE, one runtime for all containers of the cluster.
class SlurmConfig : public Editor {
 public:
  using Editor::Editor;
  RuntimeState inspect(const Text& text) const override;
  std::string configured(const Text& text, const RuntimeState& wanted) const override;
  std::string removed(const std::string& text, const Text& before) const override;
};

}  // namespace xpu
