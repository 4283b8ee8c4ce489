// SPDX-License-Identifier: Apache-2.0
#include "backends/intel/user_driver.h"

#include "sdk/helpers/elf.h"
#include "sdk/helpers/nodes.h"
#include "sdk/helpers/path.h"

namespace xpu::intel {
namespace {

constexpr const char* kFolders[] = {"/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/local/lib",
                                    "/usr/lib"};

// Libraries that belong together: all of one release, or none.
struct Group {
  std::string marks;  // an image that has one of these brings its own
  std::vector<std::string> names;
};

const Group kCompute = {"libze_intel_gpu.so.*,libigdrcl.so",
                        {"libze_intel_gpu.so", "libigdrcl.so", "libigc.so", "libigdfcl.so",
                         "libiga64.so", "libopencl-clang", "libocloc.so"}};
const Group kOthers[] = {
    {"libze_intel_vpu.so.*,libze_intel_npu.so.*",
     {"libze_intel_vpu.so", "libze_intel_npu.so", "libnpu_driver_compiler.so"}},
    {"libmfx-gen.so.*", {"libmfx-gen.so"}},
    {"libmfxhw64.so.*", {"libmfxhw64.so"}},
    // Used by compute and by media.
    {"libigdgmm.so.*", {"libigdgmm.so"}},
    // Loaders, which work with drivers of any release.
    {"libze_loader.so.*", {"libze_loader.so"}},
    {"libOpenCL.so.*", {"libOpenCL.so"}},
    {"libvpl.so.*", {"libvpl.so"}},
    {"libmfx.so.*", {"libmfx.so"}},
    {"libva.so.*", {"libva.so"}},
    {"libva-drm.so.*", {"libva-drm.so"}},
};

constexpr const char* kMediaDriver = "dri/iHD_drv_video.so";
const std::string kMediaMarks =
    "/usr/lib/x86_64-linux-gnu/dri/iHD_drv_video.so,/usr/lib64/dri/iHD_drv_video.so,"
    "/usr/lib/dri/iHD_drv_video.so";
const std::string kOneapiMarks = "libsycl.so*,libmkl_rt.so*";

class Injector {
 public:
  Injector(sdk::Sink& sink, const Host& host, sdk::InjectDrivers inject)
      : sink_(sink), root_(host.driver_root), inject_(inject) {}

  // Whether there was anything of the group.
  bool group(const Group& group, const std::vector<std::string>& folders) {
    const auto libraries = emit(group, folders);
    for (const sdk::UserLibrary& library : libraries) {
      sdk::watch_path(sink_, root_.host_path(library.path));
    }
    return !libraries.empty();
  }

  // oneAPI is hundreds of libraries, more than there may be conditions, in folders of their own.
  void oneapi(const std::string& path);

  sdk::Scope unless(const std::string& marks) const {
    return inject_ == sdk::InjectDrivers::kMissing ? sdk::always().unless_image_has(marks)
                                                   : sdk::always();
  }

  void media_driver() {
    for (const char* folder : kFolders) {
      const auto path = root_.resolve(sdk::join(folder, kMediaDriver));
      const auto elf = path ? sdk::read_elf(root_, *path) : std::nullopt;
      if (!elf || !elf->shared || elf->architecture.empty()) {
        continue;
      }
      sdk::File file;
      file.kind = sdk::FileKind::kLibrary;
      file.host_path = root_.host_path(*path);
      file.container_path = kMediaDriver;
      file.soname = elf->soname.empty() ? sdk::base_name(kMediaDriver) : elf->soname;
      file.architecture = elf->architecture;
      sink_.file(unless(kMediaMarks), file);
      sdk::watch_path(sink_, file.host_path);
      return;
    }
  }

 private:
  std::vector<sdk::UserLibrary> emit(const Group& group, const std::vector<std::string>& folders) {
    auto libraries = sdk::user_libraries(root_, folders, group.names);
    sdk::emit_user_libraries(sink_, sdk::always(), inject_, root_, libraries, group.marks);
    return libraries;
  }

  sdk::Sink& sink_;
  const sdk::Root& root_;
  sdk::InjectDrivers inject_;
};

// Both layouts of an installation: one folder of libraries, and one for each component.
std::vector<std::string> oneapi_folders(const sdk::Root& root, const std::string& path) {
  std::vector<std::string> folders = {sdk::join(path, "lib"), sdk::join(path, "latest/lib")};
  for (const std::string& component : root.list(path)) {
    const std::string lib = sdk::join(path, component) + "/latest/lib";
    if (component != "latest" && root.is_folder(lib)) {
      folders.push_back(lib);
      folders.push_back(lib + "/intel64");
    }
  }
  return folders;
}

void Injector::oneapi(const std::string& path) {
  const std::vector<std::string> folders = oneapi_folders(root_, path);
  std::vector<std::string> watched = folders;
  for (const std::string& component : root_.list(path)) {
    watched.push_back(sdk::join(path, component));
  }
  sdk::watch_path(sink_, root_.host_path(path));
  for (const std::string& folder : watched) {
    const auto real = root_.resolve(folder);
    if (real && root_.is_folder(*real)) {
      sink_.valid_while_listing(root_.host_path(*real));
    }
  }
  emit({kOneapiMarks, {}}, folders);
}

}  // namespace

void emit_user_driver(sdk::Sink& sink, const Host& host, sdk::InjectDrivers inject,
                      const std::string& oneapi_path) {
  if (inject == sdk::InjectDrivers::kNever) {
    return;
  }
  Injector injector(sink, host, inject);
  std::vector<std::string> folders(std::begin(kFolders), std::end(kFolders));
  std::vector<std::string> with_opencl = folders;
  for (const std::string& folder : folders) {
    with_opencl.push_back(folder + "/intel-opencl");
  }
  if (injector.group(kCompute, with_opencl)) {
    // By name: where the library comes to lie depends on the image.
    sink.text(injector.unless(kCompute.marks), "/etc/OpenCL/vendors/intel.icd", "libigdrcl.so\n");
  }
  for (const Group& group : kOthers) {
    injector.group(group, folders);
  }
  injector.media_driver();
  injector.oneapi(oneapi_path);
}

}  // namespace xpu::intel
