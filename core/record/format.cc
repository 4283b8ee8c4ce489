// SPDX-License-Identifier: Apache-2.0
#include "core/record/format.h"

#include <charconv>
#include <memory>
#include <utility>

#include "core/base/error.h"
#include "core/oci/text.h"

namespace xpu {
namespace {

constexpr std::int64_t kVersion = 1;

std::string member(std::string_view key, std::string_view value) {
  return cat('"', key, "\":", value);
}

template <class Items, class ToJson>
std::string array(const Items& items, ToJson to_json) {
  std::string out = "[";
  for (const auto& item : items) {
    out += out.size() > 1 ? "," : "";
    out += to_json(item);
  }
  return out += ']';
}

std::string strings(const std::vector<std::string>& items) {
  return array(items, [](const std::string& item) { return json::quote(item); });
}

std::string feature_json(const SelectedFeature& feature) {
  return cat('{', member("name", json::quote(feature.name)), ',',
             member("items", strings(feature.items)), '}');
}

std::string backend_json(const SelectedBackend& selected) {
  return cat('{', member("backend", json::quote(selected.backend)), ',',
             member("devices", strings(selected.devices)), ',',
             member("capabilities", strings(selected.capabilities)), ',',
             member("features", array(selected.features, feature_json)), '}');
}

std::string node_json(const Node& node) {
  return cat('{', member("host_path", json::quote(node.host_path)), ',',
             member("container_path", json::quote(node.container_path)), ',',
             member("type", json::quote(std::string(1, node.type))), ',',
             member("major", text_of(node.major)), ',', member("minor", text_of(node.minor)),
             node.terms == nullptr ? "" : cat(',', member("access", json::quote(access_of(node)))),
             '}');
}

std::string creator_json(const Creator& creator) {
  return cat('{', member("pid", text_of(creator.pid)), ',',
             member("start_time", text_of(creator.start_time)), ',',
             member("boot_id", json::quote(creator.boot_id)), '}');
}

std::string held_json(const HeldRecord& held) {
  return cat('{', member("id", json::quote(held.id)), ',', member("key", json::quote(held.key)),
             ',', member("parent_key", json::quote(held.parent_key)), ',',
             member("vendor", json::quote(held.vendor)), ',',
             member("model", json::quote(held.model)), ',',
             held.price ? cat(member("price", text_of(*held.price)), ',') : "",
             member("currency", json::quote(held.currency)), '}');
}

std::string origin_json(const Origin& origin) {
  return cat('{', member("engine", json::quote(origin.engine)), ',',
             member("name", json::quote(origin.name)), ',',
             member("image", json::quote(origin.image)), ',',
             member("pod", json::quote(origin.pod)), ',',
             member("pod_namespace", json::quote(origin.pod_namespace)), ',',
             member("label", json::quote(origin.label)), '}');
}

// An inode may need all 64 bits, which the reader of numbers does not have.
std::string end_json(const EndStamp& end) {
  return cat('{', member("unix_time", text_of(end.unix_time)), ',',
             member("state_inode", json::quote(text_of(end.state_inode))), '}');
}

// Reads members of one object; every one must be there and of its type.
class Reader {
 public:
  Reader(std::string_view text, const std::string& source, const json::Value& object)
      : text_(text), source_(source), members_(json::members(text, object)) {}

  bool has(std::string_view key) const { return json::find(members_, key, source_).has_value(); }
  std::string string(std::string_view key) const { return must(json::as_string(value(key)), key); }
  std::int64_t integer(std::string_view key) const {
    return must(json::as_integer(value(key)), key);
  }
  // A number that a T holds, so that what is written again is what was read.
  template <class T>
  T natural(std::string_view key) const {
    const std::int64_t found = integer(key);
    if (found < 0 || !std::in_range<T>(found)) {
      reject(key, text_of(found), "a number in range");
    }
    return static_cast<T>(found);
  }
  [[noreturn]] void reject(std::string_view key, const std::string& found,
                           const char* wanted) const {
    fail(source_, ": ", key, " is not ", wanted, ": ", found);
  }
  bool boolean(std::string_view key) const { return must(json::as_bool(value(key)), key); }
  Reader object(std::string_view key) const { return Reader(text_, source_, value(key)); }

  std::vector<Reader> objects(std::string_view key) const {
    std::vector<Reader> out;
    for (const json::Value& element : elements(key)) {
      out.emplace_back(text_, source_, element);
    }
    return out;
  }
  std::vector<std::string> strings(std::string_view key) const {
    std::vector<std::string> out;
    for (const json::Value& element : elements(key)) {
      out.push_back(must(json::as_string(element), key));
    }
    return out;
  }

 private:
  json::Value value(std::string_view key) const {
    return must(json::find(members_, key, source_), key);
  }
  std::vector<json::Value> elements(std::string_view key) const {
    const json::Value found = value(key);
    if (!found.is_array()) {
      fail(source_, ": ", key, " is not an array");
    }
    return json::elements(text_, found);
  }
  template <class T>
  T must(std::optional<T> found, std::string_view key) const {
    if (!found) {
      fail(source_, ": ", key, " is missing or of another type");
    }
    return std::move(*found);
  }

  std::string_view text_;
  const std::string& source_;
  std::vector<json::Member> members_;
};

std::vector<SelectedFeature> features_from(const Reader& in) {
  std::vector<SelectedFeature> out;
  if (!in.has("features")) {  // written before there were any
    return out;
  }
  for (const Reader& entry : in.objects("features")) {
    out.push_back({entry.string("name"), entry.strings("items")});
  }
  return out;
}

Node node_from(const Reader& in) {
  const std::string type = in.string("type");
  if (type != "c" && type != "b" && type != "p") {
    in.reject("type", type, "c, b or p");
  }
  Node out{in.string("host_path"), in.string("container_path"), type.front(),
           in.natural<std::uint32_t>("major"), in.natural<std::uint32_t>("minor")};
  if (in.has("access")) {  // of a CDI file; what a backend describes is read and written
    NodeTerms terms;
    terms.access = in.string("access");
    if (terms.access.find_first_not_of("rwm") != std::string::npos) {
      in.reject("access", terms.access, "made of r, w and m");
    }
    out.terms = std::make_shared<const NodeTerms>(std::move(terms));
  }
  return out;
}

HeldRecord held_from(const Reader& in) {
  HeldRecord held{in.string("id"),      in.string("key"),   in.string("parent_key"),
                  in.string("vendor"),  in.string("model"), std::nullopt,
                  in.string("currency")};
  if (in.has("price")) {
    held.price = in.integer("price");
  }
  return held;
}

Origin origin_from(const Reader& in) {
  return {in.string("engine"), in.string("name"),          in.string("image"),
          in.string("pod"),    in.string("pod_namespace"), in.string("label")};
}

EndStamp end_from(const Reader& in) {
  EndStamp end{in.integer("unix_time"), 0};
  const std::string inode = in.string("state_inode");
  const char* last = inode.data() + inode.size();
  if (const auto [stop, error] = std::from_chars(inode.data(), last, end.state_inode);
      error != std::errc() || stop != last) {
    in.reject("state_inode", inode, "a number in range");
  }
  return end;
}

// What records that were written before there were leases do not have.
void read_lease(const Reader& in, Record& record) {
  if (!in.has("held")) {
    return;
  }
  record.created_ns = in.integer("created_ns");
  record.exclusive = in.boolean("exclusive");
  for (const Reader& entry : in.objects("held")) {
    record.held.push_back(held_from(entry));
  }
  record.origin = origin_from(in.object("origin"));
  if (in.has("end")) {
    record.end = end_from(in.object("end"));
  }
}

}  // namespace

std::string record_to_json(const Record& record) {
  return cat('{', member("version", text_of(kVersion)), ',', member("id", json::quote(record.id)),
             ',', member("runtime_root", json::quote(record.runtime_root)), ',',
             member("bundle", json::quote(record.bundle)), ',',
             member("request", json::quote(record.request)), ',',
             member("selection", array(record.selection.backends, backend_json)), ',',
             member("nodes", array(record.nodes, node_json)), ',',
             member("creator", creator_json(record.creator)), ',',
             member("config_before", json::quote(record.config_before)), ',',
             member("config_after", json::quote(record.config_after)), ',',
             member("catalog_generation", json::quote(record.catalog_generation)), ',',
             member("created_unix", text_of(record.created_unix)), ',',
             member("created_ns", text_of(record.created_ns)), ',',
             member("exclusive", record.exclusive ? "true" : "false"), ',',
             member("held", array(record.held, held_json)), ',',
             member("origin", origin_json(record.origin)),
             record.end ? cat(',', member("end", end_json(*record.end))) : "", "}\n");
}

std::optional<Record> record_from_json(std::string_view text, const std::string& source) {
  json::validate(text, source);
  const Reader in(text, source, json::root(text));
  if (in.integer("version") > kVersion) {
    return std::nullopt;
  }
  Record record;
  record.id = in.string("id");
  record.runtime_root = in.string("runtime_root");
  record.bundle = in.string("bundle");
  record.request = in.string("request");
  for (const Reader& entry : in.objects("selection")) {
    record.selection.backends.push_back({entry.string("backend"), entry.strings("devices"),
                                         entry.strings("capabilities"), features_from(entry)});
  }
  for (const Reader& entry : in.objects("nodes")) {
    record.nodes.push_back(node_from(entry));
  }
  const Reader creator = in.object("creator");
  record.creator = {creator.natural<int>("pid"), creator.natural<std::uint64_t>("start_time"),
                    creator.string("boot_id")};
  record.config_before = in.string("config_before");
  record.config_after = in.string("config_after");
  record.catalog_generation = in.string("catalog_generation");
  record.created_unix = in.integer("created_unix");
  read_lease(in, record);
  return record;
}

}  // namespace xpu
