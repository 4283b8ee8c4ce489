// SPDX-License-Identifier: Apache-2.0
// What Linux and macOS do differently, as far as programs for both need it. platform_linux.cc and
// platform_macos.cc say how; nothing else of core/base asks which system it is on.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/fd.h"

namespace xpu::platform {

// What names of shared libraries end in.
std::string_view library_suffix();

// Absolute path of the program that this process runs. Throws Error.
std::string own_program();

// Bytes that nobody can guess; false when there are none yet.
bool random_bytes(void* out, std::size_t size);

// Nanoseconds since 1970: when the content, and when anything about a file last changed.
std::int64_t modified_ns(const struct stat& st);
std::int64_t changed_ns(const struct stat& st);

// An object of a folder, as something to fstat(): a link is not followed, and on Linux no right to
// read is needed. Closed and errno set when there is none.
Fd open_object(int folder, const char* name);
// The text of a symbolic link that open_object() gave, which is `name` in `folder`; -1 and errno.
ssize_t read_link(const Fd& link, int folder, const char* name, char* out, std::size_t size);

// Both ends are closed by exec. Throws Error.
void make_pipe(Fd& read_end, Fd& write_end);

// Extended attributes that go with a file that is replaced, access lists among them; a list that
// `to` has from its folder goes. Returns "" or the name of the first that could not be copied, and
// errno says why.
std::string copy_attributes(int from, int to);

}  // namespace xpu::platform
