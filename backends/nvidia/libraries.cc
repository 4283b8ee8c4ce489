// SPDX-License-Identifier: Apache-2.0
// Libraries are taken by name: "<stem>.<driver version>" out of the folders that the loader cache
// and the distributions use, or a known name with a version of its own. A file of another driver
// version is never taken, whatever links lead to it.
#include <algorithm>
#include <map>
#include <set>

#include "backends/nvidia/driver_files.h"
#include "backends/nvidia/hardware.h"
#include "backends/nvidia/loader.h"
#include "sdk/helpers/elf.h"
#include "sdk/helpers/ld_cache.h"
#include "sdk/helpers/path.h"

namespace xpu::nvidia {
namespace {

struct Library {
  DriverFile file;
  std::vector<std::string> needed;
};

bool of_other_driver(std::string_view name, const std::string& version) {
  std::string_view own = library_version(name);
  return is_driver_version(own) && own != version;
}

class Finder {
 public:
  Finder(const sdk::Root& root, const std::string& version, const DriverFolders& drivers,
         bool compat)
      : root_(root),
        version_(version),
        drivers_(drivers),
        architecture_(compat ? kCompat : kNative),
        folders_(library_folders(root, compat)) {
    // A library without a version in its name is the one beside this driver's.
    const auto main_end =
        std::stable_partition(folders_.begin(), folders_.end(), [&](const std::string& folder) {
          return !usable(sdk::join(folder, "libcuda.so." + version_)).empty() ||
                 !usable(sdk::join(folder, "libnvidia-ml.so." + version_)).empty();
        });
    main_folders_ = static_cast<std::size_t>(main_end - folders_.begin());
    for (const std::string& folder : folders_) {
      add_folder(folder);
      add_folder(sdk::join(folder, "vdpau"));
    }
  }

  void find_versioned() {
    for (const VersionedLibrary& known : kVersionedLibraries) {
      std::string name = std::string(known.stem) + "." + version_;
      if (Library* library = take(name, known.capabilities)) {
        library->file.links = known.links;
        if (!known.subfolder.empty()) {
          library->file.container_path = sdk::join(known.subfolder, library->file.soname);
        }
      }
    }
  }

  void find_named() {
    for (const NamedLibrary& known : kNamedLibraries) {
      std::string stem(known.name.substr(0, known.name.find(".so.") + 3));
      if (!taken_.count(stem + "." + version_)) {
        take(std::string(known.name), known.capabilities);
      }
    }
  }

  // A library that a chosen one needs comes with it, known or not: a newer driver may have split
  // one in two.
  void follow_needs() {
    for (bool changed = true; changed;) {
      changed = false;
      for (std::size_t i = 0; i < libraries_.size(); ++i) {
        const std::vector<std::string> needed = libraries_[i].needed;
        for (const std::string& name : needed) {
          changed |= serve(name, libraries_[i].file.capabilities);
        }
      }
    }
  }

  void find_gbm() {
    auto allocator = taken_.find(std::string(kGbmTarget) + "." + version_);
    if (allocator == taken_.end()) {
      return;
    }
    Library library = libraries_[allocator->second];
    for (const std::string& folder : folders_) {
      for (const std::string& place :
           {sdk::join(sdk::join(folder, "gbm"), kGbmName), sdk::join(folder, kGbmName)}) {
        if (root_.resolve(place) == library.file.path) {
          library.file.container_path = sdk::join("gbm", kGbmName);
          library.file.capabilities = kGraphics;
          libraries_.push_back(std::move(library));
          return;
        }
      }
    }
  }

  void finish(bool compat, DriverFiles& out) {
    for (Library& library : libraries_) {
      if (compat) {
        library.file.capabilities |= kCompat32;
      }
      out.files.push_back(std::move(library.file));
    }
    watch_for_more(out);
    for (const auto& [name, path] : index_) {
      if (sdk::starts_with(name, "libnvidia-") && library_version(name) == version_ &&
          !taken_.count(name)) {
        out.unknown.push_back(path);
      }
    }
  }

 private:
  // Names that a package installed later would add: beside the driver, or anywhere while there is
  // none.
  void watch_for_more(DriverFiles& out) const {
    if (main_folders_ == 0) {
      for (const std::string& folder : folders_) {
        out.missing.push_back(sdk::join(folder, "libcuda.so." + version_));
        out.missing.push_back(sdk::join(folder, "libnvidia-ml.so." + version_));
      }
    }
    for (std::size_t i = 0; i < main_folders_; ++i) {
      auto watch = [&](const std::string& name) {
        if (!index_.count(name)) {
          out.missing.push_back(sdk::join(folders_[i], name));
        }
      };
      for (const VersionedLibrary& known : kVersionedLibraries) {
        watch(std::string(known.stem) + "." + version_);
      }
      for (const NamedLibrary& known : kNamedLibraries) {
        watch(std::string(known.name));
      }
    }
  }

  bool relevant(const std::string& name) const {
    return library_version(name) == version_ ||
           std::any_of(std::begin(kNamedLibraries), std::end(kNamedLibraries),
                       [&](const NamedLibrary& known) { return known.name == name; });
  }

  void add_folder(const std::string& folder) {
    for (const std::string& name : root_.list(folder)) {
      if (sdk::starts_with(name, "lib") && relevant(name) && !index_.count(name)) {
        std::string path = usable(sdk::join(folder, name));
        if (!path.empty()) {
          index_[name] = path;
        }
      }
    }
  }

  // The file behind a name, "" unless it is a library for this architecture and driver.
  std::string usable(const std::string& path) const {
    auto real = root_.resolve(path);
    if (!real || !root_.is_file(*real) || of_other_driver(sdk::base_name(*real), version_) ||
        drivers_.of_other(*real)) {
      return "";
    }
    auto elf = sdk::read_elf(root_, *real);
    return elf && elf->shared && elf->architecture == architecture_ ? *real : "";
  }

  Library* take(const std::string& name, std::uint8_t capabilities) {
    auto found = index_.find(name);
    if (found == index_.end() || taken_.count(name)) {
      return nullptr;
    }
    auto elf = sdk::read_elf(root_, found->second);
    if (!elf) {
      return nullptr;
    }
    Library library;
    library.file.kind = DriverFileKind::kLibrary;
    library.file.path = found->second;
    library.file.soname = elf->soname.empty() ? sdk::base_name(found->second) : elf->soname;
    library.file.architecture = elf->architecture;
    library.file.capabilities = capabilities;
    library.needed = elf->needed;
    taken_[name] = libraries_.size();
    libraries_.push_back(std::move(library));
    return &libraries_.back();
  }

  bool serve(const std::string& soname, std::uint8_t capabilities) {
    for (Library& library : libraries_) {
      if (library.file.soname == soname) {
        bool more = (capabilities & ~library.file.capabilities) != 0;
        library.file.capabilities |= capabilities;
        return more;
      }
    }
    return library_version(soname) == version_ && take(soname, capabilities) != nullptr;
  }

  const sdk::Root& root_;
  const std::string& version_;
  const DriverFolders& drivers_;
  const std::string architecture_;
  std::vector<std::string> folders_;  // those with this driver's main libraries first
  std::size_t main_folders_ = 0;
  std::map<std::string, std::string> index_;  // file name → real path
  std::map<std::string, std::size_t> taken_;  // file name → place in libraries_
  std::vector<Library> libraries_;
};

}  // namespace

std::vector<std::string> library_folders(const sdk::Root& driver_root, bool compat) {
  std::vector<std::string> folders;
  std::set<std::string> seen;
  auto add = [&](const std::string& folder) {
    auto real = driver_root.resolve(folder);
    if (real && driver_root.is_folder(*real) && seen.insert(*real).second) {
      folders.push_back(*real);
    }
  };
  sdk::LdCache cache = sdk::LdCache::load(driver_root);
  for (const sdk::LdCacheEntry& entry : cache.entries()) {
    if (entry.architecture == (compat ? kCompat : kNative) &&
        (sdk::starts_with(entry.soname, "libnvidia-") || entry.soname == "libcuda.so.1")) {
      add(sdk::dir_name(entry.path));
      // Links that a package manager made lead to where the driver's own files are together.
      add(sdk::dir_name(driver_root.resolve(entry.path).value_or(entry.path)));
    }
  }
  auto add_known = [&](std::string_view folder) {
    add(std::string(folder));
    const std::string below = sdk::join(folder, "nvidia");
    add(below);
    for (const std::string& name : driver_root.list(below)) {
      add(sdk::join(below, name));
    }
  };
  if (compat) {
    std::for_each(std::begin(kCompatFolders), std::end(kCompatFolders), add_known);
    return folders;
  }
  std::for_each(std::begin(kNativeFolders), std::end(kNativeFolders), add_known);
  const bool has_driver =
      std::any_of(folders.begin(), folders.end(), [&](const std::string& folder) {
        return driver_root.is_file(sdk::join(folder, "libcuda.so.1")) ||
               driver_root.is_file(sdk::join(folder, "libnvidia-ml.so.1"));
      });
  if (!has_driver && driver_root.host_path("/") == "/") {
    for (const std::string& folder : loader_folders({"libcuda.so.1", "libnvidia-ml.so.1"})) {
      add(folder);
    }
  }
  return folders;
}

std::vector<std::string> nvml_candidates(const sdk::Root& driver_root, const std::string& version) {
  std::vector<std::string> found;
  auto add = [&](const std::string& path) {
    auto real = driver_root.resolve(path);
    if (!real || !driver_root.is_file(*real)) {
      return;
    }
    std::string host = driver_root.host_path(*real);
    if (std::find(found.begin(), found.end(), host) == found.end()) {
      found.push_back(std::move(host));
    }
  };
  const std::vector<std::string> folders = library_folders(driver_root, false);
  if (!version.empty()) {
    for (const std::string& folder : folders) {
      add(sdk::join(folder, "libnvidia-ml.so." + version));
    }
  }
  for (const std::string& path :
       sdk::LdCache::load(driver_root).find("libnvidia-ml.so.1", kNative)) {
    add(path);
  }
  for (const std::string& folder : folders) {
    add(sdk::join(folder, "libnvidia-ml.so.1"));
  }
  return found;
}

void find_libraries(const sdk::Root& driver_root, const std::string& version,
                    const DriverFolders& folders, bool compat, DriverFiles& out) {
  Finder finder(driver_root, version, folders, compat);
  finder.find_versioned();
  finder.find_named();
  finder.follow_needs();
  finder.find_gbm();
  finder.finish(compat, out);
}

}  // namespace xpu::nvidia
