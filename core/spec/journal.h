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
  std::vector<std::string> inserted;  // what each splice takes out
};

// What a journal says about the file beside it.
struct Verdict {
  // How to take our edit out of the file; nullopt when the file is not our edit.
  std::optional<Undo> undo;
  // A path of our edit that stands in a file that was changed since, where the edit cannot be taken
  // out of it any more; "" otherwise.
  std::string left_over;
};

Undo make_undo(std::string_view before, std::string_view after,
               const std::vector<json::Splice>& splices);
std::string journal_name(const std::string& config_name);
std::string journal_text(const std::vector<Undo>& undos);

// Judges `current`: our edit by its hash; our edit that somebody changed around what we had put in,
// which is then taken out where every piece of it still stands as we wrote it; or neither. A
// journal that cannot be trusted (no regular file of `owner`, writable by others) or is damaged
// says nothing.
Verdict read_journal(int dirfd, const std::string& name, uid_t owner, std::string_view current);

}  // namespace xpu
