// SPDX-License-Identifier: Apache-2.0
// The file below an editor: found through links, replaced in one step, with one backup.
#pragma once

#include <string>

#include "core/setup/editor.h"

namespace xpu {

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
  const Text& text() const { return text_; }
  const Text& backup() const { return backup_; }

  // Writes, or removes, the file and its backup; folders that are missing are made. The file keeps
  // mode, owner and extended attributes. On failure everything is as it was, and Error is thrown.
  void apply(const Plan& plan) const;
  // Puts back what was there before apply().
  void undo(const Plan& plan) const;

 private:
  void put(int folder, const std::string& name, const Text& text) const;

  std::string root_, path_, real_, backup_path_;
  Text text_, backup_;
};

// `path` below `root` with all links followed as a process in that root would, "root" in front. The
// last component, or several, need not exist. Throws Error for a loop of links.
std::string resolve_in(const std::string& root, const std::string& path);

}  // namespace xpu
