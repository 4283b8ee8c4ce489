// SPDX-License-Identifier: Apache-2.0
// Whether a low-level runtime will take a bundle: everything in it that is wrong, each with its
// place in config.json. The rules are those of the OCI Runtime Specification and what runc 1.1 and
// crun 1.8 were seen to refuse.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/oci/text.h"

namespace xpu {

// Whose refusals are errors. What only the other one refuses is a warning.
enum class Taker { kAny, kRunc, kCrun };

// A version of a low-level runtime, {1, 1, 5}.
using TakerVersion = std::array<unsigned, 3>;

// Who is to take the bundle. What only some versions refuse is an error where the version is known
// to be one of them, and a warning where it is not known.
struct BundleTaker {
  // Not explicit: mostly nobody asked for the version.
  BundleTaker(Taker who) : taker(who) {}
  BundleTaker(Taker who, std::optional<TakerVersion> its) : taker(who), version(its) {}

  Taker taker = Taker::kAny;
  std::optional<TakerVersion> version;
};
// Of what a program prints of its version ("runc version 1.1.5+ds1\n..."); nullopt for none.
std::optional<TakerVersion> taker_version(std::string_view text);

enum class Severity { kError, kWarning, kNote };
const char* to_string(Severity severity);

struct Finding {
  Severity severity = Severity::kError;
  std::string place;  // "process.args[0]", "line 3, column 7"; "" for the whole file
  std::string text;   // to follow the place
};

// In the order of the document's parts; empty for a bundle without fault. Looks at the file, at the
// root file system and at what the configuration names on the host, and changes nothing. What a
// person may not look at is passed over.
std::vector<Finding> check_bundle(const std::string& bundle, const BundleTaker& taker);

// What a start of ours would make of a bundle before a low-level runtime reads it.
struct StartEdit {
  std::string before;  // the text of config.json, which is JSON
  std::vector<json::Splice> splices;
  std::string coming;                // a folder that is filled at the start; "" for none
  std::vector<std::string> written;  // paths in the root file system that are written at the start
};

// The same of a bundle as the start would leave it. Places are those of the text before; what the
// start adds is named only where it is refused.
std::vector<Finding> check_bundle(const std::string& bundle, const StartEdit& edit,
                                  const BundleTaker& taker);

// What can be said from the text alone: syntax, shapes, and words that are known.
std::vector<Finding> check_document(std::string_view text, const BundleTaker& taker);

}  // namespace xpu
