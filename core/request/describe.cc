// SPDX-License-Identifier: Apache-2.0
#include "core/request/describe.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <limits>

#include "core/base/ascii.h"
#include "core/base/error.h"
#include "core/base/nearest.h"
#include "core/catalog/grammar.h"
#include "core/catalog/limits.h"
#include "core/request/attribute.h"
#include "core/request/tests.h"

namespace xpu {
namespace {

constexpr std::size_t kAttributeLimit = 64;
constexpr std::size_t kValueLimit = 256;  // bytes of an attribute, and of a variable of its own
constexpr std::size_t kShown = 32;

// What one attribute or variable says.
struct Saying {
  const Attribute* attribute = nullptr;
  Test::Op op = Test::Op::kEqual;
  std::vector<std::string> values;
  std::string source;  // "vram>=24GiB", "XPU_MIN_VRAM=24GiB"
  bool in_list = false;
};

// One variable of its own, as an attribute.
struct Variable {
  Word word;
  std::string_view attribute;
  Test::Op op;
};
constexpr Variable kOwnVariables[] = {
    {Word::kDeviceType, "vendor", Test::Op::kEqual},
    {Word::kCount, "count", Test::Op::kEqual},
    {Word::kMaxGpu, "count", Test::Op::kAtMost},
    {Word::kMinVram, "vram", Test::Op::kAtLeast},
    {Word::kMinArch, "arch", Test::Op::kAtLeast},
    {Word::kStrategy, "strategy", Test::Op::kEqual},
    {Word::kSharing, "sharing", Test::Op::kEqual},
    {Word::kAffinity, "affinity", Test::Op::kEqual},
};

// Both are lower bounds, both upper bounds, both = or both !=.
bool of_one_sort(Test::Op a, Test::Op b) {
  const auto sort = [](Test::Op op) {
    return op == Test::Op::kAtMost    ? Test::Op::kLess
           : op == Test::Op::kAtLeast ? Test::Op::kMore
                                      : op;
  };
  return sort(a) == sort(b);
}

Test test_of(const Saying& saying) {
  return {*saying.attribute->key, saying.op, saying.values, saying.source};
}

class Describer {
 public:
  explicit Describer(const Settings& settings) : settings_(settings) {
    const Setting* list = settings.find(Word::kVisibleDevices);
    list_ = list != nullptr && has_attributes(*list) ? list : nullptr;
  }

  Description run() {
    if (list_ != nullptr) {
      read_list();
    }
    for (const Variable& variable : kOwnVariables) {
      if (const Setting* setting = settings_.find(variable.word)) {
        read_variable(variable, *setting);
      }
    }
    check_pairs();
    for (const Saying& saying : sayings_) {
      use(saying);
    }
    if (const Setting* multi = settings_.find(Word::kEnableMultiGpu)) {
      narrow(1, flag(*multi) ? kNoLimit : 1, multi->text());
    }
    finish_count();
    return std::move(out_);
  }

 private:
  static constexpr unsigned kNoLimit = std::numeric_limits<unsigned>::max();

  void read_list() {
    const std::vector<std::string_view> elements = split_list(list_->value);
    if (elements.size() > kAttributeLimit) {
      fail(list_->where(), ": more than ", kAttributeLimit, " attributes");
    }
    for (const std::string_view element : elements) {
      const std::optional<AttributeText> text = attribute_text(element);
      const std::string where = cat(list_->where(), ": ", element.substr(0, kShown));
      check_length(where, element);
      const Attribute& attribute = attribute_called(text->name, list_->where());
      Saying saying{&attribute, op_of(*text, attribute, where), {}, std::string(element), true};
      saying.values = values_of(attribute, saying.op, text->value, "|", where);
      add(std::move(saying));
    }
  }

  void read_variable(const Variable& variable, const Setting& setting) {
    check_length(setting.where(), setting.value);
    const Attribute& attribute = attribute_called(variable.attribute, setting.where());
    const bool is_type = variable.word == Word::kDeviceType;
    Saying saying{&attribute, variable.op, {}, setting.text(), false};
    saying.values =
        values_of(attribute, variable.op, setting.value, is_type ? ",|" : "|", setting.where());
    add(std::move(saying));
  }

  // Of any vendor says nothing.
  void add(Saying saying) {
    if (saying.attribute->name != "vendor" ||
        std::find(saying.values.begin(), saying.values.end(), "any") == saying.values.end()) {
      sayings_.push_back(std::move(saying));
    }
  }

  static void check_length(const std::string& where, std::string_view text) {
    if (text.size() > kValueLimit) {
      fail(where, ": longer than ", kValueLimit, " bytes");
    }
  }

  // Sayings about one attribute.
  void check_pairs() const {
    for (auto a = sayings_.begin(); a != sayings_.end(); ++a) {
      for (auto b = a + 1; b != sayings_.end(); ++b) {
        if (a->attribute == b->attribute) {
          check_pair(*a, *b);
        }
      }
    }
  }

  void check_pair(const Saying& a, const Saying& b) const {
    if (a.in_list && b.in_list && of_one_sort(a.op, b.op)) {
      fail(list_->where(), ": ", a.source, " and ", b.source,
           " say one thing twice; leave one out");
    }
    const bool choice = !a.attribute->key && a.attribute->name != "count";
    if (a.attribute->key ? contradict(test_of(a), test_of(b)) : choice && a.values != b.values) {
      contradiction(a.source, b.source);
    }
  }

  [[noreturn]] void contradiction(const std::string& a, const std::string& b) const {
    fail(list_ == nullptr ? "" : cat(list_->where(), ": "), a, " and ", b,
         " contradict each other; leave one out");
  }

  void use(const Saying& saying) {
    const std::string_view name = saying.attribute->name;
    const std::string& value = saying.values[0];
    if (saying.attribute->key) {
      out_.tests.push_back(test_of(saying));
    } else if (name == "count") {
      use_count(saying);
    } else if (name == "link") {
      out_.direct_links = true;
    } else if (name == "strategy") {
      const auto* const known =
          std::find(std::begin(kStrategyNames), std::end(kStrategyNames), value);
      out_.strategy = static_cast<Strategy>(known - std::begin(kStrategyNames));
    } else if (name == "sharing") {
      out_.exclusive = value == "exclusive";
      out_.sharing_source = saying.source;
    } else {
      out_.numa_local = value == "numa-local";
    }
  }

  void use_count(const Saying& saying) {
    const std::string& value = saying.values[0];
    if (value == "all") {
      narrow(1, kNoLimit, saying.source);
      return;
    }
    unsigned number = 0;
    std::from_chars(value.data(), value.data() + value.size(), number);
    narrow(saying.op == Test::Op::kAtMost ? 1 : number,
           saying.op == Test::Op::kAtLeast ? kNoLimit : number, saying.source);
  }

  void narrow(unsigned least, unsigned most, const std::string& source) {
    counted_ = true;
    if (least_by_.empty() || least > least_) {
      least_ = least;
      least_by_ = source;
    }
    if (most_by_.empty() || most < most_) {
      most_ = most;
      most_by_ = source;
    }
    out_.count_source = out_.count_source.empty() ? source : out_.count_source;
  }

  void finish_count() {
    if (!counted_) {
      return;
    }
    if (least_ > most_) {
      contradiction(least_by_, most_by_);
    }
    out_.count = Wish{least_, most_ == kNoLimit ? 0 : most_};
  }

  static bool flag(const Setting& setting) {
    for (const std::string_view word : {"true", "1", "yes", "on"}) {
      if (equal_in_any_case(setting.value, word)) {
        return true;
      }
    }
    for (const std::string_view word : {"false", "0", "no", "off"}) {
      if (equal_in_any_case(setting.value, word)) {
        return false;
      }
    }
    fail(setting.where(), ": '", setting.value.substr(0, kShown), "' is neither true nor false");
  }

  const Settings& settings_;
  const Setting* list_;  // null unless it is of attributes
  std::vector<Saying> sayings_;
  bool counted_ = false;
  unsigned least_ = 1, most_ = kNoLimit;
  std::string least_by_, most_by_;
  Description out_;
};

}  // namespace

bool has_attributes(const Setting& list) {
  std::optional<std::string_view> name, attribute;
  for (const std::string_view element : split_list(list.value)) {
    (attribute_text(element) ? attribute : name) = element;
  }
  if (!attribute || !name) {
    return attribute.has_value();
  }
  if (name->empty()) {
    fail(list.where(), ": the list holds an empty element; write one comma between two attributes");
  }
  fail(list.where(), ": '", name->substr(0, kShown), "' is a name and '",
       attribute->substr(0, kShown),
       "' describes devices; write one or the other (count=all stands for all that fit)");
}

Description describe(const Settings& settings) {
  return Describer(settings).run();
}

}  // namespace xpu
