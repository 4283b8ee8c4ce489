// SPDX-License-Identifier: Apache-2.0
#include "core/policy/policy.h"

namespace xpu {
namespace {

Accept accept_of(const std::optional<std::string>& set, Accept otherwise) {
  return !set                   ? otherwise
         : *set == "always"     ? Accept::kAlways
         : *set == "privileged" ? Accept::kPrivileged
                                : Accept::kNever;
}

SharingChoice choice_of(const std::optional<std::string>& set, SharingChoice otherwise) {
  return !set                ? otherwise
         : *set == "any"     ? SharingChoice::kAny
         : *set == "tighten" ? SharingChoice::kTighten
                             : SharingChoice::kFixed;
}

}  // namespace

const char* to_string(RequestSource source) {
  switch (source) {
    case RequestSource::kNone:
      break;
    case RequestSource::kAnnotations:
    case RequestSource::kCdiAnnotations:
      return "annotations";
    case RequestSource::kMounts:
      return "volume-mounts";
    case RequestSource::kSlurm:
      return "slurm";
    case RequestSource::kEnvironment:
    case RequestSource::kVendorVariable:
      return "environment";
    case RequestSource::kDefault:
      return "default-request";
  }
  return "nothing";
}

Policy policy_of(const Config& config) {
  Policy policy;
  policy.multi_tenant = config.profile == "multi-tenant";
  const bool tenants = policy.multi_tenant;
  policy.environment =
      accept_of(config.accept_environment, tenants ? Accept::kPrivileged : Accept::kAlways);
  policy.annotations = accept_of(config.accept_annotations, Accept::kAlways);
  policy.volume_mounts =
      accept_of(config.accept_volume_mounts, tenants ? Accept::kAlways : Accept::kNever);
  policy.slurm = accept_of(config.accept_slurm, Accept::kAlways);
  policy.features =
      accept_of(config.accept_features, tenants ? Accept::kPrivileged : Accept::kAlways);
  policy.exclusive_by_default =
      config.default_sharing ? *config.default_sharing == "exclusive" : tenants;
  policy.sharing_choice =
      choice_of(config.sharing_choice, tenants ? SharingChoice::kTighten : SharingChoice::kAny);
  policy.default_request_auto = config.default_request == "auto" && !tenants;
  policy.max_devices = config.enable_multi_gpu ? config.max_devices_per_container : 1;
  policy.max_wait_seconds = config.max_wait_s;
  policy.vendors = config.allow_vendors;
  policy.allow_devices = config.allow_devices;
  policy.deny_devices = config.deny_devices;
  return policy;
}

}  // namespace xpu
