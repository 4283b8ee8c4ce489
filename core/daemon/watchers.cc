// SPDX-License-Identifier: Apache-2.0
#include "core/daemon/watchers.h"

#include <sys/stat.h>

#include <algorithm>

#include "core/base/contains.h"
#include "core/base/error.h"
#include "core/base/platform.h"

namespace xpu {
namespace {

// A process of a backend that has neither device nor driver would only wait.
bool is_watched(const BackendStatus& status) {
  switch (status.state) {
    case BackendState::kReady:
    case BackendState::kFailed:
      return true;
    case BackendState::kAbsent:
      // Its host was asked: a detection path is there, and a device may come.
      return !status.catalog.backend.empty();
    case BackendState::kRefused:
    case BackendState::kDisabled:
      break;
  }
  return false;
}

std::string identity(const std::string& path) {
  struct stat status = {};
  return ::stat(path.c_str(), &status) == 0
             ? cat(status.st_dev, ":", status.st_ino, ":", platform::modified_ns(status))
             : std::string("-");
}

std::string terms_of(const Config& config, const Manifest& manifest) {
  std::string out =
      cat(manifest.file, "\n", identity(manifest.file), "\n", manifest.library, "\n",
          identity(manifest.library), "\n", config.backend_memory_bytes, " ",
          config.backend_timeout_s, " ", config.require_sha256 ? 1 : 0, " ", config.sample_s);
  for (const auto& [name, value] : manifest.options) {
    out += cat("\n", name, "=", value);
  }
  return out;
}

}  // namespace

void Watchers::adjust(const Config& config, const std::vector<BackendStatus>& statuses,
                      const std::vector<std::string>& changed, std::int64_t now_ms) {
  config_ = config;
  std::map<std::string, One> kept;
  for (const BackendStatus& status : statuses) {
    const Manifest& manifest = status.found.manifest;
    if (!is_watched(status)) {
      continue;
    }
    std::string terms = terms_of(config, manifest);
    const auto old = all_.find(manifest.name);
    One& one = kept[manifest.name];
    if (old != all_.end() && old->second.terms == terms) {
      one = std::move(old->second);
      if (!one.watcher && !one.start_ms && contains(changed, manifest.name)) {
        one.start_ms = now_ms;
      }
      continue;
    }
    one.manifest = manifest;
    one.terms = std::move(terms);
    one.start_ms = now_ms;
  }
  all_ = std::move(kept);
  std::erase_if(samples_, [&](const auto& one) { return !all_.contains(one.first); });
}

void Watchers::add_to(std::vector<pollfd>& polled) const {
  for (const auto& [name, one] : all_) {
    if (one.watcher) {
      one.watcher->add_to(polled);
    }
  }
}

std::optional<std::int64_t> Watchers::due_ms() const {
  std::optional<std::int64_t> due;
  for (const auto& [name, one] : all_) {
    const std::optional<std::int64_t> its =
        one.watcher ? std::optional(one.watcher->due_ms()) : one.start_ms;
    if (its) {
      due = std::min(due.value_or(*its), *its);
    }
  }
  return due;
}

std::vector<Heard> Watchers::advance(std::int64_t now_ms) {
  std::vector<Heard> out;
  for (auto& [name, one] : all_) {
    Heard heard{name, {}, "", false};
    if (!one.watcher && one.start_ms && *one.start_ms <= now_ms) {
      start(one, now_ms, heard);
    }
    if (one.watcher) {
      heard.messages = one.watcher->advance();
      take(one, heard);
      if (one.watcher->ended()) {
        const bool absent = one.watcher->absent();
        const std::string why = one.watcher->why_ended();
        one.watcher.reset();
        one.ready.reset();
        if (absent) {
          one.start_ms.reset();
        } else {
          end(one, why, now_ms, heard);
        }
      }
    }
    if (!heard.messages.empty() || !heard.ended.empty() || heard.works_again) {
      out.push_back(std::move(heard));
    }
  }
  return out;
}

void Watchers::start(One& one, std::int64_t now_ms, Heard& heard) {
  one.start_ms.reset();
  try {
    watch::WatchWish wish;
    wish.interval_ms = config_.sample_s * 1000;
    one.restarts.started(now_ms);
    one.watcher = std::make_unique<watch::Watcher>(config_, one.manifest, wish);
  } catch (const Error& error) {
    end(one, error.what(), now_ms, heard);
  }
}

void Watchers::take(One& one, Heard& heard) {
  for (const watch::Message& message : heard.messages) {
    if (const auto* ready = std::get_if<watch::Ready>(&message)) {
      one.ready = *ready;
      heard.works_again = heard.works_again || one.failed;
      one.failed = false;
    } else if (const auto* sample = std::get_if<watch::Sample>(&message)) {
      samples_[heard.backend] = *sample;
    } else if (std::holds_alternative<watch::Failed>(message)) {
      ++one.failed_samples;
    }
  }
}

void Watchers::end(One& one, const std::string& why, std::int64_t now_ms, Heard& heard) {
  one.start_ms = one.restarts.ended(now_ms);
  one.failed = true;
  heard.ended = cat("the process that watches it ended (", why, ") and is started again in ",
                    (*one.start_ms - now_ms + 999) / 1000, " s");
}

std::vector<metrics::WatcherFacts> Watchers::facts() const {
  std::vector<metrics::WatcherFacts> out;
  for (const auto& [name, one] : all_) {
    out.push_back({name, one.ready.has_value(), one.restarts.count(), one.failed_samples});
  }
  return out;
}

}  // namespace xpu
