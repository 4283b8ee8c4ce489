// SPDX-License-Identifier: Apache-2.0
// Looks, from within the backend's process, at what a backend does to it.
#pragma once

#include <map>
#include <set>
#include <string>

#include "core/plugin/manifest.h"
#include "xpu/backend.h"

namespace xpu {

class Witness {
 public:
  // Remembers the process as it is. One object per process.
  Witness(const Manifest& manifest, const xpu_host& host);

  // The same table, whose option() is listened to.
  const xpu_host* host() const { return &host_; }

  // After close(): logs, by the numbers of their obligations, what is not as it should be.
  // `described`: describe() returned XPU_OK, so every option should have been read.
  void report(bool described) const;

 private:
  static const char* option(void* ctx, const char* name) noexcept;
  void say(int severity, const std::string& text) const;
  void report_process() const;
  void report_threads() const;
  void report_options(bool described) const;

  const Manifest& manifest_;
  const xpu_host real_;
  xpu_host host_;
  std::map<std::string, std::string> before_;
  std::set<std::string> asked_;
};

}  // namespace xpu
