// SPDX-License-Identifier: Apache-2.0
// An engine: whether it is installed, which of its files say something of our runtime, and what it
// needs besides. One file per engine; engines() lists them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/setup/editor.h"

namespace xpu {

// What `configure` was told, and where it works.
struct SetupOptions {
  Wish wish;
  std::string root;         // "" for this machine, else the folder that holds a system
  bool rootless = false;    // for the user's own engine
  std::string config_home;  // of that user; ".../.config"
  std::string config;       // the engine's file, instead of the usual one; "" for that
  bool drop_in = false;     // a file of its own, where the engine has a choice
  std::string drop_in_file;
};

// A file and how to change it.
struct FileEdit {
  std::string path;
  std::unique_ptr<Editor> editor;
  Wish wish;
};

struct EngineNotes {
  std::vector<std::string> warnings;  // what will not work, and what to do
  std::vector<std::string> use;       // how to run a container with it
};

class Engine {
 public:
  virtual ~Engine() = default;
  virtual std::string name() const = 0;
  // What shows that it is installed: a program, or a folder; "" when nothing does.
  virtual std::string evidence(const SetupOptions& options) const = 0;
  // Throws Error for options that the engine has no place for.
  virtual std::vector<FileEdit> edits(const SetupOptions& options) const = 0;
  virtual EngineNotes notes(const SetupOptions& options) const = 0;
  // The service to restart; "" when the next container sees the change.
  virtual std::string service() const = 0;
  // "" when the engine's own program takes the files as they are now, or cannot tell; else what it
  // says against them.
  virtual std::string objection(const SetupOptions&) const { return ""; }
};

const std::vector<std::unique_ptr<Engine>>& engines();

// What an engine offers to the list above.
std::unique_ptr<Engine> docker_engine();
std::unique_ptr<Engine> containerd_engine();
std::unique_ptr<Engine> crio_engine();
std::unique_ptr<Engine> podman_engine();
std::unique_ptr<Engine> slurm_engine();

// Helpers of the engines.
//
// The first number of "... 1.6.20~ds1" in what `program --version` says; 0 when it says none.
unsigned major_version(const SetupOptions& options, const std::string& program);
bool exists(const SetupOptions& options, const std::string& path);
// FileEdit for an editor of one file.
template <class EditorKind, class... More>
FileEdit file_edit(const SetupOptions& options, const std::string& path, More&&... more) {
  return {path,
          std::make_unique<EditorKind>(path, options.wish.name, options.wish.program,
                                       std::forward<More>(more)...),
          options.wish};
}
[[noreturn]] void refuse_drop_in(const std::string& engine, const std::string& why);

}  // namespace xpu
