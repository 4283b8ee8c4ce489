// SPDX-License-Identifier: Apache-2.0
#include "core/apps/cost.h"

#include <algorithm>
#include <boost/json.hpp>

#include "core/base/error.h"
#include "core/base/utc.h"
#include "core/log/format.h"
#include "core/usage/read.h"
#include "core/usage/when.h"

namespace xpu {
namespace {

namespace bj = boost::json;

constexpr std::size_t kNameWidth = 32;
constexpr std::size_t kShortestBar = 8, kLongestBar = 40;

std::string_view name_of(CostBy by) {
  return kCostGroups[static_cast<int>(by)];
}

CostBy group_of(const std::string& name) {
  const auto* found = std::find(std::begin(kCostGroups), std::end(kCostGroups), name);
  if (found == std::end(kCostGroups)) {
    fail("\"", name, "\" is nothing to group by; write container, image, device, vendor or label");
  }
  return static_cast<CostBy>(found - std::begin(kCostGroups));
}

// "120:00:00", to the nearest second.
std::string duration_text(const Shares& time) {
  const std::int64_t seconds = static_cast<std::int64_t>(time.rounded(1, 1));
  char text[64];
  std::snprintf(text, sizeof text, "%lld:%02d:%02d", static_cast<long long>(seconds / 3600),
                static_cast<int>(seconds / 60 % 60), static_cast<int>(seconds % 60));
  return text;
}

std::string seconds_exact(const Shares& time) {
  return decimal(time.rounded(1000, 1), 3);
}

bool continues_character(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

std::size_t characters(std::string_view text) {
  return text.size() - std::count_if(text.begin(), text.end(), continues_character);
}

// Printable, and no longer than `most` characters.
std::string fit(std::string_view name, std::size_t most) {
  std::string text = log::printable(name);
  if (characters(text) <= most) {
    return text;
  }
  while (characters(text) > most - 3) {
    while (continues_character(text.back())) {
      text.pop_back();
    }
    text.pop_back();
  }
  return text + "...";
}

std::string padding(std::string_view text, std::size_t width) {
  const std::size_t size = characters(text);
  return std::string(size < width ? width - size : 0, ' ');
}

std::vector<std::string> cost_cells(const CostRow& row) {
  std::vector<std::string> out;
  for (const auto& [currency, part] : row.parts) {
    if (!currency.empty()) {
      out.push_back(cat(money_text(part), ' ', log::printable(currency)));
    }
  }
  if (row.parts.contains("")) {
    out.push_back("unknown");
  }
  return out;
}

struct Line {
  std::string name, time;
  std::vector<std::string> costs;
  Wide bar = 0;  // what its length stands for
};

// The bars show what the rows are sorted by.
Wide bar_of(const CostRow& row, const CostRow& total) {
  if (total.parts.size() - total.parts.count("") != 1) {
    return time_of(row).rounded(1000, 1);
  }
  Wide out = 0;
  for (const auto& [currency, part] : row.parts) {
    out += part.price.rounded(1, 3600);
  }
  return out;
}

Line line_of(const CostRow& row, const CostRow& total) {
  return {fit(row.name, kNameWidth), duration_text(time_of(row)), cost_cells(row),
          bar_of(row, total)};
}

class Table {
 public:
  Table(std::string_view by, const CostReport& report) {
    head_.name = by;
    std::transform(head_.name.begin(), head_.name.end(), head_.name.begin(),
                   [](char c) { return static_cast<char>(c - 'a' + 'A'); });
    head_.time = "DEVICE TIME";
    head_.costs = {"COST"};
    for (const CostRow& row : report.rows) {
      lines_.push_back(line_of(row, report.total));
      longest_ = std::max(longest_, lines_.back().bar);
    }
    total_ = line_of(report.total, report.total);
    total_.name = "total";
    measure(head_);
    measure(total_);
    std::for_each(lines_.begin(), lines_.end(), [this](const Line& line) { measure(line); });
  }

  std::string text(unsigned width) const {
    const std::size_t used = name_ + time_ + cost_ + 6;
    const std::size_t bar = width > used ? std::min(width - used, kLongestBar) : 0;
    std::string out;
    add(&out, head_, 0);
    for (const Line& line : lines_) {
      add(&out, line, lines_.size() > 1 && bar >= kShortestBar ? bar : 0);
    }
    add(&out, total_, 0);
    return out;
  }

 private:
  void measure(const Line& line) {
    name_ = std::max(name_, characters(line.name));
    time_ = std::max(time_, line.time.size());
    for (const std::string& cost : line.costs) {
      cost_ = std::max(cost_, characters(cost));
    }
  }

  void add(std::string* out, const Line& line, std::size_t bar) const {
    *out += cat(line.name, padding(line.name, name_), "  ", padding(line.time, time_), line.time);
    for (std::size_t i = 0; i < line.costs.size(); ++i) {
      *out += i == 0 ? "" : "\n" + std::string(name_ + 2 + time_, ' ');
      *out += cat("  ", padding(line.costs[i], cost_), line.costs[i]);
      if (i == 0 && longest_ > 0 && line.bar > 0 && bar > 0) {
        const std::size_t length = static_cast<std::size_t>(line.bar * bar / longest_);
        *out += cat("  ", std::string(std::max<std::size_t>(length, 1), '#'));
      }
    }
    *out += '\n';
  }

  Line head_, total_;
  std::vector<Line> lines_;
  std::size_t name_ = 0, time_ = 0, cost_ = 0;
  Wide longest_ = 0;
};

std::string notes_text(const CostReport& report, const std::string& prices_file) {
  std::string out;
  const auto unknown = report.total.parts.find("");
  if (unknown != report.total.parts.end()) {
    std::string models;
    for (const std::string& model : report.unknown_models) {
      models += cat(models.empty() ? "" : ", ", log::printable(model));
    }
    out += cat("\nNo price is known for ", duration_text(unknown->second.time), " of ", models,
               ";\nadd one to ", log::printable(prices_file),
               ", which counts for containers that start from then on.\n");
  }
  if (report.estimated != 0) {
    out += cat("\n", report.estimated, report.estimated == 1 ? " lease" : " leases",
               " ended unseen, as after `runc run`, which deletes by itself, or when a host loses\n"
               "power: ",
               report.estimated == 1 ? "its" : "their", " time is an estimate.\n");
  }
  return out;
}

std::int64_t last_second(const CostQuery& query) {
  return std::min(query.until, query.now);
}

bj::array costs_json(const CostRow& row) {
  bj::array out;
  for (const auto& [currency, part] : row.parts) {
    if (!currency.empty()) {
      const std::string cost = money_exact(part);
      out.push_back({{"currency", currency},
                     {"amount", std::strtod(cost.c_str(), nullptr)},
                     {"amount_text", cost},
                     {"device_seconds", seconds_exact(part.time)}});
    }
  }
  return out;
}

bj::object row_json(const CostRow& row) {
  const auto unknown = row.parts.find("");
  return {{"device_seconds", seconds_exact(time_of(row))},
          {"held_seconds", row.held_seconds},
          {"costs", costs_json(row)},
          {"unknown_price_seconds",
           seconds_exact(unknown == row.parts.end() ? Shares() : unknown->second.time)}};
}

// A cell of CSV.
std::string cell(std::string_view value) {
  std::string text = log::printable(value);
  if (!text.empty() && std::string_view("=+-@").find(text.front()) != std::string_view::npos) {
    text.insert(0, 1, '\'');
  }
  if (text.find_first_of("\",") == std::string::npos) {
    return text;
  }
  std::string out = "\"";
  for (const char c : text) {
    out += c == '"' ? "\"\"" : std::string(1, c);
  }
  return out + '"';
}

}  // namespace

std::string report_text(const CostReport& report, const std::string& journal,
                        const std::string& prices_file, unsigned width) {
  const CostQuery& query = report.query;
  const std::string span =
      cat("from ", utc_text(query.since), " to ", utc_text(last_second(query)));
  if (report.rows.empty()) {
    return cat("No container held a device ", span, ";\nwhat is known lies in ",
               log::printable(journal), ".\n");
  }
  const std::string_view by = name_of(query.by);
  return cat("Cost ", span, ", by ", by, "\n\n", Table(by, report).text(width),
             notes_text(report, prices_file));
}

std::string report_json(const CostReport& report) {
  bj::array rows;
  for (const CostRow& row : report.rows) {
    bj::object object = row_json(row);
    object["key"] = row.key;
    object["name"] = row.name;
    rows.push_back(std::move(object));
  }
  bj::array models;
  for (const std::string& model : report.unknown_models) {
    models.emplace_back(model);
  }
  return bj::serialize(bj::object{{"since", utc_text(report.query.since)},
                                  {"until", utc_text(last_second(report.query))},
                                  {"by", name_of(report.query.by)},
                                  {"rows", std::move(rows)},
                                  {"total", row_json(report.total)},
                                  {"models_without_price", std::move(models)},
                                  {"open_leases", report.open},
                                  {"estimated_leases", report.estimated}}) +
         "\n";
}

std::string report_csv(const CostReport& report) {
  std::string out = cat(name_of(report.query.by), ",key,device_seconds,currency,cost\r\n");
  for (const CostRow& row : report.rows) {
    for (const auto& [currency, part] : row.parts) {
      const bool known = !currency.empty();
      out += cat(cell(row.name), ',', cell(row.key), ',', seconds_exact(part.time), ',',
                 known ? cell(currency) : "unknown", ',', known ? money_exact(part) : "", "\r\n");
    }
  }
  return out;
}

std::string cost_report(const CostRequest& request, std::vector<std::string>* warnings) {
  CostQuery query;
  query.now = request.now;
  query.since = parse_time(request.since.empty() ? "month" : request.since, request.now);
  // Without an end: with what began in this very second.
  query.until = request.until.empty() ? request.now + 1 : parse_time(request.until, request.now);
  query.by = group_of(request.by);
  if (query.since >= query.until) {
    fail("--since ", utc_text(query.since), " is not before --until ", utc_text(query.until));
  }
  std::vector<Usage> usages = read_usage(request.usage_dir, query.since, query.until, warnings);
  close_open(&usages, request.live);
  const CostReport report = summarise(usages, query);
  switch (request.format) {
    case CostFormat::kJson:
      return report_json(report);
    case CostFormat::kCsv:
      return report_csv(report);
    case CostFormat::kText:
      break;
  }
  return report_text(report, request.usage_dir, request.prices_file, request.width);
}

}  // namespace xpu
