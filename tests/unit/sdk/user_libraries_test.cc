// SPDX-License-Identifier: Apache-2.0
#include "sdk/helpers/user_libraries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/driver_tree/stub_elf.h"
#include "tests/unit/sdk/fake_host.h"
#include "tests/unit/sdk/tree.h"

namespace xpu::sdk {
namespace {

using fakes::stub_library;
using test::FakeHost;
using test::Tree;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(InjectOption, HasThreeValues) {
  FakeHost host;
  const Sink sink(&host.table);
  const auto value = [&](const std::string& text) {
    host.options["inject-drivers"] = text;
    return inject_option(sink);
  };
  EXPECT_EQ(value("never"), InjectDrivers::kNever);
  EXPECT_EQ(value("false"), InjectDrivers::kNever);
  EXPECT_EQ(value("missing"), InjectDrivers::kMissing);
  EXPECT_EQ(value("true"), InjectDrivers::kMissing);
  EXPECT_EQ(value("always"), InjectDrivers::kAlways);
  for (const char* bad : {"", "Always", "yes", "1"}) {
    try {
      value(bad);
      ADD_FAILURE() << bad;
    } catch (const Invalid& error) {
      EXPECT_EQ(error.what(), std::string("option inject-drivers is \"") + bad +
                                  "\"; it is one of \"never\", \"missing\" and \"always\", or true "
                                  "for \"missing\" and false for \"never\"");
    }
  }
}

TEST(PathOption, IsAbsolute) {
  FakeHost host;
  const Sink sink(&host.table);
  host.options["acme-path"] = "/opt//acme/";
  EXPECT_EQ(path_option(sink, "acme-path"), "/opt/acme");
  host.options["acme-path"] = "opt";
  try {
    path_option(sink, "acme-path");
    ADD_FAILURE();
  } catch (const Invalid& error) {
    EXPECT_STREQ(error.what(), "option acme-path is \"opt\", which is no absolute path");
  }
}

#if defined(__x86_64__)  // as the stubs

std::vector<std::string> text_of(const std::vector<UserLibrary>& libraries) {
  std::vector<std::string> out;
  for (const UserLibrary& library : libraries) {
    std::string line = library.soname + " " + library.path;
    for (const std::string& link : library.links) {
      line += " " + link;
    }
    out.push_back(line);
  }
  return out;
}

TEST(UserLibraries, BySoname) {
  const Tree tree;
  tree.file("/opt/acme-6.2/lib/liba.so.1.0.60200", stub_library("liba.so.1", {}, false));
  tree.link("/opt/acme-6.2/lib/liba.so.1", "liba.so.1.0.60200");
  tree.link("/opt/acme-6.2/lib/liba.so", "liba.so.1");
  tree.file("/opt/acme-6.2/lib/libplain.so", stub_library("", {}, false));
  tree.file("/opt/acme-6.2/lib/lib32.so.1", stub_library("lib32.so.1", {}, true));
  tree.file("/opt/acme-6.2/lib/liba.so.1.0.60200-gdb.py", "import gdb");
  tree.file("/opt/acme-6.2/lib/libscript.so", "INPUT(-la)");
  tree.file("/opt/acme-6.2/lib/liba.a", "!<arch>");
  tree.link("/opt/acme-6.2/lib/libgone.so.1", "libgone.so.1.0");
  tree.file("/opt/acme-6.2/lib/sub/libdeep.so.1", stub_library("libdeep.so.1", {}, false));
  tree.file("/opt/acme-6.2/lib64/liba.so.1", stub_library("liba.so.1", {}, false));
  tree.file("/opt/acme-6.2/lib64/libb.so.2", stub_library("libb.so.2", {}, false));
  tree.link("/opt/acme", "acme-6.2");
  const Root root(tree.path());
  EXPECT_THAT(text_of(user_libraries(root, {"/opt/acme/lib", "/opt/acme/lib64", "/opt/acme/none"})),
              ElementsAre("liba.so.1 /opt/acme-6.2/lib/liba.so.1.0.60200 liba.so liba.so.1.0.60200",
                          "libb.so.2 /opt/acme-6.2/lib64/libb.so.2",
                          "libplain.so /opt/acme-6.2/lib/libplain.so"));
  EXPECT_EQ(user_libraries(root, {"/opt/acme/lib"})[0].architecture, "x86_64");
}

TEST(UserLibraries, OfCertainNames) {
  const Tree tree;
  for (const char* name : {"libacme.so.1", "libacme-tools.so.2", "libother.so.1"}) {
    tree.file(std::string("/lib/") + name, stub_library(name, {}, false));
  }
  EXPECT_THAT(text_of(user_libraries(Root(tree.path()), {"/lib"}, {"libacme.so", "libnone"})),
              ElementsAre("libacme.so.1 /lib/libacme.so.1"));
}

TEST(UserLibraries, AreGivenAsTheOptionSays) {
  const Tree tree;
  tree.file("/lib/liba.so.1", stub_library("liba.so.1", {}, false));
  tree.link("/lib/liba.so", "liba.so.1");
  const Root root(tree.path());
  const std::vector<UserLibrary> libraries = user_libraries(root, {"/lib"});
  const auto calls = [&](InjectDrivers inject) {
    FakeHost host;
    Sink sink(&host.table);
    emit_user_libraries(sink, always(), inject, root, libraries, "liba.so*,/opt/acme*/lib");
    return host.calls;
  };
  const std::string file = "] 1 " + tree.at("/lib/liba.so.1") + " |liba.so.1|x86_64|liba.so";
  const std::string head =
      "file " + std::to_string(sizeof(xpu_file)) + " " + std::to_string(sizeof(xpu_scope)) + "[:+";
  EXPECT_THAT(calls(InjectDrivers::kNever), IsEmpty());
  EXPECT_THAT(calls(InjectDrivers::kAlways), ElementsAre(head + file));
  EXPECT_THAT(calls(InjectDrivers::kMissing),
              ElementsAre(head + " unless liba.so*,/opt/acme*/lib" + file));
}

#endif

}  // namespace
}  // namespace xpu::sdk
