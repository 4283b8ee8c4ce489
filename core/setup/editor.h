// SPDX-License-Identifier: Apache-2.0
// What a configuration file of an engine says of our runtime, and the text that says otherwise.
// An Editor knows one syntax and one engine and touches nothing but text.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/setup/record.h"

namespace xpu::setup {

struct RuntimeState {
  bool present = false;     // there is a runtime of that name
  std::string program;      // what it runs; "" where the file does not say
  bool is_default = false;  // containers that name no runtime get it
  bool cdi = false;         // the engine's own CDI support is switched on
  bool imported = false;    // the file imports the drop-in that has the runtime
};

// A runtime of the file, whosever it is.
struct NamedRuntime {
  std::string name, program;
  std::string content;  // all that the file says of it
  bool marked = false;  // below the comment that says that we added it
};

// What is asked for, whatever the engine.
struct Wish {
  bool remove = false;
  bool set_as_default = false;
  bool cdi = false;
  std::string name, program;
};

// What is to be taken out.
struct Removal {
  std::vector<std::string> names;  // of runtimes; all of them are ours
  bool last = true;                // nothing of ours stays, so that what we added besides goes too
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
  virtual std::vector<NamedRuntime> runtimes(const Text& text) const = 0;
  // The text with the runtime as wanted; the same bytes where it is. What `wanted` does not ask for
  // is not taken out.
  virtual std::string configured(const Text& text, const RuntimeState& wanted) const = 0;
  // The text without those runtimes. With a record, a key that we changed has its former value
  // again, but only where it still says what we wrote; without one, nothing but the runtimes, what
  // bears our mark and a default that would name none of them goes.
  virtual std::string removed(const std::string& text, const Record* record,
                              const Removal& removal) const = 0;
  // What a file that says `state` is to say.
  virtual RuntimeState wanted(const RuntimeState& state, const Wish& wish) const;
  // True when the text has something that removing the runtime of that name takes out.
  virtual bool concerns(const Text& text, const Record* record) const;
  // True when the text has more of ours than what belongs to the runtime of that name.
  virtual bool has_others(const Text& text, const Record* record) const;

  // Those of the text that we added or changed: so says the record or, where there is none, the
  // mark or the program. The one of our name counts, too, when it runs our program.
  std::vector<NamedRuntime> ours(const Text& text, const Record* record) const;

  const std::string& source() const { return source_; }
  const std::string& name() const { return name_; }

 protected:
  bool is_our_program(const std::string& program) const;

  std::string source_, name_, program_;
};

struct Plan {
  Kept after;
  RuntimeState state;   // as it will be
  bool edited = false;  // taken out of a file that was changed since, so that the backup stays
  // The runtime is somebody else's, so that it stays: what it runs.
  std::optional<std::string> foreign;
};

// What is to become of a file. Applying a plan and planning again gives the same text; removing
// gives back the bytes of the backup when the file is what we wrote, else what the file holds now
// without what is still as we wrote it.
Plan plan_change(const Editor& editor, const Kept& now, const Wish& wish);

// True when there is something that removing the runtime would take out.
bool is_configured(const Editor& editor, const Kept& now);

// The record as far as the editor can use it.
std::optional<Record> usable_record(const Editor& editor, const Kept& kept);

}  // namespace xpu::setup
