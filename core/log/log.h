// SPDX-License-Identifier: Apache-2.0
// Where messages go: stderr for the person, the engine's --log file in the format that it reads,
// and the debug file of the configuration. Built on spdlog; this header hides it, because most runs
// of the shim never log anything and should not pay for it.
#pragma once

#include <string>
#include <string_view>

namespace xpu::log {

enum class Level { kDebug, kInfo, kWarn, kError };

struct Targets {
  std::string program = "xpu-container-runtime";
  Level level = Level::kInfo;
  // The caller's --log FILE: warnings and errors (with level kDebug everything) are appended to it
  // as runc does; engines show the last error line of it to their user.
  std::string engine_file;
  bool engine_json = false;  // --log-format json; else logfmt text
  std::string debug_file;    // configuration `debug`; "" for none
  // "program: level: text"; errors only where there is an engine's file, because engines connect
  // our stderr to the container's own output.
  bool stderr_on = true;
  // Of a service, whose stderr is its log: everything of `level` and above is there.
  bool stderr_is_log = false;
};

// May be called again when more is known (configuration read). Never throws; a file that cannot be
// opened is left out and said once on stderr at debug level (P67: an unwritable log never fails a
// container).
void configure(const Targets& targets);

// One line each; control characters in `text` are escaped.
void debug(std::string_view text);
void info(std::string_view text);
void warn(std::string_view text);
void error(std::string_view text);
bool enabled(Level level);

// "debug", "info", "warn" / "warning", "error"; false for anything else.
bool parse_level(std::string_view text, Level* out);

}  // namespace xpu::log
