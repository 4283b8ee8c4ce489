// SPDX-License-Identifier: Apache-2.0
#include "backends/nvidia/driver_files.h"

#include <sys/stat.h>
#include <sys/utsname.h>

#include <algorithm>

#include "backends/nvidia/hardware.h"
#include "sdk/helpers/path.h"

namespace xpu::nvidia {
namespace {

// A regular file with every link followed; "" when there is none.
std::string file_at(const sdk::Root& root, const std::string& path) {
  auto real = root.resolve(path);
  return real && root.is_file(*real) ? *real : "";
}

void add_data(DriverFiles& out, std::string path, std::string container_path, unsigned caps) {
  DriverFile file;
  file.path = std::move(path);
  file.container_path = std::move(container_path);
  file.capabilities = static_cast<std::uint8_t>(caps);
  out.files.push_back(std::move(file));
}

// Debian's folder of this driver below kDebianFolder: the one whose X module has this version.
std::vector<std::string> debian_folders(const sdk::Root& root, const std::string& version) {
  std::vector<std::string> folders;
  for (const std::string& name : root.list(kDebianFolder)) {
    std::string folder = sdk::join(kDebianFolder, name);
    if (!file_at(root, sdk::join(folder, "libglxserver_nvidia.so." + version)).empty()) {
      folders.insert(folders.begin(), folder);
    } else {
      folders.push_back(folder);
    }
  }
  return folders;
}

void find_programs(const sdk::Root& root, const std::string& version, DriverFiles& out) {
  std::vector<std::string> folders(std::begin(kProgramFolders), std::end(kProgramFolders));
  for (std::string& folder : debian_folders(root, version)) {
    folders.push_back(std::move(folder));
  }
  for (const Program& program : kPrograms) {
    const std::string target = sdk::join("/usr/bin", program.name);
    std::string path;
    for (const std::string& folder : folders) {
      if (path = file_at(root, sdk::join(folder, program.name)); !path.empty()) {
        break;
      }
    }
    if (path.empty()) {
      out.missing.push_back(target);
      continue;
    }
    DriverFile file;
    file.kind = DriverFileKind::kProgram;
    file.path = path;
    file.container_path = target;
    file.capabilities = program.capabilities;
    out.files.push_back(std::move(file));
  }
}

void find_data(const sdk::Root& root, const std::string& version, DriverFiles& out) {
  for (const DataFile& known : kDataFiles) {
    std::string path(known.path);
    if (std::size_t star = path.find('*'); star != std::string::npos) {
      path.replace(star, 1, version);
    }
    if (std::string real = file_at(root, path); !real.empty()) {
      add_data(out, real, path, known.capabilities);
    }
  }
}

// The weights of the denoiser lie beside the library where the driver is not linked into place.
void find_optix_data(const sdk::Root& root, DriverFiles& out) {
  const std::string target = "/usr/share/nvidia/nvoptix.bin";
  std::string path = file_at(root, target);
  for (const DriverFile& file : std::vector<DriverFile>(out.files)) {
    if (path.empty() && sdk::starts_with(sdk::base_name(file.path), "libnvoptix.so.")) {
      path = file_at(root, sdk::join(sdk::dir_name(file.path), "nvoptix.bin"));
    }
  }
  if (!path.empty()) {
    add_data(out, path, target, kGraphics);
  }
}

// The X server's modules carry no version in their names, except one: it vouches for its folder.
void find_xorg(const sdk::Root& root, const std::string& version, DriverFiles& out) {
  struct Place {
    std::string glx, driver;
  };
  std::vector<Place> places;
  for (const char* base : {"/usr/lib/xorg/modules", "/usr/lib64/xorg/modules",
                           "/usr/lib/x86_64-linux-gnu/nvidia/xorg"}) {
    places.push_back({sdk::join(base, "extensions"), sdk::join(base, "drivers")});
    places.push_back({base, base});
  }
  for (const std::string& folder : debian_folders(root, version)) {
    places.push_back({folder, folder});
  }
  for (const Place& place : places) {
    std::string glx = file_at(root, sdk::join(place.glx, "libglxserver_nvidia.so." + version));
    if (glx.empty()) {
      continue;
    }
    add_data(out, glx, "/usr/lib/xorg/modules/extensions/libglxserver_nvidia.so",
             kGraphics | kDisplay);
    if (std::string driver = file_at(root, sdk::join(place.driver, "nvidia_drv.so"));
        !driver.empty()) {
      add_data(out, driver, "/usr/lib/xorg/modules/drivers/nvidia_drv.so", kGraphics | kDisplay);
    }
    return;
  }
}

void find_firmware(const sdk::Root& root, const sdk::Root& sys_root, const std::string& version,
                   DriverFiles& out) {
  struct utsname kernel {};
  uname(&kernel);
  std::vector<std::string> folders;
  if (std::string own = sys_root.read_line("/sys/module/firmware_class/parameters/path");
      !own.empty()) {
    folders.push_back(sdk::clean(own));
  }
  for (std::string base : {"/lib/firmware/updates", "/lib/firmware"}) {
    folders.push_back(sdk::join(base, kernel.release));
    folders.push_back(base);
  }
  for (const std::string& base : folders) {
    const std::string folder = sdk::join(sdk::join(base, "nvidia"), version);
    bool found = false;
    for (const std::string& name : root.list(folder)) {
      std::string path = sdk::join(folder, name);
      if (!sdk::starts_with(name, "gsp") || !sdk::ends_with(name, ".bin")) {
        continue;
      }
      if (std::string real = file_at(root, path); !real.empty()) {
        add_data(out, real, path, 0);
        found = true;
      }
    }
    if (found) {
      return;  // the kernel too takes the first folder that has it
    }
  }
}

void find_sockets(const sdk::Root& root, DriverFiles& out) {
  for (const char* name : {"nvidia-persistenced/socket", "nvidia-fabricmanager/socket"}) {
    const std::string target = sdk::join("/run", name);
    std::string path;
    for (const char* base : {"/run", "/var/run"}) {
      // Both bases are the administrator's; below them belongs to the daemon, whose links would
      // say what of the host a container may write to.
      const std::string straight = sdk::join(root.resolve(base).value_or(base), name);
      if (path.empty() && root.resolve(straight) == straight && root.is_socket(straight)) {
        path = straight;
      }
    }
    if (path.empty()) {
      out.missing.push_back(target);
      continue;
    }
    DriverFile file;
    file.kind = DriverFileKind::kSocket;
    file.path = path;
    file.container_path = target;
    file.capabilities = kUtility;
    out.files.push_back(std::move(file));
  }
}

// Pipes and sockets of the MPS daemon; its clients write to them. Everybody may make this name:
// only a folder that root made, and that nobody else can exchange, may be written to from a
// container.
void find_mps(const sdk::Root& root, DriverFiles& out) {
  out.folders.push_back(kMpsLogs);
  struct stat info {};
  const std::string host_path = root.host_path(kMpsPipes);
  if (lstat(host_path.c_str(), &info) != 0) {
    return;
  }
  std::string problem;
  if (!S_ISDIR(info.st_mode) || root.resolve(kMpsPipes) != kMpsPipes) {
    problem = "it is no folder of its own but a link or a file";
  } else if (info.st_uid != 0) {
    problem = "it belongs to user " + std::to_string(info.st_uid) + ", not to root";
  } else if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0 && (info.st_mode & S_ISVTX) == 0) {
    problem = "others than root may replace what is in it; chmod go-w it";
  }
  if (!problem.empty()) {
    out.refused.push_back(host_path + " is not given to containers: " + problem);
    return;
  }
  out.folders.push_back(kMpsPipes);
  DriverFile file;
  file.kind = DriverFileKind::kSocketFolder;
  file.path = kMpsPipes;
  file.container_path = kMpsPipes;
  file.capabilities = kCompute;
  out.files.push_back(std::move(file));
}

}  // namespace

bool DriverFiles::usable() const {
  return std::any_of(files.begin(), files.end(), [](const DriverFile& file) {
    return file.kind == DriverFileKind::kLibrary &&
           (file.soname == "libcuda.so.1" || file.soname == "libnvidia-ml.so.1") &&
           (file.capabilities & kCompat32) == 0;
  });
}

DriverFiles find_driver_files(const sdk::Root& driver_root, const sdk::Root& sys_root,
                              const std::string& version) {
  DriverFiles out;
  find_libraries(driver_root, version, false, out);
  find_libraries(driver_root, version, true, out);
  find_programs(driver_root, version, out);
  find_data(driver_root, version, out);
  find_optix_data(driver_root, out);
  find_xorg(driver_root, version, out);
  find_firmware(driver_root, sys_root, version, out);
  find_sockets(driver_root, out);
  find_mps(driver_root, out);
  return out;
}

}  // namespace xpu::nvidia
