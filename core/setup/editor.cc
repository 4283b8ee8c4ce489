// SPDX-License-Identifier: Apache-2.0
#include "core/setup/editor.h"

#include <algorithm>
#include <map>

#include "core/base/error.h"
#include "core/base/path.h"

namespace xpu::setup {
namespace {

const NamedRuntime* find_runtime(const std::vector<NamedRuntime>& all, const std::string& name) {
  const auto at = std::find_if(all.begin(), all.end(),
                               [&](const NamedRuntime& runtime) { return runtime.name == name; });
  return at == all.end() ? nullptr : &*at;
}

std::string without_last_newline(const std::string& text) {
  const std::size_t cut = text.ends_with("\r\n") ? 2 : text.ends_with('\n') ? 1 : 0;
  return text.substr(0, text.size() - cut);
}

std::string last_line(const std::string& text) {
  return text.substr(text.rfind('\n') + 1);  // npos + 1 is 0
}

// All that is ours.
Removal everything(const Editor& editor, const Text& text, const Record& record) {
  Removal all;
  for (const NamedRuntime& runtime : editor.ours(text, &record)) {
    all.names.push_back(runtime.name);
  }
  // A default may name a runtime that somebody took out by hand.
  if (!editor.inspect(text).present) {
    all.names.push_back(editor.name());
  }
  return all;
}

// The file as it would be had we never been there.
Text without_ours(const Editor& editor, const std::string& text, const Record& record) {
  if (text == record.written) {
    return record.before;
  }
  const auto left_of = [&](const std::string& from) {
    return editor.removed(from, &record, everything(editor, from, record));
  };
  const std::string left = left_of(text);
  // What was changed since went with what was ours.
  if (left == left_of(record.written)) {
    return record.before;
  }
  // What we put at the end of a file had to end its last line first.
  const std::string bare = without_last_newline(left);
  const bool ended = record.before && !record.before->ends_with('\n') &&
                     last_line(bare) == last_line(*record.before);
  return ended ? bare : left;
}

// Either says now what is to be taken out, or said so when we wrote it.
bool concerns(const Editor& editor, const Text& text, const Record* record) {
  return text && (editor.concerns(text, record) ||
                  (record != nullptr && editor.concerns(record->written, record)));
}

Plan plan_removal(const Editor& editor, const Kept& now, const std::optional<Record>& record) {
  Plan plan;
  plan.after = now;
  plan.state = editor.inspect(now.text);
  const Record* known = record ? &*record : nullptr;
  if (!concerns(editor, now.text, known)) {
    return plan;
  }
  const bool mine = find_runtime(editor.ours(now.text, known), editor.name()) != nullptr;
  if (plan.state.present && !mine && !is_as_written(now)) {
    plan.foreign = plan.state.program;
    return plan;
  }
  const bool others = editor.has_others(now.text, known);
  if (known == nullptr) {
    plan.after.text = editor.removed(*now.text, known, {{editor.name()}, !others});
    return plan;
  }
  const Text before = without_ours(editor, *now.text, *known);
  if (others) {
    plan.after.text = editor.removed(*now.text, known, {{editor.name()}, false});
    plan.after.backup = before ? before : now.backup;
    plan.after.written = record_text({before, *plan.after.text});
    return plan;
  }
  plan.after.text = before;
  plan.after.written.reset();
  plan.edited = before != known->before && known->before;
  if (known->before && !plan.edited) {
    plan.after.backup.reset();
  }
  return plan;
}

Plan plan_addition(const Editor& editor, const Kept& now, const std::optional<Record>& record,
                   const Wish& wish) {
  Plan plan;
  plan.after = now;
  const RuntimeState state = editor.inspect(now.text);
  plan.state = editor.wanted(state, wish);
  const Record* known = record ? &*record : nullptr;
  const std::vector<NamedRuntime> runtimes = editor.runtimes(now.text);
  const NamedRuntime* own = find_runtime(runtimes, editor.name());
  Text before = now.text;
  if (now.text && known != nullptr) {
    before = without_ours(editor, *now.text, *known);
  } else if (now.text && own != nullptr && (own->marked || is_as_written(now))) {
    // Ours, but what was there before it is not known any more.
    before = editor.removed(*now.text, nullptr, {{editor.name()}, true});
  }
  const bool exact = known != nullptr && now.text == known->written;
  plan.after.text = editor.configured(
      exact && !editor.has_others(now.text, known) ? before : now.text, plan.state);
  if (plan.after.text == now.text) {
    plan.after = now;
    return plan;
  }
  plan.after.backup = before ? before : now.backup;
  plan.after.written = record_text({before, *plan.after.text});
  return plan;
}

}  // namespace

RuntimeState Editor::wanted(const RuntimeState& state, const Wish& wish) const {
  RuntimeState out = state;
  out.present = true;
  out.program = wish.program;
  out.is_default = state.is_default || wish.set_as_default;
  out.cdi = state.cdi || wish.cdi;
  return out;
}

bool Editor::concerns(const Text& text, const Record*) const {
  const RuntimeState state = inspect(text);
  return state.present || state.is_default;
}

bool Editor::has_others(const Text& text, const Record* record) const {
  const std::vector<NamedRuntime> all = ours(text, record);
  return std::any_of(all.begin(), all.end(),
                     [&](const NamedRuntime& runtime) { return runtime.name != name_; });
}

bool Editor::is_our_program(const std::string& program) const {
  return program == program_ || file_name_of(program) == "xpu-container-runtime";
}

std::vector<NamedRuntime> Editor::ours(const Text& text, const Record* record) const {
  const auto by_name = [&](const Text& version) {
    std::map<std::string, NamedRuntime> out;
    for (NamedRuntime& runtime : runtimes(version)) {
      out.emplace(runtime.name, std::move(runtime));
    }
    return out;
  };
  const auto is_plain = [&](const NamedRuntime& runtime) {
    return runtime.marked || is_our_program(runtime.program);
  };
  std::vector<NamedRuntime> out = runtimes(text);
  if (record == nullptr) {
    std::erase_if(out, [&](const NamedRuntime& runtime) { return !is_plain(runtime); });
    return out;
  }
  const auto wrote = by_name(record->written);
  const auto had = by_name(record->before);
  std::erase_if(out, [&](const NamedRuntime& runtime) {
    const auto written = wrote.find(runtime.name);
    const bool known = written != wrote.end();
    const bool plain = is_plain(runtime) || (known && written->second.program == runtime.program);
    if (runtime.name == name_) {
      return !plain;
    }
    // Somebody may have one of another name that runs our program.
    const auto before = had.find(runtime.name);
    return !plain || !known ||
           (before != had.end() && before->second.content == written->second.content);
  });
  return out;
}

std::optional<Record> usable_record(const Editor& editor, const Kept& kept) {
  std::optional<Record> record = read_record(kept);
  if (record) {
    try {
      editor.inspect(record->before);
      editor.inspect(record->written);
    } catch (const Error&) {
      return std::nullopt;
    }
  }
  return record;
}

bool is_configured(const Editor& editor, const Kept& now) {
  const std::optional<Record> record = usable_record(editor, now);
  return concerns(editor, now.text, record ? &*record : nullptr);
}

Plan plan_change(const Editor& editor, const Kept& now, const Wish& wish) {
  const std::optional<Record> record = usable_record(editor, now);
  return wish.remove ? plan_removal(editor, now, record) : plan_addition(editor, now, record, wish);
}

}  // namespace xpu::setup
