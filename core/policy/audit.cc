// SPDX-License-Identifier: Apache-2.0
#include "core/policy/audit.h"

#include <time.h>
#include <unistd.h>

#include "core/base/append.h"
#include "core/base/error.h"
#include "core/base/utc.h"
#include "core/log/format.h"
#include "core/log/log.h"
#include "core/oci/text.h"

namespace xpu {
namespace {

constexpr std::uint64_t kLimit = std::uint64_t{10} << 20;

std::string text(std::string_view value) {
  return json::quote(log::printable(value));
}

void append(const std::string& path, const std::string& line) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos || slash + 1 == path.size()) {
    fail("audit-log \"", path, "\" is not the absolute path of a file");
  }
  AppendOptions options;
  options.limit = kLimit;
  options.shared_folder = true;
  append_line(slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1), line, options);
}

}  // namespace

std::string audit_line(const AuditEntry& entry, std::int64_t unix_time, unsigned uid) {
  std::string devices;
  for (const std::string& device : entry.devices) {
    devices += cat(devices.empty() ? "" : ",", text(device));
  }
  return cat(R"({"time":")", utc_text(unix_time), R"(","event":")",
             entry.event == AuditEntry::Event::kDenied ? "denied" : "passed-over", R"(","rule":)",
             text(entry.rule), R"(,"source":)", text(entry.source), R"(,"name":)",
             text(entry.name.substr(0, entry.name.find('='))), R"(,"container":)",
             text(entry.container), R"(,"engine":)", text(entry.engine), R"(,"bundle":)",
             text(entry.bundle), R"(,"uid":)", uid, R"(,"devices":[)", devices, "]}");
}

void audit_denial(const Config& config, const AuditEntry& entry) noexcept {
  if (config.audit_log.empty()) {
    return;
  }
  try {
    append(config.audit_log, audit_line(entry, ::time(nullptr), ::getuid()));
  } catch (const std::exception& error) {
    log::warn(cat("the audit log lacks a line: ", error.what()));
  }
}

}  // namespace xpu
