// SPDX-License-Identifier: Apache-2.0
// Whether a file was written, replaced, made or removed: inotify on its folder where there is such
// a thing.
#pragma once

#include <string>

namespace xpu::sim {

class FileWatch {
 public:
  FileWatch() = default;
  ~FileWatch() { close(); }
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  // Throws sdk::Absent where the folder does not exist.
  void open(const std::string& file);
  void close();
  // -1: the system tells nothing; the file is to be looked at from time to time.
  int fd() const { return fd_; }

  enum class Got { kNothing, kChanged, kLost };
  // What came since, without waiting; kChanged where the system tells nothing.
  Got read();

 private:
  std::string name_;  // in its folder
  int fd_ = -1;
};

}  // namespace xpu::sim
