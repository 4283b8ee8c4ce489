// SPDX-License-Identifier: Apache-2.0
// A Spec as text. What it consists of is told once, to a writer of either language.
#include <yaml.h>

#include <algorithm>
#include <array>
#include <new>

#include "core/base/ascii.h"
#include "core/base/error.h"
#include "core/cdi/spec.h"

namespace xpu::cdi {
namespace {

class Writer {
 public:
  virtual ~Writer() = default;
  virtual void begin_map() = 0;
  virtual void key(std::string_view name) = 0;
  virtual void end_map() = 0;
  virtual void begin_list() = 0;
  virtual void end_list() = 0;
  virtual void text(std::string_view value) = 0;
  virtual void plain(std::string_view value) = 0;  // a number or a truth
};

// ---- JSON, indented

class JsonWriter : public Writer {
 public:
  void begin_map() override { begin('{'); }
  void end_map() override { end('}'); }
  void begin_list() override { begin('['); }
  void end_list() override { end(']'); }
  void key(std::string_view name) override {
    separate();
    put_quoted(name);
    out_ += ": ";
    after_key_ = true;
  }
  void text(std::string_view value) override {
    separate();
    put_quoted(value);
  }
  void plain(std::string_view value) override {
    separate();
    out_ += value;
  }
  std::string take() { return std::move(out_) + "\n"; }

 private:
  void begin(char bracket) {
    separate();
    out_ += bracket;
    ++depth_;
    empty_ = true;
  }
  void end(char bracket) {
    --depth_;
    if (!empty_) {
      new_line();
    }
    out_ += bracket;
    empty_ = false;
  }
  void separate() {
    if (!after_key_ && depth_ > 0) {
      out_ += empty_ ? "" : ",";
      new_line();
    }
    after_key_ = false;
    empty_ = false;
  }
  void new_line() {
    out_ += '\n';
    out_.append(2 * depth_, ' ');
  }
  void put_quoted(std::string_view value) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    out_ += '"';
    for (const char c : value) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < 0x20) {
        out_.append("\\u00").append(1, kDigits[byte >> 4U]).append(1, kDigits[byte & 15U]);
      } else {
        out_.append(c == '"' || c == '\\' ? "\\" : "").append(1, c);
      }
    }
    out_ += '"';
  }

  std::string out_;
  std::size_t depth_ = 0;
  bool empty_ = true, after_key_ = false;
};

// ---- YAML

// Words that a reader of YAML 1.1 or 1.2 takes for something else than a text.
constexpr std::array<std::string_view, 11> kWords = {"y",    "n",     "yes",  "no",  "on", "off",
                                                     "true", "false", "null", "nan", "inf"};

// Whether no reader can take it, written without quotes, for anything but this text.
bool needs_no_quotes(std::string_view value) {
  constexpr std::string_view kAlso = "/._+=-:@%";
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return !value.empty() && (is_letter(value.front()) || value.front() == '/') &&
         value.back() != ':' &&
         std::all_of(value.begin(), value.end(),
                     [&](char c) {
                       return is_letter(c) || (c >= '0' && c <= '9') || kAlso.find(c) != kAlso.npos;
                     }) &&
         std::none_of(kWords.begin(), kWords.end(),
                      [&](std::string_view word) { return equal_in_any_case(value, word); });
}

class YamlWriter : public Writer {
 public:
  YamlWriter() {
    if (yaml_emitter_initialize(&emitter_) == 0) {
      throw std::bad_alloc();
    }
    yaml_emitter_set_output(&emitter_, &append, &out_);
    yaml_emitter_set_unicode(&emitter_, 1);
    yaml_emitter_set_width(&emitter_, -1);  // no line is folded
    yaml_event_t event;
    emit(event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
    emit(event, yaml_document_start_event_initialize(&event, nullptr, nullptr, nullptr, 0));
  }
  ~YamlWriter() override { yaml_emitter_delete(&emitter_); }
  YamlWriter(const YamlWriter&) = delete;
  YamlWriter& operator=(const YamlWriter&) = delete;

  void begin_map() override {
    yaml_event_t event;
    emit(event, yaml_mapping_start_event_initialize(&event, nullptr, nullptr, 1,
                                                    YAML_BLOCK_MAPPING_STYLE));
  }
  void end_map() override {
    yaml_event_t event;
    emit(event, yaml_mapping_end_event_initialize(&event));
  }
  void begin_list() override {
    yaml_event_t event;
    emit(event, yaml_sequence_start_event_initialize(&event, nullptr, nullptr, 1,
                                                     YAML_BLOCK_SEQUENCE_STYLE));
  }
  void end_list() override {
    yaml_event_t event;
    emit(event, yaml_sequence_end_event_initialize(&event));
  }
  void key(std::string_view name) override { text(name); }
  void text(std::string_view value) override {
    scalar(value,
           needs_no_quotes(value) ? YAML_PLAIN_SCALAR_STYLE : YAML_DOUBLE_QUOTED_SCALAR_STYLE);
  }
  void plain(std::string_view value) override { scalar(value, YAML_PLAIN_SCALAR_STYLE); }

  std::string take() {
    yaml_event_t event;
    emit(event, yaml_document_end_event_initialize(&event, 1));
    emit(event, yaml_stream_end_event_initialize(&event));
    return std::move(out_);
  }

 private:
  static int append(void* out, unsigned char* bytes, std::size_t size) {
    try {
      static_cast<std::string*>(out)->append(reinterpret_cast<const char*>(bytes), size);
      return 1;
    } catch (const std::bad_alloc&) {
      return 0;
    }
  }
  void scalar(std::string_view value, yaml_scalar_style_t style) {
    std::string bytes(value);
    yaml_event_t event;
    emit(event, yaml_scalar_event_initialize(&event, nullptr, nullptr,
                                             reinterpret_cast<yaml_char_t*>(bytes.data()),
                                             static_cast<int>(bytes.size()), 1, 1, style));
  }
  // Takes the event, which holds copies.
  void emit(yaml_event_t& event, int initialized) {
    if (initialized == 0) {
      fail("cannot write a text as YAML: it is not UTF-8");
    }
    if (yaml_emitter_emit(&emitter_, &event) == 0) {
      fail("cannot write YAML: ", emitter_.problem != nullptr ? emitter_.problem : "out of memory");
    }
  }

  yaml_emitter_t emitter_ = {};
  std::string out_;
};

// ---- what a Spec consists of

void put(Writer& to, std::string_view key, std::string_view value) {
  if (!value.empty()) {
    to.key(key);
    to.text(value);
  }
}

template <class Number>
void put(Writer& to, std::string_view key, const std::optional<Number>& value) {
  if (value) {
    to.key(key);
    to.plain(std::to_string(*value));
  }
}

void put(Writer& to, std::string_view key, bool value) {
  if (value) {
    to.key(key);
    to.plain("true");
  }
}

template <class Item, class Write>
void put_each(Writer& to, std::string_view key, const std::vector<Item>& items,
              const Write& write) {
  if (items.empty()) {
    return;
  }
  to.key(key);
  to.begin_list();
  for (const Item& item : items) {
    write(item);
  }
  to.end_list();
}

void put(Writer& to, std::string_view key, const std::vector<std::string>& items) {
  put_each(to, key, items, [&](const std::string& item) { to.text(item); });
}

// Each item as a map, whose members `write` puts.
template <class Item>
void put_maps(Writer& to, std::string_view key, const std::vector<Item>& items,
              void (*write)(Writer&, const Item&)) {
  put_each(to, key, items, [&](const Item& item) {
    to.begin_map();
    write(to, item);
    to.end_map();
  });
}

void put(Writer& to, const Annotations& annotations) {
  if (annotations.empty()) {
    return;
  }
  to.key("annotations");
  to.begin_map();
  for (const auto& [name, value] : annotations) {
    to.key(name);
    to.text(value);
  }
  to.end_map();
}

void put_node(Writer& to, const DeviceNode& node) {
  put(to, "path", node.path);
  put(to, "hostPath", node.host_path);
  put(to, "type", node.type == 0 ? std::string() : std::string(1, node.type));
  put(to, "major", node.major);
  put(to, "minor", node.minor);
  put(to, "fileMode", node.file_mode);
  put(to, "permissions", node.permissions.value_or(""));
  put(to, "uid", node.uid);
  put(to, "gid", node.gid);
}

void put_net_device(Writer& to, const NetDevice& device) {
  put(to, "hostInterfaceName", device.host_name);
  put(to, "name", device.name);
}

void put_mount(Writer& to, const Mount& mount) {
  put(to, "hostPath", mount.host_path);
  put(to, "containerPath", mount.container_path);
  put(to, "type", mount.type);
  put(to, "options", mount.options);
}

void put_hook(Writer& to, const Hook& hook) {
  put(to, "hookName", hook.name);
  put(to, "path", hook.path);
  put(to, "args", hook.args);
  put(to, "env", hook.env);
  put(to, "timeout", hook.timeout);
}

void put(Writer& to, const Rdt& rdt) {
  to.key("intelRdt");
  to.begin_map();
  put(to, "closID", rdt.clos_id);
  put(to, "l3CacheSchema", rdt.l3_cache_schema);
  put(to, "memBwSchema", rdt.mem_bw_schema);
  put(to, "schemata", rdt.schemata);
  put(to, "enableMonitoring", rdt.enable_monitoring);
  put(to, "enableCMT", rdt.enable_cmt);
  put(to, "enableMBM", rdt.enable_mbm);
  to.end_map();
}

void put(Writer& to, const Edits& edits) {
  to.key("containerEdits");
  to.begin_map();
  put(to, "env", edits.env);
  put_maps(to, "deviceNodes", edits.nodes, put_node);
  put_maps(to, "netDevices", edits.net_devices, put_net_device);
  put_maps(to, "mounts", edits.mounts, put_mount);
  put_maps(to, "hooks", edits.hooks, put_hook);
  if (edits.rdt) {
    put(to, *edits.rdt);
  }
  put_each(to, "additionalGids", edits.gids,
           [&](std::uint32_t gid) { to.plain(std::to_string(gid)); });
  to.end_map();
}

void put_device(Writer& to, const Device& device) {
  put(to, "name", device.name);
  put(to, device.annotations);
  put(to, device.edits);
}

void put(Writer& to, const Spec& spec) {
  to.begin_map();
  put(to, "cdiVersion", spec.version);
  put(to, "kind", spec.kind);
  put(to, spec.annotations);
  put_maps(to, "devices", spec.devices, put_device);
  if (!spec.edits.empty()) {
    put(to, spec.edits);
  }
  to.end_map();
}

}  // namespace

std::string write(const Spec& spec, Format format) {
  if (format == Format::kJson) {
    JsonWriter writer;
    put(writer, spec);
    return writer.take();
  }
  YamlWriter writer;
  put(writer, spec);
  return writer.take();
}

}  // namespace xpu::cdi
