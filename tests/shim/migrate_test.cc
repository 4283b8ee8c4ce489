// SPDX-License-Identifier: Apache-2.0
#include "core/apps/migrate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "core/apps/foreign_settings.h"
#include "core/base/error.h"
#include "core/config/config.h"
#include "tests/unit/base/temp_dir.h"

namespace xpu {
namespace {

using test::error_of;
using test::TempDir;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Migrate : public ::testing::Test {
 protected:
  // With the rules that are installed, and the result loads.
  Migration of(const std::string& text) {
    rules_ = dir_.write("migrations.toml", test::slurp(XPU_MIGRATIONS));
    return with_rules(text);
  }
  Migration with_rules(const std::string& text) {
    Migration migration = migrate(dir_.write("theirs", text), rules_);
    config_ = load_config(dir_.write("ours.toml", migration.config));
    return migration;
  }
  std::string error(const std::string& text) {
    return error_of([&] { of(text); });
  }

  TempDir dir_;
  std::string rules_;
  Config config_;
};

TEST_F(Migrate, TurnsALightOsConfigurationIntoOurs) {
  const Migration migration = of(R"({
  "debug": false,
  "defaultStrategy": "balanced",
  "preferredVendor": "any",
  "enableMultiGPU": false,
  "maxGPUPerContainer": 1,
  "injectDrivers": true,
  "cudaPath": "/usr/local/cuda",
  "rocmPath": "/opt/rocm",
  "oneAPIPath": "/opt/intel/oneapi",
  "enableMetrics": true,
  "metricsPort": 9100,
  "enableCostTracking": true
})");
  EXPECT_EQ(
      migration.config,
      "# " + (dir_ / "theirs") +
          ", a configuration of LightOS, for the XPU Container Runtime.\n"
          R"(# For config.d beside config.toml; in place of config.toml it would also take away its [aliases].

[aliases]
LIGHTOS_DEVICE_TYPE = "XPU_DEVICE_TYPE"  # as LightOS does
LIGHTOS_ENABLE_MULTI_GPU = "XPU_ENABLE_MULTI_GPU"  # as LightOS does
LIGHTOS_MAX_GPU = "XPU_MAX_GPU"  # as LightOS does
LIGHTOS_MIN_VRAM = "XPU_MIN_VRAM"  # as LightOS does
LIGHTOS_STRATEGY = "XPU_STRATEGY"  # as LightOS does

[backends.amd]
inject-drivers = "missing"  # injectDrivers
rocm-path = "/opt/rocm"  # rocmPath

[backends.intel]
inject-drivers = "missing"  # injectDrivers
oneapi-path = "/opt/intel/oneapi"  # oneAPIPath

[backends.nvidia]
inject-drivers = "always"  # injectDrivers
cuda-path = "/usr/local/cuda"  # cudaPath

[cost]
accounting = true  # enableCostTracking

[policy]
enable-multi-gpu = false  # enableMultiGPU
max-devices-per-container = 1  # maxGPUPerContainer

[request]
default-request = "auto"  # as LightOS does

[selection]
strategy = "balanced"  # defaultStrategy

[xpu-container-runtime]
log-level = "info"  # debug
preferred-vendor = "any"  # preferredVendor

[xpud]
metrics = true  # enableMetrics
metrics-port = 9100  # metricsPort
)");
  EXPECT_THAT(migration.left_out, IsEmpty());
  EXPECT_EQ(config_.default_request, "auto");
  // What the shipped file says of LightOS's variables, which this one may replace.
  const std::string shipped =
      std::string(XPU_MIGRATIONS)
          .replace(std::string(XPU_MIGRATIONS).rfind('/') + 1, std::string::npos, "config.toml");
  for (const Alias& alias : parse_config(test::slurp(shipped), shipped).aliases) {
    if (alias.name.starts_with("LIGHTOS_")) {
      EXPECT_TRUE(std::any_of(config_.aliases.begin(), config_.aliases.end(),
                              [&](const Alias& ours) {
                                return ours.name == alias.name && ours.variable == alias.variable;
                              }))
          << alias.name;
    }
  }
}

TEST_F(Migrate, SaysWhatItCannotTake) {
  const Migration migration = of(R"({"debug": "yes", "defaultStrategy": "random",
    "maxGPUPerContainer": -1, "preferredVendor": ["a", 1], "injectDrivers": null,
    "cudaPath": "", "extra": {"deep": 1.5}, "x\ny": "a\tb"})");
  EXPECT_THAT(
      migration.left_out,
      ElementsAre("debug = \"yes\": nothing stands for it",
                  "defaultStrategy = \"random\": key 'strategy' in [selection] must be "
                  "performance, cost, balanced, packed, spread, numa-local or first, not 'random'",
                  "maxGPUPerContainer = -1: key 'max-devices-per-container' in [policy] must be a "
                  "number from 0 to 10000",
                  "preferredVendor: no key here has a value of this kind",
                  "injectDrivers: nothing stands for it", "extra.deep: is not known",
                  "x\\ny = \"a\\tb\": is not known"));
}

TEST_F(Migrate, TurnsEveryKeyOfNvidiasIntoOurs) {
  const Migration migration = of(R"(disable-require = true
swarm-resource = "DOCKER_RESOURCE_GPU"
accept-nvidia-visible-devices-envvar-when-unprivileged = false
accept-nvidia-visible-devices-as-volume-mounts = true
supported-driver-capabilities = "compute,utility"
[nvidia-container-cli]
root = "/run/nvidia/driver"
path = "/usr/bin/nvidia-container-cli"
environment = ["A=b"]
debug = "/var/log/nvidia-container-toolkit.log"
ldcache = "/etc/ld.so.cache"
load-kmods = true
no-pivot = false
no-cgroups = true
user = "root:video"
ldconfig = "@/sbin/ldconfig"
[nvidia-container-runtime]
debug = "/var/log/nvidia-container-runtime.log"
log-level = "warning"
runtimes = ["runc", "crun"]
mode = "csv"
[nvidia-container-runtime.modes.cdi]
spec-dirs = ["/etc/cdi"]
default-kind = "nvidia.com/gpu"
annotation-prefixes = ["cdi.k8s.io/"]
[nvidia-container-runtime.modes.csv]
mount-spec-path = "/etc/csv"
compat-container-root = "/usr/local/cuda/compat"
[nvidia-container-runtime.modes.jit-cdi]
nvcdi-feature-flags = ["x"]
[nvidia-container-runtime.modes.legacy]
cuda-compat-mode = "disabled"
[nvidia-container-runtime-hook]
path = "nvidia-container-runtime-hook"
skip-mode-detection = false
[nvidia-ctk]
path = "nvidia-ctk"
[features]
allow-cuda-compat-libs-from-container = true
allow-ldconfig-from-container = true
allow-unknown-oci-spec-fields = true
disable-cuda-compat-lib-hook = true
disable-imex-channel-creation = true
ignore-imex-channel-requests = true
no-additional-gids-for-device-nodes = true
)");
  EXPECT_EQ(
      migration.config.substr(migration.config.find('\n') + 1),
      R"(# For config.d beside config.toml; in place of config.toml it would also take away its [aliases].

[backends.nvidia]
driver-root = "/run/nvidia/driver"  # nvidia-container-cli.root
load-modules = "true"  # nvidia-container-cli.load-kmods
mode = "csv"  # nvidia-container-runtime.mode
csv-path = "/etc/csv"  # nvidia-container-runtime.modes.csv.mount-spec-path
cuda-compat = "never"  # nvidia-container-runtime.modes.legacy.cuda-compat-mode
features = ["gds", "mofed", "gdrcopy", "nvswitch", "mig-config", "mig-monitor", "jetpack-all"]  # features.ignore-imex-channel-requests

[cdi]
spec-dirs = ["/etc/cdi"]  # nvidia-container-runtime.modes.cdi.spec-dirs
default-kind = "nvidia.com/gpu"  # nvidia-container-runtime.modes.cdi.default-kind
annotation-prefixes = ["cdi.k8s.io/"]  # nvidia-container-runtime.modes.cdi.annotation-prefixes

[policy]
environment = "privileged"  # accept-nvidia-visible-devices-envvar-when-unprivileged
volume-mounts = "always"  # accept-nvidia-visible-devices-as-volume-mounts

[xpu-container-runtime]
disable-require = true  # disable-require
debug = "/var/log/nvidia-container-runtime.log"  # nvidia-container-runtime.debug
log-level = "warn"  # nvidia-container-runtime.log-level
runtimes = ["runc", "crun"]  # nvidia-container-runtime.runtimes
)");
  std::vector<std::string> keys;
  for (const std::string& line : migration.left_out) {
    keys.push_back(line.substr(0, line.find_first_of(" :")));
    EXPECT_EQ(line.find("is not known"), line.npos) << line;
  }
  EXPECT_THAT(keys, ElementsAre("swarm-resource", "supported-driver-capabilities",
                                "nvidia-container-cli.path", "nvidia-container-cli.environment",
                                "nvidia-container-cli.debug", "nvidia-container-cli.ldcache",
                                "nvidia-container-cli.no-pivot", "nvidia-container-cli.no-cgroups",
                                "nvidia-container-cli.user", "nvidia-container-cli.ldconfig",
                                "nvidia-container-runtime.modes.csv.compat-container-root",
                                "nvidia-container-runtime.modes.jit-cdi.nvcdi-feature-flags",
                                "nvidia-container-runtime-hook.path",
                                "nvidia-container-runtime-hook.skip-mode-detection",
                                "nvidia-ctk.path", "features.allow-cuda-compat-libs-from-container",
                                "features.allow-ldconfig-from-container",
                                "features.allow-unknown-oci-spec-fields",
                                "features.disable-imex-channel-creation"));
  EXPECT_THAT(migration.left_out,
              ::testing::Contains("features.allow-cuda-compat-libs-from-container = true: "
                                  "nvidia-container-runtime.modes.legacy.cuda-compat-mode says "
                                  "otherwise of cuda-compat in [backends.nvidia]"));
}

TEST_F(Migrate, TakesWhatNvidiaShips) {
  const Migration migration = of(R"(disable-require = false
accept-nvidia-visible-devices-envvar-when-unprivileged = true
accept-nvidia-visible-devices-as-volume-mounts = false
swarm-resource = ""
[nvidia-container-cli]
root = ""
environment = []
debug = ""
[nvidia-container-runtime]
debug = "/dev/null"
log-level = "info"
mode = "auto"
[features]
ignore-imex-channel-requests = false
)");
  EXPECT_THAT(migration.left_out, IsEmpty());
  EXPECT_EQ(config_.accept_environment, "always");
  EXPECT_EQ(config_.accept_volume_mounts, "never");
  EXPECT_TRUE(config_.backends.empty());
  EXPECT_THAT(of("[nvidia-container-runtime]\nmode = \"legacy\"\nlog-level = \"loud\"\n").left_out,
              ElementsAre("nvidia-container-runtime.mode = \"legacy\": this version has no legacy "
                          "mode; auto serves every container",
                          "nvidia-container-runtime.log-level = \"loud\": log-level is debug, "
                          "info, warn or error"));
}

TEST_F(Migrate, TakesFilesOfRealHosts) {
  const char* fixtures = std::getenv("XPU_FIXTURES");
  if (fixtures == nullptr) {
    GTEST_SKIP() << "XPU_FIXTURES is not set";
  }
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(
           std::string(fixtures) + "/engine-config/nvidia-container-runtime")) {
    const Migration migration = of(test::slurp(entry.path()));
    EXPECT_THAT(migration.config, HasSubstr(" = ")) << entry.path();
    for (const std::string& line : migration.left_out) {
      EXPECT_EQ(line.find("is not known"), line.npos) << entry.path() << ": " << line;
    }
    ++files;
  }
  EXPECT_GT(files, 0u);
}

TEST_F(Migrate, FailsWithOneLineThatNamesTheFile) {
  const std::string file = dir_ / "theirs";
  EXPECT_EQ(error("{\"defaultStrategy\": "), file + " is no JSON: incomplete JSON");
  EXPECT_THAT(error("a = \nb"), ::testing::StartsWith(file + ":1: neither JSON nor TOML: "));
  const std::string unknown = file +
                              " is no configuration of a system that is known: LightOS, NVIDIA "
                              "Container Toolkit";
  EXPECT_EQ(error("{}"), unknown);
  EXPECT_EQ(error(""), unknown);
  EXPECT_EQ(error("[xpu-container-runtime]\n"), unknown);
  // A name that only begins like one that is known.
  EXPECT_EQ(error("[nvidia-container-clip]\n"), unknown);
  EXPECT_THAT(error_of([&] { migrate(dir_ / "nowhere", rules_); }), HasSubstr(dir_ / "nowhere"));
  EXPECT_EQ(error_of([&] { migrate(file, dir_ / "rules"); }),
            (dir_ / "rules") + " is missing; install the runtime again");
  EXPECT_THAT(error_of([&] { migrate(file, dir_.write("rules", "[system\n")); }),
              ::testing::StartsWith((dir_ / "rules") + ":1: "));
}

// The engine knows nothing but what the rules say.
TEST_F(Migrate, FollowsRulesOfAnySystem) {
  rules_ = dir_.write("rules.toml", R"(
[[system]]
name = "Globex"
recognise = ["globex"]
[[system.key]]
from = "globex.wait"
to = "policy.max-wait-seconds"
[[system.key]]
from = "globex.patience"
to = "policy.max-wait-seconds"
values = { long = 600 }
[[system.key]]
from = "globex.share"
to = "leases.share-limit"
)");
  const Migration migration = with_rules(
      "[globex]\nwait = 60\npatience = \"long\"\nshare = true\ndate = 2024-01-01\nlist = [1]\n");
  EXPECT_THAT(migration.config, HasSubstr("\n[policy]\nmax-wait-seconds = 60  # globex.wait\n"));
  EXPECT_THAT(
      migration.left_out,
      ElementsAre("globex.patience = \"long\": globex.wait says otherwise of max-wait-seconds in "
                  "[policy]",
                  "globex.share = true: key 'share-limit' in [leases] must be a number from 0 to "
                  "10000",
                  "globex.date: is not known", "globex.list: is not known"));
}

TEST(ForeignSettings, AreTheSameFromJsonAndToml) {
  const TempDir dir;
  const auto settings = [&](const std::string& text) {
    std::vector<std::string> out;
    for (const ForeignSetting& setting : read_foreign_settings(dir.write("f", text))) {
      out.push_back(cat(setting.path, "|", setting.text, "|", setting.toml));
    }
    return out;
  };
  const std::vector<std::string> expected = {
      "z|a\"b|\"a\\\"b\"", "a.n|-3|-3", "a.f|true|true", "a.l|[\"x\", \"y\"]|[\"x\", \"y\"]",
      "a.e|[]|[]",         "a.r||",     "a.m||"};
  EXPECT_EQ(settings(R"( {"z": "a\"b", "a": {"n": -3, "f": true, "l": ["x", "y"], "e": [],)"
                     R"( "r": 1.5, "m": [1, "x"]}})"),
            expected);
  EXPECT_EQ(settings("z = 'a\"b'\n[a]\nn = -3\nf = true\nl = [\"x\", \"y\"]\ne = []\nr = 1.5\n"
                     "m = [1, \"x\"]\n"),
            expected);
}

}  // namespace
}  // namespace xpu
