// SPDX-License-Identifier: Apache-2.0
// The backends of the configured folders. A container start reads every manifest's text, but parses
// only those that can be about the container: a start that asks for nothing would otherwise take
// longer with every backend that is installed.
#include <fcntl.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/trust.h"
#include "core/plugin/manifest.h"

namespace xpu {
namespace {

void refuse_duplicates(std::vector<FoundBackend>& found) {
  for (std::size_t i = 1; i < found.size(); ++i) {
    FoundBackend& one = found[i - 1];
    FoundBackend& two = found[i];
    if (one.manifest.name == two.manifest.name && !one.is_folder) {
      one.refused = two.refused = true;
      one.reason = two.reason = cat("two manifests are for the backend ", one.manifest.name, ": ",
                                    one.manifest.file, " and ", two.manifest.file, "; remove one");
    }
  }
}

bool is_manifest(const std::string& name) {
  return name.front() != '.' && name.size() > 5 && name.ends_with(".toml");
}

// The manifests of a folder. When it cannot be used, that is added to `found`; its manifests are
// looked at all the same, for what they claim.
void read_folder(const std::string& dir, std::vector<ManifestText>& manifests,
                 std::vector<FoundBackend>& found) {
  FoundBackend folder;
  folder.is_folder = true;
  folder.manifest.file = folder.manifest.name = dir;
  try {
    Fd trusted, fd;
    try {
      trusted = open_trusted(dir, TrustKind::kFolder);
    } catch (const Error& error) {
      folder.refused = true;
      folder.reason = error.what();
    }
    if (!trusted) {
      fd.reset(open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      if (!fd && errno != ENOENT) {
        fail_errno("cannot open ", dir);
      }
    }
    if (trusted || fd) {
      for (const std::string& name : list_dir(trusted ? trusted.get() : fd.get(), dir)) {
        if (is_manifest(name)) {
          manifests.push_back(
              read_manifest_text(cat(dir, "/", name), trusted ? &trusted : nullptr));
        }
      }
    }
  } catch (const Error& error) {
    folder.reason = folder.refused ? folder.reason : error.what();
    folder.refused = true;
  }
  if (folder.refused) {
    found.push_back(std::move(folder));
  }
}

}  // namespace

std::vector<FoundBackend> find_backends(const Config& config, const Concerns& concerns) {
  const std::string config_file = config.file.empty() ? config_path() : config.file;
  std::vector<FoundBackend> found;
  std::vector<ManifestText> manifests;
  for (const std::string& dir : config.backend_dirs) {
    read_folder(dir, manifests, found);
  }
  const auto of_interest = [&](const std::string& name) {
    return std::any_of(manifests.begin(), manifests.end(), [&](const ManifestText& manifest) {
      return manifest.name == name && (!concerns || concerns(manifest.text));
    });
  };
  for (const ManifestText& manifest : manifests) {
    if (of_interest(manifest.name)) {
      const auto settings = config.backends.find(manifest.name);
      found.push_back(parse_manifest(
          manifest, settings == config.backends.end() ? BackendConfig{} : settings->second,
          config_file, config.require_sha256, config.origins));
    }
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.manifest.name < b.manifest.name; });
  refuse_duplicates(found);
  return found;
}

}  // namespace xpu
