// SPDX-License-Identifier: Apache-2.0
// What the parts of check_bundle() share. For core/oci only.
#pragma once

#include <sys/stat.h>

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/oci/check_bundle.h"
#include "core/oci/text.h"

namespace xpu::check {

// Who does not take it.
enum class Refuses { kBoth, kRunc, kCrun, kNobody };

struct Since {
  TakerVersion runc, crun;
};

class Findings {
 public:
  explicit Findings(const BundleTaker& taker) : taker_(taker.taker), version_(taker.version) {}

  template <class... Parts>
  void add(Refuses who, const std::string& place, const Parts&... parts) {
    put(who, place, cat(parts...));
  }
  // What versions before these refuse; {} for none. The text says which.
  template <class... Parts>
  void add_before(const Since& since, const std::string& place, const Parts&... parts) {
    put_before(since, place, cat(parts...));
  }
  // As add(), of what newer versions than those that were seen to refuse it may take.
  template <class... Parts>
  void add_as_seen(Refuses who, const std::string& place, const Parts&... parts) {
    put(is_newer_than_seen() ? Refuses::kNobody : who, place, cat(parts...));
  }
  template <class... Parts>
  void note(const std::string& place, const Parts&... parts) {
    list_.push_back({Severity::kNote, place, cat(parts...)});
  }
  std::vector<Finding> take() { return std::move(list_); }

 private:
  void put(Refuses who, const std::string& place, std::string text);
  void put_before(const Since& since, const std::string& place, std::string text);
  bool is_newer_than_seen() const;

  Taker taker_;
  std::optional<TakerVersion> version_;
  std::vector<Finding> list_;
};

// The text that is judged. Where it is one that was edited, places are named by what stood in the
// text before: that is the one that people have.
class Document {
 public:
  // `any_case`: keys count however their letters are written, as Go's decoder has it.
  Document(std::string_view text, bool any_case) : text_(text), any_case_(any_case) {}
  // `before` became `text` by the splices. Both must outlive this.
  Document(std::string_view text, bool any_case, std::string_view before,
           const std::vector<json::Splice>& splices);

  std::string_view text() const { return text_; }
  bool any_case() const { return any_case_; }
  const std::optional<std::string_view>& before() const { return before_; }

  // Where this byte stood before; `edited`: it is of an edit, which began there.
  struct Origin {
    std::size_t offset = 0;
    bool edited = false;
    bool first = false;  // of the edit
  };
  Origin origin_of(std::size_t offset) const;

  // Paths of what is there by the edit only.
  void note_added(const std::string& path) const { added_.insert(path); }
  bool is_added(std::string_view path) const;

 private:
  std::string_view text_;
  bool any_case_ = false;
  std::optional<std::string_view> before_;
  std::vector<json::Splice> undo_;  // lead from text_ to before_, by offset
  std::vector<std::size_t> old_;    // where each of them begins in before_
  mutable std::set<std::string, std::less<>> added_;
};

// A value of the document. null counts as absent, as it does for those who read the file.
class Place {
 public:
  explicit Place(const Document& document);  // the top

  const std::string& path() const { return path_; }  // "process.args"
  const json::Value& value() const { return value_; }
  bool any_case() const { return document_->any_case(); }  // see Document
  bool is_null() const { return value_.text == "null"; }

  // Of several members of that name the last, which is the one that counts.
  std::optional<Place> get(std::string_view key) const;
  // The member's path, whether or not there is one.
  std::string path_of(std::string_view key) const;
  std::vector<Place> elements() const;                         // of no array: none
  std::vector<std::pair<std::string, Place>> entries() const;  // of no object: none

  // nullopt: of another type.
  std::optional<std::string> text() const { return json::as_string(value_); }
  std::optional<std::int64_t> integer() const { return json::as_integer(value_); }
  // One of 64 bits without a sign.
  std::optional<std::uint64_t> natural() const;

  // Of a member; nullopt also where it is absent.
  std::optional<std::string> text(std::string_view key) const;
  std::optional<std::int64_t> integer(std::string_view key) const;
  std::optional<std::uint64_t> natural(std::string_view key) const;
  std::vector<Place> elements(std::string_view key) const;
  std::vector<std::pair<std::string, Place>> entries(std::string_view key) const;

 private:
  Place(const Document& document, const json::Value& value, std::string path,
        std::optional<json::Value> before)
      : document_(&document), value_(value), path_(std::move(path)), before_(std::move(before)) {}
  bool is_called(const json::Member& member, std::string_view key) const;
  Place member(const json::Value& value, std::string_view key,
               const std::vector<json::Member>& before) const;
  std::vector<json::Member> members_before() const;

  const Document* document_;
  json::Value value_;
  std::string path_;
  std::optional<json::Value> before_;  // the same in the text before
};

// A text in quotes, as in the document, shortened.
std::string quoted(std::string_view text);

// What there is at a path; something that may not be looked at is not known to be there or not.
struct Look {
  bool known = true, there = false;
  struct stat status = {};
};
Look look_at(const std::string& path);

// What of the host may be looked at.
struct Host {
  bool look = true;    // false: nothing, only the text counts
  std::string bundle;  // absolute
  std::string root;    // the container's root file system; "" for none
  std::string coming;  // a folder whose files come with the start only; "" for none
  std::vector<std::string> written = {};  // what the start itself writes into the root file system
};

// "/a//b/../c/" → "/a/c", "a" → "/a": how low-level runtimes take a path of the container.
std::string cleaned(std::string_view path);

// What a path of the container is in its root file system, as far as no link is on the way; nullopt
// where that cannot be said.
std::optional<Look> look_in_root(const Host& host, std::string_view path);

// The container's files when all mounts are done.
class Files {
 public:
  Files(const Place& document, const Host& host);
  // nullopt where a link, a file system that is not of the host, or a program that runs before
  // keeps that from being said.
  std::optional<Look> look(std::string_view path) const;

 private:
  struct Covering {
    std::size_t number = 0;  // in the order of the mounts
    std::string source;      // on the host; "" for none
  };

  const Host& host_;
  std::map<std::string, Covering, std::less<>> covering_;  // by destination
};

// The parts.
void check_shape(const Place& document, Findings& out);
void check_process(const Place& document, const Host& host, const Files& files, Findings& out);
void check_mounts(const Place& document, const Host& host, Findings& out);
void check_linux(const Place& document, const Host& host, Findings& out);
void check_resources(const Place& linux_part, const Host& host, Findings& out);
void check_seccomp(const Place& linux_part, const Host& host, Findings& out);
void check_hooks(const Place& document, const Host& host, const Files& files, Findings& out);

// Whether linux.namespaces has one of this type.
bool has_namespace(const Place& document, std::string_view type);

}  // namespace xpu::check
