// SPDX-License-Identifier: Apache-2.0
// The one place that loads a library (Boost.DLL).
#pragma once

#include <boost/dll/shared_library.hpp>
#include <string>

#include "core/base/fd.h"
#include "core/plugin/manifest.h"

namespace xpu {

// A backend's library: checked (trust.h, hash, ELF header, search paths) and mapped through one
// descriptor, so that what was checked is what runs. It is never unloaded: the process ends.
class Library {
 public:
  // Opens and checks the library of `manifest`. Where the manifest states a hash, the descriptor is
  // that of a sealed copy, which nobody can change any more. Throws Error that names the path and
  // what is wrong with it.
  explicit Library(const Manifest& manifest);

  // Maps it, which runs code of it.
  void load();

  // What was checked, and will be mapped.
  int fd() const { return fd_.get(); }

  // The symbol's address; nullptr when the library does not export it.
  template <class Function>
  Function* function(const char* name) const {
    return library_.has(name) ? &library_.get<Function>(name) : nullptr;
  }

 private:
  std::string path_;
  Fd fd_;
  boost::dll::shared_library library_;
};

}  // namespace xpu
