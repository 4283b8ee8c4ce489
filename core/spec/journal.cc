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
  return cat(hex64(fnv1a(text)), '-', text.size());
}

std::string splice_json(const json::Splice& splice) {
  return cat("{\"offset\":", splice.offset, ",\"length\":", splice.length,
             ",\"text\":", json::quote(splice.text), '}');
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

std::optional<Undo> find_undo(std::string_view journal, const std::string& name,
                              std::string_view current) {
  json::validate(journal, name);
  const Reader top(journal, name, json::root(journal));
  if (top.number("version") != kVersion) {
    return std::nullopt;
  }
  const std::string after = hash(current);
  for (const Reader& entry : top.objects("edits")) {
    if (entry.string("after") != after) {
      continue;
    }
    Undo undo{entry.string("before"), after, {}};
    for (const Reader& splice : entry.objects("undo")) {
      undo.splices.push_back(
          {splice.number("offset"), splice.number("length"), splice.string("text")});
    }
    if (hash(json::apply(current, undo.splices)) == undo.before) {
      return undo;
    }
  }
  return std::nullopt;
}

}  // namespace

Undo make_undo(std::string_view before, std::string_view after,
               const std::vector<json::Splice>& splices) {
  return {hash(before), hash(after), json::inverse(before, splices)};
}

std::string journal_name(const std::string& config_name) {
  return config_name + ".xpu-undo";
}

std::string journal_text(const std::vector<Undo>& undos) {
  std::string edits;
  for (const Undo& undo : undos) {
    std::string splices;
    for (const json::Splice& splice : undo.splices) {
      splices += splices.empty() ? "" : ",";
      splices += splice_json(splice);
    }
    edits += edits.empty() ? "" : ",";
    edits += cat("{\"before\":\"", undo.before, "\",\"after\":\"", undo.after, "\",\"undo\":[",
                 splices, "]}");
  }
  return cat("{\"version\":", kVersion, ",\"edits\":[", edits, "]}\n");
}

std::optional<Undo> read_journal(int dirfd, const std::string& name, uid_t owner,
                                 std::string_view current) {
  const Fd fd(
      ::openat(dirfd, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status = {};
  if (!fd || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode) ||
      status.st_uid != owner || (status.st_mode & 022) != 0 || status.st_nlink != 1) {
    return std::nullopt;
  }
  try {
    return find_undo(read_fd(fd.get(), name, kMaxBytes), name, current);
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace xpu
