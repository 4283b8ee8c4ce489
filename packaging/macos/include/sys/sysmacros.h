// SPDX-License-Identifier: Apache-2.0
// Linux's header. macOS has the two as macros of signed numbers in another one.
#pragma once
#include <sys/types.h>

#undef major
#undef minor
inline unsigned major(dev_t number) {
  return static_cast<unsigned>(number) >> 24;
}
inline unsigned minor(dev_t number) {
  return static_cast<unsigned>(number) & 0xffffff;
}
