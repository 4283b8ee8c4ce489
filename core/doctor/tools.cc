// SPDX-License-Identifier: Apache-2.0
// Tools beside the engines that containers with devices meet: criu, builders of images, and what
// hooks of CDI files call.
#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "core/base/error.h"
#include "core/base/joined.h"
#include "core/cdi/spec.h"
#include "core/doctor/cdi_files.h"
#include "core/doctor/checks.h"
#include "core/doctor/registrations.h"

namespace xpu::doctor {
namespace {

namespace bj = boost::json;

bool has_real_devices(const Backend& backend) {
  return backend.status.state == BackendState::kReady && !backend.status.catalog.simulated &&
         !backend.status.catalog.devices.empty();
}

// What is missing of one entry; "" for nothing.
std::string lacking(const Host& host, const DoctorHints::Checkpoint& hint) {
  std::vector<std::string> missing;
  if (std::none_of(hint.plugins.begin(), hint.plugins.end(),
                   [&](const std::string& pattern) { return !host.glob(pattern).empty(); })) {
    missing.push_back(hint.plugins.front());
  }
  for (const std::string& program : hint.programs) {
    if (host.program(program).empty()) {
      missing.push_back(program);
    }
  }
  return joined(missing);
}

// A program whose only business is to build images; "" for none.
std::string builder(const Host& host) {
  for (const char* name : {"buildkitd", "buildah"}) {
    if (!host.program(name).empty()) {
      return name;
    }
  }
  for (const char* folder : {"/usr/libexec/docker", "/usr/lib/docker", "/usr/local/lib/docker",
                             "/usr/local/libexec/docker"}) {
    if (host.exists(cat(folder, "/cli-plugins/docker-buildx"))) {
      return "docker-buildx";
    }
  }
  return "";
}

// Of the values that hooks give an option with, those that do not exist.
void look_at_hooks(const Host& host, const cdi::Edits& edits, const DoctorHints::HookFile& hint,
                   std::set<std::string>* missing, std::size_t* looked_at) {
  for (const cdi::Hook& hook : edits.hooks) {
    for (std::size_t i = 0; i < hook.args.size(); ++i) {
      const std::string& argument = hook.args[i];
      std::string value = argument.starts_with(hint.option + "=")
                              ? argument.substr(hint.option.size() + 1)
                          : argument == hint.option && i + 1 < hook.args.size() ? hook.args[i + 1]
                                                                                : "";
      value.erase(0, value.starts_with('@') ? 1 : 0);
      if (value.starts_with('/')) {
        ++*looked_at;
        if (!host.exists(value)) {
          missing->insert(value);
        }
      }
    }
  }
}

}  // namespace

Findings check_checkpoint(const Host& host) {
  if (host.program("criu").empty()) {
    return {skipped("no criu here")};
  }
  Findings out;
  std::string whole;
  for (const Backend& backend : host.backends) {
    for (const DoctorHints::Checkpoint& hint : backend.hints.checkpoint) {
      if (!has_real_devices(backend)) {
        continue;
      }
      const std::string& name = backend.status.found.manifest.name;
      if (const std::string missing = lacking(host, hint); !missing.empty()) {
        out.push_back(warning(cat("containers with devices of ", name,
                                  " cannot be checkpointed: ", missing, " is not installed"),
                              hint.remedy));
      } else {
        whole += cat(whole.empty() ? "" : ", ", name);
      }
    }
  }
  if (out.empty()) {
    out.push_back(whole.empty() ? skipped("no devices here whose state criu could keep")
                                : pass(cat("criu has what it needs for ", whole)));
  }
  return out;
}

// Builders run their steps by a runtime of their own, so what reaches them are CDI names.
Findings check_image_builds(const Host& host) {
  const std::string name = builder(host);
  if (name.empty()) {
    return {skipped("nothing here that only builds images")};
  }
  if (host.devices().empty()) {
    return {skipped("no device")};
  }
  if (name == "docker-buildx" && docker_refuses_cdi(host)) {
    return {warning("docker's configuration has features.cdi = false: image builds get no devices",
                    "set \"cdi\": true in \"features\" of daemon.json, and "
                    "systemctl restart docker")};
  }
  if (all_cdi_files(host).empty()) {
    return {warning(cat(name,
                        " gives devices to the steps of a build by their CDI names only, and "
                        "no CDI file names any"),
                    "xpu-runtime cdi refresh")};
  }
  return {pass(cat(name, " can give devices by their CDI names: --device"))};
}

Findings check_cdi_hook_files(const Host& host) {
  Findings out;
  std::size_t looked_at = 0;
  for (const std::string& file : all_cdi_files(host)) {
    cdi::Spec spec;
    try {
      spec = cdi::parse(host.read(file).value_or(""), file);
    } catch (const Error&) {
      continue;  // cdi-stale tells it
    }
    for (const Backend& backend : host.backends) {
      for (const DoctorHints::HookFile& hint : backend.hints.hook_files) {
        std::set<std::string> missing;
        look_at_hooks(host, spec.edits, hint, &missing, &looked_at);
        for (const cdi::Device& device : spec.devices) {
          look_at_hooks(host, device.edits, hint, &missing, &looked_at);
        }
        for (const std::string& path : missing) {
          out.push_back(failure(cat(file, ": a hook is told to use ", path,
                                    ", which does not exist: containers do not start"),
                                hint.remedy));
        }
      }
    }
  }
  if (out.empty()) {
    out.push_back(looked_at > 0 ? pass("what hooks of CDI files use is there")
                                : skipped("no CDI file has hooks that use files of the host"));
  }
  return out;
}

}  // namespace xpu::doctor
