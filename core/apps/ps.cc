// SPDX-License-Identifier: Apache-2.0
#include "core/apps/ps.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <optional>

#include "core/apps/json_array.h"
#include "core/apps/table.h"
#include "core/base/error.h"
#include "core/log/format.h"

namespace xpu {
namespace {

namespace bj = boost::json;

constexpr std::size_t kWidth = 80, kGap = 2, kLeastCut = 8, kShortId = 12;

std::string or_dash(std::string text) {
  return text.empty() ? "-" : std::move(text);
}

// The end of a name that is too long says more than its beginning: registry and folders go.
std::string cut(const std::string& text, std::size_t width) {
  if (characters(text) <= width) {
    return text;
  }
  std::string_view rest = text;
  while (characters(rest) > width - 2) {
    rest.remove_prefix(1);
  }
  // Not in the middle of a character.
  while (!rest.empty() && continues_character(rest.front())) {
    rest.remove_prefix(1);
  }
  return cat("..", rest);
}

struct Column {
  const char* title;
  bool may_be_cut = false;
};

class FittedTable {
 public:
  explicit FittedTable(std::vector<Column> columns) : columns_(std::move(columns)) {}
  // What others called their containers goes to a terminal.
  void add(std::vector<std::string> row) {
    for (std::string& cell : row) {
      cell = log::printable(cell);
    }
    rows_.push_back(std::move(row));
  }
  bool empty() const { return rows_.empty(); }

  std::string text() const {
    const std::vector<std::size_t> widths = fitted();
    std::string out = line(widths, [&](std::size_t i) { return std::string(columns_[i].title); });
    for (const std::vector<std::string>& row : rows_) {
      out += line(widths, [&](std::size_t i) {
        return columns_[i].may_be_cut ? cut(row[i], widths[i]) : row[i];
      });
    }
    return out;
  }

 private:
  // The widest columns that may be cut give way first.
  std::vector<std::size_t> fitted() const {
    std::vector<std::size_t> widths;
    std::size_t all = 0;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      std::size_t width = std::string_view(columns_[i].title).size();
      for (const std::vector<std::string>& row : rows_) {
        width = std::max(width, characters(row[i]));
      }
      widths.push_back(width);
      all += width + (i == 0 ? 0 : kGap);
    }
    for (; all > kWidth; --all) {
      std::size_t* widest = nullptr;
      for (std::size_t i = 0; i < columns_.size(); ++i) {
        if (columns_[i].may_be_cut && (widest == nullptr || widths[i] > *widest)) {
          widest = &widths[i];
        }
      }
      if (widest == nullptr || *widest <= kLeastCut) {
        break;
      }
      --*widest;
    }
    return widths;
  }

  template <class Cell>
  std::string line(const std::vector<std::size_t>& widths, Cell cell) const {
    std::string out;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const std::string text = cell(i);
      out += text;
      out.append(widths[i] + kGap - std::min(characters(text), widths[i]), ' ');
    }
    out.erase(out.find_last_not_of(' ') + 1);
    return out += '\n';
  }

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// "acme:" and 3 of "acme:3"; nullopt for what does not end in a plain number.
struct Numbered {
  std::string_view prefix;
  unsigned number = 0;
};
std::optional<Numbered> numbered(std::string_view id) {
  const std::size_t begin = id.find_last_not_of("0123456789") + 1;
  Numbered out{id.substr(0, begin), 0};
  const auto [stop, error] = std::from_chars(id.data() + begin, id.data() + id.size(), out.number);
  return begin < id.size() && error == std::errc() ? std::optional(out) : std::nullopt;
}

std::vector<std::string> ids_of(const Record& record) {
  std::vector<std::string> out;
  for (const HeldRecord& held : record.held) {
    out.push_back(held.id);
  }
  return out;
}

std::string short_id(const std::string& id) {
  return id.substr(0, kShortId);
}

std::string held_text(const PsView& view) {
  FittedTable table({{"CONTAINER"},
                     {"NAME", true},
                     {"IMAGE", true},
                     {"DEVICES"},
                     {"ENGINE"},
                     {"AGE"},
                     {"SHARING"},
                     {"COST"}});
  for (const PsRow& row : view.rows) {
    const Record& record = row.record;
    table.add({short_id(record.id), name_of(record.origin), or_dash(record.origin.image),
               devices_text(ids_of(record)), or_dash(record.origin.engine),
               age_text(view.now_unix - record.created_unix), or_dash(sharing_of(record)),
               or_dash(row.cost)});
  }
  return table.empty() ? cat("No container holds a device, as far as ",
                             log::printable(view.state_dir), " tells.\n")
                       : table.text();
}

std::string waiting_text(const PsView& view) {
  FittedTable table({{"WAITING"}, {"SINCE"}, {"PROCESS"}, {"FOR"}});
  for (const Waiter& waiter : view.waiting) {
    table.add({short_id(waiter.id), age_text(view.now_unix - waiter.since_unix),
               text_of(waiter.pid),
               waiter.keys.size() == 1 ? waiter.keys.front()
                                       : cat("one of ", waiter.keys.size(), " devices")});
  }
  return table.empty() ? "" : cat("\n", table.text());
}

std::string outside_text(const PsView& view) {
  FittedTable table({{"OUTSIDE"}, {"DEVICES"}, {"ROOT"}});
  for (const OutsideRow& row : view.outside) {
    table.add({short_id(row.id), devices_text(row.devices), row.runtime_root});
  }
  return table.empty() ? ""
                       : cat("\n", table.text(),
                             "Their engine gave them these devices by itself; no lease guards "
                             "them.\n");
}

// What is lost says more than that it failed.
std::string trouble_text(const PsView& view) {
  std::string out;
  for (const LostDevice& lost : view.lost) {
    out += cat("Lost: ", lost_text(lost), "\n");
  }
  for (const HealthRow& row : view.devices) {
    const bool said = std::any_of(view.lost.begin(), view.lost.end(),
                                  [&](const LostDevice& lost) { return lost.key == row.key; });
    if (row.unhealthy() && !said) {
      out += cat("Unhealthy: ", log::printable(row.id),
                 row.state == "failed" ? " has failed: " : " is degraded: ",
                 log::printable(row.reason), "\n");
    }
  }
  return out.empty() ? "" : cat("\n", out);
}

bj::array held_array(const Record& record) {
  bj::array out;
  for (const HeldRecord& held : record.held) {
    out.push_back(bj::object{
        {"id", held.id}, {"key", held.key}, {"vendor", held.vendor}, {"model", held.model}});
  }
  return out;
}

bj::object row_object(const PsView& view, const PsRow& row) {
  const Record& record = row.record;
  const Origin& origin = record.origin;
  return {{"container", record.id},
          {"runtime_root", record.runtime_root},
          {"engine", origin.engine},
          {"name", origin.name},
          {"image", origin.image},
          {"pod", origin.pod},
          {"pod_namespace", origin.pod_namespace},
          {"label", origin.label},
          {"devices", held_array(record)},
          {"sharing", sharing_of(record)},
          {"since_unix", record.created_unix},
          {"age_seconds", std::max<std::int64_t>(view.now_unix - record.created_unix, 0)},
          {"cost", row.cost}};
}

bj::object waiter_object(const Waiter& waiter) {
  return {{"container", waiter.id},
          {"runtime_root", waiter.runtime_root},
          {"pid", waiter.pid},
          {"since_unix", waiter.since_unix},
          {"keys", strings(waiter.keys)}};
}

bj::object outside_object(const OutsideRow& row) {
  return {{"container", row.id},
          {"runtime_root", row.runtime_root},
          {"bundle", row.bundle},
          {"devices", strings(row.devices)}};
}

}  // namespace

std::string name_of(const Origin& origin) {
  const std::string pod =
      origin.pod_namespace.empty() ? origin.pod : cat(origin.pod_namespace, '/', origin.pod);
  return or_dash(origin.pod.empty() ? origin.name : cat(pod, '/', origin.name));
}

std::string devices_text(const std::vector<std::string>& ids) {
  std::string out;
  for (std::size_t i = 0; i < ids.size();) {
    const std::optional<Numbered> first = numbered(ids[i]);
    std::size_t end = i + 1;
    while (first && end < ids.size()) {
      const std::optional<Numbered> next = numbered(ids[end]);
      if (!next || next->prefix != first->prefix ||
          next->number != first->number + static_cast<unsigned>(end - i)) {
        break;
      }
      ++end;
    }
    out += cat(out.empty() ? "" : ",", ids[i]);
    if (end - i > 1) {
      out += cat('-', first->number + static_cast<unsigned>(end - i) - 1);
    }
    i = end;
  }
  return or_dash(out);
}

std::string sharing_of(const Record& record) {
  return record.held.empty() ? "" : record.exclusive ? "exclusive" : "shared";
}

std::string age_text(std::int64_t seconds) {
  struct Unit {
    std::int64_t seconds;
    char letter;
  };
  constexpr std::array<Unit, 4> kUnits = {{{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}}};
  const std::int64_t age = std::max<std::int64_t>(seconds, 0);
  for (std::size_t i = 0; i < kUnits.size(); ++i) {
    const std::int64_t whole = age / kUnits[i].seconds;
    if (whole == 0) {
      continue;
    }
    // The next unit too where it makes a difference: of hours and days.
    const std::int64_t rest = i < 2 ? age % kUnits[i].seconds / kUnits[i + 1].seconds : 0;
    return cat(whole, kUnits[i].letter, rest == 0 ? "" : cat(' ', rest, kUnits[i + 1].letter));
  }
  return "0s";
}

std::string ps_text(const PsView& view) {
  return cat(held_text(view), waiting_text(view), outside_text(view), trouble_text(view));
}

std::string ps_json(const PsView& view) {
  const auto row = [&](const PsRow& item) { return row_object(view, item); };
  return bj::serialize(bj::object{{"containers", objects(view.rows, row)},
                                  {"waiting", objects(view.waiting, waiter_object)},
                                  {"outside", objects(view.outside, outside_object)},
                                  {"lost", bj::parse(lost_json(view.lost))},
                                  {"unhealthy", bj::parse(unhealthy_json(view.devices))}}) +
         "\n";
}

}  // namespace xpu
