// SPDX-License-Identifier: Apache-2.0
// process, and what names the machine.
#include <algorithm>
#include <array>
#include <limits>
#include <set>
#include <string_view>

#include "core/base/file.h"
#include "core/oci/check.h"

namespace xpu::check {
namespace {

constexpr std::int64_t kMostId = std::numeric_limits<std::int32_t>::max();
constexpr std::size_t kLongestHostname = 64;

constexpr std::string_view kCapabilities[] = {
    "CAP_AUDIT_CONTROL",   "CAP_AUDIT_READ",   "CAP_AUDIT_WRITE",
    "CAP_BLOCK_SUSPEND",   "CAP_BPF",          "CAP_CHECKPOINT_RESTORE",
    "CAP_CHOWN",           "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",          "CAP_FSETID",       "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",       "CAP_KILL",         "CAP_LEASE",
    "CAP_LINUX_IMMUTABLE", "CAP_MAC_ADMIN",    "CAP_MAC_OVERRIDE",
    "CAP_MKNOD",           "CAP_NET_ADMIN",    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",   "CAP_NET_RAW",      "CAP_PERFMON",
    "CAP_SETFCAP",         "CAP_SETGID",       "CAP_SETPCAP",
    "CAP_SETUID",          "CAP_SYSLOG",       "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",        "CAP_SYS_CHROOT",   "CAP_SYS_MODULE",
    "CAP_SYS_NICE",        "CAP_SYS_PACCT",    "CAP_SYS_PTRACE",
    "CAP_SYS_RAWIO",       "CAP_SYS_RESOURCE", "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",  "CAP_WAKE_ALARM"};

constexpr std::string_view kRlimits[] = {
    "RLIMIT_AS",     "RLIMIT_CORE",   "RLIMIT_CPU",        "RLIMIT_DATA",
    "RLIMIT_FSIZE",  "RLIMIT_LOCKS",  "RLIMIT_MEMLOCK",    "RLIMIT_MSGQUEUE",
    "RLIMIT_NICE",   "RLIMIT_NOFILE", "RLIMIT_NPROC",      "RLIMIT_RSS",
    "RLIMIT_RTPRIO", "RLIMIT_RTTIME", "RLIMIT_SIGPENDING", "RLIMIT_STACK"};

template <class Words>
bool is_among(const Words& words, std::string_view word) {
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

bool has_nul(std::string_view text) {
  return text.find('\0') != text.npos;
}

void check_args(const Place& process, Findings& out) {
  const std::vector<Place> args = process.elements("args");
  if (args.empty()) {
    out.add(Refuses::kBoth, process.path_of("args"),
            "is missing or empty; there is nothing to run");
    return;
  }
  if (args.front().text() == "") {
    out.add(Refuses::kBoth, args.front().path(), "is empty; it names the program to run");
  }
  for (const Place& argument : args) {
    if (has_nul(argument.text().value_or(""))) {
      out.add(Refuses::kRunc, argument.path(), "holds a NUL character");
    }
  }
}

void check_cwd(const Place& process, Findings& out) {
  const std::string cwd = process.text("cwd").value_or("");
  if (cwd.empty()) {
    out.add(Refuses::kBoth, process.path_of("cwd"), "is missing or empty; \"/\" is the usual one");
  } else if (cwd.front() != '/') {
    out.add(Refuses::kRunc, process.path_of("cwd"), quoted(cwd), " is not an absolute path");
  } else if (has_nul(cwd)) {
    out.add(Refuses::kRunc, process.path_of("cwd"), "holds a NUL character");
  }
}

void check_env(const Place& process, Findings& out) {
  for (const Place& variable : process.elements("env")) {
    const std::optional<std::string> text = variable.text();
    if (variable.is_null()) {
      out.add(Refuses::kRunc, variable.path(), "is null, which is not of the form NAME=value");
    }
    if (!text) {
      continue;
    }
    if (text->find('=') == text->npos) {
      out.add(Refuses::kRunc, variable.path(), quoted(*text), " is not of the form NAME=value");
    } else if (text->front() == '=') {
      out.add(Refuses::kRunc, variable.path(), quoted(*text), " has no name");
    } else if (has_nul(*text)) {
      out.add(Refuses::kRunc, variable.path(), "holds a NUL character");
    }
  }
}

void check_id(const std::optional<Place>& id, Findings& out) {
  if (id && id->integer().value_or(0) > kMostId) {
    out.add(Refuses::kRunc, id->path(), *id->integer(), " is more than ", kMostId);
  }
}

void check_user(const Place& process, Findings& out) {
  const std::optional<Place> user = process.get("user");
  if (!user) {
    return;
  }
  check_id(user->get("uid"), out);
  check_id(user->get("gid"), out);
  for (const Place& group : user->elements("additionalGids")) {
    check_id(group, out);
  }
}

using Set = std::set<std::string>;

Set set_of(const Place& capabilities, std::string_view key) {
  Set out;
  for (const Place& name : capabilities.elements(key)) {
    out.insert(name.text().value_or(""));
  }
  return out;
}

void check_within(const Place& capabilities, std::string_view key, const Set& allowed,
                  std::string_view where, std::optional<Refuses> who, Findings& out) {
  for (const Place& name : capabilities.elements(key)) {
    const std::string text = name.text().value_or("");
    if (is_among(kCapabilities, text) && allowed.count(text) == 0) {
      if (who) {
        out.add(*who, name.path(), text, " is not in ", where, " as well");
      } else {
        out.note(name.path(), text, " is not in ", where, " as well, so it has no effect");
      }
    }
  }
}

void check_capabilities(const Place& process, Findings& out) {
  const std::optional<Place> capabilities = process.get("capabilities");
  if (!capabilities) {
    return;
  }
  for (const auto& [key, list] : capabilities->entries()) {
    for (const Place& name : list.elements()) {
      const std::string text = name.text().value_or("CAP_CHOWN");
      if (!is_among(kCapabilities, text)) {
        out.add(Refuses::kNobody, name.path(), quoted(text),
                " is no capability that is known; low-level runtimes pass over it");
      }
    }
  }
  const Set permitted = set_of(*capabilities, "permitted");
  const Set bounding = set_of(*capabilities, "bounding");
  const Set inheritable = set_of(*capabilities, "inheritable");
  Set both;
  std::set_intersection(permitted.begin(), permitted.end(), inheritable.begin(), inheritable.end(),
                        std::inserter(both, both.end()));
  check_within(*capabilities, "effective", permitted, "permitted", Refuses::kBoth, out);
  check_within(*capabilities, "inheritable", bounding, "bounding", Refuses::kBoth, out);
  check_within(*capabilities, "ambient", both, "permitted and inheritable", std::nullopt, out);
}

void check_rlimits(const Place& process, Findings& out) {
  std::set<std::string> seen;
  for (const Place& limit : process.elements("rlimits")) {
    const std::string type = limit.text("type").value_or("");
    if (!is_among(kRlimits, type)) {
      out.add(Refuses::kBoth, limit.path_of("type"), type.empty() ? "is missing" : quoted(type),
              type.empty() ? "" : " is no limit that is known");
    } else if (!seen.insert(type).second) {
      out.add(Refuses::kNobody, limit.path(), type,
              " is there twice, which the specification forbids");
    }
    const std::optional<std::uint64_t> hard = limit.natural("hard"), soft = limit.natural("soft");
    if (hard && soft && *soft > *hard) {
      out.add(Refuses::kBoth, limit.path_of("soft"), *soft, " is more than hard, ", *hard);
    }
  }
}

void check_labels(const Place& process, const Host& host, Findings& out) {
  if (const std::optional<std::int64_t> adjust = process.integer("oomScoreAdj");
      adjust && (*adjust < -1000 || *adjust > 1000)) {
    out.add(Refuses::kBoth, process.path_of("oomScoreAdj"), *adjust, " is not from -1000 to 1000");
  }
  const std::string profile = process.text("apparmorProfile").value_or("");
  if (host.look && !profile.empty() && profile != "unconfined") {
    const std::optional<std::string> enabled =
        read_file_if_present("/sys/module/apparmor/parameters/enabled", 16);
    if (!enabled || !enabled->starts_with('Y')) {
      out.add(Refuses::kBoth, process.path_of("apparmorProfile"), quoted(profile),
              " cannot be applied: AppArmor is not enabled on this host");
    }
  }
  if (const std::string label = process.text("selinuxLabel").value_or("");
      host.look && !label.empty() && !look_at("/sys/fs/selinux/enforce").there) {
    out.add(Refuses::kBoth, process.path_of("selinuxLabel"), quoted(label),
            " cannot be applied: SELinux is not enabled on this host");
  }
}

// Where PATH of the process leads; nullopt without PATH. Of several the last counts.
std::optional<std::vector<std::string>> folders_of_path(const Place& process) {
  std::optional<std::string> list;
  for (const Place& variable : process.elements("env")) {
    const std::string text = variable.text().value_or("");
    list = text.starts_with("PATH=") ? std::optional(text.substr(5)) : list;
  }
  if (!list) {
    return std::nullopt;
  }
  std::vector<std::string> out;
  for (std::size_t at = 0; at <= list->size() && !list->empty();) {
    const std::size_t end = std::min(list->find(':', at), list->size());
    out.push_back(list->substr(at, end - at));
    at = end + 1;
  }
  return out;
}

bool can_run(const Look& found) {
  return found.there && S_ISREG(found.status.st_mode) && (found.status.st_mode & 0111) != 0;
}

// Hooks that run before the program does may bring it.
bool has_hooks_before(const Place& document) {
  const std::optional<Place> hooks = document.get("hooks");
  return hooks &&
         (!hooks->elements("prestart").empty() || !hooks->elements("createRuntime").empty() ||
          !hooks->elements("createContainer").empty());
}

// The program that is to run, where it can be said without starting anything.
class ProgramChecker {
 public:
  ProgramChecker(const Place& document, const Place& process, const Place& argument,
                 const Files& files, Findings& out)
      : process_(process),
        argument_(argument),
        name_(argument.text().value_or("")),
        cwd_(process.text("cwd").value_or("/")),
        files_(files),
        hooked_(has_hooks_before(document)),
        out_(out) {}

  void check(const Host& host) {
    if (name_.empty()) {
      return;
    }
    if (name_.find('/') != name_.npos) {
      const std::optional<Look> found = host.look ? look(name_) : std::nullopt;
      if (found && !can_run(*found)) {
        missing(!found->there                    ? " is not in the root file system"
                : S_ISDIR(found->status.st_mode) ? " is a folder"
                                                 : " is not executable");
      }
    } else if (const std::optional<std::vector<std::string>> folders = folders_of_path(process_);
               !folders) {
      out_.add(Refuses::kBoth, argument_.path(), quoted(name_),
               " has no slash, and process.env has no PATH to find it by");
    } else if (host.look) {
      search(*folders);
    }
  }

 private:
  std::optional<Look> look(const std::string& path) const {
    return files_.look(path.starts_with('/') ? path : cat(cwd_, '/', path));
  }
  void missing(const char* what) {
    out_.add(hooked_ ? Refuses::kNobody : Refuses::kBoth, argument_.path(), quoted(name_), what,
             hooked_ ? ", unless a hook brings it" : "");
  }

  // An empty folder is the working one for runc, which takes no program from a folder that is not
  // absolute; crun passes over it.
  void search(const std::vector<std::string>& folders) {
    for (const std::string& folder : folders) {
      const std::optional<Look> found = look(cat(folder.empty() ? "." : folder, '/', name_));
      if (!found) {
        return;
      }
      if (!can_run(*found)) {
        continue;
      }
      if (folder.starts_with('/')) {
        return;
      }
      out_.add(folder.empty() ? Refuses::kBoth : Refuses::kRunc, argument_.path(), quoted(name_),
               " is found by ", quoted(folder), " in PATH, which is no absolute path");
      return;
    }
    missing(" is in none of the folders that PATH names in the root file system");
  }

  const Place& process_;
  const Place& argument_;
  const std::string name_, cwd_;
  const Files& files_;
  const bool hooked_;
  Findings& out_;
};

void check_hostname(const Place& document, Findings& out) {
  const std::string name = document.text("hostname").value_or("");
  if (name.size() > kLongestHostname) {
    out.add(Refuses::kBoth, "hostname", "is longer than ", kLongestHostname, " characters");
  }
  if (!name.empty() && !has_namespace(document, "uts")) {
    out.add(Refuses::kBoth, "hostname", quoted(name),
            " needs a namespace of the type \"uts\" in linux.namespaces");
  }
  if (!document.text("domainname").value_or("").empty() && !has_namespace(document, "uts")) {
    out.add(Refuses::kNobody, "domainname",
            "needs a namespace of the type \"uts\" in linux.namespaces");
  }
}

}  // namespace

void check_process(const Place& document, const Host& host, const Files& files, Findings& out) {
  const std::optional<Place> process = document.get("process");
  if (!process) {
    out.add(Refuses::kBoth, "process", "is missing; there is nothing to run");
  } else if (process->value().is_object()) {
    check_args(*process, out);
    const std::vector<Place> args = process->elements("args");
    if (!args.empty()) {
      ProgramChecker(document, *process, args.front(), files, out).check(host);
    }
    check_cwd(*process, out);
    check_env(*process, out);
    check_user(*process, out);
    check_capabilities(*process, out);
    check_rlimits(*process, out);
    check_labels(*process, host, out);
  }
  check_hostname(document, out);
}

}  // namespace xpu::check
