// SPDX-License-Identifier: Apache-2.0
// Folders of the image with libraries newer than the driver's.
#include <algorithm>
#include <charconv>

#include "core/base/error.h"
#include "core/catalog/grammar.h"
#include "core/plan/draft.h"

namespace xpu {
namespace {

unsigned long first_number(std::string_view version) {
  unsigned long number = 0;
  std::from_chars(version.data(), version.data() + version.size(), number);
  return number;
}

// The SONAME that a file of the name is looked for by: one that ends in ".so.N".
bool is_soname(std::string_view name) {
  const std::size_t dot = name.find_last_not_of("0123456789");
  return dot != std::string_view::npos && dot + 1 < name.size() && dot >= 3 &&
         name.substr(dot - 3, 4) == ".so.";
}

// Links that lead in circles lead nowhere.
bool is_regular(const ContainerView& view, const std::string& path) {
  try {
    const std::optional<struct stat> status = view.stat(path);
    return status && S_ISREG(status->st_mode);
  } catch (const Error&) {
    return false;
  }
}

std::vector<std::string> sorted_names(const ContainerView& view, const std::string& folder) {
  std::vector<std::string> names;
  try {
    names = view.list(folder);
  } catch (const Error&) {
  }
  std::sort(names.begin(), names.end());
  return names;
}

// The version of LIBRARY.VERSION in the folder when that is newer than the driver's; "" otherwise.
std::string newer_version(const ContainerView& view, const ImageFolder& folder,
                          const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (!name.starts_with(folder.library + ".")) {
      continue;
    }
    std::string version = name.substr(folder.library.size() + 1);
    if (grammar::is_version(version) && first_number(version) > first_number(folder.version) &&
        is_regular(view, cat(folder.folder, "/", name))) {
      return version;
    }
  }
  return "";
}

}  // namespace

bool ImageLibraries::hold(const std::string& path) const {
  return !resolved_folders.empty() && std::find(resolved_folders.begin(), resolved_folders.end(),
                                                folder_of(path)) != resolved_folders.end();
}

ImageLibraries find_image_libraries(const Draft& draft) {
  ImageLibraries out;
  for (const Wanted<ImageFolder>& wanted : draft.edits.image_folders) {
    const std::string& folder = wanted.item.folder;
    const std::vector<std::string> names = sorted_names(draft.view, folder);
    std::string version = newer_version(draft.view, wanted.item, names);
    if (version.empty()) {
      continue;
    }
    std::vector<std::string> sonames;
    for (const std::string& name : names) {
      const std::string path = cat(folder, "/", name);
      if (is_soname(name) && is_regular(draft.view, path) && out.paths.emplace(name, path).second) {
        sonames.push_back(name);
      }
    }
    if (!sonames.empty()) {
      out.resolved_folders.push_back(draft.view.locate(folder).path);
      out.folders.push_back({folder, cat(wanted.item.library, ".", version), wanted.item.version,
                             std::move(sonames)});
    }
  }
  return out;
}

}  // namespace xpu
