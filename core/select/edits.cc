// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_map>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/catalog/grammar.h"
#include "core/catalog/values.h"
#include "core/select/grants.h"
#include "core/select/select.h"

namespace xpu {
namespace {

// What of one backend a container is given.
class Given {
 public:
  explicit Given(const SelectedBackend& selected)
      : backend_(selected.backend),
        devices_(selected.devices.begin(), selected.devices.end()),
        capabilities_(selected.capabilities.begin(), selected.capabilities.end()) {
    for (const SelectedFeature& feature : selected.features) {
      features_.emplace(feature.name, &feature);
    }
  }

  bool holds(const Scope& scope) const {
    if (!scope.device.empty() && !devices_.contains(scope.device)) {
      return false;
    }
    const std::vector<std::string> wanted = grammar::split(scope.capability);
    return std::all_of(wanted.begin(), wanted.end(), [&](const std::string& one) {
      return (scope.item.empty() && capabilities_.contains(one)) || has(one, scope.item);
    });
  }

  std::string why(const Scope& scope) const {
    std::string what;
    if (!scope.capability.empty()) {
      what = cat(features_.contains(scope.capability) ? "feature " : "capability ",
                 scope.capability, scope.item.empty() ? "" : " ", scope.item);
    }
    if (scope.device.empty()) {
      return what.empty() ? cat("backend ", backend_) : what;
    }
    return cat("device ", scope.device, what.empty() ? "" : ", ", what);
  }

 private:
  bool has(const std::string& feature, const std::string& item) const {
    const auto at = features_.find(feature);
    if (at == features_.end()) {
      return false;
    }
    const std::vector<std::string>& items = at->second->items;
    return item.empty() || std::find(items.begin(), items.end(), item) != items.end();
  }

  const std::string& backend_;
  std::set<std::string_view> devices_, capabilities_;
  std::map<std::string_view, const SelectedFeature*> features_;
};

class Collector {
 public:
  void add(const SelectedBackend& selected, const Catalog& catalog) {
    const Given given(selected);
    std::vector<const EditGroup*> groups;
    Values values;
    for (const EditGroup& group : catalog.edits) {
      if (given.holds(group.scope)) {
        groups.push_back(&group);
        for (const Value& value : group.values) {
          values.add(value);
        }
      }
    }
    for (const EditGroup* group : groups) {
      const Reason reason{given.why(group->scope), group->scope.image_lacks, group->turn};
      add_group(*group, reason);
      if (group->cdi == nullptr) {
        add_generated(*group, values, reason);
      }
      if (group->cdi != nullptr) {
        add_cdi_env(*group, reason);
        add_cdi(*group->cdi, reason);
      }
    }
  }

  Edits take() { return std::move(edits_); }

 private:
  struct Reason {
    std::string why;
    std::string image_lacks;
    unsigned turn = 0;  // of CDI files
  };

  // Who put what where, and under which conditions on the image.
  struct Claim {
    std::string content;
    std::string why;
    std::vector<std::string> image_lacks;
    unsigned turn = 0;  // of CDI files: of two that may differ the later one counts
  };

  template <class T>
  static void put(std::vector<Wanted<T>>& list, T item, const Reason& reason) {
    list.push_back({std::move(item), reason.why, reason.image_lacks});
  }

  // Two that want the same node may do with it what either may. Mode and owner are those that the
  // later one names, and for a node that a backend describes those by which everybody can open it.
  void join(const Node& node, const Reason& reason) {
    const auto known = std::find_if(edits_.nodes.begin(), edits_.nodes.end(), [&](const auto& one) {
      return one.item.container_path == node.container_path;
    });
    if (known == edits_.nodes.end()) {
      return;
    }
    unsigned& turn = claims_.at(node.container_path).turn;
    const bool later = turn > 0 && reason.turn >= turn;
    const NodeTerms mine = terms_of(known->item), more = terms_of(node);
    NodeTerms terms = mine;
    bool differ = false;
    const auto take = [&](auto& value, const auto& other) {
      differ = differ || (value && other && value != other);
      value = other && (later || !value) ? other : value;
    };
    terms.access = union_of(mine.access, more.access);
    take(terms.mode, more.mode);
    take(terms.uid, more.uid);
    take(terms.gid, more.gid);
    if (differ) {
      put(edits_.notes,
          Note{true, cat(known->why, " and ", reason.why, " differ in how ", node.container_path,
                         " stands in the container: ", standing(mine), " and ", standing(more),
                         "; it gets what ", later ? reason.why : known->why, " says")},
          reason);
    }
    turn = later ? reason.turn : turn;
    if (known->item.terms == nullptr && terms.mode == mine.mode && !terms.uid && !terms.gid) {
      terms.mode.reset();  // what it stands for is what everybody gets
    }
    if (known->item.terms != nullptr || terms.access != mine.access || terms.mode || terms.uid ||
        terms.gid) {
      known->item.terms = std::make_shared<const NodeTerms>(std::move(terms));
    }
  }

  static NodeTerms terms_of(const Node& node) {
    return node.terms != nullptr ? *node.terms : NodeTerms{access_of(node), 0666, {}, {}, false};
  }
  // "mode 0660, owner 0:44", as far as it is said.
  static std::string standing(const NodeTerms& terms) {
    char mode[8] = "";
    if (terms.mode) {
      std::snprintf(mode, sizeof(mode), "%04o", *terms.mode);
    }
    const auto id = [](const std::optional<std::uint32_t>& one) {
      return one ? std::to_string(*one) : std::string("-");
    };
    const std::string owner =
        terms.uid || terms.gid ? cat("owner ", id(terms.uid), ":", id(terms.gid)) : "";
    return cat(terms.mode ? "mode " : "", mode, terms.mode && !owner.empty() ? ", " : "", owner);
  }

  void add_group(const EditGroup& group, const Reason& reason) {
    for (const Node& node : group.nodes) {
      const std::string content =
          cat("the node ", node.host_path, " (", node.type, ' ', node.major, ':', node.minor, ')');
      if (claim(node.container_path, node.container_path, content, reason)) {
        put(edits_.nodes, node, reason);
      } else {
        join(node, reason);
      }
    }
    for (const File& file : group.files) {
      add_file(file, reason);
    }
    for (const Link& link : group.links) {
      if (claim(link.path, link.path, cat("a link to ", link.target), reason)) {
        put(edits_.links, link, reason);
      }
    }
    for (const ImageFolder& folder : group.image_folders) {
      const std::string key =
          cat("image ", folder.folder, ' ', folder.library, ' ', folder.version);
      if (claim(key, "", "", reason)) {
        put(edits_.image_folders, folder, reason);
      }
    }
    for (const Note& note : group.notes) {
      if (claim(cat(note.warning ? "warning " : "note ", note.text), "", "", reason)) {
        put(edits_.notes, note, reason);
      }
    }
  }

  // What values may be put into.
  void add_generated(const EditGroup& group, const Values& values, const Reason& reason) {
    for (const EnvVar& variable : group.env) {
      const std::optional<std::string> value =
          variable.expand ? values.expand(variable.value) : variable.value;
      if (value && claim(cat("env ", variable.name), cat("the variable ", variable.name),
                         cat('\'', *value, '\''), reason)) {
        put(edits_.env, {variable.name, *value}, reason);
      }
    }
    for (const Text& text : group.texts) {
      const std::optional<std::string> content =
          text.expand ? values.expand(text.content) : text.content;
      if (content && claim(text.path, text.path,
                           cat("a generated file of ", content->size(), " bytes (",
                               hex64(fnv1a(*content)), ')'),
                           reason)) {
        put(edits_.texts, {text.path, *content}, reason);
      }
    }
  }

  // As for all readers of CDI files the one that comes later in the request counts, and a device
  // after what is common to its file.
  void add_cdi_env(const EditGroup& group, const Reason& reason) {
    for (const EnvVar& variable : group.env) {
      const std::string content = cat('\'', variable.value, '\'');
      const std::string key = cat("env ", variable.name);
      const auto known = claims_.find(key);
      if (known == claims_.end() || known->second.turn == 0) {
        if (claim(key, cat("the variable ", variable.name), content, reason)) {
          put(edits_.env, variable, reason);
        }
      } else if (reason.turn >= known->second.turn) {
        known->second = {content, reason.why, known->second.image_lacks, reason.turn};
        const auto there =
            std::find_if(edits_.env.begin(), edits_.env.end(),
                         [&](const Wanted<EnvVar>& one) { return one.item.name == variable.name; });
        there->item = variable;
        there->why = reason.why;
      }
    }
  }

  void add_cdi(const cdi::Edits& more, const Reason& reason) {
    for (const cdi::Mount& mount : more.mounts) {
      std::string options;
      for (const std::string& option : mount.options) {
        options += cat(' ', option);
      }
      if (claim(mount.container_path, mount.container_path,
                cat("a mount of ", mount.host_path, options.empty() ? "" : " with", options),
                reason)) {
        put(edits_.mounts, mount, reason);
      }
    }
    for (const cdi::Hook& hook : more.hooks) {
      // Devices of one file often bring the same.
      const bool there =
          std::any_of(edits_.hooks.begin(), edits_.hooks.end(),
                      [&](const Wanted<cdi::Hook>& known) { return known.item == hook; });
      if (!there) {
        put(edits_.hooks, hook, reason);
      }
    }
    for (const cdi::NetDevice& device : more.net_devices) {
      if (claim(cat("interface ", device.host_name),
                cat("the network interface ", device.host_name), device.name, reason)) {
        put(edits_.net_devices, device, reason);
      }
    }
    for (const std::uint32_t gid : more.gids) {
      if (claim(cat("group ", gid), "", "", reason)) {
        put(edits_.gids, gid, reason);
      }
    }
    if (more.rdt && edits_.rdt && edits_.rdt->item != *more.rdt) {
      fail(edits_.rdt->why, " and ", reason.why,
           " cannot be given together: their members intelRdt "
           "differ");
    }
    if (more.rdt && !edits_.rdt) {
      edits_.rdt = {*more.rdt, reason.why, reason.image_lacks};
    }
  }

  void add_file(const File& file, const Reason& reason) {
    // Libraries of one architecture share the loader's folder, wherever that will be; their place
    // is relative to it.
    const bool library = file.kind == FileKind::kLibrary;
    const std::string place =
        library && file.container_path.empty() ? file.soname : file.container_path;
    const std::string space = library ? cat(file.architecture, ' ') : "";
    const std::string folder = cat(space, place.substr(0, place.rfind('/') + 1));
    const std::string key = cat(space, place);
    const bool is_new = claim(key, place, cat("the file ", file.host_path), reason);
    std::vector<std::string> links;
    for (const std::string& link : file.links) {
      if (claim(cat(folder, link), link, cat("the file ", file.host_path), reason)) {
        links.push_back(link);
      }
    }
    const std::string entry = cat(key, '?', reason.image_lacks);
    const auto known = index_.find(entry);
    if (!is_new && known != index_.end()) {
      std::vector<std::string>& all = edits_.files[known->second].item.links;
      all.insert(all.end(), links.begin(), links.end());
    } else if (is_new || !links.empty()) {
      index_[entry] = edits_.files.size();
      put(edits_.files, file, reason);
      edits_.files.back().item.links = std::move(links);
    }
  }

  // False when the same content is there already, wherever this one would be; an error when
  // something else is.
  bool claim(const std::string& key, const std::string& place, const std::string& content,
             const Reason& reason) {
    const auto [entry, is_new] =
        claims_.try_emplace(key, Claim{content, reason.why, {}, reason.turn});
    Claim& there = entry->second;
    if (there.content != content && there.why == reason.why) {
      fail(reason.why, " cannot be given: it wants ", place, " to be both ", there.content, " and ",
           content);
    }
    if (there.content != content) {
      fail(there.why, " and ", reason.why, " cannot be given together: one wants ", place,
           " to be ", there.content, ", the other ", content);
    }
    const bool covered = std::any_of(
        there.image_lacks.begin(), there.image_lacks.end(),
        [&](const std::string& known) { return known.empty() || known == reason.image_lacks; });
    if (!covered) {
      there.image_lacks.push_back(reason.image_lacks);
    }
    return !covered;
  }

  std::unordered_map<std::string, Claim> claims_;
  // Key and condition of a file → place in edits_.files.
  std::unordered_map<std::string, std::size_t> index_;
  Edits edits_;
};

}  // namespace

Edits edits(const Selection& selection, const std::vector<BackendStatus>& backends) {
  Collector collector;
  for (const SelectedBackend& selected : selection.backends) {
    const BackendStatus* backend = backend_called(backends, selected.backend);
    if (backend == nullptr) {
      fail("the backend ", selected.backend, " of the selection is not there");
    }
    collector.add(selected, backend->catalog);
  }
  return collector.take();
}

}  // namespace xpu
