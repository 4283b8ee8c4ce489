// SPDX-License-Identifier: Apache-2.0
// xpu-container-runtime-hook: what engines have low-level runtimes start when they want devices for
// a container without asking for the runtime (docker's --gpus). Only the mode "legacy" could serve
// that; in every other it says what to do instead.
#include <unistd.h>

#include <cstdio>
#include <string>
#include <string_view>

#include "core/base/error.h"
#include "core/base/stream.h"
#include "core/config/config.h"
#include "core/log/log.h"
#include "core/oci/text.h"
#include "core/plugin/refresh.h"
#include "core/select/qualified.h"
#include "core/select/select.h"
#include "core/start/mode.h"
#include "core/start/start.h"

namespace xpu {
namespace {

constexpr std::size_t kMaxState = std::size_t{16} << 20;
constexpr const char* kState = "the state of the container on standard input";

constexpr const char* kUsage =
    "Usage: xpu-container-runtime-hook [--debug] PHASE\n"
    "\n"
    "Low-level runtimes start this as a hook of the phase \"prestart\" or \"createRuntime\", with "
    "the\n"
    "state of the container on standard input. In every mode but \"legacy\" it fails for a "
    "container\n"
    "that asks for accelerators: the runtime itself gives them, without a hook. It does nothing "
    "in\n"
    "the phases createContainer, startContainer, poststart and poststop.\n";

void say(const std::string& line) {
  std::fputs((line + "\n").c_str(), stderr);
}

// The bundle of the container; "" where nobody says.
std::string bundle_on_stdin() {
  const std::string state =
      ::isatty(STDIN_FILENO) == 1 ? "" : read_stream(STDIN_FILENO, kState, kMaxState);
  if (state.find_first_not_of(" \t\r\n") == state.npos) {
    return "";
  }
  json::validate(state, kState);
  const std::optional<json::Value> bundle = json::find(state, json::root(state), "bundle", kState);
  return bundle ? json::as_string(*bundle).value_or("") : "";
}

// Without a bundle nobody can be said to ask for nothing.
struct Container {
  Request request;
  std::vector<BackendStatus> backends;
  bool asks = true;
};

Container container_in(const std::string& bundle, const Config& config) {
  Container out;
  std::vector<FoundBackend> found;
  if (bundle.empty()) {
    found = find_backends(config);
  } else {
    Asked asked = read_asked(config, bundle, "");
    out.request = parse_request(asked.said, asked.found, config, known_variables_file());
    out.asks = out.request.kind != RequestKind::kNone;
    found = std::move(asked.found);
  }
  if (out.asks && config.mode == kModeAuto) {
    if (const auto needed = backends_needed(out.request, found, config)) {
      out.backends = load_backends(config, found, *needed, Freshness::kCacheIfValid);
    }
  }
  return out;
}

int prestart() {
  const Config config = load_config();
  const Container container = container_in(bundle_on_stdin(), config);
  if (!container.asks) {
    return 0;
  }
  const Mode mode = mode_of(config, container.request, container.backends);
  say(cat(config.mode == kModeAuto ? "Auto-detected mode as '" : "Using requested mode '",
          to_string(mode), "'"));
  say(mode == Mode::kLegacy
          ? "the XPU Container Runtime Hook of this version cannot give devices to a container "
            "yet. "
            "Please set mode = \"auto\" and use the XPU Container Runtime instead."
          : "invoking the XPU Container Runtime Hook directly (e.g. specifying the docker --gpus "
            "flag) is not supported. Please use the XPU Container Runtime instead.");
  return 1;
}

int run(int argc, char** argv) {
  std::string phase;
  log::Targets targets;
  targets.program = "xpu-container-runtime-hook";
  targets.level = log::Level::kWarn;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--version") {
      std::printf("xpu-container-runtime-hook %s\n", XPU_VERSION);
      return 0;
    }
    if (word == "--help" || word == "-h") {
      std::fputs(kUsage, stdout);
      return 0;
    }
    if (word == "--debug" || word == "-debug") {
      targets.level = log::Level::kDebug;
    } else if (phase.empty()) {
      phase = word;
    } else {
      phase = "-";
    }
  }
  log::configure(targets);
  if (phase == "prestart" || phase == "createRuntime") {
    try {
      return prestart();
    } catch (const std::exception& error) {
      log::error(error.what());
      return 1;
    }
  }
  for (const char* const other : {"createContainer", "startContainer", "poststart", "poststop"}) {
    if (phase == other) {
      return 0;
    }
  }
  std::fputs(kUsage, stderr);
  return 2;
}

}  // namespace
}  // namespace xpu

int main(int argc, char** argv) {
  return xpu::run(argc, argv);
}
