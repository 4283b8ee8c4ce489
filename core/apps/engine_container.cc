// SPDX-License-Identifier: Apache-2.0
#include "core/apps/engine_container.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cerrno>

#include "core/apps/json_at.h"
#include "core/apps/program_output.h"
#include "core/base/error.h"
#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/log/format.h"
#include "core/record/record.h"

namespace xpu {
namespace {

namespace bj = boost::json;

constexpr int kPatience = 30;  // seconds
constexpr std::size_t kSmallFile = 4096;
constexpr std::string_view kTasks = "/io.containerd.runtime.v2.task/";
// Where containerd keeps its state: its own, and that of a docker that starts one for itself.
constexpr std::string_view kStateFolders[] = {"/run/containerd", "/run/docker/containerd/daemon"};

std::vector<std::string> texts_at(const bj::value& from,
                                  std::initializer_list<std::string_view> names) {
  std::vector<std::string> out;
  if (const bj::array* const array = at(from, names).if_array()) {
    for (const bj::value& item : *array) {
      if (const bj::string* const text = item.if_string()) {
        out.emplace_back(*text);
      }
    }
  }
  return out;
}

bool has_config(const std::string& bundle) {
  return ::access(cat(bundle, "/config.json").c_str(), R_OK) == 0;
}

// The engine's answer, or its last words.
bj::value inspect(const std::string& engine, const std::string& container) {
  const ProgramOutput answer =
      output_of({engine, "inspect", "--type", "container", "--", container}, kPatience);
  if (answer.code != 0) {
    std::string words = answer.err;
    while (!words.empty() && (words.back() == '\n' || words.back() == ' ')) {
      words.pop_back();
    }
    fail(engine, ": ",
         words.empty() ? cat("exit code ", answer.code, " without a word")
                       : log::printable(words.substr(words.rfind('\n') + 1)));
  }
  bj::error_code error;
  const bj::value parsed = bj::parse(answer.out, error);
  const bj::array* const list = parsed.if_array();
  if (error || list == nullptr || list->size() != 1) {
    fail(engine,
         " inspect does not answer with one container: ", log::printable(answer.out.substr(0, 64)));
  }
  return list->front();
}

bool is_administrator(const std::string& capability) {
  return capability == "ALL" || capability == "SYS_ADMIN" || capability == "CAP_SYS_ADMIN";
}

// What a container says that does not run.
Said said_by(const bj::value& container) {
  Said said;
  said.env = texts_at(container, {"Config", "Env"});
  for (const auto& names : {std::initializer_list<std::string_view>{"Config", "Annotations"},
                            std::initializer_list<std::string_view>{"HostConfig", "Annotations"}}) {
    if (const bj::object* const annotations = at(container, names).if_object()) {
      for (const auto& [key, value] : *annotations) {
        if (const bj::string* const text = value.if_string()) {
          said.annotations.emplace_back(key, *text);
        }
      }
    }
  }
  if (const bj::array* const mounts = at(container, {"Mounts"}).if_array()) {
    for (const bj::value& mount : *mounts) {
      if (text_at(mount, {"Source"}) == "/dev/null") {
        said.null_mounts.push_back(text_at(mount, {"Destination"}));
      }
    }
  }
  const bj::value& privileged = at(container, {"HostConfig", "Privileged"});
  const std::vector<std::string> added = texts_at(container, {"HostConfig", "CapAdd"});
  said.privileged = (privileged.is_bool() && privileged.get_bool()) ||
                    std::any_of(added.begin(), added.end(), is_administrator);
  return said;
}

// The folder in which the parent of a container's first process runs: containerd's shim works in
// the bundle.
std::string folder_of_parent(std::int64_t pid) {
  const std::string status =
      read_file_if_present(cat("/proc/", pid, "/status"), kSmallFile).value_or("");
  const std::size_t line = status.find("\nPPid:");
  if (line == status.npos) {
    return "";
  }
  char folder[4096];
  const long parent = std::atol(status.c_str() + line + 6);
  const ssize_t size = ::readlink(cat("/proc/", parent, "/cwd").c_str(), folder, sizeof folder);
  return size > 0 ? std::string(folder, static_cast<std::size_t>(size)) : "";
}

std::string bundle_of_docker(const std::string& id, std::int64_t pid) {
  for (const std::string_view state : kStateFolders) {
    if (const std::string bundle = cat(state, kTasks, "moby/", id); has_config(bundle)) {
      return bundle;
    }
  }
  const std::string folder = pid > 0 ? folder_of_parent(pid) : "";
  return folder.ends_with("/" + id) && has_config(folder) ? folder : "";
}

// Namespaces with a task of this id.
std::vector<std::string> bundles_of_containerd(const std::string& id) {
  std::vector<std::string> out;
  const std::size_t slash = id.find('/');
  for (const std::string_view state : kStateFolders) {
    const std::string tasks = cat(state, kTasks);
    if (slash != id.npos) {
      if (has_config(tasks + id)) {
        out.push_back(tasks + id);
      }
      continue;
    }
    const Fd folder(::open(tasks.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder && errno == EACCES) {
      fail_errno("cannot look for tasks in ", tasks);
    }
    for (const std::string& name :
         folder ? list_dir(folder.get(), tasks) : std::vector<std::string>()) {
      if (const std::string bundle = cat(tasks, name, '/', id); has_config(bundle)) {
        out.push_back(bundle);
      }
    }
  }
  return out;
}

// Where containerd keeps its state elsewhere: of tasks that this runtime started.
std::vector<std::string> bundles_of_records(const Config& config, const std::string& id) {
  std::vector<std::string> out;
  for (const Record& record : Records(config.state_dir).all()) {
    if (record.bundle.find(kTasks) != std::string::npos && record.bundle.ends_with("/" + id) &&
        has_config(record.bundle)) {
      out.push_back(record.bundle);
    }
  }
  return out;
}

std::string devices_text(const Record& record) {
  std::string out;
  for (const SelectedBackend& selected : record.selection.backends) {
    for (const std::string& device : selected.devices) {
      out += cat(out.empty() ? "" : ", ", device);
    }
  }
  return out.empty() ? "drivers only" : out;
}

// What was done at the container's start, from its record.
void add_record(const Config& config, const std::string& id, EngineContainer& out) {
  const std::vector<Record> all = Records(config.state_dir).all();
  const auto record =
      std::find_if(all.rbegin(), all.rend(), [&](const Record& one) { return one.id == id; });
  if (record == all.rend()) {
    out.subject.facts.emplace_back("Given", "nothing by this runtime");
    return;
  }
  out.subject.name = {record->runtime_root, record->id};
  out.subject.facts.emplace_back("Given", cat(devices_text(*record), "  (", record->request,
                                              "; since ", log::rfc3339(record->created_unix), ")"));
  if (out.bundle.empty() && has_config(record->bundle)) {
    out.bundle = record->bundle;
  }
}

EngineContainer of_inspect(const Config& config, const std::string& engine,
                           const std::string& container) {
  const bj::value found = inspect(engine, container);
  const std::string id = text_at(found, {"Id"}), status = text_at(found, {"State", "Status"});
  std::string name = text_at(found, {"Name"});
  name.erase(0, name.starts_with('/') ? 1 : 0);
  EngineContainer out;
  out.said = said_by(found);
  const bj::value& pid = at(found, {"State", "Pid"});
  if (const std::string config_path = text_at(found, {"OCIConfigPath"}); !config_path.empty()) {
    out.bundle = config_path.substr(0, config_path.rfind('/'));
    out.bundle = has_config(out.bundle) ? out.bundle : "";
  } else {
    out.bundle = bundle_of_docker(id, pid.is_int64() ? pid.get_int64() : 0);
  }
  out.subject.facts = {{"Container", cat(name, " ", id.substr(0, 12))},
                       {"Engine", cat(engine, ", ", status)}};
  add_record(config, id, out);
  out.subject.facts.emplace_back(
      "Bundle", !out.bundle.empty()   ? out.bundle
                : status == "running" ? "cannot be found or read by this user"
                                      : "none: what the engine knows of the container counts");
  return out;
}

EngineContainer of_containerd(const Config& config, const std::string& container) {
  std::vector<std::string> bundles = bundles_of_containerd(container);
  if (bundles.empty()) {
    bundles = bundles_of_records(config, container);
  }
  if (bundles.empty()) {
    fail("containerd: no task ", log::printable(container), " in ", kStateFolders[0], kTasks,
         "NAMESPACE; only a container that runs can be found there");
  }
  if (bundles.size() > 1) {
    fail("containerd: more than one task is called ", log::printable(container), ": ", bundles[0],
         ", ", bundles[1], "; say NAMESPACE/ID");
  }
  EngineContainer out;
  out.bundle = bundles[0];
  out.subject.facts = {{"Container", container}, {"Engine", "containerd, running"}};
  add_record(config, container.substr(container.find('/') + 1), out);
  out.subject.facts.emplace_back("Bundle", out.bundle);
  return out;
}

}  // namespace

EngineContainer container_of(const Config& config, const std::string& engine,
                             const std::string& container) {
  if (engine == "docker" || engine == "podman") {
    return of_inspect(config, engine, container);
  }
  if (engine == "containerd") {
    return of_containerd(config, container);
  }
  fail(log::printable(engine), " is no engine that can be asked; ", kEngines, " can");
}

}  // namespace xpu
