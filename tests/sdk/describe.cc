// SPDX-License-Identifier: Apache-2.0
// describe LIBRARY [OPTION=VALUE]...: loads a backend and prints what it says, one call per line,
// then its status and error.
#include <dlfcn.h>

#include <cstdio>

#include "tests/unit/sdk/fake_host.h"

int main(int argc, char** argv) {
  void* library = argc > 1 ? ::dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : nullptr;
  if (library == nullptr) {
    std::fprintf(stderr, "describe: %s\n", argc > 1 ? ::dlerror() : "no library given");
    return 2;
  }
  xpu::sdk::test::FakeHost host;
  for (int i = 2; i < argc; ++i) {
    const std::string option = argv[i];
    host.options[option.substr(0, option.find('='))] = option.substr(option.find('=') + 1);
  }
  const auto entry =
      reinterpret_cast<xpu_backend_entry_fn>(::dlsym(library, XPU_BACKEND_ENTRY_SYMBOL));
  const xpu_status status = entry != nullptr ? host.describe(entry) : XPU_UNSUPPORTED;
  for (const std::string& call : host.calls) {
    std::puts(call.c_str());
  }
  std::printf("status %d\n", status);
  for (const std::string& error : host.errors) {
    std::printf("error %s\n", error.c_str());
  }
  return 0;
}
