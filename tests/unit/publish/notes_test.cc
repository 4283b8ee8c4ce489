// SPDX-License-Identifier: Apache-2.0
#include "core/publish/notes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "core/base/error.h"
#include "tests/unit/base/temp_dir.h"

namespace xpu {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

CdiDocuments documents(const std::vector<std::string>& names) {
  CdiDocuments out;
  for (const std::string& name : names) {
    out.documents.push_back({"acme", name, {}});
  }
  return out;
}

class Notes : public testing::Test {
 protected:
  std::string error() {
    try {
      cdi_notes(dir_);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  test::TempDir temp_;
  std::string dir_ = temp_.path();
};

TEST_F(Notes, EveryWishIsKept) {
  CdiWish wish;
  wish.backends = {"acme"};
  wish.kind = "acme.com/gpu";
  wish.names = {cdi::NameBy::kPci};
  wish.capabilities = std::vector<std::string>{"compute"};
  wish.features = {"channels=0,7"};
  wish.library_folders = {"/usr/lib64"};
  wish.options = {"root=/driver"};
  wish.generated_dir = "/run/xpu-cdi";
  wish.for_bare_images = true;
  note_cdi_refresh(dir_, wish, documents({"xpu-acme"}));
  const std::vector<CdiNote> notes = cdi_notes(dir_);
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_THAT(notes[0].files, ElementsAre("xpu-acme.json"));
  const CdiWish& read = notes[0].wish;
  EXPECT_EQ(read.backends, wish.backends);
  EXPECT_EQ(read.kind, wish.kind);
  EXPECT_EQ(read.names, wish.names);
  EXPECT_EQ(read.capabilities, wish.capabilities);
  EXPECT_EQ(read.features, wish.features);
  EXPECT_EQ(read.library_folders, wish.library_folders);
  EXPECT_EQ(read.options, wish.options);
  EXPECT_EQ(read.generated_dir, wish.generated_dir);
  EXPECT_EQ(read.for_bare_images, wish.for_bare_images);
}

TEST_F(Notes, UnsetCapabilitiesStayUnset) {
  note_cdi_refresh(dir_, {}, documents({}));
  ASSERT_EQ(cdi_notes(dir_).size(), 1U);
  EXPECT_EQ(cdi_notes(dir_)[0].wish.capabilities, std::nullopt);
  EXPECT_THAT(cdi_notes(dir_)[0].files, IsEmpty());
}

TEST_F(Notes, ALaterWishForTheSameTakesTheirPlace) {
  CdiWish one, two, same_file;
  one.backends = {"acme"};
  two.backends = {"zed"};
  note_cdi_refresh(dir_, one, documents({"xpu-acme"}));
  note_cdi_refresh(dir_, two, documents({"xpu-zed"}));
  EXPECT_EQ(cdi_notes(dir_).size(), 2U);
  one.for_bare_images = true;
  note_cdi_refresh(dir_, one, documents({"xpu-acme"}));
  EXPECT_EQ(cdi_notes(dir_).size(), 2U);
  note_cdi_refresh(dir_, same_file, documents({"xpu-acme", "xpu-zed"}));
  EXPECT_EQ(cdi_notes(dir_).size(), 1U);
}

TEST_F(Notes, AFolderThatIsNotThereHasNone) {
  note_cdi_refresh(temp_ / "none", {}, documents({"xpu-acme"}));
  EXPECT_THAT(cdi_notes(temp_ / "none"), IsEmpty());
  EXPECT_NE(::access((temp_ / "none").c_str(), F_OK), 0);
}

TEST_F(Notes, WhatIsNoneIsAnErrorThatSaysWhatToDo) {
  for (const char* text :
       {"{", "[]", R"({"version":2,"wishes":[]})", R"({"version":1,"wishes":[{}]})",
        R"({"version":1,"wishes":[{"files":["../x"]}]})"}) {
    temp_.write(".xpu-refresh", text);
    EXPECT_THAT(error(), HasSubstr(dir_ + "/.xpu-refresh is not what xpu-runtime cdi refresh "
                                          "writes ("))
        << text;
    EXPECT_THAT(error(), HasSubstr("; remove it, and run xpu-runtime cdi refresh again"));
  }
  note_cdi_refresh(dir_, {}, documents({"xpu-acme"}));
  EXPECT_EQ(error(), "");
}

TEST_F(Notes, OnesThatOthersCouldHaveWrittenAreNotBelieved) {
  temp_.write(".xpu-refresh", R"({"version":1,"wishes":[]})", 0666);
  EXPECT_THAT(error(), HasSubstr(".xpu-refresh"));
  EXPECT_NE(error(), "");
}

}  // namespace
}  // namespace xpu
