// SPDX-License-Identifier: Apache-2.0
// The CDI files of this host: which devices are defined where.
//
// Only *.json and *.yaml directly in a spec folder count. A later folder goes before an earlier
// one; two files of one folder that define the same device are both passed over for it. A file that
// cannot be used never hides another.
//
// Which file defines what is kept in an index as long as folders and files are what they were, so
// that a device costs the reading of one file however many there are.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/cdi/name.h"
#include "core/cdi/spec.h"

namespace xpu::cdi {

struct Folder {
  std::string path;
  std::string stamp;    // stands for what the folder was when it was listed
  std::string problem;  // why it is not to be believed; "" also for one that is missing
};

struct File {
  std::string path;
  std::size_t folder = 0;  // in Files::folders
  std::string stamp;
  std::string kind;
  std::vector<std::string> devices;
  std::string problem;  // why it cannot be used, with its path; kind may be "" then
};

struct Where {
  std::vector<std::string> folders;  // absolute; of the least priority first
  // Files that somebody other than root could have written count too.
  bool allow_untrusted = false;
};

// A device as one file has it, and what readers of CDI make of that.
struct Definition {
  enum class State { kUsed, kHidden, kConflict };
  std::string device;  // "vendor.example/class=name"
  const File* file = nullptr;
  State state = State::kUsed;
  const File* by = nullptr;  // the other one; null where it is used
};

class Files {
 public:
  // `state_dir`: for the index; "" for none. Never throws for one bad file; an index that cannot be
  // read or written costs time, not correctness.
  Files(Where where, const std::string& state_dir);

  const std::vector<Folder>& folders() const { return folders_; }
  const std::vector<File>& files() const { return files_; }

  // The file whose definition counts. Throws Error where none does: two files of one folder define
  // the device (names both), or none does (names what could not be used; lists what there is).
  const File& find(const Name& name) const;
  // nullptr where no file defines it. Throws Error for a conflict.
  const File* find_if_there(const Name& name) const;
  // In the order of the files.
  std::vector<Definition> definitions() const;

  // What the file says now. Throws Error when it cannot be used any more.
  Spec read(const File& file) const;

 private:
  void scan();
  void list(std::size_t folder);
  void look_at(File& file) const;

  Where where_;
  std::vector<Folder> folders_;
  std::vector<File> files_;  // by folder, then by name
};

// One file, with the text's stamp. Throws Error: not trusted (see Where), not readable, changing
// while it is read, not a CDI specification.
std::pair<Spec, std::string> read_spec_file(const std::string& path, bool allow_untrusted);

// By the name: readers of CDI look at no other files.
bool is_spec_file(std::string_view name);

// The hook programs of the edits are as safe to run as root as a file must be to be believed.
// Throws Error that names hook and file.
void check_hooks(const Edits& edits, const std::string& file);

}  // namespace xpu::cdi
