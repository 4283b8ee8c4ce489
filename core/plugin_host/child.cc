// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/child.h"

#include <signal.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/catalog/limits.h"
#include "core/plugin/abi.h"
#include "core/plugin/obligations.h"
#include "core/plugin_host/collector.h"
#include "core/plugin_host/enter.h"
#include "core/plugin_host/exercise.h"
#include "core/plugin_host/process.h"
#include "core/plugin_host/witness.h"

namespace xpu {
namespace {

// The catalog's state and reason for the status of open() or describe().
void judge(const char* name, xpu_status status, const Collector& collector, Catalog& catalog) {
  const std::string& error = collector.error();
  if (status == XPU_OK) {
    return;
  }
  if (status != XPU_ABSENT) {
    catalog.state = CatalogState::kFailed;
    catalog.reason = failure_text(name, status, error);
    return;
  }
  catalog.state = CatalogState::kAbsent;
  catalog.reason = error.empty() ? tagged(Obligation::kStatus, kNothingHere) : error;
}

Catalog describe(const Manifest& manifest, const HostLimits& limits, Collector& collector,
                 const ChildEnds& ends) {
  const Witness witness(manifest, *collector.host());
  const xpu_backend_entry_fn entry = load_entry(manifest);
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
    if (limits.as_watcher) {
      *ends.phase = Phase::kWatch;
      head.properties = {{kExtensionsKey, exercise(backend, self, collector)}};
      head.state = CatalogState::kAbsent;
      head.reason = "it was watched";
      status = XPU_ABSENT;
    } else {
      *ends.phase = Phase::kDescribe;
      collector.begin_call();
      collector.describing(true);
      status = call("describe()", [&] { return backend.describe(self); });
      collector.describing(false);
      judge("describe()", status, collector, head);
    }
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
  if (limits.as_watcher) {
    catalog.properties = head.properties;
  }
  return catalog;
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
    case Phase::kWatch:
      return "in an extension";
    case Phase::kClose:
      return "in close()";
    case Phase::kAnswer:
      break;
  }
  return "after close()";
}

void run_child(const Manifest& manifest, const HostLimits& limits, const ChildEnds& ends) {
  try {
    // Our parent kills this group; should the parent be killed itself, the kernel does.
    setpgid(0, 0);
    enclose(limits, ends.out, ends.err, SIGKILL);
    signal(SIGTERM, SIG_DFL);
    process::limit(RLIMIT_CPU, limits.deadline_s + 1);
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
