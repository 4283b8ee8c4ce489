// SPDX-License-Identifier: Apache-2.0
#include "backends/nvidia/options.h"

#include <string>

namespace xpu::nvidia {
namespace {

sdk::Root root_option(const sdk::Sink& sink, const char* name) {
  std::string value = sink.option(name);
  if (value.empty() || value[0] != '/') {
    throw sdk::Invalid("option " + std::string(name) + " is \"" + value +
                       "\", which is no absolute path");
  }
  return sdk::Root(value);
}

Mode mode_option(const sdk::Sink& sink) {
  const std::string value = sink.option("mode");
  if (value == "auto") {
    return Mode::kAuto;
  }
  if (value == "nvml") {
    return Mode::kNvml;
  }
  if (value == "wsl") {
    return Mode::kWsl;
  }
  if (value == "csv") {
    return Mode::kCsv;
  }
  throw sdk::Invalid("option mode is \"" + value + "\"; one of auto, nvml, wsl, csv is wanted");
}

}  // namespace

Options read_options(const sdk::Sink& sink) {
  return {root_option(sink, "driver-root"), root_option(sink, "dev-root"),
          root_option(sink, "sys-root"), mode_option(sink)};
}

}  // namespace xpu::nvidia
