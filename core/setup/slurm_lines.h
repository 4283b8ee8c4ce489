// SPDX-License-Identifier: Apache-2.0
// The lines of a configuration file of Slurm, for edits that leave everything else as it is.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xpu::setup {

// KEY=VALUE, of which a line may have several.
struct SlurmPair {
  std::string key;                     // in small letters
  std::string text;                    // the value as Slurm takes it, without quotes
  std::size_t line = 0, line_end = 0;  // the line that it stands on, its end included
  std::size_t begin = 0;               // of the key
  std::size_t value = 0, value_end = 0;
  bool alone = true;  // nothing else is on its line
};

class SlurmLines {
 public:
  // Throws Error "SOURCE:LINE: ..." for a line that is no KEY=VALUE.
  SlurmLines(std::string text, const std::string& source);

  const std::string& text() const { return text_; }
  bool empty() const;
  // The one that counts: the last one. Keys in any case.
  const SlurmPair* find(std::string_view key) const;
  // The value as it stands there, with quotes; nullopt where there is none.
  std::optional<std::string> value(std::string_view key) const;

  // Both take what stands there, as value() gives it; a pair with another value is left alone.
  bool replace(std::string_view key, const std::string& present, const std::string& by);
  bool remove(std::string_view key, const std::string& present);
  void append(std::string_view line);
  // Takes a line of that comment out, and the empty line above it.
  void remove_comment(std::string_view comment);

 private:
  const SlurmPair* find(std::string_view key, const std::string& present) const;
  void adopt(std::string text);

  std::string text_;
  const std::string& source_;
  std::vector<SlurmPair> pairs_;
};

}  // namespace xpu::setup
