// SPDX-License-Identifier: Apache-2.0
#include "core/record/file_text.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include "core/base/error.h"

namespace xpu {

FileText::FileText(int fd, const std::string& path) {
  struct stat status = {};
  if (::fstat(fd, &status) != 0) {
    fail_errno("cannot read ", path);
  }
  if (status.st_size == 0) {
    return;
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  void* const bytes = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
  if (bytes == MAP_FAILED) {
    fail_errno("cannot read ", path);
  }
  text_ = {static_cast<const char*>(bytes), size};
}

FileText::~FileText() {
  if (!text_.empty()) {
    ::munmap(const_cast<char*>(text_.data()), text_.size());
  }
}

}  // namespace xpu
