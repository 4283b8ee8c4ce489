// SPDX-License-Identifier: Apache-2.0
#include "core/doctor/images.h"
#include "core/base/error.h"
#include "tests/unit/doctor/tree.h"

namespace xpu::doctor {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class ImageRequirements : public Tree {
 protected:
  ImageRequirements() {
    acme().status.catalog.properties = {{"tools", "12.2"}};
    acme().status.found.manifest.requirements.variables = {"ACME_REQUIRE_*"};
    acme().status.found.manifest.requirements.disable = {"ACME_DISABLE_REQUIRE"};
  }
  std::string of(const std::string& text) {
    host_.images = read_images(dir_.write("image", text));
    return said("image-requirements");
  }
};

TEST_F(ImageRequirements, AFileInEveryForm) {
  EXPECT_EQ(said("image-requirements"), "skipped: no image of docker here, and none by --image");
  const std::string text = "failure: " + (dir_ / "image") +
                           " asks for more than the host has: ACME_REQUIRE_TOOLS: tools>=13 (it "
                           "has 12.2) > install a newer driver or an older image; -e "
                           "ACME_DISABLE_REQUIRE=true starts it all the same";
  EXPECT_EQ(of("PATH=/bin\nACME_REQUIRE_TOOLS=tools>=13\n"), text);
  EXPECT_EQ(of(R"([{"Config": {"Env": ["ACME_REQUIRE_TOOLS=tools>=13"]}}])"), text);
  EXPECT_EQ(of(R"({"config": {"Env": ["ACME_REQUIRE_TOOLS=tools>=13"]}})"), text);
  EXPECT_EQ(of(R"({"process": {"env": ["ACME_REQUIRE_TOOLS=tools>=13"]}})"), text);
  EXPECT_EQ(of("ACME_REQUIRE_TOOLS=tools>=12\n"), "pass: 1 image, 1 requirement");
  EXPECT_EQ(of("ACME_REQUIRE_TOOLS=tools>=13\nACME_DISABLE_REQUIRE=1\n"),
            "pass: 1 image, 0 requirements");
  EXPECT_THAT(of("ACME_REQUIRE_TOOLS=tools~13\n"), HasSubstr("ACME_REQUIRE_TOOLS"));
}

TEST_F(ImageRequirements, OneDeviceThatMeetsItIsEnough) {
  Device second = device("acme:1");
  second.properties = {{"tools", "13.1"}};
  acme().status.catalog.devices.push_back(second);
  EXPECT_EQ(of("ACME_REQUIRE_TOOLS=tools>=13\n"), "pass: 1 image, 1 requirement");
}

TEST_F(ImageRequirements, ImagesOfDocker) {
  const std::string docker = "/var/lib/docker/image/overlay2";
  write(docker + "/imagedb/content/sha256/aaaabbbbccccdddd",
        R"({"config": {"Env": ["ACME_REQUIRE_TOOLS=tools>=13"]}})");
  EXPECT_THAT(said("image-requirements"),
              StartsWith("warning: the image aaaabbbbcccc asks for more than the host has"));
  write(docker + "/repositories.json",
        R"({"Repositories": {"trainer": {"trainer:2": "sha256:aaaabbbbccccdddd"}}})");
  EXPECT_THAT(said("image-requirements"), StartsWith("warning: trainer:2 asks for more"));
  host_.config.disable_require = true;
  EXPECT_EQ(said("image-requirements"), "skipped: disable-require is set");
  host_.config.disable_require = false;
  acme().status.catalog.properties = {{"tools", "13.0"}};
  EXPECT_EQ(said("image-requirements"), "pass: 1 image, 1 requirement");
  write("/etc/docker/daemon.json", R"({"data-root": "/srv/docker"})");
  EXPECT_THAT(said("image-requirements"), StartsWith("skipped"));
  write("/srv/docker/image/vfs/imagedb/content/sha256/eeee",
        R"({"config": {"Env": ["ACME_REQUIRE_TOOLS=tools>=14"]}})");
  EXPECT_THAT(said("image-requirements"), StartsWith("warning: the image eeee asks for more"));
}

TEST_F(ImageRequirements, EveryImageOfAList) {
  const std::string text = of(R"([{"Config": {"Env": ["ACME_REQUIRE_TOOLS=tools>=12"]}},
                                  {"Config": {"Env": ["ACME_REQUIRE_TOOLS=tools>=13"]}}])");
  EXPECT_THAT(text, StartsWith("failure: " + (dir_ / "image[1]") + " asks for more"));
  EXPECT_EQ(of(R"([{"Config": {"Env": ["ACME_REQUIRE_TOOLS=tools>=12"]}}, {"Config": {}}])"),
            "pass: 2 images, 1 requirement");
}

TEST_F(ImageRequirements, AConfigurationAlone) {
  const std::string problem = "asks for more than the host has";
  EXPECT_THAT(of(R"({"Env": ["ACME_REQUIRE_TOOLS=tools>=13"], "Cmd": ["sh"]})"),
              HasSubstr(problem));
  EXPECT_THAT(of(R"({"architecture": "amd64", "config": {"Env": ["ACME_REQUIRE_TOOLS=tools>=13"]},
                     "rootfs": {}})"),
              HasSubstr(problem));
  EXPECT_THAT(of(R"({"Name": "x", "Env": ["ACME_REQUIRE_TOOLS=tools>=13"]})"), HasSubstr(problem));
  EXPECT_EQ(of(R"({"config": {}})"), "pass: 1 image, 0 requirements");
}

TEST_F(ImageRequirements, AFileThatIsNoImage) {
  const auto problem = [&](const std::string& text) -> std::string {
    try {
      of(text);
      return "";
    } catch (const Error& error) {
      return error.what();
    }
  };
  EXPECT_EQ(problem("{}"), (dir_ / "image") +
                               ": no image's configuration, which has Env, config or Config; "
                               "docker image inspect IMAGE > FILE writes one");
  EXPECT_THAT(problem(R"([{"Config": {}}, 5])"), HasSubstr("image[1]: no image's configuration"));
  EXPECT_THAT(problem("[]"), HasSubstr("image: an empty list"));
  EXPECT_THAT(problem("PATH=/bin\n{\"Con"), HasSubstr("neither JSON nor lines of NAME=VALUE"));
  try {
    read_images(dir_ / "nothing");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("nothing: No such file or directory"));
  }
}

}  // namespace
}  // namespace xpu::doctor
