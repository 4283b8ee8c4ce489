// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/refresh.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <list>
#include <memory>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/host.h"
#include "core/base/platform.h"
#include "core/catalog/conditions.h"
#include "core/plugin/cache.h"
#include "core/plugin/host_process.h"

namespace xpu {
namespace {

// How long a result counts that nothing else puts an end to.
constexpr unsigned kShortLifeSeconds = 30;
constexpr unsigned kLongestQuarantineSeconds = 3600;
constexpr int kLockStepMs = 5;

// Who a file is, and when it or its owner and mode last changed.
std::string identity(const std::string& path) {
  struct stat st;
  if (stat(path.c_str(), &st) != 0) {
    return cat(path, " -");
  }
  return cat(path, " ", st.st_dev, " ", st.st_ino, " ", st.st_size, " ", platform::modified_ns(st),
             " ", platform::changed_ns(st));
}

// Stands for everything that a description is made from, besides the machine itself.
std::string key_of(const Config& config, const Manifest& manifest, const std::string& boot) {
  std::string all = cat(XPU_VERSION, "\n", boot, "\n", identity(manifest.file), "\n",
                        identity(manifest.library), "\n", identity(installation().host_program),
                        "\n", config.backend_timeout_s, " ", config.backend_memory_bytes);
  for (const auto& [name, value] : manifest.options) {
    all += cat("\n", name, "=", value);
  }
  return hex64(fnv1a(all));
}

// The paths of which none exists; "" when one does or none is asked for.
std::string missing_paths(const Manifest& manifest) {
  constexpr std::size_t kShown = 3;
  std::string missing;
  std::size_t count = 0;
  struct stat st;  // access() is dearer: it changes to the real user first
  for (const std::string& path : manifest.detect_any) {
    if (stat(path.c_str(), &st) == 0) {
      return "";
    }
    if (++count <= kShown) {
      missing += cat(missing.empty() ? "" : ", ", path);
    }
  }
  return count > kShown ? cat(missing, ", ...") : missing;
}

void end_after(Catalog& catalog, unsigned seconds) {
  std::vector<Condition> end = {{ConditionKind::kSeconds, "", std::to_string(seconds)}};
  take_snapshot(end);
  catalog.conditions.push_back(end[0]);
}

BackendState state_of(CatalogState state) {
  switch (state) {
    case CatalogState::kReady:
      return BackendState::kReady;
    case CatalogState::kAbsent:
      return BackendState::kAbsent;
    case CatalogState::kRefused:
      return BackendState::kRefused;
    case CatalogState::kFailed:
      break;
  }
  return BackendState::kFailed;
}

void finish(BackendStatus& status, Catalog catalog, bool from_cache) {
  status.state = state_of(catalog.state);
  status.reason = catalog.reason;
  status.from_cache = from_cache;
  status.catalog = std::move(catalog);
}

// A caller may have left SIGCHLD ignored, and then the kernel forgets how a child ended and gives
// its number away. While this lives it does not; what we become by exec gets the caller's setting
// back.
class WaitableChildren {
 public:
  WaitableChildren() {
    struct sigaction wanted {};
    wanted.sa_handler = SIG_DFL;
    sigaction(SIGCHLD, &wanted, &before_);
  }
  ~WaitableChildren() { sigaction(SIGCHLD, &before_, nullptr); }
  WaitableChildren(const WaitableChildren&) = delete;
  WaitableChildren& operator=(const WaitableChildren&) = delete;

 private:
  struct sigaction before_ {};
};

// A backend whose host must run.
struct Job {
  BackendStatus* status;
  std::string key;
  Fd lock;
  std::unique_ptr<HostProcess> host;
};

class Refresher {
 public:
  Refresher(const Config& config, Freshness freshness)
      : config_(config), freshness_(freshness), cache_(config.state_dir), boot_(boot_id()) {}

  void look_at(BackendStatus& status) {
    const FoundBackend& found = status.found;
    status.reason = found.reason;
    if (found.refused) {
      status.state = BackendState::kRefused;
      return;
    }
    if (!found.enabled) {
      status.state = BackendState::kDisabled;
      return;
    }
    const std::string missing = missing_paths(found.manifest);
    if (!missing.empty()) {
      status.state = BackendState::kAbsent;
      status.reason = cat("backend ", found.manifest.name, ": none of its detection paths exists (",
                          missing, ")");
      return;
    }
    std::string key = key_of(config_, found.manifest, boot_);
    if (!read_cache(status, key)) {
      jobs_.push_back({&status, std::move(key), Fd(), nullptr});
    }
  }

  void run() {
    const std::int64_t give_up = monotonic_ms() + std::int64_t{config_.backend_timeout_s} * 1000;
    while (!jobs_.empty()) {
      bool waiting = false;
      for (auto job = jobs_.begin(); job != jobs_.end();) {
        if (advance(*job, monotonic_ms() >= give_up)) {
          job = jobs_.erase(job);
        } else {
          waiting = waiting || !job->host;
          ++job;
        }
      }
      wait(waiting ? kLockStepMs : 1000);
    }
  }

 private:
  bool read_cache(BackendStatus& status, const std::string& key) {
    if (freshness_ == Freshness::kRefresh) {
      return false;
    }
    auto catalog = cache_.read(status.found.manifest.name, key);
    if (catalog) {
      finish(status, std::move(*catalog), true);
    }
    return catalog.has_value();
  }

  // True when the job is done. Somebody else's lock is waited for as long as a host may take.
  bool advance(Job& job, bool impatient) {
    try {
      if (!job.host && !start(job, impatient)) {
        return job.status->from_cache;
      }
      if (!job.host->advance()) {
        return false;
      }
      store(job, job.host->result());
    } catch (const Error& error) {
      job.status->state = BackendState::kFailed;
      job.status->reason = error.what();
    }
    return true;
  }

  // Starts the host once the lock is ours, unless whoever held it has left a description.
  bool start(Job& job, bool impatient) {
    const Manifest& manifest = job.status->found.manifest;
    const CatalogCache::Lock lock = cache_.try_lock(manifest.name, &job.lock);
    if (lock == CatalogCache::Lock::kHeld && !impatient) {
      return false;
    }
    if (lock == CatalogCache::Lock::kTaken && read_cache(*job.status, job.key)) {
      return false;
    }
    job.host = std::make_unique<HostProcess>(config_, manifest);
    return true;
  }

  void store(const Job& job, HostProcess::Result result) {
    const std::string& name = job.status->found.manifest.name;
    Catalog& catalog = result.catalog;
    if (result.hung) {
      const unsigned hangs = cache_.hangs(name, job.key) + 1;
      const unsigned pause =
          std::min(kShortLifeSeconds << std::min(hangs - 1, 10U), kLongestQuarantineSeconds);
      catalog.reason += cat("; it is left alone for ", pause,
                            " s (xpu-runtime detect --refresh asks it at once)");
      end_after(catalog, pause);
      cache_.set_hangs(name, job.key, hangs);
    } else {
      if (catalog.state == CatalogState::kFailed || catalog.state == CatalogState::kRefused ||
          catalog.conditions.empty()) {
        end_after(catalog, kShortLifeSeconds);
      }
      cache_.set_hangs(name, job.key, 0);
    }
    cache_.write(name, job.key, catalog);
    finish(*job.status, std::move(catalog), false);
  }

  void wait(int timeout_ms) const {
    std::vector<pollfd> polled;
    for (const Job& job : jobs_) {
      if (job.host) {
        job.host->add_to(polled);
      }
    }
    if (!jobs_.empty()) {
      poll(polled.data(), polled.size(), timeout_ms);
    }
  }

  const Config& config_;
  const Freshness freshness_;
  const CatalogCache cache_;
  const std::string boot_;
  std::list<Job> jobs_;
};

}  // namespace

const char* to_string(BackendState state) {
  switch (state) {
    case BackendState::kReady:
      return "ready";
    case BackendState::kAbsent:
      return "absent";
    case BackendState::kRefused:
      return "refused";
    case BackendState::kFailed:
      return "failed";
    case BackendState::kDisabled:
      break;
  }
  return "disabled";
}

std::vector<BackendStatus> load_backends(const Config& config,
                                         const std::vector<FoundBackend>& found,
                                         const std::vector<std::string>& names,
                                         Freshness freshness) {
  std::vector<BackendStatus> statuses;
  for (const FoundBackend& backend : found) {
    if (names.empty() ||
        std::find(names.begin(), names.end(), backend.manifest.name) != names.end()) {
      statuses.emplace_back().found = backend;
    }
  }
  const WaitableChildren waitable;
  Refresher refresher(config, freshness);
  for (BackendStatus& status : statuses) {
    refresher.look_at(status);
  }
  refresher.run();
  return statuses;
}

}  // namespace xpu
