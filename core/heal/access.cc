// SPDX-License-Identifier: Apache-2.0
#include "core/heal/access.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/platform.h"

namespace xpu {
namespace {

constexpr int kPatienceMs = 2000;
constexpr std::size_t kMostBytes = std::size_t{1} << 20;

// What the child says of each node.
enum Answer : char { kMay = '+', kMayNot = '-', kUnknown = '?' };

bool has_numbers(const Node& node) {
  struct stat status = {};
  return ::stat(node.host_path.c_str(), &status) == 0 &&
         (node.type == 'b' ? S_ISBLK(status.st_mode) : S_ISCHR(status.st_mode)) &&
         major(status.st_rdev) == node.major && minor(status.st_rdev) == node.minor;
}

int mode_of(const Node& node) {
  const std::string access = access_of(node);
  return (may(access, 'r') ? R_OK : 0) | (may(access, 'w') ? W_OK : 0);
}

struct Question {
  const char* path;
  int mode;
};

// In the child, whose memory is a copy and whose other threads are not there: system calls alone.
[[noreturn]] void answer(const char* procs, const std::vector<Question>& questions, int to) {
  // Whatever the child costs is the container's: it is the first to go there.
  const int score = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (score >= 0) {
    [[maybe_unused]] const ssize_t done = ::write(score, "1000", 4);
  }
  if (procs != nullptr) {
    const int fd = ::open(procs, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || ::write(fd, "0", 1) != 1) {
      ::_exit(1);
    }
  }
  for (const Question& question : questions) {
    const int result = ::faccessat(AT_FDCWD, question.path, question.mode, 0);
    // What file modes and security modules say is not a cgroup's: EACCES.
    const char said = result == 0 ? kMay : errno == EPERM ? kMayNot : kUnknown;
    if (::write(to, &said, 1) != 1) {
      break;
    }
  }
  ::_exit(0);
}

// A child that sends no signal when it ends, so that nobody else waits for it. In the cgroup
// `folder` where it is one of v2; < 0 and errno where the kernel cannot do that.
pid_t start_in(const Fd& folder) {
  clone_args arguments;
  std::memset(&arguments, 0, sizeof arguments);
  arguments.flags = CLONE_INTO_CGROUP;
  arguments.cgroup = static_cast<std::uint64_t>(folder.get());
  return static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof arguments));
}
pid_t start() {
  return static_cast<pid_t>(::syscall(SYS_clone, 0, nullptr, nullptr, nullptr, nullptr));
}

// What comes before the other end is closed, or before patience ends.
std::string answers_from(int fd) {
  std::string out;
  char buffer[256];
  pollfd polled{fd, POLLIN, 0};
  while (::poll(&polled, 1, kPatienceMs) > 0) {
    const ssize_t got = ::read(fd, buffer, sizeof buffer);
    if (got <= 0) {
      break;
    }
    out.append(buffer, static_cast<std::size_t>(got));
  }
  return out;
}

// An answer for each question; shorter where the child could not give them.
std::string ask(const ContainerCgroup& cgroup, const std::vector<Question>& questions) {
  Fd from, to;
  platform::make_pipe(from, to);
  const std::string procs = cat(cgroup.init_folder, "/cgroup.procs");
  const Fd folder(::open(cgroup.init_folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const char* path = cgroup.v2 ? nullptr : procs.c_str();
  pid_t child = cgroup.v2 && folder ? start_in(folder) : start();
  if (child < 0 && cgroup.v2) {  // an older kernel, or a filter of system calls
    path = procs.c_str();
    child = start();
  }
  if (child == 0) {
    answer(path, questions, to.get());
  }
  if (child < 0) {
    return "";
  }
  to.reset();
  std::string out = answers_from(from.get());
  if (out.size() < questions.size()) {
    ::kill(child, SIGKILL);  // in a cgroup that is frozen it never comes to it
  }
  while (::waitpid(child, nullptr, __WCLONE) < 0 && errno == EINTR) {
  }
  return out;
}

// A child in it would wait as the container does.
bool is_frozen(const ContainerCgroup& cgroup) {
  try {
    return cgroup.v2 && read_file_if_present(cat(cgroup.init_folder, "/cgroup.events"), kMostBytes)
                                .value_or("")
                                .find("frozen 1") != std::string::npos;
  } catch (const Error&) {
    return false;
  }
}

// The rules of a v1 cgroup that allows only what they name; nullopt for every other.
std::optional<std::string> shown_rules(const ContainerCgroup& cgroup) {
  if (cgroup.v2) {
    return std::nullopt;
  }
  try {
    std::optional<std::string> text =
        read_file_if_present(cat(cgroup.init_folder, "/devices.list"), kMostBytes);
    return text && !text->starts_with("a ") ? text : std::nullopt;
  } catch (const Error&) {
    return std::nullopt;
  }
}

bool covers(std::string_view pattern, std::uint32_t number) {
  return pattern == "*" || pattern == xpu::text_of(number);
}

// A line of devices.list, "c 195:* rwm".
bool allows(std::string_view line, const Node& node) {
  const std::size_t colon = line.find(':'), space = line.rfind(' ');
  if (line.size() < 3 || line[0] != node.type || colon == line.npos || space < colon) {
    return false;
  }
  const std::string rights(line.substr(space + 1));
  const int mode = mode_of(node);
  return covers(line.substr(2, colon - 2), node.major) &&
         covers(line.substr(colon + 1, space - colon - 1), node.minor) &&
         ((mode & R_OK) == 0 || may(rights, 'r')) && ((mode & W_OK) == 0 || may(rights, 'w'));
}

bool any_allows(std::string_view rules, const Node& node) {
  while (!rules.empty()) {
    const std::size_t end = std::min(rules.find('\n'), rules.size());
    if (allows(rules.substr(0, end), node)) {
      return true;
    }
    rules.remove_prefix(std::min(end + 1, rules.size()));
  }
  return false;
}

}  // namespace

std::optional<std::vector<Node>> denied_nodes(const ContainerCgroup& cgroup,
                                              const std::vector<Node>& nodes) {
  std::vector<Node> asked, out;
  std::copy_if(nodes.begin(), nodes.end(), std::back_inserter(asked),
               [](const Node& node) { return mode_of(node) != 0 && has_numbers(node); });
  if (asked.empty()) {
    return out;
  }
  if (const std::optional<std::string> rules = shown_rules(cgroup)) {
    std::copy_if(asked.begin(), asked.end(), std::back_inserter(out),
                 [&](const Node& node) { return !any_allows(*rules, node); });
    return out;
  }
  if (is_frozen(cgroup)) {
    return std::nullopt;
  }
  std::vector<Question> questions;
  for (const Node& node : asked) {
    questions.push_back({node.host_path.c_str(), mode_of(node)});
  }
  const std::string answers = ask(cgroup, questions);
  if (answers.size() < asked.size()) {
    return std::nullopt;
  }
  for (std::size_t i = 0; i < asked.size(); ++i) {
    if (answers[i] == kMayNot) {
      out.push_back(asked[i]);
    }
  }
  return out;
}

}  // namespace xpu
