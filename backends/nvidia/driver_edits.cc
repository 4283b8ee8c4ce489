// SPDX-License-Identifier: Apache-2.0
#include "backends/nvidia/driver_edits.h"

#include <set>

#include "backends/nvidia/nodes.h"

namespace xpu::nvidia {
namespace {

sdk::FileKind to_kind(DriverFileKind kind) {
  switch (kind) {
    case DriverFileKind::kLibrary:
      return sdk::FileKind::kLibrary;
    case DriverFileKind::kProgram:
      return sdk::FileKind::kBinary;
    case DriverFileKind::kSocket:
    case DriverFileKind::kSocketFolder:
      return sdk::FileKind::kSocket;
    case DriverFileKind::kData:
      break;
  }
  return sdk::FileKind::kData;
}

}  // namespace

void emit_files(sdk::Sink& sink, const sdk::Root& driver_root, const DriverFiles& driver) {
  for (const DriverFile& file : driver.files) {
    sdk::File out;
    out.kind = to_kind(file.kind);
    out.host_path = driver_root.host_path(file.path);
    out.container_path = file.container_path;
    out.soname = file.soname;
    out.architecture = file.architecture;
    if (!file.links.empty()) {
      out.links = {file.links};
    }
    if (file.capabilities == 0) {
      sink.file(sdk::always(), out);
    }
    for (const CapabilityName& capability : kCapabilities) {
      if (file.capabilities & capability.bit) {
        sink.file(sdk::with_capability(capability.name), out);
      }
    }
  }
}

void watch_files(sdk::Sink& sink, const sdk::Root& driver_root, const DriverFiles& driver) {
  std::set<std::string> watched(driver.missing.begin(), driver.missing.end());
  for (const DriverFile& file : driver.files) {
    if (file.kind != DriverFileKind::kSocketFolder) {
      watched.insert(file.path);
    }
  }
  for (const std::string& path : watched) {
    watch(sink, driver_root.host_path(path));
  }
  for (const std::string& path : driver.folders) {
    sink.valid_while_listing(driver_root.host_path(path));
  }
  for (const std::string& text : driver.refused) {
    sink.log(sdk::Severity::kWarn, text);
  }
  for (const std::string& path : driver.unknown) {
    sink.log(sdk::Severity::kDebug,
             "library of the driver that no capability uses: " + driver_root.host_path(path));
  }
}

}  // namespace xpu::nvidia
