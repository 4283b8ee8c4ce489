// SPDX-License-Identifier: Apache-2.0
#include "core/metrics/render.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "core/base/error.h"
#include "core/metrics/families.h"

namespace xpu::metrics {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::int64_t kNow = 1'700'003'600'500'000'000;

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    out.push_back(line);
  }
  return out;
}

BackendStatus acme() {
  BackendStatus out;
  out.found.manifest.name = "forge";
  out.state = BackendState::kReady;
  out.catalog.backend = "forge";
  out.catalog.version = "1.5";
  Device device;
  device.id = "acme:0";
  device.vendor = "acme";
  device.index = "0";
  device.uuid = "GPU-1";
  device.name = "Acme \"A1\"";
  device.pci = "0000:01:00.0";
  device.memory_bytes = 24ULL << 30;
  device.driver = "1.2";
  device.numa_node = 0;
  out.catalog.devices.push_back(device);
  device.id = "acme:1";
  device.index = "1";
  device.uuid = "GPU-2";
  device.pci = "";
  device.available = false;
  device.properties = {{"health", "degraded"}};
  out.catalog.devices.push_back(device);
  return out;
}

Record train() {
  Record out;
  out.id = "0123456789abcdef";
  out.runtime_root = "/run/runc";
  out.request = "SECRET_VARIABLE=secret";
  out.bundle = "/secret/bundle";
  out.origin.name = "train";
  out.origin.engine = "docker";
  out.origin.image = "secret.image/x";
  out.created_ns = 1'700'000'000'500'000'000;  // an hour before
  out.created_unix = 1'700'000'000;
  out.held = {{"acme:7", "GPU-1", "", "acme", "Acme A1", 2'500'000, "USD"}};
  return out;
}

Snapshot full() {
  Snapshot out;
  out.time_ns = kNow;
  out.started_ns = 1'700'000'000'000'000'000;
  out.version = "0.1.0";
  out.backends = {acme()};
  out.described_ns["forge"] = 1'700'000'100'000'000'000;
  out.watchers = {{"forge", true, 3, 2}};
  watch::Sample& sample = out.samples["forge"];
  sample.time_ns = 1'700'003'599'250'000'000;
  sample.took_ns = 12'000'000;
  sample.values = {{"GPU-1", "memory-used", "", 1024},
                   {"acme:0", "memory-total", "", 1 << 20},
                   {"0000:01:00.0", "utilisation", "compute", 0.25},
                   {"acme:0", "temperature", "core", -3.5},
                   {"acme:0", "energy", "", 1e9},
                   {"acme:0", "errors", "ecc-corrected", 7},
                   {"acme:9", "power", "", 1},         // is not there
                   {"acme:0", "unknown", "", 1},       // of a newer backend
                   {"acme:0", "memory-used", "", 5}};  // twice, by another name
  out.containers = {train()};
  Attributed uses;
  uses.container = train().id;
  uses.runtime_root = train().runtime_root;
  uses.uses = {{"acme:0", "memory", "", 512},
               {"acme:0", "memory-region", "vram0", 512},
               {"acme:0", "engine-time", "compute", 1.5},
               {"acme:0", "utilisation", "compute", 0.5}};
  out.uses = {uses};
  out.lost = {{train().id, train().runtime_root, "train", "acme:7", "GPU-1", "is gone"}};
  out.runtime.since_ns = out.started_ns;
  out.runtime.starts[{StartResult::kStarted, "acme"}] = 4;
  out.runtime.total.add(0.0003);
  out.runtime.total.add(20);
  out.runtime.caches["forge"] = {3, 1};
  out.runtime.denials[{"environment", true}] = 2;
  out.runtime.denials[{"annotations", false}] = 1;
  out.events[HostEventKind::kHealed] = 2;
  out.server_restarts = 1;
  return out;
}

TEST(Render, SaysWhatThereIs) {
  const std::vector<std::string> text = lines(prometheus_text(full()));
  const std::string container =
      "{container=\"train\",container_id=\"0123456789abcdef\",container_engine=\"docker\"";
  for (const std::string& line : {
           std::string("xpu_runtime_info{version=\"0.1.0\"} 1"),
           std::string("xpu_daemon_start_timestamp_seconds 1700000000"),
           std::string("xpu_snapshot_timestamp_seconds 1700003600.5"),
           std::string("xpu_starts_total{result=\"started\",vendor=\"acme\"} 4"),
           std::string("xpu_starts_total{result=\"failed\"} 0"),
           std::string("xpu_start_duration_seconds_bucket{le=\"0.0001\"} 0"),
           std::string("xpu_start_duration_seconds_bucket{le=\"0.0005\"} 1"),
           std::string("xpu_start_duration_seconds_bucket{le=\"1.0\"} 1"),
           std::string("xpu_start_duration_seconds_bucket{le=\"10.0\"} 1"),
           std::string("xpu_start_duration_seconds_bucket{le=\"+Inf\"} 2"),
           std::string("xpu_start_duration_seconds_sum 20.0003"),
           std::string("xpu_start_duration_seconds_count 2"),
           std::string("xpu_start_step_duration_seconds_count{step=\"plan\"} 0"),
           std::string("xpu_start_denials_total{rule=\"environment\",outcome=\"denied\"} 2"),
           std::string("xpu_start_denials_total{rule=\"annotations\",outcome=\"passed-over\"} 1"),
           std::string("xpu_catalog_cache_requests_total{backend=\"forge\",result=\"hit\"} 3"),
           std::string("xpu_catalog_cache_requests_total{backend=\"forge\",result=\"miss\"} 1"),
           std::string("xpu_events_total{kind=\"healed\"} 2"),
           std::string("xpu_events_total{kind=\"lost\"} 0"),
           std::string("xpu_metrics_server_restarts_total 1"),
           std::string("xpu_backend_info{backend=\"forge\",version=\"1.5\"} 1"),
           std::string("xpu_backend_state{backend=\"forge\",state=\"ready\"} 1"),
           std::string("xpu_backend_state{backend=\"forge\",state=\"failed\"} 0"),
           std::string("xpu_backend_devices{backend=\"forge\"} 2"),
           std::string("xpu_catalog_timestamp_seconds{backend=\"forge\"} 1700000100"),
           std::string("xpu_backend_watcher_up{backend=\"forge\"} 1"),
           std::string("xpu_backend_watcher_restarts_total{backend=\"forge\"} 3"),
           std::string("xpu_backend_failed_samples_total{backend=\"forge\"} 2"),
           std::string("xpu_backend_sample_timestamp_seconds{backend=\"forge\"} 1700003599.25"),
           std::string("xpu_backend_sample_duration_seconds{backend=\"forge\"} 0.012"),
           std::string("xpu_device_info{device=\"acme:0\",vendor=\"acme\",backend=\"forge\",kind="
                       "\"gpu\",model=\"Acme \\\"A1\\\"\",uuid=\"GPU-1\",pci=\"0000:01:00.0\","
                       "driver=\"1.2\",numa_node=\"0\"} 1"),
           std::string("xpu_device_available{device=\"acme:1\",vendor=\"acme\"} 0"),
           std::string("xpu_device_health{device=\"acme:0\",vendor=\"acme\",state=\"ok\"} 1"),
           std::string("xpu_device_health{device=\"acme:1\",vendor=\"acme\",state=\"degraded\"} 1"),
           std::string("xpu_device_health{device=\"acme:1\",vendor=\"acme\",state=\"failed\"} 0"),
           std::string("xpu_device_containers{device=\"acme:0\",vendor=\"acme\"} 1"),
           std::string("xpu_device_containers{device=\"acme:1\",vendor=\"acme\"} 0"),
           std::string("xpu_device_memory_size_bytes{device=\"acme:0\",vendor=\"acme\"} 1048576"),
           std::string(
               "xpu_device_memory_size_bytes{device=\"acme:1\",vendor=\"acme\"} 25769803776"),
           std::string("xpu_device_memory_used_bytes{device=\"acme:0\",vendor=\"acme\"} 1024"),
           std::string("xpu_device_utilisation_ratio{device=\"acme:0\",vendor=\"acme\",engine="
                       "\"compute\"} 0.25"),
           std::string("xpu_device_temperature_celsius{device=\"acme:0\",vendor=\"acme\",sensor="
                       "\"core\"} -3.5"),
           std::string(
               "xpu_device_energy_joules_total{device=\"acme:0\",vendor=\"acme\"} 1000000000"),
           std::string("xpu_device_errors_total{device=\"acme:0\",vendor=\"acme\",error="
                       "\"ecc-corrected\"} 7"),
           std::string("xpu_containers 1"),
           std::string("xpu_containers_dropped 0"),
           "xpu_container_devices" + container + "} 1",
           // The device has another index than when it was given.
           "xpu_container_device_held" + container + ",device=\"acme:0\",vendor=\"acme\"} 1",
           "xpu_container_lost_devices" + container + "} 1",
           "xpu_container_lease_start_timestamp_seconds" + container + "} 1700000000.5",
           "xpu_container_lease_seconds_total" + container +
               ",device=\"acme:0\",vendor=\"acme\"} 3600",
           "xpu_container_cost_total" + container + ",currency=\"USD\"} 2.5",
           "xpu_container_memory_used_bytes" + container +
               ",device=\"acme:0\",vendor=\"acme\"} 512",
           "xpu_container_memory_region_bytes" + container +
               ",device=\"acme:0\",vendor=\"acme\",region=\"vram0\"} 512",
           "xpu_container_engine_seconds_total" + container +
               ",device=\"acme:0\",vendor=\"acme\",engine=\"compute\"} 1.5",
           "xpu_container_utilisation_ratio" + container +
               ",device=\"acme:0\",vendor=\"acme\",engine=\"compute\"} 0.5",
       }) {
    EXPECT_THAT(text, Contains(line));
  }
}

TEST(Render, KeepsToTheOlderFormat) {
  const std::string text = prometheus_text(full());
  EXPECT_THAT(text, StartsWith("# HELP xpu_runtime_info The program that serves this.\n"
                               "# TYPE xpu_runtime_info gauge\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE xpu_starts_total counter\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE xpu_start_duration_seconds histogram\n"));
  EXPECT_THAT(text, Not(HasSubstr("# UNIT")));
  EXPECT_THAT(text, Not(HasSubstr("_created")));
  EXPECT_THAT(text, Not(HasSubstr("# EOF")));
}

TEST(Render, KeepsToOpenMetrics) {
  const std::string text = openmetrics_text(full());
  EXPECT_THAT(text, HasSubstr("# HELP xpu_runtime The program that serves this.\n"
                              "# TYPE xpu_runtime info\nxpu_runtime_info{version=\"0.1.0\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE xpu_device_energy_joules counter\n"
                              "# UNIT xpu_device_energy_joules joules\n"
                              "xpu_device_energy_joules_total{"));
  EXPECT_THAT(text, HasSubstr("xpu_starts_total{result=\"started\",vendor=\"acme\"} 4\n"
                              "xpu_starts_created{result=\"started\",vendor=\"acme\"} "
                              "1700000000\n"));
  EXPECT_THAT(text, HasSubstr("xpu_start_duration_seconds_count 2\n"
                              "xpu_start_duration_seconds_created 1700000000\n"));

  EXPECT_THAT(text, EndsWith("\n# EOF\n"));
}

TEST(Render, NothingOfATenantIsInLabels) {
  for (const std::string& text : {prometheus_text(full()), openmetrics_text(full())}) {
    EXPECT_THAT(text, Not(HasSubstr("ecret")));
    EXPECT_THAT(text, Not(HasSubstr("/run/runc")));
  }
}

TEST(Render, AnEmptyHostIsSaidToo) {
  const std::string text = prometheus_text(Snapshot());
  EXPECT_THAT(text, HasSubstr("\nxpu_containers 0\n"));
  EXPECT_THAT(text, Not(HasSubstr("xpu_device_")));
}

TEST(Render, EscapesWhatPeopleChose) {
  Snapshot snapshot = full();
  snapshot.containers[0].origin.name = "a\"b\\c\nd\x01\xff\xc3\xa9";
  snapshot.containers[0].origin.pod = "x\"} 1\nxpu_evil{a=\"";
  for (const std::string& text : {prometheus_text(snapshot), openmetrics_text(snapshot)}) {
    EXPECT_THAT(text, HasSubstr("xpu_container_devices{container=\"a\\\"b\\\\c\\nd\x01\xef\xbf\xbd"
                                "\xc3\xa9\","));
    EXPECT_THAT(text, HasSubstr("pod=\"x\\\"} 1\\nxpu_evil{a=\\\"\"}"));
    EXPECT_THAT(text, Not(HasSubstr("\nxpu_evil")));
  }
}

TEST(Render, LabelsAreBounded) {
  EXPECT_EQ(label_value(std::string(1000, 'a')), std::string(255, 'a'));
  EXPECT_EQ(label_value(std::string(254, 'a') + "\xc3\xa9"), std::string(254, 'a'));
  EXPECT_EQ(label_value("\xc3"), "\xef\xbf\xbd");
  EXPECT_EQ(label_value("\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(label_value("\xf0\x9f\x9a\x80"), "\xf0\x9f\x9a\x80");
}

TEST(Render, ContainersAreBounded) {
  Snapshot snapshot = full();
  snapshot.containers.clear();
  for (int i = 0; i < 3000; ++i) {
    Record record = train();
    record.id = "c" + std::to_string(i);
    record.origin.name = "n" + std::to_string(i);
    record.created_ns = i == 2999 ? 1 : record.created_ns + i;  // the oldest comes last
    snapshot.containers.push_back(record);
  }
  Record without = train();
  without.held.clear();
  snapshot.containers.push_back(without);
  const std::string text = prometheus_text(snapshot);
  EXPECT_THAT(text, HasSubstr("\nxpu_containers 3000\n"));
  EXPECT_THAT(text, HasSubstr("\nxpu_containers_dropped 2000\n"));
  EXPECT_THAT(text, HasSubstr("xpu_container_devices{container=\"n2999\""));
  EXPECT_THAT(text, HasSubstr("xpu_container_devices{container=\"n998\""));
  EXPECT_THAT(text, Not(HasSubstr("xpu_container_devices{container=\"n999\"")));
  EXPECT_THAT(text, HasSubstr("\nxpu_device_containers{device=\"acme:0\",vendor=\"acme\"} 3000\n"))
      << "all of them count";
}

// Containers of two runtime roots may have one id, and roots are no labels.
TEST(Render, NoSeriesIsThereTwice) {
  Snapshot snapshot = full();
  snapshot.containers.push_back(train());
  snapshot.containers.back().runtime_root = "/run/other";
  snapshot.backends.push_back(snapshot.backends[0]);
  std::vector<std::string> names;
  for (const std::string& line : lines(prometheus_text(snapshot))) {
    names.push_back(line.substr(0, line.rfind(' ')));
  }
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end())
      << *std::adjacent_find(names.begin(), names.end());
}

TEST(Render, AFailedDeviceIsOne) {
  Snapshot snapshot = full();
  snapshot.marks = {{"GPU-1", "acme:0", "forge", true, 1'700'000'000, "it fell off"}};
  EXPECT_THAT(prometheus_text(snapshot),
              HasSubstr("xpu_device_health{device=\"acme:0\",vendor=\"acme\",state=\"failed\"} 1"));
  snapshot.marks[0].failed = false;
  EXPECT_THAT(
      prometheus_text(snapshot),
      AllOf(
          HasSubstr("xpu_device_health{device=\"acme:0\",vendor=\"acme\",state=\"failed\"} 0"),
          HasSubstr("xpu_device_health{device=\"acme:0\",vendor=\"acme\",state=\"degraded\"} 1")));
}

TEST(Render, ABackendFolderHasNoName) {
  Snapshot snapshot = full();
  BackendStatus folder;
  folder.found.is_folder = folder.found.refused = true;
  folder.found.manifest.name = "/srv/backends";
  folder.state = BackendState::kRefused;
  snapshot.backends.push_back(folder);
  EXPECT_THAT(prometheus_text(snapshot), Not(HasSubstr("/srv/backends")));
}

}  // namespace
}  // namespace xpu::metrics
