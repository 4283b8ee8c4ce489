/* SPDX-License-Identifier: Apache-2.0
 *
 * The backend ABI of the XPU Container Runtime, version 1.0.
 *
 * A backend is a shared library that describes the accelerators of this host: which devices there
 * are, which device nodes, driver files and environment a container needs to use them, and until
 * when that description holds. It never sees a container; the runtime decides everything that
 * concerns one. A backend is two files in one folder: this library and its manifest (NAME.toml).
 *
 * Life of a backend
 *   1. A helper process of its own (xpu-backend-host) loads the library with
 *      RTLD_NOW | RTLD_LOCAL and calls xpu_backend_entry(), the only symbol that may be exported.
 *   2. open(), then describe() once, then close(). The process ends; the library is never unloaded.
 *   The process has a deadline (60 s by default), resource limits and no terminal; what the backend
 *   prints on stdout or stderr becomes log lines that carry its name.
 *
 * Rules for every function of this header
 *   Threads    One thread. The host calls the backend from one thread and the backend calls the
 *              host's functions from within that call only, on the same thread.
 *   Strings in and out  UTF-8, NUL-terminated, borrowed for the duration of the call: copy what you
 *              keep. Nobody frees memory across this boundary.
 *   Errors     An int32_t status (xpu_status); the text goes through xpu_host.set_error first.
 *              No C++ exception may cross the boundary in either direction.
 *   Process    A backend does not change environment, working directory, signal dispositions,
 *              umask or locale, and leaves no thread behind.
 *
 * Obligations. A message that blames a backend ends with one of these numbers, and `xpu-runtime
 * backends verify FILE` checks all of them on a manifest or library, installed or not:
 *   XPU_BACKEND_1   nobody but root, or the one who runs this, can change its files
 *   XPU_BACKEND_2   the manifest is complete and has no key that is not known
 *   XPU_BACKEND_3   a hash that the manifest states is that of the library
 *   XPU_BACKEND_4   a whole shared library for this machine, without search paths of its own
 *   XPU_BACKEND_5   it exports xpu_backend_entry and nothing else
 *   XPU_BACKEND_6   it needs no other library than the C library and libudev
 *   XPU_BACKEND_7   it loads, with every symbol found at once
 *   XPU_BACKEND_8   xpu_backend_entry() accepts a host that speaks its version, and no other
 *   XPU_BACKEND_9   the table is whole and follows an ABI version that is accepted
 *   XPU_BACKEND_10  the table's name is that of the manifest
 *   XPU_BACKEND_11  a status is one of xpu_status, and comes with a reason
 *   XPU_BACKEND_12  no C++ exception leaves the library
 *   XPU_BACKEND_13  it does not crash, end the process or exceed its limits
 *   XPU_BACKEND_14  it answers within the deadline
 *   XPU_BACKEND_15  no thread and no process of it is left after close()
 *   XPU_BACKEND_16  environment, folder, umask, locale and signals stay as they were
 *   XPU_BACKEND_17  every item that is emitted is valid
 *   XPU_BACKEND_18  the description as a whole is valid
 *   XPU_BACKEND_19  it says until when the description holds, also with XPU_ABSENT
 *   XPU_BACKEND_20  the conditions hold once the backend has ended
 *   XPU_BACKEND_21  asked twice, it says the same
 *   XPU_BACKEND_22  it reads the options that the manifest declares, and no others
 *   XPU_BACKEND_23  capabilities that the manifest gives by default are emitted
 *   XPU_BACKEND_24  where there is a device, a path of [detect] exists
 *   Of a backend with an extension (xpu/hotplug.h, xpu/metrics.h):
 *   XPU_BACKEND_25  the extension's table is whole
 *   XPU_BACKEND_26  dispatch() returns at once, and descriptor() is open or -1
 *   XPU_BACKEND_27  every event and value that is emitted is valid
 *   XPU_BACKEND_28  stop() closes what start() opened
 *
 * Limits of one description, beyond which an item is refused: 4,096 devices; 65,536 nodes, files,
 * variables, links, values, texts, notes and image folders together; 65,536 interconnects; 1,024
 * conditions; 64 capabilities; 32 aliases and 64 properties of one device; 32 links of one library.
 * In bytes: vendor, index, capability, item and name of a value 32, a name of a variable 256, a key
 * 64, a path 4,095, the value of a variable 32,768, the content of a generated file 65,536, any
 * other text 1,024; text of set_error and log is cut at 512. No control characters, except tab and
 * newline in the content of a generated file. NULL counts as "".
 * Paths: absolute, without "..", "." and "//"; in the container nothing below /proc.
 *
 * Growth: structures are append-only and begin with their size (tables also with the ABI version).
 * A reader looks at min(its own sizeof, struct_size) bytes and takes the rest as zero. A library
 * that follows 1.0 is loaded by every 1.x.
 */
#ifndef XPU_BACKEND_H
#define XPU_BACKEND_H

#include <stddef.h>
#include <stdint.h>

#define XPU_ABI_MAJOR 1u
#define XPU_ABI_MINOR 0u

#if defined(__GNUC__)
#define XPU_EXPORT __attribute__((visibility("default")))
#else
#define XPU_EXPORT
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Every function returns XPU_OK or one of the others; a value that is not listed is a failure. */
typedef int32_t xpu_status;
#define XPU_OK 0
#define XPU_ABSENT 1  /* no such hardware, or its driver is not loaded: not an error of the host */
#define XPU_FAILED 2  /* hardware is there but could not be described */
#define XPU_INVALID 3 /* an argument, an option's value or an emitted item is not valid */
#define XPU_UNSUPPORTED 4 /* ABI version or extension not supported */
#define XPU_NO_MEMORY 5   /* out of memory, or a limit of the host on counts was reached */

/* Severity of xpu_host.log. */
#define XPU_LOG_DEBUG 0
#define XPU_LOG_INFO 1
#define XPU_LOG_WARN 2
#define XPU_LOG_ERROR 3

/* xpu_device.kind */
#define XPU_KIND_GPU 1u
#define XPU_KIND_PARTITION 2u /* a part of another device, named by parent */
#define XPU_KIND_NPU 3u
#define XPU_KIND_ACCELERATOR 4u /* none of the others */

/* xpu_device.flags */
/* Not part of `all`: for example a device whose partitions are handed out in its place. */
#define XPU_DEVICE_NOT_IN_ALL 1u
/* Cannot be given to a container now; `reason` says why. */
#define XPU_DEVICE_UNAVAILABLE 2u

/* A device of this host. Emit a parent before its partitions; a partition has none. */
typedef struct xpu_device {
  uint32_t struct_size;  /* sizeof(xpu_device) of the writer */
  uint32_t kind;         /* XPU_KIND_*                        */
  uint32_t flags;        /* XPU_DEVICE_* bits                 */
  int32_t numa_node;     /* >= -1; -1: unknown                */
  uint64_t memory_bytes; /* device memory; 0: unknown or none of its own */
  /* Vendor: [a-z][a-z0-9-]*, at most 32 characters. One backend may describe several vendors. */
  const char* vendor;
  /* Place among the vendor's devices: "0", or "0:1" for partition 1 of device 0; digits and ':'
   * only. The full id is "<vendor>:<index>" and must be unique on the host. */
  const char* index;
  const char* uuid;         /* stable over reboots, unique; "" when unknown */
  const char* name;         /* marketing name, for people; not "" */
  const char* architecture; /* "8.9", "gfx90a", ...; "" when unknown */
  const char* driver;       /* driver version; "" when unknown */
  const char* pci;          /* "0000:65:00.0", lower case; "" for a device that is not on PCI */
  const char* parent;       /* index of the device this is a part of; "" otherwise */
  const char* reason;       /* one line, with XPU_DEVICE_UNAVAILABLE; "" otherwise */
} xpu_device;

/* When an edit applies: every part that is not "" must be true.
 * {"", ""}: whenever anything of this backend is given to a container (also drivers only).
 * {"0", ""}: with device 0.  {"", "compute"}: with capability compute.  {"0", "display"}: both.
 * {"", "graphics,compat32"}: with both capabilities.
 * A capability that the manifest names under [[request.features]] is a feature: never part of
 * "all", given only to a container that switches it on. */
typedef struct xpu_scope {
  uint32_t struct_size;
  uint32_t reserved;  /* 0 */
  const char* vendor; /* with device: its vendor; "" otherwise */
  const char* device; /* index of a device emitted before; "" for no condition */
  /* [a-z][a-z0-9-]*, or several of them separated by ',' that must all be selected; each emitted
   * before. "" for no condition. */
  const char* capability;
  /* With one feature as the capability whose switch is a list (`list = true` in the manifest):
   * the element that this edit is for, [A-Za-z0-9][A-Za-z0-9._-]*. "" for every element. A request
   * for an element that no edit names is an error. */
  const char* item;
  /* A condition on the image: applies only where the image has none of these, separated by ','.
   * Without '/': the name of a library, looked up as the container's loader does; with '/': an
   * absolute path. '*' stands for any text without '/'. "" for no condition. An image is looked at
   * as it is before anything is brought in. Not for device nodes and values. */
  const char* image_lacks;
} xpu_scope;

/* A device node. The host opens host_path and takes type, major and minor from what it finds
 * there; anything that is not a character or block device is refused. */
typedef struct xpu_node {
  uint32_t struct_size;
  uint32_t reserved;          /* 0 */
  const char* host_path;      /* absolute path on the host, dev-root included */
  const char* container_path; /* absolute, below /dev */
} xpu_node;

/* xpu_file.kind: how a driver file is delivered. */
#define XPU_FILE_LIBRARY 1u /* goes where the container's own loader looks, under its SONAME */
#define XPU_FILE_BINARY 2u  /* an executable */
#define XPU_FILE_DATA 3u    /* configuration, firmware, ICD: read-only */
/* A unix socket of a driver daemon, or the folder of its sockets and pipes: writable. */
#define XPU_FILE_SOCKET 4u
#define XPU_FILE_DIRECTORY 5u /* a folder, read-only */

/* A driver file that the container needs. */
typedef struct xpu_file {
  uint32_t struct_size;
  uint32_t kind;         /* XPU_FILE_* */
  const char* host_path; /* absolute, on the host, driver root included; must exist */
  /* Where the container sees it: absolute. For a library "": the runtime chooses the folder. A
   * library that its users look for below the loader's folder (for example "vdpau/libx.so.1")
   * gives that relative path. */
  const char* container_path;
  const char* soname; /* libraries: DT_SONAME, or the file's name where it has none */
  /* libraries: "x86_64", "i386", "aarch64", "arm", ... (uname -m style) */
  const char* architecture;
  /* libraries: further names for the same file in the same folder, separated by ',', such as
   * "libcuda.so"; "" for none. */
  const char* links;
} xpu_file;

/* An environment variable of the container. It replaces one of the same name. */
typedef struct xpu_env {
  uint32_t struct_size;
  uint32_t flags;   /* XPU_EXPAND or 0 */
  const char* name; /* [A-Za-z_][A-Za-z0-9_]* */
  const char* value;
} xpu_env;

/* xpu_value.combine: what several values of one name make together. */
/* The different values, in the order they were emitted, separated by ','. */
#define XPU_COMBINE_LIST 1u
/* Each value is the decimal number of a bit, 0 to 63; the whole is "0x" and the bits set, in lower
 * case hexadecimal without leading zeros. */
#define XPU_COMBINE_BITS 2u

/* Something that depends on what is selected: each device contributes its part, and what comes
 * together is put in place of ${name} in the variables and generated files that carry XPU_EXPAND.
 * One name is combined in one way. A variable or file that names a value to which nothing selected
 * contributes is left out; one that names a value never emitted is refused. */
typedef struct xpu_value {
  uint32_t struct_size;
  uint32_t combine;  /* XPU_COMBINE_* */
  const char* name;  /* [a-z][a-z0-9-]* */
  const char* value; /* no ',' */
} xpu_value;

/* Flag of xpu_env and xpu_text: ${name} stands for a value, "$$" for "$", and any other '$' is an
 * error. */
#define XPU_EXPAND 1u

/* A small file whose content the backend gives; read-only in the container. */
typedef struct xpu_text {
  uint32_t struct_size;
  uint32_t flags;      /* XPU_EXPAND or 0 */
  const char* path;    /* absolute, in the container */
  const char* content; /* UTF-8; a text file ends with a newline, which is not added */
} xpu_text;

/* Something a person should know about a container that is given this: XPU_LOG_WARN is said at its
 * start and by `explain`, XPU_LOG_INFO by `explain` only. */
typedef struct xpu_note {
  uint32_t struct_size;
  int32_t severity; /* XPU_LOG_INFO or XPU_LOG_WARN */
  const char* text; /* one line */
} xpu_note;

/* A folder of the image that may hold libraries newer than this backend's, to be found before them
 * by the container's loader. It counts when it holds a file LIBRARY.VERSION whose version is newer
 * in its first number than `version`. Nothing of the image is mounted or changed: the runtime only
 * says, in the loader's cache, where the libraries lie. */
typedef struct xpu_image_folder {
  uint32_t struct_size;
  uint32_t reserved;   /* 0 */
  const char* folder;  /* absolute, in the container */
  const char* library; /* file name without the version: "libacme.so" */
  const char* version; /* of the host's: digits and '.' */
} xpu_image_folder;

/* A symbolic link in the container. The runtime builds the folder that holds it and mounts that
 * folder read-only, so it must be one that only such links live in ("/dev/dri/by-path"). */
typedef struct xpu_link {
  uint32_t struct_size;
  uint32_t reserved;
  const char* path;   /* absolute */
  const char* target; /* relative or absolute, as seen in the container */
} xpu_link;

/* xpu_condition.kind: what must stay as it is for this description to be true. The host takes the
 * present value right after describe(). */
/* A regular file: size, mtime, inode. A device node or socket: number and inode. Also "still
 * missing" and "still unreadable". Not for sysfs and procfs, where mtime means nothing. */
#define XPU_VALID_STAT 1u
/* The names in a folder; also "still missing". */
#define XPU_VALID_LISTING 2u
/* The bytes of a file of at most 64 KiB; also "still missing". */
#define XPU_VALID_CONTENT 3u
/* A time to live. */
#define XPU_VALID_SECONDS 4u

typedef struct xpu_condition {
  uint32_t struct_size;
  uint32_t kind;    /* XPU_VALID_* */
  const char* path; /* absolute; "" with XPU_VALID_SECONDS */
  uint64_t seconds; /* 1 to 31536000 with XPU_VALID_SECONDS; 0 otherwise */
} xpu_condition;

/* What the host offers. Valid from xpu_backend_entry() until close() returns. */
typedef struct xpu_host {
  uint32_t struct_size;
  uint32_t abi_major; /* newest version that the host speaks */
  uint32_t abi_minor;
  uint32_t oldest_major; /* oldest version that it accepts */
  uint32_t oldest_minor;
  uint32_t reserved;
  void* ctx; /* first argument of every function below */

  /* Says why the call that is in progress will return a status other than XPU_OK: one line for a
   * person, naming the file, device or option. The last text counts. */
  void (*set_error)(void* ctx, xpu_status code, const char* text);

  /* A line for the log (XPU_LOG_*). Never secrets, no line ends. */
  void (*log)(void* ctx, int32_t severity, const char* text);

  /* The value of an option that the manifest declares, from configuration or its default there;
   * NULL for a name that the manifest does not declare. Valid until close() returns. */
  const char* (*option)(void* ctx, const char* name);

  /* Sinks. Each checks and copies at once and returns XPU_OK, XPU_INVALID or XPU_NO_MEMORY. With a
   * status other than XPU_OK the item was not taken, the host has kept, as if by set_error, what is
   * wrong with it, and logs that as a warning (20 of them): return that status without another
   * set_error, or leave the item out and go on; the description is valid without it.
   * Only to be called from within describe(). */
  xpu_status (*emit_device)(void* ctx, const xpu_device* device);
  /* A further name that a request may use for a device ("GPU-1f2e...", a serial number): without
   * ',' and space, since requests are lists; not all, none, void, nor a name, UUID or index of
   * another device. */
  xpu_status (*emit_alias)(void* ctx, const char* vendor, const char* index, const char* alias);
  /* A fact about one device ("compute-units" = "104"), or with vendor and index "" about this
   * backend ("driver" = "535.129.03"). Keys: [a-z][a-z0-9.-]*. Images state requirements against
   * them ("driver>=535"); of the device, then of the backend. Keys with one meaning for all:
   *   health          "ok", "degraded" or "failed"
   *   compute-units   units that the vendor counts (SMs, CUs, Xe cores, GPU cores)
   *   integrated      "true" for a device that shares the memory of the host
   *   partition-mode  how the device is divided, in the vendor's words ("cpx_nps4")
   *   unique-id       a further stable id, in the vendor's form
   *   driver          version of the kernel driver
   *   source          who said so: a library or "sysfs" */
  xpu_status (*emit_property)(void* ctx, const char* vendor, const char* index, const char* key,
                              const char* value);
  /* A connection of two different devices, in both directions: one call for a pair. type is
   * "nvlink", "xgmi", "pcie", ...: [a-z][a-z0-9-]*, at most 32 characters. Any weight; among the
   * connections of one backend a higher one is closer. */
  xpu_status (*emit_interconnect)(void* ctx, const char* vendor, const char* index,
                                  const char* peer_vendor, const char* peer_index, const char* type,
                                  uint32_t weight);
  xpu_status (*emit_node)(void* ctx, const xpu_scope* scope, const xpu_node* node);
  xpu_status (*emit_file)(void* ctx, const xpu_scope* scope, const xpu_file* file);
  xpu_status (*emit_env)(void* ctx, const xpu_scope* scope, const xpu_env* env);
  xpu_status (*emit_link)(void* ctx, const xpu_scope* scope, const xpu_link* link);
  /* Also when describe() will return XPU_ABSENT or XPU_FAILED: it says when to look again. */
  xpu_status (*emit_condition)(void* ctx, const xpu_condition* condition);
  /* A capability that requests may name, or a feature, in the order of this call. Every capability
   * used in a scope is emitted before its first use. */
  xpu_status (*emit_capability)(void* ctx, const char* name);
  xpu_status (*emit_value)(void* ctx, const xpu_scope* scope, const xpu_value* value);
  xpu_status (*emit_text)(void* ctx, const xpu_scope* scope, const xpu_text* text);
  xpu_status (*emit_note)(void* ctx, const xpu_scope* scope, const xpu_note* note);
  xpu_status (*emit_image_folder)(void* ctx, const xpu_scope* scope,
                                  const xpu_image_folder* folder);
} xpu_host;

/* What the backend answers. The table is constant and lives as long as the process. */
typedef struct xpu_backend {
  uint32_t struct_size;
  uint32_t abi_major; /* version that this table follows */
  uint32_t abi_minor;
  uint32_t reserved;
  const char* name;    /* as in the manifest: [a-z][a-z0-9-]*, at most 32 characters */
  const char* version; /* of the backend, for people */

  /* Creates the instance. On XPU_OK *self is passed to the others; any other status ends here. */
  xpu_status (*open)(const xpu_host* host, void** self);
  /* Describes the host through the sinks. XPU_ABSENT is the answer for "nothing here". */
  xpu_status (*describe)(void* self);
  /* Ends the instance. Called once after an open() that returned XPU_OK. */
  void (*close)(void* self);
  /* An optional ability by id, such as "xpu.hotplug/1"; NULL when not supported. The slot itself
   * may be NULL. */
  const void* (*extension)(void* self, const char* id);
} xpu_backend;

/* The one exported symbol. Fills *out and returns XPU_OK, or returns XPU_UNSUPPORTED when the
 * range of versions that the host accepts does not hold one that this backend speaks. */
XPU_EXPORT xpu_status xpu_backend_entry(const xpu_host* host, const xpu_backend** out);
typedef xpu_status (*xpu_backend_entry_fn)(const xpu_host* host, const xpu_backend** out);
#define XPU_BACKEND_ENTRY_SYMBOL "xpu_backend_entry"

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* XPU_BACKEND_H */
