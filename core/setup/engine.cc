// SPDX-License-Identifier: Apache-2.0
#include "core/setup/engine.h"

#include <sys/stat.h>

#include <charconv>

#include "core/base/error.h"
#include "core/setup/files.h"
#include "core/setup/program.h"

namespace xpu {

const std::vector<std::unique_ptr<Engine>>& engines() {
  static const std::vector<std::unique_ptr<Engine>> all = [] {
    std::vector<std::unique_ptr<Engine>> list;
    list.push_back(docker_engine());
    list.push_back(containerd_engine());
    list.push_back(crio_engine());
    list.push_back(podman_engine());
    list.push_back(slurm_engine());
    return list;
  }();
  return all;
}

unsigned major_version(const SetupOptions& options, const std::string& program) {
  const std::string path = options.root.empty() ? find_program("", program) : "";
  if (path.empty()) {
    return 0;
  }
  const std::string text = ask({path, "--version"}, 10).output;
  // The number that a dot follows: "containerd github.com/containerd/containerd v2.1.4 75cb2b7".
  for (std::size_t at = text.find_first_of("0123456789"); at < text.size();
       at = text.find_first_of("0123456789", at)) {
    const std::size_t end = std::min(text.find_first_not_of("0123456789", at), text.size());
    const bool begins = at == 0 || text[at - 1] == ' ' || text[at - 1] == 'v';
    if (begins && end < text.size() && text[end] == '.') {
      unsigned number = 0;
      std::from_chars(text.data() + at, text.data() + end, number);
      return number;
    }
    at = end;
  }
  return 0;
}

bool exists(const SetupOptions& options, const std::string& path) {
  struct stat st {};
  return ::stat(resolve_in(options.root, path).c_str(), &st) == 0;
}

void refuse_drop_in(const std::string& engine, const std::string& why) {
  fail(engine, ' ', why, "; leave --drop-in out");
}

}  // namespace xpu
