// SPDX-License-Identifier: Apache-2.0
// The one place that parses: Boost.JSON's SAX parser with a handler that keeps nothing.
#include <boost/json/basic_parser_impl.hpp>

#include "core/base/error.h"
#include "core/oci/text.h"

namespace xpu::json {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{16} << 20;
constexpr std::size_t kMaxDepth = 1000;

struct Nothing {
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);

  using ec = boost::json::error_code;
  using text = boost::json::string_view;
  bool on_document_begin(ec&) { return true; }
  bool on_document_end(ec&) { return true; }
  bool on_object_begin(ec&) { return true; }
  bool on_object_end(std::size_t, ec&) { return true; }
  bool on_array_begin(ec&) { return true; }
  bool on_array_end(std::size_t, ec&) { return true; }
  bool on_key_part(text, std::size_t, ec&) { return true; }
  bool on_key(text, std::size_t, ec&) { return true; }
  bool on_string_part(text, std::size_t, ec&) { return true; }
  bool on_string(text, std::size_t, ec&) { return true; }
  bool on_number_part(text, ec&) { return true; }
  bool on_int64(std::int64_t, text, ec&) { return true; }
  bool on_uint64(std::uint64_t, text, ec&) { return true; }
  bool on_double(double, text, ec&) { return true; }
  bool on_bool(bool, ec&) { return true; }
  bool on_null(ec&) { return true; }
  bool on_comment_part(text, ec&) { return true; }
  bool on_comment(text, ec&) { return true; }
};

}  // namespace

std::optional<Mistake> mistake_in(std::string_view text) {
  if (text.size() > kMaxBytes) {
    return Mistake{kMaxBytes, "larger than 16 MiB"};
  }
  if (text.starts_with("\xef\xbb\xbf")) {
    return Mistake{0, "begins with a byte order mark; save it as UTF-8 without one"};
  }
  boost::json::parse_options options;
  options.max_depth = kMaxDepth;
  boost::json::basic_parser<Nothing> parser(options);
  boost::json::error_code error;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), error);
  if (error == boost::json::error::too_deep) {
    return Mistake{used, cat("nested deeper than ", kMaxDepth, " levels")};
  }
  if (error || used < text.size()) {
    if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
      return Mistake{nul, "not JSON: holds a NUL byte"};
    }
    return Mistake{used,
                   cat("not JSON: ", error ? error.message() : std::string("text after the end"),
                       " near byte ", used)};
  }
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  return text[begin] == '{' ? std::nullopt : std::optional(Mistake{begin, "not a JSON object"});
}

void validate(std::string_view text, const std::string& source) {
  if (const std::optional<Mistake> mistake = mistake_in(text)) {
    fail(source, ": ", mistake->text);
  }
}

}  // namespace xpu::json
