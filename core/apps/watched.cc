// SPDX-License-Identifier: Apache-2.0
#include "core/apps/watched.h"

#include <algorithm>

#include "core/base/clock.h"
#include "core/base/error.h"

namespace xpu {
namespace {

// Samples of several backends that come together make one look.
constexpr std::int64_t kLeastPauseMs = 300;

Config with_interval(Config config, unsigned seconds) {
  config.sample_s = seconds;
  return config;
}

}  // namespace

Watched::Watched(const Config& config, unsigned interval_s)
    : config_(with_interval(config, interval_s)) {}

Watched::~Watched() {
  stop_watching();
}

void Watched::stop_watching() {
  watchers_.adjust(config_, {}, {}, 0);
}

void Watched::add_to(std::vector<pollfd>& polled) const {
  watchers_.add_to(polled);
  if (worker_.busy()) {
    polled.push_back({worker_.fd(), POLLIN, 0});
  }
}

std::int64_t Watched::look_due_ms() const {
  const bool soon = looks_ == 0 || new_samples_ || !refresh_.empty();
  return begun_ms_ + (looks_ == 0 ? 0
                      : soon      ? kLeastPauseMs
                                  : std::int64_t{config_.sample_s} * 1000);
}

int Watched::wait_ms(std::int64_t now_ms) const {
  std::optional<std::int64_t> due = watchers_.due_ms();
  if (!worker_.busy()) {
    due = std::min(due.value_or(look_due_ms()), look_due_ms());
  }
  return due ? static_cast<int>(std::clamp<std::int64_t>(*due - now_ms, 0, 60'000)) : 60'000;
}

bool Watched::advance(std::int64_t now_ms) {
  bool news = false;
  pollfd done{worker_.fd(), POLLIN, 0};
  if (worker_.busy() && ::poll(&done, 1, 0) > 0) {
    worker_.finish();
    facts_ = std::move(next_);
    ++looks_;
    watchers_.adjust(config_, facts_.backends, asked_, now_ms);
    news = true;
  }
  for (const Heard& heard : watchers_.advance(now_ms)) {
    take_heard(heard);
    news = true;
  }
  if (!worker_.busy() && now_ms >= look_due_ms()) {
    begin_look(now_ms);
  }
  return news;
}

void Watched::begin_look(std::int64_t now_ms) {
  asked_.assign(refresh_.begin(), refresh_.end());
  refresh_.clear();
  new_samples_ = false;
  begun_ms_ = now_ms;
  samples_ = watchers_.samples();
  worker_.begin([this] { next_ = look(config_, attribution_, samples_, asked_); });
}

void Watched::take_heard(const Heard& heard) {
  Heed& heed = heeded_[heard.backend];
  if (!heard.ended.empty()) {
    heed.problem = heard.ended;
  }
  for (const watch::Message& message : heard.messages) {
    if (std::holds_alternative<watch::Sample>(message)) {
      ++heed.samples;
      heed.problem.clear();
      new_samples_ = true;
    } else if (const auto* ready = std::get_if<watch::Ready>(&message)) {
      heed.none = !ready->metrics;
      heed.problem.clear();
    } else if (std::holds_alternative<watch::Absent>(message)) {
      heed.none = true;
    } else if (const auto* failed = std::get_if<watch::Failed>(&message)) {
      heed.problem = cat("it could not measure its devices: ", failed->reason);
    } else if (std::holds_alternative<watch::Event>(message)) {
      refresh_.insert(heard.backend);
    }
  }
}

bool Watched::complete(unsigned samples) const {
  if (looks_ == 0 || busy() || new_samples_ || !refresh_.empty()) {
    return false;
  }
  const std::vector<metrics::WatcherFacts> watchers = watchers_.facts();
  if (watchers.empty() && facts_.containers.empty()) {
    return true;
  }
  return looks_ >= samples &&
         std::all_of(watchers.begin(), watchers.end(), [&](const metrics::WatcherFacts& one) {
           const auto heed = heeded_.find(one.backend);
           return heed != heeded_.end() && (heed->second.samples >= samples || heed->second.none ||
                                            !heed->second.problem.empty());
         });
}

View Watched::view() const {
  Measured measured;
  measured.time_ns = wall_clock_ns();
  measured.interval_s = config_.sample_s;
  measured.samples = watchers_.samples();
  for (const metrics::WatcherFacts& one : watchers_.facts()) {
    const auto found = heeded_.find(one.backend);
    const Heed heed = found == heeded_.end() ? Heed() : found->second;
    if (!heed.problem.empty()) {
      measured.problems[one.backend] = heed.problem;
    } else if (heed.samples == 0 && !heed.none) {
      measured.problems[one.backend] = "it has not measured its devices yet";
    }
  }
  View out = view_of(facts_, measured);
  out.looked = looks_ > 0;
  return out;
}

}  // namespace xpu
