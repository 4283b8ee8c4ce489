// SPDX-License-Identifier: Apache-2.0
// Which dynamic loader a container has and where it looks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace xpu {

class ContainerView;

enum class LoaderKind { kGlibc, kMusl, kNone };

struct Loader {
  LoaderKind kind = LoaderKind::kNone;
  // Folders that the loader searches by itself, best first, resolved, existing ones before others:
  // where its own libc lies, then the further defaults. Never empty: for kNone the conventional
  // folder of the architecture.
  std::vector<std::string> folders;
};

// For libraries of `architecture` (uname -m style).
Loader find_loader(const ContainerView& view, std::string_view architecture);

// One folder of each family of distributions in which the loader of an image finds libraries of the
// architecture, whichever image it is; empty for an architecture that is not known.
std::vector<std::string> usual_library_folders(std::string_view architecture);

}  // namespace xpu
