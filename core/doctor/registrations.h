// SPDX-License-Identifier: Apache-2.0
// Which runtimes the engines of a host know, by their configuration. For core/doctor only.
#pragma once

#include <string>
#include <vector>

#include "core/doctor/host.h"

namespace xpu::doctor {

struct Registration {
  std::string engine;   // "docker"; as `xpu-runtime configure` calls it
  std::string place;    // the file where the runtime is registered, or belongs
  std::string program;  // the program of ours that is registered; "" for none
  std::string problem;  // why the configuration cannot be read; "" otherwise
};

// Of the engines that are installed. containerd counts where something but docker uses it.
std::vector<Registration> registrations(const Host& host);

// Of a docker with its own configuration: that of a rootless user.
Registration docker_registration(const Host& host, const std::string& file);

// Whether docker labels its containers for SELinux.
bool docker_uses_selinux(const Host& host);
bool has_docker(const Host& host);
// Whether its configuration turns devices by CDI names off.
bool docker_refuses_cdi(const Host& host);
// Where docker keeps its images.
std::string docker_data_root(const Host& host);

}  // namespace xpu::doctor
