// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/enter.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/catalog/grammar.h"
#include "core/catalog/limits.h"
#include "core/plugin/abi.h"
#include "core/plugin_host/library.h"
#include "core/plugin_host/process.h"

namespace xpu {
namespace {

constexpr rlim_t kFileBytes = 16 << 20;
constexpr rlim_t kOpenFiles = 1024;

}  // namespace

void enclose([[maybe_unused]] const HostLimits& limits, int out, int err, int signal) {
  process::end_with_parent(signal);
  const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  dup2(null, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  // A backend that asks for the folder or writes a file gets the same wherever it is started.
  [[maybe_unused]] const int moved = chdir("/");
  umask(022);
#if !defined(__SANITIZE_ADDRESS__)
  // AddressSanitizer reserves terabytes of addresses.
  process::limit(RLIMIT_AS, limits.memory_bytes);
#endif
  process::limit(RLIMIT_NOFILE, kOpenFiles);
  process::limit(RLIMIT_CORE, 0);
}

void prepare_unwinder() {
  try {
    throw 0;
  } catch (int) {
  }
}

std::string because(const std::string& text) {
  return text.empty() ? ", without saying why" : cat(": ", text);
}

const xpu_backend& negotiate(const Manifest& manifest, const Collector& collector,
                             const xpu_host* host, xpu_backend_entry_fn entry) {
  const xpu_backend* table = nullptr;
  const xpu_status status =
      call(XPU_BACKEND_ENTRY_SYMBOL "()", [&] { return entry(host, &table); });
  if (status == XPU_UNSUPPORTED) {
    throw Refused(Obligation::kEntry, cat("the library does not support ABI ", abi::range(),
                                          because(collector.error())));
  }
  if (status != XPU_OK) {
    throw Refused(Obligation::kEntry, cat(XPU_BACKEND_ENTRY_SYMBOL "() returned status ", status,
                                          because(collector.error())));
  }
  if (table == nullptr) {
    throw Refused(Obligation::kEntry, XPU_BACKEND_ENTRY_SYMBOL "() returned no table");
  }
  if (table->struct_size < offsetof(xpu_backend, reserved)) {
    throw Refused(Obligation::kTable, cat("its table has ", table->struct_size, " bytes; at least ",
                                          sizeof(xpu_backend), " are wanted"));
  }
  if (!abi::accepted(table->abi_major, table->abi_minor)) {
    throw Refused(Obligation::kTable,
                  cat("the library follows ABI ", abi::text(table->abi_major, table->abi_minor),
                      "; this version accepts ", abi::range()));
  }
  // The size of the oldest version that we accept.
  if (table->struct_size < sizeof(xpu_backend)) {
    throw Refused(Obligation::kTable, cat("its table has ", table->struct_size, " bytes; at least ",
                                          sizeof(xpu_backend), " are wanted"));
  }
  const char* missing = table->name == nullptr       ? "name"
                        : table->version == nullptr  ? "version"
                        : table->open == nullptr     ? "open"
                        : table->describe == nullptr ? "describe"
                        : table->close == nullptr    ? "close"
                                                     : nullptr;
  if (missing != nullptr) {
    throw Refused(Obligation::kTable, cat("its table has no ", missing));
  }
  const std::string name(table->name, strnlen(table->name, limits::kName + 1));
  if (name != manifest.name) {
    throw Refused(Obligation::kName, cat("the library is the backend \"",
                                         grammar::is_name(name) ? name : std::string("?"),
                                         "\", its manifest says \"", manifest.name, "\""));
  }
  return *table;
}

xpu_backend_entry_fn load_entry(const Manifest& manifest) {
  xpu_backend_entry_fn entry = nullptr;
  try {
    // Stays mapped until the process ends, also while a backend's exit() runs destructors.
    static Library* kept = nullptr;
    kept = new Library(manifest);
    Library& library = *kept;
    // Not earlier: the copy of a library may be larger.
    process::limit(RLIMIT_FSIZE, kFileBytes);
    library.load();
    entry = library.function<xpu_status(const xpu_host*, const xpu_backend**)>(
        XPU_BACKEND_ENTRY_SYMBOL);
  } catch (const Error& error) {
    throw Refused(Obligation::kLoads, error.what());
  }
  if (entry == nullptr) {
    throw Refused(Obligation::kExport,
                  cat(manifest.library, ": the library does not export " XPU_BACKEND_ENTRY_SYMBOL));
  }
  return entry;
}

std::string failure_text(const char* name, xpu_status status, const std::string& error) {
  const bool known = status > XPU_OK && status <= XPU_NO_MEMORY;
  const std::string out =
      cat(name, known ? " failed" : cat(" returned the unknown status ", status), because(error));
  return known && !error.empty() ? out : tagged(Obligation::kStatus, out);
}

}  // namespace xpu
