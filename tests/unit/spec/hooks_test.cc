// SPDX-License-Identifier: Apache-2.0
#include "core/spec/hooks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/spec/apply.h"

namespace xpu {
namespace {

using testing::HasSubstr;

const std::vector<std::string> kNames = {"acme-hook", "acme-tool"};

// The document without the hooks, which can be put back.
std::string without(const std::string& text, const Plan& plan = {}) {
  const Spec spec(text, "c.json");
  const std::vector<json::Splice> list = splices(spec, plan, vendor_hooks(spec, kNames));
  std::string out = json::apply(text, list);
  json::validate(out, "edited");
  EXPECT_EQ(json::apply(out, json::inverse(text, list)), text);
  return out;
}

std::string prestart(const std::string& hooks) {
  return R"({"a":1.50,"hooks":{"prestart":[)" + hooks + R"(],"poststop":[{"path":"/x"}]}})";
}

constexpr const char* kHook = R"({"path":"/usr/bin/acme-hook","args":["acme-hook","prestart"]})";
constexpr const char* kOther = R"({ "path": "/opt/other", "args": ["other", "prestart"] })";

TEST(VendorHooks, AreTakenOut) {
  EXPECT_EQ(without(prestart(kHook)), prestart(""));
  EXPECT_EQ(without(prestart(std::string(kHook) + " , " + kOther)), prestart(kOther));
  EXPECT_EQ(without(prestart(std::string(kOther) + ", " + kHook)), prestart(kOther));
  EXPECT_EQ(without(prestart(cat(kHook, ",", kOther, ",", kHook, ",", kOther))),
            prestart(cat(kOther, ",", kOther)));
}

TEST(VendorHooks, OfEveryPhaseAndWithEnvironment) {
  const std::string text =
      R"({"hooks":{"createRuntime":[{"path":"/a/acme-tool","env":["A=1"],)"
      R"("args":["/a/acme-tool","-config=/c","createRuntime"]}],"prestart":[)" +
      std::string(kHook) + R"(],"startContainer":[{"path":"acme-tool","args":["x","prestart"]}]}})";
  const Spec spec(text, "c.json");
  const std::vector<VendorHook> found = vendor_hooks(spec, kNames);
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].phase, "prestart");
  EXPECT_EQ(found[0].path, "/usr/bin/acme-hook");
  EXPECT_EQ(found[1].phase, "createRuntime");
  EXPECT_EQ(found[2].phase, "startContainer");
  EXPECT_EQ(without(text), R"({"hooks":{"createRuntime":[],"prestart":[],"startContainer":[]}})");
}

TEST(VendorHooks, AreRecognisedExactly) {
  for (const char* hook : {
           R"({"path":"/usr/bin/acme-hook2","args":["acme-hook","prestart"]})",
           R"({"path":"/usr/bin/my-acme-hook","args":["acme-hook","prestart"]})",
           R"({"path":"/opt/acme-hook/run","args":["acme-hook","prestart"]})",
           R"({"path":"/bin/acme-hook/","args":["acme-hook","prestart"]})",
           R"({"path":"/bin/ACME-HOOK","args":["acme-hook","prestart"]})",
           R"({"path":"/bin/sh","args":["/bin/acme-hook","prestart"]})",
           R"({"path":"/bin/acme-hook","args":["acme-hook","poststop"]})",
           R"({"path":"/bin/acme-hook","args":["prestart"]})",
           R"({"path":"/bin/acme-hook","args":["acme-hook","prestart","more"]})",
           R"({"path":"/bin/acme-hook"})",
           R"({"args":["acme-hook","prestart"]})",
           R"({"path":7,"args":["acme-hook","prestart"]})",
           R"("/bin/acme-hook")",
       }) {
    EXPECT_EQ(without(prestart(hook)), prestart(hook));
  }
  for (const char* text : {R"({"hooks":null})", R"({"hooks":[]})", R"({"hooks":{"prestart":null}})",
                           R"({"hooks":{"prestart":{}}})", "{}"}) {
    EXPECT_EQ(without(text), text);
  }
}

TEST(VendorHooks, OfAnotherSpellingAreRefused) {
  for (const char* text : {R"({"Hooks":{"prestart":[]}})", R"({"hooks":{"preStart":[]}})",
                           R"({"hooks":{"prestart":[{"Path":"/bin/acme-hook"}]}})",
                           R"({"hooks":{"prestart":[],"prestart":[]}})"}) {
    const Spec spec(text, "c.json");
    try {
      vendor_hooks(spec, kNames);
      FAIL() << text;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("c.json"));
    }
  }
}

TEST(VendorHooks, GoTogetherWithOtherEdits) {
  Plan plan;
  plan.env.push_back({"A", "1", ""});
  EXPECT_EQ(without(R"({"hooks":{"prestart":[)" + std::string(kHook) + R"(]},"process":{}})", plan),
            R"({"hooks":{"prestart":[]},"process":{"env":["A=1"]}})");
}

}  // namespace
}  // namespace xpu
