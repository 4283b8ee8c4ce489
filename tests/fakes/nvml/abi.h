/* SPDX-License-Identifier: Apache-2.0
 *
 * NVML's ABI as the fake serves it, written apart from the backend's own declarations: where the
 * two disagree a test fails.
 */
#ifndef FAKE_NVML_ABI_H
#define FAKE_NVML_ABI_H

#define FAKE __attribute__((visibility("default")))

enum {
  NVML_OK = 0,
  NVML_INVALID_ARGUMENT = 2,
  NVML_NOT_SUPPORTED = 3,
  NVML_NOT_FOUND = 6,
  NVML_INSUFFICIENT_SIZE = 7,
  NVML_DRIVER_NOT_LOADED = 9,
  NVML_TIMEOUT = 10,
  NVML_FUNCTION_NOT_FOUND = 13,
  NVML_GPU_IS_LOST = 15,
  NVML_VERSION_MISMATCH = 18,
};

struct nvml_pci_info {
  char bus_id_legacy[16];
  unsigned int domain, bus, device, pci_device_id, pci_subsystem_id;
  char bus_id[32];
};

struct nvml_memory {
  unsigned long long total, free, used;
};

struct nvml_attributes {
  unsigned int multiprocessors, copy_engines, decoders, encoders, jpegs, ofas;
  unsigned int gpu_instance_slices, compute_instance_slices;
  unsigned long long memory_mib;
};

struct nvml_memory_v2 {
  unsigned int version;
  unsigned long long total, reserved, free, used;
};

struct nvml_utilization {
  unsigned int gpu, memory;
};

struct nvml_field_value {
  unsigned int field_id, scope_id;
  long long timestamp, latency_usec;
  unsigned int value_type;
  int nvml_return;
  union {
    double d;
    unsigned int ui;
    unsigned long ul;
    unsigned long long ull;
    long long sll;
  } value;
};

struct nvml_event_data {
  void* device;
  unsigned long long event_type, event_data;
  unsigned int gpu_instance_id, compute_instance_id;
};

struct nvml_process_v1 {
  unsigned int pid;
  unsigned long long used_memory;
};

struct nvml_process_v2 {
  unsigned int pid;
  unsigned long long used_memory;
  unsigned int gpu_instance_id, compute_instance_id;
};

/* As the first drivers of series 535 filled it in. */
struct nvml_process_v3_535 {
  struct nvml_process_v2 process;
  unsigned long long protected_memory;
};

struct nvml_process_utilization {
  unsigned int pid;
  unsigned long long time_stamp;
  unsigned int sm, memory, encoder, decoder;
};

#endif /* FAKE_NVML_ABI_H */
