// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/collector.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/catalog/grammar.h"
#include "core/catalog/limits.h"
#include "core/plugin/abi.h"
#include "core/plugin/obligations.h"
#include "core/plugin_host/from_backend.h"

namespace xpu {
namespace {

using namespace from_backend;

constexpr std::size_t kLogText = 512;

std::string id_of(const char* vendor, const char* index) {
  return cat(text("vendor", vendor, limits::kName), ":", text("index", index, limits::kName));
}

void check_reserved(const char* type, std::uint32_t reserved) {
  if (reserved != 0) {
    fail(type, ".reserved is not 0");
  }
}

template <class Enum>
Enum kind_of(const char* field, std::uint32_t kind, std::uint32_t highest) {
  if (kind < 1 || kind > highest) {
    fail(field, " is ", kind, "; 1 to ", highest, " are known");
  }
  return static_cast<Enum>(kind - 1);
}

Device device_of(const xpu_device& from) {
  Device out;
  out.vendor = text("xpu_device.vendor", from.vendor, limits::kName);
  out.index = text("xpu_device.index", from.index, limits::kName);
  out.id = cat(out.vendor, ":", out.index);
  out.kind = kind_of<DeviceKind>("xpu_device.kind", from.kind, XPU_KIND_ACCELERATOR);
  constexpr std::uint32_t kKnownFlags = XPU_DEVICE_NOT_IN_ALL | XPU_DEVICE_UNAVAILABLE;
  if ((from.flags & ~kKnownFlags) != 0) {
    fail("xpu_device.flags has bits that are not known (", from.flags, ")");
  }
  out.in_all = (from.flags & XPU_DEVICE_NOT_IN_ALL) == 0;
  out.available = (from.flags & XPU_DEVICE_UNAVAILABLE) == 0;
  out.numa_node = from.numa_node;
  out.memory_bytes = from.memory_bytes;
  out.uuid = text("xpu_device.uuid", from.uuid);
  out.name = text("xpu_device.name", from.name);
  out.architecture = text("xpu_device.architecture", from.architecture);
  out.driver = text("xpu_device.driver", from.driver);
  out.pci = text("xpu_device.pci", from.pci);
  out.reason = text("xpu_device.reason", from.reason);
  const std::string parent = text("xpu_device.parent", from.parent, limits::kName);
  if (!parent.empty()) {
    out.parent = cat(out.vendor, ":", parent);
  }
  return out;
}

Scope scope_of(const xpu_scope* scope) {
  const xpu_scope from = copy("xpu_scope", scope);
  check_reserved("xpu_scope", from.reserved);
  Scope out;
  out.capability = text("xpu_scope.capability", from.capability);
  out.item = text("xpu_scope.item", from.item, limits::kName);
  out.image_lacks = text("xpu_scope.image_lacks", from.image_lacks);
  const std::string device = text("xpu_scope.device", from.device, limits::kName);
  if (!device.empty()) {
    out.device = id_of(from.vendor, from.device);
  }
  return out;
}

// Whether "${name}" in the text stands for a value.
bool expands(const char* type, std::uint32_t flags) {
  if ((flags & ~XPU_EXPAND) != 0) {
    fail(type, ".flags has bits that are not known (", flags, ")");
  }
  return (flags & XPU_EXPAND) != 0;
}

// A node as the host will see it.
Node node_of(const xpu_node& from) {
  Node out;
  out.host_path = text("xpu_node.host_path", from.host_path, limits::kPath);
  out.container_path = text("xpu_node.container_path", from.container_path, limits::kPath);
  struct stat st = {};
  if (lstat(out.host_path.c_str(), &st) == 0) {
    out.type = S_ISBLK(st.st_mode) ? 'b' : 'c';
    out.major = major(st.st_rdev);
    out.minor = minor(st.st_rdev);
    out.mode = st.st_mode & 07777;
    out.uid = st.st_uid;
    out.gid = st.st_gid;
  }
  return out;
}

// What stands in for a device where only its id matters.
Device stand_in(const Device& device) {
  Device out;
  out.id = device.id;
  out.vendor = device.vendor;
  out.index = device.index;
  out.name = "-";
  return out;
}

File file_of(const xpu_file& from) {
  File out;
  out.kind = kind_of<FileKind>("xpu_file.kind", from.kind, XPU_FILE_DIRECTORY);
  out.host_path = text("xpu_file.host_path", from.host_path, limits::kPath);
  out.container_path = text("xpu_file.container_path", from.container_path, limits::kPath);
  out.soname = text("xpu_file.soname", from.soname);
  out.architecture = text("xpu_file.architecture", from.architecture);
  out.links = grammar::split(text("xpu_file.links", from.links, limits::kPath));
  return out;
}

// The content of an item that names values, nullptr for every other.
template <class Item>
const std::string* expanded(const Item&) {
  return nullptr;
}
const std::string* expanded(const EnvVar& env) {
  return env.expand ? &env.value : nullptr;
}
const std::string* expanded(const Text& text) {
  return text.expand ? &text.content : nullptr;
}

// A value that is named may be emitted later.
void add_stand_ins(const std::string* content, EditGroup& group) {
  const auto pieces = content == nullptr ? std::nullopt : grammar::pieces(*content);
  for (const grammar::Piece& piece : pieces.value_or(std::vector<grammar::Piece>())) {
    if (piece.is_value) {
      group.values.push_back({Combine::kList, std::string(piece.text), ""});
    }
  }
}

}  // namespace

template <class Item>
void Collector::take(const Scope& scope, std::vector<Item> EditGroup::*list, Item item) {
  check_limit(edits_, limits::kEdits, "edits");
  Catalog alone;
  alone.capabilities = catalog_.capabilities;
  if (const auto at = devices_.find(scope.device); at != devices_.end()) {
    alone.devices.push_back(stand_in(catalog_.devices[at->second]));
  }
  alone.edits.emplace_back().scope = scope;
  (alone.edits[0].*list).push_back(item);
  add_stand_ins(expanded(item), alone.edits.emplace_back());
  check(alone);
  (group(scope, std::is_same_v<Item, Value>).*list).push_back(std::move(item));
  ++edits_;
}

// The functions of the table. Nothing may be thrown into a backend, so each runs through guard().
struct Sinks {
  static Collector& self(void* ctx) { return *static_cast<Collector*>(ctx); }

  template <class F>
  static xpu_status guard(void* ctx, const char* name, F&& work) noexcept {
    Collector& collector = self(ctx);
    try {
      if (!collector.describing_) {
        fail("may only be called from within describe()");
      }
      work(collector);
      return XPU_OK;
    } catch (const LimitReached& error) {
      collector.reject(cat(name, ": ", error.what()));
      return XPU_NO_MEMORY;
    } catch (const std::bad_alloc&) {
      collector.reject(cat(name, ": out of memory"));
      return XPU_NO_MEMORY;
    } catch (const std::exception& error) {
      collector.reject(cat(name, ": ", error.what()));
      return XPU_INVALID;
    }
  }

  static void set_error(void* ctx, xpu_status, const char* words) noexcept {
    self(ctx).error_ = shown(words);
  }

  // Text for a person: cut and cleaned rather than refused.
  static std::string shown(const char* words) {
    std::string out(words == nullptr ? "" : words, words == nullptr ? 0 : strnlen(words, kLogText));
    for (char& c : out) {
      c = static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
    }
    // A cut may have split a character; bytes that are not UTF-8 would spoil the JSON.
    while (!out.empty() && !grammar::is_text(out, kLogText) && (out.back() & 0x80) != 0) {
      out.pop_back();
    }
    if (!grammar::is_text(out, kLogText)) {
      for (char& c : out) {
        c = (c & 0x80) != 0 ? '?' : c;
      }
    }
    return out;
  }

  static void log(void* ctx, std::int32_t severity, const char* words) noexcept {
    const std::int32_t known =
        severity >= XPU_LOG_DEBUG && severity <= XPU_LOG_ERROR ? severity : XPU_LOG_INFO;
    const std::string line = cat(known, shown(words), "\n");
    // One write is one line; the reader at the other end always reads.
    [[maybe_unused]] const ssize_t written = write(self(ctx).log_fd_, line.data(), line.size());
  }

  static const char* option(void* ctx, const char* name) noexcept {
    const auto& options = self(ctx).options_;
    const auto at = name == nullptr ? options.end() : options.find(name);
    return at == options.end() ? nullptr : at->second.c_str();
  }

  static xpu_status device(void* ctx, const xpu_device* from) noexcept {
    return guard(ctx, "emit_device", [&](Collector& to) {
      check_limit(to.catalog_.devices.size(), limits::kDevices, "devices");
      Device out = device_of(copy("xpu_device", from));
      if (to.devices_.count(out.id) != 0) {
        fail("device ", out.id, " was emitted before");
      }
      Catalog alone;
      if (const auto at = to.devices_.find(out.parent); at != to.devices_.end()) {
        alone.devices.push_back(stand_in(to.catalog_.devices[at->second]));
      }
      alone.devices.push_back(out);
      to.check(alone);
      to.check_name(out.id, out.id);
      to.check_name(out.uuid, out.id);
      if (const auto at = to.index_aliases_.find(out.id); at != to.index_aliases_.end()) {
        fail("the index of device ", out.id, " is an alias of device ", at->second);
      }
      to.names_.emplace(out.id, out.id);
      to.names_.emplace(out.uuid, out.id);
      to.devices_.emplace(out.id, to.catalog_.devices.size());
      to.catalog_.devices.push_back(std::move(out));
    });
  }

  static xpu_status alias(void* ctx, const char* vendor, const char* index,
                          const char* alias) noexcept {
    return guard(ctx, "emit_alias", [&](Collector& to) {
      Device& device = to.device(vendor, index);
      check_limit(device.aliases.size(), limits::kAliases, "aliases of one device");
      const std::string name = text("alias", alias);
      Catalog alone;
      alone.devices.push_back(stand_in(device));
      alone.devices.back().aliases.push_back(name);
      to.check(alone);
      to.check_name(name, device.id);
      const std::string as_index = cat(device.vendor, ":", name);
      if (as_index != device.id && to.devices_.count(as_index) != 0) {
        fail("the alias ", name, " of device ", device.id, " is the index of another device");
      }
      to.names_.emplace(name, device.id);
      to.index_aliases_.emplace(as_index, device.id);
      device.aliases.push_back(name);
    });
  }

  static xpu_status property(void* ctx, const char* vendor, const char* index, const char* key,
                             const char* value) noexcept {
    return guard(ctx, "emit_property", [&](Collector& to) {
      const bool backend = id_of(vendor, index) == ":";
      auto& list = backend ? to.catalog_.properties : to.device(vendor, index).properties;
      check_limit(list.size(), limits::kProperties, "properties of one device");
      std::pair<std::string, std::string> item(text("key", key), text("value", value));
      Catalog alone;
      alone.properties = list;
      alone.properties.push_back(item);
      to.check(alone);
      list.push_back(std::move(item));
    });
  }

  static xpu_status interconnect(void* ctx, const char* vendor, const char* index,
                                 const char* peer_vendor, const char* peer_index, const char* type,
                                 std::uint32_t weight) noexcept {
    return guard(ctx, "emit_interconnect", [&](Collector& to) {
      check_limit(to.catalog_.interconnects.size(), limits::kInterconnects, "connections");
      const Device& device = to.device(vendor, index);
      const Device& peer = to.device(peer_vendor, peer_index);
      Catalog alone;
      alone.devices.push_back(stand_in(device));
      if (peer.id != device.id) {
        alone.devices.push_back(stand_in(peer));
      }
      alone.interconnects.push_back(
          {device.id, peer.id, text("type", type, limits::kName), weight});
      to.check(alone);
      to.catalog_.interconnects.push_back(alone.interconnects[0]);
    });
  }

  static xpu_status node(void* ctx, const xpu_scope* scope, const xpu_node* from) noexcept {
    return guard(ctx, "emit_node", [&](Collector& to) {
      const xpu_node item = copy("xpu_node", from);
      check_reserved("xpu_node", item.reserved);
      to.take(scope_of(scope), &EditGroup::nodes, node_of(item));
    });
  }

  static xpu_status file(void* ctx, const xpu_scope* scope, const xpu_file* from) noexcept {
    return guard(ctx, "emit_file", [&](Collector& to) {
      to.take(scope_of(scope), &EditGroup::files, file_of(copy("xpu_file", from)));
    });
  }

  static xpu_status env(void* ctx, const xpu_scope* scope, const xpu_env* from) noexcept {
    return guard(ctx, "emit_env", [&](Collector& to) {
      const xpu_env item = copy("xpu_env", from);
      const bool expand = expands("xpu_env", item.flags);
      to.take(scope_of(scope), &EditGroup::env,
              {text("xpu_env.name", item.name),
               text("xpu_env.value", item.value, limits::kEnvValue), expand});
    });
  }

  static xpu_status value(void* ctx, const xpu_scope* scope, const xpu_value* from) noexcept {
    return guard(ctx, "emit_value", [&](Collector& to) {
      const xpu_value item = copy("xpu_value", from);
      Value out;
      out.combine = kind_of<Combine>("xpu_value.combine", item.combine, XPU_COMBINE_BITS);
      out.name = text("xpu_value.name", item.name, limits::kName);
      out.value = text("xpu_value.value", item.value);
      const auto at = to.values_.find(out.name);
      if (at != to.values_.end() && at->second != out.combine) {
        fail("the value ", out.name, " is combined in two ways, as a list and as bits");
      }
      to.take(scope_of(scope), &EditGroup::values, out);
      to.values_.emplace(out.name, out.combine);
    });
  }

  static xpu_status file_text(void* ctx, const xpu_scope* scope, const xpu_text* from) noexcept {
    return guard(ctx, "emit_text", [&](Collector& to) {
      const xpu_text item = copy("xpu_text", from);
      const bool expand = expands("xpu_text", item.flags);
      to.take(scope_of(scope), &EditGroup::texts,
              {text("xpu_text.path", item.path, limits::kPath),
               bytes("xpu_text.content", item.content, limits::kFileText), expand});
    });
  }

  static xpu_status note(void* ctx, const xpu_scope* scope, const xpu_note* from) noexcept {
    return guard(ctx, "emit_note", [&](Collector& to) {
      const xpu_note item = copy("xpu_note", from);
      if (item.severity != XPU_LOG_INFO && item.severity != XPU_LOG_WARN) {
        fail("xpu_note.severity is ", item.severity, "; XPU_LOG_INFO and XPU_LOG_WARN are known");
      }
      to.take(scope_of(scope), &EditGroup::notes,
              {item.severity == XPU_LOG_WARN, text("xpu_note.text", item.text)});
    });
  }

  static xpu_status image_folder(void* ctx, const xpu_scope* scope,
                                 const xpu_image_folder* from) noexcept {
    return guard(ctx, "emit_image_folder", [&](Collector& to) {
      const xpu_image_folder item = copy("xpu_image_folder", from);
      check_reserved("xpu_image_folder", item.reserved);
      to.take(scope_of(scope), &EditGroup::image_folders,
              {text("xpu_image_folder.folder", item.folder, limits::kPath),
               text("xpu_image_folder.library", item.library),
               text("xpu_image_folder.version", item.version)});
    });
  }

  static xpu_status link(void* ctx, const xpu_scope* scope, const xpu_link* from) noexcept {
    return guard(ctx, "emit_link", [&](Collector& to) {
      const xpu_link item = copy("xpu_link", from);
      check_reserved("xpu_link", item.reserved);
      to.take(scope_of(scope), &EditGroup::links,
              {text("xpu_link.path", item.path, limits::kPath),
               text("xpu_link.target", item.target, limits::kPath)});
    });
  }

  static xpu_status condition(void* ctx, const xpu_condition* from) noexcept {
    return guard(ctx, "emit_condition", [&](Collector& to) {
      check_limit(to.catalog_.conditions.size(), limits::kConditions, "conditions");
      const xpu_condition item = copy("xpu_condition", from);
      Condition out;
      out.kind = kind_of<ConditionKind>("xpu_condition.kind", item.kind, XPU_VALID_SECONDS);
      out.path = text("xpu_condition.path", item.path, limits::kPath);
      if (out.kind == ConditionKind::kSeconds) {
        out.expected = std::to_string(item.seconds);
      } else if (item.seconds != 0) {
        fail("xpu_condition.seconds is for XPU_VALID_SECONDS");
      }
      Catalog alone;
      alone.conditions.push_back(out);
      to.check(alone);
      to.catalog_.conditions.push_back(std::move(out));
    });
  }

  static xpu_status capability(void* ctx, const char* name) noexcept {
    return guard(ctx, "emit_capability", [&](Collector& to) {
      check_limit(to.catalog_.capabilities.size(), limits::kCapabilities, "capabilities");
      Catalog alone;
      alone.capabilities = to.catalog_.capabilities;
      alone.capabilities.push_back(text("name", name, limits::kName));
      to.check(alone);
      to.catalog_.capabilities = std::move(alone.capabilities);
    });
  }
};

Collector::Collector(const Manifest& manifest, int log_fd)
    : log_fd_(log_fd), options_(manifest.options) {
  host_.struct_size = sizeof host_;
  host_.abi_major = abi::kNewestMajor;
  host_.abi_minor = abi::kNewestMinor;
  host_.oldest_major = abi::kOldestMajor;
  host_.oldest_minor = abi::kOldestMinor;
  host_.ctx = this;
  host_.set_error = Sinks::set_error;
  host_.log = Sinks::log;
  host_.option = Sinks::option;
  host_.emit_device = Sinks::device;
  host_.emit_alias = Sinks::alias;
  host_.emit_property = Sinks::property;
  host_.emit_interconnect = Sinks::interconnect;
  host_.emit_node = Sinks::node;
  host_.emit_file = Sinks::file;
  host_.emit_env = Sinks::env;
  host_.emit_link = Sinks::link;
  host_.emit_condition = Sinks::condition;
  host_.emit_capability = Sinks::capability;
  host_.emit_value = Sinks::value;
  host_.emit_text = Sinks::file_text;
  host_.emit_note = Sinks::note;
  host_.emit_image_folder = Sinks::image_folder;
  catalog_.backend = manifest.name;
  catalog_.simulated = manifest.simulated;
}

void Collector::reject(const std::string& text, Obligation obligation) {
  constexpr int kLogged = 20;
  constexpr std::size_t kShown = kLogText - 64;  // room for what stands around it
  error_ = text;
  if (refused_ < kLogged) {
    ++refused_;
    Sinks::log(this, XPU_LOG_WARN,
               tagged(obligation, cat("an item is left out: ", text.substr(0, kShown))).c_str());
  }
}

// What must hold between an item and the others is checked by the caller, so that each costs the
// same however many there are.
void Collector::check(Catalog& alone) const {
  alone.backend = catalog_.backend;
  try {
    validate(alone);
  } catch (const Error& error) {
    const std::string intro = cat("backend ", catalog_.backend, ": ");
    const std::string words = error.what();
    fail(words.rfind(intro, 0) == 0 ? words.substr(intro.size()) : words);
  }
}

void Collector::check_name(const std::string& name, const std::string& id) const {
  const auto at = names_.find(name);
  if (!name.empty() && at != names_.end() && at->second != id) {
    fail("the name ", name, " of device ", id, " leads to device ", at->second, " too");
  }
}

template <class Item>
void Collector::drop_unknown_values(std::vector<Item>& items, const char* sink, const char* what,
                                    std::string Item::*name) {
  std::erase_if(items, [&](const Item& item) {
    EditGroup named;
    add_stand_ins(expanded(item), named);
    for (const Value& value : named.values) {
      if (values_.count(value.name) == 0) {
        reject(cat(sink, ": ", what, " ", item.*name, " names the value ", value.name,
                   ", which is given nowhere"));
        return true;
      }
    }
    return false;
  });
}

Catalog Collector::take() {
  for (EditGroup& group : catalog_.edits) {
    drop_unknown_values(group.env, "emit_env", "the variable", &EnvVar::name);
    drop_unknown_values(group.texts, "emit_text", "the generated file", &Text::path);
  }
  return std::move(catalog_);
}

EditGroup& Collector::group(const Scope& scope, bool of_values) {
  if (of_values) {
    if (!last_values_ || catalog_.edits[*last_values_].scope != scope) {
      last_values_ = catalog_.edits.size();
      catalog_.edits.emplace_back().scope = scope;
    }
    return catalog_.edits[*last_values_];
  }
  const auto [at, is_new] = groups_.emplace(scope, catalog_.edits.size());
  if (is_new) {
    catalog_.edits.emplace_back().scope = scope;
  }
  return catalog_.edits[at->second];
}

Device& Collector::device(const char* vendor, const char* index) {
  const std::string id = id_of(vendor, index);
  const auto at = devices_.find(id);
  if (at == devices_.end()) {
    fail("device ", id, " was not emitted before");
  }
  return catalog_.devices[at->second];
}

}  // namespace xpu
