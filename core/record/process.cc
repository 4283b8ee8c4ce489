// SPDX-License-Identifier: Apache-2.0
#include "core/record/process.h"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <optional>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/host.h"
#include "core/oci/text.h"
#include "core/record/record.h"

namespace xpu {
namespace {

struct ProcessState {
  char state = '\0';  // field 3 of /proc/PID/stat
  std::uint64_t start_time = 0;
};

// The name in field 2 may hold spaces and brackets, so fields are counted from its last bracket.
std::optional<ProcessState> parse_stat(std::string_view text) {
  const std::size_t bracket = text.rfind(") ");
  if (bracket == std::string_view::npos) {
    return std::nullopt;
  }
  text.remove_prefix(bracket + 2);
  ProcessState out{text.empty() ? '\0' : text.front(), 0};
  for (int field = 3; field < 22; ++field) {
    const std::size_t space = text.find(' ');
    if (space == std::string_view::npos) {
      return std::nullopt;
    }
    text.remove_prefix(space + 1);
  }
  std::from_chars(text.data(), text.data() + text.size(), out.start_time);
  return out;
}

std::optional<ProcessState> state_of(const std::string& pid) {
  try {
    const std::optional<std::string> text =
        read_file_if_present(cat("/proc/", pid, "/stat"), std::size_t{64} << 10);
    return text ? parse_stat(*text) : std::nullopt;
  } catch (const Error&) {
    return std::nullopt;  // the process ended while we read
  }
}

// runc ignores XDG_RUNTIME_DIR for the host's root, and for a root in a user namespace that is
// called root there too.
bool runc_honours_xdg() {
  if (::geteuid() != 0) {
    return true;
  }
  const char* const user = std::getenv("USER");
  return in_user_namespace() && (user == nullptr || std::string_view(user) != "root");
}

}  // namespace

bool process_runs(std::int64_t pid, std::uint64_t start_time) {
  const std::optional<ProcessState> found = pid > 0 ? state_of(text_of(pid)) : std::nullopt;
  return found && found->state != 'Z' && found->state != 'X' &&
         (start_time == 0 || found->start_time == start_time);
}

Creator this_process() {
  const std::optional<ProcessState> self = state_of("self");
  return {::getpid(), self ? self->start_time : 0, boot_id()};
}

std::string default_runtime_root(const std::string& low_level_runtime) {
  const std::string program = low_level_runtime.substr(low_level_runtime.rfind('/') + 1);
  const bool crun = program.find("crun") != std::string::npos;
  const std::string name = crun ? "/crun" : "/runc";
  const char* const xdg = std::getenv("XDG_RUNTIME_DIR");
  if (xdg != nullptr && *xdg != '\0' && (crun || runc_honours_xdg())) {
    return xdg + name;
  }
  return cat("/run", name);
}

}  // namespace xpu
