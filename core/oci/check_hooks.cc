// SPDX-License-Identifier: Apache-2.0
#include <string_view>

#include "core/oci/check.h"

namespace xpu::check {
namespace {

// Where the path of a hook is looked up, and what a failure of it means.
struct Phase {
  std::string_view name;
  bool in_container;
  Refuses on_failure;
};
constexpr Phase kPhases[] = {
    {"prestart", false, Refuses::kBoth},        {"createRuntime", false, Refuses::kBoth},
    {"createContainer", false, Refuses::kBoth}, {"startContainer", true, Refuses::kBoth},
    {"poststart", false, Refuses::kRunc},       {"poststop", false, Refuses::kNobody}};

void check_program(const Place& hook, const std::string& path, const Phase& phase, const Host& host,
                   const Files& files, Findings& out) {
  const bool coming = !host.coming.empty() && path.starts_with(host.coming + "/");
  const std::optional<Look> found = phase.in_container ? files.look(path)
                                    : coming           ? std::nullopt
                                                       : std::optional(look_at(path));
  if (!found || !found->known) {
    return;
  }
  const char* const where = phase.in_container ? "in the root file system" : "on this host";
  if (!found->there) {
    out.add(phase.on_failure, hook.path_of("path"), quoted(path), " does not exist ", where);
  } else if (!S_ISREG(found->status.st_mode)) {
    out.add(phase.on_failure, hook.path_of("path"), quoted(path), " is not a file");
  } else if ((found->status.st_mode & 0111) == 0) {
    out.add(phase.on_failure, hook.path_of("path"), quoted(path), " is not executable");
  }
}

void check_hook(const Place& hook, const Phase& phase, const Host& host, const Files& files,
                Findings& out) {
  const std::string path = hook.text("path").value_or("");
  if (path.empty()) {
    out.add(Refuses::kBoth, hook.path_of("path"),
            "is missing or empty; it names the hook's program");
  } else if (path.front() != '/') {
    out.add(Refuses::kRunc, hook.path_of("path"), quoted(path), " is not an absolute path");
  } else if (host.look) {
    check_program(hook, path, phase, host, files, out);
  }
  if (const std::optional<std::int64_t> seconds = hook.integer("timeout");
      seconds && *seconds <= 0) {
    out.add(*seconds == 0 ? Refuses::kRunc : Refuses::kBoth, hook.path_of("timeout"), *seconds,
            " leaves the hook no time to run");
  }
}

}  // namespace

void check_hooks(const Place& document, const Host& host, const Files& files, Findings& out) {
  const std::optional<Place> hooks = document.get("hooks");
  for (const Phase& phase : kPhases) {
    for (const Place& hook : hooks ? hooks->elements(phase.name) : std::vector<Place>()) {
      if (hook.value().is_object()) {
        check_hook(hook, phase, host, files, out);
      }
    }
  }
}

}  // namespace xpu::check
