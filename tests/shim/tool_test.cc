// SPDX-License-Identifier: Apache-2.0
// xpu-runtime as a person or a script meets it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/shim/host.h"

namespace xpu::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

class Tool : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "needs root to make device nodes";
    }
  }
  Host host;
};

TEST_F(Tool, DetectPrintsDevicesForPeople) {
  const Result result = host.tool({"detect"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("Device 0:\n"
                                    "  Id:         acme:0\n"
                                    "  Type:       acme\n"
                                    "  Name:       Acme A0\n"
                                    "  VRAM:       24.00 GB\n"
                                    "  Compute:    a1\n"
                                    "  Driver:     1.2.3\n"
                                    "  Available:  true\n"
                                    "\nDevice 1:\n"));
}

TEST_F(Tool, DetectPrintsJson) {
  const Result result = host.tool({"detect", "--json"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out,
              HasSubstr(R"({"devices":[{"id":"acme:0","vendor":"acme","index":"0","uuid":"ACME-0",)"
                        R"("name":"Acme A0","kind":"gpu","memory_bytes":25769803776,)"
                        R"("architecture":"a1","driver":"1.2.3","pci":"","numa_node":-1,)"
                        R"("available":true,"reason":"","health":"unknown","health_reason":"",)"
                        R"("parent":"","properties":{}})"));
}

TEST_F(Tool, DetectWithoutDevicesSaysWhy) {
  write(host.dir / "etc/xpu-container-runtime/config.toml", "");
  const Result result = host.tool({"detect"});
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.out, HasSubstr("No accelerators found.\n  sim: disabled"));
  fs::remove(host.prefix / "lib/xpu/backends/sim.toml");
  EXPECT_THAT(host.tool({"detect"}).out,
              HasSubstr("No backend is installed; install a package such as libxpu-<vendor>."));
}

TEST_F(Tool, WorksFromAReadOnlyInstallation) {
  if (std::system("unshare --mount true") != 0) {
    GTEST_SKIP() << "needs a mount namespace";
  }
  const std::string prefix = host.prefix, out = host.dir / "out";
  const std::string inside =
      "mount --bind " + prefix + " " + prefix + "; mount -o remount,bind,ro " + prefix +
      "; ! touch " + prefix +
      "/x 2>/dev/null || exit 9; exec env -i XDG_CONFIG_HOME=" + (host.dir / "etc").string() + " " +
      prefix + "/bin/xpu-runtime detect";
  EXPECT_EQ(std::system(("unshare --mount sh -ec '" + inside + "' >" + out + " 2>&1").c_str()), 0);
  EXPECT_THAT(read(out), HasSubstr("acme:0"));
}

TEST_F(Tool, NamesWhatTheInstallationLacks) {
  fs::remove(host.prefix / "lib/xpu/backends/libxpu-sim.so");
  const std::string backends = host.prefix / "lib/xpu/backends";
  EXPECT_THAT(host.tool({"detect"}).err + host.tool({"detect"}).out,
              HasSubstr("backend sim: " + backends +
                        "/libxpu-sim.so: there is no such library, "
                        "which " +
                        backends + "/sim.toml names; install their package again"));
  const fs::path program = host.prefix / "libexec/xpu/xpu-backend-host";
  fs::remove(program);
  const Result result = host.tool({"detect", "--refresh"});
  EXPECT_NE(result.code, 0);
  EXPECT_THAT(result.err + result.out,
              HasSubstr("backend sim: there is no " + program.string() +
                        ", which belongs to this "
                        "program; install the package xpu-container-runtime again"));
}

TEST_F(Tool, DetectFailsWhenABackendFails) {
  write(host.dir / "hardware.toml", "[[devices]]\nvendor = 7\n");
  const Result result = host.tool({"detect", "--refresh"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("xpu-runtime: error: backend sim: "));
  EXPECT_THAT(result.err, HasSubstr("hardware.toml"));
}

TEST_F(Tool, BackendsListAndShow) {
  const Result list = host.tool({"backends", "list", "--json"});
  EXPECT_EQ(list.code, 0) << list.err;
  EXPECT_THAT(list.out, HasSubstr(R"({"backends":[{"name":"sim","version":")"));
  EXPECT_THAT(list.out, HasSubstr(R"("state":"ready","reason":"","devices":2,"features":[)"
                                  R"({"name":"channels","variables":["SIM_CHANNELS"],"values":[],)"
                                  R"("list":true,"privileged":false,"available":false}]})"));
  EXPECT_THAT(host.tool({"backends", "list"}).out, HasSubstr("sim           ready           2"));
  const Result show = host.tool({"backends", "show", "sim"});
  EXPECT_EQ(show.code, 0) << show.err;
  EXPECT_THAT(show.out, HasSubstr("Device:     acme:0  Acme A0  ACME-0"));
  EXPECT_THAT(show.out,
              HasSubstr("Feature:    channels  SIM_CHANNELS=all or a list  (not on this host)\n"));
  const Result json = host.tool({"backends", "show", "sim", "--json"});
  EXPECT_THAT(json.out, HasSubstr(R"("device_variables":["SIM_VISIBLE_DEVICES"])"));
  const Result missing = host.tool({"backends", "show", "acme"});
  EXPECT_EQ(missing.code, 1);
  EXPECT_THAT(missing.err, HasSubstr("no backend is called \"acme\"; installed: sim"));
}

TEST_F(Tool, InfoShowsWhatIsInForce) {
  const Result result = host.tool({"info"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("Runtime:    " + host.runtime.string()));
  EXPECT_THAT(result.out, HasSubstr("Mode:       auto"));
  EXPECT_THAT(result.out, HasSubstr("\nFeatures of sim\n  channels  SIM_CHANNELS=all or a list"));
  EXPECT_THAT(host.tool({"info", "--json"}).out, HasSubstr(R"("mode":"auto")"));
  host.environment.push_back("XPU_CONTAINER_RUNTIME_PATH=" + (host.dir / "none").string());
  const Result broken = host.tool({"info"});
  EXPECT_EQ(broken.code, 1);
  EXPECT_THAT(broken.out, HasSubstr("none: "));
}

TEST_F(Tool, ExplainShowsEveryEditAndChangesNothing) {
  host.write_bundle({"XPU_VISIBLE_DEVICES=acme:0", "ACME_READY=0"});
  const std::string before = host.config_json();
  const Result result = host.tool({"explain", "--bundle", host.bundle});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("Request:   XPU_VISIBLE_DEVICES=acme:0\n"));
  EXPECT_THAT(result.out, HasSubstr("+ /dev/acme0 c 10:236 mode 0666    # device acme:0\n"));
  EXPECT_THAT(result.out, HasSubstr("+ allow c 10:236 rw"));
  EXPECT_THAT(result.out, HasSubstr("- ACME_READY=0\n"));
  EXPECT_THAT(result.out, HasSubstr("+ ACME_READY=1"));
  EXPECT_THAT(result.out, HasSubstr("libacme.so.1 <- "));
  EXPECT_THAT(result.out, HasSubstr("Mode:      spec (detected)\n"));
  EXPECT_THAT(result.out, HasSubstr("*  variable  XPU_VISIBLE_DEVICES=acme:0  in force\n"));
  EXPECT_THAT(result.out, HasSubstr("*  acme:0  Acme A0"));
  EXPECT_THAT(host.tool({"explain", "-b", host.bundle, "--json"}).out, HasSubstr(R"("asks":true)"));
  EXPECT_EQ(host.config_json(), before);
  EXPECT_FALSE(fs::exists(host.bundle / "config.json.xpu-undo"));
  EXPECT_FALSE(fs::exists(host.dir / "state/containers"));
}

TEST_F(Tool, ExplainShowsRequirements) {
  host.write_bundle({"XPU_VISIBLE_DEVICES=acme:0", "SIM_REQUIRE_DRIVER=driver>=1.2,driver<2"});
  EXPECT_THAT(host.tool({"explain", "-b", host.bundle}).out,
              HasSubstr("Requires:  driver>=1.2,driver<2  (SIM_REQUIRE_DRIVER; met)\n"));
  EXPECT_THAT(host.tool({"explain", "-b", host.bundle, "--json"}).out,
              HasSubstr(R"("requirements":[{"variable":"SIM_REQUIRE_DRIVER",)"
                        R"("text":"driver>=1.2,driver<2","met":true,"skipped_by":""}])"));
  host.write_bundle({"XPU_VISIBLE_DEVICES=acme:0", "SIM_REQUIRE_DRIVER=driver>=2"});
  const Result unmet = host.tool({"explain", "-b", host.bundle});
  EXPECT_EQ(unmet.code, 1);
  EXPECT_THAT(unmet.err,
              HasSubstr("SIM_REQUIRE_DRIVER: acme:0 does not meet what the image needs: driver>=2 "
                        "(it has 1.2.3); SIM_DISABLE_REQUIRE=true in the container or "
                        "disable-require = true in "));
  host.write_bundle(
      {"XPU_VISIBLE_DEVICES=acme:0", "SIM_REQUIRE_DRIVER=driver>=2", "SIM_DISABLE_REQUIRE=true"});
  EXPECT_THAT(host.tool({"explain", "-b", host.bundle}).out,
              HasSubstr("(SIM_REQUIRE_DRIVER; not checked: SIM_DISABLE_REQUIRE=true)\n"));
  host.write_config("disable-require = true\n");
  host.write_bundle({"XPU_VISIBLE_DEVICES=acme:0", "SIM_REQUIRE_DRIVER=driver>=2"});
  EXPECT_THAT(host.tool({"explain", "-b", host.bundle}).out,
              HasSubstr("(SIM_REQUIRE_DRIVER; not checked: disable-require of " +
                        (host.dir / "etc/xpu-container-runtime/config.toml").string() + ")\n"));
}

TEST_F(Tool, ExplainShowsFeatures) {
  host.write_hardware(
      "[[env]]\nname = \"CHANNEL\"\nvalue = \"7\"\ncapability = \"channels\"\n"
      "item = \"7\"\n");
  const std::string file = host.dir / "hardware.toml";
  std::string hardware = read(file);
  hardware.replace(hardware.find("\"graphics\"]"), 11, "\"graphics\", \"channels\"]");
  write(file, hardware);
  host.write_bundle({"XPU_VISIBLE_DEVICES=acme:0", "SIM_CHANNELS=channel7"});
  EXPECT_THAT(host.tool({"explain", "-b", host.bundle}).out, HasSubstr("; feature channels 7)\n"));
  EXPECT_THAT(host.tool({"explain", "-b", host.bundle, "--json"}).out,
              HasSubstr(R"("features":[{"backend":"sim","name":"channels","items":["7"]}])"));
}

TEST_F(Tool, ExplainOfNothingAndOfFailure) {
  EXPECT_THAT(host.tool({"explain", "--bundle", host.bundle}).out,
              HasSubstr("This container asks for no accelerator; config.json stays as it is."));
  host.write_bundle({"XPU_VISIBLE_DEVICES=void"});
  EXPECT_THAT(host.tool({"explain", "--bundle", host.bundle}).out,
              HasSubstr("asks for no accelerator; config.json stays as it is."));
  host.write_bundle({"XPU_VISIBLE_DEVICES=acme:9"});
  const Result result = host.tool({"explain", "--bundle", host.bundle});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("acme:9"));
  const Result missing = host.tool({"explain", "--bundle", "/nonexistent"});
  EXPECT_EQ(missing.code, 1);
  EXPECT_THAT(missing.err, HasSubstr("/nonexistent/config.json"));
}

TEST_F(Tool, ValidatesABundle) {
  write(host.bundle / "rootfs/bin/true", "#!/bin/sh\n");
  fs::permissions(host.bundle / "rootfs/bin/true", static_cast<fs::perms>(0755));
  host.write_bundle({"XPU_VISIBLE_DEVICES=acme:0"});
  const Result good = host.tool({"validate", host.bundle});
  EXPECT_EQ(good.code, 0) << good.err;
  EXPECT_THAT(good.out, HasSubstr("note     unknown: is not part of the specification"));
  EXPECT_THAT(good.out, HasSubstr(" (0 errors, 0 warnings)\n"));
  EXPECT_THAT(good.out,
              HasSubstr("What a start would do:\nRequest:   XPU_VISIBLE_DEVICES=acme:0\n"));
  host.write_bundle({"XPU_VISIBLE_DEVICES=acme:9", "FOO"});
  const Result bad = host.tool({"validate", host.bundle});
  EXPECT_EQ(bad.code, 1);
  EXPECT_THAT(bad.out, HasSubstr("process.env[2]: \"FOO\" is not of the form NAME=value"));
  EXPECT_THAT(bad.out, HasSubstr("error    XPU_VISIBLE_DEVICES: "));
  EXPECT_EQ(host.tool({"validate"}).code, 2);
}

TEST_F(Tool, SaysThatItCouldNotWrite) {
  const std::string err = host.dir / "err";
  const int status = std::system(
      ((host.prefix / "bin/xpu-runtime").string() + " version >/dev/full 2>" + err).c_str());
  EXPECT_EQ(WEXITSTATUS(status), 1);
  EXPECT_EQ(read(err),
            "xpu-runtime: error: cannot write to standard output: No space left on device\n");
}

TEST_F(Tool, SelectTakesOneDeviceWhereWordsOnlyModify) {
  for (const char* word : {"XPU_SHARING=exclusive", "XPU_AFFINITY=numa-local", "XPU_WAIT=1s",
                           "XPU_LABEL=team", "XPU_DRIVER_CAPABILITIES=compute"}) {
    const Result result = host.tool({"select", word});
    EXPECT_EQ(result.code, 0) << word << result.err;
    EXPECT_THAT(result.out, HasSubstr("Chosen:    acme:0\n")) << word;
  }
  EXPECT_THAT(host.tool({"select", "XPU_SHARING=exclusive", "XPU_COUNT=2"}).out,
              HasSubstr("Chosen:    acme:0, acme:1\n"));
}

TEST_F(Tool, SelectKnowsTheVariablesOfTheRuntime) {
  const Result result = host.tool({"select", "XPU_COUMT=1"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("XPU_COUMT is no variable of this runtime; did you mean "
                                    "'XPU_COUNT'?"));
  EXPECT_EQ(host.tool({"select", "ACME_VISIBLE_DEVICES=0", "XPU_COUNT=1"}).code, 0);
}

TEST_F(Tool, SelectAsksAsAPrivilegedContainerWhenTold) {
  write(host.dir / "etc/xpu-container-runtime/config.d/10.toml",
        "[policy]\nprofile = \"multi-tenant\"\n");
  const Result refused = host.tool({"select", "count=1"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr("this request asks for no device: XPU_VISIBLE_DEVICES"));
  EXPECT_THAT(refused.err, HasSubstr("; --privileged asks as a privileged container does\n"));
  const Result result = host.tool({"select", "--privileged", "count=1"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("Chosen:    acme:0\n"));
  // What nobody may ask is refused to the privileged as well.
  write(host.dir / "etc/xpu-container-runtime/config.d/20.toml",
        "[policy]\nenvironment = \"never\"\n");
  EXPECT_THAT(host.tool({"select", "count=1"}).err, Not(HasSubstr("--privileged")));
}

TEST_F(Tool, SelectRefusesWhatIsNoListOfCpus) {
  const Result result = host.tool({"select", "--cpus", "0-3,x"});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("'0-3,x' is no list of CPUs, such as 0-3,8\n"));
  EXPECT_EQ(host.tool({"select", "--cpus", "0-3,8"}).code, 0);
}

TEST_F(Tool, SelectNamesTheRuleThatKeepsADeviceBack) {
  write(host.dir / "etc/xpu-container-runtime/config.d/10.toml",
        "[policy]\ndeny-devices = [\"acme:0\"]\n");
  EXPECT_THAT(host.tool({"select"}).out,
              HasSubstr("is kept from containers ([policy] deny-devices)\n"));
}

TEST_F(Tool, PsGoesOnWhenTheJournalCannotBeRead) {
  host.write_bundle({"XPU_VISIBLE_DEVICES=acme:0"});
  const std::string root = host.dir / "root";
  ASSERT_EQ(host.shim({"--root", root, "create", "-b", host.bundle, "c1"}).code, 0);
  fs::create_directories(fs::path(root) / "c1");  // what a low-level runtime keeps of a container
  fs::remove_all(host.dir / "usage");
  write(host.dir / "usage", "no folder");
  const Result result = host.tool({"ps"});
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.out, HasSubstr("\nc1 "));
  EXPECT_THAT(result.out, HasSubstr(" -\n"));
  EXPECT_THAT(result.err, HasSubstr("xpu-runtime: warning: costs are not known: "));
}

TEST_F(Tool, PsNamesTheFolderThatItLookedInto) {
  EXPECT_THAT(host.tool({"ps"}).out, HasSubstr("No container holds a device, as far as " +
                                               (host.dir / "state").string() + " tells.\n"));
}

TEST_F(Tool, ReleaseEndsItsLine) {
  host.write_bundle({"XPU_VISIBLE_DEVICES=acme:0"});
  const std::string root = host.dir / "root";
  ASSERT_EQ(host.shim({"--root", root, "create", "-b", host.bundle, "c1"}).code, 0);
  fs::create_directories(fs::path(root) / "c1");
  const Result result = host.tool({"release", "--force", "c1"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, ::testing::StartsWith("released acme:0, "));
  EXPECT_THAT(result.out, ::testing::EndsWith("access until it ends\n"));
}

TEST_F(Tool, WrongUsageIsExitCodeTwo) {
  EXPECT_EQ(host.tool({}).code, 2);
  EXPECT_EQ(host.tool({"detcet"}).code, 2);
  EXPECT_EQ(host.tool({"detect", "--jsno"}).code, 2);
  EXPECT_EQ(host.tool({"explain"}).code, 2);
  EXPECT_THAT(host.tool({"explain"}).err, HasSubstr("--bundle is required"));
}

TEST_F(Tool, HelpDocumentsExitCodes) {
  const Result result = host.tool({"--help"});
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.out, HasSubstr("Exit codes:"));
  for (const char* command : {"detect", "info", "backends", "explain", "version"}) {
    EXPECT_THAT(result.out, HasSubstr(command));
  }
  EXPECT_THAT(host.tool({"version"}).out, HasSubstr("xpu-runtime 0."));
  EXPECT_EQ(host.tool({"--version"}).code, 0);
}

TEST_F(Tool, ABrokenConfigurationIsNamedWithItsLine) {
  write(host.dir / "etc/xpu-container-runtime/config.toml",
        "[xpu-container-runtime]\nlog-levle = \"info\"\n");
  const Result result = host.tool({"detect"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("config.toml"));
  EXPECT_THAT(result.err, HasSubstr("log-levle"));
  EXPECT_THAT(result.err, HasSubstr("log-level"));
}

}  // namespace
}  // namespace xpu::test
