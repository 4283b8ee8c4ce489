// SPDX-License-Identifier: Apache-2.0
// Who gets the devices: the one moment of a start in which no other start chooses.
#include <time.h>

#include <chrono>
#include <ctime>
#include <optional>

#include "core/base/error.h"
#include "core/log/log.h"
#include "core/record/ledger.h"
#include "core/start/start.h"

namespace xpu {
namespace {

constexpr timespec kPause{0, 50'000'000};

// Nobody can tell who holds what.
class LedgerUnusable : public Error {
 public:
  using Error::Error;
};

// The other of two starts of one id, or a container that came since the id was looked for among the
// records: its lease would be lost to ours.
void refuse_taken_id(const ContainerName& name, const Holdings& holdings) {
  const Lease* const lease = holdings.lease_of(name.runtime_root, name.id);
  const Creator self = this_process();
  if (lease != nullptr && (lease->pid != self.pid || lease->start_time != self.start_time)) {
    fail("container ", name.id, " exists already, or process ", lease->pid,
         " is starting it; delete it first or use another id");
  }
}

// A place in the queue ends with this process, which may become the container's.
[[noreturn]] void fail_after_waiting(const Error& problem) {
  fail("the container waited for devices and cannot be noted as their holder: ", problem.what());
}

// What a lease and a place in the queue have in common: whose it is, and since when.
template <class Entry>
Entry entry_of(const Start& start) {
  const Creator creator = this_process();
  Entry entry;
  entry.id = start.name.id;
  entry.runtime_root = start.name.runtime_root;
  entry.pid = creator.pid;
  entry.start_time = creator.start_time;
  entry.since_unix = static_cast<std::int64_t>(std::time(nullptr));
  return entry;
}

Lease lease_of(const Start& start, const Decision& decision) {
  Lease lease = entry_of<Lease>(start);
  lease.exclusive = decision.exclusive;
  lease.devices = decision.held;
  return lease;
}

Waiter waiter_of(const Start& start, const Busy& busy) {
  Waiter waiter = entry_of<Waiter>(start);
  for (const HeldDevice& device : busy.devices()) {
    waiter.keys.push_back(device.key);
    if (!device.parent_key.empty()) {
      waiter.parent_keys.push_back(device.parent_key);
    }
  }
  return waiter;
}

class Queue {
 public:
  Queue(const Start& start, Decision& decision) : start_(start), decision_(decision) {}

  bool waiting() const { return waiting_; }

  // One look under the lock: true when the devices are ours now. Without the time to wait, what
  // stands in the way is thrown.
  bool take(bool may_wait) {
    std::optional<Ledger> opened;
    try {
      opened.emplace(start_.config.state_dir);
    } catch (const Error& error) {
      throw LedgerUnusable(error.what());
    }
    Ledger& ledger = *opened;
    decision_.situation.holdings = ledger.holdings();
    try {
      refuse_taken_id(start_.name, ledger.holdings());
      choose_devices(start_.config, start_.recorded, decision_);
    } catch (const Busy& busy) {
      if (may_wait) {
        wait_in(ledger, busy);
        return false;
      }
      leave(ledger);
      throw Busy(cat(busy.what(), advice()), busy.devices());
    } catch (const Error&) {
      leave(ledger);
      throw;
    }
    if (decision_.selection.empty()) {
      ledger.remove(start_.name.runtime_root, start_.name.id);
    } else {
      ledger.add(lease_of(start_, decision_));
    }
    leave_unwritten(ledger);
    write(ledger);
    return true;
  }

 private:
  std::string advice() const {
    if (decision_.request.wait_seconds > 0) {
      return cat(" (waited ", decision_.request.wait_seconds, " s)");
    }
    return decision_.situation.policy.max_wait_seconds > 0
               ? "; XPU_WAIT=30s in the container waits for devices that others hold"
               : "";
  }
  void wait_in(Ledger& ledger, const Busy& busy) {
    // Again where the ledger was made anew from the records, which know of nobody who waits.
    if (ledger.holdings().waiter_of(start_.name.runtime_root, start_.name.id) == nullptr) {
      ledger.enqueue(waiter_of(start_, busy));
      commit(ledger);
    }
    if (!waiting_) {
      waiting_ = true;
      log::info(cat("waiting for up to ", decision_.request.wait_seconds, " s: ", busy.what()));
    }
  }
  void leave_unwritten(Ledger& ledger) {
    if (waiting_) {
      ledger.dequeue(start_.name.runtime_root, start_.name.id);
    }
  }
  void leave(Ledger& ledger) {
    if (waiting_) {
      leave_unwritten(ledger);
      commit(ledger);
    }
  }
  void commit(Ledger& ledger) {
    const std::vector<Lease>& ended = ledger.ended();
    decision_.ended.insert(decision_.ended.end(), ended.begin(), ended.end());
    ledger.commit();
  }
  // An exclusive lease that nobody can read is none; sharing goes without.
  void write(Ledger& ledger) {
    try {
      commit(ledger);
    } catch (const Error& error) {
      if (waiting_) {
        fail_after_waiting(error);
      }
      if (decision_.exclusive) {
        fail("the devices cannot be held exclusively: ", error.what());
      }
      decision_.warnings.push_back(
          cat("the container starts, but nobody knows that it holds devices: ", error.what()));
    }
  }

  const Start& start_;
  Decision& decision_;
  bool waiting_ = false;
};

// Where no ledger can be kept (a full or read-only /run), what stands in it still counts.
void take_without_ledger(const Start& start, Decision& decision, const Error& problem) {
  decision.situation.holdings = look_at_leases(start.config.state_dir);
  refuse_taken_id(start.name, decision.situation.holdings);
  choose_devices(start.config, start.recorded, decision);
  if (decision.exclusive && !decision.held.empty()) {
    fail("the devices cannot be held exclusively: ", problem.what());
  }
  decision.warnings.push_back(
      cat("the container starts, but nobody knows that it holds devices: ", problem.what()));
}

}  // namespace

void take_devices(const Start& start, Decision& decision) {
  if (decision.request.kind != RequestKind::kDevices) {
    choose_devices(start.config, start.recorded, decision);
    return;
  }
  using Clock = std::chrono::steady_clock;
  const auto until = Clock::now() + std::chrono::seconds(decision.request.wait_seconds);
  Queue queue(start, decision);
  try {
    while (!queue.take(Clock::now() < until)) {
      start.ended(StartStep::kSelection);
      ::nanosleep(&kPause, nullptr);
      decision.situation.marks = health_marks(start.config.state_dir);
      start.ended(StartStep::kWaiting);
    }
  } catch (const LedgerUnusable& problem) {
    if (queue.waiting()) {
      fail_after_waiting(problem);
    }
    take_without_ledger(start, decision, problem);
  }
}

}  // namespace xpu
