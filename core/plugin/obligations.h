// SPDX-License-Identifier: Apache-2.0
// What a backend has to keep to, by number: XPU_BACKEND_1 and so on, as in backend.h. A message
// that blames a backend ends with the number, and `xpu-runtime backends verify` goes through all of
// them.
#pragma once

#include <string>
#include <string_view>

#include "core/base/error.h"

namespace xpu {

// Numbers are never given to another obligation.
enum class Obligation : int {
  kNone = 0,
  kTrust = 1,
  kManifest = 2,
  kHash = 3,
  kElf = 4,
  kExport = 5,
  kNeeds = 6,
  kLoads = 7,
  kEntry = 8,
  kTable = 9,
  kName = 10,
  kStatus = 11,
  kException = 12,
  kCrash = 13,
  kDeadline = 14,
  kLeftovers = 15,
  kProcess = 16,
  kItems = 17,
  kDescription = 18,
  kCondition = 19,
  kHolds = 20,
  kSame = 21,
  kOptions = 22,
  kCapabilities = 23,
  kDetect = 24,
  kExtension = 25,
  kPrompt = 26,
  kLiveItems = 27,
  kStopped = 28,
};
inline constexpr int kObligations = 28;

// "XPU_BACKEND_7"
std::string id_of(Obligation obligation);
// What it demands, as a short statement that holds of a good backend.
const char* title(Obligation obligation);
// What to do about a backend that does not keep to it.
const char* advice(Obligation obligation);

// `text` with the number at its end: "... [XPU_BACKEND_7]". A text that has one keeps it.
std::string tagged(Obligation obligation, std::string text);
// The number at the end of a text.
Obligation tag_of(std::string_view text);
// A text without its number.
std::string_view untagged(std::string_view text);

// Does something; an Error that it throws is about `obligation`.
template <class F>
auto under(Obligation obligation, F&& work) {
  try {
    return work();
  } catch (const Error& error) {
    throw Error(tagged(obligation, error.what()));
  }
}

}  // namespace xpu
