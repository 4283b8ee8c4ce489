// SPDX-License-Identifier: Apache-2.0
#include "core/base/error.h"
#include "core/cdi/tree.h"
#include "core/oci/text.h"

namespace xpu::cdi {
namespace {

class Builder {
 public:
  Builder(std::string_view document, const std::string& source)
      : document_(document), source_(source) {}

  Tree build(const json::Value& value, unsigned depth) {
    if (++count_ > kMostTrees || depth > kMostDepth) {
      fail(source_, ": more or deeper values than any CDI file has");
    }
    Tree out;
    if (value.is_object()) {
      out.kind = Tree::Kind::kMap;
      add_members(value, depth, out);
    } else if (value.is_array()) {
      out.kind = Tree::Kind::kList;
      for (const json::Value& element : json::elements(document_, value)) {
        out.list.push_back(build(element, depth + 1));
      }
    } else if (value.is_string()) {
      out.kind = Tree::Kind::kString;
      out.text = json::as_string(value).value();
    } else {
      out.kind = value.text == "null"                            ? Tree::Kind::kNull
                 : value.text == "true" || value.text == "false" ? Tree::Kind::kBool
                                                                 : Tree::Kind::kNumber;
      out.text = value.text;
    }
    return out;
  }

 private:
  void add_members(const json::Value& object, unsigned depth, Tree& out) {
    for (const json::Member& member : json::members(document_, object)) {
      const std::string key = json::as_string(member.key).value();
      if (out.map.size() == kMostMembers) {
        fail(source_, ": more than ", kMostMembers, " members in one object");
      }
      for (const auto& [other, value] : out.map) {
        if (other == key) {
          fail(source_, ": the member ", json::quote(key), " is there twice in one object");
        }
      }
      out.map.push_back({key, build(member.value, depth + 1)});
    }
  }

  std::string_view document_;
  const std::string& source_;
  std::size_t count_ = 0;
};

}  // namespace

Tree tree_of_json(std::string_view text, const std::string& source) {
  json::validate(text, source);
  return Builder(text, source).build(json::root(text), 0);
}

}  // namespace xpu::cdi
