// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/manifest.h"

#include "core/base/error.h"
#include "core/plugin/obligations.h"
#include "tests/unit/plugin/world.h"

namespace xpu {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::Pair;

constexpr const char* kHead =
    "manifest-version = 1\nname = \"acme\"\nlibrary = \"libxpu-acme.so\"\nabi = \"1.0\"\n";

class ManifestTest : public World {
 protected:
  FoundBackend parse(const std::string& text) const {
    write("backends/acme.toml", text);
    const auto found = find_backends(config_);
    EXPECT_EQ(found.size(), 1U);
    return found.empty() ? FoundBackend{} : found[0];
  }
  // The reason without the file's name and the obligation's number.
  std::string refusal(const std::string& text) const {
    const FoundBackend found = parse(text);
    EXPECT_TRUE(found.refused);
    EXPECT_EQ(tag_of(found.reason), Obligation::kManifest);
    const std::string file = manifest("acme"), reason(untagged(found.reason));
    EXPECT_EQ(reason.substr(0, file.size()), file);
    return reason.substr(std::min(file.size(), reason.size()));
  }
};

TEST_F(ManifestTest, ReadsEverything) {
  config_.backends["acme"].options["root"] = "/srv/acme";
  const FoundBackend found = parse(cat(kHead, R"(summary = "Acme anvils"
simulated = true
[request]
device-variables = ["ACME_VISIBLE_DEVICES"]
capability-variables = ["ACME_CAPABILITIES"]
default-capabilities = ["compute", "utility"]
[[request.capability-rules]]
if-set = "ACME_VERSION"
if-unset = "ACME_NEW"
capabilities = ["all"]
[detect]
any = ["${root}/proc/acme", "${slash}/dev/acme", "/sys/module/acme"]
[options]
root = "/"
slash = "/"
count = 3
fast = true
)"));
  EXPECT_FALSE(found.refused) << found.reason;
  EXPECT_TRUE(found.enabled);
  EXPECT_EQ(found.reason, "");
  const Manifest& m = found.manifest;
  EXPECT_EQ(m.file, manifest("acme"));
  EXPECT_EQ(m.name, "acme");
  EXPECT_EQ(m.library, dir() + "/libxpu-acme.so");
  EXPECT_EQ(m.summary, "Acme anvils");
  EXPECT_EQ(m.abi_major, 1U);
  EXPECT_EQ(m.abi_minor, 0U);
  EXPECT_TRUE(m.enabled_by_default);
  EXPECT_TRUE(m.simulated);
  EXPECT_THAT(m.device_variables, ElementsAre("ACME_VISIBLE_DEVICES"));
  EXPECT_THAT(m.capability_variables, ElementsAre("ACME_CAPABILITIES"));
  EXPECT_THAT(m.default_capabilities, ElementsAre("compute", "utility"));
  ASSERT_EQ(m.capability_rules.size(), 1U);
  EXPECT_EQ(m.capability_rules[0].if_set, "ACME_VERSION");
  EXPECT_EQ(m.capability_rules[0].if_unset, "ACME_NEW");
  EXPECT_THAT(m.capability_rules[0].capabilities, ElementsAre("all"));
  EXPECT_THAT(m.detect_any, ElementsAre("/srv/acme/proc/acme", "/dev/acme", "/sys/module/acme"));
  EXPECT_THAT(m.options, ElementsAre(Pair("count", "3"), Pair("fast", "true"),
                                     Pair("root", "/srv/acme"), Pair("slash", "/")));
}

TEST_F(ManifestTest, EnabledByDefaultOrByConfiguration) {
  const std::string off = cat(kHead, "enabled-by-default = false\n");
  FoundBackend found = parse(off);
  EXPECT_FALSE(found.enabled);
  EXPECT_FALSE(found.refused);
  EXPECT_EQ(found.reason,
            "off by default; set enabled = true in [backends.acme] of " + config_.file);
  config_.backends["acme"].enabled = BackendConfig::Enabled::kYes;
  found = parse(off);
  EXPECT_TRUE(found.enabled);
  EXPECT_EQ(found.reason, "");
  config_.backends["acme"].enabled = BackendConfig::Enabled::kNo;
  found = parse(kHead);
  EXPECT_FALSE(found.enabled);
  EXPECT_EQ(found.reason, "disabled by [backends.acme] of " + config_.file);
}

TEST_F(ManifestTest, RefusesWhatItDoesNotUnderstand) {
  EXPECT_EQ(refusal(""), ": manifest-version is not 1, the only one that this version reads");
  EXPECT_EQ(refusal("manifest-version = 2\n"),
            ":1: manifest-version is not 1, the only one that this version reads");
  EXPECT_EQ(refusal("manifest-version = 1\n"), ": the key name is missing");
  EXPECT_EQ(refusal("manifest-version = 1\nname = \"other\"\n"),
            ":2: name is \"other\"; the manifest of a backend NAME is called NAME.toml");
  EXPECT_EQ(refusal("manifest-version = 1\nname = 7\n"), ":2: name is not text of one line");
  EXPECT_EQ(refusal(cat(kHead, "colour = 1\n")),
            ":5: unknown key \"colour\"; known are manifest-version, name, library, sha256, abi, "
            "summary, enabled-by-default, simulated, request, cdi, detect, options");
  EXPECT_EQ(refusal(cat(kHead, "simulated = \"yes\"\n")), ":5: simulated is not true or false");
  EXPECT_EQ(refusal(cat(kHead, "summary = \"a\\nb\"\n")), ":5: summary is not text of one line");
  EXPECT_EQ(refusal(cat(kHead, "request = 1\n")), ":5: request is not a table");
  EXPECT_EQ(
      refusal(cat(kHead, "[request]\ndevices = []\n")),
      ":6: [request] unknown key \"devices\"; known are device-variables, device-mounts, hooks, "
      "capability-variables, default-capabilities, capability-rules, variables, features, "
      "requirements");
  EXPECT_EQ(refusal(cat(kHead, "[request]\ndevice-variables = \"A\"\n")),
            ":6: [request] device-variables is not a list");
  EXPECT_EQ(refusal(cat(kHead, "[request]\ndevice-variables = [\"A B\"]\n")),
            ":6: [request] device-variables: \"A B\" is not [A-Za-z_][A-Za-z0-9_]*");
  EXPECT_EQ(refusal(cat(kHead, "[request]\ndevice-variables = [\"XPU_VISIBLE_DEVICES\"]\n")),
            ":6: [request] device-variables: XPU_VISIBLE_DEVICES belongs to no backend");
  EXPECT_EQ(refusal(cat(kHead, "[request]\ndefault-capabilities = [\"Big\"]\n")),
            ":6: [request] default-capabilities: \"Big\" is not [a-z][a-z0-9-]*");
  EXPECT_EQ(refusal(cat(kHead, "[request]\ncapability-rules = [1]\n")),
            ":6: [[request.capability-rules]] is not a list of tables");
  EXPECT_EQ(refusal(cat(kHead, "[[request.capability-rules]]\ncapabilities = []\n")),
            ":5: [[request.capability-rules]] without if-set");
  EXPECT_EQ(refusal(cat(kHead, "[options]\nBig = 1\n")),
            ":6: [options] \"Big\" is not [a-z][a-z0-9-]*");
  EXPECT_EQ(refusal(cat(kHead, "[options]\nbig = []\n")),
            ":6: [options] big is not text of one line");
  for (const char* own : {"enabled", "features"}) {
    EXPECT_EQ(refusal(cat(kHead, "[options]\n", own, " = \"x\"\n")),
              cat(":6: [options] \"", own,
                  "\" is what the runtime itself reads in the configuration; take another name"));
  }
}

TEST_F(ManifestTest, RefusesOtherVersionsOfTheAbi) {
  const auto with_abi = [&](const std::string& abi) {
    return refusal(
        cat("manifest-version = 1\nname = \"acme\"\nlibrary = \"a.so\"\nabi = \"", abi, "\"\n"));
  };
  for (const char* abi : {"0.0", "0.1", "1.1", "2.0", "1.4294967295"}) {
    EXPECT_EQ(with_abi(abi),
              cat(":4: the library is built for ABI ", abi, "; this version accepts 1.0"));
  }
  for (const char* abi : {"", "0", "0.", ".1", "0.1.2", "0,1", "v0.1", "-1.0", "0.99999999999"}) {
    EXPECT_EQ(with_abi(abi), cat(":4: abi is \"", abi, "\"; a version such as \"1.0\" is wanted"));
  }
}

TEST_F(ManifestTest, RefusesOddLibraries) {
  const auto with_library = [&](const std::string& library) {
    return cat("manifest-version = 1\nname = \"acme\"\nlibrary = \"", library,
               "\"\nabi = \"1.0\"\n");
  };
  for (const char* odd : {"", ".so", "a", "a.so.1", "A.so", ".hidden.so", "sub/a.so", "../a.so",
                          "./a.so", "/opt/../a.so", "/opt//a.so", "a b.so", "/opt/a"}) {
    EXPECT_EQ(refusal(with_library(odd)),
              cat(":3: library is \"", odd,
                  "\"; the name of a file beside the manifest, or an absolute path, is wanted, "
                  "and the file's name is [a-z0-9-]+.so"));
  }
  EXPECT_EQ(parse(with_library("/opt/acme/a.so")).manifest.library, "/opt/acme/a.so");
}

TEST_F(ManifestTest, ReadsTheHashOfTheLibrary) {
  const std::string hash = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
  const auto with_hash = [&](const std::string& value) {
    return cat(kHead, "sha256 = \"", value, "\"\n");
  };
  EXPECT_EQ(parse(kHead).manifest.sha256, "");
  EXPECT_EQ(parse(with_hash(hash)).manifest.sha256, hash);
  std::string capital = hash;
  capital[10] = 'A';
  for (const std::string& odd :
       {std::string(), hash.substr(1), hash + "0", capital, hash.substr(1) + "g",
        hash.substr(1) + " ", "0x" + hash.substr(2)}) {
    EXPECT_EQ(
        refusal(with_hash(odd)),
        cat(":5: sha256 is \"", odd,
            "\"; the 64 hexadecimal digits that sha256sum prints for the library are wanted"));
  }
  EXPECT_EQ(refusal(cat(kHead, "sha256 = 7\n")), ":5: sha256 is not text of one line");
}

TEST_F(ManifestTest, RefusesOneWithoutAHashWhereItIsDemanded) {
  config_.require_sha256 = true;
  EXPECT_EQ(
      parse(cat(kHead, "[request]\ndevice-variables = [\"ACME_VISIBLE_DEVICES\"]\n")).reason,
      cat(manifest("acme"), ": no sha256 of ", dir(), "/libxpu-acme.so, which require-sha256 of ",
          config_.file, " demands; install a version of the package that states it"));
  EXPECT_THAT(find_backends(config_)[0].manifest.device_variables,
              ElementsAre("ACME_VISIBLE_DEVICES"));
  EXPECT_FALSE(parse(cat(kHead, "sha256 = \"", std::string(64, '0'), "\"\n")).refused);
}

TEST_F(ManifestTest, RefusesOptionsThatItDoesNotDeclare) {
  config_.backends["acme"].options["colour"] = "red";
  FoundBackend found = parse(cat(kHead, "[options]\nroot = \"/\"\nspeed = \"9\"\n"));
  EXPECT_TRUE(found.refused);
  EXPECT_EQ(found.reason, cat(config_.file,
                              ": [backends.acme] has no option \"colour\"; it has "
                              "enabled, features, root, speed"));
  config_.backends["acme"].options = {{"root", "a\nb"}};
  found = parse(cat(kHead, "[options]\nroot = \"/\"\n"));
  EXPECT_EQ(found.reason, config_.file + ": [backends.acme] root is not text of one line");
}

TEST_F(ManifestTest, NamesThePlaceOfASettingThatItRefuses) {
  config_.origins = {{"backends.acme.sped", {"/etc/x/config.d/20.toml", 7}},
                     {"backends.acme.root", {"/etc/x/config.d/20.toml", 8}},
                     {"backends.acme.features", {"/etc/x/config.d/30.toml", 2}}};
  config_.backends["acme"].options = {{"sped", "1"}};
  const std::string text = cat(kHead,
                               "[[request.features]]\nname = \"rdma\"\nvariable = \"A\"\n"
                               "values = [\"on\"]\n[options]\nroot = \"/\"\nspeed = \"9\"\n");
  EXPECT_EQ(parse(text).reason,
            "/etc/x/config.d/20.toml:7: [backends.acme] has no option \"sped\"; it has enabled, "
            "features, root, speed; did you mean 'speed'?");
  config_.backends["acme"].options = {{"root", "a\nb"}};
  EXPECT_EQ(parse(text).reason,
            "/etc/x/config.d/20.toml:8: [backends.acme] root is not text of one line");
  config_.backends["acme"].options.clear();
  config_.backends["acme"].features = {"rmda"};
  EXPECT_EQ(parse(text).reason,
            "/etc/x/config.d/30.toml:2: [backends.acme] features: there is no feature \"rmda\"; "
            "there are rdma");
  config_.backends["acme"].features = {"rdmaa"};
  EXPECT_EQ(parse(text).reason,
            "/etc/x/config.d/30.toml:2: [backends.acme] features: there is no feature \"rdmaa\"; "
            "there are rdma; did you mean 'rdma'?");
}

TEST_F(ManifestTest, RefusesFeaturesThatItDoesNotHave) {
  const std::string features = cat(kHead,
                                   "[[request.features]]\nname = \"rdma\"\nvariable = \"A\"\n"
                                   "values = [\"on\"]\n");
  config_.backends["acme"].features = {"rdma", "warp"};
  EXPECT_EQ(
      parse(features).reason,
      config_.file + ": [backends.acme] features: there is no feature \"warp\"; there are rdma");
  EXPECT_EQ(parse(kHead).reason,
            config_.file +
                ": [backends.acme] features: there is no feature \"rdma\"; this backend has none");
  config_.backends["acme"].features = {"rdma"};
  EXPECT_FALSE(parse(features).refused);
  config_.backends["acme"].features = std::vector<std::string>();
  EXPECT_FALSE(parse(kHead).refused);
}

TEST_F(ManifestTest, RefusesOddDetection) {
  EXPECT_EQ(refusal(cat(kHead, "[detect]\nall = []\n")),
            ":6: [detect] unknown key \"all\"; known are any");
  for (const char* path : {"${root}/x", "/a/${", "/a/${root"}) {
    EXPECT_EQ(
        refusal(cat(kHead, "[detect]\nany = [\"", path, "\"]\n")),
        cat(":6: [detect] any: \"", path, "\" uses an option that [options] does not declare"));
  }
  EXPECT_EQ(refusal(cat(kHead, "[detect]\nany = [\"${root}/x\"]\n[options]\nroot = \"a/..\"\n")),
            ":6: [detect] any: \"${root}/x\" is \"a/../x\", not an absolute path without \"..\"");
}

TEST_F(ManifestTest, RefusesBothOfTwo) {
  fs::create_directory(path("more"));
  config_.backend_dirs.push_back(path("more"));
  write("backends/acme.toml", kHead);
  write("more/acme.toml", kHead);
  const auto found = find_backends(config_);
  ASSERT_EQ(found.size(), 2U);
  for (const FoundBackend& backend : found) {
    EXPECT_TRUE(backend.refused);
    EXPECT_EQ(backend.reason, cat("two manifests are for the backend acme: ", dir(),
                                  "/acme.toml and ", path("more"), "/acme.toml; remove one"));
  }
}

TEST_F(ManifestTest, LeavesOutWhatIsOfNoInterest) {
  fs::create_directory(path("more"));
  config_.backend_dirs.push_back(path("more"));
  write("backends/acme.toml", cat(kHead, "# interesting\n"));
  write("backends/other.toml", "nonsense");
  const auto found = [&] {
    return find_backends(config_, [](std::string_view text) {
      return text.find("interesting") != std::string_view::npos;
    });
  };
  ASSERT_EQ(found().size(), 1U);
  EXPECT_EQ(found()[0].manifest.name, "acme");
  EXPECT_FALSE(found()[0].refused);
  // A second manifest of that name counts, whatever it says.
  write("more/acme.toml", "nonsense");
  ASSERT_EQ(found().size(), 2U);
  EXPECT_TRUE(found()[0].refused);
}

TEST_F(ManifestTest, FindsManifestsOnly) {
  config_.backend_dirs.push_back(path("missing"));
  for (const char* name : {".hidden.toml", "acme.toml~", "acme.toml.bak", "toml", "README"}) {
    write(cat("backends/", name), "nonsense");
  }
  EXPECT_TRUE(find_backends(config_).empty());
  write("backends/Big.toml", kHead);
  const auto found = find_backends(config_);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].reason,
            dir() +
                "/Big.toml: the name of a manifest is NAME.toml, NAME being [a-z][a-z0-9-]* of "
                "at most 32 characters [XPU_BACKEND_2]");
}

TEST_F(ManifestTest, ManyAreSortedByName) {
  for (int i = 0; i < 1000; ++i) {
    const std::string name = cat("b", i);
    write(cat("backends/", name, ".toml"),
          cat("manifest-version = 1\nname = \"", name, "\"\nlibrary = \"a.so\"\nabi = \"1.0\"\n"));
  }
  const auto found = find_backends(config_);
  ASSERT_EQ(found.size(), 1000U);
  for (std::size_t i = 1; i < found.size(); ++i) {
    EXPECT_LT(found[i - 1].manifest.name, found[i].manifest.name);
    EXPECT_FALSE(found[i].refused);
  }
}

}  // namespace
}  // namespace xpu
