/* SPDX-License-Identifier: Apache-2.0
 *
 * Extension "xpu.metrics/1": a backend that measures its devices and knows the processes on them.
 *
 * Life
 *   xpu_backend.extension(self, "xpu.metrics/1") after open(), in the process of xpu/hotplug.h
 * where the backend has both. start(), then sample() on the clock of the host (every 5 s by
 * default), then stop(), then close(). A sample() may take long: its values are old then, which is
 * shown. One that takes longer than the deadline (60 s by default) ends with its process.
 *
 * Values
 *   What is not known is not emitted: zero is a measured zero. Keys, their units and labels are
 *   those of the table; another key is refused. A label is "" where the table names none, and
 *   otherwise [a-z0-9][a-z0-9._-]*, at most 32 bytes, the same from sample to sample: it becomes
 *   part of a time series. At most 64 labels of one key and device.
 *
 *   key               unit           label
 *   memory-total      bytes          -
 *   memory-used       bytes          -
 *   utilisation       ratio, 0 to 1  engine: "compute", "memory", "encode", "decode", "copy",
 *                                    "render", "media", or the driver's word
 *   temperature       degrees C      sensor: "core", "memory", "hotspot", ...
 *   power             watts          -
 *   power-limit       watts          -
 *   fan               ratio, 0 to 1  -
 *   clock             hertz          domain: "compute", "memory", "media", ...
 *   clock-limit       hertz          domain
 *   throttled         0 or 1         reason: "thermal", "power", "hardware", "software", ...
 *   Counters, which only grow, except that a reset of the device sets them back:
 *   energy            joules         -
 *   errors            events         kind: "ecc-corrected", "ecc-uncorrected", "pcie-replay", ...
 *   link-received     bytes          link: "pcie", "nvlink0", "xgmi1", ...
 *   link-transmitted  bytes          link
 *   engine-time       seconds        engine
 *
 *   Of processes, by their number in the host's (the initial) namespace of processes:
 *   memory            bytes          -
 *   utilisation       ratio, 0 to 1  engine
 *   engine-time       seconds        engine; a counter
 *   The kernel's own accounts of processes (fdinfo of DRM) are read by the runtime: a backend whose
 *   driver keeps them emits no process.
 */
#ifndef XPU_METRICS_H
#define XPU_METRICS_H

#include "backend.h"

#ifdef __cplusplus
extern "C" {
#endif

#define XPU_METRICS_1 "xpu.metrics/1"

/* What the host offers to sample(), valid until stop() returns. Each function checks and copies at
 * once and returns XPU_OK, XPU_INVALID or XPU_NO_MEMORY, with the reason kept as by set_error:
 * leave the value out and go on. Only to be called from within sample(). */
typedef struct xpu_metric_sink {
  uint32_t struct_size;
  uint32_t reserved;
  void* ctx;
  /* `device`: "<vendor>:<index>", UUID or PCI address, as in describe(). `value` is finite and not
   * negative, except for temperature. */
  xpu_status (*emit_value)(void* ctx, const char* device, const char* key, const char* label,
                           double value);
  /* The same of one process on the device. At most 4,096 processes in one sample. */
  xpu_status (*emit_process)(void* ctx, const char* device, int32_t pid, const char* key,
                             const char* label, double value);
} xpu_metric_sink;

typedef struct xpu_metrics_1 {
  uint32_t struct_size;
  uint32_t reserved;
  /* Opens what sample() needs. XPU_ABSENT: nothing can be measured here. */
  xpu_status (*start)(void* self, const xpu_metric_sink* sink);
  /* Emits everything as of now. A failure is said and tried again at the next sample. */
  xpu_status (*sample)(void* self);
  /* Called once after a start() that returned XPU_OK. */
  void (*stop)(void* self);
} xpu_metrics_1;

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* XPU_METRICS_H */
