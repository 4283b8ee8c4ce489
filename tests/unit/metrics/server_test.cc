// SPDX-License-Identifier: Apache-2.0
#include "core/metrics/server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include "core/base/error.h"
#include "core/http/serve.h"
#include "core/http/texts.h"
#include "core/metrics/content_type.h"
#include "tests/unit/base/temp_dir.h"

namespace xpu {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// A port at which nobody listens.
unsigned free_port() {
  const Fd probe(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ::bind(probe.get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
  socklen_t size = sizeof address;
  ::getsockname(probe.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

Config config_of(const std::string& address, unsigned port) {
  Config config;
  config.metrics_address = address;
  config.metrics_port = port;
  config.file = "/etc/xpu.toml";
  return config;
}

int connect_to(unsigned port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    ::close(fd);
    return -1;
  }
  return fd;
}

int connect_to(const std::string& path) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  path.copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    ::close(fd);
    return -1;
  }
  return fd;
}

// Everything that comes until the end, or until nothing has come for that long.
std::string all_of(int fd, milliseconds most = milliseconds(5000)) {
  std::string out;
  char buffer[65536];
  pollfd one{fd, POLLIN, 0};
  while (::poll(&one, 1, static_cast<int>(most.count())) == 1) {
    const ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
    if (got <= 0) {
      break;
    }
    out.append(buffer, static_cast<std::size_t>(got));
  }
  return out;
}

template <class Where>
std::string ask(const Where& where, const std::string& request) {
  const Fd fd(connect_to(where));
  if (!fd) {
    return "not connected";
  }
  ::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL);
  return all_of(fd.get());
}

std::string get(const std::string& path, const std::string& headers = "") {
  return cat("GET ", path, " HTTP/1.1\r\nHost: x\r\n", headers, "\r\n");
}

class MetricsServerTest : public testing::Test {
 protected:
  MetricsServerTest() : port_(free_port()) {}
  // The answer once a text that holds `wanted` is served.
  std::string when_served(const std::string& wanted) const {
    std::string answer;
    for (int i = 0; i < 100; ++i) {
      answer = ask(port_, get("/metrics"));
      if (answer.find(wanted) != std::string::npos) {
        return answer;
      }
      std::this_thread::sleep_for(milliseconds(20));
    }
    return answer;
  }
  unsigned port_;
};

TEST_F(MetricsServerTest, ServesTheNewestText) {
  MetricsServer server(config_of("127.0.0.1", port_));
  EXPECT_EQ(server.where(), cat("http://127.0.0.1:", port_, "/metrics"));
  EXPECT_THAT(ask(port_, get("/metrics")),
              AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("Retry-After: 5\r\n"),
                    EndsWith("There are no metrics yet: xpud has not finished its first look.\n")));
  server.publish("a 1\n", "a 1\n# EOF\n");
  server.publish("b 2\n", "b 2\n# EOF\n");
  EXPECT_THAT(when_served("b 2"),
              AllOf(StartsWith("HTTP/1.1 200 "), EndsWith("\r\n\r\nb 2\n"),
                    HasSubstr(cat("Content-Type: ", metrics::kPrometheusType, "\r\n"))));
  EXPECT_THAT(
      ask(port_, get("/metrics", "Accept: application/openmetrics-text; version=1.0.0\r\n")),
      AllOf(EndsWith("\r\n\r\nb 2\n# EOF\n"),
            HasSubstr(cat("Content-Type: ", metrics::kOpenMetricsType, "\r\n"))));
  EXPECT_TRUE(server.alive());
}

TEST_F(MetricsServerTest, ServesLongTexts) {
  MetricsServer server(config_of("127.0.0.1", port_));
  const std::string line = "xpu_long{label=\"0123456789\"} 1\n";
  std::string text;
  while (text.size() < (8U << 20)) {
    text += line;
  }
  server.publish(text, text);
  const std::string answer = when_served(line);
  EXPECT_EQ(answer.size() - answer.find("\r\n\r\n") - 4, text.size());
}

TEST_F(MetricsServerTest, RefusesEverythingElse) {
  MetricsServer server(config_of("127.0.0.1", port_));
  server.publish("a 1\n", "a 1\n# EOF\n");
  ASSERT_THAT(when_served("a 1"), HasSubstr("a 1"));
  EXPECT_THAT(
      ask(port_, "HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n"),
      AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr("Content-Length: 4\r\n"), EndsWith("\r\n\r\n")));
  for (const char* path : {"/", "/metrics/", "/metrics/x", "/..%2fmetrics", "//metrics"}) {
    EXPECT_THAT(ask(port_, get(path)),
                AllOf(StartsWith("HTTP/1.1 404 "),
                      EndsWith("There is nothing here: metrics are at /metrics.\n")))
        << path;
  }
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get"}) {
    EXPECT_THAT(ask(port_, cat(method, " /metrics HTTP/1.1\r\nHost: x\r\n\r\n")),
                AllOf(StartsWith("HTTP/1.1 405 "), HasSubstr("Allow: GET, HEAD\r\n"),
                      EndsWith("Only GET and HEAD are served.\n")))
        << method;
  }
  EXPECT_THAT(ask(port_, get("/metrics", "Content-Length: 1000000\r\n")),
              AllOf(StartsWith("HTTP/1.1 413 "), EndsWith("A request for metrics has no body.\n")));
  EXPECT_THAT(ask(port_, get("/metrics", "Transfer-Encoding: chunked\r\n")),
              StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(ask(port_, get("/" + std::string(60000, 'x'))), StartsWith("HTTP/1.1 414 "));
  EXPECT_THAT(ask(port_, get("/metrics", cat("X: ", std::string(60000, 'x'), "\r\n"))),
              StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(ask(port_, "\r\nnonsense\r\n\r\n"), Not(HasSubstr("200 OK")));
  EXPECT_THAT(ask(port_, get("/metrics?collect[]=x")), StartsWith("HTTP/1.1 200 "));
  EXPECT_TRUE(server.alive());
}

// Clients that connect and say nothing, say half of a request, or do not read the answer.
TEST_F(MetricsServerTest, AThousandSlowClientsDoNotBlockAScrape) {
  rlimit files = {};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = std::min<rlim_t>(files.rlim_max, 4096);
  ::setrlimit(RLIMIT_NOFILE, &files);
  MetricsServer server(config_of("127.0.0.1", port_));
  const std::string text(1 << 20, '#');
  server.publish(text + "\n", "# EOF\n");
  when_served("#");
  std::vector<Fd> slow;
  for (int i = 0; i < 1000; ++i) {
    slow.emplace_back(connect_to(port_));
    ASSERT_TRUE(slow.back()) << i;
    const std::string said = i % 3 == 0 ? "" : i % 3 == 1 ? "GET /metr" : get("/metrics");
    ::send(slow.back().get(), said.data(), said.size(), MSG_NOSIGNAL);
  }
  for (int i = 0; i < 5; ++i) {
    const auto begun = steady_clock::now();
    EXPECT_THAT(ask(port_, get("/metrics")), StartsWith("HTTP/1.1 200 "));
    EXPECT_LT(steady_clock::now() - begun, milliseconds(1000));
  }
  EXPECT_TRUE(server.alive());
}

TEST_F(MetricsServerTest, ASlowClientHasToGo) {
  MetricsServer server(config_of("127.0.0.1", port_));
  const Fd slow(connect_to(port_));
  const auto begun = steady_clock::now();
  // A byte now and then does not help.
  pollfd one{slow.get(), POLLIN | POLLHUP, 0};
  while (::poll(&one, 1, 500) == 0 && steady_clock::now() - begun < std::chrono::seconds(20)) {
    ::send(slow.get(), "G", 1, MSG_NOSIGNAL);
  }
  const auto lasted = steady_clock::now() - begun;
  EXPECT_GE(lasted, std::chrono::seconds(http::kSecondsForAll) - milliseconds(500));
  EXPECT_LE(lasted, std::chrono::seconds(http::kSecondsForAll + 3));
}

TEST_F(MetricsServerTest, IsNobody) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root";
  }
  MetricsServer server(config_of("127.0.0.1", port_));
  ask(port_, get("/metrics"));  // it runs
  const std::string status = test::slurp(cat("/proc/", server.pid(), "/status"));
  EXPECT_THAT(status, HasSubstr("Uid:\t65534\t65534\t65534\t65534\n"));
  EXPECT_THAT(status, HasSubstr("Gid:\t65534\t65534\t65534\t65534\n"));
  EXPECT_THAT(status, HasSubstr("Groups:\t \n"));
  EXPECT_THAT(status, HasSubstr("NoNewPrivs:\t1\n"));
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
    EXPECT_THAT(status, HasSubstr(cat(set, ":\t0000000000000000\n")));
  }
  // 0 to 4, the epoll descriptors of the daemon and its signal.
  unsigned open = 0;
  for ([[maybe_unused]] const auto& entry :
       std::filesystem::directory_iterator(cat("/proc/", server.pid(), "/fd"))) {
    ++open;
  }
  EXPECT_LE(open, 9U);
}

TEST_F(MetricsServerTest, EndsWithItsOwner) {
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  const pid_t owner = ::fork();
  if (owner == 0) {
    MetricsServer server(config_of("127.0.0.1", port_));
    const pid_t pid = server.pid();
    if (::write(pipe[1], &pid, sizeof pid) == sizeof pid) {
      ::pause();
    }
    ::_exit(0);
  }
  pid_t pid = 0;
  ASSERT_EQ(::read(pipe[0], &pid, sizeof pid), static_cast<ssize_t>(sizeof pid));
  ::kill(owner, SIGKILL);
  ::waitpid(owner, nullptr, 0);
  bool gone = false;
  for (int i = 0; i < 100 && !gone; ++i) {
    std::this_thread::sleep_for(milliseconds(20));
    gone = connect_to(port_) < 0;
  }
  EXPECT_TRUE(gone);
}

TEST_F(MetricsServerTest, ItsDeathIsNoticedAndAnotherTakesItsPlace) {
  auto server = std::make_unique<MetricsServer>(config_of("127.0.0.1", port_));
  ::kill(server->pid(), SIGKILL);
  for (int i = 0; i < 100 && server->alive(); ++i) {
    std::this_thread::sleep_for(milliseconds(20));
  }
  EXPECT_FALSE(server->alive());
  EXPECT_EQ(server->why_ended(), "it was killed by signal 9");
  server->publish("a 1\n", "");
  server.reset();
  MetricsServer next(config_of("127.0.0.1", port_));
  next.publish("a 1\n", "");
  EXPECT_THAT(when_served("a 1"), HasSubstr("a 1"));
}

TEST_F(MetricsServerTest, OneThatHangsCostsItsOwnerNothing) {
  MetricsServer server(config_of("127.0.0.1", port_));
  ::kill(server.pid(), SIGSTOP);
  const std::string text(1 << 20, '#');
  const auto begun = steady_clock::now();
  for (int i = 0; i < 100; ++i) {
    server.publish(text, text);
  }
  EXPECT_LT(steady_clock::now() - begun, std::chrono::seconds(5));
  ::kill(server.pid(), SIGCONT);
  // It takes what it finds, and then the newest again.
  for (int i = 0; i < 100; ++i) {
    server.publish("a 1\n", "");
    if (ask(port_, get("/metrics")).find("a 1") != std::string::npos) {
      SUCCEED();
      return;
    }
    std::this_thread::sleep_for(milliseconds(20));
  }
  FAIL() << "it does not come back";
}

TEST_F(MetricsServerTest, SaysWhereItCannotListen) {
  MetricsServer server(config_of("127.0.0.1", port_));
  EXPECT_EQ(test::error_of([&] { MetricsServer second(config_of("127.0.0.1", port_)); }),
            cat("metrics cannot be served at 127.0.0.1:", port_,
                ": Address already in use; stop what listens there, or set another metrics-port in "
                "[xpud] of /etc/xpu.toml"));
  EXPECT_EQ(test::error_of([&] { MetricsServer other(config_of("192.0.2.1", port_)); }),
            cat("metrics cannot be served at 192.0.2.1:", port_,
                ": Cannot assign requested address; this host has no such address: set "
                "metrics-address in [xpud] of /etc/xpu.toml"));
}

TEST(MetricsServerAtPath, IsASocketForItsGroup) {
  const test::TempDir dir;
  const std::string path = dir / "metrics";
  {
    MetricsServer server(config_of("unix:" + path, 1));
    EXPECT_EQ(server.where(), "unix:" + path);
    struct stat found = {};
    ASSERT_EQ(::stat(path.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 07777, 0660U);
    EXPECT_THAT(ask(path, get("/metrics")), StartsWith("HTTP/1.1 503 "));
    EXPECT_EQ(
        test::error_of([&] { MetricsServer second(config_of("unix:" + path, 1)); }),
        cat(path, ": somebody listens there already: is another xpud running? Stop it first"));
    EXPECT_EQ(::stat(path.c_str(), &found), 0) << "the one that listens keeps its socket";
  }
  EXPECT_FALSE(std::filesystem::exists(path)) << "it goes with the server";
}

TEST(MetricsServerAtPath, TakesThePlaceOfADeadSocketOnly) {
  const test::TempDir dir;
  const std::string path = dir / "metrics";
  test::in_child([&] {
    new MetricsServer(config_of("unix:" + path, 1));
    return std::string();
  });
  ASSERT_TRUE(std::filesystem::exists(path));
  for (int i = 0; i < 100; ++i) {  // until the process that served there has noticed
    const Fd still(connect_to(path));
    if (!still) {
      break;
    }
    std::this_thread::sleep_for(milliseconds(20));
  }
  { MetricsServer server(config_of("unix:" + path, 1)); }
  dir.write("metrics", "mine");
  EXPECT_EQ(test::error_of([&] { MetricsServer server(config_of("unix:" + path, 1)); }),
            cat(path, " is there and is no socket; remove it, or choose another path"));
  EXPECT_EQ(test::slurp(path), "mine");
  EXPECT_THAT(test::error_of([&] {
                MetricsServer server(config_of(cat("unix:", dir / "none", "/metrics"), 1));
              }),
              EndsWith("none/metrics: cannot be made a socket: No such file or directory"));
}

TEST(Accept, ChoosesTheFormat) {
  EXPECT_TRUE(http::wants_openmetrics(
      "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"
      "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"));
  EXPECT_TRUE(http::wants_openmetrics("Application/OpenMetrics-Text"));
  EXPECT_TRUE(http::wants_openmetrics("text/html, application/openmetrics-text ; q=0.3"));
  for (const char* accept :
       {"", "*/*", "text/plain", ",;,;q=", "application/openmetrics-text;q=0",
        "application/openmetrics-text;q=x", "text/plain, application/openmetrics-text;q=0.5",
        "application/openmetrics-texts",
        "text/plain;version=0.0.4;q=0.9,"
        "application/openmetrics-text;q=0.8"}) {
    EXPECT_FALSE(http::wants_openmetrics(accept)) << accept;
  }
}

TEST(Texts, ComeWholeOrNotAtAll) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
  Fd mine(ends[0]);
  const Fd theirs(ends[1]);
  bool closed = false;
  EXPECT_FALSE(http::receive_texts(theirs.get(), closed));
  EXPECT_EQ(http::send_texts(mine.get(), "one", "two"), http::Sent::kYes);
  EXPECT_EQ(http::send_texts(mine.get(), std::string(100000, 'x'), ""), http::Sent::kYes);
  const auto got = http::receive_texts(theirs.get(), closed);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->prometheus, std::string(100000, 'x'));
  EXPECT_EQ(got->openmetrics, "");
  EXPECT_FALSE(closed);
  ASSERT_EQ(::send(mine.get(), "nonsense", 8, 0), 8);
  EXPECT_EQ(test::error_of([&] { http::receive_texts(theirs.get(), closed); }),
            "what came over the channel of texts is no text");
  mine.reset();
  EXPECT_FALSE(http::receive_texts(theirs.get(), closed));
  EXPECT_TRUE(closed);
  EXPECT_THAT(test::error_of([] { http::send_texts(-1, std::string(65U << 20, 'x'), ""); }),
              HasSubstr("the metrics are longer than"));
}

}  // namespace
}  // namespace xpu
