// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>

#include "core/base/append.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/host.h"
#include "core/base/utc.h"
#include "core/usage/format.h"
#include "core/usage/usage.h"

namespace xpu {
namespace {

// As many of the newest stay as there are months to keep, however old they are: by a clock that is
// wrong all could be.
void remove_old_months(const std::string& dir, int current, unsigned keep_months) {
  const Fd folder = open_state_dir(dir, 0750);
  std::vector<std::pair<int, std::string>> files;
  for (const std::string& name : list_dir(folder.get(), dir)) {
    if (const std::optional<int> month = month_of_usage_file(name)) {
      files.emplace_back(*month, name);
    }
  }
  std::sort(files.rbegin(), files.rend());
  for (std::size_t i = std::size_t{keep_months} + 1; i < files.size(); ++i) {
    const auto& [month, name] = files[i];
    if (std::int64_t{month} + keep_months < current &&
        ::unlinkat(folder.get(), name.c_str(), 0) != 0 && errno != ENOENT) {
      fail_errno("cannot remove ", dir, '/', name, ", which is older than keep-months says");
    }
  }
}

void append(const std::string& dir, unsigned keep_months, std::int64_t time,
            const std::string& line) {
  const int month = month_of(time);
  const bool made = append_line(dir, usage_file(month), line);
  if (made && keep_months != 0) {
    remove_old_months(dir, month, keep_months);
  }
}

}  // namespace

void append_begin(const std::string& dir, unsigned keep_months, const Usage& usage) {
  append(dir, keep_months, usage.begin_unix, begin_line(usage, boot_id()));
}

void append_stamp(const std::string& dir, unsigned keep_months, const std::string& lease,
                  std::int64_t unix_time) {
  append(dir, keep_months, unix_time, stamp_line(lease, unix_time, boot_id()));
}

void append_end(const std::string& dir, unsigned keep_months, const Usage& usage) {
  append(dir, keep_months, usage.end_unix.value_or(usage.begin_unix), end_line(usage, boot_id()));
}

}  // namespace xpu
