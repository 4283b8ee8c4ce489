// SPDX-License-Identifier: Apache-2.0
#include "backends/amd/kfd.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <optional>
#include <string_view>

#include "sdk/helpers/path.h"

namespace xpu::amd {
namespace {

constexpr std::uint64_t kVendor = 0x1002;
// Types of links and of memory, as the kernel's CRAT table has them.
constexpr std::uint64_t kLinkPcie = 2, kLinkXgmi = 11;
constexpr std::uint64_t kHeapPublic = 1, kHeapPrivate = 2;
constexpr std::uint64_t kFunction = 0xffff;  // bus, device and function in a location

sdk::Root nodes_folder(const sdk::Root& sys_root) {
  const std::string nodes = sdk::join(kTopology, "nodes");
  return sdk::Root(sys_root.host_path(sys_root.resolve(nodes).value_or(nodes)));
}

// A file of lines "name value".
class Properties {
 public:
  Properties(const sdk::Root& folder, const std::string& file)
      : text_(folder.read(file).value_or("")) {}

  bool empty() const { return text_.empty(); }

  std::optional<std::uint64_t> find(std::string_view name) const {
    for (std::string_view left = text_; !left.empty();) {
      const std::size_t end = std::min(left.find('\n'), left.size());
      const std::string_view line = left.substr(0, end);
      left.remove_prefix(std::min(end + 1, left.size()));
      if (line.size() > name.size() && line[name.size()] == ' ' && sdk::starts_with(line, name)) {
        std::uint64_t value = 0;
        const std::string text = sdk::trimmed(line.substr(name.size()));
        const bool hex = sdk::starts_with(text, "0x");
        const char* last = text.data() + text.size();
        const auto result =
            std::from_chars(text.data() + (hex ? 2 : 0), last, value, hex ? 16 : 10);
        return result.ec == std::errc() ? std::optional(value) : std::nullopt;
      }
    }
    return std::nullopt;
  }
  std::uint64_t operator[](std::string_view name) const { return find(name).value_or(0); }

 private:
  std::string text_;
};

std::uint64_t bank_bytes(const sdk::Root& folder, const std::string& node) {
  std::uint64_t bytes = 0;
  const std::string banks = node + "/mem_banks";
  for (const std::string& name : folder.list(banks)) {
    const Properties bank(folder, sdk::join(sdk::join(banks, name), "properties"));
    const auto heap = bank.find("heap_type");
    if (heap == kHeapPublic || heap == kHeapPrivate) {
      bytes += bank["size_in_bytes"];
    }
  }
  return bytes;
}

KfdNode read_node(const sdk::Root& folder, const std::string& path, const Properties& from) {
  KfdNode node;
  node.cpu_cores = from["cpu_cores_count"];
  node.simd_count = from["simd_count"];
  node.simd_per_cu = from["simd_per_cu"];
  node.gfx_target_version = from["gfx_target_version"];
  node.device_id = from["device_id"];
  node.location_id = from["location_id"];
  node.domain = from["domain"];
  node.render_minor = from["drm_render_minor"];
  node.unique_id = from["unique_id"];
  node.hive_id = from["hive_id"];
  // The driver is AMD's, but others have put their processors under it. A node without an id of a
  // GPU is a processor's to every library.
  node.usable = from.find("vendor_id").value_or(kVendor) == kVendor;
  if (node.is_gpu()) {
    const std::string id = folder.read_line(path + "/gpu_id");
    node.gpu_id = static_cast<std::uint32_t>(sdk::parse_number(id).value_or(0));
    node.usable = id != "0";
  }
  if (node.is_gpu()) {
    node.memory_bytes = bank_bytes(folder, path);
    if (node.memory_bytes == 0) {
      node.memory_bytes = from["local_mem_size"];
    }
  }
  return node;
}

}  // namespace

std::string KfdNode::pci() const {
  const auto function = static_cast<unsigned>(location_id & kFunction);
  if (function == 0) {
    return "";
  }
  char text[32];
  std::snprintf(text, sizeof text, "%04x:%02x:%02x.%x", static_cast<unsigned>(domain),
                function >> 8, function >> 3 & 0x1f, function & 7);
  return text;
}

Kfd::Kfd(const sdk::Root& sys_root) : folder_(nodes_folder(sys_root)) {
  for (const std::string& name : folder_.list("/")) {
    const auto number = sdk::parse_number(name);
    if (!number || *number < 0) {
      continue;
    }
    present_ = true;
    const std::string path = "/" + name;
    const Properties properties(folder_, path + "/properties");
    if (!properties.empty()) {
      KfdNode node = read_node(folder_, path, properties);
      node.number = static_cast<unsigned>(*number);
      nodes_.push_back(node);
    }
  }
  std::sort(nodes_.begin(), nodes_.end(),
            [](const KfdNode& a, const KfdNode& b) { return a.number < b.number; });
  move_part_numbers(sys_root);
}

// The first kernels that divided GPUs have the number of the part where the function is: 0a:00.1 is
// part 1 of 0a:00.0, and there is no such function, or it is none of the driver's.
void Kfd::move_part_numbers(const sdk::Root& sys_root) {
  for (KfdNode& node : nodes_) {
    const std::uint64_t number = node.location_id & 7;
    const std::uint64_t whole = node.location_id - number;
    const bool has_first = std::any_of(nodes_.begin(), nodes_.end(), [&](const KfdNode& first) {
      return first.is_gpu() && first.location_id == whole && first.domain == node.domain &&
             first.device_id == node.device_id && first.unique_id == node.unique_id;
    });
    if (node.is_gpu() && number != 0 && has_first &&
        !sys_root.is_folder(sdk::join(kPciDriver, node.pci()))) {
      node.location_id = whole | number << 28;
    }
  }
}

const std::vector<KfdLink>& Kfd::links(unsigned number) const {
  const auto [at, is_new] = links_.try_emplace(number);
  std::vector<KfdLink>& links = at->second;
  if (!is_new) {
    return links;
  }
  for (const char* kind : {"io_links", "p2p_links"}) {
    const std::string folder = "/" + std::to_string(number) + "/" + kind;
    for (const std::string& name : folder_.list(folder)) {
      const Properties from(folder_, sdk::join(sdk::join(folder, name), "properties"));
      const auto to = from.find("node_to");
      if (!to) {
        continue;
      }
      KfdLink link;
      link.to = static_cast<unsigned>(*to);
      link.weight = static_cast<unsigned>(from["weight"]);
      const std::uint64_t type = from["type"];
      link.type = type == kLinkXgmi   ? KfdLink::Type::kXgmi
                  : type == kLinkPcie ? KfdLink::Type::kPcie
                                      : KfdLink::Type::kOther;
      links.push_back(link);
    }
  }
  return links;
}

}  // namespace xpu::amd
