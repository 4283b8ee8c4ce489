// SPDX-License-Identifier: Apache-2.0
// The functions of macOS's frameworks that are used, as a table that is filled at run time, so that
// the library needs none of them to be loaded. Declared after Apple's documentation; objects of
// Core Foundation, IOKit and Objective-C are void* here. Tests fill the table themselves.
#pragma once

#include <cstdint>
#include <string>

namespace xpu::apple {

// Core Foundation. Of its classes, arrays and strings are Objective-C's too.
struct CoreFoundation {
  void (*release)(const void* object);
  unsigned long (*type_of)(const void* object);
  unsigned long (*string_type)();
  unsigned long (*number_type)();
  unsigned long (*data_type)();
  const void* (*make_string)(const void* allocator, const char* text, std::uint32_t encoding);
  unsigned char (*string_text)(const void* string, char* out, long size, std::uint32_t encoding);
  unsigned char (*number_value)(const void* number, long type, void* out);
  long (*data_length)(const void* data);
  const unsigned char* (*data_bytes)(const void* data);
  long (*array_count)(const void* array);
  const void* (*array_item)(const void* array, long index);
  unsigned long (*dictionary_type)();
  const void* (*dictionary_value)(const void* dictionary, const void* key);  // borrowed
};

// A service of the kernel is the name of a Mach port.
struct IoKit {
  void* (*matching)(const char* class_name);
  int (*services)(std::uint32_t main_port, const void* matching, std::uint32_t* iterator);
  std::uint32_t (*next)(std::uint32_t iterator);
  int (*registry_id)(std::uint32_t service, std::uint64_t* out);
  const void* (*property)(std::uint32_t service, const void* key, const void* allocator,
                          std::uint32_t options);
  int (*release)(std::uint32_t object);
  // Notifications of services that come and go. The port is no descriptor: receive() calls the
  // callbacks of one message if there is one, and never waits.
  void* (*make_port)(std::uint32_t main_port);
  void (*destroy_port)(void* port);
  int (*notify)(void* port, const char* type, const void* matching,
                void (*callback)(void* context, std::uint32_t iterator), void* context,
                std::uint32_t* iterator);
  bool (*receive)(void* port);
};

// Messages without arguments, by the type of their answer. Only to be sent to what responds().
struct Objc {
  bool (*responds)(const void* object, const char* selector);
  const void* (*object)(const void* object, const char* selector);
  std::uint64_t (*number)(const void* object, const char* selector);
  bool (*truth)(const void* object, const char* selector);
  void* (*open_pool)();  // takes what the answers leave behind
  void (*close_pool)(void* pool);
};

struct Frameworks {
  CoreFoundation cf{};
  IoKit io{};
  Objc objc{};
  const void* (*metal_devices)() = nullptr;  // an array, to be released
  // What could not be loaded, and why; "" for nothing.
  std::string without_iokit, without_metal;
};

// Throws std::runtime_error when Core Foundation cannot be loaded.
Frameworks load_frameworks();

}  // namespace xpu::apple
