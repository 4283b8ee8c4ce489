// SPDX-License-Identifier: Apache-2.0
#include "core/rootfs/loader.h"

#include <algorithm>
#include <iterator>

#include "core/base/error.h"
#include "core/rootfs/view.h"

namespace xpu {
namespace {

// What the C libraries were built with, per architecture.
struct Known {
  std::string_view architecture;
  std::string_view glibc;    // the path that programs name as their interpreter
  std::string_view musl;     // /lib/ld-musl-<this>.so.1
  std::string_view triplet;  // Debian's multi-arch folder
  bool wide;                 // 64-bit: /lib64 where a distribution has it
};

constexpr Known kKnown[] = {
    {"x86_64", "/lib64/ld-linux-x86-64.so.2", "x86_64", "x86_64-linux-gnu", true},
    {"i386", "/lib/ld-linux.so.2", "i386", "i386-linux-gnu", false},
    {"aarch64", "/lib/ld-linux-aarch64.so.1", "aarch64", "aarch64-linux-gnu", true},
    {"arm", "/lib/ld-linux-armhf.so.3", "armhf", "arm-linux-gnueabihf", false},
    {"ppc64le", "/lib64/ld64.so.2", "powerpc64le", "powerpc64le-linux-gnu", true},
    {"riscv64", "/lib/ld-linux-riscv64-lp64d.so.1", "riscv64", "riscv64-linux-gnu", true},
    {"s390x", "/lib/ld64.so.1", "s390x", "s390x-linux-gnu", true},
};

const Known* known(std::string_view architecture) {
  const auto* found = std::find_if(std::begin(kKnown), std::end(kKnown), [&](const Known& entry) {
    return entry.architecture == architecture;
  });
  return found == std::end(kKnown) ? nullptr : found;
}

using Folders = std::vector<std::string>;

// The default folders of each family of distributions, in the order of its loader. The libc lies in
// one of the first two.
std::vector<Folders> families(const Known& arch) {
  std::vector<Folders> out;
  out.push_back({cat("/lib/", arch.triplet), cat("/usr/lib/", arch.triplet), "/lib", "/usr/lib"});
  if (arch.wide) {
    out.push_back({"/lib64", "/usr/lib64"});
  }
  out.push_back({"/lib", "/usr/lib"});
  return out;
}

bool is_folder(const ContainerView& view, const std::string& path) {
  const std::optional<struct stat> status = view.stat(path);
  return status && S_ISDIR(status->st_mode);
}

// Links resolved, each folder once, existing ones first.
Folders resolved(const ContainerView& view, const Folders& folders) {
  Folders out;
  for (const std::string& folder : folders) {
    std::string path = view.locate(folder).path;
    if (std::find(out.begin(), out.end(), path) == out.end()) {
      out.push_back(std::move(path));
    }
  }
  std::stable_partition(out.begin(), out.end(),
                        [&](const std::string& path) { return is_folder(view, path); });
  return out;
}

// The folders of the family whose libc is there, that folder first.
Folders glibc_folders(const ContainerView& view, const Known& arch) {
  for (const Folders& family : families(arch)) {
    for (std::size_t i = 0; i < 2; ++i) {
      if (!view.stat(family[i] + "/libc.so.6")) {
        continue;
      }
      Folders ordered = {family[i]};
      ordered.insert(ordered.end(), family.begin(), family.end());
      return resolved(view, ordered);
    }
  }
  return {};
}

// Where a distribution would have it, when no loader tells: an existing folder, else Debian's.
Folders conventional_folders(const ContainerView& view, const Known* arch) {
  if (arch == nullptr) {
    return resolved(view, {"/usr/lib"});
  }
  const std::string debian = cat("/usr/lib/", arch->triplet);
  for (const std::string& folder : {debian, std::string(arch->wide ? "/usr/lib64" : "/usr/lib")}) {
    if (is_folder(view, folder)) {
      return resolved(view, {folder});
    }
  }
  return resolved(view, {debian});
}

}  // namespace

Loader find_loader(const ContainerView& view, std::string_view architecture) {
  const Known* arch = known(architecture);
  if (arch == nullptr) {
    return {LoaderKind::kNone, conventional_folders(view, nullptr)};
  }
  const bool glibc = view.stat(arch->glibc).has_value();
  // A glibc image may carry musl's loader too (for building), and a musl image glibc's (a shim that
  // imitates it): the libc beside it tells.
  Folders folders = glibc ? glibc_folders(view, *arch) : Folders{};
  if (!folders.empty()) {
    return {LoaderKind::kGlibc, std::move(folders)};
  }
  if (view.stat(cat("/lib/ld-musl-", arch->musl, ".so.1"))) {
    return {LoaderKind::kMusl, resolved(view, {"/usr/lib", "/lib", "/usr/local/lib"})};
  }
  return {LoaderKind::kNone, conventional_folders(view, arch)};
}

std::vector<std::string> usual_library_folders(std::string_view architecture) {
  const Known* arch = known(architecture);
  if (arch == nullptr) {
    return {};
  }
  Folders out = {cat("/usr/lib/", arch->triplet)};
  if (arch->wide) {
    out.emplace_back("/usr/lib64");
  }
  return out;
}

}  // namespace xpu
