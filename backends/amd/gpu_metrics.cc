// SPDX-License-Identifier: Apache-2.0
#include "backends/amd/gpu_metrics.h"

#include <algorithm>
#include <cstring>

namespace xpu::amd {
namespace {

constexpr double kEnergyUnit = 1.0 / 65536;  // joules: 15.259 microjoules
constexpr double kXgmiUnit = 1024;           // bytes
constexpr double kMegahertz = 1e6;
constexpr unsigned kXgmiLinks = 8, kParts = 8, kPartsOfOne = 8;

// Where things are in one layout; 0: not there, or not to be relied on. Two layouts were called 1.6
// for a while: the size tells them apart, and the first, which no release had, is not known here.
struct Layout {
  unsigned format, content, size;
  unsigned energy = 0;                // u64
  unsigned media = 0, engines = 0;    // u16 each, percent
  unsigned media_clock = 0;           // u16, MHz
  unsigned throttle = 0;              // u64, bits that mean the same on all
  unsigned residency = 0;             // u32 each: prochot, power, socket, regulator, memory
  unsigned xgmi_read = 0;             // u64 each, what was read, then what was written
  unsigned parts = 0, part_size = 0;  // of each part first its engines, u32 each, percent
};
constexpr Layout kLayouts[] = {
    {.format = 1, .content = 1, .size = 96, .media = 20, .engines = 1, .media_clock = 60},
    {.format = 1, .content = 2, .size = 104, .media = 20, .engines = 1, .media_clock = 60},
    {.format = 1,
     .content = 3,
     .size = 120,
     .energy = 24,
     .media = 20,
     .engines = 1,
     .media_clock = 60,
     .throttle = 112},
    {.format = 1,
     .content = 4,
     .size = 288,
     .energy = 24,
     .media = 16,
     .engines = 4,
     .media_clock = 264,
     .xgmi_read = 104},
    {.format = 1,
     .content = 5,
     .size = 328,
     .energy = 56,
     .media = 16,
     .engines = 4,
     .media_clock = 304,
     .xgmi_read = 144},
    {.format = 1,
     .content = 6,
     .size = 1664,
     .energy = 16,
     .media_clock = 288,
     .residency = 36,
     .xgmi_read = 128,
     .parts = 312,
     .part_size = 168},
    {.format = 1,
     .content = 7,
     .size = 2208,
     .energy = 24,
     .media_clock = 320,
     .residency = 44,
     .xgmi_read = 136,
     .parts = 344,
     .part_size = 232},
    {.format = 1,
     .content = 8,
     .size = 3360,
     .energy = 24,
     .media_clock = 320,
     .residency = 44,
     .xgmi_read = 136,
     .parts = 344,
     .part_size = 376},
    {.format = 2, .content = 2, .size = 128, .throttle = 120},
    {.format = 2, .content = 3, .size = 152, .throttle = 120},
    {.format = 2, .content = 4, .size = 168, .throttle = 120},
    {.format = 3, .content = 0, .size = 264, .media = 44, .engines = 1},
};

// What the driver does not know has all bits set.
template <class Number>
std::optional<Number> number_at(std::string_view bytes, unsigned offset) {
  Number number = 0;
  std::memcpy(&number, bytes.data() + offset, sizeof number);
  return number == static_cast<Number>(~Number(0)) ? std::nullopt : std::optional(number);
}

// The mean of the engines that there are.
template <class Number>
std::optional<double> mean(std::string_view bytes, unsigned offset, unsigned count) {
  double sum = 0;
  unsigned there = 0;
  for (unsigned engine = 0; engine < count; ++engine) {
    const auto percent = number_at<Number>(bytes, offset + engine * unsigned(sizeof(Number)));
    if (percent && *percent <= 100) {
      sum += *percent;
      ++there;
    }
  }
  return there > 0 ? std::optional(sum / there / 100) : std::nullopt;
}

void read_throttle(GpuMetrics& out, std::string_view bytes, unsigned offset) {
  if (const auto bits = number_at<std::uint64_t>(bytes, offset)) {
    out.throttled["power"] = (*bits & 0xffff) != 0;
    out.throttled["current"] = (*bits >> 16 & 0xffff) != 0;
    out.throttled["thermal"] = (*bits >> 32 & 0xffffff) != 0;
    out.throttled["other"] = *bits >> 56 != 0;
  }
}

void read_residency(GpuMetrics& out, std::string_view bytes, unsigned offset) {
  const char* const reasons[] = {"hardware", "power", "thermal", "thermal", "thermal"};
  for (const char* reason : reasons) {
    if (const auto value = number_at<std::uint32_t>(bytes, offset)) {
      out.throttle_residency[reason] += *value;
    }
    offset += sizeof(std::uint32_t);
  }
}

void read_xgmi(GpuMetrics& out, std::string_view bytes, unsigned offset) {
  for (auto* list : {&out.xgmi_received, &out.xgmi_transmitted}) {
    for (unsigned link = 0; link < kXgmiLinks; ++link) {
      const auto value = number_at<std::uint64_t>(bytes, offset);
      list->push_back(value ? std::optional(static_cast<double>(*value) * kXgmiUnit)
                            : std::nullopt);
      offset += sizeof(std::uint64_t);
    }
  }
}

}  // namespace

std::optional<GpuMetrics> parse_gpu_metrics(std::string_view bytes, bool energy_is_known) {
  if (bytes.size() < 4) {
    return std::nullopt;
  }
  std::uint16_t size = 0;
  std::memcpy(&size, bytes.data(), sizeof size);
  const auto format = static_cast<unsigned char>(bytes[2]);
  const auto content = static_cast<unsigned char>(bytes[3]);
  const auto layout =
      std::find_if(std::begin(kLayouts), std::end(kLayouts), [&](const Layout& one) {
        return one.format == format && one.content == content && one.size == size;
      });
  if (layout == std::end(kLayouts) || bytes.size() < size) {
    return std::nullopt;
  }
  GpuMetrics out;
  const bool energy_has_unit = layout->format == 1 && layout->content >= 4;
  if (layout->energy != 0 && (energy_has_unit || energy_is_known)) {
    if (const auto energy = number_at<std::uint64_t>(bytes, layout->energy)) {
      out.energy_joules = static_cast<double>(*energy) * kEnergyUnit;
    }
  }
  if (layout->media != 0) {
    out.media = mean<std::uint16_t>(bytes, layout->media, layout->engines);
  }
  if (layout->media_clock != 0) {
    if (const auto clock = number_at<std::uint16_t>(bytes, layout->media_clock)) {
      out.media_hertz = *clock * kMegahertz;
    }
  }
  if (layout->throttle != 0) {
    read_throttle(out, bytes, layout->throttle);
  }
  if (layout->residency != 0) {
    read_residency(out, bytes, layout->residency);
  }
  if (layout->xgmi_read != 0) {
    read_xgmi(out, bytes, layout->xgmi_read);
  }
  for (unsigned part = 0; layout->parts != 0 && part < kParts; ++part) {
    out.parts.push_back(
        mean<std::uint32_t>(bytes, layout->parts + part * layout->part_size, kPartsOfOne));
  }
  return out;
}

}  // namespace xpu::amd
