// SPDX-License-Identifier: Apache-2.0
#include "core/publish/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdlib>

#include "core/base/error.h"
#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/path.h"
#include "core/base/trust.h"
#include "core/cdi/files.h"
#include "core/cdi/tree.h"

namespace xpu {
namespace {

// Containers of ordinary users mount what is generated.
constexpr mode_t kFolderMode = 0755, kFileMode = 0644;

// Links resolved; `path` itself where nothing is there.
std::string real(const std::string& path) {
  char resolved[PATH_MAX];
  return ::realpath(path.c_str(), resolved) == nullptr ? path : resolved;
}

// The folders whose files matter to one that is written to `folder`.
std::vector<std::string> folders_beside(const Config& config, const std::string& folder) {
  std::vector<std::string> out;
  for (const std::string& dir : config.cdi_spec_dirs) {
    if (real(dir) == real(folder)) {
      out = config.cdi_spec_dirs;
    }
  }
  if (out.empty()) {
    out.push_back(folder);
  }
  return out;
}

std::string read_link(int dirfd, const std::string& name) {
  char target[PATH_MAX];
  const ssize_t size = ::readlinkat(dirfd, name.c_str(), target, sizeof(target));
  return size < 0 ? std::string() : std::string(target, static_cast<std::size_t>(size));
}

bool is_current(const cdi::Generated& generated) {
  if (generated.link) {
    return read_link(AT_FDCWD, generated.path) == generated.content;
  }
  return read_file_if_present(generated.path, cdi::kMostBytes) == generated.content;
}

void make(const cdi::Generated& generated) {
  const std::string folder = folder_of(generated.path);
  const std::string name = file_name_of(generated.path);
  const Fd fd = open_state_dir(folder, kFolderMode);
  if (!generated.link) {
    write_file_atomic(fd.get(), folder, name, generated.content, {.mode = kFileMode, .sync = true});
    return;
  }
  ::unlinkat(fd.get(), name.c_str(), 0);
  if (::symlinkat(generated.content.c_str(), fd.get(), name.c_str()) != 0) {
    fail_errno("cannot make the link ", generated.path);
  }
}

std::string text_of(const CdiTarget& target) {
  return cdi::write(target.rendering->spec, target.format);
}

// Removes and says what an earlier refresh left.
class Leftovers {
 public:
  Leftovers(const CdiWish& wish, const CdiDocuments& documents, const std::string& folder)
      : wish_(wish), documents_(documents), folder_(folder) {}

  // Only files by the names that refresh gives, of kinds that it gives there, and of backends that
  // said that they have nothing (more) to give: one that failed may be there again tomorrow.
  std::vector<std::string> find() const {
    std::vector<std::string> out;
    const cdi::Files files({{folder_}, true}, "");
    for (const cdi::File& file : files.files()) {
      const std::string name = file_name_of(file.path);
      if (file.problem.empty() && is_ours(name, file.kind) && !is_wanted(name)) {
        out.push_back(file.path);
      }
    }
    return out;
  }

 private:
  bool is_ours(const std::string& file, const std::string& kind) const {
    return std::any_of(
        documents_.backends.begin(), documents_.backends.end(), [&](const BackendStatus& backend) {
          const Manifest& manifest = backend.found.manifest;
          const bool knows =
              backend.state == BackendState::kReady || backend.state == BackendState::kAbsent;
          if (!knows) {
            return false;
          }
          if (wish_.kind.empty()) {
            const std::string own = cdi_kind_of("");
            return kind.starts_with(own) &&
                   (file == cdi_file_name(manifest.name, "") + ".json" ||
                    file == cdi_file_name(manifest.name, kind.substr(own.size())) + ".json");
          }
          return file == cdi_file_name(manifest.name, kind) + ".json" &&
                 std::any_of(manifest.cdi_kinds.begin(), manifest.cdi_kinds.end(),
                             [&](const CdiKind& known) {
                               return known.kind == kind &&
                                      (wish_.kind == kCdiVendorKinds || wish_.kind == kind);
                             });
        });
  }
  bool is_wanted(const std::string& file) const {
    return std::any_of(
        documents_.documents.begin(), documents_.documents.end(),
        [&](const CdiDocument& document) { return document.name + ".json" == file; });
  }

  const CdiWish& wish_;
  const CdiDocuments& documents_;
  const std::string& folder_;
};

Fd open_folder(const std::string& path) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) {
    fail_errno("cannot open the folder ", path);
  }
  return fd;
}

// A spec folder that is not there yet is made, as /var/run begins empty.
void make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), kFolderMode) == 0 || errno == EEXIST) {
    return;
  }
  if (errno == ENOENT) {
    make_folder(folder_of(path));
    if (::mkdir(path.c_str(), kFolderMode) == 0 || errno == EEXIST) {
      return;
    }
  }
  fail_errno("cannot make the folder ", path);
}

}  // namespace

cdi::Format cdi_format_of(const std::string& path, const std::optional<cdi::Format>& wished) {
  const bool json = path.ends_with(".json");
  const bool yaml = path.ends_with(".yaml") || path.ends_with(".yml");
  const cdi::Format by_name = json ? cdi::Format::kJson : cdi::Format::kYaml;
  if (wished && (json || yaml) && *wished != by_name) {
    fail(path, " is the name of a ", json ? "JSON" : "YAML", " file, and --format says ",
         json ? "yaml" : "json");
  }
  return wished.value_or(by_name);
}

void check_cdi_conflicts(const Config& config, const std::vector<CdiTarget>& targets,
                         const std::vector<std::string>& leaving) {
  if (targets.empty()) {
    return;
  }
  const std::string folder = folder_of(targets.front().path);
  const auto same_file = [](const std::string& a, const std::string& b) {
    return file_name_of(a) == file_name_of(b) && real(folder_of(a)) == real(folder_of(b));
  };
  const cdi::Files files({folders_beside(config, folder), true}, "");
  for (const cdi::File& file : files.files()) {
    const auto is_file = [&](const std::string& path) { return same_file(path, file.path); };
    if (std::any_of(leaving.begin(), leaving.end(), is_file) ||
        std::any_of(targets.begin(), targets.end(),
                    [&](const CdiTarget& target) { return is_file(target.path); })) {
      continue;
    }
    for (const CdiTarget& target : targets) {
      const cdi::Spec& spec = target.rendering->spec;
      for (const cdi::Device& device : spec.devices) {
        if (file.kind == spec.kind && std::find(file.devices.begin(), file.devices.end(),
                                                device.name) != file.devices.end()) {
          fail(file.path, " defines ", cdi::qualified(spec.kind, device.name), " already, and so ",
               "would ", target.path,
               real(folder_of(file.path)) == real(folder)
                   ? ": readers of CDI give neither then"
                   : ": readers of CDI then pass over one of them",
               "; remove the former, or choose another --kind");
        }
      }
    }
  }
}

bool is_cdi_file_current(const CdiTarget& target) {
  return read_file_if_present(target.path, cdi::kMostBytes) == text_of(target) &&
         std::all_of(target.rendering->generated.begin(), target.rendering->generated.end(),
                     is_current);
}

void make_generated(const cdi::Rendering& rendering) {
  for (const cdi::Generated& generated : rendering.generated) {
    if (!is_current(generated)) {
      make(generated);
    }
  }
}

void write_cdi_file(const CdiTarget& target) {
  make_generated(*target.rendering);
  const std::string folder = folder_of(target.path), name = file_name_of(target.path);
  const Fd fd = open_folder(folder);
  remove_stale_temporaries(fd.get(), name);
  write_file_atomic(fd.get(), folder, name, text_of(target), {.mode = kFileMode, .sync = true});
}

std::vector<std::string> refresh_cdi_files(const Config& config, const CdiWish& wish,
                                           const CdiDocuments& documents,
                                           const CdiRefresh& refresh) {
  std::vector<CdiTarget> targets;
  for (const CdiDocument& document : documents.documents) {
    targets.push_back({cat(refresh.directory, "/", document.name, ".json"), cdi::Format::kJson,
                       &document.rendering});
  }
  const std::vector<std::string> leaving = Leftovers(wish, documents, refresh.directory).find();
  check_cdi_conflicts(config, targets, leaving);
  std::vector<std::string> changes;
  if (!refresh.check && !targets.empty()) {
    make_folder(refresh.directory);
    // What others could write, nobody would believe.
    open_trusted(refresh.directory, TrustKind::kFolder);
  }
  for (const CdiTarget& target : targets) {
    if (is_cdi_file_current(target)) {
      continue;
    }
    if (!refresh.check) {
      write_cdi_file(target);
    }
    const std::size_t count = target.rendering->spec.devices.size();
    changes.push_back(cat(target.path, ": ", refresh.check ? "is not current" : "written", ", ",
                          count, count == 1 ? " name of " : " names of ",
                          target.rendering->spec.kind));
  }
  for (const std::string& path : leaving) {
    if (!refresh.check && ::unlink(path.c_str()) != 0 && errno != ENOENT) {
      fail_errno("cannot remove ", path);
    }
    changes.push_back(cat(path, refresh.check ? ": is for devices that are gone"
                                              : ": removed, its devices are gone"));
  }
  return changes;
}

}  // namespace xpu
