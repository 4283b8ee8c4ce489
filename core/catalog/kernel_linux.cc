// SPDX-License-Identifier: Apache-2.0
#include "core/catalog/kernel.h"

#include <linux/magic.h>
#include <sys/vfs.h>

namespace xpu {

clockid_t clock_since_boot() {
  return CLOCK_BOOTTIME;
}

bool is_of_kernel(int fd) {
  struct statfs fs;
  return fstatfs(fd, &fs) == 0 && (fs.f_type == SYSFS_MAGIC || fs.f_type == PROC_SUPER_MAGIC);
}

}  // namespace xpu
