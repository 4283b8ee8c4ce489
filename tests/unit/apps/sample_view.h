// SPDX-License-Identifier: Apache-2.0
// A host for tests of what is shown.
#pragma once

#include "core/apps/view.h"

namespace xpu::test {

inline constexpr double kGiB = 1 << 30;

inline View sample_view() {
  View out;
  out.time_unix = 1'700'000'000;
  out.host = "box";
  DeviceView first;
  first.id = "acme:0";
  first.key = "ACME-0";
  first.name = "Acme One";
  first.backend = "sim";
  first.kind = "gpu";
  first.health = "ok";
  first.memory_total = 24 * kGiB;
  first.memory_used = 12 * kGiB;
  first.utilisation = {{"compute", 0.45}, {"memory", 0.9}};
  first.temperature = {{"hotspot", 80}, {"core", 61}};
  first.power = 120;
  first.power_limit = 300;
  first.age_s = 1;
  first.holders = {"train"};
  DeviceView second;
  second.id = "acme:1";
  second.key = "ACME-1";
  second.name = "Acme One";
  second.backend = "sim";
  second.health = "failed";
  second.reason = "it fell off the bus";
  second.memory_total = 24 * kGiB;
  out.devices = {first, second};

  ContainerView train;
  train.id = "3f2a9c01d2b7aaaabbbbccccdddd";
  train.runtime_root = "/run/runc";
  train.origin = {"docker", "train", "shop/train:2", "", "", ""};
  train.devices = {"acme:0"};
  train.sharing = "shared";
  train.cost = "1.23 USD";
  train.age_s = 7500;
  train.pids = {4711};
  train.uses = {{"acme:0", 8 * kGiB, {{"vram0", 8 * kGiB}}, {{"compute", 0.4}}, {{"compute", 75}}}};
  ContainerView web;
  web.id = "77777777777766666666";
  web.runtime_root = "/run/containerd/runc/k8s.io";
  web.origin = {"kubernetes", "main", "shop/web:1", "web-0", "shop", ""};
  web.devices = {"acme:1"};
  web.sharing = "exclusive";
  web.age_s = 60;
  web.lost = {"acme:1 has failed: it fell off the bus"};
  out.containers = {train, web};

  ProcessView python;
  python.pid = 4711;
  python.command = "python3";
  python.container = train.id;
  python.container_name = "train";
  python.uses = train.uses;
  ProcessView other;
  other.pid = 99;
  other.command = "Xorg";
  other.uses = {{"acme:0", 1 * kGiB, {}, {}, {}}};
  out.processes = {python, other};
  return out;
}

}  // namespace xpu::test
