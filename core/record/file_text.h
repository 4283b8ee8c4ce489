// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace xpu {

// The bytes of a file, mapped and not copied. For files that are only ever replaced whole: one that
// is made shorter under it takes the process down.
class FileText {
 public:
  FileText() = default;
  // Throws Error naming `path`.
  FileText(int fd, const std::string& path);
  FileText(FileText&& other) noexcept : text_(std::exchange(other.text_, {})) {}
  FileText& operator=(FileText&& other) noexcept {
    std::swap(text_, other.text_);
    return *this;
  }
  ~FileText();

  std::string_view view() const { return text_; }

 private:
  std::string_view text_;
};

}  // namespace xpu
