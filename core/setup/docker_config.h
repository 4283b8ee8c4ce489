// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/setup/editor.h"

namespace xpu::setup {

// daemon.json of docker.
class DockerConfig : public Editor {
 public:
  using Editor::Editor;
  RuntimeState inspect(const Text& text) const override;
  std::string configured(const Text& text, const RuntimeState& wanted) const override;
  std::vector<NamedRuntime> runtimes(const Text& text) const override;
  std::string removed(const std::string& text, const Record* record,
                      const Removal& removal) const override;
};

}  // namespace xpu::setup
