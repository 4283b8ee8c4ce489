// SPDX-License-Identifier: Apache-2.0
#include "core/spec/bundle.h"

#include <fcntl.h>
#include <sys/file.h>
#include <time.h>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/spec/journal.h"

namespace xpu {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{16} << 20;

// Held while the file is compared and replaced, so that of two starts of one bundle neither takes
// the other's edit for the original.
class FolderLock {
 public:
  FolderLock(int fd, const std::string& file) : fd_(fd) {
    constexpr timespec kPause{0, 5'000'000};
    for (int tries = 0; ::flock(fd_, LOCK_EX | LOCK_NB) != 0; ++tries) {
      if (errno != EWOULDBLOCK && errno != EINTR) {
        return;  // a file system without locks
      }
      if (tries == 2000) {
        fail(file, ": another start of this bundle has held its lock for 10 s; try again");
      }
      ::nanosleep(&kPause, nullptr);
    }
  }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  ~FolderLock() { ::flock(fd_, LOCK_UN); }

 private:
  int fd_;
};

}  // namespace

bool has_journal(const std::string& config_file) {
  return ::access(journal_name(config_file).c_str(), F_OK) == 0;
}

Bundle::Bundle(const std::string& dir, const std::string& config_file) : dir_(absolute_path(dir)) {
  file_ = config_file.empty() ? cat(dir_ == "/" ? "" : dir_, "/config.json")
                              : absolute_path(config_file);
  const std::size_t slash = file_.rfind('/');
  name_ = file_.substr(slash + 1);
  folder_path_ = slash == 0 ? "/" : file_.substr(0, slash);
  folder_.reset(::open(folder_path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder_) {
    fail_errno("cannot open the bundle ", folder_path_);
  }
  read();
}

void Bundle::read() {
  // File and journal must be of one moment. A start that replaces both in between shows in the file
  // being another one now; the descriptor keeps its inode number from being used again.
  struct stat now = {};
  for (int tries = 0; tries < 100; ++tries) {
    read_file_and_journal();
    if (::fstatat(folder_.get(), name_.c_str(), &now, AT_SYMLINK_NOFOLLOW) != 0 ||
        now.st_ino == status_.st_ino) {
      break;
    }
  }
  if (!left_over_.empty()) {
    fail(file_, " was changed after it had been edited for an earlier start, and ", left_over_,
         " of that edit still stands in it; take the rest of the edit out by hand, then remove ",
         folder_path_, '/', journal_name(name_));
  }
  edited_ = undo_.has_value();
  if (edited_) {
    pristine_ = json::apply(current_, undo_->splices);
  }
}

void Bundle::read_file_and_journal() {
  config_.reset(::openat(folder_.get(), name_.c_str(),
                         O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!config_ && errno == ELOOP) {
    fail(file_, " is a symbolic link; put the file itself into the bundle");
  }
  if (!config_ || ::fstat(config_.get(), &status_) != 0) {
    fail_errno("cannot read ", file_);
  }
  if (!S_ISREG(status_.st_mode)) {
    fail(file_, " is not a regular file");
  }
  if (status_.st_nlink > 1) {
    fail(file_, " has ", status_.st_nlink, " names (hard links); make it a copy of its own");
  }
  current_ = read_fd(config_.get(), file_, kMaxBytes);
  Verdict verdict = read_journal(folder_.get(), journal_name(name_), status_.st_uid, current_);
  undo_ = std::move(verdict.undo);
  left_over_ = std::move(verdict.left_over);
}

const std::string& Bundle::write(const std::vector<json::Splice>& splices, bool sync) {
  std::string text = json::apply(pristine(), splices);
  const FolderLock lock(folder_.get(), file_);
  // Moved twice, not copied: who holds views of the text keeps them.
  std::string before = std::move(edited_ ? pristine_ : current_);
  read();
  if (pristine() != before) {
    fail(file_, " was changed while it was being edited; start the container again");
  }
  (edited_ ? pristine_ : current_) = std::move(before);
  if (text == current_) {
    return current_;
  }
  const std::string journal = journal_name(name_);
  remove_stale_temporaries(folder_.get(), std::vector<std::string>{name_, journal});
  WriteOptions options;
  // A user's own folder may hold a file of root's, as Slurm makes them: only root gives files away,
  // so it becomes the user's.
  if (::geteuid() == 0 || status_.st_uid == ::geteuid()) {
    options.uid = status_.st_uid;
    options.gid = status_.st_gid;
  }
  options.sync = sync;
  options.mode = 0600;
  if (text == pristine()) {
    replace(std::move(text), options);
    ::unlinkat(folder_.get(), journal.c_str(), 0);
    edited_ = false;
    undo_.reset();
    return current_;
  }
  std::vector<Undo> undos = {make_undo(pristine(), text, splices)};
  if (edited_) {
    // Until the rename the file is our earlier edit, and must be known as that.
    undos.push_back(*undo_);
  }
  write_file_atomic(folder_.get(), folder_path_, journal, journal_text(undos), options);
  try {
    replace(std::move(text), options);
  } catch (const Error&) {
    if (!edited_) {
      ::unlinkat(folder_.get(), journal.c_str(), 0);
    }
    throw;
  }
  edited_ = true;
  undo_ = std::move(undos.front());
  return current_;
}

void Bundle::replace(std::string text, WriteOptions options) {
  options.mode = status_.st_mode & 07777;
  options.attributes_of = config_.get();
  write_file_atomic(folder_.get(), folder_path_, name_, text, options);
  if (!edited_) {
    pristine_ = std::move(current_);
  }
  current_ = std::move(text);
}

}  // namespace xpu
