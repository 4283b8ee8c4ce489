// SPDX-License-Identifier: Apache-2.0
// xpud's end of core/report/report.h.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "core/base/fd.h"
#include "core/report/report.h"

namespace xpu {

class ReportReceiver {
 public:
  // Makes <state_dir>/xpud.socket (0600), in place of one at which nobody listens any more. Throws
  // Error, naming the path: another xpud listens there, or the folder cannot be used.
  explicit ReportReceiver(const std::string& state_dir);
  ~ReportReceiver();  // removes the socket, unless it is another's by now
  ReportReceiver(const ReportReceiver&) = delete;
  ReportReceiver& operator=(const ReportReceiver&) = delete;

  // Readable when there is something to take.
  int fd() const { return waits_.get(); }
  // What has come, at most 256 of them; never waits. Those of others than root and this process's
  // user are passed over, and so is what is no report.
  std::vector<StartReport> next();
  // How many were passed over.
  std::uint64_t refused() const { return refused_; }

 private:
  void accept_some();
  void forget(int connection);

  std::string path_;
  ino_t inode_ = 0;
  Fd listener_, waits_;          // an epoll descriptor of all of them
  std::vector<Fd> connections_;  // of senders that have not said anything yet, the oldest first
  std::uint64_t refused_ = 0;
};

}  // namespace xpu
