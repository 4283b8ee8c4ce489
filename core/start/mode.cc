// SPDX-License-Identifier: Apache-2.0
#include "core/start/mode.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/cdi/name.h"

namespace xpu {
namespace {

constexpr std::string_view kDelivery = "delivery";

bool delivers_csv(const BackendStatus& backend) {
  return backend.state == BackendState::kReady &&
         std::any_of(backend.catalog.properties.begin(), backend.catalog.properties.end(),
                     [](const auto& property) {
                       return property.first == kDelivery &&
                              property.second == to_string(Mode::kCsv);
                     });
}

bool is_only_cdi_names(const Request& request) {
  return request.kind == RequestKind::kDevices && !request.selectors.empty() &&
         std::all_of(request.selectors.begin(), request.selectors.end(),
                     [](const Selector& selector) { return cdi::looks_qualified(selector.text); });
}

// "mode = "csv" of /etc/xpu-container-runtime/config.toml"
std::string key_of(const Config& config) {
  return cat("mode = \"", config.mode, "\" in [xpu-container-runtime] of ",
             config.file.empty() ? config_path() : config.file);
}

}  // namespace

const char* to_string(Mode mode) {
  switch (mode) {
    case Mode::kSpec:
      return "spec";
    case Mode::kCdi:
      return "cdi";
    case Mode::kCsv:
      return "csv";
    case Mode::kLegacy:
      break;
  }
  return "legacy";
}

Mode mode_of(const Config& config, const Request& request,
             const std::vector<BackendStatus>& backends) {
  for (const Mode mode : {Mode::kSpec, Mode::kCdi, Mode::kCsv, Mode::kLegacy}) {
    if (config.mode == to_string(mode)) {
      return mode;
    }
  }
  if (is_only_cdi_names(request)) {
    return Mode::kCdi;
  }
  return std::any_of(backends.begin(), backends.end(), delivers_csv) ? Mode::kCsv : Mode::kSpec;
}

std::string mode_text(const Config& config, Mode mode) {
  return cat(to_string(mode), config.mode == kModeAuto ? " (detected)" : " (as configured)");
}

void check_mode(const Config& config, const Request& request) {
  if (request.kind != RequestKind::kNone && config.mode == to_string(Mode::kLegacy)) {
    fail("this container asks for accelerators (", request.variable, "), and ", key_of(config),
         " gives them by a hook, which this version does not have; set mode = \"auto\"");
  }
}

void check_mode(const Config& config, const Selection& selection,
                const std::vector<BackendStatus>& backends) {
  if (config.mode != to_string(Mode::kCsv)) {
    return;
  }
  for (const SelectedBackend& selected : selection.backends) {
    const auto status = std::find_if(backends.begin(), backends.end(), [&](const auto& backend) {
      return backend.found.manifest.name == selected.backend;
    });
    if (status == backends.end() || !delivers_csv(*status)) {
      fail(key_of(config),
           " is for platforms with mount specifications (CSV files), and the backend ",
           selected.backend, " found none on this host; set mode = \"auto\"");
    }
  }
}

}  // namespace xpu
