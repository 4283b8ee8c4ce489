// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/library.h"

#include "core/base/error.h"
#include "core/base/trust.h"
#include "core/plugin/obligations.h"
#include "core/plugin_host/image.h"
#include "core/plugin_host/pin.h"

namespace xpu {
namespace {

// What dlerror() said, without Boost's words around it.
std::string loader_text(const std::string& what) {
  constexpr std::string_view kIntro = "dlerror system message: ";
  const std::size_t intro = what.find(kIntro), end = what.rfind("): ");
  if (intro == what.npos || end == what.npos || end < intro + kIntro.size()) {
    return what;
  }
  const std::size_t start = intro + kIntro.size();
  return what.substr(start, end - start);
}

}  // namespace

Library::Library(const Manifest& manifest)
    : path_(manifest.library),
      fd_(under(Obligation::kTrust, [&] { return open_trusted(path_, TrustKind::kLibrary); })) {
  if (!fd_) {
    throw Error(
        tagged(Obligation::kManifest, cat(path_, ": there is no such library, which ",
                                          manifest.file, " names; install their package again")));
  }
  if (!manifest.sha256.empty()) {
    fd_ = under(Obligation::kHash, [&] { return pinned(fd_.get(), path_, manifest.sha256); });
  }
  under(Obligation::kElf, [&] { check_image(fd_.get(), path_); });
}

void Library::load() {
  const std::string place = image_place(fd_.get(), path_);
  try {
    // The overload that throws keeps the text of dlerror().
    library_.load(place, boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
  } catch (const std::exception& error) {
    std::string text = loader_text(error.what());
    for (std::size_t at; (at = text.find(place)) != std::string::npos;) {
      text.replace(at, place.size(), "library");
    }
    throw Error(tagged(Obligation::kLoads, cat(path_, ": cannot be loaded: ", text,
                                               text.find("No such file") == std::string::npos
                                                   ? ""
                                                   : "; install the package that has this file")));
  }
}

}  // namespace xpu
