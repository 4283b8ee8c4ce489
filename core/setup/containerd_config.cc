// SPDX-License-Identifier: Apache-2.0
#include "core/setup/containerd_config.h"

#include <algorithm>

#include "core/base/contains.h"
#include "core/base/error.h"
#include "core/config/toml_text.h"
#include "core/setup/toml_list.h"

namespace xpu::setup {
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
    if (!contains(list, one) && !contains(list, "*")) {
      list.push_back(one);
    }
  }
  return list;
}

// The list of that key with the annotations, laid out as it is.
std::string list_with_annotations(const TomlDocument& document, const KeyPath& path) {
  const std::vector<std::string> present = document.list_at(path);
  std::string literal = document.literal(path).value_or("");
  if (!literal.starts_with('[')) {
    return toml_text(with_annotations(present));
  }
  for (const std::string& one : kAnnotations) {
    literal = contains(present, "*") ? literal : toml_list_with(literal, one);
  }
  return literal;
}

KeyPath runtimes_of(const TomlDocument& document, const ContainerdFacts& facts) {
  return below(containerd_cri(document, facts), "containerd", "runtimes");
}

KeyPath default_of(const TomlDocument& document, const ContainerdFacts& facts) {
  return below(containerd_cri(document, facts), "containerd", "default_runtime_name");
}

// What the file imports because of us.
std::vector<std::string> added_imports(const TomlDocument& now, const TomlDocument& before,
                                       const TomlDocument& written) {
  const std::vector<std::string> had = before.list_at(kImports), wrote = written.list_at(kImports);
  std::vector<std::string> out = now.list_at(kImports);
  std::erase_if(out, [&](const std::string& import) {
    return contains(had, import) || !contains(wrote, import);
  });
  return out;
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
  return document.string_at(setup::below(runtimes_path(document), name, "options", "BinaryName"))
      .value_or("");
}

bool ContainerdConfig::has_cdi(const TomlDocument& document) const {
  return document.flag_at(setup::below(containerd_cri(document, facts_), "enable_cdi"))
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
    const KeyPath table = setup::below(runtimes_of(from, facts_), name);
    if (name == name_ ||
        from.string_at(setup::below(table, "runtime_type")).value_or(kShim) != kShim) {
      return from.has(table);
    }
    for_pods = from.list_at(setup::below(table, "pod_annotations"));
    for_containers = from.list_at(setup::below(table, "container_annotations"));
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
      {setup::below(own, "runtime_type"), toml_text(std::string(kShim))},
      {setup::below(own, "pod_annotations"), toml_text(with_annotations(for_pods))},
      {setup::below(own, "container_annotations"), toml_text(with_annotations(for_containers))}};
  out.insert(out.end(), copied.begin(), copied.end());
  out.push_back({setup::below(own, "options", "BinaryName"), toml_text(program)});
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
    out.push_back({setup::below(runtimes, "runc", "runtime_type"), toml_text(std::string(kShim))});
  }
  if (!document.has(own)) {
    const std::vector<Setting> runtime = new_runtime(document, wanted.program);
    out.insert(out.end(), runtime.begin(), runtime.end());
  } else {
    out.push_back({setup::below(own, "runtime_type"), toml_text(std::string(kShim))});
    for (const char* key : {"pod_annotations", "container_annotations"}) {
      const KeyPath path = setup::below(own, key);
      out.push_back({path, list_with_annotations(document, path)});
    }
    out.push_back({setup::below(own, "options", "BinaryName"), toml_text(wanted.program)});
  }
  if (wanted.cdi) {
    out.push_back({setup::below(cri, "enable_cdi"), "true"});
    const KeyPath folders = setup::below(cri, "cdi_spec_dirs");
    // Its default is the usual folders; an empty list is none of them.
    if (document.literal(folders) && document.list_at(folders).empty()) {
      out.push_back({folders, toml_text(std::vector<std::string>{"/etc/cdi", "/var/run/cdi"})});
    }
  }
  return out;
}

void ContainerdConfig::take_rest(TomlVersions& versions, const Removal& removal) const {
  take_imports(versions, removal);
  if (!removal.last) {
    return;
  }
  TomlDocument& document = versions.now;
  const KeyPath cri = containerd_cri(document, facts_);
  const KeyPath runtimes = runtimes_path(document);
  // The entry that only repeats containerd's own default.
  const KeyPath runc = setup::below(runtimes, "runc");
  const bool added = document.is_marked(runc) || (versions.before && !versions.before->has(runc) &&
                                                  versions.written->has(runc));
  if (added && document.names(runtimes).size() == 1 && document.below(runc).size() == 1) {
    document.remove(runc);
  }
  for (const char* key : {"enable_cdi", "cdi_spec_dirs"}) {
    const KeyPath path = setup::below(cri, key);
    if (versions.is_as_written(path)) {
      versions.give_back(path);
    }
  }
}

RuntimeState ContainerdConfig::inspect(const Text& text) const {
  RuntimeState state = TomlConfig::inspect(text);
  state.imported =
      !facts_.import.empty() &&
      contains(TomlDocument(text.value_or(""), source_).list_at(kImports), facts_.import);
  return state;
}

std::vector<NamedRuntime> ContainerdConfig::runtimes(const Text& text) const {
  std::vector<NamedRuntime> out = TomlConfig::runtimes(text);
  std::erase_if(out, [](const NamedRuntime& runtime) { return runtime.name == "runc"; });
  return out;
}

RuntimeState ContainerdConfig::wanted(const RuntimeState& state, const Wish& wish) const {
  RuntimeState out = facts_.runtime ? TomlConfig::wanted(state, wish) : state;
  out.imported = !facts_.import.empty();
  return out;
}

std::string ContainerdConfig::configured(const Text& text, const RuntimeState& wanted) const {
  TomlDocument document(wanted.present ? TomlConfig::configured(text, wanted) : text.value_or(""),
                        source_);
  if (!wanted.imported) {
    return document.text();
  }
  if (document.names({}).empty()) {
    document.set(first_settings());
  }
  const std::optional<std::string> literal = document.literal(kImports);
  document.set({{kImports, toml_list_with(literal.value_or("[]"), facts_.import)}});
  return document.text();
}

std::vector<std::string> ContainerdConfig::our_imports(const Text& text,
                                                       const Record* record) const {
  if (record == nullptr) {
    return {};
  }
  const TomlDocument written(record->written, source_);
  return written.has(kImports)
             ? added_imports(TomlDocument(text.value_or(""), source_),
                             TomlDocument(record->before.value_or(""), source_), written)
             : std::vector<std::string>();
}

bool ContainerdConfig::is_kept(const std::string& import) const {
  return facts_.kept_imports && contains(*facts_.kept_imports, import);
}

bool ContainerdConfig::concerns(const Text& text, const Record* record) const {
  const std::vector<std::string> imports = our_imports(text, record);
  return TomlConfig::concerns(text, record) ||
         std::any_of(imports.begin(), imports.end(),
                     [&](const std::string& import) { return !is_kept(import); });
}

bool ContainerdConfig::has_others(const Text& text, const Record* record) const {
  const std::vector<std::string> imports = our_imports(text, record);
  return TomlConfig::has_others(text, record) ||
         std::any_of(imports.begin(), imports.end(), [&](const std::string& import) {
           return facts_.kept_imports ? is_kept(import) : import != facts_.import;
         });
}

void ContainerdConfig::take_imports(TomlVersions& versions, const Removal& removal) const {
  if (!versions.written) {
    return;
  }
  TomlDocument& now = versions.now;
  const std::string present = now.literal(kImports).value_or("");
  std::string literal = present;
  for (const std::string& import : added_imports(now, *versions.before, *versions.written)) {
    literal = removal.last || !is_kept(import) ? toml_list_without(literal, import) : literal;
  }
  if (literal == present) {
    return;
  }
  now.set({{kImports, literal}});
  if (now.list_at(kImports) == versions.before->list_at(kImports)) {
    versions.give_back(kImports);
  }
}

}  // namespace xpu::setup
