// SPDX-License-Identifier: Apache-2.0
#include "core/report/receiver.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <optional>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/socket_file.h"
#include "core/report/socket.h"

namespace xpu {
namespace {

constexpr std::size_t kAtOnce = 256;
constexpr int kBacklog = 512;

// Who made the connection, as the kernel says.
bool trusted_sender(int fd) {
  ucred sender = {};
  socklen_t size = sizeof sender;
  return ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &sender, &size) == 0 &&
         (sender.uid == 0 || sender.uid == ::geteuid());
}

void watch(const Fd& epoll, int fd) {
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.fd = fd;
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    fail_errno("epoll_ctl");
  }
}

}  // namespace

ReportReceiver::ReportReceiver(const std::string& state_dir) : path_(state_dir + kReportSocket) {
  open_state_dir(state_dir);
  listener_ = Fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  inode_ = bind_socket_file(listener_, path_, 0600, "xpud");
  waits_ = Fd(::epoll_create1(EPOLL_CLOEXEC));
  if (!waits_ || ::listen(listener_.get(), kBacklog) != 0) {
    fail_errno(path_, ": cannot be listened at");
  }
  watch(waits_, listener_.get());
}

ReportReceiver::~ReportReceiver() {
  remove_socket_file(path_, inode_);
}

void ReportReceiver::accept_some() {
  for (std::size_t i = 0; i < kAtOnce; ++i) {
    Fd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!connection) {
      return;
    }
    if (!trusted_sender(connection.get())) {
      ++refused_;
      continue;
    }
    watch(waits_, connection.get());
    connections_.push_back(std::move(connection));
    if (connections_.size() > kAtOnce) {
      forget(connections_.front().get());
      ++refused_;
    }
  }
}

void ReportReceiver::forget(int connection) {
  std::erase_if(connections_, [&](const Fd& fd) { return fd.get() == connection; });
}

std::vector<StartReport> ReportReceiver::next() {
  std::vector<StartReport> out;
  epoll_event events[64];
  accept_some();
  for (;;) {
    const int ready = ::epoll_wait(waits_.get(), events, std::size(events), 0);
    for (int i = 0; i < ready; ++i) {
      const int fd = events[i].data.fd;
      if (fd == listener_.get()) {
        continue;
      }
      char text[kReportBytes + 1];
      const ssize_t got = ::recv(fd, text, sizeof text, MSG_DONTWAIT);
      std::optional<StartReport> report;
      if (got > 0) {
        report = parse_report(std::string_view(text, static_cast<std::size_t>(got)));
      }
      if (report) {
        out.push_back(std::move(*report));
      } else {
        ++refused_;
      }
      forget(fd);
    }
    if (ready < static_cast<int>(std::size(events))) {
      return out;
    }
  }
}

}  // namespace xpu
