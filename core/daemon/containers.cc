// SPDX-License-Identifier: Apache-2.0
#include "core/daemon/containers.h"

#include <sys/stat.h>

#include <algorithm>
#include <tuple>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/platform.h"
#include "core/start/account.h"

namespace xpu {
namespace {

// Two changes within one tick of the file system's clock have one time.
constexpr std::int64_t kClockMs = 20;

}  // namespace

const std::vector<Record>& Containers::live(const Config& config) {
  const std::string folder = cat(config.state_dir, "/containers");
  struct stat status = {};
  const std::int64_t changed_ns =
      ::stat(folder.c_str(), &status) == 0 ? platform::modified_ns(status) : 0;
  const bool same = folder == folder_ && changed_ns == changed_ns_ &&
                    changed_ns < (read_at_ms_ - kClockMs) * 1000000;
  Records records(config.state_dir);
  bool dead = false;
  if (!same) {
    read_at_ms_ = wall_clock_ns() / 1'000'000;
    folder_ = folder;
    changed_ns_ = changed_ns;
    records_ = records.all();
    std::sort(records_.begin(), records_.end(), [](const Record& a, const Record& b) {
      return std::tie(a.created_ns, a.id) < std::tie(b.created_ns, b.id);
    });
  }
  std::erase_if(records_, [&](const Record& record) {
    const bool lives = Records::live(record);
    dead = dead || !lives;
    return !lives;
  });
  if (dead) {
    records.finish_dead([&](const Record& record, std::int64_t end_unix, bool estimated) {
      end_account(config, record, end_unix, estimated);
    });
  }
  return records_;
}

}  // namespace xpu
