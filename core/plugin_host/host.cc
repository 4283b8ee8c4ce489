// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/host.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/platform.h"
#include "core/catalog/conditions.h"
#include "core/catalog/grammar.h"
#include "core/catalog/limits.h"
#include "core/plugin/obligations.h"
#include "core/plugin_host/process.h"
#include "xpu/backend.h"

namespace xpu {
namespace {

constexpr std::size_t kReadBytes = 64 << 10;

// Whether this process was told to end while a backend runs: then what the backend started ends
// first. Its children would survive it otherwise, being nobody's.
volatile sig_atomic_t told_to_end = 0;

// A pipe whose read end never blocks.
struct Pipe {
  Pipe() {
    platform::make_pipe(read_end, write_end);
    fcntl(read_end.get(), F_SETFL, O_NONBLOCK);
  }
  Fd read_end, write_end;
};

class Child {
 public:
  Child(const Manifest& manifest, const HostLimits& limits, const LogLine& log)
      : manifest_(manifest),
        limits_(limits),
        log_(log),
        lines_{OutputLines(manifest.name, "stdout", log), OutputLines(manifest.name, "stderr", log),
               OutputLines(manifest.name, nullptr, log)} {
    void* shared =
        mmap(nullptr, sizeof(Phase), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
      fail_errno("cannot map a page");
    }
    phase_ = static_cast<volatile Phase*>(shared);
    *phase_ = Phase::kLoad;
  }
  ~Child() { munmap(const_cast<Phase*>(phase_), sizeof(Phase)); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  void run() {
    signal(SIGTERM, [](int) { told_to_end = 1; });
    start();
    const std::int64_t end = monotonic_ms() + std::int64_t{limits_.deadline_s} * 1000;
    bool ended = false;
    while (!ended && !oversize_ && !told_to_end) {
      const std::int64_t left = end - monotonic_ms();
      if (left <= 0) {
        hung_ = true;
        break;
      }
      // Its end of the pipe may be held by processes that it left behind, so the end of the
      // process is looked for as well.
      const std::int64_t step = answer_ended_ ? 1 : 20;
      wait_for_output(static_cast<int>(std::min(left, step)));
      ended = waitpid(pid_, &status_, WNOHANG) == pid_;
    }
    if (ended && failure().empty() && !process::own_children().empty()) {
      log_(log::Level::kInfo, tagged(Obligation::kLeftovers, cat("backend ", manifest_.name,
                                                                 ": it left a process running")));
    }
    kill(-pid_, SIGKILL);
    if (!ended) {
      wait_briefly();
    }
    kill_leftovers();
    signal(SIGTERM, SIG_DFL);
    if (told_to_end) {
      raise(SIGTERM);
    }
    while (wait_for_output(0)) {
    }
    for (OutputLines& lines : lines_) {
      lines.flush();
    }
  }

  bool hung() const { return hung_; }
  Phase reached() const { return *phase_; }
  const std::string& answer() const { return answer_; }

  // Why there is no answer; "" when there is one to look at.
  std::string failure() const {
    const Phase phase = *phase_;
    if (oversize_) {
      return tagged(Obligation::kDescription,
                    cat("its answer is larger than ", limits::kCatalogBytes >> 20, " MiB"));
    }
    if (hung_) {
      return tagged(Obligation::kDeadline, cat("did not answer within ", limits_.deadline_s, " s (",
                                               to_string(phase), ") and was killed"));
    }
    if (WIFSIGNALED(status_)) {
      return tagged(Obligation::kCrash, signal_text(WTERMSIG(status_), phase));
    }
    if (WEXITSTATUS(status_) != 0 || answer().empty()) {
      return tagged(Obligation::kCrash,
                    cat("ended its process with exit status ", WEXITSTATUS(status_), " ",
                        to_string(phase), ", without an answer"));
    }
    return "";
  }

 private:
  void start() {
    // Orphans of the backend become our children, so that none outlives this.
    process::adopt_orphans();
    std::array<Pipe, 4> pipes;
    const pid_t pid = fork();
    if (pid < 0) {
      fail_errno("cannot start a process for the backend ", manifest_.name);
    }
    if (pid == 0) {
      run_child(manifest_, limits_,
                {pipes[0].write_end.get(), pipes[1].write_end.get(), pipes[2].write_end.get(),
                 pipes[3].write_end.get(), phase_});
    }
    pid_ = pid;
    setpgid(pid, pid);
    for (std::size_t i = 0; i < pipes.size(); ++i) {
      fds_[i] = std::move(pipes[i].read_end);
    }
  }

  // Reads what is there, after at most `timeout` ms; false when there was nothing.
  bool wait_for_output(int timeout) {
    pollfd polled[4];
    for (std::size_t i = 0; i < 4; ++i) {
      polled[i] = {fds_[i].get(), POLLIN, 0};
    }
    if (poll(polled, 4, timeout) <= 0) {
      return false;
    }
    bool any = false;
    for (std::size_t i = 0; i < 4; ++i) {
      if (polled[i].revents != 0) {
        any = read_some(i) || any;
      }
    }
    return any;
  }

  bool read_some(std::size_t which) {
    static char buffer[kReadBytes];
    const ssize_t got = read(fds_[which].get(), buffer, sizeof buffer);
    if (got <= 0) {
      if (got == 0) {
        fds_[which].reset();
        answer_ended_ = answer_ended_ || which == 0;
      }
      return false;
    }
    const std::string_view bytes(buffer, static_cast<std::size_t>(got));
    if (which == 0) {
      oversize_ = oversize_ || answer_.size() + bytes.size() > limits::kCatalogBytes;
      if (!oversize_) {
        answer_ += bytes;
      }
    } else {
      lines_[which - 1].add(bytes);
    }
    return true;
  }

  // A process that is stuck in the kernel does not even die: it is left to its fate.
  void wait_briefly() {
    for (int i = 0; i < 50 && waitpid(pid_, &status_, WNOHANG) != pid_; ++i) {
      poll(nullptr, 0, 2);
    }
  }

  // What left the group by setsid().
  void kill_leftovers() const {
    for (int i = 0; i < 50; ++i) {
      pid_t gone;
      while ((gone = waitpid(-1, nullptr, WNOHANG)) > 0) {
      }
      if (gone < 0) {
        return;
      }
      for (const pid_t child : process::own_children()) {
        kill(child, SIGKILL);
      }
      poll(nullptr, 0, 2);
    }
  }

  std::string signal_text(int number, Phase phase) const {
    if (number == SIGXCPU) {
      return cat("used more than ", limits_.deadline_s, " s of processor time (", to_string(phase),
                 ")");
    }
    return cat("crashed ", to_string(phase), " (SIG", process::signal_name(number), ", ",
               strsignal(number), ")");
  }

  const Manifest& manifest_;
  const HostLimits& limits_;
  const LogLine& log_;
  std::array<OutputLines, 3> lines_;
  volatile Phase* phase_ = nullptr;
  pid_t pid_ = -1;
  int status_ = 0;
  bool hung_ = false, oversize_ = false, answer_ended_ = false;
  std::array<Fd, 4> fds_;  // answer, stdout, stderr, log
  std::string answer_;
};

// The host takes type, numbers and owner of a node from what it finds, not from the backend.
void fill_nodes(Catalog& catalog) {
  for (EditGroup& group : catalog.edits) {
    for (Node& node : group.nodes) {
      struct stat st;
      if (lstat(node.host_path.c_str(), &st) == 0) {
        node.type = S_ISBLK(st.st_mode) ? 'b' : 'c';
        node.major = major(st.st_rdev);
        node.minor = minor(st.st_rdev);
        node.mode = st.st_mode & 07777;
        node.uid = st.st_uid;
        node.gid = st.st_gid;
      }
    }
  }
}

Catalog failed(const std::string& reason) {
  Catalog catalog;
  catalog.state = CatalogState::kFailed;
  catalog.reason = reason;
  return catalog;
}

Catalog believe(const Manifest& manifest, const std::string& answer) {
  const std::string intro = cat("backend ", manifest.name, ": ");
  try {
    Catalog catalog = catalog_from_json(answer, intro + "its answer");
    catalog.backend = manifest.name;
    if (catalog.state == CatalogState::kReady) {
      catalog.reason.clear();
      fill_nodes(catalog);
    } else {
      catalog.reason = intro + catalog.reason;
      catalog.devices.clear();
      catalog.interconnects.clear();
      catalog.edits.clear();
    }
    validate(catalog);
    try {
      take_snapshot(catalog.conditions);
    } catch (const Error& error) {
      fail(intro, "a condition that it named: ", error.what());
    }
    return catalog;
  } catch (const Error& error) {
    return failed(tagged(Obligation::kDescription, error.what()));
  }
}

}  // namespace

HostOutcome run_backend(const Manifest& manifest, const HostLimits& limits, const LogLine& log) {
  Child child(manifest, limits, log);
  child.run();
  const std::string failure = child.failure();
  HostOutcome outcome;
  outcome.hung = child.hung();
  outcome.reached = child.reached();
  outcome.catalog = failure.empty() ? believe(manifest, child.answer())
                                    : failed(cat("backend ", manifest.name, ": ", failure));
  outcome.catalog.backend = manifest.name;
  outcome.catalog.simulated = manifest.simulated;
  return outcome;
}

}  // namespace xpu
