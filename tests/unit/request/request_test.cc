// SPDX-License-Identifier: Apache-2.0
#include "core/request/request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "tests/unit/base/temp_dir.h"
#include "tests/unit/request/said.h"

namespace xpu {
namespace {

using test::error_of;
using test::TempDir;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

using Env = std::vector<std::string>;

FoundBackend backend(const std::string& name, const std::string& variable) {
  FoundBackend found;
  found.manifest.name = name;
  found.manifest.device_variables = {variable};
  found.manifest.capability_variables = {"CAPS_OF_" + name};
  found.manifest.default_capabilities = {"compute", "utility"};
  return found;
}

std::vector<FoundBackend> two_backends() {
  return {backend("acme", "ACME_VISIBLE_DEVICES"), backend("beta", "BETA_VISIBLE_DEVICES")};
}

Request parse(const Env& env, const std::vector<FoundBackend>& backends = two_backends()) {
  return parse_request(test::said(env), backends, Config(), "");
}

// The selectors as "backend|name", where the backend may be empty.
std::vector<std::string> selectors(const Request& request) {
  std::vector<std::string> out;
  for (const Selector& selector : request.selectors) {
    out.push_back(selector.backend + "|" + selector.name);
  }
  return out;
}

std::vector<std::string> neutral(const std::string& value) {
  return selectors(parse({"XPU_VISIBLE_DEVICES=" + value}));
}

std::string error_for(const Env& env, const std::vector<FoundBackend>& backends = two_backends()) {
  return error_of([&] { parse(env, backends); });
}

TEST(ParseRequest, AsksForNothingWhenNothingIsSet) {
  for (const Env& env : {Env{}, Env{"PATH=/bin", "ACME_VERSION=1"}, Env{"XPU_VISIBLE_DEVICES"},
                         Env{"ACME_VISIBLE_DEVICES_X=all"}, Env{"XPU_VISIBLE_DEVICES="},
                         Env{"XPU_VISIBLE_DEVICES=  "}, Env{"XPU_VISIBLE_DEVICES=void"},
                         Env{"XPU_VISIBLE_DEVICES=0,void,1"}, Env{"ACME_VISIBLE_DEVICES="},
                         Env{"ACME_VISIBLE_DEVICES=void"}, Env{"CAPS_OF_acme=all"}}) {
    const Request request = parse(env);
    EXPECT_EQ(request.kind, RequestKind::kNone);
    EXPECT_EQ(request.variable, "");
    EXPECT_THAT(request.selectors, IsEmpty());
    EXPECT_THAT(request.capabilities, IsEmpty());
    EXPECT_THAT(request.warnings, IsEmpty());
  }
}

TEST(ParseRequest, ReadsTheNeutralVariable) {
  const Request request = parse({"XPU_VISIBLE_DEVICES=0,acme:1"});
  EXPECT_EQ(request.kind, RequestKind::kDevices);
  EXPECT_EQ(request.variable, "XPU_VISIBLE_DEVICES");
  EXPECT_THAT(request.claimed_by, IsEmpty());
  ASSERT_EQ(request.selectors.size(), 2u);
  EXPECT_EQ(request.selectors[1].text, "acme:1");
  EXPECT_EQ(request.selectors[1].variable, "XPU_VISIBLE_DEVICES");
  EXPECT_THAT(request.selectors[1].claimed_by, IsEmpty());
}

TEST(ParseRequest, ReadsLists) {
  EXPECT_THAT(neutral("all"), ElementsAre("|all"));
  EXPECT_THAT(neutral("0,1"), ElementsAre("|0", "|1"));
  EXPECT_THAT(neutral(" 0 , 1 "), ElementsAre("|0", "|1"));
  EXPECT_THAT(neutral("0,1,0,0"), ElementsAre("|0", "|1"));
  EXPECT_THAT(neutral("0,"), ElementsAre("|0"));
  EXPECT_THAT(neutral("0 , "), ElementsAre("|0"));
  EXPECT_THAT(neutral("all,0"), ElementsAre("|all", "|0"));
  EXPECT_THAT(neutral("A-1f,B 2"), ElementsAre("|A-1f", "|B 2"));
}

TEST(ParseRequest, TellsPrefixesFromNames) {
  EXPECT_THAT(neutral("acme:0,beta:all"), ElementsAre("acme|0", "beta|all"));
  EXPECT_THAT(neutral("acme:0:1"), ElementsAre("acme|0:1"));
  EXPECT_THAT(neutral("acme-2:x"), ElementsAre("acme-2|x"));
  EXPECT_THAT(neutral("acme:0000:65:00.0"), ElementsAre("acme|0000:65:00.0"));
  EXPECT_THAT(neutral("face:0"), ElementsAre("face|0"));
  for (const char* name : {"0:1", "0000:65:00.0", "65:00.0", "af:00.0", "face:65:00.0",
                           "10000:65:00.0", "GPU:0", "-a:0", ":0", "0000:AF:1f.7"}) {
    EXPECT_THAT(neutral(name), ElementsAre(std::string("|") + name));
  }
  // Not quite PCI addresses.
  for (const char* rest : {"65:00.10", "6:00.0", "65:00", "65:0g.0", "65:00."}) {
    EXPECT_THAT(neutral(std::string("face:") + rest), ElementsAre(std::string("face|") + rest));
  }
  EXPECT_THAT(neutral("abc:65:00.0"), ElementsAre("abc|65:00.0"));
}

TEST(ParseRequest, ReadsNone) {
  Request request = parse({"XPU_VISIBLE_DEVICES=none"});
  EXPECT_EQ(request.kind, RequestKind::kDriversOnly);
  EXPECT_THAT(selectors(request), ElementsAre("|none"));
  EXPECT_EQ(parse({"XPU_VISIBLE_DEVICES=none,none"}).kind, RequestKind::kDriversOnly);
  EXPECT_EQ(parse({"XPU_VISIBLE_DEVICES=acme:none"}).kind, RequestKind::kDriversOnly);
  EXPECT_EQ(parse({"XPU_VISIBLE_DEVICES=acme:none,beta:0"}).kind, RequestKind::kDevices);
  for (const char* value : {"none,0", "0,none", "all,none", "none,acme:0"}) {
    EXPECT_EQ(error_for({std::string("XPU_VISIBLE_DEVICES=") + value}),
              "XPU_VISIBLE_DEVICES: 'none' cannot be combined with other elements");
  }
}

TEST(ParseRequest, RefusesEmptyElements) {
  for (const char* value : {",", "0,,1", ",0", "0,,", "0, ,1"}) {
    EXPECT_EQ(error_for({std::string("XPU_VISIBLE_DEVICES=") + value}),
              "XPU_VISIBLE_DEVICES: the list holds an empty element; write one comma between two "
              "names")
        << value;
  }
  EXPECT_EQ(error_for({"XPU_VISIBLE_DEVICES=acme:"}),
            "XPU_VISIBLE_DEVICES: the element 'acme:' names no device; write acme:all or acme:0, "
            "for example");
  EXPECT_THAT(error_for({"ACME_VISIBLE_DEVICES=,"}), HasSubstr("ACME_VISIBLE_DEVICES: the list"));
}

TEST(ParseRequest, BoundsLists) {
  EXPECT_EQ(neutral(std::string(256, 'x')).size(), 1u);
  EXPECT_EQ(error_for({"XPU_VISIBLE_DEVICES=0," + std::string(257, 'x')}),
            "XPU_VISIBLE_DEVICES: the element '" + std::string(32, 'x') +
                "...' is longer than 256 bytes");
  std::string same = "0", different = "0";
  for (int i = 1; i < 100'000; ++i) {
    same += ",0";
    different += "," + std::to_string(i);
  }
  EXPECT_THAT(neutral(same), ElementsAre("|0"));
  EXPECT_EQ(error_for({"XPU_VISIBLE_DEVICES=" + different}),
            "XPU_VISIBLE_DEVICES: more than 4096 different elements; '4096' is one too many");
}

TEST(ParseRequest, CountsTheLastOfSeveralEntries) {
  EXPECT_THAT(selectors(parse({"XPU_VISIBLE_DEVICES=all", "XPU_VISIBLE_DEVICES=1"})),
              ElementsAre("|1"));
  EXPECT_EQ(parse({"XPU_VISIBLE_DEVICES=all", "XPU_VISIBLE_DEVICES="}).kind, RequestKind::kNone);
}

TEST(ParseRequest, ReadsAClaimedVariable) {
  const Request request = parse({"BETA_VISIBLE_DEVICES=0,beta:1"});
  EXPECT_EQ(request.kind, RequestKind::kDevices);
  EXPECT_EQ(request.variable, "BETA_VISIBLE_DEVICES");
  EXPECT_THAT(request.claimed_by, ElementsAre("beta"));
  EXPECT_THAT(selectors(request), ElementsAre("|0", "|beta:1"));
  EXPECT_THAT(request.selectors[0].claimed_by, ElementsAre("beta"));
  EXPECT_EQ(parse({"BETA_VISIBLE_DEVICES=none"}).kind, RequestKind::kDriversOnly);
}

TEST(ParseRequest, PutsTheNeutralVariableInForce) {
  EXPECT_EQ(parse({"ACME_VISIBLE_DEVICES=all", "XPU_VISIBLE_DEVICES=0"}).variable,
            "XPU_VISIBLE_DEVICES");
  EXPECT_EQ(parse({"XPU_VISIBLE_DEVICES=void", "ACME_VISIBLE_DEVICES=all"}).kind,
            RequestKind::kNone);
  EXPECT_EQ(parse({"XPU_VISIBLE_DEVICES=", "ACME_VISIBLE_DEVICES=all"}).kind, RequestKind::kNone);
}

TEST(ParseRequest, PutsTheVariablesOfTwoBackendsInForceSideBySide) {
  const Request request = parse({"BETA_VISIBLE_DEVICES=none", "ACME_VISIBLE_DEVICES=0"});
  EXPECT_EQ(request.kind, RequestKind::kDevices);
  EXPECT_EQ(request.variable, "ACME_VISIBLE_DEVICES, BETA_VISIBLE_DEVICES");
  EXPECT_THAT(request.claimed_by, ElementsAre("acme", "beta"));
  EXPECT_THAT(selectors(request), ElementsAre("|0", "|none"));
  EXPECT_THAT(request.selectors[0].claimed_by, ElementsAre("acme"));
  EXPECT_EQ(request.selectors[1].variable, "BETA_VISIBLE_DEVICES");
  EXPECT_THAT(request.selectors[1].claimed_by, ElementsAre("beta"));
  EXPECT_EQ(parse({"BETA_VISIBLE_DEVICES=void", "ACME_VISIBLE_DEVICES=0"}).variable,
            "ACME_VISIBLE_DEVICES");
}

TEST(ParseRequest, LetsBackendsShareAVariable) {
  const Request request =
      parse({"ACME_VISIBLE_DEVICES=0"},
            {backend("acme", "ACME_VISIBLE_DEVICES"), backend("twin", "ACME_VISIBLE_DEVICES")});
  EXPECT_EQ(request.selectors.size(), 1u);
  EXPECT_THAT(request.claimed_by, ElementsAre("acme", "twin"));
}

TEST(ParseRequest, TakesTheFirstVariableOfABackend) {
  auto backends = two_backends();
  backends[0].manifest.device_variables = {"ACME_DEVICES", "ACME_VISIBLE_DEVICES"};
  const Request request = parse({"ACME_VISIBLE_DEVICES=all", "ACME_DEVICES=1"}, backends);
  EXPECT_EQ(request.variable, "ACME_DEVICES");
  EXPECT_THAT(selectors(request), ElementsAre("|1"));
}

TEST(ParseRequest, FailsForARefusedBackend) {
  auto backends = two_backends();
  backends[0].refused = true;
  backends[0].reason = "the library can be written by others";
  EXPECT_EQ(error_for({"ACME_VISIBLE_DEVICES=all"}, backends),
            "ACME_VISIBLE_DEVICES is set, but the backend acme, which serves it, was refused: the "
            "library can be written by others");
  EXPECT_NE(error_for({"ACME_VISIBLE_DEVICES=none"}, backends), "");
  for (const char* value : {"", "void", " "}) {
    EXPECT_EQ(parse({std::string("ACME_VISIBLE_DEVICES=") + value}, backends).kind,
              RequestKind::kNone);
  }
  EXPECT_EQ(parse({"BETA_VISIBLE_DEVICES=all"}, backends).kind, RequestKind::kDevices);
  EXPECT_EQ(parse({"ACME_VISIBLE_DEVICES=all", "XPU_VISIBLE_DEVICES=beta:0"}, backends).kind,
            RequestKind::kDevices);
}

TEST(ParseRequest, WarnsOfADisabledBackend) {
  auto backends = two_backends();
  backends[0].enabled = false;
  const Request request = parse({"ACME_VISIBLE_DEVICES=all,,"}, backends);
  EXPECT_EQ(request.kind, RequestKind::kNone);
  EXPECT_THAT(request.warnings, ElementsAre("ACME_VISIBLE_DEVICES is set, but the backend acme, "
                                            "which serves it, is not enabled"));
  EXPECT_THAT(parse({"ACME_VISIBLE_DEVICES=void"}, backends).warnings, IsEmpty());
}

TEST(Capabilities, ComeFromTheBackendsOwnVariable) {
  const auto of_acme = [](const Env& more) {
    Env env = {"ACME_VISIBLE_DEVICES=0"};
    env.insert(env.end(), more.begin(), more.end());
    const Request request = parse(env);
    EXPECT_EQ(request.capabilities.size(), 1u);
    EXPECT_EQ(request.capabilities[0].backend, "acme");
    return request.capabilities[0].names;
  };
  EXPECT_THAT(of_acme({}), ElementsAre("compute", "utility"));
  EXPECT_THAT(of_acme({"CAPS_OF_acme="}), ElementsAre("compute", "utility"));
  EXPECT_THAT(of_acme({"CAPS_OF_acme=video"}), ElementsAre("video"));
  EXPECT_THAT(of_acme({"CAPS_OF_acme= video, compute,,video,"}), ElementsAre("video", "compute"));
  EXPECT_THAT(of_acme({"CAPS_OF_acme=video,all"}), ElementsAre("all"));
  EXPECT_THAT(of_acme({"CAPS_OF_beta=video"}), ElementsAre("compute", "utility"));
}

TEST(Capabilities, OfEveryBackendBelongToANeutralRequest) {
  auto backends = two_backends();
  backends.push_back(backend("off", "OFF_VISIBLE_DEVICES"));
  backends.back().enabled = false;
  backends.push_back(backend("bad", "BAD_VISIBLE_DEVICES"));
  backends.back().refused = true;
  const Request request = parse({"XPU_VISIBLE_DEVICES=all", "CAPS_OF_beta=video"}, backends);
  ASSERT_EQ(request.capabilities.size(), 2U);
  EXPECT_EQ(request.capabilities[0].backend, "acme");
  EXPECT_THAT(request.capabilities[0].names, ElementsAre("compute", "utility"));
  EXPECT_EQ(request.capabilities[1].backend, "beta");
  EXPECT_THAT(request.capabilities[1].names, ElementsAre("video"));
}

TEST(Capabilities, FollowTheRulesWhenTheVariableIsUnset) {
  auto backends = two_backends();
  backends[0].manifest.capability_rules = {{"ACME_VERSION", "ACME_REQUIRE", {"all"}},
                                           {"ACME_OLD", "", {"compute"}}};
  const auto of = [&](const Env& more) {
    Env env = {"ACME_VISIBLE_DEVICES=0"};
    env.insert(env.end(), more.begin(), more.end());
    return parse(env, backends).capabilities[0].names;
  };
  EXPECT_THAT(of({"ACME_VERSION=1"}), ElementsAre("all"));
  EXPECT_THAT(of({"ACME_VERSION=1", "ACME_REQUIRE=x"}), ElementsAre("compute", "utility"));
  EXPECT_THAT(of({"ACME_OLD="}), ElementsAre("compute"));
  EXPECT_THAT(of({"ACME_VERSION=1", "CAPS_OF_acme=video"}), ElementsAre("video"));
  EXPECT_THAT(of({"ACME_VERSION=1", "CAPS_OF_acme="}), ElementsAre("compute", "utility"));
}

TEST(Capabilities, SayWhereTheyComeFrom) {
  auto backends = two_backends();
  backends[0].manifest.file = "/b/acme.toml";
  backends[0].manifest.capability_rules = {{"ACME_VERSION", "", {"all"}}};
  const auto source = [&](const std::string& more) {
    return parse({"ACME_VISIBLE_DEVICES=0", more}, backends).capabilities[0].source;
  };
  EXPECT_EQ(source("CAPS_OF_acme=video"), "CAPS_OF_acme");
  EXPECT_EQ(source("CAPS_OF_acme="), "default-capabilities of /b/acme.toml");
  EXPECT_EQ(source("A=b"), "default-capabilities of /b/acme.toml");
  EXPECT_EQ(source("ACME_VERSION=1"), "capability-rules of /b/acme.toml");
}

class KnownVariables : public ::testing::Test {
 protected:
  std::vector<std::string> warnings(const Env& env) {
    return parse_request(test::said(env), two_backends(), Config(), file_).warnings;
  }
  TempDir dir_;
  std::string file_ = dir_.write("known.toml",
                                 "GAMMA_VISIBLE_DEVICES = \"libxpu-gamma\"\n"
                                 "ACME_VISIBLE_DEVICES = \"libxpu-acme\"\n");
};

TEST_F(KnownVariables, NameThePackageToInstall) {
  EXPECT_THAT(warnings({"GAMMA_VISIBLE_DEVICES=all", "GAMMA_VISIBLE_DEVICES=0"}),
              ElementsAre("GAMMA_VISIBLE_DEVICES is set, but no installed backend serves it; "
                          "install the package libxpu-gamma"));
  EXPECT_EQ(warnings({"ACME_VISIBLE_DEVICES=0", "GAMMA_VISIBLE_DEVICES=all"}).size(), 1u);
}

TEST_F(KnownVariables, AreSilentWhenNothingIsAsked) {
  for (const Env& env : {Env{"GAMMA_VISIBLE_DEVICES="}, Env{"GAMMA_VISIBLE_DEVICES=none"},
                         Env{"GAMMA_VISIBLE_DEVICES=0,void"}, Env{"OTHER_VISIBLE_DEVICES=all"},
                         Env{"ACME_VISIBLE_DEVICES=all"},
                         Env{"GAMMA_VISIBLE_DEVICES=all", "XPU_VISIBLE_DEVICES="}}) {
    EXPECT_THAT(warnings(env), IsEmpty()) << env[0];
  }
}

TEST_F(KnownVariables, AreToldFromMisspeltOnes) {
  EXPECT_THAT(warnings({"XPU_CUONT=2", "XPU_MIN_VRMA=1GB", "XPU_CUONT=3"}),
              ElementsAre("XPU_CUONT is set, which means nothing here; did you mean 'XPU_COUNT'?",
                          "XPU_MIN_VRMA is set, which means nothing here; did you mean "
                          "'XPU_MIN_VRAM'?"));
  EXPECT_THAT(warnings({"XPU_COUNT=1", "XPU_HOME=/opt/xpu", "xpu_count=1", "MY_XPU_COUNT=1"}),
              IsEmpty());
  Env many;
  for (int i = 0; i < 100; ++i) {
    many.push_back("XPU_COUNT" + std::to_string(i) + "=1");
  }
  EXPECT_EQ(warnings(many).size(), 16u);
  Config config;
  config.accept_environment = "never";
  EXPECT_THAT(parse_request(test::said({"XPU_CUONT=2"}), two_backends(), config, file_).warnings,
              IsEmpty());
}

TEST_F(KnownVariables, ReadTheFileOnlyWhenItMatters) {
  dir_.write("known.toml", "not toml");
  EXPECT_THAT(warnings({"PATH=/bin", "ACME_VISIBLE_DEVICES=0"}), IsEmpty());
  EXPECT_THAT(warnings({"GAMMA_VISIBLE_DEVICES=0"}), ElementsAre(HasSubstr(file_ + ":1: ")));
  dir_.write("known.toml", "", 0666);
  EXPECT_THAT(warnings({"GAMMA_VISIBLE_DEVICES=0"}),
              ElementsAre(HasSubstr("can be written by group or others")));
  file_ = dir_ / "missing.toml";
  EXPECT_THAT(warnings({"GAMMA_VISIBLE_DEVICES=0"}), IsEmpty());
}

TEST_F(KnownVariables, AskWhateverTheConfigurationSays) {
  auto backends = two_backends();
  backends[0].enabled = false;
  backends[0].manifest.device_variables = {"ACME_DEVICES", "ACME_VISIBLE_DEVICES"};
  backends[1].refused = true;
  const auto asking = [&](const Env& env) {
    return asking_variable(test::said(env), backends, Config(), file_);
  };
  for (const char* value : {"all", "0", "none", ",", "0,void-of-that-name"}) {
    for (const std::string name : {"XPU_VISIBLE_DEVICES", "ACME_DEVICES", "ACME_VISIBLE_DEVICES",
                                   "BETA_VISIBLE_DEVICES", "GAMMA_VISIBLE_DEVICES"}) {
      EXPECT_EQ(asking({"PATH=/bin", name + "=" + value}), name) << value;
      EXPECT_EQ(asking({name + "=" + value, name + "=void"}), "") << name;
    }
  }
  for (const Env& env :
       {Env{}, Env{"PATH=/bin"}, Env{"BETA_VISIBLE_DEVICES= "}, Env{"OTHER_VISIBLE_DEVICES=all"},
        Env{"GAMMA_VISIBLE_DEVICES=0,void"}, Env{"ACME_DEVICES=void", "ACME_VISIBLE_DEVICES=all"},
        Env{"XPU_VISIBLE_DEVICES=void", "ACME_DEVICES=all", "GAMMA_VISIBLE_DEVICES=all"}}) {
    EXPECT_EQ(asking(env), "");
  }
  EXPECT_EQ(asking({"OTHER_VISIBLE_DEVICES=all", "GAMMA_VISIBLE_DEVICES=0"}),
            "GAMMA_VISIBLE_DEVICES");
  EXPECT_EQ(asking({"BETA_VISIBLE_DEVICES=void", "GAMMA_VISIBLE_DEVICES=0"}),
            "GAMMA_VISIBLE_DEVICES");
}

TEST_F(KnownVariables, AllCountAsAskingWhenTheFileCannotBeRead) {
  const auto asking = [&](const Env& env) {
    return asking_variable(test::said(env), {}, Config(), file_);
  };
  dir_.write("known.toml", "not toml");
  EXPECT_EQ(asking({"OTHER_VISIBLE_DEVICES=all"}), "OTHER_VISIBLE_DEVICES");
  EXPECT_EQ(asking({"OTHER_VISIBLE_DEVICES=void", "OTHER_DEVICES=all"}), "");
  dir_.write("known.toml", "", 0666);
  EXPECT_EQ(asking({"OTHER_VISIBLE_DEVICES=all"}), "OTHER_VISIBLE_DEVICES");
  file_ = dir_ / "missing.toml";
  EXPECT_EQ(asking({"OTHER_VISIBLE_DEVICES=all"}), "");
}

TEST_F(KnownVariables, FailWhereABackendFolderCannotBeUsed) {
  auto backends = two_backends();
  FoundBackend folder;
  folder.is_folder = folder.refused = true;
  folder.manifest.name = folder.manifest.file = "/opt/backends";
  folder.reason = "cannot open /opt/backends: Permission denied";
  backends.insert(backends.begin(), folder);
  const std::string problem =
      "the backend folder /opt/backends cannot be used: cannot open /opt/backends: Permission "
      "denied";
  const auto parsed = [&](const Env& env) {
    return parse_request(test::said(env), backends, Config(), file_);
  };
  for (const std::string value : {"all", "none", "acme:0"}) {
    for (const std::string name : {"XPU_VISIBLE_DEVICES", "GAMMA_VISIBLE_DEVICES"}) {
      EXPECT_EQ(error_of([&] { parsed({name + "=" + value}); }), name + " is set, but " + problem);
    }
  }
  EXPECT_EQ(error_of([&] {
              parsed({"GAMMA_VISIBLE_DEVICES=0", "BETA_VISIBLE_DEVICES=0"});
            }),
            "GAMMA_VISIBLE_DEVICES is set, but " + problem);
  for (const Env& env : {Env{}, Env{"XPU_VISIBLE_DEVICES=", "GAMMA_VISIBLE_DEVICES=0"},
                         Env{"GAMMA_VISIBLE_DEVICES=void"}, Env{"OTHER_VISIBLE_DEVICES=all"}}) {
    const Request request = parsed(env);
    EXPECT_EQ(request.kind, RequestKind::kNone);
    EXPECT_THAT(request.warnings, ElementsAre(problem));
  }
  const Request served = parsed({"ACME_VISIBLE_DEVICES=0"});
  EXPECT_THAT(served.claimed_by, ElementsAre("acme"));
  EXPECT_THAT(served.warnings, ElementsAre(problem));
}

TEST(ShippedKnownVariables, NameAPackageEach) {
  const TempDir dir;
  const std::string file =
      dir.write("known.toml", test::slurp(XPU_SOURCE_DIR "/config/known-variables.toml"));
  const Request request =
      parse_request(test::said({"NVIDIA_VISIBLE_DEVICES=0", "AMD_VISIBLE_DEVICES=0",
                                "INTEL_VISIBLE_DEVICES=0", "HABANA_VISIBLE_DEVICES=0"}),
                    {}, Config(), file);
  EXPECT_EQ(request.kind, RequestKind::kNone);
  EXPECT_THAT(
      request.warnings,
      UnorderedElementsAre(HasSubstr("package libxpu-nvidia"), HasSubstr("package libxpu-amd"),
                           "INTEL_VISIBLE_DEVICES is set, but no installed backend serves it; "
                           "install the package libxpu-intel",
                           "HABANA_VISIBLE_DEVICES is set, but no installed backend serves it; "
                           "install the package libxpu-intel"));
}

}  // namespace
}  // namespace xpu
