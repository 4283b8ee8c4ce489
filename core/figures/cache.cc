// SPDX-License-Identifier: Apache-2.0
#include "core/figures/cache.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/platform.h"
#include "core/base/trust.h"
#include "core/figures/derive.h"
#include "core/log/log.h"

namespace xpu {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{8} << 20;
constexpr std::string_view kName = "figures";
constexpr std::string_view kWarning = "!";
constexpr std::string_view kSame = "=";
constexpr std::string_view kEnd = "end\n";

// A hash of many texts, eight bytes at a time.
class Digest {
 public:
  void add(std::string_view text) {
    add(text.size());
    for (; text.size() >= 8; text.remove_prefix(8)) {
      std::uint64_t word = 0;
      std::memcpy(&word, text.data(), 8);
      add(word);
    }
    std::uint64_t rest = 0;
    std::memcpy(&rest, text.data(), text.size());
    add(rest);
  }
  void add(std::uint64_t word) {
    state_ = (state_ ^ word) * 0x9e3779b97f4a7c15ULL;
    state_ ^= state_ >> 32;
  }
  std::uint64_t value() const { return state_; }

 private:
  std::uint64_t state_ = 0x2545f4914f6cdd1dULL;
};

void add_file(Digest* digest, const std::string& path) {
  struct stat status = {};
  digest->add(path);
  if (::stat(path.c_str(), &status) != 0) {
    return digest->add(std::uint64_t{0});
  }
  for (const auto number : {std::uint64_t{status.st_dev}, std::uint64_t{status.st_ino},
                            static_cast<std::uint64_t>(status.st_size),
                            static_cast<std::uint64_t>(platform::modified_ns(status)),
                            static_cast<std::uint64_t>(platform::changed_ns(status))}) {
    digest->add(number);
  }
}

void add_device(Digest* digest, const Device& device) {
  digest->add(device.id);
  digest->add(device.name);
  digest->add(device.parent);
  digest->add(device.memory_bytes);
  for (const auto& [name, value] : device.properties) {
    if (name == kPriceProperty || name == kCurrencyProperty || name == kPerformanceProperty) {
      digest->add(name);
      digest->add(value);
    }
  }
}

std::string intro(std::uint64_t key) {
  return cat("xpu-figures ", hex64(key), '\n');
}

// What stands before `end`; it and `end` are taken off. nullopt when `end` is not there.
std::optional<std::string_view> take(std::string_view* text, char end) {
  const void* const found = text->empty() ? nullptr : std::memchr(text->data(), end, text->size());
  if (found == nullptr) {
    return std::nullopt;
  }
  const auto size = static_cast<std::size_t>(static_cast<const char*>(found) - text->data());
  const std::string_view part = text->substr(0, size);
  text->remove_prefix(size + 1);
  return part;
}

template <class Number>
bool parse(std::string_view text, std::optional<Number>* out) {
  if (text.empty()) {
    return true;
  }
  const auto [stop, error] =
      std::from_chars(text.data(), text.data() + text.size(), out->emplace());
  return error == std::errc() && stop == text.data() + text.size();
}

// The fields after the id.
std::optional<Figure> parse_figure(std::string_view fields) {
  Figure figure;
  const auto price = take(&fields, '\t'), currency = take(&fields, '\t');
  const auto performance = take(&fields, '\t'), price_source = take(&fields, '\t');
  if (!price_source || !parse(*price, &figure.price) || !parse(*performance, &figure.performance)) {
    return std::nullopt;
  }
  figure.currency = *currency;
  figure.price_source = *price_source;
  figure.performance_source = fields;
  return figure;
}

std::optional<CachedFigures> parse_all(std::string_view text) {
  CachedFigures out;
  Figures::Shared last;
  out.figures.reserve(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')));
  while (text != kEnd) {
    std::optional<std::string_view> line = take(&text, '\n');
    if (!line) {
      return std::nullopt;
    }
    const std::optional<std::string_view> id = take(&*line, '\t');
    if (!id) {
      return std::nullopt;
    }
    if (*id == kWarning) {
      out.warnings.emplace_back(*line);
      continue;
    }
    if (*line != kSame) {
      std::optional<Figure> figure = parse_figure(*line);
      last = figure ? std::make_shared<const Figure>(*std::move(figure)) : nullptr;
    }
    if (!last) {
      return std::nullopt;
    }
    out.figures.add(std::string(*id), last);
  }
  return out;
}

bool has_control(const std::string& text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return c == '\n' || c == '\t'; });
}

// The shortest text that reads as the same number.
std::string number_text(double number) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  return {text.data(), end};
}

std::string fields_of(const Figure& figure) {
  return cat(figure.price ? std::to_string(*figure.price) : "", '\t', figure.currency, '\t',
             figure.performance ? number_text(*figure.performance) : "", '\t', figure.price_source,
             '\t', figure.performance_source);
}

}  // namespace

std::uint64_t figures_key(const std::string& prices, const std::string& models,
                          const std::vector<BackendStatus>& backends) {
  Digest digest;
  digest.add(XPU_VERSION);
  add_file(&digest, prices);
  add_file(&digest, models);
  for (const BackendStatus& backend : backends) {
    if (backend.state != BackendState::kReady) {
      continue;
    }
    digest.add(backend.catalog.backend);
    digest.add(backend.catalog.devices.size());
    for (const Device& device : backend.catalog.devices) {
      add_device(&digest, device);
    }
  }
  return digest.value();
}

std::optional<CachedFigures> read_figures(const std::string& state_dir, std::uint64_t key) {
  const std::string path = cat(state_dir, "/catalog/", kName);
  const Fd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status = {};
  if (!fd || ::fstat(fd.get(), &status) != 0 || !trusted_owner(status.st_uid) ||
      (status.st_mode & 022) != 0) {
    return std::nullopt;
  }
  try {
    const std::string bytes = read_fd(fd.get(), path, kMaxBytes);
    const std::string start = intro(key);
    return bytes.starts_with(start) ? parse_all(std::string_view(bytes).substr(start.size()))
                                    : std::nullopt;
  } catch (const Error& error) {
    log::debug(cat("not believing the figures that were kept: ", error.what()));
    return std::nullopt;
  }
}

void write_figures(const std::string& state_dir, std::uint64_t key, const CachedFigures& cached) {
  std::string text = intro(key), last;
  for (const std::string& id : cached.figures.ids()) {
    const Figure& figure = *cached.figures.find(id);
    if (has_control(figure.price_source) || has_control(figure.performance_source)) {
      return;
    }
    std::string fields = fields_of(figure);
    text += cat(id, '\t', fields == last ? kSame : fields, '\n');
    last = std::move(fields);
  }
  for (const std::string& warning : cached.warnings) {
    if (has_control(warning)) {
      return;
    }
    text += cat(kWarning, '\t', warning, '\n');
  }
  try {
    const std::string dir = cat(state_dir, "/catalog");
    const Fd folder = open_state_dir(dir);
    const std::string name(kName);
    remove_stale_temporaries(folder.get(), name);
    write_file_atomic(folder.get(), dir, name, cat(text, kEnd), {.mode = 0600});
  } catch (const Error& error) {
    log::debug(cat("cannot keep the figures: ", error.what()));
  }
}

}  // namespace xpu
