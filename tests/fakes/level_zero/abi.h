/* SPDX-License-Identifier: Apache-2.0
 *
 * Level Zero Sysman's ABI as the fake serves it, written apart from the backend's own declarations:
 * where the two disagree a test fails.
 */
#ifndef FAKE_LEVEL_ZERO_ABI_H
#define FAKE_LEVEL_ZERO_ABI_H

#include <stdint.h>

#define FAKE __attribute__((visibility("default")))

enum {
  ZE_OK = 0,
  ZE_LOST = 0x70000001,
  ZE_UNINITIALIZED = 0x78000001,
  ZE_INVALID_NULL = 0x78000007,
  ZE_UNSUPPORTED = 0x78000003,
};

enum {
  ZES_DEVICE_PROPERTIES = 0x1,
  ZES_PCI_PROPERTIES = 0x2,
  ZES_ENGINE_PROPERTIES = 0x5,
  ZES_MEM_PROPERTIES = 0xb,
  ZES_RAS_PROPERTIES = 0xf,
  ZES_DEVICE_STATE = 0x15,
  ZES_MEM_STATE = 0x1e,
  ZES_RAS_STATE = 0x22,
};

struct zes_device_properties {
  uint32_t stype;
  void* next;
  struct {
    uint32_t stype;
    void* next;
    uint32_t type, vendor, device, flags, subdevice, clock;
    uint64_t max_alloc;
    uint32_t numbers[5], subslices, slices;
    uint64_t timer;
    uint32_t bits[2];
    uint8_t uuid[16];
    char name[256];
  } core;
  uint32_t subdevices;
  char serial[64], board[64], brand[64], model[64], vendor[64], driver[64];
};

struct zes_pci_properties {
  uint32_t stype;
  void* next;
  uint32_t domain, bus, device, function;
  int32_t generation, width;
  int64_t bandwidth;
  uint8_t counters[3];
};

struct zes_device_state {
  uint32_t stype;
  const void* next;
  uint32_t reset, repaired;
};

struct zes_mem_properties {
  uint32_t stype;
  void* next;
  uint32_t type;
  uint8_t on_subdevice;
  uint32_t subdevice, location;
  uint64_t physical;
  int32_t bus_width, channels;
};

struct zes_mem_state {
  uint32_t stype;
  const void* next;
  uint32_t health;
  uint64_t free, size;
};

/* Of an engine group and of a set of errors. */
struct zes_part_properties {
  uint32_t stype;
  void* next;
  uint32_t type;
  uint8_t on_subdevice;
  uint32_t subdevice;
};

struct zes_engine_stats {
  uint64_t active, timestamp;
};

struct zes_ras_state {
  uint32_t stype;
  const void* next;
  uint64_t category[7];
};

#endif /* FAKE_LEVEL_ZERO_ABI_H */
