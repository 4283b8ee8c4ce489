// SPDX-License-Identifier: Apache-2.0
#include "core/config/read_value.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "core/base/nearest.h"

namespace xpu {
namespace {

constexpr std::uint64_t kLeastMemory = 64ULL << 20;
constexpr std::size_t kLongestPattern = 256;

// "a, b or c"
std::string alternatives(std::span<const std::string_view> words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    out += cat(i == 0 ? "" : i + 1 == words.size() ? " or " : ", ", words[i]);
  }
  return out;
}

}  // namespace

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 32 && text[0] >= 'a' && text[0] <= 'z' &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

std::vector<std::pair<const toml::key*, const toml::node*>> in_order(const toml::table& table) {
  std::vector<std::pair<const toml::key*, const toml::node*>> entries;
  for (const auto& [key, node] : table) {
    entries.emplace_back(&key, &node);
  }
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
    const toml::source_position one = a.first->source().begin, two = b.first->source().begin;
    return std::pair(one.line, one.column) < std::pair(two.line, two.column);
  });
  return entries;
}

void ValueReader::unknown(const toml::key& name, const std::vector<std::string_view>& known) const {
  fail(file_, ':', name.source().begin.line, ": unknown key '", name.str(), "'",
       section.empty() ? "" : cat(" in [", section, "]"), did_you_mean(name.str(), known));
}

void ValueReader::note_origin(const toml::key& name, Config& config) const {
  config.origins[cat(section, '.', key)] = {file_, name.source().begin.line};
}

const toml::table& ValueReader::table(const toml::node& node) const {
  if (!node.is_table()) {
    bad(node, "must be a section: [", section.empty() ? "" : cat(section, '.'), key, "]");
  }
  return *node.as_table();
}

std::string ValueReader::text(const toml::node& node) const {
  const auto value = node.value_exact<std::string>();
  if (!value) {
    bad(node, "must be a text in quotes");
  }
  if (value->find('\0') != std::string::npos) {
    bad(node, "must not hold a NUL character");
  }
  return *value;
}

bool ValueReader::flag(const toml::node& node) const {
  const auto value = node.value_exact<bool>();
  if (!value) {
    bad(node, "must be true or false");
  }
  return *value;
}

std::string ValueReader::one_of(const toml::node& node,
                                std::span<const std::string_view> words) const {
  const std::string value = text(node);
  if (std::find(words.begin(), words.end(), value) == words.end()) {
    bad(node, "must be ", alternatives(words), ", not ", quoted(node));
  }
  return value;
}

unsigned ValueReader::number(const toml::node& node, unsigned least, unsigned most,
                             const char* unit) const {
  const auto value = node.value_exact<std::int64_t>();
  if (!value || *value < least || *value > most) {
    bad(node, "must be a ", unit, " from ", least, " to ", most);
  }
  return static_cast<unsigned>(*value);
}

std::uint64_t ValueReader::size(const toml::node& node) const {
  const std::string value = text(node);
  const std::size_t digits = std::min(value.find_first_not_of("0123456789"), value.size());
  const std::string_view unit = std::string_view(value).substr(digits);
  const int shift = unit == "KiB" ? 10 : unit == "MiB" ? 20 : unit == "GiB" ? 30 : 0;
  if (digits == 0 || digits > 9 || shift == 0) {
    bad(node, "must be a size such as \"512MiB\" or \"4GiB\", not ", quoted(node));
  }
  const std::uint64_t bytes = std::strtoull(value.c_str(), nullptr, 10) << shift;
  if (bytes < kLeastMemory) {
    bad(node, "must be at least 64MiB, not ", quoted(node));
  }
  return bytes;
}

std::string ValueReader::absolute(const toml::node& node) const {
  std::string path = text(node);
  if (path.empty() || path.front() != '/') {
    bad(node, "must be an absolute path, not ", quoted(node));
  }
  while (path.size() > 1 && path.back() == '/') {
    path.pop_back();
  }
  return path;
}

std::string ValueReader::absolute_or_empty(const toml::node& node) const {
  return text(node).empty() ? "" : absolute(node);
}

std::string ValueReader::listen_address(const toml::node& node) const {
  std::string value = text(node);
  unsigned char address[sizeof(in6_addr)];
  const bool is_path = value.starts_with("unix:/") && value.size() > 6 && value.back() != '/';
  if (is_path && value.size() - 5 >= sizeof(sockaddr_un::sun_path)) {
    bad(node, "is longer than a socket's path may be (", sizeof(sockaddr_un::sun_path) - 1,
        " bytes)");
  }
  if (!is_path && inet_pton(AF_INET, value.c_str(), address) != 1 &&
      inet_pton(AF_INET6, value.c_str(), address) != 1) {
    bad(node, "must be an IP address or \"unix:/PATH\", not ", quoted(node));
  }
  return value;
}

std::string ValueReader::program(const toml::node& node) const {
  const std::string value = text(node);
  return value.find('/') == std::string::npos ? value : absolute(node);
}

std::string ValueReader::name(const toml::node& node) const {
  std::string value = text(node);
  if (!is_name(value)) {
    bad(node, "must be lower-case letters, digits and '-', at most 32, not ", quoted(node));
  }
  return value;
}

const toml::array& ValueReader::filled_array(const toml::node& node) const {
  if (!node.is_array() || node.as_array()->empty()) {
    bad(node, "must be a list of at least one text");
  }
  return *node.as_array();
}

std::vector<std::string> ValueReader::programs(const toml::node& node) const {
  std::vector<std::string> out;
  for (const toml::node& element : filled_array(node)) {
    out.push_back(program(element));
    if (out.back().empty()) {
      bad(element, "must not hold an empty name");
    }
  }
  return out;
}

std::vector<std::string> ValueReader::folders(const toml::node& node) const {
  std::vector<std::string> out;
  for (const toml::node& element : filled_array(node)) {
    out.push_back(absolute(element));
  }
  return out;
}

std::vector<std::string> ValueReader::names(const toml::node& node) const {
  if (!node.is_array()) {
    bad(node, "must be a list of names");
  }
  std::vector<std::string> out;
  for (const toml::node& element : *node.as_array()) {
    out.push_back(name(element));
  }
  return out;
}

std::vector<std::string> ValueReader::words(const toml::node& node, std::string_view others,
                                            const char* what) const {
  if (!node.is_array()) {
    bad(node, "must be a list of ", what);
  }
  std::vector<std::string> out;
  for (const toml::node& element : *node.as_array()) {
    out.push_back(text(element));
    const bool fits = std::all_of(out.back().begin(), out.back().end(), [&](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
             others.find(c) != std::string_view::npos;
    });
    if (out.back().empty() || !fits) {
      bad(element, "must be a list of ", what, ", not ", quoted(element));
    }
  }
  return out;
}

std::vector<std::string> ValueReader::vendors(const toml::node& node) const {
  return words(node, "._-", "vendors");
}

std::vector<std::string> ValueReader::prefixes(const toml::node& node) const {
  return words(node, "._-/", "beginnings of annotations such as \"cdi.k8s.io/\"");
}

std::string ValueReader::kind_or_empty(const toml::node& node) const {
  std::string out = text(node);
  const std::size_t slash = out.find('/');
  const bool fits = slash != std::string::npos && slash > 0 && slash + 1 < out.size() &&
                    out.find('/', slash + 1) == std::string::npos &&
                    out.find('=') == std::string::npos;
  if (!out.empty() && !fits) {
    bad(node, "must be a kind such as \"vendor.com/class\", or \"\", not ", quoted(node));
  }
  return out;
}

std::vector<std::string> ValueReader::patterns(const toml::node& node) const {
  if (!node.is_array()) {
    bad(node, "must be a list of patterns in quotes");
  }
  std::vector<std::string> out;
  for (const toml::node& element : *node.as_array()) {
    out.push_back(text(element));
    check_pattern(element, out.back());
  }
  return out;
}

void ValueReader::check_pattern(const toml::node& node, std::string_view pattern) const {
  if (pattern.empty() || pattern.size() > kLongestPattern) {
    bad(node, "must not hold a pattern of ", pattern.size(), " bytes: 1 to ", kLongestPattern);
  }
}

}  // namespace xpu
