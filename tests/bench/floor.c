/* SPDX-License-Identifier: Apache-2.0
 * The least that a runtime shim can do: become the low-level runtime. floor PROGRAM ARGS... */
#include <unistd.h>

int main(int argc, char** argv) {
  if (argc < 2) {
    return 2;
  }
  execv(argv[1], argv + 1);
  return 127;
}
