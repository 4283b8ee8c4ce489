// SPDX-License-Identifier: Apache-2.0
// What is written to the journal is what is read, whatever happened to it meanwhile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "core/base/error.h"
#include "core/usage/format.h"
#include "core/usage/read.h"
#include "tests/unit/base/temp_dir.h"
#include "tests/unit/usage/sample.h"

namespace xpu {
namespace {

using test::device;
using test::error_of;
using test::kUsd;
using test::slurp;
using test::TempDir;
using test::usage;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::int64_t kNovember = 1793491200;  // 2026-11-01
constexpr std::int64_t kDecember = 1796083200;
constexpr std::int64_t kForever = 253402300799;

class JournalTest : public testing::Test {
 protected:
  std::string folder() const { return dir_ / "xpu/usage"; }
  std::string file(const std::string& month) const {
    return folder() + "/usage-" + month + ".jsonl";
  }
  std::vector<Usage> read(std::int64_t since = 0, std::int64_t until = kForever) {
    warnings_.clear();
    return read_usage(folder(), since, until, &warnings_);
  }
  // Lines of November.
  void write(const std::vector<std::string>& lines) const {
    std::string text;
    for (const std::string& line : lines) {
      text += line + '\n';
    }
    dir_.write("xpu/usage/usage-2026-11.jsonl", text, 0640);
  }
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const auto& entry : std::filesystem::directory_iterator(folder())) {
      out.push_back(entry.path().filename());
    }
    std::sort(out.begin(), out.end());
    return out;
  }

  const TempDir dir_;
  std::vector<std::string> warnings_;
};

TEST_F(JournalTest, ReadsWhatWasWritten) {
  Usage lease = usage("l", kNovember, std::nullopt,
                      {device("acme:0", 2 * kUsd, "EUR"), device("globex:1", std::nullopt)});
  lease.name = "a \"name\"\n\u00e9";
  lease.label = "team=x";
  lease.exclusive = true;
  append_begin(folder(), 24, lease);
  EXPECT_FALSE(read().at(0).end_unix);
  lease.end_unix = kNovember + 90;
  append_end(folder(), 24, lease);
  const std::vector<Usage> found = read();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].lease, "l");
  EXPECT_EQ(found[0].container, "id-l");
  EXPECT_EQ(found[0].name, lease.name);
  EXPECT_EQ(found[0].image, "image");
  EXPECT_EQ(found[0].engine, "docker");
  EXPECT_EQ(found[0].label, "team=x");
  EXPECT_TRUE(found[0].exclusive);
  EXPECT_EQ(found[0].begin_unix, kNovember);
  EXPECT_EQ(found[0].end_unix, kNovember + 90);
  EXPECT_FALSE(found[0].end_estimated);
  ASSERT_EQ(found[0].devices.size(), 2u);
  EXPECT_EQ(found[0].devices[0].id, "acme:0");
  EXPECT_EQ(found[0].devices[0].key, "key-acme:0");
  EXPECT_EQ(found[0].devices[0].model, "Anvil");
  EXPECT_EQ(found[0].devices[0].price, 2 * kUsd);
  EXPECT_EQ(found[0].devices[0].currency, "EUR");
  EXPECT_EQ(found[0].devices[1].vendor, "globex");
  EXPECT_FALSE(found[0].devices[1].price);
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(JournalTest, KeepsAFileForEachMonthAsLongAsItIsTold) {
  Usage lease = usage("l", kNovember - 1, kDecember, {device("acme:0", 1)});
  append_begin(folder(), 1, lease);  // October
  dir_.write("xpu/usage/usage-2026-09.jsonl", "", 0640);
  dir_.write("xpu/usage/usage-2026-9.jsonl", "not ours", 0640);
  append_begin(folder(), 1, usage("m", kNovember, std::nullopt, {}));
  EXPECT_THAT(names(),
              ElementsAre("usage-2026-10.jsonl", "usage-2026-11.jsonl", "usage-2026-9.jsonl"));
  append_end(folder(), 1, lease);
  EXPECT_THAT(names(),
              ElementsAre("usage-2026-11.jsonl", "usage-2026-12.jsonl", "usage-2026-9.jsonl"));
  // The lease is still there, though the month of its beginning is gone.
  const std::vector<Usage> found = read();
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].begin_unix, kNovember - 1);
  EXPECT_EQ(found[0].end_unix, kDecember);
}

TEST_F(JournalTest, AClockInTheFutureDoesNotTakeEverythingAway) {
  append_begin(folder(), 1, usage("a", kNovember - 1, std::nullopt, {}));
  append_begin(folder(), 1, usage("b", kNovember, std::nullopt, {}));
  append_begin(folder(), 1, usage("c", kNovember + 20LL * 365 * 86400, std::nullopt, {}));
  EXPECT_THAT(names(), ElementsAre("usage-2026-11.jsonl", "usage-2046-10.jsonl"));
}

TEST_F(JournalTest, KeepsEveryMonthOnDemand) {
  for (const std::int64_t month : {0, 100, 200, 300}) {
    append_begin(folder(), 0, usage("l", month * 31 * 86400, std::nullopt, {}));
  }
  EXPECT_EQ(names().size(), 4u);
}

TEST_F(JournalTest, CutsTextsThatAreTooLong) {
  Usage lease = usage("l", kNovember, std::nullopt, {});
  lease.label = "x";
  for (int i = 0; i < 100'000; ++i) {
    lease.label += "\u00e9";
  }
  append_begin(folder(), 24, lease);
  EXPECT_EQ(read().at(0).label, lease.label.substr(0, 1023));
}

TEST_F(JournalTest, ReadsWhatOverlaps) {
  append_end(folder(), 24, usage("a", kNovember, kNovember + 10, {}));
  append_end(folder(), 24, usage("b", kNovember + 5, kNovember + 20, {}));
  append_begin(folder(), 24, usage("c", kNovember + 15, std::nullopt, {}));
  const auto leases = [&](std::int64_t since, std::int64_t until) {
    std::string out;
    for (const Usage& found : read(kNovember + since, kNovember + until)) {
      out += found.lease;
    }
    return out;
  };
  EXPECT_EQ(leases(0, 100), "abc");
  EXPECT_EQ(leases(10, 100), "bc");
  EXPECT_EQ(leases(20, 100), "c");
  EXPECT_EQ(leases(0, 5), "a");
  EXPECT_EQ(leases(0, 15), "ab");
}

TEST_F(JournalTest, OfSeveralEndsTheFirstCounts) {
  append_end(folder(), 24, usage("l", kNovember, kNovember + 10, {}));
  append_end(folder(), 24, usage("l", kNovember, kNovember + 20, {}));
  append_begin(folder(), 24, usage("l", kNovember, std::nullopt, {}));
  const std::vector<Usage> found = read();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].end_unix, kNovember + 10);
}

TEST_F(JournalTest, AnEndBeforeTheBeginningIsNoTimeAtAll) {
  append_end(folder(), 24, usage("l", kNovember, kNovember - 10, {}));
  EXPECT_EQ(read().at(0).end_unix, kNovember);
}

TEST_F(JournalTest, LeavesOutDamagedLines) {
  const Usage lease = usage("l", kNovember, std::nullopt, {device("acme:0", 1)});
  const std::string good = begin_line(lease, "boot");
  const auto with = [&](std::string_view from, const std::string& to) {
    std::string out = good;
    return out.replace(out.find(from), from.size(), to);
  };
  const std::vector<std::string> damaged = {
      good.substr(0, 50),
      good.substr(1),
      std::string("\0\0\0", 3),
      "[]",
      "{}",
      "7",
      with("\"begin\",", "\"middle\","),
      with("\"exclusive\":false", "\"exclusive\":0"),
      with("\"price\":1", "\"price\":-1"),
      with("\"price\":1", "\"price\":1.5"),
      with("\"price\":1", "\"price\":1000000000001"),
      with("\"vendor\":\"acme\"", "\"vendor\":7"),
      with("\"begin\":1793491200", "\"begin\":18446744073709551615"),
      with("\"begin\":1793491200", "\"begin\":-1"),
      with("\"image\":\"image\",", ""),
      with("\"devices\":[", "\"devices\":[7,"),
      with("\"image\":\"image\"", "\"image\":\"\xff\""),
      std::string(3'000'000, 'x')};
  for (const std::string& line : damaged) {
    write({good, line, end_line(usage("m", kNovember, kNovember + 1, {}), "boot")});
    const std::vector<Usage> found = read();
    EXPECT_EQ(found.size(), 2u) << line.substr(0, 200);
    const bool pieces = line.size() > 1'000'000;
    EXPECT_THAT(warnings_,
                ElementsAre(file("2026-11") +
                            (pieces ? ": 3 damaged lines were left out, the first is line 2"
                                    : ": 1 damaged line was left out, the first is line 2")))
        << line.substr(0, 200);
  }
  write({good, "", "", with("{\"v\":1", "{\"v\":2"), with("{\"v\":1", "{\"v\":9")});
  EXPECT_EQ(read().size(), 1u);
  EXPECT_THAT(warnings_,
              ElementsAre(file("2026-11") + ": 2 lines were left out: a newer version wrote them"));
}

TEST_F(JournalTest, ReadsALastLineWithoutAnEnd) {
  dir_.write("xpu/usage/usage-2026-11.jsonl",
             begin_line(usage("l", kNovember, std::nullopt, {}), "boot"), 0640);
  EXPECT_EQ(read().size(), 1u);
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(JournalTest, ReadsNoFileThatOthersCanWrite) {
  append_begin(folder(), 24, usage("l", kNovember, std::nullopt, {}));
  const std::string reason =
      file("2026-11") +
      " was left out: it is not a regular file that only its owner, root or you, can write";
  ::chmod(file("2026-11").c_str(), 0660);
  EXPECT_THAT(read(), IsEmpty());
  EXPECT_THAT(warnings_, ElementsAre(reason));
  std::filesystem::remove(file("2026-11"));
  ASSERT_EQ(::mkfifo(file("2026-11").c_str(), 0600), 0);
  EXPECT_THAT(read(), IsEmpty());
  EXPECT_THAT(warnings_, ElementsAre(reason));
  std::filesystem::remove(file("2026-11"));
  std::filesystem::create_symlink("/etc/passwd", file("2026-11"));
  EXPECT_THAT(read(), IsEmpty());
  EXPECT_THAT(warnings_,
              ElementsAre(file("2026-11") + " was left out: Too many levels of symbolic links"));
}

TEST_F(JournalTest, NoFolderIsAnEmptyJournal) {
  EXPECT_THAT(read(), IsEmpty());
  EXPECT_THAT(warnings_, IsEmpty());
  dir_.write("xpu/usage", "");
  EXPECT_EQ(error_of([&] { read(); }),
            "cannot read the journal in " + folder() + ": Not a directory");
}

// Without an end: what is known of it depends on the boot that it began in.
TEST_F(JournalTest, EstimatesTheEndFromTheLastSignOfTheSameBoot) {
  const auto begin = [](const std::string& lease, std::int64_t at, const char* boot) {
    return begin_line(usage(lease, kNovember + at, std::nullopt, {}), boot);
  };
  write({begin("a", 0, "one"), begin("b", 10, "one"),
         end_line(usage("b", kNovember + 10, kNovember + 40, {}), "one"), begin("c", 100, "two"),
         stamp_line("c", kNovember + 130, "two"), begin("d", 150, "two"), begin("e", 200, ""),
         begin("f", 300, "")});
  std::vector<Usage> found = read();
  close_open(&found, {});
  std::string text;
  for (const Usage& lease : found) {
    text += cat(lease.lease, ' ', *lease.end_unix - kNovember,
                lease.end_estimated ? " at least" : "", '\n');
  }
  EXPECT_EQ(text,
            "a 40 at least\n"
            "b 40\n"
            "c 130\n"
            "d 150 at least\n"
            "e 200 at least\n"
            "f 300 at least\n");
}

TEST_F(JournalTest, AStampCountsOnlyWhereNoEndCame) {
  append_begin(folder(), 24, usage("l", kNovember, std::nullopt, {}));
  append_stamp(folder(), 24, "l", kNovember + 10);  // refused: it went on
  append_stamp(folder(), 24, "l", kNovember + 30);
  append_stamp(folder(), 24, "of a month that is gone", kNovember + 30);
  std::vector<Usage> found = read();
  close_open(&found, {});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].end_unix, kNovember + 30);
  EXPECT_FALSE(found[0].end_estimated);
  append_end(folder(), 24, usage("l", kNovember, kNovember + 50, {}));
  EXPECT_EQ(read().at(0).end_unix, kNovember + 50);
}

TEST_F(JournalTest, LiveLeasesStayOpenAndAreAddedWhereTheyLack) {
  append_begin(folder(), 24, usage("l", kNovember, std::nullopt, {}));
  append_begin(folder(), 24, usage("dead", kNovember, std::nullopt, {}));
  std::vector<Usage> found = read();
  close_open(&found, {usage("l", kNovember, std::nullopt, {}),
                      usage("lacking", kNovember + 1, std::nullopt, {})});
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].lease, "dead");
  EXPECT_TRUE(found[0].end_unix && found[0].end_estimated);
  EXPECT_EQ(found[1].lease, "l");
  EXPECT_FALSE(found[1].end_unix || found[1].end_estimated);
  EXPECT_EQ(found[2].lease, "lacking");
  EXPECT_FALSE(found[2].end_unix);
}

TEST(UsageFile, IsNamedByItsMonth) {
  EXPECT_EQ(usage_file(2026 * 12 + 10), "usage-2026-11.jsonl");
  EXPECT_EQ(month_of_usage_file("usage-2026-11.jsonl"), 2026 * 12 + 10);
  for (const char* name :
       {"usage-2026-13.jsonl", "usage-2026-00.jsonl", "usage-2026-1.jsonl", "usage-+026-01.jsonl",
        "usage-2026-11.jsonl.1", "usage-2026x11.jsonl", "usage-2026-11.json", "", "usage-.jsonl"}) {
    EXPECT_EQ(month_of_usage_file(name), std::nullopt) << name;
  }
}

TEST_F(JournalTest, NamesWhatCannotBeWritten) {
  dir_.write("xpu/usage", "");
  EXPECT_THAT(error_of([&] { append_begin(folder(), 24, usage("l", kNovember, {}, {})); }),
              HasSubstr(folder() + " is a symbolic link or no folder"));
}

}  // namespace
}  // namespace xpu
