// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pthread.h>

#include <functional>

#include "core/base/fd.h"

namespace xpu {

// Does one thing at a time that may take long, beside an event loop. The thread is there only while
// it has something to do: in between the process may fork, and costs nothing.
class Worker {
 public:
  Worker();   // throws Error
  ~Worker();  // waits for what is being done
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Readable once what was begun is done.
  int fd() const { return done_.get(); }
  bool busy() const { return busy_; }
  // Not while busy(). `work` must not throw. Throws Error when there is no thread to be had.
  void begin(std::function<void()> work);
  // After fd() became readable: ends the thread.
  void finish();

 private:
  static void* run(void* self);

  Fd done_;
  std::function<void()> work_;
  pthread_t thread_ = {};
  bool busy_ = false;
};

}  // namespace xpu
