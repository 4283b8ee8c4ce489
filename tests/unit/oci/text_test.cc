// SPDX-License-Identifier: Apache-2.0
#include "core/oci/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "core/base/error.h"

namespace xpu::json {
namespace {

using testing::HasSubstr;

std::string error_of(std::string_view text) {
  try {
    validate(text, "c.json");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

std::string find_error(std::string_view text, std::string_view name) {
  validate(text, "c.json");
  try {
    find(text, root(text), name, "c.json: place");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

std::string nested(std::size_t depth) {
  return "{\"a\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
}

TEST(Validate, AcceptsAnObject) {
  EXPECT_EQ(error_of("{}"), "");
  EXPECT_EQ(error_of(" \n{\"a\": [1, 2.5e3, true, null, \"x\\u00e9\"]}\r\n\t"), "");
}

TEST(Validate, RefusesWithOneLineThatNamesTheSource) {
  EXPECT_EQ(error_of("\xef\xbb\xbf{}"),
            "c.json: begins with a byte order mark; save it as UTF-8 without one");
  EXPECT_EQ(error_of("[]"), "c.json: not a JSON object");
  EXPECT_EQ(error_of("{} {}"), "c.json: not JSON: text after the end near byte 3");
  EXPECT_THAT(error_of(""), HasSubstr("c.json: not JSON: "));
  EXPECT_THAT(error_of("{\"a\":1"), HasSubstr("c.json: not JSON: incomplete JSON near byte 6"));
  EXPECT_THAT(error_of("{\"a\":1,}"), HasSubstr("c.json: not JSON: syntax error near byte"));
  EXPECT_THAT(error_of("{\"a\":1} // x"), HasSubstr("c.json: not JSON: "));
  EXPECT_THAT(error_of("{\"a\":\"\x80\"}"), HasSubstr("c.json: not JSON: "));
  EXPECT_THAT(error_of("{\"a\":\"\xed\xa0\x80\"}"), HasSubstr("c.json: not JSON: "));
  EXPECT_THAT(error_of("{\"a\":\"\\ud800\"}"), HasSubstr("c.json: not JSON: "));
}

TEST(Validate, RefusesNulBytesEverywhere) {
  for (const std::string_view text : {std::string_view("{\"a\":\"\0\"}", 9),
                                      std::string_view("{\0}", 3), std::string_view("{}\0", 3)}) {
    EXPECT_EQ(error_of(text), "c.json: not JSON: holds a NUL byte");
  }
}

TEST(Validate, LimitsDepthAndSize) {
  EXPECT_EQ(error_of(nested(40)), "");
  EXPECT_EQ(error_of(nested(1000)), "");
  EXPECT_EQ(error_of(nested(1001)), "c.json: nested deeper than 1000 levels");
  EXPECT_EQ(error_of(nested(1000000)), "c.json: nested deeper than 1000 levels");
  const std::size_t most = std::size_t{16} << 20;
  EXPECT_EQ(error_of("{}" + std::string(most - 2, ' ')), "");
  EXPECT_EQ(error_of("{}" + std::string(most - 1, ' ')), "c.json: larger than 16 MiB");
}

TEST(Validate, EveryTruncationOfADocumentIsRefused) {
  const std::string text = R"({"a":[1,{"b":"\u00e9\n"}],"c":-1.5e-3,"d":null})";
  ASSERT_EQ(error_of(text), "");
  for (std::size_t n = 0; n < text.size(); ++n) {
    EXPECT_NE(error_of(text.substr(0, n)), "") << n;
  }
}

TEST(Navigate, FindsMembersAndElements) {
  const std::string text = R"( { "a" : [ 1 , "]" ,{"x":[]}, [] ] , "b\"" : {"c":"\\"} , "d":-2 } )";
  validate(text, "c.json");
  const Value top = root(text);
  EXPECT_EQ(top.begin, 1u);
  EXPECT_EQ(top.end(), text.size() - 1);
  const std::vector<Member> all = members(text, top);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[1].key.text, R"("b\"")");
  EXPECT_EQ(all[1].value.text, R"({"c":"\\"})");
  EXPECT_EQ(all[2].value.text, "-2");
  const std::vector<Value> list = elements(text, all[0].value);
  ASSERT_EQ(list.size(), 4u);
  EXPECT_EQ(list[0].text, "1");
  EXPECT_EQ(list[1].text, "\"]\"");
  EXPECT_EQ(list[2].text, "{\"x\":[]}");
  EXPECT_EQ(list[3].text, "[]");
  for (const Value& value : list) {
    EXPECT_EQ(text.substr(value.begin, value.text.size()), value.text);
  }
}

TEST(Navigate, EmptyAndWrongShapes) {
  const std::string text = R"({"o":{ },"a":[ ],"n":1})";
  const Value top = root(text);
  const auto at = [&](std::string_view name) { return *find(text, top, name, "c"); };
  EXPECT_TRUE(members(text, at("o")).empty());
  EXPECT_TRUE(elements(text, at("a")).empty());
  EXPECT_TRUE(members(text, at("n")).empty());
  EXPECT_TRUE(elements(text, at("n")).empty());
  EXPECT_FALSE(find(text, at("a"), "x", "c"));
  EXPECT_FALSE(find(text, top, "x", "c"));
}

TEST(Find, RefusesTheSameKeyTwice) {
  EXPECT_EQ(find_error(R"({"env":1,"x":2,"env":3})", "env"),
            "c.json: place: key \"env\" is there twice; remove one");
  EXPECT_THAT(find_error(R"({"env":1,"\u0065nv":3})", "env"), HasSubstr("is there twice"));
}

TEST(Find, RefusesWhatAGoDecoderWouldTakeForTheKey) {
  EXPECT_EQ(find_error(R"({"Process":1})", "process"),
            "c.json: place: key \"Process\" differs from \"process\" in case only, and programs "
            "disagree on what it means; rename or remove it");
  for (const char* text : {R"({"\u0050rocess":1})", R"({"proce\u017fs":1})", "{\"proce\u017fs\":1}",
                           "{\"process\":1,\"PROCESS\":2}", "{\"PROCESS\":2,\"process\":1}"}) {
    EXPECT_THAT(find_error(text, "process"), HasSubstr("in case only")) << text;
  }
  EXPECT_THAT(find_error("{\"\u212aey\":1}", "key"), HasSubstr("in case only"));
  EXPECT_THAT(find_error(R"({"\u212aey":1})", "key"), HasSubstr("in case only"));
  EXPECT_THAT(find_error(R"({"uidmappings":1})", "uidMappings"), HasSubstr("in case only"));
}

TEST(Find, TakesTheKeyInEverySpellingOfItsOwnCase) {
  for (const char* text : {R"({"process":1})", R"({"pr\u006fcess":1})"}) {
    EXPECT_EQ(find_error(text, "process"), "");
    EXPECT_EQ(find(text, root(text), "process", "c")->text, "1");
  }
  for (const char* text : {R"({"proces":1})", R"({"processs":1})", "{\"proc\u00e9ss\":1}", "{}"}) {
    EXPECT_EQ(find_error(text, "process"), "") << text;
    EXPECT_FALSE(find(text, root(text), "process", "c")) << text;
  }
}

TEST(Values, StringsAreUnescaped) {
  const auto text = [](std::string_view literal) { return as_string({literal, 0}); };
  EXPECT_EQ(text(R"("")"), "");
  EXPECT_EQ(text(R"("plain")"), "plain");
  EXPECT_EQ(text(R"("\"\\\/\b\f\n\r\t")"), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(text(R"("\u0041\u00e9\u20AC")"), "A\u00e9\u20ac");
  EXPECT_EQ(text(R"("a\ud834\udd1eb")"), "a\U0001d11eb");
  EXPECT_EQ(text(R"("\uDBFF\uDFFF")"), "\U0010ffff");
  EXPECT_EQ(text(R"("\\u0041")"), "\\u0041");
  EXPECT_EQ(text(R"("\u0000")"), std::string(1, '\0'));
  EXPECT_EQ(text("1"), std::nullopt);
  EXPECT_EQ(text("null"), std::nullopt);
}

TEST(Values, NumbersAndTruth) {
  const auto number = [](std::string_view literal) { return as_integer({literal, 0}); };
  EXPECT_EQ(number("0"), 0);
  EXPECT_EQ(number("-9223372036854775808"), INT64_MIN);
  EXPECT_EQ(number("9223372036854775807"), INT64_MAX);
  for (const char* literal : {"9223372036854775808", "1.0", "1e3", "\"1\"", "true"}) {
    EXPECT_EQ(number(literal), std::nullopt) << literal;
  }
  EXPECT_EQ(as_bool({"true", 0}), true);
  EXPECT_EQ(as_bool({"false", 0}), false);
  EXPECT_EQ(as_bool({"\"true\"", 0}), std::nullopt);
}

TEST(Quote, RoundTripsEveryCharacter) {
  std::string text;
  for (int c = 0; c < 0x80; ++c) {
    text += static_cast<char>(c);
  }
  text += "\u00e9\u20ac\U0001d11e\U0010ffff\u0800\ud7ff\ue000";
  const std::string literal = quote(text);
  validate("{\"a\":" + literal + "}", "c.json");
  EXPECT_EQ(as_string({literal, 0}), text);
  EXPECT_EQ(quote("a\"\\\n\u00e9"), "\"a\\\"\\\\\\u000a\u00e9\"");
}

TEST(Quote, RefusesWhatIsNotUtf8) {
  for (const char* text :
       {"\x80", "a\xff", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82"}) {
    EXPECT_THROW(quote(text), Error) << testing::PrintToString(text);
  }
  try {
    quote("/dev/\xff");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "cannot write a text that is not UTF-8 as JSON: \"/dev/...\"");
  }
}

TEST(Splices, ApplyInOrderOfTheOriginal) {
  EXPECT_EQ(json::apply("0123456789", {{8, 1, "X"}, {2, 3, "ab"}, {5, 0, "c"}, {5, 0, "d"}}),
            "01abcd567X9");
  EXPECT_EQ(json::apply("abc", {}), "abc");
  EXPECT_EQ(json::apply("abc", {{3, 0, "d"}, {0, 0, "_"}}), "_abcd");
}

TEST(Splices, OverlapAndOutsideAreErrors) {
  using List = std::vector<Splice>;
  const List cases[] = {List{{1, 3, ""}, {2, 1, ""}}, List{{4, 0, "x"}}, List{{2, 2, ""}},
                        List{{1, static_cast<std::size_t>(-1), ""}}};
  for (const List& list : cases) {
    try {
      json::apply("abc", list);
      FAIL();
    } catch (const Error& error) {
      EXPECT_STREQ(error.what(), "edits of a document overlap or lie outside of it");
    }
  }
}

TEST(Splices, InverseTakesThemBack) {
  const std::string text = "0123456789";
  const std::vector<Splice> splices = {
      {9, 1, ""}, {0, 0, "begin"}, {2, 3, "x"}, {5, 0, "yz"}, {5, 2, "long text"}};
  const std::string edited = json::apply(text, splices);
  EXPECT_EQ(edited, "begin01xyzlong text78");
  EXPECT_EQ(json::apply(edited, inverse(text, splices)), text);
}

}  // namespace
}  // namespace xpu::json
