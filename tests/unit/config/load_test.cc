// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "core/base/error.h"
#include "core/config/config.h"
#include "core/config/keys.h"
#include "tests/unit/base/temp_dir.h"

namespace xpu {
namespace {

using test::error_of;
using test::in_child;
using test::TempDir;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::StartsWith;

Config load(const std::string& text) {
  const TempDir dir;
  return load_config(dir.write("config.toml", text));
}

// The error for a file, without the path of the file.
std::string error_for(const std::string& text) {
  const TempDir dir;
  const std::string file = dir.write("config.toml", text);
  const std::string message = error_of([&] { load_config(file); });
  return message.starts_with(file + ":") ? message.substr(file.size() + 1) : message;
}

std::string shown(const Config& config) {
  std::string out;
  for (const ShownKey& key : shown_keys(config)) {
    out += cat(key.section, ".", key.name, " = ", key.toml, "\n");
  }
  return out;
}

void expect_equal(const Config& a, const Config& b) {
  EXPECT_EQ(shown(a), shown(b));
}

TEST(LoadConfig, MissingFileGivesTheDefaults) {
  const TempDir dir;
  const Config config = load_config(dir / "nowhere/config.toml");
  expect_equal(config, default_config());
  EXPECT_EQ(config.file, "");
  EXPECT_THAT(config.runtimes, ElementsAre("docker-runc", "runc", "crun"));
  EXPECT_EQ(config.log_level, log::Level::kInfo);
  EXPECT_EQ(config.mode, "auto");
  EXPECT_EQ(config.preferred_vendor, "any");
  EXPECT_FALSE(config.disable_require);
  EXPECT_EQ(config.backend_timeout_s, 60u);
  EXPECT_EQ(config.backend_memory_bytes, 4ULL << 30);
  EXPECT_FALSE(config.require_sha256);
  expect_equal(load(""), default_config());
}

TEST(LoadConfig, ReadsEveryKey) {
  const TempDir dir;
  const std::string file = dir.write("config.toml", R"(
[xpu-container-runtime]
log-level = "debug"
debug = "/var/log/xpu.log"
runtimes = ["/opt/bin/runc", "crun"]
runtime-path = "/opt/bin/crun/"
mode = "spec"
on-unavailable = "warn"
preferred-vendor = "acme-2"
disable-require = true
[state]
directory = "/run/other/"
[backends]
directories = ["/a", "/b/c"]
timeout-seconds = 5
memory-limit = "512MiB"
require-sha256 = true
[backends.acme]
enabled = true
driver-root = "/opt/driver"
count = 3
strict = false
features = ["rdma", "channels"]
[backends.other]
enabled = "auto"
[backends.third]
enabled = false
features = []
)");
  const Config config = load_config(file);
  EXPECT_EQ(config.file, file);
  EXPECT_EQ(config.log_level, log::Level::kDebug);
  EXPECT_EQ(config.debug, "/var/log/xpu.log");
  EXPECT_THAT(config.runtimes, ElementsAre("/opt/bin/runc", "crun"));
  EXPECT_EQ(config.runtime_path, "/opt/bin/crun");
  EXPECT_EQ(config.mode, "spec");
  EXPECT_EQ(config.on_unavailable, "warn");
  EXPECT_EQ(config.preferred_vendor, "acme-2");
  EXPECT_TRUE(config.disable_require);
  EXPECT_EQ(config.state_dir, "/run/other");
  EXPECT_THAT(config.backend_dirs, ElementsAre("/a", "/b/c"));
  EXPECT_EQ(config.backend_timeout_s, 5u);
  EXPECT_EQ(config.backend_memory_bytes, 512ULL << 20);
  EXPECT_TRUE(config.require_sha256);
  ASSERT_EQ(config.backends.size(), 3u);
  const BackendConfig& acme = config.backends.at("acme");
  EXPECT_EQ(acme.enabled, BackendConfig::Enabled::kYes);
  EXPECT_THAT(acme.options, ElementsAre(Pair("count", "3"), Pair("driver-root", "/opt/driver"),
                                        Pair("strict", "false")));
  EXPECT_EQ(acme.features, (std::vector<std::string>{"rdma", "channels"}));
  EXPECT_EQ(config.backends.at("other").features, std::nullopt);
  EXPECT_EQ(config.backends.at("third").features, std::vector<std::string>());
  EXPECT_EQ(config.backends.at("other").enabled, BackendConfig::Enabled::kDefault);
  EXPECT_EQ(config.backends.at("third").enabled, BackendConfig::Enabled::kNo);
}

TEST(LoadConfig, NamesLineKeyAndProblem) {
  const struct {
    const char* text;
    const char* error;
  } kRows[] = {
      {"[xpu-container-runtime]\nlog-level = \"loud\"",
       "2: key 'log-level' in [xpu-container-runtime] must be debug, info, warn or error, not "
       "'loud'"},
      {"[xpu-container-runtime]\nlog-level = 3",
       "2: key 'log-level' in [xpu-container-runtime] must be a text in quotes"},
      {"[xpu-container-runtime]\ndebug = \"xpu.log\"",
       "2: key 'debug' in [xpu-container-runtime] must be an absolute path, not 'xpu.log'"},
      {"[xpu-container-runtime]\ndebug = \"/a\\u0000b\"",
       "2: key 'debug' in [xpu-container-runtime] must not hold a NUL character"},
      {"[xpu-container-runtime]\n\nruntimes = []",
       "3: key 'runtimes' in [xpu-container-runtime] must be a list of at least one text"},
      {"[xpu-container-runtime]\nruntimes = \"runc\"",
       "2: key 'runtimes' in [xpu-container-runtime] must be a list of at least one text"},
      {"[xpu-container-runtime]\nruntimes = [\"runc\",\n1]",
       "3: key 'runtimes' in [xpu-container-runtime] must be a text in quotes"},
      {"[xpu-container-runtime]\nruntimes = [\"\"]",
       "2: key 'runtimes' in [xpu-container-runtime] must not hold an empty name"},
      {"[xpu-container-runtime]\nruntimes = [\"bin/runc\"]",
       "2: key 'runtimes' in [xpu-container-runtime] must be an absolute path, not 'bin/runc'"},
      {"[xpu-container-runtime]\nruntime-path = \"./runc\"",
       "2: key 'runtime-path' in [xpu-container-runtime] must be an absolute path, not './runc'"},
      {"[xpu-container-runtime]\nmode = \"magic\"",
       "2: key 'mode' in [xpu-container-runtime] must be auto, spec, cdi, csv or legacy, not "
       "'magic'"},
      {"[xpu-container-runtime]\non-unavailable = \"ignore\"",
       "2: key 'on-unavailable' in [xpu-container-runtime] must be fail or warn, not 'ignore'"},
      {"[xpu-container-runtime]\npreferred-vendor = \"Big Co\"",
       "2: key 'preferred-vendor' in [xpu-container-runtime] must be lower-case letters, digits "
       "and '-', at most 32, not 'Big Co'"},
      {"[xpu-container-runtime]\npreferred-vendor = 1",
       "2: key 'preferred-vendor' in [xpu-container-runtime] must be a text in quotes"},
      {"[xpu-container-runtime]\ndisable-require = \"yes\"",
       "2: key 'disable-require' in [xpu-container-runtime] must be true or false"},
      {"[backends.acme]\nfeatures = \"rdma\"",
       "2: key 'features' in [backends.acme] must be a list of names"},
      {"[backends.acme]\nfeatures = [\"\"]",
       "2: key 'features' in [backends.acme] must be lower-case letters, digits and '-', at most "
       "32, not ''"},
      {"[state]\ndirectory = \"\"",
       "2: key 'directory' in [state] must be an absolute path, not ''"},
      {"[backends]\ndirectories = [\"plugins\"]",
       "2: key 'directories' in [backends] must be an absolute path, not 'plugins'"},
      {"[backends]\ntimeout-seconds = 0",
       "2: key 'timeout-seconds' in [backends] must be a number of seconds from 1 to 600"},
      {"[backends]\ntimeout-seconds = 601",
       "2: key 'timeout-seconds' in [backends] must be a number of seconds from 1 to 600"},
      {"[backends]\ntimeout-seconds = \"60\"",
       "2: key 'timeout-seconds' in [backends] must be a number of seconds from 1 to 600"},
      {"[backends]\nmemory-limit = \"4GB\"",
       "2: key 'memory-limit' in [backends] must be a size such as \"512MiB\" or \"4GiB\", not "
       "'4GB'"},
      {"[backends]\nmemory-limit = \"9999999999GiB\"",
       "2: key 'memory-limit' in [backends] must be a size such as \"512MiB\" or \"4GiB\", not "
       "'9999999999GiB'"},
      {"[backends]\nmemory-limit = \"-1GiB\"",
       "2: key 'memory-limit' in [backends] must be a size such as \"512MiB\" or \"4GiB\", not "
       "'-1GiB'"},
      {"[backends]\nmemory-limit = \"63MiB\"",
       "2: key 'memory-limit' in [backends] must be at least 64MiB, not '63MiB'"},
      {"[backends]\nrequire-sha256 = \"yes\"",
       "2: key 'require-sha256' in [backends] must be true or false"},
      {"[backends.acme]\nenabled = \"yes\"",
       "2: key 'enabled' in [backends.acme] must be true, false or \"auto\""},
      {"[backends.acme]\nroot = [1]",
       "2: key 'root' in [backends.acme] must be a text, a whole number, true or false"},
      {"[backends.acme]\nroot = 1.5",
       "2: key 'root' in [backends.acme] must be a text, a whole number, true or false"},
      {"[backends.\"../evil\"]\n",
       "1: key '../evil' in [backends] is no name of a backend: lower-case letters, digits and "
       "'-', at most 32"},
      {"state = 1", "1: key 'state' must be a section: [state]"},
  };
  for (const auto& row : kRows) {
    EXPECT_EQ(error_for(row.text), row.error) << row.text;
  }
}

TEST(LoadConfig, SuggestsTheNearestKey) {
  EXPECT_EQ(error_for("[xpu-container-runtime]\nloglevel = \"info\""),
            "2: unknown key 'loglevel' in [xpu-container-runtime]; did you mean 'log-level'?");
  EXPECT_EQ(error_for("[xpu-container-runtime]\nruntime = [\"runc\"]"),
            "2: unknown key 'runtime' in [xpu-container-runtime]; did you mean 'runtimes'?");
  EXPECT_EQ(error_for("[xpu-container-runtime]\ncolour = 1"),
            "2: unknown key 'colour' in [xpu-container-runtime]");
  EXPECT_EQ(error_for("[xpu-container-runtme]\n"),
            "1: unknown key 'xpu-container-runtme'; did you mean 'xpu-container-runtime'?");
  EXPECT_EQ(error_for("\n[state]\ndirectorie = \"/x\""),
            "3: unknown key 'directorie' in [state]; did you mean 'directory'?");
  EXPECT_EQ(error_for("[backends.acme]\n[backends]\ntimeout = 3"),
            "3: unknown key 'timeout' in [backends]");
}

TEST(LoadConfig, NamesTheLineOfASyntaxError) {
  EXPECT_THAT(error_for("[state]\ndirectory = /run"), StartsWith("2: "));
  EXPECT_THAT(error_for("[state]\ndirectory = \"/run\"\ndirectory = \"/x\""), StartsWith("3: "));
  EXPECT_THAT(error_for("\xff\xfe"), StartsWith("1: "));
  EXPECT_THAT(error_for(std::string(2 << 20, '#')), HasSubstr("is larger than 1048576 bytes"));
}

TEST(LoadConfig, PassesOverComments) {
  EXPECT_EQ(error_for("# a\n#[policy]\n\n  # b\n#\r\n[policy] # c\nprofil = 1\n#"),
            "7: unknown key 'profil' in [policy]; did you mean 'profile'?");
  EXPECT_EQ(load("[xpu-container-runtime]\nruntimes = [ # one\n# two\n\"crun\",\n#\"runc\"\n]\n#")
                .runtimes,
            std::vector<std::string>{"crun"});
  EXPECT_EQ(load("#").mode, "auto");
  // What only looks like one.
  EXPECT_THAT(load("[backends.acme]\na = \"\"\"\n# x\"\"\"\nb = '''\n# y'''\nc = \"\\n# z\"")
                  .backends.at("acme")
                  .options,
              ElementsAre(Pair("a", "# x"), Pair("b", "# y"), Pair("c", "\n# z")));
}

TEST(LoadConfig, RefusesAFileThatOthersCanWrite) {
  const TempDir dir;
  const std::string file = dir.write("config.toml", "", 0666);
  EXPECT_THAT(error_of([&] { load_config(file); }),
              HasSubstr("refusing " + file + ": it can be written by group or others"));
}

TEST(ConfigPath, FollowsXdgConfigHome) {
  EXPECT_EQ(in_child([] {
              ::unsetenv("XDG_CONFIG_HOME");
              return config_path();
            }),
            "/etc/xpu-container-runtime/config.toml");
  EXPECT_EQ(in_child([] {
              ::setenv("XDG_CONFIG_HOME", "/home/me/.config", 1);
              return config_path();
            }),
            "/home/me/.config/xpu-container-runtime/config.toml");
  EXPECT_EQ(in_child([] {
              ::setenv("XDG_CONFIG_HOME", "relative", 1);
              return config_path();
            }),
            "/etc/xpu-container-runtime/config.toml");
}

TEST(ConfigPath, IsReadByLoadConfig) {
  const TempDir dir;
  dir.write("xpu-container-runtime/config.toml", "[xpu-container-runtime]\nmode = \"spec\"");
  EXPECT_EQ(in_child([&] {
              ::setenv("XDG_CONFIG_HOME", dir.path().c_str(), 1);
              return load_config().mode;
            }),
            "spec");
}

TEST(DefaultConfig, PlacesTheStateFolder) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root";
  }
  ::setenv("XDG_RUNTIME_DIR", "/run/user/0", 1);
  EXPECT_EQ(default_config().state_dir, "/run/xpu");
  ::unsetenv("XDG_RUNTIME_DIR");
  EXPECT_EQ(in_child([] {
              test::become_user(12345);
              return default_config().state_dir;
            }),
            "/run/user/12345/xpu");
  EXPECT_EQ(in_child([] {
              test::become_user(12345);
              ::setenv("XDG_RUNTIME_DIR", "/tmp/runtime", 1);
              return default_config().state_dir;
            }),
            "/tmp/runtime/xpu");
}

TEST(DefaultConfig, PlacesWhatLasts) {
  const auto places = [] {
    const Config config = default_config();
    return config.audit_log + " " + config.usage_dir;
  };
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root";
  }
  EXPECT_EQ(in_child([&] {
              ::setenv("XDG_STATE_HOME", "/root/state", 1);
              return places();
            }),
            "/var/log/xpu/audit.log /var/lib/xpu/usage");
  const auto of_user = [&](const char* state, const char* home) {
    return in_child([&] {
      test::become_user(12345);
      ::setenv("XDG_STATE_HOME", state, 1);
      ::setenv("HOME", home, 1);
      return places();
    });
  };
  EXPECT_EQ(of_user("/home/me/state", "/home/me"),
            "/home/me/state/xpu/audit.log /home/me/state/xpu/usage");
  EXPECT_EQ(of_user("state", "/home/me"),
            "/home/me/.local/state/xpu/audit.log /home/me/.local/state/xpu/usage");
  EXPECT_EQ(of_user("", ""), "/var/log/xpu/audit.log /var/lib/xpu/usage");
}

TEST(DefaultConfig, UsersHaveCdiFilesOfTheirOwn) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root";
  }
  const auto folders = [](bool user, const char* config, const char* runtime, const char* home) {
    return in_child([&] {
      if (user) {
        test::become_user(12345);
      }
      ::setenv("XDG_CONFIG_HOME", config, 1);
      ::setenv("XDG_RUNTIME_DIR", runtime, 1);
      ::setenv("HOME", home, 1);
      std::string out;
      for (const std::string& folder : default_config().cdi_spec_dirs) {
        out += folder + " ";
      }
      return out;
    });
  };
  const std::string system = "/etc/cdi /var/run/cdi ";
  EXPECT_EQ(folders(false, "/root/.config", "/run/user/0", "/root"), system);
  EXPECT_EQ(folders(true, "/home/me/c", "/run/user/12345", "/home/me"),
            system + "/home/me/c/cdi /run/user/12345/cdi ");
  EXPECT_EQ(folders(true, "", "", "/home/me"), system + "/home/me/.config/cdi ");
  EXPECT_EQ(folders(true, "c", "r", ""), system) << "relative ones do not count";
}

TEST(Installation, IsDerivedFromTheProgramsFolder) {
  for (const char* folder : {"/opt/xpu/bin", "/opt/xpu/libexec/xpu"}) {
    const Installation found = installation_of(folder);
    EXPECT_EQ(found.prefix, "/opt/xpu");
    EXPECT_EQ(found.backend_dir, "/opt/xpu/lib/xpu/backends");
    EXPECT_EQ(found.host_program, "/opt/xpu/libexec/xpu/xpu-backend-host");
    EXPECT_EQ(found.data_dir, "/opt/xpu/share/xpu");
  }
  EXPECT_EQ(shipped_config_file(), installation().data_dir + "/config.toml");
  EXPECT_EQ(shipped_prices_file(), installation().data_dir + "/prices.toml");
  EXPECT_EQ(shipped_models_file(), installation().data_dir + "/models.toml");
  EXPECT_EQ(installation_of("/bin").backend_dir, "/lib/xpu/backends");
  const auto self = std::filesystem::read_symlink("/proc/self/exe");
  EXPECT_EQ(installation().prefix, installation_of(self.parent_path()).prefix);
}

}  // namespace
}  // namespace xpu
