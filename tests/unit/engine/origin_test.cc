// SPDX-License-Identifier: Apache-2.0
#include "core/engine/origin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/unit/base/temp_dir.h"

namespace xpu {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr const char* kId = "5f0c";

class OriginTest : public testing::Test {
 protected:
  OriginTest() {
    ::unsetenv("SLURM_JOB_ID");
    ::unsetenv("SLURM_STEP_ID");
  }

  Origin of(const std::string& annotations, const std::string& bundle,
            const std::string& runtime_root = "/run/runc", const std::string& rootfs = "rootfs") {
    const std::string text =
        R"({"root":{"path":")" + rootfs + R"("},"annotations":{)" + annotations + "}}";
    Spec spec(text, "config.json");
    spec.load();
    return origin_of(spec, bundle, runtime_root, kId, &labels_);
  }
  // docker's bundle, with its files below the temporary folder.
  Origin of_docker(const std::string& driver) {
    return of("", "/run/containerd/io.containerd.runtime.v2.task/moby/5f0c",
              "/run/docker/runtime-xpu/moby", (dir_ / driver));
  }
  Origin of_podman() { return of("", dir_ / "storage/overlay-containers/5f0c/userdata"); }

  test::TempDir dir_;
  Labels labels_;
};

TEST_F(OriginTest, NothingIsKnownOfAPersonsOwnBundle) {
  const Origin origin = of("", "/home/somebody/bundle");
  EXPECT_EQ(origin.engine, "");
  EXPECT_EQ(origin.name, "");
  EXPECT_EQ(origin.image, "");
}

TEST_F(OriginTest, AsksTheFilesOfDocker) {
  dir_.write("docker/containers/5f0c/config.v2.json",
             R"({"ID":"5f0c","Config":{"Image":"shop/web:2","Env":["SECRET=1"],)"
             R"("Labels":{"team":"a","x":"y"}},"Image":"sha256:00","Name":"/web"})");
  for (const char* driver : {"docker/overlay2/77aa/merged", "docker/vfs/dir/77aa",
                             "docker/rootfs/overlayfs/5f0c", "docker/btrfs/subvolumes/77aa",
                             "docker/zfs/graph/77aa", "docker/fuse-overlayfs/77aa/merged"}) {
    labels_.clear();
    const Origin origin = of_docker(driver);
    EXPECT_EQ(origin.engine, "docker") << driver;
    EXPECT_EQ(origin.name, "web") << driver;
    EXPECT_EQ(origin.image, "shop/web:2") << driver;
    EXPECT_THAT(labels_, ElementsAre(Pair("team", "a"), Pair("x", "y"))) << driver;
  }
  EXPECT_EQ(of_docker("docker/unheard-of/77aa").name, "");
  EXPECT_EQ(of_docker("docker/unheard-of/77aa").engine, "docker");
}

TEST_F(OriginTest, KnowsDockerByEitherPath) {
  EXPECT_EQ(of("", "/run/containerd/io.containerd.runtime.v2.task/moby/5f0c").engine, "docker");
  EXPECT_EQ(of("", "/b", "/run/docker/runtime-runc/moby").engine, "docker");
  EXPECT_EQ(of("", "/b", "/var/run/docker/runtime-xpu/moby/").engine, "docker");
  EXPECT_EQ(of("", "/b", "/run/moby").engine, "");
}

TEST_F(OriginTest, WhatDockerDoesNotSayIsEmpty) {
  for (const char* text :
       {"", "{", "[]", "{}", R"({"Name":7,"Config":[]})", R"({"Name":"/","Config":{"Image":null}})",
        R"({"Name":"/a","Name":"/b"})", R"({"Config":{"Labels":null}})"}) {
    dir_.write("docker/containers/5f0c/config.v2.json", text);
    labels_.clear();
    const Origin origin = of_docker("docker/overlay2/77aa/merged");
    EXPECT_EQ(origin.engine, "docker") << text;
    EXPECT_EQ(origin.name, "") << text;
    EXPECT_EQ(origin.image, "") << text;
    EXPECT_THAT(labels_, IsEmpty()) << text;
  }
  dir_.write("docker/containers/5f0c/config.v2.json",
             R"({"Name":"/web"})" + std::string(2 << 20, ' '));
  EXPECT_EQ(of_docker("docker/overlay2/77aa/merged").name, "");  // too large to be one
}

TEST_F(OriginTest, AsksTheFilesOfPodman) {
  const std::string list =
      R"([{"id":"5f0","names":["other"]},{"id":"5f0c","names":["web","second"],"image":"00",)"
      R"("metadata":"{\"image-name\":\"docker.io/shop/web:2\",\"name\":\"web\"}"},{"id":"9"}])";
  for (const char* file : {"containers.json", "volatile-containers.json"}) {
    const std::string path = dir_.write(std::string("storage/overlay-containers/") + file, list);
    const Origin origin = of_podman();
    EXPECT_EQ(origin.engine, "podman") << file;
    EXPECT_EQ(origin.name, "web") << file;
    EXPECT_EQ(origin.image, "docker.io/shop/web:2") << file;
    std::filesystem::remove(path);
  }
  EXPECT_EQ(of(R"("io.container.manager":"libpod")", "/somewhere").engine, "podman");
}

TEST_F(OriginTest, WhatPodmanDoesNotSayIsEmpty) {
  for (const char* text :
       {"", "[", "[]", "{}", R"([{"id":"5f0c")", R"([{"id":"5f0c"}])",
        R"([{"id":"5f0c","names":[]}])", R"([{"id":"5f0c","names":7,"metadata":"{"}])",
        R"({"id":"5f0c","names":["a"] [})", R"([{"id":"5f0c","names":["bad\nname"]}])"}) {
    dir_.write("storage/overlay-containers/containers.json", text);
    const Origin origin = of_podman();
    EXPECT_EQ(origin.engine, "podman") << text;
    EXPECT_EQ(origin.name, "") << text;
    EXPECT_EQ(origin.image, "") << text;
  }
}

TEST_F(OriginTest, ReadsThePodFromAnnotations) {
  const Origin cri = of(
      R"("io.kubernetes.cri.container-type":"container","io.kubernetes.cri.container-name":"main",)"
      R"("io.kubernetes.cri.image-name":"shop/web:2","io.kubernetes.cri.sandbox-name":"web-0",)"
      R"("io.kubernetes.cri.sandbox-namespace":"team")",
      "/run/containerd/io.containerd.runtime.v2.task/k8s.io/5f0c");
  EXPECT_EQ(cri.engine, "kubernetes");
  const Origin crio = of(
      R"("io.container.manager":"cri-o","io.kubernetes.container.name":"main",)"
      R"("io.kubernetes.cri-o.Name":"k8s_main_web-0","io.kubernetes.cri-o.ImageName":"shop/web:2",)"
      R"("io.kubernetes.pod.name":"web-0","io.kubernetes.pod.namespace":"team")",
      "/run/containers/storage/overlay-containers/5f0c/userdata");
  EXPECT_EQ(crio.engine, "cri-o");
  for (const Origin& origin : {cri, crio}) {
    EXPECT_EQ(origin.name, "main");
    EXPECT_EQ(origin.image, "shop/web:2");
    EXPECT_EQ(origin.pod, "web-0");
    EXPECT_EQ(origin.pod_namespace, "team");
    EXPECT_EQ(origin.label, "");
  }
}

TEST_F(OriginTest, KnowsContainerdByItsBundles) {
  const Origin origin =
      of(R"("nerdctl/name":"web")", "/run/containerd/io.containerd.runtime.v2.task/default/5f0c");
  EXPECT_EQ(origin.engine, "containerd");
  EXPECT_EQ(origin.name, "web");
}

TEST_F(OriginTest, KnowsTheJobOfSlurm) {
  ::setenv("SLURM_JOB_ID", "1234", 1);
  EXPECT_EQ(of("", "/b").engine, "slurm");
  EXPECT_EQ(of("", "/b").name, "1234");
  ::setenv("SLURM_STEP_ID", "0", 1);
  EXPECT_EQ(of("", "/b").name, "1234.0");
  // An engine that runs inside of a job is nearer.
  EXPECT_EQ(of("", "/b", "/run/docker/runtime-runc/moby").engine, "docker");
  for (const char* text : {"", "12a", "-1", "\x1b[31m"}) {
    ::setenv("SLURM_JOB_ID", text, 1);
    EXPECT_EQ(of("", "/b").engine, "") << text;
  }
  ::unsetenv("SLURM_JOB_ID");
  ::unsetenv("SLURM_STEP_ID");
}

TEST_F(OriginTest, TextsThatCouldHarmATerminalAreNone) {
  const std::string bundle = "/run/containerd/io.containerd.runtime.v2.task/default/5f0c";
  EXPECT_EQ(of(R"("nerdctl/name":"a\u001b[31mb")", bundle).name, "");
  EXPECT_EQ(of(R"("nerdctl/name":"a\nb")", bundle).name, "");
  EXPECT_EQ(of(R"("nerdctl/name":")" + std::string(2000, 'x') + "\"", bundle).name, "");
  for (const char* control :
       {"\u0080", "\u009b", "\u009f", "\u200e", "\u200f", "\u202a", "\u202e", "\u2066", "\u2069"}) {
    EXPECT_EQ(of(std::string(R"("nerdctl/name":"a)") + control + "b\"", bundle).name, "")
        << control;
  }
  for (const char* text : {"caf\u00e9", "\u00a0", "\u200d", "\u2010", "\u2029", "\u202f", "\u2065",
                           "\u206a", "\u6f22"}) {
    EXPECT_EQ(of(std::string(R"("nerdctl/name":")") + text + '"', bundle).name, text);
  }
}

}  // namespace
}  // namespace xpu
