// SPDX-License-Identifier: Apache-2.0
// Edits that depend on the selection, on a feature's items or on the image: what is refused.
#include <gmock/gmock.h>

#include <functional>

#include "core/base/error.h"
#include "core/catalog/catalog.h"
#include "core/catalog/grammar.h"
#include "tests/unit/catalog/sample.h"

namespace xpu {
namespace {

struct Case {
  const char* name;
  std::function<void(Catalog&)> spoil;
  std::string message;  // after "backend acme: "
};

void PrintTo(const Case& item, std::ostream* out) {
  *out << item.name;
}

class Generated : public testing::TestWithParam<Case> {};

TEST_P(Generated, NamesTheItem) {
  Catalog catalog = sample_catalog();
  GetParam().spoil(catalog);
  try {
    validate(catalog);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.what(), "backend acme: " + GetParam().message);
  }
}

EditGroup& of_device(Catalog& c) {
  return c.edits[0];
}
EditGroup& of_item(Catalog& c) {
  return c.edits[1];
}
EditGroup& of_image(Catalog& c) {
  return c.edits[2];
}

const Case kCases[] = {
    {"ItemGrammar", [](Catalog& c) { of_item(c).scope.item = "-7"; },
     "an edit is for the item \"-7\", which is not [A-Za-z0-9][A-Za-z0-9._-]* of at most 32 "
     "characters"},
    {"ItemOfSeveral", [](Catalog& c) { of_item(c).scope.capability = "compute,channels"; },
     "an edit is for the item 7 of 2 capabilities; an item belongs to one"},
    {"ItemOfNone", [](Catalog& c) { of_item(c).scope.capability = ""; },
     "an edit is for the item 7 of 0 capabilities; an item belongs to one"},
    {"LacksNothing", [](Catalog& c) { of_image(c).scope.image_lacks = "libacme.so.1,"; },
     "an edit is for images that lack \"\", which is neither the name of a library nor an absolute "
     "path"},
    {"LacksRelative", [](Catalog& c) { of_image(c).scope.image_lacks = "opt/acme"; },
     "an edit is for images that lack \"opt/acme\", which is neither the name of a library nor an "
     "absolute path"},
    {"LacksDots", [](Catalog& c) { of_image(c).scope.image_lacks = "/opt/../acme"; },
     "an edit is for images that lack \"/opt/../acme\", which is neither the name of a library nor "
     "an absolute path"},
    {"LacksControl", [](Catalog& c) { of_image(c).scope.image_lacks = "a\n"; },
     "the names that an image lacks, \"a?\" is too long, not UTF-8 or has control characters"},
    {"NodeByImage", [](Catalog& c) { of_device(c).scope.image_lacks = "libacme.so.1"; },
     "a device node cannot depend on the image (libacme.so.1)"},
    {"ValueByImage",
     [](Catalog& c) {
       of_image(c).values = {{Combine::kList, "x", "1"}};
     },
     "a value cannot depend on the image (libacme.so.1,/opt/acme-*/lib)"},
    {"ValueName", [](Catalog& c) { of_device(c).values[0].name = "Mask"; },
     "the value \"Mask\" is not a name"},
    {"ValueTwoWays",
     [](Catalog& c) {
       of_item(c).values = {{Combine::kList, "mask", "1"}};
     },
     "the value mask is combined in two ways, as a list and as bits"},
    {"ValueComma", [](Catalog& c) { of_device(c).values[1].value = "a,b"; },
     "the value ids, \"a,b\" has a comma"},
    {"ValueControl", [](Catalog& c) { of_device(c).values[1].value = "a\tb"; },
     "the value ids, \"a?b\" is too long, not UTF-8 or has control characters"},
    {"ValueBit64", [](Catalog& c) { of_device(c).values[0].value = "64"; },
     "the value mask, \"64\" is not the number of a bit, 0 to 63"},
    {"ValueBitText", [](Catalog& c) { of_device(c).values[0].value = "1 "; },
     "the value mask, \"1 \" is not the number of a bit, 0 to 63"},
    {"EnvDollar", [](Catalog& c) { of_device(c).env[1].value = "a$b"; },
     "the variable ACME_MASK has a '$' that is neither \"${NAME}\" nor \"$$\""},
    {"EnvUnknownValue", [](Catalog& c) { of_device(c).env[1].value = "${other}"; },
     "the variable ACME_MASK names the value other, which is given nowhere"},
    {"TextUnknownValue", [](Catalog& c) { of_item(c).texts[0].content = "${other}"; },
     "the generated file /etc/acme/ids names the value other, which is given nowhere"},
    {"TextPath", [](Catalog& c) { of_item(c).texts[0].path = "etc"; },
     "a generated file, \"etc\" is not an absolute path without \"..\", \".\" and double slashes"},
    {"TextProc", [](Catalog& c) { of_item(c).texts[0].path = "/proc/x"; },
     "the generated file /proc/x is below /proc, where nothing can be mounted"},
    {"TextControl", [](Catalog& c) { of_item(c).texts[1].content = "a\r\n"; },
     "the content of the file /etc/acme/fixed is longer than 65536 bytes, not UTF-8 or has control "
     "characters"},
    {"TextLong", [](Catalog& c) { of_item(c).texts[1].content = std::string(65537, 'a'); },
     "the content of the file /etc/acme/fixed is longer than 65536 bytes, not UTF-8 or has control "
     "characters"},
    {"NoteEmpty", [](Catalog& c) { of_item(c).notes[0].text = ""; }, "a note is empty"},
    {"NoteLines", [](Catalog& c) { of_item(c).notes[0].text = "a\nb"; },
     "the note \"a?b\" is too long, not UTF-8 or has control characters"},
    {"FolderPath", [](Catalog& c) { of_image(c).image_folders[0].folder = "/"; },
     "a folder of the image, \"/\" is not an absolute path without \"..\", \".\" and double "
     "slashes"},
    {"FolderLibrary", [](Catalog& c) { of_image(c).image_folders[0].library = "a/b"; },
     "the folder /usr/local/acme/compat is for the library \"a/b\", which is not the name of a "
     "file"},
    {"FolderVersion", [](Catalog& c) { of_image(c).image_folders[0].version = "1..2"; },
     "the folder /usr/local/acme/compat has the version \"1..2\"; digits and '.' are wanted"},
};
INSTANTIATE_TEST_SUITE_P(Catalog, Generated, testing::ValuesIn(kCases),
                         [](const auto& item) { return item.param.name; });

TEST(Grammar, Items) {
  for (const char* good : {"7", "a", "Channel_1.2-x"}) {
    EXPECT_TRUE(grammar::is_item(good)) << good;
  }
  for (const char* bad : {"", ".a", "_a", "-a", "a b", "a,b", "ä"}) {
    EXPECT_FALSE(grammar::is_item(bad)) << bad;
  }
  EXPECT_FALSE(grammar::is_item(std::string(33, 'a')));
}

TEST(Grammar, Versions) {
  for (const char* good : {"5", "535.54.03"}) {
    EXPECT_TRUE(grammar::is_version(good)) << good;
  }
  for (const char* bad : {"", ".", "5.", ".5", "5..1", "5a"}) {
    EXPECT_FALSE(grammar::is_version(bad)) << bad;
  }
}

TEST(Grammar, Pieces) {
  const auto words = [](std::string_view text) {
    const std::vector<grammar::Piece> pieces = grammar::pieces(text).value();
    std::string out;
    for (const grammar::Piece& piece : pieces) {
      out += piece.is_value ? cat("<", piece.text, ">") : std::string(piece.text);
    }
    return out;
  };
  EXPECT_EQ(words(""), "");
  EXPECT_EQ(words("plain"), "plain");
  EXPECT_EQ(words("${a}${b-1} and $$ {c}"), "<a><b-1> and $ {c}");
  EXPECT_EQ(words("$$$$${x}$$"), "$$<x>$");
  for (const char* bad : {"$", "$a", "${", "${}", "${A}", "${a", "$$$", "${a }"}) {
    EXPECT_EQ(grammar::pieces(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace xpu
