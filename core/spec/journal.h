// SPDX-License-Identifier: Apache-2.0
// The journal beside an edited config.json: how to take our edit out again. See bundle.h.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/oci/text.h"

namespace xpu {

// Takes the document whose hash is `after` back to the one whose hash is `before`.
struct Undo {
  std::string before, after;
  std::vector<json::Splice> splices;
};

Undo make_undo(std::string_view before, std::string_view after,
               const std::vector<json::Splice>& splices);
std::string journal_name(const std::string& config_name);
std::string journal_text(const std::vector<Undo>& undos);

// The entry that belongs to `current`. nullopt when there is none, and for a journal that cannot be
// trusted (no regular file of `owner`, writable by others), is damaged, or does not lead back to
// the document that it names.
std::optional<Undo> read_journal(int dirfd, const std::string& name, uid_t owner,
                                 std::string_view current);

}  // namespace xpu
