// SPDX-License-Identifier: Apache-2.0
// Paths as text. Nothing here looks at the file system.
#pragma once

#include <string>
#include <string_view>

namespace xpu::sdk {

// The last component: "/usr/lib/libx.so.1" → "libx.so.1"; "/" and "" → "".
std::string base_name(std::string_view path);
// Everything before it, without a slash at the end: "/usr/lib/libx.so.1" → "/usr/lib";
// "/usr" → "/"; "libx.so.1" → "".
std::string dir_name(std::string_view path);
// Exactly one slash between the two: "/a/" + "/b" → "/a/b".
std::string join(std::string_view folder, std::string_view name);
// An absolute path without "//", "." and "..", and without a slash at the end. ".." at the top
// stays at the top. A relative path is taken as below "/".
std::string clean(std::string_view path);

bool starts_with(std::string_view text, std::string_view prefix);
bool ends_with(std::string_view text, std::string_view suffix);
// Without white space at both ends (files in sysfs and procfs end in a line end).
std::string trimmed(std::string_view text);

}  // namespace xpu::sdk
