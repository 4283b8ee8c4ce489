// SPDX-License-Identifier: Apache-2.0
// The backend's options, as describing, watching and sampling all read them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sdk/helpers/fs.h"

namespace xpu::amd {

// Value of an option by its name: that of a Sink, of Events or of Samples.
using Option = std::function<std::string(const std::string&)>;

template <class Source>
Option option_of(const Source& source) {
  return [&source](const std::string& name) { return source.option(name); };
}

struct Host {
  sdk::Root driver_root, dev_root, sys_root;
  std::string rocm_path;
};

// All of these throw sdk::Invalid, naming the option, for a value that it cannot have.
Host host_of(const Option& option);
// A whole number of at most nine digits.
std::uint32_t number_option(const Option& option, const std::string& name);
// The place of the value among `words`.
std::size_t word_option(const Option& option, const std::string& name,
                        const std::vector<std::string>& words);

}  // namespace xpu::amd
