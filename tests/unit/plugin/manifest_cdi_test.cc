// SPDX-License-Identifier: Apache-2.0
// [cdi] of a manifest.
#include "core/base/error.h"
#include "core/plugin/obligations.h"
#include "tests/unit/plugin/world.h"

namespace xpu {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kHead =
    "manifest-version = 1\nname = \"acme\"\nlibrary = \"libxpu-acme.so\"\nabi = \"1.0\"\n";

class ManifestCdiTest : public World {
 protected:
  FoundBackend parse(const std::string& text) const {
    write("backends/acme.toml", cat(kHead, text));
    const auto found = find_backends(config_);
    EXPECT_EQ(found.size(), 1U);
    return found.empty() ? FoundBackend{} : found[0];
  }
  // The reason behind the file's name; lines count from the first of `text`.
  std::string refusal(const std::string& text) const {
    const FoundBackend found = parse(text);
    EXPECT_TRUE(found.refused);
    EXPECT_EQ(tag_of(found.reason), Obligation::kManifest);
    const std::string file = manifest("acme"), reason(untagged(found.reason));
    EXPECT_EQ(reason.substr(0, file.size() + 1), file + ":");
    const int line = std::atoi(reason.c_str() + file.size() + 1);
    return cat(line - 4, reason.substr(reason.find(": ")));
  }
};

TEST_F(ManifestCdiTest, ReadsKinds) {
  const FoundBackend found = parse(R"([[cdi.kinds]]
kind = "acme.example/anvil"
[[cdi.kinds]]
kind = "globex.example/npu"
vendor = "globex"
devices = ["npu", "partition"]
)");
  ASSERT_FALSE(found.refused) << found.reason;
  const std::vector<CdiKind>& kinds = found.manifest.cdi_kinds;
  ASSERT_EQ(kinds.size(), 2U);
  EXPECT_EQ(kinds[0].kind, "acme.example/anvil");
  EXPECT_EQ(kinds[0].vendor, "");
  EXPECT_THAT(kinds[0].devices, IsEmpty());
  EXPECT_EQ(kinds[1].kind, "globex.example/npu");
  EXPECT_EQ(kinds[1].vendor, "globex");
  EXPECT_THAT(kinds[1].devices, ElementsAre(DeviceKind::kNpu, DeviceKind::kPartition));
  EXPECT_THAT(parse("").manifest.cdi_kinds, IsEmpty());
}

TEST_F(ManifestCdiTest, RefusesOddKinds) {
  const auto with = [&](const std::string& text) { return refusal("[[cdi.kinds]]\n" + text); };
  EXPECT_EQ(refusal("cdi = 1\n"), "1: cdi is not a table");
  EXPECT_EQ(refusal("[cdi]\nkind = \"a/b\"\n"), "2: [cdi] unknown key \"kind\"; known are kinds");
  EXPECT_EQ(refusal("[cdi]\nkinds = [\"a/b\"]\n"), "2: [[cdi.kinds]] is not a list of tables");
  EXPECT_EQ(with("kinds = 1\n"),
            "2: [[cdi.kinds]] unknown key \"kinds\"; known are kind, vendor, devices");
  EXPECT_EQ(with("vendor = \"acme\"\n"), "1: [[cdi.kinds]] without kind");
  for (const char* bad : {"acme", "acme/", "/anvil", "9acme/anvil", "acme/anvil=0", "a/b/c"}) {
    EXPECT_EQ(with(cat("kind = \"", bad, "\"\n")),
              cat("2: [[cdi.kinds]] kind: \"", bad,
                  "\" is not VENDOR/CLASS, such as \"vendor.example/gpu\""));
  }
  EXPECT_EQ(with("kind = \"a/b\"\nvendor = \"Big\"\n"),
            "3: [[cdi.kinds]] vendor: \"Big\" is not [a-z][a-z0-9-]*");
  EXPECT_EQ(with("kind = \"a/b\"\ndevices = \"gpu\"\n"), "3: [[cdi.kinds]] devices is not a list");
  EXPECT_EQ(with("kind = \"a/b\"\ndevices = [\"tpu\"]\n"),
            "3: [[cdi.kinds]] devices: there is no kind of device \"tpu\"; there are gpu, "
            "partition, npu, accelerator");
  EXPECT_EQ(with("kind = \"a/b\"\n[[cdi.kinds]]\nkind = \"a/b\"\n"),
            "4: [[cdi.kinds]] kind: \"a/b\" comes twice");
}

// A container that asks for a device by such a name must not start without it.
TEST_F(ManifestCdiTest, ARefusedManifestStillClaimsItsKinds) {
  const FoundBackend found = parse(R"(colour = 1
[[cdi.kinds]]
kind = "acme.example/anvil"
[[cdi.kinds]]
kind = "not a kind"
[[cdi.kinds]]
kind = "globex.example/npu"
vendor = "globex"
)");
  EXPECT_TRUE(found.refused);
  const std::vector<CdiKind>& kinds = found.manifest.cdi_kinds;
  ASSERT_EQ(kinds.size(), 2U);
  EXPECT_EQ(kinds[0].kind, "acme.example/anvil");
  EXPECT_EQ(kinds[1].vendor, "globex");
}

}  // namespace
}  // namespace xpu
