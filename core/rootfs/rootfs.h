// SPDX-License-Identifier: Apache-2.0
// Safe access to a container's root file system. Everything in it belongs to the container: links
// may point anywhere and change while we look. Paths are resolved by openat2 with RESOLVE_IN_ROOT
// and RESOLVE_NO_MAGICLINKS on a descriptor of the root; where the kernel lacks openat2, component
// by component with O_NOFOLLOW and the same meaning. No string path below the root is ever used.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/fd.h"

namespace xpu {

class Rootfs {
 public:
  // Opens the root folder `path` (on the host). Throws Error.
  explicit Rootfs(const std::string& path);

  const std::string& path() const { return path_; }

  // Opens an existing path inside, following links within the root. Empty Fd when it does not
  // exist; Error for every other failure. flags: O_PATH, O_RDONLY, O_DIRECTORY, O_NOFOLLOW ...
  Fd open(std::string_view inside, int flags) const;
  // stat of what a path inside leads to; nullopt when it does not exist or leads nowhere.
  std::optional<struct stat> stat(std::string_view inside) const;
  // Text of the link that lies at the path itself; nullopt when that is no link.
  std::optional<std::string> read_link(std::string_view inside) const;
  // Contents of a regular file of at most `limit` bytes; nullopt when there is none, when it is
  // larger or of another type.
  std::optional<std::string> read(std::string_view inside, std::size_t limit) const;
  // The first bytes of a regular file, at most `size`; "" when there is none.
  std::string read_head(std::string_view inside, std::size_t size) const;
  std::vector<std::string> list(std::string_view inside) const;  // empty when it is no folder

  // Whether the caller can create files in the folder (file system not read-only, permission).
  // `inside` need not exist: asks for its nearest existing ancestor.
  bool writable(std::string_view inside) const;

  // mkdir -p inside the root, mode 0755, owner `uid`:`gid`. Throws Error.
  Fd make_folders(std::string_view inside, unsigned uid, unsigned gid) const;
  // Atomically creates or replaces a regular file whose folder exists; a link of that name is
  // replaced, never followed. Throws Error.
  void write(std::string_view inside, std::string_view bytes, mode_t mode, unsigned uid,
             unsigned gid) const;
  // Atomically creates or replaces a symlink; the same link there already is no change. Something
  // that is not a link is left alone and false returned. Throws Error.
  bool symlink(std::string_view inside, const std::string& target, unsigned uid,
               unsigned gid) const;

 private:
  Fd open_regular(std::string_view inside, struct stat& status) const;

  std::string path_;
  Fd root_;
};

}  // namespace xpu
