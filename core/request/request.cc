// SPDX-License-Identifier: Apache-2.0
#include "core/request/request.h"

#include <algorithm>
#include <iterator>

#include "core/base/ascii.h"
#include "core/base/contains.h"
#include "core/base/error.h"
#include "core/base/joined.h"
#include "core/request/cdi_annotations.h"
#include "core/request/claims.h"
#include "core/request/describe.h"
#include "core/request/elements.h"
#include "core/request/environment.h"
#include "core/request/known.h"
#include "core/request/modifiers.h"
#include "core/request/mounts.h"
#include "core/request/settings.h"
#include "core/request/switches.h"

namespace xpu {
namespace {

constexpr std::size_t kDifferentLimit = 4096;  // as many devices as a host can describe
constexpr std::size_t kNamesShown = 16;
constexpr std::string_view kSlurmVariables = "SLURM_STEP_GPUS or SLURM_JOB_GPUS";

std::string shown(const std::vector<std::string>& names) {
  return first_joined(names, kNamesShown);
}

// One source that says something.
struct Asker {
  RequestSource source = RequestSource::kNone;
  std::vector<std::string> names;  // of variables, annotations or mounts
  bool for_nothing = false;        // says that no device is wanted
};

Asker asker_of(RequestSource source, const std::vector<const Setting*>& settings) {
  Asker out{source, {}};
  for (const Setting* setting : settings) {
    out.names.push_back(setting->name);
  }
  return out;
}

Asker asker_of(RequestSource source, const std::vector<Source>& sources) {
  Asker out{source, {}};
  for (const Source& one : sources) {
    if (asks(one.value)) {
      out.names.push_back(one.variable);
    }
  }
  return out;
}

bool is_none(const Setting& list) {
  const std::vector<std::string_view> elements = split_list(list.value);
  return !elements.empty() && std::all_of(elements.begin(), elements.end(), [](auto element) {
    return equal_in_any_case(element, "none");
  });
}

class RequestParser {
 public:
  RequestParser(const Said& said, const std::vector<FoundBackend>& backends, const Config& config)
      : said_(said),
        env_(said.env),
        backends_(backends),
        policy_(policy_of(config)),
        annotated_(settings_in_annotations(said)),
        cdi_(cdi_annotations(said, config)),
        own_(settings_in_environment(env_, config)),
        mounts_(device_mounts(said.null_mounts, backends)),
        claimed_(claimed_sources(env_, backends)) {}

  std::string asking(const std::string& known_file) const {
    if (is_sandbox(said_) || wants_nothing()) {
      return "";
    }
    const std::vector<Asker> askers = all_askers();
    return askers.empty() ? unclaimed_asking(env_, backends_, known_file) : askers[0].names[0];
  }

  Request parse(const std::string& known_file) {
    request_.privileged = said_.privileged;
    request_.takes_vendor_variables = accepts(RequestSource::kVendorVariable);
    if (is_sandbox(said_)) {
      return std::move(request_);
    }
    const Asker winner = pick();
    check_folders(winner, known_file);
    use(winner);
    if (std::any_of(request_.selectors.begin(), request_.selectors.end(),
                    [](const Selector& selector) { return selector.qualified; })) {
      request_.claimed_by.clear();  // such a name can be any backend's
    }
    if (request_.kind == RequestKind::kNone) {
      request_.source = RequestSource::kNone;
    }
    if (reaches_vendors(winner)) {
      append(request_.warnings, unclaimed_warnings(env_, backends_, known_file));
    }
    if (accepts(RequestSource::kEnvironment)) {
      append(request_.warnings, misspelt_warnings(env_));
    }
    if (request_.kind != RequestKind::kNone) {
      add_modifiers();
      add_what_backends_read();
    }
    return std::move(request_);
  }

 private:
  Accept row(RequestSource source) const {
    switch (source) {
      case RequestSource::kAnnotations:
      case RequestSource::kCdiAnnotations:
        return policy_.annotations;
      case RequestSource::kMounts:
        return policy_.volume_mounts;
      case RequestSource::kSlurm:
        return policy_.slurm;
      case RequestSource::kEnvironment:
      case RequestSource::kVendorVariable:
        return policy_.environment;
      case RequestSource::kNone:
      case RequestSource::kDefault:
        break;
    }
    return Accept::kAlways;
  }

  bool accepts(RequestSource source) const {
    return row(source) == Accept::kAlways ||
           (row(source) == Accept::kPrivileged && said_.privileged);
  }

  void pass_over(RequestSource source, const std::string& name) {
    const std::string rule = to_string(source);
    request_.warnings.push_back(cat(
        name, " is not considered: [policy] ", rule,
        row(source) == Accept::kNever ? " = \"never\""
                                      : " = \"privileged\", and this container is not privileged"));
    request_.passed_over.push_back({source, name, rule});
  }

  // In the order in which they count; none that only say that nothing is wanted.
  std::vector<Asker> all_askers() const {
    std::vector<Asker> out = {asker_of(RequestSource::kAnnotations, annotated_.settings.asking()),
                              asker_of(RequestSource::kCdiAnnotations, cdi_),
                              asker_of(RequestSource::kMounts, mounts_),
                              {RequestSource::kSlurm, {}},
                              asker_of(RequestSource::kEnvironment, own_.asking()),
                              asker_of(RequestSource::kVendorVariable, claimed_)};
    if (!annotated_.unknown.empty()) {
      out[0].names.push_back(annotated_.unknown);
    }
    if (!split_list(said_.slurm_devices).empty()) {
      out[3].names.emplace_back(kSlurmVariables);
    }
    std::erase_if(out, [](const Asker& asker) { return asker.names.empty(); });
    return out;
  }

  // A list that is empty or `void`, from wherever: to ask for nothing needs nobody's leave.
  std::optional<Asker> wants_nothing() const {
    for (const auto& [source, settings] : both_settings()) {
      const Setting* list = settings->find(Word::kVisibleDevices);
      if (list != nullptr && !asks(list->value)) {
        return Asker{source, {list->name}, true};
      }
    }
    return std::nullopt;
  }

  std::optional<Asker> wants_drivers_only() const {
    for (const auto& [source, settings] : both_settings()) {
      const Setting* list = settings->find(Word::kVisibleDevices);
      if (list != nullptr && is_none(*list) && accepts(source)) {
        return Asker{source, {list->name}};
      }
    }
    return std::nullopt;
  }

  std::array<std::pair<RequestSource, const Settings*>, 2> both_settings() const {
    return {std::pair(RequestSource::kAnnotations, &annotated_.settings),
            std::pair(RequestSource::kEnvironment, &own_)};
  }

  // The source that counts, with words about those that do not.
  Asker pick() {
    const std::vector<Asker> askers = all_askers();
    Asker winner;
    if (std::optional<Asker> first = wants_nothing(); first || (first = wants_drivers_only())) {
      winner = std::move(*first);
    }
    for (const Asker& asker : askers) {
      if (winner.source != RequestSource::kNone) {
        leave(asker, winner);
      } else if (accepts(asker.source)) {
        winner = asker;
      } else {
        pass_over(asker.source, shown(asker.names));
      }
    }
    return winner;
  }

  void leave(const Asker& asker, const Asker& winner) {
    if (asker.source != winner.source) {
      const bool vendors = asker.source == RequestSource::kVendorVariable;
      for (const Source& source : vendors ? claimed_ : std::vector<Source>()) {
        append(request_.overruled, source.claimed_by);
      }
      // Images bring these along.
      auto& list = vendors ? request_.notes : request_.warnings;
      list.push_back(cat(shown(asker.names), " is not considered: ", shown(winner.names),
                         winner.for_nothing ? " says that nothing is wanted" : " goes before it"));
    }
  }

  // A folder that cannot be used may hold the backend that is asked for.
  void check_folders(const Asker& winner, const std::string& known_file) {
    for (const FoundBackend& found : backends_) {
      if (!found.is_folder) {
        continue;
      }
      const std::string problem =
          cat("the backend folder ", found.manifest.file, " cannot be used: ", found.reason);
      const std::string name = asking_anybody(winner, known_file);
      if (!name.empty()) {
        fail(name, " is set, but ", problem);
      }
      request_.warnings.push_back(problem);
    }
  }

  // Nothing that goes before the variables of vendors counts.
  bool reaches_vendors(const Asker& winner) const {
    return !winner.for_nothing && accepts(RequestSource::kVendorVariable) &&
           (winner.source == RequestSource::kNone ||
            winner.source == RequestSource::kVendorVariable);
  }

  // What asks without naming a backend, or one that is not there.
  std::string asking_anybody(const Asker& winner, const std::string& known_file) const {
    if (reaches_vendors(winner)) {
      return unclaimed_asking(env_, backends_, known_file);
    }
    return winner.for_nothing || winner.source == RequestSource::kNone ? "" : winner.names[0];
  }

  void use(const Asker& winner) {
    if (winner.for_nothing) {
      return;
    }
    switch (winner.source) {
      case RequestSource::kAnnotations:
        if (!annotated_.unknown.empty()) {
          fail(annotated_.unknown, " is not known", annotated_.hint);
        }
        use_settings(annotated_.settings);
        break;
      case RequestSource::kCdiAnnotations:
        for (const Source& source : cdi_) {
          check_cdi_annotation(source);
          use_list(source);
        }
        break;
      case RequestSource::kMounts:
        use_mounts(shown(winner.names));
        break;
      case RequestSource::kSlurm:
        use_slurm();
        break;
      case RequestSource::kEnvironment:
        use_settings(own_);
        break;
      case RequestSource::kVendorVariable:
        for (const Source& source : claimed_) {
          use_list(source);
        }
        break;
      case RequestSource::kNone:
      case RequestSource::kDefault:
        use_default();
        return;
    }
    request_.source = winner.source;
  }

  void use_settings(const Settings& settings) {
    const Setting* list = settings.find(Word::kVisibleDevices);
    if (list != nullptr && is_none(*list)) {
      use_list({list->where(), list->value, {}, {}});
      return;
    }
    const Description described = describe(settings);
    request_.tests = described.tests;
    request_.strategy = described.strategy;
    modifiers_.add(described);
    if (list == nullptr || has_attributes(*list)) {
      use_wish(settings, described);
      return;
    }
    use_list({list->where(), list->value, {}, {}});
    if (!described.count) {
      return;
    }
    if (request_.selectors.size() == 1 && request_.selectors[0].backend.empty() &&
        request_.selectors[0].name == "all") {
      request_.selectors.clear();
      use_wish(settings, described);
    } else if (described.count->most != 0 || settings.find(Word::kCount) != nullptr) {
      fail(list->where(), ": '", list->value.substr(0, 64), "' names devices, and ",
           described.count_source, " says how many; leave one out");
    }
  }

  void use_wish(const Settings& settings, const Description& described) {
    request_.kind = RequestKind::kDevices;
    Wish wish = described.count.value_or(Wish{});
    wish.direct_links = described.direct_links;
    request_.variable.clear();
    for (const Setting* setting : settings.asking()) {
      const char* const separator = request_.variable.empty() ? "" : ", ";
      request_.variable += cat(separator, setting->name);
      wish.source += cat(separator, setting->text());
    }
    request_.wish = std::move(wish);
  }

  void use_mounts(const std::string& names) {
    for (const Source& mount : mounts_) {
      use_list(as_element(mount));
      if (request_.selectors.size() > kDifferentLimit) {
        fail(mount.variable, ": mounts ask for more than ", kDifferentLimit, " devices");
      }
    }
    if (request_.selectors.size() > 1 &&
        std::any_of(request_.selectors.begin(), request_.selectors.end(),
                    [](const Selector& s) { return s.backend.empty() && s.name == "none"; })) {
      fail(mounts_[0].variable, ": 'none' cannot be combined with other mounts");
    }
    request_.variable = request_.selectors.empty() ? "" : names;
    if (std::any_of(mounts_.begin(), mounts_.end(),
                    [](const Source& mount) { return mount.claimed_by.empty(); })) {
      request_.claimed_by.clear();  // one of them is about every backend
    }
  }

  // Slurm knows devices by their places only.
  void use_slurm() {
    for (const std::string_view element : split_list(said_.slurm_devices)) {
      if (element.find_first_not_of("0123456789-") != element.npos) {
        fail(kSlurmVariables, ": '", element.substr(0, 64), "' is no index of a device");
      }
    }
    use_list({std::string(kSlurmVariables), said_.slurm_devices, {}, {}});
  }

  // For who says nothing, not even that no device of a vendor is wanted.
  void use_default() {
    const bool says_nothing = claimed_.empty() || !accepts(RequestSource::kVendorVariable);
    if (policy_.default_request_auto && says_nothing) {
      request_.kind = RequestKind::kDevices;
      request_.source = RequestSource::kDefault;
      request_.variable = "default-request";
      request_.wish = Wish{1, 1, false, "default-request = \"auto\""};
    }
  }

  void use_list(Source source) {
    if (!asks(source.value)) {
      return;
    }
    const bool neutral = source.claimed_by.empty();
    std::erase_if(source.claimed_by,
                  [&](const std::string& name) { return !is_able(name, source.variable); });
    if (!neutral && source.claimed_by.empty()) {
      return;
    }
    request_.variable += cat(request_.variable.empty() ? "" : ", ", source.variable);
    for (const std::string& name : source.claimed_by) {
      if (!contains(request_.claimed_by, name)) {
        request_.claimed_by.push_back(name);
      }
    }
    for (Selector& selector : parse_elements(source)) {
      if (selector.name != "none") {
        request_.kind = RequestKind::kDevices;
      } else if (request_.kind == RequestKind::kNone) {
        request_.kind = RequestKind::kDriversOnly;
      }
      request_.selectors.push_back(std::move(selector));
    }
  }

  // False, with a warning, for a backend that the administrator has switched off.
  bool is_able(const std::string& name, const std::string& variable) {
    const FoundBackend& found =
        *std::find_if(backends_.begin(), backends_.end(),
                      [&](const FoundBackend& f) { return f.manifest.name == name; });
    if (!found.enabled) {
      request_.warnings.push_back(
          cat(variable, " is set, but the backend ", name, ", which serves it, is not enabled"));
      return false;
    }
    if (found.refused) {
      fail(variable, " is set, but the backend ", name,
           ", which serves it, was refused: ", found.reason);
    }
    return true;
  }

  void add_modifiers() {
    if (request_.source != RequestSource::kAnnotations) {
      add_modifiers_of(RequestSource::kEnvironment, own_);
    }
    add_modifiers_of(RequestSource::kAnnotations, annotated_.settings);
    if (request_.kind == RequestKind::kDevices) {
      modifiers_.check(policy_);
      modifiers_.apply(request_);
    }
  }

  void add_modifiers_of(RequestSource source, const Settings& settings) {
    if (accepts(source)) {
      modifiers_.add(settings);
      return;
    }
    for (const Word word : {Word::kSharing, Word::kAffinity, Word::kWait, Word::kLabel}) {
      if (const Setting* setting = settings.find(word)) {
        pass_over(source, setting->name);
      }
    }
  }

  // Of the runtime's own variable, what those of vendors may say as well: whatever policy does.
  const Setting* own_capabilities() const {
    for (const auto& [source, settings] : both_settings()) {
      const Setting* setting = settings->find(Word::kDriverCapabilities);
      if (setting != nullptr && !capability_list(setting->value).empty() &&
          (source == RequestSource::kEnvironment || accepts(source))) {
        return setting;
      }
    }
    return nullptr;
  }

  void add_what_backends_read() {
    const Setting* own = own_capabilities();
    for (const FoundBackend& found : backends_) {
      if (!found.enabled || found.refused ||
          (!request_.claimed_by.empty() && !contains(request_.claimed_by, found.manifest.name))) {
        continue;
      }
      request_.capabilities.push_back(
          own == nullptr
              ? capabilities_in(env_, found.manifest)
              : CapabilityRequest{found.manifest.name, capability_list(own->value), own->where()});
      if (request_.kind == RequestKind::kDevices) {
        append(request_.features, features_of(found.manifest));
        append(request_.requirements, requirements_in(env_, found.manifest));
      }
    }
  }

  std::vector<FeatureRequest> features_of(const Manifest& manifest) const {
    std::vector<FeatureRequest> features = features_in(env_, manifest);
    const bool accepted = policy_.features == Accept::kAlways ||
                          (policy_.features == Accept::kPrivileged && said_.privileged);
    for (FeatureRequest& feature : features) {
      feature.denied_by = accepted ? "" : "features";
    }
    return features;
  }

  template <class T>
  static void append(std::vector<T>& list, std::vector<T> more) {
    std::move(more.begin(), more.end(), std::back_inserter(list));
  }

  const Said& said_;
  const Environment env_;
  const std::vector<FoundBackend>& backends_;
  const Policy policy_;
  const Annotated annotated_;
  const std::vector<Source> cdi_;
  const Settings own_;
  const std::vector<Source> mounts_;
  const std::vector<Source> claimed_;
  Modifiers modifiers_;
  Request request_;
};

}  // namespace

std::vector<std::string_view> split_list(std::string_view value) {
  const auto trim = [](std::string_view text) {
    const std::size_t first = text.find_first_not_of(' ');
    return first == text.npos ? std::string_view()
                              : text.substr(first, text.find_last_not_of(' ') - first + 1);
  };
  std::vector<std::string_view> elements;
  std::string_view rest = trim(value);
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    elements.push_back(trim(rest.substr(0, comma)));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return elements;
}

bool asks(std::string_view value) {
  const std::vector<std::string_view> elements = split_list(value);
  return !elements.empty() && std::none_of(elements.begin(), elements.end(), [](auto element) {
    return equal_in_any_case(element, "void");
  });
}

Request parse_request(const Said& said, const std::vector<FoundBackend>& backends,
                      const Config& config, const std::string& known_file) {
  return RequestParser(said, backends, config).parse(known_file);
}

std::string asking_variable(const Said& said, const std::vector<FoundBackend>& backends,
                            const Config& config, const std::string& known_file) {
  return RequestParser(said, backends, config).asking(known_file);
}

}  // namespace xpu
