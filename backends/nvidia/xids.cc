// SPDX-License-Identifier: Apache-2.0
#include "backends/nvidia/xids.h"

#include <algorithm>
#include <optional>
#include <vector>

namespace xpu::nvidia {
namespace {

constexpr Verdict kIgnored = Verdict::kIgnored;
constexpr Verdict kDegraded = Verdict::kDegraded;
constexpr Verdict kFailed = Verdict::kFailed;

struct Row {
  unsigned first, last;
  Verdict verdict;
  const char* meaning;
};

// After NVIDIA's catalogue of Xids: what it answers with "reset the GPU" or "restart the machine"
// fails the GPU, what it answers with "restart the application" or "ignore" is none of the GPU's,
// and what lies between degrades it. Where the catalogue leaves it open, the reason is given.
constexpr Row kRows[] = {
    {8, 8, kIgnored, "a program's work was stopped"},
    {11, 11, kIgnored, "invalid commands of a program"},
    {13, 13, kIgnored, "graphics engine exception"},
    {25, 25, kIgnored, "invalid commands of a program"},
    {31, 31, kIgnored, "GPU memory page fault of a program"},
    // Corrupted on the way over PCIe, rarely a program's own doing.
    {32, 32, kDegraded, "invalid or corrupted push buffer stream"},
    {37, 38, kIgnored, "driver firmware error"},
    {39, 41, kIgnored, "copy engine exception"},
    {43, 43, kIgnored, "a program's fault stopped its work"},
    {44, 44, kIgnored, "graphics engine fault during context switch"},
    {45, 45, kIgnored, "preemptive cleanup after earlier errors or an aborted program"},
    {46, 46, kFailed, "GPU stopped processing"},
    {48, 48, kFailed, "double bit ECC error"},
    {54, 54, kFailed, "auxiliary power is not connected"},
    {60, 60, kIgnored, "video processor exception"},
    // What older drivers report before 62.
    {61, 61, kDegraded, "internal micro-controller breakpoint"},
    {62, 62, kFailed, "internal micro-controller halt"},
    // The row is replaced at the next reset; until then the GPU works.
    {63, 63, kDegraded, "memory row or page was marked to be replaced"},
    {64, 64, kFailed, "memory row or page could not be replaced"},
    {66, 67, kIgnored, "illegal access by the driver"},
    {68, 68, kIgnored, "video decoder exception"},
    {69, 69, kIgnored, "graphics engine class error"},
    {70, 72, kIgnored, "copy engine exception"},
    {74, 74, kFailed, "NVLink error"},
    {75, 77, kIgnored, "copy engine exception"},
    {78, 78, kIgnored, "a virtual GPU did not start"},
    {79, 79, kFailed, "GPU has fallen off the bus"},
    {80, 80, kIgnored, "corrupted commands of a program"},
    {82, 82, kIgnored, "image decoder exception"},
    {83, 84, kIgnored, "video decoder exception"},
    {85, 85, kIgnored, "copy engine exception"},
    {86, 86, kIgnored, "optical flow exception"},
    {88, 89, kIgnored, "video decoder exception"},
    {92, 92, kDegraded, "high rate of single bit ECC errors"},
    {93, 93, kDegraded, "InfoROM has been written too often"},
    // One program is lost and the memory of it set aside; a reset is due when convenient.
    {94, 94, kDegraded, "contained memory error"},
    {95, 95, kFailed, "uncontained memory error"},
    {96, 98, kIgnored, "video decoder exception"},
    {99, 105, kIgnored, "image decoder exception"},
    {106, 107, kIgnored, "test message"},
    // Mostly a program that does not give way. Drivers since 565 say themselves when a reset is
    // due.
    {109, 109, kIgnored, "context switch timeout"},
    {110, 110, kFailed, "security fault"},
    {119, 119, kFailed, "GSP did not answer in time"},
    {120, 120, kFailed, "GSP error"},
    {121, 121, kDegraded, "corrected errors on the link to the processor"},
    {126, 135, kIgnored, "copy engine exception"},
    {136, 136, kFailed, "NVLink training failed"},
    {137, 137, kIgnored, "illegal NVLink access of a program"},
    {139, 139, kIgnored, "optical flow exception"},
    {140, 140, kFailed, "uncorrected ECC error"},
    {141, 141, kIgnored, "CUDA fast path error"},
    {142, 142, kIgnored, "video encoder exception"},
    {143, 143, kFailed, "GPU initialization failed"},
    // Fatal or not by further numbers that NVML does not hand on.
    {144, 150, kDegraded, "NVLink error"},
    {151, 151, kDegraded, "key rotation error"},
    {152, 153, kIgnored, "deep learning accelerator error"},
    // Says of other errors what is to be done, which is asked for when it comes.
    {154, 154, kIgnored, "recovery action changed"},
    // Also links that were taken down on purpose.
    {155, 155, kDegraded, "NVLink is down"},
    {156, 156, kFailed, "a resource of the GPU was retired"},
    {157, 157, kDegraded, "a resource of the GPU could not be retired"},
    {158, 158, kFailed, "fatal timeout"},
    {159, 159, kDegraded, "error on the link to the processor"},
    {160, 161, kDegraded, "a memory channel was retired or could not be"},
    {162, 162, kIgnored, "power smoothing works again"},
    {163, 165, kDegraded, "power smoothing has ended or soon will"},
    {166, 166, kDegraded, "NVLink traffic before encryption was set up"},
    {167, 167, kFailed, "fatal PCIe timeout"},
    {168, 168, kDegraded, "less memory than the GPU has"},
    {169, 169, kFailed, "internal micro-controller halt"},
    {170, 170, kDegraded, "interrupt of secure NVLink"},
    {171, 171, kFailed, "uncorrectable DRAM error"},
    {172, 172, kFailed, "uncorrectable SRAM error"},
};

struct ListOption {
  const char* name;
  Verdict verdict;
};
// `others_` points into it.
constexpr ListOption kOptions[] = {
    {"failing-xids", Verdict::kFailed},
    {"degrading-xids", Verdict::kDegraded},
    {"ignored-xids", Verdict::kIgnored},
};
constexpr unsigned kHighest = 100000;

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words(1);
  for (const char c : text) {
    if (c == ',' || c == ' ' || c == '\t') {
      words.emplace_back();
    } else {
      words.back() += c;
    }
  }
  words.erase(std::remove(words.begin(), words.end(), ""), words.end());
  return words;
}

std::optional<unsigned> number_of(const std::string& text) {
  if (text.empty() || text.size() > 6 ||
      text.find_first_not_of("0123456789") != std::string::npos) {
    return std::nullopt;
  }
  const unsigned value = static_cast<unsigned>(std::stoul(text));
  return value >= 1 && value <= kHighest ? std::optional(value) : std::nullopt;
}

Row range_of(const std::string& option, const std::string& word) {
  const std::size_t dash = word.find('-');
  const auto first = number_of(word.substr(0, dash));
  const auto last = dash == std::string::npos ? first : number_of(word.substr(dash + 1));
  if (!first || !last || *first > *last) {
    throw sdk::Invalid(
        "option " + option + ": \"" + word +
        "\" is no Xid; numbers such as 79, ranges such as 144-150, or all are wanted");
  }
  return {*first, *last, kIgnored, ""};
}

}  // namespace

Xids::Xids(const sdk::Sink& options) {
  for (const ListOption& option : kOptions) {
    for (const std::string& word : words_of(options.option(option.name))) {
      if (word == "all") {
        if (others_ != nullptr) {
          throw sdk::Invalid("option " + std::string(option.name) +
                             ": only one list of Xids can have all others");
        }
        others_ = &option.verdict;
        continue;
      }
      const Row range = range_of(option.name, word);
      for (unsigned code = range.first; code <= range.last; ++code) {
        const auto [known, fresh] = configured_.emplace(code, option.verdict);
        if (!fresh && known->second != option.verdict) {
          throw sdk::Invalid("option " + std::string(option.name) + ": Xid " +
                             std::to_string(code) + " is in another list too");
        }
      }
    }
  }
}

Xid Xids::of(std::uint64_t code) const {
  Xid xid{Verdict::kDegraded, "an error that this release does not know"};
  for (const Row& row : kRows) {
    if (code >= row.first && code <= row.last) {
      xid = {row.verdict, row.meaning};
    }
  }
  if (const auto found = configured_.find(code); found != configured_.end()) {
    xid.verdict = found->second;
  } else if (others_ != nullptr) {
    xid.verdict = *others_;
  }
  return xid;
}

}  // namespace xpu::nvidia
