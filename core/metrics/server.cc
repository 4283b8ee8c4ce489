// SPDX-License-Identifier: Apache-2.0
#include "core/metrics/server.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <csignal>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/path.h"
#include "core/base/socket_file.h"
#include "core/base/trust.h"
#include "core/http/texts.h"
#include "core/metrics/listen.h"

namespace xpu {
namespace {

constexpr unsigned kNobody = 65534;
constexpr rlim_t kOpenFiles = 1200;  // two times as many connections as are served, and some
constexpr std::int64_t kPatienceMs = 60'000;

// What the new process needs, so that it only makes calls that are safe after fork().
struct Birth {
  int program, listener, channel, report;
  pid_t parent;
};

// Where a birth failed: sent to the parent as it is.
struct Stillborn {
  int number = 0;  // errno
  char step[32] = {};
};

[[noreturn]] void give_up(const Birth& birth, const char* step) {
  Stillborn why;
  why.number = errno;
  for (std::size_t i = 0; step[i] != '\0' && i + 1 < sizeof why.step; ++i) {
    why.step[i] = step[i];
  }
  [[maybe_unused]] const ssize_t said = ::write(birth.report, &why, sizeof why);
  ::_exit(127);
}

void limit(int what, rlim_t most) {
  const rlimit both{most, most};
  ::setrlimit(static_cast<__rlimit_resource_t>(what), &both);
}

// Every descriptor but standard output and error, and those that it is to have.
void arrange_descriptors(Birth& birth) {
  constexpr int kAway = 16;
  birth.program = ::fcntl(birth.program, F_DUPFD_CLOEXEC, kAway);
  birth.report = ::fcntl(birth.report, F_DUPFD_CLOEXEC, kAway);
  const int listener = ::fcntl(birth.listener, F_DUPFD_CLOEXEC, kAway);
  const int channel = ::fcntl(birth.channel, F_DUPFD_CLOEXEC, kAway);
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (birth.program < 0 || birth.report < 0 || listener < 0 || channel < 0 ||
      (null >= 0 && ::dup2(null, 0) < 0) || ::dup2(listener, 3) < 0 || ::dup2(channel, 4) < 0) {
    give_up(birth, "its descriptors");
  }
  // CLOSE_RANGE_CLOEXEC: those that it still needs go with the new program.
  ::syscall(SYS_close_range, 5U, ~0U, 4U);
}

void give_up_root(const Birth& birth) {
  for (unsigned long capability = 0; capability < 64; ++capability) {
    ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
  if (::setgroups(0, nullptr) != 0 || ::setresgid(kNobody, kNobody, kNobody) != 0 ||
      ::setresuid(kNobody, kNobody, kNobody) != 0) {
    give_up(birth, "giving up root");
  }
}

[[noreturn]] void become_server(Birth birth) {
  arrange_descriptors(birth);
  sigset_t none;
  ::sigemptyset(&none);
  ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
  limit(RLIMIT_NOFILE, kOpenFiles);
  limit(RLIMIT_CORE, 0);
  if (::geteuid() == 0) {
    give_up_root(birth);
  }
  limit(RLIMIT_NPROC, 0);
  if (::chdir("/") != 0 || ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      ::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
    give_up(birth, "its limits");
  }
  if (::getppid() != birth.parent) {
    ::_exit(0);
  }
  char name[] = "xpu-metrics-server";
  char* const argv[] = {name, nullptr};
  char* const env[] = {nullptr};
  ::syscall(SYS_execveat, birth.program, "", argv, env, AT_EMPTY_PATH);
  give_up(birth, "its program");
}

std::string server_program() {
  return cat(folder_of(installation().host_program), "/xpu-metrics-server");
}

}  // namespace

MetricsServer::MetricsServer(const Config& config) {
  Listening listening = listen_for_metrics(config);
  where_ = std::move(listening.where);
  path_ = std::move(listening.path);
  inode_ = listening.inode;
  listener_ = std::move(listening.socket);
  try {
    start(server_program());
  } catch (const Error&) {
    end();
    throw;
  }
  listener_.reset();  // it is the process's now
}

MetricsServer::~MetricsServer() {
  end();
}

void MetricsServer::start(const std::string& program) {
  const Fd file = open_trusted(program, TrustKind::kProgram);
  if (!file) {
    fail(program, " is missing, so that metrics cannot be served; install it again");
  }
  int channel[2], report[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, channel) != 0) {
    fail_errno("the server of metrics: no channel");
  }
  channel_ = Fd(channel[0]);
  const Fd theirs(channel[1]);
  // Only a few texts may wait for it: those that it did not take are no use any more.
  const int least = 1;
  ::setsockopt(channel_.get(), SOL_SOCKET, SO_SNDBUF, &least, sizeof least);
  if (::pipe2(report, O_CLOEXEC) != 0) {
    fail_errno("the server of metrics: no channel");
  }
  const Fd heard(report[0]);
  Fd said(report[1]);
  const Birth birth{file.get(), listener_.get(), theirs.get(), said.get(), ::getpid()};
  pid_ = ::fork();
  if (pid_ == 0) {
    become_server(birth);
  }
  if (pid_ < 0) {
    fail_errno("the server of metrics cannot be started");
  }
  said.reset();
  Stillborn why;
  if (::read(heard.get(), &why, sizeof why) == sizeof why) {
    why.step[sizeof why.step - 1] = '\0';
    fail("the server of metrics cannot be started: ", static_cast<const char*>(why.step), ": ",
         std::strerror(why.number));
  }
}

void MetricsServer::end() noexcept {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  remove_socket_file(path_, inode_);
}

void MetricsServer::publish(const std::string& prometheus, const std::string& openmetrics) {
  if (pid_ <= 0) {
    return;
  }
  if (http::send_texts(channel_.get(), prometheus, openmetrics) != http::Sent::kFull) {
    stuck_since_ms_ = 0;
    return;
  }
  const std::int64_t now = monotonic_ms();
  if (stuck_since_ms_ == 0) {
    stuck_since_ms_ = now;
  } else if (now - stuck_since_ms_ > kPatienceMs) {
    ::kill(pid_, SIGKILL);
  }
}

bool MetricsServer::alive() {
  int status = 0;
  if (pid_ > 0 && ::waitpid(pid_, &status, WNOHANG) == pid_) {
    pid_ = -1;
    why_ = WIFSIGNALED(status) ? cat("it was killed by signal ", WTERMSIG(status))
                               : cat("it ended with status ", WEXITSTATUS(status));
  }
  return pid_ > 0;
}

}  // namespace xpu
