// SPDX-License-Identifier: Apache-2.0
// Device nodes that come and go: the driver's nodes are made by programs, with no message of the
// kernel.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sdk/helpers/fs.h"

namespace xpu::nvidia {

class NodeWatch {
 public:
  NodeWatch() = default;
  ~NodeWatch() { close(); }
  NodeWatch(const NodeWatch&) = delete;
  NodeWatch& operator=(const NodeWatch&) = delete;

  // The folders of nodes below `dev_root`; those that do not exist are watched once they do. Throws
  // std::runtime_error.
  void open(const sdk::Root& dev_root);
  void close();
  int fd() const { return fd_; }

  // Without waiting: "/dev/nvidia0 appeared" and the like, of our nodes only. False: changes were
  // lost.
  bool read(const std::function<void(const std::string&)>& changed);

 private:
  void watch_folders();

  struct Folder {
    std::string path, host_path;
    int watch = -1;
  };
  std::vector<Folder> folders_;
  int fd_ = -1;
};

}  // namespace xpu::nvidia
