// SPDX-License-Identifier: Apache-2.0
// Where a request comes from, and which of several counts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/base/temp_dir.h"
#include "tests/unit/request/said.h"

namespace xpu {
namespace {

using test::asked;
using test::error_of;
using test::installed;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Annotations = std::vector<std::pair<std::string, std::string>>;

class SourcesTest : public ::testing::Test {
 protected:
  SourcesTest() { config_.accept_volume_mounts = "always"; }

  Request parse() const { return parse_request(said_, backends_, config_, ""); }
  std::string error() const {
    return error_of([&] { parse(); });
  }
  std::string asking() const { return asking_variable(said_, backends_, config_, ""); }

  // Of which kind the request is with these annotations alone.
  Request annotated(Annotations annotations) {
    said_ = {};
    said_.annotations = std::move(annotations);
    return parse();
  }

  Said said_;
  std::vector<FoundBackend> backends_ = {installed("acme", "ACME_DEVICES"),
                                         installed("globex", "GLOBEX_DEVICES")};
  Config config_;
};

TEST_F(SourcesTest, AnnotationsAsk) {
  Request request = annotated({{"other", "x"}, {"xpu.dev/visible-devices", "acme:0,1"}});
  EXPECT_EQ(request.kind, RequestKind::kDevices);
  EXPECT_EQ(request.source, RequestSource::kAnnotations);
  EXPECT_EQ(request.variable, "annotation xpu.dev/visible-devices");
  EXPECT_THAT(asked(request), ElementsAre("acme|0", "|1"));
  EXPECT_EQ(asking(), "annotation xpu.dev/visible-devices");

  request = annotated({{"xpu.dev/device-type", "acme"},
                       {"xpu.dev/count", "2"},
                       {"xpu.dev/max-gpu", "4"},
                       {"xpu.dev/enable-multi-gpu", "true"},
                       {"xpu.dev/min-vram", "16GB"},
                       {"xpu.dev/min-arch", "sm_80"},
                       {"xpu.dev/strategy", "cost"},
                       {"xpu.dev/sharing", "exclusive"},
                       {"xpu.dev/affinity", "numa-local"},
                       {"xpu.dev/driver-capabilities", "video"},
                       {"xpu.dev/wait", "5s"},
                       {"xpu.dev/label", "team"}});
  EXPECT_THAT(asked(request), ElementsAre("2-2"));
  EXPECT_EQ(request.tests.size(), 3U);
  EXPECT_EQ(request.tests[1].source, "annotation xpu.dev/min-vram=16GB");
  EXPECT_EQ(request.strategy, Strategy::kCost);
  EXPECT_EQ(request.exclusive, true);
  EXPECT_TRUE(request.numa_local);
  EXPECT_THAT(request.capabilities[0].names, ElementsAre("video"));
  EXPECT_EQ(request.capabilities[0].source, "annotation xpu.dev/driver-capabilities");
  EXPECT_EQ(request.wait_seconds, 5U);
  EXPECT_EQ(request.label, "team");
}

TEST_F(SourcesTest, AnnotationsMayNameTheContainer) {
  for (const char* name : {"io.kubernetes.cri.container-name", "io.kubernetes.cri-o.ContainerName",
                           "io.kubernetes.container.name"}) {
    const Annotations both = {{name, "main"},
                              {"xpu.dev/count.main", "2"},
                              {"xpu.dev/count", "3"},
                              {"xpu.dev/count.side", "4"}};
    EXPECT_THAT(asked(annotated(both)), ElementsAre("2-2")) << name;
    EXPECT_EQ(annotated(both).variable, "annotation xpu.dev/count.main");
    EXPECT_EQ(annotated({{name, "main"}, {"xpu.dev/count.side", "4"}}).kind, RequestKind::kNone);
    EXPECT_EQ(annotated({{name, "main"}, {"xpu.dev/count.mai", "4"}}).kind, RequestKind::kNone);
    EXPECT_THAT(asked(annotated({{name, "main"}, {"xpu.dev/count", "3"}})), ElementsAre("3-3"));
    EXPECT_EQ(annotated({{name, "main"}, {"xpu.dev/cuont.side", "4"}}).kind, RequestKind::kNone);
    EXPECT_EQ(annotated({{name, "main"},
                         {"xpu.dev/visible-devices.main", "void"},
                         {"xpu.dev/visible-devices", "all"}})
                  .kind,
              RequestKind::kNone);
  }
  EXPECT_EQ(annotated({{"xpu.dev/count.main", "2"}}).kind, RequestKind::kNone);
  EXPECT_EQ(annotated({{"xpu.dev/count.", "2"}}).kind, RequestKind::kNone);
  said_.annotations = {{"io.kubernetes.cri.container-name", "main"}, {"xpu.dev/count.main", "two"}};
  EXPECT_EQ(error(), "annotation xpu.dev/count.main: 'two' is no number from 1 to 4096, nor all");
}

TEST_F(SourcesTest, AnnotationsThatNobodyKnowsAreErrors) {
  const std::pair<const char*, const char*> cases[] = {
      {"xpu.dev/cont", "annotation xpu.dev/cont is not known; did you mean 'count'?"},
      {"xpu.dev/min_vram", "annotation xpu.dev/min_vram is not known; did you mean 'min-vram'?"},
      {"xpu.dev/quality",
       "annotation xpu.dev/quality is not known; there are xpu.dev/visible-devices, "
       "xpu.dev/device-type, xpu.dev/count, xpu.dev/max-gpu, xpu.dev/enable-multi-gpu, "
       "xpu.dev/min-vram, xpu.dev/min-arch, xpu.dev/strategy, xpu.dev/sharing, xpu.dev/affinity, "
       "xpu.dev/driver-capabilities, xpu.dev/wait, xpu.dev/label"},
      {"xpu.dev/Count", "annotation xpu.dev/Count is not known; did you mean 'count'?"}};
  for (const auto& [key, expected] : cases) {
    EXPECT_EQ(error_of([&] { annotated({{key, "1"}}); }), expected);
    EXPECT_EQ(asking(), std::string("annotation ") + key);
  }
  said_.annotations.emplace_back("xpu.dev/count", "1");
  EXPECT_NE(error(), "");
  said_.env = {"XPU_VISIBLE_DEVICES=void"};
  EXPECT_EQ(error(), "");
  said_.env.clear();
  config_.accept_annotations = "never";
  EXPECT_EQ(parse().kind, RequestKind::kNone);
  EXPECT_EQ(annotated({{"xpu.dev.example/count", "2"}}).kind, RequestKind::kNone);
}

TEST_F(SourcesTest, ASandboxAsksForNothing) {
  config_.default_request = "auto";
  for (const char* name :
       {"io.kubernetes.cri.container-type", "io.kubernetes.cri-o.ContainerType"}) {
    said_.annotations = {{name, "sandbox"}, {"xpu.dev/count", "2"}, {"xpu.dev/bad", "2"}};
    said_.env = {"XPU_VISIBLE_DEVICES=all", "ACME_DEVICES=all"};
    said_.null_mounts = {"/var/run/xpu-container-devices/0"};
    said_.slurm_devices = "0";
    EXPECT_EQ(parse().kind, RequestKind::kNone);
    EXPECT_THAT(parse().warnings, IsEmpty());
    EXPECT_EQ(asking(), "");
    said_.annotations = {{name, "container"}};
    EXPECT_EQ(parse().kind, RequestKind::kDevices);
    EXPECT_NE(asking(), "");
  }
}

TEST_F(SourcesTest, SlurmGivesIndices) {
  said_.slurm_devices = "0,2-3";
  const Request request = parse();
  EXPECT_EQ(request.source, RequestSource::kSlurm);
  EXPECT_THAT(asked(request), ElementsAre("|0", "|2", "|3"));
  EXPECT_EQ(request.variable, "SLURM_STEP_GPUS or SLURM_JOB_GPUS");
  for (const char* element : {"all", "none", "GPU-1", "acme:0", "count=2"}) {
    said_.slurm_devices = std::string("0,") + element;
    EXPECT_EQ(error(), std::string("SLURM_STEP_GPUS or SLURM_JOB_GPUS: '") + element +
                           "' is no index of a device");
  }
  said_.slurm_devices = " ";
  EXPECT_EQ(parse().kind, RequestKind::kNone);
}

TEST_F(SourcesTest, AliasesStandForVariables) {
  config_.aliases = {{"OTHER_MIN", "XPU_MIN_VRAM", {}},
                     {"OLD_MIN", "XPU_MIN_VRAM", {}},
                     {"OTHER_ISOLATION", "XPU_SHARING", {{"strict", "exclusive"}}},
                     {"OTHER_MULTI", "XPU_ENABLE_MULTI_GPU", {{"on", "true"}}},
                     {"OTHER_LIST", "XPU_VISIBLE_DEVICES", {}}};
  const auto with = [&](std::vector<std::string> env) {
    said_.env = std::move(env);
    return parse();
  };
  Request request = with({"OTHER_MIN=8GB", "OLD_MIN=4GB", "OTHER_ISOLATION=Strict"});
  ASSERT_EQ(request.tests.size(), 1U);
  EXPECT_EQ(request.tests[0].source, "OTHER_MIN=8GB");
  EXPECT_THAT(request.tests[0].values, ElementsAre("8000000000"));
  EXPECT_EQ(request.exclusive, true);
  EXPECT_EQ(request.variable, "OTHER_MIN");
  EXPECT_EQ(request.wish->source, "OTHER_MIN=8GB");
  EXPECT_EQ(asking(), "OTHER_MIN");
  EXPECT_EQ(with({"OLD_MIN=4GB", "OTHER_MIN="}).tests[0].source, "OLD_MIN=4GB");
  EXPECT_EQ(with({"OTHER_MIN=8GB", "XPU_MIN_VRAM=2GB"}).tests[0].source, "XPU_MIN_VRAM=2GB");
  EXPECT_EQ(with({"OTHER_MIN=8GB", "XPU_MIN_VRAM="}).tests[0].source, "OTHER_MIN=8GB");
  EXPECT_EQ(with({"OTHER_ISOLATION=strict"}).kind, RequestKind::kNone);
  EXPECT_EQ(with({"XPU_COUNT=1", "OTHER_ISOLATION=loose"}).exclusive, std::nullopt);
  EXPECT_EQ(with({"OTHER_MULTI=off"}).kind, RequestKind::kNone);
  EXPECT_THAT(asked(with({"OTHER_MULTI=ON"})), ElementsAre("1-0"));
  EXPECT_EQ(with({"OTHER_LIST=", "OTHER_MIN=8GB"}).kind, RequestKind::kNone);
  EXPECT_THAT(asked(with({"OTHER_LIST=acme:0"})), ElementsAre("acme|0"));
  said_.env = {"OTHER_MIN=many"};
  EXPECT_EQ(error().substr(0, 42), "OTHER_MIN (for XPU_MIN_VRAM): 'many' is no");
  said_.env = {"OTHER_LIST=0,,1"};
  EXPECT_EQ(error(),
            "OTHER_LIST (for XPU_VISIBLE_DEVICES): the list holds an empty element; write one "
            "comma between two names");
}

// All at once; what counts is taken away one by one.
TEST_F(SourcesTest, TheFirstThatSaysAnythingCounts) {
  config_.default_request = "auto";
  said_.annotations = {{"xpu.dev/visible-devices", "acme:5"}};
  said_.null_mounts = {"/var/run/xpu-container-devices/4"};
  said_.slurm_devices = "3";
  said_.env = {"XPU_COUNT=2", "ACME_DEVICES=1"};
  Request request = parse();
  EXPECT_THAT(asked(request), ElementsAre("acme|5"));
  EXPECT_THAT(
      request.warnings,
      ElementsAre("mount /var/run/xpu-container-devices/4 is not considered: annotation "
                  "xpu.dev/visible-devices goes before it",
                  "SLURM_STEP_GPUS or SLURM_JOB_GPUS is not considered: annotation "
                  "xpu.dev/visible-devices goes before it",
                  "XPU_COUNT is not considered: annotation xpu.dev/visible-devices goes before "
                  "it"));
  EXPECT_THAT(request.notes, ElementsAre("ACME_DEVICES is not considered: annotation "
                                         "xpu.dev/visible-devices goes before it"));
  EXPECT_THAT(request.overruled, ElementsAre("acme"));
  EXPECT_THAT(request.passed_over, IsEmpty());

  said_.annotations.clear();
  EXPECT_THAT(asked(parse()), ElementsAre("|4"));
  said_.null_mounts.clear();
  request = parse();
  EXPECT_THAT(asked(request), ElementsAre("|3"));
  EXPECT_THAT(request.warnings, ElementsAre("XPU_COUNT is not considered: SLURM_STEP_GPUS or "
                                            "SLURM_JOB_GPUS goes before it"));
  said_.slurm_devices.clear();
  request = parse();
  EXPECT_THAT(asked(request), ElementsAre("2-2"));
  EXPECT_THAT(request.warnings, IsEmpty());
  EXPECT_THAT(request.notes, ElementsAre("ACME_DEVICES is not considered: XPU_COUNT goes before "
                                         "it"));
  said_.env = {"ACME_DEVICES=1"};
  request = parse();
  EXPECT_THAT(asked(request), ElementsAre("|1"));
  EXPECT_EQ(request.source, RequestSource::kVendorVariable);
  EXPECT_THAT(request.notes, IsEmpty());
  said_.env.clear();
  request = parse();
  EXPECT_THAT(asked(request), ElementsAre("1-1"));
  EXPECT_EQ(request.source, RequestSource::kDefault);
  EXPECT_EQ(request.variable, "default-request");
  EXPECT_EQ(request.wish->source, "default-request = \"auto\"");
  EXPECT_EQ(asking(), "");
}

TEST_F(SourcesTest, VoidBeatsEverything) {
  config_.default_request = "auto";
  for (const char* value : {"", "void", " VOID ", "0,void"}) {
    said_ = {};
    said_.annotations = {{"xpu.dev/count", "2"}};
    said_.env = {std::string("XPU_VISIBLE_DEVICES=") + value, "XPU_MIN_VRAM=8GB", "ACME_DEVICES=0"};
    Request request = parse();
    EXPECT_EQ(request.kind, RequestKind::kNone) << value;
    EXPECT_EQ(request.source, RequestSource::kNone);
    EXPECT_EQ(request.variable, "");
    EXPECT_THAT(request.warnings,
                ElementsAre("annotation xpu.dev/count is not considered: XPU_VISIBLE_DEVICES says "
                            "that nothing is wanted"));
    EXPECT_EQ(request.notes.size(), 1U);
    EXPECT_EQ(asking(), "");

    said_.annotations = {{"xpu.dev/visible-devices", value}};
    said_.env = {"XPU_COUNT=2"};
    request = parse();
    EXPECT_EQ(request.kind, RequestKind::kNone) << value;
    EXPECT_THAT(request.warnings,
                ElementsAre("XPU_COUNT is not considered: annotation xpu.dev/visible-devices says "
                            "that nothing is wanted"));
    // To want nothing needs nobody's leave.
    config_.accept_annotations = "never";
    EXPECT_EQ(parse().kind, RequestKind::kNone) << value;
    config_.accept_annotations.reset();
  }
}

TEST_F(SourcesTest, NoneBeatsEverythingWhereItIsAccepted) {
  said_.annotations = {{"xpu.dev/count", "2"}};
  said_.env = {"XPU_VISIBLE_DEVICES=None", "XPU_MIN_VRAM=8GB", "XPU_COUNT=2"};
  Request request = parse();
  EXPECT_EQ(request.kind, RequestKind::kDriversOnly);
  EXPECT_EQ(request.source, RequestSource::kEnvironment);
  EXPECT_THAT(asked(request), ElementsAre("|none"));
  EXPECT_THAT(request.tests, IsEmpty());
  EXPECT_THAT(request.warnings, ElementsAre("annotation xpu.dev/count is not considered: "
                                            "XPU_VISIBLE_DEVICES goes before it"));
  config_.accept_environment = "never";
  request = parse();
  EXPECT_THAT(asked(request), ElementsAre("2-2"));
  EXPECT_EQ(request.source, RequestSource::kAnnotations);
}

TEST_F(SourcesTest, AVendorsVoidIsAboutThatVendor) {
  said_.env = {"ACME_DEVICES=void"};
  said_.annotations = {{"xpu.dev/count", "2"}};
  EXPECT_THAT(asked(parse()), ElementsAre("2-2"));
  EXPECT_THAT(parse().notes, IsEmpty());
  said_.annotations.clear();
  said_.env = {"ACME_DEVICES=void", "GLOBEX_DEVICES=0"};
  EXPECT_THAT(parse().claimed_by, ElementsAre("globex"));
}

TEST_F(SourcesTest, TheDefaultIsForWhoSaysNothing) {
  EXPECT_EQ(parse().kind, RequestKind::kNone);
  config_.default_request = "auto";
  EXPECT_THAT(asked(parse()), ElementsAre("1-1"));
  EXPECT_EQ(parse().capabilities.size(), 2U);
  for (const char* variable : {"XPU_SHARING=exclusive", "PATH=/bin", "OTHER_VISIBLE_DEVICES=all"}) {
    said_.env = {variable};
    EXPECT_EQ(parse().source, RequestSource::kDefault) << variable;
  }
  EXPECT_EQ(parse().exclusive, std::nullopt);
  for (const char* variable : {"ACME_DEVICES=void", "ACME_DEVICES=", "XPU_VISIBLE_DEVICES="}) {
    said_.env = {variable};
    EXPECT_EQ(parse().kind, RequestKind::kNone) << variable;
  }
  said_.env = {"ACME_DEVICES=all"};
  config_.accept_environment = "never";
  EXPECT_EQ(parse().source, RequestSource::kDefault);
  said_ = {};
  config_.profile = "multi-tenant";
  EXPECT_EQ(parse().kind, RequestKind::kNone);
}

TEST_F(SourcesTest, WhatPolicyDoesNotAcceptIsPassedOver) {
  config_.accept_annotations = "privileged";
  config_.accept_volume_mounts = "never";
  config_.accept_slurm = "never";
  config_.accept_environment = "privileged";
  said_.annotations = {{"xpu.dev/count", "2"}, {"xpu.dev/label", "hidden"}};
  said_.null_mounts = {"/var/run/acme-container-devices/0"};
  said_.slurm_devices = "1";
  said_.env = {"XPU_COUNT=3", "XPU_MIN_VRAM=8GB", "ACME_DEVICES=all", "GLOBEX_DEVICES=0"};
  const Request request = parse();
  EXPECT_EQ(request.kind, RequestKind::kNone);
  const std::string unprivileged = " = \"privileged\", and this container is not privileged";
  EXPECT_THAT(
      request.warnings,
      ElementsAre(
          "annotation xpu.dev/count is not considered: [policy] annotations" + unprivileged,
          "mount /var/run/acme-container-devices/0 is not considered: [policy] "
          "volume-mounts = \"never\"",
          "SLURM_STEP_GPUS or SLURM_JOB_GPUS is not considered: [policy] slurm = \"never\"",
          "XPU_COUNT, XPU_MIN_VRAM is not considered: [policy] environment" + unprivileged,
          "ACME_DEVICES, GLOBEX_DEVICES is not considered: [policy] environment" + unprivileged));
  ASSERT_EQ(request.passed_over.size(), 5U);
  EXPECT_EQ(request.passed_over[0].source, RequestSource::kAnnotations);
  EXPECT_EQ(request.passed_over[0].name, "annotation xpu.dev/count");
  EXPECT_EQ(request.passed_over[0].rule, "annotations");
  EXPECT_EQ(request.passed_over[4].source, RequestSource::kVendorVariable);
  EXPECT_EQ(request.passed_over[4].name, "ACME_DEVICES, GLOBEX_DEVICES");
  EXPECT_EQ(request.passed_over[4].rule, "environment");
  EXPECT_EQ(asking(), "annotation xpu.dev/count");

  said_.privileged = true;
  const Request privileged = parse();
  EXPECT_TRUE(privileged.privileged);
  EXPECT_THAT(asked(privileged), ElementsAre("2-2"));
  EXPECT_EQ(privileged.label, "hidden");
  EXPECT_THAT(privileged.passed_over, IsEmpty());
}

TEST_F(SourcesTest, NothingBehindTheOneThatCountsIsPassedOver) {
  config_.accept_environment = "never";
  said_.annotations = {{"xpu.dev/count", "2"}};
  said_.env = {"ACME_DEVICES=all"};
  EXPECT_THAT(parse().passed_over, IsEmpty());
  EXPECT_THAT(parse().warnings, IsEmpty());
}

TEST_F(SourcesTest, ModifiersOfAnnotationsGoBeforeThoseOfVariables) {
  said_.env = {"ACME_DEVICES=0", "XPU_SHARING=shared", "XPU_WAIT=1s", "XPU_LABEL=env",
               "XPU_AFFINITY=numa-local"};
  Request request = parse();
  EXPECT_EQ(request.exclusive, false);
  EXPECT_EQ(request.wait_seconds, 1U);
  EXPECT_EQ(request.label, "env");
  EXPECT_TRUE(request.numa_local);
  said_.annotations = {{"xpu.dev/sharing", "exclusive"},
                       {"xpu.dev/label", "annotation"},
                       {"xpu.dev/affinity", "none"}};
  request = parse();
  EXPECT_EQ(request.source, RequestSource::kVendorVariable);
  EXPECT_EQ(request.exclusive, true);
  EXPECT_EQ(request.wait_seconds, 1U);
  EXPECT_EQ(request.label, "annotation");
  EXPECT_FALSE(request.numa_local);
  said_.annotations = {{"xpu.dev/count", "1"}};
  request = parse();
  EXPECT_EQ(request.exclusive, std::nullopt);
  EXPECT_EQ(request.wait_seconds, 0U);
  EXPECT_EQ(request.label, "");
}

TEST_F(SourcesTest, ModifiersThatPolicyDoesNotAcceptArePassedOver) {
  config_.accept_environment = "never";
  said_.slurm_devices = "0";
  said_.env = {"XPU_SHARING=nonsense", "XPU_LABEL=theirs", "XPU_DRIVER_CAPABILITIES=video"};
  const Request request = parse();
  EXPECT_EQ(request.exclusive, std::nullopt);
  EXPECT_EQ(request.label, "");
  EXPECT_THAT(request.warnings,
              ElementsAre("XPU_SHARING is not considered: [policy] environment = \"never\"",
                          "XPU_LABEL is not considered: [policy] environment = \"never\""));
  // As a vendor's own variable would be.
  EXPECT_THAT(request.capabilities[0].names, ElementsAre("video"));
}

TEST_F(SourcesTest, OneVariableNamesCapabilitiesForEveryBackend) {
  said_.env = {"XPU_VISIBLE_DEVICES=all", "XPU_DRIVER_CAPABILITIES=video, compute,video",
               "CAPS_OF_acme=all"};
  const Request request = parse();
  ASSERT_EQ(request.capabilities.size(), 2U);
  for (const CapabilityRequest& capability : request.capabilities) {
    EXPECT_THAT(capability.names, ElementsAre("video", "compute"));
    EXPECT_EQ(capability.source, "XPU_DRIVER_CAPABILITIES");
  }
  said_.env[1] = "XPU_DRIVER_CAPABILITIES=";
  EXPECT_THAT(parse().capabilities[0].names, ElementsAre("all"));
  EXPECT_THAT(parse().capabilities[1].names, ElementsAre("compute"));
  said_.env[1] = "XPU_DRIVER_CAPABILITIES= , ";
  EXPECT_THAT(parse().capabilities[1].names, ElementsAre("compute"));
}

TEST_F(SourcesTest, SharingIsAContainersChoiceAsFarAsPolicySays) {
  // default, choice, said → what it is, or the rule
  const std::tuple<const char*, const char*, const char*, const char*> cases[] = {
      {"shared", "any", "exclusive", "exclusive"},
      {"exclusive", "any", "shared", "shared"},
      {"shared", "tighten", "exclusive", "exclusive"},
      {"shared", "tighten", "shared", "shared"},
      {"exclusive", "tighten", "shared",
       "XPU_SHARING=shared is not for a container to choose; "
       "devices are exclusive; [policy] sharing-choice says so"},
      {"exclusive", "tighten", "exclusive", "exclusive"},
      {"shared", "fixed", "exclusive",
       "XPU_SHARING=exclusive is not for a container to choose; "
       "devices are shared; [policy] sharing-choice says so"},
      {"shared", "fixed", "shared", "shared"},
      {"exclusive", "fixed", "exclusive", "exclusive"},
  };
  for (const auto& [preset, choice, wanted, expected] : cases) {
    config_.default_sharing = preset;
    config_.sharing_choice = choice;
    said_.env = {"XPU_COUNT=1", std::string("XPU_SHARING=") + wanted};
    std::string got = error();
    if (got.empty()) {
      got = parse().exclusive.value() ? "exclusive" : "shared";
    }
    EXPECT_EQ(got, expected) << preset << " " << choice << " " << wanted;
  }
  said_.env = {"XPU_VISIBLE_DEVICES=sharing=exclusive"};
  config_.default_sharing = "shared";
  config_.sharing_choice = "fixed";
  EXPECT_EQ(error(),
            "sharing=exclusive is not for a container to choose; devices are shared; "
            "[policy] sharing-choice says so");
}

TEST_F(SourcesTest, FeaturesAreKeptFromWhoMayNotHaveThem) {
  backends_[0].manifest.features = {{"rdma", {"ACME_RDMA"}, {"on"}, false, "", false}};
  said_.env = {"ACME_DEVICES=0", "ACME_RDMA=on"};
  const auto denied_by = [&] { return parse().features.at(0).denied_by; };
  EXPECT_EQ(denied_by(), "");
  config_.accept_features = "privileged";
  EXPECT_EQ(denied_by(), "features");
  said_.privileged = true;
  EXPECT_EQ(denied_by(), "");
  config_.accept_features = "never";
  EXPECT_EQ(denied_by(), "features");
}

TEST_F(SourcesTest, AFolderThatCannotBeUsedFailsWhoAsksForAnybodysDevices) {
  FoundBackend folder;
  folder.is_folder = folder.refused = true;
  folder.manifest.name = folder.manifest.file = "/opt/b";
  folder.reason = "made so";
  backends_.push_back(folder);
  const std::string problem = "the backend folder /opt/b cannot be used: made so";
  said_.annotations = {{"xpu.dev/count", "1"}};
  EXPECT_EQ(error(), "annotation xpu.dev/count is set, but " + problem);
  said_.annotations = {{"xpu.dev/count", "1"}, {"xpu.dev/visible-devices", "void"}};
  EXPECT_THAT(parse().warnings, ElementsAre(problem));
  said_ = {};
  said_.null_mounts = {"/var/run/xpu-container-devices/0"};
  EXPECT_EQ(error(), "mount /var/run/xpu-container-devices/0 is set, but " + problem);
  said_ = {};
  said_.slurm_devices = "0";
  EXPECT_EQ(error(), "SLURM_STEP_GPUS or SLURM_JOB_GPUS is set, but " + problem);
  said_ = {};
  said_.env = {"XPU_MIN_VRAM=8GB"};
  EXPECT_EQ(error(), "XPU_MIN_VRAM is set, but " + problem);
  said_ = {};
  config_.default_request = "auto";
  EXPECT_THAT(parse().warnings, ElementsAre(problem));
}

}  // namespace
}  // namespace xpu
