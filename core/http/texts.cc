// SPDX-License-Identifier: Apache-2.0
#include "core/http/texts.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "core/base/error.h"

namespace xpu::http {
namespace {

// How long each of the two is.
struct Head {
  std::uint64_t prometheus = 0, openmetrics = 0;
};

union Control {
  cmsghdr header;
  char bytes[CMSG_SPACE(sizeof(int))];
};

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written <= 0) {
      fail_errno("texts of metrics cannot be kept in memory");
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::string read_part(int fd, std::uint64_t offset, std::uint64_t size) {
  std::string out(size, '\0');
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t got =
        ::pread(fd, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (got <= 0) {
      fail("a text of metrics is shorter than it is said to be");
    }
    done += static_cast<std::size_t>(got);
  }
  return out;
}

Fd descriptor_in(msghdr& message) {
  const cmsghdr* const control = CMSG_FIRSTHDR(&message);
  if (control == nullptr || control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS ||
      control->cmsg_len != CMSG_LEN(sizeof(int))) {
    return {};
  }
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(control), sizeof fd);
  return Fd(fd);
}

}  // namespace

Sent send_texts(int channel, std::string_view prometheus, std::string_view openmetrics) {
  if (prometheus.size() + openmetrics.size() > kTextBytes) {
    fail("the metrics are longer than ", kTextBytes, " bytes");
  }
  const Fd memory(::memfd_create("xpu-metrics", MFD_CLOEXEC));
  if (!memory) {
    fail_errno("texts of metrics cannot be kept in memory");
  }
  write_all(memory.get(), prometheus);
  write_all(memory.get(), openmetrics);
  Head head{prometheus.size(), openmetrics.size()};
  iovec part{&head, sizeof head};
  Control control = {};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = &control;
  message.msg_controllen = sizeof control.bytes;
  cmsghdr* const rights = CMSG_FIRSTHDR(&message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof(int));
  const int fd = memory.get();
  std::memcpy(CMSG_DATA(rights), &fd, sizeof fd);
  if (::sendmsg(channel, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
    return Sent::kYes;
  }
  return errno == EAGAIN || errno == EINTR || errno == ENOBUFS ? Sent::kFull : Sent::kGone;
}

std::optional<TextPair> receive_texts(int channel, bool& closed) {
  std::optional<TextPair> out;
  for (;;) {
    Head head;
    iovec part{&head, sizeof head};
    Control control = {};
    msghdr message = {};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = &control;
    message.msg_controllen = sizeof control.bytes;
    const ssize_t got = ::recvmsg(channel, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
      return out;
    }
    if (got <= 0) {
      closed = true;
      return out;
    }
    const Fd memory = descriptor_in(message);
    if (got != sizeof head || !memory || head.prometheus > kTextBytes ||
        head.openmetrics > kTextBytes) {
      fail("what came over the channel of texts is no text");
    }
    out = TextPair{read_part(memory.get(), 0, head.prometheus),
                   read_part(memory.get(), head.prometheus, head.openmetrics)};
  }
}

}  // namespace xpu::http
