// SPDX-License-Identifier: Apache-2.0
// What a configuration file of an engine says of our runtime, and the text that says otherwise.
// An Editor knows one syntax and one engine and touches nothing but text.
#pragma once

#include <optional>
#include <string>

namespace xpu {

// A file's bytes; nullopt where there is no file.
using Text = std::optional<std::string>;

struct RuntimeState {
  bool present = false;     // there is a runtime of that name
  std::string program;      // what it runs; "" where the file does not say
  bool is_default = false;  // containers that name no runtime get it
  bool cdi = false;         // the engine's own CDI support is switched on
  bool others = false;      // a runtime of another name runs our program too
};

class Editor {
 public:
  // `source` is the file's path, for messages.
  Editor(std::string source, std::string name, std::string program)
      : source_(std::move(source)), name_(std::move(name)), program_(std::move(program)) {}
  virtual ~Editor() = default;
  Editor(const Editor&) = delete;
  Editor& operator=(const Editor&) = delete;

  // All throw Error "FILE:LINE: ..." for a text that the engine cannot read either.
  virtual RuntimeState inspect(const Text& text) const = 0;
  // The text with the runtime as wanted; the same bytes where it is. What `wanted` does not ask for
  // is not taken out.
  virtual std::string configured(const Text& text, const RuntimeState& wanted) const = 0;
  // The text without the runtime. What had another value in `before`, the file as it was before
  // ours was added, has that value again.
  virtual std::string removed(const std::string& text, const Text& before) const = 0;

  const std::string& source() const { return source_; }

 protected:
  // A runtime by another name that is ours all the same.
  bool is_ours(const std::string& program) const;

  std::string source_, name_, program_;
};

// What is asked for, whatever the engine.
struct Wish {
  bool remove = false;
  bool set_as_default = false;
  bool cdi = false;
  std::string name, program;
};

struct Plan {
  enum class Backup { kKeep, kWrite, kDrop };
  Text after;
  Backup backup = Backup::kKeep;
  RuntimeState state;   // as it will be
  bool edited = false;  // taken out of a file that was changed since, so that the backup stays
};

// What is to become of a file that holds `now`, `backup` being what it held before our first
// change. Applying a plan and planning again gives the same text; removing gives back the bytes of
// the backup, or what the file holds now without our entries when it was changed meanwhile.
Plan plan_change(const Editor& editor, const Text& now, const Text& backup, const Wish& wish);

}  // namespace xpu
