// SPDX-License-Identifier: Apache-2.0
// The runtime's own words of a request, XPU_* in the environment and xpu.dev/... among the
// annotations, as they are written.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "core/request/environment.h"
#include "core/request/request.h"

namespace xpu {

enum class Word {
  kVisibleDevices,
  kDeviceType,
  kCount,
  kMaxGpu,
  kEnableMultiGpu,
  kMinVram,
  kMinArch,
  kStrategy,
  // These say more about a request, and are none by themselves.
  kSharing,
  kAffinity,
  kDriverCapabilities,
  kWait,
  kLabel,
};
inline constexpr std::size_t kWords = 13;
inline constexpr Word kFirstModifier = Word::kSharing;

// In the order of Word.
inline constexpr std::string_view kAnnotationKeys[kWords] = {"visible-devices",
                                                             "device-type",
                                                             "count",
                                                             "max-gpu",
                                                             "enable-multi-gpu",
                                                             "min-vram",
                                                             "min-arch",
                                                             "strategy",
                                                             "sharing",
                                                             "affinity",
                                                             "driver-capabilities",
                                                             "wait",
                                                             "label"};
static_assert(std::size(kRequestVariables) == kWords);
inline constexpr std::string_view kAnnotationPrefix = "xpu.dev/";

struct Setting {
  std::string name;  // as it is written: "XPU_COUNT", "annotation xpu.dev/count", an alias
  std::string value;
  std::string stands_for;  // the variable that an alias stands for; "" otherwise
  // For the beginning of a message: "XPU_COUNT", "ALIAS (for XPU_COUNT)".
  std::string where() const;
  // "XPU_COUNT=2"; a long value is cut.
  std::string text() const;
};

// Without those whose value is empty, but for kVisibleDevices, where that means no device.
class Settings {
 public:
  const Setting* find(Word word) const {
    const auto& setting = settings_[static_cast<std::size_t>(word)];
    return setting ? &*setting : nullptr;
  }
  void set(Word word, Setting setting) {
    settings_[static_cast<std::size_t>(word)] = std::move(setting);
  }
  // Those that ask, in the order of Word; no modifiers.
  std::vector<const Setting*> asking() const;
  // Without those that ask.
  Settings modifiers() const;

 private:
  std::array<std::optional<Setting>, kWords> settings_;
};

// Aliases count where what they stand for is not set; of several the first of the configuration
// that is.
Settings settings_in_environment(const Environment& env, const Config& config);

struct Annotated {
  Settings settings;
  std::string unknown;  // "annotation xpu.dev/..." of a key that means nothing; "" for none
  std::string hint;     // "; did you mean ...?", or which there are
};
// "xpu.dev/KEY.CONTAINER" is for the container of that name only, and goes before "xpu.dev/KEY".
Annotated settings_in_annotations(const Said& said);

// A container that only holds the namespaces of a pod.
bool is_sandbox(const Said& said);

}  // namespace xpu
