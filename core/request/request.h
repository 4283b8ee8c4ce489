// SPDX-License-Identifier: Apache-2.0
// What a container asks for: from its environment, in vendor-neutral form.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/plugin/manifest.h"

namespace xpu {

// One element of the list in a request variable, as written.
struct Selector {
  std::string text;     // as written, for messages; of a range one of its indices
  std::string backend;  // backend or vendor that it is limited to; "" for none
  std::string name;     // "all", "none" (in lower case), index, UUID, PCI address, alias
  std::string variable;
  // Backends that the variable belongs to; empty for the vendor-neutral one. The variables of
  // several backends can be in force side by side, each for its own.
  std::vector<std::string> claimed_by;
  // Vendors that the variable is about; empty: every one of those backends. A bare index is that of
  // the first of them that has a device.
  std::vector<std::string> vendors;
};

// A feature that the container switched on.
struct FeatureRequest {
  std::string backend, name;
  // Elements of a list, without the prefix; {"all"} for every one that there is. Else empty.
  std::vector<std::string> items;
  bool privileged = false;  // given to privileged containers only
  std::string source;       // "VARIABLE=value", for messages
  // What is wrong with the value: an error when devices of this backend are given; "" for nothing.
  std::string problem;
};

// A requirement of the image, as written.
struct RequirementRequest {
  std::string backend;
  std::string variable;  // that states it
  std::string text;      // "tools>=12.4 driver>=535,driver<536"
  // "VARIABLE=value" by which the container switches the check off; "" when it does not.
  std::string disabled_by;
};

// Driver capabilities that are asked of one backend.
struct CapabilityRequest {
  std::string backend;
  std::vector<std::string> names;  // {"compute", ...}; "all" is kept as is
  std::string source;              // the variable, or the manifest's key and file, for messages
};

enum class RequestKind {
  kNone,         // nothing asked, or `void` or an empty value in the variable in force
  kDriversOnly,  // `none`: driver files, no device
  kDevices,
};

struct Request {
  RequestKind kind = RequestKind::kNone;
  std::string variable;  // in force; "" when nothing was asked; several are joined by ", "
  std::vector<Selector> selectors;  // without duplicates; of kDriversOnly each is called "none"
  // Backends that the variables in force belong to; empty for the vendor-neutral one.
  std::vector<std::string> claimed_by;
  std::vector<CapabilityRequest> capabilities;  // one for each backend that may serve
  std::vector<FeatureRequest> features;
  std::vector<RequirementRequest> requirements;
  // The container's processes hold CAP_SYS_ADMIN on the host: not known from its environment, but
  // set by whoever has read its specification.
  bool privileged = false;
  // Warnings for the log, for example a well-known variable that no installed backend claims.
  std::vector<std::string> warnings;
};

inline constexpr std::string_view kNeutralVariable = "XPU_VISIBLE_DEVICES";

// The value of a request variable is a list, separated by commas; spaces around an element do not
// count, and neither does one comma at the end, which scripts leave. Any other empty element is an
// error. "2-5" stands for the indices from 2 to 5. In the vendor-neutral variable an element may
// begin with "BACKEND:" or "VENDOR:", in one about certain vendors with one of these. `all`, `none`
// and `void` count in any case. A backend has one variable in force, the first of its manifest that
// is set, or one each for different vendors.
//
// `env`: "NAME=value" as in the spec's process.env; of several with one name the last counts.
// `known_file`: known-variables.toml, read only when a variable asks for it ("" for none).
// Throws Error for a request that cannot be understood (names variable and element), and when the
// variable in force is claimed by a refused backend, and when the vendor-neutral or an unclaimed
// well-known variable asks while a backend folder cannot be used.
Request parse_request(const std::vector<std::string>& env,
                      const std::vector<FoundBackend>& backends, const std::string& known_file);

// The first variable that asks for devices or drivers, whether or not it would be served; "" when
// none does. For a start whose configuration cannot be used: a backend counts even when it is not
// enabled, and so does a well-known variable, whose backend may be in a folder that only the
// configuration names. Where the known variables cannot be read, any *_VISIBLE_DEVICES counts.
std::string asking_variable(const std::vector<std::string>& env,
                            const std::vector<FoundBackend>& backends,
                            const std::string& known_file);

}  // namespace xpu
