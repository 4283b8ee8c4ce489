// SPDX-License-Identifier: Apache-2.0
#include "core/daemon/worker.h"

#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/base/error.h"

namespace xpu {
namespace {

// As much as what describes and writes files needs, many times over.
constexpr std::size_t kStackBytes = std::size_t{2} << 20;

}  // namespace

Worker::Worker() : done_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!done_) {
    fail_errno("cannot make an eventfd");
  }
}

Worker::~Worker() {
  if (busy_) {
    ::pthread_join(thread_, nullptr);
  }
}

void Worker::begin(std::function<void()> work) {
  work_ = std::move(work);
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes, kStackBytes);
  // Signals are the loop's.
  sigset_t all, before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  errno = ::pthread_create(&thread_, &attributes, &Worker::run, this);
  const int error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ::pthread_attr_destroy(&attributes);
  if (error != 0) {
    errno = error;
    fail_errno("cannot start a thread");
  }
  busy_ = true;
}

void* Worker::run(void* self) {
  Worker* worker = static_cast<Worker*>(self);
  worker->work_();
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(worker->done_.get(), &one, sizeof one);
  return nullptr;
}

void Worker::finish() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = ::read(done_.get(), &count, sizeof count);
  ::pthread_join(thread_, nullptr);
  work_ = nullptr;
  busy_ = false;
}

}  // namespace xpu
