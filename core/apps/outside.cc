// SPDX-License-Identifier: Apache-2.0
#include "core/apps/outside.h"

#include <fcntl.h>

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "core/apps/json_at.h"
#include "core/base/error.h"
#include "core/base/fd.h"
#include "core/base/file.h"

namespace xpu {
namespace {

namespace bj = boost::json;

constexpr std::size_t kMaxBytes = std::size_t{16} << 20;
constexpr std::string_view kBundleLabel = "bundle=";

// Empty for a folder that is not there or may not be read.
std::vector<std::string> names_in(const std::string& folder) {
  const Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return fd ? list_dir(fd.get(), folder) : std::vector<std::string>();
}

// Null for a file that is not there or is none.
bj::value parsed(const std::string& path) {
  try {
    const std::optional<std::string> text = read_file_if_present(path, kMaxBytes);
    bj::error_code error;
    bj::value out = text ? bj::parse(*text, error) : bj::value();
    return error ? bj::value() : out;
  } catch (const Error&) {
    return {};
  }
}

std::int64_t number_at(const bj::value& from, std::string_view name) {
  const bj::value& value = at(from, {name});
  return value.is_int64() ? value.get_int64() : -1;
}

const bj::array& array_at(const bj::value& from, std::initializer_list<std::string_view> names) {
  static const bj::array kEmpty;
  const bj::array* const array = at(from, names).if_array();
  return array == nullptr ? kEmpty : *array;
}

// What a container may open: device numbers, and nodes of the host that are mounted into it.
struct Opened {
  std::string bundle;
  std::set<std::pair<std::int64_t, std::int64_t>> characters, blocks;
  std::set<std::string> mounted;

  bool has(const Node& node) const {
    const auto& numbers = node.type == 'b' ? blocks : characters;
    return numbers.count({node.major, node.minor}) > 0 || mounted.count(node.host_path) > 0;
  }
  // "c" in a specification is the number of that letter in runc's state.
  void add_device(const bj::value& device) {
    const std::string type = text_at(device, {"type"});
    const bool block = type == "b" || number_at(device, "type") == 'b';
    (block ? blocks : characters).emplace(number_at(device, "major"), number_at(device, "minor"));
  }
  void add(const bj::array& devices, const bj::array& mounts) {
    std::for_each(devices.begin(), devices.end(), [&](const auto& item) { add_device(item); });
    for (const bj::value& mount : mounts) {
      mounted.insert(text_at(mount, {"source"}));
    }
  }
};

// runc writes down what it was told, crun where that stands.
Opened opened_by(const std::string& folder) {
  Opened out;
  const bj::value runc = parsed(cat(folder, "/state.json"));
  for (const bj::value& label : array_at(runc, {"config", "labels"})) {
    const bj::string* const text = label.if_string();
    if (text != nullptr && text->starts_with(kBundleLabel)) {
      out.bundle = std::string(text->subview(kBundleLabel.size()));
    }
  }
  out.add(array_at(runc, {"config", "devices"}), array_at(runc, {"config", "mounts"}));
  const std::string bundle = text_at(parsed(cat(folder, "/status")), {"bundle"});
  if (!bundle.empty()) {
    const bj::value spec = parsed(cat(bundle, "/config.json"));
    out.bundle = bundle;
    out.add(array_at(spec, {"linux", "devices"}), array_at(spec, {"mounts"}));
  }
  return out;
}

bool gave(const std::optional<Record>& record, const Node& node) {
  return record && std::any_of(record->nodes.begin(), record->nodes.end(), [&](const Node& ours) {
           return ours.type == node.type && ours.major == node.major && ours.minor == node.minor;
         });
}

void add_below(const std::string& folder, std::string_view prefix, std::string_view rest,
               std::vector<std::string>& out) {
  for (const std::string& name : names_in(folder)) {
    if (name.starts_with(prefix)) {
      out.push_back(cat(folder, '/', name, rest));
    }
  }
}

}  // namespace

std::vector<OutsideRow> outside_containers(const std::vector<std::string>& runtime_roots,
                                           const Records& records,
                                           const std::vector<DeviceNode>& nodes) {
  std::vector<OutsideRow> out;
  for (const std::string& root :
       std::set<std::string>(runtime_roots.begin(), runtime_roots.end())) {
    for (const std::string& id : names_in(root)) {
      const Opened opened = opened_by(cat(root, '/', id));
      const std::optional<Record> record = records.find(root, id);
      OutsideRow row{id, root, opened.bundle, {}};
      for (const DeviceNode& node : nodes) {
        const bool listed =
            std::find(row.devices.begin(), row.devices.end(), node.device) != row.devices.end();
        if (!listed && opened.has(node.node) && !gave(record, node.node)) {
          row.devices.push_back(node.device);
        }
      }
      if (!row.devices.empty()) {
        out.push_back(std::move(row));
      }
    }
  }
  return out;
}

std::vector<std::string> usual_runtime_roots(const std::string& run) {
  std::vector<std::string> out = {cat(run, "/runc"), cat(run, "/crun")};
  add_below(cat(run, "/containerd/runc"), "", "", out);
  add_below(cat(run, "/docker"), "runtime-", "/moby", out);
  return out;
}

std::vector<std::string> beside(const std::string& runtime_root) {
  std::vector<std::string> out;
  const std::size_t last = runtime_root.rfind('/');
  const std::size_t slash = last == runtime_root.npos || last == 0
                                ? runtime_root.npos
                                : runtime_root.rfind('/', last - 1);
  if (slash != runtime_root.npos && runtime_root.compare(slash + 1, 8, "runtime-") == 0) {
    add_below(runtime_root.substr(0, slash), "runtime-", runtime_root.substr(last), out);
  }
  return out;
}

}  // namespace xpu
