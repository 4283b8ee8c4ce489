// SPDX-License-Identifier: Apache-2.0
// xpu-container-runtime: the OCI runtime that engines call. It edits the config.json of a container
// that asks for an accelerator and becomes the low-level runtime by exec; every other call becomes
// the low-level runtime at once.
#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include <ctime>
#include <string>
#include <vector>

#include "core/argv/argv.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/config/config.h"
#include "core/engine/origin.h"
#include "core/log/log.h"
#include "core/policy/audit.h"
#include "core/record/record.h"
#include "core/report/report.h"
#include "core/start/account.h"
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

// A broken configuration says nothing about who may have what.
void refuse_to_ask(const Asked& asked, const LoadedConfig& loaded) {
  const std::string variable =
      asking_variable(asked.said, asked.found, loaded.config, known_variables_file());
  if (!variable.empty()) {
    fail("this container asks for accelerators (", variable,
         "), but the configuration cannot be used: ", loaded.error);
  }
}

// What policy kept from the container without keeping it from starting.
void audit_passed_over(const Config& config, const Request& request, AuditEntry entry) {
  entry.event = AuditEntry::Event::kPassedOver;
  for (const PassedOver& passed : request.passed_over) {
    entry.source = to_string(passed.source);
    entry.name = passed.name;
    entry.rule = passed.rule;
    audit_denial(config, entry);
  }
}

void trace_request(const Request& request, StartTrace& trace) {
  trace.clock.ended(StartStep::kConfiguration);
  trace.told = request.kind != RequestKind::kNone || !request.passed_over.empty();
  trace.report.result = StartResult::kWithoutDevices;  // until there are some
  for (const PassedOver& passed : request.passed_over) {
    trace.report.passed_by.push_back(passed.rule);
    trace.report.reason = cat("policy does not accept ", passed.name);
  }
}

// To xpud, if there is one.
void tell(const Invocation& call, const Config& config, const std::string& runtime,
          StartTrace& trace) {
  trace.report.container = call.id;
  trace.report.runtime_root = root_of(call, runtime);
  trace.clock.write_to(trace.report);
  send_report(config.state_dir, trace.report);
}

// Nothing about an earlier container of its id keeps one from starting that asks for nothing.
void forget_namesake(const Invocation& call, const Config& config,
                     const std::string& runtime) noexcept {
  try {
    Records records(config.state_dir);
    forget_dead(config, records, {root_of(call, runtime), call.id});
  } catch (const std::exception&) {
    // As above.
  }
}

void serve_request(const Invocation& call, const Config& config, const Asked& asked,
                   const Request& request, const std::string& runtime, StartTrace& trace) {
  check_container_id(call.id);
  Bundle bundle(call.bundle, call.config_file);
  refuse_changed(bundle, asked);
  Records records(config.state_dir);
  const ContainerName name{root_of(call, runtime), call.id};
  const std::optional<Record> record = records.find(name.runtime_root, name.id);
  refuse_live_id(record);
  if (record && request.kind == RequestKind::kDriversOnly && call.verb != Verb::kRestore) {
    forget_dead(config, records, name);
  }
  Start start{config, asked, request, bundle, name};
  start.recorded = call.verb == Verb::kRestore && record ? &record->selection : nullptr;
  start.sync = call.syncs();
  start.systemd_cgroup = call.systemd_cgroup;
  start.trace = &trace;
  serve(start, records);
}

void edit_bundle(const Invocation& call, const LoadedConfig& loaded, const std::string& runtime,
                 const Asked& asked, StartTrace& trace) {
  if (!loaded.error.empty()) {
    refuse_to_ask(asked, loaded);
  }
  AuditEntry entry;
  entry.container = call.id;
  entry.bundle = call.bundle;
  try {
    const Request request = read_request(asked, loaded.config);
    audit_passed_over(loaded.config, request, entry);
    trace_request(request, trace);
    for (const std::string& warning : request.warnings) {
      log::warn(warning);
    }
    for (const std::string& note : request.notes) {
      log::debug(note);
    }
    if (request.kind == RequestKind::kNone) {
      forget_namesake(call, loaded.config, runtime);
      take_back(asked, request, call.bundle, call.config_file, call.syncs());
      return;
    }
    entry.source = to_string(request.source);
    entry.name = request.variable;
    serve_request(call, loaded.config, asked, request, runtime, trace);
  } catch (const Denied& denied) {
    entry.rule = denied.rule();
    if (!denied.name().empty()) {
      entry.name = denied.name();
      entry.source = to_string(entry.name.starts_with("annotation ") ? RequestSource::kAnnotations
                                                                     : RequestSource::kEnvironment);
    }
    audit_denial(loaded.config, entry);
    trace.report.rule = denied.rule();
    throw;
  }
}

// Who asks is found out anew here: a start that fails has no record.
void tell_of_failure(const Invocation& call, const Config& config, const std::string& runtime,
                     const Asked& asked, StartTrace& trace, StartResult result,
                     const char* reason) {
  if (!reports_wanted(config.state_dir)) {
    return;
  }
  trace.report.result = result;
  trace.report.reason = reason;
  if (asked.spec != nullptr) {
    const std::string root = root_of(call, runtime);
    note_origin(origin_of(*asked.spec, absolute_path(call.bundle.empty() ? "." : call.bundle), root,
                          call.id),
                trace.report);
  }
  tell(call, config, runtime, trace);
}

void start_container(const Invocation& call, const LoadedConfig& loaded, const std::string& runtime,
                     std::int64_t began_ns) {
  StartTrace trace(began_ns);
  const Asked asked = read_asked(loaded.config, call.bundle, call.config_file);
  const auto failed = [&](StartResult result, const Error& error) {
    tell_of_failure(call, loaded.config, runtime, asked, trace, result, error.what());
  };
  try {
    edit_bundle(call, loaded, runtime, asked, trace);
  } catch (const Denied& error) {
    failed(StartResult::kDenied, error);
    throw;
  } catch (const Busy& error) {
    failed(StartResult::kBusy, error);
    throw;
  } catch (const Error& error) {
    failed(StartResult::kFailed, error);
    throw;
  }
  if (trace.told) {
    tell(call, loaded.config, runtime, trace);
  }
}

// The lease ends once the low-level runtime has let go of the container: it may refuse to, as it
// does with one that runs.
void stamp(const Invocation& call, const Config& config, const std::string& runtime) {
  Records records(config.state_dir);
  const std::string root = root_of(call, runtime);
  if (const std::optional<Record> record = records.find(root, call.id)) {
    records.stamp_end(root, call.id);
    stamp_account(config, *record, std::time(nullptr));
    finish_dead(config, records, {});
  }
}

int run(int argc, char** argv) {
  const std::int64_t began_ns = monotonic_ns();
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
          start_container(call, loaded, runtime, began_ns);
        }
        break;
      case Verb::kDelete:
        stamp(call, loaded.config, runtime);
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
  // A start is over before it would pay to give memory back, or to ask for it little by little.
  ::mallopt(M_TOP_PAD, 1 << 20);
  ::mallopt(M_TRIM_THRESHOLD, 1 << 30);
  // Descriptors 0 to 2 that a caller closed would be reused for our own files.
  for (int fd = 0; fd < 3; ++fd) {
    if (::fcntl(fd, F_GETFD) == -1 && ::open("/dev/null", O_RDWR | O_CLOEXEC) != fd) {
      return 1;
    }
  }
  return xpu::run(argc, argv);
}
