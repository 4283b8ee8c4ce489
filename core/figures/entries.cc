// SPDX-License-Identifier: Apache-2.0
#include "core/figures/entries.h"

#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/glob.h"
#include "core/base/nearest.h"
#include "core/base/trust.h"
#include "core/catalog/grammar.h"

namespace xpu {
namespace {

constexpr std::size_t kFileLimit = 1 << 20;
constexpr std::size_t kTextLimit = 256;
constexpr double kGreatest = 1e6;

using Keys = std::vector<std::string_view>;

// One file: a list of tables called `list`, each with the figure `figure`.
class Reader {
 public:
  Reader(std::string file, std::string_view list, std::string_view figure)
      : file_(std::move(file)), list_(list), figure_(figure) {}

  // The document; empty when the file is missing.
  toml::table parse() const {
    const Fd fd = open_trusted(file_, TrustKind::kFile);
    if (!fd) {
      return {};
    }
    try {
      return toml::parse(read_fd(fd.get(), file_, kFileLimit), file_);
    } catch (const toml::parse_error& error) {
      fail(file_, ':', error.source().begin.line, ": ", error.description());
    }
  }

  // Calls `read` with every table of the list, whose keys are then known ones.
  void each(const toml::table& top, Keys top_keys, Keys keys,
            const std::function<void(const toml::table&)>& read) {
    top_keys.push_back(list_);
    check_keys(top, top_keys);
    const toml::node* const list = top.get(list_);
    if (list == nullptr) {
      return;
    }
    if (!list->is_array() || !list->as_array()->is_homogeneous(toml::node_type::table)) {
      bad(*list, list_, "must be a list of tables: [[", list_, "]]");
    }
    keys.insert(keys.end(), {"model", "vendor", "source", "date", figure_});
    for (const toml::node& node : *list->as_array()) {
      check_keys(*node.as_table(), keys);
      read(*node.as_table());
    }
  }

  void read_entry(const toml::table& table, ModelPattern* entry) const {
    entry->line = table.source().begin.line;
    entry->model = text(needed(table, "model"), "model");
    entry->vendor = text_or(table, "vendor", "");
    entry->source = text_or(table, "source", "");
    if (!entry->vendor.empty() && !grammar::is_name(entry->vendor)) {
      bad(*table.get("vendor"), "vendor", "must be lower-case letters, digits and '-', not '",
          entry->vendor, '\'');
    }
    if (const toml::node* const date = table.get("date")) {
      entry->date = date_text(*date);
    }
  }

  double figure(const toml::table& table) const {
    const toml::node& node = needed(table, figure_);
    const std::optional<double> value = node.value<double>();
    if (!node.is_number() || !value) {
      bad(node, figure_, "must be a number");
    }
    return *value;
  }

  std::string text_or(const toml::table& table, std::string_view key,
                      const std::string& otherwise) const {
    const toml::node* const node = table.get(key);
    return node == nullptr ? otherwise : text(*node, key);
  }

  template <class... Parts>
  [[noreturn]] void bad(const toml::node& node, std::string_view key,
                        const Parts&... problem) const {
    fail(file_, ':', node.source().begin.line, ": key '", key, "' ", problem...);
  }

 private:
  void check_keys(const toml::table& table, const Keys& known) const {
    for (const auto& [key, node] : table) {
      if (std::find(known.begin(), known.end(), key.str()) == known.end()) {
        fail(file_, ':', key.source().begin.line, ": unknown key '", key.str(), '\'',
             did_you_mean(key.str(), known));
      }
    }
  }

  const toml::node& needed(const toml::table& table, std::string_view key) const {
    const toml::node* const node = table.get(key);
    if (node == nullptr) {
      fail(file_, ':', table.source().begin.line, ": this [[", list_, "]] has no key '", key, '\'');
    }
    return *node;
  }

  std::string text(const toml::node& node, std::string_view key) const {
    const auto value = node.value_exact<std::string>();
    if (!value || value->empty() || !grammar::is_text(*value, kTextLimit)) {
      bad(node, key, "must be a text in quotes, of one line and at most ", kTextLimit, " bytes");
    }
    return *value;
  }

  std::string date_text(const toml::node& node) const {
    const auto value = node.value_exact<toml::date>();
    if (!value) {
      bad(node, "date", "must be a date without quotes, such as 2026-05-24");
    }
    const auto two = [](unsigned number) { return cat(number < 10 ? "0" : "", number); };
    return cat(unsigned{value->year}, '-', two(value->month), '-', two(value->day));
  }

  std::string file_;
  std::string_view list_, figure_;
};

std::string currency(const Reader& reader, const toml::table& table, const std::string& otherwise) {
  const std::string value = reader.text_or(table, "currency", otherwise);
  if (!is_currency(value)) {
    reader.bad(*table.get("currency"), "currency", "must be three capital letters, not '", value,
               '\'');
  }
  return value;
}

}  // namespace

bool to_price(double per_hour, std::int64_t* millionths) {
  if (!(per_hour >= 0 && per_hour <= kGreatest)) {
    return false;
  }
  *millionths = std::llround(per_hour * 1e6);
  return true;
}

bool is_performance(double tflops) {
  return tflops > 0 && tflops <= kGreatest;
}

bool is_currency(std::string_view text) {
  return text.size() == 3 && text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == text.npos;
}

std::vector<PriceEntry> read_prices(const std::string& file) {
  Reader reader(file, "price", "per-hour");
  const toml::table top = reader.parse();
  std::vector<PriceEntry> entries;
  reader.each(top, {"currency"}, {"currency"}, [&](const toml::table& table) {
    PriceEntry& entry = entries.emplace_back();
    reader.read_entry(table, &entry);
    entry.currency = currency(reader, table, currency(reader, top, "USD"));
    if (!to_price(reader.figure(table), &entry.price)) {
      reader.bad(*table.get("per-hour"), "per-hour", "must be from 0 to 1000000");
    }
  });
  return entries;
}

std::vector<ModelEntry> read_models(const std::string& file) {
  Reader reader(file, "model", "tflops-fp16");
  const toml::table top = reader.parse();
  std::vector<ModelEntry> entries;
  reader.each(top, {}, {}, [&](const toml::table& table) {
    ModelEntry& entry = entries.emplace_back();
    reader.read_entry(table, &entry);
    entry.tflops_fp16 = reader.figure(table);
    if (!is_performance(entry.tflops_fp16)) {
      reader.bad(*table.get("tflops-fp16"), "tflops-fp16", "must be above 0, at most 1000000");
    }
  });
  return entries;
}

bool matches(const ModelPattern& entry, const Device& device) {
  return (entry.vendor.empty() || entry.vendor == device.vendor) &&
         matches_glob(device.name, entry.model);
}

}  // namespace xpu
