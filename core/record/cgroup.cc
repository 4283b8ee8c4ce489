// SPDX-License-Identifier: Apache-2.0
#include "core/record/cgroup.h"

#include <vector>

#include "core/base/contains.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/path.h"
#include "core/oci/text.h"
#include "core/record/process.h"

namespace xpu {
namespace {

constexpr std::size_t kMostBytes = std::size_t{4} << 20;
constexpr std::string_view kDevices = "devices";

std::string text_at(const std::string& path) {
  try {
    return read_file_if_present(path, kMostBytes).value_or("");
  } catch (const Error&) {
    return "";
  }
}

// What the low-level runtime wrote about the container.
struct Told {
  std::int64_t pid = 0;
  std::uint64_t start_time = 0;
  std::string v1, v2;  // folders or paths of cgroups; "" where it does not say
};

std::optional<std::int64_t> integer(const std::string& text, const json::Value& object,
                                    std::string_view name, const std::string& path) {
  const std::optional<json::Value> value = json::find(text, object, name, path);
  return value ? json::as_integer(*value) : std::nullopt;
}

std::string string_in(const std::string& text, const json::Value& object, std::string_view name,
                      const std::string& path) {
  const std::optional<json::Value> value = json::find(text, object, name, path);
  return value ? json::as_string(*value).value_or("") : "";
}

// runc's state.json, and what youki and others call so.
Told parse_state(const std::string& text, const std::string& path) {
  const json::Value state = json::root(text);
  Told out;
  out.pid = integer(text, state, "init_process_pid", path)
                .value_or(integer(text, state, "pid", path).value_or(0));
  out.start_time =
      static_cast<std::uint64_t>(integer(text, state, "init_process_start", path).value_or(0));
  if (const auto folders = json::find(text, state, "cgroup_paths", path)) {
    out.v1 = string_in(text, *folders, kDevices, path);
    out.v2 = string_in(text, *folders, "", path);
  }
  return out;
}

// crun's status.
Told parse_status(const std::string& text, const std::string& path) {
  const json::Value status = json::root(text);
  Told out;
  out.pid = integer(text, status, "pid", path).value_or(0);
  out.start_time =
      static_cast<std::uint64_t>(integer(text, status, "process-start-time", path).value_or(0));
  out.v1 = out.v2 = string_in(text, status, "cgroup-path", path);
  return out;
}

Told told_of(const std::string& root, const Record& record) {
  const std::string folder = cat(root, record.runtime_root, '/', record.id);
  using Parse = Told (*)(const std::string&, const std::string&);
  for (const auto& [file, parse] : {std::pair<const char*, Parse>{"/state.json", parse_state},
                                    std::pair<const char*, Parse>{"/status", parse_status}}) {
    const std::string path = folder + file, text = text_at(path);
    if (text.empty()) {
      continue;
    }
    try {
      json::validate(text, path);
      return parse(text, path);
    } catch (const Error&) {
      // Half written, or no container's.
    }
  }
  return {};
}

bool runs(const std::string& root, const Told& told) {
  return told.pid > 0 && told.pid <= INT32_MAX &&
         (!root.empty() || process_runs(told.pid, told.start_time));
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  for (;;) {
    const std::size_t end = text.find(separator);
    out.push_back(text.substr(0, end));
    if (end == text.npos) {
      return out;
    }
    text.remove_prefix(end + 1);
  }
}

// "\040" stands for a blank in mountinfo.
std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool code = text[i] == '\\' && i + 3 < text.size();
    out += code ? static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                                    (text[i + 3] - '0'))
                : text[i];
    i += code ? 3 : 0;
  }
  return out;
}

// The folder of a cgroup that /proc/PID/cgroup names; "" for one that is not below the mount.
std::string folder_of(const CgroupMount& mount, const std::string& cgroup) {
  if (mount.top == "/") {
    return cgroup == "/" ? mount.folder : mount.folder + cgroup;
  }
  return cgroup == mount.top || is_below(cgroup, mount.top)
             ? mount.folder + cgroup.substr(mount.top.size())
             : "";
}

}  // namespace

int init_process(const std::string& root, const Record& record) {
  const Told told = told_of(root, record);
  return runs(root, told) ? static_cast<int>(told.pid) : 0;
}

std::string cgroup_of(const std::string& root, int pid, std::string_view controller) {
  const std::string text = text_at(cat(root, "/proc/", pid, "/cgroup"));
  for (const std::string_view line : split(text, '\n')) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == line.npos ? first : line.find(':', first + 1);
    if (second == line.npos) {
      continue;
    }
    const std::string_view names = line.substr(first + 1, second - first - 1);
    if (names == controller || (!controller.empty() && contains(split(names, ','), controller))) {
      return std::string(line.substr(second + 1));
    }
  }
  return "";
}

std::optional<CgroupMount> cgroup_mount(const std::string& root, std::string_view controller) {
  const std::string text = text_at(root + "/proc/self/mountinfo");
  for (const std::string_view line : split(text, '\n')) {
    const std::size_t dash = line.find(" - ");
    if (dash == line.npos) {
      continue;
    }
    const std::vector<std::string_view> before = split(line.substr(0, dash), ' '),
                                        after = split(line.substr(dash + 3), ' ');
    if (before.size() < 5 || after.size() < 3) {
      continue;
    }
    if (controller.empty() ? after[0] == "cgroup2"
                           : after[0] == "cgroup" && contains(split(after[2], ','), controller)) {
      return CgroupMount{unescaped(before[4]), unescaped(before[3])};
    }
  }
  return std::nullopt;
}

std::optional<ContainerCgroup> container_cgroup(const std::string& root, const Record& record) {
  const Told told = told_of(root, record);
  if (!runs(root, told)) {
    return std::nullopt;
  }
  ContainerCgroup out;
  out.init = static_cast<int>(told.pid);
  std::optional<CgroupMount> mount = cgroup_mount(root, kDevices);
  out.v2 = !mount;
  mount = mount ? mount : cgroup_mount(root, "");
  const std::string cgroup = mount ? cgroup_of(root, out.init, out.v2 ? "" : kDevices) : "";
  out.init_folder = cgroup.empty() ? "" : folder_of(*mount, cgroup);
  if (out.init_folder.empty()) {
    return std::nullopt;
  }
  // What the low-level runtime made for it, where the first process went on into a cgroup below.
  const std::string& made = out.v2 ? told.v2 : told.v1;
  for (const std::string& folder : {made, made.empty() ? made : folder_of(*mount, made)}) {
    if (folder == out.init_folder ||
        (is_below(folder, mount->folder) && is_below(out.init_folder, folder))) {
      out.folder = folder;
      return out;
    }
  }
  out.folder = out.init_folder;
  return out;
}

}  // namespace xpu
