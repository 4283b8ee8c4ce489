// SPDX-License-Identifier: Apache-2.0
#include "core/setup/editor.h"

#include "core/base/error.h"

namespace xpu {
namespace {

std::string name_of(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

// The backup as far as it can be used: one that somebody broke is none.
Text usable(const Editor& editor, const Text& backup) {
  try {
    editor.inspect(backup);
    return backup;
  } catch (const Error&) {
    return std::nullopt;
  }
}

// True when the file is what we made of `before`, to the byte.
bool is_our_work(const Editor& editor, const Text& before, const std::string& now,
                 const RuntimeState& state) {
  try {
    return editor.configured(before, state) == now;
  } catch (const Error&) {
    return false;
  }
}

std::string without_last_newline(const std::string& text) {
  const std::size_t cut = text.ends_with("\r\n") ? 2 : text.ends_with('\n') ? 1 : 0;
  return text.substr(0, text.size() - cut);
}

Plan plan_removal(const Editor& editor, const std::string& now, const Text& backup,
                  const RuntimeState& state) {
  Plan plan;
  if (!state.others && is_our_work(editor, backup, now, state)) {
    plan.after = backup;
    plan.backup = Plan::Backup::kDrop;
    return plan;
  }
  plan.after = editor.removed(now, backup);
  plan.edited = backup.has_value() && !state.others;
  // A table at the end of a file had to end its last line first.
  const bool same =
      backup && (*plan.after == *backup || without_last_newline(*plan.after) == *backup);
  if (same && !state.others) {
    plan.after = backup;
    plan.backup = Plan::Backup::kDrop;
    plan.edited = false;
  }
  return plan;
}

}  // namespace

bool Editor::is_ours(const std::string& program) const {
  return program == program_ || name_of(program) == "xpu-container-runtime";
}

Plan plan_change(const Editor& editor, const Text& now, const Text& backup, const Wish& wish) {
  const RuntimeState state = editor.inspect(now);
  const Text before = usable(editor, backup);
  Plan plan;
  plan.after = now;
  plan.state = state;
  if (wish.remove) {
    return state.present && now ? plan_removal(editor, *now, before, state) : plan;
  }
  RuntimeState wanted = state;
  wanted.present = true;
  wanted.program = wish.program;
  wanted.is_default = state.is_default || wish.set_as_default;
  wanted.cdi = state.cdi || wish.cdi;
  const bool ours = state.present && now && !state.others &&
                    (backup.has_value() == before.has_value()) &&
                    is_our_work(editor, before, *now, state);
  plan.after = editor.configured(ours ? before : now, wanted);
  plan.state = wanted;
  if (now && !state.others && !ours && (!state.present || !backup) && *plan.after != *now) {
    plan.backup = Plan::Backup::kWrite;
  }
  return plan;
}

}  // namespace xpu
