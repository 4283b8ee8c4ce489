// SPDX-License-Identifier: Apache-2.0
// What the kernel's DRM drivers say about a GPU through its render node.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace xpu::apple {

// How a node is reached. Tests put functions of their own in the place of the kernel's.
struct DrmCalls {
  int (*open)(const char* path);  // -1 with errno
  int (*ioctl)(int fd, unsigned long request, void* argument);
  void (*close)(int fd);
};
extern const DrmCalls kKernel;

struct AsahiFacts {
  std::string architecture;  // "g13g"; "" when unknown
  unsigned cores = 0;        // that are switched on; 0: unknown
};

class DrmNode {
 public:
  DrmNode(const DrmCalls& calls, const std::string& path);
  DrmNode(const DrmNode&) = delete;
  DrmNode& operator=(const DrmNode&) = delete;
  ~DrmNode();

  // Why it could not be opened; "" when it is open.
  const std::string& problem() const { return problem_; }

  std::string version() const;  // of the driver: "0.1.0"; "" when it does not say

  // Of virtio_gpu. nullopt: the driver does not know the parameter.
  std::optional<bool> has_3d() const;
  std::optional<bool> has_contexts() const;  // which every protocol but the first one needs
  // Bit N is capability set N: what protocols the VM's host speaks.
  std::optional<std::uint64_t> capability_sets() const;

  // Of asahi.
  AsahiFacts asahi() const;

 private:
  std::optional<std::uint64_t> virtio_parameter(std::uint64_t parameter) const;

  const DrmCalls& calls_;
  int fd_ = -1;
  std::string problem_;
};

}  // namespace xpu::apple
