// SPDX-License-Identifier: Apache-2.0
// Recorded machines are described completely and correctly. What is expected was read off each
// record by eye.
#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>

#include "tests/unit/nvidia/recorded_machine.h"

namespace xpu::test {
namespace {

constexpr std::uint64_t kMiB = 1ull << 20;

std::string fixture(const std::string& name) {
  const char* own = getenv("XPU_FIXTURES");
  const std::string file =
      (own ? std::string(own) : XPU_SOURCE_DIR "/../shared/fixtures") + "/nvidia/" + name;
  return std::filesystem::exists(file) ? file : "";
}

struct Expected {
  std::string index, name, brand;
  std::uint64_t memory = 0;
  std::string pci, uuid, node;  // "": no container can have it
  std::string mig{};            // property mig-mode
};

struct Dump {
  std::string file, driver, cuda;
  std::vector<Expected> gpus;
};
void PrintTo(const Dump& dump, std::ostream* out) {
  *out << dump.file;
}

const std::vector<Dump>& dumps() {
  static const std::vector<Dump> all = {
      {"k8s-test-infra-hw-qx-a100",
       "570.148.08",
       "12.8",
       {{"0", "NVIDIA A100-SXM4-40GB", "nvidia", 40960 * kMiB, "0000:06:00.0",
         "GPU-00000000-0000-0000-0000-000000000000", "/dev/nvidia0", "disabled"}}},
      {"k8s-test-infra-hw-qx-h100",
       "580.105.08",
       "13.0",
       {{"0", "NVIDIA H100 80GB HBM3", "nvidia", 81559 * kMiB, "0000:53:00.0",
         "GPU-00000000-0000-0000-0000-000000000000", "/dev/nvidia0", "disabled"},
        {"1", "NVIDIA H100 80GB HBM3", "nvidia", 81559 * kMiB, "0000:64:00.0",
         "GPU-00000001-0000-0000-0000-000000000001", "/dev/nvidia1", "disabled"},
        {"2", "NVIDIA H100 80GB HBM3", "nvidia", 81559 * kMiB, "0000:75:00.0",
         "GPU-00000002-0000-0000-0000-000000000002", "/dev/nvidia2", "disabled"},
        {"3", "NVIDIA H100 80GB HBM3", "nvidia", 81559 * kMiB, "0000:86:00.0",
         "GPU-00000003-0000-0000-0000-000000000003", "/dev/nvidia3", "disabled"},
        {"4", "NVIDIA H100 80GB HBM3", "nvidia", 81559 * kMiB, "0000:97:00.0",
         "GPU-00000004-0000-0000-0000-000000000004", "/dev/nvidia4", "disabled"},
        {"5", "NVIDIA H100 80GB HBM3", "nvidia", 81559 * kMiB, "0000:a8:00.0",
         "GPU-00000005-0000-0000-0000-000000000005", "/dev/nvidia5", "disabled"},
        {"6", "NVIDIA H100 80GB HBM3", "nvidia", 81559 * kMiB, "0000:b9:00.0",
         "GPU-00000006-0000-0000-0000-000000000006", "/dev/nvidia6", "disabled"},
        {"7", "NVIDIA H100 80GB HBM3", "nvidia", 81559 * kMiB, "0000:ca:00.0",
         "GPU-00000007-0000-0000-0000-000000000007", "/dev/nvidia7", "disabled"}}},
      // In MIG mode; its parts have a test of their own.
      {"telegraf-a100-sxm4-v12",
       "535.54.03",
       "12.2",
       {{"0", "NVIDIA A100-SXM4-80GB", "nvidia", 81920 * kMiB, "0000:01:00.0",
         "GPU-513536b6-7d19-9063-b049-1e69664bb298", "/dev/nvidia1", "enabled"}}},
      {"telegraf-a10g",
       "515.105.01",
       "11.7",
       {{"0", "NVIDIA A10G", "nvidia", 23028 * kMiB, "0000:00:1e.0",
         "GPU-9a9a6c50-2a47-2f51-a902-b82c3b127e94", "/dev/nvidia0"}}},
      // Neither driver, brand nor node are in this one.
      {"telegraf-gtx-1070-ti",
       "",
       "",
       {{"0", "GeForce GTX 1070 Ti", "unknown", 4096 * kMiB, "0000:01:00.0",
         "GPU-f9ba66fc-a7f5-94c5-da19-019ef2f9c665", ""}}},
      {"telegraf-gtx-1660-ti",
       "418.43",
       "10.1",
       {{"0", "Graphics Device", "geforce", 5912 * kMiB, "0000:43:00.0",
         "GPU-304a277d-3545-63b8-3a36-dfde3c992989", "/dev/nvidia0"}}},
      {"telegraf-quadro-p2000-v12",
       "525.125.06",
       "12.0",
       {{"0", "Quadro P2000", "quadro", 5120 * kMiB, "0000:17:00.0",
         "GPU-396caaed-39ca-3199-2e68-717cdb786ec6", "/dev/nvidia0"}}},
      {"telegraf-quadro-p400",
       "418.43",
       "10.1",
       {{"0", "Quadro P400", "quadro", 1998 * kMiB, "0000:43:00.0",
         "GPU-8f750be4-dfbc-23b9-b33f-da729a536494", "/dev/nvidia0"}}},
      {"telegraf-rtx-3060-v12",
       "570.124.04",
       "12.8",
       {{"0", "NVIDIA GeForce RTX 3060", "geforce", 12288 * kMiB, "0000:2d:00.0",
         "GPU-d6889ff6-2523-9142-ca3c-1ca3f396a625", "/dev/nvidia0"}}},
      // Windows, where there is no node.
      {"telegraf-rtx-3080-v12",
       "536.40",
       "12.2",
       {{"0", "NVIDIA GeForce RTX 3080", "geforce", 10240 * kMiB, "0000:04:00.0",
         "GPU-19d6d965-2acc-f646-00f8-4c76979aabb4", ""}}},
      {"telegraf-rtx-3080-v13",
       "595.58.03",
       "13.2",
       {{"0", "NVIDIA GeForce RTX 3080", "geforce", 10240 * kMiB, "0000:0c:00.0",
         "GPU-19d6d965-2acc-f646-00f8-4c76979aabb4", "/dev/nvidia0"}}},
      {"telegraf-rtx-3090-v12",
       "525.147.05",
       "12.0",
       {{"0", "NVIDIA GeForce RTX 3090", "geforce", 24576 * kMiB, "0000:00:10.0",
         "GPU-12345678-aaaa-bbbb-cccc-0123456789ab", "/dev/nvidia0"}}},
      {"telegraf-rtx-4000-sff-ada-v13",
       "595.84",
       "13.2",
       {{"0", "NVIDIA RTX 4000 SFF Ada Generation", "nvidiartx", 20475 * kMiB, "0000:06:00.0",
         "GPU-37037c3f-65c8-ec4d-24a9-420204ad8026", "/dev/nvidia0"}}},
      {"telegraf-tesla-t4",
       "515.105.01",
       "11.7",
       {{"0", "Tesla T4", "nvidia", 15360 * kMiB, "0000:00:1e.0",
         "GPU-d37e67a5-91dd-3774-a5cb-99096249601a", "/dev/nvidia0"}}}};
  return all;
}

void expect_gpu(const Description& found, const Host& host, const Expected& expected) {
  SCOPED_TRACE("GPU " + expected.index);
  ASSERT_TRUE(found.devices.count(expected.index));
  const Device& gpu = found.devices.at(expected.index);
  EXPECT_EQ(gpu.kind, XPU_KIND_GPU);
  EXPECT_EQ(gpu.name, expected.name);
  EXPECT_EQ(gpu.uuid, expected.uuid);
  EXPECT_EQ(gpu.memory_bytes, expected.memory);
  EXPECT_EQ(gpu.pci, expected.pci);
  EXPECT_EQ(gpu.properties.at("brand"), expected.brand);
  EXPECT_EQ(gpu.properties.count("mig-mode") ? gpu.properties.at("mig-mode") : "", expected.mig);
  if (expected.node.empty()) {
    EXPECT_EQ(gpu.reason, "the number of its device node is not known");
    EXPECT_EQ(found.nodes.count(expected.index + "/"), 0u);
  } else {
    EXPECT_THAT(found.nodes.at(expected.index + "/"),
                testing::ElementsAre(host / expected.node + " = " + expected.node));
    EXPECT_TRUE(gpu.reason.empty() || expected.mig == "enabled") << gpu.reason;
  }
}

template <class Machine>
std::string named(const testing::TestParamInfo<Machine>& of) {
  std::string name = of.param.file;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

class Recorded : public testing::TestWithParam<Dump> {};

TEST_P(Recorded, IsDescribedAsItIs) {
  const Dump& dump = GetParam();
  const std::string file = fixture("smi-xml/" + dump.file + ".xml");
  if (file.empty()) {
    GTEST_SKIP() << "no fixture " << dump.file;
  }
  XPU_NEEDS_MKNOD();
  Host host;
  build(host, from_smi(file));
  Description found = describe(host.options());
  ASSERT_EQ(found.status, XPU_OK) << found.error;
  if (!dump.driver.empty()) {
    EXPECT_EQ(found.properties.at("driver"), dump.driver);
    EXPECT_EQ(found.properties.at("cuda"), dump.cuda);
  }
  std::size_t whole = 0;
  for (const auto& [index, device] : found.devices) {
    whole += device.kind == XPU_KIND_GPU ? 1 : 0;
  }
  EXPECT_EQ(whole, dump.gpus.size());
  for (const Expected& expected : dump.gpus) {
    expect_gpu(found, host, expected);
  }
}

INSTANTIATE_TEST_SUITE_P(All, Recorded, testing::ValuesIn(dumps()), named<Dump>);

// Another kind of record among them would go untested.
TEST(RecordedMachines, AllHaveATable) {
  const std::string folder = fixture("smi-xml");
  if (folder.empty()) {
    GTEST_SKIP() << "no fixtures";
  }
  std::set<std::string> known;
  for (const Dump& dump : dumps()) {
    known.insert(dump.file + ".xml");
  }
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (known.count(entry.path().filename())) {
      continue;
    }
    XPU_NEEDS_MKNOD();
    // Not known here: at least it must be described.
    Host host;
    build(host, from_smi(entry.path()));
    EXPECT_EQ(describe(host.options()).status, XPU_OK) << entry.path();
  }
}

TEST(RecordedMachines, ADividedA100HasItsFourParts) {
  const std::string file = fixture("smi-xml/telegraf-a100-sxm4-v12.xml");
  if (file.empty()) {
    GTEST_SKIP() << "no fixture telegraf-a100-sxm4-v12";
  }
  XPU_NEEDS_MKNOD();
  Host host;
  build(host, from_smi(file));
  Description found = describe(host.options());
  ASSERT_EQ(found.devices.size(), 5u);
  EXPECT_EQ(found.devices.at("0").reason, "in MIG mode: ask for its partitions 0:0, 0:1, 0:2, 0:3");
  const std::string gpu = "GPU-513536b6-7d19-9063-b049-1e69664bb298";
  for (unsigned part = 0; part < 4; ++part) {
    const Device& device = found.devices.at("0:" + std::to_string(part));
    EXPECT_EQ(device.flags, 0u) << device.reason;
    EXPECT_EQ(device.kind, XPU_KIND_PARTITION);
    EXPECT_EQ(device.parent, "0");
    EXPECT_EQ(device.memory_bytes, 19968 * kMiB);
    // 14 multiprocessors: one slice of seven.
    EXPECT_EQ(device.name, "NVIDIA A100-SXM4-80GB MIG 1g.20gb");
    EXPECT_EQ(device.uuid, "MIG-" + gpu + "/" + std::to_string(part + 3) + "/0");
    EXPECT_TRUE(found.nodes.at("0:" + std::to_string(part) + "/")
                    .count(host / "/dev/nvidia1" + " = /dev/nvidia1"));
  }
}

struct Mock {
  std::string file, name, architecture;
  std::uint64_t memory = 0;
  std::string mig;
  std::vector<std::string> pci;
  std::set<unsigned> near;  // GPUs of NUMA node 0
  std::string uuid;         // without the last digit, which is the index
  std::string link;         // of every pair; "" for none
};

class MockMachine : public testing::TestWithParam<Mock> {};

TEST_P(MockMachine, IsDescribedAsItIs) {
  const Mock& mock = GetParam();
  const std::string file = fixture("nvml-mock/" + mock.file + ".yaml");
  if (file.empty()) {
    GTEST_SKIP() << "no fixture " << mock.file;
  }
  XPU_NEEDS_MKNOD();
  Host host;
  build(host, from_mock(file));
  Description found = describe(host.options());
  ASSERT_EQ(found.status, XPU_OK) << found.error;
  EXPECT_EQ(found.properties.at("driver"), "550.163.01");
  EXPECT_EQ(found.properties.at("cuda"), "12.4");
  ASSERT_EQ(found.devices.size(), 8u);
  for (unsigned i = 0; i < 8; ++i) {
    const std::string index = std::to_string(i);
    expect_gpu(found, host,
               {index, mock.name, "nvidia", mock.memory, mock.pci[i], mock.uuid + index,
                "/dev/nvidia" + index, mock.mig});
    const Device& gpu = found.devices.at(index);
    EXPECT_EQ(gpu.architecture, mock.architecture);
    EXPECT_EQ(gpu.properties.at("arch"), mock.architecture);
    EXPECT_EQ(gpu.numa_node, mock.near.count(i) ? 0 : 1) << index;
  }
  EXPECT_EQ(found.interconnects.size(), mock.link.empty() ? 0u : 28u);
  if (!mock.link.empty()) {
    EXPECT_TRUE(found.interconnects.count("0 7 " + mock.link));
    EXPECT_TRUE(found.interconnects.count("3 4 " + mock.link));
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, MockMachine,
    testing::Values(Mock{"a100",
                         "NVIDIA A100-SXM4-40GB",
                         "8.0",
                         42949672960,
                         "disabled",
                         {"0000:07:00.0", "0000:0f:00.0", "0000:47:00.0", "0000:4e:00.0",
                          "0000:87:00.0", "0000:90:00.0", "0000:b7:00.0", "0000:bd:00.0"},
                         {0, 1, 2, 3},
                         "GPU-12345678-1234-1234-1234-12345678000",
                         "nvlink 1200"},
                    Mock{"h100",
                         "NVIDIA H100 80GB HBM3",
                         "9.0",
                         85899345920,
                         "disabled",
                         {"0000:1a:00.0", "0000:1b:00.0", "0000:4a:00.0", "0000:4b:00.0",
                          "0000:8a:00.0", "0000:8b:00.0", "0000:ca:00.0", "0000:cb:00.0"},
                         {0, 1, 2, 3},
                         "GPU-01000100-0000-0000-0000-00000000000",
                         "nvlink 1800"},
                    Mock{"l40s",
                         "NVIDIA L40S",
                         "8.9",
                         51539607552,
                         "",
                         {"0000:17:00.0", "0000:31:00.0", "0000:b1:00.0", "0000:ca:00.0",
                          "0000:18:00.0", "0000:32:00.0", "0000:b2:00.0", "0000:cb:00.0"},
                         {0, 1, 4, 5},
                         "GPU-14050000-0000-0000-0000-00000000000",
                         ""}),
    named<Mock>);

}  // namespace
}  // namespace xpu::test
