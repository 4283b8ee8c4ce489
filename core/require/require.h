// SPDX-License-Identifier: Apache-2.0
// What an image says it needs of the host, against what backends describe.
//
//   tools>=12.4 brand=anvil,driver>=535,driver<536
//
// Spaces and line ends separate alternatives, of which one must hold; commas separate clauses, of
// which all must. A clause is the name of a property, one of = != < <= > >=, and a value. Versions
// are compared number by number ("12" is "12.0"); with = and != any other text is compared in any
// case.
//
// A property is looked up in the device (arch or architecture, driver, memory in bytes, name and
// vendor are always there when they are known), then in the device that it is a part of, then among
// those of the backend. A clause about one that is nowhere does not hold.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/catalog/catalog.h"

namespace xpu {

struct Clause {
  enum class Comparison { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual };
  std::string property;  // in lower case
  Comparison comparison = Comparison::kEqual;
  std::string value;
  std::string text;  // as written
};

using Requirement = std::vector<std::vector<Clause>>;  // alternatives

// Throws Error that begins with `source`.
Requirement parse_requirement(std::string_view text, const std::string& source);

// "" when the device meets it; else the alternatives, each with the clause that does not hold and
// what the device has: "tools>=13 (it has 12.2) or ...".
std::string unmet(const Requirement& requirement, const Device& device, const Catalog& catalog);

// "6.8.0-41-generic" → "6.8.0"; "" for what does not begin like a version.
std::string_view version_of(std::string_view text);
// Number by number: "12" is "12.0". Negative, 0 or positive; the numbers are of any length.
int compare_versions(std::string_view a, std::string_view b);

// "12.4.1" → "tools>=12.4" for "tools>=${major}.${minor}"; ${value} is all of it.
std::string filled_in(std::string_view pattern, std::string_view value);

}  // namespace xpu
