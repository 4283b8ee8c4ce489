// SPDX-License-Identifier: Apache-2.0
// A bundle's config.json on disk: read, written atomically, and brought back to what it was before
// our own edit of an earlier start.
//
// The journal ("<config>.xpu-undo" beside the file, with its owner) holds the hashes of the file
// before and after our edit and the splices that turn one into the other. It is written before the
// edited file is renamed into place, so at any moment the file is the old or the new one and the
// journal tells which. It deserves exactly the trust of the file beside it: who can write one can
// write the other. It is used only when it has the file's owner and is a regular file that group
// and others cannot write. A file that somebody changed after our edit loses the edit all the same
// where all of it still stands there; where only some of it does, nobody can tell what was meant:
// an error.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>
#include <vector>

#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/oci/text.h"
#include "core/spec/journal.h"

namespace xpu {

// Whether a file was edited by us and has to be read through Bundle. One failed system call when
// not.
bool has_journal(const std::string& config_file);

class Bundle {
 public:
  // `dir`: the bundle; "" for the working directory. `config_file`: crun's --config, relative to
  // the working directory, or "" for config.json in the bundle. Reads the file, whoever owns it:
  // the low-level runtime does so too. Throws Error: missing, no regular file (links, FIFOs),
  // hard-linked elsewhere, larger than 16 MiB.
  Bundle(const std::string& dir, const std::string& config_file);

  const std::string& dir() const { return dir_; }    // absolute
  const std::string& file() const { return file_; }  // path of config.json, for messages
  // The bytes on disk.
  const std::string& current() const { return current_; }
  // The bytes before our own edit, when the journal says that `current` is our edit; else current.
  const std::string& pristine() const { return edited_ ? pristine_ : current_; }
  bool edited() const { return edited_; }

  // Replaces the file by apply(pristine, splices), journal first, under a lock on the folder.
  // Writes nothing when the result is what is on disk; an edit that is taken back whole takes the
  // journal with it. Mode, owner and extended attributes stay. `sync`: fsync file and folder.
  // Returns the new text, current(). Throws Error, the old file then being intact.
  const std::string& write(const std::vector<json::Splice>& splices, bool sync);

 private:
  void read();
  void read_file_and_journal();
  void replace(std::string text, WriteOptions options);

  std::string dir_, file_, folder_path_, name_;
  Fd folder_, config_;
  struct stat status_ = {};
  std::string current_;
  bool edited_ = false;
  std::string pristine_;      // when edited_
  std::string left_over_;     // see Verdict
  std::optional<Undo> undo_;  // leads from current_ to pristine_ when edited_
};

}  // namespace xpu
