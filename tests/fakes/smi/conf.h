/* SPDX-License-Identifier: Apache-2.0
 *
 * What the two fake management libraries know: "fake-smi.conf" beside the library.
 *
 *   init 0                     what the function that initialises returns
 *   gpu 0000:65:00.0 [PART]    begins a GPU, or part PART of one; the lines after it describe it
 *   name ...    uuid ...       not given: not supported
 *   errors N                   of memory, uncorrectable; not given: not supported
 */
#ifndef FAKE_SMI_CONF_H
#define FAKE_SMI_CONF_H

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define FAKE __attribute__((visibility("default")))

enum { MAX_GPUS = 128, FAKE_NOT_SUPPORTED = 2 };

struct fake_gpu {
  unsigned domain, bus, device, function, part;
  char name[256], uuid[64];
  int has_errors;
  unsigned long long errors;
};

static struct {
  unsigned init, count;
  struct fake_gpu gpus[MAX_GPUS];
} machine;

static void read_machine(void) {
  char path[4096] = "", line[512];
  Dl_info self;
  memset(&machine, 0, sizeof machine);
  if (dladdr((void*)&machine, &self) && self.dli_fname) {
    const char* slash = strrchr(self.dli_fname, '/');
    snprintf(path, sizeof path, "%.*s/fake-smi.conf", slash ? (int)(slash - self.dli_fname) : 1,
             slash ? self.dli_fname : ".");
  }
  FILE* file = fopen(path, "re");
  while (file && fgets(line, sizeof line, file)) {
    struct fake_gpu next = {0};
    sscanf(line, " init %u", &machine.init);
    if (machine.count < MAX_GPUS && sscanf(line, " gpu %x:%x:%x.%x %u", &next.domain, &next.bus,
                                           &next.device, &next.function, &next.part) >= 4) {
      machine.gpus[machine.count++] = next;
    } else if (machine.count > 0) {
      struct fake_gpu* gpu = &machine.gpus[machine.count - 1];
      sscanf(line, " name %255[^\n]", gpu->name);
      sscanf(line, " uuid %63s", gpu->uuid);
      gpu->has_errors |= sscanf(line, " errors %llu", &gpu->errors) == 1;
    }
  }
  if (file) {
    fclose(file);
  }
}

static uint64_t packed(const struct fake_gpu* gpu) {
  return gpu->function | (uint64_t)gpu->device << 3 | (uint64_t)gpu->bus << 8;
}

#endif /* FAKE_SMI_CONF_H */
