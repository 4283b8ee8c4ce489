// SPDX-License-Identifier: Apache-2.0
// A process of xpu-backend-host in a group of its own, and what it says on stderr: what describing
// and watching have in common.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/fd.h"
#include "core/config/config.h"
#include "core/plugin/manifest.h"

namespace xpu {

// The program, and the arguments that say which backend and within which limits.
std::vector<std::string> host_arguments(const std::string& program, const Config& config,
                                        const Manifest& manifest);

class HostChild {
 public:
  // Starts the program `words[0]` with nothing of our environment. Throws Error, which names
  // `backend`, when it cannot be started.
  HostChild(const std::string& backend, std::vector<std::string> words);
  ~HostChild();  // end()
  HostChild(const HostChild&) = delete;
  HostChild& operator=(const HostChild&) = delete;

  // What it says, for reading without waiting.
  Fd out, messages;

  pid_t pid() const { return pid_; }  // -1 once it has ended
  int status() const { return status_; }
  // Whether it has, without waiting. What it started may still hold the ends of its pipes.
  bool has_ended() const;
  // Waits until it has ended, for `ms` at most; whether it has. What it left in its group ends too.
  bool wait_for(int ms);
  // Waits until it has ended.
  void wait();
  // Asks it to end and takes what it started with it. A process that does not, even though it was
  // stopped no longer, is killed; one that is stuck in the kernel is not waited for.
  void end();
  // Kills it and its group at once.
  void kill_now();

 private:
  pid_t pid_ = -1;
  int status_ = 0;
};

// The lines "LEVEL: TEXT" that it says, logged here; text without a level under the backend's name.
// "end: TEXT" says why it ends.
class HostLog {
 public:
  // `errors_too`: else an error is only kept, for a result that carries it.
  HostLog(std::string backend, bool errors_too)
      : backend_(std::move(backend)), errors_too_(errors_too) {}

  // Reads of what is there; closes `from` at its end.
  void read_from(Fd& from);
  // The last error, or the last line without a level.
  const std::string& last_error() const { return last_error_; }
  const std::string& farewell() const { return farewell_; }

 private:
  void say(const std::string& line);

  std::string backend_;
  bool errors_too_;
  std::string rest_, last_error_, farewell_;
};

// Reads what is there to the end of `to`, no further than `limit` bytes altogether; closes `from`
// at its end.
void read_available(Fd& from, std::string& to, std::size_t limit);

}  // namespace xpu
