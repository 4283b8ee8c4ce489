// SPDX-License-Identifier: Apache-2.0
// containerd reads its main file and then what that imports. Up to containerd 1.7 a file that has a
// table of the CRI plugin takes the place of all that earlier files say of that plugin; later ones
// add to each other. What holds for both: our runtime goes into the last file that has the table.
#include <glob.h>

#include <algorithm>
#include <deque>
#include <iterator>

#include "core/base/error.h"
#include "core/setup/containerd_config.h"
#include "core/setup/containerd_runtimes.h"
#include "core/setup/engine.h"
#include "core/setup/files.h"
#include "core/setup/program.h"

namespace xpu::setup {
namespace {

constexpr const char* kDropIn = "/etc/containerd/conf.d/99-xpu.toml";

struct Part {
  std::string path;  // below the root
  Text text;
};

// The files that match, below the root; the pattern itself where nothing is to be matched.
std::vector<std::string> matches(const std::string& root, const std::string& pattern) {
  if (pattern.find('*') == std::string::npos) {
    return {pattern};
  }
  std::vector<std::string> out;
  glob_t found{};
  if (::glob((root + pattern).c_str(), 0, nullptr, &found) == 0) {
    for (std::size_t i = 0; i < found.gl_pathc; ++i) {
      out.emplace_back(std::string(found.gl_pathv[i]).substr(root.size()));
    }
  }
  ::globfree(&found);
  return out;
}

// A relative path is one from the folder of the file that imports it, but a pattern is taken as it
// is, from where containerd runs: the root.
std::string absolute_import(const std::string& file, const std::string& import) {
  if (import.starts_with('/')) {
    return import;
  }
  const bool pattern = import.find('*') != std::string::npos;
  return cat(pattern ? "/" : file.substr(0, file.rfind('/') + 1), import);
}

// Main file first, then as containerd goes on to the files that each imports.
std::vector<Part> read_parts(const SetupOptions& options, const std::string& main) {
  std::vector<Part> parts;
  std::deque<std::string> pending = {main};
  while (!pending.empty()) {
    const std::string path = pending.front();
    pending.pop_front();
    const bool known = std::any_of(parts.begin(), parts.end(),
                                   [&](const Part& part) { return part.path == path; });
    if (known) {
      continue;
    }
    const ConfigFile file(options.root, path);
    if (!file.text() && path != main) {
      continue;
    }
    parts.push_back({path, file.text()});
    const TomlDocument document(file.text().value_or(""), path);
    for (const std::string& import : document.list_at({"imports"})) {
      for (const std::string& one : matches(options.root, absolute_import(path, import))) {
        pending.push_back(one);
      }
    }
  }
  return parts;
}

class Containerd : public Engine {
 public:
  std::string name() const override { return "containerd"; }
  std::string service() const override { return "containerd"; }
  std::string evidence(const SetupOptions& options) const override {
    return find_program(options.root, "containerd");
  }

  std::vector<FileEdit> edits(const SetupOptions& options) const override {
    const std::string main = main_file(options);
    const std::vector<Part> parts = read_parts(options, main);
    const unsigned major = std::max(1U, major_version(options, "containerd"));
    if (options.wish.remove) {
      return removals(options, parts, major);
    }
    std::vector<FileEdit> out;
    if (options.drop_in) {
      const std::string file = drop_in_file(options);
      require_merging(parts, file, major);
      out.push_back(edit(options, parts, file, major));
      const bool imported = std::any_of(parts.begin(), parts.end(),
                                        [&](const Part& part) { return part.path == file; });
      if (!imported && !is_imported_by_pattern(parts.front(), file)) {
        ContainerdFacts main_facts = facts(parts, main, major);
        main_facts.runtime = false;
        main_facts.import = file;
        out.push_back(file_edit<ContainerdConfig>(options, main, std::move(main_facts)));
      }
      return out;
    }
    out.push_back(edit(options, parts, place_of(options, parts, major), major));
    return out;
  }

  EngineNotes notes(const SetupOptions& options) const override {
    EngineNotes notes;
    notes.use = {
        cat("in Kubernetes: a RuntimeClass with the handler \"", options.wish.name,
            "\", which pods name as runtimeClassName"),
        cat("ctr, which does not read this: ctr run --runc-binary ", options.wish.program, " ..."),
        cat("nerdctl, which does not read this: nerdctl run --runtime=", options.wish.program,
            " ...")};
    const unsigned major = major_version(options, "containerd");
    if (options.wish.cdi && major == 1) {
      notes.warnings.push_back(
          "containerd has CDI from version 1.7 on; before, --cdi does nothing");
    }
    const std::vector<Part> parts = read_parts(options, main_file(options));
    for (const Part& part : parts) {
      const TomlDocument document(part.text.value_or(""), part.path);
      for (const std::string& plugin : document.list_at({"disabled_plugins"})) {
        if (plugin == "cri" || plugin == "io.containerd.grpc.v1.cri" ||
            plugin == "io.containerd.cri.v1.runtime") {
          notes.warnings.push_back(
              cat(part.path,
                  " switches off the CRI plugin (disabled_plugins), which alone reads "
                  "this; docker and ctr do not need it, Kubernetes does"));
        }
      }
    }
    const TomlDocument document(parts.front().text.value_or(""), parts.front().path);
    const bool two = document.has({"plugins", "io.containerd.grpc.v1.cri"});
    if (major < 2 && two && containerd_version(document) == 1) {
      notes.warnings.push_back(cat(parts.front().path,
                                   " has no version, so containerd 1 takes it as version 1, and "
                                   "what it says of \"io.containerd.grpc.v1.cri\" as nothing; is "
                                   "\"version = 2\" missing at its top?"));
    }
    return notes;
  }

  std::string objection(const SetupOptions& options) const override {
    const std::string program = options.root.empty() ? find_program("", "containerd") : "";
    if (program.empty() || !exists(options, main_file(options))) {
      return "";
    }
    const Answer answer = ask({program, "--config", main_file(options), "config", "dump"}, 20);
    return answer.status == 0 || answer.status == -1 ? "" : answer.output;
  }

  static std::vector<ContainerdRuntime> runtimes(const SetupOptions& options) {
    const std::vector<Part> parts = read_parts(options, main_file(options));
    const unsigned major = std::max(1U, major_version(options, "containerd"));
    std::vector<ContainerdRuntime> out;
    for (const Part& part : parts) {
      const TomlDocument document(part.text.value_or(""), part.path);
      const KeyPath all =
          below(containerd_cri(document, facts(parts, part.path, major)), "containerd", "runtimes");
      for (const std::string& name : document.names(all)) {
        const KeyPath one = below(all, name);
        std::optional<std::string> program =
            document.string_at(below(one, "options", "BinaryName"));
        program = program ? program : document.string_at(below(one, "runtime_engine"));
        out.push_back({part.path, name, program.value_or("")});
      }
    }
    return out;
  }

 private:
  static std::string main_file(const SetupOptions& options) {
    if (!options.config.empty()) {
      return options.config;
    }
    return options.rootless ? cat(options.config_home, "/containerd/config.toml")
                            : "/etc/containerd/config.toml";
  }

  static std::string drop_in_file(const SetupOptions& options) {
    if (!options.drop_in_file.empty()) {
      return options.drop_in_file;
    }
    return options.rootless ? cat(options.config_home, "/containerd/conf.d/99-xpu.toml") : kDropIn;
  }

  static ContainerdFacts facts(const std::vector<Part>& parts, const std::string& path,
                               unsigned major) {
    ContainerdFacts facts;
    facts.major = major;
    const TomlDocument main(parts.front().text.value_or(""), parts.front().path);
    if (path != parts.front().path && !main.names({}).empty()) {
      facts.version = containerd_version(main);
    }
    for (const Part& part : parts) {
      if (part.path != path && part.text) {
        facts.others.push_back(*part.text);
      }
    }
    return facts;
  }

  static FileEdit edit(const SetupOptions& options, const std::vector<Part>& parts,
                       const std::string& path, unsigned major) {
    return file_edit<ContainerdConfig>(options, path, facts(parts, path, major));
  }

  // The file that has the runtime already, else the last that has the plugin's table, else the main
  // one.
  static std::string place_of(const SetupOptions& options, const std::vector<Part>& parts,
                              unsigned major) {
    std::string place = parts.front().path;
    for (const Part& part : parts) {
      const FileEdit one = edit(options, parts, part.path, major);
      if (one.editor->inspect(part.text).present) {
        return part.path;
      }
      const TomlDocument document(part.text.value_or(""), part.path);
      if (document.has(containerd_cri(document, facts(parts, part.path, major)))) {
        place = part.path;
      }
    }
    return place;
  }

  // One edit a file: the main one may have the runtime, imports of drop-ins, or both.
  std::vector<FileEdit> removals(const SetupOptions& options, std::vector<Part> parts,
                                 unsigned major) const {
    const Part main = parts.front();
    std::vector<std::string> ours = our_imports(options, main);
    ours.push_back(drop_in_file(options));
    for (const std::string& path : ours) {
      add_if_there(options, path, parts);
    }
    std::vector<FileEdit> drop_ins;
    std::vector<std::string> kept;
    for (const Part& part : parts) {
      if (part.path == main.path) {
        continue;
      }
      FileEdit one = edit(options, parts, part.path, major);
      const auto record = usable_record(*one.editor, ConfigFile(options.root, part.path).kept());
      const Record* known = record ? &*record : nullptr;
      if (one.editor->has_others(part.text, known)) {
        kept.push_back(part.path);
      }
      if (one.editor->concerns(part.text, known)) {
        drop_ins.push_back(std::move(one));
      }
    }
    ContainerdFacts main_facts = facts(parts, main.path, major);
    main_facts.kept_imports = std::move(kept);
    std::vector<FileEdit> out;
    out.push_back(file_edit<ContainerdConfig>(options, main.path, std::move(main_facts)));
    std::move(drop_ins.begin(), drop_ins.end(), std::back_inserter(out));
    return out;
  }

  static std::vector<std::string> our_imports(const SetupOptions& options, const Part& main) {
    const ContainerdConfig editor(main.path, options.wish.name, options.wish.program, {});
    const auto record = usable_record(editor, ConfigFile(options.root, main.path).kept());
    return record ? editor.our_imports(record->written, &*record) : std::vector<std::string>();
  }

  static void add_if_there(const SetupOptions& options, const std::string& path,
                           std::vector<Part>& parts) {
    const bool known = std::any_of(parts.begin(), parts.end(),
                                   [&](const Part& part) { return part.path == path; });
    const ConfigFile file(options.root, path);
    if (!known && file.text()) {
      parts.push_back({path, file.text()});
    }
  }

  static bool is_imported_by_pattern(const Part& main, const std::string& file) {
    const TomlDocument document(main.text.value_or(""), main.path);
    for (const std::string& import : document.list_at({"imports"})) {
      const std::string absolute = absolute_import(main.path, import);
      const std::size_t star = absolute.find('*');
      if (star != std::string::npos && file.starts_with(absolute.substr(0, star)) &&
          file.find('/', star) == std::string::npos &&
          file.ends_with(absolute.substr(absolute.rfind('*') + 1))) {
        return true;
      }
    }
    return false;
  }

  static void require_merging(const std::vector<Part>& parts, const std::string& file,
                              unsigned major) {
    if (major >= 2) {
      return;
    }
    for (const Part& part : parts) {
      const TomlDocument document(part.text.value_or(""), part.path);
      if (part.path != file &&
          document.has(containerd_cri(document, facts(parts, part.path, major)))) {
        refuse_drop_in("containerd before version 2",
                       cat("would take a drop-in in place of what ", part.path,
                           " says of the CRI plugin, not besides"));
      }
    }
  }
};

}  // namespace

std::vector<ContainerdRuntime> containerd_runtimes(const std::string& root) {
  SetupOptions options;
  options.root = root;
  return Containerd::runtimes(options);
}

std::unique_ptr<Engine> containerd_engine() {
  return std::make_unique<Containerd>();
}

}  // namespace xpu::setup
