// SPDX-License-Identifier: Apache-2.0
// Images that the doctor is told of.
#pragma once

#include <string>
#include <vector>

#include "core/doctor/host.h"

namespace xpu::doctor {

// Those in a file: what `docker image inspect` prints of one image or of many, the `.Config` of it,
// what `skopeo inspect` prints with and without --config, a container's specification, or lines of
// NAME=VALUE. Throws Error naming the file when it cannot be read or is none of these.
std::vector<Image> read_images(const std::string& file);

}  // namespace xpu::doctor
