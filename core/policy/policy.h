// SPDX-License-Identifier: Apache-2.0
// Who may ask for what: the rows of the profile in force, each of which the configuration can set
// by itself.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/config/config.h"

namespace xpu {

// Where a request may come from.
enum class RequestSource {
  kNone,
  kAnnotations,
  kCdiAnnotations,  // of CDI, by the beginnings that the configuration names
  kMounts,
  kSlurm,
  kEnvironment,
  kVendorVariable,
  kDefault
};
const char* to_string(RequestSource source);

enum class Accept { kAlways, kPrivileged, kNever };
enum class SharingChoice {
  kAny,      // a container may ask for shared or exclusive
  kTighten,  // only for exclusive where the default is shared
  kFixed,    // the default always
};

struct Policy {
  bool multi_tenant = false;
  Accept environment = Accept::kAlways;  // the vendor-neutral variables and those of vendors
  Accept annotations = Accept::kAlways;
  Accept volume_mounts = Accept::kNever;
  Accept slurm = Accept::kAlways;
  Accept features = Accept::kAlways;  // what a variable switches on beyond devices and driver files
  bool exclusive_by_default = false;
  SharingChoice sharing_choice = SharingChoice::kAny;
  bool default_request_auto = false;
  unsigned max_devices = 0;  // for one container; 0: no limit
  unsigned max_wait_seconds = 0;
  std::vector<std::string> vendors;                      // that may be given; empty: every one
  std::vector<std::string> allow_devices, deny_devices;  // patterns, see matches_device()
};

Policy policy_of(const Config& config);

// One row as `xpu-runtime policy show` prints it.
struct PolicyRow {
  std::string key;    // "environment", as in [policy]
  std::string value;  // in force
  std::string why;    // "profile multi-tenant", or "FILE:LINE"
  std::string meaning;
};
std::vector<PolicyRow> policy_rows(const Config& config);

// A request that policy does not allow. `rule` is the key of [policy] at fault, or another with its
// table; `name` the variable or annotation where it is not the one that asks for devices.
class Denied : public Error {
 public:
  Denied(std::string rule, const std::string& text, std::string name = "")
      : Error(text), rule_(std::move(rule)), name_(std::move(name)) {}
  const std::string& rule() const { return rule_; }
  const std::string& name() const { return name_; }

 private:
  std::string rule_, name_;
};

template <class... Parts>
[[noreturn]] void deny(const std::string& rule, const Parts&... parts) {
  throw Denied(rule, cat(parts..., "; [policy] ", rule, " says so"));
}
// The same where `name`, with which the message begins, is at fault.
template <class... Parts>
[[noreturn]] void deny_setting(const std::string& rule, const std::string& name,
                               const Parts&... parts) {
  throw Denied(rule, cat(name, parts..., "; [policy] ", rule, " says so"), name);
}

}  // namespace xpu
