// SPDX-License-Identifier: Apache-2.0
// What the readers of both management libraries share.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace xpu::amd {

// A library that stays loaded: unloading one that may have started threads is not safe.
class SmiLibrary {
 public:
  explicit SmiLibrary(const std::string& path);  // throws std::runtime_error

  // nullptr in a release that lacks it.
  template <class Function>
  Function find(const char* name) const {
    return reinterpret_cast<Function>(symbol(name));
  }
  template <class Function>
  Function need(const char* name) const {
    const auto function = find<Function>(name);
    if (function == nullptr) {
      throw std::runtime_error(path_ + " has no function " + name);
    }
    return function;
  }
  // "<path>: <function>: <text>", with what the library's own function says about the status.
  [[noreturn]] void fail(const char* name, std::uint32_t status,
                         std::uint32_t (*text_of)(std::uint32_t, const char**)) const;

 private:
  void* symbol(const char* name) const;

  std::string path_;
  void* handle_;
};

// Both pack bus, device and function into the low 16 bits of a number.
std::string smi_pci(std::uint64_t domain, std::uint64_t function);

}  // namespace xpu::amd
