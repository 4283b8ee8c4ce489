// SPDX-License-Identifier: Apache-2.0
#include "core/setup/containerd_config.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/config/toml_text.h"

namespace xpu {
namespace {

constexpr std::int64_t kNewest = 4;
constexpr const char* kShim = "io.containerd.runc.v2";
// Without these the annotations of a pod do not reach the runtime.
const std::vector<std::string> kAnnotations = {"xpu.dev/*", "cdi.k8s.io/*"};
const KeyPath kVersion = {"version"};
const KeyPath kImports = {"imports"};

std::int64_t version_for(unsigned major) {
  return major >= 2 ? 3 : 2;
}

// "", 0, false and the like say nothing that leaving the key out does not say.
bool says_nothing(const std::string& literal) {
  return literal == "\"\"" || literal == "''" || literal == "0" || literal == "false" ||
         literal == "[]" || literal == "{}";
}

std::vector<std::string> with_annotations(std::vector<std::string> list) {
  for (const std::string& one : kAnnotations) {
    if (std::find(list.begin(), list.end(), one) == list.end() &&
        std::find(list.begin(), list.end(), "*") == list.end()) {
      list.push_back(one);
    }
  }
  return list;
}

KeyPath runtimes_of(const TomlDocument& document, const ContainerdFacts& facts) {
  return below(containerd_cri(document, facts), "containerd", "runtimes");
}

KeyPath default_of(const TomlDocument& document, const ContainerdFacts& facts) {
  return below(containerd_cri(document, facts), "containerd", "default_runtime_name");
}

}  // namespace

std::int64_t containerd_version(const TomlDocument& document) {
  const std::int64_t version = document.number_at(kVersion).value_or(1);
  if (version > kNewest) {
    fail(document.source(), ": version ", version, " of the file is newer than the versions 1 to ",
         kNewest, " that are known here");
  }
  return std::max<std::int64_t>(version, 1);
}

KeyPath containerd_cri(const TomlDocument& document, const ContainerdFacts& facts) {
  const KeyPath one = {"plugins", "cri"};
  const KeyPath two = {"plugins", "io.containerd.grpc.v1.cri"};
  const KeyPath three = {"plugins", "io.containerd.cri.v1.runtime"};
  const bool says = document.literal(kVersion).has_value();
  const std::int64_t version =
      !says && facts.version != 0 ? facts.version : containerd_version(document);
  if (version >= 3) {
    return three;
  }
  if (version == 2) {
    return two;
  }
  // containerd 2 takes long names from a file without a version, too.
  if (!says && facts.major >= 2 && !document.has(one)) {
    return document.has(three) ? three : document.has(two) ? two : one;
  }
  return one;
}

KeyPath ContainerdConfig::runtimes_path(const TomlDocument& document) const {
  return runtimes_of(document, facts_);
}

KeyPath ContainerdConfig::default_path(const TomlDocument& document) const {
  return default_of(document, facts_);
}

std::string ContainerdConfig::program_of(const TomlDocument& document,
                                         const std::string& name) const {
  return document.string_at(xpu::below(runtimes_path(document), name, "options", "BinaryName"))
      .value_or("");
}

bool ContainerdConfig::has_cdi(const TomlDocument& document) const {
  return document.flag_at(xpu::below(containerd_cri(document, facts_), "enable_cdi"))
      .value_or(false);
}

std::vector<Setting> ContainerdConfig::first_settings() const {
  const std::int64_t version = facts_.version != 0 ? facts_.version : version_for(facts_.major);
  return {{kVersion, std::to_string(version)}};
}

// Ours is the default runtime with another program: it takes over what that one's table says, the
// cgroup driver above all.
std::vector<Setting> ContainerdConfig::new_runtime(const TomlDocument& document,
                                                   const std::string& program) const {
  const KeyPath own = own_path(document);
  std::vector<Setting> copied, options;
  std::vector<std::string> for_pods, for_containers;
  const auto take = [&](const TomlDocument& from) {
    const std::string name = from.string_at(default_of(from, facts_)).value_or("runc");
    const KeyPath table = xpu::below(runtimes_of(from, facts_), name);
    if (name == name_ ||
        from.string_at(xpu::below(table, "runtime_type")).value_or(kShim) != kShim) {
      return from.has(table);
    }
    for_pods = from.list_at(xpu::below(table, "pod_annotations"));
    for_containers = from.list_at(xpu::below(table, "container_annotations"));
    for (const Setting& setting : from.below(table)) {
      KeyPath path = own;
      path.insert(path.end(), setting.path.begin() + static_cast<std::ptrdiff_t>(table.size()),
                  setting.path.end());
      const std::string key = path[own.size()];
      const bool ours = key == "runtime_type" || key == "pod_annotations" ||
                        key == "container_annotations" || key == "runtime_path" ||
                        path.back() == "BinaryName";
      if (!ours && !says_nothing(setting.literal) &&
          setting.literal.find('\n') == std::string::npos) {
        (key == "options" ? options : copied).push_back({path, setting.literal});
      }
    }
    return from.has(table);
  };
  bool found = take(document);
  for (auto other = facts_.others.rbegin(); !found && other != facts_.others.rend(); ++other) {
    found = take(TomlDocument(*other, source_));
  }
  std::vector<Setting> out = {
      {xpu::below(own, "runtime_type"), toml_text(std::string(kShim))},
      {xpu::below(own, "pod_annotations"), toml_text(with_annotations(for_pods))},
      {xpu::below(own, "container_annotations"), toml_text(with_annotations(for_containers))}};
  out.insert(out.end(), copied.begin(), copied.end());
  out.push_back({xpu::below(own, "options", "BinaryName"), toml_text(program)});
  out.insert(out.end(), options.begin(), options.end());
  return out;
}

std::vector<Setting> ContainerdConfig::settings(const TomlDocument& document,
                                                const RuntimeState& wanted) const {
  const KeyPath cri = containerd_cri(document, facts_);
  const KeyPath runtimes = runtimes_path(document);
  const KeyPath own = own_path(document);
  std::vector<Setting> out;
  // A list of runtimes takes the place of containerd's own, which has runc alone.
  const bool elsewhere =
      std::any_of(facts_.others.begin(), facts_.others.end(), [&](const std::string& other) {
        const TomlDocument file(other, source_);
        return file.has(runtimes_of(file, facts_));
      });
  if (!elsewhere && document.names(runtimes).empty() &&
      document.string_at(default_path(document)).value_or("runc") == "runc") {
    out.push_back({xpu::below(runtimes, "runc", "runtime_type"), toml_text(std::string(kShim))});
  }
  if (!document.has(own)) {
    const std::vector<Setting> runtime = new_runtime(document, wanted.program);
    out.insert(out.end(), runtime.begin(), runtime.end());
  } else {
    out.push_back({xpu::below(own, "runtime_type"), toml_text(std::string(kShim))});
    for (const char* key : {"pod_annotations", "container_annotations"}) {
      const std::vector<std::string> present = document.list_at(xpu::below(own, key));
      out.push_back({xpu::below(own, key), toml_text(with_annotations(present))});
    }
    out.push_back({xpu::below(own, "options", "BinaryName"), toml_text(wanted.program)});
  }
  if (wanted.cdi) {
    out.push_back({xpu::below(cri, "enable_cdi"), "true"});
    const KeyPath folders = xpu::below(cri, "cdi_spec_dirs");
    // Its default is the usual folders; an empty list is none of them.
    if (document.literal(folders) && document.list_at(folders).empty()) {
      out.push_back({folders, toml_text(std::vector<std::string>{"/etc/cdi", "/var/run/cdi"})});
    }
  }
  return out;
}

void ContainerdConfig::take_rest(TomlDocument& document, const TomlDocument* before) const {
  const KeyPath cri = containerd_cri(document, facts_);
  const KeyPath runtimes = runtimes_path(document);
  // The entry that only repeats containerd's own default.
  const KeyPath runc = xpu::below(runtimes, "runc");
  if (document.is_marked(runc) && document.names(runtimes).size() == 1 &&
      document.below(runc).size() == 1) {
    document.remove(runc);
  }
  for (const char* key : {"enable_cdi", "cdi_spec_dirs"}) {
    const KeyPath path = xpu::below(cri, key);
    if (before == nullptr || !document.literal(path)) {
      continue;
    }
    if (const std::optional<std::string> old = before->literal(path)) {
      document.set({{path, *old}});
    } else {
      document.remove(path);
    }
  }
}

RuntimeState ContainerdImports::inspect(const Text& text) const {
  const TomlDocument document(text.value_or(""), source_);
  const std::vector<std::string> imports = document.list_at(kImports);
  RuntimeState state;
  state.present = std::find(imports.begin(), imports.end(), program_) != imports.end();
  state.program = program_;
  return state;
}

std::string ContainerdImports::configured(const Text& text, const RuntimeState&) const {
  TomlDocument document(text.value_or(""), source_);
  if (document.names({}).empty()) {
    document.set({{kVersion, std::to_string(version_for(major_))}});
  }
  const std::optional<std::string> literal = document.literal(kImports);
  document.set({{kImports, toml_list_with(literal.value_or("[]"), program_)}});
  return document.text();
}

std::string ContainerdImports::removed(const std::string& text, const Text& before) const {
  TomlDocument document(text, source_);
  std::vector<std::string> left = document.list_at(kImports);
  left.erase(std::remove(left.begin(), left.end(), program_), left.end());
  const std::optional<TomlDocument> old =
      before ? std::optional<TomlDocument>(std::in_place, *before, source_) : std::nullopt;
  if (old && old->literal(kImports) && old->list_at(kImports) == left) {
    document.set({{kImports, *old->literal(kImports)}});
  } else if (left.empty() && !(old && old->literal(kImports))) {
    document.remove(kImports);
  } else {
    document.set({{kImports, toml_text(left)}});
  }
  return document.text();
}

}  // namespace xpu
