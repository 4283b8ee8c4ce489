// SPDX-License-Identifier: Apache-2.0
// FILE.xpu-written is one line for us and then the bytes that were written. The line names the
// backup by its hash: a file that was new has none, and a backup that somebody removed must not
// make it one.
#include "core/setup/record.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/file.h"

namespace xpu::setup {
namespace {

std::string head_for(const Text& before) {
  return cat("xpu-runtime configure 1: written over ", before ? hex64(fnv1a(*before)) : "no file",
             '\n');
}

}  // namespace

std::string record_text(const Record& record) {
  return head_for(record.before) + record.written;
}

bool is_as_written(const Kept& kept) {
  return kept.text && kept.written &&
         kept.written->substr(std::min(kept.written->find('\n'), kept.written->size() - 1) + 1) ==
             *kept.text;
}

std::optional<Record> read_record(const Kept& kept) {
  if (!kept.written) {
    return std::nullopt;
  }
  for (const Text& before : {Text(), kept.backup}) {
    const std::string head = head_for(before);
    if (kept.written->starts_with(head)) {
      return Record{before, kept.written->substr(head.size())};
    }
  }
  return std::nullopt;
}

}  // namespace xpu::setup
