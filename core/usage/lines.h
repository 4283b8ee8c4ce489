// SPDX-License-Identifier: Apache-2.0
// The lines of a file that may be larger than one wants to hold.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/fd.h"

namespace xpu {

class Lines {
 public:
  // `path` is for messages only.
  Lines(Fd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  // The next line without its end, valid until the next call; nullopt after the last. What is
  // longer than 1 MiB comes in pieces. Throws Error.
  std::optional<std::string_view> next();

 private:
  Fd fd_;
  std::string path_;
  std::string buffer_;
  std::size_t at_ = 0;
  bool end_ = false;
};

}  // namespace xpu
