// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/lines.h"

#include "core/base/error.h"
#include "core/plugin/obligations.h"
#include "xpu/backend.h"

namespace xpu {
namespace {

constexpr std::size_t kLines = 100;  // of each stream
constexpr std::size_t kLineBytes = 512;

}  // namespace

void Lines::add(std::string_view bytes) {
  for (char c : bytes) {
    if (c == '\n' || rest_.size() >= kLineBytes) {
      flush();
    }
    if (c != '\n') {
      rest_ += c;
    }
  }
}

void Lines::flush() {
  if (!rest_.empty()) {
    say(std::exchange(rest_, ""));
  }
}

void Lines::say(std::string text) {
  // What our own code says about the backend is not drowned by what the backend says.
  const bool ours = stream_ == nullptr && tag_of(text) != Obligation::kNone;
  if (++count_ > kLines && !(ours && ++ours_ <= kLines)) {
    if (count_ == kLines + 1) {
      log_(log::Level::kWarn, cat("backend ", backend_, ": more output than ", kLines,
                                  " lines; the rest is left out"));
    }
    return;
  }
  log::Level level = log::Level::kInfo;
  std::string intro = cat("backend ", backend_, ": ");
  if (stream_ != nullptr) {
    intro += cat(stream_, ": ");
  } else {
    // From the backend's log(): a digit and the text.
    const int severity = text[0] - '0';
    level = severity >= XPU_LOG_DEBUG && severity <= XPU_LOG_ERROR
                ? static_cast<log::Level>(severity)
                : log::Level::kInfo;
    text.erase(0, 1);
  }
  for (char& c : text) {
    c = static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  }
  log_(level, intro + text);
}

}  // namespace xpu
