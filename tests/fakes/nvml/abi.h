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

#endif /* FAKE_NVML_ABI_H */
