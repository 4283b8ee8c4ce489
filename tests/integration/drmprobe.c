// SPDX-License-Identifier: Apache-2.0
// Opens a DRM node and holds it, so that the kernel keeps an account of this process.
//   drmprobe NODE [COPIES]  prints "ready" once it is open; COPIES processes share the open file
//                           (1 by default). Ends when it is killed.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char** argv) {
  if (argc < 2) {
    fprintf(stderr, "drmprobe NODE [COPIES]\n");
    return 2;
  }
  if (open(argv[1], O_RDWR) < 0) {
    perror(argv[1]);
    return 1;
  }
  for (int copies = argc > 2 ? atoi(argv[2]) : 1; copies > 1; --copies) {
    const pid_t child = fork();
    if (child < 0) {
      perror("fork");
      return 1;
    }
    if (child == 0) {
      for (;;) {
        pause();
      }
    }
  }
  printf("ready\n");
  fflush(stdout);
  for (;;) {
    pause();
  }
}
