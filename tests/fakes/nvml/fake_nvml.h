/* SPDX-License-Identifier: Apache-2.0
 *
 * The machine of the fake NVML, as its parts see it.
 */
#ifndef FAKE_NVML_H
#define FAKE_NVML_H

#include <stddef.h>

#include "abi.h"

enum { MAX_GPUS = 16, MAX_PARTITIONS = 8, MAX_LINKS = 18, MAX_PAIRS = 64 };

struct partition {
  int is_partition;
  unsigned slot, gpu_instance, compute_instance;
  char uuid[96], name[96];
  unsigned long long memory;
  unsigned gpu_slices, compute_slices; /* 0: after its memory */
};

struct gpu {
  int is_partition; /* 0; first, so that a handle can be told */
  char bus_id[32], uuid[96], name[96];
  unsigned index, minor;
  unsigned brand;
  unsigned long long memory;
  int major_capability, minor_capability;
  int mig; /* -1: not supported */
  int lost, no_minor;
  unsigned partition_count;
  struct partition partitions[MAX_PARTITIONS];
  char links[MAX_LINKS][32];
};

/* A file beside the description, or beside the library. */
void fake_nvml_path(const char* name, char* path, size_t size);
/* Null when there are fewer. */
struct gpu* fake_nvml_gpu(unsigned index);

/* Whether it is open, for tests that ask who holds it: kept in "fake-nvml.open" where there are
 * values. */
void fake_nvml_count(int change);
/* The first number of "WHERE KEY NUMBER" among the values; 0 for none. WHERE: a GPU, or "all". */
unsigned long long fake_nvml_value(const char* where, const char* key);

#endif /* FAKE_NVML_H */
