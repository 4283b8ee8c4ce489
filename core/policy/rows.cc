// SPDX-License-Identifier: Apache-2.0
// What is in force, and why, row by row.
#include "core/base/joined.h"
#include "core/policy/policy.h"

namespace xpu {
namespace {

std::string or_none(const std::vector<std::string>& items, const char* for_none) {
  const std::string out = joined(items);
  return out.empty() ? for_none : out;
}

std::string accept_text(Accept accept) {
  return accept == Accept::kAlways ? "always" : accept == Accept::kNever ? "never" : "privileged";
}

std::string choice_text(SharingChoice choice) {
  return choice == SharingChoice::kAny     ? "any"
         : choice == SharingChoice::kFixed ? "fixed"
                                           : "tighten";
}

std::string max_devices_text(const Policy& policy) {
  return policy.max_devices == 0 ? "no limit" : std::to_string(policy.max_devices);
}

struct Row {
  const char* key;
  bool by_profile;  // the profile decides where no file does
  std::string (*value)(const Config& config, const Policy& policy);
  const char* meaning;
};

using C = const Config&;
using P = const Policy&;

constexpr Row kRows[] = {
    {"profile", false, [](C c, P) { return c.profile; },
     "decides every row that no file sets by itself"},
    {"environment", true, [](C, P p) { return accept_text(p.environment); },
     "who may ask by variables, XPU_* and those of vendors"},
    {"annotations", true, [](C, P p) { return accept_text(p.annotations); },
     "who may ask by annotations xpu.dev/..."},
    {"volume-mounts", true, [](C, P p) { return accept_text(p.volume_mounts); },
     "who may ask by mounting /dev/null below a folder of devices"},
    {"slurm", true, [](C, P p) { return accept_text(p.slurm); },
     "who is given what Slurm allotted to the job"},
    {"features", true, [](C, P p) { return accept_text(p.features); },
     "who may switch on more than devices and driver files"},
    {"default-sharing", true,
     [](C, P p) { return std::string(p.exclusive_by_default ? "exclusive" : "shared"); },
     "how devices are held by who does not say it"},
    {"sharing-choice", true, [](C, P p) { return choice_text(p.sharing_choice); },
     "what a container may say: any, tighten (to exclusive only), fixed (nothing)"},
    {"max-devices-per-container", false, [](C, P p) { return max_devices_text(p); },
     "most devices that one container may hold"},
    {"enable-multi-gpu", false,
     [](C c, P) { return std::string(c.enable_multi_gpu ? "true" : "false"); },
     "whether a container may hold more than one device"},
    {"max-wait-seconds", false, [](C, P p) { return std::to_string(p.max_wait_seconds); },
     "longest that XPU_WAIT may wait for devices"},
    {"allow-vendors", false, [](C, P p) { return or_none(p.vendors, "all"); },
     "whose devices may be given"},
    {"allow-devices", false, [](C, P p) { return or_none(p.allow_devices, "all"); },
     "which devices may be given"},
    {"deny-devices", false, [](C, P p) { return or_none(p.deny_devices, "none"); },
     "which of them may not"},
    {"privileged-capabilities", false,
     [](C c, P) { return or_none(c.privileged_capabilities, "none"); },
     "driver capabilities that only privileged containers are given"},
    {"audit-log", false, [](C c, P) { return c.audit_log.empty() ? "none" : c.audit_log; },
     "file that says who was denied what"},
    {"default-request", false,
     [](C, P p) { return std::string(p.default_request_auto ? "auto" : "none"); },
     "what who asks for nothing is given"},
};

std::string why(const Row& row, const Config& config) {
  const std::string key = row.key;
  const bool of_request = key == "default-request";
  // Without several devices one is the most, whatever the number says.
  const std::string deciding =
      key == "max-devices-per-container" && !config.enable_multi_gpu ? "enable-multi-gpu" : key;
  const auto origin = config.origins.find((of_request ? "request." : "policy.") + deciding);
  if (origin != config.origins.end()) {
    return cat(origin->second.file, ':', origin->second.line);
  }
  return row.by_profile ? cat("profile ", config.profile) : "default";
}

}  // namespace

std::vector<PolicyRow> policy_rows(const Config& config) {
  const Policy policy = policy_of(config);
  std::vector<PolicyRow> rows;
  for (const Row& row : kRows) {
    rows.push_back({row.key, row.value(config, policy), why(row, config), row.meaning});
  }
  return rows;
}

}  // namespace xpu
