// SPDX-License-Identifier: Apache-2.0
// Binaries, data, sockets and folders at their own paths, and generated folders of links.
#include <sys/stat.h>

#include <algorithm>
#include <map>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/catalog/mount_options.h"
#include "core/plan/draft.h"

namespace xpu {
namespace {

bool is_folder(const std::string& path) {
  struct stat status = {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

void leave_out(Draft& draft, const std::string& what, const Target& target) {
  draft.plan.warnings.push_back(cat(what, " is left out: ", target.problem));
}

// The generated folder hides all that is where it is mounted. Says what; "" for nothing.
std::string hidden_by_links(const Draft& draft, const std::string& folder,
                            const std::string& resolved,
                            const std::vector<const Wanted<Link>*>& links) {
  if (draft.view.has_mounts_below(resolved) || draft.mounts.has(resolved) ||
      draft.mounts.has_below(resolved)) {
    return "a mount at or below it";
  }
  for (const Wanted<Node>& node : draft.edits.nodes) {
    if (node.item.container_path.starts_with(folder + "/")) {
      return cat("the device node ", node.item.container_path);
    }
  }
  for (const std::string& name : draft.view.list(resolved)) {
    const bool ours = std::any_of(links.begin(), links.end(), [&](const Wanted<Link>* link) {
      return link->item.path == cat(folder, "/", name);
    });
    if (!ours) {
      return cat("the container's own ", folder, "/", name);
    }
  }
  return "";
}

}  // namespace

void plan_files(Draft& draft) {
  for (const Wanted<File>& wanted : draft.edits.files) {
    const File& file = wanted.item;
    if (file.kind == FileKind::kLibrary) {
      continue;
    }
    const std::string foreign =
        file.kind == FileKind::kSocket ? socket_problem(file.host_path) : "";
    if (!foreign.empty()) {
      // No error: any user could then keep containers from starting.
      draft.plan.warnings.push_back(cat(file.container_path, " is left out: ", foreign));
      continue;
    }
    const std::string source = checked_source(draft, file);
    // A daemon may have one socket or a folder of them.
    const TargetKind kind = is_folder(source) ? TargetKind::kFolder : TargetKind::kFile;
    Target target = draft.mounts.target(file.container_path, kind);
    if (target.usable() && kind == TargetKind::kFolder) {
      target.problem = draft.mounts.lacks_place(target, source, mount_options(file.kind));
    }
    if (target.usable() && target.problem.empty()) {
      draft.mounts.add(target, kind, source, mount_options(file.kind), wanted.why);
    } else {
      leave_out(draft, file.container_path, target);
    }
  }
}

void plan_texts(Draft& draft) {
  for (const Wanted<Text>& wanted : draft.edits.texts) {
    const Text& text = wanted.item;
    const Target target = draft.mounts.target(text.path, TargetKind::kFile);
    if (!target.usable()) {
      leave_out(draft, text.path, target);
      continue;
    }
    // Named after what it holds, as the folders of links are.
    const std::string state = "text-" + hex64(hash_text(text.content));
    draft.plan.state.push_back({PlannedState::Kind::kFile, state, text.content});
    draft.mounts.add(target, TargetKind::kFile, cat(draft.facts.state_dir, "/", state),
                     generated_mount_options(), wanted.why);
  }
}

void plan_link_folders(Draft& draft) {
  std::map<std::string, std::vector<const Wanted<Link>*>> folders;
  for (const Wanted<Link>& wanted : draft.edits.links) {
    folders[folder_of(wanted.item.path)].push_back(&wanted);
  }
  for (const auto& [folder, links] : folders) {
    Target target = draft.mounts.target(folder, TargetKind::kFolder);
    if (target.usable()) {
      const std::string hidden = hidden_by_links(draft, folder, target.path, links);
      if (!hidden.empty()) {
        target.state = Target::State::kBlocked;
        target.problem = cat("a folder of links there would hide ", hidden);
      }
    }
    if (!target.usable()) {
      leave_out(draft, folder, target);
      continue;
    }
    // Named after what it holds: a folder that another start made is the same folder.
    std::string list;
    for (const Wanted<Link>* link : links) {
      list.append(link->item.path).append("\n").append(link->item.target).append("\n");
    }
    const std::string state = "links-" + hex64(fnv1a(list));
    for (const Wanted<Link>* link : links) {
      const std::string name = link->item.path.substr(link->item.path.rfind('/') + 1);
      draft.plan.state.push_back(
          {PlannedState::Kind::kSymlink, cat(state, "/", name), link->item.target});
    }
    draft.mounts.add(target, TargetKind::kFolder, cat(draft.facts.state_dir, "/", state),
                     generated_mount_options(), links.front()->why);
  }
}

}  // namespace xpu
