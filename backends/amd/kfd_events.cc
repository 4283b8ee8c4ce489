// SPDX-License-Identifier: Apache-2.0
#include "backends/amd/kfd_events.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <stdexcept>

#include "backends/amd/kfd_abi.h"
#include "sdk/helpers/path.h"
#include "sdk/helpers/text.h"

namespace xpu::amd {
namespace {

using namespace kfd_abi;

constexpr std::uint64_t kWanted = mask_of(kVmFault) | mask_of(kThermalThrottle) |
                                  mask_of(kPreReset) | mask_of(kPostReset) | mask_of(kRingHang);
constexpr std::size_t kLongestLine = 4096;  // the kernel's is 96
constexpr std::size_t kAtOnce = 65536;      // bytes of one source in one read()

// What the child sends for each GPU, with the descriptor beside it.
struct Answer {
  std::uint32_t gpu;
  int error;  // errno, 0 for none
};

bool send_answer(int socket, const Answer& answer, int descriptor) {
  iovec data{const_cast<Answer*>(&answer), sizeof answer};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof descriptor)] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  if (descriptor >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof descriptor);
    std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  }
  return sendmsg(socket, &message, MSG_NOSIGNAL) >= 0;
}

// In the child, between fork() and _exit(): nothing here allocates.
void ask_kernel(const char* path, const std::vector<std::uint32_t>& gpus, int socket) {
  const int kfd = ::open(path, O_RDWR | O_CLOEXEC);
  const int open_error = kfd < 0 ? errno : 0;
  for (const std::uint32_t gpu : gpus) {
    Answer answer{gpu, open_error};
    int events = -1;
    if (kfd >= 0) {
      SmiEventsArgs args{};
      args.gpu_id = gpu;
      if (ioctl(kfd, kSmiEvents, &args) != 0) {
        answer.error = errno;
      } else {
        events = static_cast<int>(args.anon_fd);
        if (write(events, &kWanted, sizeof kWanted) != sizeof kWanted) {
          answer.error = errno;
        }
      }
    }
    if (!send_answer(socket, answer, answer.error == 0 ? events : -1)) {
      return;
    }
  }
}

// The descriptor in a message; -1 for none.
int descriptor_of(msghdr& message) {
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  int descriptor = -1;
  if (header != nullptr && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
    std::memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
  }
  return descriptor;
}

bool add_to(int epoll, int descriptor) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = descriptor;
  return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

std::optional<unsigned long long> hex(std::string_view text) {
  unsigned long long value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return result.ec == std::errc() && result.ptr == text.data() + text.size() && !text.empty()
             ? std::optional(value)
             : std::nullopt;
}

// "4d2:python3": the process by its number, and its name.
std::string fault_text(std::string_view text) {
  const std::size_t colon = text.find(':');
  const auto pid = hex(text.substr(0, colon));
  if (!pid || colon == std::string_view::npos) {
    return sdk::readable(text);
  }
  return "process " + std::to_string(*pid) + " (" + sdk::readable(text.substr(colon + 1)) + ")";
}

// "1 RAS error": number of the reset, and its cause in newer drivers.
std::string reset_text(std::string_view text) {
  const std::size_t space = text.find(' ');
  return space == std::string_view::npos ? "" : sdk::readable(sdk::trimmed(text.substr(space)));
}

}  // namespace

std::optional<KfdEvent> parse_kfd_event(std::string_view line) {
  const std::size_t space = line.find(' ');
  const auto number = hex(line.substr(0, space));
  if (!number || space == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string text = sdk::trimmed(line.substr(space));
  switch (*number) {
    case kVmFault:
      return KfdEvent{KfdEvent::Kind::kFault, fault_text(text)};
    case kThermalThrottle:
      return KfdEvent{KfdEvent::Kind::kThrottle, sdk::readable(text.substr(0, text.find(':')))};
    case kPreReset:
      return KfdEvent{KfdEvent::Kind::kPreReset, reset_text(text)};
    case kPostReset:
      return KfdEvent{KfdEvent::Kind::kPostReset, reset_text(text)};
    case kRingHang:
      // Pages that move: "TIME -PID @ADDRESS(SIZE) ...".
      return text.find(" @") == std::string::npos
                 ? std::optional(KfdEvent{KfdEvent::Kind::kHang, sdk::readable(text)})
                 : std::nullopt;
    case kDropped:
      return KfdEvent{KfdEvent::Kind::kDropped, ""};
    default:
      return std::nullopt;
  }
}

void KfdListener::open(const std::string& path, const std::vector<std::uint32_t>& gpus, int epoll) {
  close();
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    throw std::runtime_error(std::string("cannot listen to the compute driver: ") +
                             std::strerror(errno));
  }
  const pid_t child = fork();
  if (child == 0) {
    ::close(ends[0]);
    ask_kernel(path.c_str(), gpus, ends[1]);
    _exit(0);
  }
  const int error = errno;
  ::close(ends[1]);
  if (child < 0) {
    ::close(ends[0]);
    throw std::runtime_error(std::string("cannot listen to the compute driver: fork: ") +
                             std::strerror(error));
  }
  epoll_ = epoll;
  answers_ = ends[0];
  children_.push_back(child);
  path_ = path;
  fcntl(answers_, F_SETFL, O_NONBLOCK);
  add_to(epoll_, answers_);
}

void KfdListener::close() {
  if (answers_ >= 0) {
    for (const pid_t child : children_) {
      kill(child, SIGKILL);
    }
    ::close(answers_);
    answers_ = -1;
  }
  for (const auto& [fd, source] : sources_) {
    ::close(fd);
  }
  sources_.clear();
  reap();
}

// A child whose answers have come is about to end.
void KfdListener::reap() {
  for (auto child = children_.begin(); child != children_.end();) {
    child = waitpid(*child, nullptr, WNOHANG) != 0 ? children_.erase(child) : child + 1;
  }
}

void KfdListener::take_answers(Read& out) {
  while (answers_ >= 0) {
    Answer answer{};
    iovec data{&answer, sizeof answer};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t size = recvmsg(answers_, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) {
      return;
    }
    if (size != sizeof answer) {  // it has ended
      ::close(answers_);
      answers_ = -1;
      return;
    }
    const int fd = descriptor_of(message);
    if (fd < 0) {
      out.problems.push_back("no events of GPU " + std::to_string(answer.gpu) + " from " + path_ +
                             ": " + std::strerror(answer.error));
      continue;
    }
    // The kernel's read() never waits here, whatever is set; this is for others.
    fcntl(fd, F_SETFL, O_NONBLOCK);
    add_to(epoll_, fd);
    sources_[fd].gpu = answer.gpu;
  }
}

// False when the source has ended.
bool KfdListener::take_events(int fd, Source& source, Read& out) {
  // Many kernels give eight bytes at a time.
  char block[4096];
  for (std::size_t taken = 0; taken < kAtOnce;) {
    const ssize_t size = ::read(fd, block, sizeof block);
    if (size <= 0) {
      return size < 0 && (errno == EAGAIN || errno == EINTR);
    }
    taken += static_cast<std::size_t>(size);
    source.left.append(block, static_cast<std::size_t>(size));
    for (std::size_t end; (end = source.left.find('\n')) != std::string::npos;) {
      if (auto event = parse_kfd_event(std::string_view(source.left).substr(0, end))) {
        out.events.push_back({source.gpu, std::move(*event)});
      }
      source.left.erase(0, end + 1);
    }
    if (source.left.size() > kLongestLine) {
      source.left.clear();
      out.events.push_back({source.gpu, {KfdEvent::Kind::kDropped, ""}});
    }
  }
  return true;
}

KfdListener::Read KfdListener::read() {
  Read out;
  take_answers(out);
  for (auto at = sources_.begin(); at != sources_.end();) {
    if (take_events(at->first, at->second, out)) {
      ++at;
    } else {
      ::close(at->first);
      at = sources_.erase(at);
    }
  }
  reap();
  return out;
}

}  // namespace xpu::amd
