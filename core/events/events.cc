// SPDX-License-Identifier: Apache-2.0
#include "core/events/events.h"

#include <boost/json.hpp>

#include "core/base/append.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/log/format.h"

namespace xpu {
namespace {

namespace bj = boost::json;

constexpr std::uint64_t kFileBytes = 1 << 20;
constexpr std::size_t kTextBytes = 1024;  // of one member
constexpr std::size_t kShortId = 12, kKindColumns = 13;

struct KindName {
  HostEventKind kind;
  const char* name;
};
constexpr KindName kKinds[] = {
    {HostEventKind::kAdded, "added"},
    {HostEventKind::kRemoved, "removed"},
    {HostEventKind::kChanged, "changed"},
    {HostEventKind::kHealth, "health"},
    {HostEventKind::kLost, "lost"},
    {HostEventKind::kHealed, "healed"},
    {HostEventKind::kHealFailed, "heal-failed"},
    {HostEventKind::kStart, "start"},
    {HostEventKind::kStartFailed, "start-failed"},
    {HostEventKind::kDenied, "denied"},
    {HostEventKind::kBackend, "backend"},
    {HostEventKind::kMessagesLost, "messages-lost"},
};

// A text of an event and its name in a line.
struct Member {
  const char* name;
  std::string HostEvent::*text;
};
constexpr Member kMembers[] = {
    {"backend", &HostEvent::backend}, {"device", &HostEvent::device},
    {"key", &HostEvent::key},         {"health", &HostEvent::health},
    {"rule", &HostEvent::rule},       {"reason", &HostEvent::reason},
};
struct ContainerMember {
  const char* name;
  std::string EventContainer::*text;
};
constexpr ContainerMember kContainerMembers[] = {
    {"id", &EventContainer::id},
    {"name", &EventContainer::name},
    {"engine", &EventContainer::engine},
    {"pod", &EventContainer::pod},
    {"namespace", &EventContainer::pod_namespace},
};

// What others called their things becomes a line of JSON and of a terminal: valid UTF-8, no control
// characters, not without end.
std::string tame(const std::string& text) {
  std::string out = log::printable(text);
  if (out.size() > kTextBytes) {
    std::size_t end = kTextBytes - 3;
    while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xc0) == 0x80) {
      --end;
    }
    out.resize(end);
    out += "...";
  }
  return out;
}

// False for what is there and no text.
bool take(const bj::object& from, const char* name, std::string* out) {
  const bj::value* const value = from.if_contains(name);
  if (value == nullptr) {
    return true;
  }
  const bj::string* const text = value->if_string();
  if (text == nullptr || text->size() > kTextBytes) {
    return false;
  }
  *out = tame(std::string(*text));
  return true;
}

bool take_container(const bj::object& from, EventContainer* out) {
  const bj::value* const value = from.if_contains("container");
  if (value == nullptr) {
    return true;
  }
  const bj::object* const object = value->if_object();
  if (object == nullptr) {
    return false;
  }
  for (const ContainerMember& member : kContainerMembers) {
    if (!take(*object, member.name, &(out->*member.text))) {
      return false;
    }
  }
  return true;
}

// "docker train (3f2a9c01d2b7)", as much of it as is known; "" for none.
std::string container_text(const EventContainer& container) {
  if (container.id.empty()) {
    return "";
  }
  std::string name = container.name;
  if (!container.pod.empty()) {
    name = cat(container.pod_namespace, container.pod_namespace.empty() ? "" : "/", container.pod,
               name.empty() ? "" : "/", name);
  }
  const std::string id = container.id.substr(0, kShortId);
  const std::string known = name.empty() ? id : cat(name, " (", id, ')');
  return cat(container.engine, container.engine.empty() ? "" : " ", known);
}

}  // namespace

const char* to_string(HostEventKind kind) {
  for (const KindName& item : kKinds) {
    if (item.kind == kind) {
      return item.name;
    }
  }
  return "";
}

std::optional<HostEventKind> host_event_kind(std::string_view name) {
  for (const KindName& item : kKinds) {
    if (item.name == name) {
      return item.kind;
    }
  }
  return std::nullopt;
}

std::string to_json_line(const HostEvent& event) {
  bj::object out{{"time_ns", event.time_ns}, {"kind", to_string(event.kind)}};
  for (const Member& member : kMembers) {
    if (!(event.*member.text).empty()) {
      out[member.name] = tame(event.*member.text);
    }
  }
  if (!event.container.id.empty()) {
    bj::object container;
    for (const ContainerMember& member : kContainerMembers) {
      container[member.name] = tame(event.container.*member.text);
    }
    out["container"] = std::move(container);
  }
  return bj::serialize(out);
}

std::optional<HostEvent> parse_host_event(std::string_view line) {
  bj::error_code error;
  const bj::value value = bj::parse(bj::string_view(line.data(), line.size()), error);
  const bj::object* const object = error ? nullptr : value.if_object();
  if (object == nullptr) {
    return std::nullopt;
  }
  const bj::value* const time = object->if_contains("time_ns");
  std::string kind;
  if (time == nullptr || !time->is_int64() || !take(*object, "kind", &kind)) {
    return std::nullopt;
  }
  const std::optional<HostEventKind> known = host_event_kind(kind);
  if (!known) {
    return std::nullopt;
  }
  HostEvent out;
  out.time_ns = time->get_int64();
  out.kind = *known;
  for (const Member& member : kMembers) {
    if (!take(*object, member.name, &(out.*member.text))) {
      return std::nullopt;
    }
  }
  const bool whole = take_container(*object, &out.container) && !out.reason.empty();
  return whole ? std::optional(std::move(out)) : std::nullopt;
}

std::string to_text_line(const HostEvent& event) {
  std::string out = cat(log::rfc3339(static_cast<std::time_t>(event.time_ns / 1'000'000'000)), "  ",
                        to_string(event.kind));
  out.append(kKindColumns - std::string_view(to_string(event.kind)).size(), ' ');
  const std::string about = event.device.empty() ? event.backend : event.device;
  const std::string container = container_text(event.container);
  for (const std::string& part : {about, event.health, container}) {
    out += part.empty() ? "" : cat("  ", part);
  }
  out += cat("  ", event.reason);
  return log::printable(event.rule.empty() ? out : cat(out, " [", event.rule, ']'));
}

void append_events(const std::string& state_dir, const std::vector<HostEvent>& events) {
  if (events.empty()) {
    return;
  }
  open_state_dir(state_dir);  // made as all else that lies in it has it made
  AppendOptions options;
  options.limit = kFileBytes;
  for (const HostEvent& event : events) {
    append_line(state_dir, kEventsFile, to_json_line(event), options);
  }
}

}  // namespace xpu
