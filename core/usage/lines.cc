// SPDX-License-Identifier: Apache-2.0
#include "core/usage/lines.h"

#include <unistd.h>

#include "core/base/error.h"

namespace xpu {
namespace {

constexpr std::size_t kBlock = std::size_t{64} << 10;
constexpr std::size_t kLongest = std::size_t{1} << 20;

}  // namespace

std::optional<std::string_view> Lines::next() {
  std::size_t seen = at_;
  for (;;) {
    const std::size_t line_end = buffer_.find('\n', seen);
    if (line_end != std::string::npos) {
      const std::size_t begin = std::exchange(at_, line_end + 1);
      return std::string_view(buffer_).substr(begin, line_end - begin);
    }
    if (end_ || buffer_.size() - at_ > kLongest) {
      const std::size_t begin = std::exchange(at_, buffer_.size());
      return begin == buffer_.size() ? std::nullopt
                                     : std::optional(std::string_view(buffer_).substr(begin));
    }
    buffer_.erase(0, std::exchange(at_, 0));
    const std::size_t size = buffer_.size();
    seen = size;
    buffer_.resize(size + kBlock);
    ssize_t n;
    do {
      n = ::read(fd_.get(), buffer_.data() + size, kBlock);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
      fail_errno("cannot read ", path_);
    }
    buffer_.resize(size + n);
    end_ = n == 0;
  }
}

}  // namespace xpu
