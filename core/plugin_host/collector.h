// SPDX-License-Identifier: Apache-2.0
// The host's side of the ABI: an xpu_host table whose sinks copy what a backend emits into a
// Catalog. Here sizes, pointers and lengths are checked, because this code runs in the backend's
// process; what the values mean is checked by validate() in another one.
#pragma once

#include <map>
#include <string>

#include "core/catalog/catalog.h"
#include "core/plugin/manifest.h"
#include "xpu/backend.h"

namespace xpu {

class Collector {
 public:
  // `log_fd` receives log lines: a digit (XPU_LOG_*), the text, '\n'.
  Collector(const Manifest& manifest, int log_fd);
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  const xpu_host* host() const { return &host_; }
  // Sinks work only while describe() runs.
  void describing(bool on) { describing_ = on; }
  // What set_error said last, in the call that began with begin_call(); "" for nothing.
  void begin_call() { error_.clear(); }
  const std::string& error() const { return error_; }
  // The first item that was not accepted; "" when all were. A description with a hole is none,
  // whatever the backend made of the status.
  const std::string& rejected() const { return rejected_; }
  // The collected description; empties the collector.
  Catalog take() { return std::move(catalog_); }

 private:
  friend struct Sinks;

  void reject(const std::string& text);
  EditGroup& group(const Scope& scope);
  Device& device(const char* vendor, const char* index);
  void count_edit();

  xpu_host host_{};
  int log_fd_;
  bool describing_ = false;
  std::map<std::string, std::string> options_;
  std::string error_, rejected_;
  Catalog catalog_;
  std::map<std::string, std::size_t> devices_;                         // id → place
  std::map<std::pair<std::string, std::string>, std::size_t> groups_;  // scope → place
  std::size_t edits_ = 0;
};

}  // namespace xpu
