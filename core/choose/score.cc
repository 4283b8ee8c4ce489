// SPDX-License-Identifier: Apache-2.0
#include "core/choose/score.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"

namespace xpu {
namespace {

// Sums over all devices that there can be still fit.
constexpr std::int64_t kGreatest = 1'000'000'000'000'000;
constexpr double kMillion = 1e6;
constexpr int kUnknownUtilisation = 50;

std::int64_t whole(double value) {
  return std::llround(std::clamp(value, 0.0, static_cast<double>(kGreatest)));
}

std::int64_t performance_of(const Candidate& candidate) {
  return whole(candidate.performance.value_or(0) * 1000);
}

// What costs nothing counts as a millionth: more for the price than anything that costs.
std::int64_t ratio_of(const Candidate& candidate) {
  const double price = static_cast<double>(std::max<std::int64_t>(*candidate.price, 1)) / kMillion;
  return whole(*candidate.performance * 1000 / price);
}

bool is_rated(const Candidate& candidate) {
  return candidate.performance && candidate.price;
}

std::int64_t utilisation_of(const Candidate& candidate) {
  return std::min<std::int64_t>(candidate.utilisation.value_or(kUnknownUtilisation), 100);
}

// Fills Score::first from left to right.
class Row {
 public:
  explicit Row(Score* score) : score_(score) {}
  template <class... Numbers>
  void add(Numbers... numbers) {
    (put(numbers), ...);
  }

 private:
  void put(std::int64_t number) { score_->first[next_++] = number; }

  Score* score_;
  std::size_t next_ = 0;
};

// "1.5" for 1500 and 3 digits after the point.
std::string decimal(std::int64_t value, std::size_t digits) {
  std::string text = std::to_string(value);
  if (text.size() <= digits) {
    text.insert(0, digits + 1 - text.size(), '0');
  }
  text.insert(text.size() - digits, 1, '.');
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') {
    text.pop_back();
  }
  return text;
}

std::string holders_text(unsigned holders) {
  return cat(holders, holders == 1 ? " holder" : " holders");
}

std::string unknown_text(const Candidate& candidate) {
  if (!candidate.performance && !candidate.price) {
    return "performance and price unknown";
  }
  return candidate.price ? "performance unknown" : "price unknown";
}

}  // namespace

Score score_of(const Candidate& candidate, std::size_t place, const ChoiceWanted& wanted) {
  const std::int64_t performance = performance_of(candidate);
  const auto memory = static_cast<std::int64_t>(candidate.memory_bytes >> 28);
  const std::int64_t holders = candidate.holders;
  const std::int64_t load = std::min<std::int64_t>(utilisation_of(candidate) / 25, 3);
  const std::int64_t no_performance = candidate.performance ? 0 : 1;
  Score score;
  Row row(&score);
  if (wanted.numa_local) {
    row.add(candidate.local ? 0 : 1);
  }
  switch (wanted.strategy) {
    case Strategy::kPerformance:
      row.add(no_performance, -performance, -memory, holders, load);
      break;
    case Strategy::kCost:
      row.add(candidate.price ? 0 : 1, candidate.price.value_or(0), holders, load);
      break;
    case Strategy::kBalanced:
      row.add(is_rated(candidate) ? 0 : 1, is_rated(candidate) ? -ratio_of(candidate) : 0,
              no_performance, -performance, -memory, holders, load);
      break;
    case Strategy::kPacked:
      row.add(-holders);
      break;
    case Strategy::kSpread:
      row.add(holders, load);
      break;
    case Strategy::kNumaLocal:
      row.add(candidate.local ? 0 : 1);
      break;
    case Strategy::kFirst:
      row.add(static_cast<std::int64_t>(place));
      break;
  }
  const bool other_vendor =
      !wanted.preferred_vendor.empty() && candidate.vendor != wanted.preferred_vendor;
  score.last = {holders, utilisation_of(candidate),
                -static_cast<std::int64_t>(candidate.memory_free.value_or(0) >> 20),
                other_vendor ? 1 : 0};
  return score;
}

std::string score_text(const Candidate& candidate, Strategy strategy) {
  switch (strategy) {
    case Strategy::kPerformance:
      return candidate.performance ? cat(decimal(performance_of(candidate), 3), " TFLOPS")
                                   : "performance unknown";
    case Strategy::kCost:
      return candidate.price ? cat(decimal(*candidate.price, 6), " per hour") : "price unknown";
    case Strategy::kBalanced:
      return is_rated(candidate)
                 ? cat(decimal(ratio_of(candidate) / 10, 2), " TFLOPS for a price of 1 per hour")
                 : unknown_text(candidate);
    case Strategy::kPacked:
    case Strategy::kSpread:
      return holders_text(candidate.holders);
    case Strategy::kNumaLocal:
      return candidate.local ? "local" : "not local";
    case Strategy::kFirst:
      break;
  }
  return "";
}

}  // namespace xpu
