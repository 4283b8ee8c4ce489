// SPDX-License-Identifier: Apache-2.0
// Files that grow line by line, written by many processes at once.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace xpu {

struct AppendOptions {
  mode_t mode = 0640;
  // Most bytes of the file: a line that does not fit begins a new file, and the old one becomes
  // NAME.1 in place of an older NAME.1. 0: no limit.
  std::uint64_t limit = 0;
  // The folder may be one that others write too, such as /var/log; then only the file is checked.
  bool shared_folder = false;
};

// Appends `line`, which holds no line end, and a line end to <dir>/<name>, in one write. `dir`
// (absolute) and, unless it is shared, the folder above it are made with mode 0750 when they are
// missing. What a full disk tore before is ended first, so that it does not spoil this line.
//
// True when this call made the file. Throws Error: a folder that open_state_dir() refuses; a file
// that is a link or not regular, belongs to somebody else, can be written by others or has a second
// name; a line that was not written whole. Waits at most 50 ms for other writers and goes on then.
bool append_line(const std::string& dir, const std::string& name, std::string_view line,
                 const AppendOptions& options = {});

}  // namespace xpu
