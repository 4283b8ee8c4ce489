// SPDX-License-Identifier: Apache-2.0
#include "core/metrics/table.h"

#include "core/base/error.h"

namespace xpu::metrics {
namespace {

constexpr Type kGauge = Type::kGauge, kCounter = Type::kCounter, kHistogram = Type::kHistogram,
               kInfo = Type::kInfo;

#define XPU_CONTAINER "container,container_id,container_engine,pod,namespace"

constexpr Metric kTable[] = {
    {Id::kRuntimeInfo, "xpu_runtime_info", kInfo, "", "version", "The program that serves this."},
    {Id::kDaemonStart, "xpu_daemon_start_timestamp_seconds", kGauge, "seconds", "",
     "When xpud was started, since 1970."},
    {Id::kSnapshotTime, "xpu_snapshot_timestamp_seconds", kGauge, "seconds", "",
     "The moment that all values are of, since 1970."},
    {Id::kStarts, "xpu_starts_total", kCounter, "", "result,vendor",
     "Starts of containers that asked for devices: started, without-devices, denied, busy or "
     "failed. The vendor is \"several\" where they are of several, and empty where none was "
     "given."},
    {Id::kStartDuration, "xpu_start_duration_seconds", kHistogram, "seconds", "",
     "What the runtime adds to a start with devices, without waiting for others."},
    {Id::kStepDuration, "xpu_start_step_duration_seconds", kHistogram, "seconds", "step",
     "The steps of a start: configuration, catalogs, selection, waiting, plan and write."},
    {Id::kDenials, "xpu_start_denials_total", kCounter, "", "rule,outcome",
     "What policy did not allow, by key of [policy]: denied is the end of a start, passed-over "
     "leaves the container without."},
    {Id::kCacheRequests, "xpu_catalog_cache_requests_total", kCounter, "", "backend,result",
     "Looks of starts at what a backend described before: hit or miss."},
    {Id::kEvents, "xpu_events_total", kCounter, "", "kind",
     "What happened on this host, as `xpu-runtime events` tells it."},
    {Id::kServerRestarts, "xpu_metrics_server_restarts_total", kCounter, "", "",
     "How often the process that serves metrics was started again."},

    {Id::kBackendInfo, "xpu_backend_info", kInfo, "", "backend,version",
     "Backends that are installed."},
    {Id::kBackendState, "xpu_backend_state", kGauge, "", "backend,state",
     "1 for the state that the backend is in: ready, absent, refused, failed or disabled."},
    {Id::kBackendDevices, "xpu_backend_devices", kGauge, "", "backend",
     "Devices that the backend describes."},
    {Id::kCatalogTime, "xpu_catalog_timestamp_seconds", kGauge, "seconds", "backend",
     "When the backend last described the host, or that was found to be still true, since 1970."},
    {Id::kWatcherUp, "xpu_backend_watcher_up", kGauge, "", "backend",
     "1 while a process watches and measures the devices of the backend."},
    {Id::kWatcherRestarts, "xpu_backend_watcher_restarts_total", kCounter, "", "backend",
     "How often that process was started again."},
    {Id::kFailedSamples, "xpu_backend_failed_samples_total", kCounter, "", "backend",
     "Measurements that the backend could not take."},
    {Id::kSampleTime, "xpu_backend_sample_timestamp_seconds", kGauge, "seconds", "backend",
     "When the newest values of the backend's devices were measured, since 1970."},
    {Id::kSampleDuration, "xpu_backend_sample_duration_seconds", kGauge, "seconds", "backend",
     "How long the newest measurement took."},

    {Id::kDeviceInfo, "xpu_device_info", kInfo, "",
     "device,vendor,backend,kind,model,uuid,pci,driver,architecture,parent,numa_node",
     "Devices of this host."},
    {Id::kDeviceAvailable, "xpu_device_available", kGauge, "", "device,vendor",
     "1 for a device that containers can get."},
    {Id::kDeviceHealth, "xpu_device_health", kGauge, "", "device,vendor,state",
     "1 for the state that the device is in: ok, degraded or failed. A failed one is not given to "
     "containers."},
    {Id::kDeviceContainers, "xpu_device_containers", kGauge, "", "device,vendor",
     "Containers that hold the device."},
    {Id::kDeviceExclusive, "xpu_device_exclusive", kGauge, "", "device,vendor",
     "1 for a device that one container holds alone."},
    {Id::kDeviceMemorySize, "xpu_device_memory_size_bytes", kGauge, "bytes", "device,vendor",
     "Memory of the device."},
    {Id::kDeviceMemoryUsed, "xpu_device_memory_used_bytes", kGauge, "bytes", "device,vendor",
     "Memory of the device that is in use."},
    {Id::kDeviceUtilisation, "xpu_device_utilisation_ratio", kGauge, "ratio",
     "device,vendor,engine", "Share of the time in which an engine works: compute, memory, ..."},
    {Id::kDeviceTemperature, "xpu_device_temperature_celsius", kGauge, "celsius",
     "device,vendor,sensor", "Temperature."},
    {Id::kDevicePower, "xpu_device_power_watts", kGauge, "watts", "device,vendor",
     "Power that the device draws."},
    {Id::kDevicePowerLimit, "xpu_device_power_limit_watts", kGauge, "watts", "device,vendor",
     "Power that it may draw."},
    {Id::kDeviceEnergy, "xpu_device_energy_joules_total", kCounter, "joules", "device,vendor",
     "Energy that it has used."},
    {Id::kDeviceFan, "xpu_device_fan_ratio", kGauge, "ratio", "device,vendor",
     "Speed of the fan, of what it can do."},
    {Id::kDeviceClock, "xpu_device_clock_hertz", kGauge, "hertz", "device,vendor,domain", "Clock."},
    {Id::kDeviceClockLimit, "xpu_device_clock_limit_hertz", kGauge, "hertz", "device,vendor,domain",
     "The highest that the clock may be."},
    {Id::kDeviceThrottled, "xpu_device_throttled", kGauge, "", "device,vendor,reason",
     "1 while the device is slowed down for this reason."},
    {Id::kDeviceErrors, "xpu_device_errors_total", kCounter, "", "device,vendor,error",
     "Errors that the device has counted, by kind."},
    {Id::kDeviceLinkReceived, "xpu_device_link_received_bytes_total", kCounter, "bytes",
     "device,vendor,link", "What came over a link."},
    {Id::kDeviceLinkTransmitted, "xpu_device_link_transmitted_bytes_total", kCounter, "bytes",
     "device,vendor,link", "What went over a link."},
    {Id::kDeviceEngineTime, "xpu_device_engine_seconds_total", kCounter, "seconds",
     "device,vendor,engine", "Time that an engine has worked."},

    {Id::kContainers, "xpu_containers", kGauge, "", "", "Containers that hold devices."},
    {Id::kContainersDropped, "xpu_containers_dropped", kGauge, "", "",
     "Containers that hold devices and are not shown below, for there are too many."},
    {Id::kContainerDevices, "xpu_container_devices", kGauge, "", XPU_CONTAINER,
     "Devices that the container holds."},
    {Id::kContainerHolds, "xpu_container_device_held", kGauge, "", XPU_CONTAINER ",device,vendor",
     "1 for each device that the container holds."},
    {Id::kContainerLost, "xpu_container_lost_devices", kGauge, "", XPU_CONTAINER,
     "Devices that the container holds and that went away or failed."},
    {Id::kContainerLeaseStart, "xpu_container_lease_start_timestamp_seconds", kGauge, "seconds",
     XPU_CONTAINER, "When the container got its devices, since 1970."},
    {Id::kContainerLeaseTime, "xpu_container_lease_seconds_total", kCounter, "seconds",
     XPU_CONTAINER ",device,vendor", "How long the container has held the device."},
    {Id::kContainerCost, "xpu_container_cost_total", kCounter, "", XPU_CONTAINER ",currency",
     "Price of the devices for that time, in units of the currency, as if it held them alone: what "
     "several hold at once `xpu-runtime cost` shares out among them."},
    {Id::kContainerMemory, "xpu_container_memory_used_bytes", kGauge, "bytes",
     XPU_CONTAINER ",device,vendor", "Memory of the device that the container uses."},
    {Id::kContainerMemoryRegion, "xpu_container_memory_region_bytes", kGauge, "bytes",
     XPU_CONTAINER ",device,vendor,region", "The same by region, in the driver's words."},
    {Id::kContainerUtilisation, "xpu_container_utilisation_ratio", kGauge, "ratio",
     XPU_CONTAINER ",device,vendor,engine",
     "Share of the time in which an engine works for the container."},
    {Id::kContainerEngineTime, "xpu_container_engine_seconds_total", kCounter, "seconds",
     XPU_CONTAINER ",device,vendor,engine", "Time that an engine has worked for the container."},
};

}  // namespace

std::span<const Metric> table() {
  return kTable;
}

const Metric& metric(Id id) {
  return kTable[static_cast<std::size_t>(id)];
}

std::vector<std::string_view> label_names(const Metric& metric) {
  std::vector<std::string_view> out;
  for (std::string_view rest = metric.labels; !rest.empty();) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    out.push_back(rest.substr(0, comma));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return out;
}

const char* to_string(Type type) {
  constexpr const char* kNames[] = {"gauge", "counter", "histogram", "info"};
  return kNames[static_cast<std::size_t>(type)];
}

std::string table_text() {
  std::string out = "| Name | Type | Unit | Labels | Meaning |\n|---|---|---|---|---|\n";
  for (const Metric& one : kTable) {
    out += cat("| `", one.name, "` | ", to_string(one.type), " | ", one.unit, " | ");
    std::string labels;
    for (const std::string_view label : label_names(one)) {
      labels += cat(labels.empty() ? "" : ", ", label);
    }
    out += cat(labels, " | ", one.help, " |\n");
  }
  return out;
}

}  // namespace xpu::metrics
