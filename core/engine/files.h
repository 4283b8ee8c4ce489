// SPDX-License-Identifier: Apache-2.0
// Where engines write down what they know of a container. For core/engine only.
#pragma once

#include <string>

#include "core/engine/origin.h"

namespace xpu::engine_files {

// docker's <data root>/containers/<id>/config.v2.json; the data root is where the container's root
// file system lies. Fills in name, image and labels. Throws Error.
void ask_docker(const std::string& rootfs, const std::string& id, Origin& origin, Labels* labels);

// The list of containers beside the bundle <storage>/<driver>-containers/<id>/userdata. Fills in
// name and image. Throws Error.
void ask_podman(const std::string& bundle, const std::string& id, Origin& origin);

}  // namespace xpu::engine_files
