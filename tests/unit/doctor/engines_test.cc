// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/doctor/tree.h"

namespace xpu::doctor {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class Engines : public Tree {
 protected:
  Engines() { program("/usr/bin/xpu-container-runtime"); }
  std::string registered() const { return said("runtime-registered"); }
};

TEST_F(Engines, NoEngine) {
  EXPECT_EQ(registered(),
            "warning: no container engine is installed > install docker, podman, "
            "containerd with nerdctl, or CRI-O");
}

TEST_F(Engines, DockerByItsFile) {
  program("/usr/sbin/dockerd");
  const std::string unknown =
      "failure: docker does not know the runtime: nothing in /etc/docker/daemon.json leads to "
      "xpu-container-runtime > xpu-runtime configure docker";
  EXPECT_EQ(registered(), unknown);
  write("/etc/docker/daemon.json", R"({"runtimes": {"other": {"path": "/usr/bin/other"}}})");
  EXPECT_EQ(registered(), unknown);
  write("/etc/docker/daemon.json", R"({"runtimes": {"xpu": {"path": "xpu-container-runtime"}}})");
  EXPECT_EQ(registered(), "pass: docker: /etc/docker/daemon.json");
  write("/etc/docker/daemon.json", "{,}");
  EXPECT_EQ(registered(),
            "failure: /etc/docker/daemon.json: not JSON, or no object; dockerd does not start with "
            "it > correct the file; then xpu-runtime configure docker");
}

TEST_F(Engines, ARuntimeThatWasUninstalled) {
  program("/usr/sbin/dockerd");
  write("/etc/docker/daemon.json",
        R"({"runtimes": {"xpu": {"path": "/opt/xpu/bin/xpu-container-runtime"}}})");
  EXPECT_EQ(registered(),
            "failure: /etc/docker/daemon.json names /opt/xpu/bin/xpu-container-runtime, which does "
            "not exist > xpu-runtime configure docker");
  program("/opt/xpu/bin/xpu-container-runtime");
  EXPECT_THAT(registered(), StartsWith("pass"));
}

TEST_F(Engines, DockerByItsCommandLine) {
  program("/usr/sbin/dockerd");
  write("/proc/77/comm", "dockerd\n");
  write("/proc/77/status", "Name:\tdockerd\nUid:\t0\t0\t0\t0\n");
  const auto run = [&](const std::string& arguments) {
    std::string text = "dockerd " + arguments + " ";
    std::replace(text.begin(), text.end(), ' ', '\0');
    write("/proc/77/cmdline", text);
  };
  run("--add-runtime xpu=/usr/bin/xpu-container-runtime");
  EXPECT_EQ(registered(), "pass: docker: the command line of dockerd");
  run("--config-file=/srv/docker.json");
  EXPECT_THAT(registered(), HasSubstr("nothing in /srv/docker.json leads"));
  write("/srv/docker.json", R"({"runtimes": {"xpu": {"path": "/usr/bin/xpu-container-runtime"}}})");
  EXPECT_EQ(registered(), "pass: docker: /srv/docker.json");
  write("/proc/77/status", "Name:\tdockerd\nUid:\t1000\t1000\t1000\t1000\n");
  EXPECT_THAT(registered(), HasSubstr("nothing in /etc/docker/daemon.json leads"))
      << "that of a user says nothing of root's";
}

TEST_F(Engines, ADaemonInAContainerIsNotTheHosts) {
  program("/usr/sbin/dockerd");
  folder("/proc/1/ns");
  folder("/proc/77/ns");
  const auto link = [&](const std::string& path, const std::string& target) {
    remove(path);
    std::filesystem::create_symlink(target, host_.path(path));
  };
  write("/proc/77/comm", "dockerd\n");
  write("/proc/77/cmdline", std::string("dockerd\0--config-file=/inner.json\0", 32));
  const std::string status = "Name:\tdockerd\nUid:\t0\t0\t0\t0\n";
  const auto is_inner = [&] {
    return registered().find("/etc/docker/daemon.json") != std::string::npos;
  };
  write("/proc/77/status", status);
  EXPECT_FALSE(is_inner()) << "nothing says so";
  write("/proc/77/status", status + "NSpid:\t77\nNSpgid:\t77\t1\n");
  EXPECT_FALSE(is_inner());
  write("/proc/77/status", status + "NSpid:\t77\t1\nNSpgid:\t77\n");
  EXPECT_TRUE(is_inner()) << "it has another number in its own namespace";
  write("/proc/77/status", status);
  link("/proc/1/ns/pid", "pid:[1]");
  link("/proc/77/ns/pid", "pid:[2]");
  EXPECT_TRUE(is_inner());
  link("/proc/77/ns/pid", "pid:[1]");
  EXPECT_FALSE(is_inner());
  // With --pid=host; a service with mounts of its own has the host's files all the same.
  link("/proc/1/ns/mnt", "mnt:[1]");
  link("/proc/77/ns/mnt", "mnt:[2]");
  folder("/inner");
  link("/proc/1/root", host_.path("/"));
  link("/proc/77/root", host_.path("/inner"));
  EXPECT_TRUE(is_inner());
  link("/proc/77/root", host_.path("/"));
  EXPECT_FALSE(is_inner());
  remove("/usr/sbin/dockerd");
  link("/proc/77/ns/pid", "pid:[2]");
  EXPECT_EQ(said("docker-gpus"), "skipped: no docker here");
}

TEST_F(Engines, WithAnotherThatKnowsItItIsAWarning) {
  program("/usr/sbin/dockerd");
  program("/usr/bin/podman");
  EXPECT_EQ(registered(),
            "failure: docker does not know the runtime: nothing in /etc/docker/daemon.json leads "
            "to xpu-container-runtime > xpu-runtime configure docker\n"
            "failure: podman does not know the runtime: nothing in "
            "/etc/containers/containers.conf leads to xpu-container-runtime > xpu-runtime "
            "configure podman");
  write("/etc/containers/containers.conf.d/50-xpu.conf",
        "[engine.runtimes]\nxpu = [\"/usr/bin/xpu-container-runtime\"]\n");
  EXPECT_EQ(registered(),
            "warning: docker does not know the runtime: nothing in /etc/docker/daemon.json leads "
            "to xpu-container-runtime > xpu-runtime configure docker\n"
            "pass: podman: /etc/containers/containers.conf.d/50-xpu.conf");
}

TEST_F(Engines, PodmanOfAUser) {
  program("/usr/bin/podman");
  write("/etc/passwd", "alice:x:1000:1000::/home/alice:/bin/sh\n");
  write("/home/alice/.config/containers/containers.conf.d/99-xpu.conf",
        "[engine.runtimes]\nxpu = [\"/usr/bin/xpu-container-runtime\"]\n");
  EXPECT_THAT(registered(), StartsWith("failure: podman")) << "root does not read it";
  host_.uid = 1000;
  EXPECT_EQ(registered(),
            "pass: podman: /home/alice/.config/containers/containers.conf.d/99-xpu.conf");
}

// Of other projects, in every shape: one that can be read leads to no runtime of ours, and one that
// cannot is named.
TEST_F(Engines, ConfigurationsOfOthers) {
  const char* const variable = std::getenv("XPU_FIXTURES");
  const std::string fixtures =
      std::string(variable == nullptr ? XPU_SOURCE_DIR "/../shared/fixtures" : variable) +
      "/engine-config";
  if (!std::filesystem::exists(fixtures)) {
    GTEST_SKIP() << "no " << fixtures;
  }
  unsigned looked_at = 0;
  const auto each = [&](const std::string& folder, const std::string& to) {
    for (const auto& file : std::filesystem::directory_iterator(fixtures + "/" + folder)) {
      write(to, test::slurp(file.path()));
      const std::string text = registered();
      EXPECT_THAT(text, StartsWith("failure: ")) << file.path();
      EXPECT_THAT(text, HasSubstr(to)) << file.path();
      ++looked_at;
    }
  };
  program("/usr/sbin/dockerd");
  each("docker", "/etc/docker/daemon.json");
  remove("/usr/sbin/dockerd");
  program("/usr/bin/containerd");
  folder("/var/lib/kubelet");
  each("containerd", "/etc/containerd/config.toml");
  EXPECT_GT(looked_at, 50U);
}

TEST_F(Engines, ContainerdInEveryVersionOfItsConfiguration) {
  program("/usr/bin/containerd");
  EXPECT_THAT(registered(), StartsWith("warning: no container engine")) << "docker's alone";
  folder("/var/lib/kubelet");
  EXPECT_EQ(registered(),
            "failure: containerd does not know the runtime: nothing in "
            "/etc/containerd/config.toml leads to xpu-container-runtime > xpu-runtime configure "
            "containerd");
  const auto options = [](const std::string& plugin) {
    return "[plugins.\"" + plugin + "\".containerd.runtimes.xpu.options]\n" +
           "BinaryName = \"/usr/bin/xpu-container-runtime\"\n";
  };
  int version = 0;
  for (const char* plugin : {"cri", "io.containerd.grpc.v1.cri", "io.containerd.cri.v1.runtime"}) {
    const std::string line = "version = " + std::to_string(++version) + "\n";
    write("/etc/containerd/config.toml", line + options(plugin));
    EXPECT_EQ(registered(), "pass: containerd: /etc/containerd/config.toml") << plugin;
  }
  write("/etc/containerd/config.toml", options("io.containerd.grpc.v1.cri"));
  EXPECT_THAT(registered(), StartsWith("failure: containerd does not know the runtime"))
      << "without a version it is of version 1, which calls the plugin otherwise";
  write("/etc/containerd/config.toml",
        "[plugins.cri.containerd.runtimes.xpu]\n"
        "runtime_engine = \"/usr/bin/xpu-container-runtime\"\n");
  EXPECT_EQ(registered(), "pass: containerd: /etc/containerd/config.toml");
  write("/etc/containerd/config.toml",
        "version = 2\nimports = [\"/etc/containerd/conf.d/*.toml\", \"more.toml\"]\n");
  EXPECT_THAT(registered(), StartsWith("failure"));
  write("/etc/containerd/more.toml", options("io.containerd.grpc.v1.cri"));
  EXPECT_EQ(registered(), "pass: containerd: /etc/containerd/more.toml");
  remove("/etc/containerd/more.toml");
  write("/etc/containerd/conf.d/xpu.toml", options("io.containerd.grpc.v1.cri"));
  EXPECT_EQ(registered(), "pass: containerd: /etc/containerd/conf.d/xpu.toml");
  write("/etc/containerd/config.toml", "imports = [\n");
  EXPECT_THAT(registered(), HasSubstr("failure: /etc/containerd/config.toml:"));
}

TEST_F(Engines, CriOAndSlurm) {
  program("/usr/bin/crio");
  EXPECT_THAT(registered(), HasSubstr("> xpu-runtime configure crio"));
  write("/etc/crio/crio.conf.d/99-xpu.conf",
        "[crio.runtime.runtimes.xpu]\nruntime_path = \"/usr/bin/xpu-container-runtime\"\n");
  EXPECT_EQ(registered(), "pass: crio: /etc/crio/crio.conf.d/99-xpu.conf");
  program("/usr/sbin/slurmd");
  EXPECT_THAT(registered(), HasSubstr("> xpu-runtime configure slurm"));
  write("/etc/slurm/oci.conf",
        "# of the runtime\nRunTimeQuery=\"xpu-container-runtime --rootless=true state %n\"\n");
  EXPECT_THAT(registered(), HasSubstr("pass: slurm: /etc/slurm/oci.conf"));
}

TEST_F(Engines, ASnapSeesNothingOfTheHost) {
  EXPECT_EQ(said("engine-confinement"), "pass: engines run on the host itself");
  folder("/var/snap/docker");
  EXPECT_EQ(said("engine-confinement"),
            "failure: docker is a snap: it is confined, and sees neither this runtime nor the "
            "driver's files > snap remove docker && apt-get install docker.io");
  program("/usr/bin/dockerd");
  EXPECT_THAT(said("engine-confinement"), StartsWith("warning: docker is a snap"));
  remove("/var/snap/docker");
  EXPECT_THAT(said("engine-confinement"), StartsWith("pass"));
  folder("/opt/docker-desktop");
  EXPECT_EQ(said("engine-confinement"),
            "warning: Docker Desktop has its containers in a virtual machine, which has none of "
            "this host's devices > docker context use default, with the docker of the "
            "distribution");
}

TEST_F(Engines, RootlessDocker) {
  EXPECT_EQ(said("rootless-docker"), "skipped: nobody has a rootless docker");
  write("/etc/passwd", "root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\n");
  write("/run/user/1000/docker.sock");
  EXPECT_EQ(said("rootless-docker"),
            "failure: the rootless docker of alice does not know the runtime: nothing in "
            "/home/alice/.config/docker/daemon.json leads to xpu-container-runtime > sudo -u alice "
            "xpu-runtime configure docker");
  host_.uid = 1000;
  EXPECT_THAT(said("rootless-docker"), HasSubstr("> xpu-runtime configure docker"));
  write("/home/alice/.config/docker/daemon.json",
        R"({"runtimes": {"xpu": {"path": "/usr/bin/xpu-container-runtime"}}})");
  EXPECT_EQ(said("rootless-docker"), "pass: /home/alice/.config/docker/daemon.json");
}

TEST_F(Engines, DockerRefusesGpusWhereTheVendorsToolIsMissing) {
  acme().hints.docker_gpus = {"acme-hook"};
  EXPECT_EQ(said("docker-gpus"), "skipped: no docker here");
  program("/usr/sbin/dockerd");
  EXPECT_EQ(said("docker-gpus"),
            "warning: docker refuses --gpus for devices of acme before it calls any runtime: "
            "acme-hook is not installed > docker run --runtime=xpu -e XPU_VISIBLE_DEVICES=all "
            "IMAGE; or by CDI: --device xpu.dev/acme=all");
  acme().status.found.manifest.cdi_kinds = {{"acme.com/anvil", "", {}}};
  EXPECT_THAT(said("docker-gpus"), testing::EndsWith("--device acme.com/anvil=all"));
  program("/usr/bin/acme-hook");
  EXPECT_EQ(said("docker-gpus"), "pass: --gpus reaches the devices of acme");
  acme().hints.docker_gpus.clear();
  EXPECT_THAT(said("docker-gpus"), HasSubstr("any runtime: it serves other vendors only > "));
  acme().status.catalog.simulated = true;
  EXPECT_EQ(said("docker-gpus"), "skipped: no real devices");
}

TEST_F(Engines, ImagesAsAuthorities) {
  EXPECT_EQ(said("image-requests"), "skipped: no kubelet here");
  program("/usr/bin/kubelet");
  EXPECT_EQ(said("image-requests"),
            "warning: a kubelet runs here and the profile is single-user: every pod whose image "
            "says so gets all devices, without having asked for one > profile = \"multi-tenant\" "
            "in [policy] of /etc/xpu-container-runtime/config.toml");
  host_.config.profile = "multi-tenant";
  EXPECT_EQ(said("image-requests"), "pass: the profile is multi-tenant");
}

}  // namespace
}  // namespace xpu::doctor
