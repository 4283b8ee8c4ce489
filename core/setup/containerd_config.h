// SPDX-License-Identifier: Apache-2.0
// config.toml of containerd, in each of its versions, and its drop-ins.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/setup/toml_config.h"

namespace xpu::setup {

// What is known about the containerd whose file it is.
struct ContainerdFacts {
  unsigned major = 1;        // of the installed program; 1 where there is none
  std::int64_t version = 0;  // of the main file, for a drop-in that does not say; 0: by itself
  // The other files of the configuration, in the order in which containerd reads them: the default
  // runtime, whose options ours takes over, may stand in one of them.
  std::vector<std::string> others;
  bool runtime = true;  // the runtime goes into this file
  std::string import;   // the drop-in that this file is to import; "" for none
  // While something is taken out: drop-ins that have other runtimes of ours, whose imports stay.
  std::optional<std::vector<std::string>> kept_imports;
};

// The version that a file says it has; 1 where it does not say, as containerd takes it. Throws
// Error for one that is not known.
std::int64_t containerd_version(const TomlDocument& document);
// The plugin whose table holds the runtimes: its name changed with the versions.
KeyPath containerd_cri(const TomlDocument& document, const ContainerdFacts& facts);

class ContainerdConfig : public TomlConfig {
 public:
  ContainerdConfig(std::string source, std::string name, std::string program, ContainerdFacts facts)
      : TomlConfig(std::move(source), std::move(name), std::move(program)),
        facts_(std::move(facts)) {}

  RuntimeState inspect(const Text& text) const override;
  // Without runc, which may be in the file because of us but is none of ours.
  std::vector<NamedRuntime> runtimes(const Text& text) const override;
  std::string configured(const Text& text, const RuntimeState& wanted) const override;
  RuntimeState wanted(const RuntimeState& state, const Wish& wish) const override;
  bool concerns(const Text& text, const Record* record) const override;
  bool has_others(const Text& text, const Record* record) const override;

  // Drop-ins that the text imports, and that it does because of us.
  std::vector<std::string> our_imports(const Text& text, const Record* record) const;

 protected:
  KeyPath runtimes_path(const TomlDocument& document) const override;
  KeyPath default_path(const TomlDocument& document) const override;
  std::string program_of(const TomlDocument& document, const std::string& name) const override;
  bool has_cdi(const TomlDocument& document) const override;
  std::vector<Setting> first_settings() const override;
  std::vector<Setting> settings(const TomlDocument& document,
                                const RuntimeState& wanted) const override;
  void take_rest(TomlVersions& versions, const Removal& removal) const override;

 private:
  void take_imports(TomlVersions& versions, const Removal& removal) const;
  bool is_kept(const std::string& import) const;
  std::vector<Setting> new_runtime(const TomlDocument& document, const std::string& program) const;

  ContainerdFacts facts_;
};

}  // namespace xpu::setup
