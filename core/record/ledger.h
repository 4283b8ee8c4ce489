// SPDX-License-Identifier: Apache-2.0
// The ledger, <state-dir>/leases: the index of the leases of all container records that a start can
// afford to read. It is rebuilt from the records whenever it is missing or damaged (then the file
// is put aside as leases.bad), and empty when it is of another boot.
//
//   leases        replaced whole, by rename
//   leases.lock   flock()ed while a start looks, chooses and writes; never across an exec
//
// A start that is killed between lease and record leaves a lease that dies with it.
#pragma once

#include <chrono>
#include <string>

#include "core/base/fd.h"
#include "core/lease/lease_rows.h"

namespace xpu {

// The look and the change under one lock. Not to be held while a backend describes the host.
class Ledger {
 public:
  // Takes the lock (waits at most 10 s) and reads; dead leases are left out. Throws Error when the
  // state folder, the lock or the ledger cannot be used: then nobody knows who holds what.
  explicit Ledger(const std::string& state_dir);
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  // As they were read.
  const Holdings& holdings() const { return holdings_; }
  // Leases that were left out because their containers are dead; commit() takes them out of the
  // file, so whoever commits sees to what becomes of their records. After many deaths at once they
  // are the first kMostEnded: the others stay in the file, where they hold nothing, for later.
  static constexpr std::size_t kMostEnded = 8;
  const std::vector<Lease>& ended() const { return ended_; }

  // In place of an older lease of the same container, dead or alive. In force once commit()
  // returns.
  void add(Lease lease);
  void remove(const std::string& runtime_root, const std::string& id);
  // One who waits already keeps their place.
  void enqueue(Waiter waiter);
  void dequeue(const std::string& runtime_root, const std::string& id);
  // Writes what changed, the end of leases too. Throws Error, and then nothing has.
  void commit();

 private:
  std::string state_dir_;
  Fd folder_, lock_;
  Holdings holdings_;
  std::vector<Lease> ended_;
  std::vector<LeaseRow> later_;  // dead, and not in ended_; of the rows of holdings_
  // What commit() is to change: of one container the lease or waiter read goes, and what is in
  // `added_` or `queued_` comes.
  std::vector<Lease> added_;
  std::vector<Waiter> queued_;
  std::vector<const LeaseRow*> removed_;
  std::vector<const Waiter*> dequeued_;
  bool rebuilt_ = false;
};

// The same without lock or change, for looking.
Holdings look_at_leases(const std::string& state_dir);

// Notes in a lease that the deletion of its container was asked for, and which state folder the
// container had then. Without it a lease would go on when another container that is none of ours
// gets the same id at once. Waits a second at most for the lock; throws Error.
void stamp_lease(const std::string& state_dir, const std::string& runtime_root,
                 const std::string& id, std::uint64_t inode);

}  // namespace xpu
