// SPDX-License-Identifier: Apache-2.0
#include "core/http/serve.h"

#include <microhttpd.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/http/texts.h"
#include "core/metrics/content_type.h"

namespace xpu::http {
namespace {

// More than this are not taken between two looks at what those before want.
constexpr unsigned kAcceptedAtOnce = 32;

struct ResponseDeleter {
  void operator()(MHD_Response* response) const { MHD_destroy_response(response); }
};
using Response = std::unique_ptr<MHD_Response, ResponseDeleter>;

// One answer for any number of clients.
Response make_response(std::string_view text, const char* type) {
  Response out(MHD_create_response_from_buffer(text.size(), const_cast<char*>(text.data()),
                                               MHD_RESPMEM_MUST_COPY));
  if (out == nullptr ||
      MHD_add_response_header(out.get(), MHD_HTTP_HEADER_CONTENT_TYPE, type) != MHD_YES ||
      MHD_add_response_header(out.get(), MHD_HTTP_HEADER_CONNECTION, "close") != MHD_YES) {
    fail("there is no memory for an answer");
  }
  return out;
}

Response make_line(std::string_view text) {
  return make_response(text, "text/plain; charset=utf-8");
}

class Server {
 public:
  Server(Fd listener, Fd channel)
      : listener_(std::move(listener)),
        channel_(std::move(channel)),
        no_such_page_(make_line("There is nothing here: metrics are at /metrics.\n")),
        not_allowed_(make_line("Only GET and HEAD are served.\n")),
        too_large_(make_line("A request for metrics has no body.\n")),
        not_yet_(make_line("There are no metrics yet: xpud has not finished its first look.\n")) {
    MHD_add_response_header(not_allowed_.get(), MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    MHD_add_response_header(not_yet_.get(), MHD_HTTP_HEADER_RETRY_AFTER, "5");
    start();
  }
  ~Server() { MHD_stop_daemon(daemon_); }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  void run() {
    bool closed = false;
    while (!closed) {
      wait();
      if (std::optional<TextPair> texts = receive_texts(channel_.get(), closed)) {
        prometheus_ = make_response(texts->prometheus, metrics::kPrometheusType);
        openmetrics_ = make_response(texts->openmetrics, metrics::kOpenMetricsType);
      }
      accept_some();
      end_the_slow();
      MHD_run(daemon_);
    }
  }

 private:
  struct Connection {
    int fd = -1;
    std::int64_t since_ms = 0;
    bool ended = false;
  };

  void start() {
    daemon_ = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET, 0, nullptr, nullptr, &Server::answer, this,
        MHD_OPTION_CONNECTION_LIMIT, 2 * kConnections, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        static_cast<std::size_t>(kRequestBytes), MHD_OPTION_CONNECTION_TIMEOUT, kSecondsForAll,
        MHD_OPTION_NOTIFY_CONNECTION, &Server::notice, this, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_END);
    const MHD_DaemonInfo* const info =
        daemon_ == nullptr ? nullptr : MHD_get_daemon_info(daemon_, MHD_DAEMON_INFO_EPOLL_FD);
    if (info == nullptr) {
      fail("the HTTP server cannot be started");
    }
    epoll_ = info->epoll_fd;
  }

  bool full() const { return connections_.size() >= 2 * kConnections; }

  void wait() {
    MHD_UNSIGNED_LONG_LONG own = 0;
    int timeout = connections_.empty() ? -1 : 1000;
    if (MHD_get_timeout(daemon_, &own) == MHD_YES) {
      timeout = static_cast<int>(std::min<unsigned long long>(own, 1000));
    }
    // One that is full waits for those that it has ended.
    pollfd polled[] = {{channel_.get(), POLLIN, 0},
                       {epoll_, POLLIN, 0},
                       {full() ? -1 : listener_.get(), POLLIN, 0}};
    ::poll(polled, std::size(polled), timeout);
  }

  void accept_some() {
    for (unsigned i = 0; i < kAcceptedAtOnce && !full(); ++i) {
      sockaddr_storage address = {};
      socklen_t size = sizeof address;
      const int fd = ::accept4(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size,
                               SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (fd < 0) {
        return;
      }
      // Closes it when it does not take it.
      MHD_add_connection(daemon_, fd, reinterpret_cast<sockaddr*>(&address), size);
    }
  }

  // Those that were there first are the first in the list.
  void end_the_slow() {
    const std::int64_t oldest = monotonic_ms() - std::int64_t{kSecondsForAll} * 1000;
    std::size_t working = static_cast<std::size_t>(
        std::count_if(connections_.begin(), connections_.end(),
                      [](const Connection& connection) { return !connection.ended; }));
    for (Connection& connection : connections_) {
      if (connection.since_ms > oldest && working <= kConnections) {
        return;
      }
      if (!connection.ended) {
        ::shutdown(connection.fd, SHUT_RDWR);  // which the daemon notices
        connection.ended = true;
        --working;
      }
    }
  }

  static void notice(void* self, MHD_Connection* connection, void** place,
                     MHD_ConnectionNotificationCode what) noexcept {
    auto& connections = static_cast<Server*>(self)->connections_;
    using Entry = std::list<Connection>::iterator;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
      const MHD_ConnectionInfo* const info =
          MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
      connections.push_back({info->connect_fd, monotonic_ms(), false});
      *place = new Entry(std::prev(connections.end()));
    } else {
      const std::unique_ptr<Entry> entry(static_cast<Entry*>(*place));
      connections.erase(*entry);
    }
  }

  static MHD_Result answer(void* self, MHD_Connection* connection, const char* url,
                           const char* method, const char* /*version*/, const char* /*data*/,
                           std::size_t* data_size, void** place) noexcept {
    return static_cast<Server*>(self)->answer(connection, url, method, data_size, place);
  }

  MHD_Result answer(MHD_Connection* connection, std::string_view url, std::string_view method,
                    std::size_t* data_size, void** place) const noexcept {
    if (method != MHD_HTTP_METHOD_GET && method != MHD_HTTP_METHOD_HEAD) {
      return MHD_queue_response(connection, MHD_HTTP_METHOD_NOT_ALLOWED, not_allowed_.get());
    }
    if (has_body(connection) || *data_size != 0) {
      return MHD_queue_response(connection, MHD_HTTP_CONTENT_TOO_LARGE, too_large_.get());
    }
    if (*place == nullptr) {  // asked again when the request is whole
      static int whole = 0;
      *place = &whole;
      return MHD_YES;
    }
    if (url != "/metrics") {
      return MHD_queue_response(connection, MHD_HTTP_NOT_FOUND, no_such_page_.get());
    }
    if (prometheus_ == nullptr) {
      return MHD_queue_response(connection, MHD_HTTP_SERVICE_UNAVAILABLE, not_yet_.get());
    }
    const char* const accept =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
    const bool open = accept != nullptr && wants_openmetrics(accept);
    return MHD_queue_response(connection, MHD_HTTP_OK,
                              open ? openmetrics_.get() : prometheus_.get());
  }

  static bool has_body(MHD_Connection* connection) noexcept {
    const char* const length =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    return (length != nullptr && std::strcmp(length, "0") != 0) ||
           MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
                                       MHD_HTTP_HEADER_TRANSFER_ENCODING) != nullptr;
  }

  Fd listener_, channel_;
  Response no_such_page_, not_allowed_, too_large_, not_yet_, prometheus_, openmetrics_;
  std::list<Connection> connections_;
  MHD_Daemon* daemon_ = nullptr;
  int epoll_ = -1;
};

}  // namespace

void serve(Fd listener, Fd channel) {
  Server(std::move(listener), std::move(channel)).run();
}

}  // namespace xpu::http
