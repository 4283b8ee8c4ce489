// SPDX-License-Identifier: Apache-2.0
// Which driver files each capability brings: tables read off the listings by eye.
#include <gmock/gmock.h>
#include <unistd.h>

#include <fstream>
#include <regex>

#include "tests/unit/nvidia/host.h"

namespace xpu::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAreArray;

const std::string kMulti = "/usr/lib/x86_64-linux-gnu/";
const std::string kCurrent = kMulti + "nvidia/current/";

using Table = std::map<std::string, std::vector<std::string>>;

void expect_table(const Description& found, const std::string& root, const Table& table) {
  EXPECT_EQ(found.status, XPU_OK) << found.error;
  for (const auto& [scope, expected] : table) {
    EXPECT_THAT(lines(found, scope, root), UnorderedElementsAreArray(expected)) << scope;
  }
  for (const auto& [scope, files] : found.files) {
    EXPECT_TRUE(table.count(scope)) << "files under " << scope << " that the table does not have";
  }
}

Table table_550() {
  const std::string v = "550.163.01";
  return {
      {"/compute",
       {"libcuda.so.1 + libcuda.so = " + kCurrent + "libcuda.so." + v,
        "libcudadebugger.so.1 = " + kCurrent + "libcudadebugger.so." + v,
        "libnvidia-opencl.so.1 = " + kCurrent + "libnvidia-opencl.so." + v,
        "libnvidia-ptxjitcompiler.so.1 = " + kCurrent + "libnvidia-ptxjitcompiler.so." + v,
        "libnvidia-nvvm.so.4 = " + kCurrent + "libnvidia-nvvm.so." + v,
        "libnvidia-allocator.so.1 = " + kCurrent + "libnvidia-allocator.so." + v,
        "libnvidia-gpucomp.so." + v + " = " + kMulti + "libnvidia-gpucomp.so." + v,
        "libnvidia-pkcs11-openssl3.so." + v + " = " + kMulti + "libnvidia-pkcs11-openssl3.so." + v,
        "/usr/bin/nvidia-cuda-mps-control = /usr/bin/nvidia-cuda-mps-control",
        "/usr/bin/nvidia-cuda-mps-server = /usr/sbin/nvidia-cuda-mps-server",
        "/etc/OpenCL/vendors/nvidia.icd = /etc/OpenCL/vendors/nvidia.icd"}},
      {"/utility",
       {"libnvidia-ml.so.1 = " + kCurrent + "libnvidia-ml.so." + v,
        "libnvidia-cfg.so.1 = " + kCurrent + "libnvidia-cfg.so." + v,
        "/usr/bin/nvidia-smi = /usr/lib/nvidia/current/nvidia-smi",
        "/usr/bin/nvidia-debugdump = /usr/lib/nvidia/current/nvidia-debugdump",
        "/usr/bin/nvidia-persistenced = /usr/bin/nvidia-persistenced"}},
      {"/graphics",
       {"libGLX_nvidia.so.0 + libGLX_indirect.so.0 = " + kCurrent + "libGLX_nvidia.so." + v,
        "libEGL_nvidia.so.0 = " + kCurrent + "libEGL_nvidia.so." + v,
        "libGLESv1_CM_nvidia.so.1 = " + kCurrent + "libGLESv1_CM_nvidia.so." + v,
        "libGLESv2_nvidia.so.2 = " + kCurrent + "libGLESv2_nvidia.so." + v,
        "libnvidia-eglcore.so." + v + " = " + kMulti + "libnvidia-eglcore.so." + v,
        "libnvidia-glcore.so." + v + " = " + kMulti + "libnvidia-glcore.so." + v,
        "libnvidia-glsi.so." + v + " = " + kMulti + "libnvidia-glsi.so." + v,
        "libnvidia-tls.so." + v + " = " + kMulti + "libnvidia-tls.so." + v,
        "libnvidia-glvkspirv.so." + v + " = " + kMulti + "libnvidia-glvkspirv.so." + v,
        "libnvidia-gpucomp.so." + v + " = " + kMulti + "libnvidia-gpucomp.so." + v,
        "libnvidia-rtcore.so." + v + " = " + kMulti + "libnvidia-rtcore.so." + v,
        "libnvoptix.so.1 = " + kCurrent + "libnvoptix.so." + v,
        "libnvidia-fbc.so.1 = " + kCurrent + "libnvidia-fbc.so." + v,
        "libnvidia-allocator.so.1 = " + kCurrent + "libnvidia-allocator.so." + v,
        "libnvidia-api.so.1 = " + kCurrent + "libnvidia-api.so.1",
        "libnvidia-egl-gbm.so.1 = " + kMulti + "libnvidia-egl-gbm.so.1.1.2",
        "libnvidia-egl-wayland.so.1 = " + kMulti + "libnvidia-egl-wayland.so.1.1.18",
        "gbm/nvidia-drm_gbm.so = " + kCurrent + "libnvidia-allocator.so." + v,
        "/usr/share/nvidia/nvoptix.bin = " + kCurrent + "nvoptix.bin",
        "/usr/share/vulkan/icd.d/nvidia_icd.json = /usr/share/vulkan/icd.d/nvidia_icd.json",
        "/usr/share/vulkan/implicit_layer.d/nvidia_layers.json = "
        "/usr/share/vulkan/implicit_layer.d/nvidia_layers.json",
        "/usr/share/glvnd/egl_vendor.d/10_nvidia.json = "
        "/usr/share/glvnd/egl_vendor.d/10_nvidia.json",
        "/usr/share/egl/egl_external_platform.d/10_nvidia_wayland.json = "
        "/usr/share/egl/egl_external_platform.d/10_nvidia_wayland.json",
        "/usr/share/egl/egl_external_platform.d/15_nvidia_gbm.json = "
        "/usr/share/egl/egl_external_platform.d/15_nvidia_gbm.json",
        "/usr/share/nvidia/nvidia-application-profiles-550.163.01-rc = "
        "/usr/share/nvidia/nvidia-application-profiles-550.163.01-rc",
        "/usr/share/nvidia/nvidia-application-profiles-550.163.01-key-documentation = "
        "/usr/share/nvidia/nvidia-application-profiles-550.163.01-key-documentation",
        "/usr/lib/xorg/modules/extensions/libglxserver_nvidia.so = "
        "/usr/lib/nvidia/current/libglxserver_nvidia.so.550.163.01",
        "/usr/lib/xorg/modules/drivers/nvidia_drv.so = /usr/lib/nvidia/current/nvidia_drv.so",
        "/usr/share/X11/xorg.conf.d/nvidia-drm-outputclass.conf = "
        "/etc/nvidia/current/nvidia-drm-outputclass.conf"}},
      {"/video",
       {"libnvcuvid.so.1 = " + kCurrent + "libnvcuvid.so." + v,
        "libnvidia-encode.so.1 = " + kCurrent + "libnvidia-encode.so." + v,
        "libnvidia-opticalflow.so.1 + libnvidia-opticalflow.so = " + kCurrent +
            "libnvidia-opticalflow.so." + v,
        "vdpau/libvdpau_nvidia.so.1 = " + kCurrent + "libvdpau_nvidia.so." + v}},
      {"/display",
       {"/usr/lib/xorg/modules/extensions/libglxserver_nvidia.so = "
        "/usr/lib/nvidia/current/libglxserver_nvidia.so.550.163.01",
        "/usr/lib/xorg/modules/drivers/nvidia_drv.so = /usr/lib/nvidia/current/nvidia_drv.so",
        "/usr/share/X11/xorg.conf.d/nvidia-drm-outputclass.conf = "
        "/etc/nvidia/current/nvidia-drm-outputclass.conf"}},
      {"/ngx", {"libnvidia-ngx.so.1 = " + kCurrent + "libnvidia-ngx.so." + v}},
  };
}

// What differs: no gpucomp, no external EGL platforms, no persistence daemon, and a Vulkan helper
// without SONAME.
Table table_535() {
  const std::string v = "535.216.03";
  return {
      {"/compute",
       {"libcuda.so.1 + libcuda.so = " + kCurrent + "libcuda.so." + v,
        "libcudadebugger.so.1 = " + kCurrent + "libcudadebugger.so." + v,
        "libnvidia-opencl.so.1 = " + kCurrent + "libnvidia-opencl.so." + v,
        "libnvidia-ptxjitcompiler.so.1 = " + kCurrent + "libnvidia-ptxjitcompiler.so." + v,
        "libnvidia-nvvm.so.4 = " + kCurrent + "libnvidia-nvvm.so." + v,
        "libnvidia-allocator.so.1 = " + kCurrent + "libnvidia-allocator.so." + v,
        "libnvidia-pkcs11-openssl3.so." + v + " = " + kMulti + "libnvidia-pkcs11-openssl3.so." + v,
        "/usr/bin/nvidia-cuda-mps-control = /usr/bin/nvidia-cuda-mps-control",
        "/usr/bin/nvidia-cuda-mps-server = /usr/sbin/nvidia-cuda-mps-server",
        "/etc/OpenCL/vendors/nvidia.icd = /etc/OpenCL/vendors/nvidia.icd"}},
      {"/utility",
       {"libnvidia-ml.so.1 = " + kCurrent + "libnvidia-ml.so." + v,
        "libnvidia-cfg.so.1 = " + kCurrent + "libnvidia-cfg.so." + v,
        "/usr/bin/nvidia-smi = /usr/lib/nvidia/current/nvidia-smi",
        "/usr/bin/nvidia-debugdump = /usr/lib/nvidia/current/nvidia-debugdump"}},
      {"/graphics",
       {"libGLX_nvidia.so.0 + libGLX_indirect.so.0 = " + kCurrent + "libGLX_nvidia.so." + v,
        "libEGL_nvidia.so.0 = " + kCurrent + "libEGL_nvidia.so." + v,
        "libGLESv1_CM_nvidia.so.1 = " + kCurrent + "libGLESv1_CM_nvidia.so." + v,
        "libGLESv2_nvidia.so.2 = " + kCurrent + "libGLESv2_nvidia.so." + v,
        "libnvidia-eglcore.so." + v + " = " + kMulti + "libnvidia-eglcore.so." + v,
        "libnvidia-glcore.so." + v + " = " + kMulti + "libnvidia-glcore.so." + v,
        "libnvidia-glsi.so." + v + " = " + kMulti + "libnvidia-glsi.so." + v,
        "libnvidia-tls.so." + v + " = " + kMulti + "libnvidia-tls.so." + v,
        "libnvidia-glvkspirv.so." + v + " = " + kMulti + "libnvidia-glvkspirv.so." + v,
        "libnvidia-rtcore.so." + v + " = " + kMulti + "libnvidia-rtcore.so." + v,
        "libnvoptix.so.1 = " + kCurrent + "libnvoptix.so." + v,
        "libnvidia-fbc.so.1 = " + kCurrent + "libnvidia-fbc.so." + v,
        "libnvidia-allocator.so.1 = " + kCurrent + "libnvidia-allocator.so." + v,
        "libnvidia-api.so.1 = " + kCurrent + "libnvidia-api.so.1",
        "libnvidia-vulkan-producer.so." + v + " = " + kCurrent + "libnvidia-vulkan-producer.so." +
            v,
        "gbm/nvidia-drm_gbm.so = " + kCurrent + "libnvidia-allocator.so." + v,
        "/usr/share/nvidia/nvoptix.bin = " + kCurrent + "nvoptix.bin",
        "/usr/share/vulkan/icd.d/nvidia_icd.json = /usr/share/vulkan/icd.d/nvidia_icd.json",
        "/usr/share/vulkan/implicit_layer.d/nvidia_layers.json = "
        "/usr/share/vulkan/implicit_layer.d/nvidia_layers.json",
        "/usr/share/glvnd/egl_vendor.d/10_nvidia.json = "
        "/usr/share/glvnd/egl_vendor.d/10_nvidia.json",
        "/usr/share/nvidia/nvidia-application-profiles-535.216.03-rc = "
        "/usr/share/nvidia/nvidia-application-profiles-535.216.03-rc",
        "/usr/share/nvidia/nvidia-application-profiles-535.216.03-key-documentation = "
        "/usr/share/nvidia/nvidia-application-profiles-535.216.03-key-documentation",
        "/usr/lib/xorg/modules/extensions/libglxserver_nvidia.so = "
        "/usr/lib/nvidia/current/libglxserver_nvidia.so.535.216.03",
        "/usr/lib/xorg/modules/drivers/nvidia_drv.so = /usr/lib/nvidia/current/nvidia_drv.so",
        "/usr/share/X11/xorg.conf.d/nvidia-drm-outputclass.conf = "
        "/etc/nvidia/current/nvidia-drm-outputclass.conf"}},
      {"/video",
       {"libnvcuvid.so.1 = " + kCurrent + "libnvcuvid.so." + v,
        "libnvidia-encode.so.1 = " + kCurrent + "libnvidia-encode.so." + v,
        "libnvidia-opticalflow.so.1 + libnvidia-opticalflow.so = " + kCurrent +
            "libnvidia-opticalflow.so." + v,
        "vdpau/libvdpau_nvidia.so.1 = " + kCurrent + "libvdpau_nvidia.so." + v}},
      {"/display",
       {"/usr/lib/xorg/modules/extensions/libglxserver_nvidia.so = "
        "/usr/lib/nvidia/current/libglxserver_nvidia.so.535.216.03",
        "/usr/lib/xorg/modules/drivers/nvidia_drv.so = /usr/lib/nvidia/current/nvidia_drv.so",
        "/usr/share/X11/xorg.conf.d/nvidia-drm-outputclass.conf = "
        "/etc/nvidia/current/nvidia-drm-outputclass.conf"}},
      {"/ngx", {"libnvidia-ngx.so.1 = " + kCurrent + "libnvidia-ngx.so." + v}},
  };
}

fakes::TreeOptions tree(const std::string& name, const Folder& folder) {
  fakes::TreeOptions options;
  options.listing = listing(name);
  options.root = folder.path();
  return options;
}

TEST(Files, OfDriver550AreThoseOfItsListing) {
  XPU_NEEDS_TREE();
  Folder folder;
  make_driver_tree(tree(kDriver550, folder));
  expect_table(describe(below(folder.path())), folder.path().string(), table_550());
}

TEST(Files, OfDriver535AreThoseOfItsListing) {
  XPU_NEEDS_TREE();
  Folder folder;
  make_driver_tree(tree(kDriver535, folder));
  expect_table(describe(below(folder.path())), folder.path().string(), table_535());
}

// Files of the packages that no container is given, and why.
const std::map<std::string, const char*> kNotGiven = {
    {"libOpenCL.so.1.0.0", "the loader of OpenCL is the image's"},
    {"libXNVCtrl.so.0.0.0", "for settings of the host's X server"},
    {"_nvngx.dll", "for Windows programs"},
    {"nvngx.dll", "for Windows programs"},
    {"nvidia-bug-report.sh", "for the host"},
    {"nvidia-smi.1.gz", "a manual page"},
};

TEST(Files, OfAListingAreAllGivenOrKnown) {
  XPU_NEEDS_TREE();
  for (const char* name : {kDriver550, kDriver535}) {
    Folder folder;
    make_driver_tree(tree(name, folder));
    const Description found = describe(below(folder.path()));
    std::set<std::string> given;
    for (const auto& [scope, files] : found.files) {
      for (const File& file : files) {
        given.insert(file.host_path.substr(folder.path().string().size()));
      }
    }
    std::ifstream rows(listing(name) + "/MERGED-ROOT.tsv");
    unsigned seen = 0;
    for (std::string row; std::getline(rows, row);) {
      const std::string path = row.substr(0, row.find('\t'));
      const bool is_file = row.find("\t-r") != std::string::npos;
      const bool of_driver =
          std::regex_search(path, std::regex("^/usr/lib/(x86_64-linux-gnu|nvidia/current)/|"
                                             "^/usr/share/(vulkan|vulkansc|glvnd|egl|nvidia)/"));
      // Lists of GPUs are for the installation.
      const bool ids = path.size() > 4 && path.substr(path.size() - 4) == ".ids";
      if (!is_file || !of_driver || ids || kNotGiven.count(path.substr(path.rfind('/') + 1))) {
        continue;
      }
      ++seen;
      EXPECT_TRUE(given.count(path)) << name << ": " << path;
    }
    EXPECT_GT(seen, 30u) << name;
  }
}

TEST(Files, OfOlderAndNewerDriversAreLeftAlone) {
  XPU_NEEDS_TREE();
  Folder folder;
  fakes::TreeOptions options = tree(kDriver550, folder);
  options.other_versions = {"550.90.07", "570.86.15"};
  make_driver_tree(options);
  expect_table(describe(below(folder.path())), folder.path().string(), table_550());
}

// ldconfig lets a SONAME link lead to the newest file, here the wrong driver's.
TEST(Files, AreChosenByVersionNotByLink) {
  XPU_NEEDS_TREE();
  Folder folder;
  fakes::TreeOptions options = tree(kDriver550, folder);
  options.layout = "ubuntu";
  options.other_versions = {"570.86.15"};
  make_driver_tree(options);
  ASSERT_EQ(std::filesystem::read_symlink(folder / "usr/lib/x86_64-linux-gnu/libcuda.so.1"),
            "libcuda.so.570.86.15");
  Description found = describe(below(folder.path()));
  for (const auto& [scope, files] : found.files) {
    for (const File& file : files) {
      EXPECT_EQ(file.host_path.find("570.86.15"), std::string::npos) << file.host_path;
    }
  }
  EXPECT_THAT(lines(found, "/compute", folder.path()),
              testing::Contains("libcuda.so.1 + libcuda.so = " + kMulti + "libcuda.so.550.163.01"));
}

// The same driver laid out by other distributions: same names in the container.
class Layout : public testing::TestWithParam<std::pair<const char*, const char*>> {};

std::vector<std::string> names_in_container(const Description& found, const std::string& scope) {
  std::vector<std::string> names;
  if (auto files = found.files.find(scope); files != found.files.end()) {
    for (const File& file : files->second) {
      std::string name = file.container_path.empty() ? file.soname : file.container_path;
      if (std::size_t at = name.find("/10-nvidia-drm"); at != std::string::npos) {
        name.erase(at + 1, 3);  // Arch's name of it
      }
      names.push_back(name);
    }
  }
  return names;
}

TEST_P(Layout, GivesTheSameFiles) {
  XPU_NEEDS_TREE();
  Folder debian, folder;
  make_driver_tree(tree(kDriver550, debian));
  fakes::TreeOptions options = tree(kDriver550, folder);
  options.layout = GetParam().first;
  make_driver_tree(options);
  Description expected = describe(below(debian.path()));
  Description found = describe(below(folder.path()));
  for (const char* scope : {"/compute", "/utility", "/graphics", "/video", "/display", "/ngx"}) {
    EXPECT_THAT(names_in_container(found, scope),
                UnorderedElementsAreArray(names_in_container(expected, scope)))
        << scope;
  }
  EXPECT_THAT(lines(found, "/compute", folder.path()),
              testing::Contains("libcuda.so.1 + libcuda.so = " + std::string(GetParam().second) +
                                "libcuda.so.550.163.01"));
}

INSTANTIATE_TEST_SUITE_P(Distributions, Layout,
                         testing::Values(std::pair("ubuntu", "/usr/lib/x86_64-linux-gnu/"),
                                         std::pair("rhel", "/usr/lib64/"),
                                         std::pair("arch", "/usr/lib/")),
                         [](const auto& layout) { return std::string(layout.param.first); });

TEST(Files, AreFoundWithoutALoaderCacheAndWithoutAlternatives) {
  XPU_NEEDS_TREE();
  Folder folder;
  fakes::TreeOptions options = tree(kDriver550, folder);
  options.alternatives = false;
  make_driver_tree(options);
  std::filesystem::remove(folder / "etc/ld.so.cache");
  Table expected = table_550();
  // Debian's own folder of X configuration is no place that the X server reads.
  for (auto& [scope, files] : expected) {
    std::erase_if(files, [](const std::string& line) {
      return line.find("outputclass") != std::string::npos;
    });
  }
  expect_table(describe(below(folder.path())), folder.path().string(), expected);
}

TEST(Files, Of32BitComeForTheCapabilitiesAskedFor) {
  XPU_NEEDS_TREE();
  for (const auto& [layout, place] :
       {std::pair("debian", "/usr/lib/i386-linux-gnu/nvidia/current/"),
        std::pair("rhel", "/usr/lib/"), std::pair("arch", "/usr/lib32/")}) {
    Folder folder;
    fakes::TreeOptions options = tree(kDriver550, folder);
    options.layout = layout;
    options.compat32 = true;
    make_driver_tree(options);
    Description found = describe(below(folder.path()));
    for (const auto& [scope, files] : found.files) {
      for (const File& file : files) {
        if (file.kind == XPU_FILE_LIBRARY) {
          EXPECT_EQ(file.architecture,
                    scope.find(",compat32") != std::string::npos ? "i386" : "x86_64")
              << file.host_path;
        }
      }
    }
    const std::string version = "550.163.01";
    EXPECT_THAT(lines(found, "/compute,compat32", folder.path()),
                testing::Contains("libcuda.so.1 + libcuda.so = " + std::string(place) +
                                  "libcuda.so." + version))
        << layout;
    EXPECT_THAT(lines(found, "/utility,compat32", folder.path()),
                testing::Contains("libnvidia-ml.so.1 = " + std::string(place) + "libnvidia-ml.so." +
                                  version))
        << layout;
    EXPECT_TRUE(found.files["/compat32"].empty()) << "by itself it asks for nothing";
  }
}

TEST(Files, OfFirmwareComeWithEverything) {
  XPU_NEEDS_TREE();
  Folder folder;
  fakes::TreeOptions options = tree(kDriver550, folder);
  options.firmware = true;
  make_driver_tree(options);
  EXPECT_THAT(lines(describe(below(folder.path())), "/", folder.path()),
              ElementsAre("/lib/firmware/nvidia/550.163.01/gsp_ga10x.bin = "
                          "/usr/lib/firmware/nvidia/550.163.01/gsp_ga10x.bin",
                          "/lib/firmware/nvidia/550.163.01/gsp_tu10x.bin = "
                          "/usr/lib/firmware/nvidia/550.163.01/gsp_tu10x.bin"));
}

// A library that no table knows comes with the one that needs it; one that nobody needs does not.
TEST(Files, FollowWhatALibraryNeeds) {
  XPU_NEEDS_TREE();
  Folder folder;
  fakes::TreeOptions options = tree(kDriver550, folder);
  make_driver_tree(options);
  const std::string libraries = folder / "usr/lib/x86_64-linux-gnu/";
  const std::string version = ".so.550.163.01";
  auto put = [&](const std::string& stem, const std::vector<std::string>& needed) {
    std::ofstream(libraries + stem + version, std::ios::binary | std::ios::trunc)
        << fakes::stub_library(stem + version, needed, false);
  };
  put("libnvidia-nova", {"libc.so.6"});
  put("libnvidia-lone", {"libc.so.6"});
  const std::string nova = "libnvidia-nova" + version + " = " +
                           libraries.substr(folder.path().string().size()) + "libnvidia-nova" +
                           version;
  EXPECT_THAT(lines(describe(below(folder.path())), "/graphics", folder.path()),
              testing::Not(testing::Contains(nova)));
  put("libnvidia-glcore", {"libnvidia-nova" + version});
  Description found = describe(below(folder.path()));
  EXPECT_THAT(lines(found, "/graphics", folder.path()), testing::Contains(nova));
  EXPECT_THAT(lines(found, "/compute", folder.path()), testing::Not(testing::Contains(nova)));
  EXPECT_THAT(found.log, testing::Contains("library of the driver that no capability uses: " +
                                           libraries + "libnvidia-lone" + version));
}

// A second driver as Debian installs it beside the first, with everything linked to the first.
void add_second_driver(const Folder& folder, const std::string& name, const std::string& version) {
  namespace fs = std::filesystem;
  for (const char* parent : {"usr/lib/x86_64-linux-gnu/nvidia", "usr/lib/nvidia", "etc/nvidia"}) {
    const fs::path to = fs::path(folder / parent) / name;
    fs::copy(fs::path(folder / parent) / "current", to,
             fs::copy_options::recursive | fs::copy_options::copy_symlinks);
    for (const fs::directory_entry& entry :
         std::vector<fs::directory_entry>(fs::directory_iterator(to), fs::directory_iterator())) {
      std::string file = entry.path().filename();
      if (std::size_t at = file.find("550.163.01"); at != std::string::npos) {
        fs::rename(entry.path(), to / file.replace(at, 10, version));
      }
    }
  }
}

TEST(Files, OfTheLoadedDriverAreTakenWhateverIsLinked) {
  XPU_NEEDS_TREE();
  Folder folder;
  fakes::TreeOptions options = tree(kDriver550, folder);
  options.kernel_version = "999.99.99";
  make_driver_tree(options);
  add_second_driver(folder, "tesla-999", "999.99.99");
  Description found = describe(below(folder.path()));
  ASSERT_EQ(found.status, XPU_OK) << found.error;
  for (const auto& [scope, files] : found.files) {
    for (const File& file : files) {
      EXPECT_EQ(file.host_path.find("/current/"), std::string::npos) << file.host_path;
    }
  }
  const std::string own = kMulti + "nvidia/tesla-999/";
  EXPECT_THAT(
      lines(found, "/utility", folder.path()),
      testing::IsSupersetOf(
          {std::string("/usr/bin/nvidia-smi = /usr/lib/nvidia/tesla-999/nvidia-smi"),
           std::string("/usr/bin/nvidia-debugdump = /usr/lib/nvidia/tesla-999/nvidia-debugdump"),
           "libnvidia-ml.so.1 = " + own + "libnvidia-ml.so.999.99.99"}));
  EXPECT_THAT(lines(found, "/graphics", folder.path()),
              testing::IsSupersetOf({"libnvidia-api.so.1 = " + own + "libnvidia-api.so.1",
                                     "/usr/share/nvidia/nvoptix.bin = " + own + "nvoptix.bin",
                                     std::string("/usr/lib/xorg/modules/drivers/nvidia_drv.so = "
                                                 "/usr/lib/nvidia/tesla-999/nvidia_drv.so")}));
}

TEST(Files, OfADriverThatIsNotLoadedAreLeftAlone) {
  XPU_NEEDS_TREE();
  Folder folder;
  make_driver_tree(tree(kDriver550, folder));
  add_second_driver(folder, "a-tesla-999", "999.99.99");
  expect_table(describe(below(folder.path())), folder.path().string(), table_550());
}

TEST(Files, AreWatched) {
  XPU_NEEDS_TREE();
  Folder folder;
  make_driver_tree(tree(kDriver550, folder));
  Description found = describe(below(folder.path()));
  for (const auto& [scope, files] : found.files) {
    for (const File& file : files) {
      EXPECT_TRUE(found.conditions.count("stat " + file.host_path)) << file.host_path;
    }
  }
  EXPECT_TRUE(found.conditions.count("stat " + (folder / "etc/ld.so.cache")));
  EXPECT_TRUE(found.conditions.count("stat " + (folder / "usr/bin/nv-fabricmanager")))
      << "a program that is installed later is noticed";
  for (const char* absent :
       {"etc/vulkan/icd.d/nvidia_icd.json",
        "usr/lib/x86_64-linux-gnu/nvidia/current/libnvidia-cbl.so.550.163.01"}) {
    EXPECT_TRUE(found.conditions.count("stat " + (folder / absent))) << absent;
  }
  EXPECT_TRUE(found.conditions.count("listing " + (folder / "lib/firmware/nvidia/550.163.01")));
  EXPECT_TRUE(found.conditions.count("stat " + (folder / "run/nvidia-persistenced/socket")));
}

}  // namespace
}  // namespace xpu::test
