// SPDX-License-Identifier: Apache-2.0
// What the TOML files of engines have in common: a table of runtimes, and a key that names the one
// to use by default.
#pragma once

#include <vector>

#include "core/setup/editor.h"
#include "core/setup/toml_edit.h"
#include "core/setup/versions.h"

namespace xpu::setup {

using TomlVersions = Versions<TomlDocument>;

class TomlConfig : public Editor {
 public:
  using Editor::Editor;
  RuntimeState inspect(const Text& text) const override;
  std::string configured(const Text& text, const RuntimeState& wanted) const override;
  std::vector<NamedRuntime> runtimes(const Text& text) const override;
  std::string removed(const std::string& text, const Record* record,
                      const Removal& removal) const override;

 protected:
  virtual KeyPath runtimes_path(const TomlDocument& document) const = 0;
  virtual KeyPath default_path(const TomlDocument& document) const = 0;
  // What the runtime of that name runs; "" where the file does not say.
  virtual std::string program_of(const TomlDocument& document, const std::string& name) const = 0;
  virtual bool has_cdi(const TomlDocument&) const { return false; }
  // What a file begins with that is new, or empty.
  virtual std::vector<Setting> first_settings() const { return {}; }
  // The runtime and, when wanted, the engine's CDI support.
  virtual std::vector<Setting> settings(const TomlDocument& document,
                                        const RuntimeState& wanted) const = 0;
  // Takes out what configured() has besides the runtime.
  virtual void take_rest(TomlVersions&, const Removal&) const {}

  KeyPath own_path(const TomlDocument& document) const;

 private:
  void take_runtime(TomlVersions& versions, const std::string& name) const;
};

// cri-o: a drop-in of crio.conf.d, or crio.conf.
class CrioConfig : public TomlConfig {
 public:
  using TomlConfig::TomlConfig;

 protected:
  KeyPath runtimes_path(const TomlDocument& document) const override;
  KeyPath default_path(const TomlDocument& document) const override;
  std::string program_of(const TomlDocument& document, const std::string& name) const override;
  std::vector<Setting> settings(const TomlDocument& document,
                                const RuntimeState& wanted) const override;
};

// podman: a drop-in of containers.conf.d, or containers.conf.
class PodmanConfig : public TomlConfig {
 public:
  using TomlConfig::TomlConfig;

 protected:
  KeyPath runtimes_path(const TomlDocument& document) const override;
  KeyPath default_path(const TomlDocument& document) const override;
  std::string program_of(const TomlDocument& document, const std::string& name) const override;
  std::vector<Setting> settings(const TomlDocument& document,
                                const RuntimeState& wanted) const override;
};

// Path with one more key, or several.
template <class... Keys>
KeyPath below(KeyPath path, const Keys&... keys) {
  (path.emplace_back(keys), ...);
  return path;
}

}  // namespace xpu::setup
