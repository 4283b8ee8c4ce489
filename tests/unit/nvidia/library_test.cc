// SPDX-License-Identifier: Apache-2.0
// The library as a file, and the fakes as files.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <stdio.h>
#include <unistd.h>

#include "sdk/helpers/elf.h"
#include "tests/unit/nvidia/recorder.h"

namespace xpu::test {
namespace {

std::string output_of(const std::string& command) {
  std::string out;
  FILE* pipe = popen(command.c_str(), "re");
  char block[4096];
  while (std::size_t count = fread(block, 1, sizeof block, pipe)) {
    out.append(block, count);
  }
  pclose(pipe);
  return out;
}

TEST(Library, ExportsOneSymbol) {
  std::string text = output_of("nm -D --defined-only --format=just-symbols " XPU_NVIDIA_LIBRARY);
  EXPECT_EQ(text, "xpu_backend_entry\n");
}

// libudev is what tells of devices that come and go.
TEST(Library, NeedsOnlyLibcAndLibudev) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the sanitizer's run time is needed too";
#endif
  auto elf = sdk::read_elf(sdk::Root("/"), XPU_NVIDIA_LIBRARY);
  ASSERT_TRUE(elf);
  for (const std::string& name : elf->needed) {
    EXPECT_TRUE(name == "libc.so.6" || name == "libudev.so.1" || name == "libm.so.6" ||
                name.rfind("ld-linux", 0) == 0)
        << name;
  }
}

// The stand-ins must be what the real loader takes, or a test with them proves nothing.
TEST(Stubs, AreLoadedByTheRealLoader) {
  XPU_NEEDS_TREE();
#if !defined(__x86_64__)
  GTEST_SKIP() << "the listings are of x86-64";
#endif
  Folder folder;
  fakes::TreeOptions options;
  options.listing = listing(kDriver550);
  options.root = folder.path();
  options.layout = "ubuntu";
  make_driver_tree(options);
  const std::string libraries = folder / "usr/lib/x86_64-linux-gnu/";
  // What libGLX_nvidia needs, first: a library that is loaded answers to its SONAME.
  for (const char* stem : {"libnvidia-gpucomp.so", "libnvidia-tls.so", "libnvidia-glsi.so",
                           "libnvidia-glcore.so", "libGLX_nvidia.so", "libcuda.so"}) {
    const std::string path = libraries + stem + ".550.163.01";
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    EXPECT_NE(library, nullptr) << dlerror();
  }
  EXPECT_EQ(output_of(folder / "usr/bin/nvidia-smi"), "nvidia-smi 550.163.01 (stub)\n");
}

}  // namespace
}  // namespace xpu::test
