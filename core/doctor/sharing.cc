// SPDX-License-Identifier: Apache-2.0
// What containers that share a device do to each other, and who can see it.
#include <algorithm>
#include <boost/json.hpp>
#include <sstream>

#include "core/base/error.h"
#include "core/base/path.h"
#include "core/doctor/checks.h"

namespace xpu::doctor {
namespace {

namespace bj = boost::json;

// The kernel keeps no more of a process's name.
constexpr std::size_t kNameBytes = 15;

bool has_word(const std::string& text, const std::string& word) {
  std::istringstream words(text);
  for (std::string one; words >> one;) {
    if (one == word) {
      return true;
    }
  }
  return false;
}

// "drm/0000:03:00.0/vram0" of lines of "REGION BYTES".
std::string regions_in(const std::string& capacity) {
  std::istringstream lines(capacity);
  std::string out;
  for (std::string line; std::getline(lines, line);) {
    out += cat(out.empty() ? "" : ", ", line.substr(0, line.find(' ')));
  }
  return out;
}

bool runs(const Host& host, const std::string& program) {
  const std::vector<Process> found = host.processes(program.substr(0, kNameBytes));
  return std::any_of(found.begin(), found.end(), [&](const Process& process) {
    return process.arguments.empty() || file_name_of(process.arguments.front()) == program;
  });
}

// How /proc hides processes ("2", "invisible"); "" where it does not.
std::string hiding(const Host& host) {
  std::istringstream mounts(host.line("/proc/self/mounts"));
  std::string out;
  for (std::string device, folder, type, options, rest;
       mounts >> device >> folder >> type >> options && std::getline(mounts, rest);) {
    const std::size_t at = cat(',', options).find(",hidepid=");
    if (folder == "/proc" && type == "proc") {
      const std::string value = at == options.npos ? "" : options.substr(at + 8);
      out = value.substr(0, value.find(','));
    }
  }
  return out == "0" || out == "off" ? "" : out;
}

bool is_loaded(const std::string& text, const std::string& library) {
  std::istringstream words(text.substr(0, std::size_t{1} << 20));
  for (std::string word; std::getline(words, word);) {
    word.erase(0, std::min(word.find_first_not_of(" \t"), word.size()));
    word.erase(std::min(word.find_first_of(" \t:#"), word.size()));
    if (file_name_of(word) == library) {
      return true;
    }
  }
  return false;
}

// Whether the container is given the library, as a mount of its own or in what its programs load.
bool is_given(const Host& host, const Record& record, const std::string& library) {
  bj::error_code error;
  const bj::value document = bj::parse(host.line(record.bundle + "/config.json"), error);
  const bj::object* const top = error ? nullptr : document.if_object();
  const bj::value* const mounts = top == nullptr ? nullptr : top->if_contains("mounts");
  for (const bj::value& mount :
       mounts != nullptr && mounts->is_array() ? mounts->get_array() : bj::array()) {
    const bj::object* const entry = mount.if_object();
    const bj::value* const source = entry == nullptr ? nullptr : entry->if_contains("source");
    if (source == nullptr || !source->is_string()) {
      continue;
    }
    const std::string path(source->get_string());
    const bj::value* const target = entry->if_contains("destination");
    const bool preloads =
        target != nullptr && target->is_string() && target->get_string() == "/etc/ld.so.preload";
    if (file_name_of(path) == library || (preloads && is_loaded(host.line(path), library))) {
      return true;
    }
  }
  return false;
}

}  // namespace

Findings check_memory_limits(const Host& host) {
  const std::string top = "/sys/fs/cgroup";
  if (!has_word(host.line(top + "/cgroup.controllers"), "dmem")) {
    return {skipped("the kernel has no controller of device memory (dmem, of Linux 6.14)")};
  }
  const std::string regions = regions_in(host.line(top + "/dmem.capacity"));
  if (regions.empty()) {
    return {skipped("no driver here has its memory counted by the kernel (dmem)")};
  }
  std::string files;
  for (const char* folder : {"", "/system.slice", "/machine.slice", "/kubepods.slice"}) {
    const std::string file = cat(top, folder, "/cgroup.subtree_control");
    if (host.exists(file) && !has_word(host.line(file), "dmem")) {
      files += cat(' ', file);
    }
  }
  if (!files.empty()) {
    return {warning(cat("the kernel could limit what containers take of ", regions,
                        ", and is not told to: dmem is missing in", files),
                    cat("echo +dmem | tee", files))};
  }
  return {pass(cat("the kernel limits what containers take of ", regions))};
}

Findings check_process_visibility(const Host& host) {
  const std::string how = hiding(host);
  if (how.empty()) {
    return {pass("everybody sees which processes use devices")};
  }
  return {warning(cat("/proc is mounted with hidepid=", how,
                      ": who is not root cannot tell whose processes use a device"),
                  "mount -o remount,hidepid=0 /proc; or sudo xpu-runtime ps")};
}

Findings check_sharing_daemons(const Host& host) {
  Findings out;
  bool any = false;
  for (const Backend& backend : host.backends) {
    if (backend.status.state == BackendState::kDisabled) {
      continue;
    }
    for (const DoctorHints::Sharing& hint : backend.hints.sharing) {
      any = true;
      if (runs(host, hint.program)) {
        out.push_back(warning(cat(hint.program, " runs: ", hint.why), hint.remedy));
      }
    }
  }
  if (out.empty()) {
    out.push_back(any ? pass("no daemon shares devices beside this runtime")
                      : skipped("no driver here that has such daemons"));
  }
  return out;
}

Findings check_soft_quotas(const Host& host) {
  Findings out;
  bool any = false;
  for (const Backend& backend : host.backends) {
    for (const DoctorHints::Preload& hint : backend.hints.preloads) {
      any = true;
      if (is_loaded(host.line("/etc/ld.so.preload"), hint.library)) {
        out.push_back(warning(
            cat("/etc/ld.so.preload loads ", hint.library, " into every program: ", hint.why),
            hint.remedy));
      }
      for (const Record& record : host.records) {
        if (is_given(host, record, hint.library)) {
          out.push_back(
              warning(cat("the container ",
                          record.origin.name.empty() ? record.id.substr(0, 12) : record.origin.name,
                          " loads ", hint.library, ": ", hint.why),
                      hint.remedy));
        }
      }
    }
  }
  if (out.empty()) {
    out.push_back(any ? pass("nothing counts in the programs themselves")
                      : skipped("no quota is known that programs count themselves"));
  }
  return out;
}

}  // namespace xpu::doctor
