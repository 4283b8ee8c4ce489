// SPDX-License-Identifier: Apache-2.0
#include "core/apps/policy_command.h"

#include <boost/json.hpp>
#include <cstdio>

#include "core/policy/policy.h"

namespace xpu {
namespace {

std::string line(const std::string& key, const std::string& value, const std::string& why) {
  char head[64];
  std::snprintf(head, sizeof head, "%-27s", key.c_str());
  std::string text = cat(head, value);
  // A list that does not fit its column has a line of its own.
  text += text.size() > 42 ? cat("\n", std::string(43, ' ')) : std::string(43 - text.size(), ' ');
  return cat(text, why, "\n");
}

}  // namespace

std::string policy_text(const Config& config) {
  std::string out = line("KEY", "VALUE", "WHY");
  for (const PolicyRow& row : policy_rows(config)) {
    out += cat(line(row.key, row.value, row.why), "  ", row.meaning, "\n");
  }
  return out;
}

std::string policy_json(const Config& config) {
  boost::json::array rows;
  for (const PolicyRow& row : policy_rows(config)) {
    rows.push_back(boost::json::object{
        {"key", row.key}, {"value", row.value}, {"why", row.why}, {"meaning", row.meaning}});
  }
  return boost::json::serialize(boost::json::object{{"policy", std::move(rows)}}) + "\n";
}

}  // namespace xpu
