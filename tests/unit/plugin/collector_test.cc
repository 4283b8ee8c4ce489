// SPDX-License-Identifier: Apache-2.0
// The sinks of edits that depend on the selection, on a feature's items or on the image.
#include "core/plugin_host/collector.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "xpu/backend.hpp"

namespace xpu {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class CollectorTest : public testing::Test {
 protected:
  CollectorTest() : collector_(manifest(), log_[1]), sink_(collector_.host()) {
    collector_.describing(true);
    sink_.capability("compute");
    sink_.capability("channels");
    device_.vendor = "acme";
    device_.index = "0";
    device_.name = "Acme One";
    sink_.device(device_);
  }
  ~CollectorTest() override {
    close(log_[0]);
    close(log_[1]);
  }

  static Manifest manifest() {
    Manifest out;
    out.name = "acme";
    return out;
  }

  // What the host says of an item that it refuses.
  template <class F>
  std::string refusal(F&& emit) {
    try {
      emit();
    } catch (const sdk::Rejected& rejected) {
      EXPECT_EQ(rejected.status(), XPU_INVALID);
      return collector_.error();
    }
    return "taken";
  }

  std::string log() {
    char bytes[4096];
    const ssize_t got = read(log_[0], bytes, sizeof bytes);
    return {bytes, got > 0 ? static_cast<std::size_t>(got) : 0};
  }

  struct Pipe {
    Pipe() { EXPECT_EQ(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0); }
    int operator[](int i) const { return ends[i]; }
    int ends[2];
  } log_;
  Collector collector_;
  sdk::Sink sink_;
  sdk::Device device_;
};

TEST_F(CollectorTest, TakesEveryKindOfItem) {
  // A value may come after what names it.
  sink_.expanded_env(sdk::always(), "ACME_MASK", "${mask}");
  sink_.expanded_text(sdk::with_item("channels", "7"), "/etc/acme", "mask\t${mask}\n");
  sink_.value(sdk::with(device_), sdk::Combine::kBits, "mask", "3");
  sink_.text(sdk::always(), "/etc/fixed", "$\n");
  sink_.note(sdk::with(device_), sdk::Severity::kWarn, "slow");
  sink_.note(sdk::with(device_), sdk::Severity::kInfo, "old");
  sink_.image_folder(sdk::always(), "/usr/acme/compat", "libacme.so", "5.1");
  sink_.env(sdk::always().unless_image_has("libacme.so.1"), "ACME", "1");
  sink_.node(sdk::with(device_), {"/dev/null", "/dev/acme0"});
  const Catalog catalog = collector_.take();
  EXPECT_NO_THROW(validate(catalog));
  ASSERT_EQ(catalog.edits.size(), 5U);

  const EditGroup& always = catalog.edits[0];
  EXPECT_EQ(always.scope, Scope());
  EXPECT_THAT(always.env, ElementsAre(EnvVar{"ACME_MASK", "${mask}", true}));
  EXPECT_THAT(always.texts, ElementsAre(Text{"/etc/fixed", "$\n", false}));
  EXPECT_THAT(always.image_folders,
              ElementsAre(ImageFolder{"/usr/acme/compat", "libacme.so", "5.1"}));
  const EditGroup& item = catalog.edits[1];
  EXPECT_EQ(item.scope, (Scope{"", "channels", "7", ""}));
  EXPECT_THAT(item.texts, ElementsAre(Text{"/etc/acme", "mask\t${mask}\n", true}));
  const EditGroup& values = catalog.edits[2];
  EXPECT_EQ(values.scope, (Scope{"acme:0", "", "", ""}));
  EXPECT_THAT(values.values, ElementsAre(Value{Combine::kBits, "mask", "3"}));
  const EditGroup& device = catalog.edits[3];
  EXPECT_EQ(device.scope, values.scope);
  EXPECT_THAT(device.notes, ElementsAre(Note{true, "slow"}, Note{false, "old"}));
  ASSERT_EQ(device.nodes.size(), 1U);
  struct stat null = {};
  ASSERT_EQ(lstat("/dev/null", &null), 0);
  EXPECT_EQ(device.nodes[0].mode, null.st_mode & 07777);
  EXPECT_EQ(device.nodes[0].uid, null.st_uid);
  EXPECT_EQ(device.nodes[0].gid, null.st_gid);
  const EditGroup& image = catalog.edits[4];
  EXPECT_EQ(image.scope, (Scope{"", "", "", "libacme.so.1"}));
  EXPECT_THAT(image.env, ElementsAre(EnvVar{"ACME", "1", false}));
}

TEST_F(CollectorTest, KeepsTheOrderOfValues) {
  sdk::Device other = device_;
  other.index = "1";
  sink_.device(other);
  sink_.env(sdk::with(other), "B", "1");
  sink_.env(sdk::with(device_), "A", "1");
  sink_.value(sdk::with(device_), sdk::Combine::kList, "ids", "a");
  sink_.value(sdk::with(device_), sdk::Combine::kList, "ids", "b");
  sink_.value(sdk::with(other), sdk::Combine::kList, "ids", "c");
  sink_.value(sdk::with(device_), sdk::Combine::kList, "ids", "d");
  std::string order;
  const Catalog catalog = collector_.take();
  for (const EditGroup& group : catalog.edits) {
    for (const Value& value : group.values) {
      order += value.value;
    }
  }
  EXPECT_EQ(order, "abcd");
}

TEST_F(CollectorTest, RefusesAtOnce) {
  sink_.value(sdk::with(device_), sdk::Combine::kBits, "mask", "3");
  EXPECT_EQ(refusal([&] { sink_.value(sdk::always(), sdk::Combine::kList, "mask", "3"); }),
            "emit_value: the value mask is combined in two ways, as a list and as bits");
  EXPECT_EQ(refusal([&] { sink_.value(sdk::always(), sdk::Combine(9), "x", "3"); }),
            "emit_value: xpu_value.combine is 9; 1 to 2 are known");
  EXPECT_EQ(refusal([&] { sink_.value(sdk::always(), sdk::Combine::kBits, "x", "64"); }),
            "emit_value: the value x, \"64\" is not the number of a bit, 0 to 63");
  EXPECT_EQ(refusal([&] { sink_.expanded_env(sdk::always(), "A", "5$"); }),
            "emit_env: the variable A has a '$' that is neither \"${NAME}\" nor \"$$\"");
  EXPECT_EQ(refusal([&] { sink_.text(sdk::always(), "/etc/a", "\x1b"); }),
            "emit_text: the content of the file /etc/a is longer than 65536 bytes, not UTF-8 or "
            "has control characters");
  EXPECT_EQ(refusal([&] { sink_.text(sdk::always(), "/etc/a", std::string(65537, 'a')); }),
            "emit_text: xpu_text.content is longer than 65536 bytes");
  EXPECT_EQ(refusal([&] { sink_.note(sdk::always(), sdk::Severity::kError, "x"); }),
            "emit_note: xpu_note.severity is 3; XPU_LOG_INFO and XPU_LOG_WARN are known");
  EXPECT_EQ(refusal([&] { sink_.env(sdk::with_item("compute,channels", "7"), "A", "1"); }),
            "emit_env: an edit is for the item 7 of 2 capabilities; an item belongs to one");
  EXPECT_EQ(refusal([&] {
              sink_.node(sdk::with(device_).unless_image_has("/x"), {"/dev/null", "/dev/acme0"});
            }),
            "emit_node: a device node cannot depend on the image (/x)");
  EXPECT_EQ(refusal([&] { sink_.image_folder(sdk::always(), "/x", "libacme.so", "new"); }),
            "emit_image_folder: the folder /x has the version \"new\"; digits and '.' are wanted");
  EXPECT_EQ(collector_.take().edits.size(), 1U);
}

TEST_F(CollectorTest, RefusesUnknownFlags) {
  const xpu_host& host = *collector_.host();
  const xpu_scope scope = {sizeof scope, 0, "", "", "", "", ""};
  const xpu_env env = {sizeof env, 2, "A", "1"};
  EXPECT_EQ(host.emit_env(host.ctx, &scope, &env), XPU_INVALID);
  EXPECT_EQ(collector_.error(), "emit_env: xpu_env.flags has bits that are not known (2)");
  const xpu_text text = {sizeof text, 4, "/etc/a", "1"};
  EXPECT_EQ(host.emit_text(host.ctx, &scope, &text), XPU_INVALID);
  EXPECT_EQ(collector_.error(), "emit_text: xpu_text.flags has bits that are not known (4)");
}

TEST_F(CollectorTest, RefusesAtTheEndWhatNamesAnUnknownValue) {
  sink_.expanded_env(sdk::always(), "MASK", "${mask}");
  sink_.expanded_env(sdk::always(), "IDS", "${ids}");
  sink_.expanded_text(sdk::always(), "/etc/acme", "${ids}");
  sink_.value(sdk::with(device_), sdk::Combine::kBits, "mask", "3");
  EXPECT_EQ(log(), "");
  const Catalog catalog = collector_.take();
  EXPECT_NO_THROW(validate(catalog));
  EXPECT_THAT(catalog.edits[0].env, ElementsAre(EnvVar{"MASK", "${mask}", true}));
  EXPECT_THAT(catalog.edits[0].texts, IsEmpty());
  EXPECT_EQ(log(),
            "2an item is left out: emit_env: the variable IDS names the value ids, which is given "
            "nowhere [XPU_BACKEND_17]\n"
            "2an item is left out: emit_text: the generated file /etc/acme names the value ids, "
            "which is given nowhere [XPU_BACKEND_17]\n");
}

}  // namespace
}  // namespace xpu
