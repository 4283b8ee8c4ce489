// SPDX-License-Identifier: Apache-2.0
#include "backends/apple/frameworks.h"

#include <dlfcn.h>
#include <mach/mach.h>

#include <stdexcept>

namespace xpu::apple {
namespace {

// A library and the first function of it that was missing.
class Library {
 public:
  explicit Library(const char* path) : path_(path), handle_(dlopen(path, RTLD_NOW | RTLD_LOCAL)) {
    if (handle_ == nullptr) {
      const char* why = dlerror();
      problem_ = why != nullptr ? why : path_ + " cannot be loaded";
    }
  }

  template <class Function>
  void take(const char* name, Function& out) {
    void* address = handle_ != nullptr ? dlsym(handle_, name) : nullptr;
    if (address == nullptr && problem_.empty()) {
      problem_ = path_ + " has no function " + name;
    }
    out = reinterpret_cast<Function>(address);
  }

  const std::string& problem() const { return problem_; }

 private:
  std::string path_;
  void* handle_;
  std::string problem_;
};

constexpr const char* kCoreFoundation =
    "/System/Library/Frameworks/CoreFoundation.framework/CoreFoundation";
constexpr const char* kIoKit = "/System/Library/Frameworks/IOKit.framework/IOKit";
constexpr const char* kMetal = "/System/Library/Frameworks/Metal.framework/Metal";
// Without it Metal lists nothing to a program without windows.
constexpr const char* kCoreGraphics =
    "/System/Library/Frameworks/CoreGraphics.framework/CoreGraphics";
constexpr const char* kObjc = "/usr/lib/libobjc.A.dylib";

const void* (*selector_of)(const char*) = nullptr;
void (*send)() = nullptr;  // objc_msgSend, to be called with the type of the method

template <class Answer, class... Arguments>
Answer send_as(const void* object, const char* selector, Arguments... arguments) {
  const auto call = reinterpret_cast<Answer (*)(const void*, const void*, Arguments...)>(send);
  return call(object, selector_of(selector), arguments...);
}

bool responds(const void* object, const char* selector) {
  return send_as<signed char>(object, "respondsToSelector:", selector_of(selector)) != 0;
}

std::string load_core_foundation(CoreFoundation& cf) {
  Library library(kCoreFoundation);
  library.take("CFRelease", cf.release);
  library.take("CFGetTypeID", cf.type_of);
  library.take("CFStringGetTypeID", cf.string_type);
  library.take("CFNumberGetTypeID", cf.number_type);
  library.take("CFDataGetTypeID", cf.data_type);
  library.take("CFStringCreateWithCString", cf.make_string);
  library.take("CFStringGetCString", cf.string_text);
  library.take("CFNumberGetValue", cf.number_value);
  library.take("CFDataGetLength", cf.data_length);
  library.take("CFDataGetBytePtr", cf.data_bytes);
  library.take("CFArrayGetCount", cf.array_count);
  library.take("CFArrayGetValueAtIndex", cf.array_item);
  library.take("CFDictionaryGetTypeID", cf.dictionary_type);
  library.take("CFDictionaryGetValue", cf.dictionary_value);
  return library.problem();
}

mach_port_t (*mach_port_of)(void* port) = nullptr;
void (*call_back)(void* unused, mach_msg_header_t* message, void* port) = nullptr;

bool receive(void* port) {
  struct {
    mach_msg_header_t header;
    unsigned char rest[2048];
  } message{};
  if (mach_msg(&message.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof message,
               mach_port_of(port), 0, MACH_PORT_NULL) != MACH_MSG_SUCCESS) {
    return false;
  }
  call_back(nullptr, &message.header, port);
  return true;
}

std::string load_iokit(IoKit& io) {
  Library library(kIoKit);
  library.take("IOServiceMatching", io.matching);
  library.take("IOServiceGetMatchingServices", io.services);
  library.take("IOIteratorNext", io.next);
  library.take("IORegistryEntryGetRegistryEntryID", io.registry_id);
  library.take("IORegistryEntryCreateCFProperty", io.property);
  library.take("IOObjectRelease", io.release);
  library.take("IONotificationPortCreate", io.make_port);
  library.take("IONotificationPortDestroy", io.destroy_port);
  library.take("IONotificationPortGetMachPort", mach_port_of);
  library.take("IODispatchCalloutFromMessage", call_back);
  library.take("IOServiceAddMatchingNotification", io.notify);
  io.receive = receive;
  return library.problem();
}

std::string load_metal(Frameworks& out) {
  Library objc(kObjc);
  objc.take("sel_registerName", selector_of);
  objc.take("objc_msgSend", send);
  objc.take("objc_autoreleasePoolPush", out.objc.open_pool);
  objc.take("objc_autoreleasePoolPop", out.objc.close_pool);
  out.objc.responds = responds;
  out.objc.object = send_as<const void*>;
  out.objc.number = send_as<std::uint64_t>;
  out.objc.truth = send_as<bool>;
  if (!objc.problem().empty()) {
    return objc.problem();
  }
  const Library graphics(kCoreGraphics);
  Library metal(kMetal);
  metal.take("MTLCopyAllDevices", out.metal_devices);
  return metal.problem();
}

}  // namespace

Frameworks load_frameworks() {
  Frameworks out;
  const std::string problem = load_core_foundation(out.cf);
  if (!problem.empty()) {
    throw std::runtime_error(problem);
  }
  out.without_iokit = load_iokit(out.io);
  out.without_metal = load_metal(out);
  return out;
}

}  // namespace xpu::apple
