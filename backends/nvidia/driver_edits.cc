// SPDX-License-Identifier: Apache-2.0
#include "backends/nvidia/driver_edits.h"

#include <algorithm>
#include <set>

#include "backends/nvidia/devices.h"
#include "sdk/helpers/nodes.h"
#include "sdk/helpers/path.h"

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
    case DriverFileKind::kFolder:
      return sdk::FileKind::kDirectory;
    case DriverFileKind::kData:
      break;
  }
  return sdk::FileKind::kData;
}

// Only where the image has neither: files of two drivers do not work together.
constexpr const char* kDriverMarks = "libcuda.so.1,libnvidia-ml.so.1";
constexpr const char* kCudaMarks =
    "libcudart.so.*,/usr/local/cuda/lib64/libcudart.so.*,"
    "/usr/local/cuda/targets/*/lib/libcudart.so.*";
#if defined(__x86_64__)
constexpr std::string_view kCudaTarget = "x86_64-linux";
#else
constexpr std::string_view kCudaTarget = "sbsa-linux";
#endif

// What a container must have asked for, in one of these ways.
std::vector<std::string> scopes_of(const DriverFile& file, const std::string& common) {
  if (file.capabilities == 0) {
    return {common};
  }
  std::vector<std::string> found;
  const char* of_compat = (file.capabilities & kCompat32) != 0 ? ",compat32" : "";
  for (const CapabilityName& capability : kCapabilities) {
    if (capability.bit != kCompat32 && (file.capabilities & capability.bit) != 0) {
      found.push_back(std::string(capability.name) + of_compat);
    }
  }
  return found;
}

// A loader's description of a library may name it by its path on the host, which is not its path in
// a container: the text with its name alone. "" for a file that can stay as it is.
std::string text_by_name(const sdk::Root& root, const DriverFile& file) {
  if (file.kind != DriverFileKind::kData || !sdk::ends_with(file.path, ".json")) {
    return "";
  }
  constexpr std::string_view key = "\"library_path\"";
  std::string text = root.read(file.path).value_or("");
  bool changed = false;
  for (std::size_t at = text.find(key); at != std::string::npos; at = text.find(key, at + 1)) {
    const std::size_t start = text.find_first_not_of(" \t\r\n:", at + key.size());
    const std::size_t end = text.find('"', start + 1);
    if (start == std::string::npos || end == std::string::npos || text[start] != '"') {
      continue;
    }
    const std::string library = text.substr(start + 1, end - start - 1);
    if (sdk::starts_with(library, "/")) {
      text.replace(start + 1, library.size(), sdk::base_name(library));
      changed = true;
    }
  }
  return changed ? text : "";
}

}  // namespace

void emit_files(sdk::Sink& sink, const Options& options, const DriverFiles& driver,
                const std::string& common) {
  for (const DriverFile& file : driver.files) {
    // A daemon's socket serves the image's own libraries too.
    const bool socket =
        file.kind == DriverFileKind::kSocket || file.kind == DriverFileKind::kSocketFolder;
    if (options.drivers == sdk::InjectDrivers::kNever && !socket) {
      continue;
    }
    const char* lacks =
        options.drivers == sdk::InjectDrivers::kMissing && !socket ? kDriverMarks : "";
    sdk::File out;
    out.kind = to_kind(file.kind);
    out.host_path = options.driver_root.host_path(file.path);
    out.container_path = file.container_path;
    out.soname = file.soname;
    out.architecture = file.architecture;
    if (!file.links.empty()) {
      out.links = {file.links};
    }
    const std::string text = text_by_name(options.driver_root, file);
    for (const std::string& capabilities : scopes_of(file, common)) {
      const sdk::Scope scope = sdk::with_capability(capabilities).unless_image_has(lacks);
      if (text.empty()) {
        sink.file(scope, out);
      } else {
        sink.text(scope, out.container_path, text);
      }
    }
  }
}

void emit_cuda(sdk::Sink& sink, const Options& options) {
  if (options.cuda == sdk::InjectDrivers::kNever) {
    return;
  }
  const sdk::Root host("/");
  const std::vector<std::string> folders = {
      sdk::join(options.cuda_path, "lib64"),
      sdk::join(options.cuda_path, "targets/" + std::string(kCudaTarget) + "/lib"),
      sdk::join(options.cuda_path, "lib")};
  for (const std::string& folder : folders) {
    sink.valid_while_listing(folder);
  }
  const std::vector<sdk::UserLibrary> libraries = sdk::user_libraries(host, folders);
  if (libraries.empty()) {
    sink.log(sdk::Severity::kWarn, "inject-cuda is set, but there is no library in " + folders[0] +
                                       "; set cuda-path where the toolkit is");
  }
  sdk::emit_user_libraries(sink, sdk::with_capability("compute"), options.cuda, host, libraries,
                           kCudaMarks);
}

void emit_profile(sdk::Sink& sink, const Hardware& hardware) {
  // A GPU without a bit in the mask would be hidden by it.
  const bool all_have_bits =
      std::all_of(hardware.gpus.begin(), hardware.gpus.end(),
                  [](const Gpu& gpu) { return gpu.minor && *gpu.minor < kMinorBits; });
  if (all_have_bits) {
    sink.expanded_text(sdk::with_capability("graphics"),
                       "/etc/nvidia/nvidia-application-profiles-rc.d/10-container.conf",
                       "{\"profiles\": [{\"name\": \"_container_\", \"settings\": "
                       "[\"EGLVisibleDGPUDevices\", $" +
                           std::string("{") + kMinors +
                           "}]}],\n \"rules\": [{\"pattern\": [], \"profile\": "
                           "\"_container_\"}]}\n");
  }
}

void emit_cuda_compat(sdk::Sink& sink, const Hardware& hardware, const std::string& folder) {
  // On these the newer library refuses to start where the driver's own would work.
  const bool refused = std::any_of(hardware.gpus.begin(), hardware.gpus.end(), [](const Gpu& gpu) {
    // Without NVML the name alone tells.
    return sdk::starts_with(gpu.brand, "geforce") || sdk::starts_with(gpu.brand, "titan") ||
           (gpu.brand.empty() && (gpu.name.find("GeForce") != std::string::npos ||
                                  gpu.name.find("TITAN") != std::string::npos));
  });
  if (!refused && !hardware.driver.empty()) {
    sink.image_folder(sdk::with_capability("compute"), folder, "libcuda.so", hardware.driver);
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
    sdk::watch_path(sink, driver_root.host_path(path));
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
