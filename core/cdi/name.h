// SPDX-License-Identifier: Apache-2.0
// Names of CDI devices: VENDOR/CLASS=NAME, VENDOR/CLASS being the kind.
// Source: Container Device Interface specification 1.1.0, SPEC.md, "Kind" and "Devices", and the
// parser of its reference library, which also takes a colon in names.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace xpu::cdi {

// What the kinds of the runtime's own names begin with, before the vendor.
inline constexpr std::string_view kOwnKinds = "xpu.dev/";

struct Name {
  std::string kind;  // "vendor.example/class"
  std::string device;
  bool operator==(const Name&) const = default;
};

// A letter first, then letters, digits, '_', '-' and '.', a letter or digit last.
bool is_vendor(std::string_view text);
bool is_class(std::string_view text);
// VENDOR/CLASS.
bool is_kind(std::string_view text);
// A letter or digit first and last, between them also '_', '-', '.' and ':'.
bool is_device_name(std::string_view text);

// nullopt for what is no qualified name.
std::optional<Name> parse_name(std::string_view text);
// Whether the text means to be one: it has a slash, and an equals sign after it. What then is no
// name is an error of the user's, not another kind of request.
bool looks_qualified(std::string_view text);

std::string_view vendor_of(std::string_view kind);
std::string_view class_of(std::string_view kind);
std::string qualified(std::string_view kind, std::string_view device);

}  // namespace xpu::cdi
