// SPDX-License-Identifier: Apache-2.0
#include "core/request/elements.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <unordered_set>

#include "core/base/ascii.h"
#include "core/base/error.h"
#include "core/cdi/name.h"
#include "core/request/environment.h"

namespace xpu {
namespace {

constexpr std::size_t kElementLimit = 256;
constexpr std::size_t kDifferentLimit = 4096;  // as many devices as a host can describe
// Indices and names, also those that ranges repeat: what a few bytes can ask us to look at.
constexpr std::size_t kTakenLimit = 4 * kDifferentLimit;

bool is_hex(std::string_view text) {
  return !text.empty() &&
         text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

// "0000:65:00.0" or "65:00.0"
bool is_pci_address(std::string_view text) {
  const std::size_t dot = text.rfind('.');
  const std::size_t colon = text.rfind(':', dot);
  if (dot == text.npos || colon == text.npos || dot - colon != 3 || text.size() - dot != 2 ||
      !is_hex(text.substr(colon + 1, 2)) || !is_hex(text.substr(dot + 1))) {
    return false;
  }
  const std::string_view front = text.substr(0, colon);
  const std::size_t middle = front.find(':');
  if (middle == front.npos) {
    return front.size() == 2 && is_hex(front);
  }
  return middle >= 4 && middle <= 8 && is_hex(front.substr(0, middle)) &&
         front.size() - middle == 3 && is_hex(front.substr(middle + 1));
}

bool is_vendor(std::string_view text) {
  return !text.empty() && text[0] >= 'a' && text[0] <= 'z' &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

Selector parse_element(std::string_view text, const Source& source) {
  if (text.empty()) {
    fail(source.variable, ": the list holds an empty element; write one comma between two names");
  }
  if (text.size() > kElementLimit) {
    fail(source.variable, ": the element '", text.substr(0, 32), "...' is longer than ",
         kElementLimit, " bytes");
  }
  Selector selector{std::string(text), "", std::string(text), source.variable, source.claimed_by,
                    source.vendors};
  if (cdi::looks_qualified(text)) {
    if (!cdi::parse_name(text)) {
      fail(source.variable, ": '", text, "' is no qualified name of a CDI device, such as ",
           "vendor.com/class=name");
    }
    selector.qualified = true;
    return selector;
  }
  const std::size_t colon = text.find(':');
  if (colon != text.npos && names_vendor(text.substr(0, colon), source) && !is_pci_address(text)) {
    selector.backend = text.substr(0, colon);
    selector.name = text.substr(colon + 1);
    if (selector.name.empty()) {
      fail(source.variable, ": the element '", text, "' names no device; write ", text, "all or ",
           text, "0, for example");
    }
  }
  for (const std::string_view word : {"all", "none"}) {
    if (equal_in_any_case(selector.name, word)) {
      selector.name = word;
    }
  }
  return selector;
}

std::optional<std::size_t> number_of(std::string_view digits) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return error == std::errc() ? std::optional(number) : std::nullopt;
}

// "2-4" → 2, 3, 4; anything but two numbers with one '-' between them stays what it is.
std::vector<Selector> taken_apart(Selector selector) {
  const std::string_view name = selector.name;
  const std::size_t dash = name.find('-');
  const auto is_number = [](std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
  };
  if (dash == name.npos || !is_number(name.substr(0, dash)) || !is_number(name.substr(dash + 1))) {
    return {std::move(selector)};
  }
  const auto first = number_of(name.substr(0, dash)), last = number_of(name.substr(dash + 1));
  if (first && last && *last < *first) {
    fail(selector.variable, ": the range '", selector.text, "' runs backwards; write ", *last, "-",
         *first);
  }
  if (!first || !last || *last - *first >= kDifferentLimit) {
    fail(selector.variable, ": the range '", selector.text, "' holds more than ", kDifferentLimit,
         " indices");
  }
  const std::string prefix = selector.text.substr(0, selector.text.size() - name.size());
  std::vector<Selector> out(*last - *first + 1, selector);
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i].name = std::to_string(*first + i);
    out[i].text = prefix + out[i].name;
  }
  return out;
}

bool is_none(const Selector& selector) {
  return selector.backend.empty() && selector.name == "none";
}

}  // namespace

bool names_vendor(std::string_view text, const Source& source) {
  return source.claimed_by.empty() ? is_vendor(text)
                                   : std::find(source.vendors.begin(), source.vendors.end(),
                                               text) != source.vendors.end();
}

std::vector<Selector> parse_elements(const Source& source) {
  std::vector<Selector> selectors;
  std::unordered_set<std::string_view> written;
  std::unordered_set<std::string> meant;
  std::size_t taken = 0;
  for (const std::string_view element : split_list(source.value)) {
    if (!written.insert(element).second) {
      continue;
    }
    std::vector<Selector> some = taken_apart(parse_element(element, source));
    taken += some.size();
    if (taken > kTakenLimit) {
      fail(source.variable, ": its ranges overlap, and hold more than ", kTakenLimit,
           " indices together; write each once");
    }
    for (Selector& selector : some) {
      if (!meant.insert(cat(selector.backend, ":", selector.name)).second) {
        continue;
      }
      if (meant.size() > kDifferentLimit) {
        fail(source.variable, ": more than ", kDifferentLimit, " different elements; '",
             selector.text.substr(0, 32), "' is one too many");
      }
      selectors.push_back(std::move(selector));
    }
  }
  if (selectors.size() > 1 && std::any_of(selectors.begin(), selectors.end(), is_none)) {
    fail(source.variable, ": 'none' cannot be combined with other elements");
  }
  return selectors;
}

}  // namespace xpu
