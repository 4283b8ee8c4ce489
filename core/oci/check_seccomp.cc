// SPDX-License-Identifier: Apache-2.0
// linux.seccomp
#include <algorithm>
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
constexpr std::string_view kArchitectures[] = {
    "SCMP_ARCH_X86",         "SCMP_ARCH_X86_64",      "SCMP_ARCH_X32",    "SCMP_ARCH_ARM",
    "SCMP_ARCH_AARCH64",     "SCMP_ARCH_LOONGARCH64", "SCMP_ARCH_M68K",   "SCMP_ARCH_MIPS",
    "SCMP_ARCH_MIPS64",      "SCMP_ARCH_MIPS64N32",   "SCMP_ARCH_MIPSEL", "SCMP_ARCH_MIPSEL64",
    "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC",         "SCMP_ARCH_PPC64",  "SCMP_ARCH_PPC64LE",
    "SCMP_ARCH_S390",        "SCMP_ARCH_S390X",       "SCMP_ARCH_SH",     "SCMP_ARCH_SHEB",
    "SCMP_ARCH_PARISC",      "SCMP_ARCH_PARISC64",    "SCMP_ARCH_RISCV64"};
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

void check_syscall(const Place& rule, Findings& out) {
  check_word(rule, "action", kActions, "action", out);
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

void check_seccomp(const Place& linux_part, Findings& out) {
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
    if (!is_among(kArchitectures, architecture.text().value_or(""))) {
      out.add(Refuses::kBoth, architecture.path(), architecture.value().text,
              " is no architecture that is known");
    }
  }
  for (const Place& flag : seccomp->elements("flags")) {
    if (!is_among(kFilterFlags, flag.text().value_or(""))) {
      out.add(Refuses::kBoth, flag.path(), flag.value().text, " is no flag that is known");
    } else {
      out.add(Refuses::kNobody, flag.path(), "flags are refused by runc before 1.1.6");
    }
  }
  for (const Place& rule : seccomp->elements("syscalls")) {
    check_syscall(rule, out);
  }
  if (notifies(*seccomp) && seccomp->text("listenerPath").value_or("").empty()) {
    out.add(Refuses::kRunc, seccomp->path_of("listenerPath"), "is missing, and a rule has ",
            kNotify);
  }
}

}  // namespace xpu::check
