// SPDX-License-Identifier: Apache-2.0
#include "core/heal/rules.h"

#include "core/base/error.h"
#include "core/oci/text.h"

namespace xpu {
namespace {

constexpr std::string_view kPlace = "linux.resources.devices";
constexpr std::uint32_t kTerminals = 136;

std::optional<std::uint32_t> number(const std::string& text, const json::Value& rule,
                                    std::string_view name, const std::string& source) {
  const std::optional<json::Value> value = json::find(text, rule, name, source);
  const std::optional<std::int64_t> read = value ? json::as_integer(*value) : std::nullopt;
  return read && *read >= 0 && *read <= UINT32_MAX
             ? std::optional(static_cast<std::uint32_t>(*read))
             : std::nullopt;
}

std::string word(const std::string& text, const json::Value& rule, std::string_view name,
                 const std::string& source) {
  const std::optional<json::Value> value = json::find(text, rule, name, source);
  return value ? json::as_string(*value).value_or("") : "";
}

DeviceRule rule_of(const std::string& text, const json::Value& value, const std::string& source) {
  DeviceRule out;
  const std::optional<json::Value> allow = json::find(text, value, "allow", source);
  out.allow = allow && json::as_bool(*allow).value_or(false);
  const std::string type = word(text, value, "type", source);
  out.type = type == "c" || type == "u" ? 'c' : type == "b" ? 'b' : 'a';
  // With "a" numbers say nothing.
  if (out.type != 'a') {
    out.major = number(text, value, "major", source);
    out.minor = number(text, value, "minor", source);
  }
  const std::string access = word(text, value, "access", source);
  out.access = access.empty() ? out.access : access;
  return out;
}

bool is_about_everything(const DeviceRule& rule) {
  return rule.type == 'a' && may(rule.access, 'r') && may(rule.access, 'w') &&
         may(rule.access, 'm');
}

unsigned bits_of(const std::string& access) {
  return (may(access, 'm') ? unsigned{BPF_DEVCG_ACC_MKNOD} : 0U) |
         (may(access, 'r') ? unsigned{BPF_DEVCG_ACC_READ} : 0U) |
         (may(access, 'w') ? unsigned{BPF_DEVCG_ACC_WRITE} : 0U);
}

bool is_about(const DeviceRule& rule, const Node& node) {
  return (rule.type == 'a' || rule.type == node.type) &&
         (!rule.major || rule.major == node.major) && (!rule.minor || rule.minor == node.minor);
}

// What the kernel hands over, in registers; 2 holds the accesses that no rule has decided yet.
enum Register : std::uint8_t {
  kResult = 0,
  kContext = 1,
  kLeft = 2,
  kType = 3,
  kMajor = 4,
  kMinor = 5,
  kScratch = 6
};

bpf_insn instruction(int code, std::uint8_t to, std::uint8_t from, int offset,
                     std::uint32_t value) {
  bpf_insn out = {};
  out.code = static_cast<std::uint8_t>(code);
  out.dst_reg = to & 0xf;
  out.src_reg = from & 0xf;
  out.off = static_cast<std::int16_t>(offset);
  out.imm = static_cast<std::int32_t>(value);
  return out;
}

bpf_insn load(std::uint8_t to, std::size_t offset) {
  return instruction(BPF_LDX | BPF_W | BPF_MEM, to, kContext, static_cast<int>(offset), 0);
}
bpf_insn compute(int operation, std::uint8_t to, std::uint32_t value) {
  return instruction(BPF_ALU64 | operation | BPF_K, to, 0, 0, value);
}
bpf_insn copy(std::uint8_t to, std::uint8_t from) {
  return instruction(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0);
}
bpf_insn jump(int condition, std::uint8_t what, std::uint32_t value, std::size_t over) {
  return instruction(BPF_JMP | condition | BPF_K, what, 0, static_cast<int>(over), value);
}

void append_answer(std::vector<bpf_insn>& out, std::uint32_t answer) {
  out.push_back(compute(BPF_MOV, kResult, answer));
  out.push_back(instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
}

// What becomes of an access that the rule is about.
std::vector<bpf_insn> body_of(const DeviceRule& rule) {
  const std::uint32_t bits = bits_of(rule.access);
  std::vector<bpf_insn> out;
  if (rule.allow) {
    out = {compute(BPF_AND, kLeft, ~bits), jump(BPF_JNE, kLeft, 0, 2)};
  } else {
    out = {copy(kScratch, kLeft), compute(BPF_AND, kScratch, bits), jump(BPF_JEQ, kScratch, 0, 2)};
  }
  append_answer(out, rule.allow ? 1 : 0);
  return out;
}

void append_rule(std::vector<bpf_insn>& out, const DeviceRule& rule) {
  const std::vector<bpf_insn> body = body_of(rule);
  std::size_t left =
      body.size() + (rule.type == 'a' ? 0 : 1) + (rule.major ? 1 : 0) + (rule.minor ? 1 : 0);
  const auto unless = [&](std::uint8_t what, std::uint32_t value) {
    --left;
    out.push_back(jump(BPF_JNE, what, value, left));
  };
  if (rule.type != 'a') {
    unless(kType, rule.type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
  }
  if (rule.major) {
    unless(kMajor, *rule.major);
  }
  if (rule.minor) {
    unless(kMinor, *rule.minor);
  }
  out.insert(out.end(), body.begin(), body.end());
}

}  // namespace

std::vector<DeviceRule> rules_in(const std::string& config, const std::string& source) {
  json::validate(config, source);
  std::vector<DeviceRule> out;
  std::optional<json::Value> at = json::root(config);
  for (const std::string_view name : {"linux", "resources", "devices"}) {
    at = json::find(config, *at, name, source);
    if (!at) {
      return out;
    }
  }
  if (!at->is_array()) {
    fail(source, ": ", kPlace, " is no array");
  }
  for (const json::Value& rule : json::elements(config, *at)) {
    if (!rule.is_object()) {
      fail(source, ": ", kPlace, " holds what is no rule");
    }
    out.push_back(rule_of(config, rule, source));
  }
  return out;
}

std::vector<DeviceRule> rules_in_force(const std::vector<DeviceRule>& rules) {
  std::size_t begin = rules.size();
  while (begin > 0 && !is_about_everything(rules[begin - 1])) {
    --begin;
  }
  std::vector<DeviceRule> out;
  if (begin > 0 && rules[begin - 1].allow) {
    out.push_back(rules[begin - 1]);
  } else {
    out = {{true, 'c', {}, {}, "m"}, {true, 'b', {}, {}, "m"}, {true, 'c', kTerminals, {}, "rwm"}};
    // null, zero, full, random, urandom, tty, ptmx
    for (const auto& [major, minor] :
         {std::pair{1U, 3U}, {1U, 5U}, {1U, 7U}, {1U, 8U}, {1U, 9U}, {5U, 0U}, {5U, 2U}}) {
      out.push_back({true, 'c', major, minor, "rwm"});
    }
  }
  out.insert(out.end(), rules.begin() + static_cast<std::ptrdiff_t>(begin), rules.end());
  return out;
}

bool allowed(const std::vector<DeviceRule>& in_force, const Node& node) {
  const std::string access = access_of(node);
  unsigned left = bits_of(access) & ~unsigned{BPF_DEVCG_ACC_MKNOD};
  for (auto rule = in_force.rbegin(); rule != in_force.rend() && left != 0; ++rule) {
    const unsigned bits = is_about(*rule, node) ? bits_of(rule->access) : 0;
    if (!rule->allow && (left & bits) != 0) {
      return false;
    }
    left &= ~bits;
  }
  return left == 0;
}

std::vector<bpf_insn> program_of(const std::vector<DeviceRule>& in_force) {
  std::vector<bpf_insn> out = {
      load(kType, offsetof(bpf_cgroup_dev_ctx, access_type)),
      copy(kLeft, kType),
      compute(BPF_AND, kType, 0xffff),
      compute(BPF_RSH, kLeft, 16),
      load(kMajor, offsetof(bpf_cgroup_dev_ctx, major)),
      load(kMinor, offsetof(bpf_cgroup_dev_ctx, minor)),
  };
  for (auto rule = in_force.rbegin(); rule != in_force.rend(); ++rule) {
    append_rule(out, *rule);
  }
  append_answer(out, 0);
  return out;
}

}  // namespace xpu
