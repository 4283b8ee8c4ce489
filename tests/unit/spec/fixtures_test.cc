// SPDX-License-Identifier: Apache-2.0
// Every specification that others wrote takes a full edit: bytes that are not edited stay, and an
// independent JSON tree sees the edit and nothing else.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/spec/apply.h"

namespace xpu {
namespace {

namespace tree = boost::json;

Plan full_plan() {
  Plan plan;
  plan.devices.push_back({{"/dev/acme0", "/dev/acme0", 'c', 10, 237}, ""});
  plan.devices.push_back({{"/dev/acme1", "/dev/acme1", 'b', 240, 1}, ""});
  plan.mounts.push_back({"/h/lib.so", "/usr/lib/lib.so.1", "bind", {"bind", "ro"}, ""});
  plan.env.push_back({"PATH", "/replaced", ""});
  plan.env.push_back({"ACME_ONE", "1", ""});
  return plan;
}

tree::value parse(std::string_view text) {
  tree::parse_options options;
  options.max_depth = 1000;
  return tree::parse(text, {}, options);
}

tree::object& child(tree::object& parent, const char* key) {
  tree::value& value = parent[key];
  return value.is_object() ? value.get_object() : value.emplace_object();
}

tree::array& list(tree::object& parent, const char* key) {
  tree::value& value = parent[key];
  return value.is_array() ? value.get_array() : value.emplace_array();
}

// The edit of full_plan() done on a tree: nothing of it is shared with the program.
tree::value expected(std::string_view text, bool all_allowed) {
  tree::value top = parse(text);
  tree::object& root = top.as_object();
  const auto process = root.find("process");
  if (process != root.end() && process->value().is_object()) {
    tree::array& env = list(process->value().get_object(), "env");
    bool done = false;
    for (auto entry = env.begin(); entry != env.end();) {
      const bool path = entry->as_string().starts_with("PATH=");
      if (path && done) {
        entry = env.erase(entry);
        continue;
      }
      if (path) {
        *entry = "PATH=/replaced";
        done = true;
      }
      ++entry;
    }
    if (!done) {
      env.emplace_back("PATH=/replaced");
    }
    env.emplace_back("ACME_ONE=1");
  }
  list(root, "mounts")
      .push_back({{"destination", "/usr/lib/lib.so.1"},
                  {"type", "bind"},
                  {"source", "/h/lib.so"},
                  {"options", {"bind", "ro"}}});
  tree::object& part = child(root, "linux");
  tree::array& devices = list(part, "devices");
  const auto device = [](const char* path, const char* type, int major, int minor) {
    return tree::value{{"path", path},     {"type", type}, {"major", major}, {"minor", minor},
                       {"fileMode", 0666}, {"uid", 0},     {"gid", 0}};
  };
  devices.push_back(device("/dev/acme0", "c", 10, 237));
  devices.push_back(device("/dev/acme1", "b", 240, 1));
  if (!all_allowed) {
    tree::array& rules = list(child(part, "resources"), "devices");
    const auto rule = [](const char* type, int major, int minor) {
      return tree::value{
          {"allow", true}, {"type", type}, {"major", major}, {"minor", minor}, {"access", "rw"}};
    };
    rules.push_back(rule("c", 10, 237));
    rules.push_back(rule("b", 240, 1));
  }
  return top;
}

TEST(Fixtures, EveryGoodSpecTakesAnEditAndKeepsEveryOtherByte) {
  const char* const set = std::getenv("XPU_FIXTURES");
  const std::filesystem::path folder =
      std::filesystem::path(set != nullptr ? set : XPU_SOURCE_DIR "/../shared/fixtures") /
      "oci/good";
  if (!std::filesystem::is_directory(folder)) {
    GTEST_SKIP() << "no fixtures in " << folder;
  }
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string text = read_file(entry.path(), std::size_t{16} << 20);
    Spec spec(text, entry.path().filename());
    spec.load();
    ASSERT_EQ(json::apply(text, splices(spec, Plan())), text) << entry.path();

    std::vector<json::Splice> edit = splices(spec, full_plan());
    const std::string after = json::apply(text, edit);
    EXPECT_EQ(json::apply(after, json::inverse(text, edit)), text) << entry.path();
    // Between two splices the new document holds the old one's bytes, in order and whole.
    std::sort(edit.begin(), edit.end(),
              [](const auto& a, const auto& b) { return a.offset < b.offset; });
    std::size_t old_at = 0, new_at = 0;
    for (const json::Splice& splice : edit) {
      const std::size_t kept = splice.offset - old_at;
      ASSERT_EQ(after.substr(new_at, kept), text.substr(old_at, kept)) << entry.path();
      ASSERT_EQ(after.substr(new_at + kept, splice.text.size()), splice.text) << entry.path();
      old_at += kept + splice.length;
      new_at += kept + splice.text.size();
    }
    EXPECT_EQ(after.substr(new_at), text.substr(old_at)) << entry.path();
    EXPECT_EQ(parse(after), expected(text, spec.all_devices_allowed)) << entry.path();
    ++count;
  }
  EXPECT_GT(count, 50);
}

}  // namespace
}  // namespace xpu
