// SPDX-License-Identifier: Apache-2.0
// Container engines: whether they know this runtime, can execute it, and ask it.
#include <algorithm>

#include "core/base/error.h"
#include "core/cdi/name.h"
#include "core/doctor/checks.h"
#include "core/doctor/registrations.h"

namespace xpu::doctor {
namespace {

std::string configure(const std::string& engine) {
  return cat("xpu-runtime configure ", engine);
}

// A program that an engine is to execute: with a slash where it is, else in its PATH.
bool can_be_found(const Host& host, const std::string& program) {
  return program.find('/') == program.npos ? !host.program(program).empty() : host.exists(program);
}

// Whoever has several engines need not use them all with devices: a failure it is only where none
// knows the runtime.
Finding of_registration(const Host& host, const Registration& engine, bool another) {
  if (!engine.problem.empty()) {
    return failure(engine.problem, cat("correct the file; then ", configure(engine.engine)));
  }
  if (engine.program.empty()) {
    std::string found = cat(engine.engine, " does not know the runtime: nothing in ", engine.place,
                            " leads to xpu-container-runtime");
    return another ? warning(std::move(found), configure(engine.engine))
                   : failure(std::move(found), configure(engine.engine));
  }
  if (!can_be_found(host, engine.program)) {
    return failure(cat(engine.place, " names ", engine.program, ", which does not exist"),
                   configure(engine.engine));
  }
  return pass(cat(engine.engine, ": ", engine.place));
}

// A backend with real devices, whose vendor may have a tool that docker looks for.
bool has_devices(const Backend& backend) {
  return backend.status.state == BackendState::kReady && !backend.status.catalog.simulated &&
         !backend.status.catalog.devices.empty();
}

// By which CDI names its devices.
std::string cdi_kind(const Backend& backend) {
  const std::vector<CdiKind>& kinds = backend.status.found.manifest.cdi_kinds;
  return kinds.empty() ? cat(cdi::kOwnKinds, backend.status.catalog.devices.front().vendor)
                       : kinds.front().kind;
}

}  // namespace

Findings check_runtime_registered(const Host& host) {
  const std::vector<Registration> engines = registrations(host);
  if (engines.empty()) {
    return {warning("no container engine is installed",
                    "install docker, podman, containerd with nerdctl, or CRI-O")};
  }
  const bool known = std::any_of(engines.begin(), engines.end(), [&](const Registration& engine) {
    return !engine.program.empty() && can_be_found(host, engine.program);
  });
  Findings out;
  for (const Registration& engine : engines) {
    out.push_back(of_registration(host, engine, known));
  }
  return out;
}

Findings check_engine_confinement(const Host& host) {
  Findings out;
  if (host.exists("/var/snap/docker") || host.exists("/snap/bin/docker")) {
    const std::string found =
        "docker is a snap: it is confined, and sees neither this runtime nor the driver's files";
    const char* remedy = "snap remove docker && apt-get install docker.io";
    out.push_back(host.program("dockerd").empty() ? failure(found, remedy)
                                                  : warning(found, "snap remove docker"));
  }
  if (host.exists("/opt/docker-desktop")) {
    out.push_back(
        warning("Docker Desktop has its containers in a virtual machine, which has none "
                "of this host's devices",
                "docker context use default, with the docker of the distribution"));
  }
  if (out.empty()) {
    out.push_back(pass("engines run on the host itself"));
  }
  return out;
}

Findings check_rootless_docker(const Host& host) {
  Findings out;
  for (const User& user : host.rootless_users()) {
    if (!user.docker) {
      continue;
    }
    const Registration found = docker_registration(host, user.home + "/.config/docker/daemon.json");
    const std::string remedy = host.uid == user.uid
                                   ? configure("docker")
                                   : cat("sudo -u ", user.name, ' ', configure("docker"));
    if (!found.problem.empty()) {
      out.push_back(failure(found.problem, cat("correct the file; then ", remedy)));
    } else if (found.program.empty()) {
      out.push_back(failure(
          cat("the rootless docker of ", user.name, " does not know the runtime: nothing in ",
              found.place, " leads to xpu-container-runtime"),
          remedy));
    } else {
      out.push_back(pass(found.place));
    }
  }
  if (out.empty()) {
    out.push_back(skipped("nobody has a rootless docker"));
  }
  return out;
}

// docker itself looks for the vendor's tool, long before it executes any runtime.
Findings check_docker_gpus(const Host& host) {
  if (!has_docker(host)) {
    return {skipped("no docker here")};
  }
  Findings out;
  std::string served;
  for (const Backend& backend : host.backends) {
    if (!has_devices(backend)) {
      continue;
    }
    const std::string& name = backend.status.found.manifest.name;
    const std::vector<std::string>& programs = backend.hints.docker_gpus;
    const bool has_tool =
        std::any_of(programs.begin(), programs.end(),
                    [&](const std::string& program) { return !host.program(program).empty(); });
    if (has_tool) {
      served += cat(served.empty() ? "" : ", ", name);
      continue;
    }
    out.push_back(warning(
        cat("docker refuses --gpus for devices of ", name, " before it calls any runtime: ",
            programs.empty() ? "it serves other vendors only"
                             : cat(programs.front(), " is not installed")),
        cat("docker run --runtime=xpu -e XPU_VISIBLE_DEVICES=all IMAGE; or by CDI: --device ",
            cdi_kind(backend), "=all")));
  }
  if (out.empty()) {
    out.push_back(served.empty() ? skipped("no real devices")
                                 : pass(cat("--gpus reaches the devices of ", served)));
  }
  return out;
}

// The variable of a vendor is "all" in most of its images: where pods of many people run, an image
// must not be an authority.
Findings check_image_requests(const Host& host) {
  if (host.program("kubelet").empty() && !host.exists("/var/lib/kubelet")) {
    return {skipped("no kubelet here")};
  }
  if (host.config.profile != "single-user") {
    return {pass(cat("the profile is ", host.config.profile))};
  }
  return {
      warning("a kubelet runs here and the profile is single-user: every pod whose image says "
              "so gets all devices, without having asked for one",
              cat("profile = \"multi-tenant\" in [policy] of ", host.config_file))};
}

}  // namespace xpu::doctor
