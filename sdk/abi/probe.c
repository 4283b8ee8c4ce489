/* SPDX-License-Identifier: Apache-2.0
 *
 * Uses the whole ABI, so that its debug information describes all of it: the entry leads to both
 * tables, and they to every structure. */
#include <xpu/backend.h>

xpu_status xpu_backend_entry(const xpu_host* host, const xpu_backend** out) {
  (void)host;
  (void)out;
  return XPU_UNSUPPORTED;
}
