// SPDX-License-Identifier: Apache-2.0
// What a container asks for, in vendor-neutral form.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/catalog/catalog.h"
#include "core/plugin/manifest.h"
#include "core/policy/policy.h"
#include "core/request/wish.h"

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
  bool qualified = false;              // `name` is one of CDI, "vendor.com/class=name"
  std::vector<DeviceKind> kinds = {};  // that it is about; empty: every one
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
  std::string denied_by = {};  // the row of [policy] that keeps it from this container; "" for none
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

// Something that was asked, from where policy does not accept it.
struct PassedOver {
  RequestSource source;
  std::string name;  // the variables, annotations or mounts
  std::string rule;  // the row of [policy]
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
  // The container's processes hold CAP_SYS_ADMIN on the host.
  bool privileged = false;
  RequestSource source = RequestSource::kNone;
  // Instead of selectors: devices that are described. Also what the default request is.
  std::optional<Wish> wish;
  // What every device has to meet: of `all` and of a wish those that do are taken, one that is
  // named and does not is an error.
  std::vector<Test> tests;
  std::optional<Strategy> strategy;  // nullopt: as configured
  std::optional<bool> exclusive;     // nullopt: as policy says
  bool numa_local = false;
  unsigned wait_seconds = 0;  // for devices that others hold
  std::string label;          // that costs are summed by
  // Warnings for the log, for example a well-known variable that no installed backend claims.
  std::vector<std::string> warnings;
  // Of no interest but to who looks closely: what usually comes along and does not count.
  std::vector<std::string> notes;
  std::vector<PassedOver> passed_over;  // each is in a warning as well
  // Whether policy takes variables of vendors from this container.
  bool takes_vendor_variables = true;
  // Backends whose own variables ask for something, which does not count beside what goes before.
  std::vector<std::string> overruled;
};

inline constexpr std::string_view kNeutralVariable = "XPU_VISIBLE_DEVICES";

// What a container says, from everywhere that it or its engine can say it.
struct Said {
  std::vector<std::string> env;  // process.env as it was before any edit of ours
  // Of the specification, in its order.
  std::vector<std::pair<std::string, std::string>> annotations;
  std::vector<std::string> null_mounts;  // destinations of mounts whose source is /dev/null
  // What Slurm gave to the step, from our own environment: "0,1"; "" for nothing.
  std::string slurm_devices;
  bool privileged = false;
};

// Where requests come from, first to last; the first that says anything counts, never two together:
//
//   annotations  xpu.dev/KEY, of pods also xpu.dev/KEY.CONTAINER (see settings.h)
//   cdi.k8s.io/  annotations of CDI (see cdi_annotations.h)
//   mounts       of /dev/null below /var/run/xpu-container-devices or a folder that a manifest
//                names (see mounts.h)
//   Slurm        the indices of the step's or job's devices
//   XPU_*        variables of the runtime's own, or configured aliases of them
//   variables of vendors, each for its own devices
//   the default request, of a container in which no variable of an installed backend is set
//
// One that policy does not accept is passed over with a warning. XPU_VISIBLE_DEVICES (or its
// annotation) being empty or `void` beats everything, accepted or not, and being `none` where it is
// accepted. A sandbox container of a pod asks for nothing.
//
// Sharing, affinity, wait and label do not ask. Those of annotations count for every request, those
// of variables for every one but of annotations. XPU_DRIVER_CAPABILITIES goes before the variables
// of vendors for capabilities.
//
// The value of a variable of a vendor is a list, separated by commas; spaces around an element do
// not count, and neither does one comma at the end, which scripts leave. Any other empty element is
// an error. "2-5" stands for the indices from 2 to 5. In XPU_VISIBLE_DEVICES an element may begin
// with "BACKEND:" or "VENDOR:", in a variable about certain vendors with one of these; or all of
// them describe devices (see describe.h). `all`, `none` and `void` count in any case. A backend has
// one variable in force, the first of its manifest that is set, or one each for different vendors.
//
// `backends` are those of find_backends(). `known_file`: known-variables.toml, read only when a
// variable asks for it ("" for none). Throws Error for a request that cannot be understood (names
// variable and element), when the source in force is claimed by a refused backend, and when one
// that is about any backend, or an unclaimed well-known variable, asks while a backend folder
// cannot be used. Throws Denied.
Request parse_request(const Said& said, const std::vector<FoundBackend>& backends,
                      const Config& config, const std::string& known_file);

// The first that asks for devices or drivers, whether or not it would be accepted and served; ""
// when none does. For a start whose configuration cannot be used: a backend counts even when it is
// not enabled, and so does a well-known variable, whose backend may be in a folder that only the
// configuration names. Where the known variables cannot be read, any *_VISIBLE_DEVICES counts.
std::string asking_variable(const Said& said, const std::vector<FoundBackend>& backends,
                            const Config& config, const std::string& known_file);

}  // namespace xpu
