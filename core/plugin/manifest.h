// SPDX-License-Identifier: Apache-2.0
// NAME.toml beside a backend's library: what is known about a backend without loading it.
//
//   manifest-version = 1
//   name = "acme"                        # as the file
//   library = "libxpu-acme.so"           # beside the manifest, or an absolute path
//   abi = "1.0"
//   summary = "Acme anvils"              # optional, as all that follows
//   sha256 = "..."                       # of the library
//   enabled-by-default = true
//   simulated = false
//
//   [request]
//   device-variables = ["ACME_VISIBLE_DEVICES", "ANVIL_DEVICES"]
//   capability-variables = ["ACME_CAPABILITIES"]
//   default-capabilities = ["compute"]
//   device-mounts = ["/var/run/acme-devices"]  # a mount of /dev/null below it asks for the device
//                                        # that the rest of its path names to device-variables[0]
//   hooks = ["acme-container-hook"]      # programs that engines have containers start with to be
//                                        # given such devices; taken out where we give them
//
//   [[request.capability-rules]]         # where no capability variable is set
//   if-set = "ACME_VERSION"
//   if-unset = "ACME_NEW"                # optional
//   capabilities = ["all"]
//
//   [[request.variables]]                # a device variable that is not about every vendor
//   variable = "ANVIL_DEVICES"
//   vendors = ["anvil"]
//
//   [[request.features]]                 # a capability that is never part of "all"
//   name = "rdma"
//   variable = "ACME_RDMA"               # or variables = [...]: the first that is set counts
//   values = ["enabled"]                 # that switch it on; "", 0, false, disabled, none and void
//                                        # leave it off, anything else is an error
//   privileged = true                    # only for containers with CAP_SYS_ADMIN
//
//   [[request.features]]
//   name = "channels"
//   variable = "ACME_CHANNELS"
//   list = true                          # instead of values: the elements that are wanted, or all
//   prefix = "channel"                   # may stand before each element
//
//   [request.requirements]               # see core/require/require.h
//   variables = ["ACME_REQUIRE_*"]       # '*' at the end: all that begin like it
//   except = ["ACME_REQUIRE_OTHER"]
//   disable = ["ACME_DISABLE_REQUIRE"]   # true, yes, on or 1 switches the check off
//
//   [[request.requirements.rules]]       # an image that says it by another variable
//   if-set = "ACME_VERSION"
//   if-unset = "ACME_REQUIRE_TOOLS"      # optional
//   requires = "tools>=${major}.${minor}"  # or ${value}, of the variable of if-set
//
//   [detect]
//   any = ["${root}/proc/acme"]
//
//   [[cdi.kinds]]                        # names of CDI devices, beside the runtime's own, that
//   kind = "acme.example/anvil"          # are devices of this backend: acme.example/anvil=0
//   vendor = "acme"                      # optional: only devices of this vendor
//   devices = ["gpu", "partition"]       # optional: only of these kinds (or npu, accelerator)
//
//   [options]                            # with defaults; keys of [backends.acme] in config.toml
//   root = "/"
//
//   [[doctor.NAME]]                      # see core/plugin/doctor_hints.h; not read here
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/fd.h"
#include "core/catalog/catalog.h"
#include "core/config/config.h"

namespace xpu {

// A capability default that depends on the image, for request variables of images that were made
// before the capability variable existed.
struct CapabilityRule {
  std::string if_set;    // variable that must be set
  std::string if_unset;  // variable that must not be set; "" for none
  std::vector<std::string> capabilities;
};

// [[request.features]]: a capability that is given only to a container that switches it on.
struct Feature {
  std::string name;                    // of the capability
  std::vector<std::string> variables;  // of the container; the first that is set counts
  // Values that switch it on, in any case ("enabled", "all"); empty where `list`.
  std::vector<std::string> values;
  // The value is a list of elements (xpu_scope.item). `prefix` may stand before each ("channel0").
  bool list = false;
  std::string prefix;
  // Only for a container whose processes hold CAP_SYS_ADMIN.
  bool privileged = false;
};

// A value of a feature's variable that leaves it off: "", 0, false, disabled, none, void.
bool switches_off(std::string_view value);

// [request.requirements]: what an image says it needs of the host.
struct RequirementRule {  // a requirement that an image states without saying so
  std::string if_set, if_unset;
  // "tools>=${value}", of the variable `if_set`; ${major} and ${minor} are its first two numbers.
  std::string requires_text;
};
struct Requirements {
  std::vector<std::string> variables;  // names; one that ends in '*' is a prefix
  std::vector<std::string> except;     // the same, of those that are not requirements
  std::vector<std::string> disable;    // variables that switch the check off when they are true
  std::vector<RequirementRule> rules;
};

// [[request.variables]]: what a device variable is about, where that is not every vendor of the
// backend. Variables of one backend that are about different vendors are in force side by side.
struct VariableVendors {
  std::string variable;
  std::vector<std::string> vendors;
};

// [[cdi.kinds]]: a kind of CDI devices by which others know devices of this backend.
struct CdiKind {
  std::string kind;                 // "vendor.example/class"
  std::string vendor;               // "" for every vendor of the backend
  std::vector<DeviceKind> devices;  // empty: of every kind
  bool has(const Device& device) const;
};

struct Manifest {
  std::string file;                       // absolute path of the manifest
  std::string name;                       // [a-z][a-z0-9-]*
  std::string library;                    // absolute path
  std::string sha256;                     // of the library, lower case; "" for none
  std::string summary;                    // one line for people
  unsigned abi_major = 0, abi_minor = 0;  // version that the library was built for
  bool enabled_by_default = true;
  bool simulated = false;

  // [request]
  std::vector<std::string> device_variables;
  std::vector<std::string> device_mounts;  // folders, [A-Za-z0-9._/-], absolute and clean
  std::vector<std::string> hooks;          // names of programs, without a folder
  std::vector<std::string> capability_variables;
  std::vector<std::string> default_capabilities;
  std::vector<CapabilityRule> capability_rules;
  std::vector<VariableVendors> variable_vendors;
  std::vector<Feature> features;
  Requirements requirements;

  // [detect] any = [...]: at least one path must exist for the library to be worth loading; empty:
  // always worth it. Options are already substituted ("${sys-root}/proc/...").
  std::vector<std::string> detect_any;

  std::vector<CdiKind> cdi_kinds;  // no kind twice

  // [options]: name → value in force (default of the manifest, or configuration).
  std::map<std::string, std::string> options;
};

// A manifest that was found, usable or not; or a configured folder that cannot be used, which is
// refused, carries its path as name and file, and may hold any backend.
struct FoundBackend {
  Manifest manifest;  // when refused: as much as could be read, at least file, name and variables
  bool enabled = true;
  bool refused = false;
  bool is_folder = false;
  std::string reason;  // when refused (trust, syntax, ABI, options) or not enabled
};

// A manifest as it lies in its folder.
struct ManifestText {
  std::string file;  // absolute path
  std::string name;  // of the file, without ".toml"
  std::string text;
  std::string problem;  // why it is not to be believed; "" otherwise
};

// Whether the backend of a manifest with this text is of interest.
using Concerns = std::function<bool(std::string_view text)>;

// Reads and checks one manifest, with the options that `config` sets; never throws.
// `config_file` is for messages. With `require_sha256`, one without a hash is refused.
FoundBackend read_manifest(const std::string& file, const BackendConfig& config,
                           const std::string& config_file, bool require_sha256);
// `origins`: those of the configuration; with them a setting that is wrong is named with its place.
FoundBackend parse_manifest(const ManifestText& manifest, const BackendConfig& config,
                            const std::string& config_file, bool require_sha256,
                            const std::map<std::string, ValueOrigin>& origins = {});

// The text of a manifest; never throws. `folder`: an open and trusted folder that holds it, or
// null.
ManifestText read_manifest_text(const std::string& file, const Fd* folder);

// Every *.toml in the configured folders, sorted by name. Never throws for one bad manifest; two of
// the same name are both refused and each names the other. A folder that is missing is empty; one
// that cannot be read or that others can write is an entry of its own, besides its manifests.
// With `concerns`, backends of which no manifest concerns the caller are left out without being
// read any further.
std::vector<FoundBackend> find_backends(const Config& config, const Concerns& concerns = {});

}  // namespace xpu
