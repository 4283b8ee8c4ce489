// SPDX-License-Identifier: Apache-2.0
// xpu-backend-host: loads one backend in a process of its own and prints what it describes.
#include <getopt.h>
#include <signal.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>

#include "core/base/error.h"
#include "core/plugin_host/host.h"
#include "core/plugin_host/process.h"
#include "core/plugin_host/verify.h"
#include "core/plugin_host/watch.h"

namespace xpu {
namespace {

constexpr const char* kHelp =
    "Usage: xpu-backend-host --manifest FILE [options]\n"
    "       xpu-backend-host --watch --manifest FILE [options]\n"
    "       xpu-backend-host --verify [--json] [options] FILE...\n"
    "Loads the backend of a manifest in a child process and prints, as JSON, what it describes.\n"
    "With --watch, stays and prints events and samples of the backend, a line of JSON each, until\n"
    "its output is closed or it is told to end.\n"
    "With --verify, checks backends against every obligation; `xpu-runtime backends verify` is "
    "this.\n"
    "\n"
    "  --manifest FILE      the backend's manifest, an absolute path\n"
    "  --option NAME=VALUE  an option that the manifest declares; may be repeated\n"
    "  --deadline SECONDS   time that the backend has, 1 to 3600 (default 60)\n"
    "  --require-sha256     refuse a manifest that states no hash of its library\n"
    "  --memory BYTES       address space that it may use, at least 16777216 (default 4294967296)\n"
    "  --events             with --watch: what happens to devices\n"
    "  --samples            with --watch: what they measure; both where neither is given\n"
    "  --interval-ms N      time between two samples, 100 to 3600000 (default 5000)\n"
    "  --help, --version\n"
    "\n"
    "Messages and what the backend prints go to stderr, a line each, as \"LEVEL: TEXT\".\n"
    "Exit status: 0 described, or no such hardware; 1 wrong usage; 2 the backend failed;\n"
    "3 its library or manifest was refused; 4 it did not answer within the deadline.\n"
    "With --watch: 0 also when it was told to end.\n"
    "With --verify: 0 every obligation is met, 1 one is not, or wrong usage.\n";

struct Arguments {
  std::string manifest;
  BackendConfig config;
  HostLimits limits;
  bool require_sha256 = false;
  bool verify = false, json = false, watch = false;
  WatchOptions watched;
  std::vector<std::string> files;
};

template <class T>
T number(const char* option, const std::string& text, T least, T most) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || value < least || value > most) {
    fail(option, ": \"", text, "\" is not a number from ", least, " to ", most);
  }
  return value;
}

void take_option(Arguments& arguments, const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos) {
    fail("--option: \"", text, "\" is not NAME=VALUE");
  }
  arguments.config.options[text.substr(0, equals)] = text.substr(equals + 1);
}

// False when there is nothing left to do.
bool parse(int argc, char** argv, Arguments& arguments) {
  static const option kOptions[] = {{"manifest", required_argument, nullptr, 'f'},
                                    {"option", required_argument, nullptr, 'o'},
                                    {"deadline", required_argument, nullptr, 'd'},
                                    {"memory", required_argument, nullptr, 'm'},
                                    {"require-sha256", no_argument, nullptr, 'r'},
                                    {"help", no_argument, nullptr, 'h'},
                                    {"version", no_argument, nullptr, 'v'},
                                    {"verify", no_argument, nullptr, 'y'},
                                    {"json", no_argument, nullptr, 'j'},
                                    {"watch", no_argument, nullptr, 'w'},
                                    {"events", no_argument, nullptr, 'e'},
                                    {"samples", no_argument, nullptr, 's'},
                                    {"interval-ms", required_argument, nullptr, 'i'},
                                    {nullptr, 0, nullptr, 0}};
  opterr = 0;
  for (int found; (found = getopt_long(argc, argv, "", kOptions, nullptr)) != -1;) {
    switch (found) {
      case 'f':
        arguments.manifest = optarg;
        break;
      case 'o':
        take_option(arguments, optarg);
        break;
      case 'd':
        arguments.limits.deadline_s = number<unsigned>("--deadline", optarg, 1, 3600);
        break;
      case 'm':
        arguments.limits.memory_bytes =
            number<std::uint64_t>("--memory", optarg, 16 << 20, UINT64_MAX);
        break;
      case 'w':
        arguments.watch = true;
        break;
      case 'e':
        arguments.watched.events = true;
        break;
      case 's':
        arguments.watched.samples = true;
        break;
      case 'i':
        arguments.watched.interval_ms = number<unsigned>("--interval-ms", optarg, 100, 3600000);
        break;
      case 'y':
        arguments.verify = true;
        break;
      case 'j':
        arguments.json = true;
        break;
      case 'r':
        arguments.require_sha256 = true;
        break;
      case 'h':
        std::fputs(kHelp, stdout);
        return false;
      case 'v':
        std::puts("xpu-backend-host " XPU_VERSION);
        return false;
      default:
        fail(argv[optind - 1], ": not an option, or without its value; see --help");
    }
  }
  if (arguments.watch && arguments.verify) {
    fail("--watch and --verify exclude each other; see --help");
  }
  if (!arguments.watched.events && !arguments.watched.samples) {
    arguments.watched.events = arguments.watched.samples = true;
  } else if (!arguments.watch) {
    fail(arguments.watched.events ? "--events" : "--samples", " needs --watch; see --help");
  }
  if (arguments.verify) {
    arguments.files.assign(argv + optind, argv + argc);
    if (arguments.files.empty()) {
      fail("--verify: FILE is missing; see --help");
    }
    return true;
  }
  if (optind != argc) {
    fail(argv[optind], ": not an option; see --help");
  }
  if (arguments.manifest.empty() || arguments.manifest.front() != '/') {
    fail("--manifest FILE with an absolute path is missing; see --help");
  }
  return true;
}

void print_line(log::Level level, const std::string& text) {
  static const char* const kNames[] = {"debug", "info", "warning", "error"};
  const std::string line = cat(kNames[static_cast<int>(level)], ": ", text, "\n");
  std::fwrite(line.data(), 1, line.size(), stderr);
}

// Nothing of the caller's leaks into the backend's process.
void forget_the_caller() {
  process::forget_descriptors(STDERR_FILENO + 1);
  process::forget_environment();
  setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
  sigset_t none;
  sigemptyset(&none);
  pthread_sigmask(SIG_SETMASK, &none, nullptr);
  for (int number = 1; number < NSIG; ++number) {
    signal(number, SIG_DFL);
  }
}

int describe(const Arguments& arguments) {
  const FoundBackend found = read_manifest(arguments.manifest, arguments.config, "the command line",
                                           arguments.require_sha256);
  HostOutcome outcome;
  if (found.refused) {
    outcome.catalog.backend = found.manifest.name;
    outcome.catalog.state = CatalogState::kRefused;
    outcome.catalog.reason = found.reason;
  } else {
    outcome = run_backend(found.manifest, arguments.limits, print_line);
  }
  const std::string json = to_json(outcome.catalog) + "\n";
  if (std::fwrite(json.data(), 1, json.size(), stdout) != json.size() || std::fflush(stdout) != 0) {
    fail_errno("cannot write the description to stdout");
  }
  switch (outcome.catalog.state) {
    case CatalogState::kReady:
    case CatalogState::kAbsent:
      return kHostOk;
    case CatalogState::kRefused:
      return kHostRefused;
    case CatalogState::kFailed:
      break;
  }
  return outcome.hung ? kHostHung : kHostFailed;
}

[[noreturn]] void watch(const Arguments& arguments) {
  const FoundBackend found = read_manifest(arguments.manifest, arguments.config, "the command line",
                                           arguments.require_sha256);
  if (found.refused) {
    const std::string line = cat("end: ", found.reason, "\n");
    std::fwrite(line.data(), 1, line.size(), stderr);
    _exit(kHostRefused);
  }
  _exit(run_watch(found.manifest, arguments.limits, arguments.watched));
}

int verify(const Arguments& arguments) {
  std::vector<Verdict> verdicts;
  bool passed = true;
  for (const std::string& file : arguments.files) {
    verdicts.push_back(verify_backend(file, arguments.config.options, arguments.limits));
    passed = passed && verdicts.back().passed();
  }
  const std::string text = arguments.json ? verdicts_json(verdicts) : verdicts_text(verdicts);
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    fail_errno("cannot write to stdout");
  }
  return passed ? kHostOk : kHostUsage;
}

int run(int argc, char** argv) {
  forget_the_caller();
  // Not SIGKILL: what the backend started is ended first.
  process::end_with_parent(SIGTERM);
  try {
    Arguments arguments;
    if (!parse(argc, argv, arguments)) {
      return kHostOk;
    }
    if (arguments.watch) {
      watch(arguments);
    }
    return arguments.verify ? verify(arguments) : describe(arguments);
  } catch (const std::exception& error) {
    print_line(log::Level::kError, cat("xpu-backend-host: ", error.what()));
    return kHostUsage;
  }
}

}  // namespace
}  // namespace xpu

int main(int argc, char** argv) {
  return xpu::run(argc, argv);
}
