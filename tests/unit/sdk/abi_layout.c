/* SPDX-License-Identifier: Apache-2.0
 *
 * Pins the layout of every structure of the ABI on 64-bit machines, in C11. abi_layout.cc compiles
 * the same lines as C++20. A change here is a change of the ABI.
 */
#include "xpu/hotplug.h"
#include "xpu/metrics.h"

#ifdef __cplusplus
#define PIN(condition) static_assert(condition, #condition)
#else
#define PIN(condition) _Static_assert(condition, #condition)
#endif
#define AT(type, member, offset) PIN(offsetof(type, member) == (offset))

PIN(XPU_ABI_MAJOR == 1 && XPU_ABI_MINOR == 0);
PIN(sizeof(xpu_status) == 4);
PIN(XPU_OK == 0 && XPU_ABSENT == 1 && XPU_FAILED == 2 && XPU_INVALID == 3);
PIN(XPU_UNSUPPORTED == 4 && XPU_NO_MEMORY == 5);
PIN(XPU_LOG_DEBUG == 0 && XPU_LOG_INFO == 1 && XPU_LOG_WARN == 2 && XPU_LOG_ERROR == 3);
PIN(XPU_KIND_GPU == 1 && XPU_KIND_PARTITION == 2 && XPU_KIND_NPU == 3 && XPU_KIND_ACCELERATOR == 4);
PIN(XPU_DEVICE_NOT_IN_ALL == 1 && XPU_DEVICE_UNAVAILABLE == 2);
PIN(XPU_FILE_LIBRARY == 1 && XPU_FILE_BINARY == 2 && XPU_FILE_DATA == 3);
PIN(XPU_FILE_SOCKET == 4 && XPU_FILE_DIRECTORY == 5);
PIN(XPU_VALID_STAT == 1 && XPU_VALID_LISTING == 2 && XPU_VALID_CONTENT == 3);
PIN(XPU_VALID_SECONDS == 4);

PIN(XPU_COMBINE_LIST == 1 && XPU_COMBINE_BITS == 2 && XPU_EXPAND == 1);

/* The ABI is laid out for machines of 64 bits, the only ones it supports. */
PIN(sizeof(void*) == 8);

AT(xpu_device, struct_size, 0);
AT(xpu_device, kind, 4);
AT(xpu_device, flags, 8);
AT(xpu_device, numa_node, 12);
AT(xpu_device, memory_bytes, 16);
AT(xpu_device, vendor, 24);
AT(xpu_device, index, 32);
AT(xpu_device, uuid, 40);
AT(xpu_device, name, 48);
AT(xpu_device, architecture, 56);
AT(xpu_device, driver, 64);
AT(xpu_device, pci, 72);
AT(xpu_device, parent, 80);
AT(xpu_device, reason, 88);
PIN(sizeof(xpu_device) == 96);

AT(xpu_scope, struct_size, 0);
AT(xpu_scope, reserved, 4);
AT(xpu_scope, vendor, 8);
AT(xpu_scope, device, 16);
AT(xpu_scope, capability, 24);
AT(xpu_scope, item, 32);
AT(xpu_scope, image_lacks, 40);
PIN(sizeof(xpu_scope) == 48);

AT(xpu_node, struct_size, 0);
AT(xpu_node, reserved, 4);
AT(xpu_node, host_path, 8);
AT(xpu_node, container_path, 16);
PIN(sizeof(xpu_node) == 24);

AT(xpu_file, struct_size, 0);
AT(xpu_file, kind, 4);
AT(xpu_file, host_path, 8);
AT(xpu_file, container_path, 16);
AT(xpu_file, soname, 24);
AT(xpu_file, architecture, 32);
AT(xpu_file, links, 40);
PIN(sizeof(xpu_file) == 48);

AT(xpu_env, struct_size, 0);
AT(xpu_env, flags, 4);
AT(xpu_env, name, 8);
AT(xpu_env, value, 16);
PIN(sizeof(xpu_env) == 24);

AT(xpu_value, struct_size, 0);
AT(xpu_value, combine, 4);
AT(xpu_value, name, 8);
AT(xpu_value, value, 16);
PIN(sizeof(xpu_value) == 24);

AT(xpu_text, struct_size, 0);
AT(xpu_text, flags, 4);
AT(xpu_text, path, 8);
AT(xpu_text, content, 16);
PIN(sizeof(xpu_text) == 24);

AT(xpu_note, struct_size, 0);
AT(xpu_note, severity, 4);
AT(xpu_note, text, 8);
PIN(sizeof(xpu_note) == 16);

AT(xpu_image_folder, struct_size, 0);
AT(xpu_image_folder, reserved, 4);
AT(xpu_image_folder, folder, 8);
AT(xpu_image_folder, library, 16);
AT(xpu_image_folder, version, 24);
PIN(sizeof(xpu_image_folder) == 32);

AT(xpu_link, struct_size, 0);
AT(xpu_link, reserved, 4);
AT(xpu_link, path, 8);
AT(xpu_link, target, 16);
PIN(sizeof(xpu_link) == 24);

AT(xpu_condition, struct_size, 0);
AT(xpu_condition, kind, 4);
AT(xpu_condition, path, 8);
AT(xpu_condition, seconds, 16);
PIN(sizeof(xpu_condition) == 24);

AT(xpu_host, struct_size, 0);
AT(xpu_host, abi_major, 4);
AT(xpu_host, abi_minor, 8);
AT(xpu_host, oldest_major, 12);
AT(xpu_host, oldest_minor, 16);
AT(xpu_host, reserved, 20);
AT(xpu_host, ctx, 24);
AT(xpu_host, set_error, 32);
AT(xpu_host, log, 40);
AT(xpu_host, option, 48);
AT(xpu_host, emit_device, 56);
AT(xpu_host, emit_alias, 64);
AT(xpu_host, emit_property, 72);
AT(xpu_host, emit_interconnect, 80);
AT(xpu_host, emit_node, 88);
AT(xpu_host, emit_file, 96);
AT(xpu_host, emit_env, 104);
AT(xpu_host, emit_link, 112);
AT(xpu_host, emit_condition, 120);
AT(xpu_host, emit_capability, 128);
AT(xpu_host, emit_value, 136);
AT(xpu_host, emit_text, 144);
AT(xpu_host, emit_note, 152);
AT(xpu_host, emit_image_folder, 160);
PIN(sizeof(xpu_host) == 168);

AT(xpu_backend, struct_size, 0);
AT(xpu_backend, abi_major, 4);
AT(xpu_backend, abi_minor, 8);
AT(xpu_backend, reserved, 12);
AT(xpu_backend, name, 16);
AT(xpu_backend, version, 24);
AT(xpu_backend, open, 32);
AT(xpu_backend, describe, 40);
AT(xpu_backend, close, 48);
AT(xpu_backend, extension, 56);
PIN(sizeof(xpu_backend) == 64);

PIN(XPU_EVENT_ADDED == 1 && XPU_EVENT_REMOVED == 2 && XPU_EVENT_CHANGED == 3);
PIN(XPU_EVENT_HEALTH == 4 && XPU_EVENT_LOST == 5);
PIN(XPU_HEALTH_OK == 1 && XPU_HEALTH_DEGRADED == 2 && XPU_HEALTH_FAILED == 3);
PIN(XPU_NO_TIMEOUT == 0xffffffffu);
PIN(sizeof(XPU_HOTPLUG_1) == sizeof("xpu.hotplug/1"));
PIN(sizeof(XPU_METRICS_1) == sizeof("xpu.metrics/1"));

AT(xpu_event, struct_size, 0);
AT(xpu_event, kind, 4);
AT(xpu_event, health, 8);
AT(xpu_event, reserved, 12);
AT(xpu_event, time_ns, 16);
AT(xpu_event, device, 24);
AT(xpu_event, reason, 32);
PIN(sizeof(xpu_event) == 40);

AT(xpu_event_sink, struct_size, 0);
AT(xpu_event_sink, ctx, 8);
AT(xpu_event_sink, emit_event, 16);
PIN(sizeof(xpu_event_sink) == 24);

AT(xpu_hotplug_1, struct_size, 0);
AT(xpu_hotplug_1, start, 8);
AT(xpu_hotplug_1, descriptor, 16);
AT(xpu_hotplug_1, dispatch, 24);
AT(xpu_hotplug_1, stop, 32);
PIN(sizeof(xpu_hotplug_1) == 40);

AT(xpu_metric_sink, struct_size, 0);
AT(xpu_metric_sink, ctx, 8);
AT(xpu_metric_sink, emit_value, 16);
AT(xpu_metric_sink, emit_process, 24);
PIN(sizeof(xpu_metric_sink) == 32);

AT(xpu_metrics_1, struct_size, 0);
AT(xpu_metrics_1, start, 8);
AT(xpu_metrics_1, sample, 16);
AT(xpu_metrics_1, stop, 24);
PIN(sizeof(xpu_metrics_1) == 32);

/* Something to link, and proof that a backend can be written in C. */
static xpu_status c_open(const xpu_host* host, void** self) {
  *self = (void*)host;
  return XPU_OK;
}

static xpu_status c_describe(void* self) {
  const xpu_host* host = (const xpu_host*)self;
  xpu_device device = {sizeof(xpu_device), XPU_KIND_NPU, 0, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  device.vendor = "acme";
  device.index = "0";
  device.name = "Acme in C";
  device.uuid = device.architecture = device.driver = device.pci = device.parent = device.reason =
      "";
  return host->emit_device(host->ctx, &device);
}

static void c_close(void* self) {
  (void)self;
}

#ifdef __cplusplus
#define ENTRY cxx_backend_entry
#else
#define ENTRY c_backend_entry
#endif

#ifdef __cplusplus
extern "C"
#endif
    xpu_status
    ENTRY(const xpu_host* host, const xpu_backend** out);
xpu_status ENTRY(const xpu_host* host, const xpu_backend** out) {
  static const xpu_backend table = {
      sizeof(xpu_backend), XPU_ABI_MAJOR, XPU_ABI_MINOR, 0, "in-c", "1", c_open,
      c_describe,          c_close,       NULL};
  (void)host;
  *out = &table;
  return XPU_OK;
}
