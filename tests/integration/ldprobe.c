// SPDX-License-Identifier: Apache-2.0
// Asks the container's own loader for libraries: prints "lib SONAME PATH DEVICE:INODE" of the file
// that dlopen() took, or "lib SONAME none".
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <sys/stat.h>

int main(int argc, char** argv) {
  for (int i = 1; i < argc; i++) {
    void* handle = dlopen(argv[i], RTLD_NOW);
    struct link_map* map = NULL;
    struct stat status;
    if (handle == NULL || dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0 ||
        stat(map->l_name, &status) != 0) {
      printf("lib %s none\n", argv[i]);
      continue;
    }
    printf("lib %s %s %llu:%llu\n", argv[i], map->l_name, (unsigned long long)status.st_dev,
           (unsigned long long)status.st_ino);
  }
  return 0;
}
