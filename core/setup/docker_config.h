// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/setup/editor.h"

namespace xpu {

// daemon.json of docker.
class DockerConfig : public Editor {
 public:
  using Editor::Editor;
  RuntimeState inspect(const Text& text) const override;
  std::string configured(const Text& text, const RuntimeState& wanted) const override;
  std::string removed(const std::string& text, const Text& before) const override;
};

}  // namespace xpu
