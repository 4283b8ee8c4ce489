// SPDX-License-Identifier: Apache-2.0
// A library in one of the loader's folders goes, like any driver library, where the container's own
// loader looks. Everything else keeps its path: plugins are found by it.
#include "backends/nvidia/tegra_files.h"

#include <algorithm>
#include <map>

#include "sdk/helpers/elf.h"
#include "sdk/helpers/path.h"

namespace xpu::nvidia {
namespace {

// In these the loader of a Tegra system finds libraries: the distribution's, and the driver's below
// it.
bool is_loader_folder(const std::string& folder) {
  const std::string name = sdk::base_name(folder);
  const bool of_driver = name == "nvidia" || name == "tegra" || name == "tegra-egl";
  const std::string library = of_driver ? sdk::base_name(sdk::dir_name(folder)) : name;
  return sdk::ends_with(library, "-linux-gnu") || library == "lib" || library == "lib64";
}

class Finder {
 public:
  Finder(const sdk::Root& root, TegraFiles& out) : root_(root), out_(out) {}

  void add(const MountSpec& spec) {
    out_.folders.insert(sdk::dir_name(spec.path));
    const auto real = root_.resolve(spec.path);
    if (!real) {
      return;
    }
    if (root_.is_folder(*real)) {
      add_as(spec, DriverFileKind::kFolder, *real);
    } else if (root_.is_file(*real) && spec.kind != MountKind::kFolder &&
               !add_library(spec, *real)) {
      add_as(spec, DriverFileKind::kData, *real);
    }
  }

 private:
  std::vector<DriverFile>& files(bool base) { return (base ? out_.base : out_.extra).files; }

  void add_as(const MountSpec& spec, DriverFileKind kind, const std::string& real) {
    DriverFile file;
    file.kind = kind;
    file.path = real;
    file.container_path = spec.path;
    files(spec.base).push_back(std::move(file));
  }

  // Whether it is a library that the loader finds by name.
  bool add_library(const MountSpec& spec, const std::string& real) {
    if (!is_loader_folder(sdk::dir_name(spec.path))) {
      return false;
    }
    const auto elf = sdk::read_elf(root_, real);
    if (!elf || !elf->shared || elf->architecture.empty() ||
        sdk::base_name(spec.path).find(".so") == std::string::npos) {
      return false;
    }
    const std::string soname = elf->soname.empty() ? sdk::base_name(real) : elf->soname;
    const auto [known, first] = by_soname_.try_emplace(soname, Place{spec.base, real, 0});
    if (first) {
      DriverFile file;
      file.kind = DriverFileKind::kLibrary;
      file.path = real;
      file.soname = soname;
      file.architecture = elf->architecture;
      known->second.index = files(spec.base).size();
      files(spec.base).push_back(std::move(file));
    }
    // Another file of this SONAME is not what the loader of the host finds first.
    if (known->second.real == real) {
      add_name(files(known->second.base)[known->second.index], sdk::base_name(spec.path));
    }
    return true;
  }

  static void add_name(DriverFile& library, const std::string& name) {
    if (name != library.soname &&
        ("," + library.links + ",").find("," + name + ",") == std::string::npos) {
      library.links += (library.links.empty() ? "" : ",") + name;
    }
  }

  struct Place {
    bool base;
    std::string real;
    std::size_t index;
  };
  const sdk::Root& root_;
  TegraFiles& out_;
  std::map<std::string, Place> by_soname_;
};

}  // namespace

TegraFiles find_tegra_files(const sdk::Root& root, const MountSpecs& specs) {
  TegraFiles out;
  out.folders = specs.folders;
  Finder finder(root, out);
  for (const MountSpec& spec : specs.specs) {
    if (spec.kind != MountKind::kNode && !sdk::starts_with(spec.path, "/dev/")) {
      finder.add(spec);
    }
  }
  return out;
}

}  // namespace xpu::nvidia
