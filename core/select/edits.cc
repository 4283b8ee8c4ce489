// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>
#include <string_view>
#include <unordered_map>

#include "core/base/error.h"
#include "core/catalog/grammar.h"
#include "core/select/select.h"

namespace xpu {
namespace {

std::string why_of(const Scope& scope, const std::string& backend) {
  if (scope.device.empty() && scope.capability.empty()) {
    return cat("backend ", backend);
  }
  const std::string capability =
      scope.capability.empty() ? "" : cat("capability ", scope.capability);
  if (scope.device.empty()) {
    return capability;
  }
  return cat("device ", scope.device, capability.empty() ? "" : ", ", capability);
}

class Collector {
 public:
  void add(const SelectedBackend& selected, const Catalog& catalog) {
    const std::set<std::string_view> devices(selected.devices.begin(), selected.devices.end());
    const std::set<std::string_view> capabilities(selected.capabilities.begin(),
                                                  selected.capabilities.end());
    for (const EditGroup& group : catalog.edits) {
      const Scope& scope = group.scope;
      const std::vector<std::string> wanted = grammar::split(scope.capability);
      if ((scope.device.empty() || devices.contains(scope.device)) &&
          std::all_of(wanted.begin(), wanted.end(),
                      [&](const std::string& one) { return capabilities.contains(one); })) {
        add_group(group, why_of(scope, selected.backend));
      }
    }
  }

  Edits take() { return std::move(edits_); }

 private:
  // Who put what where.
  struct Claim {
    std::string content;
    std::string why;
  };

  void add_group(const EditGroup& group, const std::string& why) {
    for (const Node& node : group.nodes) {
      const std::string content =
          cat("the node ", node.host_path, " (", node.type, ' ', node.major, ':', node.minor, ')');
      if (claim(node.container_path, node.container_path, content, why)) {
        edits_.nodes.push_back({node, why});
      }
    }
    for (const File& file : group.files) {
      add_file(file, why);
    }
    for (const EnvVar& variable : group.env) {
      if (claim(cat("env ", variable.name), cat("the variable ", variable.name),
                cat('\'', variable.value, '\''), why)) {
        edits_.env.push_back({variable, why});
      }
    }
    for (const Link& link : group.links) {
      if (claim(link.path, link.path, cat("a link to ", link.target), why)) {
        edits_.links.push_back({link, why});
      }
    }
  }

  void add_file(const File& file, const std::string& why) {
    // Libraries of one architecture share the loader's folder, wherever that will be; their place
    // is relative to it.
    const bool library = file.kind == FileKind::kLibrary;
    const std::string place =
        library && file.container_path.empty() ? file.soname : file.container_path;
    const std::string space = library ? cat(file.architecture, ' ') : "";
    const std::string folder = cat(space, place.substr(0, place.rfind('/') + 1));
    const std::string key = cat(space, place);
    const bool is_new = claim(key, place, cat("the file ", file.host_path), why);
    std::vector<std::string> links;
    for (const std::string& link : file.links) {
      if (claim(cat(folder, link), link, cat("the file ", file.host_path), why)) {
        links.push_back(link);
      }
    }
    if (is_new) {
      index_[key] = edits_.files.size();
      edits_.files.push_back({file, why});
      edits_.files.back().item.links = std::move(links);
    } else if (const auto known = index_.find(key); known != index_.end()) {
      std::vector<std::string>& all = edits_.files[known->second].item.links;
      all.insert(all.end(), links.begin(), links.end());
    }
  }

  // False when the same content is there already; an error when something else is.
  bool claim(const std::string& key, const std::string& place, const std::string& content,
             const std::string& why) {
    const auto [entry, is_new] = claims_.try_emplace(key, Claim{content, why});
    if (!is_new && entry->second.content != content) {
      fail(entry->second.why, " and ", why, " cannot be given together: one wants ", place,
           " to be ", entry->second.content, ", the other ", content);
    }
    return is_new;
  }

  std::unordered_map<std::string, Claim> claims_;
  std::unordered_map<std::string, std::size_t> index_;  // key of a file → place in edits_.files
  Edits edits_;
};

}  // namespace

Edits edits(const Selection& selection, const std::vector<BackendStatus>& backends) {
  Collector collector;
  for (const SelectedBackend& selected : selection.backends) {
    const auto backend =
        std::find_if(backends.begin(), backends.end(), [&](const BackendStatus& status) {
          return status.found.manifest.name == selected.backend;
        });
    if (backend == backends.end()) {
      fail("the backend ", selected.backend, " of the selection is not there");
    }
    collector.add(selected, backend->catalog);
  }
  return collector.take();
}

}  // namespace xpu
