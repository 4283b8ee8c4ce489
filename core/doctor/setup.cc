// SPDX-License-Identifier: Apache-2.0
// The runtime itself: configuration, low-level runtime, backends and what they found.
#include <filesystem>

#include "core/base/error.h"
#include "core/doctor/checks.h"

namespace xpu::doctor {
namespace {

// Backends say what is wrong and, after a semicolon, what to do about it.
Finding of_reason(const std::string& subject, const std::string& reason,
                  const std::string& otherwise) {
  const std::size_t at = reason.rfind("; ");
  return at == reason.npos
             ? failure(cat(subject, ": ", reason), otherwise)
             : failure(cat(subject, ": ", reason.substr(0, at)), reason.substr(at + 2));
}

// Displays and processing accelerators on the bus, with what drives them: "0000:65:00.0 (1234:5678,
// no driver)".
std::string on_the_bus(const Host& host) {
  const std::string folder = "/sys/bus/pci/devices";
  std::string out;
  for (const std::string& address : host.list(folder)) {
    const std::string device = cat(folder, '/', address);
    const std::string kind = host.line(device + "/class");
    if (!kind.starts_with("0x03") && !kind.starts_with("0x12")) {
      continue;
    }
    std::error_code error;
    const std::string driver =
        std::filesystem::read_symlink(host.path(device + "/driver"), error).filename();
    const auto number = [&](const char* file) {
      const std::string text = host.line(cat(device, '/', file));
      return text.starts_with("0x") ? text.substr(2) : text;
    };
    out += cat(out.empty() ? "" : ", ", address, " (", number("vendor"), ':', number("device"),
               ", ", driver.empty() ? "no driver" : cat("driver ", driver), ')');
  }
  return out;
}

}  // namespace

Findings check_configuration(const Host& host) {
  if (!host.config_problem.empty()) {
    return {failure(host.config_problem,
                    "correct that line; xpu-runtime config show prints what "
                    "is in force")};
  }
  return {pass(host.config.file.empty() ? cat("built-in defaults; there is no ", host.config_file)
                                        : host.config.file)};
}

Findings check_low_level_runtime(const Host& host) {
  if (!host.runtime_problem.empty()) {
    return {
        failure(host.runtime_problem, "apt-get install runc, or set runtime-path in config.toml")};
  }
  return {pass(host.runtime)};
}

Findings check_backends(const Host& host) {
  Findings out;
  std::string ready;
  for (const Backend& backend : host.backends) {
    const Manifest& manifest = backend.status.found.manifest;
    if (backend.status.state == BackendState::kReady) {
      ready += cat(ready.empty() ? "" : ", ", manifest.name);
    }
    if (backend.status.state == BackendState::kFailed ||
        backend.status.state == BackendState::kRefused) {
      out.push_back(of_reason(cat(manifest.name, ' ', xpu::to_string(backend.status.state)),
                              backend.status.reason,
                              cat("xpu-runtime backends verify ", manifest.file)));
    } else if (!backend.hints_problem.empty()) {
      out.push_back(warning(backend.hints_problem, "correct the manifest's [doctor] tables"));
    }
  }
  if (out.empty()) {
    out.push_back(
        pass(ready.empty() ? "none has failed, none has a device" : cat("ready: ", ready)));
  }
  return out;
}

Findings check_devices(const Host& host) {
  Findings out;
  std::string usable, reasons;
  for (const Backend& backend : host.backends) {
    const BackendStatus& status = backend.status;
    if (status.state == BackendState::kAbsent) {
      reasons += cat(reasons.empty() ? "" : "; ", status.found.manifest.name, ": ", status.reason);
    }
  }
  for (const Device* device : host.devices()) {
    if (device->available) {
      usable += cat(usable.empty() ? "" : ", ", device->id);
    } else {
      out.push_back(of_reason(device->id, device->reason, "the kernel's log may say more: dmesg"));
    }
  }
  if (!usable.empty()) {
    out.insert(out.begin(), pass(usable));
  } else if (out.empty()) {
    const std::string bus = on_the_bus(host);
    out.push_back(failure(cat("no backend found a device", reasons.empty() ? "" : ": ", reasons,
                              bus.empty() ? "" : "; on the PCI bus: ", bus),
                          "xpu-runtime backends list says why; install the driver of the hardware "
                          "and the package of its backend"));
  }
  return out;
}

}  // namespace xpu::doctor
