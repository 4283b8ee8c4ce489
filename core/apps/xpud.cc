// SPDX-License-Identifier: Apache-2.0
// xpud: looks after devices and containers while they live. Nothing needs it to run.
#include <getopt.h>
#include <malloc.h>
#include <sys/stat.h>

#include <cstdio>

#include "core/base/error.h"
#include "core/config/config.h"
#include "core/daemon/daemon.h"
#include "core/log/log.h"

namespace xpu {
namespace {

constexpr const char* kHelp =
    "Usage: xpud\n"
    "Follows devices as they come, go and fail: keeps descriptions, CDI files and the journal of\n"
    "events current, serves metrics, and gives running containers devices back that they lost.\n"
    "It stays in the foreground, logs to stderr, and ends at SIGTERM or SIGINT; SIGHUP has it "
    "read\n"
    "its configuration again, [xpud] and everything else of config.toml.\n"
    "\n"
    "  --help, --version\n";

// What is to be done before there is anything else; false when that was all.
bool parse(int argc, char** argv) {
  static const option kOptions[] = {{"help", no_argument, nullptr, 'h'},
                                    {"version", no_argument, nullptr, 'v'},
                                    {nullptr, 0, nullptr, 0}};
  opterr = 0;
  switch (getopt_long(argc, argv, "", kOptions, nullptr)) {
    case -1:
      break;
    case 'h':
      std::fputs(kHelp, stdout);
      return false;
    case 'v':
      std::puts("xpud " XPU_VERSION);
      return false;
    default:
      fail(argv[optind - 1], ": not an option; see --help");
  }
  if (optind != argc) {
    fail(argv[optind], ": not an option; see --help");
  }
  return true;
}

int run(int argc, char** argv) {
  log::Targets targets;
  targets.program = "xpud";
  targets.stderr_is_log = true;
  log::configure(targets);
  try {
    if (!parse(argc, argv)) {
      return 0;
    }
    // CDI files are for all to read; what is not says so itself.
    ::umask(022);
    // Memory goes back where it is not needed: this process lives for months and does little.
    ::mallopt(M_ARENA_MAX, 1);
    ::mallopt(M_TRIM_THRESHOLD, 64 << 10);
    Daemon daemon(load_config());
    daemon.run();
  } catch (const std::exception& error) {
    log::error(error.what());
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace xpu

int main(int argc, char** argv) {
  return xpu::run(argc, argv);
}
