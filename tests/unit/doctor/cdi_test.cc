// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/doctor/tree.h"

namespace xpu::doctor {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class CdiFiles : public Tree {
 protected:
  CdiFiles() {
    null_device("/dev/acme0");
    write("/usr/lib/libacme.so.550.1");
    program("/usr/bin/acme-hook");
  }
  // A file with the device "0" and the library of that version.
  static std::string spec(const std::string& version, const std::string& device = "0") {
    return R"({"cdiVersion": "0.5.0", "kind": "acme.com/anvil",
      "devices": [{"name": ")" +
           device + R"(", "containerEdits": {"deviceNodes": [{"path": "/dev/acme0"}]}}],
      "containerEdits": {
        "mounts": [{"hostPath": "/usr/lib/libacme.so.)" +
           version + R"(", "containerPath": "/usr/lib/libacme.so.1", "options": ["bind"]}],
        "hooks": [{"hookName": "createContainer", "path": "/usr/bin/acme-hook"}]}})";
  }
};

TEST_F(CdiFiles, NamesThatLeadNowhere) {
  EXPECT_EQ(said("cdi-stale"), "skipped: no CDI file in /etc/cdi and /var/run/cdi");
  write("/etc/cdi/acme.json", spec("540.2"));
  EXPECT_EQ(said("cdi-stale"),
            "failure: /etc/cdi/acme.json names /usr/lib/libacme.so.540.2, which does not exist > "
            "rm /etc/cdi/acme.json, or write it anew with the tool that made it");
  acme().hints.cdi = {{"acme.com/anvil", "acme-ctk cdi generate --output=${file}"}};
  EXPECT_THAT(said("cdi-stale"), HasSubstr("> acme-ctk cdi generate --output=/etc/cdi/acme.json"));
  remove("/dev/acme0");
  EXPECT_THAT(said("cdi-stale"), HasSubstr(" and 1 more paths that do not exist"));
  null_device("/dev/acme0");
  write("/etc/cdi/acme.json", spec("550.1"));
  EXPECT_EQ(said("cdi-stale"), "pass: 1 file, all that they name is there");
  remove("/usr/bin/acme-hook");
  EXPECT_THAT(said("cdi-stale"), HasSubstr("names /usr/bin/acme-hook, which does not exist"));
}

TEST_F(CdiFiles, FilesOfADriverThatRunsNoMore) {
  write("/etc/cdi/acme.json", spec("550.1"));
  give_file(FileKind::kLibrary, "/usr/lib/x/libacme.so.560.3", "compute", "libacme.so.1");
  EXPECT_EQ(said("cdi-stale"),
            "failure: /etc/cdi/acme.json names /usr/lib/libacme.so.550.1, and the driver is 560.3 "
            "> rm /etc/cdi/acme.json, or write it anew with the tool that made it");
  write("/usr/lib/libacme.so.560.3");
  write("/etc/cdi/acme.json", spec("560.3"));
  EXPECT_THAT(said("cdi-stale"), StartsWith("pass"));
}

TEST_F(CdiFiles, AFileThatEnginesIgnore) {
  write("/var/run/cdi/a.yaml", "cdiVersion: 0.5.0\nkind: acme\n");
  EXPECT_THAT(said("cdi-stale"), StartsWith("failure: /var/run/cdi/a.yaml: "));
  EXPECT_THAT(said("cdi-stale"), HasSubstr("; engines ignore the file > rm /var/run/cdi/a.yaml"));
  write("/var/run/cdi/a.yaml",
        "cdiVersion: 0.5.0\nkind: acme.com/anvil\ndevices:\n- name: \"0\"\n  containerEdits:\n"
        "    deviceNodes:\n    - path: /dev/acme0\n");
  EXPECT_EQ(said("cdi-stale"), "pass: 1 file, all that they name is there");
}

TEST_F(CdiFiles, TheSameDeviceTwiceInOneFolder) {
  EXPECT_EQ(said("cdi-conflicts"), "skipped: no CDI file in /etc/cdi and /var/run/cdi");
  write("/etc/cdi/a.json", spec("550.1"));
  write("/var/run/cdi/a.json", spec("550.1"));
  EXPECT_EQ(said("cdi-conflicts"), "pass: no device is defined twice") << "the later folder wins";
  write("/etc/cdi/b.json", spec("550.1"));
  EXPECT_EQ(said("cdi-conflicts"),
            "failure: acme.com/anvil=0 is in /etc/cdi/a.json and in /etc/cdi/b.json: engines take "
            "neither > rm /etc/cdi/b.json, or /etc/cdi/a.json");
  write("/etc/cdi/b.json", spec("550.1", "1"));
  EXPECT_THAT(said("cdi-conflicts"), StartsWith("pass"));
}

TEST_F(CdiFiles, FilesThatUsersCannotRead) {
  EXPECT_EQ(said("cdi-readable"), "skipped: nobody has a rootless engine");
  write("/etc/passwd", "alice:x:1000:1000::/home/alice:/bin/sh\n");
  folder("/run/user/1000/libpod");
  write("/etc/cdi/a.json", spec("550.1"), 0600);
  EXPECT_EQ(said("cdi-readable"),
            "failure: /etc/cdi/a.json can be read by its owner only: a rootless engine does not "
            "resolve its devices > chmod a+r /etc/cdi/a.json");
  write("/etc/cdi/a.json", spec("550.1"), 0644);
  EXPECT_EQ(said("cdi-readable"), "pass: everybody can read them");
}

}  // namespace
}  // namespace xpu::doctor
