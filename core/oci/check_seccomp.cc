// SPDX-License-Identifier: Apache-2.0
// linux.seccomp
#include <algorithm>
#include <bit>
#include <string_view>

#include "core/oci/check.h"

namespace xpu::check {
namespace {

constexpr std::string_view kNotify = "SCMP_ACT_NOTIFY";
constexpr std::int64_t kArguments = 6;  // of a system call

constexpr std::string_view kActions[] = {
    "SCMP_ACT_KILL",  "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD",
    "SCMP_ACT_TRAP",  "SCMP_ACT_ERRNO",        "SCMP_ACT_TRACE",
    "SCMP_ACT_ALLOW", "SCMP_ACT_LOG",          kNotify};
constexpr std::string_view kOperators[] = {"SCMP_CMP_NE",       "SCMP_CMP_LT", "SCMP_CMP_LE",
                                           "SCMP_CMP_EQ",       "SCMP_CMP_GE", "SCMP_CMP_GT",
                                           "SCMP_CMP_MASKED_EQ"};
// Who knows an architecture. libseccomp makes no filter for one of the other byte order.
struct Architecture {
  std::string_view name;
  bool big_endian = false;
  const char* refused_by = nullptr;  // versions that do not know it
  Refuses who = Refuses::kNobody;    // of runc 1.1 and crun with libseccomp 2.5
};
constexpr const char* kNewInRunc = "runc 1.1";
constexpr const char* kNewInLibrary = "runc 1.1, and by crun with libseccomp before 2.6";
constexpr Architecture kArchitectures[] = {
    {"SCMP_ARCH_X86"},
    {"SCMP_ARCH_X86_64"},
    {"SCMP_ARCH_X32"},
    {"SCMP_ARCH_ARM"},
    {"SCMP_ARCH_AARCH64"},
    {"SCMP_ARCH_MIPS", true},
    {"SCMP_ARCH_MIPS64", true},
    {"SCMP_ARCH_MIPS64N32", true},
    {"SCMP_ARCH_MIPSEL"},
    {"SCMP_ARCH_MIPSEL64"},
    {"SCMP_ARCH_MIPSEL64N32"},
    {"SCMP_ARCH_PPC", true},
    {"SCMP_ARCH_PPC64", true},
    {"SCMP_ARCH_PPC64LE"},
    {"SCMP_ARCH_S390", true},
    {"SCMP_ARCH_S390X", true},
    {"SCMP_ARCH_RISCV64", false, kNewInRunc, Refuses::kRunc},
    {"SCMP_ARCH_LOONGARCH64", false, kNewInLibrary, Refuses::kBoth},
    {"SCMP_ARCH_PARISC", true, kNewInRunc, Refuses::kRunc},
    {"SCMP_ARCH_PARISC64", true, kNewInRunc, Refuses::kRunc},
    {"SCMP_ARCH_M68K", true, kNewInLibrary, Refuses::kBoth},
    {"SCMP_ARCH_SH", false, kNewInLibrary, Refuses::kBoth},
    {"SCMP_ARCH_SHEB", true, kNewInLibrary, Refuses::kBoth}};
constexpr std::string_view kFilterFlags[] = {"SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG",
                                             "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
                                             "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"};

template <class Words>
bool is_among(const Words& words, std::string_view word) {
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

template <class Words>
void check_word(const Place& parent, std::string_view key, const Words& words, const char* kind,
                Findings& out) {
  const std::string word = parent.text(key).value_or("");
  if (!is_among(words, word)) {
    out.add(Refuses::kBoth, parent.path_of(key), word.empty() ? "is missing" : quoted(word),
            word.empty() ? "" : cat(" is no ", kind, " that is known"));
  }
}

void check_architecture(const Place& place, Findings& out) {
  const std::string name = place.text().value_or("");
  const auto* const known =
      std::find_if(std::begin(kArchitectures), std::end(kArchitectures),
                   [&](const Architecture& architecture) { return architecture.name == name; });
  if (known == std::end(kArchitectures)) {
    out.add(Refuses::kBoth, place.path(), place.value().text, " is no architecture that is known");
  } else if (known->big_endian != (std::endian::native == std::endian::big)) {
    out.add(Refuses::kBoth, place.path(), name,
            " is of another byte order than this host, for which no filter can be made");
  } else if (known->refused_by != nullptr) {
    out.add_as_seen(known->who, place.path(), name, " is refused by ", known->refused_by);
  }
}

// The call by which runc hands the filter over.
void check_notified(const Place& rule, Findings& out) {
  for (const Place& name : rule.elements("names")) {
    if (rule.text("action") == kNotify && name.text() == "write") {
      out.add(Refuses::kRunc, name.path(), kNotify, " cannot be used for write");
    }
  }
}

void check_syscall(const Place& rule, Findings& out) {
  check_word(rule, "action", kActions, "action", out);
  check_notified(rule, out);
  for (const Place& argument : rule.elements("args")) {
    check_word(argument, "op", kOperators, "operator", out);
    if (const std::int64_t index = argument.integer("index").value_or(0); index >= kArguments) {
      out.add(Refuses::kBoth, argument.path_of("index"), index, " is more than ", kArguments - 1,
              ", the last argument of a system call");
    }
  }
}

bool notifies(const Place& seccomp) {
  const std::vector<Place> rules = seccomp.elements("syscalls");
  return std::any_of(rules.begin(), rules.end(),
                     [](const Place& rule) { return rule.text("action") == kNotify; });
}

}  // namespace

void check_seccomp(const Place& linux_part, const Host& host, Findings& out) {
  const std::optional<Place> seccomp = linux_part.get("seccomp");
  if (!seccomp || !seccomp->value().is_object()) {
    return;
  }
  const std::string otherwise = seccomp->text("defaultAction").value_or("");
  if (otherwise == kNotify) {
    out.add(Refuses::kBoth, seccomp->path_of("defaultAction"), kNotify,
            " cannot be what happens to every system call");
  } else if (!otherwise.empty()) {
    check_word(*seccomp, "defaultAction", kActions, "action", out);
  }
  if (seccomp->get("defaultErrnoRet") && otherwise != "SCMP_ACT_ERRNO" &&
      otherwise != "SCMP_ACT_TRACE") {
    out.add(Refuses::kCrun, seccomp->path_of("defaultErrnoRet"), "has no meaning for ",
            quoted(otherwise));
  }
  for (const Place& architecture : seccomp->elements("architectures")) {
    check_architecture(architecture, out);
  }
  for (const Place& flag : seccomp->elements("flags")) {
    if (!is_among(kFilterFlags, flag.text().value_or(""))) {
      out.add(Refuses::kBoth, flag.path(), flag.value().text, " is no flag that is known");
    } else {
      out.add_before({{1, 1, 6}, {}}, flag.path(), "flags are refused by runc before 1.1.6");
    }
  }
  for (const Place& rule : seccomp->elements("syscalls")) {
    check_syscall(rule, out);
  }
  if (!notifies(*seccomp)) {
    return;
  }
  const std::string listener = seccomp->text("listenerPath").value_or("");
  if (listener.empty()) {
    out.add(Refuses::kRunc, seccomp->path_of("listenerPath"), "is missing, and a rule has ",
            kNotify);
  } else if (const Look found = host.look ? look_at(listener) : Look{};
             host.look && found.known && !found.there) {
    out.add(Refuses::kBoth, seccomp->path_of("listenerPath"), quoted(listener),
            " does not exist on this host, and a rule has ", kNotify);
  }
}

}  // namespace xpu::check
