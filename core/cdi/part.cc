// SPDX-License-Identifier: Apache-2.0
#include "core/cdi/part.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/catalog/mount_options.h"

namespace xpu::cdi {
void Notes::add(std::string note) {
  if (std::find(notes_.begin(), notes_.end(), note) == notes_.end()) {
    notes_.push_back(std::move(note));
  }
}

// Whether it is not there yet.
bool Part::claim(const std::string& place, const std::string& content) {
  const auto check = [&](const std::string& there) {
    if (there != content && problem_.empty()) {
      problem_ = cat(there, " and ", content, " cannot both be ", place);
    }
  };
  if (common_ != nullptr) {
    if (const auto theirs = common_->claims_.find(place); theirs != common_->claims_.end()) {
      check(theirs->second);
      return false;
    }
  }
  const auto [mine, is_new] = claims_.emplace(place, content);
  check(mine->second);
  return is_new;
}

void Part::add(const EditGroup& group) {
  for (const Node& node : group.nodes) {
    add(node);
  }
  for (const File& file : group.files) {
    add(file);
  }
  for (const Value& value : group.values) {
    values_.add(value);
    added_values_.push_back(&value);
  }
  for (const EnvVar& variable : group.env) {
    if (variable.expand) {
      unsettled_env_.push_back(&variable);
    } else {
      add_env(variable.name, variable.value);
    }
  }
  for (const Text& text : group.texts) {
    if (text.expand) {
      unsettled_texts_.push_back(&text);
    } else {
      add_text(text.path, text.content);
    }
  }
  tell(group);
}

void Part::tell(const EditGroup& group) {
  for (const ImageFolder& folder : group.image_folders) {
    notes_.add(cat("newer libraries in ", folder.folder,
                   " of an image are not put before the host's: that needs the runtime"));
  }
  for (const Note& note : group.notes) {
    if (note.warning) {
      notes_.add(note.text);
    }
  }
}

void Part::add(const Node& node) {
  if (!claim(node.container_path, node.host_path)) {
    return;
  }
  constexpr std::uint32_t kEverybody = 0666;
  DeviceNode out;
  out.path = node.container_path;
  out.host_path = node.host_path == node.container_path ? "" : node.host_path;
  out.permissions = "rw";
  if ((node.mode & kEverybody) != kEverybody) {
    out.file_mode = kEverybody;
  }
  edits_.nodes.push_back(std::move(out));
}

void Part::add(Mount mount) {
  if (claim(mount.container_path, mount.host_path)) {
    edits_.mounts.push_back(std::move(mount));
  }
}

void Part::add(const File& file) {
  if (file.kind == FileKind::kLibrary) {
    add_library(file);
    return;
  }
  if (file.kind == FileKind::kSocket && options_.socket_problem) {
    if (const std::string problem = options_.socket_problem(file.host_path); !problem.empty()) {
      notes_.add(cat(file.container_path, " is left out: ", problem));
      return;
    }
  }
  add(Mount{file.host_path, file.container_path, "", mount_options(file.kind)});
}

void Part::add_library(const File& file) {
  const auto folders = options_.library_folders.find(file.architecture);
  if (folders == options_.library_folders.end()) {
    notes_.add(cat("libraries for ", file.architecture,
                   " are left out: it is not known where images have them"));
    return;
  }
  const std::string place = file.container_path.empty() ? file.soname : file.container_path;
  const std::string below = place.substr(0, place.rfind('/') + 1);
  for (const std::string& folder : folders->second) {
    add(Mount{file.host_path, cat(folder, "/", place), "", mount_options(file.kind)});
    for (const std::string& link : file.links) {
      add(Mount{file.host_path, cat(folder, "/", below, link), "", mount_options(file.kind)});
    }
  }
}

void Part::add_env(const std::string& name, const std::string& value) {
  if (claim(cat("the variable ", name), cat("'", value, "'"))) {
    edits_.env.push_back(cat(name, "=", value));
  }
}

void Part::add_text(const std::string& path, const std::string& content) {
  if (options_.generated_dir.empty()) {
    notes_.add(cat(path, " is left out: there is no folder to generate it in"));
    return;
  }
  const std::string source = cat(options_.generated_dir, "/text-", hex64(hash_text(content)));
  if (claim(path, source)) {
    edits_.mounts.push_back({source, path, "", generated_mount_options()});
    generated_.push_back({source, content, false});
  }
}

void Part::settle() {
  if (common_ != nullptr) {
    for (const Value* value : common_->added_values_) {
      values_.add(*value);
    }
    unsettled_env_.insert(unsettled_env_.end(), common_->unsettled_env_.begin(),
                          common_->unsettled_env_.end());
    unsettled_texts_.insert(unsettled_texts_.end(), common_->unsettled_texts_.begin(),
                            common_->unsettled_texts_.end());
  }
  for (const EnvVar* variable : unsettled_env_) {
    if (const auto value = values_.expand(variable->value)) {
      add_env(variable->name, *value);
    }
  }
  for (const Text* text : unsettled_texts_) {
    if (const auto content = values_.expand(text->content)) {
      add_text(text->path, *content);
    }
  }
}

void Part::tell_unsettled() {
  const auto say = [&](const std::string& what) {
    notes_.add(cat(what, " depends on all the devices that a container has, and is only in ",
                   "the device all"));
  };
  for (const Part* part : {static_cast<const Part*>(this), common_}) {
    if (part != nullptr) {
      for (const EnvVar* variable : part->unsettled_env_) {
        say(cat("the variable ", variable->name));
      }
      for (const Text* text : part->unsettled_texts_) {
        say(text->path);
      }
    }
  }
}

Edits Part::some() const {
  Edits out;
  out.nodes = edits_.nodes;
  if (out.nodes.empty() && !edits_.mounts.empty()) {
    out.mounts.push_back(edits_.mounts.front());
  } else if (out.nodes.empty() && !edits_.env.empty()) {
    out.env.push_back(edits_.env.front());
  }
  return out;
}

std::vector<std::string> Part::places() const {
  std::vector<std::string> out;
  for (const auto& [place, content] : claims_) {
    out.push_back(place);
  }
  return out;
}

void LinkFolders::add(const Link& link) {
  const std::size_t slash = link.path.rfind('/');
  std::map<std::string, std::string>& names = folders_[link.path.substr(0, slash)];
  const auto [known, is_new] = names.emplace(link.path.substr(slash + 1), link.target);
  if (!is_new && known->second != link.target) {
    notes_.add(cat("the link ", link.path, " to ", link.target, " is left out: it leads to ",
                   known->second, " for another device"));
  }
}

void LinkFolders::finish(const std::vector<std::string>& places, Part& common) {
  for (const auto& entry : folders_) {
    const std::string& folder = entry.first;
    const std::map<std::string, std::string>& names = entry.second;
    if (options_.generated_dir.empty()) {
      notes_.add(cat("the links in ", folder, " are left out: there is no folder to generate ",
                     "them in"));
      continue;
    }
    const std::string prefix = folder + "/";
    if (std::any_of(places.begin(), places.end(), [&](const std::string& place) {
          return place == folder || place.starts_with(prefix);
        })) {
      notes_.add(cat("the links in ", folder, " are left out: other things are there too"));
      continue;
    }
    std::string list;
    for (const auto& [name, target] : names) {
      list.append(name).append("\n").append(target).append("\n");
    }
    const std::string source = cat(options_.generated_dir, "/links-", hex64(fnv1a(list)));
    for (const auto& [name, target] : names) {
      common.generated().push_back({cat(source, "/", name), target, true});
    }
    common.add(Mount{source, folder, "", generated_mount_options()});
  }
}

}  // namespace xpu::cdi
