// SPDX-License-Identifier: Apache-2.0
#include "core/lease/lease_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "core/base/file.h"
#include "core/lease/fast_hash.h"

namespace xpu {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using State = LeaseFile::State;

constexpr const char* kBoot = "0f2c1d3e-0000-4000-8000-000000000001";

template <class T>
std::vector<const T*> pointers(const std::vector<T>& items) {
  std::vector<const T*> out;
  for (const T& item : items) {
    out.push_back(&item);
  }
  return out;
}

std::string text_of_file(const std::vector<Lease>& leases, const std::vector<Waiter>& waiters,
                         const std::string& boot = kBoot) {
  return leases_text(boot, {}, {}, leases, pointers(waiters));
}

std::vector<Lease> leases_of(const LeaseFile& file) {
  std::vector<Lease> out;
  for (const LeaseRow& row : file.rows.leases) {
    out.push_back(to_lease(file.rows, row));
  }
  return out;
}

std::vector<Lease> some_leases() {
  std::vector<Lease> out(3);
  out[0] = {"web",
            "/run/runc",
            4711,
            987654321,
            true,
            1700000000,
            {{"acme:0", "ACME-0", ""}, {"acme:1:0", "PART-0", "ACME-1"}},
            0};
  out[1] = {"batch", "/run/runc", 12, 34, false, 1700000001, {}, 123456789};
  out[2] = {"x",
            "/run/user/7/crun",
            1,
            0,
            false,
            -5,
            {{"globex:0", "globex:0", ""}},
            std::numeric_limits<std::uint64_t>::max()};
  return out;
}

std::vector<Waiter> some_waiters() {
  return {{"w1", "/run/runc", 55, 66, 1700000002, {"ACME-0", "PART-0"}, {"ACME-1"}},
          {"w2", "/run/runc", 56, 67, 1700000003, {}, {}}};
}

// The text with a last line that fits it.
std::string sealed(const std::string& body) {
  return body + "end " + hex64(fast_hash(body)) + "\n";
}

TEST(LeaseFormat, ComesBackAsItWasWritten) {
  const std::string text = text_of_file(some_leases(), some_waiters());
  const LeaseFile out = parse_leases(text, kBoot);
  EXPECT_EQ(out.state, State::kGood) << out.problem;
  EXPECT_EQ(leases_of(out), some_leases());
  EXPECT_EQ(out.waiters, some_waiters());
}

TEST(LeaseFormat, LinesThatWereReadAreWrittenAsTheyWere) {
  const std::string text = text_of_file(some_leases(), {});
  LeaseFile file = parse_leases(text, kBoot);
  ASSERT_EQ(file.rows.leases.size(), 3u);
  EXPECT_EQ(leases_text(kBoot, file.rows, pointers(file.rows.leases), {}, {}), text);
  file.rows.leases[1].line = "";
  EXPECT_EQ(leases_text(kBoot, file.rows, pointers(file.rows.leases), {}, {}), text);
  const LeaseRow* const first = &file.rows.leases[0];
  EXPECT_EQ(leases_text(kBoot, file.rows, {first}, {some_leases()[1], some_leases()[2]}, {}), text);
}

TEST(LeaseFormat, IsTextOfLines) {
  const std::string text = text_of_file(some_leases(), some_waiters());
  EXPECT_THAT(text, testing::StartsWith(
                        "xpu-leases 1\nboot 0f2c1d3e-0000-4000-8000-000000000001\nr /run/runc\n"
                        "l 4711 987654321 x 1700000000 0 web acme:0 ACME-0 - acme:1:0 PART-0 "
                        "ACME-1\nl 12 34 s 1700000001 123456789 batch\nr /run/user/7/crun\n"));
  EXPECT_THAT(text, HasSubstr("w 55 66 1700000002 /run/runc w1 2 ACME-0 PART-0 ACME-1\n"));
}

TEST(LeaseFormat, AnEmptyListIsGood) {
  const LeaseFile out = parse_leases(text_of_file({}, {}), kBoot);
  EXPECT_EQ(out.state, State::kGood);
  EXPECT_THAT(out.rows.leases, IsEmpty());
  EXPECT_EQ(parse_leases(text_of_file({}, {}, ""), "").state, State::kGood);
}

TEST(LeaseFormat, AnyTextIsSafe) {
  std::string every;
  for (int c = 0; c < 256; ++c) {
    every += static_cast<char>(c);
  }
  for (const std::string& text :
       {every, std::string("-"), std::string("--"), std::string(" "), std::string("a b"),
        std::string("a\nend 0"), std::string("%"), std::string("%2"), std::string("%41"),
        std::string("\n"), std::string("\0", 1), std::string("\u00e9"), std::string(10000, '/')}) {
    std::vector<Lease> leases = some_leases();
    leases[0].runtime_root = text;
    leases[0].id = text;
    leases[0].devices[0] = {text, text, text};
    std::vector<Waiter> waiters = some_waiters();
    waiters[0].keys = {text, "", text};
    waiters[0].runtime_root = text;
    const std::string written = text_of_file(leases, waiters);
    const LeaseFile out = parse_leases(written, kBoot);
    EXPECT_EQ(out.state, State::kGood) << text;
    EXPECT_EQ(leases_of(out), leases) << text;
    EXPECT_EQ(out.waiters, waiters) << text;
  }
}

TEST(LeaseFormat, ShorterAtAnyPlaceIsDamaged) {
  const std::string text = text_of_file(some_leases(), some_waiters());
  EXPECT_EQ(parse_leases("", kBoot).problem, "it is empty");
  EXPECT_EQ(parse_leases(text.substr(0, text.size() - 1), kBoot).problem, "it is cut off");
  for (std::size_t size = 0; size < text.size(); ++size) {
    const LeaseFile out = parse_leases(text.substr(0, size), kBoot);
    EXPECT_EQ(out.state, State::kDamaged) << size;
    EXPECT_NE(out.problem, "") << size;
    EXPECT_THAT(out.rows.leases, IsEmpty()) << size;
  }
}

TEST(LeaseFormat, AnyChangedByteIsDamage) {
  const std::string text = text_of_file(some_leases(), some_waiters());
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (const int flip : {1, 2, 32, 128, 255}) {
      std::string other = text;
      other[at] = static_cast<char>(other[at] ^ flip);
      EXPECT_EQ(parse_leases(other, kBoot).state, State::kDamaged) << at << ' ' << flip;
    }
  }
}

TEST(LeaseFormat, DamageIsSaid) {
  const std::string text = text_of_file(some_leases(), {});
  std::string flipped = text;
  flipped[30] ^= 1;
  const struct {
    std::string text;
    const char* problem;
  } cases[] = {
      {"", "it is empty"},
      {std::string(4096, '\0'), "it is no list of leases"},
      {"{}", "it is no list of leases"},
      {"xpu-leases 1\n", "it is cut off"},
      {text + "x", "it is cut off"},
      {text + text, "its checksum is wrong"},
      {flipped, "its checksum is wrong"},
      {sealed("xpu-leases 1\n"), "line 2 does not say which boot it is of"},
      {sealed("xpu-leases 1\nboot\n"), "line 2 does not say which boot it is of"},
  };
  for (const auto& c : cases) {
    const LeaseFile out = parse_leases(c.text, kBoot);
    EXPECT_EQ(out.state, State::kDamaged);
    EXPECT_EQ(out.problem, c.problem);
  }
}

TEST(LeaseFormat, LinesThatNobodyWritesAreDamage) {
  const std::string head = std::string("xpu-leases 1\nboot ") + kBoot + "\n";
  ASSERT_EQ(parse_leases(sealed(head + "r /r\nl 1 2 x 3 0 id a b -\n"), kBoot).state, State::kGood);
  for (const char* line : {"l 1 2 x 3 0 id",
                           "r",
                           "r ",
                           "r /r more",
                           "r /r\nl 1 2 y 3 0 id",
                           "r /r\nl 1 2 x 3 0",
                           "r /r\nl 1 2 x 3 0 id a",
                           "r /r\nl 1 2 x 3 0 id a b",
                           "r /r\nl -1 -2 x 3 0 id",
                           "r /r\nl 1 2 x 3 0 id ",
                           "r /r\nl  1 2 x 3 0 id",
                           "r /r\nl 99999999999 2 x 3 0 id",
                           "r /r\nl 1 2 x 3 0 %4",
                           "r /r\nl 1 2 x 3 0 %zz",
                           "w 1 2 3 /r id",
                           "w 1 2 3 /r id 2 a",
                           "w 1 2 3 /r id -1",
                           "q",
                           "",
                           "l"}) {
    const LeaseFile out = parse_leases(sealed(head + line + "\n"), kBoot);
    EXPECT_EQ(out.state, State::kDamaged) << line;
    EXPECT_THAT(out.problem, HasSubstr("is not understood")) << line;
    EXPECT_THAT(out.rows.leases, IsEmpty()) << line;
  }
}

TEST(LeaseFormat, AnotherBootIsToldApart) {
  const LeaseFile out =
      parse_leases(text_of_file(some_leases(), some_waiters(), "another-boot"), kBoot);
  EXPECT_EQ(out.state, State::kOtherBoot);
  EXPECT_THAT(out.rows.leases, IsEmpty());
  EXPECT_THAT(out.waiters, IsEmpty());
}

TEST(LeaseFormat, AFutureVersionIsToldApartAsLongAsItIsWhole) {
  const std::string body = "xpu-leases 2\nanything that comes to\nmind\n";
  const LeaseFile out = parse_leases(sealed(body), kBoot);
  EXPECT_EQ(out.state, State::kFuture);
  EXPECT_EQ(out.problem, "2");
  EXPECT_EQ(parse_leases(body, kBoot).state, State::kDamaged);
}

TEST(FastHash, EveryByteCounts) {
  const std::string text(67, 'x');
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string other = text;
    other[at] = 'y';
    EXPECT_NE(fast_hash(other), fast_hash(text)) << at;
  }
  EXPECT_NE(fast_hash(""), fast_hash(std::string(1, '\0')));
  EXPECT_NE(fast_hash(std::string(1, '\0')), fast_hash(std::string(2, '\0')));
}

}  // namespace
}  // namespace xpu
