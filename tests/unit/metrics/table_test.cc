// SPDX-License-Identifier: Apache-2.0
// The table of metrics, and what is written of it elsewhere.
#include "core/metrics/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <regex>
#include <set>

#include "core/base/error.h"
#include "tests/unit/base/temp_dir.h"

namespace xpu::metrics {
namespace {

namespace bj = boost::json;
using testing::IsEmpty;
using testing::Not;

std::string shipped(const std::string& name) {
  return test::slurp(cat(XPU_SOURCE_DIR, "/config/", name));
}

TEST(Table, KeepsToTheConventions) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < table().size(); ++i) {
    const Metric& one = table()[i];
    EXPECT_EQ(static_cast<std::size_t>(one.id), i) << one.name;
    EXPECT_EQ(&metric(one.id), &one);
    EXPECT_TRUE(names.insert(one.name).second) << one.name;
    EXPECT_TRUE(std::regex_match(std::string(one.name), std::regex("xpu(_[a-z]+)+"))) << one.name;
    EXPECT_EQ(one.name.ends_with("_total"), one.type == Type::kCounter) << one.name;
    EXPECT_EQ(one.name.ends_with("_info"), one.type == Type::kInfo) << one.name;
    EXPECT_TRUE(one.help.ends_with(".")) << one.name;
    std::string_view base = one.name;
    base.remove_suffix(one.type == Type::kCounter ? 6 : 0);
    for (const std::string_view unit :
         {"seconds", "bytes", "ratio", "celsius", "watts", "joules", "hertz"}) {
      EXPECT_EQ(base.ends_with(cat("_", unit)), one.unit == unit) << one.name;
    }
    for (const std::string_view label : label_names(one)) {
      EXPECT_TRUE(std::regex_match(std::string(label), std::regex("[a-z]+(_[a-z]+)*"))) << label;
      for (const std::string_view secret : {"env", "args", "path", "image", "command"}) {
        EXPECT_NE(label, secret) << one.name;
      }
    }
  }
}

TEST(Table, IsWhatTheDocumentSays) {
  const std::string text = shipped("metrics.md");
  const std::size_t begin = text.find("| Name |");
  ASSERT_NE(begin, std::string::npos);
  EXPECT_EQ(text.substr(begin), table_text());
}

// Names of metrics in a text, as they are in the table.
std::set<std::string> names_in(const std::string& text) {
  std::set<std::string> out;
  const std::regex name("xpu_[a-z_]+");
  for (std::sregex_iterator i(text.begin(), text.end(), name), end; i != end; ++i) {
    out.insert(std::regex_replace(i->str(), std::regex("(_seconds)_(bucket|sum|count)$"), "$1"));
  }
  return out;
}

std::set<std::string> unknown_in(const std::string& text) {
  std::set<std::string> out = names_in(text);
  for (const Metric& one : table()) {
    out.erase(std::string(one.name));
  }
  return out;
}

TEST(Alerts, AreAboutMetricsThatThereAre) {
  const std::string text = shipped("alerts.yml");
  EXPECT_THAT(names_in(text), Not(IsEmpty()));
  EXPECT_THAT(unknown_in(text), IsEmpty());
  // Each says what to do.
  std::size_t alerts = 0, runbooks = 0;
  for (std::size_t at = 0; (at = text.find("- alert: ", at)) != std::string::npos; ++at) {
    ++alerts;
  }
  for (std::size_t at = 0; (at = text.find(" runbook: ", at)) != std::string::npos; ++at) {
    ++runbooks;
  }
  EXPECT_GT(alerts, 10U);
  EXPECT_EQ(alerts, runbooks);
}

// What Grafana's import needs of a dashboard.
class DashboardTest : public testing::Test {
 protected:
  DashboardTest() : text_(shipped("grafana-dashboard.json")), root_(bj::parse(text_).as_object()) {}
  std::string text_;
  bj::object root_;
};

TEST_F(DashboardTest, CanBeImported) {
  EXPECT_GE(root_.at("schemaVersion").as_int64(), 36);
  EXPECT_TRUE(root_.at("id").is_null()) << "an id would be that of another Grafana";
  EXPECT_FALSE(root_.at("uid").as_string().empty());
  EXPECT_LE(root_.at("uid").as_string().size(), 40U);
  EXPECT_FALSE(root_.at("title").as_string().empty());
  // The source of the data is chosen when it is looked at.
  bool datasource = false;
  for (const bj::value& variable : root_.at("templating").at("list").as_array()) {
    datasource = datasource || (variable.at("type").as_string() == "datasource" &&
                                variable.at("name").as_string() == "datasource" &&
                                variable.at("query").as_string() == "prometheus");
    if (variable.at("type").as_string() == "query") {
      EXPECT_EQ(variable.at("datasource").at("uid").as_string(), "${datasource}");
    }
  }
  EXPECT_TRUE(datasource);
}

TEST_F(DashboardTest, PanelsAreWhole) {
  std::set<std::int64_t> ids;
  std::set<std::pair<std::int64_t, std::int64_t>> taken;  // squares of the grid
  unsigned with_targets = 0;
  for (const bj::value& panel : root_.at("panels").as_array()) {
    EXPECT_TRUE(ids.insert(panel.at("id").as_int64()).second);
    const bj::value& place = panel.at("gridPos");
    const std::int64_t x = place.at("x").as_int64(), y = place.at("y").as_int64();
    EXPECT_LE(x + place.at("w").as_int64(), 24);
    for (std::int64_t i = 0; i < place.at("w").as_int64(); ++i) {
      for (std::int64_t j = 0; j < place.at("h").as_int64(); ++j) {
        EXPECT_TRUE(taken.emplace(x + i, y + j).second) << panel.at("title").as_string();
      }
    }
    if (panel.at("type").as_string() == "row") {
      continue;
    }
    ++with_targets;
    EXPECT_EQ(panel.at("datasource").at("uid").as_string(), "${datasource}");
    EXPECT_TRUE(panel.at("fieldConfig").at("defaults").is_object());
    std::set<std::string> refs;
    for (const bj::value& target : panel.at("targets").as_array()) {
      EXPECT_TRUE(refs.insert(std::string(target.at("refId").as_string())).second);
      EXPECT_THAT(names_in(std::string(target.at("expr").as_string())), Not(IsEmpty()));
      EXPECT_EQ(target.at("datasource").at("type").as_string(), "prometheus");
    }
    EXPECT_FALSE(refs.empty());
  }
  EXPECT_GT(with_targets, 20U);
}

TEST_F(DashboardTest, IsAboutMetricsThatThereAre) {
  EXPECT_THAT(unknown_in(text_), IsEmpty());
}

}  // namespace
}  // namespace xpu::metrics
