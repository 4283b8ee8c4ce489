// SPDX-License-Identifier: Apache-2.0
// The search for the low-level runtime.
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "core/base/error.h"
#include "core/base/platform.h"
#include "core/base/trust.h"
#include "core/config/config.h"

namespace xpu {
namespace {

constexpr const char* kVariable = "XPU_CONTAINER_RUNTIME_PATH";
constexpr const char* kDefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

bool is_ourselves(int fd) {
  struct stat self {
  }, other{};
  return ::stat(platform::own_program().c_str(), &self) == 0 && ::fstat(fd, &other) == 0 &&
         self.st_dev == other.st_dev && self.st_ino == other.st_ino;
}

// Why the program at an absolute path cannot be taken; "" when it can.
std::string objection(const std::string& path) {
  try {
    const Fd fd = open_trusted(path, TrustKind::kProgram);
    if (!fd) {
      return cat(path, " does not exist");
    }
    return is_ourselves(fd.get()) ? cat(path, " is this program itself") : "";
  } catch (const Error& error) {
    return error.what();
  }
}

struct Search {
  std::string found;    // path; "" when nothing was taken
  std::string reasons;  // why not
};

void add_reason(std::string& reasons, const std::string& reason) {
  reasons += reasons.empty() ? reason : cat("; ", reason);
}

// Tries every folder of PATH.
Search search_path(const std::string& name) {
  const char* variable = std::getenv("PATH");
  std::string_view rest = variable != nullptr ? variable : kDefaultPath;
  Search search;
  while (!rest.empty()) {
    const std::size_t colon = std::min(rest.find(':'), rest.size());
    const std::string_view folder = rest.substr(0, colon);
    rest.remove_prefix(std::min(colon + 1, rest.size()));
    const std::string candidate = cat(folder, '/', name);
    struct stat st {};
    // A relative folder means another program in every working directory.
    if (folder.empty() || folder.front() != '/' || ::stat(candidate.c_str(), &st) != 0) {
      continue;
    }
    const std::string reason = objection(candidate);
    if (reason.empty()) {
      search.found = candidate;
      return search;
    }
    add_reason(search.reasons, reason);
  }
  if (search.reasons.empty()) {
    search.reasons = cat(name, " is not in PATH");
  }
  return search;
}

Search search(const std::string& name) {
  if (name.find('/') == std::string::npos) {
    return search_path(name);
  }
  if (name.front() != '/') {
    return {"", cat(name, " is neither a name nor an absolute path")};
  }
  const std::string reason = objection(name);
  return reason.empty() ? Search{name, ""} : Search{"", reason};
}

// One that was named explicitly is taken or an error: nothing else is tried in its place.
std::string explicit_runtime(const std::string& name, const std::string& origin) {
  const Search result = search(name);
  if (result.found.empty()) {
    fail("the low-level runtime that ", origin, " names cannot be used: ", result.reasons);
  }
  return result.found;
}

}  // namespace

std::string find_low_level_runtime(const Config& config) {
  const std::string file = config.file.empty() ? config_path() : config.file;
  if (const char* name = std::getenv(kVariable); name != nullptr && name[0] != '\0') {
    return explicit_runtime(name, kVariable);
  }
  if (!config.runtime_path.empty()) {
    return explicit_runtime(config.runtime_path, cat("runtime-path in ", file));
  }
  std::string reasons;
  for (const std::string& name : config.runtimes) {
    const Search result = search(name);
    if (!result.found.empty()) {
      return result.found;
    }
    add_reason(reasons, result.reasons);
  }
  fail("no low-level runtime found (", reasons,
       "); install runc or crun, or set runtimes or runtime-path in ", file);
}

}  // namespace xpu
