// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "backends/nvidia/wsl.h"
#include "sdk/helpers/elf.h"
#include "sdk/helpers/path.h"

namespace xpu::nvidia {
namespace {

// The file that makes a folder of Windows drivers this vendor's.
constexpr const char* kStoreMark = "libcuda.so.1.1";

// Names up to ".so" that only WSL2 has.
constexpr VersionedLibrary kWslLibraries[] = {
    {"libdxcore.so", 0},
    {"libnvdxgdmal.so", 0},
    {"libcuda_loader.so", kCompute},
    {"libnvdxdlkernels.so", kCompute | kGraphics},
    {"libnvidia-ml_loader.so", kUtility},
    {"libd3d12.so", kGraphics},
    {"libd3d12core.so", kGraphics},
    {"libnvwgf2umx.so", kGraphics},
    {"libnvoptix_loader.so", kGraphics},
};

const VersionedLibrary* known_library(const std::string& name) {
  const std::string stem = name.substr(0, name.find(".so") + 3);
  const auto is_it = [&](const VersionedLibrary& known) { return known.stem == stem; };
  if (auto found = std::find_if(std::begin(kWslLibraries), std::end(kWslLibraries), is_it);
      found != std::end(kWslLibraries)) {
    return found;
  }
  auto found = std::find_if(std::begin(kVersionedLibraries), std::end(kVersionedLibraries), is_it);
  return found == std::end(kVersionedLibraries) ? nullptr : found;
}

struct Candidate {
  DriverFile file;
  std::vector<std::string> names;  // of copies: the folder has no links
  int rank = 0;                    // of those with one SONAME the lowest is taken
};

int rank_of(const std::string& name, const std::string& soname) {
  return name == soname ? 0 : sdk::starts_with(name, soname) ? 1 : 2;
}

// The libraries of one folder by SONAME.
std::map<std::string, Candidate> libraries_in(const sdk::Root& root, const std::string& folder,
                                              DriverFiles& out) {
  std::map<std::string, Candidate> found;
  for (const std::string& name : root.list(folder)) {
    const auto real = root.resolve(sdk::join(folder, name));
    const auto elf = real && root.is_file(*real) && name.find(".so") != std::string::npos
                         ? sdk::read_elf(root, *real)
                         : std::nullopt;
    if (!elf || !elf->shared || elf->architecture != kNative) {
      continue;
    }
    const VersionedLibrary* known = known_library(name);
    if (!known) {
      out.unknown.push_back(*real);
      continue;
    }
    const std::string soname = elf->soname.empty() ? name : elf->soname;
    const int rank = rank_of(name, soname);
    Candidate& candidate = found[soname];
    if (candidate.names.empty() || rank < candidate.rank) {
      candidate.rank = rank;
      candidate.file.kind = DriverFileKind::kLibrary;
      candidate.file.path = *real;
      candidate.file.soname = soname;
      candidate.file.architecture = elf->architecture;
      candidate.file.capabilities = known->capabilities;
    }
    candidate.names.push_back(name);
  }
  return found;
}

// When the folder's driver was made, in nanoseconds; nothing where it is no store.
std::optional<std::int64_t> made_at(const sdk::Root& root, const std::string& store) {
  const auto mark = root.resolve(sdk::join(store, kStoreMark));
  struct stat info {};
  if (!mark || stat(root.host_path(*mark).c_str(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return std::nullopt;
  }
  return std::int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec;
}

void add_file(DriverFiles& out, DriverFileKind kind, std::string path, std::string container_path,
              std::uint8_t capabilities) {
  DriverFile file;
  file.kind = kind;
  file.path = std::move(path);
  file.container_path = std::move(container_path);
  file.capabilities = capabilities;
  out.files.push_back(std::move(file));
}

}  // namespace

bool has_dxcore(const sdk::Root& driver_root) {
  return driver_root.is_file(sdk::join(kWslFolder, "libdxcore.so"));
}

std::vector<std::string> wsl_stores(const sdk::Root& driver_root) {
  std::vector<std::pair<std::int64_t, std::string>> found;
  for (const std::string& name : driver_root.list(kWslStores)) {
    std::string store = sdk::join(kWslStores, name);
    if (const auto time = made_at(driver_root, store)) {
      found.emplace_back(-*time, std::move(store));
    }
  }
  std::sort(found.begin(), found.end());
  std::vector<std::string> stores;
  for (auto& [time, store] : found) {
    stores.push_back(std::move(store));
  }
  return stores;
}

DriverFiles find_wsl_files(const sdk::Root& driver_root, const std::vector<std::string>& stores) {
  DriverFiles out;
  std::vector<std::string> folders = {kWslFolder};
  folders.insert(folders.end(), stores.begin(), stores.end());
  std::map<std::string, Candidate> libraries;
  std::string smi;
  for (const std::string& folder : folders) {
    libraries.merge(libraries_in(driver_root, folder, out));
    const std::string path = sdk::join(folder, "nvidia-smi");
    if (smi.empty() && driver_root.is_file(path)) {
      smi = driver_root.resolve(path).value_or(path);
    }
  }
  for (auto& [soname, library] : libraries) {
    for (const std::string& name : library.names) {
      if (name != soname) {
        library.file.links += (library.file.links.empty() ? "" : ",") + name;
      }
    }
    out.files.push_back(std::move(library.file));
  }
  if (!smi.empty()) {
    add_file(out, DriverFileKind::kProgram, smi, "/usr/bin/nvidia-smi", kUtility);
  }
  for (const std::string& store : stores) {
    add_file(out, DriverFileKind::kFolder, driver_root.resolve(store).value_or(store), store, 0);
  }
  out.folders.push_back(kWslStores);
  return out;
}

}  // namespace xpu::nvidia
