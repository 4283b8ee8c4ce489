// SPDX-License-Identifier: Apache-2.0
#include "core/apps/live.h"

#include <algorithm>
#include <tuple>

#include "core/start/account.h"

namespace xpu {

std::vector<Record> live_records(const Config& config) {
  Records records(config.state_dir);
  records.finish_dead([&](const Record& record, std::int64_t end_unix, bool estimated) {
    end_account(config, record, end_unix, estimated);
  });
  std::vector<Record> out = records.all();
  std::erase_if(out, [](const Record& record) { return !Records::live(record); });
  std::sort(out.begin(), out.end(), [](const Record& a, const Record& b) {
    return std::tie(a.created_ns, a.id) < std::tie(b.created_ns, b.id);
  });
  return out;
}

std::vector<Usage> live_usages(const Config& config) {
  std::vector<Usage> out;
  for (const Record& record : live_records(config)) {
    if (!record.held.empty()) {
      out.push_back(usage_of(record));
    }
  }
  return out;
}

}  // namespace xpu
