/* SPDX-License-Identifier: Apache-2.0
 *
 * A libamd_smi.so whose GPUs are lines of text (conf.h), after the public header amdsmi.h; its ABI
 * is written apart from the backend's own declarations. Built twice: with FAKE_OLD it has the
 * smaller structures of 23.1 and lacks what came later.
 */
#define _GNU_SOURCE
#include "conf.h"

typedef uint32_t amdsmi_status_t;
typedef void* handle;

#ifdef FAKE_OLD
enum { MARKET_NAME = 64 };
#else
enum { MARKET_NAME = 256 };
#endif

typedef struct {
  char market_name[MARKET_NAME];
  uint32_t vendor_id;
  char rest[512];
} amdsmi_asic_info_t;

typedef struct {
  uint64_t correctable_count, uncorrectable_count, deferred_count;
  uint64_t reserved[5];
} amdsmi_error_count_t;

FAKE amdsmi_status_t amdsmi_init(uint64_t flags) {
  read_machine();
  return flags == 2 ? machine.init : 1; /* GPUs alone were asked for */
}

/* One socket for each GPU with all its parts. */
FAKE amdsmi_status_t amdsmi_get_socket_handles(uint32_t* count, handle* sockets) {
  uint32_t found = 0;
  for (unsigned i = 0; i < machine.count; ++i) {
    if (machine.gpus[i].part == 0) {
      if (sockets && found < *count) {
        sockets[found] = &machine.gpus[i];
      }
      ++found;
    }
  }
  *count = found;
  return 0;
}

FAKE amdsmi_status_t amdsmi_get_processor_handles(handle socket, uint32_t* count,
                                                  handle* processors) {
  uint32_t found = 0;
  struct fake_gpu* first = socket;
  for (struct fake_gpu* gpu = first; gpu < machine.gpus + machine.count; ++gpu) {
    if (gpu != first && gpu->part == 0) {
      break;
    }
    if (processors && found < *count) {
      processors[found] = gpu;
    }
    ++found;
  }
  *count = found;
  return 0;
}

FAKE amdsmi_status_t amdsmi_get_gpu_device_bdf(handle processor, uint64_t* bdf) {
  const struct fake_gpu* gpu = processor;
  *bdf = packed(gpu) | (uint64_t)gpu->domain << 16;
  return 0;
}

FAKE amdsmi_status_t amdsmi_get_gpu_asic_info(handle processor, amdsmi_asic_info_t* info) {
  const struct fake_gpu* gpu = processor;
  memset(info, 0x11, sizeof *info);
  snprintf(info->market_name, sizeof info->market_name, "%.*s", MARKET_NAME - 1, gpu->name);
  return gpu->name[0] ? 0 : FAKE_NOT_SUPPORTED;
}

#ifndef FAKE_OLD
FAKE amdsmi_status_t amdsmi_shut_down(void) {
  return 0;
}

FAKE amdsmi_status_t amdsmi_get_gpu_device_uuid(handle processor, unsigned* length, char* uuid) {
  const struct fake_gpu* gpu = processor;
  if (*length < 38) {
    return 1;
  }
  snprintf(uuid, *length, "%s", gpu->uuid);
  return gpu->uuid[0] ? 0 : FAKE_NOT_SUPPORTED;
}

FAKE amdsmi_status_t amdsmi_get_gpu_total_ecc_count(handle processor, amdsmi_error_count_t* count) {
  const struct fake_gpu* gpu = processor;
  memset(count, 0, sizeof *count);
  count->correctable_count = 7;
  count->uncorrectable_count = gpu->errors;
  return gpu->has_errors ? 0 : FAKE_NOT_SUPPORTED;
}

FAKE amdsmi_status_t amdsmi_status_code_to_string(amdsmi_status_t status, const char** text) {
  *text = status == 34 ? "AMDSMI_STATUS_DRIVER_NOT_LOADED - Driver not loaded" : "";
  return 0;
}
#endif
