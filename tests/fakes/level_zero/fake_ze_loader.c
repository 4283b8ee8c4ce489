/* SPDX-License-Identifier: Apache-2.0
 *
 * A libze_loader.so.1 whose devices are lines of text. The description is the file that
 * XPU_FAKE_ZE names, else "fake-ze.conf" beside the library; without one there is no driver.
 *
 *   init 0                     what zesInit returns
 *   device 0000:03:00.0        begins a device; the lines after it describe it
 *   id e20b   name ...   model ...   uuid 32 hex digits   serial ...
 *   integrated   tiles 2   reset 1   cores SLICES SUBSLICES
 *   memory BYTES HEALTH [FREE] local memory; its size stands in the state only where BYTES begin
 *                              with '~'
 *   system BYTES               memory of the host
 *   mute                       its properties cannot be had
 *   engine GROUP TILE ACTIVE TIMESTAMP
 *                              microseconds; TILE -1 for the whole device
 *   ras TYPE COUNT...          seven of them
 *
 * States, activities and counts are read anew at each question, from a file with the same lines;
 * without a file the device is lost.
 *
 * Built twice: with FAKE_ZE_OLD it is a loader from before zesInit.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi.h"

enum { MAX_DEVICES = 32, MAX_MEMORIES = 4, MAX_ENGINES = 16, MAX_SETS = 4 };

struct memory {
  int local, only_state;
  unsigned long long bytes, free;
  unsigned health;
};

struct engine {
  unsigned group;
  int tile;
  unsigned long long active, timestamp;
};

struct set {
  unsigned type;
  unsigned long long counts[7];
};

struct device {
  unsigned domain, bus, slot, function;
  unsigned id, tiles, reset, slices, subslices;
  int integrated, mute;
  char name[256], model[64], serial[64];
  unsigned char uuid[16];
  unsigned memory_count;
  struct memory memories[MAX_MEMORIES];
  unsigned engine_count, set_count;
  struct engine engines[MAX_ENGINES];
  struct set sets[MAX_SETS];
};

static struct {
  unsigned init, count;
  int ready;
  struct device devices[MAX_DEVICES];
} machine;

static void description_path(char* path, size_t size) {
  const char* named = getenv("XPU_FAKE_ZE");
  Dl_info self;
  path[0] = 0;
  if (named) {
    snprintf(path, size, "%s", named);
  } else if (dladdr((void*)&machine, &self) && self.dli_fname) {
    const char* slash = strrchr(self.dli_fname, '/');
    snprintf(path, size, "%.*s/fake-ze.conf", slash ? (int)(slash - self.dli_fname) : 1,
             slash ? self.dli_fname : ".");
  }
}

static void read_memory(struct device* device, const char* line) {
  struct memory* memory = &device->memories[device->memory_count];
  if (device->memory_count == MAX_MEMORIES) {
    return;
  }
  if (sscanf(line, " memory ~%llu %u %llu", &memory->bytes, &memory->health, &memory->free) >= 2) {
    memory->local = memory->only_state = 1;
  } else if (sscanf(line, " memory %llu %u %llu", &memory->bytes, &memory->health, &memory->free) >=
             2) {
    memory->local = 1;
  } else if (sscanf(line, " system %llu", &memory->bytes) != 1) {
    return;
  }
  ++device->memory_count;
}

static void read_part(struct device* device, const char* line) {
  struct engine* engine = &device->engines[device->engine_count];
  struct set* set = &device->sets[device->set_count];
  unsigned long long* to = set->counts;
  if (device->engine_count < MAX_ENGINES &&
      sscanf(line, " engine %u %d %llu %llu", &engine->group, &engine->tile, &engine->active,
             &engine->timestamp) == 4) {
    ++device->engine_count;
  } else if (device->set_count < MAX_SETS &&
             sscanf(line, " ras %u %llu %llu %llu %llu %llu %llu %llu", &set->type, to, to + 1,
                    to + 2, to + 3, to + 4, to + 5, to + 6) == 8) {
    ++device->set_count;
  }
}

static void read_device_line(struct device* device, const char* line) {
  char hex[33];
  sscanf(line, " id %x", &device->id);
  sscanf(line, " name %255[^\n]", device->name);
  sscanf(line, " model %63[^\n]", device->model);
  sscanf(line, " serial %63[^\n]", device->serial);
  sscanf(line, " tiles %u", &device->tiles);
  sscanf(line, " reset %u", &device->reset);
  sscanf(line, " cores %u %u", &device->slices, &device->subslices);
  device->integrated |= strncmp(line, "integrated", 10) == 0;
  device->mute |= strncmp(line, "mute", 4) == 0;
  if (sscanf(line, " uuid %32[0-9a-f]", hex) == 1) {
    for (int i = 0; i < 16; ++i) {
      unsigned byte = 0;
      sscanf(hex + 2 * i, "%2x", &byte);
      device->uuid[i] = (unsigned char)byte;
    }
  }
  read_memory(device, line);
  read_part(device, line);
}

static void read_line(const char* line) {
  struct device* next = &machine.devices[machine.count];
  if (machine.count < MAX_DEVICES && sscanf(line, " device %x:%x:%x.%x", &next->domain, &next->bus,
                                            &next->slot, &next->function) == 4) {
    ++machine.count;
    return;
  }
  sscanf(line, " init %x", &machine.init);
  if (machine.count > 0) {
    read_device_line(&machine.devices[machine.count - 1], line);
  }
}

/* Handles are addresses inside `machine`, and stay what they were while lines keep their order. */
static int read_machine(void) {
  char path[4096], line[512];
  const int ready = machine.ready;
  description_path(path, sizeof path);
  FILE* file = fopen(path, "re");
  if (!file) {
    return 0;
  }
  memset(&machine, 0, sizeof machine);
  machine.ready = ready;
  while (fgets(line, sizeof line, file)) {
    read_line(line);
  }
  fclose(file);
  return 1;
}

static unsigned start(void) {
  if (!read_machine()) {
    return ZE_UNINITIALIZED;
  }
  machine.ready = machine.init == ZE_OK;
  return machine.init;
}

#ifndef FAKE_ZE_OLD

FAKE unsigned zesInit(unsigned flags) {
  return flags == 0 ? start() : ZE_UNSUPPORTED;
}

FAKE unsigned zesDriverGet(uint32_t* count, void** drivers) {
  if (!machine.ready) {
    return ZE_UNINITIALIZED;
  }
  if (drivers && *count > 0) {
    drivers[0] = &machine;
  }
  *count = 1;
  return ZE_OK;
}

FAKE unsigned zesDeviceGet(void* driver, uint32_t* count, void** devices) {
  if (driver != &machine) {
    return ZE_INVALID_NULL;
  }
  for (uint32_t i = 0; devices && i < *count && i < machine.count; ++i) {
    devices[i] = &machine.devices[i];
  }
  *count = machine.count;
  return ZE_OK;
}

#else

FAKE unsigned zeInit(unsigned flags) {
  return flags == 0 ? start() : ZE_UNSUPPORTED;
}

#endif

FAKE unsigned zesDeviceGetProperties(void* handle, struct zes_device_properties* out) {
  const struct device* device = handle;
  if (out->stype != ZES_DEVICE_PROPERTIES || device->mute) {
    return ZE_UNSUPPORTED;
  }
  out->core.type = 1;
  out->core.vendor = 0x8086;
  out->core.device = device->id;
  out->core.flags = device->integrated ? 1 : 0;
  out->core.subslices = device->subslices;
  out->core.slices = device->slices;
  memcpy(out->core.uuid, device->uuid, sizeof device->uuid);
  snprintf(out->core.name, sizeof out->core.name, "%s", device->name);
  out->subdevices = device->tiles;
  snprintf(out->model, sizeof out->model, "%s", device->model[0] ? device->model : "unknown");
  snprintf(out->serial, sizeof out->serial, "%s", device->serial[0] ? device->serial : "unknown");
  return ZE_OK;
}

FAKE unsigned zesDevicePciGetProperties(void* handle, struct zes_pci_properties* out) {
  const struct device* device = handle;
  if (out->stype != ZES_PCI_PROPERTIES) {
    return ZE_UNSUPPORTED;
  }
  out->domain = device->domain;
  out->bus = device->bus;
  out->device = device->slot;
  out->function = device->function;
  return ZE_OK;
}

FAKE unsigned zesDeviceGetState(void* handle, struct zes_device_state* out) {
  if (out->stype != ZES_DEVICE_STATE) {
    return ZE_UNSUPPORTED;
  }
  out->reset = ((const struct device*)handle)->reset;
  return ZE_OK;
}

FAKE unsigned zesDeviceEnumMemoryModules(void* handle, uint32_t* count, void** modules) {
  struct device* device = handle;
  for (uint32_t i = 0; modules && i < *count && i < device->memory_count; ++i) {
    modules[i] = &device->memories[i];
  }
  *count = device->memory_count;
  return ZE_OK;
}

FAKE unsigned zesMemoryGetProperties(void* handle, struct zes_mem_properties* out) {
  const struct memory* memory = handle;
  if (out->stype != ZES_MEM_PROPERTIES) {
    return ZE_UNSUPPORTED;
  }
  out->location = memory->local ? 1 : 0;
  out->physical = memory->only_state ? 0 : memory->bytes;
  return ZE_OK;
}

FAKE unsigned zesMemoryGetState(void* handle, struct zes_mem_state* out) {
  const struct memory* memory = handle;
  if (out->stype != ZES_MEM_STATE) {
    return ZE_UNSUPPORTED;
  }
  if (!read_machine()) {
    return ZE_LOST;
  }
  out->health = memory->health;
  out->free = memory->free;
  out->size = memory->bytes;
  return ZE_OK;
}

FAKE unsigned zesDeviceEnumEngineGroups(void* handle, uint32_t* count, void** engines) {
  struct device* device = handle;
  for (uint32_t i = 0; engines && i < *count && i < device->engine_count; ++i) {
    engines[i] = &device->engines[i];
  }
  *count = device->engine_count;
  return ZE_OK;
}

FAKE unsigned zesEngineGetProperties(void* handle, struct zes_part_properties* out) {
  const struct engine* engine = handle;
  if (out->stype != ZES_ENGINE_PROPERTIES) {
    return ZE_UNSUPPORTED;
  }
  out->type = engine->group;
  out->on_subdevice = engine->tile >= 0;
  out->subdevice = engine->tile >= 0 ? (uint32_t)engine->tile : 0;
  return ZE_OK;
}

FAKE unsigned zesEngineGetActivity(void* handle, struct zes_engine_stats* out) {
  const struct engine* engine = handle;
  if (!read_machine()) {
    return ZE_LOST;
  }
  out->active = engine->active;
  out->timestamp = engine->timestamp;
  return ZE_OK;
}

FAKE unsigned zesDeviceEnumRasErrorSets(void* handle, uint32_t* count, void** sets) {
  struct device* device = handle;
  for (uint32_t i = 0; sets && i < *count && i < device->set_count; ++i) {
    sets[i] = &device->sets[i];
  }
  *count = device->set_count;
  return ZE_OK;
}

FAKE unsigned zesRasGetProperties(void* handle, struct zes_part_properties* out) {
  if (out->stype != ZES_RAS_PROPERTIES) {
    return ZE_UNSUPPORTED;
  }
  out->type = ((const struct set*)handle)->type;
  return ZE_OK;
}

FAKE unsigned zesRasGetState(void* handle, uint8_t clear, struct zes_ras_state* out) {
  const struct set* set = handle;
  if (out->stype != ZES_RAS_STATE || clear) {
    return ZE_UNSUPPORTED;
  }
  if (!read_machine()) {
    return ZE_LOST;
  }
  memcpy(out->category, set->counts, sizeof set->counts);
  return ZE_OK;
}
