// SPDX-License-Identifier: Apache-2.0
// The checks of the doctor, one function each; see the table in checks.cc.
#pragma once

#include "core/doctor/finding.h"

namespace xpu::doctor {

// setup.cc
Findings check_configuration(const Host& host);
Findings check_low_level_runtime(const Host& host);
Findings check_backends(const Host& host);
Findings check_devices(const Host& host);

// driver.cc
Findings check_device_nodes(const Host& host);
Findings check_driver_services(const Host& host);
Findings check_driver_versions(const Host& host);
Findings check_capability_libraries(const Host& host);

// engines.cc
Findings check_runtime_registered(const Host& host);
Findings check_engine_confinement(const Host& host);
Findings check_rootless_docker(const Host& host);
Findings check_docker_gpus(const Host& host);
Findings check_image_requests(const Host& host);

// number_links.cc
Findings check_dev_char_links(const Host& host);
// The nodes that check_dev_char_links() misses a link of.
std::vector<Node> nodes_without_link(const Host& host);

// health.cc
Findings check_device_health(const Host& host);
Findings check_lost_devices(const Host& host);

// running.cc
Findings check_container_devices(const Host& host);
Findings check_container_units(const Host& host);

// access.cc
Findings check_device_access(const Host& host);
Findings check_selinux(const Host& host);

// system.cc
Findings check_cgroup_layout(const Host& host);
Findings check_wsl(const Host& host);

// images.cc
Findings check_image_requirements(const Host& host);

// sharing.cc
Findings check_memory_limits(const Host& host);
Findings check_process_visibility(const Host& host);
Findings check_sharing_daemons(const Host& host);
Findings check_soft_quotas(const Host& host);

// tools.cc
Findings check_checkpoint(const Host& host);
Findings check_image_builds(const Host& host);
Findings check_cdi_hook_files(const Host& host);

// cdi.cc
Findings check_cdi_stale(const Host& host);
Findings check_cdi_conflicts(const Host& host);
Findings check_cdi_trust(const Host& host);
Findings check_cdi_readable(const Host& host);

}  // namespace xpu::doctor
