// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/select/select.h"
#include "tests/unit/base/temp_dir.h"
#include "tests/unit/select/fakes.h"

namespace xpu {
namespace {

using test::backend;
using test::device;
using test::error_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Node node(const std::string& host, const std::string& container, unsigned minor) {
  return {host, container, 'c', 10, minor};
}

File library(const std::string& host, const std::string& soname,
             std::vector<std::string> links = {}) {
  return {FileKind::kLibrary, host, "", soname, "x86_64", std::move(links)};
}

File data(const std::string& host, const std::string& container) {
  return {FileKind::kData, host, container, "", "", {}};
}

EditGroup group(const std::string& device_id, const std::string& capability) {
  EditGroup out;
  out.scope = {device_id, capability};
  return out;
}

Selection selection(std::vector<std::string> devices, std::vector<std::string> capabilities) {
  Selection out;
  out.backends.push_back({"acme", std::move(devices), std::move(capabilities)});
  return out;
}

// "path: why"
template <class T, class Name>
std::vector<std::string> lines(const std::vector<Wanted<T>>& wanted, Name name) {
  std::vector<std::string> out;
  for (const Wanted<T>& w : wanted) {
    out.push_back(name(w.item) + ": " + w.why);
  }
  return out;
}

std::vector<std::string> nodes(const Edits& e) {
  return lines(e.nodes, [](const Node& n) { return n.container_path; });
}
std::vector<std::string> files(const Edits& e) {
  return lines(e.files, [](const File& f) { return f.host_path; });
}

class EditsTest : public ::testing::Test {
 protected:
  EditsTest() : backends_{backend("acme", {device("acme", "0"), device("acme", "1")})} {}

  EditGroup& add(EditGroup g) { return edits_of_acme().emplace_back(std::move(g)); }
  std::vector<EditGroup>& edits_of_acme() { return backends_[0].catalog.edits; }
  Edits collect(std::vector<std::string> devices = {"acme:0"},
                std::vector<std::string> capabilities = {"compute"}) {
    return edits(selection(std::move(devices), std::move(capabilities)), backends_);
  }
  std::string error() {
    return error_of([&] { collect({"acme:0", "acme:1"}, {"compute", "video"}); });
  }

  std::vector<BackendStatus> backends_;
};

TEST_F(EditsTest, FollowTheScopes) {
  add(group("", "")).nodes = {node("/dev/ctl", "/dev/ctl", 0)};
  add(group("acme:0", "")).nodes = {node("/dev/a0", "/dev/a0", 1)};
  add(group("acme:1", "")).nodes = {node("/dev/a1", "/dev/a1", 2)};
  add(group("", "compute")).nodes = {node("/dev/vm", "/dev/vm", 3)};
  add(group("acme:0", "video")).nodes = {node("/dev/v0", "/dev/v0", 4)};
  EXPECT_THAT(nodes(collect()), ElementsAre("/dev/ctl: backend acme", "/dev/a0: device acme:0",
                                            "/dev/vm: capability compute"));
  EXPECT_THAT(nodes(collect({"acme:0"}, {"video"})),
              ElementsAre("/dev/ctl: backend acme", "/dev/a0: device acme:0",
                          "/dev/v0: device acme:0, capability video"));
  EXPECT_THAT(nodes(collect({"acme:1"}, {"video"})),
              ElementsAre("/dev/ctl: backend acme", "/dev/a1: device acme:1"));
  EXPECT_THAT(nodes(collect({}, {})), ElementsAre("/dev/ctl: backend acme"));
}

TEST_F(EditsTest, NeedEveryCapabilityOfAList) {
  add(group("", "video,compute")).nodes = {node("/dev/vc", "/dev/vc", 1)};
  EXPECT_THAT(nodes(collect({}, {"video"})), ElementsAre());
  EXPECT_THAT(nodes(collect({}, {"compute"})), ElementsAre());
  EXPECT_THAT(nodes(collect({}, {"compute", "video"})),
              ElementsAre("/dev/vc: capability video,compute"));
}

TEST_F(EditsTest, ComeOnceEach) {
  for (const char* id : {"acme:0", "acme:1"}) {
    EditGroup& g = add(group(id, ""));
    g.nodes = {node("/dev/ctl", "/dev/ctl", 0)};
    g.files = {data("/h/icd.json", "/etc/icd.json"), library("/h/liba.so.1.2", "liba.so.1")};
    g.env = {{"ACME", "1"}};
    g.links = {{"/dev/acme/by-path/x", "../a0"}};
  }
  const Edits e = collect({"acme:0", "acme:1"});
  EXPECT_THAT(nodes(e), ElementsAre("/dev/ctl: device acme:0"));
  EXPECT_THAT(files(e), ElementsAre("/h/icd.json: device acme:0", "/h/liba.so.1.2: device acme:0"));
  EXPECT_EQ(e.env.size(), 1u);
  EXPECT_EQ(e.links.size(), 1u);
}

TEST_F(EditsTest, TellLibrariesOfTwoArchitecturesApart) {
  File other = library("/h32/liba.so.1", "liba.so.1");
  other.architecture = "i386";
  File below = library("/h/v/liba.so.1", "liba.so.1");
  below.container_path = "vdpau/liba.so.1";
  add(group("", "")).files = {library("/h/liba.so.1", "liba.so.1", {"liba.so"}), other, below};
  EXPECT_EQ(collect().files.size(), 3u);
}

TEST_F(EditsTest, JoinTheLinksOfALibrary) {
  add(group("", "compute")).files = {library("/h/liba.so.1", "liba.so.1", {"liba.so"})};
  add(group("", "video")).files = {library("/h/liba.so.1", "liba.so.1", {"liba.so", "libv.so"})};
  const Edits e = collect({}, {"compute", "video"});
  ASSERT_EQ(e.files.size(), 1u);
  EXPECT_EQ(e.files[0].why, "capability compute");
  EXPECT_THAT(e.files[0].item.links, ElementsAre("liba.so", "libv.so"));
}

TEST_F(EditsTest, RefuseTwoContentsForOnePlace) {
  add(group("acme:0", "")).nodes = {node("/dev/x0", "/dev/x", 0)};
  add(group("acme:1", "")).nodes = {node("/dev/x1", "/dev/x", 1)};
  EXPECT_EQ(error(),
            "device acme:0 and device acme:1 cannot be given together: one wants /dev/x to be the "
            "node /dev/x0 (c 10:0), the other the node /dev/x1 (c 10:1)");
  EXPECT_THAT(nodes(collect({"acme:1"})), ElementsAre("/dev/x: device acme:1"));

  edits_of_acme().clear();
  add(group("", "compute")).files = {library("/h/1/liba.so.1", "liba.so.1")};
  add(group("", "video")).files = {library("/h/2/liba.so.1", "liba.so.1")};
  EXPECT_EQ(error(),
            "capability compute and capability video cannot be given together: one wants liba.so.1 "
            "to be the file /h/1/liba.so.1, the other the file /h/2/liba.so.1");

  edits_of_acme().clear();
  add(group("", "compute")).files = {library("/h/liba.so.1", "liba.so.1", {"liba.so"}),
                                     library("/h/liba.so.2", "liba.so.2", {"liba.so"})};
  EXPECT_EQ(error(),
            "capability compute cannot be given: it wants liba.so to be both the file /h/liba.so.1 "
            "and the file /h/liba.so.2");

  edits_of_acme().clear();
  add(group("", "compute")).env = {{"ACME", "a"}};
  add(group("", "video")).env = {{"ACME", "b"}};
  EXPECT_THAT(error(), HasSubstr("one wants the variable ACME to be 'a', the other 'b'"));

  edits_of_acme().clear();
  add(group("", "compute")).links = {{"/dev/p/x", "../a"}};
  add(group("", "video")).links = {{"/dev/p/x", "../b"}};
  EXPECT_THAT(error(), HasSubstr("one wants /dev/p/x to be a link to ../a, the other a link to "
                                 "../b"));

  edits_of_acme().clear();
  add(group("", "compute")).files = {data("/h/f", "/dev/x")};
  add(group("", "video")).nodes = {node("/dev/x0", "/dev/x", 0)};
  EXPECT_THAT(error(), HasSubstr("one wants /dev/x to be the file /h/f, the other the node "
                                 "/dev/x0 (c 10:0)"));
}

TEST_F(EditsTest, CoverEveryBackendOfTheSelection) {
  backends_.push_back(backend("beta", {device("beta", "0")}));
  add(group("", "")).nodes = {node("/dev/a", "/dev/a", 0)};
  EditGroup of_beta = group("beta:0", "");
  of_beta.nodes = {node("/dev/b", "/dev/b", 1)};
  backends_[1].catalog.edits = {of_beta};
  Selection both = selection({"acme:0"}, {});
  both.backends.push_back({"beta", {"beta:0"}, {}});
  EXPECT_THAT(nodes(edits(both, backends_)),
              ElementsAre("/dev/a: backend acme", "/dev/b: device beta:0"));
  both.backends.push_back({"gamma", {}, {}});
  EXPECT_EQ(error_of([&] { edits(both, backends_); }),
            "the backend gamma of the selection is not there");
}

TEST_F(EditsTest, OfAnEmptySelectionAreNone) {
  const Edits e = edits({}, backends_);
  EXPECT_THAT(e.nodes, IsEmpty());
  EXPECT_THAT(e.files, IsEmpty());
}

Selection with_features(std::vector<std::string> devices, std::vector<SelectedFeature> features) {
  Selection out = selection(std::move(devices), {"compute"});
  out.backends[0].features = std::move(features);
  return out;
}

std::vector<std::string> variables(const Edits& e) {
  return lines(e.env, [](const EnvVar& v) { return v.name + "=" + v.value; });
}

TEST_F(EditsTest, AFeatureIsACapabilityWithItems) {
  add(group("", "channels")).env = {{"ANY", "1"}};
  EditGroup third = group("", "channels");
  third.scope.item = "3";
  third.env = {{"THIRD", "1"}};
  add(third);
  EditGroup of_none = group("", "compute");  // no feature, so that nobody asks for its elements
  of_none.scope.item = "3";
  of_none.env = {{"NONE", "1"}};
  add(of_none);
  add(group("", "compute,channels")).env = {{"BOTH", "1"}};
  add(group("acme:0", "storage")).env = {{"STORAGE", "1"}};
  EXPECT_THAT(variables(collect()), IsEmpty());
  EXPECT_THAT(variables(edits(with_features({}, {{"channels", {"0", "3"}}}), backends_)),
              ElementsAre("ANY=1: feature channels", "THIRD=1: feature channels 3",
                          "BOTH=1: capability compute,channels"));
  EXPECT_THAT(variables(edits(with_features({"acme:0"}, {{"channels", {"0"}}, {"storage", {}}}),
                              backends_)),
              ElementsAre("ANY=1: feature channels", "BOTH=1: capability compute,channels",
                          "STORAGE=1: device acme:0, feature storage"));
}

TEST_F(EditsTest, PutValuesIn) {
  EditGroup& all = add(group("", ""));
  all.env = {{"MASK", "${mask}", true}, {"IDS", "<${ids}> $$ ${mask}", true}, {"RAW", "${ids}$"}};
  all.texts = {{"/etc/ids", "ids = ${ids}\n", true}, {"/etc/raw", "$"}};
  add(group("acme:1", "")).values = {{Combine::kBits, "mask", "63"}, {Combine::kList, "ids", "b"}};
  add(group("acme:0", "")).values = {
      {Combine::kBits, "mask", "4"}, {Combine::kList, "ids", "b"}, {Combine::kList, "ids", "a"}};
  add(group("", "compute")).values = {{Combine::kBits, "mask", "0"}};
  Edits e = collect({"acme:0", "acme:1"}, {});
  EXPECT_THAT(variables(e), ElementsAre("MASK=0x8000000000000010: backend acme",
                                        "IDS=<b,a> $ 0x8000000000000010: backend acme",
                                        "RAW=${ids}$: backend acme"));
  ASSERT_EQ(e.texts.size(), 2u);
  EXPECT_EQ(e.texts[0].item, (Text{"/etc/ids", "ids = b,a\n", false}));
  EXPECT_EQ(e.texts[1].item, (Text{"/etc/raw", "$", false}));
  // Nothing that is selected contributes to "ids".
  e = collect({}, {"compute"});
  EXPECT_THAT(variables(e), ElementsAre("MASK=0x1: backend acme", "RAW=${ids}$: backend acme"));
  EXPECT_THAT(lines(e.texts, [](const Text& t) { return t.path; }),
              ElementsAre("/etc/raw: backend acme"));
}

TEST_F(EditsTest, ValuesBelongToTheirBackend) {
  backends_.push_back(backend("beta", {device("beta", "0")}));
  add(group("acme:0", "")).values = {{Combine::kList, "ids", "a"}};
  EditGroup of_beta = group("", "");
  of_beta.env = {{"BETA", "${ids}", true}};
  of_beta.values = {{Combine::kList, "ids", "b"}};
  backends_[1].catalog.edits = {of_beta};
  Selection both = selection({"acme:0"}, {});
  both.backends.push_back({"beta", {"beta:0"}, {}});
  EXPECT_THAT(variables(edits(both, backends_)), ElementsAre("BETA=b: backend beta"));
}

TEST_F(EditsTest, BringNotesAndFoldersOfTheImageOnce) {
  for (const char* id : {"acme:0", "acme:1"}) {
    EditGroup& g = add(group(id, ""));
    g.notes = {{true, "slow"}, {false, "slow"}};
    g.image_folders = {{"/opt/compat", "libacme.so", "5"}};
  }
  const Edits e = collect({"acme:0", "acme:1"});
  ASSERT_EQ(e.notes.size(), 2u);
  EXPECT_EQ(e.notes[0].item, (Note{true, "slow"}));
  EXPECT_EQ(e.notes[1].item, (Note{false, "slow"}));
  ASSERT_EQ(e.image_folders.size(), 1u);
  EXPECT_EQ(e.image_folders[0].item, (ImageFolder{"/opt/compat", "libacme.so", "5"}));
}

// What is wanted under two conditions is given where either holds.
TEST_F(EditsTest, CarryConditionsOnTheImage) {
  EditGroup& one = add(group("", ""));
  one.scope.image_lacks = "libx.so.1";
  one.env = {{"A", "1"}};
  one.files = {library("/h/liba.so.1", "liba.so.1", {"liba.so"})};
  EditGroup& two = add(group("", "compute"));
  two.scope.image_lacks = "/opt/x";
  two.env = {{"A", "1"}};
  EditGroup& same = add(group("acme:0", ""));
  same.scope.image_lacks = "/opt/x";
  same.env = {{"A", "1"}};
  EditGroup& always = add(group("acme:0", "compute"));
  always.files = {library("/h/liba.so.1", "liba.so.1", {"liba.so", "liba.so.0"})};
  EditGroup& covered = add(group("acme:0", "compute"));
  covered.scope.image_lacks = "/opt/y";
  covered.files = {library("/h/liba.so.1", "liba.so.1", {"liba.so.0"})};
  const Edits e = collect();
  ASSERT_EQ(e.env.size(), 2u);
  EXPECT_EQ(e.env[0].image_lacks, "libx.so.1");
  EXPECT_EQ(e.env[1].image_lacks, "/opt/x");
  ASSERT_EQ(e.files.size(), 2u);
  EXPECT_EQ(e.files[0].image_lacks, "libx.so.1");
  EXPECT_THAT(e.files[0].item.links, ElementsAre("liba.so"));
  EXPECT_EQ(e.files[1].image_lacks, "");
  EXPECT_THAT(e.files[1].item.links, ElementsAre("liba.so", "liba.so.0"));
}

TEST_F(EditsTest, RefuseTwoContentsOfAGeneratedFile) {
  add(group("", "compute")).texts = {{"/etc/acme", "a"}};
  add(group("", "video")).texts = {{"/etc/acme", "b"}};
  EXPECT_EQ(error(),
            "capability compute and capability video cannot be given together: one wants /etc/acme "
            "to be a generated file of 1 bytes (af63dc4c8601ec8c), the other a generated file of 1 "
            "bytes (af63df4c8601f1a5)");
}

}  // namespace
}  // namespace xpu
