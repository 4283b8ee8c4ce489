// SPDX-License-Identifier: Apache-2.0
#include "user_libraries.h"

#include <algorithm>
#include <map>
#include <set>

#include "elf.h"
#include "path.h"

namespace xpu::sdk {
namespace {

// As the ABI takes them.
constexpr std::size_t kMaxLinks = 32;

constexpr std::string_view own_architecture() {
#if defined(__x86_64__)
  return "x86_64";
#elif defined(__aarch64__)
  return "aarch64";
#elif defined(__riscv)
  return "riscv64";
#elif defined(__powerpc64__)
  return "ppc64le";
#else
  return "";
#endif
}

// "libx.so", "libx.so.1.2": not "libx.so.1-gdb.py".
bool is_library_name(std::string_view name) {
  const std::size_t at = name.find(".so");
  return at != std::string_view::npos && at > 0 &&
         name.substr(at + 3).find_first_not_of(".0123456789") == std::string_view::npos;
}

struct Found {
  UserLibrary library;
  std::set<std::string> names;
};

bool begins_with_one(std::string_view name, const std::vector<std::string>& names) {
  return names.empty() || std::any_of(names.begin(), names.end(), [&](const std::string& start) {
           return starts_with(name, start);
         });
}

// Names in the folder by the file that they lead to.
std::map<std::string, Found> libraries_in(const Root& root, const std::string& folder,
                                          const std::vector<std::string>& names) {
  std::map<std::string, Found> files;
  std::set<std::string> others;
  for (const std::string& name : root.list(folder)) {
    if (!is_library_name(name) || !begins_with_one(name, names)) {
      continue;
    }
    const auto real = root.resolve(join(folder, name));
    if (!real || others.count(*real) != 0) {
      continue;
    }
    Found& found = files[*real];
    if (found.names.empty()) {
      const auto elf = read_elf(root, *real);
      if (!elf || !elf->shared || elf->architecture != own_architecture()) {
        others.insert(*real);
        files.erase(*real);
        continue;
      }
      found.library = {
          *real, elf->soname.empty() ? base_name(*real) : elf->soname, elf->architecture, {}};
    }
    found.names.insert(name);
  }
  return files;
}

}  // namespace

InjectDrivers inject_option(const Sink& sink, const std::string& name, InjectDrivers if_true) {
  const std::string value = sink.option(name);
  if (value == "never" || value == "false") {
    return InjectDrivers::kNever;
  }
  if (value == "true") {
    return if_true;
  }
  if (value == "missing") {
    return InjectDrivers::kMissing;
  }
  if (value == "always") {
    return InjectDrivers::kAlways;
  }
  throw Invalid("option " + name + " is \"" + value +
                "\"; it is one of \"never\", \"missing\" and \"always\", or true for \"" +
                (if_true == InjectDrivers::kMissing ? "missing" : "always") +
                "\" and false for \"never\"");
}

std::string path_option(const Sink& sink, const std::string& name) {
  const std::string value = sink.option(name);
  if (value.empty() || value[0] != '/') {
    throw Invalid("option " + name + " is \"" + value + "\", which is no absolute path");
  }
  return clean(value);
}

std::vector<UserLibrary> user_libraries(const Root& root, const std::vector<std::string>& folders,
                                        const std::vector<std::string>& names) {
  std::map<std::string, UserLibrary> by_soname;
  for (const std::string& folder : folders) {
    for (auto& [path, found] : libraries_in(root, folder, names)) {
      found.names.erase(found.library.soname);
      found.library.links.assign(found.names.begin(), found.names.end());
      found.library.links.resize(std::min(found.library.links.size(), kMaxLinks));
      by_soname.emplace(found.library.soname, std::move(found.library));
    }
  }
  std::vector<UserLibrary> out;
  for (auto& [soname, library] : by_soname) {
    out.push_back(std::move(library));
  }
  return out;
}

void emit_user_libraries(Sink& sink, const Scope& scope, InjectDrivers inject, const Root& root,
                         const std::vector<UserLibrary>& libraries, const std::string& marks) {
  if (inject == InjectDrivers::kNever) {
    return;
  }
  const Scope where = inject == InjectDrivers::kMissing ? scope.unless_image_has(marks) : scope;
  for (const UserLibrary& library : libraries) {
    File file;
    file.kind = FileKind::kLibrary;
    file.host_path = root.host_path(library.path);
    file.soname = library.soname;
    file.architecture = library.architecture;
    file.links = library.links;
    sink.file(where, file);
  }
}

}  // namespace xpu::sdk
