// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <new>

#include "core/base/error.h"
#include "core/catalog/grammar.h"
#include "core/catalog/limits.h"
#include "core/plugin/abi.h"
#include "core/plugin/obligations.h"
#include "core/plugin_host/collector.h"
#include "core/plugin_host/library.h"
#include "core/plugin_host/process.h"
#include "core/plugin_host/witness.h"

namespace xpu {
namespace {

constexpr rlim_t kFileBytes = 16 << 20;
constexpr rlim_t kOpenFiles = 1024;

// The library cannot be used at all, as opposed to a description that failed.
class Refused : public Error {
 public:
  Refused(Obligation obligation, std::string text) : Error(tagged(obligation, std::move(text))) {}
};

void enclose(const HostLimits& limits, const ChildEnds& ends) {
  // Our parent kills this group; should the parent be killed itself, the kernel does.
  setpgid(0, 0);
  process::end_with_parent(SIGKILL);
  signal(SIGTERM, SIG_DFL);
  const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  dup2(null, STDIN_FILENO);
  dup2(ends.out, STDOUT_FILENO);
  dup2(ends.err, STDERR_FILENO);
  // A backend that asks for the folder or writes a file gets the same wherever it is started.
  [[maybe_unused]] const int moved = chdir("/");
  umask(022);
#if !defined(__SANITIZE_ADDRESS__)
  // AddressSanitizer reserves terabytes of addresses.
  process::limit(RLIMIT_AS, limits.memory_bytes);
#endif
  process::limit(RLIMIT_CPU, limits.deadline_s + 1);
  process::limit(RLIMIT_NOFILE, kOpenFiles);
  process::limit(RLIMIT_CORE, 0);
}

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

// The catalog's state and reason for the status of open() or describe().
void judge(const char* name, xpu_status status, const Collector& collector, Catalog& catalog) {
  const std::string& error = collector.error();
  if (status == XPU_OK) {
    return;
  }
  if (status == XPU_ABSENT) {
    catalog.state = CatalogState::kAbsent;
    catalog.reason = error.empty() ? "no such hardware, or no driver for it" : error;
  } else {
    const bool known = status > XPU_OK && status <= XPU_NO_MEMORY;
    catalog.state = CatalogState::kFailed;
    catalog.reason =
        cat(name, known ? " failed" : cat(" returned the unknown status ", status), because(error));
    if (!known) {
      catalog.reason = tagged(Obligation::kStatus, catalog.reason);
    }
  }
  if (error.empty()) {
    catalog.reason = tagged(Obligation::kStatus, catalog.reason);
  }
}

xpu_backend_entry_fn load(const Manifest& manifest) {
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

Catalog describe(const Manifest& manifest, const HostLimits& limits, Collector& collector,
                 const ChildEnds& ends) {
  const Witness witness(manifest, *collector.host());
  const xpu_backend_entry_fn entry = load(manifest);
  *ends.phase = Phase::kEntry;
  if (limits.as_stranger) {
    xpu_host stranger = *witness.host();
    stranger.abi_major = stranger.oldest_major = UINT32_MAX;
    negotiate(manifest, collector, &stranger, entry);
    *ends.phase = Phase::kOpen;
    return collector.take();
  }
  const xpu_backend& backend = negotiate(manifest, collector, witness.host(), entry);

  Catalog head;
  head.version = std::string(backend.version, strnlen(backend.version, limits::kName));
  head.abi = abi::text(backend.abi_major, backend.abi_minor);
  *ends.phase = Phase::kOpen;
  void* self = nullptr;
  collector.begin_call();
  xpu_status status = call("open()", [&] { return backend.open(witness.host(), &self); });
  judge("open()", status, collector, head);
  if (status == XPU_OK) {
    *ends.phase = Phase::kDescribe;
    collector.begin_call();
    collector.describing(true);
    status = call("describe()", [&] { return backend.describe(self); });
    collector.describing(false);
    judge("describe()", status, collector, head);
    *ends.phase = Phase::kClose;
    call("close()", [&] { backend.close(self); });
    *ends.phase = Phase::kAnswer;
  }
  witness.report(status == XPU_OK);
  Catalog catalog = collector.take();
  catalog.version = head.version;
  catalog.abi = head.abi;
  catalog.state = head.state;
  catalog.reason = head.reason;
  return catalog;
}

// A backend brings an unwinder of its own. When its exception reaches a frame of ours, that frame
// is handled by our unwinder, which only works once it has been used.
void prepare_unwinder() {
  try {
    throw 0;
  } catch (int) {
  }
}

Catalog answer_of(const Manifest& manifest, const HostLimits& limits, const ChildEnds& ends) {
  prepare_unwinder();
  Collector collector(manifest, ends.log);
  Catalog catalog;
  try {
    return describe(manifest, limits, collector, ends);
  } catch (const Refused& error) {
    catalog.state = CatalogState::kRefused;
    catalog.reason = error.what();
  } catch (const Error& error) {
    catalog.state = CatalogState::kFailed;
    catalog.reason = error.what();
  }
  catalog.backend = manifest.name;
  return catalog;
}

}  // namespace

const char* to_string(Phase phase) {
  switch (phase) {
    case Phase::kLoad:
      return "while its library was loaded";
    case Phase::kEntry:
      return "in " XPU_BACKEND_ENTRY_SYMBOL "()";
    case Phase::kOpen:
      return "in open()";
    case Phase::kDescribe:
      return "in describe()";
    case Phase::kClose:
      return "in close()";
    case Phase::kAnswer:
      break;
  }
  return "after close()";
}

void run_child(const Manifest& manifest, const HostLimits& limits, const ChildEnds& ends) {
  try {
    enclose(limits, ends);
    const Catalog catalog = answer_of(manifest, limits, ends);
    const std::string json = to_json(catalog);
    for (std::size_t done = 0; done < json.size();) {
      const ssize_t wrote = write(ends.answer, json.data() + done, json.size() - done);
      if (wrote < 0 && errno != EINTR) {
        _exit(1);
      }
      done += wrote > 0 ? static_cast<std::size_t>(wrote) : 0;
    }
  } catch (...) {
    _exit(1);
  }
  // No destructor of the backend's runs: its threads may still be there.
  _exit(0);
}

}  // namespace xpu
