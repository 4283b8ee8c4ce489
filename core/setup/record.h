// SPDX-License-Identifier: Apache-2.0
// What `configure` keeps of a file that it changed: what was there before, beside the file as it
// was (FILE.xpu-backup), and what was written last (FILE.xpu-written). Both together tell what of
// the present file is ours, and what somebody else wrote since.
#pragma once

#include <optional>
#include <string>

namespace xpu::setup {

// A file's bytes; nullopt where there is no file.
using Text = std::optional<std::string>;

struct Record {
  Text before;
  std::string written;
};

// A configuration file and what is kept beside it.
struct Kept {
  Text text, backup, written;
  bool operator==(const Kept&) const = default;
};

// nullopt when nothing was written, or when the backup is not the one that belongs to it any more.
std::optional<Record> read_record(const Kept& kept);
// The file is what was written last, whatever became of the backup.
bool is_as_written(const Kept& kept);
// The bytes of FILE.xpu-written.
std::string record_text(const Record& record);

}  // namespace xpu::setup
