// SPDX-License-Identifier: Apache-2.0
// The types of everything that the OCI Runtime Specification has for Linux (config.md,
// config-linux.md and the schema up to 1.2), as one table, and a walk along it.
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <map>
#include <span>

#include "core/base/nearest.h"
#include "core/oci/check.h"

namespace xpu::check {
namespace {

enum class Kind { kAnything, kText, kTruth, kNumber, kList, kMap, kObject };

struct Field;

struct Shape {
  Kind kind = Kind::kAnything;
  std::int64_t least = 0;  // of a number
  std::uint64_t most = 0;
  const Shape* item = nullptr;   // of a list or map
  const Field* first = nullptr;  // of an object
  std::size_t count = 0;

  std::span<const Field> fields() const;
};

struct Field {
  std::string_view key;
  const Shape* shape;
  bool required = false;  // crun refuses an object without it
};

std::span<const Field> Shape::fields() const {
  return {first, count};
}

constexpr std::int64_t kLeast64 = std::numeric_limits<std::int64_t>::min();
constexpr std::uint64_t kMost64 = std::numeric_limits<std::int64_t>::max();

constexpr Shape kAnything{Kind::kAnything}, kText{Kind::kText}, kTruth{Kind::kTruth};
constexpr Shape kInt32{Kind::kNumber, std::numeric_limits<std::int32_t>::min(),
                       std::numeric_limits<std::int32_t>::max()};
constexpr Shape kInt64{Kind::kNumber, kLeast64, kMost64};
constexpr Shape kUint16{Kind::kNumber, 0, 65535};
constexpr Shape kUint32{Kind::kNumber, 0, std::numeric_limits<std::uint32_t>::max()};
constexpr Shape kUint64{Kind::kNumber, 0, std::numeric_limits<std::uint64_t>::max()};
constexpr Shape kTexts{Kind::kList, 0, 0, &kText};
constexpr Shape kTextMap{Kind::kMap, 0, 0, &kText};
constexpr Shape kIds{Kind::kList, 0, 0, &kUint32};

template <std::size_t Size>
constexpr Shape object_of(const Field (&fields)[Size]) {
  return {Kind::kObject, 0, 0, nullptr, fields, Size};
}
constexpr Shape list_of(const Shape& item) {
  return {Kind::kList, 0, 0, &item};
}
constexpr Shape map_of(const Shape& item) {
  return {Kind::kMap, 0, 0, &item};
}

constexpr Field kRootFields[] = {{"path", &kText}, {"readonly", &kTruth}};
constexpr Shape kRoot = object_of(kRootFields);

constexpr Field kMappingFields[] = {
    {"containerID", &kUint32}, {"hostID", &kUint32}, {"size", &kUint32}};
constexpr Shape kMapping = object_of(kMappingFields);
constexpr Shape kMappings = list_of(kMapping);

constexpr Field kMountFields[] = {{"destination", &kText},     {"type", &kText},
                                  {"source", &kText},          {"options", &kTexts},
                                  {"uidMappings", &kMappings}, {"gidMappings", &kMappings}};
constexpr Shape kMount = object_of(kMountFields);
constexpr Shape kMounts = list_of(kMount);

constexpr Field kHookFields[] = {
    {"path", &kText}, {"args", &kTexts}, {"env", &kTexts}, {"timeout", &kInt64}};
constexpr Shape kHook = object_of(kHookFields);
constexpr Shape kHookList = list_of(kHook);
constexpr Field kHooksFields[] = {{"prestart", &kHookList},        {"createRuntime", &kHookList},
                                  {"createContainer", &kHookList}, {"startContainer", &kHookList},
                                  {"poststart", &kHookList},       {"poststop", &kHookList}};
constexpr Shape kHooks = object_of(kHooksFields);

constexpr Field kConsoleFields[] = {{"height", &kUint64}, {"width", &kUint64}};
constexpr Shape kConsole = object_of(kConsoleFields);
constexpr Field kUserFields[] = {{"uid", &kUint32},
                                 {"gid", &kUint32},
                                 {"umask", &kUint32},
                                 {"additionalGids", &kIds},
                                 {"username", &kText}};
constexpr Shape kUser = object_of(kUserFields);
constexpr Field kCapabilityFields[] = {{"bounding", &kTexts},
                                       {"effective", &kTexts},
                                       {"inheritable", &kTexts},
                                       {"permitted", &kTexts},
                                       {"ambient", &kTexts}};
constexpr Shape kCapabilities = object_of(kCapabilityFields);
constexpr Field kRlimitFields[] = {{"type", &kText}, {"hard", &kUint64}, {"soft", &kUint64}};
constexpr Shape kRlimit = object_of(kRlimitFields);
constexpr Shape kRlimits = list_of(kRlimit);
constexpr Field kIoFields[] = {{"class", &kText}, {"priority", &kInt32}};
constexpr Shape kIoPriority = object_of(kIoFields);
constexpr Field kSchedulerFields[] = {
    {"policy", &kText},    {"nice", &kInt32},      {"priority", &kInt32}, {"flags", &kTexts},
    {"runtime", &kUint64}, {"deadline", &kUint64}, {"period", &kUint64}};
constexpr Shape kScheduler = object_of(kSchedulerFields);
constexpr Field kAffinityFields[] = {{"initial", &kText}, {"final", &kText}};
constexpr Shape kAffinity = object_of(kAffinityFields);
constexpr Field kProcessFields[] = {{"terminal", &kTruth},
                                    {"consoleSize", &kConsole},
                                    {"user", &kUser},
                                    {"args", &kTexts},
                                    {"commandLine", &kText},
                                    {"env", &kTexts},
                                    {"cwd", &kText},
                                    {"capabilities", &kCapabilities},
                                    {"rlimits", &kRlimits},
                                    {"noNewPrivileges", &kTruth},
                                    {"apparmorProfile", &kText},
                                    {"oomScoreAdj", &kInt64},
                                    {"scheduler", &kScheduler},
                                    {"selinuxLabel", &kText},
                                    {"ioPriority", &kIoPriority},
                                    {"execCPUAffinity", &kAffinity}};
constexpr Shape kProcess = object_of(kProcessFields);

constexpr Field kNamespaceFields[] = {{"type", &kText}, {"path", &kText}};
constexpr Shape kNamespace = object_of(kNamespaceFields);
constexpr Shape kNamespaces = list_of(kNamespace);
constexpr Field kDeviceFields[] = {
    {"path", &kText, true}, {"type", &kText},  {"major", &kInt64}, {"minor", &kInt64},
    {"fileMode", &kUint32}, {"uid", &kUint32}, {"gid", &kUint32}};
constexpr Shape kDevice = object_of(kDeviceFields);
constexpr Shape kDevices = list_of(kDevice);
constexpr Field kNetDeviceFields[] = {{"name", &kText}};
constexpr Shape kNetDevice = object_of(kNetDeviceFields);
constexpr Shape kNetDevices = map_of(kNetDevice);

constexpr Field kRuleFields[] = {{"allow", &kTruth},
                                 {"type", &kText},
                                 {"major", &kInt64},
                                 {"minor", &kInt64},
                                 {"access", &kText}};
constexpr Shape kRule = object_of(kRuleFields);
constexpr Shape kRules = list_of(kRule);
constexpr Field kMemoryFields[] = {{"limit", &kInt64},
                                   {"reservation", &kInt64},
                                   {"swap", &kInt64},
                                   {"kernel", &kInt64},
                                   {"kernelTCP", &kInt64},
                                   {"swappiness", &kUint64},
                                   {"disableOOMKiller", &kTruth},
                                   {"useHierarchy", &kTruth},
                                   {"checkBeforeUpdate", &kTruth}};
constexpr Shape kMemory = object_of(kMemoryFields);
constexpr Field kCpuFields[] = {{"shares", &kUint64},
                                {"quota", &kInt64},
                                {"burst", &kUint64},
                                {"period", &kUint64},
                                {"realtimeRuntime", &kInt64},
                                {"realtimePeriod", &kUint64},
                                {"cpus", &kText},
                                {"mems", &kText},
                                {"idle", &kInt64}};
constexpr Shape kCpu = object_of(kCpuFields);
constexpr Field kPidsFields[] = {{"limit", &kInt64}};
constexpr Shape kPids = object_of(kPidsFields);
constexpr Field kWeightFields[] = {
    {"major", &kInt64}, {"minor", &kInt64}, {"weight", &kUint16}, {"leafWeight", &kUint16}};
constexpr Shape kWeight = object_of(kWeightFields);
constexpr Shape kWeights = list_of(kWeight);
constexpr Field kThrottleFields[] = {{"major", &kInt64}, {"minor", &kInt64}, {"rate", &kUint64}};
constexpr Shape kThrottle = object_of(kThrottleFields);
constexpr Shape kThrottles = list_of(kThrottle);
constexpr Field kBlockFields[] = {{"weight", &kUint16},
                                  {"leafWeight", &kUint16},
                                  {"weightDevice", &kWeights},
                                  {"throttleReadBpsDevice", &kThrottles},
                                  {"throttleWriteBpsDevice", &kThrottles},
                                  {"throttleReadIOPSDevice", &kThrottles},
                                  {"throttleWriteIOPSDevice", &kThrottles}};
constexpr Shape kBlock = object_of(kBlockFields);
constexpr Field kHugeFields[] = {{"pageSize", &kText}, {"limit", &kUint64}};
constexpr Shape kHuge = object_of(kHugeFields);
constexpr Shape kHuges = list_of(kHuge);
constexpr Field kPriorityFields[] = {{"name", &kText}, {"priority", &kUint32}};
constexpr Shape kPriority = object_of(kPriorityFields);
constexpr Shape kPriorities = list_of(kPriority);
constexpr Field kNetworkFields[] = {{"classID", &kUint32}, {"priorities", &kPriorities}};
constexpr Shape kNetwork = object_of(kNetworkFields);
constexpr Field kRdmaFields[] = {{"hcaHandles", &kUint32}, {"hcaObjects", &kUint32}};
constexpr Shape kRdma = object_of(kRdmaFields);
constexpr Shape kRdmas = map_of(kRdma);
constexpr Field kResourceFields[] = {
    {"devices", &kRules},   {"memory", &kMemory}, {"cpu", &kCpu},
    {"pids", &kPids},       {"blockIO", &kBlock}, {"hugepageLimits", &kHuges},
    {"network", &kNetwork}, {"rdma", &kRdmas},    {"unified", &kTextMap}};
constexpr Shape kResources = object_of(kResourceFields);

constexpr Field kArgumentFields[] = {
    {"index", &kUint32}, {"value", &kUint64}, {"valueTwo", &kUint64}, {"op", &kText}};
constexpr Shape kArgument = object_of(kArgumentFields);
constexpr Shape kArguments = list_of(kArgument);
// The single name and the comment are of versions before 1.0, and still written.
constexpr Field kSyscallFields[] = {{"names", &kTexts, true}, {"action", &kText},
                                    {"errnoRet", &kUint32},   {"args", &kArguments},
                                    {"name", &kText},         {"comment", &kText}};
constexpr Shape kSyscall = object_of(kSyscallFields);
constexpr Shape kSyscalls = list_of(kSyscall);
constexpr Field kSeccompFields[] = {{"defaultAction", &kText, true}, {"defaultErrnoRet", &kUint32},
                                    {"architectures", &kTexts},      {"flags", &kTexts},
                                    {"listenerPath", &kText},        {"listenerMetadata", &kText},
                                    {"syscalls", &kSyscalls}};
constexpr Shape kSeccomp = object_of(kSeccompFields);
constexpr Field kRdtFields[] = {{"closID", &kText},           {"schemata", &kTexts},
                                {"l3CacheSchema", &kText},    {"memBwSchema", &kText},
                                {"enableCMT", &kTruth},       {"enableMBM", &kTruth},
                                {"enableMonitoring", &kTruth}};
constexpr Shape kRdt = object_of(kRdtFields);
constexpr Field kMemoryPolicyFields[] = {{"mode", &kText}, {"nodes", &kText}, {"flags", &kTexts}};
constexpr Shape kMemoryPolicy = object_of(kMemoryPolicyFields);
constexpr Field kPersonalityFields[] = {{"domain", &kText}, {"flags", &kTexts}};
constexpr Shape kPersonality = object_of(kPersonalityFields);
constexpr Field kOffsetFields[] = {{"secs", &kInt64}, {"nanosecs", &kUint32}};
constexpr Shape kOffset = object_of(kOffsetFields);
constexpr Shape kOffsets = map_of(kOffset);
constexpr Field kLinuxFields[] = {
    {"namespaces", &kNamespaces},   {"uidMappings", &kMappings},   {"gidMappings", &kMappings},
    {"devices", &kDevices},         {"netDevices", &kNetDevices},  {"cgroupsPath", &kText},
    {"resources", &kResources},     {"rootfsPropagation", &kText}, {"seccomp", &kSeccomp},
    {"sysctl", &kTextMap},          {"maskedPaths", &kTexts},      {"readonlyPaths", &kTexts},
    {"mountLabel", &kText},         {"intelRdt", &kRdt},           {"memoryPolicy", &kMemoryPolicy},
    {"personality", &kPersonality}, {"timeOffsets", &kOffsets}};
constexpr Shape kLinux = object_of(kLinuxFields);

constexpr Field kDocumentFields[] = {
    {"ociVersion", &kText},  {"process", &kProcess},     {"root", &kRoot},
    {"hostname", &kText},    {"domainname", &kText},     {"mounts", &kMounts},
    {"hooks", &kHooks},      {"annotations", &kTextMap}, {"linux", &kLinux},
    {"solaris", &kAnything}, {"windows", &kAnything},    {"vm", &kAnything},
    {"zos", &kAnything},     {"freebsd", &kAnything}};
constexpr Shape kDocument = object_of(kDocumentFields);

const char* name_of(Kind kind) {
  switch (kind) {
    case Kind::kText:
      return "a string";
    case Kind::kTruth:
      return "true or false";
    case Kind::kList:
      return "an array";
    case Kind::kAnything:
    case Kind::kNumber:
    case Kind::kMap:
    case Kind::kObject:
      break;
  }
  return "an object";
}

bool is_integer_in(std::string_view text, const Shape& shape) {
  const char* const end = text.data() + text.size();
  std::int64_t number = 0;
  if (const auto [stop, error] = std::from_chars(text.data(), end, number);
      error == std::errc() && stop == end) {
    return number >= shape.least &&
           (number < 0 || static_cast<std::uint64_t>(number) <= shape.most);
  }
  std::uint64_t big = 0;
  const auto [stop, error] = std::from_chars(text.data(), end, big);
  return error == std::errc() && stop == end && big <= shape.most;
}

class Walker {
 public:
  Walker(bool any_case, Findings& out) : any_case_(any_case), out_(out) {}

  void walk(const Place& place, const Shape& shape) {
    switch (shape.kind) {
      case Kind::kAnything:
        break;
      case Kind::kText:
        expect(place.value().is_string(), place, shape);
        break;
      case Kind::kTruth:
        expect(place.value().text == "true" || place.value().text == "false", place, shape);
        break;
      case Kind::kNumber:
        check_number(place, shape);
        break;
      case Kind::kList:
        if (expect(place.value().is_array(), place, shape)) {
          for (const Place& element : place.elements()) {
            walk_unless_null(element, *shape.item);
          }
        }
        break;
      case Kind::kMap:
        if (expect(place.value().is_object(), place, shape)) {
          walk_map(place, shape);
        }
        break;
      case Kind::kObject:
        if (expect(place.value().is_object(), place, shape)) {
          walk_object(place, shape);
        }
        break;
    }
  }

 private:
  bool expect(bool is_so, const Place& place, const Shape& shape) {
    if (!is_so) {
      out_.add(Refuses::kRunc, place.path(), "is not ", name_of(shape.kind));
    }
    return is_so;
  }

  void check_number(const Place& place, const Shape& shape) {
    const std::string_view text = place.value().text;
    if (place.value().is_string() || text == "true" || text == "false" ||
        place.value().is_array() || place.value().is_object()) {
      out_.add(Refuses::kRunc, place.path(), "is not a number");
    } else if (!is_integer_in(text, shape)) {
      // crun reads -1 as the largest that there is.
      const bool wraps = shape.most == std::numeric_limits<std::uint64_t>::max() &&
                         place.integer().value_or(0) < 0;
      out_.add(wraps ? Refuses::kRunc : Refuses::kBoth, place.path(), text,
               " is not an integer from ", shape.least, " to ", shape.most);
    }
  }

  void walk_unless_null(const Place& place, const Shape& shape) {
    if (!place.is_null()) {
      walk(place, shape);
    }
  }

  void walk_map(const Place& place, const Shape& shape) {
    check_keys_once(place);
    for (const auto& [key, value] : place.entries()) {
      if (shape.item->kind == Kind::kText && value.is_null()) {
        out_.add(Refuses::kCrun, value.path(), "is null, not a string");
      } else if (shape.item->kind == Kind::kText && !value.value().is_string()) {
        out_.add(Refuses::kBoth, value.path(), "is not a string");
      } else {
        walk_unless_null(value, *shape.item);
      }
    }
  }

  void walk_object(const Place& place, const Shape& shape) {
    check_keys_once(place);
    const std::span<const Field> fields = shape.fields();
    for (const auto& [key, value] : place.entries()) {
      const auto field = std::find_if(
          fields.begin(), fields.end(),
          [&, wanted = std::string_view(key)](const Field& f) { return f.key == wanted; });
      if (field != fields.end()) {
        walk_unless_null(value, *field->shape);
      } else {
        check_unknown(key, value, shape);
      }
    }
    for (const Field& field : shape.fields()) {
      if (field.required && !place.get(field.key)) {
        out_.add(Refuses::kCrun, place.path_of(field.key), "is missing");
      }
    }
  }

  void check_keys_once(const Place& place) {
    std::map<std::string, unsigned> count;
    for (const auto& [key, value] : place.entries()) {
      if (++count[key] == 2) {
        out_.add(Refuses::kNobody, value.path(),
                 "is there more than once; low-level runtimes take the last, and a container that "
                 "asks for accelerators is refused");
      }
    }
  }

  void check_unknown(const std::string& key, const Place& value, const Shape& shape) {
    std::vector<std::string_view> known;
    for (const Field& field : shape.fields()) {
      if (json::folds_to(key, field.key)) {
        out_.add(Refuses::kNobody, value.path(), "is spelt ", quoted(field.key),
                 "; runc takes it for that, crun does not, and a container that asks for "
                 "accelerators is refused");
        if (any_case_) {
          walk_unless_null(value, *field.shape);
        }
        return;
      }
      known.push_back(field.key);
    }
    out_.note(value.path(), "is not part of the specification; low-level runtimes pass over it",
              did_you_mean(key, known));
  }

  const bool any_case_;  // of keys
  Findings& out_;
};

}  // namespace

void check_shape(const Place& document, Findings& out) {
  Walker(document.any_case(), out).walk(document, kDocument);
}

}  // namespace xpu::check
