// SPDX-License-Identifier: Apache-2.0
// The system below: its cgroups, and whether it is Linux on Windows.
#include "core/base/ascii.h"
#include "core/base/error.h"
#include "core/doctor/checks.h"

namespace xpu::doctor {

Findings check_cgroup_layout(const Host& host) {
  const std::string top = "/sys/fs/cgroup";
  const char* const boot =
      "boot with systemd.unified_cgroup_hierarchy=1 on the kernel's command line";
  if (host.exists(top + "/cgroup.controllers")) {
    return {pass("cgroup v2")};
  }
  if (!host.exists(top + "/devices")) {
    return {failure(cat("neither cgroup v2 nor a hierarchy of devices is mounted in ", top,
                        ": no container can be kept from devices of others"),
                    boot)};
  }
  if (host.exists(top + "/unified/cgroup.controllers") ||
      host.exists(top + "/unified/cgroup.procs")) {
    return {
        warning(cat("cgroup v1, and v2 beside it in ", top, "/unified: crun 1.8 starts nothing so"),
                cat(boot, ", or umount ", top, "/unified"))};
  }
  return {pass("cgroup v1, with a hierarchy of devices")};
}

Findings check_wsl(const Host& host) {
  const std::string release = host.line("/proc/sys/kernel/osrelease");
  const std::string lower = to_lower(release);
  if (lower.find("microsoft") == lower.npos) {
    return {skipped("no Linux on Windows")};
  }
  if (lower.find("wsl2") == lower.npos && release.find("Microsoft") != release.npos) {
    return {failure(cat("this is WSL1 (", release, "), which has no devices for containers"),
                    "wsl.exe --set-version DISTRIBUTION 2")};
  }
  std::size_t devices = 0;
  for (const Device* device : host.devices()) {
    devices += device->available && device->parent.empty() ? 1 : 0;
  }
  if (devices <= 1) {
    return {pass(cat("WSL2, ", devices == 0 ? "no device" : "one device"))};
  }
  return {
      warning(cat("WSL2 has one node for all of its ", devices,
                  " devices: a container that has one can reach all"),
              "XPU_SHARING=exclusive XPU_VISIBLE_DEVICES=all for containers that must be alone")};
}

}  // namespace xpu::doctor
