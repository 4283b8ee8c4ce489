// SPDX-License-Identifier: Apache-2.0
// What a JSON or YAML text says, before anybody asks what it means.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace xpu::cdi {

struct Member;

struct Tree {
  enum class Kind { kNull, kBool, kNumber, kString, kList, kMap };
  Kind kind = Kind::kNull;
  std::string text;  // of a scalar: "true" or "false", a number as written in JSON, the string
  // YAML knows a plain `0` for a number where a text is wanted; its readers take it for the text.
  bool may_be_string = false;
  std::vector<Tree> list;
  std::vector<Member> map;  // keys are unique
};

struct Member {
  std::string key;
  Tree value;
};

// A document of either language holds at most so much, aliases of YAML counted as often as used.
inline constexpr std::size_t kMostTrees = 200'000;
inline constexpr std::size_t kMostBytes = 4U << 20;
inline constexpr unsigned kMostDepth = 32;
inline constexpr std::size_t kMostMembers = 1024;  // of one map

// Both throw Error that names `source`, and place or line: syntax, doubled keys, what is beyond the
// bounds above.
Tree tree_of_json(std::string_view text, const std::string& source);
// One document of YAML 1.1: maps with keys that are text, lists, scalars of the core types,
// anchors, aliases and merge keys.
Tree tree_of_yaml(std::string_view text, const std::string& source);

}  // namespace xpu::cdi
