// SPDX-License-Identifier: Apache-2.0
// How a process that is to run a backend's code limits itself, loads the library and agrees with it
// on a version: the same for describing and watching.
#pragma once

#include <new>
#include <string>

#include "core/base/error.h"
#include "core/plugin/manifest.h"
#include "core/plugin/obligations.h"
#include "core/plugin_host/child.h"
#include "core/plugin_host/collector.h"
#include "xpu/backend.h"

namespace xpu {

// The library cannot be used at all, as opposed to a description that failed.
class Refused : public Error {
 public:
  Refused(Obligation obligation, std::string text) : Error(tagged(obligation, std::move(text))) {}
};

// Descriptors 0 to 2, folder, umask and limits, except for processor time. Ends this process with
// its parent by `signal`.
void enclose(const HostLimits& limits, int out, int err, int signal);

// Once, before anything is called: a backend brings an unwinder of its own. When its exception
// reaches a frame of ours, that frame is handled by our unwinder, which only works once it has been
// used.
void prepare_unwinder();

// Calls into the backend. An exception must not cross the boundary, but one that does is no reason
// to lose what it says.
template <class F>
auto call(const char* name, F&& function) {
  std::string what;
  try {
    return function();
  } catch (const std::bad_alloc&) {
    what = " ran out of memory";
  } catch (const std::exception& error) {
    what = cat(" threw a C++ exception: ", error.what());
  } catch (...) {
    what = " threw a C++ exception";
  }
  throw Error(tagged(Obligation::kException, cat(name, what)));
}

// Why, where XPU_ABSENT comes without a reason.
inline constexpr const char* kNothingHere = "no such hardware, or no driver for it";

// ", without saying why" or ": TEXT".
std::string because(const std::string& text);

// Maps the library, for good. Throws Refused.
xpu_backend_entry_fn load_entry(const Manifest& manifest);

// Calls it, and checks the table. `collector` keeps what it says. Throws Refused, or Error for an
// exception.
const xpu_backend& negotiate(const Manifest& manifest, const Collector& collector,
                             const xpu_host* host, xpu_backend_entry_fn entry);

// What went wrong in `name`, which returned a status other than XPU_OK and XPU_ABSENT.
std::string failure_text(const char* name, xpu_status status, const std::string& error);

}  // namespace xpu
