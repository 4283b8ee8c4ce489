// SPDX-License-Identifier: Apache-2.0
#include "core/cdi/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "core/base/error.h"
#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/trust.h"
#include "core/cdi/index.h"
#include "core/cdi/tree.h"

namespace xpu::cdi {
namespace {

constexpr std::size_t kMostFiles = 1024;  // of one folder
constexpr std::size_t kMostListed = 8;    // in a message
constexpr int kMostTries = 20;            // to read a file that is being replaced

struct stat status_of(const Fd& fd, const std::string& path) {
  struct stat status = {};
  if (::fstat(fd.get(), &status) != 0) {
    fail_errno("cannot look at ", path);
  }
  return status;
}

// Empty where there is none.
Fd open_file(const std::string& path, bool allow_untrusted) {
  if (!allow_untrusted) {
    return open_trusted(path, TrustKind::kFile);
  }
  Fd fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!fd && errno != ENOENT && errno != ENOTDIR) {
    fail_errno("cannot open ", path);
  }
  return fd;
}

bool defines(const File& file, const Name& name) {
  return file.problem.empty() && file.kind == name.kind &&
         std::find(file.devices.begin(), file.devices.end(), name.device) != file.devices.end();
}

std::pair<Spec, std::string> read_once(const std::string& path, bool allow_untrusted) {
  const Fd fd = open_file(path, allow_untrusted);
  if (!fd) {
    fail(path, ": there is no such file");
  }
  const std::string stamp = stamp_of(status_of(fd, path));
  const std::string text = read_fd(fd.get(), path, kMostBytes);
  // One that is replaced by a rename is not this one any more; one that is written over may be half
  // old and half new.
  if (stamp_of(status_of(fd, path)) != stamp) {
    fail(path,
         ": the file changed while it was read; try again, and have its writer rename a "
         "finished file into place");
  }
  return {parse(text, path), stamp};
}

}  // namespace

std::pair<Spec, std::string> read_spec_file(const std::string& path, bool allow_untrusted) {
  for (int tries = 1;; ++tries) {
    const std::string before = stamp_now(path);
    try {
      return read_once(path, allow_untrusted);
    } catch (const Error&) {
      // One that somebody is replacing right now is read anew: either the old or the new one.
      if (tries == kMostTries || stamp_now(path) == before) {
        throw;
      }
    }
  }
}

bool is_spec_file(std::string_view name) {
  return name.ends_with(".json") || name.ends_with(".yaml");
}

void check_hooks(const Edits& edits, const std::string& file) {
  for (const Hook& hook : edits.hooks) {
    try {
      if (!open_trusted(hook.path, TrustKind::kProgram)) {
        fail(hook.path, " does not exist");
      }
    } catch (const Error& error) {
      fail(file, ": the hook ", hook.name, " cannot be run: ", error.what());
    }
  }
}

Files::Files(Where where, const std::string& state_dir) : where_(std::move(where)) {
  for (const std::string& path : where_.folders) {
    folders_.push_back({path, "", ""});
  }
  const Index index(state_dir, where_);
  if (index.read(folders_, files_)) {
    return;
  }
  timespec begin = {};
  ::clock_gettime(CLOCK_REALTIME, &begin);
  scan();
  index.write(folders_, files_, begin);
}

void Files::scan() {
  files_.clear();
  for (std::size_t i = 0; i < folders_.size(); ++i) {
    folders_[i].problem.clear();
    folders_[i].stamp = stamp_now(folders_[i].path);
    try {
      list(i);
    } catch (const Error& error) {
      folders_[i].problem = error.what();
    }
  }
  for (File& file : files_) {
    look_at(file);
  }
}

void Files::list(std::size_t folder) {
  const std::string& path = folders_[folder].path;
  const Fd fd = where_.allow_untrusted
                    ? Fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC))
                    : open_trusted(path, TrustKind::kFolder);
  if (!fd) {
    if (errno != ENOENT && errno != ENOTDIR) {
      fail_errno("cannot open the folder ", path);
    }
    return;
  }
  std::size_t count = 0;
  for (const std::string& name : list_dir(fd.get(), path)) {
    if (is_spec_file(name)) {
      if (++count > kMostFiles) {
        fail("the folder ", path, " has more than ", kMostFiles,
             " CDI files; those beyond are passed over");
      }
      files_.push_back({cat(path, "/", name), folder, "", "", {}, ""});
    }
  }
}

void Files::look_at(File& file) const {
  try {
    const auto [spec, stamp] = read_spec_file(file.path, where_.allow_untrusted);
    file.stamp = stamp;
    file.kind = spec.kind;
    for (const Device& device : spec.devices) {
      file.devices.push_back(device.name);
    }
  } catch (const Error& error) {
    // Also one that is mended in place is looked at again.
    file.stamp = stamp_now(file.path);
    file.problem = error.what();
    if (file.problem.find(file.path) == std::string::npos) {
      file.problem = cat(file.path, ": ", file.problem);
    }
  }
}

const File* Files::find_if_there(const Name& name) const {
  const File* found = nullptr;
  const File* other = nullptr;
  for (const File& file : files_) {
    if (!defines(file, name)) {
      continue;
    }
    other = found != nullptr && found->folder == file.folder ? found : nullptr;
    found = &file;
  }
  if (other != nullptr) {
    fail("the CDI device ", qualified(name.kind, name.device), " is defined twice, in ",
         other->path, " and in ", found->path, "; remove one of the two");
  }
  return found;
}

const File& Files::find(const Name& name) const {
  if (const File* const file = find_if_there(name)) {
    return *file;
  }
  std::string searched, known, bad;
  for (const Folder& folder : folders_) {
    searched += cat(searched.empty() ? "" : " and ", folder.path);
    bad += folder.problem.empty() ? "" : cat("; ", folder.problem);
  }
  std::size_t count = 0;
  for (const File& file : files_) {
    bad += file.problem.empty() ? "" : cat("; ", file.problem);
    for (const std::string& device :
         file.kind == name.kind ? file.devices : std::vector<std::string>()) {
      known += ++count > kMostListed ? "" : cat(count == 1 ? "" : ", ", device);
    }
  }
  if (count > kMostListed) {
    known += cat(" and ", count - kMostListed, " more");
  }
  fail("no CDI file in ", searched, " defines ", qualified(name.kind, name.device),
       known.empty() ? "" : cat("; of ", name.kind, " there are ", known), bad);
}

std::vector<Definition> Files::definitions() const {
  std::vector<Definition> out;
  std::map<std::string, std::size_t> latest;  // device → in `out`
  for (const File& file : files_) {
    for (const std::string& name : file.devices) {
      Definition one{qualified(file.kind, name), &file, Definition::State::kUsed, nullptr};
      const auto [known, is_new] = latest.emplace(one.device, out.size());
      if (!is_new) {
        Definition& other = out[known->second];
        const bool beside = other.file->folder == file.folder;
        other.state = beside ? Definition::State::kConflict : Definition::State::kHidden;
        other.by = &file;
        one.state = beside ? Definition::State::kConflict : Definition::State::kUsed;
        one.by = beside ? other.file : nullptr;
        known->second = out.size();
      }
      out.push_back(std::move(one));
    }
  }
  return out;
}

Spec Files::read(const File& file) const {
  return read_spec_file(file.path, where_.allow_untrusted).first;
}

}  // namespace xpu::cdi
