// SPDX-License-Identifier: Apache-2.0
// Documents that others wrote: what must parse parses, what must not is one clear error.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/oci/check_bundle.h"
#include "core/oci/spec.h"

namespace xpu {
namespace {

std::filesystem::path fixtures() {
  const char* const set = std::getenv("XPU_FIXTURES");
  return set != nullptr ? set : XPU_SOURCE_DIR "/../shared/fixtures";
}

std::string error_of(const std::string& text) {
  try {
    Spec spec(text, "c.json");
    spec.load();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

class Fixtures : public testing::Test {
 protected:
  // Calls check(name, text) for every file of a folder; skips where the folder is missing.
  template <class Check>
  void each(const std::string& folder, Check check) {
    const std::filesystem::path path = fixtures() / folder;
    if (!std::filesystem::is_directory(path)) {
      GTEST_SKIP() << "no fixtures in " << path;
    }
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(path)) {
      check(entry.path().filename().string(), read_file(entry.path(), std::size_t{64} << 20));
      ++count;
    }
    EXPECT_GT(count, 0);
  }
};

TEST_F(Fixtures, EveryGoodSpecLoads) {
  each("oci/good", [](const std::string& name, const std::string& text) {
    EXPECT_EQ(error_of(text), "") << name;
  });
}

TEST_F(Fixtures, WhatUpstreamRefusesHasAnError) {
  each("oci/bad", [](const std::string& name, const std::string& text) {
    const std::vector<Finding> findings = check_document(text, Taker::kRunc);
    EXPECT_TRUE(std::any_of(findings.begin(), findings.end(), [](const Finding& finding) {
      return finding.severity == Severity::kError;
    })) << name;
  });
}

// Many are parts of a configuration, or of other systems: what they lack is an error of theirs
// here. One has a hook that is found in PATH, which nobody looks at.
TEST_F(Fixtures, WhatUpstreamTakesHasNoErrorButWhatItLacks) {
  int whole = 0;
  each("oci/good", [&](const std::string& name, const std::string& text) {
    if (name.starts_with("runtime-spec--")) {
      return;  // what a runtime can do, and the state of a container
    }
    bool lacks = false;
    for (const Finding& finding : check_document(text, Taker::kRunc)) {
      const bool lack = finding.text.find("is missing") != std::string::npos ||
                        finding.text.find("needs a namespace") != std::string::npos ||
                        finding.text.find("has no PATH to find it by") != std::string::npos ||
                        finding.text.find("has no /proc") != std::string::npos;
      lacks = lacks || lack;
      EXPECT_TRUE(finding.severity != Severity::kError || lack ||
                  finding.place == "hooks.prestart[0].path")
          << name << ": " << finding.place << ": " << finding.text;
    }
    whole += lacks ? 0 : 1;
  });
  if (!IsSkipped()) {
    EXPECT_GE(whole, 40);
  }
}

TEST_F(Fixtures, ABadSpecLoadsOrIsOneLineThatNamesTheFile) {
  each("oci/bad", [](const std::string& name, const std::string& text) {
    const std::string error = error_of(text);
    EXPECT_TRUE(error.empty() || error.starts_with("c.json: ")) << name << ": " << error;
    EXPECT_EQ(error.find('\n'), std::string::npos) << name;
    if (name == "runtime-spec--config-invalid-json.json") {
      EXPECT_NE(error, "");
    }
  });
}

TEST_F(Fixtures, MalformedJsonIsRefusedAndOnlyThat) {
  each("malformed/json", [](const std::string& name, const std::string& text) {
    const std::string error = error_of(text);
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    const bool object = first != std::string::npos && text[first] == '{';
    if (name.starts_with("y_")) {
      EXPECT_EQ(error, object ? "" : "c.json: not a JSON object") << name;
    } else if (name.starts_with("n_")) {
      EXPECT_NE(error, "") << name;
    } else {
      EXPECT_TRUE(error.empty() || error.starts_with("c.json: ")) << name << ": " << error;
    }
    // As a value inside an object the verdict is the same.
    if (name.starts_with("y_")) {
      EXPECT_EQ(error_of("{\"vendor\":" + text + "}"), "") << name;
    }
  });
}

}  // namespace
}  // namespace xpu
