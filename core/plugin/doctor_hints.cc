// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/doctor_hints.h"

#include <algorithm>

#include "core/base/comment_lines.h"
#include "core/base/error.h"
#include "core/catalog/grammar.h"
#include "core/plugin/manifest_toml.h"

namespace xpu {
namespace {

class HintsReader {
 public:
  HintsReader(const toml::table& doctor, const Manifest& manifest)
      : doctor_(doctor), toml_(manifest.file), manifest_(manifest) {}

  DoctorHints read() const {
    toml_.known_keys(doctor_, "[doctor] ",
                     {"nodes", "services", "versions", "libraries", "cdi", "docker-gpus", "sharing",
                      "checkpoint", "preloads", "hook-files"});
    DoctorHints out;
    each("nodes", {"path", "if-exists", "needed-for", "remedy"}, [&](const Entry& entry) {
      out.nodes.push_back({entry.path("path"), entry.path("if-exists", ""),
                           entry.text("needed-for", ""), entry.text("remedy")});
    });
    each("services", {"path", "if-exists", "why", "remedy"}, [&](const Entry& entry) {
      out.services.push_back(
          {entry.path("path"), entry.path("if-exists"), entry.text("why"), entry.text("remedy")});
    });
    each("versions", {"running", "installed", "remedy"}, [&](const Entry& entry) {
      out.versions.push_back(
          {entry.path("running"), entry.paths("installed"), entry.text("remedy")});
    });
    each("libraries", {"capability", "what", "all", "remedy"}, [&](const Entry& entry) {
      out.libraries.push_back(
          {entry.text("capability"), entry.text("what"), entry.texts("all"), entry.text("remedy")});
    });
    each("cdi", {"kind", "remedy"}, [&](const Entry& entry) {
      out.cdi.push_back({entry.text("kind"), entry.text("remedy")});
    });
    each("docker-gpus", {"programs"}, [&](const Entry& entry) {
      for (std::string& program : entry.texts("programs")) {
        out.docker_gpus.push_back(std::move(program));
      }
    });
    read_complaints(out);
    return out;
  }

 private:
  void read_complaints(DoctorHints& out) const {
    each("sharing", {"program", "why", "remedy"}, [&](const Entry& entry) {
      out.sharing.push_back({entry.text("program"), entry.text("why"), entry.text("remedy")});
    });
    each("checkpoint", {"plugins", "programs", "remedy"}, [&](const Entry& entry) {
      out.checkpoint.push_back({entry.paths("plugins"),
                                entry.table.get("programs") == nullptr ? std::vector<std::string>()
                                                                       : entry.texts("programs"),
                                entry.text("remedy")});
    });
    each("preloads", {"name", "why", "remedy"}, [&](const Entry& entry) {
      out.preloads.push_back({entry.text("name"), entry.text("why"), entry.text("remedy")});
    });
    each("hook-files", {"option", "remedy"}, [&](const Entry& entry) {
      out.hook_files.push_back({entry.text("option"), entry.text("remedy")});
    });
  }

  // One table of a list.
  struct Entry {
    const HintsReader& reader;
    const toml::table& table;
    std::string where;  // "[[doctor.nodes]] "

    std::string text(std::string_view key) const {
      const toml::node* node = table.get(key);
      if (node == nullptr) {
        fail(reader.toml_.place(&table), where, "without ", key);
      }
      return reader.toml_.text(*node, cat(where, key));
    }
    std::string text(std::string_view key, const char* otherwise) const {
      return table.get(key) == nullptr ? otherwise : text(key);
    }
    std::vector<std::string> texts(std::string_view key) const {
      std::vector<std::string> out;
      for (auto& item : reader.toml_.texts(table, key, cat(where, key))) {
        out.push_back(std::move(item.value));
      }
      if (out.empty()) {
        fail(reader.toml_.place(&table), where, "without ", key);
      }
      return out;
    }
    std::string path(std::string_view key) const { return reader.path(*this, key, text(key)); }
    std::string path(std::string_view key, const char* otherwise) const {
      return table.get(key) == nullptr ? otherwise : path(key);
    }
    std::vector<std::string> paths(std::string_view key) const {
      std::vector<std::string> out = texts(key);
      for (std::string& item : out) {
        item = reader.path(*this, key, item);
      }
      return out;
    }
  };

  template <class Take>
  void each(std::string_view key, std::initializer_list<std::string_view> known, Take take) const {
    const std::string name = cat("[[doctor.", key, "]]");
    for (const toml::table* table : toml_.tables(doctor_, key, name)) {
      const Entry entry{*this, *table, name + " "};
      toml_.known_keys(*table, entry.where, known);
      take(entry);
    }
  }

  std::string path(const Entry& entry, std::string_view key, const std::string& text) const {
    return toml_.path(entry.table.get(key), cat(entry.where, key), text, manifest_.options);
  }

  const toml::table& doctor_;
  const ManifestToml toml_;
  const Manifest& manifest_;
};

}  // namespace

DoctorHints parse_doctor_hints(const std::string& text, const Manifest& manifest) {
  toml::table root;
  try {
    root = toml::parse(without_comment_lines(text), manifest.file);
  } catch (const toml::parse_error& error) {
    fail(manifest.file, ":", error.source().begin.line, ": ", std::string(error.description()));
  }
  const ManifestToml reader(manifest.file);
  const toml::table* const doctor = reader.table(root, "doctor", "[doctor]");
  return doctor == nullptr ? DoctorHints() : HintsReader(*doctor, manifest).read();
}

DoctorHints read_doctor_hints(const Manifest& manifest) {
  const ManifestText text = read_manifest_text(manifest.file, nullptr);
  if (!text.problem.empty()) {
    fail(text.problem);
  }
  return parse_doctor_hints(text.text, manifest);
}

}  // namespace xpu
