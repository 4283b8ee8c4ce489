// SPDX-License-Identifier: Apache-2.0
#include "core/events/events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "core/base/error.h"
#include "tests/unit/base/temp_dir.h"

namespace xpu {
namespace {

using test::TempDir;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

HostEvent event(const std::string& reason, HostEventKind kind = HostEventKind::kAdded) {
  HostEvent out;
  out.time_ns = 1'700'000'000'000'000'001;
  out.kind = kind;
  out.backend = "sim";
  out.device = "acme:0";
  out.key = "ACME-1";
  out.reason = reason;
  return out;
}

std::vector<std::string> reasons(const std::vector<HostEvent>& events) {
  std::vector<std::string> out;
  for (const HostEvent& one : events) {
    out.push_back(one.reason);
  }
  return out;
}

class Journal : public testing::Test {
 protected:
  void append(const std::string& reason) { append_events(dir_, {event(reason)}); }
  void append_raw(const std::string& bytes) {
    std::ofstream(file_, std::ios::binary | std::ios::app) << bytes;
  }

  TempDir temp_;
  std::string dir_ = temp_ / "state", file_ = dir_ + "/events";
};

TEST(HostEvents, EveryKindHasOneName) {
  std::vector<std::string> names;
  for (int i = 0; i <= static_cast<int>(HostEventKind::kMessagesLost); ++i) {
    const auto kind = static_cast<HostEventKind>(i);
    names.push_back(to_string(kind));
    EXPECT_EQ(host_event_kind(to_string(kind)), kind);
  }
  EXPECT_THAT(names,
              ElementsAre("added", "removed", "changed", "health", "lost", "healed", "heal-failed",
                          "start", "start-failed", "denied", "backend", "messages-lost"));
  EXPECT_EQ(host_event_kind("gone"), std::nullopt);
}

TEST(HostEvents, ALineSaysAllOfAnEvent) {
  HostEvent all = event("it fell off the bus", HostEventKind::kLost);
  all.health = "failed";
  all.rule = "deny-devices";
  all.container = {"3f2a9c01d2b7aaaa", "train", "kubernetes", "pod-1", "default"};
  EXPECT_EQ(parse_host_event(to_json_line(all)), all);
  const HostEvent small = event("there");
  EXPECT_EQ(parse_host_event(to_json_line(small)), small);
  EXPECT_EQ(to_json_line(small),
            R"({"time_ns":1700000000000000001,"kind":"added","backend":"sim","device":"acme:0",)"
            R"("key":"ACME-1","reason":"there"})");
}

TEST(HostEvents, WhatOthersWroteIsTamed) {
  HostEvent bad = event("a\nb\x1b[31m\xff");
  bad.container = {"id", std::string(5000, 'x'), "", "", ""};
  const std::string line = to_json_line(bad);
  EXPECT_EQ(line.find('\n'), line.npos);
  const std::optional<HostEvent> read = parse_host_event(line);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->reason, R"(a\nb\x1b[31m\xff)");
  EXPECT_EQ(read->container.name.size(), 1024u);
  EXPECT_TRUE(read->container.name.ends_with("..."));
  // Not in the middle of a character.
  std::string wide;
  for (int i = 0; i < 1000; ++i) {
    wide += "\u4e16";
  }
  EXPECT_TRUE(parse_host_event(to_json_line(event(wide))));
}

TEST(HostEvents, OtherLinesAreNone) {
  for (const char* const line :
       {"", "{", "[]", "1", "null", R"({"kind":"added","reason":"x"})",
        R"({"time_ns":"1","kind":"added","reason":"x"})", R"({"time_ns":1,"reason":"x"})",
        R"({"time_ns":1,"kind":"exploded","reason":"x"})", R"({"time_ns":1,"kind":"added"})",
        R"({"time_ns":1,"kind":"added","reason":1})",
        R"({"time_ns":1,"kind":"added","reason":"x","device":[]})",
        R"({"time_ns":1,"kind":"added","reason":"x","container":1})",
        R"({"time_ns":1,"kind":"added","reason":"x","container":{"id":1}})"}) {
    EXPECT_EQ(parse_host_event(line), std::nullopt) << line;
  }
  // A later version may say more.
  EXPECT_TRUE(parse_host_event(R"({"time_ns":1,"kind":"added","reason":"x","more":1})"));
}

TEST(HostEvents, ForPeople) {
  ::setenv("TZ", "UTC", 1);
  EXPECT_EQ(to_text_line(event("there")), "2023-11-14T22:13:20Z  added          acme:0  there");
  HostEvent lost = event("it fell off the bus", HostEventKind::kHealth);
  lost.health = "failed";
  lost.container = {"3f2a9c01d2b7aaaa", "train", "docker", "", ""};
  EXPECT_EQ(to_text_line(lost),
            "2023-11-14T22:13:20Z  health         acme:0  failed  docker train (3f2a9c01d2b7)  "
            "it fell off the bus");
  HostEvent denied = event("not for you", HostEventKind::kDenied);
  denied.device = denied.backend = "";
  denied.rule = "deny-devices";
  denied.container = {"abc", "main", "kubernetes", "web-0", "shop"};
  EXPECT_EQ(to_text_line(denied),
            "2023-11-14T22:13:20Z  denied         kubernetes shop/web-0/main (abc)  not for you "
            "[deny-devices]");
  denied.container = {"abc", "", "", "", ""};
  EXPECT_THAT(to_text_line(denied), HasSubstr("  abc  not for you"));
}

TEST_F(Journal, NothingThereIsNothing) {
  EventReader reader(dir_);
  EXPECT_THAT(reader.next(), IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(dir_));
  append("one");
  EXPECT_THAT(reasons(reader.next()), ElementsAre("one"));
  EXPECT_THAT(reader.next(), IsEmpty());
}

TEST_F(Journal, IsReadFromTheBeginningAndThenFollowed) {
  append_events(dir_, {event("one"), event("two")});
  EventReader reader(dir_);
  EXPECT_THAT(reasons(reader.next()), ElementsAre("one", "two"));
  append("three");
  EXPECT_THAT(reasons(reader.next()), ElementsAre("three"));
  struct stat folder {
  }, file{};
  ASSERT_EQ(::stat(dir_.c_str(), &folder), 0);
  ASSERT_EQ(::stat(file_.c_str(), &file), 0);
  EXPECT_EQ(folder.st_mode & 0777, 0700u);
  EXPECT_EQ(file.st_mode & 0137, 0u);
}

TEST_F(Journal, ALineWithoutItsEndIsWaitedFor) {
  append("one");
  EventReader reader(dir_);
  reader.next();
  const std::string line = to_json_line(event("two"));
  append_raw(line.substr(0, 20));
  EXPECT_THAT(reader.next(), IsEmpty());
  append_raw(line.substr(20));
  EXPECT_THAT(reader.next(), IsEmpty());
  append_raw("\n");
  EXPECT_THAT(reasons(reader.next()), ElementsAre("two"));
}

TEST_F(Journal, WhatWasTornSpoilsOnlyItself) {
  append("one");
  append_raw(to_json_line(event("torn")).substr(0, 30));
  append("two");
  append_raw("not an event\n");
  append("three");
  EventReader reader(dir_);
  EXPECT_THAT(reasons(reader.next()), ElementsAre("one", "two", "three"));
}

TEST_F(Journal, ALineWithoutMeasureIsPassedOver) {
  append("one");
  append_raw(std::string(300'000, 'x'));
  EventReader reader(dir_);
  EXPECT_THAT(reasons(reader.next()), ElementsAre("one"));
  append_raw(to_json_line(event("part of it")) + "\n");
  append("two");
  EXPECT_THAT(reasons(reader.next()), ElementsAre("two"));
}

TEST_F(Journal, StaysBelowItsLimitAndKeepsTheLastFile) {
  for (int i = 0; i < 3000; ++i) {
    append(cat(i, std::string(900, '.')));
  }
  EXPECT_LE(std::filesystem::file_size(file_), 1u << 20);
  EXPECT_LE(std::filesystem::file_size(file_ + ".1"), 1u << 20);
  EXPECT_FALSE(std::filesystem::exists(file_ + ".2"));
  const std::vector<HostEvent> kept = EventReader(dir_).next();
  ASSERT_GT(kept.size(), 1000u);
  for (std::size_t i = 0; i < kept.size(); ++i) {
    EXPECT_THAT(kept[i].reason, testing::StartsWith(cat(3000 - kept.size() + i, ".")));
  }
}

TEST_F(Journal, ChangesOfFileLoseNothing) {
  EventReader reader(dir_);
  std::vector<std::string> read, wrote;
  // Looks that come before, between and long after changes of the file.
  for (int i = 0; i < 4000; ++i) {
    wrote.push_back(cat(i, std::string(900, '.')));
    append(wrote.back());
    if (i % 700 == 0) {
      const std::vector<std::string> more = reasons(reader.next());
      read.insert(read.end(), more.begin(), more.end());
    }
  }
  const std::vector<std::string> more = reasons(reader.next());
  read.insert(read.end(), more.begin(), more.end());
  EXPECT_EQ(read, wrote);
}

TEST_F(Journal, AFileThatWasRemovedIsNotReadTwice) {
  append("one");
  std::filesystem::rename(file_, file_ + ".1");
  append("two");
  EventReader reader(dir_);
  EXPECT_THAT(reasons(reader.next()), ElementsAre("one", "two"));
  std::filesystem::remove(file_);
  EXPECT_THAT(reader.next(), IsEmpty());
  append("three");
  EXPECT_THAT(reasons(reader.next()), ElementsAre("three"));
}

TEST_F(Journal, WhatOthersCouldHaveWrittenIsRefused) {
  append("one");
  ::chmod(file_.c_str(), 0666);
  EXPECT_EQ(test::error_of([&] { EventReader(dir_).next(); }),
            cat("cannot believe ", file_, ": others can write it; remove it"));
  EXPECT_EQ(test::error_of([&] { append("two"); }),
            cat("cannot append to ", file_, ": others can write it; run: chmod go-w ", file_));
  std::filesystem::remove(file_);
  std::filesystem::create_symlink("/etc/passwd", file_);
  EXPECT_EQ(test::error_of([&] { EventReader(dir_).next(); }),
            cat("cannot read ", file_, ": it is a symbolic link; remove it"));
  std::filesystem::remove(file_);
  ASSERT_EQ(::mkfifo(file_.c_str(), 0600), 0);
  EXPECT_EQ(test::error_of([&] { EventReader(dir_).next(); }),
            cat("cannot read ", file_, ": it is not a regular file; remove it"));
  std::filesystem::remove(file_);
  append("three");
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(file_.c_str(), 4242, -1), 0);
    EXPECT_EQ(test::error_of([&] { EventReader(dir_).next(); }),
              cat("cannot believe ", file_, ": it belongs to user 4242; remove it"));
  }
}

}  // namespace
}  // namespace xpu
