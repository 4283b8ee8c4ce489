// SPDX-License-Identifier: Apache-2.0
// `xpu-backend-host --verify` on backends that break one obligation each.
#include <sys/stat.h>
#include <sys/wait.h>

#include <regex>

#include "core/base/error.h"
#include "core/plugin/obligations.h"
#include "tests/unit/plugin/world.h"

namespace xpu {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

class VerifyWorld : public World {
 protected:
  // A manifest that declares what the fake reads.
  void install_strictly(const std::string& mode, const std::string& more = "",
                        const std::string& options = "") {
    if (!fs::exists(library(mode))) {
      install(mode);
    }
    write("backends/" + mode + ".toml",
          cat("manifest-version = 1\nname = \"", mode, "\"\nlibrary = \"fake-", mode,
              ".so\"\nabi = \"1.0\"\n", more, "[options]\nwatch = \"", path("watch"),
              "\"\ncount = \"\"\n", options));
  }

  int verify(const std::string& arguments) {
    const std::string command = cat(installation().host_program, " --verify ", arguments, " >",
                                    path("out"), " 2>", path("err"));
    const int status = std::system(command.c_str());
    out_ = read("out");
    err_ = read("err");
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  // "12 19": what is marked as failed.
  std::string failed() const {
    static const std::regex line("(?:^|\n)  FAILED  XPU_BACKEND_([0-9]+) ");
    std::string out;
    for (std::sregex_iterator at(out_.begin(), out_.end(), line), end; at != end; ++at) {
#if defined(__SANITIZE_ADDRESS__)
      // The sanitizer's own libraries.
      if ((*at)[1] == "6") {
        continue;
      }
#endif
      out += cat(out.empty() ? "" : " ", (*at)[1].str());
    }
    return out;
  }

  std::string out_, err_;
};

struct Broken {
  std::string mode;
  std::string numbers;
  std::string found;
  std::string options = "";  // more lines of the manifest's [options]
};

void PrintTo(const Broken& item, std::ostream* out) {
  *out << item.mode;
}

class Verify : public VerifyWorld, public testing::WithParamInterface<Broken> {};

TEST_P(Verify, NamesTheObligationAndWhatToChange) {
  const Broken& item = GetParam();
  const auto with_paths = [&](std::string text) {
    for (const auto& [word, path] :
         {std::pair("$FILE", path("file")), std::pair("$LIB", library(item.mode))}) {
      if (const std::size_t at = text.find(word); at != std::string::npos) {
        text.replace(at, std::strlen(word), path);
      }
    }
    return text;
  };
  install_strictly(item.mode, "", with_paths(item.options));
  EXPECT_EQ(verify(cat("--deadline 2 ", manifest(item.mode))), 1);
  EXPECT_EQ(failed(), item.numbers) << out_;
  EXPECT_THAT(out_, HasSubstr(cat("            found:  ", with_paths(item.found))));
  EXPECT_THAT(out_, HasSubstr("\n            change: "));
  EXPECT_EQ(err_, "");
}

const std::string kFile = "file = \"$FILE\"\n";
const Broken kBroken[] = {
    {"no-symbol", "5", "$LIB: the library does not export xpu_backend_entry"},
    {"unsupported", "8", "the library does not support ABI 1.0, without saying why\n"},
    {"any-host", "8", "it also accepts a host that speaks no version of the ABI"},
    {"too-old", "9", "the library follows ABI 0.1; this version accepts 1.0\n"},
    {"too-new", "9", "the library follows ABI 1.1; this version accepts 1.0\n"},
    {"short-table", "9", "its table has 40 bytes; at least"},
    {"null-describe", "9", "its table has no describe\n"},
    {"other-name", "10", "the library is the backend \"somebody-else\""},
    {"failed-silent", "11 19", "describe() failed, without saying why\n"},
    {"absent-silent", "11 19", "no such hardware, or no driver for it\n"},
    {"unknown-status", "11 19", "describe() returned the unknown status 4711"},
    {"throws", "12", "describe() threw a C++ exception: surprise\n"},
    {"crash", "13", "crashed in describe() (SIGSEGV, Segmentation fault)\n"},
    {"crash-load", "13", "crashed while its library was loaded"},
    {"exit0", "13", "ended its process with exit status 0"},
    {"hang", "14", "did not answer within 2 s (in describe()) and was killed\n"},
    {"thread", "15", "it left 1 thread running\n"},
    {"forks", "15", "it left a process running\n", kFile},
    {"cwd", "16", "it changed what happens on SIGTERM\n"},
    {"dot-dot", "17", "an item is left out: emit_node: a device node on the host"},
    {"duplicate-ids", "17", "an item is left out: emit_device: device acme:0 was emitted before"},
    {"garbage", "18", "its answer: not a description in JSON"},
    {"no-condition", "19", "describe() emitted no condition\n"},
    {"touches", "20", "after two descriptions, $FILE changed\n", kFile},
    {"unstable", "21", "the devices of the second description differ from those of the first\n"},
    {"other-option", "22",
     "it asks for the option \"colour\", which the manifest does not declare"},
    {"ok", "22", "it never reads the option \"size\", which the manifest declares\n", "size = 5\n"},
};
INSTANTIATE_TEST_SUITE_P(Each, Verify, testing::ValuesIn(kBroken), [](const auto& item) {
  std::string name = item.param.mode;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

class VerifyFiles : public VerifyWorld {};

#if !defined(__SANITIZE_ADDRESS__)
TEST_F(VerifyFiles, AGoodOneMeetsAll) {
  install_strictly("ok");
  EXPECT_EQ(verify(manifest("ok")), 0) << out_;
  for (int number = 1; number <= kObligations; ++number) {
    if (number != 3 && number < 25) {
      EXPECT_THAT(out_, HasSubstr(cat("  ok      XPU_BACKEND_", number, " "))) << number;
    }
  }
  EXPECT_THAT(out_, HasSubstr("  -       not judged, the manifest states none: 3\n"));
  EXPECT_THAT(out_, HasSubstr("  -       not judged, it offers no extension: 25 26 27 28\n"));
  EXPECT_THAT(out_, HasSubstr("\nstate: ready, 1 device\n23 ok, 0 failed, 5 not judged\n"));
}

TEST_F(VerifyFiles, Extensions) {
  write("file", "ok");
  install("live");
  EXPECT_EQ(verify(manifest("live")), 0) << out_;
  for (int number = 25; number <= kObligations; ++number) {
    EXPECT_THAT(out_, HasSubstr(cat("  ok      XPU_BACKEND_", number, " "))) << number;
  }
  const std::tuple<const char*, const char*, const char*> broken[] = {
      {"short-table", "25", "its table of xpu.hotplug/1 has 16 bytes; at least 40 are wanted\n"},
      {"null-slot", "25", "its table of xpu.hotplug/1 has no dispatch\n"},
      {"slow-dispatch", "26", "dispatch() took 2"},
      {"bad-descriptor", "26", "descriptor() returned 777, which is not open\n"},
      {"garbage", "27", "emit_event: xpu_event.kind is 77; 1 to 5 are known\n"},
      {"bad-values", "27", "emit_value: the key \"colour\" is not known\n"},
      {"opens-more", "28",
       "after stop() of xpu.hotplug/1 it has 3 descriptors open that it had not before start()\n"},
      {"dispatch-status", "11", "dispatch() returned the unknown status 4711"},
      {"throws-sample", "12", "sample() threw a C++ exception"},
      {"crash-dispatch", "13", "crashed in an extension (SIGSEGV, Segmentation fault)"},
  };
  for (const auto& [mode, number, text] : broken) {
    write("file", mode);
    EXPECT_EQ(verify(manifest("live")), 1) << mode;
    EXPECT_EQ(failed(), number) << mode << "\n" << out_;
    EXPECT_THAT(out_, HasSubstr(text)) << mode;
  }
}

TEST_F(VerifyFiles, AnAbsentOneIsNoFailure) {
  install_strictly("absent");
  EXPECT_EQ(verify(manifest("absent")), 0) << out_;
  EXPECT_THAT(out_, HasSubstr("not judged, it described nothing: no anvil here: 22 23 24\n"));
  EXPECT_THAT(out_, HasSubstr("state: absent: no anvil here\n20 ok, 0 failed, 8 not judged\n"));
}

TEST_F(VerifyFiles, ALibraryLeadsToItsManifest) {
  install_strictly("absent");
  install_strictly("ok");
  EXPECT_EQ(verify(library("ok") + " " + library("absent")), 0) << out_;
  EXPECT_THAT(out_, HasSubstr(manifest("ok") + "\n"));
  EXPECT_THAT(out_, HasSubstr(manifest("absent") + "\n"));
}

TEST_F(VerifyFiles, Json) {
  install_strictly("ok");
  install_strictly("too-new");
  EXPECT_EQ(verify(cat("--json ", manifest("ok"))), 0);
  EXPECT_THAT(out_,
              HasSubstr(R"("name":"ok","passed":true,"state":"ready","reason":"","devices":1,)"
                        R"("obligations":[{"id":"XPU_BACKEND_1","title":)"));
  EXPECT_THAT(out_, HasSubstr(R"("result":"not-judged","texts":["the manifest states none"])"));
  EXPECT_EQ(verify(cat("--json ", manifest("ok"), " ", manifest("too-new"))), 1);
  EXPECT_THAT(out_, HasSubstr(R"("name":"too-new","passed":false,"state":"refused",)"));
  EXPECT_THAT(out_, HasSubstr(R"("result":"failed","texts":["the library follows ABI 1.1; this )"
                              R"(version accepts 1.0"],"change":"begin the table with)"));
}
#endif

TEST_F(VerifyFiles, WhatANeglectedLibraryExportsAndNeeds) {
  install_strictly("two-symbols");
  EXPECT_EQ(verify(manifest("two-symbols")), 1);
  EXPECT_THAT(failed(), testing::StartsWith("5"));
  EXPECT_THAT(out_, HasSubstr("  FAILED  XPU_BACKEND_6 "));
  EXPECT_THAT(out_, HasSubstr("other symbols: "));
  EXPECT_THAT(out_, testing::ContainsRegex("it needs .*libstdc\\+\\+\\.so\\.6"));
  EXPECT_THAT(out_, HasSubstr("  ok      XPU_BACKEND_7 "));
}

TEST_F(VerifyFiles, WhatOthersCanChangeIsNotRun) {
  install_strictly("ok", "", cat("file = \"", path("file"), "\"\n"));
  fs::permissions(library("ok"), fs::perms(0777));
  EXPECT_EQ(verify(cat("--option count=", path("ran"), " ", manifest("ok"))), 1);
  EXPECT_EQ(failed(), "1");
  EXPECT_THAT(out_, HasSubstr("can be written by group or others"));
  EXPECT_THAT(out_, HasSubstr("not judged, because of XPU_BACKEND_1: "));
  EXPECT_FALSE(fs::exists(path("ran")));
  fs::permissions(library("ok"), fs::perms(0755));
  fs::permissions(manifest("ok"), fs::perms(0666));
  EXPECT_EQ(verify(manifest("ok")), 1);
  EXPECT_EQ(failed(), "1");
}

TEST_F(VerifyFiles, Manifests) {
  install_strictly("ok", "colour = 1\n");
  EXPECT_EQ(verify(manifest("ok")), 1);
  EXPECT_EQ(failed(), "2");
  EXPECT_THAT(out_, HasSubstr(":5: unknown key \"colour\""));
  install_strictly("ok", cat("sha256 = \"", std::string(64, '0'), "\"\n"));
  EXPECT_EQ(verify(manifest("ok")), 1);
  EXPECT_EQ(failed(), "3");
  install_strictly("ok", "[request]\ndefault-capabilities = [\"compute\"]\n");
  EXPECT_EQ(verify(manifest("ok")), 1);
  EXPECT_EQ(failed(), "23");
  EXPECT_THAT(out_, HasSubstr("the manifest names \"compute\", which is not emitted\n"));
  install_strictly("ok", "[detect]\nany = [\"/none-such\"]\n");
  EXPECT_EQ(verify(manifest("ok")), 1);
  EXPECT_EQ(failed(), "24");
  EXPECT_THAT(out_, HasSubstr("it describes 1 devices, but none of these exists: /none-such\n"));
}

TEST_F(VerifyFiles, ALibraryWithoutManifest) {
  install("ok");
  fs::remove(manifest("ok"));
  EXPECT_EQ(verify(library("ok")), 1);
  EXPECT_EQ(failed(), "2");
  EXPECT_THAT(out_, HasSubstr(cat("no manifest in its folder names ", library("ok"))));
  EXPECT_THAT(out_, HasSubstr("  ok      XPU_BACKEND_5 "));
}

TEST_F(VerifyFiles, LibrariesThatAreNone) {
  install_strictly("ok");
  fs::resize_file(library("ok"), 4096);
  EXPECT_EQ(verify(manifest("ok")), 1);
  EXPECT_EQ(failed(), "4");
  fs::remove(library("ok"));
  EXPECT_EQ(verify(manifest("ok")), 1);
  EXPECT_EQ(failed(), "2");
}

TEST_F(VerifyFiles, WrongUse) {
  EXPECT_EQ(verify(""), 1);
  EXPECT_THAT(err_, HasSubstr("--verify: FILE is missing; see --help"));
  EXPECT_EQ(verify(path("none.toml")), 1);
  EXPECT_THAT(err_, HasSubstr("none.toml: No such file or directory"));
  EXPECT_EQ(verify(path("watch")), 1);
  EXPECT_THAT(err_, HasSubstr("watch: neither a manifest (NAME.toml) nor a library"));
  install_strictly("ok");
  EXPECT_EQ(verify(cat("--option colour=red ", manifest("ok"))), 1);
  EXPECT_THAT(err_, HasSubstr("[backends.ok] has no option \"colour\""));
  EXPECT_EQ(out_, "");
}

// The guide says of each what the program says.
TEST(Obligations, StandInTheGuide) {
  std::ifstream in(XPU_SOURCE_DIR "/sdk/GUIDE.md");
  const std::string guide((std::istreambuf_iterator<char>(in)), {});
  for (int number = 1; number <= kObligations; ++number) {
    const auto obligation = static_cast<Obligation>(number);
    EXPECT_THAT(guide, HasSubstr(cat("| ", id_of(obligation), " | ", title(obligation), " | ",
                                     advice(obligation), " |\n")));
  }
}

// The header and the program speak of the same obligations.
TEST(Obligations, StandInTheHeader) {
  std::ifstream in(XPU_SOURCE_DIR "/sdk/include/xpu/backend.h");
  const std::string header((std::istreambuf_iterator<char>(in)), {});
  for (int number = 1; number <= kObligations; ++number) {
    EXPECT_THAT(header, HasSubstr(cat(" *   XPU_BACKEND_", number, " ")));
  }
  EXPECT_THAT(header, Not(HasSubstr(cat("XPU_BACKEND_", kObligations + 1))));
}

TEST(Obligations, TagsAreReadWhereTheyStand) {
  EXPECT_EQ(tagged(Obligation::kLoads, "no"), "no [XPU_BACKEND_7]");
  EXPECT_EQ(tagged(Obligation::kLoads, "no [XPU_BACKEND_3]"), "no [XPU_BACKEND_3]");
  EXPECT_EQ(tag_of("no [XPU_BACKEND_24]"), Obligation::kDetect);
  EXPECT_EQ(tag_of("no [XPU_BACKEND_28]"), Obligation::kStopped);
  EXPECT_EQ(tag_of("no [XPU_BACKEND_29]"), Obligation::kNone);
  EXPECT_EQ(tag_of("no [XPU_BACKEND_0]"), Obligation::kNone);
  EXPECT_EQ(tag_of("no [XPU_BACKEND_7] more"), Obligation::kNone);
  EXPECT_EQ(tag_of("no [XPU_BACKEND_"), Obligation::kNone);
  EXPECT_EQ(untagged("no [XPU_BACKEND_7]"), "no");
  EXPECT_EQ(untagged("no [x]"), "no [x]");
}

}  // namespace
}  // namespace xpu
