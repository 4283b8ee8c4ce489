// SPDX-License-Identifier: Apache-2.0
#include "core/usage/summary.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "core/base/error.h"

namespace xpu {
namespace {

constexpr std::int64_t kSecondsPerHour = 3600;

// One device held by one lease, within the time asked for.
struct Hold {
  std::int64_t begin = 0, end = 0;
  CostRow* row = nullptr;
  const UsedDevice* device = nullptr;
};

bool has_price(const UsedDevice& device) {
  return device.price && !device.currency.empty();
}

std::string key_of(CostBy by, const Usage& usage, const UsedDevice& device) {
  switch (by) {
    case CostBy::kContainer:
      return usage.container;
    case CostBy::kImage:
      return usage.image;
    case CostBy::kDevice:
      return device.key;
    case CostBy::kVendor:
      return device.vendor;
    case CostBy::kLabel:
      return usage.label;
    case CostBy::kLease:
      break;
  }
  return usage.lease;
}

// The first 12 of the 64 digits that some engines call a container by.
std::string short_id(const std::string& id) {
  const bool digest =
      id.size() == 64 && id.find_first_not_of("0123456789abcdef") == std::string::npos;
  return digest ? id.substr(0, 12) : id;
}

std::string name_of(CostBy by, const Usage& usage, const UsedDevice& device) {
  switch (by) {
    case CostBy::kContainer:
      return usage.name.empty() ? short_id(usage.container) : usage.name;
    case CostBy::kDevice:
      return device.id;
    case CostBy::kLabel:
      return usage.label.empty() ? "(no label)" : usage.label;
    case CostBy::kImage:
    case CostBy::kVendor:
    case CostBy::kLease:
      break;
  }
  const std::string key = key_of(by, usage, device);
  return key.empty() ? "(unknown)" : key;
}

void add(CostRow* row, const UsedDevice& device, std::uint32_t holders, std::int64_t seconds) {
  const bool priced = has_price(device);
  CostPart& part = row->parts[priced ? device.currency : ""];
  part.time.add(holders, seconds);
  if (priced) {
    part.price.add(holders, Wide{*device.price} * seconds);
  }
  row->held_seconds += seconds;
}

// All holds of one device: the time between any two events belongs in equal shares to those who
// hold it then.
void share_out(const std::vector<Hold>& holds, CostRow* total) {
  struct Event {
    std::int64_t time;
    bool begins;
    std::size_t hold;
  };
  std::vector<Event> events;
  for (std::size_t i = 0; i < holds.size(); ++i) {
    events.push_back({holds[i].begin, true, i});
    events.push_back({holds[i].end, false, i});
  }
  std::sort(events.begin(), events.end(),
            [](const Event& a, const Event& b) { return a.time < b.time; });
  std::set<std::size_t> holders;
  std::int64_t last = 0;
  for (const Event& event : events) {
    const std::int64_t seconds = event.time - std::exchange(last, event.time);
    for (const std::size_t i : seconds > 0 ? holders : std::set<std::size_t>()) {
      const std::uint32_t count = static_cast<std::uint32_t>(holders.size());
      add(holds[i].row, *holds[i].device, count, seconds);
      add(total, *holds[i].device, count, seconds);
    }
    if (event.begins) {
      holders.insert(event.hold);
    } else {
      holders.erase(event.hold);
    }
  }
}

void sort_rows(std::vector<CostRow>* rows, const CostRow& total) {
  std::string currency;
  for (const auto& [name, part] : total.parts) {
    currency = name;
  }
  const bool by_cost = total.parts.size() - total.parts.count("") == 1;
  const auto rank = [&](const CostRow& row) {
    const auto part = row.parts.find(currency);
    return by_cost && part != row.parts.end() ? part->second.price.rounded(1, 1) : Wide{0};
  };
  std::sort(rows->begin(), rows->end(), [&](const CostRow& a, const CostRow& b) {
    const Wide cost_a = rank(a), cost_b = rank(b);
    if (cost_a != cost_b) {
      return cost_a > cost_b;
    }
    const Wide time_a = time_of(a).rounded(1, 1), time_b = time_of(b).rounded(1, 1);
    return time_a != time_b ? time_a > time_b : std::tie(a.name, a.key) < std::tie(b.name, b.key);
  });
}

// Two containers may have had one name, and a device may have had several ids.
void tell_apart(std::vector<CostRow>* rows) {
  std::unordered_map<std::string, unsigned> count;
  for (const CostRow& row : *rows) {
    ++count[row.name];
  }
  for (CostRow& row : *rows) {
    if (count[row.name] > 1) {
      row.name = cat(row.name, " (", short_id(row.key), ")");
    }
  }
}

class Summary {
 public:
  explicit Summary(const CostQuery& query) { report_.query = query; }

  void add_lease(const Usage& usage) {
    const CostQuery& query = report_.query;
    const std::int64_t begin = std::max(usage.begin_unix, query.since);
    const std::int64_t end = std::min({usage.end_unix.value_or(query.now), query.until, query.now});
    // Shorter than the second that is counted in: it was there all the same.
    const bool moment = begin == end && begin == usage.begin_unix && begin < query.until &&
                        begin == usage.end_unix.value_or(begin);
    if ((begin >= end && !moment) || usage.devices.empty()) {
      return;
    }
    report_.open += usage.end_unix ? 0 : 1;
    report_.estimated += usage.end_unix && usage.end_estimated ? 1 : 0;
    std::set<std::string_view> seen;
    for (const UsedDevice& device : usage.devices) {
      if (!seen.insert(device.key).second) {
        continue;
      }
      CostRow& row = rows_[key_of(query.by, usage, device)];
      row.name = name_of(query.by, usage, device);
      if (moment) {
        add(&row, device, 1, 0);
        add(&report_.total, device, 1, 0);
      } else {
        holds_[device.key].push_back({begin, end, &row, &device});
      }
      if (!has_price(device)) {
        unknown_.insert(device.model.empty() ? device.id : device.model);
      }
    }
  }

  CostReport finish() && {
    for (const auto& [key, holds] : holds_) {
      share_out(holds, &report_.total);
    }
    for (auto& [key, row] : rows_) {
      row.key = key;
      report_.rows.push_back(std::move(row));
    }
    report_.unknown_models.assign(unknown_.begin(), unknown_.end());
    tell_apart(&report_.rows);
    sort_rows(&report_.rows, report_.total);
    return std::move(report_);
  }

 private:
  CostReport report_;
  std::map<std::string, CostRow> rows_;
  std::map<std::string_view, std::vector<Hold>> holds_;
  std::set<std::string> unknown_;
};

}  // namespace

CostReport summarise(const std::vector<Usage>& usages, const CostQuery& query) {
  Summary summary(query);
  for (const Usage& usage : usages) {
    summary.add_lease(usage);
  }
  return std::move(summary).finish();
}

std::map<std::string, std::string> costs_so_far(const std::vector<Usage>& usages,
                                                std::int64_t now) {
  std::map<std::string, std::string> out;
  for (const CostRow& row : summarise(usages, {0, now, now, CostBy::kLease}).rows) {
    std::string text;
    for (const auto& [currency, part] : row.parts) {
      if (!currency.empty()) {
        text += cat(text.empty() ? "" : " + ", money_text(part), ' ', currency);
      }
    }
    if (row.parts.contains("")) {
      text += text.empty() ? "unknown" : " + unknown";
    }
    out[row.key] = text;
  }
  return out;
}

std::string money_text(const CostPart& part) {
  return decimal(part.price.rounded(1, kSecondsPerHour * 100), 4);
}

std::string money_exact(const CostPart& part) {
  return decimal(part.price.rounded(1, kSecondsPerHour), 6);
}

Shares time_of(const CostRow& row) {
  Shares out;
  for (const auto& [currency, part] : row.parts) {
    out.add(part.time);
  }
  return out;
}

}  // namespace xpu
