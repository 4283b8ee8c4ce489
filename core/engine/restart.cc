// SPDX-License-Identifier: Apache-2.0
#include "core/engine/restart.h"

#include "core/base/error.h"

namespace xpu {
namespace {

// Remedies are copied into shells, and names come from whoever made the container.
bool is_plain(const std::string& word) {
  return !word.empty() && word.front() != '-' &&
         word.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == word.npos;
}

}  // namespace

std::string restart_of(const Record& record) {
  const Origin& origin = record.origin;
  const std::string name = is_plain(origin.name) ? origin.name : record.id.substr(0, 12);
  if ((origin.engine == "docker" || origin.engine == "podman") && is_plain(name)) {
    return cat(origin.engine, " restart ", name);
  }
  if (is_plain(origin.pod) && is_plain(origin.pod_namespace)) {
    return cat("kubectl delete pod --namespace ", origin.pod_namespace, ' ', origin.pod);
  }
  return "end the container and start it again";
}

}  // namespace xpu
