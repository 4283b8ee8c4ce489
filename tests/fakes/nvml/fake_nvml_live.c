/* SPDX-License-Identifier: Apache-2.0
 *
 * What of the fake NVML changes while it is open, out of two files beside the description.
 *
 * fake-nvml.values, read at each call: "WHERE KEY NUMBER...". WHERE is the index of a GPU, or
 * "0/GI/CI" for a partition of it. What is not there is not supported.
 *   memory-used N   utilisation GPU MEMORY   encoder N   temperature N   power-mw N   ...
 *   clock-SM N  max-clock-SM N    by NVML's number of the clock
 *   ecc-KIND-SPAN N               by NVML's numbers
 *   rows CORRECTED UNCORRECTED PENDING FAILED          retirement-pending N
 *   field-NUMBER-SCOPE N          of nvmlDeviceGetFieldValues; SCOPE is 0 where it has none
 *   process compute|graphics|mps PID BYTES GI CI       use PID TIME_US SM MEMORY ENCODER DECODER
 *   supported-events MASK         lost 1               all calls answer that the GPU is lost
 *   all slow MS                   each call takes so long
 *   all no-v2 1                   lists of processes are there as v3 only, as v1 only with no-v3
 *   all long-v3 1                 v3 has the longer entries of the first drivers of series 535
 *   all wait-status N             what waiting for events returns in place of a timeout
 *
 * fake-nvml.events, to be appended to: "GPU TYPE DATA GI CI", each reported once to whoever has
 * registered the type. GI and CI "-": none. GPU 99: one that NVML does not list.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fake_nvml.h"

static FILE* open_beside(const char* name, const char* mode) {
  char path[8192];
  fake_nvml_path(name, path, sizeof path);
  return fopen(path, mode);
}

/* The `nth` line of these words; what follows them in `rest`. */
static int find_line(const char* where, const char* key, unsigned nth, char* rest, size_t size) {
  char line[512], found_where[64], found_key[64];
  FILE* file = open_beside("fake-nvml.values", "re");
  int found = 0;
  while (file && !found && fgets(line, sizeof line, file)) {
    int length = 0;
    if (sscanf(line, " %63s %63s%n", found_where, found_key, &length) == 2 &&
        strcmp(found_where, where) == 0 && strcmp(found_key, key) == 0 && nth-- == 0) {
      snprintf(rest, size, "%s", line + length);
      found = 1;
    }
  }
  if (file) {
    fclose(file);
  }
  return found;
}

unsigned long long fake_nvml_value(const char* where, const char* key) {
  char rest[512];
  return find_line(where, key, 0, rest, sizeof rest) ? strtoull(rest, NULL, 0) : 0;
}

static int opened;

void fake_nvml_count(int change) {
  opened += change;
  FILE* values = open_beside("fake-nvml.values", "re");
  FILE* file = values ? open_beside("fake-nvml.open", "we") : NULL;
  if (file) {
    fprintf(file, "%d\n", opened);
    fclose(file);
  }
  if (values) {
    fclose(values);
  }
}

#ifndef FAKE_NVML_MINIMAL

static void place_of(const void* device, char* out, size_t size) {
  const struct gpu* gpu = device;
  if (!gpu->is_partition) {
    snprintf(out, size, "%u", gpu->index);
    return;
  }
  const struct partition* part = device;
  for (unsigned i = 0; (gpu = fake_nvml_gpu(i)); ++i) {
    if (part >= gpu->partitions && part < gpu->partitions + MAX_PARTITIONS) {
      snprintf(out, size, "%u/%u/%u", i, part->gpu_instance, part->compute_instance);
    }
  }
}

/* What every call begins with: NVML_OK, or what is wrong with the device or the library. */
static int begin(const void* device, char* where, size_t size) {
  char gpu[16];
  usleep((useconds_t)fake_nvml_value("all", "slow") * 1000);
  if (opened <= 0) {
    return 1; /* uninitialized */
  }
  place_of(device, where, size);
  snprintf(gpu, sizeof gpu, "%u", (unsigned)strtoul(where, NULL, 10));
  return fake_nvml_value(gpu, "lost") ? NVML_GPU_IS_LOST : NVML_OK;
}

static int rest_of(const void* device, const char* key, char* rest, size_t size) {
  char where[64];
  int status = begin(device, where, sizeof where);
  if (status == NVML_OK && !find_line(where, key, 0, rest, size)) {
    status = NVML_NOT_SUPPORTED;
  }
  return status;
}

static int give_big(const void* device, const char* key, unsigned long long* out) {
  char rest[512];
  int status = rest_of(device, key, rest, sizeof rest);
  if (status == NVML_OK) {
    *out = strtoull(rest, NULL, 0);
  }
  return status;
}

static int give(const void* device, const char* key, unsigned* out) {
  unsigned long long value = 0;
  int status = give_big(device, key, &value);
  if (status == NVML_OK) {
    *out = (unsigned)value;
  }
  return status;
}

#define NUMBER(name, key)                    \
  FAKE int name(void* device, unsigned* n) { \
    return give(device, key, n);             \
  }
#define BIG(name, key)                                 \
  FAKE int name(void* device, unsigned long long* n) { \
    return give_big(device, key, n);                   \
  }
#define ENGINE(name, key)                                         \
  FAKE int name(void* device, unsigned* n, unsigned* period_us) { \
    *period_us = 166667;                                          \
    return give(device, key, n);                                  \
  }
#define OF(name, format)                                     \
  FAKE int name(void* device, unsigned which, unsigned* n) { \
    char key[64];                                            \
    snprintf(key, sizeof key, format, which);                \
    return give(device, key, n);                             \
  }

NUMBER(nvmlDeviceGetPowerUsage, "power-mw")
NUMBER(nvmlDeviceGetEnforcedPowerLimit, "power-limit-mw")
NUMBER(nvmlDeviceGetFanSpeed, "fan")
NUMBER(nvmlDeviceGetPcieReplayCounter, "replays")
NUMBER(nvmlDeviceGetRetiredPagesPendingStatus, "retirement-pending")
BIG(nvmlDeviceGetTotalEnergyConsumption, "energy-mj")
BIG(nvmlDeviceGetCurrentClocksThrottleReasons, "slow-reasons")
BIG(nvmlDeviceGetSupportedEventTypes, "supported-events")
ENGINE(nvmlDeviceGetEncoderUtilization, "encoder")
ENGINE(nvmlDeviceGetDecoderUtilization, "decoder")
ENGINE(nvmlDeviceGetJpgUtilization, "jpeg")
ENGINE(nvmlDeviceGetOfaUtilization, "ofa")
OF(nvmlDeviceGetTemperature, "temperature-%u")
OF(nvmlDeviceGetClockInfo, "clock-%u")
OF(nvmlDeviceGetMaxClockInfo, "max-clock-%u")

FAKE int nvmlDeviceGetMemoryInfo(void* device, struct nvml_memory* memory) {
  const struct gpu* gpu = device;
  const struct partition* part = device;
  memory->total = gpu->is_partition ? part->memory : gpu->memory;
  memory->used = 0;
  const int status = give_big(device, "memory-used", &memory->used);
  memory->free = memory->total - memory->used;
  return status == NVML_NOT_SUPPORTED ? NVML_OK : status;
}

/* The driver's own share is apart. */
FAKE int nvmlDeviceGetMemoryInfo_v2(void* device, struct nvml_memory_v2* memory) {
  struct nvml_memory simple;
  if (memory->version != (sizeof *memory | 2u << 24)) {
    return NVML_INVALID_ARGUMENT;
  }
  int status = give_big(device, "memory-reserved", &memory->reserved);
  if (status == NVML_OK) {
    status = nvmlDeviceGetMemoryInfo(device, &simple);
    memory->total = simple.total;
    memory->used = simple.used - memory->reserved;
    memory->free = simple.free;
  }
  return status;
}

FAKE int nvmlDeviceGetUtilizationRates(void* device, struct nvml_utilization* rates) {
  char rest[512];
  int status = rest_of(device, "utilisation", rest, sizeof rest);
  if (status == NVML_OK) {
    sscanf(rest, "%u %u", &rates->gpu, &rates->memory);
  }
  return status;
}

FAKE int nvmlDeviceGetTotalEccErrors(void* device, unsigned kind, unsigned span,
                                     unsigned long long* n) {
  char key[64];
  snprintf(key, sizeof key, "ecc-%u-%u", kind, span);
  return give_big(device, key, n);
}

FAKE int nvmlDeviceGetRemappedRows(void* device, unsigned* corrected, unsigned* uncorrected,
                                   unsigned* pending, unsigned* failed) {
  char rest[512];
  int status = rest_of(device, "rows", rest, sizeof rest);
  if (status == NVML_OK) {
    sscanf(rest, "%u %u %u %u", corrected, uncorrected, pending, failed);
  }
  return status;
}

FAKE int nvmlDeviceGetFieldValues(void* device, int count, struct nvml_field_value* values) {
  for (int i = 0; i < count; ++i) {
    char key[64];
    snprintf(key, sizeof key, "field-%u-%u", values[i].field_id, values[i].scope_id);
    values[i].value.ull = 0;
    values[i].value_type = 3;
    values[i].nvml_return = give_big(device, key, &values[i].value.ull);
    if (values[i].field_id == 82 || values[i].field_id == 91 || values[i].field_id == 230) {
      values[i].value_type = 1;
      values[i].value.ui = (unsigned)values[i].value.ull;
    }
  }
  return count > 0 ? NVML_OK : NVML_INVALID_ARGUMENT;
}

/* Events */

struct event_set {
  unsigned long long types[MAX_GPUS];
  long offset;
};

FAKE int nvmlEventSetCreate(struct event_set** set) {
  *set = calloc(1, sizeof **set);
  return NVML_OK;
}

FAKE int nvmlEventSetFree(struct event_set* set) {
  free(set);
  return NVML_OK;
}

FAKE int nvmlDeviceRegisterEvents(void* device, unsigned long long types, struct event_set* set) {
  unsigned long long supported = 0;
  int status = give_big(device, "supported-events", &supported);
  if (status == NVML_OK && (types & ~supported)) {
    return NVML_INVALID_ARGUMENT;
  }
  if (status == NVML_OK) {
    set->types[((struct gpu*)device)->index] = types;
  }
  return status;
}

static unsigned instance_of(const char* text) {
  return text[0] == '-' ? 0xffffffffu : (unsigned)strtoul(text, NULL, 0);
}

static int next_event(struct event_set* set, FILE* file, struct nvml_event_data* data) {
  static struct gpu unlisted;
  char line[256], gi[16], ci[16];
  unsigned index;
  while (fgets(line, sizeof line, file) && strchr(line, '\n')) {
    set->offset = ftell(file);
    if (sscanf(line, "%u %lli %lli %15s %15s", &index, (long long*)&data->event_type,
               (long long*)&data->event_data, gi, ci) == 5 &&
        (index == 99 || (fake_nvml_gpu(index) && (set->types[index] & data->event_type)))) {
      data->device = index == 99 ? &unlisted : fake_nvml_gpu(index);
      data->gpu_instance_id = instance_of(gi);
      data->compute_instance_id = instance_of(ci);
      return NVML_OK;
    }
  }
  return NVML_TIMEOUT;
}

FAKE int nvmlEventSetWait_v2(struct event_set* set, struct nvml_event_data* data, unsigned ms) {
  usleep((useconds_t)fake_nvml_value("all", "slow") * 1000);
  if (fake_nvml_value("all", "wait-status")) {
    return (int)fake_nvml_value("all", "wait-status");
  }
  FILE* file = open_beside("fake-nvml.events", "re");
  int status = NVML_TIMEOUT;
  if (file) {
    fseek(file, set->offset, SEEK_SET);
    status = next_event(set, file, data);
    fclose(file);
  }
  if (status == NVML_TIMEOUT) {
    usleep(ms * 1000);
  }
  return status;
}

/* Processes */

enum { MAX_PROCESSES = 64 };

/* As NVML answers lists: how many there are when the space does not do. */
static int give_list(const void* device, const char* kind, unsigned* count, char* out,
                     size_t entry) {
  char where[64], rest[512], found_kind[32], memory[32], gi[16], ci[16];
  struct nvml_process_v2 found[MAX_PROCESSES];
  unsigned number = 0;
  int status = begin(device, where, sizeof where);
  if (status != NVML_OK) {
    return status;
  }
  for (unsigned i = 0; number < MAX_PROCESSES && find_line(where, "process", i, rest, sizeof rest);
       ++i) {
    struct nvml_process_v2* to = &found[number];
    if (sscanf(rest, "%31s %u %31s %15s %15s", found_kind, &to->pid, memory, gi, ci) == 5 &&
        strcmp(found_kind, kind) == 0) {
      to->used_memory = strtoull(memory, NULL, 0);
      to->gpu_instance_id = instance_of(gi);
      to->compute_instance_id = instance_of(ci);
      ++number;
    }
  }
  if (*count < number) {
    *count = number;
    return NVML_INSUFFICIENT_SIZE;
  }
  for (unsigned i = 0; i < number; ++i) {
    memset(out + i * entry, 0, entry);
    memcpy(out + i * entry, &found[i], entry < sizeof found[i] ? entry : sizeof found[i]);
  }
  *count = number;
  return NVML_OK;
}

#define LISTS(name, kind)                                                                         \
  FAKE int name##_v2(void* device, unsigned* count, struct nvml_process_v2* out) {                \
    return fake_nvml_value("all", "no-v2")                                                        \
               ? NVML_FUNCTION_NOT_FOUND                                                          \
               : give_list(device, kind, count, (char*)out, sizeof *out);                         \
  }                                                                                               \
  FAKE int name##_v3(void* device, unsigned* count, struct nvml_process_v2* out) {                \
    return fake_nvml_value("all", "no-v3")                                                        \
               ? NVML_FUNCTION_NOT_FOUND                                                          \
               : give_list(device, kind, count, (char*)out,                                       \
                           fake_nvml_value("all", "long-v3") ? sizeof(struct nvml_process_v3_535) \
                                                             : sizeof *out);                      \
  }                                                                                               \
  FAKE int name(void* device, unsigned* count, struct nvml_process_v1* out) {                     \
    return give_list(device, kind, count, (char*)out, sizeof *out);                               \
  }

LISTS(nvmlDeviceGetComputeRunningProcesses, "compute")
LISTS(nvmlDeviceGetGraphicsRunningProcesses, "graphics")
LISTS(nvmlDeviceGetMPSComputeRunningProcesses, "mps")

FAKE int nvmlDeviceGetProcessUtilization(void* device, struct nvml_process_utilization* out,
                                         unsigned* count, unsigned long long since) {
  char where[64], rest[512];
  struct nvml_process_utilization found[MAX_PROCESSES];
  unsigned number = 0;
  int status = begin(device, where, sizeof where);
  for (unsigned i = 0;
       status == NVML_OK && number < MAX_PROCESSES && find_line(where, "use", i, rest, sizeof rest);
       ++i) {
    struct nvml_process_utilization* to = &found[number];
    if (sscanf(rest, "%u %lli %u %u %u %u", &to->pid, (long long*)&to->time_stamp, &to->sm,
               &to->memory, &to->encoder, &to->decoder) == 6 &&
        to->time_stamp > since) {
      ++number;
    }
  }
  if (status == NVML_OK && number == 0) {
    return NVML_NOT_FOUND;
  }
  if (status == NVML_OK && *count < number) {
    *count = number;
    return NVML_INSUFFICIENT_SIZE;
  }
  if (status == NVML_OK) {
    memcpy(out, found, number * sizeof *out);
    *count = number;
  }
  return status;
}

#endif /* FAKE_NVML_MINIMAL */
