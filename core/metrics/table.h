// SPDX-License-Identifier: Apache-2.0
// Every metric that xpud serves. share/xpu/metrics.md says the same for people.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace xpu::metrics {

enum class Id {
  // Of this program.
  kRuntimeInfo,
  kDaemonStart,
  kSnapshotTime,
  kStarts,
  kStartDuration,
  kStepDuration,
  kDenials,
  kCacheRequests,
  kEvents,
  kServerRestarts,
  // Of backends.
  kBackendInfo,
  kBackendState,
  kBackendDevices,
  kCatalogTime,
  kWatcherUp,
  kWatcherRestarts,
  kFailedSamples,
  kSampleTime,
  kSampleDuration,
  // Of devices.
  kDeviceInfo,
  kDeviceAvailable,
  kDeviceHealth,
  kDeviceContainers,
  kDeviceExclusive,
  kDeviceMemorySize,
  kDeviceMemoryUsed,
  kDeviceUtilisation,
  kDeviceTemperature,
  kDevicePower,
  kDevicePowerLimit,
  kDeviceEnergy,
  kDeviceFan,
  kDeviceClock,
  kDeviceClockLimit,
  kDeviceThrottled,
  kDeviceErrors,
  kDeviceLinkReceived,
  kDeviceLinkTransmitted,
  kDeviceEngineTime,
  // Of containers.
  kContainers,
  kContainersDropped,
  kContainerDevices,
  kContainerHolds,
  kContainerLost,
  kContainerLeaseStart,
  kContainerLeaseTime,
  kContainerCost,
  kContainerMemory,
  kContainerMemoryRegion,
  kContainerUtilisation,
  kContainerEngineTime,
};

enum class Type { kGauge, kCounter, kHistogram, kInfo };

struct Metric {
  Id id;
  std::string_view name;  // as Prometheus knows it: with "_total" of counters, "_info" of infos
  Type type;
  std::string_view unit;    // the end of the name, less "_total"; "" for none
  std::string_view labels;  // "device,vendor"; "" for none
  std::string_view help;
};

// In the order of Id.
std::span<const Metric> table();
const Metric& metric(Id id);
std::vector<std::string_view> label_names(const Metric& metric);
const char* to_string(Type type);  // "gauge", "counter", "histogram", "info"

// The table as text for people: share/xpu/metrics.md from its first '|' on.
std::string table_text();

}  // namespace xpu::metrics
