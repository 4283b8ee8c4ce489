// SPDX-License-Identifier: Apache-2.0
#include "backends/apple/drm.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <bitset>
#include <cctype>
#include <cerrno>
#include <cstring>

#include "backends/apple/drm_abi.h"

namespace xpu::apple {
namespace {

int kernel_open(const char* path) {
  return ::open(path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}
int kernel_ioctl(int fd, unsigned long request, void* argument) {
  return ::ioctl(fd, request, argument);
}
void kernel_close(int fd) {
  ::close(fd);
}

// As the kernel wants it done: it gives up for a signal and may ask to be asked again.
int ask(const DrmCalls& calls, int fd, unsigned long request, void* argument) {
  int status;
  do {
    status = calls.ioctl(fd, request, argument);
  } while (status == -1 && (errno == EINTR || errno == EAGAIN));
  return status;
}

std::uint64_t address_of(void* object) {
  return reinterpret_cast<std::uintptr_t>(object);
}

}  // namespace

const DrmCalls kKernel = {kernel_open, kernel_ioctl, kernel_close};

DrmNode::DrmNode(const DrmCalls& calls, const std::string& path)
    : calls_(calls), fd_(calls.open(path.c_str())) {
  if (fd_ < 0) {
    problem_ = path + " cannot be opened: " + std::strerror(errno);
  }
}

DrmNode::~DrmNode() {
  if (fd_ >= 0) {
    calls_.close(fd_);
  }
}

std::string DrmNode::version() const {
  abi::Version version{};
  if (ask(calls_, fd_, abi::kVersion, &version) != 0) {
    return "";
  }
  return std::to_string(version.major) + "." + std::to_string(version.minor) + "." +
         std::to_string(version.patch);
}

std::optional<std::uint64_t> DrmNode::virtio_parameter(std::uint64_t parameter) const {
  // The kernel writes 32 bits of it.
  std::uint64_t value = 0;
  abi::GetParameter question{parameter, address_of(&value)};
  if (ask(calls_, fd_, abi::kVirtioGetParameter, &question) != 0) {
    return std::nullopt;
  }
  return value;
}

std::optional<bool> DrmNode::has_3d() const {
  const auto value = virtio_parameter(abi::k3dFeatures);
  return value ? std::optional<bool>(*value != 0) : std::nullopt;
}

std::optional<bool> DrmNode::has_contexts() const {
  const auto value = virtio_parameter(abi::kContextInit);
  return value ? std::optional<bool>(*value != 0) : std::nullopt;
}

std::optional<std::uint64_t> DrmNode::capability_sets() const {
  return virtio_parameter(abi::kSupportedCapsetIds);
}

AsahiFacts DrmNode::asahi() const {
  abi::AsahiParameters parameters{};
  abi::AsahiGetParameters question{0, 0, address_of(&parameters), sizeof parameters};
  AsahiFacts facts;
  // Kernels older than the driver's ABI number it otherwise and refuse.
  if (ask(calls_, fd_, abi::kAsahiGetParameters, &question) != 0) {
    return facts;
  }
  const int variant = static_cast<int>(parameters.variant & 0x7f);
  if (parameters.generation != 0 && std::isalpha(variant)) {
    facts.architecture =
        "g" + std::to_string(parameters.generation) + static_cast<char>(std::tolower(variant));
  }
  for (std::size_t i = 0; i < std::min<std::size_t>(parameters.clusters, abi::kAsahiClusters);
       ++i) {
    facts.cores += static_cast<unsigned>(std::bitset<64>(parameters.core_masks[i]).count());
  }
  return facts;
}

}  // namespace xpu::apple
