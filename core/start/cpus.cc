// SPDX-License-Identifier: Apache-2.0
#include "core/start/cpus.h"

#include <fcntl.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "core/base/error.h"
#include "core/base/fd.h"
#include "core/base/file.h"

namespace xpu {
namespace {

using Range = std::pair<unsigned, unsigned>;  // first and last

// Lists of the kernel: "0-3,8\n". What is no range ends the list.
std::vector<Range> ranges_of(std::string_view text) {
  std::vector<Range> out;
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  while (at < end) {
    Range range;
    auto [next, error] = std::from_chars(at, end, range.first);
    if (error != std::errc()) {
      break;
    }
    range.second = range.first;
    if (next < end && *next == '-') {
      next = std::from_chars(next + 1, end, range.second).ptr;
    }
    out.push_back(range);
    at = next < end && *next == ',' ? next + 1 : end;
  }
  return out;
}

bool is_number(std::string_view text, unsigned* number) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, *number);
  return error == std::errc() && stop == end;
}

// "8" or "0-3"
bool is_range(std::string_view text) {
  const std::size_t dash = text.find('-');
  Range range;
  return dash == text.npos
             ? is_number(text, &range.first)
             : is_number(text.substr(0, dash), &range.first) &&
                   is_number(text.substr(dash + 1), &range.second) && range.first <= range.second;
}

bool overlap(const std::vector<Range>& a, const std::vector<Range>& b) {
  return std::any_of(a.begin(), a.end(), [&](const Range& x) {
    return std::any_of(b.begin(), b.end(),
                       [&](const Range& y) { return x.first <= y.second && y.first <= x.second; });
  });
}

}  // namespace

bool is_cpu_list(std::string_view text) {
  for (;;) {
    const std::size_t comma = text.find(',');
    if (!is_range(text.substr(0, comma))) {
      return false;
    }
    if (comma == text.npos) {
      return true;
    }
    text.remove_prefix(comma + 1);
  }
}

std::vector<int> numa_nodes_of(const std::string& cpus, const std::string& folder) {
  std::vector<int> out;
  const std::vector<Range> wanted = ranges_of(cpus);
  const Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (wanted.empty() || !fd) {
    return out;
  }
  for (const std::string& name : list_dir(fd.get(), folder)) {
    int number = -1;
    constexpr std::string_view kNode = "node";
    const char* const end = name.data() + name.size();
    if (!name.starts_with(kNode) ||
        std::from_chars(name.data() + kNode.size(), end, number).ptr != end || number < 0) {
      continue;
    }
    const auto list = read_file_if_present(cat(folder, '/', name, "/cpulist"), 1 << 16);
    if (list && overlap(ranges_of(*list), wanted)) {
      out.push_back(number);
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace xpu
