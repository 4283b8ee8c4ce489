// SPDX-License-Identifier: Apache-2.0
#include "core/apps/live.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/base/temp_dir.h"

namespace xpu {
namespace {

TEST(Live, TheOldestComesFirst) {
  const test::TempDir dir;
  Config config = default_config();
  config.state_dir = dir / "state";
  config.usage_dir = dir / "usage";
  Records records(config.state_dir);
  const auto hold = [&](const std::string& id, std::int64_t created_ns) {
    Record record;
    record.id = id;
    record.runtime_root = dir / "root";
    record.creator = this_process();
    record.created_unix = created_ns / 1000000000;
    record.created_ns = created_ns;
    records.write(record);
  };
  hold("d", 4000000000);
  hold("a", 3000000001);
  hold("c", 3000000000);
  hold("b", 3000000000);
  hold("e", 1000000000);
  std::vector<std::string> ids;
  for (const Record& record : live_records(config)) {
    ids.push_back(record.id);
  }
  EXPECT_THAT(ids, testing::ElementsAre("e", "b", "c", "a", "d"));
}

}  // namespace
}  // namespace xpu
