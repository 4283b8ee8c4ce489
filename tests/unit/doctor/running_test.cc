// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string_view>

#include "core/apps/doctor.h"
#include "core/doctor/fix.h"
#include "tests/unit/doctor/tree.h"

namespace xpu::doctor {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class Running : public Tree {
 protected:
  // A container of docker's, whose first process is 4242.
  void run_container() {
    Record record;
    record.id = "0123456789abcdef";
    record.runtime_root = "/run/docker/runtime-xpu/moby";
    record.nodes = {{"/dev/acme0", "/dev/acme0", 'c', 195, 0},
                    {"/dev/acmectl", "/dev/acmectl", 'c', 195, 255}};
    record.origin.engine = "docker";
    record.origin.name = "train";
    host_.records = {record};
    write("/run/docker/runtime-xpu/moby/0123456789abcdef/state.json",
          R"({"id": "x", "init_process_pid": 4242})");
  }
  const std::string list_ = "/sys/fs/cgroup/devices/docker/x/devices.list";
  const std::string unit_ = "/run/systemd/transient/docker-x.scope.d/50-DeviceAllow.conf";
};

TEST_F(Running, LinksInDevChar) {
  EXPECT_EQ(said("dev-char-links"), "skipped: systemd does not run here");
  folder("/run/systemd/system");
  EXPECT_EQ(said("dev-char-links"), "skipped: no device has a node");
  give_node("/dev/null", 1, 3);
  give_node("/dev/zero", 1, 5);
  give_node("/dev/null", 1, 3);
  EXPECT_EQ(said("dev-char-links"),
            "warning: 2 of 2 device nodes have no link in /dev/char (/dev/null, /dev/zero): "
            "containers that get them by --device or CDI lose them at the next systemctl "
            "daemon-reload > xpu-runtime doctor --fix");
  const Mended mended = make_missing_links(host_);
  EXPECT_THAT(mended.failed, Each(HasSubstr("cannot create the folder")));
  folder("/dev");
  EXPECT_THAT(make_missing_links(host_).done,
              ElementsAre("made the link /dev/char/1:3 to /dev/null",
                          "made the link /dev/char/1:5 to /dev/zero"));
  EXPECT_EQ(said("dev-char-links"), "pass: all 2 device nodes have theirs");
  EXPECT_EQ(std::filesystem::read_symlink(host_.path("/dev/char/1:5")), "/dev/zero");
  EXPECT_THAT(make_missing_links(host_).done, IsEmpty()) << "nothing is done twice";
}

TEST_F(Running, ALinkThatLeadsElsewhereIsAsGoodAsNone) {
  folder("/run/systemd/system");
  give_node("/dev/null", 1, 3);
  folder("/dev/char");
  std::filesystem::create_symlink("/dev/zero", host_.path("/dev/char/1:3"));
  EXPECT_THAT(said("dev-char-links"), HasSubstr("1 of 1 device nodes"));
  make_missing_links(host_);
  EXPECT_EQ(std::filesystem::read_symlink(host_.path("/dev/char/1:3")), "/dev/null");
}

TEST_F(Running, NodesThatFixLooksFor) {
  acme().hints.nodes = {{"/dev/acmectl", "", "", "acme-modprobe"}};
  EXPECT_THAT(missing_nodes(host_), ElementsAre("/dev/acmectl"));
  null_device("/dev/acmectl");
  EXPECT_THAT(missing_nodes(host_), IsEmpty());
}

TEST_F(Running, AContainerThatLostItsDevices) {
  EXPECT_EQ(said("container-devices"), "skipped: no container with devices runs");
  run_container();
  write("/proc/4242/cgroup", "13:cpu,cpuacct:/docker/x\n4:devices:/docker/x\n0::/docker/x\n");
  EXPECT_EQ(said("container-devices"),
            "skipped: the device rules of the containers cannot be read here");
  write(list_, "c 1:3 rwm\nc *:* m\nc 195:255 rw\n");
  EXPECT_EQ(said("container-devices"),
            "failure: the container train may no longer open /dev/acme0, which it was given > "
            "docker restart train");
  write(list_, "c 1:3 rwm\nb 195:* rwm\nc 195:255 rw\nc 195:0 r\n");
  EXPECT_THAT(said("container-devices"), StartsWith("failure")) << "a block device, or reading";
  for (const char* rule : {"c 195:0 rwm", "c 195:* rw", "a *:* rwm"}) {
    write(list_, std::string("c 195:255 rw\n") + rule + "\n");
    EXPECT_EQ(said("container-devices"), "pass: 1 container looked at") << rule;
  }
}

TEST_F(Running, ANodeThatWasGivenForReadingNeedsNoMore) {
  run_container();
  std::vector<Node>& nodes = host_.records.front().nodes;
  const auto with = [&](const char* access) {
    NodeTerms terms;
    terms.access = access;
    return std::make_shared<const NodeTerms>(terms);
  };
  nodes[0].terms = with("r");
  nodes[1].terms = with("");  // nobody is to open it
  write("/proc/4242/cgroup", "4:devices:/docker/x\n0::/system.slice/docker-x.scope\n");
  write(list_, "c 195:0 r\n");
  write(unit_, "[Scope]\nDeviceAllow=/dev/char/195:0 r\n");
  EXPECT_THAT(said("container-devices"), StartsWith("pass"));
  EXPECT_THAT(said("container-units"), StartsWith("pass"));
  nodes[0].terms = with("rm");
  EXPECT_THAT(said("container-devices"), StartsWith("pass"));
  nodes[0].terms = with("w");
  EXPECT_THAT(said("container-devices"), HasSubstr("may no longer open /dev/acme0,"));
  EXPECT_THAT(said("container-units"), HasSubstr("may open /dev/acme0:"));
}

TEST_F(Running, WhatToDoDependsOnWhoseContainerItIs) {
  run_container();
  write("/proc/4242/cgroup", "4:devices:/docker/x\n");
  write(list_, "c 1:3 rwm\n");
  Origin& origin = host_.records.front().origin;
  origin = {"podman", "", "", "", "", ""};
  EXPECT_THAT(said("container-devices"), HasSubstr("> podman restart 0123456789ab"));
  origin = {"kubernetes", "main", "", "trainer", "ml", ""};
  EXPECT_THAT(said("container-devices"), HasSubstr("> kubectl delete pod --namespace ml trainer"));
  origin = {};
  EXPECT_THAT(said("container-devices"),
              testing::EndsWith("> end the container and start it again"));
  origin = {"kubernetes", "main", "", "trainer; rm -rf /", "ml", ""};
  EXPECT_THAT(said("container-devices"),
              testing::EndsWith("> end the container and start it again"));
  origin = {"docker", "a$(b)", "", "", "", ""};
  EXPECT_THAT(said("container-devices"), testing::EndsWith("> docker restart 0123456789ab"));
}

TEST_F(Running, TheRulesOfCgroup2AreNotShown) {
  run_container();
  write("/proc/4242/cgroup", "0::/system.slice/docker-x.scope\n");
  EXPECT_EQ(said("container-devices"),
            "skipped: the kernel does not show device rules of cgroup v2; see container-units");
}

TEST_F(Running, AUnitThatDoesNotKnowTheDevices) {
  EXPECT_EQ(said("container-units"),
            "skipped: no container with devices runs in a unit of systemd");
  run_container();
  write("/proc/4242/cgroup", "0::/system.slice/docker-x.scope\n");
  const std::string head = "[Scope]\nDeviceAllow=/dev/char/195:0 rwm\nDeviceAllow=\n";
  write(unit_, head + "DeviceAllow=/dev/char/195:255 rwm\nDeviceAllow=char-* m\n");
  EXPECT_EQ(said("container-units"),
            "failure: systemd does not know that the container train may open /dev/acme0: it loses "
            "them at the next systemctl daemon-reload > xpu-runtime doctor --fix && docker restart "
            "train");
  write(unit_, head + "DeviceAllow=/dev/char/195:255 rwm\nDeviceAllow=/dev/char/195:0 rw\n");
  EXPECT_EQ(said("container-units"), "pass: 1 unit of containers looked at");
  write(unit_, head + "DeviceAllow=char-195 rwm\n");
  EXPECT_THAT(said("container-units"), StartsWith("pass"));
  write(unit_, "[Scope]\nDevicePolicy=strict\n");
  EXPECT_THAT(said("container-units"), HasSubstr("may open /dev/acme0, /dev/acmectl"));
  remove(unit_);
  EXPECT_THAT(said("container-units"), StartsWith("pass")) << "a unit without limits";
}

TEST_F(Running, CrunAndCgroup1) {
  run_container();
  remove("/run/docker/runtime-xpu/moby/0123456789abcdef/state.json");
  EXPECT_THAT(said("container-units"), StartsWith("skipped")) << "no process, nothing to see";
  write("/run/docker/runtime-xpu/moby/0123456789abcdef/status", R"({"pid": 4242})");
  write("/proc/4242/cgroup", "1:name=systemd:/system.slice/docker-x.scope/container\n");
  write(unit_, "DeviceAllow=/dev/char/195:255 rwm\n");
  EXPECT_THAT(said("container-units"), HasSubstr("may open /dev/acme0: "));
}

TEST_F(Running, RecordsThatCannotBeRead) {
  host_.records_problem = "cannot open /run/xpu/containers: Permission denied";
  host_.uid = 1000;
  for (const char* check : {"container-devices", "container-units"}) {
    EXPECT_EQ(said(check),
              "warning: could not be looked at: cannot open /run/xpu/containers: Permission denied "
              "> sudo xpu-runtime doctor");
  }
}

TEST_F(Running, TextIsNarrowAndRemediesAreWhole) {
  const std::string command =
      "docker run --runtime=xpu -e XPU_VISIBLE_DEVICES=all a-long-command "
      "that-nobody-breaks";
  const auto unknown = std::find_if(checks().begin(), checks().end(), [](const Check& check) {
    return std::string_view(check.id) == "runtime-registered";
  });
  const DoctorView view = {
      {{&checks()[0], pass("/etc/config.toml")},
       {&checks()[1], skipped("nothing")},
       {&*unknown, failure("docker does not know the runtime: nothing in "
                           "/etc/docker/daemon.json leads to \x1b[31mit",
                           command)}},
      {{"made the link /dev/char/1:3 to /dev/null"}, {"cannot create the link"}},
      false};
  EXPECT_EQ(doctor_text(view),
            "mended: made the link /dev/char/1:3 to /dev/null\n"
            "not mended: cannot create the link\n"
            "pass     configuration         /etc/config.toml\n"
            "failure  runtime-registered    docker does not know the runtime: nothing in\n"
            "                               /etc/docker/daemon.json leads to \\x1b[31mit\n"
            "         > " +
                command +
                "\n"
                "1 pass, 0 warnings, 1 failure; 1 check does not apply here.\n");
  EXPECT_EQ(doctor_exit_code(view.results), 1);
  EXPECT_EQ(doctor_exit_code({view.results[0], view.results[1]}), 0);
  EXPECT_EQ(doctor_exit_code({{&checks()[0], warning("a", "b")}}), 3);
  EXPECT_THAT(doctor_json(view),
              HasSubstr(R"({"check":"configuration","state":"pass","found":"/etc/config.toml",)"
                        R"("remedy":""})"));
  EXPECT_THAT(doctor_json(view), StartsWith(R"({"worst":"failure",)"));
}

}  // namespace
}  // namespace xpu::doctor
