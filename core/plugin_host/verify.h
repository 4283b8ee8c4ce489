// SPDX-License-Identifier: Apache-2.0
// Checks one backend against every obligation (core/plugin/obligations.h), by its real files and by
// running it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/plugin/obligations.h"
#include "core/plugin_host/child.h"

namespace xpu {

struct ObligationResult {
  enum Result { kPassed, kFailed, kNotJudged };
  Obligation obligation = Obligation::kNone;
  Result result = kNotJudged;
  std::vector<std::string> texts;  // what is wrong; or the reason why it was not judged
};

struct BackendVerdict {
  std::string manifest, library;  // paths; "" where there is none
  std::string name;
  std::string state;   // "ready", "absent", "failed", "refused"
  std::string reason;  // with another state than "ready"
  std::size_t devices = 0;
  std::vector<ObligationResult> judgements;  // of every obligation, by number

  bool passed() const;
};

// `file`: a manifest or a library. `options` stand in for the defaults of the manifest. Throws
// Error when there is no such file, or the manifest declares no such option.
BackendVerdict verify_backend(const std::string& file,
                              const std::map<std::string, std::string>& options,
                              const HostLimits& limits);

std::string verdicts_text(const std::vector<BackendVerdict>& verdicts);
std::string verdicts_json(const std::vector<BackendVerdict>& verdicts);

}  // namespace xpu
