// SPDX-License-Identifier: Apache-2.0
// A Mac, played by a table of functions.
#include <gmock/gmock.h>

#include <cstring>
#include <map>
#include <optional>

#include "backends/apple/describe_mac.h"
#include "backends/apple/hardware.h"
#include "backends/apple/live_mac.h"
#include "tests/unit/sdk/fake_host.h"

namespace xpu::apple {
namespace {

using testing::HasSubstr;
using testing::Not;

// Every object of the fake frameworks, counted as Core Foundation counts.
struct Object {
  enum class Type : unsigned long { kString = 1, kNumber, kData, kArray, kDictionary, kOther } type;
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
  // Of notifications: services by their iterator, and messages that nobody has received.
  std::map<std::uint32_t, int> waiting{};
  std::vector<std::pair<std::uint32_t, void (*)(void*, std::uint32_t)>> callbacks{}, messages{};
  void* context = nullptr;
  bool open_port = false;
  int notify_error = 0;

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
    mac->next = 0;
    *iterator = 1;
    return mac->matching_error;
  };
  out.io.next = [](std::uint32_t iterator) -> std::uint32_t {
    if (iterator != 1) {
      return mac->waiting[iterator] > 0 ? (--mac->waiting[iterator], ++mac->ports, 99u) : 0u;
    }
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
  out.io.make_port = [](std::uint32_t) -> void* {
    mac->open_port = true;
    return mac;
  };
  out.io.destroy_port = [](void*) { mac->open_port = false; };
  out.io.notify = [](void*, const char* type, const void*, void (*callback)(void*, std::uint32_t),
                     void* context, std::uint32_t* iterator) {
    if (mac->notify_error != 0) {
      return mac->notify_error;
    }
    *iterator = std::string(type) == "IOServiceFirstMatch" ? 2 : 3;
    mac->waiting[*iterator] = *iterator == 2 ? 1 : 0;  // what is there already
    mac->callbacks.emplace_back(*iterator, callback);
    mac->context = context;
    ++mac->ports;
    return 0;
  };
  out.io.receive = [](void*) {
    if (mac->messages.empty()) {
      return false;
    }
    const auto message = mac->messages.front();
    mac->messages.erase(mac->messages.begin());
    message.second(mac->context, message.first);
    return true;
  };
  out.cf.dictionary_type = [] { return static_cast<unsigned long>(Object::Type::kDictionary); };
  out.cf.dictionary_value = [](const void* o, const void* key) -> const void* {
    const auto found = of(o)->objects.find(of(key)->text);
    return found == of(o)->objects.end() ? nullptr : found->second;
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

class MacLiveTest : public MacTest {
 protected:
  MacLiveTest() {
    events_ = {sizeof events_, 0, this, [](void* ctx, const xpu_event* event) {
                 static_cast<MacLiveTest*>(ctx)->heard_.push_back(std::to_string(event->kind) +
                                                                  " " + event->reason);
                 return XPU_OK;
               }};
    samples_ = {
        sizeof samples_, 0, this,
        [](void* ctx, const char* device, const char* key, const char* label, double value) {
          static_cast<MacLiveTest*>(ctx)->values_[std::string(device) + " " + key + " " + label] =
              value;
          return XPU_OK;
        },
        nullptr};
  }
  std::vector<std::string> dispatch() {
    heard_.clear();
    EXPECT_EQ(live_.dispatch(to_), 1000u);
    return heard_;
  }
  // A message that a service came (2) or went (3).
  void message(std::uint32_t iterator) {
    ++mac_.waiting[iterator];
    for (const auto& callback : mac_.callbacks) {
      if (callback.first == iterator) {
        mac_.messages.push_back(callback);
      }
    }
  }

  xpu_event_sink events_{};
  xpu_metric_sink samples_{};
  sdk::Events to_{nullptr, &events_};
  sdk::Samples into_{nullptr, &samples_};
  std::vector<std::string> heard_;
  std::map<std::string, double> values_;
  MacLive live_{&fake_frameworks};
};

TEST_F(MacLiveTest, AGpuInABoxComesAndGoes) {
  live_.start_watching(to_);
  EXPECT_EQ(live_.descriptor(), -1);
  EXPECT_TRUE(mac_.open_port);
  EXPECT_THAT(dispatch(), testing::IsEmpty()) << "what was there already";
  message(2);
  EXPECT_THAT(dispatch(),
              testing::ElementsAre("1 an accelerator appeared in the registry of IOKit"));
  message(3);
  EXPECT_THAT(dispatch(),
              testing::ElementsAre("2 an accelerator is gone from the registry of IOKit"));
  EXPECT_THAT(dispatch(), testing::IsEmpty());
  live_.stop_watching();
  EXPECT_FALSE(mac_.open_port);
}

TEST_F(MacLiveTest, SaysWhyItCannotWatch) {
  mac_.notify_error = 5;
  try {
    live_.start_watching(to_);
    ADD_FAILURE() << "it watches";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(),
                 "GPUs cannot be watched: IOKit takes no notification IOServiceFirstMatch (5)");
  }
  EXPECT_FALSE(mac_.open_port);
}

TEST_F(MacLiveTest, MeasuresWhatDriversCount) {
  Object statistics{Object::Type::kDictionary, ""};
  statistics.objects = {
      {"Device Utilization %", mac_.number(42)},      {"Tiler Utilization %", mac_.number(120)},
      {"In use system memory", mac_.number(1 << 30)}, {"vramUsedBytes", mac_.number(7)},
      {"Temperature(C)", mac_.string("warm")},        {"Alloc system memory", mac_.number(9)}};
  mac_.devices = {mac_.metal("Apple M1", 5), mac_.metal("Apple M2", 6)};
  mac_.services = {{6, {{"PerformanceStatistics", mac_.add(std::move(statistics))}}},
                   {5, {{"PerformanceStatistics", mac_.number(1)}}}};
  live_.start_sampling(into_);
  live_.sample(into_);
  EXPECT_EQ(values_, (std::map<std::string, double>{{"apple:1 utilisation compute", 0.42},
                                                    {"apple:1 utilisation tiler", 1},
                                                    {"apple:1 memory-used ", 1 << 30}}));
}

TEST_F(MacLiveTest, NothingToMeasure) {
  EXPECT_THROW(live_.start_sampling(into_), sdk::Absent);
}

}  // namespace
}  // namespace xpu::apple
