// SPDX-License-Identifier: Apache-2.0
// A folder of backends, a state folder and a configuration, gone with the test.
#pragma once

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "core/plugin/refresh.h"

namespace xpu {

class World : public testing::Test {
 protected:
  World() {
    char name[] = "/tmp/xpu-plugin-XXXXXX";
    root_ = mkdtemp(name);
    std::filesystem::create_directories(dir());
    config_ = default_config();
    config_.file = root_ + "/config.toml";
    config_.backend_dirs = {dir()};
    config_.state_dir = root_ + "/state";
    config_.backend_timeout_s = 20;
    write("watch", "1");
  }
  ~World() override {
    std::filesystem::permissions(root_, std::filesystem::perms::owner_all);
    std::filesystem::remove_all(root_);
  }

  std::string dir() const { return root_ + "/backends"; }
  std::string path(const std::string& name) const { return root_ + "/" + name; }
  std::string library(const std::string& mode) const { return cat(dir(), "/fake-", mode, ".so"); }
  std::string manifest(const std::string& name) const { return cat(dir(), "/", name, ".toml"); }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name)) << text;
  }
  std::string read(const std::string& name) const {
    std::ifstream in(path(name));
    return {std::istreambuf_iterator<char>(in), {}};
  }

  // The manifest of the fake `mode`; `more` goes before its tables.
  void write_manifest(const std::string& mode, const std::string& more = "") const {
    write("backends/" + mode + ".toml",
          cat("manifest-version = 1\nname = \"", mode, "\"\nlibrary = \"fake-", mode,
              ".so\"\nabi = \"1.0\"\n", more, "[options]\nwatch = \"", path("watch"),
              "\"\nfile = \"", path("file"), "\"\ncount = \"", path("count"), "\"\n"));
  }
  // The fake `mode`, installed as a person would.
  void install(const std::string& mode, const std::string& more = "") const {
    std::filesystem::copy_file(cat(XPU_BINARY_DIR, "/tests/fakes/backend/fake-", mode, ".so"),
                               library(mode));
    std::filesystem::permissions(library(mode), std::filesystem::perms(0755));
    write_manifest(mode, more);
  }

  std::vector<BackendStatus> load(Freshness freshness = Freshness::kCacheIfValid) const {
    return load_backends(config_, find_backends(config_), {}, freshness);
  }
  BackendStatus load_one(const std::string& name,
                         Freshness freshness = Freshness::kCacheIfValid) const {
    const auto all = load_backends(config_, find_backends(config_), {name}, freshness);
    EXPECT_EQ(all.size(), 1U);
    return all.empty() ? BackendStatus{} : all[0];
  }

  std::string root_;
  Config config_;
};

}  // namespace xpu
