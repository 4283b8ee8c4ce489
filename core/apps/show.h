// SPDX-License-Identifier: Apache-2.0
// What xpu-runtime prints about devices and backends, for people and as JSON.
#pragma once

#include <string>
#include <vector>

#include "core/config/config.h"
#include "core/health/health.h"
#include "core/plugin/refresh.h"

namespace xpu {

std::string devices_text(const std::vector<BackendStatus>& backends,
                         const std::vector<HealthMark>& marks);
std::string devices_json(const std::vector<BackendStatus>& backends,
                         const std::vector<HealthMark>& marks);

std::string backends_text(const std::vector<BackendStatus>& backends);
std::string backends_json(const std::vector<BackendStatus>& backends);

// One backend in full: manifest, options, devices, capabilities, driver files.
std::string backend_text(const BackendStatus& backend);
std::string backend_json(const BackendStatus& backend);

// How this installation is set up: programs, configuration, low-level runtime, backends.
struct Info {
  const Config* config = nullptr;
  std::string config_file;
  std::string low_level_runtime;  // or the reason why there is none
  std::string mode;               // of most containers here: "spec"; "" where none start
  std::vector<BackendStatus> backends;
};
// Where containers start: of the program there.
std::string mode_of_host(const Config& config, const std::vector<BackendStatus>& backends);
std::string info_text(const Info& info);
std::string info_json(const Info& info);

}  // namespace xpu
