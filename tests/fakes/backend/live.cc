// SPDX-License-Identifier: Apache-2.0
// A backend with both extensions. The file of its option "file" holds how it is to behave; "ok" is
// good behaviour.
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmath>
#include <stdexcept>
#include <string>

#include "xpu/hotplug.h"
#include "xpu/metrics.h"

namespace {

const xpu_host* host;
const xpu_event_sink* events;
const xpu_metric_sink* metrics;
std::string mode;
int dispatched = 0;

bool is(const char* name) {
  return mode == name;
}

std::string content(const char* option) {
  std::string out;
  if (FILE* file = fopen(host->option(host->ctx, option), "r")) {
    char buffer[256];
    out.assign(buffer, fread(buffer, 1, sizeof buffer, file));
    fclose(file);
  }
  return out;
}

// One byte to the file of option "count", as a sign that something was called.
void sign(char c) {
  const int fd = open(host->option(host->ctx, "count"), O_WRONLY | O_APPEND | O_CREAT, 0600);
  [[maybe_unused]] const ssize_t wrote = write(fd, &c, 1);
  close(fd);
}

[[noreturn]] void sleep_for_ever() {
  for (;;) {
    pause();
  }
}

xpu_status failed(const char* text) {
  host->set_error(host->ctx, XPU_FAILED, text);
  return XPU_FAILED;
}

xpu_status emit(uint32_t kind, uint32_t health, const char* device, const char* reason) {
  xpu_event event{};
  event.struct_size = sizeof event;
  event.kind = kind;
  event.health = health;
  event.device = device;
  event.reason = reason;
  return events->emit_event(events->ctx, &event);
}

xpu_status start_watching(void*, const xpu_event_sink* sink) {
  events = sink;
  sign('s');
  if (is("absent") || is("hotplug-absent")) {
    host->set_error(host->ctx, XPU_ABSENT, "no anvil to watch");
    return XPU_ABSENT;
  }
  if (is("start-fails")) {
    return failed("no socket");
  }
  return is("hotplug-fails") ? failed("no socket") : XPU_OK;
}

int32_t descriptor(void*) {
  if (is("always-readable")) {
    static const int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    return zero;
  }
  return is("bad-descriptor") ? 777 : -1;
}

void emit_garbage() {
  emit(77, 0, "acme:0", "x");
  emit(XPU_EVENT_HEALTH, 9, "acme:0", "x");
  emit(XPU_EVENT_HEALTH, XPU_HEALTH_OK, "", "x");
  emit(XPU_EVENT_ADDED, XPU_HEALTH_OK, "acme:0", "x");
  emit(XPU_EVENT_ADDED, 0, "acme\xff", "x");
  emit(XPU_EVENT_ADDED, 0, "acme:0", "");
  emit(XPU_EVENT_ADDED, 0, "acme:0", std::string(2000, 'a').c_str());
  emit(XPU_EVENT_LOST, 0, "acme:0", "x");
  events->emit_event(events->ctx, nullptr);
}

xpu_status dispatch(void*, uint32_t* next_ms) {
  *next_ms = 200;
  ++dispatched;
  if (is("throws-dispatch")) {
    throw std::runtime_error("surprise");
  } else if (is("crash-dispatch")) {
    signal(SIGSEGV, SIG_DFL);
    raise(SIGSEGV);
  } else if (is("hang-dispatch")) {
    sleep_for_ever();
  } else if (is("slow-dispatch")) {
    sleep(2);
  } else if (is("dispatch-fails")) {
    return failed("the socket broke");
  } else if (is("dispatch-status")) {
    return 4711;
  } else if (is("dispatch-absent")) {
    host->set_error(host->ctx, XPU_ABSENT, "the anvil is gone");
    return XPU_ABSENT;
  } else if (is("always-readable")) {
    sign('d');
    *next_ms = XPU_NO_TIMEOUT;
  } else if (is("opens-more")) {
    [[maybe_unused]] const int fd = open("/dev/null", O_RDONLY);
  } else if (is("flood")) {
    for (int i = 0; i < 200000; ++i) {
      emit(XPU_EVENT_CHANGED, 0, "acme:0", "again and again and again and again");
    }
  } else if (is("garbage") && dispatched == 1) {
    emit_garbage();
    return emit(XPU_EVENT_ADDED, 0, "acme:0", "it came");
  } else if (is("chatty") && dispatched == 1) {
    for (int i = 0; i < 100000; ++i) {
      printf("line %d\n", i);
      host->log(host->ctx, XPU_LOG_WARN, "hello from log");
    }
    fflush(stdout);
  } else if (dispatched == 1) {
    return emit(XPU_EVENT_HEALTH, XPU_HEALTH_FAILED, "acme:0", "the anvil cracked");
  }
  return XPU_OK;
}

void stop_watching(void*) {
  sign('t');
}

xpu_status start_sampling(void*, const xpu_metric_sink* sink) {
  metrics = sink;
  sign('S');
  if (is("absent")) {
    return XPU_ABSENT;
  }
  return is("start-fails") ? failed("no counters") : XPU_OK;
}

void emit_bad_values() {
  const auto value = [](const char* device, const char* key, const char* label, double number) {
    metrics->emit_value(metrics->ctx, device, key, label, number);
  };
  value("", "power", "", 1);
  value(nullptr, "power", "", 1);
  value("acme:0", "colour", "", 1);
  value("acme:0", "power", "x", 1);
  value("acme:0", "utilisation", "COMPUTE", 1);
  value("acme:0", "utilisation", "compute", 1.5);
  value("acme:0", "power", "", NAN);
  value("acme:0", "power", "", -1);
  metrics->emit_process(metrics->ctx, "acme:0", 0, "memory", "", 1);
  metrics->emit_process(metrics->ctx, "acme:0", 1, "power", "", 1);
}

xpu_status sample(void*) {
  if (is("throws-sample")) {
    throw 7;
  } else if (is("hang-sample")) {
    sleep_for_ever();
  } else if (is("sample-fails")) {
    return failed("no answer from the driver");
  } else if (is("bad-values")) {
    emit_bad_values();
  } else if (is("large-sample")) {
    for (int i = 0; i < 4000; ++i) {
      const std::string name = "acme:" + std::to_string(i) + std::string(900, 'x');
      metrics->emit_value(metrics->ctx, name.c_str(), "power", "", 1);
    }
  }
  metrics->emit_value(metrics->ctx, "acme:0", "memory-used", "", 1024);
  return metrics->emit_process(metrics->ctx, "acme:0", 4711, "memory", "", 512);
}

void stop_sampling(void*) {
  sign('T');
}

const void* extension(void*, const char* id) {
  static xpu_hotplug_1 hotplug = {sizeof hotplug, 0,        start_watching,
                                  descriptor,     dispatch, stop_watching};
  static xpu_metrics_1 table = {sizeof table, 0, start_sampling, sample, stop_sampling};
  if (is("no-extension")) {
    return nullptr;
  }
  hotplug.struct_size = is("short-table") ? 16 : sizeof hotplug;
  hotplug.dispatch = is("null-slot") ? nullptr : dispatch;
  if (strcmp(id, XPU_HOTPLUG_1) == 0) {
    return &hotplug;
  }
  return strcmp(id, XPU_METRICS_1) == 0 ? &table : nullptr;
}

xpu_status describe(void*) {
  xpu_condition condition{};
  condition.struct_size = sizeof condition;
  condition.kind = XPU_VALID_CONTENT;
  condition.path = host->option(host->ctx, "watch");
  host->emit_condition(host->ctx, &condition);
  sign('D');
  xpu_device device{};
  device.struct_size = sizeof device;
  device.kind = XPU_KIND_GPU;
  device.numa_node = -1;
  device.vendor = "acme";
  device.index = "0";
  device.name = "Acme Anvil";
  return host->emit_device(host->ctx, &device);
}

xpu_status open_backend(const xpu_host* from, void** self) {
  host = from;
  *self = nullptr;
  mode = content("file");
  return XPU_OK;
}

void close_backend(void*) {
  sign('c');
}

const xpu_backend table = {sizeof table, XPU_ABI_MAJOR, XPU_ABI_MINOR, 0,        "live", "1.0",
                           open_backend, describe,      close_backend, extension};

}  // namespace

extern "C" XPU_EXPORT xpu_status xpu_backend_entry(const xpu_host* from, const xpu_backend** out) {
  *out = &table;
  return from->abi_major == XPU_ABI_MAJOR ? XPU_OK : XPU_UNSUPPORTED;
}
