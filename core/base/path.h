// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace xpu {

// "/a/b" → "/a"; "/a" → "/".
inline std::string folder_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return std::string(slash == 0 || slash == path.npos ? "/" : path.substr(0, slash));
}
// "/a/b" → "b".
inline std::string file_name_of(std::string_view path) {
  return std::string(path.substr(path.rfind('/') + 1));
}

// Strictly, of two clean absolute paths: "/ab" is not below "/a".
inline bool is_below(std::string_view path, std::string_view folder) {
  return folder == "/" ? path != "/"
                       : path.size() > folder.size() && path[folder.size()] == '/' &&
                             path.starts_with(folder);
}

// What stands between the slashes of a path; nothing empty. Borrows from `path`.
inline std::vector<std::string_view> path_parts(std::string_view path) {
  std::vector<std::string_view> parts;
  std::size_t at = 0;
  while (at < path.size()) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    if (end > at) {
      parts.push_back(path.substr(at, end - at));
    }
    at = end + 1;
  }
  return parts;
}

}  // namespace xpu
