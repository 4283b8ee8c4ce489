// SPDX-License-Identifier: Apache-2.0
#include "core/publish/documents.h"

#include <sys/utsname.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <set>

#include "core/base/contains.h"
#include "core/base/error.h"
#include "core/base/nearest.h"
#include "core/catalog/grammar.h"
#include "core/cdi/name.h"
#include "core/plan/draft.h"
#include "core/rootfs/loader.h"
#include "core/select/grants.h"

namespace xpu {
namespace {

// Of a backend that is not ready.
std::string why_not(const BackendStatus& backend) {
  const std::string& name = backend.found.manifest.name;
  return backend.reason.starts_with(cat("backend ", name))
             ? backend.reason
             : cat("backend ", name, " is ", to_string(backend.state), ": ", backend.reason);
}

// What one document is about.
struct Topic {
  std::string kind, name;
  std::function<bool(const Device&)> wanted;
};

// A description with other options is nobody else's: it must not take the place of the cached one.
class ScratchState {
 public:
  ScratchState() {
    char name[] = "/tmp/xpu-cdi-XXXXXX";
    if (::mkdtemp(name) == nullptr) {
      fail_errno("cannot make a temporary folder in /tmp");
    }
    dir_ = name;
  }
  ~ScratchState() {
    std::error_code ignored;
    std::filesystem::remove_all(dir_, ignored);
  }
  ScratchState(const ScratchState&) = delete;
  ScratchState& operator=(const ScratchState&) = delete;
  const std::string& dir() const { return dir_; }

 private:
  std::string dir_;
};

class Documents {
 public:
  Documents(const Config& config, const CdiWish& wish) : config_(config), wish_(wish) {}

  CdiDocuments make() {
    load();
    check_words();
    for (const BackendStatus& backend : out_.backends) {
      add(backend);
    }
    check_kinds();
    return std::move(out_);
  }

 private:
  // Whether the manifest has devices of the kind that is wished for.
  bool may_have_kind(const Manifest& manifest) const {
    return std::any_of(manifest.cdi_kinds.begin(), manifest.cdi_kinds.end(),
                       [&](const CdiKind& kind) { return kind.kind == wish_.kind; });
  }

  std::vector<std::string> names_to_load(const std::vector<FoundBackend>& found) const {
    std::vector<std::string> known, out;
    const bool somebodys = std::any_of(found.begin(), found.end(), [&](const FoundBackend& one) {
      return may_have_kind(one.manifest);
    });
    for (const FoundBackend& one : found) {
      const Manifest& manifest = one.manifest;
      known.push_back(manifest.name);
      if (wish_.backends.empty() && one.enabled && !manifest.simulated && !one.is_folder &&
          (!somebodys || may_have_kind(manifest))) {
        out.push_back(manifest.name);
      }
    }
    for (const std::string& name : wish_.backends) {
      if (!contains(known, name)) {
        fail("no backend is called \"", name, "\"; installed: ", listed(known),
             did_you_mean(name, {known.begin(), known.end()}));
      }
      out.push_back(name);
    }
    return out;
  }

  void load() {
    Config config = config_;
    std::optional<ScratchState> scratch;
    std::vector<FoundBackend> found = find_backends(config);
    const std::vector<std::string> names = names_to_load(found);
    if (names.empty()) {
      return;
    }
    if (!wish_.options.empty()) {
      set_options(config, found, names);
      config.state_dir = scratch.emplace().dir();
      found = find_backends(config);
    }
    out_.backends = load_backends(config, found, names, Freshness::kCacheIfValid);
    std::erase_if(out_.backends, [&](const BackendStatus& backend) {
      return !contains(names, backend.found.manifest.name);
    });
    for (const BackendStatus& backend : out_.backends) {
      if (backend.state != BackendState::kReady && backend.state != BackendState::kAbsent &&
          !wish_.backends.empty()) {
        fail(why_not(backend));
      }
    }
  }

  void set_options(Config& config, const std::vector<FoundBackend>& found,
                   const std::vector<std::string>& names) const {
    for (const std::string& option : wish_.options) {
      const std::size_t equals = option.find('=');
      if (equals == 0 || equals == std::string::npos) {
        fail("--option ", option, " is not of the form NAME=VALUE");
      }
      const std::string name = option.substr(0, equals);
      bool known = false;
      for (const FoundBackend& one : found) {
        if (contains(names, one.manifest.name) && one.manifest.options.contains(name)) {
          config.backends[one.manifest.name].options[name] = option.substr(equals + 1);
          known = true;
        }
      }
      if (!known) {
        fail("the option ", name, " is not one of: ", listed(names));
      }
    }
  }

  // Of backends that have nothing to do with a word there may be some; it is wrong when it is
  // nobody's.
  void check_words() const {
    std::set<std::string> capabilities, features;
    bool any = false;
    for (const BackendStatus& backend : out_.backends) {
      if (backend.state == BackendState::kReady) {
        any = true;
        for (const std::string& name : backend.catalog.capabilities) {
          (feature_called(backend, name) != nullptr ? features : capabilities).insert(name);
        }
      }
    }
    if (!any) {
      return;
    }
    const auto check = [](const std::set<std::string>& known, const std::string& word,
                          const char* what) {
      if (!known.contains(word)) {
        fail("there is no ", what, " \"", word,
             "\"; there are: ", known.empty() ? "none" : listed({known.begin(), known.end()}));
      }
    };
    for (const std::string& word : wish_.capabilities.value_or(std::vector<std::string>())) {
      check(capabilities, word, "capability");
    }
    for (const std::string& word : wish_.features) {
      check(features, word.substr(0, word.find('=')), "feature");
    }
  }

  std::vector<std::string> capabilities_of(const BackendStatus& backend) const {
    std::vector<std::string> out;
    for (const std::string& name : backend.catalog.capabilities) {
      if (feature_called(backend, name) == nullptr &&
          (wish_.capabilities ? contains(*wish_.capabilities, name)
                              : !contains(config_.privileged_capabilities, name))) {
        out.push_back(name);
      }
    }
    return out;
  }

  std::map<std::string, std::vector<std::string>> features_of(const BackendStatus& backend) const {
    std::map<std::string, std::vector<std::string>> out;
    for (const std::string& word : wish_.features) {
      const std::size_t equals = word.find('=');
      const std::string name = word.substr(0, equals);
      if (!contains(backend.catalog.capabilities, name)) {
        continue;
      }
      const std::vector<std::string> items = equals == std::string::npos
                                                 ? std::vector<std::string>()
                                                 : grammar::split(word.substr(equals + 1));
      const std::vector<std::string> known = items_of(backend, name);
      for (const std::string& item : items) {
        if (!contains(known, item)) {
          fail("the feature ", name, " has no element \"", item,
               "\"; there are: ", known.empty() ? "none" : listed(known));
        }
      }
      out[name] = items;
    }
    return out;
  }

  std::map<std::string, std::vector<std::string>> folders_of(const Catalog& catalog) const {
    utsname machine = {};
    ::uname(&machine);
    std::map<std::string, std::vector<std::string>> out;
    for (const EditGroup& group : catalog.edits) {
      for (const File& file : group.files) {
        if (file.kind != FileKind::kLibrary || out.contains(file.architecture)) {
          continue;
        }
        const bool own = file.architecture == machine.machine && !wish_.library_folders.empty();
        std::vector<std::string> folders =
            own ? wish_.library_folders : usual_library_folders(file.architecture);
        if (!folders.empty()) {
          out.emplace(file.architecture, std::move(folders));
        }
      }
    }
    return out;
  }

  std::vector<Topic> topics_of(const BackendStatus& backend) const {
    const Manifest& manifest = backend.found.manifest;
    std::vector<Topic> out;
    std::vector<std::string> vendors;
    for (const Device& device : backend.catalog.devices) {
      if (!contains(vendors, device.vendor)) {
        vendors.push_back(device.vendor);
      }
    }
    const bool everything = !wish_.kind.empty() && wish_.kind != kCdiVendorKinds;
    for (const std::string& vendor : vendors) {
      const std::string kind = cdi_kind_of(vendor);
      if (wish_.kind.empty() || wish_.kind == kind) {
        const bool only = vendors.size() == 1 || vendor == manifest.name;
        out.push_back({kind, cdi_file_name(manifest.name, only ? "" : vendor),
                       [vendor](const Device& device) { return device.vendor == vendor; }});
      }
    }
    for (const CdiKind& kind : manifest.cdi_kinds) {
      if (wish_.kind == kCdiVendorKinds || wish_.kind == kind.kind) {
        out.push_back({kind.kind, cdi_file_name(manifest.name, kind.kind),
                       [kind](const Device& device) { return kind.has(device); }});
      }
    }
    if (out.empty() && everything && cdi::vendor_of(wish_.kind) != cdi::vendor_of(cdi::kOwnKinds)) {
      out.push_back({wish_.kind, cdi_file_name(manifest.name, wish_.kind), nullptr});
    }
    return out;
  }

  void add(const BackendStatus& backend) {
    const std::string& name = backend.found.manifest.name;
    if (backend.state != BackendState::kReady) {
      out_.empty.push_back(why_not(backend));
      return;
    }
    cdi::RenderOptions options;
    options.names = wish_.names;
    options.capabilities = capabilities_of(backend);
    options.features = features_of(backend);
    options.library_folders = folders_of(backend.catalog);
    options.for_bare_images = wish_.for_bare_images;
    options.generated_dir = wish_.generated_dir;
    options.socket_problem = socket_problem;
    const std::vector<Topic> topics = topics_of(backend);
    for (const Topic& topic : topics) {
      options.kind = topic.kind;
      options.wanted = topic.wanted;
      CdiDocument document{name, topic.name, cdi::render(backend.catalog, options)};
      if (!document.rendering.spec.devices.empty()) {
        out_.documents.push_back(std::move(document));
        continue;
      }
      std::string why;
      for (const std::string& note : document.rendering.notes) {
        why += cat("; ", note);
      }
      out_.empty.push_back(cat("the backend ", name, " has no device for ", topic.kind, why));
    }
    if (topics.empty()) {
      out_.empty.push_back(wish_.kind == kCdiVendorKinds
                               ? cat("the manifest of the backend ", name, " names no kind")
                               : cat("the backend ", name, " has no device",
                                     wish_.kind.empty() ? "" : cat(" for ", wish_.kind)));
    }
  }

  void check_kinds() const {
    for (const CdiDocument& one : out_.documents) {
      for (const CdiDocument& other : out_.documents) {
        if (&one < &other && one.rendering.spec.kind == other.rendering.spec.kind) {
          fail("the backends ", one.backend, " and ", other.backend, " both have devices for ",
               one.rendering.spec.kind, "; choose one with --backend");
        }
      }
    }
  }

  const Config& config_;
  const CdiWish& wish_;
  CdiDocuments out_;
};

}  // namespace

std::string cdi_kind_of(const std::string& vendor) {
  return cat(cdi::kOwnKinds, vendor);
}

std::string cdi_file_name(const std::string& backend, const std::string& what) {
  std::string out = cat("xpu-", backend, what.empty() ? "" : "-", what);
  std::replace(out.begin(), out.end(), '/', '-');
  return out;
}

CdiDocuments cdi_documents(const Config& config, const CdiWish& wish) {
  if (!wish.kind.empty() && wish.kind != kCdiVendorKinds && !cdi::is_kind(wish.kind)) {
    fail("--kind: \"", wish.kind, "\" is neither \"vendor\" nor of the form VENDOR/CLASS");
  }
  return Documents(config, wish).make();
}

}  // namespace xpu
