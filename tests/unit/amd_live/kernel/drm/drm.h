// SPDX-License-Identifier: Apache-2.0
// The kernel's own linux/kfd_ioctl.h asks for a header that Debian's linux-libc-dev leaves out and
// libdrm-dev has under another name. All that it takes from there are the kernel's types of
// numbers.
#pragma once

#include <linux/types.h>
