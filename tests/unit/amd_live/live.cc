// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/amd_live/live.h"

#include <dlfcn.h>
#include <poll.h>
#include <sys/mman.h>

#include <chrono>

#include "core/watch/message.h"

namespace xpu::test {
namespace {

using Clock = std::chrono::steady_clock;

const char* kind_of(std::uint32_t kind) {
  const char* const kinds[] = {"?", "added", "removed", "changed", "health", "lost"};
  return kinds[kind < 6 ? kind : 0];
}

const char* health_of(std::uint32_t health) {
  const char* const words[] = {"", " ok", " degraded", " failed"};
  return words[health < 4 ? health : 0];
}

xpu_status take_event(void* ctx, const xpu_event* event) {
  EXPECT_EQ(event->struct_size, sizeof *event);
  EXPECT_STRNE(event->reason, "");
  EXPECT_EQ(event->kind == XPU_EVENT_HEALTH, event->health != 0);
  static_cast<std::vector<std::string>*>(ctx)->push_back(std::string(kind_of(event->kind)) +
                                                         health_of(event->health) + " " +
                                                         event->device + ": " + event->reason);
  return XPU_OK;
}

// As the host would refuse it.
void check(const std::vector<watch::MetricKey>& keys, const std::string& name, const char* key,
           const char* label, double value) {
  EXPECT_EQ(watch::problem_of(keys, key, label, value), "") << name;
}

xpu_status take_value(void* ctx, const char* device, const char* key, const char* label,
                      double value) {
  const std::string name =
      std::string(device) + " " + key + (*label != 0 ? std::string(" ") + label : "");
  check(watch::device_keys(), name, key, label, value);
  EXPECT_TRUE(static_cast<Live*>(ctx)->values.emplace(name, value).second) << name << " twice";
  return XPU_OK;
}

xpu_status take_process(void* ctx, const char* device, std::int32_t pid, const char* key,
                        const char* label, double value) {
  const std::string name = std::string(device) + " " + std::to_string(pid) + " " + key +
                           (*label != 0 ? std::string(" ") + label : "");
  check(watch::process_keys(), name, key, label, value);
  EXPECT_TRUE(static_cast<Live*>(ctx)->processes.emplace(name, value).second) << name << " twice";
  return XPU_OK;
}

Manifest manifest_of(const std::string& root, const std::map<std::string, std::string>& options) {
  Manifest manifest;
  manifest.name = "amd";
  manifest.library = XPU_AMD_LIBRARY;
  manifest.options = options_of(root, options);
  return manifest;
}

}  // namespace

Live::Live(const std::string& root, const std::map<std::string, std::string>& options)
    : manifest_(manifest_of(root, options)),
      log_(::memfd_create("log", MFD_CLOEXEC)),
      collector_(manifest_, log_) {
  void* library = dlopen(XPU_AMD_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  EXPECT_NE(library, nullptr) << dlerror();
  const auto entry = reinterpret_cast<xpu_backend_entry_fn>(dlsym(library, "xpu_backend_entry"));
  EXPECT_EQ(entry(collector_.host(), &backend_), XPU_OK);
  EXPECT_EQ(backend_->open(collector_.host(), &self_), XPU_OK);
  hotplug_ = static_cast<const xpu_hotplug_1*>(backend_->extension(self_, XPU_HOTPLUG_1));
  metrics_ = static_cast<const xpu_metrics_1*>(backend_->extension(self_, XPU_METRICS_1));
  EXPECT_NE(hotplug_, nullptr);
  EXPECT_NE(metrics_, nullptr);
  event_sink_ = {sizeof event_sink_, 0, &events_, &take_event};
  metric_sink_ = {sizeof metric_sink_, 0, this, &take_value, &take_process};
}

Live::~Live() {
  stop_watching();
  stop_sampling();
  backend_->close(self_);
  ::close(log_);
}

xpu_status Live::start_watching() {
  collector_.begin_call();
  const xpu_status status = hotplug_->start(self_, &event_sink_);
  watching_ = status == XPU_OK;
  return status;
}

void Live::stop_watching() {
  if (watching_) {
    hotplug_->stop(self_);
    watching_ = false;
  }
}

int Live::descriptor() const {
  return hotplug_->descriptor(self_);
}

std::uint32_t Live::dispatch_once() {
  std::uint32_t next_ms = 0;
  const auto before = Clock::now();
  EXPECT_EQ(hotplug_->dispatch(self_, &next_ms), XPU_OK) << error();
  EXPECT_LT(Clock::now() - before, std::chrono::milliseconds(500)) << "it waited for something";
  EXPECT_GE(next_ms, 50u);
  return next_ms;
}

void Live::dispatch(int quiet_ms) {
  do {
    dispatch_once();
    pollfd polled{descriptor(), POLLIN, 0};
    if (::poll(&polled, 1, quiet_ms) <= 0) {
      return;
    }
  } while (true);
}

bool Live::until(const std::function<bool()>& done) {
  const auto end = Clock::now() + std::chrono::seconds(5);
  while (!done()) {
    if (Clock::now() > end) {
      return false;
    }
    const int next_ms = static_cast<int>(dispatch_once());
    if (done()) {
      return true;
    }
    pollfd polled{descriptor(), POLLIN, 0};
    ::poll(&polled, 1, next_ms);
  }
  return true;
}

std::vector<std::string> Live::events() {
  return std::exchange(events_, {});
}

xpu_status Live::start_sampling() {
  collector_.begin_call();
  const xpu_status status = metrics_->start(self_, &metric_sink_);
  sampling_ = status == XPU_OK;
  return status;
}

xpu_status Live::sample() {
  values.clear();
  processes.clear();
  return metrics_->sample(self_);
}

void Live::stop_sampling() {
  if (sampling_) {
    metrics_->stop(self_);
    sampling_ = false;
  }
}

std::vector<std::string> Live::log() {
  return lines_of(log_);
}

void LiveMachine::SetUp() {
  Machine::SetUp();
  if (IsSkipped()) {
    return;
  }
  testbed_ = umockdev_testbed_new();
  // The testbed is all of /sys that this program sees.
  ASSERT_FALSE(std::filesystem::exists("/sys/kernel")) << "the library of umockdev is not loaded";
  machine_.numbers = {{1, 3}};  // a KFD that opens: /dev/null
}

void LiveMachine::TearDown() {
  live_.reset();
  outside::reset();
  g_clear_object(&testbed_);
}

void LiveMachine::start(const std::map<std::string, std::string>& options) {
  make_amd_machine(machine_);
  unsigned card = 0;
  for (const fakes::AmdGpu& gpu : machine_.gpus) {
    const std::string function = plug("pci", gpu.pci, "",
                                      {{"PCI_ID", "1002:740F"},
                                       {"PCI_CLASS", "38000"},
                                       {"DRIVER", "amdgpu"},
                                       {"PCI_SLOT_NAME", gpu.pci}});
    const std::string name = "card" + std::to_string(card++);
    cards_[gpu.pci] =
        plug("drm", name, function, {{"DEVNAME", "dri/" + name}, {"DEVTYPE", "drm_minor"}});
  }
  live_ = std::make_unique<Live>(tree_.path(), options);
  ASSERT_EQ(live_->start_watching(), XPU_OK) << live_->error();
  live_->dispatch();
}

std::string LiveMachine::plug(const std::string& subsystem, const std::string& name,
                              const std::string& parent, const Properties& properties) {
  std::vector<char*> list;
  for (const auto& [key, value] : properties) {
    list.push_back(const_cast<char*>(key.c_str()));
    list.push_back(const_cast<char*>(value.c_str()));
  }
  list.push_back(nullptr);
  char* none[] = {nullptr};
  char* path =
      umockdev_testbed_add_devicev(testbed_, subsystem.c_str(), name.c_str(),
                                   parent.empty() ? nullptr : parent.c_str(), none, list.data());
  std::string out = path == nullptr ? "" : path;
  EXPECT_NE(out, "") << name;
  g_free(path);
  return out;
}

void LiveMachine::tell(const std::string& path, const std::string& action,
                       const Properties& properties) {
  for (const auto& [key, value] : properties) {
    umockdev_testbed_set_property(testbed_, path.c_str(), key.c_str(), value.c_str());
  }
  umockdev_testbed_uevent(testbed_, path.c_str(), action.c_str());
}

}  // namespace xpu::test
