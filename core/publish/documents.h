// SPDX-License-Identifier: Apache-2.0
// `xpu-runtime cdi`: which CDI specifications this host's devices make, by what is asked for.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/cdi/render.h"
#include "core/config/config.h"
#include "core/plugin/refresh.h"

namespace xpu {

// The kind of a vendor's devices, "xpu.dev/VENDOR".
std::string cdi_kind_of(const std::string& vendor);

// As CdiWish::kind: the kinds that the manifests name.
inline constexpr std::string_view kCdiVendorKinds = "vendor";

// The name of the file, without an ending, for what a backend has: its devices, those of one of
// several vendors, those of a kind.
std::string cdi_file_name(const std::string& backend, const std::string& what);

struct CdiWish {
  std::vector<std::string> backends;  // names; none: all that are not simulated
  // "": cdi_kind_of() each vendor; kCdiVendorKinds; else a kind.
  std::string kind;
  std::vector<cdi::NameBy> names = {cdi::NameBy::kIndex, cdi::NameBy::kUuid};
  // Unset: all, but those that policy keeps for privileged containers.
  std::optional<std::vector<std::string>> capabilities;
  std::vector<std::string> features;         // "rdma", or with elements "channels=0,7"
  std::vector<std::string> library_folders;  // of this machine's architecture; none: the usual ones
  std::vector<std::string> options;          // of backends, "NAME=VALUE", for this once
  std::string generated_dir;                 // "" for none
  bool for_bare_images = false;
};

struct CdiDocument {
  std::string backend;
  std::string name;  // of a file of its own, without an ending
  cdi::Rendering rendering;
};

struct CdiDocuments {
  std::vector<CdiDocument> documents;
  std::vector<BackendStatus> backends;  // those that were looked at
  std::vector<std::string> empty;       // why there is no document: of a backend, a kind
};

// Throws Error: a backend, capability, feature, element or option that is not there, a backend that
// is named and is broken or disabled, a kind that two backends have devices of.
CdiDocuments cdi_documents(const Config& config, const CdiWish& wish);

}  // namespace xpu
