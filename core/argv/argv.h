// SPDX-License-Identifier: Apache-2.0
// What a caller of an OCI runtime asked for. Reads argv with a table of the options of runc and
// crun; nothing is rewritten, argv goes to the low-level runtime as it came.
#pragma once

#include <string>
#include <vector>

namespace xpu {

enum class Verb { kNone, kCreate, kRun, kRestore, kDelete, kOther };

struct Invocation {
  Verb verb = Verb::kNone;  // kNone: no verb at all (--version, -h, empty)
  std::string verb_name;    // "create", "state", ...
  std::string id;           // of create, run, restore and delete; "" when none was given
  std::string bundle;       // -b / --bundle; "" means the working directory
  std::string config_file;  // crun's --config / -f; "" means config.json in the bundle
  std::string root;         // --root; "" when not given
  std::string log_file;     // --log; "" when not given
  std::string log_format;   // --log-format; "" when not given
  std::string pid_file;     // --pid-file; "" when not given. Engines give one, people seldom do.
  bool debug = false;       // --debug
  bool systemd_cgroup = false;

  // Engines make bundles anew after a crash; a person's own bundle is worth the milliseconds that a
  // sync costs on a disk.
  bool syncs() const { return pid_file.empty(); }
};

// args[0] is the program's name. Never fails: what cannot be understood is left to the low-level
// runtime, which says so in its own words.
Invocation parse_argv(const std::vector<std::string>& args);

// runc's rule for container ids (non-empty, [A-Za-z0-9_+.-], not "." or "..", at most 255 bytes).
// Throws Error.
void check_container_id(const std::string& id);

}  // namespace xpu
