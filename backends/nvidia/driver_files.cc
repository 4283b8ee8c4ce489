// SPDX-License-Identifier: Apache-2.0
#include "backends/nvidia/driver_files.h"

#include <sys/stat.h>
#include <sys/utsname.h>

#include <algorithm>

#include "backends/nvidia/hardware.h"
#include "sdk/helpers/elf.h"
#include "sdk/helpers/path.h"

namespace xpu::nvidia {
namespace {

// What every search needs to know.
struct Tree {
  const sdk::Root& root;
  const std::string& version;
  const DriverFolders& folders;
};

// A regular file with every link followed; "" when there is none or it is another driver's.
std::string file_at(const Tree& tree, const std::string& path) {
  auto real = tree.root.resolve(path);
  return real && tree.root.is_file(*real) && !tree.folders.of_other(*real) ? *real : "";
}

void add_data(DriverFiles& out, std::string path, std::string container_path, unsigned caps) {
  DriverFile file;
  file.path = std::move(path);
  file.container_path = std::move(container_path);
  file.capabilities = static_cast<std::uint8_t>(caps);
  out.files.push_back(std::move(file));
}

// Folders in which the driver lies as a whole, such as /usr/local/nvidia with its bin, lib64 and
// share.
std::vector<std::string> prefixes_of(const DriverFiles& found) {
  std::vector<std::string> out;
  for (const DriverFile& file : found.files) {
    const std::string prefix = sdk::dir_name(sdk::dir_name(file.path));
    if (file.kind == DriverFileKind::kLibrary && (file.capabilities & kCompat32) == 0 &&
        prefix != "/" && prefix != "/usr" &&
        std::find(out.begin(), out.end(), prefix) == out.end()) {
      out.push_back(prefix);
    }
  }
  return out;
}

// Of these folders the first with a program of this name. Some hosts have scripts in the folders
// that people search, which call the driver's own by a path that no container has.
std::string program_in(const Tree& tree, const std::vector<std::string>& folders,
                       std::string_view name) {
  for (const std::string& folder : folders) {
    const std::string path = file_at(tree, sdk::join(folder, name));
    if (!path.empty() && sdk::read_elf(tree.root, path)) {
      return path;
    }
  }
  return "";
}

void find_programs(const Tree& tree, const std::vector<std::string>& prefixes, DriverFiles& out) {
  std::vector<std::string> folders = tree.folders.own();
  for (const std::string& prefix : prefixes) {
    folders.push_back(sdk::join(prefix, "bin"));
  }
  folders.insert(folders.end(), std::begin(kProgramFolders), std::end(kProgramFolders));
  folders.insert(folders.end(), tree.folders.unknown().begin(), tree.folders.unknown().end());
  for (const Program& program : kPrograms) {
    const std::string target = sdk::join("/usr/bin", program.name);
    const std::string path = program_in(tree, folders, program.name);
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

// What belongs below kSharedFolder, from where the driver itself has it.
std::string shared_data(const Tree& tree, const std::vector<std::string>& prefixes,
                        std::string_view name) {
  for (const std::string& prefix : prefixes) {
    std::string real = file_at(tree, sdk::join(sdk::join(prefix, "share"), name));
    if (!real.empty()) {
      return real;
    }
  }
  return file_at(tree, sdk::join(kStoreShared, name));
}

void find_data(const Tree& tree, const std::vector<std::string>& prefixes, DriverFiles& out) {
  for (const DataFile& known : kDataFiles) {
    std::string path(known.path);
    if (std::size_t star = path.find('*'); star != std::string::npos) {
      path.replace(star, 1, tree.version);
    }
    std::string real = file_at(tree, path);
    if (real.empty() && sdk::starts_with(path, kSharedFolder)) {
      real = shared_data(tree, prefixes, path.substr(kSharedFolder.size()));
    }
    if (real.empty()) {
      out.missing.push_back(path);
    } else {
      add_data(out, real, path, known.capabilities);
    }
  }
}

// The weights of the denoiser lie beside the library where the driver is not linked into place.
void find_optix_data(const Tree& tree, DriverFiles& out) {
  const std::string target = "/usr/share/nvidia/nvoptix.bin";
  std::string path;
  for (const DriverFile& file : out.files) {
    if (path.empty() && sdk::starts_with(sdk::base_name(file.path), "libnvoptix.so.")) {
      path = file_at(tree, sdk::join(sdk::dir_name(file.path), "nvoptix.bin"));
    }
  }
  if (path.empty()) {
    path = file_at(tree, target);
  }
  if (path.empty()) {
    out.missing.push_back(target);
  } else {
    add_data(out, path, target, kGraphics);
  }
}

// The GLX module of the X server in one of its folders. Without a version in its name, the driver
// libraries that it needs tell which driver it is of.
std::string glx_module_in(const Tree& tree, const std::string& folder) {
  const std::string name = sdk::join(folder, "libglxserver_nvidia.so");
  if (std::string real = file_at(tree, name + "." + tree.version); !real.empty()) {
    return real;
  }
  const std::string real = file_at(tree, name);
  const auto elf = real.empty() ? std::nullopt : sdk::read_elf(tree.root, real);
  return elf && std::any_of(elf->needed.begin(), elf->needed.end(),
                            [&](const std::string& needed) {
                              return library_version(needed) == tree.version;
                            })
             ? real
             : "";
}

// The X server's modules. The driver module tells nothing of its version, and not every
// distribution has it beside the other.
void find_xorg(const Tree& tree, DriverFiles& out) {
  std::vector<std::string> folders = tree.folders.own();
  for (const char* base : kXorgFolders) {
    folders.push_back(sdk::join(base, "extensions"));
    folders.push_back(sdk::join(base, "drivers"));
    folders.push_back(base);
  }
  std::string glx, driver;
  for (const std::string& folder : folders) {
    if (glx.empty()) {
      glx = glx_module_in(tree, folder);
    }
    if (driver.empty()) {
      driver = file_at(tree, sdk::join(folder, "nvidia_drv.so"));
    }
  }
  if (glx.empty()) {
    for (const char* base : kXorgFolders) {
      for (const char* name : {"extensions/libglxserver_nvidia.so", "libglxserver_nvidia.so"}) {
        out.missing.push_back(sdk::join(base, name));
        out.missing.push_back(sdk::join(base, name) + "." + tree.version);
      }
    }
    return;
  }
  add_data(out, glx, "/usr/lib/xorg/modules/extensions/libglxserver_nvidia.so",
           kGraphics | kDisplay);
  const std::string target = "/usr/lib/xorg/modules/drivers/nvidia_drv.so";
  if (driver.empty()) {
    out.missing.push_back(target);
  } else {
    add_data(out, driver, target, kGraphics | kDisplay);
  }
}

void find_firmware(const Tree& tree, const sdk::Root& sys_root, DriverFiles& out) {
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
    const std::string folder = sdk::join(sdk::join(base, "nvidia"), tree.version);
    bool found = false;
    for (const std::string& name : tree.root.list(folder)) {
      std::string path = sdk::join(folder, name);
      if (!sdk::starts_with(name, "gsp") || !sdk::ends_with(name, ".bin")) {
        continue;
      }
      if (std::string real = file_at(tree, path); !real.empty()) {
        add_data(out, real, path, 0);
        found = true;
      }
    }
    if (found) {
      out.folders.push_back(folder);
      return;  // the kernel too takes the first folder that has it
    }
  }
  out.folders.push_back(sdk::join("/lib/firmware/nvidia", tree.version));
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
  const DriverFolders folders(driver_root, version);
  const Tree tree{driver_root, version, folders};
  find_libraries(driver_root, version, folders, false, out);
  find_libraries(driver_root, version, folders, true, out);
  const std::vector<std::string> prefixes = prefixes_of(out);
  find_programs(tree, prefixes, out);
  find_data(tree, prefixes, out);
  find_optix_data(tree, out);
  find_xorg(tree, out);
  find_firmware(tree, sys_root, out);
  find_sockets(driver_root, out);
  find_mps(driver_root, out);
  return out;
}

}  // namespace xpu::nvidia
