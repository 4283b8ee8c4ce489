// SPDX-License-Identifier: Apache-2.0
#include "core/apps/image_env.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "core/base/error.h"
#include "core/base/fd.h"
#include "core/base/stream.h"
#include "core/log/format.h"
#include "core/oci/text.h"

namespace xpu {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{16} << 20;

std::vector<std::string> lines_in(const std::string& text, const std::string& source) {
  std::vector<std::string> out;
  std::size_t number = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    at = end + 1;
    ++number;
    if (!line.empty() && line.back() == '\r') {
      line.pop_back();
    }
    if (line.empty() || line[0] == '#') {
      continue;
    }
    if (const std::size_t equals = line.find('='); equals == 0 || equals == line.npos) {
      fail(source, ":", number, ": ", log::printable(line.substr(0, 64)),
           " is not of the form NAME=value");
    }
    out.push_back(std::move(line));
  }
  return out;
}

// "Env" of the object, or of its "Config" ("config" of an OCI image).
std::optional<json::Value> env_of(const std::string& text, const json::Value& object) {
  for (const json::Member& member : json::members(text, object)) {
    const std::string key = json::as_string(member.key).value_or("");
    if (key == "Env" && member.value.is_array()) {
      return member.value;
    }
    if ((key == "Config" || key == "config") && member.value.is_object()) {
      return env_of(text, member.value);
    }
  }
  return std::nullopt;
}

std::vector<std::string> strings_in(const std::string& text, const json::Value& array,
                                    const std::string& source) {
  std::vector<std::string> out;
  for (const json::Value& element : json::elements(text, array)) {
    const std::optional<std::string> variable = json::as_string(element);
    if (!variable || variable->find('=') == variable->npos || variable->front() == '=') {
      fail(source, ": Env: ", log::printable(element.text.substr(0, 64)),
           " is not of the form \"NAME=value\"");
    }
    out.push_back(*variable);
  }
  return out;
}

}  // namespace

std::vector<std::string> variables_in(const std::string& text, const std::string& source) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == text.npos || (text[begin] != '[' && text[begin] != '{')) {
    return lines_in(text, source);
  }
  // What validates is an object.
  const std::string document = cat("{\"images\":", text, "}");
  json::validate(document, source);
  const json::Value value = json::members(document, json::root(document))[0].value;
  if (value.is_object()) {
    if (const std::optional<json::Value> env = env_of(document, value)) {
      return strings_in(document, *env, source);
    }
    return {};
  }
  const std::vector<json::Value> elements = json::elements(document, value);
  if (elements.empty() || !elements[0].is_object()) {
    return strings_in(document, value, source);
  }
  if (elements.size() > 1) {
    fail(source, ": holds ", elements.size(), " images; print one of them alone");
  }
  const std::optional<json::Value> env = env_of(document, elements[0]);
  return env ? strings_in(document, *env, source) : std::vector<std::string>();
}

std::vector<std::string> read_image_env(const std::string& file) {
  if (file == "-") {
    return variables_in(read_stream(STDIN_FILENO, "standard input", kMaxBytes), "standard input");
  }
  const Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!fd) {
    fail_errno("cannot read ", file);
  }
  return variables_in(read_stream(fd.get(), file, kMaxBytes), file);
}

}  // namespace xpu
