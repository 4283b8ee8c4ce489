// SPDX-License-Identifier: Apache-2.0
// Which file of the driver belongs to which capability: data only.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace xpu::nvidia {

enum Capability : std::uint8_t {
  kCompute = 1,
  kUtility = 2,
  kGraphics = 4,
  kVideo = 8,
  kDisplay = 16,
  kNgx = 32,
  kCompat32 = 64,
};

struct CapabilityName {
  Capability bit;
  const char* name;
};
inline constexpr std::array<CapabilityName, 7> kCapabilities{{
    {kCompute, "compute"},
    {kUtility, "utility"},
    {kGraphics, "graphics"},
    {kVideo, "video"},
    {kDisplay, "display"},
    {kNgx, "ngx"},
    {kCompat32, "compat32"},
}};

// A library whose file name ends in the driver's version: "<stem>.<version>".
struct VersionedLibrary {
  std::string_view stem;
  std::uint8_t capabilities;
  std::string_view links = "";      // further names, as in xpu_file
  std::string_view subfolder = "";  // below the loader's folder
};
inline constexpr VersionedLibrary kVersionedLibraries[] = {
    {"libnvidia-ml.so", kUtility},
    {"libnvidia-cfg.so", kUtility},
    {"libnvidia-nscq.so", kUtility},
    {"libnvsdm.so", kUtility},
    {"libnvidia-sandboxutils.so", kUtility},

    {"libcuda.so", kCompute, "libcuda.so"},
    {"libcudadebugger.so", kCompute},
    {"libnvidia-opencl.so", kCompute},
    {"libnvidia-ptxjitcompiler.so", kCompute},
    {"libnvidia-fatbinaryloader.so", kCompute},
    {"libnvidia-compiler.so", kCompute},
    {"libnvidia-compiler-next.so", kCompute},
    {"libnvidia-nvvm.so", kCompute},
    {"libnvidia-nvvm70.so", kCompute},
    {"libnvidia-tileiras.so", kCompute},
    {"libnvidia-pkcs11.so", kCompute},
    {"libnvidia-pkcs11-openssl3.so", kCompute},
    // GBM and the shader compilers of OpenGL and Vulkan need these two as well.
    {"libnvidia-allocator.so", kCompute | kGraphics},
    {"libnvidia-gpucomp.so", kCompute | kGraphics},

    {"libGLX_nvidia.so", kGraphics, "libGLX_indirect.so.0"},
    {"libEGL_nvidia.so", kGraphics},
    {"libGLESv1_CM_nvidia.so", kGraphics},
    {"libGLESv2_nvidia.so", kGraphics},
    {"libnvidia-eglcore.so", kGraphics},
    {"libnvidia-glcore.so", kGraphics},
    {"libnvidia-glsi.so", kGraphics},
    {"libnvidia-tls.so", kGraphics},
    {"libnvidia-glvkspirv.so", kGraphics},
    {"libnvidia-cbl.so", kGraphics},
    {"libnvidia-rtcore.so", kGraphics},
    {"libnvoptix.so", kGraphics},
    {"libnvidia-fbc.so", kGraphics},
    {"libnvidia-ifr.so", kGraphics},
    {"libnvidia-present.so", kGraphics},
    {"libnvidia-vulkan-producer.so", kGraphics},
    {"libnvidia-vksc-core.so", kGraphics},

    {"libnvcuvid.so", kVideo},
    {"libnvidia-encode.so", kVideo},
    {"libnvidia-opticalflow.so", kVideo, "libnvidia-opticalflow.so"},
    {"libvdpau_nvidia.so", kVideo, "", "vdpau"},

    {"libnvidia-ngx.so", kNgx},
};

// A library with a version of its own, found under the name that programs load.
struct NamedLibrary {
  std::string_view name;
  std::uint8_t capabilities;
};
inline constexpr NamedLibrary kNamedLibraries[] = {
    {"libnvidia-api.so.1", kGraphics},         {"libnvidia-egl-gbm.so.1", kGraphics},
    {"libnvidia-egl-wayland.so.1", kGraphics}, {"libnvidia-egl-wayland2.so.1", kGraphics},
    {"libnvidia-egl-xcb.so.1", kGraphics},     {"libnvidia-egl-xlib.so.1", kGraphics},
    {"libnvidia-nvvm.so.4", kCompute},         {"libnvidia-nvvm70.so.4", kCompute},
};

// The GBM backend of the driver is its allocator under another name.
inline constexpr std::string_view kGbmName = "nvidia-drm_gbm.so";
inline constexpr std::string_view kGbmTarget = "libnvidia-allocator.so";

struct Program {
  std::string_view name;
  std::uint8_t capabilities;
};
inline constexpr Program kPrograms[] = {
    {"nvidia-smi", kUtility},
    {"nvidia-debugdump", kUtility},
    {"nvidia-persistenced", kUtility},
    {"nv-fabricmanager", kUtility},
    {"nvidia-imex", kUtility},
    {"nvidia-imex-ctl", kUtility},
    {"nvidia-cuda-mps-control", kCompute},
    {"nvidia-cuda-mps-server", kCompute},
    {"nvidia-xconfig", kGraphics},
};
inline constexpr std::string_view kProgramFolders[] = {
    "/usr/bin",
    "/usr/sbin",
    "/bin",
    "/sbin",
    "/usr/local/bin",
    "/usr/local/sbin",
    "/run/current-system/sw/bin",
};
// Debian keeps one folder per driver below this one ("current", "tesla-535", ...) and links to the
// chosen one.
inline constexpr std::string_view kDebianFolder = "/usr/lib/nvidia";

// Where the MPS daemon keeps its pipes unless it is told otherwise.
inline constexpr const char* kMpsPipes = "/tmp/nvidia-mps";
// Where its logs begin to be when it is first started. Only root writes there, so this, not the
// pipes, can say that a daemon has come.
inline constexpr const char* kMpsLogs = "/var/log/nvidia-mps";

// Where hosts that keep packages in a store have what belongs below kSharedFolder.
inline constexpr std::string_view kSharedFolder = "/usr/share/";
inline constexpr std::string_view kStoreShared = "/run/opengl-driver/share";

// A file that is the same path in the container as on the host. '*' stands for the driver version.
struct DataFile {
  std::string_view path;
  std::uint8_t capabilities;
};
inline constexpr DataFile kDataFiles[] = {
    {"/etc/OpenCL/vendors/nvidia.icd", kCompute},
    {"/etc/vulkan/icd.d/nvidia_icd.json", kGraphics},
    {"/usr/share/vulkan/icd.d/nvidia_icd.json", kGraphics},
    {"/usr/share/vulkan/icd.d/nvidia_icd.x86_64.json", kGraphics},
    {"/usr/share/vulkan/icd.d/nvidia_icd.aarch64.json", kGraphics},
    {"/usr/share/vulkan/icd.d/nvidia_icd.i686.json", kGraphics | kCompat32},
    {"/etc/vulkan/implicit_layer.d/nvidia_layers.json", kGraphics},
    {"/usr/share/vulkan/implicit_layer.d/nvidia_layers.json", kGraphics},
    {"/usr/share/vulkansc/icd.d/nvidia_icd_vksc.json", kGraphics},
    {"/etc/glvnd/egl_vendor.d/10_nvidia.json", kGraphics},
    {"/usr/share/glvnd/egl_vendor.d/10_nvidia.json", kGraphics},
    {"/usr/share/egl/egl_external_platform.d/09_nvidia_wayland2.json", kGraphics},
    {"/usr/share/egl/egl_external_platform.d/10_nvidia_wayland.json", kGraphics},
    {"/usr/share/egl/egl_external_platform.d/15_nvidia_gbm.json", kGraphics},
    {"/usr/share/egl/egl_external_platform.d/20_nvidia_xcb.json", kGraphics},
    {"/usr/share/egl/egl_external_platform.d/20_nvidia_xlib.json", kGraphics},
    {"/usr/share/nvidia/nvidia-application-profiles-*-rc", kGraphics},
    {"/usr/share/nvidia/nvidia-application-profiles-*-key-documentation", kGraphics},
    {"/usr/share/X11/xorg.conf.d/10-nvidia.conf", kGraphics | kDisplay},
    {"/usr/share/X11/xorg.conf.d/nvidia-drm-outputclass.conf", kGraphics | kDisplay},
    {"/usr/share/X11/xorg.conf.d/10-nvidia-drm-outputclass.conf", kGraphics | kDisplay},
};

// Where distributions have the X server's modules: here, or in "extensions" and "drivers" below.
inline constexpr const char* kXorgFolders[] = {
    "/usr/lib/xorg/modules",
    "/usr/lib64/xorg/modules",
    "/usr/lib/x86_64-linux-gnu/nvidia/xorg",
    "/usr/lib/nvidia/xorg",
};

// Where drivers lie that no loader cache names. The folders below "<folder>/nvidia" follow each.
inline constexpr std::string_view kNativeFolders[] = {
#if defined(__x86_64__)
    "/usr/lib/x86_64-linux-gnu",
    "/lib/x86_64-linux-gnu",
#elif defined(__aarch64__)
    "/usr/lib/aarch64-linux-gnu",
    "/lib/aarch64-linux-gnu",
#endif
    "/usr/lib64",
    "/lib64",
    "/usr/lib",
    "/usr/local/lib",
    "/usr/local/nvidia/lib64",
    "/var/lib/nvidia/lib64",
    "/run/opengl-driver/lib",
};
inline constexpr std::string_view kCompatFolders[] = {
#if defined(__x86_64__)
    "/usr/lib/i386-linux-gnu",   "/lib/i386-linux-gnu", "/usr/lib32", "/usr/lib",
    "/run/opengl-driver-32/lib",
#elif defined(__aarch64__)
    "/usr/lib/arm-linux-gnueabihf",
#endif
};
#if defined(__x86_64__)
inline constexpr const char* kNative = "x86_64";
inline constexpr const char* kCompat = "i386";
#elif defined(__aarch64__)
inline constexpr const char* kNative = "aarch64";
inline constexpr const char* kCompat = "arm";
#else
#error "the driver exists for x86_64 and aarch64"
#endif

}  // namespace xpu::nvidia
