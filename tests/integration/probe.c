// SPDX-License-Identifier: Apache-2.0
// Looks at a container from inside and prints one line per question. Static, so that it runs in
// any tree.
//   probe open PATH     "open PATH RESULT": read-write, RESULT is ok or the error's name
//         node MAJ:MIN  "node MAJ:MIN RESULT": makes a node and opens it, which only
//                       the cgroup can forbid; "mknod-" before an error of making it
//         env NAME      "env NAME=VALUE" as often as it is in the environment, or "env NAME unset"
//         ls PATH       "ls PATH ENTRY..." sorted as the folder gives them
//         stat PATH     "stat PATH node", "stat PATH file" for anything else, or the error's name
//         link PATH     "link PATH TARGET"
//         id            "id UID GID"
//         ready         "ready", then waits to be killed
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

extern char** environ;

static const char* outcome(int status) {
  return status < 0 ? strerrorname_np(errno) : "ok";
}

static int try_open(const char* path) {
  int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd >= 0) {
    close(fd);
  }
  return fd;
}

static void ask_node(const char* numbers) {
  unsigned major_number, minor_number;
  if (sscanf(numbers, "%u:%u", &major_number, &minor_number) != 2) {
    fprintf(stderr, "probe: not MAJOR:MINOR: %s\n", numbers);
    exit(2);
  }
  const char* path = "/dev/.probe-node";
  unlink(path);
  if (mknod(path, S_IFCHR | 0600, makedev(major_number, minor_number)) < 0) {
    printf("node %s mknod-%s\n", numbers, outcome(-1));
    return;
  }
  printf("node %s %s\n", numbers, outcome(try_open(path)));
  unlink(path);
}

static void ask_stat(const char* path) {
  struct stat info;
  const int status = stat(path, &info);
  printf("stat %s %s\n", path,
         status < 0              ? outcome(status)
         : S_ISCHR(info.st_mode) ? "node"
                                 : "file");
}

static void ask_env(const char* name) {
  size_t length = strlen(name);
  int found = 0;
  for (char** entry = environ; *entry != NULL; entry++) {
    if (strncmp(*entry, name, length) == 0 && (*entry)[length] == '=') {
      printf("env %s\n", *entry);
      found = 1;
    }
  }
  if (!found) {
    printf("env %s unset\n", name);
  }
}

static int by_name(const struct dirent** a, const struct dirent** b) {
  return strcmp((*a)->d_name, (*b)->d_name);
}

static void ask_ls(const char* path) {
  struct dirent** entries;
  int count = scandir(path, &entries, NULL, by_name);
  printf("ls %s", path);
  if (count < 0) {
    printf(" %s", outcome(-1));
  }
  for (int i = 0; i < count; i++) {
    if (strcmp(entries[i]->d_name, ".") != 0 && strcmp(entries[i]->d_name, "..") != 0) {
      printf(" %s", entries[i]->d_name);
    }
  }
  printf("\n");
}

static void ask_link(const char* path) {
  char target[4096];
  ssize_t length = readlink(path, target, sizeof target - 1);
  target[length < 0 ? 0 : length] = '\0';
  printf("link %s %s\n", path, length < 0 ? outcome(-1) : target);
}

int main(int argc, char** argv) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (int i = 1; i < argc; i++) {
    const char* question = argv[i];
    if (strcmp(question, "id") == 0) {
      printf("id %u %u\n", (unsigned)getuid(), (unsigned)getgid());
      continue;
    }
    if (strcmp(question, "ready") == 0) {
      printf("ready\n");
      for (;;) {
        pause();
      }
    }
    const char* argument = ++i < argc ? argv[i] : NULL;
    if (argument == NULL) {
      fprintf(stderr, "probe: %s needs an argument\n", question);
      return 2;
    }
    if (strcmp(question, "open") == 0) {
      printf("open %s %s\n", argument, outcome(try_open(argument)));
    } else if (strcmp(question, "node") == 0) {
      ask_node(argument);
    } else if (strcmp(question, "env") == 0) {
      ask_env(argument);
    } else if (strcmp(question, "ls") == 0) {
      ask_ls(argument);
    } else if (strcmp(question, "stat") == 0) {
      ask_stat(argument);
    } else if (strcmp(question, "link") == 0) {
      ask_link(argument);
    } else {
      fprintf(stderr, "probe: unknown question %s\n", question);
      return 2;
    }
  }
  return 0;
}
