/* SPDX-License-Identifier: Apache-2.0
 *
 * A backend for one device, in C: the character device that the option `node` names. */
#define _POSIX_C_SOURCE 200809L
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <xpu/backend.h>

struct example {
  const xpu_host* host;
};

/* Keeps the reason with the host; its status is what describe() returns. */
static xpu_status failed(const xpu_host* host, xpu_status status, const char* format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  host->set_error(host->ctx, status, text);
  return status;
}

/* When to look again: when something comes to or goes from the folder of the node. */
static xpu_status emit_condition(const xpu_host* host, const char* node) {
  char folder[4096];
  const char* const slash = strrchr(node, '/');
  if (slash == NULL || (size_t)(slash - node) >= sizeof folder) {
    return failed(host, XPU_INVALID, "option node: %.400s is not an absolute path", node);
  }
  memcpy(folder, node, (size_t)(slash - node));
  folder[slash - node] = '\0';
  const xpu_condition condition = {
      .struct_size = sizeof condition, .kind = XPU_VALID_LISTING, .path = folder};
  return host->emit_condition(host->ctx, &condition);
}

/* The device, what a container gets with it, and what it gets only with a capability. */
static xpu_status emit_device(const xpu_host* host, const char* path) {
  const xpu_device device = {.struct_size = sizeof device,
                             .kind = XPU_KIND_ACCELERATOR,
                             .numa_node = -1,
                             .vendor = "example",
                             .index = "0",
                             .name = "Example Accelerator"};
  const xpu_scope with_device = {
      .struct_size = sizeof with_device, .vendor = device.vendor, .device = device.index};
  xpu_scope with_compute = with_device;
  with_compute.capability = "compute";
  const xpu_node node = {
      .struct_size = sizeof node, .host_path = path, .container_path = "/dev/example0"};
  const xpu_env env = {.struct_size = sizeof env, .name = "EXAMPLE_COMPUTE", .value = "1"};

  xpu_status status = host->emit_capability(host->ctx, "compute");
  if (status == XPU_OK) {
    status = host->emit_device(host->ctx, &device);
  }
  if (status == XPU_OK) {
    status = host->emit_node(host->ctx, &with_device, &node);
  }
  if (status == XPU_OK) {
    status = host->emit_env(host->ctx, &with_compute, &env);
  }
  return status;
}

static xpu_status example_describe(void* self) {
  const xpu_host* const host = ((struct example*)self)->host;
  const char* const node = host->option(host->ctx, "node");
  if (node == NULL) {
    return failed(host, XPU_INVALID, "option node is not declared in the manifest");
  }
  const xpu_status status = emit_condition(host, node);
  if (status != XPU_OK) {
    return status;
  }
  struct stat found;
  if (stat(node, &found) != 0) {
    return failed(host, XPU_ABSENT, "no device node %.400s", node);
  }
  if (!S_ISCHR(found.st_mode)) {
    return failed(host, XPU_INVALID, "option node: %.400s is not a character device", node);
  }
  return emit_device(host, node);
}

static xpu_status example_open(const xpu_host* host, void** self) {
  struct example* const example = malloc(sizeof *example);
  if (example == NULL) {
    return failed(host, XPU_NO_MEMORY, "out of memory");
  }
  example->host = host;
  *self = example;
  return XPU_OK;
}

static void example_close(void* self) {
  free(self);
}

static int not_newer(uint32_t major, uint32_t minor, uint32_t than_major, uint32_t than_minor) {
  return major < than_major || (major == than_major && minor <= than_minor);
}

XPU_EXPORT xpu_status xpu_backend_entry(const xpu_host* host, const xpu_backend** out) {
  static const xpu_backend table = {.struct_size = sizeof table,
                                    .abi_major = XPU_ABI_MAJOR,
                                    .abi_minor = XPU_ABI_MINOR,
                                    .name = "example",
                                    .version = "1.0",
                                    .open = example_open,
                                    .describe = example_describe,
                                    .close = example_close};
  if (!not_newer(host->oldest_major, host->oldest_minor, XPU_ABI_MAJOR, XPU_ABI_MINOR) ||
      !not_newer(XPU_ABI_MAJOR, XPU_ABI_MINOR, host->abi_major, host->abi_minor)) {
    return XPU_UNSUPPORTED;
  }
  *out = &table;
  return XPU_OK;
}
