// SPDX-License-Identifier: Apache-2.0
// Whose container it is: its engine, and what the engine's user calls it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/oci/spec.h"
#include "core/record/record.h"

namespace xpu {

using Labels = std::vector<std::pair<std::string, std::string>>;

// From annotations, the places of bundle and runtime root, files of the engine (of at most 1 MiB),
// and this process's own environment. `spec` is loaded; Origin::label is left empty. What cannot be
// found out is "", never an error. `labels`: those of the container, where the engine keeps them
// in files (docker); elsewhere they are annotations, if anything.
Origin origin_of(const Spec& spec, const std::string& bundle, const std::string& runtime_root,
                 const std::string& id, Labels* labels = nullptr);

}  // namespace xpu
