// SPDX-License-Identifier: Apache-2.0
#include "core/doctor/registrations.h"

#include <toml++/toml.h>

#include <algorithm>
#include <boost/json.hpp>

#include "core/base/error.h"
#include "core/setup/containerd_runtimes.h"

namespace xpu::doctor {
namespace {

namespace bj = boost::json;

constexpr std::string_view kProgram = "xpu-container-runtime";

bool is_ours(std::string_view program) {
  return program == kProgram || program.ends_with(cat('/', kProgram));
}

// Keeps the first program of ours.
void take(Registration& out, std::string_view program, const std::string& place) {
  if (out.program.empty() && is_ours(program)) {
    out.program = std::string(program);
    out.place = place;
  }
}

// nullopt, with the problem noted, for a file that is not there or cannot be read.
std::optional<std::string> text_of_file(const Host& host, const std::string& file,
                                        Registration& out) {
  try {
    return host.read(file);
  } catch (const Error& error) {
    out.problem = error.what();
    return std::nullopt;
  }
}

std::optional<bj::object> json_of(const Host& host, const std::string& file, Registration& out) {
  const std::optional<std::string> text = text_of_file(host, file, out);
  if (!text || text->find_first_not_of(" \t\r\n") == text->npos) {
    return std::nullopt;
  }
  bj::error_code error;
  bj::value value = bj::parse(*text, error);
  if (error || !value.is_object()) {
    out.problem = cat(file, ": not JSON, or no object; dockerd does not start with it");
    return std::nullopt;
  }
  return std::move(value.as_object());
}

std::optional<toml::table> toml_of(const Host& host, const std::string& file, Registration& out) {
  const std::optional<std::string> text = text_of_file(host, file, out);
  try {
    return text ? std::optional(toml::parse(*text, file)) : std::nullopt;
  } catch (const toml::parse_error& error) {
    out.problem = cat(file, ":", error.source().begin.line, ": ", std::string(error.description()));
    return std::nullopt;
  }
}

std::string text_in(const toml::table& table, std::string_view key) {
  const toml::node* const node = table.get(key);
  return node == nullptr ? "" : node->value<std::string>().value_or("");
}

const toml::table* table_in(const toml::table* table,
                            std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    const toml::node* const node = table == nullptr ? nullptr : table->get(key);
    table = node == nullptr ? nullptr : node->as_table();
  }
  return table;
}

// The value of "--NAME VALUE" or "--NAME=VALUE", each time that it comes.
std::vector<std::string> option_values(const Process& process, const std::string& name) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < process.arguments.size(); ++i) {
    const std::string& argument = process.arguments[i];
    if (argument == name && i + 1 < process.arguments.size()) {
      out.push_back(process.arguments[i + 1]);
    } else if (argument.starts_with(name + "=")) {
      out.push_back(argument.substr(name.size() + 1));
    }
  }
  return out;
}

// The file that the running daemon was told to read, or the usual one.
std::string docker_file(const Host& host) {
  for (const Process& process : host.processes("dockerd")) {
    const std::vector<std::string> files = option_values(process, "--config-file");
    if (!files.empty()) {
      return files.back();
    }
  }
  return "/etc/docker/daemon.json";
}

// Its configuration, or the command line of the daemon that runs.
Registration docker(const Host& host) {
  Registration out = docker_registration(host, docker_file(host));
  for (const Process& process : host.processes("dockerd")) {
    for (const std::string& value : option_values(process, "--add-runtime")) {
      take(out, value.substr(value.find('=') + 1), cat("the command line of dockerd"));
    }
  }
  return out;
}

Registration containerd(const Host& host) {
  Registration out{"containerd", "/etc/containerd/config.toml", "", ""};
  try {
    for (const setup::ContainerdRuntime& runtime : setup::containerd_runtimes(host.root)) {
      take(out, runtime.program, runtime.file);
    }
  } catch (const Error& error) {
    out.problem = error.what();
  }
  return out;
}

Registration podman(const Host& host) {
  Registration out{"podman", "/etc/containers/containers.conf", "", ""};
  std::vector<std::string> files = {"/usr/share/containers/containers.conf", out.place};
  for (const std::string& path : host.glob("/etc/containers/containers.conf.d/*.conf")) {
    files.push_back(path);
  }
  // Whoever is not root has files of his own beside those of the system.
  for (const User& user : host.uid == 0 ? std::vector<User>() : host.rootless_users()) {
    const std::string folder = user.home + "/.config/containers/containers.conf";
    files.push_back(folder);
    for (const std::string& path : host.glob(folder + ".d/*.conf")) {
      files.push_back(path);
    }
  }
  for (const std::string& file : files) {
    const std::optional<toml::table> root = toml_of(host, file, out);
    const toml::table* const runtimes = table_in(root ? &*root : nullptr, {"engine", "runtimes"});
    if (runtimes == nullptr) {
      continue;
    }
    for (const auto& [name, node] : *runtimes) {
      if (const toml::array* const programs = node.as_array()) {
        for (const toml::node& program : *programs) {
          take(out, program.value<std::string>().value_or(""), file);
        }
      }
    }
  }
  return out;
}

Registration crio(const Host& host) {
  Registration out{"crio", "/etc/crio/crio.conf", "", ""};
  std::vector<std::string> files = {out.place};
  for (const std::string& path : host.glob("/etc/crio/crio.conf.d/*")) {
    files.push_back(path);
  }
  for (const std::string& file : files) {
    const std::optional<toml::table> root = toml_of(host, file, out);
    const toml::table* const runtimes =
        table_in(root ? &*root : nullptr, {"crio", "runtime", "runtimes"});
    if (runtimes == nullptr) {
      continue;
    }
    for (const auto& [name, node] : *runtimes) {
      if (const toml::table* const runtime = node.as_table()) {
        take(out, text_in(*runtime, "runtime_path"), file);
      }
    }
  }
  return out;
}

// oci.conf is a list of KEY=VALUE; a value is a command line, perhaps in quotes.
Registration slurm(const Host& host) {
  Registration out{"slurm", "/etc/slurm/oci.conf", "", ""};
  for (const char* file : {"/etc/slurm/oci.conf", "/etc/slurm-llnl/oci.conf"}) {
    const std::string text = text_of_file(host, file, out).value_or("");
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      const std::string line = text.substr(at, end - at);
      at = end + 1;
      const std::size_t begin = line.find_first_not_of(" \t\"", line.find('=') + 1);
      if (line.starts_with("RunTime") && line.find('=') != line.npos && begin != line.npos) {
        take(out, line.substr(begin, line.find_first_of(" \t\"", begin) - begin), file);
      }
    }
  }
  return out;
}

// Something but docker asks containerd for containers.
bool has_containerd_users(const Host& host) {
  return !host.program("kubelet").empty() || host.exists("/var/lib/kubelet") ||
         !host.program("nerdctl").empty();
}

}  // namespace

bool has_docker(const Host& host) {
  return !host.program("dockerd").empty() || !host.processes("dockerd").empty();
}

bool docker_uses_selinux(const Host& host) {
  Registration ignored;
  const std::optional<bj::object> config = json_of(host, docker_file(host), ignored);
  const bj::value* const value = config ? config->if_contains("selinux-enabled") : nullptr;
  return value != nullptr && value->is_bool() && value->get_bool();
}

bool docker_refuses_cdi(const Host& host) {
  Registration ignored;
  const std::optional<bj::object> config = json_of(host, docker_file(host), ignored);
  const bj::value* const features = config ? config->if_contains("features") : nullptr;
  const bj::object* const all = features == nullptr ? nullptr : features->if_object();
  const bj::value* const value = all == nullptr ? nullptr : all->if_contains("cdi");
  return value != nullptr && value->is_bool() && !value->get_bool();
}

std::string docker_data_root(const Host& host) {
  for (const Process& process : host.processes("dockerd")) {
    for (const char* name : {"--data-root", "--graph", "-g"}) {
      const std::vector<std::string> roots = option_values(process, name);
      if (!roots.empty()) {
        return roots.back();
      }
    }
  }
  Registration ignored;
  const std::optional<bj::object> config = json_of(host, docker_file(host), ignored);
  const bj::value* const root = config ? config->if_contains("data-root") : nullptr;
  return root != nullptr && root->is_string() ? std::string(root->get_string()) : "/var/lib/docker";
}

Registration docker_registration(const Host& host, const std::string& file) {
  Registration out{"docker", file, "", ""};
  const std::optional<bj::object> config = json_of(host, file, out);
  const bj::value* const runtimes = config ? config->if_contains("runtimes") : nullptr;
  if (runtimes == nullptr || !runtimes->is_object()) {
    return out;
  }
  for (const bj::key_value_pair& runtime : runtimes->get_object()) {
    const bj::object* const entry = runtime.value().if_object();
    const bj::value* const path = entry == nullptr ? nullptr : entry->if_contains("path");
    if (path != nullptr && path->is_string()) {
      take(out, path->get_string(), file);
    }
  }
  return out;
}

std::vector<Registration> registrations(const Host& host) {
  std::vector<Registration> out;
  if (has_docker(host)) {
    out.push_back(docker(host));
  }
  if (!host.program("containerd").empty() && has_containerd_users(host)) {
    out.push_back(containerd(host));
  }
  if (!host.program("podman").empty()) {
    out.push_back(podman(host));
  }
  if (!host.program("crio").empty()) {
    out.push_back(crio(host));
  }
  if (!host.program("slurmd").empty()) {
    out.push_back(slurm(host));
  }
  return out;
}

}  // namespace xpu::doctor
