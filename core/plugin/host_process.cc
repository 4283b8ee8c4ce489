// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/host_process.h"

#include <sys/wait.h>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/catalog/limits.h"

namespace xpu {
namespace {

// The host keeps the backend's deadline; this is for itself, should it get stuck while it checks
// the paths that it was told.
constexpr int kGraceSeconds = 5;
constexpr int kExitHung = 4;

}  // namespace

HostProcess::HostProcess(const Config& config, const Manifest& manifest)
    : name_(manifest.name),
      timeout_s_(config.backend_timeout_s),
      end_ms_(monotonic_ms() + std::int64_t{timeout_s_ + kGraceSeconds} * 1000),
      child_(name_, host_arguments(installation().host_program, config, manifest)),
      log_(name_, false) {}

void HostProcess::add_to(std::vector<pollfd>& polled) const {
  for (const Fd* fd : {&child_.out, &child_.messages}) {
    if (*fd) {
      polled.push_back({fd->get(), POLLIN, 0});
    }
  }
}

bool HostProcess::advance() {
  read_available(child_.out, answer_, limits::kCatalogBytes);
  log_.read_from(child_.messages);
  if (!child_.out && !child_.messages) {
    // Both ends are closed by its exit, so this does not wait for long.
    child_.wait();
    return true;
  }
  if (monotonic_ms() < end_ms_ && answer_.size() <= limits::kCatalogBytes) {
    return false;
  }
  late_ = true;
  child_.end();
  return true;
}

HostProcess::Result HostProcess::result() const {
  Result out;
  if (!late_) {
    try {
      out.catalog = catalog_from_json(answer_, cat("backend ", name_, ": the answer of its host"));
      const int status = child_.status();  // not each platform's macros take a temporary
      out.hung = WIFEXITED(status) && WEXITSTATUS(status) == kExitHung;
      return out;
    } catch (const Error& error) {
      out.catalog.reason = log_.last_error().empty()
                               ? error.what()
                               : cat("backend ", name_, ": ", log_.last_error());
    }
  } else {
    out.hung = true;
    out.catalog.reason = cat("backend ", name_, ": its host did not answer within ",
                             timeout_s_ + kGraceSeconds, " s and was killed");
  }
  out.catalog.backend = name_;
  out.catalog.state = CatalogState::kFailed;
  return out;
}

}  // namespace xpu
