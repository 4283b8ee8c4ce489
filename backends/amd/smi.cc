// SPDX-License-Identifier: Apache-2.0
#include "backends/amd/smi.h"

#include <algorithm>
#include <stdexcept>

#include "sdk/helpers/elf.h"
#include "sdk/helpers/ld_cache.h"
#include "sdk/helpers/path.h"

namespace xpu::amd {
namespace {

struct Kind {
  const char* source;
  const char* library;  // name without a version, which differs between releases
  std::vector<SmiGpu> (*ask)(const std::string& path);
};

constexpr Kind kKinds[] = {
    {"amd-smi", "libamd_smi.so", ask_amd_smi},
    {"rocm-smi", "librocm_smi64.so", ask_rocm_smi},
};

bool is_version_of(const std::string& name, std::string_view library) {
  return sdk::starts_with(name, library) &&
         (name.size() == library.size() || name[library.size()] == '.');
}

// Files on the host, each once: those of rocm-path first, then what the loader knows.
std::vector<std::string> candidates(const sdk::Root& root, const std::string& rocm_path,
                                    std::string_view library) {
  std::vector<std::string> found;
  const auto own = sdk::read_elf(sdk::Root("/"), "/proc/self/exe");
  const auto add = [&](const std::string& path) {
    const auto real = root.resolve(path);
    const auto elf = real ? sdk::read_elf(root, *real) : std::nullopt;
    if (!elf || !elf->shared || (own && elf->architecture != own->architecture)) {
      return;
    }
    const std::string host = root.host_path(*real);
    if (std::find(found.begin(), found.end(), host) == found.end()) {
      found.push_back(host);
    }
  };
  for (const char* folder : {"lib", "lib64"}) {
    const std::string path = sdk::join(rocm_path, folder);
    for (const std::string& name : root.list(path)) {
      if (is_version_of(name, library)) {
        add(sdk::join(path, name));
      }
    }
  }
  const sdk::LdCache cache = sdk::LdCache::load(root);
  for (const sdk::LdCacheEntry& entry : cache.entries()) {
    if (is_version_of(entry.soname, library)) {
      add(entry.path);
    }
  }
  return found;
}

}  // namespace

SmiAnswer ask_smi(const sdk::Root& driver_root, const std::string& rocm_path) {
  SmiAnswer answer;
  for (const Kind& kind : kKinds) {
    for (const std::string& path : candidates(driver_root, rocm_path, kind.library)) {
      try {
        answer.gpus = kind.ask(path);
        answer.source = kind.source;
        return answer;
      } catch (const std::runtime_error& error) {
        answer.problem += (answer.problem.empty() ? "" : "; ") + std::string(error.what());
      }
    }
  }
  return answer;
}

std::vector<std::string> smi_places(const std::string& rocm_path) {
  std::vector<std::string> places = {"/etc/ld.so.cache"};
  for (const Kind& kind : kKinds) {
    places.push_back(sdk::join(sdk::join(rocm_path, "lib"), kind.library));
  }
  return places;
}

}  // namespace xpu::amd
