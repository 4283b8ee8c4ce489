// SPDX-License-Identifier: Apache-2.0
// ld.so.cache: the loader asks it first, so an image's own copy of a library wins unless the entry
// is ours; and `ldconfig -p` prints it.
#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/plan/draft.h"
#include "core/plan/name_filter.h"

namespace xpu {
namespace {

constexpr const char* kCache = "/etc/ld.so.cache";
constexpr const char* kConfig = "/etc/ld.so.conf";
constexpr const char* kDropIn = "/etc/ld.so.conf.d/00-xpu.conf";
constexpr const char* kInclude = "include /etc/ld.so.conf.d/*.conf\n";
constexpr std::size_t kMaxConfig = 1U << 20;

// Our libraries by SONAME; those of another architecture have other flags.
class Ours {
 public:
  explicit Ours(const CacheWish& wish) {
    for (const CacheWish::Library& library : wish.libraries) {
      if (find(library.soname, library.flags) == nullptr) {
        libraries_.emplace(library.soname, &library);
        names_.add(library.soname);
      }
    }
  }

  const CacheWish::Library* find(std::string_view soname, std::int32_t flags) const {
    if (!names_.may_have(soname)) {
      return nullptr;
    }
    const auto [first, last] = libraries_.equal_range(soname);
    const auto found = std::find_if(
        first, last, [&](const auto& candidate) { return candidate.second->flags == flags; });
    return found == last ? nullptr : found->second;
  }

  // Whether the cache names each of them where we have it, and nowhere else.
  bool all_in(const LdCache& cache) const {
    std::size_t right = 0;
    for (const LdCacheEntry& entry : cache.entries) {
      const CacheWish::Library* const our = find(entry.soname, entry.flags);
      if (our != nullptr && (entry.path != our->path || entry.hwcap != 0)) {
        return false;
      }
      right += our != nullptr ? 1 : 0;
    }
    return right == libraries_.size();
  }

  // The cache with our entries in place of those for the same library.
  LdCache merged_into(const LdCache& cache) const {
    LdCache merged;
    merged.hwcaps_names = cache.hwcaps_names;
    merged.generator = cache.generator;
    merged.bytes = cache.bytes;
    merged.entries.reserve(cache.entries.size() + libraries_.size());
    for (const LdCacheEntry& entry : cache.entries) {
      if (find(entry.soname, entry.flags) == nullptr) {
        merged.entries.push_back(entry);
      }
    }
    for (const auto& [soname, library] : libraries_) {
      merged.entries.push_back({library->flags, soname, library->path, 0, 0});
    }
    return merged;
  }

 private:
  std::unordered_multimap<std::string_view, const CacheWish::Library*> libraries_;
  NameFilter names_;
};

void write_in_rootfs(Draft& draft, const std::string& path, std::string content, const char* why) {
  draft.plan.rootfs.push_back({PlannedRootfsWrite::Kind::kFile, path, std::move(content), why});
}

// A cache that cannot be delivered is an error only where no library would be loaded: the copies
// that the image's cache names are covered.
std::string without_cache(Draft& draft, const CacheWish& wish, const Target& target) {
  if (!wish.own_folders.empty()) {
    fail("the container's loader would not find the driver libraries in ", wish.own_folders.front(),
         ": ", kCache, " cannot be made, as ", target.problem);
  }
  draft.plan.warnings.push_back(
      cat("ldconfig -p in the container does not list the driver libraries: ", target.problem));
  return target.problem;
}

std::string mount_cache(Draft& draft, const CacheWish& wish, const LdCache& merged) {
  const Target target = draft.mounts.target(kCache, TargetKind::kFile);
  if (!target.usable()) {
    return without_cache(draft, wish, target);
  }
  std::string bytes = serialize_ld_cache(merged);
  const std::string state = "ld.so.cache-" + hex64(hash_text(bytes));
  draft.plan.state.push_back({PlannedState::Kind::kFile, state, std::move(bytes)});
  draft.mounts.add(target, TargetKind::kFile, cat(draft.facts.state_dir, "/", state),
                   {"bind", "ro", "nosuid", "nodev", "noexec", "rprivate"},
                   "the loader's cache with the driver libraries");
  return "";
}

// So that a later ldconfig in the container keeps what lies in folders of our own.
void plan_drop_in(Draft& draft, const CacheWish& wish) {
  std::string path, config;
  if (!writable_in_rootfs(draft, kDropIn, path) || !writable_in_rootfs(draft, kConfig, config)) {
    draft.plan.warnings.push_back(
        cat("a later ldconfig in the container forgets the driver libraries in ",
            wish.own_folders.front(), ": ", kDropIn, " cannot be written"));
    return;
  }
  std::string lines;
  for (const std::string& folder : wish.own_folders) {
    lines.append(folder).append("\n");
  }
  const char* why = "driver libraries in a folder of their own";
  if (draft.view.rootfs().read(path, kMaxConfig) != lines) {
    write_in_rootfs(draft, path, std::move(lines), why);
  }
  const std::string before = draft.view.rootfs().read(config, kMaxConfig).value_or("");
  if (before.find("/etc/ld.so.conf.d/") == std::string::npos &&
      before.find("include ld.so.conf.d/") == std::string::npos) {
    const char* separator = before.empty() || before.ends_with('\n') ? "" : "\n";
    write_in_rootfs(draft, config, cat(before, separator, kInclude), why);
  }
}

}  // namespace

std::string plan_cache(Draft& draft, const CacheWish& wish) {
  const Ours ours(wish);
  const LdCache none;
  const LdCache& before = draft.facts.ld_cache ? *draft.facts.ld_cache : none;
  std::string problem;
  if (!ours.all_in(before)) {
    const LdCache merged = ours.merged_into(before);
    std::string path;
    if (writable_in_rootfs(draft, kCache, path)) {
      write_in_rootfs(draft, path, serialize_ld_cache(merged),
                      "the loader finds the driver libraries, ldconfig -p lists them");
    } else {
      problem = mount_cache(draft, wish, merged);
    }
  }
  if (!wish.own_folders.empty()) {
    plan_drop_in(draft, wish);
  }
  return problem;
}

}  // namespace xpu
