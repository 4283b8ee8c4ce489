// SPDX-License-Identifier: Apache-2.0
// <state-dir>/events: what happened on this host, for people and scripts that look back or follow.
// One JSON object a line, appended by xpud alone; at 1 MiB the file becomes events.1, whose
// predecessor goes. It is of this boot, as all of the state folder.
//
//   {"time_ns":N,"kind":"lost","backend":"acme","device":"acme:0","key":"GPU-1","reason":"...",
//    "container":{"id":"...","name":"train","engine":"docker","pod":"","namespace":""}}
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/fd.h"

namespace xpu {

inline constexpr const char* kEventsFile = "events";  // in the state folder

// Names never change: scripts match them.
enum class HostEventKind {
  kAdded,         // "added": a device is there
  kRemoved,       // "removed"
  kChanged,       // "changed": it is described differently
  kHealth,        // "health"
  kLost,          // "lost": a device went away, or failed for good, while a container holds it
  kHealed,        // "healed": a container got its devices back
  kHealFailed,    // "heal-failed"
  kStart,         // "start": a container started with devices
  kStartFailed,   // "start-failed"
  kDenied,        // "denied": by policy; `rule` says which row
  kBackend,       // "backend": one failed, ended or works again
  kMessagesLost,  // "messages-lost": of a source; everything was looked at anew
};
const char* to_string(HostEventKind kind);
std::optional<HostEventKind> host_event_kind(std::string_view name);

struct EventContainer {
  std::string id, name, engine, pod, pod_namespace;  // as Origin; "" unknown
  bool operator==(const EventContainer&) const = default;
};

struct HostEvent {
  std::int64_t time_ns = 0;  // since 1970
  HostEventKind kind = HostEventKind::kChanged;
  std::string backend, device, key;  // device: its id; key: lease_key(); "" for none
  std::string health;                // with kHealth: "ok", "degraded", "failed"
  std::string rule;                  // with kDenied
  std::string reason;                // one line for a person; not ""
  EventContainer container;          // id "" for none
  bool operator==(const HostEvent&) const = default;
};

std::string to_json_line(const HostEvent& event);                  // without the line's end
std::optional<HostEvent> parse_host_event(std::string_view line);  // nullopt: not one
std::string to_text_line(const HostEvent& event);                  // for people

// Appends whole lines. Throws Error; what is written is written.
void append_events(const std::string& state_dir, const std::vector<HostEvent>& events);

// Follows the journal over its change of files.
class EventReader {
 public:
  explicit EventReader(std::string state_dir) : dir_(std::move(state_dir)) {}
  // What was not read yet, the oldest first; from the beginning of what is kept at the first call.
  // A line that is no event is passed over, one that has no end yet is waited for. Throws Error
  // when a file that is there cannot be read or could have been written by others.
  std::vector<HostEvent> next();

 private:
  void read(Fd& file, std::vector<HostEvent>& out);
  std::string dir_, rest_;  // the beginning of a line
  Fd file_, older_;         // what was read last; open, so that their numbers stay theirs
};

}  // namespace xpu
