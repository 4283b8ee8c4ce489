// SPDX-License-Identifier: Apache-2.0
// The files are looked at first, then the backend is run four times. What our own code finds
// meanwhile says by its tag which obligation it is about; an obligation that nothing speaks against
// is met, unless the backend did not come far enough to tell.
#include "core/plugin_host/verify.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "core/base/joined.h"
#include "core/catalog/conditions.h"
#include "core/plugin/doctor_hints.h"
#include "core/plugin_host/host.h"
#include "core/plugin_host/library.h"
#include "core/plugin_host/symbols.h"
#include "xpu/backend.h"

namespace xpu {
namespace {

namespace fs = std::filesystem;

// What stands on every Linux host; the loader's name differs by architecture.
bool on_every_host(const std::string& library) {
  static const char* const kKnown[] = {"libc.so.6",  "libm.so.6",       "libdl.so.2",
                                       "librt.so.1", "libpthread.so.0", "libudev.so.1"};
  return std::find(std::begin(kKnown), std::end(kKnown), library) != std::end(kKnown) ||
         library.starts_with("ld-linux") || library.starts_with("ld64.so");
}

const char* to_text(CatalogState state) {
  switch (state) {
    case CatalogState::kReady:
      return "ready";
    case CatalogState::kAbsent:
      return "absent";
    case CatalogState::kRefused:
      return "refused";
    case CatalogState::kFailed:
      break;
  }
  return "failed";
}

bool exists(const std::string& path) {
  return access(path.c_str(), F_OK) == 0;
}

// The part of two descriptions that differs first; "" when they are the same.
std::string difference(const Catalog& one, const Catalog& two) {
  if (one.state != two.state || one.reason != two.reason) {
    return cat("first it was ", to_text(one.state), " (", one.reason, "), then ",
               to_text(two.state), " (", two.reason, ")");
  }
  const auto lists = [](const Catalog& catalog, void (*keep)(Catalog & to, const Catalog& from)) {
    Catalog only;
    keep(only, catalog);
    return to_json(only);
  };
  using Keep = void (*)(Catalog&, const Catalog&);
  const std::pair<const char*, Keep> kParts[] = {
      {"devices", [](Catalog& to, const Catalog& from) { to.devices = from.devices; }},
      {"properties", [](Catalog& to, const Catalog& from) { to.properties = from.properties; }},
      {"capabilities",
       [](Catalog& to, const Catalog& from) { to.capabilities = from.capabilities; }},
      {"connections",
       [](Catalog& to, const Catalog& from) { to.interconnects = from.interconnects; }},
      {"nodes, files, variables or links",
       [](Catalog& to, const Catalog& from) { to.edits = from.edits; }},
      {"conditions", [](Catalog& to, const Catalog& from) {
         for (const Condition& condition : from.conditions) {
           to.conditions.push_back({condition.kind, condition.path, ""});
         }
       }}};
  for (const auto& [name, keep] : kParts) {
    if (lists(one, keep) != lists(two, keep)) {
      return cat("the ", name, " of the second description differ from those of the first");
    }
  }
  return "";
}

class Verifier {
 public:
  Verifier(Verdict& out, const HostLimits& limits) : out_(out), limits_(limits) {
    for (int number = 1; number <= kObligations; ++number) {
      out_.judgements.push_back({static_cast<Obligation>(number), Judgement::kNotJudged, {}});
    }
  }

  // Of a library that no manifest names: what its file shows.
  void library_alone(const std::string& library) {
    out_.library = library;
    fails(Obligation::kManifest,
          cat("no manifest in its folder names ", library, "; write NAME.toml beside it"));
    Manifest manifest;
    manifest.library = library;
    files(manifest);
    skip_rest(Obligation::kManifest);
  }

  void backend(const FoundBackend& found) {
    out_.manifest = found.manifest.file;
    out_.library = found.manifest.library;
    out_.name = found.manifest.name;
    if (found.refused) {
      const Obligation at = tag_of(found.reason);
      if (at == Obligation::kNone) {
        throw Error(found.reason);
      }
      if (at == Obligation::kManifest) {
        pass(Obligation::kTrust);
      }
      stop(found.reason);
      return;
    }
    doctor_tables(found.manifest);
    pass(Obligation::kManifest);
    if (files(found.manifest)) {
      run(found.manifest);
    }
  }

 private:
  // Nobody else but the doctor reads them.
  void doctor_tables(const Manifest& manifest) {
    try {
      read_doctor_hints(manifest);
    } catch (const Error& error) {
      fails(Obligation::kManifest, error.what());
    }
  }

  Judgement& at(Obligation obligation) {
    return out_.judgements[static_cast<std::size_t>(obligation) - 1];
  }
  void pass(Obligation obligation) {
    if (at(obligation).result == Judgement::kNotJudged) {
      at(obligation) = {obligation, Judgement::kPassed, {}};
    }
  }
  void fails(Obligation obligation, const std::string& text) {
    Judgement& judgement = at(obligation);
    if (judgement.result != Judgement::kFailed) {
      judgement = {obligation, Judgement::kFailed, {}};
    }
    const std::string words(untagged(text));
    if (std::find(judgement.texts.begin(), judgement.texts.end(), words) == judgement.texts.end()) {
      judgement.texts.push_back(words);
    }
  }
  void skip(Obligation obligation, const std::string& why) {
    if (at(obligation).result == Judgement::kNotJudged) {
      at(obligation).texts = {why};
    }
  }
  void skip_rest(Obligation because) {
    for (Judgement& judgement : out_.judgements) {
      skip(judgement.obligation, cat("because of ", id_of(because)));
    }
  }
  // Nothing after this can be looked at.
  void stop(const std::string& reason) {
    out_.state = "refused";
    out_.reason = untagged(reason);
    fails(tag_of(reason), reason);
    skip_rest(tag_of(reason));
  }

  // False when the library cannot be run.
  bool files(const Manifest& manifest) {
    try {
      const Library library(manifest);
      for (const Obligation obligation : {Obligation::kTrust, Obligation::kElf}) {
        pass(obligation);
      }
      if (manifest.sha256.empty()) {
        skip(Obligation::kHash, "the manifest states none");
      } else {
        pass(Obligation::kHash);
      }
      symbols(
          under(Obligation::kElf, [&] { return read_symbols(library.fd(), manifest.library); }));
      return true;
    } catch (const Error& error) {
      // They are looked at in this order.
      const Obligation at = tag_of(error.what());
      if (at > Obligation::kTrust) {
        pass(Obligation::kTrust);
      }
      if (at > Obligation::kHash && !manifest.sha256.empty()) {
        pass(Obligation::kHash);
      }
      stop(error.what());
      return false;
    }
  }

  void symbols(const Symbols& symbols) {
    std::vector<std::string> others;
    std::copy_if(symbols.exported.begin(), symbols.exported.end(), std::back_inserter(others),
                 [](const std::string& name) { return name != XPU_BACKEND_ENTRY_SYMBOL; });
    if (others.size() == symbols.exported.size()) {
      fails(Obligation::kExport, cat("the library does not export " XPU_BACKEND_ENTRY_SYMBOL));
    }
    if (!others.empty()) {
      const std::size_t count = others.size();
      others.resize(std::min<std::size_t>(count, 5));
      fails(Obligation::kExport, cat("it exports ", count, " other symbols: ", joined(others),
                                     count > others.size() ? ", ..." : ""));
    }
    pass(Obligation::kExport);
    std::vector<std::string> foreign;
    std::copy_if(symbols.needed.begin(), symbols.needed.end(), std::back_inserter(foreign),
                 [](const std::string& name) { return !on_every_host(name); });
    if (!foreign.empty()) {
      fails(Obligation::kNeeds, cat("it needs ", joined(foreign)));
    }
    pass(Obligation::kNeeds);
  }

  // One run; what was said about obligations meanwhile is taken down.
  HostOutcome once(const Manifest& manifest) { return once(manifest, limits_); }
  HostOutcome once(const Manifest& manifest, const HostLimits& limits) {
    return run_backend(manifest, limits, [&](log::Level, const std::string& line) {
      if (const Obligation about = tag_of(line); about != Obligation::kNone) {
        const std::string intro = cat("backend ", manifest.name, ": ");
        fails(about, line.starts_with(intro) ? line.substr(intro.size()) : line);
      }
    });
  }

  void run(const Manifest& manifest) {
    const HostOutcome outcome = once(manifest);
    const Catalog& catalog = outcome.catalog;
    const std::string intro = cat("backend ", manifest.name, ": ");
    out_.state = to_text(catalog.state);
    out_.reason =
        catalog.reason.starts_with(intro) ? catalog.reason.substr(intro.size()) : catalog.reason;
    out_.devices = catalog.devices.size();
    const Obligation broken = tag_of(out_.reason);
    if (broken != Obligation::kNone) {
      fails(broken, out_.reason);
      out_.reason = untagged(out_.reason);
    }
    came(outcome.reached);
    if (outcome.reached != Phase::kAnswer || broken == Obligation::kDescription) {
      if (broken != Obligation::kNone) {
        skip_rest(broken);
      } else {
        for (Judgement& judgement : out_.judgements) {
          skip(judgement.obligation, out_.reason);
        }
      }
      return;
    }
    described(manifest, catalog);
    again(manifest, catalog);
    as_stranger(manifest);
    watched(manifest);
  }

  void watched(const Manifest& manifest) {
    HostLimits limits = limits_;
    limits.as_watcher = true;
    const HostOutcome outcome = once(manifest, limits);
    const Catalog& catalog = outcome.catalog;
    const std::string intro = cat("backend ", manifest.name, ": ");
    std::string why = "it offers no extension";
    if (outcome.reached != Phase::kAnswer) {
      why =
          catalog.reason.starts_with(intro) ? catalog.reason.substr(intro.size()) : catalog.reason;
      fails(tag_of(why), why);
    }
    const auto offered = std::find_if(catalog.properties.begin(), catalog.properties.end(),
                                      [](const auto& one) { return one.first == kExtensionsKey; });
    const bool judged = outcome.reached == Phase::kAnswer && offered != catalog.properties.end() &&
                        !offered->second.empty();
    for (const Obligation obligation : {Obligation::kExtension, Obligation::kPrompt,
                                        Obligation::kLiveItems, Obligation::kStopped}) {
      judged ? pass(obligation) : skip(obligation, std::string(untagged(why)));
    }
  }

  void as_stranger(const Manifest& manifest) {
    HostLimits limits = limits_;
    limits.as_stranger = true;
    if (run_backend(manifest, limits, [](log::Level, const std::string&) {}).reached >
        Phase::kEntry) {
      fails(Obligation::kEntry,
            "it also accepts a host that speaks no version of the ABI that it can know");
    }
  }

  // What is proved by having come so far.
  void came(Phase reached) {
    const auto pass_to = [&](Obligation last) {
      for (int number = static_cast<int>(Obligation::kLoads); number <= static_cast<int>(last);
           ++number) {
        pass(static_cast<Obligation>(number));
      }
    };
    if (reached > Phase::kLoad) {
      pass_to(Obligation::kLoads);
    }
    if (reached > Phase::kEntry) {
      pass_to(Obligation::kName);
    }
    if (reached == Phase::kAnswer) {
      pass_to(Obligation::kProcess);
    }
  }

  void described(const Manifest& manifest, const Catalog& catalog) {
    pass(Obligation::kItems);
    pass(Obligation::kDescription);
    if (catalog.conditions.empty()) {
      fails(Obligation::kCondition, "describe() emitted no condition");
    }
    pass(Obligation::kCondition);
    if (catalog.state != CatalogState::kReady) {
      const std::string why = cat("it described nothing: ", out_.reason);
      for (const Obligation obligation :
           {Obligation::kOptions, Obligation::kCapabilities, Obligation::kDetect}) {
        skip(obligation, why);
      }
      return;
    }
    pass(Obligation::kOptions);
    capabilities(manifest, catalog);
    if (!catalog.devices.empty() && !manifest.detect_any.empty() &&
        std::none_of(manifest.detect_any.begin(), manifest.detect_any.end(), exists)) {
      fails(Obligation::kDetect,
            cat("it describes ", catalog.devices.size(),
                " devices, but none of these exists: ", joined(manifest.detect_any)));
    }
    pass(Obligation::kDetect);
  }

  void capabilities(const Manifest& manifest, const Catalog& catalog) {
    std::vector<std::string> named = manifest.default_capabilities;
    for (const CapabilityRule& rule : manifest.capability_rules) {
      named.insert(named.end(), rule.capabilities.begin(), rule.capabilities.end());
    }
    for (const std::string& name : named) {
      if (name != "all" && std::find(catalog.capabilities.begin(), catalog.capabilities.end(),
                                     name) == catalog.capabilities.end()) {
        fails(Obligation::kCapabilities,
              cat("the manifest names \"", name, "\", which is not emitted"));
      }
    }
    pass(Obligation::kCapabilities);
  }

  void again(const Manifest& manifest, const Catalog& first) {
    const HostOutcome outcome = once(manifest);
    const std::string changed = difference(first, outcome.catalog);
    if (!changed.empty()) {
      fails(Obligation::kSame, changed);
    }
    pass(Obligation::kSame);
    std::string gone;
    if (!still_valid(first.conditions, &gone)) {
      fails(Obligation::kHolds, cat("after two descriptions, ", gone));
    }
    if (first.conditions.empty()) {
      skip(Obligation::kHolds, "there is none");
    } else {
      pass(Obligation::kHolds);
    }
  }

  Verdict& out_;
  const HostLimits& limits_;
};

// The manifest beside a library that names it; "" for none.
std::string manifest_of(const std::string& library) {
  const std::string folder = fs::path(library).parent_path();
  std::vector<std::string> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".toml") {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  for (const std::string& file : files) {
    if (read_manifest(file, {}, "the command line", false).manifest.library == library) {
      return file;
    }
  }
  // One that cannot be read says why when it is looked at.
  std::string name = fs::path(library).stem();
  name = name.starts_with("libxpu-") ? name.substr(7) : name;
  const std::string likely = cat(folder, "/", name, ".toml");
  return exists(likely) ? likely : "";
}

}  // namespace

bool Verdict::passed() const {
  return std::none_of(judgements.begin(), judgements.end(),
                      [](const Judgement& one) { return one.result == Judgement::kFailed; });
}

Verdict verify_backend(const std::string& file, const std::map<std::string, std::string>& options,
                       const HostLimits& limits) {
  const std::string path = fs::absolute(file).lexically_normal();
  const std::string extension = fs::path(path).extension();
  if (extension != ".toml" && extension != ".so") {
    fail(file, ": neither a manifest (NAME.toml) nor a library (libxpu-NAME.so)");
  }
  if (!exists(path)) {
    fail(file, ": ", std::strerror(errno));
  }
  Verdict out;
  Verifier verifier(out, limits);
  const std::string manifest = extension == ".toml" ? path : manifest_of(path);
  if (manifest.empty()) {
    verifier.library_alone(path);
  } else {
    BackendConfig config;
    config.options = options;
    verifier.backend(read_manifest(manifest, config, "the command line", false));
  }
  return out;
}

}  // namespace xpu
