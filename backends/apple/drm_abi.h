// SPDX-License-Identifier: Apache-2.0
// The few calls that are used of Linux's include/uapi/drm/{drm,virtgpu_drm,asahi_drm}.h, declared
// anew: the second and third are not in every distribution's headers.
#pragma once

#include <sys/ioctl.h>

#include <cstddef>
#include <cstdint>

namespace xpu::apple::abi {

constexpr unsigned char kDrm = 'd';
constexpr unsigned kDriverCalls = 0x40;  // first number of a driver's own calls

struct Version {  // drm_version; lengths in and out
  std::int32_t major, minor, patch;
  std::size_t name_length;
  char* name;
  std::size_t date_length;
  char* date;
  std::size_t description_length;
  char* description;
};
constexpr unsigned long kVersion = _IOWR(kDrm, 0x00, Version);

// virtgpu_drm.h
struct GetParameter {  // drm_virtgpu_getparam
  std::uint64_t parameter;
  std::uint64_t value;  // address of a number
};
constexpr unsigned long kVirtioGetParameter = _IOWR(kDrm, kDriverCalls + 0x03, GetParameter);
constexpr std::uint64_t k3dFeatures = 1;
constexpr std::uint64_t kContextInit = 6;         // since Linux 5.16
constexpr std::uint64_t kSupportedCapsetIds = 7;  // since Linux 5.16
constexpr unsigned kCapsetVenus = 4;              // of linux/virtio_gpu.h

// asahi_drm.h, since Linux 6.16
struct AsahiGetParameters {  // drm_asahi_get_params
  std::uint32_t group;
  std::uint32_t zero;
  std::uint64_t address;
  std::uint64_t size;  // in and out
};
constexpr unsigned long kAsahiGetParameters = _IOW(kDrm, kDriverCalls + 0x00, AsahiGetParameters);
constexpr std::size_t kAsahiClusters = 64;
struct AsahiParameters {  // the beginning of drm_asahi_params_global
  std::uint64_t features;
  std::uint32_t generation;  // 13
  std::uint32_t variant;     // 'G'
  std::uint32_t revision;
  std::uint32_t chip;  // 0x8103
  std::uint32_t dies;
  std::uint32_t clusters;
  std::uint32_t cores_per_cluster;
  std::uint32_t max_khz;
  std::uint64_t core_masks[kAsahiClusters];
};

static_assert(sizeof(GetParameter) == 16 && sizeof(AsahiGetParameters) == 24);
static_assert(sizeof(AsahiParameters) == 40 + 8 * kAsahiClusters);

}  // namespace xpu::apple::abi
