// SPDX-License-Identifier: Apache-2.0
#include "backends/amd/options.h"

#include <algorithm>

#include "sdk/helpers/path.h"
#include "xpu/backend.hpp"

namespace xpu::amd {
namespace {

constexpr std::size_t kDigits = 9;

std::string path_of(const Option& option, const std::string& name) {
  const std::string value = option(name);
  if (value.empty() || value[0] != '/') {
    throw sdk::Invalid("option " + name + " is \"" + value + "\", which is no absolute path");
  }
  return sdk::clean(value);
}

}  // namespace

Host host_of(const Option& option) {
  return {sdk::Root(path_of(option, "driver-root")), sdk::Root(path_of(option, "dev-root")),
          sdk::Root(path_of(option, "sys-root")), path_of(option, "rocm-path")};
}

std::uint32_t number_option(const Option& option, const std::string& name) {
  const std::string value = option(name);
  if (value.empty() || value.size() > kDigits ||
      !std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    throw sdk::Invalid("option " + name + " is \"" + value +
                       "\"; it is a whole number from 0 to 999999999");
  }
  return static_cast<std::uint32_t>(std::stoul(value));
}

std::size_t word_option(const Option& option, const std::string& name,
                        const std::vector<std::string>& words) {
  const std::string value = option(name);
  const auto found = std::find(words.begin(), words.end(), value);
  if (found == words.end()) {
    std::string all;
    for (std::size_t word = 0; word < words.size(); ++word) {
      all += (word == 0                  ? "\""
              : word + 1 == words.size() ? " and \""
                                         : ", \"") +
             words[word] + "\"";
    }
    throw sdk::Invalid("option " + name + " is \"" + value + "\"; it is one of " + all);
  }
  return static_cast<std::size_t>(found - words.begin());
}

}  // namespace xpu::amd
