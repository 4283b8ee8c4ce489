// SPDX-License-Identifier: Apache-2.0
// The host's side of the ABI: an xpu_host table whose sinks copy what a backend emits into a
// Catalog. Each item is checked here, by validate() too, so that the backend learns what is wrong
// with it; that is no protection, because this code runs in the backend's process. validate() in
// another one is.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "core/catalog/catalog.h"
#include "core/plugin/manifest.h"
#include "core/plugin/obligations.h"
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
  // An item of the backend is left out: keeps why as error(), and logs it (20 times).
  void reject(const std::string& text, Obligation obligation = Obligation::kItems);
  // The collected description, without what names a value that was not emitted; empties the
  // collector.
  Catalog take();

 private:
  friend struct Sinks;

  // Values have groups of their own, a new one for each change of the scope: their order counts.
  EditGroup& group(const Scope& scope, bool of_values);
  Device& device(const char* vendor, const char* index);
  // Throws Error for what is wrong with the one item in `alone`.
  void check(Catalog& alone) const;
  void check_name(const std::string& name, const std::string& id) const;
  template <class Item>
  void take(const Scope& scope, std::vector<Item> EditGroup::*list, Item item);
  template <class Item>
  void drop_unknown_values(std::vector<Item>& items, const char* sink, const char* what,
                           std::string Item::*name);

  xpu_host host_{};
  int log_fd_;
  bool describing_ = false;
  std::map<std::string, std::string> options_;
  std::string error_;
  int refused_ = 0;
  Catalog catalog_;
  std::map<std::string, std::size_t> devices_;  // id → place
  std::map<Scope, std::size_t> groups_;         // → place
  std::map<std::string, Combine> values_;
  std::optional<std::size_t> last_values_;            // place of the group that took the last value
  std::map<std::string, std::string> names_;          // id, UUID or alias → id
  std::map<std::string, std::string> index_aliases_;  // vendor:alias → id
  std::size_t edits_ = 0;
};

}  // namespace xpu
