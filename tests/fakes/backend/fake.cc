// SPDX-License-Identifier: Apache-2.0
// A backend that is built once per way to misbehave (FAKE_MODE); "ok" is the one that does not.
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <stdexcept>
#include <string>

#include "xpu/backend.h"

namespace {

constexpr const char* kMode = FAKE_MODE;

bool mode(const char* name) {
  return strcmp(kMode, name) == 0;
}

const xpu_host* host;

[[noreturn]] void sleep_for_ever() {
  for (;;) {
    pause();
  }
}

void crash() {
  signal(SIGSEGV, SIG_DFL);  // AddressSanitizer's handler would exit
  raise(SIGSEGV);
}

xpu_device device(const char* index) {
  xpu_device out{};
  out.struct_size = sizeof out;
  out.kind = XPU_KIND_GPU;
  out.numa_node = -1;
  out.memory_bytes = 1 << 30;
  out.vendor = "acme";
  out.index = index;
  out.uuid = "";
  out.name = "Acme Anvil";
  out.architecture = out.driver = out.pci = out.parent = out.reason = "";
  return out;
}

xpu_status emit_node(const char* index, const char* path) {
  xpu_scope scope{};
  scope.struct_size = sizeof scope;
  scope.vendor = "acme";
  scope.device = index;
  scope.capability = "";
  xpu_node node{};
  node.struct_size = sizeof node;
  node.host_path = path;
  node.container_path = "/dev/acme0";
  return host->emit_node(host->ctx, &scope, &node);
}

void emit_condition(uint32_t kind, const char* path) {
  xpu_condition condition{};
  condition.struct_size = sizeof condition;
  condition.kind = kind;
  condition.path = path;
  host->emit_condition(host->ctx, &condition);
}

// Writes one byte to the file that option "count" names, so that a test can see how often it ran.
void count_run() {
  const char* file = host->option(host->ctx, "count");
  const int fd =
      file == nullptr || *file == '\0' ? -1 : open(file, O_WRONLY | O_APPEND | O_CREAT, 0600);
  if (fd >= 0) {
    [[maybe_unused]] const ssize_t wrote = write(fd, "x", 1);
    close(fd);
  }
}

void write_to_every_descriptor(const char* bytes, size_t size, int times) {
  for (int fd = 3; fd < 64; ++fd) {
    struct stat st;
    if (fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode)) {
      for (int i = 0; i < times && write(fd, bytes, size) > 0; ++i) {
      }
    }
  }
}

// Processes that stay behind, in the group and out of it. The file gets their ids.
void leave_children() {
  FILE* file = fopen(host->option(host->ctx, "file"), "w");
  for (int i = 0; i < 3; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      if (i > 0) {
        setsid();
      }
      signal(SIGTERM, SIG_IGN);
      sleep_for_ever();
    }
    fprintf(file, "%d\n", child);
  }
  fclose(file);
}

// Two of these describe only what they know when both are there: each says so by a name of its own
// in the folder "file", and waits for the other's.
void meet() {
  const std::string folder = host->option(host->ctx, "file");
  const char* own = mode("meets-1") ? "/1" : "/2";
  const char* other = mode("meets-1") ? "/2" : "/1";
  close(open((folder + own).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  while (access((folder + other).c_str(), F_OK) != 0) {
    usleep(1000);
  }
}

// Fails when anything of the caller's is to be seen: variables, descriptors, blocked signals.
xpu_status look_around() {
  std::string found;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (strcmp(*variable, "PATH=/usr/sbin:/usr/bin:/sbin:/bin") != 0) {
      found += std::string(*variable) + ";";
    }
  }
  for (int fd = 0; fd < 1024; ++fd) {
    char path[32], target[256];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    const ssize_t size = readlink(path, target, sizeof target);
    const std::string name(target, size > 0 ? static_cast<size_t>(size) : 0);
    const bool library = name.find("/fake-surroundings.so") != std::string::npos;
    if (size > 0 && name != "/dev/null" && name.rfind("pipe:", 0) != 0 && !library) {
      found += name + ";";
    }
  }
  sigset_t blocked;
  sigprocmask(SIG_SETMASK, nullptr, &blocked);
  found += sigismember(&blocked, SIGUSR1) ? "SIGUSR1 blocked;" : "";
  found += signal(SIGUSR2, SIG_DFL) == SIG_DFL ? "" : "SIGUSR2 ignored;";
  char folder[256];
  found += getcwd(folder, sizeof folder) != nullptr && strcmp(folder, "/") == 0 ? "" : folder;
  host->set_error(host->ctx, XPU_FAILED, found.c_str());
  return found.empty() ? XPU_OK : XPU_FAILED;
}

xpu_status describe(void*);

// To the file: what the kernel says that our code is mapped from, then the seals of that file.
void tell_mapping() {
  FILE* maps = fopen("/proc/self/maps", "r");
  FILE* file = fopen(host->option(host->ctx, "file"), "w");
  char line[4352];
  while (fgets(line, sizeof line, maps) != nullptr) {
    unsigned long start = 0, end = 0;
    int path = 0;
    sscanf(line, "%lx-%lx %*s %*s %*s %*s %n", &start, &end, &path);
    const auto here = reinterpret_cast<unsigned long>(&describe);
    if (start <= here && here < end) {
      fputs(line + path, file);
    }
  }
  for (int fd = 3; fd < 64; ++fd) {
    if (const int seals = fcntl(fd, F_GET_SEALS); seals >= 0) {
      fprintf(file, "%d\n", seals & (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE));
    }
  }
  fclose(file);
  fclose(maps);
}

// A device that ends where the memory that can be read ends; so much of it can be.
void emit_at_the_edge(size_t readable, uint32_t claimed) {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  char* memory = static_cast<char*>(
      mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  mprotect(memory + page, page, PROT_NONE);
  xpu_device item = device("0");
  item.struct_size = claimed;
  char* const place = memory + page - readable;
  memcpy(place, &item, readable);
  host->emit_device(host->ctx, reinterpret_cast<xpu_device*>(place));
}

void* sleep_in_thread(void*) {
  sleep_for_ever();
}

// Ways that only a checker minds.
void describe_carelessly() {
  xpu_device item = device("0");
  const std::string name = "Acme " + std::to_string(getpid());
  if (mode("unstable")) {
    item.name = name.c_str();
  } else if (mode("thread")) {
    pthread_t thread;
    pthread_create(&thread, nullptr, sleep_in_thread, nullptr);
  } else if (mode("other-option")) {
    host->option(host->ctx, "colour");
  } else if (mode("touches")) {
    FILE* file = fopen(host->option(host->ctx, "file"), "a");
    fputs("x", file);
    fclose(file);
    emit_condition(XPU_VALID_CONTENT, host->option(host->ctx, "file"));
  }
  host->emit_device(host->ctx, &item);
}

xpu_status describe_badly() {
  const char* const watched = host->option(host->ctx, "watch");
  if (!mode("no-condition")) {
    emit_condition(XPU_VALID_CONTENT, watched);
  }
  xpu_device item = device("0");
  if (mode("million-devices")) {
    for (int i = 0; i < 1000000; ++i) {
      const std::string index = std::to_string(i);
      item = device(index.c_str());
      host->emit_device(host->ctx, &item);
    }
  } else if (mode("duplicate-ids")) {
    host->emit_device(host->ctx, &item);
    host->emit_device(host->ctx, &item);
  } else if (mode("small-struct")) {
    item.struct_size = 20;
    host->emit_device(host->ctx, &item);
  } else if (mode("large-struct")) {
    emit_at_the_edge(sizeof item, UINT32_MAX);
  } else if (mode("lying-struct")) {
    emit_at_the_edge(20, sizeof item);
  } else if (mode("unstable") || mode("thread") || mode("other-option") || mode("touches") ||
             mode("no-condition")) {
    describe_carelessly();
  } else if (mode("null-struct")) {
    host->emit_device(host->ctx, nullptr);
  } else if (mode("bad-utf8")) {
    item.name = "Anvil \xff\xfe";
    host->emit_device(host->ctx, &item);
  } else if (mode("endless-text")) {
    static char text[1 << 20];
    memset(text, 'a', sizeof text - 1);
    item.name = text;
    host->emit_device(host->ctx, &item);
  } else if (mode("unknown-kind")) {
    item.kind = 77;
    host->emit_device(host->ctx, &item);
  } else if (mode("dot-dot")) {
    host->emit_device(host->ctx, &item);
    emit_node("0", "/dev/../dev/null");
  } else if (mode("no-node")) {
    host->emit_device(host->ctx, &item);
    emit_node("0", "/etc/passwd");
  } else if (mode("bad-condition")) {
    emit_condition(XPU_VALID_STAT, "/proc/version");
  } else if (mode("bad-alias") || mode("index-alias") || mode("bad-env") || mode("bad-scope") ||
             mode("bad-link")) {
    host->emit_device(host->ctx, &item);
    item = device("1");
    host->emit_device(host->ctx, &item);
    host->emit_capability(host->ctx, "compute");
    const xpu_scope scope = {sizeof scope, 0, "", "", mode("bad-scope") ? "compute,video" : ""};
    const xpu_env env = {sizeof env, 0, mode("bad-env") ? "A B" : "A", "1"};
    if (mode("bad-link")) {
      host->emit_interconnect(host->ctx, "acme", "0", "acme", "0", "pcie", 1);
    } else if (mode("bad-alias") || mode("index-alias")) {
      host->emit_alias(host->ctx, "acme", "0", mode("bad-alias") ? "a,b" : "1");
    } else {
      host->emit_env(host->ctx, &scope, &env);
    }
  } else if (mode("unknown-device")) {
    host->emit_alias(host->ctx, "acme", "9", "nine");
  }
  return XPU_OK;
}

xpu_status describe_well() {
  xpu_device item = device("0");
  item.struct_size = sizeof item;
  host->emit_device(host->ctx, &item);
  emit_condition(XPU_VALID_CONTENT, host->option(host->ctx, "watch"));
  return emit_node("0", "/dev/null");
}

xpu_status describe(void*) {
  count_run();
  if (mode("crash")) {
    crash();
  } else if (mode("abort")) {
    abort();
  } else if (mode("hang")) {
    sleep_for_ever();
  } else if (mode("exit0")) {
    exit(0);
  } else if (mode("throws")) {
    throw std::runtime_error("surprise");
  } else if (mode("throws-int")) {
    throw 7;
  } else if (mode("garbage")) {
    write_to_every_descriptor("}{ garbage", 10, 1);
  } else if (mode("flood")) {
    static char bytes[1 << 20];
    memset(bytes, '[', sizeof bytes);
    write_to_every_descriptor(bytes, sizeof bytes, 80);
  } else if (mode("chatty")) {
    printf("hello\tfrom stdout\n");
    fprintf(stderr, "hello from stderr\n");
    host->log(host->ctx, XPU_LOG_WARN, "hello from\nlog");
    for (int i = 0; i < 100000; ++i) {
      printf("line %d\n", i);
    }
    fflush(stdout);
  } else if (mode("ten-gb") || mode("eats-64-mb")) {
    char* bytes = new char[mode("ten-gb") ? 10ULL << 30 : 64ULL << 20];
    bytes[5] = '\0';
    host->log(host->ctx, XPU_LOG_INFO, bytes + 5);
  } else if (mode("cwd")) {
    umask(0);
    setenv("PATH", "/nowhere", 1);
    signal(SIGTERM, SIG_IGN);
    if (chdir("/proc") != 0) {
      abort();
    }
  } else if (mode("meets-1") || mode("meets-2")) {
    meet();
  } else if (mode("surroundings")) {
    if (const xpu_status status = look_around(); status != XPU_OK) {
      return status;
    }
  } else if (mode("forks")) {
    leave_children();
  } else if (mode("forks-and-hangs") || mode("stops-host")) {
    leave_children();
    if (mode("stops-host")) {
      kill(getppid(), SIGSTOP);
    }
    sleep_for_ever();
  } else if (mode("maps")) {
    tell_mapping();
  } else if (mode("absent")) {
    emit_condition(XPU_VALID_CONTENT, host->option(host->ctx, "watch"));
    host->set_error(host->ctx, XPU_ABSENT, "no anvil here");
    return XPU_ABSENT;
  } else if (mode("failed")) {
    host->set_error(host->ctx, XPU_FAILED, "the anvil\nis broken");
    return XPU_FAILED;
  } else if (mode("failed-silent")) {
    return XPU_FAILED;
  } else if (mode("unknown-status")) {
    return 4711;
  } else if (mode("absent-silent")) {
    return XPU_ABSENT;
  } else if (!mode("ok") && !mode("crash-close") && !mode("large-table") && !mode("any-host") &&
             !mode("frozen") && !mode("two-symbols")) {
    return describe_badly();
  }
  return describe_well();
}

xpu_status open_backend(const xpu_host* from, void** self) {
  host = from;
  *self = nullptr;
  if (mode("emits-early")) {
    xpu_device item = device("0");
    return host->emit_device(host->ctx, &item);
  }
  return XPU_OK;
}

void close_backend(void*) {
  if (mode("crash-close")) {
    crash();
  }
}

__attribute__((constructor)) void on_load() {
  if (mode("crash-load")) {
    crash();
  } else if (mode("hang-load")) {
    sleep_for_ever();
  }
}

xpu_backend table = {sizeof(xpu_backend), XPU_ABI_MAJOR, XPU_ABI_MINOR, 0,      FAKE_MODE, "9.8",
                     open_backend,        describe,      close_backend, nullptr};

}  // namespace

#if defined(FAKE_NO_SYMBOL)
extern "C" XPU_EXPORT xpu_status xpu_backend_entrance(const xpu_host* from,
                                                      const xpu_backend** out) {
#else
extern "C" XPU_EXPORT xpu_status xpu_backend_entry(const xpu_host* from, const xpu_backend** out) {
#endif
  if (from->oldest_major > XPU_ABI_MAJOR && !mode("any-host")) {
    return XPU_UNSUPPORTED;
  }
  *out = &table;
  if (mode("too-old")) {
    table.abi_major = 0;
    table.abi_minor = 1;
  } else if (mode("too-new")) {
    table.abi_minor = 1;
  } else if (mode("other-major")) {
    table.abi_major = 2;
  } else if (mode("short-table")) {
    table.struct_size = 40;
  } else if (mode("large-table")) {
    table.struct_size = UINT32_MAX;
  } else if (mode("tiny-table")) {
    table.struct_size = 4;
  } else if (mode("null-describe")) {
    table.describe = nullptr;
  } else if (mode("null-table")) {
    *out = nullptr;
  } else if (mode("other-name")) {
    table.name = "somebody-else";
  } else if (mode("unsupported")) {
    return XPU_UNSUPPORTED;
  } else if (mode("entry-status")) {
    return -1;
  }
  return XPU_OK;
}

#if defined(FAKE_TWO_SYMBOLS)
extern "C" XPU_EXPORT int acme_helper() {
  return 0;
}
#endif
