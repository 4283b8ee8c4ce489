/* SPDX-License-Identifier: Apache-2.0
 *
 * Extension "xpu.hotplug/1": a backend that says when its devices come, go, change or fail. The
 * runtime works without it: conditions of a description are checked at every use. With it the
 * description is renewed before anybody asks, and a device that reports errors is not given away.
 *
 * Life
 *   xpu_backend.extension(self, "xpu.hotplug/1") after open(), in a process of its own that may
 *   live for months. start(), then dispatch() at once, and whenever descriptor() is readable or the
 *   time that the last dispatch() asked for is over, then stop(), then close(). describe() is not
 *   called in this process. Rules for threads, strings, errors and the process are those of
 *   backend.h: one thread, which also takes the samples of xpu/metrics.h, so a dispatch() does not
 *   wait for anything. What the process may use is limited as for describe(), except for its
 *   processor time.
 *
 * Which events
 *   An event is a hint with a reason. The runtime asks the backend for a new description, in
 *   another process, and finds out by itself which devices came, went and changed; health is taken
 *   from the event as it stands. Report what is your own hardware's and nothing else: a whole
 *   renewal follows. Report each message of the source; the runtime makes one of a burst.
 *   A source that has lost messages (ENOBUFS of a netlink socket) is reported as XPU_EVENT_LOST:
 *   everything is looked at anew then.
 */
#ifndef XPU_HOTPLUG_H
#define XPU_HOTPLUG_H

#include "backend.h"

#ifdef __cplusplus
extern "C" {
#endif

#define XPU_HOTPLUG_1 "xpu.hotplug/1"

/* xpu_event.kind */
#define XPU_EVENT_ADDED 1u   /* a device appeared, or its driver did */
#define XPU_EVENT_REMOVED 2u /* it went, or its driver did */
#define XPU_EVENT_CHANGED 3u /* it is described differently now: partitions, nodes, names */
#define XPU_EVENT_HEALTH 4u  /* its health is now xpu_event.health */
#define XPU_EVENT_LOST 5u    /* messages of the source were lost; `device` is "" */

/* xpu_event.health, with XPU_EVENT_HEALTH; 0 otherwise. The same words as the property "health" of
 * backend.h. */
#define XPU_HEALTH_OK 1u       /* works, also again after an error */
#define XPU_HEALTH_DEGRADED 2u /* works, but errors were seen; still selected */
#define XPU_HEALTH_FAILED 3u   /* not selected any more, unless the administrator allows it */

typedef struct xpu_event {
  uint32_t struct_size;
  uint32_t kind;   /* XPU_EVENT_* */
  uint32_t health; /* XPU_HEALTH_*, or 0 */
  uint32_t reserved;
  /* When it happened, nanoseconds since 1970 (CLOCK_REALTIME); 0: now. */
  uint64_t time_ns;
  /* Whatever a request may call the device by: "<vendor>:<index>", UUID, alias or PCI address. ""
   * where it has no such name (yet), not with XPU_EVENT_HEALTH. At most 1,024 bytes. */
  const char* device;
  /* One line for a person: what the source said. "Xid 79: GPU has fallen off the bus". Not "". */
  const char* reason;
} xpu_event;

/* What the host offers to start() and dispatch(), valid until stop() returns. */
typedef struct xpu_event_sink {
  uint32_t struct_size;
  uint32_t reserved;
  void* ctx;
  /* Checks and copies at once. XPU_OK, XPU_INVALID, or XPU_NO_MEMORY where more events wait than
   * are kept (the process then ends and is started anew), with the reason kept as by set_error.
   * Only to be called from within dispatch() and start(). */
  xpu_status (*emit_event)(void* ctx, const xpu_event* event);
} xpu_event_sink;

/* dispatch() has no time of its own. */
#define XPU_NO_TIMEOUT 0xffffffffu

typedef struct xpu_hotplug_1 {
  uint32_t struct_size;
  uint32_t reserved;
  /* Opens the sources. XPU_ABSENT: there is nothing to watch here; the process ends and is started
   * anew when the hardware appears. XPU_FAILED: a source could not be opened; tried again later. */
  xpu_status (*start)(void* self, const xpu_event_sink* sink);
  /* A descriptor that is readable when there is something to do, for poll(); with several sources
   * an epoll descriptor. -1: none. Asked after each start() and dispatch(). */
  int32_t (*descriptor)(void* self);
  /* Reads what is there and emits it; returns at once. *next_ms: call again after this many
   * milliseconds at the latest (at least 50), or XPU_NO_TIMEOUT. A failure ends the watching: the
   * process is started anew, later each time. */
  xpu_status (*dispatch)(void* self, uint32_t* next_ms);
  /* Closes them. Called once after a start() that returned XPU_OK. */
  void (*stop)(void* self);
} xpu_hotplug_1;

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* XPU_HOTPLUG_H */
