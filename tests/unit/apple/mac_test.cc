// SPDX-License-Identifier: Apache-2.0
// A Mac, played by a table of functions.
#include <gmock/gmock.h>

#include <cstring>
#include <map>
#include <optional>

#include "backends/apple/describe_mac.h"
#include "backends/apple/hardware.h"
#include "tests/unit/sdk/fake_host.h"

namespace xpu::apple {
namespace {

using testing::HasSubstr;
using testing::Not;

// Every object of the fake frameworks, counted as Core Foundation counts.
struct Object {
  enum class Type : unsigned long { kString = 1, kNumber, kData, kArray, kOther } type;
  std::string text;
  std::int64_t number = 0;
  std::vector<Object*> items{};
  std::map<std::string, Object*> objects{};        // answers to messages
  std::map<std::string, std::uint64_t> numbers{};  // the same
  int owners = 1;
};

struct Service {
  std::uint64_t id = 0;
  std::map<std::string, Object*> properties{};
};

// The machine that the functions below play.
struct Mac {
  std::vector<std::unique_ptr<Object>> objects;
  std::vector<Object*> devices;
  std::vector<Service> services;
  int matching_error = 0;
  std::string matched;
  std::size_t next = 0;
  int ports = 0, pools = 0;

  Object* add(Object object) {
    objects.push_back(std::make_unique<Object>(std::move(object)));
    return objects.back().get();
  }
  Object* string(const std::string& text) { return add({Object::Type::kString, text}); }
  Object* bytes(const std::string& text) { return add({Object::Type::kData, text}); }
  Object* number(std::int64_t value) { return add({Object::Type::kNumber, "", value}); }
  Object* metal(const std::string& name, std::uint64_t id) {
    Object device{Object::Type::kOther, ""};
    device.objects["name"] = string(name);
    device.numbers["registryID"] = id;
    return add(std::move(device));
  }
  int owned() const {
    int count = 0;
    for (const auto& object : objects) {
      count += object->owners - 1;
    }
    return count;
  }
};
Mac* mac = nullptr;

Object* of(const void* object) {
  return const_cast<Object*>(static_cast<const Object*>(object));
}

Frameworks fake_frameworks() {
  Frameworks out;
  out.cf.release = [](const void* object) { --of(object)->owners; };
  out.cf.type_of = [](const void* o) { return static_cast<unsigned long>(of(o)->type); };
  out.cf.string_type = [] { return static_cast<unsigned long>(Object::Type::kString); };
  out.cf.number_type = [] { return static_cast<unsigned long>(Object::Type::kNumber); };
  out.cf.data_type = [] { return static_cast<unsigned long>(Object::Type::kData); };
  out.cf.make_string = [](const void*, const char* text, std::uint32_t encoding) -> const void* {
    EXPECT_EQ(encoding, 0x08000100u);
    Object* made = mac->string(text);
    made->owners = 2;
    return made;
  };
  out.cf.string_text = [](const void* o, char* to, long size, std::uint32_t) -> unsigned char {
    const std::string& text = of(o)->text;
    if (static_cast<long>(text.size()) >= size) {
      return 0;
    }
    std::strcpy(to, text.c_str());
    return 1;
  };
  out.cf.number_value = [](const void* o, long type, void* to) -> unsigned char {
    EXPECT_EQ(type, 4);
    std::memcpy(to, &of(o)->number, sizeof of(o)->number);
    return 1;
  };
  out.cf.data_length = [](const void* o) { return static_cast<long>(of(o)->text.size()); };
  out.cf.data_bytes = [](const void* o) {
    return reinterpret_cast<const unsigned char*>(of(o)->text.data());
  };
  out.cf.array_count = [](const void* o) { return static_cast<long>(of(o)->items.size()); };
  out.cf.array_item = [](const void* o, long i) -> const void* { return of(o)->items.at(i); };
  out.io.matching = [](const char* name) -> void* {
    mac->matched = name;
    return mac;
  };
  out.io.services = [](std::uint32_t, const void*, std::uint32_t* iterator) {
    mac->ports += mac->matching_error == 0;
    *iterator = 1;
    return mac->matching_error;
  };
  out.io.next = [](std::uint32_t) -> std::uint32_t {
    if (mac->next == mac->services.size()) {
      return 0;
    }
    ++mac->ports;
    return 100 + static_cast<std::uint32_t>(mac->next++);
  };
  out.io.registry_id = [](std::uint32_t service, std::uint64_t* id) {
    *id = mac->services.at(service - 100).id;
    return 0;
  };
  out.io.property = [](std::uint32_t service, const void* key, const void*,
                       std::uint32_t) -> const void* {
    const auto& properties = mac->services.at(service - 100).properties;
    const auto found = properties.find(of(key)->text);
    if (found == properties.end()) {
      return nullptr;
    }
    ++found->second->owners;
    return found->second;
  };
  out.io.release = [](std::uint32_t) {
    --mac->ports;
    return 0;
  };
  out.objc.responds = [](const void* o, const char* name) {
    return of(o)->objects.count(name) + of(o)->numbers.count(name) != 0;
  };
  out.objc.object = [](const void* o, const char* name) -> const void* {
    return of(o)->objects.at(name);
  };
  out.objc.number = [](const void* o, const char* name) { return of(o)->numbers.at(name); };
  out.objc.truth = [](const void* o, const char* name) { return of(o)->numbers.at(name) != 0; };
  out.objc.open_pool = []() -> void* {
    ++mac->pools;
    return mac;
  };
  out.objc.close_pool = [](void*) { --mac->pools; };
  out.metal_devices = []() -> const void* {
    Object array{Object::Type::kArray, ""};
    array.items = mac->devices;
    array.owners = 2;
    return mac->add(std::move(array));
  };
  return out;
}

class MacTest : public testing::Test {
 protected:
  MacTest() { mac = &mac_; }
  ~MacTest() override {
    EXPECT_EQ(mac_.owned(), 0) << "objects that were not released";
    EXPECT_EQ(mac_.ports, 0) << "services that were not released";
    EXPECT_EQ(mac_.pools, 0);
    mac = nullptr;
  }

  // "" or why there is nothing.
  std::string describe(const Frameworks& frameworks) {
    sdk::Sink sink(&host_.table);
    try {
      describe_mac(sink, frameworks);
      return "";
    } catch (const sdk::Absent& error) {
      return error.what();
    }
  }
  std::string all() const {
    std::string text;
    for (const std::string& call : host_.calls) {
      text += call + "\n";
    }
    return text;
  }

  Mac mac_;
  sdk::test::FakeHost host_;
};

TEST_F(MacTest, MetalAndIoKitTellOfOneGpu) {
  Object* device = mac_.metal("Apple M1 Max", 4294968001);
  device->numbers["hasUnifiedMemory"] = 1;
  device->numbers["recommendedMaxWorkingSetSize"] = 22906503168;
  Object architecture{Object::Type::kOther, ""};
  architecture.objects["name"] = mac_.string("applegpu_g13c");
  device->objects["architecture"] = mac_.add(std::move(architecture));
  mac_.devices = {device};
  mac_.services = {{7, {{"gpu-core-count", mac_.number(99)}}},
                   {4294968001, {{"gpu-core-count", mac_.number(32)}}}};
  EXPECT_EQ(describe(fake_frameworks()), "");
  EXPECT_EQ(mac_.matched, "IOAccelerator");
  EXPECT_THAT(all(), HasSubstr("device 96 1 2 -1 0 apple:0 |Apple M1 Max|g13c||||containers of a "
                               "Mac start in a Linux virtual machine"));
  for (const char* property : {"source=metal", "registry-id=4294968001", "integrated=true",
                               "compute-units=32", "working-set-bytes=22906503168"}) {
    EXPECT_THAT(all(), HasSubstr("property apple:0 " + std::string(property) + "\n"));
  }
  EXPECT_THAT(all(), HasSubstr("condition 24 4  60\n"));
  EXPECT_THAT(all(), Not(HasSubstr("node ")));
}

TEST_F(MacTest, OlderMacosAnswersLess) {
  Object device{Object::Type::kOther, ""};
  device.objects["name"] = mac_.string("Apple M1");
  mac_.devices = {mac_.add(std::move(device))};
  EXPECT_EQ(describe(fake_frameworks()), "");
  EXPECT_THAT(all(), HasSubstr("|Apple M1||||"));
  EXPECT_THAT(all(), Not(HasSubstr("compute-units")));
  EXPECT_THAT(all(), Not(HasSubstr("working-set")));
}

TEST_F(MacTest, AGpuWithMemoryOfItsOwnIsToldApart) {
  mac_.devices = {mac_.metal("Apple M2", 1), mac_.metal("External", 2)};
  mac_.devices[1]->numbers["hasUnifiedMemory"] = 0;
  mac_.devices[1]->numbers["recommendedMaxWorkingSetSize"] = 1000;
  EXPECT_EQ(describe(fake_frameworks()), "");
  EXPECT_THAT(all(), HasSubstr("device 96 1 2 -1 1000 apple:1 |External|"));
  EXPECT_THAT(all(), HasSubstr("property apple:1 integrated=false"));
}

TEST_F(MacTest, WithoutMetalIoKitIsEnough) {
  mac_.services = {{5, {{"model", mac_.string("Apple M1")}, {"gpu-core-count", mac_.number(8)}}},
                   {6, {{"model", mac_.bytes(std::string("Old GPU\0x", 9))}}},
                   {8, {{"model", mac_.number(3)}, {"gpu-core-count", mac_.number(-4)}}}};
  Frameworks frameworks = fake_frameworks();
  frameworks.without_metal = "no Metal here";
  EXPECT_EQ(describe(frameworks), "");
  EXPECT_THAT(all(), HasSubstr("log 2 no Metal here\n"));
  EXPECT_THAT(all(), HasSubstr("apple:0 |Apple M1|"));
  EXPECT_THAT(all(), HasSubstr("property apple:0 compute-units=8"));
  EXPECT_THAT(all(), HasSubstr("property apple:0 source=iokit"));
  EXPECT_THAT(all(), HasSubstr("apple:1 |Old GPU|"));
  EXPECT_THAT(all(), HasSubstr("apple:2 |Apple GPU|"));
  EXPECT_THAT(all(), Not(HasSubstr("integrated")));
  EXPECT_THAT(all(), Not(HasSubstr("apple:2 compute-units")));
}

TEST_F(MacTest, WithoutIoKitMetalIsEnough) {
  mac_.devices = {mac_.metal("Apple M3", 9)};
  Frameworks frameworks = fake_frameworks();
  frameworks.without_iokit = "no IOKit here";
  EXPECT_EQ(describe(frameworks), "");
  EXPECT_EQ(mac_.matched, "");
  EXPECT_THAT(all(), HasSubstr("|Apple M3|"));
}

TEST_F(MacTest, AbsentSaysWhoWasAsked) {
  EXPECT_EQ(describe(fake_frameworks()), "Metal lists no GPU");
  Frameworks frameworks = fake_frameworks();
  frameworks.without_metal = "no Metal here";
  mac_.matching_error = 5;
  EXPECT_EQ(describe(frameworks),
            "IOKit lists no accelerator, and Metal cannot be asked: no Metal here");
}

TEST_F(MacTest, NamesThatAreTooLongAreLeftOut) {
  mac_.devices = {mac_.metal(std::string(2000, 'x'), 1)};
  EXPECT_EQ(describe(fake_frameworks()), "");
  EXPECT_THAT(all(), HasSubstr("|Apple GPU|"));
}

}  // namespace
}  // namespace xpu::apple
