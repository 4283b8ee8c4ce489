// SPDX-License-Identifier: Apache-2.0
// The vendor's driver on the host, by what the backends' manifests know of it.
#include <algorithm>

#include "core/base/error.h"
#include "core/base/glob.h"
#include "core/base/joined.h"
#include "core/catalog/grammar.h"
#include "core/doctor/checks.h"

namespace xpu::doctor {
namespace {

std::vector<std::string> parts(std::string_view text, std::string_view separators) {
  std::vector<std::string> out;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(separators), text.size()));
    if (text.empty()) {
      return out;
    }
    const std::size_t end = std::min(text.find_first_of(separators), text.size());
    out.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

bool is_dotted_version(std::string_view word) {
  return word.find('.') != word.npos && grammar::is_version(word);
}

// The first word of numbers with dots between them; "" for none.
std::string version_in(const std::string& text) {
  for (const std::string& word : parts(text, " \t\n")) {
    if (is_dotted_version(word)) {
      return word;
    }
  }
  return "";
}

// "550.163.01" of "/usr/lib/libx.so.550.163.01"; "" of "libx.so.1", which is no driver's version.
std::string version_behind(const std::string& path) {
  const std::size_t at = path.rfind(".so.");
  const std::string tail = at == path.npos ? "" : path.substr(at + 4);
  return is_dotted_version(tail) ? tail : "";
}

// A check of every entry that manifests have of one kind. `look` adds what is wrong; `good` is
// said where nothing is.
template <class Entry, class Look>
Findings each(const Host& host, std::vector<Entry> DoctorHints::*entries, const char* none,
              Look look) {
  Findings out;
  std::vector<std::string> good;
  for (const Backend& backend : host.backends) {
    for (const Entry& entry : backend.hints.*entries) {
      if (backend.status.state != BackendState::kDisabled) {
        look(backend, entry, good, out);
      }
    }
  }
  if (out.empty()) {
    out.push_back(good.empty() ? skipped(none) : pass(joined(good)));
  }
  return out;
}

// Whether the backend's description gives `name`, a SONAME or a pattern of paths, with that
// capability.
bool has_file(const Catalog& catalog, const std::string& capability, const std::string& name) {
  const bool is_path = name.find('/') != name.npos;
  for (const EditGroup& group : catalog.edits) {
    const std::vector<std::string> of = grammar::split(group.scope.capability);
    if (!of.empty() && std::find(of.begin(), of.end(), capability) == of.end()) {
      continue;
    }
    for (const File& file : group.files) {
      if (is_path ? matches_glob(file.host_path, name) || matches_glob(file.container_path, name)
                  : file.soname == name || file.host_path.ends_with("/" + name) ||
                        std::find(file.links.begin(), file.links.end(), name) != file.links.end()) {
        return true;
      }
    }
  }
  return false;
}

// Some backends leave the driver's libraries to the image.
bool gives_libraries(const Catalog& catalog) {
  return std::any_of(catalog.edits.begin(), catalog.edits.end(), [](const EditGroup& group) {
    return std::any_of(group.files.begin(), group.files.end(),
                       [](const File& file) { return file.kind == FileKind::kLibrary; });
  });
}

}  // namespace

Findings check_device_nodes(const Host& host) {
  return each(
      host, &DoctorHints::nodes, "no driver here that needs nodes of its own",
      [&](const Backend&, const DoctorHints::Node& node, std::vector<std::string>& good,
          Findings& out) {
        if (!node.if_exists.empty() && !host.exists(node.if_exists)) {
          return;
        }
        if (host.is_device(node.path)) {
          good.push_back(node.path);
        } else if (node.needed_for.empty()) {
          out.push_back(failure(cat(node.path, " is missing; containers need it"), node.remedy));
        } else {
          out.push_back(
              warning(cat(node.path, " is missing, needed for ", node.needed_for), node.remedy));
        }
      });
}

Findings check_driver_services(const Host& host) {
  return each(
      host, &DoctorHints::services, "no driver here that has daemons",
      [&](const Backend&, const DoctorHints::Service& service, std::vector<std::string>& good,
          Findings& out) {
        if (!host.exists(service.if_exists)) {
          return;
        }
        if (host.exists(service.path)) {
          good.push_back(service.path);
        } else {
          out.push_back(warning(cat(service.path, " is not there: ", service.why), service.remedy));
        }
      });
}

Findings check_driver_versions(const Host& host) {
  return each(host, &DoctorHints::versions, "no driver here that states its version",
              [&](const Backend& backend, const DoctorHints::Version& version,
                  std::vector<std::string>& good, Findings& out) {
                const std::string running = version_in(host.line(version.running));
                std::vector<std::string> installed;
                for (const std::string& pattern : version.installed) {
                  for (const std::string& path : host.glob(pattern)) {
                    const std::string found = version_behind(path);
                    if (!found.empty() &&
                        std::find(installed.begin(), installed.end(), found) == installed.end()) {
                      installed.push_back(found);
                    }
                  }
                }
                if (running.empty() || installed.empty()) {
                  return;
                }
                const std::string& name = backend.status.found.manifest.name;
                if (std::find(installed.begin(), installed.end(), running) != installed.end()) {
                  good.push_back(cat(name, ' ', running));
                } else {
                  out.push_back(failure(cat(name, ": the driver that runs is ", running,
                                            ", its libraries are ", joined(installed)),
                                        version.remedy));
                }
              });
}

Findings check_capability_libraries(const Host& host) {
  return each(host, &DoctorHints::libraries, "no driver here whose libraries come into containers",
              [&](const Backend& backend, const DoctorHints::Library& library,
                  std::vector<std::string>& good, Findings& out) {
                const Catalog& catalog = backend.status.catalog;
                if (backend.status.state != BackendState::kReady || !gives_libraries(catalog)) {
                  return;
                }
                std::vector<std::string> missing;
                for (const std::string& names : library.all) {
                  const std::vector<std::string> choices = parts(names, "|");
                  if (std::none_of(choices.begin(), choices.end(), [&](const std::string& name) {
                        return has_file(catalog, library.capability, name);
                      })) {
                    missing.push_back(choices.empty() ? names : choices.front());
                  }
                }
                if (missing.empty()) {
                  good.push_back(library.what);
                } else {
                  out.push_back(warning(cat(library.what, " (", library.capability,
                                            ") will not work in containers: no ", joined(missing)),
                                        library.remedy));
                }
              });
}

}  // namespace xpu::doctor
