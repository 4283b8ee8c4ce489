// SPDX-License-Identifier: Apache-2.0
// The variables of an image, as engines print them.
#pragma once

#include <string>
#include <vector>

namespace xpu {

// Lines NAME=value, or JSON: what `docker image inspect` or `podman image inspect` prints, the
// configuration of an OCI image, or an array of variables. `source` is for messages. Throws Error.
std::vector<std::string> variables_in(const std::string& text, const std::string& source);

// The same of a file, or of standard input for "-".
std::vector<std::string> read_image_env(const std::string& file);

}  // namespace xpu
