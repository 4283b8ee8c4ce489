// SPDX-License-Identifier: Apache-2.0
#include "core/setup/json_edit.h"

#include <gtest/gtest.h>

#include "tests/unit/setup/samples.h"

namespace xpu::setup {
namespace {

std::string with(const std::string& text, const KeyPath& path, const std::string& literal) {
  JsonDocument document(text, "/d.json");
  document.set(path, literal);
  return document.text();
}

std::string without(const std::string& text, const KeyPath& path) {
  JsonDocument document(text, "/d.json");
  document.remove(path);
  return document.text();
}

TEST(JsonEdit, FollowsTheStyleOfTheFile) {
  EXPECT_EQ(
      with("{\n  \"a\": 1\n}\n", {"b", "c"}, "{\"p\": \"x\", \"q\": []}"),
      "{\n  \"a\": 1,\n  \"b\": {\n    \"c\": {\n      \"p\": \"x\",\n      \"q\": []\n    }\n"
      "  }\n}\n");
  EXPECT_EQ(with("{\n\t\"a\" : 1\n}", {"b", "c"}, "2"),
            "{\n\t\"a\" : 1,\n\t\"b\" : {\n\t\t\"c\" : 2\n\t}\n}");
  EXPECT_EQ(with("{\r\n  \"a\": 1\r\n}\r\n", {"b"}, "2"),
            "{\r\n  \"a\": 1,\r\n  \"b\": 2\r\n}\r\n");
  EXPECT_EQ(with("{\"a\":1}", {"b", "c"}, "{\"p\": \"x\", \"q\": []}"),
            "{\"a\":1,\"b\":{\"c\":{\"p\":\"x\",\"q\":[]}}}");
  EXPECT_EQ(with("{ \"a\": [1] }\n", {"b"}, "true"), "{ \"a\": [1], \"b\": true }\n");
}

TEST(JsonEdit, PutsAMemberIntoAnObjectAsThatIsLaidOut) {
  EXPECT_EQ(with("{\n  \"r\": {\n    \"x\": 1\n  }\n}", {"r", "y"}, "2"),
            "{\n  \"r\": {\n    \"x\": 1,\n    \"y\": 2\n  }\n}");
  EXPECT_EQ(with("{\n  \"r\": {\"x\": 1}\n}", {"r", "y"}, "{\"p\": 2}"),
            "{\n  \"r\": {\"x\": 1, \"y\": {\"p\": 2}}\n}");
  EXPECT_EQ(with("{\n  \"r\": {}\n}", {"r", "y"}, "2"), "{\n  \"r\": {\n    \"y\": 2\n  }\n}");
  EXPECT_EQ(with("{\n  \"r\": {\n  }\n}", {"r", "y"}, "2"), "{\n  \"r\": {\n    \"y\": 2\n  }\n}");
  EXPECT_EQ(with("{}", {"r"}, "2"), "{\n    \"r\": 2\n}");
  EXPECT_EQ(with("{\n  \"r\": null\n}", {"r", "y"}, "2"), "{\n  \"r\": {\n    \"y\": 2\n  }\n}");
}

TEST(JsonEdit, WritesAFileThatHoldsNothing) {
  EXPECT_EQ(with("", {"a"}, "1"), "{\n    \"a\": 1\n}\n");
  EXPECT_EQ(with(" \n\t", {"a"}, "1"), "{\n    \"a\": 1\n}\n");
}

TEST(JsonEdit, ReplacesTheValueAlone) {
  EXPECT_EQ(with("{ \"a\" :  1 , \"b\":2}", {"a"}, "3"), "{ \"a\" :  3 , \"b\":2}");
  EXPECT_EQ(with("{\"a\": \"\\u0078\"}", {"a"}, "\"y\""), "{\"a\": \"y\"}");
  EXPECT_EQ(with("{\"a\": \"\\u0078\"}", {"a"}, "\"x\""), "{\"a\": \"\\u0078\"}")
      << "which says the same";
}

TEST(JsonEdit, PutsTheVeryBytes) {
  JsonDocument document("{\n  \"a\": 1\n}\n", "/d.json");
  document.put({"a"}, "{ \"x\":\n\t1 }");
  EXPECT_EQ(document.text(), "{\n  \"a\": { \"x\":\n\t1 }\n}\n");
  document.put({"b"}, "2");
  EXPECT_EQ(document.literal({"b"}), "2");
}

TEST(JsonEdit, KeepsAByteOrderMark) {
  EXPECT_EQ(with("\xef\xbb\xbf{\"a\":1}", {"b"}, "2"), "\xef\xbb\xbf{\"a\":1,\"b\":2}");
  EXPECT_EQ(with("\xef\xbb\xbf", {"b"}, "2"), "\xef\xbb\xbf{\n    \"b\": 2\n}\n");
}

TEST(JsonEdit, TakesAMemberOutWithItsComma) {
  EXPECT_EQ(without("{\n  \"a\": 1,\n  \"b\": 2\n}\n", {"b"}), "{\n  \"a\": 1\n}\n");
  EXPECT_EQ(without("{\n  \"a\": 1,\n  \"b\": 2\n}\n", {"a"}), "{\n  \"b\": 2\n}\n");
  EXPECT_EQ(without("{\"a\":1,\"b\":2,\"c\":3}", {"b"}), "{\"a\":1,\"c\":3}");
  EXPECT_EQ(without("{\"a\":{ \"b\":2 }}", {"a", "b"}), "{\"a\":{}}");
  EXPECT_EQ(without("{\"a\":1}", {"b"}), "{\"a\":1}");
}

TEST(JsonEdit, WhatIsPutInComesOutAgain) {
  for (const std::string text :
       {"{\n  \"a\": 1\n}\n", "{\"a\":1}", "{ \"a\": [1], \"b\": {} }\n", "{\r\n\t\"a\": 1\r\n}",
        "{\n  \"a\": 1, \"b\": 2\n}", "{\n  \"a\": \"}{,\\\"\"\n}"}) {
    EXPECT_EQ(without(with(text, {"n", "m"}, "{\"p\": 1}"), {"n"}), text);
  }
}

TEST(JsonEdit, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(error_of([] { JsonDocument("{\n  \"a\": 1,\n}\n", "/d.json"); }),
            "/d.json:3: not JSON: syntax error near byte 12");
  EXPECT_EQ(error_of([] { JsonDocument("[]", "/d.json"); }), "/d.json:1: not a JSON object");
  EXPECT_EQ(error_of([] { JsonDocument("\xff\xfe{", "/d.json"); }),
            "/d.json:1: is UTF-16; save it as UTF-8");
  EXPECT_EQ(error_of([] {
              with("{\n\"r\": []}", {"r", "x"}, "1");
            }),
            "/d.json:2: \"r\" must be an object; correct it");
  EXPECT_EQ(error_of([] { with("{\"r\": 1,\n \"a\": 0,\n \"r\": 2\n}", {"r"}, "1"); }),
            "/d.json:3: key \"r\" is there twice; remove one");
  EXPECT_EQ(
      error_of([] { with("{\"R\": 1}", {"r"}, "1"); }),
      "/d.json:1: key \"R\" differs from \"r\" in case only, and programs disagree on what it "
      "means; rename or remove it");
}

}  // namespace
}  // namespace xpu::setup
