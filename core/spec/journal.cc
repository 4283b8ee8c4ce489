// SPDX-License-Identifier: Apache-2.0
#include "core/spec/journal.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "core/base/error.h"
#include "core/base/file.h"

namespace xpu {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{16} << 20;
constexpr std::int64_t kVersion = 1;

std::string hash(std::string_view text) {
  return cat(hex64(hash_text(text)), '-', text.size());
}

std::string splice_json(const json::Splice& splice, const std::string& inserted) {
  return cat("{\"offset\":", splice.offset, ",\"length\":", splice.length,
             ",\"text\":", json::quote(splice.text), ",\"inserted\":", json::quote(inserted), '}');
}

// Reads members of one object of the journal; anything unexpected ends in an Error.
class Reader {
 public:
  Reader(std::string_view text, const std::string& name, const json::Value& object)
      : text_(text), name_(name), members_(json::members(text, object)) {}

  json::Value value(std::string_view key) const {
    const std::optional<json::Value> found = json::find(members_, key, name_);
    if (!found) {
      fail(name_, ": no ", key);
    }
    return *found;
  }
  std::string string(std::string_view key) const {
    std::optional<std::string> found = json::as_string(value(key));
    return found ? std::move(*found) : std::string();
  }
  std::size_t number(std::string_view key) const {
    const std::optional<std::int64_t> found = json::as_integer(value(key));
    if (!found || *found < 0) {
      fail(name_, ": ", key, " is no number of bytes");
    }
    return static_cast<std::size_t>(*found);
  }
  std::vector<Reader> objects(std::string_view key) const {
    std::vector<Reader> out;
    for (const json::Value& element : json::elements(text_, value(key))) {
      out.emplace_back(text_, name_, element);
    }
    return out;
  }

 private:
  std::string_view text_;
  const std::string& name_;
  std::vector<json::Member> members_;
};

Undo read_undo(const Reader& entry) {
  Undo undo{entry.string("before"), entry.string("after"), {}, {}};
  for (const Reader& splice : entry.objects("undo")) {
    undo.splices.push_back(
        {splice.number("offset"), splice.number("length"), splice.string("text")});
    undo.inserted.push_back(splice.string("inserted"));
  }
  return undo;
}

// The same edit taken out of a file that was changed around it: every piece must stand there
// exactly once, in the order of the edit.
std::optional<Undo> find_pieces(const Undo& undo, std::string_view current) {
  Undo found{"", hash(current), {}, undo.inserted};
  std::size_t from = 0;
  for (std::size_t i = 0; i < undo.splices.size(); ++i) {
    const std::string& piece = undo.inserted[i];
    const std::size_t at = current.find(piece, from);
    if (piece.empty() || at == current.npos || current.find(piece) != at ||
        current.find(piece, at + 1) != current.npos) {
      return std::nullopt;
    }
    found.splices.push_back({at, piece.size(), undo.splices[i].text});
    from = at + piece.size();
  }
  const std::string without = json::apply(current, found.splices);
  json::validate(without, "config.json without the edit");
  found.before = hash(without);
  return found;
}

// Whether the string at `at` is the value of one of the keys that our devices and mounts are known
// by.
bool is_value_of_ours(std::string_view text, std::size_t at) {
  const auto skip_space = [&] {
    while (at > 0 && std::string_view(" \t\r\n").find(text[at - 1]) != std::string_view::npos) {
      --at;
    }
  };
  skip_space();
  if (at == 0 || text[at - 1] != ':') {
    return false;
  }
  --at;
  skip_space();
  const std::string_view before = text.substr(0, at);
  return before.ends_with("\"path\"") || before.ends_with("\"source\"");
}

// A device or mount source that the edit brought and that stands in the file.
std::string find_left_over(const Undo& undo, std::string_view current) {
  for (const std::string& piece : undo.inserted) {
    for (std::size_t at = piece.find("\"/"); at != piece.npos; at = piece.find("\"/", at + 1)) {
      if (!is_value_of_ours(piece, at)) {
        continue;
      }
      const std::string path = piece.substr(at, piece.find('"', at + 1) - at + 1);
      for (std::size_t there = current.find(path); there != current.npos;
           there = current.find(path, there + 1)) {
        if (is_value_of_ours(current, there)) {
          return path.substr(1, path.size() - 2);
        }
      }
    }
  }
  return "";
}

Verdict judge_changed(const Undo& undo, std::string_view current) {
  try {
    if (std::optional<Undo> found = find_pieces(undo, current)) {
      return {std::move(found), ""};
    }
  } catch (const Error&) {
    // Without the edit it would be no JSON: the changes are entangled with it.
  }
  return {std::nullopt, find_left_over(undo, current)};
}

Verdict judge(std::string_view journal, const std::string& name, std::string_view current) {
  json::validate(journal, name);
  const Reader top(journal, name, json::root(journal));
  if (top.number("version") != kVersion) {
    return {};
  }
  std::vector<Undo> undos;
  for (const Reader& entry : top.objects("edits")) {
    undos.push_back(read_undo(entry));
  }
  const std::string now = hash(current);
  for (Undo& undo : undos) {
    if (undo.before == now) {
      return {};
    }
    if (undo.after == now && hash(json::apply(current, undo.splices)) == undo.before) {
      return {std::move(undo), ""};
    }
  }
  for (const Undo& undo : undos) {
    Verdict verdict = judge_changed(undo, current);
    if (verdict.undo || !verdict.left_over.empty()) {
      return verdict;
    }
  }
  return {};
}

}  // namespace

Undo make_undo(std::string_view before, std::string_view after,
               const std::vector<json::Splice>& splices) {
  Undo undo{hash(before), hash(after), json::inverse(before, splices), {}};
  for (const json::Splice& splice : undo.splices) {
    undo.inserted.emplace_back(after.substr(splice.offset, splice.length));
  }
  return undo;
}

std::string journal_name(const std::string& config_name) {
  return config_name + ".xpu-undo";
}

std::string journal_text(const std::vector<Undo>& undos) {
  std::string edits;
  for (const Undo& undo : undos) {
    std::string splices;
    for (std::size_t i = 0; i < undo.splices.size(); ++i) {
      splices += splices.empty() ? "" : ",";
      splices += splice_json(undo.splices[i], undo.inserted[i]);
    }
    edits += edits.empty() ? "" : ",";
    edits += cat("{\"before\":\"", undo.before, "\",\"after\":\"", undo.after, "\",\"undo\":[",
                 splices, "]}");
  }
  return cat("{\"version\":", kVersion, ",\"edits\":[", edits, "]}\n");
}

Verdict read_journal(int dirfd, const std::string& name, uid_t owner, std::string_view current) {
  Fd fd;
  struct stat status = {};
  // One that is replaced right after it was opened has no name any more: the next one counts.
  for (int tries = 0; tries < 100; ++tries) {
    fd.reset(
        ::openat(dirfd, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!fd || ::fstat(fd.get(), &status) != 0 || status.st_nlink > 0) {
      break;
    }
  }
  if (!fd || !S_ISREG(status.st_mode) || status.st_uid != owner || (status.st_mode & 022) != 0 ||
      status.st_nlink != 1) {
    return {};
  }
  try {
    return judge(read_fd(fd.get(), name, kMaxBytes), name, current);
  } catch (const Error&) {
    return {};
  }
}

}  // namespace xpu
