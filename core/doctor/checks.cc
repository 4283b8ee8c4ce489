// SPDX-License-Identifier: Apache-2.0
#include "core/doctor/checks.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/nearest.h"

namespace xpu::doctor {

const std::vector<Check>& checks() {
  static const std::vector<Check> kChecks = {
      {"configuration", "config.toml and its drop-ins can be used", check_configuration},
      {"low-level-runtime", "a runtime that starts containers is there", check_low_level_runtime},
      {"backends", "no backend failed or was refused", check_backends},
      {"devices", "there are devices, and they can be used", check_devices},
      {"device-health", "no device has failed", check_device_health},
      {"lost-devices", "running containers still have the devices that they hold",
       check_lost_devices},
      {"device-nodes", "the driver's device nodes are there", check_device_nodes},
      {"driver-services", "daemons of the driver run", check_driver_services},
      {"driver-versions", "the driver that runs is the one that is installed",
       check_driver_versions},
      {"capability-libraries", "no file of a capability is missing (EGL, Vulkan, ...)",
       check_capability_libraries},
      {"runtime-registered", "engines know this runtime", check_runtime_registered},
      {"engine-confinement", "no engine is a snap or in a virtual machine",
       check_engine_confinement},
      {"rootless-docker", "rootless dockers know this runtime", check_rootless_docker},
      {"docker-gpus", "what docker makes of --gpus", check_docker_gpus},
      {"image-requests", "images of a cluster cannot ask for devices by themselves",
       check_image_requests},
      {"image-requirements", "no image asks for more than the driver has",
       check_image_requirements},
      {"cdi-stale", "CDI files name only what exists, of the driver that runs", check_cdi_stale},
      {"cdi-conflicts", "no CDI device is defined twice", check_cdi_conflicts},
      {"cdi-trust", "nobody but root can change CDI files", check_cdi_trust},
      {"cdi-readable", "users of rootless engines can read CDI files", check_cdi_readable},
      {"cdi-hook-files", "what hooks of CDI files use is there (ldconfig)", check_cdi_hook_files},
      {"dev-char-links", "systemd can name the devices", check_dev_char_links},
      {"container-devices", "running containers may still open their devices",
       check_container_devices},
      {"container-units", "running containers keep their devices at a daemon-reload",
       check_container_units},
      {"device-access", "users of rootless engines may open the devices", check_device_access},
      {"selinux", "SELinux lets containers use devices", check_selinux},
      {"cgroup-layout", "cgroups are laid out as runtimes need them", check_cgroup_layout},
      {"wsl", "limits of Linux on Windows", check_wsl},
      {"memory-limits", "the kernel limits the device memory of containers", check_memory_limits},
      {"soft-quotas", "no limit is counted by programs themselves", check_soft_quotas},
      {"sharing-daemons", "no daemon shares devices with everybody", check_sharing_daemons},
      {"process-visibility", "users see which processes use devices", check_process_visibility},
      {"checkpoint", "criu can checkpoint containers with devices", check_checkpoint},
      {"image-builds", "image builds can be given devices", check_image_builds},
  };
  return kChecks;
}

const char* to_string(State state) {
  switch (state) {
    case State::kPass:
      return "pass";
    case State::kSkipped:
      return "skipped";
    case State::kWarning:
      return "warning";
    case State::kFailure:
      break;
  }
  return "failure";
}

std::string shell_word(const std::string& word) {
  constexpr const char* kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-/:@%+,=";
  if (!word.empty() && word.find_first_not_of(kPlain) == word.npos) {
    return word;
  }
  std::string out = "'";
  for (const char one : word) {
    out += one == '\'' ? std::string("'\\''") : std::string(1, one);
  }
  return out + "'";
}

Finding failure_of(const std::string& message, const std::string& otherwise) {
  const std::size_t at = message.rfind("; ");
  if (at == message.npos) {
    return failure(message, otherwise);
  }
  const std::size_t begin = at + (message.compare(at, 7, "; run: ") == 0 ? 7 : 2);
  return failure(message.substr(0, at), message.substr(begin));
}

std::string unknown_check(const std::string& id) {
  std::vector<std::string_view> known;
  for (const Check& check : checks()) {
    known.emplace_back(check.id);
  }
  return std::find(known.begin(), known.end(), id) != known.end()
             ? ""
             : cat("there is no check '", id, "'", did_you_mean(id, known),
                   "; xpu-runtime doctor --list names them");
}

std::vector<Result> examine(const Host& host, const std::vector<std::string>& ids) {
  std::vector<Result> out;
  for (const Check& check : checks()) {
    if (!ids.empty() && std::find(ids.begin(), ids.end(), check.id) == ids.end()) {
      continue;
    }
    try {
      for (Finding& finding : check.look(host)) {
        out.push_back({&check, std::move(finding)});
      }
    } catch (const Error& error) {
      out.push_back({&check, warning(cat("could not be looked at: ", error.what()),
                                     host.uid == 0 ? "mend what the message names"
                                                   : "sudo xpu-runtime doctor")});
    }
  }
  return out;
}

State worst(const std::vector<Result>& results) {
  State out = State::kPass;
  for (const Result& result : results) {
    if (result.finding.state != State::kSkipped) {
      out = std::max(out, result.finding.state);
    }
  }
  return out;
}

}  // namespace xpu::doctor
