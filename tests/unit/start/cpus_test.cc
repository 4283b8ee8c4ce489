// SPDX-License-Identifier: Apache-2.0
#include "core/start/cpus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace xpu {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Cpus : public ::testing::Test {
 protected:
  Cpus() {
    fs::remove_all(folder);
    node("node0", "0-7,16-23\n");
    node("node1", "8-15,24-31\n");
    node("node10", "40\n");
    fs::create_directories(folder + "/power");
    std::ofstream(folder + "/online") << "0-1,10\n";
  }
  ~Cpus() override { fs::remove_all(folder); }
  void node(const std::string& name, const std::string& list) const {
    fs::create_directories(folder + "/" + name);
    std::ofstream(folder + "/" + name + "/cpulist") << list;
  }
  const std::string folder =
      (fs::temp_directory_path() / ("xpu-cpus-" + std::to_string(::getpid()))).string();
};

TEST_F(Cpus, AreOnTheirNodes) {
  EXPECT_THAT(numa_nodes_of("0-3", folder), ElementsAre(0));
  EXPECT_THAT(numa_nodes_of("16", folder), ElementsAre(0));
  EXPECT_THAT(numa_nodes_of("7-8", folder), ElementsAre(0, 1));
  EXPECT_THAT(numa_nodes_of("40,9", folder), ElementsAre(1, 10));
}

TEST_F(Cpus, AreAnyWhereNothingSaysWhich) {
  EXPECT_THAT(numa_nodes_of("", folder), IsEmpty());
  EXPECT_THAT(numa_nodes_of("all of them", folder), IsEmpty());
  EXPECT_THAT(numa_nodes_of("0-3", folder + "/nowhere"), IsEmpty());
}

TEST(CpuList, IsNumbersAndRanges) {
  for (const char* list : {"0", "0-3", "0-3,8", "8,0-3", "5-5", "0,1,2-127"}) {
    EXPECT_TRUE(is_cpu_list(list)) << list;
  }
  for (const char* text : {"", ",", "0,", ",0", "0-", "-3", "3-0", "0-3-5", "a", "0-x", "0 1", " 0",
                           "0;1", "+1", "0-3,,8", "99999999999"}) {
    EXPECT_FALSE(is_cpu_list(text)) << text;
  }
}

}  // namespace
}  // namespace xpu
