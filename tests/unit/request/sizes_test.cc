// SPDX-License-Identifier: Apache-2.0
#include "core/request/sizes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/base/temp_dir.h"

namespace xpu {
namespace {

using test::error_of;

TEST(Sizes, AreReadAsPeopleWriteThem) {
  const std::pair<const char*, std::uint64_t> sizes[] = {
      {"0", 0},
      {"8192", 8192},
      {"512B", 512},
      {"1K", 1000},
      {"1Ki", 1024},
      {"1KiB", 1024},
      {"8192MB", 8'192'000'000},
      {"8192MiB", 8'589'934'592},
      {"8G", 8'000'000'000},
      {"8GB", 8'000'000'000},
      {"8gb", 8'000'000'000},
      {"8GiB", 8'589'934'592},
      {"8 GiB", 8'589'934'592},
      {"24GB", 24'000'000'000},
      {"1.5GiB", 1'610'612'736},
      {"0.000001TB", 1'000'000},
      {"1.2B", 1},
      {"2T", 2'000'000'000'000},
      {"1TiB", 1'099'511'627'776},
      {"18446744073709551615", 18'446'744'073'709'551'615U},
      {"16777215TiB", 16'777'215ULL << 40},
  };
  for (const auto& [text, bytes] : sizes) {
    EXPECT_EQ(parse_size(text, "X"), bytes) << text;
  }
}

TEST(Sizes, AreNothingElse) {
  for (const char* text : {"", " ", "GB", "-1GB", "+1GB", "1,5GB", "1.GB", ".5GB", "1.1234567GB",
                           "1.5.5GB", "24XB", "8 G B", "0x10", "1e9", "8GBs", "8GiB "}) {
    EXPECT_EQ(error_of([&] { parse_size(text, "XPU_MIN_VRAM"); }),
              "XPU_MIN_VRAM: '" + std::string(text) +
                  "' is no size; a number and one of B, KB, MB, GB, TB (powers of 1000) or KiB, "
                  "MiB, GiB, TiB (powers of 1024) is wanted, such as 24GB or 1.5GiB");
  }
  for (const char* text : {"18446744073709551616", "16777216TiB", "99999999999999999999GB",
                           "18446744073709551615.9K", "18446744073.8GB"}) {
    EXPECT_EQ(error_of([&] { parse_size(text, "XPU_MIN_VRAM"); }),
              "XPU_MIN_VRAM: the size '" + std::string(text) + "' is more than 64 bits hold");
  }
  EXPECT_EQ(error_of([] { parse_size(std::string(100, 'x'), "V"); }).substr(0, 41),
            "V: '" + std::string(32, 'x') + "...' ");
}

TEST(Sizes, AreWrittenForPeople) {
  EXPECT_EQ(size_text(512), "512 bytes");
  EXPECT_EQ(size_text(1 << 20), "1.0 MiB");
  EXPECT_EQ(size_text(25'757'220'864), "23.9 GiB");
  EXPECT_EQ(size_text(16ULL << 30), "16.0 GiB");
}

TEST(Waits, AreSecondsMinutesOrHours) {
  const std::pair<const char*, std::uint64_t> waits[] = {{"0", 0},     {"30", 30},  {"30s", 30},
                                                         {"30 S", 30}, {"2m", 120}, {"1h", 3600}};
  for (const auto& [text, seconds] : waits) {
    EXPECT_EQ(parse_wait(text, "X"), seconds) << text;
  }
  for (const char* text : {"", "s", "-1", "1.5m", "500ms", "1d", "1m30s", "forever"}) {
    EXPECT_EQ(error_of([&] { parse_wait(text, "XPU_WAIT"); }),
              "XPU_WAIT: '" + std::string(text) +
                  "' is no time; a whole number and s, m or h is wanted, such as 30s or 2m");
  }
  EXPECT_EQ(error_of([] { parse_wait("9999999999999999h", "XPU_WAIT"); }),
            "XPU_WAIT: the time '9999999999999999h' is more than 64 bits hold");
}

}  // namespace
}  // namespace xpu
