// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/doctor/tree.h"

namespace xpu::doctor {
namespace {

using testing::StartsWith;

class Tools : public Tree {
 protected:
  Tools() { host_.config.cdi_spec_dirs = {"/etc/cdi"}; }
};

TEST_F(Tools, WhatCriuNeeds) {
  EXPECT_EQ(said("checkpoint"), "skipped: no criu here");
  program("/usr/sbin/criu");
  EXPECT_EQ(said("checkpoint"), "skipped: no devices here whose state criu could keep");
  acme().hints.checkpoint = {
      {{"/usr/lib/criu/acme_plugin.so", "/usr/lib/*/criu/acme_plugin.so"}, {"acme-check"}, "do"}};
  EXPECT_EQ(said("checkpoint"),
            "warning: containers with devices of acme cannot be checkpointed: "
            "/usr/lib/criu/acme_plugin.so, acme-check is not installed > do");
  write("/usr/lib/x86_64-linux-gnu/criu/acme_plugin.so");
  EXPECT_EQ(said("checkpoint"),
            "warning: containers with devices of acme cannot be checkpointed: acme-check is not "
            "installed > do");
  program("/usr/bin/acme-check");
  EXPECT_EQ(said("checkpoint"), "pass: criu has what it needs for acme");
  acme().status.catalog.simulated = true;
  EXPECT_THAT(said("checkpoint"), StartsWith("skipped"));
}

TEST_F(Tools, BuildersOfImages) {
  EXPECT_EQ(said("image-builds"), "skipped: nothing here that only builds images");
  program("/usr/bin/buildah");
  EXPECT_EQ(said("image-builds"),
            "warning: buildah gives devices to the steps of a build by their CDI names only, and "
            "no CDI file names any > xpu-runtime cdi refresh");
  write("/etc/cdi/acme.yaml", "cdiVersion: 0.6.0\n");
  EXPECT_EQ(said("image-builds"), "pass: buildah can give devices by their CDI names: --device");
  remove("/usr/bin/buildah");
  program("/usr/libexec/docker/cli-plugins/docker-buildx");
  EXPECT_THAT(said("image-builds"), StartsWith("pass: docker-buildx"));
  write("/etc/docker/daemon.json", R"({"features": {"cdi": false}})");
  EXPECT_EQ(said("image-builds"),
            "warning: docker's configuration has features.cdi = false: image builds get no devices "
            "> set \"cdi\": true in \"features\" of daemon.json, and systemctl restart docker");
  write("/etc/docker/daemon.json", R"({"features": {"cdi": true}})");
  EXPECT_THAT(said("image-builds"), StartsWith("pass"));
  acme().status.catalog.devices.clear();
  EXPECT_EQ(said("image-builds"), "skipped: no device");
}

TEST_F(Tools, FilesThatHooksAreToldToUse) {
  EXPECT_EQ(said("cdi-hook-files"), "skipped: no CDI file has hooks that use files of the host");
  acme().hints.hook_files = {{"--ld", "acme-ctk cdi generate"}};
  const auto with_hook = [&](const std::string& args) {
    write("/etc/cdi/acme.json",
          R"({"cdiVersion": "0.6.0", "kind": "acme.com/anvil", "devices": [{"name": "0",
              "containerEdits": {"hooks": [{"hookName": "createContainer", "path": "/bin/hook",
              "args": ["hook", )" +
              args + "]}]}}]}");
    return said("cdi-hook-files");
  };
  EXPECT_THAT(with_hook(R"("--folder", "/gone")"), StartsWith("skipped"));
  const std::string gone =
      "failure: /etc/cdi/acme.json: a hook is told to use /sbin/ldconfig, which does not exist: "
      "containers do not start > acme-ctk cdi generate";
  EXPECT_EQ(with_hook(R"("--ld", "/sbin/ldconfig")"), gone);
  EXPECT_EQ(with_hook(R"("--ld=@/sbin/ldconfig")"), gone);
  program("/sbin/ldconfig");
  EXPECT_EQ(said("cdi-hook-files"), "pass: what hooks of CDI files use is there");
}

}  // namespace
}  // namespace xpu::doctor
