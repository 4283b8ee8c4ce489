// SPDX-License-Identifier: Apache-2.0
#include "core/lease/lease_format.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/lease/fast_hash.h"

namespace xpu {
namespace {

constexpr std::string_view kMagic = "xpu-leases ", kVersion = "1", kEnd = "end ";
constexpr std::size_t kEndBytes = kEnd.size() + 16 + 1;
constexpr std::size_t kUsualLine = 48;
constexpr std::string_view kDigits = "0123456789abcdef";

// --- writing

bool needs_escape(char c) {
  return static_cast<unsigned char>(c) <= ' ' || c == '%' || c == '\x7f';
}

void put_escaped(std::string& out, char c) {
  out += '%';
  out += kDigits[static_cast<unsigned char>(c) >> 4];
  out += kDigits[c & 15];
}

void put(std::string& out, std::string_view text) {
  out += ' ';
  if (text.empty()) {
    out += '-';
  } else if (text == "-") {
    put_escaped(out, '-');
  } else if (std::none_of(text.begin(), text.end(), needs_escape)) {
    out += text;
  } else {
    for (const char c : text) {
      needs_escape(c) ? put_escaped(out, c) : out.push_back(c);
    }
  }
}

template <class Number>
requires std::is_arithmetic_v<Number>
void put(std::string& out, Number number) {
  char text[24];
  const auto end = std::to_chars(text, text + sizeof text, number).ptr;
  out += ' ';
  out.append(text, static_cast<std::size_t>(end - text));
}

void put_lease(std::string& out, const LeaseRows& rows, const LeaseRow& lease) {
  out += 'l';
  put(out, lease.pid);
  put(out, lease.start_time);
  put(out, lease.exclusive ? "x" : "s");
  put(out, lease.since_unix);
  put(out, lease.ended_inode);
  put(out, lease.id);
  for (std::uint32_t i = lease.first_device; i < lease.first_device + lease.devices; ++i) {
    const DeviceRow& device = rows.devices[i];
    put(out, device.id);
    put(out, device.key);
    put(out, device.parent_key);
  }
  out += '\n';
}

// `root`: of the lines before; nothing at first.
void put_line(std::string& out, const LeaseRows& rows, const LeaseRow& lease,
              std::string_view& root) {
  if (root.data() == nullptr || root != lease.runtime_root) {
    root = lease.runtime_root;
    out += 'r';
    put(out, root);
    out += '\n';
  }
  if (lease.line.empty()) {
    put_lease(out, rows, lease);
  } else {
    out.append(lease.line) += '\n';
  }
}

void put_waiter(std::string& out, const Waiter& waiter) {
  out += 'w';
  put(out, waiter.pid);
  put(out, waiter.start_time);
  put(out, waiter.since_unix);
  put(out, waiter.runtime_root);
  put(out, waiter.id);
  put(out, waiter.keys.size());
  for (const std::string& key : waiter.keys) {
    put(out, key);
  }
  for (const std::string& key : waiter.parent_keys) {
    put(out, key);
  }
  out += '\n';
}

// --- reading

int hex_digit(char c) {
  const std::size_t value = kDigits.find(c);
  return value == std::string_view::npos ? -1 : static_cast<int>(value);
}

bool unescape(std::string_view text, std::string& out) {
  out.clear();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      return false;
    }
    out += static_cast<char>(high << 4 | low);
    i += 2;
  }
  return true;
}

// The fields of one line, front to back; false where one is missing or not of its kind.
class Fields {
 public:
  // `unescaped` keeps texts that are not in the line as they are; null where there are none.
  Fields(std::string_view line, std::deque<std::string>* unescaped)
      : rest_(line), unescaped_(unescaped) {}

  bool done() const { return rest_.empty(); }

  bool take(std::string_view& out) {
    if (!next(out)) {
      return false;
    }
    if (out == "-") {
      out = "";
    } else if (unescaped_ != nullptr && out.find('%') != std::string_view::npos) {
      std::string& text = unescaped_->emplace_back();
      const bool good = unescape(out, text);
      out = text;
      return good;
    }
    return true;
  }
  bool take(std::string& out) {
    std::string_view field;
    const bool good = take(field);
    out = field;
    return good;
  }

  template <class Number>
  requires std::is_arithmetic_v<Number>
  bool take(Number& out) {
    std::string_view field;
    if (!next(field)) {
      return false;
    }
    const auto [stop, error] = std::from_chars(field.data(), field.data() + field.size(), out);
    return error == std::errc() && stop == field.data() + field.size();
  }

 private:
  // The line begins with its letter, so every field has a space before it.
  bool next(std::string_view& out) {
    if (rest_.size() < 2 || rest_.front() != ' ') {
      return false;
    }
    const std::size_t end = std::min(rest_.find(' ', 1), rest_.size());
    out = rest_.substr(1, end - 1);
    rest_.remove_prefix(end);
    return !out.empty();
  }

  std::string_view rest_;
  std::deque<std::string>* unescaped_;
};

bool take_lease(Fields fields, std::string_view line, std::string_view root, LeaseRows& out) {
  LeaseRow& lease = out.leases.emplace_back();
  std::string_view sharing;
  if (!fields.take(lease.pid) || !fields.take(lease.start_time) || !fields.take(sharing) ||
      !fields.take(lease.since_unix) || !fields.take(lease.ended_inode) || !fields.take(lease.id) ||
      (sharing != "x" && sharing != "s") || root.empty()) {
    return false;
  }
  lease.exclusive = sharing == "x";
  lease.runtime_root = root;
  lease.line = line;
  lease.first_device = static_cast<std::uint32_t>(out.devices.size());
  for (; !fields.done(); ++lease.devices) {
    DeviceRow& device = out.devices.emplace_back();
    if (!fields.take(device.id) || !fields.take(device.key) || !fields.take(device.parent_key)) {
      return false;
    }
  }
  return true;
}

bool take_waiter(Fields fields, std::vector<Waiter>& out) {
  Waiter& waiter = out.emplace_back();
  std::size_t keys = 0;
  if (!fields.take(waiter.pid) || !fields.take(waiter.start_time) ||
      !fields.take(waiter.since_unix) || !fields.take(waiter.runtime_root) ||
      !fields.take(waiter.id) || !fields.take(keys)) {
    return false;
  }
  while (!fields.done()) {
    std::vector<std::string>& list = waiter.keys.size() < keys ? waiter.keys : waiter.parent_keys;
    if (!fields.take(list.emplace_back())) {
      return false;
    }
  }
  return waiter.keys.size() == keys;
}

// One line after the second; false for what this version does not write.
bool take_line(std::string_view line, std::deque<std::string>* unescaped, std::string_view& root,
               LeaseFile& out) {
  const Fields fields(line.substr(std::min<std::size_t>(line.size(), 1)), unescaped);
  switch (line.empty() ? '\0' : line.front()) {
    case 'r': {
      Fields only = fields;
      return only.take(root) && only.done();
    }
    case 'l':
      return take_lease(fields, line, root, out.rows);
    case 'w':
      return take_waiter(fields, out.waiters);
    default:
      return false;
  }
}

LeaseFile damaged(std::string problem) {
  LeaseFile out;
  out.state = LeaseFile::State::kDamaged;
  out.problem = std::move(problem);
  return out;
}

std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

// What is wrong with the file as a whole; "" for nothing. Takes the last line off.
std::string check_whole(std::string_view& text) {
  if (text.empty()) {
    return "it is empty";
  }
  if (!text.starts_with(kMagic)) {
    return "it is no list of leases";
  }
  const std::size_t body = text.size() < kEndBytes ? 0 : text.size() - kEndBytes;
  const std::string_view last = text.substr(body);
  if (!last.starts_with(kEnd) || last.back() != '\n') {
    return "it is cut off";
  }
  text.remove_suffix(kEndBytes);
  if (last.substr(kEnd.size(), 16) != hex64(fast_hash(text))) {
    return "its checksum is wrong";
  }
  return "";
}

}  // namespace

LeaseFile parse_leases(std::string_view text, std::string_view boot_id) {
  const std::size_t size = text.size();
  if (std::string problem = check_whole(text); !problem.empty()) {
    return damaged(std::move(problem));
  }
  LeaseFile out;
  const std::string_view version = take_line(text).substr(kMagic.size());
  if (version != kVersion) {
    out.state = LeaseFile::State::kFuture;
    out.problem = version;
    return out;
  }
  if (text.find('%') != std::string_view::npos) {
    out.rows.unescaped = std::make_shared<std::deque<std::string>>();
  }
  std::deque<std::string>* const unescaped = out.rows.unescaped.get();
  const std::string_view boot = take_line(text);
  std::string found;
  if (!boot.starts_with("boot") || !Fields(boot.substr(4), unescaped).take(found)) {
    return damaged("line 2 does not say which boot it is of");
  }
  if (found != boot_id) {
    out.state = LeaseFile::State::kOtherBoot;
    return out;
  }
  out.rows.leases.reserve(size / kUsualLine);
  out.rows.devices.reserve(size / kUsualLine);
  std::string_view root;
  for (unsigned number = 3; !text.empty(); ++number) {
    if (!take_line(take_line(text), unescaped, root, out)) {
      return damaged(cat("line ", number, " is not understood"));
    }
  }
  return out;
}

std::string leases_text(std::string_view boot_id, const LeaseRows& rows,
                        const std::vector<const LeaseRow*>& kept, const std::vector<Lease>& more,
                        const std::vector<const Waiter*>& waiters) {
  std::string out;
  out.reserve(256 + 192 * (kept.size() + more.size()) + 256 * waiters.size());
  out.append(kMagic).append(kVersion).append("\nboot");
  put(out, boot_id);
  out += '\n';
  std::string_view root;
  for (const LeaseRow* const lease : kept) {
    put_line(out, rows, *lease, root);
  }
  LeaseRows added;
  for (const Lease& lease : more) {
    add_row(added, lease);
  }
  for (const LeaseRow& lease : added.leases) {
    put_line(out, added, lease, root);
  }
  for (const Waiter* const waiter : waiters) {
    put_waiter(out, *waiter);
  }
  const std::string hash = hex64(fast_hash(out));
  return out.append(kEnd).append(hash).append("\n");
}

}  // namespace xpu
