// SPDX-License-Identifier: Apache-2.0
// What the parts of check_bundle() share. For core/oci only.
#pragma once

#include <sys/stat.h>

#include <optional>
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

class Findings {
 public:
  explicit Findings(Taker taker) : taker_(taker) {}

  template <class... Parts>
  void add(Refuses who, const std::string& place, const Parts&... parts) {
    put(who, place, cat(parts...));
  }
  template <class... Parts>
  void note(const std::string& place, const Parts&... parts) {
    list_.push_back({Severity::kNote, place, cat(parts...)});
  }
  std::vector<Finding> take() { return std::move(list_); }

 private:
  void put(Refuses who, const std::string& place, std::string text);

  Taker taker_;
  std::vector<Finding> list_;
};

// A value of the document. null counts as absent, as it does for those who read the file.
class Place {
 public:
  Place(std::string_view document, const json::Value& value, std::string path)
      : document_(document), value_(value), path_(std::move(path)) {}

  const std::string& path() const { return path_; }  // "process.args"
  const json::Value& value() const { return value_; }
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

  // Of a member; nullopt also where it is absent.
  std::optional<std::string> text(std::string_view key) const;
  std::optional<std::int64_t> integer(std::string_view key) const;
  std::vector<Place> elements(std::string_view key) const;
  std::vector<std::pair<std::string, Place>> entries(std::string_view key) const;

 private:
  std::string_view document_;
  json::Value value_;
  std::string path_;
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
};

// What a path of the container is in its root file system, as far as no link and no earlier mount
// is on the way; nullopt where that cannot be said.
std::optional<Look> look_in_root(const Host& host, std::string_view path);

// The parts.
void check_shape(const Place& document, Findings& out);
void check_process(const Place& document, const Host& host, Findings& out);
void check_mounts(const Place& document, const Host& host, Findings& out);
void check_linux(const Place& document, const Host& host, Findings& out);
void check_resources(const Place& linux_part, const Host& host, Findings& out);
void check_seccomp(const Place& linux_part, Findings& out);
void check_hooks(const Place& document, const Host& host, Findings& out);

// Whether linux.namespaces has one of this type.
bool has_namespace(const Place& document, std::string_view type);

}  // namespace xpu::check
