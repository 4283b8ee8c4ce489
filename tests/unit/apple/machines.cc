// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/apple/machines.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>

#include "backends/apple/describe_linux.h"
#include "backends/apple/drm_abi.h"

namespace xpu::apple::test {
namespace {

namespace fs = std::filesystem;

FakeKernel* kernel = nullptr;
constexpr int kFirst = 1000;  // no descriptors of this process

const FakeNode& node_of(int fd) {
  return std::next(kernel->nodes.begin(), fd - kFirst)->second;
}

int fake_open(const char* path) {
  const std::string name = fs::path(path).filename();
  kernel->opened.insert(name);
  const auto found = kernel->nodes.find(name);
  if (found == kernel->nodes.end() || found->second.open_error != 0) {
    errno = found == kernel->nodes.end() ? ENXIO : found->second.open_error;
    return -1;
  }
  ++kernel->still_open;
  return kFirst + static_cast<int>(std::distance(kernel->nodes.begin(), found));
}

void fake_close(int) {
  --kernel->still_open;
}

int answer_virtio(const FakeNode& node, const abi::GetParameter& question) {
  const auto found = node.virtio.find(question.parameter);
  if (found == node.virtio.end()) {
    errno = EINVAL;
    return -1;
  }
  // As the kernel does: an int is copied out.
  *reinterpret_cast<std::uint32_t*>(question.value) = static_cast<std::uint32_t>(found->second);
  return 0;
}

int answer_asahi(const FakeNode& node, const abi::AsahiGetParameters& question) {
  if (!node.asahi || question.group != 0) {
    errno = EINVAL;
    return -1;
  }
  auto& out = *reinterpret_cast<abi::AsahiParameters*>(question.address);
  out.generation = node.asahi->generation;
  out.variant = node.asahi->variant;
  out.clusters = node.asahi->clusters;
  for (std::uint32_t i = 0; i < std::min<std::uint32_t>(out.clusters, abi::kAsahiClusters); ++i) {
    out.core_masks[i] = node.asahi->mask;
  }
  return 0;
}

int fake_ioctl(int fd, unsigned long request, void* argument) {
  if (kernel->interruptions > 0) {
    --kernel->interruptions;
    errno = EINTR;
    return -1;
  }
  if (request == abi::kVersion) {
    auto& version = *static_cast<abi::Version*>(argument);
    version.minor = 1;
    return 0;
  }
  if (request == abi::kVirtioGetParameter) {
    return answer_virtio(node_of(fd), *static_cast<abi::GetParameter*>(argument));
  }
  if (request == abi::kAsahiGetParameters) {
    return answer_asahi(node_of(fd), *static_cast<abi::AsahiGetParameters*>(argument));
  }
  ADD_FAILURE() << "an ioctl that nobody expects: " << request;
  errno = ENOTTY;
  return -1;
}

constexpr DrmCalls kFake = {fake_open, fake_ioctl, fake_close};

}  // namespace

FakeKernel::FakeKernel() {
  kernel = this;
}
FakeKernel::~FakeKernel() {
  EXPECT_EQ(still_open, 0) << "a node was left open";
  kernel = nullptr;
}
const DrmCalls& FakeKernel::calls() const {
  return kFake;
}

FakeNode venus() {
  FakeNode node;
  node.virtio = {{abi::k3dFeatures, 1},
                 {abi::kContextInit, 1},
                 {abi::kSupportedCapsetIds, 1U << abi::kCapsetVenus}};
  return node;
}

Tree::Tree() {
  std::string name = testing::TempDir() + "xpu-apple-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) {
    throw std::runtime_error("cannot make " + name);
  }
  path_ = name;
}
Tree::~Tree() {
  fs::remove_all(path_);
}

void Tree::file(const std::string& inside, const std::string& text) const {
  const fs::path path = path_ / inside.substr(1);
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

void Tree::link(const std::string& inside, const std::string& target) const {
  const fs::path path = path_ / inside.substr(1);
  fs::create_directories(path.parent_path());
  fs::create_symlink(target, path);
}

void Tree::node(const std::string& inside, unsigned major, unsigned minor) const {
  const fs::path path = path_ / inside.substr(1);
  fs::create_directories(path.parent_path());
  ASSERT_EQ(mknod(path.c_str(), S_IFCHR | 0600, makedev(major, minor)), 0) << path;
}

void Tree::drm(const std::string& device, const std::string& driver,
               const std::map<std::string, unsigned>& nodes) const {
  link(device + "/driver", "/sys/bus/platform/drivers/" + driver);
  for (const auto& [name, minor] : nodes) {
    file(device + "/drm/" + name + "/dev", "226:" + std::to_string(minor) + "\n");
    link(device + "/drm/" + name + "/device", "../..");
    link("/sys/class/drm/" + name, device + "/drm/" + name);
    node("/dev/dri/" + name, 226, minor);
  }
}

void Tree::virtio(const std::string& device, unsigned number,
                  const std::map<std::string, unsigned>& nodes) const {
  drm(device, "virtio-mmio", nodes);
  link(device + "/virtio" + std::to_string(number) + "/driver",
       "/sys/bus/virtio/drivers/virtio_gpu");
}

void Tree::cpu(const std::string& implementer, const std::string& part) const {
  file("/proc/cpuinfo", "processor\t: 0\nBogoMIPS\t: 48.00\nCPU implementer\t: " + implementer +
                            "\nCPU architecture: 8\nCPU variant\t: 0x0\nCPU part\t: " + part +
                            "\nCPU revision\t: 0\n");
}

bool Result::has(const std::string& call) const {
  return std::find(host.calls.begin(), host.calls.end(), call) != host.calls.end();
}

std::string Result::all() const {
  std::string text;
  for (const std::string& call : host.calls) {
    text += call + "\n";
  }
  return text;
}

void describe(const Tree& tree, FakeKernel& kernel, Result& result,
              const std::map<std::string, std::string>& options) {
  result.host.options = {{"apple-host", "auto"},
                         {"vulkan-icd", ""},
                         {"dev-root", tree.path()},
                         {"sys-root", tree.path()}};
  for (const auto& [name, value] : options) {
    result.host.options[name] = value;
  }
  sdk::Sink sink(&result.host.table);
  try {
    describe_linux(sink, kernel.calls());
  } catch (const sdk::Absent& error) {
    result.absent = error.what();
  } catch (const sdk::Invalid& error) {
    result.invalid = error.what();
  } catch (const std::exception& error) {
    result.failed = error.what();
  }
}

}  // namespace xpu::apple::test
