// SPDX-License-Identifier: Apache-2.0
// Libraries: where the container's own loader looks, under the names that it asks for.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "core/base/error.h"
#include "core/base/fd.h"
#include "core/plan/draft.h"
#include "core/plan/name_filter.h"
#include "core/select/grants.h"

namespace xpu {
namespace {

bool is_i386(const std::string& architecture) {
  return architecture.size() == 4 && architecture.front() == 'i' && architecture.ends_with("86");
}

// The places for libraries of one architecture.
struct Home {
  const Loader* loader = nullptr;
  std::string own_folder;  // for what fits nowhere else
};

Home home_of(const Facts& facts, const std::string& architecture) {
  if (architecture == facts.native_architecture) {
    return {&facts.loader, "/usr/lib/xpu"};
  }
  if (is_i386(architecture) && facts.native_architecture == "x86_64") {
    return {&facts.loader32, "/usr/lib/xpu32"};
  }
  return {};
}

std::string file_name(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

// Up to e_machine of an ELF header, which says what a library is for.
constexpr std::size_t kElfHead = 20;

std::string head_of_host_file(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_NOCTTY | O_CLOEXEC));
  std::string out(kElfHead, '\0');
  const ssize_t got = fd ? ::pread(fd.get(), out.data(), out.size(), 0) : -1;
  out.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  return out;
}

// The loader passes over libraries of another machine: they are no copies.
bool for_other_machine(const std::string& one, const std::string& other) {
  const auto is_elf = [](const std::string& head) {
    return head.size() == kElfHead && head.starts_with(
                                          "\x7f"
                                          "ELF");
  };
  return is_elf(one) && is_elf(other) && (one[4] != other[4] || one.substr(18) != other.substr(18));
}

// The folders of the container's LD_LIBRARY_PATH, which the loader searches before its cache.
std::vector<std::string> search_path(const Draft& draft) {
  constexpr std::string_view kName = "LD_LIBRARY_PATH";
  std::string value = variable_of(draft.spec, kName);
  for (const Wanted<EnvVar>& variable : draft.edits.env) {
    if (variable.item.name == kName) {
      value = variable.item.value;
    }
  }
  return search_folders(draft.view, value);
}

class Libraries {
 public:
  explicit Libraries(Draft& draft) : draft_(draft), search_path_(search_path(draft)) {}

  void run() {
    find_newer_in_image();
    for (const Wanted<File>& wanted : draft_.edits.files) {
      if (wanted.item.kind == FileKind::kLibrary) {
        add_library(wanted);
      }
    }
    for (const Name& name : names_) {
      add_name(name);
    }
    cover_cached_copies();
    if (!wish_.libraries.empty()) {
      tell_of_image(plan_cache(draft_, wish_));
    }
    note_loaders();
  }

 private:
  // Before the driver's, so that the cache names these.
  void find_newer_in_image() {
    const std::optional<std::int32_t> flags = ld_cache_flags(draft_.facts.native_architecture);
    if (draft_.edits.image_folders.empty() || !flags ||
        draft_.facts.loader.kind != LoaderKind::kGlibc) {
      return;
    }
    image_ = find_image_libraries(draft_);
    for (const auto& [soname, path] : image_.paths) {
      wish_.libraries.push_back({*flags, soname, path});
    }
  }

  void tell_of_image(const std::string& problem) {
    for (const ImageLibraries::Folder& folder : image_.folders) {
      if (!problem.empty()) {
        draft_.plan.warnings.push_back(cat("the image's ", folder.path, "/", folder.library,
                                           ", newer than the host's ", folder.version,
                                           ", is not used: ", problem));
        continue;
      }
      draft_.plan.notes.push_back(cat("the image's ", folder.path, "/", folder.library,
                                      " is newer than the host's ", folder.version,
                                      "; from that folder come ", listed(folder.sonames)));
    }
  }

  // A further name of a library, in the same folder.
  struct Name {
    std::string path, target, source, why;
  };

  void add_library(const Wanted<File>& wanted) {
    const File& file = wanted.item;
    const std::string source = checked_source(draft_, file);
    const Home home = home_of(draft_.facts, file.architecture);
    if (home.loader == nullptr) {
      draft_.plan.warnings.push_back(cat("the driver library ", file.host_path,
                                         " is left out: it is for ", file.architecture,
                                         ", which nothing in the container can be"));
      return;
    }
    const std::string below = file.container_path.empty() ? file.soname : file.container_path;
    const auto [placed, first] = placed_.try_emplace({home.loader, below}, Placed{source, ""});
    if (placed->second.source != source) {
      fail("two driver files want to be the library ", below,
           " of the container: ", placed->second.source, " and ", source);
    }
    if (first) {
      placed->second.path = place_library(home, below, source, wanted);
    }
    add_links(home, placed->second.path, source, wanted);
  }

  std::string place_library(const Home& home, const std::string& below, const std::string& source,
                            const Wanted<File>& wanted) {
    const File& file = wanted.item;
    loaders_.insert(home.loader);
    std::string path = place(home, below, source, wanted.why);
    cover_copies(home, below, path, source, wanted.why);
    if (file.container_path.empty()) {
      cover_in_search_path(file.soname, source, wanted.why);
      wish_for(home, file.soname, path, file.architecture);
      own_.emplace(file.soname, Own{ld_cache_flags(file.architecture), source, wanted.why});
      own_names_.add(file.soname);
    }
    return path;
  }

  void add_links(const Home& home, const std::string& path, const std::string& source,
                 const Wanted<File>& wanted) {
    const File& file = wanted.item;
    // A further name leads to the same library as its SONAME.
    const bool native = home.loader == &draft_.facts.loader;
    const auto newer = native ? image_.paths.find(file.soname) : image_.paths.end();
    for (const std::string& link : file.links) {
      const std::string name = folder_of(path) + "/" + link;
      names_.push_back({name, file_name(path), source, wanted.why});
      if (file.container_path.empty()) {
        wish_for(home, link, newer == image_.paths.end() ? name : newer->second, file.architecture);
      }
    }
  }

  // Mounts the library in the first folder that can take it and returns its path there.
  std::string place(const Home& home, const std::string& below, const std::string& source,
                    const std::string& why) {
    std::string problem;
    const std::vector<std::string>& folders = home.loader->folders;
    for (std::size_t i = 0; i <= folders.size(); ++i) {
      const std::string& folder = i < folders.size() ? folders[i] : home.own_folder;
      const std::string path = cat(folder, "/", below);
      const Target target = draft_.mounts.target(path, TargetKind::kFile);
      if (!target.usable()) {
        problem = problem.empty() ? target.problem : problem;
        continue;
      }
      // What a link leads to among the image's newer ones stays.
      if (!image_.hold(target.path) || !draft_.view.stat(target.path)) {
        draft_.mounts.add(target, TargetKind::kFile, source, library_options(), why);
      }
      if (draft_.plan.library_folder.empty()) {
        draft_.plan.library_folder = folder;
      }
      if (folder == home.own_folder) {
        wish_for_folder(home);
      }
      taken_.insert(path);
      return path;
    }
    fail("cannot bring the driver library ", below, " into the container: ", problem);
  }

  // A copy of the image in another folder that the loader searches would be found first, if not
  // today then after a later ldconfig.
  void cover_copies(const Home& home, const std::string& below, const std::string& path,
                    const std::string& source, const std::string& why) {
    for (const std::string& folder : home.loader->folders) {
      const std::string copy = cat(folder, "/", below);
      if (copy != path) {
        cover(copy, source, why, "after a later ldconfig the container loads");
      }
    }
  }

  // Folders of ld.so.conf are known by what the image's cache has in them.
  void cover_cached_copies() {
    if (!draft_.facts.ld_cache) {
      return;
    }
    for (const LdCacheEntry& entry : draft_.facts.ld_cache->entries) {
      if (!own_names_.may_have(entry.soname)) {
        continue;
      }
      const auto [first, last] = own_.equal_range(std::string(entry.soname));
      for (auto own = first; own != last; ++own) {
        if (own->second.flags == entry.flags) {
          cover(std::string(entry.path), own->second.source, own->second.why,
                "after a later ldconfig the container loads");
        }
      }
    }
  }

  void cover_in_search_path(const std::string& name, const std::string& source,
                            const std::string& why) {
    for (const std::string& folder : search_path_) {
      cover(cat(folder, "/", name), source, why, "LD_LIBRARY_PATH makes the container load");
    }
  }

  // Mounts the driver's library over another file of its name, if one is there.
  void cover(const std::string& copy, const std::string& source, const std::string& why,
             const char* else_what) {
    if (taken_.contains(copy)) {
      return;
    }
    const Place place = draft_.view.locate(copy);
    const std::optional<struct stat> status = draft_.view.stat(place);
    if (!status || S_ISDIR(status->st_mode) || image_.hold(place.path) ||
        for_other_machine(draft_.view.read_head(copy, kElfHead), head_of_host_file(source))) {
      return;
    }
    const Target target = draft_.mounts.target(copy, TargetKind::kFile);
    if (target.usable() &&
        (!draft_.mounts.has(target.path) || draft_.mounts.has(target.path, source))) {
      draft_.mounts.add(target, TargetKind::kFile, source, library_options(), why);
      taken_.insert(copy);
      return;
    }
    draft_.plan.warnings.push_back(
        cat(else_what, " its own ", copy, " in place of the driver's: ",
            target.usable() ? "another driver file is mounted there" : target.problem));
  }

  void add_name(const Name& name) {
    if (!taken_.insert(name.path).second) {
      return;
    }
    std::string resolved;
    if (writable_in_rootfs(draft_, name.path, resolved)) {
      const std::optional<std::string> link = draft_.view.rootfs().read_link(resolved);
      if (link == name.target) {
        return;
      }
      if (link || !draft_.view.rootfs().stat(resolved)) {
        draft_.plan.rootfs.push_back(
            {PlannedRootfsWrite::Kind::kSymlink, resolved, name.target, name.why});
        return;
      }
    }
    const Target target = draft_.mounts.target(name.path, TargetKind::kFile);
    if (target.usable()) {
      draft_.mounts.add(target, TargetKind::kFile, name.source, library_options(), name.why);
    } else {
      draft_.plan.warnings.push_back(
          cat("the name ", name.path, " of a library is left out: ", target.problem));
    }
  }

  void wish_for(const Home& home, const std::string& soname, const std::string& path,
                const std::string& architecture) {
    const std::optional<std::int32_t> flags = ld_cache_flags(architecture);
    if (home.loader->kind == LoaderKind::kGlibc && flags) {
      wish_.libraries.push_back({*flags, soname, path});
    }
  }

  void wish_for_folder(const Home& home) {
    std::vector<std::string>& folders = wish_.own_folders;
    if (home.loader->kind == LoaderKind::kGlibc &&
        std::find(folders.begin(), folders.end(), home.own_folder) == folders.end()) {
      folders.push_back(home.own_folder);
    }
  }

  void note_loaders() {
    const auto note = [&](const Loader& loader, const char* bits) {
      if (!loaders_.contains(&loader)) {
        return;
      }
      if (loader.kind == LoaderKind::kMusl) {
        draft_.plan.notes.push_back("the container's C library is musl: glibc drivers do not load");
      } else if (loader.kind == LoaderKind::kNone) {
        draft_.plan.notes.push_back(cat("the container has no ", bits,
                                        "dynamic loader: nothing in it can load driver libraries"));
      }
    };
    note(draft_.facts.loader, "");
    note(draft_.facts.loader32, "32-bit ");
  }

  static std::vector<std::string> library_options() {
    return {"bind", "ro", "nosuid", "nodev", "rprivate"};
  }

  // A library by its SONAME.
  struct Own {
    std::optional<std::int32_t> flags;  // of its entries in ld.so.cache
    std::string source, why;
  };

  Draft& draft_;
  std::vector<std::string> search_path_;
  std::unordered_multimap<std::string, Own> own_;
  NameFilter own_names_;
  struct Placed {
    std::string source, path;
  };
  std::map<std::pair<const Loader*, std::string>, Placed> placed_;
  std::set<const Loader*> loaders_;
  std::vector<Name> names_;
  std::unordered_set<std::string> taken_;  // paths that a library or a name has
  CacheWish wish_;
  ImageLibraries image_;
};

// "" when no folder is there, or links lead to it in circles.
std::string resolved_folder(const ContainerView& view, const std::string& folder) {
  try {
    const std::optional<struct stat> status = view.stat(folder);
    return status && S_ISDIR(status->st_mode) ? view.locate(folder).path : "";
  } catch (const Error&) {
    return "";
  }
}

}  // namespace

std::string variable_of(const Spec& spec, std::string_view name) {
  std::string value;
  for (const std::string& variable : spec.env()) {
    if (variable.starts_with(name) && variable.size() > name.size() &&
        variable[name.size()] == '=') {
      value = variable.substr(name.size() + 1);
    }
  }
  return value;
}

std::vector<std::string> search_folders(const ContainerView& view, std::string_view library_path) {
  std::vector<std::string> folders;
  std::set<std::string> known = {""};
  std::size_t at = 0;
  while (at < library_path.size()) {
    const std::size_t end = std::min(library_path.find_first_of(":;", at), library_path.size());
    std::string folder(library_path.substr(at, end - at));
    at = end + 1;
    if (folder.starts_with('/') && known.insert(resolved_folder(view, folder)).second) {
      folders.push_back(std::move(folder));
    }
  }
  return folders;
}

void plan_libraries(Draft& draft) {
  Libraries(draft).run();
}

}  // namespace xpu
