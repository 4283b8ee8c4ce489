// SPDX-License-Identifier: Apache-2.0
// A manifest is read strictly. One that is refused is still searched for the variables that it
// claims, so that a container that asks for its devices fails instead of starting without them.
#include "core/plugin/manifest.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "core/base/comment_lines.h"
#include "core/base/error.h"
#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/joined.h"
#include "core/base/nearest.h"
#include "core/base/platform.h"
#include "core/base/trust.h"
#include "core/catalog/grammar.h"
#include "core/catalog/limits.h"
#include "core/plugin/abi.h"
#include "core/plugin/manifest_cdi.h"
#include "core/plugin/manifest_request.h"
#include "core/plugin/manifest_tables.h"
#include "core/plugin/manifest_toml.h"
#include "core/plugin/obligations.h"

namespace xpu {
namespace {

constexpr std::size_t kManifestBytes = 64 << 10;

class ManifestReader {
 public:
  ManifestReader(const toml::table& root, Manifest& manifest)
      : root_(root), toml_(manifest.file), out_(manifest) {}

  void read() {
    toml_.known_keys(root_, "",
                     {"manifest-version", "name", "library", "sha256", "abi", "summary",
                      "enabled-by-default", "simulated", "request", "cdi", "detect", "options"});
    const toml::node* version = root_.get("manifest-version");
    if (version == nullptr || version->value<std::int64_t>() != 1) {
      fail(toml_.place(version), "manifest-version is not 1, the only one that this version reads");
    }
    if (wanted_text("name") != out_.name) {
      fail(toml_.place(root_.get("name")), "name is ", in_quotes(wanted_text("name")),
           "; the manifest of a backend NAME is called NAME.toml");
    }
    if (const toml::table* request = toml_.table(root_, "request", "request")) {
      read_request_table(*request, toml_, out_);
    }
    if (const toml::table* cdi = toml_.table(root_, "cdi", "cdi")) {
      read_cdi_table(*cdi, toml_, out_);
    }
    out_.library = library_path(wanted_text("library"));
    if (const toml::node* sha256 = root_.get("sha256")) {
      read_sha256(toml_.text(*sha256, "sha256"));
    }
    read_abi(wanted_text("abi"));
    if (const toml::node* summary = root_.get("summary")) {
      out_.summary = toml_.text(*summary, "summary");
    }
    out_.enabled_by_default = toml_.flag(root_, "enabled-by-default", "enabled-by-default", true);
    out_.simulated = toml_.flag(root_, "simulated", "simulated", false);
    if (const toml::table* options = toml_.table(root_, "options", "options")) {
      read_options(*options);
    }
  }

  // After the options have their final values.
  void read_detect() {
    const toml::table* detect = toml_.table(root_, "detect", "detect");
    if (detect == nullptr) {
      return;
    }
    toml_.known_keys(*detect, "[detect] ", {"any"});
    for (const auto& [path, node] : toml_.texts(*detect, "any", "[detect] any")) {
      out_.detect_any.push_back(toml_.path(node, "[detect] any", path, out_.options));
    }
  }

 private:
  std::string wanted_text(std::string_view key) const {
    const toml::node* node = root_.get(key);
    if (node == nullptr) {
      fail(out_.file, ": the key ", key, " is missing");
    }
    return toml_.text(*node, key);
  }

  void read_options(const toml::table& options) {
    for (const auto& [name, value] : options) {
      if (!grammar::is_name(name.str())) {
        fail(toml_.place(&value), "[options] ", in_quotes(name.str()), " is not [a-z][a-z0-9-]*");
      }
      if (name == "enabled" || name == "features") {
        fail(toml_.place(&value), "[options] ", in_quotes(name.str()),
             " is what the runtime itself reads in the configuration; take another name");
      }
      out_.options.emplace(name.str(), toml_.scalar(value, cat("[options] ", name.str())));
    }
  }

  std::string library_path(const std::string& library) const {
    const std::size_t slash = library.rfind('/');
    const std::string name = slash == std::string::npos ? library : library.substr(slash + 1);
    std::string_view stem = name;
    const std::string_view ending = platform::library_suffix();
    const bool suffix = stem.size() > ending.size() && stem.ends_with(ending);
    stem.remove_suffix(suffix ? ending.size() : 0);
    const bool plain =
        stem.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
    if (!suffix || !plain || (slash != std::string::npos && !grammar::is_clean_absolute(library))) {
      fail(toml_.place(root_.get("library")), "library is ", in_quotes(library),
           "; the name of a file beside the manifest, or an absolute path, is wanted, and the "
           "file's name is [a-z0-9-]+",
           ending);
    }
    return slash == std::string::npos ? cat(out_.file.substr(0, out_.file.rfind('/') + 1), library)
                                      : library;
  }

  void read_sha256(const std::string& sha256) {
    if (sha256.size() != 64 || sha256.find_first_not_of("0123456789abcdef") != sha256.npos) {
      fail(toml_.place(root_.get("sha256")), "sha256 is ", in_quotes(sha256),
           "; the 64 hexadecimal digits that sha256sum prints for the library are wanted");
    }
    out_.sha256 = sha256;
  }

  void read_abi(const std::string& abi) {
    const char* end = abi.data() + abi.size();
    const auto [dot, no_major] = std::from_chars(abi.data(), end, out_.abi_major);
    const char* minor = dot == end ? end : dot + 1;
    const auto [stop, no_minor] = std::from_chars(minor, end, out_.abi_minor);
    if (no_major != std::errc() || no_minor != std::errc() || *dot != '.' || stop != end) {
      fail(toml_.place(root_.get("abi")), "abi is ", in_quotes(abi),
           "; a version such as \"1.0\" is wanted");
    }
    if (!abi::accepted(out_.abi_major, out_.abi_minor)) {
      fail(toml_.place(root_.get("abi")), "the library is built for ABI ", abi,
           "; this version accepts ", abi::range());
    }
  }

  const toml::table& root_;
  const ManifestToml toml_;
  Manifest& out_;
};

void refuse(FoundBackend& found, std::string reason) {
  if (!found.refused) {
    found.refused = true;
    found.reason = std::move(reason);
  }
}

// For the claims of a manifest that is not trusted. Never waits, as a FIFO would make us.
std::string bytes_of_untrusted(const std::string& file) {
  try {
    Fd fd(open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    struct stat st;
    if (fd && fstat(fd.get(), &st) == 0 && S_ISREG(st.st_mode)) {
      return read_fd(fd.get(), file, kManifestBytes);
    }
  } catch (const Error&) {
  }
  return "";
}

// The table; after a syntax error, what stands before the line of the error.
toml::table parse(FoundBackend& found, const std::string& text) {
  std::string_view bytes = text;
  for (int attempt = 0; attempt < 2; ++attempt) {
    try {
      return toml::parse(bytes, found.manifest.file);
    } catch (const toml::parse_error& error) {
      const auto line = error.source().begin.line;
      refuse(found, tagged(Obligation::kManifest, cat(found.manifest.file, ":", line, ": ",
                                                      std::string(error.description()))));
      std::size_t end = 0;
      for (toml::source_index i = 1; i < line && end != std::string_view::npos; ++i) {
        end = bytes.find('\n', end);
        end += end == std::string_view::npos ? 0 : 1;
      }
      bytes = bytes.substr(0, end);
    }
  }
  return {};
}

// Where keys of [backends.NAME] were set, for messages.
struct Places {
  const std::string& config_file;
  const std::map<std::string, ValueOrigin>& origins;

  // "FILE:LINE: [backends.NAME] "; what no file sets, the command line, has no line.
  std::string of(const std::string& backend, const std::string& key) const {
    const auto found = origins.find(cat("backends.", backend, '.', key));
    return cat(
        found == origins.end() ? config_file : cat(found->second.file, ':', found->second.line),
        ": [backends.", backend, "] ");
  }
};

std::string hint_of(const std::string& word, const std::vector<std::string>& known) {
  return did_you_mean(word, {known.begin(), known.end()});
}

void apply_options(Manifest& manifest, const BackendConfig& config, const Places& places) {
  std::vector<std::string> names = {"enabled", "features"};
  for (const auto& [known, unused] : manifest.options) {
    names.push_back(known);
  }
  for (const auto& [name, value] : config.options) {
    const auto option = manifest.options.find(name);
    if (option == manifest.options.end()) {
      fail(places.of(manifest.name, name), "has no option ", in_quotes(name), "; it has ",
           joined(names), hint_of(name, names));
    }
    if (!grammar::is_text(value, limits::kText)) {
      fail(places.of(manifest.name, name), name, " is not text of one line");
    }
    option->second = value;
  }
}

void check_features(const Manifest& manifest, const BackendConfig& config, const Places& places) {
  std::vector<std::string> known;
  for (const Feature& feature : manifest.features) {
    known.push_back(feature.name);
  }
  for (const std::string& name : config.features.value_or(std::vector<std::string>())) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      fail(places.of(manifest.name, "features"), "features: there is no feature ", in_quotes(name),
           known.empty() ? "; this backend has none" : cat("; there are ", joined(known)),
           hint_of(name, known));
    }
  }
}

void decide_enabled(FoundBackend& found, const BackendConfig& config,
                    const std::string& config_file) {
  using Enabled = BackendConfig::Enabled;
  found.enabled = config.enabled == Enabled::kYes ||
                  (config.enabled == Enabled::kDefault && found.manifest.enabled_by_default);
  if (found.enabled || found.refused) {
    return;
  }
  found.reason = config.enabled == Enabled::kNo
                     ? cat("disabled by [backends.", found.manifest.name, "] of ", config_file)
                     : cat("off by default; set enabled = true in [backends.", found.manifest.name,
                           "] of ", config_file);
}

}  // namespace

ManifestText read_manifest_text(const std::string& file, const Fd* folder) {
  const std::size_t slash = file.rfind('/');
  const std::string name = file.substr(slash + 1);
  ManifestText out{file, name.substr(0, name.rfind('.')), "", ""};
  try {
    const Fd fd = folder != nullptr
                      ? open_trusted_in(*folder, file.substr(0, slash), name, TrustKind::kFile)
                      : open_trusted(file, TrustKind::kFile);
    if (fd) {
      out.text = read_fd(fd.get(), file, kManifestBytes);
    } else {
      out.problem =
          tagged(Obligation::kManifest, file + ": no such file (a link that leads nowhere?)");
    }
  } catch (const Error& error) {
    out.problem = tagged(Obligation::kTrust, error.what());
    out.text = bytes_of_untrusted(file);
  }
  return out;
}

FoundBackend read_manifest(const std::string& file, const BackendConfig& config,
                           const std::string& config_file, bool require_sha256) {
  return parse_manifest(read_manifest_text(file, nullptr), config, config_file, require_sha256);
}

FoundBackend parse_manifest(const ManifestText& manifest, const BackendConfig& config,
                            const std::string& config_file, bool require_sha256,
                            const std::map<std::string, ValueOrigin>& origins) {
  FoundBackend found;
  found.manifest.file = manifest.file;
  found.manifest.name = manifest.name;
  if (!grammar::is_name(manifest.name)) {
    refuse(found,
           tagged(Obligation::kManifest, cat(manifest.file,
                                             ": the name of a manifest is NAME.toml, NAME being "
                                             "[a-z][a-z0-9-]* of at most 32 characters")));
  }
  if (!manifest.problem.empty()) {
    refuse(found, manifest.problem);
  }
  const toml::table root =
      parse(found, without_comment_lines(without_doctor_tables(manifest.text)));
  ManifestReader reader(root, found.manifest);
  if (!found.refused) {
    try {
      under(Obligation::kManifest, [&] { reader.read(); });
      if (require_sha256 && found.manifest.sha256.empty()) {
        fail(manifest.file, ": no sha256 of ", found.manifest.library, ", which require-sha256 of ",
             config_file, " demands; install a version of the package that states it");
      }
      const Places places{config_file, origins};
      apply_options(found.manifest, config, places);
      check_features(found.manifest, config, places);
      under(Obligation::kManifest, [&] { reader.read_detect(); });
    } catch (const Error& error) {
      refuse(found, error.what());
    }
  }
  if (found.refused) {
    read_claims(root, found.manifest);
    read_cdi_claims(root, found.manifest);
  }
  decide_enabled(found, config, config_file);
  return found;
}

}  // namespace xpu
