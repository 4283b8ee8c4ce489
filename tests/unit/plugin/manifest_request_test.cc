// SPDX-License-Identifier: Apache-2.0
// The tables below [request] of a manifest: features, requirements, vendors of variables.
#include "core/base/error.h"
#include "core/plugin/obligations.h"
#include "tests/unit/plugin/world.h"

namespace xpu {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kHead =
    "manifest-version = 1\nname = \"acme\"\nlibrary = \"libxpu-acme.so\"\nabi = \"1.0\"\n";

class ManifestRequestTest : public World {
 protected:
  FoundBackend parse(const std::string& request) const {
    write("backends/acme.toml", cat(kHead, request));
    const auto found = find_backends(config_);
    EXPECT_EQ(found.size(), 1U);
    return found.empty() ? FoundBackend{} : found[0];
  }
  // The reason behind the file's name; lines count from the first of `request`.
  std::string refusal(const std::string& request) const {
    const FoundBackend found = parse(request);
    EXPECT_TRUE(found.refused);
    EXPECT_EQ(tag_of(found.reason), Obligation::kManifest);
    const std::string file = manifest("acme"), reason(untagged(found.reason));
    const std::size_t colon = reason.find(": ");
    EXPECT_EQ(reason.substr(0, file.size() + 1), file + ":");
    const int line = std::atoi(reason.c_str() + file.size() + 1);
    return cat(line - 4, reason.substr(colon));
  }
};

TEST_F(ManifestRequestTest, ReadsFeatures) {
  const FoundBackend found = parse(R"([[request.features]]
name = "rdma"
variable = "ACME_RDMA"
values = ["enabled", "All"]
[[request.features]]
name = "channels"
variables = ["ACME_CHANNELS", "OLD_CHANNELS"]
list = true
prefix = "channel"
privileged = true
)");
  ASSERT_FALSE(found.refused) << found.reason;
  const std::vector<Feature>& features = found.manifest.features;
  ASSERT_EQ(features.size(), 2U);
  EXPECT_EQ(features[0].name, "rdma");
  EXPECT_THAT(features[0].variables, ElementsAre("ACME_RDMA"));
  EXPECT_THAT(features[0].values, ElementsAre("enabled", "All"));
  EXPECT_FALSE(features[0].list);
  EXPECT_FALSE(features[0].privileged);
  EXPECT_EQ(features[0].prefix, "");
  EXPECT_EQ(features[1].name, "channels");
  EXPECT_THAT(features[1].variables, ElementsAre("ACME_CHANNELS", "OLD_CHANNELS"));
  EXPECT_THAT(features[1].values, IsEmpty());
  EXPECT_TRUE(features[1].list);
  EXPECT_TRUE(features[1].privileged);
  EXPECT_EQ(features[1].prefix, "channel");
}

TEST_F(ManifestRequestTest, RefusesOddFeatures) {
  const auto with = [&](const std::string& text) {
    return refusal("[[request.features]]\n" + text);
  };
  const std::string good = "name = \"rdma\"\nvariable = \"A\"\n";
  EXPECT_EQ(refusal("[request]\nfeatures = 1\n"),
            "2: [[request.features]] is not a list of tables");
  EXPECT_EQ(refusal("[request]\nfeatures = [1]\n"),
            "2: [[request.features]] is not a list of tables");
  EXPECT_EQ(with("switch = 1\n"),
            "2: [[request.features]] unknown key \"switch\"; known are name, variable, variables, "
            "values, list, prefix, privileged");
  EXPECT_EQ(with("variable = \"A\"\n"), "1: [[request.features]] without name");
  EXPECT_EQ(with("name = 1\n"), "2: [[request.features]] name is not text of one line");
  EXPECT_EQ(with("name = \"Big\"\n"),
            "2: [[request.features]] name: \"Big\" is not [a-z][a-z0-9-]*");
  const std::string which = "1: [[request.features]] \"rdma\" needs either variable or variables";
  EXPECT_EQ(with("name = \"rdma\"\n"), which);
  EXPECT_EQ(with("name = \"rdma\"\nvariables = []\n"), which);
  EXPECT_EQ(with("name = \"rdma\"\nvariables = [\"A\"]\nvariable = \"B\"\n"), which);
  EXPECT_EQ(with("name = \"rdma\"\nvariable = \"A B\"\n"),
            "3: [[request.features]] variable: \"A B\" is not [A-Za-z_][A-Za-z0-9_]*");
  EXPECT_EQ(with("name = \"rdma\"\nvariables = [\"A*\"]\n"),
            "3: [[request.features]] variables: \"A*\" is not [A-Za-z_][A-Za-z0-9_]*");
  EXPECT_EQ(with("name = \"rdma\"\nvariable = \"XPU_VISIBLE_DEVICES\"\n"),
            "3: [[request.features]] variable: XPU_VISIBLE_DEVICES belongs to no backend");
  const std::string how =
      "1: [[request.features]] \"rdma\" needs either values that switch it on or list = true";
  EXPECT_EQ(with(good), how);
  EXPECT_EQ(with(good + "values = []\n"), how);
  EXPECT_EQ(with(good + "values = [\"on\"]\nlist = true\n"), how);
  EXPECT_EQ(with(good + "list = 1\n"), "4: [[request.features]] list is not true or false");
  EXPECT_EQ(with(good + "privileged = \"no\"\n"),
            "4: [[request.features]] privileged is not true or false");
  EXPECT_EQ(with(good + "values = \"on\"\n"), "4: [[request.features]] values is not a list");
  for (const char* off : {"", "0", "False", "disabled", "none", "VOID"}) {
    EXPECT_EQ(with(good + "values = [\"" + off + "\"]\n"),
              cat("4: [[request.features]] values: \"", off, "\" never switches anything on"));
  }
  EXPECT_EQ(with(good + "values = [\"on\"]\nprefix = \"x\"\n"),
            "5: [[request.features]] prefix is for a feature with list = true");
  EXPECT_EQ(with(good + "list = true\nprefix = \"a b\"\n"),
            "5: [[request.features]] prefix: \"a b\" is not [A-Za-z0-9][A-Za-z0-9._-]*");
  EXPECT_EQ(with(good + "list = true\n[[request.features]]\n" + good + "list = true\n"),
            "6: [[request.features]] name: \"rdma\" comes twice");
}

TEST_F(ManifestRequestTest, FeaturesAreNotGivenByDefault) {
  const std::string feature =
      "[[request.features]]\nname = \"rdma\"\nvariable = \"A\"\nvalues = [\"on\"]\n";
  EXPECT_EQ(refusal("[request]\ndefault-capabilities = [\"compute\", \"rdma\"]\n" + feature),
            "2: [request] default-capabilities: \"rdma\" is a feature, which only its own variable "
            "switches on");
  EXPECT_EQ(refusal("[[request.capability-rules]]\nif-set = \"B\"\ncapabilities = [\"rdma\"]\n" +
                    feature),
            "3: [[request.capability-rules]] capabilities: \"rdma\" is a feature, which only its "
            "own variable switches on");
}

TEST_F(ManifestRequestTest, ReadsVendorsOfVariables) {
  const FoundBackend found = parse(R"([request]
device-variables = ["ACME_DEVICES", "ANVIL_DEVICES"]
[[request.variables]]
variable = "ANVIL_DEVICES"
vendors = ["anvil", "hammer"]
)");
  ASSERT_FALSE(found.refused) << found.reason;
  ASSERT_EQ(found.manifest.variable_vendors.size(), 1U);
  EXPECT_EQ(found.manifest.variable_vendors[0].variable, "ANVIL_DEVICES");
  EXPECT_THAT(found.manifest.variable_vendors[0].vendors, ElementsAre("anvil", "hammer"));
}

TEST_F(ManifestRequestTest, RefusesOddVendorsOfVariables) {
  const auto with = [&](const std::string& text) {
    return refusal("[request]\ndevice-variables = [\"A\"]\n[[request.variables]]\n" + text);
  };
  EXPECT_EQ(refusal("[request]\nvariables = []\n[request.variables]\nx = 1\n").substr(0, 2), "3:");
  EXPECT_EQ(refusal("[request]\nvariables = [1]\n"),
            "2: [[request.variables]] is not a list of tables");
  EXPECT_EQ(with("vendor = \"a\"\n"),
            "4: [[request.variables]] unknown key \"vendor\"; known are variable, vendors");
  EXPECT_EQ(with("vendors = [\"a\"]\n"), "3: [[request.variables]] without variable");
  EXPECT_EQ(with("variable = 1\n"), "4: [[request.variables]] variable is not text of one line");
  EXPECT_EQ(with("variable = \"A\"\n"), "3: [[request.variables]] without vendors");
  EXPECT_EQ(with("variable = \"A\"\nvendors = [\"Big\"]\n"),
            "5: [[request.variables]] vendors: \"Big\" is not [a-z][a-z0-9-]*");
  EXPECT_EQ(with("variable = \"B\"\nvendors = [\"a\"]\n"),
            "4: [[request.variables]] variable: B is not among the device-variables");
  const std::string good = "variable = \"A\"\nvendors = [\"a\"]\n";
  EXPECT_EQ(with(good + "[[request.variables]]\n" + good),
            "7: [[request.variables]] variable: A comes twice");
}

TEST_F(ManifestRequestTest, ReadsFoldersForMounts) {
  const FoundBackend found = parse(R"([request]
device-variables = ["ACME_DEVICES"]
device-mounts = ["/var/run/acme-container-devices", "/run/Acme_2.x"]
)");
  ASSERT_FALSE(found.refused) << found.reason;
  EXPECT_THAT(found.manifest.device_mounts,
              ElementsAre("/var/run/acme-container-devices", "/run/Acme_2.x"));
}

TEST_F(ManifestRequestTest, RefusesOddFoldersForMounts) {
  const auto with = [&](const std::string& text) {
    return refusal("[request]\ndevice-variables = [\"A\"]\ndevice-mounts = " + text + "\n");
  };
  EXPECT_EQ(with("\"/a\""), "3: [request] device-mounts is not a list");
  EXPECT_EQ(with("[1]"), "3: [request] device-mounts is not text of one line");
  for (const std::string folder :
       {"", "/", "a", "/a/", "/a//b", "/a/../b", "/a b", "/a,b", "/a'b"}) {
    EXPECT_EQ(with("[\"" + folder + "\"]"),
              "3: [request] device-mounts: \"" + folder +
                  "\" is not an absolute path of [A-Za-z0-9._/-] without \"..\" and a slash at its "
                  "end");
  }
  EXPECT_EQ(refusal("[request]\ndevice-mounts = [\"/a\"]\n"),
            "2: [request] device-mounts needs a variable in device-variables, whose elements it "
            "names");
}

TEST_F(ManifestRequestTest, ReadsRequirements) {
  const FoundBackend found = parse(R"([request.requirements]
variables = ["ACME_REQUIRE_*", "ACME_NEEDS"]
except = ["ACME_REQUIRE_OTHER", "ACME_REQUIRE_X*"]
disable = ["ACME_DISABLE_REQUIRE"]
[[request.requirements.rules]]
if-set = "ACME_VERSION"
if-unset = "ACME_REQUIRE_TOOLS"
requires = "tools>=${major}.${minor} tools=${value}"
[[request.requirements.rules]]
if-set = "ACME_OLD"
requires = "tools<3"
)");
  ASSERT_FALSE(found.refused) << found.reason;
  const Requirements& requirements = found.manifest.requirements;
  EXPECT_THAT(requirements.variables, ElementsAre("ACME_REQUIRE_*", "ACME_NEEDS"));
  EXPECT_THAT(requirements.except, ElementsAre("ACME_REQUIRE_OTHER", "ACME_REQUIRE_X*"));
  EXPECT_THAT(requirements.disable, ElementsAre("ACME_DISABLE_REQUIRE"));
  ASSERT_EQ(requirements.rules.size(), 2U);
  EXPECT_EQ(requirements.rules[0].if_set, "ACME_VERSION");
  EXPECT_EQ(requirements.rules[0].if_unset, "ACME_REQUIRE_TOOLS");
  EXPECT_EQ(requirements.rules[0].requires_text, "tools>=${major}.${minor} tools=${value}");
  EXPECT_EQ(requirements.rules[1].if_unset, "");
}

TEST_F(ManifestRequestTest, RefusesOddRequirements) {
  const auto with = [&](const std::string& text) {
    return refusal("[request.requirements]\n" + text);
  };
  const auto rule = [&](const std::string& text) {
    return refusal("[[request.requirements.rules]]\n" + text);
  };
  EXPECT_EQ(refusal("[request]\nrequirements = 1\n"), "2: [request] requirements is not a table");
  EXPECT_EQ(with("variable = \"A\"\n"),
            "2: [request.requirements] unknown key \"variable\"; known are variables, except, "
            "disable, rules");
  for (const char* name : {"*", "A**", "A*B", ""}) {
    EXPECT_EQ(with(cat("variables = [\"", name, "\"]\n")),
              cat("2: [request.requirements] variables: \"", name,
                  "\" is not [A-Za-z_][A-Za-z0-9_]*, nor such a name with '*' behind it"));
  }
  EXPECT_EQ(with("except = \"A\"\n"), "2: [request.requirements] except is not a list");
  EXPECT_EQ(with("disable = [\"A*\"]\n"),
            "2: [request.requirements] disable: \"A*\" is not [A-Za-z_][A-Za-z0-9_]*");
  EXPECT_EQ(with("rules = 1\n"), "2: [[request.requirements.rules]] is not a list of tables");
  EXPECT_EQ(rule("if = 1\n"),
            "2: [[request.requirements.rules]] unknown key \"if\"; known are if-set, if-unset, "
            "requires");
  EXPECT_EQ(rule("requires = \"a=1\"\n"), "1: [[request.requirements.rules]] without if-set");
  EXPECT_EQ(rule("if-set = \"A\"\n"), "1: [[request.requirements.rules]] without requires");
  for (const char* text : {"a=$", "a=${", "a=${values}", "a=$value", "a=${value}$"}) {
    EXPECT_EQ(rule(cat("if-set = \"A\"\nrequires = \"", text, "\"\n")),
              cat("3: [[request.requirements.rules]] requires: \"", text,
                  "\" may hold ${value}, ${major} and ${minor}, and no other '$'"));
  }
}

TEST_F(ManifestRequestTest, RefusesARuleThatSaysNothing) {
  EXPECT_EQ(
      refusal("[[request.requirements.rules]]\nif-set = \"A\"\nrequires = \"tools ${value}\"\n"),
      "3: [[request.requirements.rules]] requires: 'tools' is not understood; a property, one "
      "of = != < <= > >= and a value are wanted, such as driver>=535");
}

TEST_F(ManifestRequestTest, OfARefusedManifestOnlyClaimsCount) {
  const FoundBackend found = parse(R"([request]
device-variables = ["ACME_DEVICES", 7, "A B", "XPU_VISIBLE_DEVICES"]
device-mounts = ["/run/acme", 7, "odd"]
capability-variables = ["ACME_CAPABILITIES"]
[[request.variables]]
variable = "ACME_DEVICES"
vendors = ["anvil", "Big", 3]
[[request.features]]
name = "rdma"
variable = "ACME_RDMA"
values = ["on"]
[request.requirements]
variables = ["ACME_REQUIRE_*"]
)");
  EXPECT_TRUE(found.refused);
  EXPECT_THAT(found.manifest.device_mounts, ElementsAre("/run/acme"));
  EXPECT_THAT(found.manifest.device_variables, ElementsAre("ACME_DEVICES"));
  EXPECT_THAT(found.manifest.capability_variables, ElementsAre("ACME_CAPABILITIES"));
  ASSERT_EQ(found.manifest.variable_vendors.size(), 1U);
  EXPECT_EQ(found.manifest.variable_vendors[0].variable, "ACME_DEVICES");
  EXPECT_THAT(found.manifest.variable_vendors[0].vendors, ElementsAre("anvil"));
  EXPECT_THAT(found.manifest.features, IsEmpty());
  EXPECT_THAT(found.manifest.requirements.variables, IsEmpty());
}

// Read before what it is refused for.
TEST_F(ManifestRequestTest, OfOneRefusedLateFeaturesDoNotCount) {
  const FoundBackend found = parse(R"([request]
device-variables = ["ACME_DEVICES"]
[[request.features]]
name = "rdma"
variable = "ACME_RDMA"
values = ["on"]
[request.requirements]
variables = ["ACME_REQUIRE_*"]
[options]
Big = 1
)");
  EXPECT_TRUE(found.refused);
  EXPECT_THAT(found.manifest.device_variables, ElementsAre("ACME_DEVICES"));
  EXPECT_THAT(found.manifest.features, IsEmpty());
  EXPECT_THAT(found.manifest.requirements.variables, IsEmpty());
}

TEST_F(ManifestRequestTest, ReadsNamesOfHooks) {
  const FoundBackend found = parse("[request]\nhooks = [\"acme-hook\", \"acme_2.0\"]\n");
  EXPECT_FALSE(found.refused) << found.reason;
  EXPECT_THAT(found.manifest.hooks, ElementsAre("acme-hook", "acme_2.0"));
  EXPECT_EQ(refusal("[request]\nhooks = [\"a\",\n\"/bin/hook\"]\n"),
            "3: [request] hooks: \"/bin/hook\" is no name of a program: [A-Za-z0-9._-], without a "
            "folder and a dot at its beginning");
  EXPECT_EQ(refusal("[request]\nhooks = [\"..\"]\n"),
            "2: [request] hooks: \"..\" is no name of a program: [A-Za-z0-9._-], without a "
            "folder and a dot at its beginning");
  EXPECT_THAT(parse("[request]\nhooks = [\"acme-hook\", \"a/b\"]\n").manifest.hooks,
              ElementsAre("acme-hook"));
}

}  // namespace
}  // namespace xpu
