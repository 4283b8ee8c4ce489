/* SPDX-License-Identifier: Apache-2.0
 *
 * A librocm_smi64.so whose GPUs are lines of text (conf.h), after the public header rocm_smi.h; its
 * ABI is written apart from the backend's own declarations.
 */
#define _GNU_SOURCE
#include "conf.h"

typedef uint32_t rsmi_status_t;

typedef struct {
  uint64_t correctable_err, uncorrectable_err;
} rsmi_error_count_t;

FAKE rsmi_status_t rsmi_init(uint64_t flags) {
  read_machine();
  return flags == 0 ? machine.init : 1;
}

FAKE rsmi_status_t rsmi_shut_down(void) {
  return 0;
}

FAKE rsmi_status_t rsmi_num_monitor_devices(uint32_t* count) {
  *count = machine.count;
  return 0;
}

FAKE rsmi_status_t rsmi_dev_pci_id_get(uint32_t device, uint64_t* id) {
  const struct fake_gpu* gpu = &machine.gpus[device];
  *id = packed(gpu) | (uint64_t)gpu->part << 28 | (uint64_t)gpu->domain << 32;
  return 0;
}

FAKE rsmi_status_t rsmi_dev_name_get(uint32_t device, char* name, size_t size) {
  snprintf(name, size, "%s", machine.gpus[device].name);
  return machine.gpus[device].name[0] ? 0 : FAKE_NOT_SUPPORTED;
}

/* All errors are those of the memory controller. */
FAKE rsmi_status_t rsmi_dev_ecc_count_get(uint32_t device, uint64_t block,
                                          rsmi_error_count_t* count) {
  const struct fake_gpu* gpu = &machine.gpus[device];
  count->correctable_err = 0;
  count->uncorrectable_err = block == 1 ? gpu->errors : 0;
  return gpu->has_errors && block <= 4 ? 0 : FAKE_NOT_SUPPORTED;
}

FAKE rsmi_status_t rsmi_status_string(rsmi_status_t status, const char** text) {
  *text = status == 8 ? "RSMI_STATUS_INIT_ERROR: An error occurred during initialization" : "";
  return 0;
}
