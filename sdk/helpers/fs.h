// SPDX-License-Identifier: Apache-2.0
// Reading below a folder that plays "/": the root of a driver container, a test tree, or the host's
// own root. An absolute link in the tree stays in the tree, and ".." never leaves it.
//
// The tree belongs to the host's administrator; this keeps paths right, it is no defence against
// somebody who changes the tree meanwhile. Nothing here throws for what it finds: what cannot be
// read is not there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xpu::sdk {

class Root {
 public:
  // An absolute folder; "" means "/".
  explicit Root(std::string_view path);

  const std::string& path() const { return path_; }

  // The host's name of a path inside, links not followed: "/lib/x" → "/driver/lib/x".
  std::string host_path(std::string_view inside) const;

  // The path inside with every link followed within the root ("/lib/libx.so.1" →
  // "/usr/lib/libx.so.1.2.3"); nullopt when it leads nowhere or in circles.
  std::optional<std::string> resolve(std::string_view inside) const;

  // What a path inside leads to.
  bool is_file(std::string_view inside) const;  // a regular file
  bool is_folder(std::string_view inside) const;
  bool is_device(std::string_view inside) const;  // a character device
  bool is_socket(std::string_view inside) const;

  // Text of the link itself; nullopt when it is no link. Folders on the way are resolved.
  std::optional<std::string> link_target(std::string_view inside) const;

  // Bytes of a regular file (also in procfs and sysfs, which state no size). nullopt when there is
  // none or it is longer than `limit`.
  std::optional<std::string> read(std::string_view inside, std::size_t limit = 65536) const;
  // read() without white space at both ends; "" when it cannot be read.
  std::string read_line(std::string_view inside) const;
  // The number in a file: decimal, or hexadecimal after "0x"; nullopt for anything else.
  std::optional<std::int64_t> read_number(std::string_view inside) const;

  // Names in a folder without "." and "..", sorted; empty when it is no folder.
  std::vector<std::string> list(std::string_view inside) const;

 private:
  std::optional<unsigned> type_of(std::string_view inside) const;

  std::string path_;  // no slash at the end: "" for "/"
};

// Decimal, or hexadecimal after "0x", with an optional '-'; nullopt for anything else.
std::optional<std::int64_t> parse_number(std::string_view text);

}  // namespace xpu::sdk
