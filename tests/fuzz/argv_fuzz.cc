// SPDX-License-Identifier: Apache-2.0
// Arguments, one a line: reading them never fails, and an id that passes is a file name.
#include "core/argv/argv.h"
#include "core/base/error.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::string> args = {"xpu-container-runtime"};
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    args.emplace_back(line);
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  }
  const xpu::Invocation invocation = xpu::parse_argv(args);
  using xpu::Verb;
  const std::string& verb = invocation.verb_name;
  xpu::check(invocation.verb != Verb::kNone || verb.empty(), "no verb, no name");
  xpu::check(invocation.verb != Verb::kCreate || verb == "create", "only create is create");
  xpu::check(invocation.verb != Verb::kRun || verb == "run", "only run is run");
  try {
    xpu::check_container_id(invocation.id);
  } catch (const xpu::Error&) {
    return 0;
  }
  xpu::check(!invocation.id.empty() && invocation.id.size() <= 255 && invocation.id != "." &&
                 invocation.id != ".." && invocation.id.find('/') == std::string::npos &&
                 invocation.id.find('\0') == std::string::npos,
             "an id is a file name");
  return 0;
}
