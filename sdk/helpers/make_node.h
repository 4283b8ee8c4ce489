// SPDX-License-Identifier: Apache-2.0
// Device nodes that a kernel driver leaves to others to make.
#pragma once

#include <string>

namespace xpu::sdk {

struct NewNode {
  unsigned major_number = 0, minor_number = 0;
  unsigned mode = 0666;  // permission bits
  unsigned uid = 0, gid = 0;
};

// Makes the character device `path`, and folders above it (0755) that are missing. Whatever is
// there already stays, whoever made it and when; nobody ever sees the node with another mode or
// owner. Returns what is wrong, as one line that names the path; "" when something is there.
std::string make_node(const std::string& path, const NewNode& node);

}  // namespace xpu::sdk
