// SPDX-License-Identifier: Apache-2.0
#include "core/start/mode.h"

#include <algorithm>

#include "core/base/error.h"

namespace xpu {
namespace {

constexpr std::string_view kDelivery = "delivery";

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_letter_or_digit(char c) {
  return is_letter(c) || (c >= '0' && c <= '9');
}

// Begins and ends with a letter or digit, and has nothing but those and `others` between.
bool is_word(std::string_view text, std::string_view others) {
  return !text.empty() && is_letter_or_digit(text.front()) && is_letter_or_digit(text.back()) &&
         std::all_of(text.begin(), text.end(), [&](char c) {
           return is_letter_or_digit(c) || others.find(c) != others.npos;
         });
}

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
                     [](const Selector& selector) { return is_cdi_name(selector.text); });
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

bool is_cdi_name(std::string_view text) {
  const std::size_t equals = text.find('='), slash = text.find('/');
  if (equals == text.npos || slash > equals) {
    return false;
  }
  const std::string_view vendor = text.substr(0, slash);
  const std::string_view kind = text.substr(slash + 1, equals - slash - 1);
  return is_word(vendor, "_-.") && is_letter(vendor.front()) && is_word(kind, "_-.") &&
         is_letter(kind.front()) && is_word(text.substr(equals + 1), "_-.:");
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
