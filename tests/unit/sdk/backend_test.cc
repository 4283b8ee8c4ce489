// SPDX-License-Identifier: Apache-2.0
// backend.hpp from the host's side of the C ABI: a host that writes down what it is told.
#include "xpu/backend.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "tests/unit/sdk/fake_host.h"

extern "C" xpu_status c_backend_entry(const xpu_host* host, const xpu_backend** out);
extern "C" xpu_status cxx_backend_entry(const xpu_host* host, const xpu_backend** out);

namespace xpu::sdk {
namespace {

using test::FakeHost;
using testing::ElementsAre;
using testing::IsEmpty;

std::function<void(Sink&)> script;  // what describe() of the backend under test does
bool throw_when_made = false;
int alive = 0;

class Scripted : public Backend {
 public:
  Scripted() {
    if (throw_when_made) {
      throw Invalid("option colour: no such colour");
    }
    ++alive;
  }
  ~Scripted() override { --alive; }
  void describe(Sink& sink) override { script(sink); }
  const void* extension(std::string_view id) override {
    if (id == "throws/1") {
      throw std::runtime_error("no");
    }
    return id == "xpu.test/1" ? this : nullptr;
  }
};

class BackendTest : public testing::Test {
 protected:
  void SetUp() override {
    script = [](Sink&) {};
    throw_when_made = false;
  }
  void TearDown() override { EXPECT_EQ(alive, 0); }
  FakeHost host;
};

Device make_device() {
  Device device;
  device.vendor = "acme";
  device.index = "0:1";
  device.name = "Acme One";
  return device;
}

TEST_F(BackendTest, EmitsEveryKindOfItem) {
  script = [](Sink& sink) {
    Device device = make_device();
    sink.capability("compute");
    sink.device(device);
    device.kind = Kind::kPartition;
    device.uuid = "ACME-1";
    device.memory_bytes = 24ull << 30;
    device.architecture = "a1";
    device.driver = "5.0";
    device.pci = "0000:01:00.0";
    device.numa_node = 1;
    device.parent = "0";
    device.in_all = device.available = false;
    device.reason = "broken";
    sink.device(device);
    sink.alias(device, "acme-one");
    sink.property(device, "price-per-hour", "0.53");
    sink.property("driver", "5.0");
    sink.interconnect(device, device, "acmelink", 7);
    sink.node(with(device), {"/dev/acme0", "/dev/acme"});
    File file;
    file.kind = FileKind::kLibrary;
    file.host_path = "/usr/lib/libacme.so.1";
    file.soname = "libacme.so.1";
    file.architecture = "x86_64";
    file.links = {"libacme.so", "libacme.so.0"};
    sink.file(with_capability("compute"), file);
    sink.env(always(), "ACME", "1");
    sink.expanded_env(always().unless_image_has("libacme.so.1,/opt/acme"), "MASK", "${mask}");
    sink.link(with(device, "compute"), "/dev/acme/by-path/x", "../acme0");
    sink.value(with(device), Combine::kBits, "mask", "3");
    sink.text(with_item("imex", "7"), "/etc/acme.conf", "a = 1\n");
    sink.expanded_text(always(), "/etc/acme.ids", "${ids}");
    sink.note(always(), Severity::kWarn, "two\nlines");
    sink.image_folder(always(), "/opt/acme/compat", "libacme.so", "5.2");
    sink.valid_while_same("/usr/lib/libacme.so.1");
    sink.valid_while_listing("/sys/class/acme");
    sink.valid_while_content("/proc/acme");
    sink.valid_for_seconds(60);
    sink.log(Severity::kWarn, "two\nlines");
  };
  EXPECT_EQ(host.describe(&xpu_backend_entry), XPU_OK);
  EXPECT_THAT(
      host.calls,
      ElementsAre(
          "capability compute", "device 96 1 0 -1 0 acme:0:1 |Acme One|||||",
          "device 96 2 3 1 25769803776 acme:0:1 ACME-1|Acme One|a1|5.0|0000:01:00.0|0|broken",
          "alias acme:0:1 acme-one", "property acme:0:1 price-per-hour=0.53",
          "property : driver=5.0", "interconnect acme:0:1 acme:0:1 acmelink 7",
          "node 24 48[acme:0:1+] /dev/acme0 /dev/acme",
          "file 48 48[:+compute] 1 /usr/lib/libacme.so.1 "
          "|libacme.so.1|x86_64|libacme.so,libacme.so.0",
          "env 24 48[:+] ACME=1",
          "expanded env 24 48[:+ unless libacme.so.1,/opt/acme] MASK=${mask}",
          "link 24 48[acme:0:1+compute] /dev/acme/by-path/x ../acme0",
          "value 24 48[acme:0:1+] 2 mask=3", "text 24 48[:+imex=7] /etc/acme.conf a = 1\n",
          "expanded text 24 48[:+] /etc/acme.ids ${ids}", "note 16 48[:+] 2 two lines",
          "image_folder 32 48[:+] /opt/acme/compat libacme.so 5.2",
          "condition 24 1 /usr/lib/libacme.so.1 0", "condition 24 2 /sys/class/acme 0",
          "condition 24 3 /proc/acme 0", "condition 24 4  60", "log 2 two lines"));
  EXPECT_THAT(host.errors, IsEmpty());
}

TEST_F(BackendTest, Options) {
  host.options["root"] = "/driver";
  script = [](Sink& sink) { sink.property("root", sink.option("root")); };
  EXPECT_EQ(host.describe(&xpu_backend_entry), XPU_OK);
  EXPECT_THAT(host.calls, ElementsAre("property : root=/driver"));
  script = [](Sink& sink) { sink.option("colour"); };
  EXPECT_EQ(host.describe(&xpu_backend_entry), XPU_INVALID);
  EXPECT_THAT(host.errors, ElementsAre("3 option colour is not declared in the manifest"));
}

TEST_F(BackendTest, ExceptionsBecomeStatusAndText) {
  struct Case {
    std::function<void()> action;
    xpu_status status;
    const char* text;
  };
  const Case cases[] = {
      {[] { throw Absent("no acme driver"); }, XPU_ABSENT, "1 no acme driver"},
      {[] { throw std::runtime_error("acme0:\nbroken"); }, XPU_FAILED, "2 acme0: broken"},
      {[] { throw Invalid("option colour"); }, XPU_INVALID, "3 option colour"},
      {[] { throw std::bad_alloc(); }, XPU_NO_MEMORY, "5 out of memory"},
      {[] { throw 7; }, XPU_FAILED, "2 unknown exception"},
  };
  for (const Case& c : cases) {
    host.errors.clear();
    script = [&c](Sink&) { c.action(); };
    EXPECT_EQ(host.describe(&xpu_backend_entry), c.status) << c.text;
    EXPECT_THAT(host.errors, ElementsAre(c.text));
  }
}

TEST_F(BackendTest, RefusedItemKeepsTheHostsReason) {
  host.refuse = "alias";
  script = [](Sink& sink) { sink.alias(make_device(), "bad name"); };
  EXPECT_EQ(host.describe(&xpu_backend_entry), XPU_INVALID);
  EXPECT_THAT(host.errors, ElementsAre("3 the host's own words"));
}

TEST_F(BackendTest, RefusedItemCanBeLeftOut) {
  host.refuse = "node";
  script = [](Sink& sink) {
    try {
      sink.node(always(), {"/dev/gone", "/dev/gone"});
    } catch (const Rejected& error) {
      EXPECT_EQ(error.status(), XPU_INVALID);
      sink.log(Severity::kInfo, error.what());
    }
  };
  EXPECT_EQ(host.describe(&xpu_backend_entry), XPU_OK);
  EXPECT_EQ(host.calls.back(), "log 1 the host refused device node /dev/gone");
}

TEST_F(BackendTest, ConstructorMayThrow) {
  throw_when_made = true;
  EXPECT_EQ(host.describe(&xpu_backend_entry), XPU_INVALID);
  EXPECT_THAT(host.errors, ElementsAre("3 option colour: no such colour"));
}

TEST_F(BackendTest, TableNamesTheBackend) {
  const xpu_backend* backend = nullptr;
  ASSERT_EQ(xpu_backend_entry(&host.table, &backend), XPU_OK);
  EXPECT_EQ(backend->struct_size, sizeof(xpu_backend));
  EXPECT_EQ(backend->abi_major, XPU_ABI_MAJOR);
  EXPECT_EQ(backend->abi_minor, XPU_ABI_MINOR);
  EXPECT_STREQ(backend->name, "scripted");
  EXPECT_STREQ(backend->version, "1.2");
}

TEST_F(BackendTest, Extensions) {
  const xpu_backend* backend = nullptr;
  ASSERT_EQ(xpu_backend_entry(&host.table, &backend), XPU_OK);
  void* instance = nullptr;
  ASSERT_EQ(backend->open(&host.table, &instance), XPU_OK);
  EXPECT_NE(backend->extension(instance, "xpu.test/1"), nullptr);
  EXPECT_EQ(backend->extension(instance, "xpu.other/1"), nullptr);
  EXPECT_EQ(backend->extension(instance, "throws/1"), nullptr);
  backend->close(instance);
}

TEST_F(BackendTest, VersionNegotiation) {
  struct Case {
    std::uint32_t oldest_major, oldest_minor, newest_major, newest_minor;
    xpu_status status;
  };
  static_assert(XPU_ABI_MAJOR == 1 && XPU_ABI_MINOR == 0);
  const Case cases[] = {
      {1, 0, 1, 0, XPU_OK},          {0, 9, 1, 0, XPU_OK},          {1, 0, 7, 3, XPU_OK},
      {1, 1, 1, 9, XPU_UNSUPPORTED}, {2, 0, 2, 1, XPU_UNSUPPORTED}, {0, 1, 0, 9, XPU_UNSUPPORTED},
  };
  for (const Case& c : cases) {
    host.table.oldest_major = c.oldest_major;
    host.table.oldest_minor = c.oldest_minor;
    host.table.abi_major = c.newest_major;
    host.table.abi_minor = c.newest_minor;
    const xpu_backend* backend = nullptr;
    EXPECT_EQ(xpu_backend_entry(&host.table, &backend), c.status)
        << c.oldest_major << "." << c.oldest_minor << " to " << c.newest_major << "."
        << c.newest_minor;
    EXPECT_EQ(backend != nullptr, c.status == XPU_OK);
  }
}

TEST_F(BackendTest, ShortHostTableIsRefused) {
  const xpu_backend* backend = nullptr;
  for (const std::uint32_t size : {0u, 4u, 24u, std::uint32_t(sizeof(xpu_host)) - 1}) {
    host.table.struct_size = size;
    EXPECT_EQ(xpu_backend_entry(&host.table, &backend), XPU_UNSUPPORTED) << size;
    EXPECT_EQ(backend, nullptr);
  }
  host.table.struct_size = sizeof(xpu_host) + 64;  // a later host
  EXPECT_EQ(xpu_backend_entry(&host.table, &backend), XPU_OK);
  EXPECT_EQ(xpu_backend_entry(nullptr, &backend), XPU_INVALID);
  EXPECT_EQ(xpu_backend_entry(&host.table, nullptr), XPU_INVALID);
}

TEST_F(BackendTest, BackendsInPlainC) {
  for (const xpu_backend_entry_fn entry : {&c_backend_entry, &cxx_backend_entry}) {
    const xpu_backend* backend = nullptr;
    ASSERT_EQ(entry(&host.table, &backend), XPU_OK);
    void* instance = nullptr;
    ASSERT_EQ(backend->open(&host.table, &instance), XPU_OK);
    EXPECT_EQ(backend->describe(instance), XPU_OK);
    backend->close(instance);
    EXPECT_EQ(host.calls.back(), "device 96 3 0 -1 0 acme:0 |Acme in C|||||");
  }
}

}  // namespace
}  // namespace xpu::sdk

using xpu::sdk::Scripted;
XPU_BACKEND(Scripted, "scripted", "1.2")
