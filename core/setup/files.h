// SPDX-License-Identifier: Apache-2.0
// The file below an editor: found through links, replaced in one step, with what is kept beside it.
#pragma once

#include <string>

#include "core/base/fd.h"
#include "core/setup/editor.h"

namespace xpu::setup {

// A configuration file on disk. What is read is what is replaced: apply() refuses when somebody
// changed the file in between.
class ConfigFile {
 public:
  // `path` is absolute and below `root`, "" for the machine itself; links are followed, as seen
  // from that root. Throws Error for what is there and is no regular file or cannot be read.
  ConfigFile(std::string root, std::string path);

  const std::string& path() const { return path_; }       // as it was given, below the root
  const std::string& real_path() const { return real_; }  // where the bytes are
  const std::string& backup_path() const { return backup_path_; }
  const Text& text() const { return kept_.text; }
  const Kept& kept() const { return kept_; }

  // Writes, or removes, the file and what is beside it; folders that are missing are made. The file
  // keeps mode, owner and extended attributes. On failure everything is as it was, and Error is
  // thrown.
  void apply(const Kept& after) const;
  // Puts back what was there before apply().
  void undo(const Kept& after) const;

 private:
  void put(const std::string& path, const Text& text) const;

  std::string root_, path_, real_, backup_path_, written_path_;
  Kept kept_;
  Fd found_;  // the file as it was found, so that it can come back as it was when it is gone
};

// `path` below `root` with all links followed as a process in that root would, "root" in front. The
// last component, or several, need not exist. Throws Error for a loop of links.
std::string resolve_in(const std::string& root, const std::string& path);

}  // namespace xpu::setup
