// SPDX-License-Identifier: Apache-2.0
// xpu-container-runtime: the OCI runtime that engines call. It edits the config.json of a container
// that asks for an accelerator and becomes the low-level runtime by exec; every other call becomes
// the low-level runtime at once.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "core/argv/argv.h"
#include "core/base/error.h"
#include "core/config/config.h"
#include "core/log/log.h"
#include "core/record/record.h"
#include "core/start/start.h"

namespace xpu {
namespace {

// A configuration that is broken or not to be trusted must not keep a container from starting that
// asks for nothing, nor from being stopped; it does keep one that asks.
struct LoadedConfig {
  Config config;
  std::string error;
};

LoadedConfig load() {
  try {
    return {load_config(), ""};
  } catch (const Error& error) {
    return {salvage_config(), error.what()};
  }
}

void set_up_log(const Invocation& call, const Config& config) {
  log::Targets targets;
  targets.level = call.debug ? log::Level::kDebug : config.log_level;
  targets.engine_file = call.log_file;
  targets.engine_json = call.log_format == "json";
  targets.debug_file = config.debug;
  log::configure(targets);
}

[[noreturn]] void become(const std::string& runtime, char** argv) {
  // argv and the environment go on as they came, but for the program's name.
  std::string name = runtime;
  argv[0] = name.data();
  ::execve(runtime.c_str(), argv, environ);
  fail_errno(runtime, ": cannot be executed");
}

// The root that a container's record and state are found by, from whichever folder and however it
// was written.
std::string root_of(const Invocation& call, const std::string& runtime) {
  return call.root.empty() ? default_runtime_root(runtime) : absolute_path(call.root);
}

// The id belongs to a container that exists, or to a start that is under way: the low-level runtime
// would refuse the id, and our files of the other container must stay as they are.
void refuse_live_id(const std::optional<Record>& record) {
  if (record && Records::live(*record)) {
    fail("container ", record->id, " exists already (started by process ", record->creator.pid,
         " from ", record->bundle, "); delete it first or use another id");
  }
}

void edit_bundle(const Invocation& call, const LoadedConfig& loaded, const std::string& runtime) {
  // Engines pass --pid-file and make bundles anew after a crash; a person's own bundle is worth the
  // milliseconds that a sync costs on a disk.
  const bool sync = call.pid_file.empty();
  const Asked asked = read_asked(loaded.config, call.bundle, call.config_file);
  if (!loaded.error.empty()) {
    const std::string variable =
        asking_variable(asked.environment, asked.found, known_variables_file());
    if (!variable.empty()) {
      fail("this container asks for accelerators (", variable,
           "), but the configuration cannot be used: ", loaded.error);
    }
  }
  const Request request = read_request(asked);
  for (const std::string& warning : request.warnings) {
    log::warn(warning);
  }
  if (request.kind == RequestKind::kNone) {
    take_back(call.bundle, call.config_file, sync);
    return;
  }
  check_container_id(call.id);
  Bundle bundle(call.bundle, call.config_file);
  Records records(loaded.config.state_dir);
  const ContainerName name{root_of(call, runtime), call.id};
  const std::optional<Record> record = records.find(name.runtime_root, name.id);
  refuse_live_id(record);
  Start start{loaded.config, asked.found, request, bundle, records, name};
  start.recorded = call.verb == Verb::kRestore && record ? &record->selection : nullptr;
  start.sync = sync;
  start.systemd_cgroup = call.systemd_cgroup;
  serve(start);
}

// The low-level runtime refuses to delete a running container unless forced; its record then stays.
void forget(const Invocation& call, const Config& config, const std::string& runtime) {
  Records records(config.state_dir);
  const std::string root = root_of(call, runtime);
  if (records.find(root, call.id) && (call.force || !container_running(root, call.id))) {
    records.remove(root, call.id);
  }
}

int run(int argc, char** argv) {
  const std::vector<std::string> args(argv, argv + argc);
  const Invocation call = parse_argv(args);
  const LoadedConfig loaded = load();
  set_up_log(call, loaded.config);
  try {
    if (!loaded.error.empty() && call.verb != Verb::kNone && call.verb != Verb::kOther) {
      log::warn(cat(loaded.error, " (defaults are used for what cannot be read)"));
    }
    const std::string runtime = find_low_level_runtime(loaded.config);
    switch (call.verb) {
      case Verb::kCreate:
      case Verb::kRun:
      case Verb::kRestore:
        if (!call.id.empty()) {
          edit_bundle(call, loaded, runtime);
        }
        break;
      case Verb::kDelete:
        forget(call, loaded.config, runtime);
        break;
      case Verb::kNone:
      case Verb::kOther:
        break;
    }
    become(runtime, argv);
  } catch (const std::exception& error) {
    log::error(error.what());
    return 1;
  }
}

}  // namespace
}  // namespace xpu

int main(int argc, char** argv) {
  // Descriptors 0 to 2 that a caller closed would be reused for our own files.
  for (int fd = 0; fd < 3; ++fd) {
    if (::fcntl(fd, F_GETFD) == -1 && ::open("/dev/null", O_RDWR | O_CLOEXEC) != fd) {
      return 1;
    }
  }
  return xpu::run(argc, argv);
}
