// SPDX-License-Identifier: Apache-2.0
#include "core/record/ledger.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/host.h"
#include "core/base/lock.h"
#include "core/base/trust.h"
#include "core/lease/lease_format.h"
#include "core/log/log.h"
#include "core/record/alive.h"
#include "core/record/file_text.h"
#include "core/record/process.h"
#include "core/record/record.h"

namespace xpu {
namespace {

constexpr const char* kFile = "leases";
constexpr const char* kBadFile = "leases.bad";
constexpr const char* kLockFile = "leases.lock";
constexpr std::chrono::milliseconds kLockWait{10'000}, kStampWait{1'000};

// Throws Error unless the file is one that only we write.
void check_ours(int fd, const std::string& path) {
  struct stat status = {};
  if (::fstat(fd, &status) != 0) {
    fail_errno("cannot read ", path);
  }
  if (!S_ISREG(status.st_mode) || !trusted_owner(status.st_uid) || (status.st_mode & 022) != 0) {
    fail(path, " is no file of ours, or others can write it; remove it");
  }
}

bool same_file(int fd, int folder, const char* name) {
  struct stat open = {}, named = {};
  return ::fstat(fd, &open) == 0 && ::fstatat(folder, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
         open.st_ino == named.st_ino && open.st_dev == named.st_dev;
}

Fd take_lock(const Fd& folder, const std::string& state_dir, std::chrono::milliseconds most) {
  const std::string path = cat(state_dir, '/', kLockFile);
  for (;;) {
    Fd fd(::openat(folder.get(), kLockFile,
                   O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600));
    if (!fd) {
      fail_errno("cannot open ", path);
    }
    check_ours(fd.get(), path);
    if (!lock_within(fd.get(), most, path.c_str())) {
      fail("cannot lock ", path, ": another process has held it for ", most.count() / 1000,
           " seconds; see which one: fuser -v ", path);
    }
    // A file that was removed meanwhile guards nothing.
    if (same_file(fd.get(), folder.get(), kLockFile)) {
      return fd;
    }
  }
}

// nullopt when there is none.
std::optional<FileText> read_ledger(const Fd& folder, const std::string& path) {
  const Fd fd(
      ::openat(folder.get(), kFile, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) {
    if (errno == ENOENT) {
      return std::nullopt;
    }
    fail_errno("cannot open ", path);
  }
  check_ours(fd.get(), path);
  return FileText(fd.get(), path);
}

Lease lease_of(const Record& record) {
  Lease lease{record.id,
              record.runtime_root,
              record.creator.pid,
              record.creator.start_time,
              record.exclusive,
              record.created_unix,
              {},
              record.end ? record.end->state_inode : 0};
  for (const HeldRecord& held : record.held) {
    lease.devices.push_back({held.id, held.key, held.parent_key});
  }
  return lease;
}

// Who waits is not in the records; they queue again when they look next.
Holdings rebuild(const std::string& state_dir) {
  std::vector<std::string> newer;
  const std::vector<Record> records = Records(state_dir).all(&newer);
  if (!newer.empty()) {
    fail("nobody knows which devices are held: the list of leases is missing or damaged, and ",
         newer.front(),
         " was written by a newer version of this runtime; install that version, or end its "
         "container and remove the file");
  }
  std::vector<Lease> leases;
  for (const Record& record : records) {
    if (!record.held.empty() && record.creator.boot_id == boot_id()) {
      leases.push_back(lease_of(record));
    }
  }
  return Holdings(std::move(leases), {});
}

// `mend`: we have the lock, and a damaged file is put aside. nullopt when there is no file that
// counts.
std::optional<LeaseFile> read_file_of(const Fd& folder, const std::string& state_dir, bool mend) {
  const std::string path = cat(state_dir, '/', kFile);
  std::optional<FileText> text = read_ledger(folder, path);
  if (!text) {
    return std::nullopt;
  }
  LeaseFile file = parse_leases(text->view(), boot_id());
  if (file.state == LeaseFile::State::kFuture) {
    fail(path, " was written by a newer version of this runtime (format ", file.problem,
         "); install that version, or end its containers and remove the file");
  }
  if (file.state == LeaseFile::State::kDamaged) {
    if (mend) {
      log::warn(cat(path, " is damaged: ", file.problem, "; it is kept as ", kBadFile,
                    " and made anew from the container records"));
      ::renameat(folder.get(), kFile, folder.get(), kBadFile);
    }
    return std::nullopt;
  }
  file.rows.text = std::make_shared<const FileText>(std::move(*text));
  return file;
}

struct Look {
  Holdings holdings;
  std::vector<Lease> ended;
  std::vector<LeaseRow> later;
  bool rebuilt = false;
};

// Takes the dead out of the rows: a few to be ended now, the others later.
void take_dead(LeaseRows& rows, Look& out) {
  const std::vector<bool> live = containers_live(rows.leases);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < live.size(); ++i) {
    if (live[i]) {
      rows.leases[kept++] = rows.leases[i];
    } else if (out.ended.size() < Ledger::kMostEnded) {
      out.ended.push_back(to_lease(rows, rows.leases[i]));
    } else {
      out.later.push_back(rows.leases[i]);
    }
  }
  rows.leases.resize(kept);
}

Look look(const Fd& folder, const std::string& state_dir, bool mend) {
  std::optional<LeaseFile> file = read_file_of(folder, state_dir, mend);
  Look out;
  out.rebuilt = !file;
  LeaseRows rows = out.rebuilt ? rebuild(state_dir).rows() : std::move(file->rows);
  std::vector<Waiter> waiters = out.rebuilt ? std::vector<Waiter>() : std::move(file->waiters);
  take_dead(rows, out);
  std::erase_if(waiters,
                [](const Waiter& waiter) { return !process_runs(waiter.pid, waiter.start_time); });
  out.holdings = Holdings::of(std::move(rows), std::move(waiters));
  return out;
}

template <class T>
void erase(std::vector<T>& items, const std::string& root, const std::string& id) {
  std::erase_if(items, [&](const T& item) { return item.id == id && item.runtime_root == root; });
}

// What a commit changes: of one container, what was read goes and what is here comes.
struct Change {
  std::vector<Lease> leases;
  std::vector<Waiter> waiters;
  std::vector<const LeaseRow*> gone;
  std::vector<const Waiter*> dequeued;
  std::vector<LeaseRow> dead = {};  // that stay all the same
};

template <class T>
bool holds(const std::vector<const T*>& items, const T& item) {
  return std::find(items.begin(), items.end(), &item) != items.end();
}

std::string changed_text(const Holdings& holdings, const Change& change) {
  const LeaseRows& rows = holdings.rows();
  std::vector<const LeaseRow*> kept;
  kept.reserve(rows.leases.size() + change.dead.size());
  for (const LeaseRow& row : rows.leases) {
    if (!holds(change.gone, row)) {
      kept.push_back(&row);
    }
  }
  for (const LeaseRow& row : change.dead) {
    kept.push_back(&row);
  }
  std::vector<const Waiter*> waiters;
  for (const Waiter& waiter : holdings.waiters()) {
    if (!holds(change.dequeued, waiter)) {
      waiters.push_back(&waiter);
    }
  }
  for (const Waiter& waiter : change.waiters) {
    waiters.push_back(&waiter);
  }
  return leases_text(boot_id(), rows, kept, change.leases, waiters);
}

void write_ledger(const Fd& folder, const std::string& state_dir, std::string_view text) {
  WriteOptions options;
  options.mode = 0600;
  write_file_atomic(folder.get(), state_dir, kFile, text, options);
}

const LeaseRow* row_of(const Holdings& holdings, const std::string& root, const std::string& id) {
  const std::vector<LeaseRow>& rows = holdings.rows().leases;
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const LeaseRow& row) {
    return row.id == id && row.runtime_root == root;
  });
  return found == rows.end() ? nullptr : &*found;
}

}  // namespace

Ledger::Ledger(const std::string& state_dir)
    : state_dir_(state_dir),
      folder_(open_state_dir(state_dir)),
      lock_(take_lock(folder_, state_dir, kLockWait)) {
  Look found = look(folder_, state_dir, true);
  holdings_ = std::move(found.holdings);
  ended_ = std::move(found.ended);
  later_ = std::move(found.later);
  rebuilt_ = found.rebuilt;
}

void Ledger::add(Lease lease) {
  remove(lease.runtime_root, lease.id);
  added_.push_back(std::move(lease));
}

void Ledger::remove(const std::string& runtime_root, const std::string& id) {
  erase(added_, runtime_root, id);
  erase(later_, runtime_root, id);
  if (const LeaseRow* const row = row_of(holdings_, runtime_root, id)) {
    removed_.push_back(row);
  }
}

void Ledger::enqueue(Waiter waiter) {
  if (holdings_.waiter_of(waiter.runtime_root, waiter.id) == nullptr) {
    erase(queued_, waiter.runtime_root, waiter.id);
    queued_.push_back(std::move(waiter));
  }
}

void Ledger::dequeue(const std::string& runtime_root, const std::string& id) {
  erase(queued_, runtime_root, id);
  if (const Waiter* const waiter = holdings_.waiter_of(runtime_root, id)) {
    dequeued_.push_back(waiter);
  }
}

void Ledger::commit() {
  if (!rebuilt_ && ended_.empty() && added_.empty() && queued_.empty() && removed_.empty() &&
      dequeued_.empty()) {
    return;
  }
  write_ledger(folder_, state_dir_,
               changed_text(holdings_, {added_, queued_, removed_, dequeued_, later_}));
  // A writer that was killed was about to give its container a lease, or to take one.
  if (rebuilt_ || !ended_.empty()) {
    remove_stale_temporaries(folder_.get(), kFile);
  }
}

Holdings look_at_leases(const std::string& state_dir) {
  const Fd folder(::open(state_dir.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder) {
    if (errno != ENOENT && errno != ENOTDIR) {
      fail_errno("cannot open the folder ", state_dir);
    }
    return {};
  }
  return look(folder, state_dir, false).holdings;
}

void stamp_lease(const std::string& state_dir, const std::string& runtime_root,
                 const std::string& id, std::uint64_t inode) {
  const Fd folder = open_state_dir(state_dir);
  const Fd lock = take_lock(folder, state_dir, kStampWait);
  std::optional<LeaseFile> file = read_file_of(folder, state_dir, true);
  const Holdings holdings =
      file ? Holdings::of(std::move(file->rows), std::move(file->waiters)) : rebuild(state_dir);
  const LeaseRow* const row = row_of(holdings, runtime_root, id);
  if (row == nullptr || row->ended_inode == inode) {
    return;
  }
  Lease lease = to_lease(holdings.rows(), *row);
  lease.ended_inode = inode;
  write_ledger(folder, state_dir, changed_text(holdings, {{lease}, {}, {row}, {}}));
}

}  // namespace xpu
