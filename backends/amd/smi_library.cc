// SPDX-License-Identifier: Apache-2.0
#include "backends/amd/smi_library.h"

#include <dlfcn.h>

#include <cstdio>

namespace xpu::amd {

SmiLibrary::SmiLibrary(const std::string& path)
    : path_(path), handle_(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) {
  if (handle_ == nullptr) {
    const char* text = dlerror();
    throw std::runtime_error(text != nullptr ? text : path + " cannot be loaded");
  }
}

void* SmiLibrary::symbol(const char* name) const {
  return dlsym(handle_, name);
}

void SmiLibrary::fail(const char* name, std::uint32_t status,
                      std::uint32_t (*text_of)(std::uint32_t, const char**)) const {
  const char* text = nullptr;
  if (text_of == nullptr || text_of(status, &text) != 0 || text == nullptr || *text == 0) {
    throw std::runtime_error(path_ + ": " + name + ": error " + std::to_string(status));
  }
  throw std::runtime_error(path_ + ": " + name + ": " + text);
}

std::string smi_pci(std::uint64_t domain, std::uint64_t function) {
  char text[32];
  std::snprintf(text, sizeof text, "%04x:%02x:%02x.%x", static_cast<unsigned>(domain),
                static_cast<unsigned>(function >> 8 & 0xff),
                static_cast<unsigned>(function >> 3 & 0x1f), static_cast<unsigned>(function & 7));
  return text;
}

}  // namespace xpu::amd
