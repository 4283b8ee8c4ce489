// SPDX-License-Identifier: Apache-2.0
#include "core/config/schema.h"

#include "core/config/toml_text.h"

namespace xpu {
namespace {

constexpr std::string_view kLogLevels[] = {"debug", "info", "warn", "error"};
constexpr std::string_view kModes[] = {"auto", "spec", "cdi", "csv", "legacy"};
constexpr std::string_view kOnUnavailable[] = {"fail", "warn"};
constexpr std::string_view kDefaultRequests[] = {"none", "auto"};
constexpr std::string_view kProfiles[] = {"single-user", "multi-tenant"};
constexpr std::string_view kAccepted[] = {"always", "privileged", "never"};
constexpr std::string_view kSharing[] = {"shared", "exclusive"};
constexpr std::string_view kSharingChoices[] = {"any", "tighten", "fixed"};

template <auto Member>
std::string shown(const Config& config) {
  return toml_text(config.*Member);
}

// What `Method` of the reader makes of the value.
template <auto Member, auto Method>
constexpr SchemaKey key(std::string_view name) {
  return {name,
          [](ValueReader& reader, const toml::node& node, Config& config) {
            config.*Member = (reader.*Method)(node);
          },
          shown<Member>};
}

template <auto Member, const auto& Words>
constexpr SchemaKey choice(std::string_view name) {
  return {name,
          [](ValueReader& reader, const toml::node& node, Config& config) {
            config.*Member = reader.one_of(node, Words);
          },
          shown<Member>};
}

template <auto Member, unsigned Least, unsigned Most>
constexpr SchemaKey number(std::string_view name) {
  return {name,
          [](ValueReader& reader, const toml::node& node, Config& config) {
            config.*Member = reader.number(node, Least, Most, "number");
          },
          shown<Member>};
}

template <auto Member, unsigned Least, unsigned Most>
constexpr SchemaKey seconds(std::string_view name) {
  return {name,
          [](ValueReader& reader, const toml::node& node, Config& config) {
            config.*Member = reader.number(node, Least, Most, "number of seconds");
          },
          shown<Member>};
}

void read_log_level(ValueReader& reader, const toml::node& node, Config& config) {
  log::parse_level(reader.one_of(node, kLogLevels), &config.log_level);
}

std::string show_log_level(const Config& config) {
  return toml_text(std::string(kLogLevels[static_cast<int>(config.log_level)]));
}

std::string show_memory_limit(const Config& config) {
  std::uint64_t number = config.backend_memory_bytes >> 10;
  std::string_view units[] = {"KiB", "MiB", "GiB"};
  std::size_t unit = 0;
  for (; unit < 2 && number % 1024 == 0; ++unit) {
    number /= 1024;
  }
  return toml_text(cat(number, units[unit]));
}

using Reader = ValueReader;

constexpr SchemaKey kRuntimeKeys[] = {
    {"log-level", read_log_level, show_log_level},
    key<&Config::debug, &Reader::absolute_or_empty>("debug"),
    key<&Config::runtimes, &Reader::programs>("runtimes"),
    key<&Config::runtime_path, &Reader::program>("runtime-path"),
    choice<&Config::mode, kModes>("mode"),
    choice<&Config::on_unavailable, kOnUnavailable>("on-unavailable"),
    key<&Config::preferred_vendor, &Reader::name>("preferred-vendor"),
    key<&Config::disable_require, &Reader::flag>("disable-require"),
};
constexpr SchemaKey kRequestKeys[] = {
    choice<&Config::default_request, kDefaultRequests>("default-request"),
};
constexpr SchemaKey kSelectionKeys[] = {
    choice<&Config::strategy, kStrategyNames>("strategy"),
    seconds<&Config::load_max_age_s, 0, 3600>("load-max-age-seconds"),
    key<&Config::allow_unhealthy, &Reader::flag>("allow-unhealthy"),
};
constexpr SchemaKey kPolicyKeys[] = {
    choice<&Config::profile, kProfiles>("profile"),
    choice<&Config::accept_environment, kAccepted>("environment"),
    choice<&Config::accept_annotations, kAccepted>("annotations"),
    choice<&Config::accept_volume_mounts, kAccepted>("volume-mounts"),
    choice<&Config::accept_slurm, kAccepted>("slurm"),
    choice<&Config::accept_features, kAccepted>("features"),
    choice<&Config::default_sharing, kSharing>("default-sharing"),
    choice<&Config::sharing_choice, kSharingChoices>("sharing-choice"),
    number<&Config::max_devices_per_container, 0, 10000>("max-devices-per-container"),
    key<&Config::enable_multi_gpu, &Reader::flag>("enable-multi-gpu"),
    seconds<&Config::max_wait_s, 0, 86400>("max-wait-seconds"),
    key<&Config::allow_vendors, &Reader::vendors>("allow-vendors"),
    key<&Config::allow_devices, &Reader::patterns>("allow-devices"),
    key<&Config::deny_devices, &Reader::patterns>("deny-devices"),
    key<&Config::privileged_capabilities, &Reader::names>("privileged-capabilities"),
    key<&Config::audit_log, &Reader::absolute_or_empty>("audit-log"),
};
constexpr SchemaKey kLeaseKeys[] = {
    number<&Config::share_limit, 0, 10000>("share-limit"),
    {"share-limits", read_share_limits, nullptr},
};
constexpr SchemaKey kCdiKeys[] = {
    key<&Config::cdi_spec_dirs, &Reader::folders>("spec-dirs"),
    key<&Config::cdi_annotation_prefixes, &Reader::prefixes>("annotation-prefixes"),
    key<&Config::cdi_default_kind, &Reader::kind_or_empty>("default-kind"),
    key<&Config::cdi_allow_untrusted, &Reader::flag>("allow-untrusted"),
};
constexpr SchemaKey kCostKeys[] = {
    key<&Config::accounting, &Reader::flag>("accounting"),
    key<&Config::usage_dir, &Reader::absolute>("directory"),
    key<&Config::prices_file, &Reader::absolute_or_empty>("prices"),
    number<&Config::keep_months, 0, 1200>("keep-months"),
};
constexpr SchemaKey kXpudKeys[] = {
    key<&Config::metrics, &Reader::flag>("metrics"),
    key<&Config::metrics_address, &Reader::listen_address>("metrics-address"),
    number<&Config::metrics_port, 1, 65535>("metrics-port"),
    seconds<&Config::sample_s, 1, 3600>("sample-seconds"),
    key<&Config::heal, &Reader::flag>("heal"),
};
constexpr SchemaKey kStateKeys[] = {
    key<&Config::state_dir, &Reader::absolute>("directory"),
};
constexpr SchemaKey kBackendKeys[] = {
    key<&Config::backend_dirs, &Reader::folders>("directories"),
    seconds<&Config::backend_timeout_s, 1, 600>("timeout-seconds"),
    {"memory-limit",
     [](Reader& reader, const toml::node& node, Config& config) {
       config.backend_memory_bytes = reader.size(node);
     },
     show_memory_limit},
    key<&Config::require_sha256, &Reader::flag>("require-sha256"),
};

// A container that asks for nothing starts whatever the configuration, so the default request does
// not count in one with mistakes; nor do backends, of which it then gets nothing.
constexpr SchemaSection kSections[] = {
    {"xpu-container-runtime", kRuntimeKeys, nullptr, nullptr, true},
    {"request", kRequestKeys, nullptr, nullptr, false},
    {"aliases", {}, read_alias, show_aliases, true},
    {"selection", kSelectionKeys, nullptr, nullptr, true},
    {"policy", kPolicyKeys, nullptr, nullptr, true},
    {"leases", kLeaseKeys, nullptr, show_share_limits, true},
    {"cdi", kCdiKeys, nullptr, nullptr, true},
    {"cost", kCostKeys, nullptr, nullptr, true},
    {"xpud", kXpudKeys, nullptr, nullptr, true},
    {"state", kStateKeys, nullptr, nullptr, true},
    {"backends", kBackendKeys, read_backend, show_backends, false},
};

}  // namespace

std::span<const SchemaSection> schema() {
  return kSections;
}

std::vector<ShownKey> shown_keys(const Config& config) {
  std::vector<ShownKey> rows;
  for (const SchemaSection& section : kSections) {
    for (const SchemaKey& key : section.keys) {
      if (key.show != nullptr) {
        const std::string value = key.show(config);
        rows.push_back({std::string(section.name), std::string(key.name), value, value});
      }
    }
    if (section.rows != nullptr) {
      section.rows(config, rows);
    }
  }
  return rows;
}

}  // namespace xpu
