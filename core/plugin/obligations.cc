// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/obligations.h"

#include <charconv>

namespace xpu {
namespace {

struct Entry {
  const char* title;
  const char* advice;
};

constexpr Entry kEntries[kObligations] = {
    {"nobody but root, or the one who runs this, can change its files",
     "give manifest, library and every folder above them to root (or, to try it, to yourself), "
     "writable by the owner only: sudo install -m 0644 FILE.so FILE.toml FOLDER"},
    {"the manifest is complete and has no key that is not known",
     "correct the line that the message names; the guide lists all keys"},
    {"a hash that the manifest states is that of the library",
     "write what sha256sum prints for the installed library, or leave the key out; "
     "xpu_add_backend() of CMake writes it at installation"},
    {"the library is a whole shared library for this machine, without search paths of its own",
     "build it for this machine with -shared -fPIC and without -rpath"},
    {"the library exports xpu_backend_entry and nothing else",
     "link with what `pkg-config --libs xpu-backend` says, or with --version-script=backend.map "
     "and "
     "-Wl,--exclude-libs,ALL"},
    {"the library needs no other library than the C library and libudev",
     "link the C++ runtime in (-static-libstdc++ -static-libgcc), and open a vendor's library with "
     "dlopen() in describe(): a host without it is then absent, not broken"},
    {"the library loads, with every symbol found at once",
     "link what defines the missing symbol, or build on the oldest system that you support"},
    {"xpu_backend_entry() accepts a host that speaks its version, and no other",
     "return XPU_OK and a table when a version that the backend speaks lies between oldest_major."
     "oldest_minor and abi_major.abi_minor of the host, XPU_UNSUPPORTED otherwise"},
    {"the table is whole and follows an ABI version that is accepted",
     "begin the table with sizeof(xpu_backend), XPU_ABI_MAJOR, XPU_ABI_MINOR, and fill in name, "
     "version, open, describe and close"},
    {"the table's name is that of the manifest",
     "use one name in the table, the manifest and its "
     "file name"},
    {"a status is one of xpu_status, and comes with a reason",
     "return XPU_OK, XPU_ABSENT, XPU_FAILED, XPU_INVALID or XPU_NO_MEMORY, and call set_error() "
     "before any but XPU_OK; an emit function that refuses has done so itself"},
    {"no C++ exception leaves the library",
     "catch everything in each function of the table; backend.hpp does so"},
    {"the backend does not crash, end the process or exceed its limits",
     "run it under a debugger: gdb --args xpu-backend-host --manifest FILE.toml"},
    {"it answers within the deadline",
     "do not wait for hardware or a daemon without a limit; say XPU_FAILED and why instead"},
    {"no thread and no process of it is left after close()",
     "join threads and wait for processes before describe() returns; shut vendor libraries down"},
    {"environment, folder, umask, locale and signals of the process stay as they were",
     "do not call setenv, chdir, umask, setlocale, signal or sigaction; where a vendor's library "
     "does, put back what it changed"},
    {"every item that is emitted is valid",
     "the message names the item and what is wrong with it; backend.h documents every field"},
    {"the description as a whole is valid",
     "write nothing to descriptors that are not yours, and stay within the limits of backend.h"},
    {"it says until when the description holds",
     "emit a condition before anything else, also where nothing is found: without one the host is "
     "asked again every 30 seconds"},
    {"the conditions hold once the backend has ended",
     "watch what tells of hardware and driver, not files or folders that change all the time or "
     "that the backend writes itself"},
    {"asked twice, it says the same",
     "emit in a fixed order (sort listings of folders) and leave out what changes by itself, such "
     "as temperatures or free memory"},
    {"it reads the options that the manifest declares, and no others",
     "declare in [options] what option() is called with; read each option in describe(), also "
     "where its value will not matter, and leave out of the manifest what is not used"},
    {"capabilities that the manifest gives by default are emitted",
     "emit_capability() each name of default-capabilities and capability-rules, or take it out of "
     "[request]; only a feature may be missing, where the host has nothing for it"},
    {"where there is a device, a path of [detect] exists",
     "name a path that exists wherever the hardware is usable; the library is not loaded "
     "otherwise"},
    {"the table of an extension is whole",
     "begin it with sizeof(xpu_hotplug_1) or sizeof(xpu_metrics_1) and fill in every function; "
     "live.hpp does so; return NULL from extension() for what is not supported"},
    {"dispatch() returns at once, and descriptor() is open or -1",
     "read what is there with O_NONBLOCK and return; measure in sample(), which may take long"},
    {"every event and every value that is emitted is valid",
     "the message names what is wrong with it; hotplug.h and metrics.h document every field, key "
     "and label"},
    {"stop() leaves no descriptor open that start() opened",
     "close in stop() what start() and dispatch() opened, and shut vendor libraries down"},
};

constexpr std::string_view kOpen = " [XPU_BACKEND_";

const Entry& entry(Obligation obligation) {
  return kEntries[static_cast<int>(obligation) - 1];
}

}  // namespace

std::string id_of(Obligation obligation) {
  return cat("XPU_BACKEND_", static_cast<int>(obligation));
}

const char* title(Obligation obligation) {
  return entry(obligation).title;
}

const char* advice(Obligation obligation) {
  return entry(obligation).advice;
}

std::string tagged(Obligation obligation, std::string text) {
  return tag_of(text) == Obligation::kNone ? cat(text, " [", id_of(obligation), "]") : text;
}

Obligation tag_of(std::string_view text) {
  const std::size_t at = text.rfind(kOpen);
  if (at == text.npos) {
    return Obligation::kNone;
  }
  int number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + at + kOpen.size(), end, number);
  const bool whole = error == std::errc() && end - stop == 1 && *stop == ']';
  return whole && number >= 1 && number <= kObligations ? static_cast<Obligation>(number)
                                                        : Obligation::kNone;
}

std::string_view untagged(std::string_view text) {
  return tag_of(text) == Obligation::kNone ? text : text.substr(0, text.rfind(kOpen));
}

}  // namespace xpu
