// SPDX-License-Identifier: Apache-2.0
// How an edit is delivered depends on the container. The table; each row has a test of its name.
//
// clang-format off
//   what              container                            how
//   ----------------  -----------------------------------  ---------------------------------------
//   device node       rootful                              linux.devices and one cgroup rule
//                     privileged                           the same; a note: it sees every device
//                     user namespace (its own, caller's)   bind mount; a cgroup rule when rootful;
//                     node with a mode and owner of its    error when the container's user could not
//                     own: by bind mount, in a volume      open it
//                     of CDI, for reading alone or for     the same; only that access is looked for
//                     nobody
//                     a volume covers /dev                 nothing new is made in the volume: its own
//                                                          node, else a bind mount over it, else error
//                     a mount with nodev covers its place  bind mount over it
//                     node changed or gone on the host     error
//   library           glibc                                mount under its SONAME where the loader
//                                                          looks, and an entry in ld.so.cache
//                     image has copies of its own          covered in the loader's folders, where its
//                                                          cache names them and in LD_LIBRARY_PATH,
//                                                          else a warning; cache entries are replaced
//                     cache cannot be written              a generated one is mounted over it; else a
//                                                          warning, or error when none would be found
//                     a volume covers the folder           next folder of the loader; /usr/lib/xpu
//                                                          with cache entry and ld.so.conf drop-in;
//                                                          else error
//                     musl, static or no loader            conventional folder, no cache, a note
//                     the image's folder has newer ones    the cache names those first, whatever the
//                                                          image's LD_LIBRARY_PATH; a note. Without a
//                                                          cache: a warning
//   name of a library writable root                        symlink made before the start
//                     else                                 further mount under that name
//   binary, data,     any                                  mount at its own path; sockets writable
//   socket, folder    target cannot be made                left out with a warning
//                     socket may be another user's         left out with a warning
//                     a folder has no place for the        left out with a warning
//                     container's own mounts in it
//   generated file    any                                  made in the state folder, mounted like data
//   anything          the image has what it names          left out with a note; never device nodes
//   for some images
//   anything          truly read-only root, no target      overlay over the nearest folder; when
//                                                          impossible: libraries and nodes error,
//                                                          others a warning
//                     the mapped root cannot write there   as if no target could be made
//                     the container's own mount is there   replaced with a warning
//                     root.readonly flag alone             nothing special: runtimes remount last
//                     source gone on the host              error
//   links             any                                  generated folder, mounted read-only
//                     their folder has other things        left out with a warning
//   mount of CDI      any                                  as the file says; a folder before what is
//                                                          mounted below it; error when its source is
//                                                          gone, its target cannot be made, or a
//                                                          read-only folder has no place for the
//                                                          container's own mounts in it
//                     its target is in sysfs or procfs     a part of sysfs in its place there, and the
//                                                          files of procfs that runc allows; else error
//   hook of CDI       any                                  with an environment of its own; not twice
//                                                          where the engine has put it in already
//   group of CDI      user namespace without it            left out with a warning: the container would
//                                                          not start
//                     else                                 a further group of the process
//   network device,   any                                  as the file says
//   RDT class of CDI
//   environment       any                                  replaces the variable of that name
//   note              any                                  a note, or a warning
// clang-format on
#include "core/plan/plan.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <climits>
#include <cstdlib>

#include "core/base/error.h"
#include "core/plan/draft.h"

namespace xpu {

namespace {

[[noreturn]] void fail_source(const std::string& path) {
  if (errno == ENOENT || errno == ENOTDIR) {
    fail("the driver file ", path, " is gone; run: xpu-runtime detect --refresh");
  }
  fail_errno("cannot look up the driver file ", path);
}

// Each folder is resolved and opened once: driver files lie beside each other.
const Draft::SourceFolder& source_folder(Draft& draft, const std::string& path) {
  const std::string_view folder = std::string_view(path).substr(0, path.rfind('/'));
  const auto known = draft.source_folders.find(folder);
  if (known != draft.source_folders.end()) {
    return known->second;
  }
  char resolved[PATH_MAX];
  if (::realpath(folder.empty() ? "/" : std::string(folder).c_str(), resolved) == nullptr) {
    fail_source(path);
  }
  Fd fd(::open(resolved, O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd) {
    fail_source(path);
  }
  const std::string real = resolved == std::string_view("/") ? "" : resolved;
  return draft.source_folders.emplace(folder, Draft::SourceFolder{real, std::move(fd)})
      .first->second;
}

}  // namespace

std::string checked_source(Draft& draft, const File& file) {
  const Draft::SourceFolder& source = source_folder(draft, file.host_path);
  const char* const name = file.host_path.c_str() + file.host_path.rfind('/') + 1;
  struct stat status = {};
  if (::fstatat(source.fd.get(), name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
    fail_source(file.host_path);
  }
  std::string resolved = cat(source.path, "/", name);
  if (S_ISLNK(status.st_mode)) {
    char target[PATH_MAX];
    if (::realpath(resolved.c_str(), target) == nullptr || ::stat(target, &status) != 0) {
      fail_source(file.host_path);
    }
    resolved = target;
  }
  const bool folder = file.kind == FileKind::kDirectory;
  const bool socket = file.kind == FileKind::kSocket;
  const bool as_said = folder   ? S_ISDIR(status.st_mode)
                       : socket ? S_ISSOCK(status.st_mode) || S_ISDIR(status.st_mode)
                                : S_ISREG(status.st_mode);
  if (!as_said) {
    fail("the driver file ", file.host_path, " is no longer a ",
         folder   ? "folder"
         : socket ? "socket"
                  : "regular file",
         "; run: xpu-runtime detect --refresh");
  }
  return resolved;
}

bool writable_in_rootfs(const Draft& draft, const std::string& path, std::string& resolved) {
  const Place place = draft.view.locate(path, LastLink::kKeep);
  resolved = place.path;
  return place.kind == Place::Kind::kRootfs && draft.mounts.writable(folder_of(place.path));
}

Plan make_plan(const Edits& edits, const Spec& spec, const ContainerView& view,
               const Facts& facts) {
  Plan plan;
  std::optional<Edits> applying;
  if (!unconditional(edits)) {
    applying = edits_for_image(edits, spec, view, facts, plan.notes);
  }
  Draft draft{applying ? *applying : edits, spec, view, facts, std::move(plan),
              Mounts(spec, view, facts),    {}};
  plan_nodes(draft);
  plan_libraries(draft);
  plan_files(draft);
  plan_texts(draft);
  plan_link_folders(draft);
  plan_cdi(draft);
  for (const Wanted<EnvVar>& variable : draft.edits.env) {
    draft.plan.env.push_back({variable.item.name, variable.item.value, variable.why});
  }
  for (const Wanted<Note>& note : draft.edits.notes) {
    (note.item.warning ? draft.plan.warnings : draft.plan.notes).push_back(note.item.text);
  }
  draft.mounts.finish(draft.plan);
  return std::move(draft.plan);
}

}  // namespace xpu
