// SPDX-License-Identifier: Apache-2.0
// Heals the containers of this host once and says what was done: what xpud does at an event, for
// tests of that alone.
//   heal_once             "healed ID WHAT" or "failed ID WHAT" for each container that lacked one
//   heal_once --uses [N]  who uses what, as JSON lines, after N looks (default 1); and on stderr
//                         the microseconds of processor time that the last of them took
#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "core/attribution/attribution.h"
#include "core/base/error.h"
#include "core/heal/heal.h"
#include "core/plugin/refresh.h"

namespace xpu {
namespace {

std::int64_t processor_us() {
  timespec now = {};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
}

void print_uses(const std::string& of, const std::vector<ContainerUse>& uses) {
  for (const ContainerUse& use : uses) {
    std::printf("%s %s %s %s %.0f\n", of.c_str(), use.device.c_str(), use.key.c_str(),
                use.label.empty() ? "-" : use.label.c_str(), use.value);
  }
}

void show_uses(const std::vector<Record>& live, const std::vector<BackendStatus>& backends,
               int looks) {
  Attribution attribution;
  Attribution::Look look;
  for (int i = 0; i < looks; ++i) {
    const std::int64_t before = processor_us();
    look = attribution.look(live, backends, {});
    std::fprintf(stderr, "%lld\n", static_cast<long long>(processor_us() - before));
  }
  for (const Attributed& one : look.containers) {
    std::printf("container %s %zu\n", one.container.c_str(), one.pids.size());
    print_uses(one.container, one.uses);
  }
  for (const ProcessUse& one : look.processes) {
    std::printf("process %d %s %s\n", one.pid, one.command.c_str(),
                one.container.empty() ? "-" : one.container.c_str());
  }
}

int run(int argc, char** argv) {
  const Config config = load_config();
  std::vector<Record> live = Records(config.state_dir).all();
  std::erase_if(live, [](const Record& record) { return !Records::live(record); });
  const std::vector<BackendStatus> backends =
      load_backends(config, find_backends(config), {}, Freshness::kCacheIfValid);
  if (argc > 1 && std::string_view(argv[1]) == "--uses") {
    show_uses(live, backends, argc > 2 ? std::atoi(argv[2]) : 1);
    return 0;
  }
  for (const Healed& healed : heal(live, backends)) {
    std::printf("%s %s %s\n", healed.done ? "healed" : "failed", healed.container.c_str(),
                healed.what.c_str());
  }
  return 0;
}

}  // namespace
}  // namespace xpu

int main(int argc, char** argv) {
  try {
    return xpu::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "heal_once: %s\n", error.what());
    return 1;
  }
}
