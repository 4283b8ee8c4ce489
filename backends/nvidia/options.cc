// SPDX-License-Identifier: Apache-2.0
#include "backends/nvidia/options.h"

#include <string>
#include <vector>

namespace xpu::nvidia {
namespace {

// The place of an option's value in `words`.
std::size_t word_option(const sdk::Sink& sink, const char* name,
                        const std::vector<std::string>& words) {
  const std::string value = sink.option(name);
  std::string list;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (value == words[i]) {
      return i;
    }
    list += (list.empty() ? "" : ", ") + words[i];
  }
  throw sdk::Invalid("option " + std::string(name) + " is \"" + value + "\"; one of " + list +
                     " is wanted");
}

}  // namespace

Options read_options(const sdk::Sink& sink) {
  constexpr Mode kModes[] = {Mode::kAuto, Mode::kNvml, Mode::kWsl, Mode::kCsv};
  return {sdk::Root(sdk::path_option(sink, "driver-root")),
          sdk::Root(sdk::path_option(sink, "dev-root")),
          sdk::Root(sdk::path_option(sink, "sys-root")),
          kModes[word_option(sink, "mode", {"auto", "nvml", "wsl", "csv"})],
          sdk::path_option(sink, "csv-path"),
          word_option(sink, "cuda-compat", {"auto", "never"}) == 0,
          sdk::inject_option(sink, "inject-drivers", sdk::InjectDrivers::kAlways),
          sdk::path_option(sink, "cuda-path"),
          sdk::inject_option(sink, "inject-cuda", sdk::InjectDrivers::kAlways),
          word_option(sink, "watch-nvml", {"true", "false"}) == 0};
}

}  // namespace xpu::nvidia
