// SPDX-License-Identifier: Apache-2.0
// CDI files, of whoever wrote them: engines resolve devices in them without asking anybody whether
// what they name is still there.
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/base/error.h"
#include "core/base/trust.h"
#include "core/catalog/grammar.h"
#include "core/cdi/files.h"
#include "core/cdi/name.h"
#include "core/cdi/spec.h"
#include "core/doctor/cdi_files.h"
#include "core/doctor/checks.h"

namespace xpu::doctor {
namespace {

std::vector<std::string> files_in(const Host& host, const std::string& folder) {
  std::vector<std::string> out;
  for (const std::string& name : host.list(folder)) {
    if (cdi::is_spec_file(name)) {
      out.push_back(cat(folder, '/', name));
    }
  }
  return out;
}

// What the file names of the host: the devices of all, and files.
std::set<std::string> host_paths(const cdi::Spec& spec) {
  std::set<std::string> out;
  const auto add = [&](const cdi::Edits& edits) {
    for (const cdi::DeviceNode& node : edits.nodes) {
      out.insert(node.host_path.empty() ? node.path : node.host_path);
    }
    for (const cdi::Mount& mount : edits.mounts) {
      if (mount.host_path.starts_with('/')) {
        out.insert(mount.host_path);
      }
    }
    for (const cdi::Hook& hook : edits.hooks) {
      out.insert(hook.path);
    }
  };
  add(spec.edits);
  for (const cdi::Device& device : spec.devices) {
    add(device.edits);
  }
  return out;
}

bool leads_somewhere(const Host& host, const std::string& path) {
  struct stat status {};
  return ::stat(host.path(path).c_str(), &status) == 0;
}

// "libx.so." and "550.163.01" of a library whose file name ends in its driver's version.
struct Versioned {
  std::string stem, version;
};
std::optional<Versioned> versioned(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  const std::size_t at = name.rfind(".so.");
  const std::string version = at == name.npos ? "" : name.substr(at + 4);
  if (version.find('.') == version.npos || !grammar::is_version(version)) {
    return std::nullopt;
  }
  return Versioned{name.substr(0, at + 4), version};
}

// The version of each library that the backends describe now.
std::map<std::string, std::string> current_versions(const Host& host) {
  std::map<std::string, std::string> out;
  for (const Backend& backend : host.backends) {
    for (const EditGroup& group : backend.status.catalog.edits) {
      for (const File& file : group.files) {
        if (const std::optional<Versioned> found = versioned(file.host_path)) {
          out[found->stem] = found->version;
        }
      }
    }
  }
  return out;
}

// What is wrong with a file by what is on the host now; "" for nothing.
std::string stale(const Host& host, const cdi::Spec& spec,
                  const std::map<std::string, std::string>& current) {
  std::string missing;
  std::size_t count = 0;
  for (const std::string& path : host_paths(spec)) {
    if (!leads_somewhere(host, path)) {
      missing = count++ == 0 ? path : missing;
      continue;
    }
    const std::optional<Versioned> found = versioned(path);
    const auto now = found ? current.find(found->stem) : current.end();
    if (now != current.end() && now->second != found->version) {
      return cat(" names ", path, ", and the driver is ", now->second);
    }
  }
  return count == 0
             ? ""
             : cat(" names ", missing, count == 1 ? "" : cat(" and ", count - 1, " more paths"),
                   count == 1 ? ", which does not exist" : " that do not exist");
}

Findings nothing_to_see(const Host& host) {
  std::string folders;
  for (const std::string& folder : host.config.cdi_spec_dirs) {
    folders += cat(folders.empty() ? "" : " and ", folder);
  }
  return {skipped(cat("no CDI file in ", folders))};
}

}  // namespace

std::vector<std::string> all_cdi_files(const Host& host) {
  std::vector<std::string> out;
  for (const std::string& folder : host.config.cdi_spec_dirs) {
    for (std::string& file : files_in(host, folder)) {
      out.push_back(std::move(file));
    }
  }
  return out;
}

// What a manifest says of that kind, else what anybody can do.
std::string cdi_remedy(const Host& host, const std::string& kind, const std::string& file) {
  for (const Backend& backend : host.backends) {
    for (const DoctorHints::Cdi& hint : backend.hints.cdi) {
      const std::size_t at = hint.remedy.find("${file}");
      if (hint.kind == kind) {
        return at == std::string::npos
                   ? hint.remedy
                   : cat(hint.remedy.substr(0, at), shell_word(file), hint.remedy.substr(at + 7));
      }
    }
  }
  return kind.starts_with(cdi::kOwnKinds)
             ? "xpu-runtime cdi refresh"
             : cat("rm ", shell_word(file), ", or write it anew with the tool that made it");
}

Findings check_cdi_stale(const Host& host) {
  const std::vector<std::string> files = all_cdi_files(host);
  const std::map<std::string, std::string> current = current_versions(host);
  Findings out;
  for (const std::string& file : files) {
    try {
      const cdi::Spec spec = cdi::parse(host.read(file).value_or(""), file);
      const std::string problem = stale(host, spec, current);
      if (!problem.empty()) {
        out.push_back(failure(cat(file, problem), cdi_remedy(host, spec.kind, file)));
      }
    } catch (const Error& error) {
      out.push_back(
          failure(cat(error.what(), "; engines ignore the file"),
                  cat("rm ", shell_word(file), ", or write it anew with the tool that made it")));
    }
  }
  if (out.empty()) {
    return files.empty() ? nothing_to_see(host)
                         : Findings{pass(cat(files.size(), files.size() == 1 ? " file" : " files",
                                             ", all that they name is there"))};
  }
  return out;
}

// Two files of one folder that define the same device: engines take neither. Of two folders the
// later one wins, and that is meant.
Findings check_cdi_conflicts(const Host& host) {
  Findings out;
  bool any = false;
  for (const std::string& folder : host.config.cdi_spec_dirs) {
    std::map<std::string, std::string> first;
    std::set<std::string> told;
    for (const std::string& file : files_in(host, folder)) {
      any = true;
      cdi::Spec spec;
      try {
        spec = cdi::parse(host.read(file).value_or(""), file);
      } catch (const Error&) {
        continue;  // cdi-stale tells it
      }
      for (const cdi::Device& device : spec.devices) {
        const std::string name = cdi::qualified(spec.kind, device.name);
        const auto [other, is_new] = first.emplace(name, file);
        if (!is_new && told.insert(cat(other->second, ' ', file)).second) {
          out.push_back(failure(
              cat(name, " is in ", other->second, " and in ", file, ": engines take neither"),
              cat("rm ", shell_word(file), ", or ", shell_word(other->second))));
        }
      }
    }
  }
  if (out.empty()) {
    return any ? Findings{pass("no device is defined twice")} : nothing_to_see(host);
  }
  return out;
}

// The runtime refuses what others could have written: its hooks would run as root.
Findings check_cdi_trust(const Host& host) {
  if (host.config.cdi_allow_untrusted) {
    return {skipped("allow-untrusted is set")};
  }
  const std::vector<std::string> files = all_cdi_files(host);
  Findings out;
  for (const std::string& file : files) {
    try {
      open_trusted(host.path(file), TrustKind::kFile);
    } catch (const Error& error) {
      // The message has a command of its own, which names the file as it is.
      const std::string name = shell_word(file);
      const std::string command = cat("chown root ", name, " && chmod go-w ", name);
      out.push_back(name == file ? failure_of(error.what(), command)
                                 : failure("a file that others could write", command));
    }
  }
  if (out.empty()) {
    return files.empty() ? nothing_to_see(host) : Findings{pass("nobody else can change them")};
  }
  return out;
}

Findings check_cdi_readable(const Host& host) {
  if (host.rootless_users().empty()) {
    return {skipped("nobody has a rootless engine")};
  }
  const std::vector<std::string> files = all_cdi_files(host);
  Findings out;
  for (const std::string& file : files) {
    struct stat status {};
    if (::stat(host.path(file).c_str(), &status) == 0 && (status.st_mode & S_IROTH) == 0) {
      out.push_back(failure(cat(file,
                                " can be read by its owner only: a rootless engine does not "
                                "resolve its devices"),
                            cat("chmod a+r ", shell_word(file))));
    }
  }
  if (out.empty()) {
    return files.empty() ? nothing_to_see(host) : Findings{pass("everybody can read them")};
  }
  return out;
}

}  // namespace xpu::doctor
