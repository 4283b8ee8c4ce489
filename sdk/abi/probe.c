/* SPDX-License-Identifier: Apache-2.0
 *
 * Uses the whole ABI, so that its debug information describes all of it: the entry leads to both
 * tables, and they to every structure; the tables of the extensions have functions of their own. */
#include <xpu/hotplug.h>
#include <xpu/metrics.h>

const xpu_hotplug_1* xpu_probe_hotplug(void) {
  return NULL;
}

const xpu_metrics_1* xpu_probe_metrics(void) {
  return NULL;
}

xpu_status xpu_backend_entry(const xpu_host* host, const xpu_backend** out) {
  (void)host;
  (void)out;
  return XPU_UNSUPPORTED;
}
