// SPDX-License-Identifier: Apache-2.0
// xpud: one loop of one thread, and a worker beside it for what may block.
//
//   what a backend's watcher says ──► burst ──► look (worker) ──► picture ──► journal, log
//                                                                  └──► CDI files, links, healing
//   samples ──► load files ──► attribution ──► metrics server        reports of starts ──► journal
//
// All that it keeps is in files that other programs use anyway, each written whole: killed at any
// moment it goes on where it was.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/attribution/attribution.h"
#include "core/daemon/burst.h"
#include "core/daemon/containers.h"
#include "core/daemon/heal_clock.h"
#include "core/daemon/notify.h"
#include "core/daemon/picture.h"
#include "core/daemon/serving.h"
#include "core/daemon/upkeep.h"
#include "core/daemon/watchers.h"
#include "core/daemon/worker.h"
#include "core/report/counters.h"
#include "core/report/receiver.h"

namespace xpu {

class Daemon {
 public:
  // Throws Error: another one for the same state folder, a folder that cannot be used.
  explicit Daemon(Config config);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  // Until SIGTERM or SIGINT. Throws Error when the loop cannot go on.
  void run();

 private:
  // daemon.cc
  void wait();
  std::optional<std::int64_t> due_ms() const;
  void take_signals();
  void reload();
  void beat();

  // looks.cc
  void hear();
  void hear_event(const std::string& backend, const watch::Event& event);
  void hear_sample(const std::string& backend, const watch::Sample& sample);
  void hear_failure(const std::string& backend, const std::string& reason);
  void give_work();
  bool look_at_bursts(Task& task);
  bool wants_healing(Task& task);
  void take_outcome();
  void take_look();
  void take_healed();

  // ticks.cc
  void take_reports();
  void tick();
  void publish(const std::vector<Record>& live);

  std::shared_ptr<const Config> config_;
  Fd lock_, signals_;
  ServiceManager manager_;
  bool stop_ = false;
  std::int64_t now_ms_ = 0, beat_ms_ = 0;
  std::int64_t started_ns_ = 0;

  Watchers watchers_;
  std::map<std::string, Burst> bursts_;
  Bursts events_, looking_at_;           // heard; those that the look under way is about
  std::set<std::string> must_describe_;  // backends whose description is not to be believed
  std::set<std::string> failing_;        // whose last sample failed
  Picture picture_;

  Worker worker_;
  Task task_;
  Outcome outcome_;
  std::int64_t look_ms_ = 0;  // when to look at everything
  bool first_look_ = true;
  bool publish_wanted_ = false;
  HealClock heal_clock_;
  std::set<std::string> not_healed_;  // what was said of containers that cannot be healed

  std::int64_t tick_ms_ = 0;
  Containers containers_;
  Attribution attribution_;
  RuntimeCounters counters_;
  std::unique_ptr<ReportReceiver> reports_;
  Serving serving_;
};

}  // namespace xpu
