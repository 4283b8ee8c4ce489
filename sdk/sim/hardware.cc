// SPDX-License-Identifier: Apache-2.0
#include "sdk/sim/hardware.h"

#include <sys/utsname.h>

#include <algorithm>
#include <limits>
#include <map>

#include "sdk/helpers/elf.h"
#include "sdk/helpers/path.h"
#include "sdk/sim/reader.h"

namespace xpu::sim {
namespace {

std::string machine() {
  utsname name{};
  ::uname(&name);
  return name.machine;
}

template <class Value>
Value choice(Reader& table, std::string_view key,
             const std::vector<std::pair<std::string, Value>>& known, Value otherwise) {
  const std::string text = table.text(key);
  std::string names;
  for (const auto& [name, value] : known) {
    if (name == text) {
      return value;
    }
    names += (names.empty() ? "" : ", ") + name;
  }
  if (table.has(key)) {
    table.fail(key, "must be one of " + names);
  }
  return otherwise;
}

class Parser {
 public:
  Hardware parse(Reader& top);

 private:
  Edits edits(Reader& table);
  When when(Reader& table);
  void generated(Reader& table, Edits& out);
  SimFile file(Reader& table);
  SimDevice device(Reader& table);
  void live(Reader& table, SimDevice& out);
  SimInterconnect interconnect(Reader& table);
  std::size_t find_device(Reader& table, const std::string& id) const;

  Hardware hardware_;
  std::map<std::string, std::size_t> ids_;  // "acme:0" → place
};

When Parser::when(Reader& table) {
  const std::string list = table.text("capability");
  const auto& known = hardware_.capabilities;
  for (std::size_t at = 0; !list.empty() && at <= list.size();) {
    const std::size_t comma = std::min(list.find(',', at), list.size());
    const std::string name = list.substr(at, comma - at);
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      table.fail("capability", "\"" + name + "\" is not in the list of capabilities at the top");
    }
    at = comma + 1;
  }
  return {list, table.text("item"), table.text("image-lacks")};
}

SimFile Parser::file(Reader& table) {
  static const std::vector<std::pair<std::string, sdk::FileKind>> kKinds = {
      {"library", sdk::FileKind::kLibrary},
      {"binary", sdk::FileKind::kBinary},
      {"data", sdk::FileKind::kData},
      {"socket", sdk::FileKind::kSocket},
      {"directory", sdk::FileKind::kDirectory}};
  SimFile out;
  out.when = when(table);
  sdk::File& file = out.file;
  table.required_text("kind");
  file.kind = choice(table, "kind", kKinds, sdk::FileKind::kData);
  file.host_path = table.required_path("host");
  if (file.kind != sdk::FileKind::kLibrary) {
    file.container_path =
        table.has("container") ? table.absolute_path("container") : file.host_path;
    return out;
  }
  file.container_path = table.text("container");
  file.soname = table.text("soname");
  file.architecture = table.text("architecture");
  file.links = table.texts("links");
  const auto elf = sdk::read_elf(sdk::Root("/"), file.host_path);
  if (file.soname.empty()) {
    file.soname = elf && !elf->soname.empty() ? elf->soname : sdk::base_name(file.host_path);
  }
  if (file.architecture.empty()) {
    file.architecture = elf && !elf->architecture.empty() ? elf->architecture : machine();
  }
  return out;
}

Edits Parser::edits(Reader& table) {
  Edits out;
  for (Reader& item : table.tables("nodes", "node")) {
    SimNode node{when(item), {item.required_path("host"), item.absolute_path("container")}};
    if (node.node.container_path.empty()) {
      node.node.container_path = node.node.host_path;
    }
    item.finish();
    out.nodes.push_back(node);
  }
  for (Reader& item : table.tables("files", "file")) {
    out.files.push_back(file(item));
    item.finish();
  }
  for (Reader& item : table.tables("env", "env")) {
    out.env.push_back({when(item), item.required_text("name"), item.text("value"),
                       item.boolean("expand", false)});
    item.finish();
  }
  for (Reader& item : table.tables("links", "link")) {
    out.links.push_back({when(item), item.required_path("path"), item.required_text("target")});
    item.finish();
  }
  generated(table, out);
  return out;
}

void Parser::generated(Reader& table, Edits& out) {
  static const std::vector<std::pair<std::string, sdk::Combine>> kCombines = {
      {"list", sdk::Combine::kList}, {"bits", sdk::Combine::kBits}};
  for (Reader& item : table.tables("values", "value")) {
    out.values.push_back({when(item), choice(item, "combine", kCombines, sdk::Combine::kList),
                          item.required_text("name"), item.text("value")});
    item.finish();
  }
  for (Reader& item : table.tables("texts", "text")) {
    out.texts.push_back({when(item), item.required_path("path"), item.lines("content"),
                         item.boolean("expand", false)});
    item.finish();
  }
  for (Reader& item : table.tables("notes", "note")) {
    out.notes.push_back(
        {when(item), item.boolean("warning", false) ? sdk::Severity::kWarn : sdk::Severity::kInfo,
         item.required_text("text")});
    item.finish();
  }
  for (Reader& item : table.tables("image-folders", "image folder")) {
    out.image_folders.push_back({when(item), item.required_path("folder"),
                                 item.required_text("library"), item.required_text("version")});
    item.finish();
  }
}

// What changes while the device is used.
void Parser::live(Reader& table, SimDevice& out) {
  static const std::vector<std::pair<std::string, sdk::Health>> kHealths = {
      {"ok", sdk::Health::kOk},
      {"degraded", sdk::Health::kDegraded},
      {"failed", sdk::Health::kFailed}};
  out.health = choice(table, "health", kHealths, sdk::Health::kOk);
  out.health_reason = table.text("health-reason");
  if (table.has("health")) {
    out.properties.emplace_back("health", table.text("health"));
  }
  for (Reader& item : table.tables("metrics", "metric")) {
    out.metrics.push_back(
        {item.required_text("key"), item.text("label"), item.required_number("value"), 0, ""});
    item.finish();
  }
  for (Reader& item : table.tables("processes", "process")) {
    SimMetric metric{item.required_text("key"), item.text("label"), item.required_number("value"),
                     static_cast<std::int32_t>(
                         item.integer("pid", 1, std::numeric_limits<std::int32_t>::max(), 0)),
                     item.absolute_path("pid-file")};
    if ((metric.pid == 0) == metric.pid_file.empty()) {
      item.fail("pid", "or pid-file must be there, and not both");
    }
    item.finish();
    out.processes.push_back(metric);
  }
  out.described = table.raw();
  for (const char* key : {"health", "health-reason", "metrics", "processes"}) {
    out.described.erase(key);
  }
}

SimDevice Parser::device(Reader& table) {
  static const std::vector<std::pair<std::string, sdk::Kind>> kKinds = {
      {"gpu", sdk::Kind::kGpu},
      {"partition", sdk::Kind::kPartition},
      {"npu", sdk::Kind::kNpu},
      {"accelerator", sdk::Kind::kAccelerator}};
  SimDevice out;
  sdk::Device& device = out.device;
  device.vendor = table.required_text("vendor");
  device.index = table.index("index");
  if (device.index.empty()) {
    table.fail("index", "is missing");
  }
  device.name = table.required_text("name");
  device.uuid = table.text("uuid");
  device.parent = table.index("parent");
  device.kind = choice(table, "kind", kKinds,
                       device.parent.empty() ? sdk::Kind::kGpu : sdk::Kind::kPartition);
  device.memory_bytes = table.bytes("memory");
  device.architecture = table.text("architecture");
  device.driver = table.text("driver");
  device.pci = table.text("pci");
  device.numa_node = static_cast<std::int32_t>(
      table.integer("numa-node", -1, std::numeric_limits<std::int32_t>::max(), -1));
  device.in_all = table.boolean("in-all", true);
  device.available = table.boolean("available", true);
  device.reason = table.text("reason");
  if (device.available && !device.reason.empty()) {
    table.fail("reason", "is only for a device with available = false");
  }
  if (!device.available && device.reason.empty()) {
    table.fail("available", "= false needs a reason");
  }
  out.aliases = table.texts("aliases");
  out.properties = table.pairs("properties");
  live(table, out);
  out.edits = edits(table);
  const std::string id = device.vendor + ":" + device.index;
  if (!ids_.emplace(id, hardware_.devices.size()).second) {
    table.fail("index",
               "\"" + device.index + "\" is taken by another device of vendor " + device.vendor);
  }
  if (!device.parent.empty()) {
    const auto parent = ids_.find(device.vendor + ":" + device.parent);
    if (parent == ids_.end() || device.parent == device.index) {
      table.fail("parent", "\"" + device.parent + "\" is no device of vendor " + device.vendor +
                               " above this one");
    }
    // Its partitions are handed out in its place.
    hardware_.devices[parent->second].device.in_all = false;
  }
  return out;
}

std::size_t Parser::find_device(Reader& table, const std::string& id) const {
  const auto found = ids_.find(id);
  if (found == ids_.end()) {
    table.fail("devices", "names \"" + id + "\", which is no device of this file");
  }
  return found->second;
}

SimInterconnect Parser::interconnect(Reader& table) {
  const std::vector<std::string> ends = table.texts("devices");
  if (ends.size() != 2 || ends[0] == ends[1]) {
    table.fail("devices", "must be two different devices, such as [\"acme:0\", \"acme:1\"]");
  }
  SimInterconnect out;
  out.device = find_device(table, ends[0]);
  out.peer = find_device(table, ends[1]);
  out.type = table.required_text("type");
  out.weight = static_cast<std::uint32_t>(
      table.integer("weight", 0, std::numeric_limits<std::uint32_t>::max(), 1));
  return out;
}

Hardware Parser::parse(Reader& top) {
  hardware_.capabilities = top.has("capabilities") ? top.texts("capabilities")
                                                   : std::vector<std::string>{"compute", "utility"};
  hardware_.properties = top.pairs("properties");
  hardware_.edits = edits(top);
  for (Reader& table : top.tables("devices", "device")) {
    SimDevice found = device(table);
    table.finish();
    hardware_.devices.push_back(std::move(found));
  }
  for (Reader& table : top.tables("interconnects", "interconnect")) {
    hardware_.interconnects.push_back(interconnect(table));
    table.finish();
  }
  Reader validity = top.table("validity");
  hardware_.validity.same = validity.texts("stat");
  hardware_.validity.listing = validity.texts("listing");
  hardware_.validity.content = validity.texts("content");
  hardware_.validity.seconds =
      static_cast<std::uint64_t>(validity.integer("seconds", 1, 31536000, 0));
  validity.finish();
  Reader faults = top.table("faults");
  hardware_.faults.sample_delay_ms =
      static_cast<std::uint32_t>(faults.integer("sample-delay-ms", 0, 3600000, 0));
  hardware_.faults.lost = faults.boolean("lost", false);
  faults.finish();
  top.finish();
  hardware_.described = top.raw();
  hardware_.described.erase("devices");
  hardware_.described.erase("faults");
  return std::move(hardware_);
}

}  // namespace

Hardware parse_hardware(std::string_view text, const std::string& file) {
  try {
    const toml::table table = toml::parse(text, file);
    Reader top(table, file, "hardware file");
    return Parser().parse(top);
  } catch (const toml::parse_error& error) {
    fail_at(file, error.source(), std::string(error.description()));
  }
}

}  // namespace xpu::sim
