/* SPDX-License-Identifier: Apache-2.0
 *
 * A libnvidia-ml.so.1 whose GPUs are lines of text. The description is the file that XPU_FAKE_NVML
 * names, else "fake-nvml.conf" beside the library; without one the driver is "not loaded".
 *
 *   driver 550.163.01          cuda 12040            init 0        (what nvmlInit_v2 returns)
 *   gpu 00000000:65:00.0       begins a GPU; the lines after it describe it
 *   uuid GPU-...   name ...    brand 14   memory 42949672960   capability 8.0   minor 0
 *   mig on|off                 not given: the GPU cannot be partitioned
 *   partition SLOT GI CI UUID BYTES NAME...              link N PEER-BUS-ID
 *   slices SLOT GI CI          of a partition, where not after its memory
 *   no-minor                   nobody knows the number of its node
 *   lost                       its handle cannot be had
 *   ancestor A B LEVEL         of two GPUs, anywhere
 *
 * What changes while it is open is in two more files beside the description; see fake_nvml_live.c.
 *
 * Built twice: with FAKE_NVML_MINIMAL it lacks every function that a GPU can be counted without.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_nvml.h"

static struct {
  char driver[80];
  int cuda, init;
  unsigned gpu_count;
  struct gpu gpus[MAX_GPUS];
  unsigned pair_count;
  unsigned pairs[MAX_PAIRS][3];
} machine;

static void description_path(char* path, size_t size) {
  const char* named = getenv("XPU_FAKE_NVML");
  Dl_info self;
  if (named) {
    snprintf(path, size, "%s", named);
  } else if (dladdr((void*)&machine, &self) && self.dli_fname) {
    const char* slash = strrchr(self.dli_fname, '/');
    snprintf(path, size, "%.*s/fake-nvml.conf", slash ? (int)(slash - self.dli_fname) : 1,
             slash ? self.dli_fname : ".");
  } else {
    path[0] = 0;
  }
}

void fake_nvml_path(const char* name, char* path, size_t size) {
  char description[4096];
  description_path(description, sizeof description);
  const char* slash = strrchr(description, '/');
  snprintf(path, size, "%.*s/%s", slash ? (int)(slash - description) : 1, slash ? description : ".",
           name);
}

struct gpu* fake_nvml_gpu(unsigned index) {
  return index < machine.gpu_count ? &machine.gpus[index] : NULL;
}

static void read_slices(struct gpu* gpu, const char* line) {
  unsigned slot, gpu_slices, compute_slices;
  if (sscanf(line, " slices %u %u %u", &slot, &gpu_slices, &compute_slices) != 3) {
    return;
  }
  for (unsigned i = 0; i < gpu->partition_count; ++i) {
    if (gpu->partitions[i].slot == slot) {
      gpu->partitions[i].gpu_slices = gpu_slices;
      gpu->partitions[i].compute_slices = compute_slices;
    }
  }
}

static void read_gpu_line(struct gpu* gpu, const char* line) {
  char state[8];
  unsigned number;
  sscanf(line, " uuid %95s", gpu->uuid);
  sscanf(line, " name %95[^\n]", gpu->name);
  sscanf(line, " brand %u", &gpu->brand);
  sscanf(line, " memory %llu", &gpu->memory);
  sscanf(line, " capability %d.%d", &gpu->major_capability, &gpu->minor_capability);
  sscanf(line, " minor %u", &gpu->minor);
  if (sscanf(line, " mig %7s", state) == 1) {
    gpu->mig = strcmp(state, "on") == 0;
  }
  if (strncmp(line, "lost", 4) == 0) {
    gpu->lost = 1;
  }
  if (strncmp(line, "no-minor", 8) == 0) {
    gpu->no_minor = 1;
  }
  read_slices(gpu, line);
  if (sscanf(line, " link %u", &number) == 1 && number < MAX_LINKS) {
    sscanf(line, " link %*u %31s", gpu->links[number]);
  }
  struct partition* part = &gpu->partitions[gpu->partition_count];
  if (gpu->partition_count < MAX_PARTITIONS &&
      sscanf(line, " partition %u %u %u %95s %llu %95[^\n]", &part->slot, &part->gpu_instance,
             &part->compute_instance, part->uuid, &part->memory, part->name) >= 5) {
    part->is_partition = 1;
    ++gpu->partition_count;
  }
}

static void read_line(const char* line) {
  char bus_id[32];
  if (sscanf(line, " gpu %31s", bus_id) == 1 && machine.gpu_count < MAX_GPUS) {
    struct gpu* gpu = &machine.gpus[machine.gpu_count];
    snprintf(gpu->bus_id, sizeof gpu->bus_id, "%s", bus_id);
    gpu->index = gpu->minor = machine.gpu_count++;
    gpu->mig = -1;
    return;
  }
  sscanf(line, " driver %79s", machine.driver);
  sscanf(line, " cuda %d", &machine.cuda);
  sscanf(line, " init %d", &machine.init);
  unsigned* pair = machine.pairs[machine.pair_count];
  if (machine.pair_count < MAX_PAIRS &&
      sscanf(line, " ancestor %u %u %u", &pair[0], &pair[1], &pair[2]) == 3) {
    ++machine.pair_count;
  }
  if (machine.gpu_count > 0) {
    read_gpu_line(&machine.gpus[machine.gpu_count - 1], line);
  }
}

FAKE int nvmlInit_v2(void) {
  char path[4096], line[512];
  memset(&machine, 0, sizeof machine);
  description_path(path, sizeof path);
  FILE* file = fopen(path, "re");
  if (!file) {
    return NVML_DRIVER_NOT_LOADED;
  }
  while (fgets(line, sizeof line, file)) {
    read_line(line);
  }
  fclose(file);
  if (machine.init == NVML_OK) {
    fake_nvml_count(1);
  }
  return machine.init;
}

FAKE int nvmlDeviceGetCount_v2(unsigned* count) {
  *count = machine.gpu_count;
  return NVML_OK;
}

FAKE int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  if (index >= machine.gpu_count) {
    return NVML_INVALID_ARGUMENT;
  }
  char where[16];
  snprintf(where, sizeof where, "%u", index);
  *device = &machine.gpus[index];
  return machine.gpus[index].lost || fake_nvml_value(where, "lost") ? NVML_GPU_IS_LOST : NVML_OK;
}

#ifndef FAKE_NVML_MINIMAL

static struct gpu* as_gpu(void* device) {
  struct gpu* gpu = device;
  return gpu->is_partition ? NULL : gpu;
}

static struct partition* as_partition(void* device) {
  struct partition* part = device;
  return part->is_partition ? part : NULL;
}

static int give_text(const char* text, char* out, unsigned size) {
  if (!text[0]) {
    return NVML_NOT_SUPPORTED;
  }
  if (strlen(text) >= size) {
    return NVML_INSUFFICIENT_SIZE;
  }
  strcpy(out, text);
  return NVML_OK;
}

FAKE int nvmlShutdown(void) {
  fake_nvml_count(-1);
  return NVML_OK;
}

FAKE const char* nvmlErrorString(int status) {
  switch (status) {
    case NVML_DRIVER_NOT_LOADED:
      return "Driver Not Loaded";
    case NVML_GPU_IS_LOST:
      return "GPU is lost";
    case NVML_VERSION_MISMATCH:
      return "Driver/library version mismatch";
    default:
      return "Unknown Error";
  }
}

FAKE int nvmlSystemGetDriverVersion(char* out, unsigned size) {
  return give_text(machine.driver, out, size);
}

FAKE int nvmlSystemGetCudaDriverVersion_v2(int* version) {
  *version = machine.cuda;
  return machine.cuda ? NVML_OK : NVML_NOT_SUPPORTED;
}

FAKE int nvmlDeviceGetUUID(void* device, char* out, unsigned size) {
  struct partition* part = as_partition(device);
  return give_text(part ? part->uuid : as_gpu(device)->uuid, out, size);
}

FAKE int nvmlDeviceGetName(void* device, char* out, unsigned size) {
  struct partition* part = as_partition(device);
  return give_text(part ? part->name : as_gpu(device)->name, out, size);
}

FAKE int nvmlDeviceGetBrand(void* device, unsigned* brand) {
  *brand = as_gpu(device)->brand;
  return NVML_OK;
}

FAKE int nvmlDeviceGetMinorNumber(void* device, unsigned* minor) {
  *minor = as_gpu(device)->minor;
  return as_gpu(device)->no_minor ? NVML_NOT_SUPPORTED : NVML_OK;
}

FAKE int nvmlDeviceGetPciInfo_v3(void* device, struct nvml_pci_info* info) {
  snprintf(info->bus_id, sizeof info->bus_id, "%s", as_gpu(device)->bus_id);
  return NVML_OK;
}

FAKE int nvmlDeviceGetCudaComputeCapability(void* device, int* major, int* minor) {
  *major = as_gpu(device)->major_capability;
  *minor = as_gpu(device)->minor_capability;
  return *major ? NVML_OK : NVML_NOT_SUPPORTED;
}

FAKE int nvmlDeviceGetMigMode(void* device, unsigned* current, unsigned* pending) {
  if (as_gpu(device)->mig < 0) {
    return NVML_NOT_SUPPORTED;
  }
  *current = *pending = (unsigned)as_gpu(device)->mig;
  return NVML_OK;
}

FAKE int nvmlDeviceGetMaxMigDeviceCount(void* device, unsigned* count) {
  *count = as_gpu(device)->mig < 0 ? 0 : 7;
  return NVML_OK;
}

FAKE int nvmlDeviceGetMigDeviceHandleByIndex(void* device, unsigned index, void** out) {
  struct gpu* gpu = as_gpu(device);
  for (unsigned i = 0; i < gpu->partition_count; ++i) {
    if (gpu->partitions[i].slot == index) {
      *out = &gpu->partitions[i];
      return NVML_OK;
    }
  }
  return NVML_NOT_FOUND;
}

FAKE int nvmlDeviceGetGpuInstanceId(void* device, unsigned* id) {
  struct partition* part = as_partition(device);
  *id = part ? part->gpu_instance : 0;
  return part ? NVML_OK : NVML_INVALID_ARGUMENT;
}

FAKE int nvmlDeviceGetComputeInstanceId(void* device, unsigned* id) {
  struct partition* part = as_partition(device);
  *id = part ? part->compute_instance : 0;
  return part ? NVML_OK : NVML_INVALID_ARGUMENT;
}

FAKE int nvmlDeviceGetAttributes_v2(void* device, struct nvml_attributes* out) {
  struct partition* part = as_partition(device);
  if (!part) {
    return NVML_INVALID_ARGUMENT;
  }
  memset(out, 0, sizeof *out);
  out->memory_mib = part->memory >> 20;
  out->gpu_instance_slices = out->compute_instance_slices =
      (unsigned)((part->memory + (1ull << 30)) / (5ull << 30));
  if (part->gpu_slices) {
    out->gpu_instance_slices = part->gpu_slices;
    out->compute_instance_slices = part->compute_slices;
  }
  return NVML_OK;
}

FAKE int nvmlDeviceGetNvLinkState(void* device, unsigned link, unsigned* active) {
  *active = link < MAX_LINKS && as_gpu(device)->links[link][0];
  return NVML_OK;
}

FAKE int nvmlDeviceGetNvLinkRemotePciInfo_v2(void* device, unsigned link,
                                             struct nvml_pci_info* info) {
  if (link >= MAX_LINKS) {
    return NVML_INVALID_ARGUMENT;
  }
  snprintf(info->bus_id, sizeof info->bus_id, "%s", as_gpu(device)->links[link]);
  return NVML_OK;
}

FAKE int nvmlDeviceGetTopologyCommonAncestor(void* a, void* b, unsigned* level) {
  for (unsigned i = 0; i < machine.pair_count; ++i) {
    const unsigned* pair = machine.pairs[i];
    if (pair[0] == as_gpu(a)->index && pair[1] == as_gpu(b)->index) {
      *level = pair[2];
      return NVML_OK;
    }
  }
  return NVML_NOT_SUPPORTED;
}

#endif /* FAKE_NVML_MINIMAL */
