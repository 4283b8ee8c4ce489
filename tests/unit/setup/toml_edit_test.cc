// SPDX-License-Identifier: Apache-2.0
#include "core/setup/toml_edit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>

#include "core/setup/toml_config.h"
#include "core/setup/toml_list.h"
#include "tests/unit/setup/samples.h"

namespace xpu::setup {
namespace {

using testing::ElementsAre;

const std::string kMark = std::string(kTomlMark) + "\n";

std::string with(const std::string& text, const std::vector<Setting>& settings) {
  TomlDocument document(text, "/c.toml");
  document.set(settings);
  return document.text();
}

std::string without(const std::string& text, const KeyPath& path) {
  TomlDocument document(text, "/c.toml");
  document.remove(path);
  return document.text();
}

TEST(TomlScan, FindsKeysInAllSpellings) {
  const TomlDocument document(
      "a = 1\n'b.c' . \"d\\u0065\" = \"x # no comment\" # comment\n"
      "[ t . \"u v\" ]\n  k = { m = [1, { n = 2 }], o = 'p' }\n"
      "s = \"\"\"\nnot = 1\n[nor]\n\"\"\"\"\"\nq = 1979-05-27 07:32:00\n",
      "/c.toml");
  EXPECT_EQ(document.literal({"a"}), "1");
  EXPECT_EQ(document.literal({"b.c", "de"}), "\"x # no comment\"");
  EXPECT_EQ(document.literal({"t", "u v", "k", "o"}), "'p'");
  EXPECT_EQ(document.literal({"t", "u v", "k", "m"}), "[1, { n = 2 }]");
  EXPECT_FALSE(document.has({"t", "u v", "not"}));
  EXPECT_FALSE(document.has({"nor"}));
  EXPECT_EQ(document.literal({"t", "u v", "q"}), "1979-05-27 07:32:00");
  EXPECT_THAT(document.names({}), ElementsAre("a", "b.c", "t"));
  EXPECT_THAT(document.names({"t", "u v"}), ElementsAre("k", "s", "q"));
}

TEST(TomlScan, ReadsValues) {
  const TomlDocument document(
      "version = 0x2\ns = 'a\\b'\nf = true\nl = [\n  'x', # y\n  \"z\",\n]\n[[a]]\ns = 1\n",
      "/c.toml");
  EXPECT_EQ(document.number_at({"version"}), 2);
  EXPECT_EQ(document.string_at({"s"}), "a\\b");
  EXPECT_EQ(document.flag_at({"f"}), true);
  EXPECT_THAT(document.list_at({"l"}), ElementsAre("x", "z"));
  EXPECT_EQ(document.literal({"a", "s"}), std::nullopt);
}

TEST(TomlEdit, SetsInPlace) {
  EXPECT_EQ(with("a = 1 # one\n[t]\n  b = 'x'\t# two\n", {{{"t", "b"}, "\"y\""}}),
            "a = 1 # one\n[t]\n  b = \"y\"\t# two\n");
  EXPECT_EQ(with("b = 'x'\n", {{{"b"}, "\"x\""}}), "b = 'x'\n");
}

TEST(TomlEdit, AddsToATable) {
  EXPECT_EQ(with("[t]\n  a = 1\n\n# about u\n[u]\n", {{{"t", "b"}, "2"}}),
            "[t]\n  a = 1\n  b = 2\n\n# about u\n[u]\n");
  EXPECT_EQ(with("[t]", {{{"t", "b"}, "2"}}), "[t]\nb = 2");
  EXPECT_EQ(with("[t]\r\na = 1\r\n", {{{"t", "b"}, "2"}}), "[t]\r\na = 1\r\nb = 2\r\n");
  EXPECT_EQ(with("[t]\nx.a = 1\n", {{{"t", "x", "b"}, "2"}}), "[t]\nx.a = 1\nx.b = 2\n");
  EXPECT_EQ(with("# head\n[t]\n", {{{"b"}, "2"}}), "b = 2\n# head\n[t]\n");
  EXPECT_EQ(with("a = [\n 1,\n]\n[t]\n", {{{"b"}, "2"}}), "a = [\n 1,\n]\nb = 2\n[t]\n");
}

TEST(TomlEdit, AddsToAnInlineTable) {
  EXPECT_EQ(with("t = { a = 1 }\n", {{{"t", "b"}, "2"}}), "t = { a = 1, b = 2 }\n");
  EXPECT_EQ(with("t = {}\n", {{{"t", "b", "c"}, "2"}, {{"t", "b", "d"}, "3"}}),
            "t = { b = { c = 2, d = 3 } }\n");
}

TEST(TomlEdit, AddsTablesAtTheEnd) {
  EXPECT_EQ(with("a = 1", {{{"t", "x.y", "b"}, "2"}, {{"t", "x.y", "o", "c"}, "3"}}),
            "a = 1\n\n" + kMark + "[t.\"x.y\"]\nb = 2\n[t.\"x.y\".o]\nc = 3\n");
  EXPECT_EQ(with("", {{{"t", "b"}, "2"}}), kMark + "[t]\nb = 2\n");
  EXPECT_EQ(with("\xef\xbb\xbf", {{{"t", "b"}, "2"}}), "\xef\xbb\xbf" + kMark + "[t]\nb = 2\n");
}

TEST(TomlEdit, AddsATableWhereDottedKeysMadeItsParent) {
  const std::string text = "[p]\nc.r.one.k = 1\n";
  const std::string made = with(text, {{{"p", "c", "r", "two", "k"}, "2"}});
  EXPECT_EQ(TomlDocument(made, "/c.toml").literal({"p", "c", "r", "two", "k"}), "2");
  EXPECT_EQ(without(made, {"p", "c", "r", "two"}), text);
}

TEST(TomlEdit, TakesOutWhatItPutIn) {
  for (const std::string text : {"", "a = 1\n", "[t]\na = 1\n\n[t.u]\nb = 2\n", "t = { a = 1 }\n",
                                 "[[x]]\na = 1\n", "[t]\r\na = 1\r\n", "t.u.a = 1\n",
                                 "\xef\xbb\xbf"
                                 "a = 1\n"}) {
    const std::string made = with(text, {{{"t", "new", "b"}, "2"}, {{"t", "new", "o", "c"}, "3"}});
    EXPECT_EQ(without(made, {"t", "new"}), text) << made;
  }
}

TEST(TomlEdit, TakesOutNoMoreThanWasNamed) {
  EXPECT_EQ(without("[a]\nx = 1\n# mine\ny = 2 # z\n# below\n[b]\n", {"a", "y"}),
            "[a]\nx = 1\n# mine\n# below\n[b]\n");
  EXPECT_EQ(without("[a]\n# in\nx = 1\n# after\n[b]\nz = 1\n", {"a"}), "# after\n[b]\nz = 1\n");
  EXPECT_EQ(without("t = { a = 1, b = 2, c = 3 }", {"t", "b"}), "t = { a = 1, c = 3 }");
  EXPECT_EQ(without("t = { a = 1, b = 2 }", {"t", "a"}), "t = { b = 2 }");
  EXPECT_EQ(without("t = { a = 1 } # x\n", {"t", "a"}), "t = {} # x\n");
  TomlDocument document("a = 1\n", "/c.toml");
  EXPECT_FALSE(document.remove({"b"}));
}

// Four times as much must not take sixteen times as long. The processor's time, as a machine that
// does other things besides has a clock that goes faster.
template <class Work>
void expect_linear(int count, const Work& work) {
  const auto time_of = [&](int n) {
    const std::clock_t begin = std::clock();
    work(n);
    return static_cast<double>(std::clock() - begin);
  };
  time_of(count / 4);
  const double some = time_of(count / 4);
  EXPECT_LT(time_of(count), 9 * some);
}

TEST(TomlEdit, TakesOutOfALargeFileInTime) {
  expect_linear(20000, [](int count) {
    std::string text = "[[list]]\na = 1\n";
    for (int i = 0; i < count; ++i) {
      text += cat("[t.n", i, "]\nk = ", i, "\n[[list.of]]\n");
    }
    const std::string with_table = with(text, {{{"t", "new", "k"}, "1"}});
    EXPECT_EQ(without(with_table, {"t", "new"}), text);
  });
}

TEST(TomlConfig, GoesOutOfAFileOfManyRuntimesInTime) {
  expect_linear(8000, [](int count) {
    std::string text;
    for (int i = 0; i < count; ++i) {
      text += cat("[crio.runtime.runtimes.r", i, "]\nruntime_path = \"/r\"\n");
    }
    const CrioConfig editor("/c.toml", "xpu", kProgram);
    Disk disk{text, std::nullopt};
    disk.run(editor, add(true));
    disk.file->append("# mine\n");
    disk.run(editor, take_out());
    EXPECT_EQ(disk.file, text + "# mine\n");
  });
}

TEST(TomlList, AddsAText) {
  EXPECT_EQ(toml_list_with("[]", "x"), "[\"x\"]");
  EXPECT_EQ(toml_list_with("['a']", "x"), "['a', \"x\"]");
  EXPECT_EQ(toml_list_with("['x']", "x"), "['x']");
  EXPECT_EQ(toml_list_with("[\n  'a', # ] 'b'\n]", "x"), "[\n  'a', # ] 'b'\n  \"x\",\n]");
  EXPECT_EQ(toml_list_with("[\n  'a' # c\n]", "x"), "[\n  'a', # c\n  \"x\"\n]");
  EXPECT_EQ(toml_list_with("[\n  'a'\n]", "x"), "[\n  'a',\n  \"x\"\n]");
  EXPECT_EQ(toml_list_with("[\r\n  'a',\r\n]", "x"), "[\r\n  'a',\r\n  \"x\",\r\n]");
  EXPECT_EQ(toml_list_with("[ # none\n]", "x"), "[\"x\" # none\n]");
}

TEST(TomlList, TakesATextOut) {
  EXPECT_EQ(toml_list_without("['a', \"x\"]", "x"), "['a']");
  EXPECT_EQ(toml_list_without("[\"x\", 'a']", "x"), "['a']");
  EXPECT_EQ(toml_list_without("['b', 'x', 'a']", "x"), "['b', 'a']");
  EXPECT_EQ(toml_list_without("[ 'x' ]", "x"), "[ ]");
  EXPECT_EQ(toml_list_without("['a', '#x']", "x"), "['a', '#x']");
  EXPECT_EQ(toml_list_without("[\n  'a', # a\n  'x',\n  'b' # b\n]", "x"),
            "[\n  'a', # a\n  'b' # b\n]");
  EXPECT_EQ(toml_list_without("[\n  'a', # a\n  'x'\n]", "x"), "[\n  'a', # a\n]");
  EXPECT_EQ(toml_list_without("[\r\n  'a',\r\n  'x',\r\n]", "x"), "[\r\n  'a',\r\n]");
  EXPECT_EQ(toml_list_without("['\\', \"\\\"\", 'x']", "x"), "['\\', \"\\\"\"]");
}

TEST(TomlEdit, SaysWhatIsWrongAndWhere) {
  EXPECT_THAT(error_of([] { TomlDocument("a = 1\nb = \n", "/c.toml"); }),
              testing::StartsWith("/c.toml:2: not TOML: "));
  EXPECT_EQ(error_of([] {
              with("t = 1\n", {{{"t", "a"}, "1"}});
            }),
            "/c.toml: a table is needed where a value stands, on the way to t.a; correct that");
  EXPECT_EQ(error_of([] { TomlDocument("\xfe\xff", "/c.toml"); }),
            "/c.toml:1: is UTF-16; save it as UTF-8");
}

}  // namespace
}  // namespace xpu::setup
