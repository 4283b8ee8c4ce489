// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/cache.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <charconv>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/catalog/conditions.h"
#include "core/catalog/limits.h"
#include "core/log/log.h"

namespace xpu {
namespace {

std::string intro(const std::string& key) {
  return cat("{\"key\":\"", key, "\",\"catalog\":");
}

constexpr std::string_view kOutro = "}\n";

void note(const char* what, const std::string& dir, const char* why) {
  log::debug(cat(what, " the catalog cache ", dir, ": ", why));
}

}  // namespace

CatalogCache::CatalogCache(const std::string& state_dir) : dir_(state_dir + "/catalog") {
  try {
    fd_ = open_state_dir(dir_);
  } catch (const Error& error) {
    note("working without", dir_, error.what());
  }
}

std::optional<Catalog> CatalogCache::read(const std::string& name, const std::string& key) const {
  const std::string file = name + ".json";
  const Fd fd(fd_ ? openat(fd_.get(), file.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
                  : -1);
  if (!fd) {
    return std::nullopt;
  }
  try {
    const std::string path = cat(dir_, "/", file);
    const std::string bytes = read_fd(fd.get(), path, limits::kCatalogBytes + 1024);
    const std::string start = intro(key);
    std::string_view text = bytes;
    if (!text.starts_with(start) || !text.ends_with(kOutro)) {
      return std::nullopt;
    }
    text.remove_prefix(start.size());
    text.remove_suffix(kOutro.size());
    Catalog catalog = catalog_from_json(text, path);
    std::string changed;
    if (catalog.backend == name && still_valid(catalog.conditions, &changed)) {
      return catalog;
    }
    log::debug(cat("backend ", name, " is asked again: ", changed));
  } catch (const Error& error) {
    note("not believing", dir_, error.what());
  }
  return std::nullopt;
}

void CatalogCache::write(const std::string& name, const std::string& key,
                         const Catalog& catalog) const {
  if (!fd_) {
    return;
  }
  try {
    const std::string file = name + ".json";
    remove_stale_temporaries(fd_.get(), file);
    write_file_atomic(fd_.get(), dir_, file, cat(intro(key), to_json(catalog), kOutro),
                      {.mode = 0600});
  } catch (const Error& error) {
    note("cannot write", dir_, error.what());
  }
}

CatalogCache::Lock CatalogCache::try_lock(const std::string& name, Fd* out) const {
  if (!fd_) {
    return Lock::kImpossible;
  }
  if (!*out) {
    const std::string file = name + ".lock";
    out->reset(openat(fd_.get(), file.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  }
  if (!*out) {
    note("cannot lock", dir_, std::strerror(errno));
    return Lock::kImpossible;
  }
  if (flock(out->get(), LOCK_EX | LOCK_NB) == 0) {
    return Lock::kTaken;
  }
  return errno == EWOULDBLOCK || errno == EINTR ? Lock::kHeld : Lock::kImpossible;
}

unsigned CatalogCache::hangs(const std::string& name, const std::string& key) const {
  const std::string file = name + ".hangs";
  const Fd fd(fd_ ? openat(fd_.get(), file.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
                  : -1);
  unsigned count = 0;
  if (fd) {
    try {
      const std::string text = read_fd(fd.get(), file, 256);
      if (text.starts_with(key + " ")) {
        std::from_chars(text.data() + key.size() + 1, text.data() + text.size(), count);
      }
    } catch (const Error& error) {
      note("not believing", dir_, error.what());
    }
  }
  return count;
}

void CatalogCache::set_hangs(const std::string& name, const std::string& key,
                             unsigned count) const {
  if (!fd_) {
    return;
  }
  const std::string file = name + ".hangs";
  if (count == 0) {
    unlinkat(fd_.get(), file.c_str(), 0);
    return;
  }
  try {
    write_file_atomic(fd_.get(), dir_, file, cat(key, " ", count, "\n"), {.mode = 0600});
  } catch (const Error& error) {
    note("cannot write", dir_, error.what());
  }
}

}  // namespace xpu
